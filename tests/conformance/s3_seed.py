"""Fills a bucket of a loopback S3 server from a folder.

    s3_seed.py ENDPOINT BUCKET DIR            open to all; files over 8 MiB in parts
    s3_seed.py ENDPOINT BUCKET DIR --locked   of one account; prints a key that may read it

A file whose name holds `nvme` or `crc32` gets that checksum, of the whole even where it comes in
parts; the others SHA-256, which is one over those of the parts then. The programs of Amazon
compute them.

Beside the files it makes the marker of a folder, as consoles do. In a locked server the last
request is the one that ends the time in which it asks for no signature.
"""

import json
import pathlib
import sys
import urllib.request

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config

endpoint, bucket, folder = sys.argv[1:4]
account = {"endpoint_url": endpoint, "region_name": "us-east-1", "aws_access_key_id": "seed", "aws_secret_access_key": "seed"}
s3 = boto3.client("s3", config=Config(s3={"addressing_style": "path"}), **account)
s3.create_bucket(Bucket=bucket)
anyone = {"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*"}
if "--locked" not in sys.argv:
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [anyone]}))
s3.put_object(Bucket=bucket, Key="marker/", Body=b"")


def checksum(name, in_parts):
    for word, algorithm in (("nvme", "CRC64NVME"), ("crc32", "CRC32")):
        if word in name:
            return {"ChecksumAlgorithm": algorithm, **({"ChecksumType": "FULL_OBJECT"} if in_parts else {})}
    return {"ChecksumAlgorithm": "SHA256"}


for path in sorted(pathlib.Path(folder).rglob("*")):
    if path.is_file():
        key, size = path.relative_to(folder).as_posix(), path.stat().st_size
        if size > 8 << 20:
            parts = TransferConfig(multipart_threshold=8 << 20, multipart_chunksize=8 << 20)
            s3.upload_file(str(path), bucket, key, Config=parts, ExtraArgs=checksum(path.name, True))
        else:
            more = {"ContentEncoding": "gzip"} if key.endswith(".gz") else {}
            s3.put_object(Bucket=bucket, Key=key, Body=path.read_bytes(), **checksum(path.name, False), **more)
if "--locked" in sys.argv:
    iam = boto3.client("iam", **account)
    iam.create_user(UserName="reader")
    allowed = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["s3:GetObject", "s3:ListBucket"], "Resource": "*"}]}
    iam.put_user_policy(UserName="reader", PolicyName="read", PolicyDocument=json.dumps(allowed))
    key = iam.create_access_key(UserName="reader")["AccessKey"]
    print(key["AccessKeyId"], key["SecretAccessKey"])
    headers = {"Content-Type": "text/plain"}
    urllib.request.urlopen(urllib.request.Request(endpoint + "/moto-api/reset-auth", b"0", headers)).read()
