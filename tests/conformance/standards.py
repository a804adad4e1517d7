"""Reads standard documents of medsets with the libraries of those standards.

Usage: standards.py croissant FILE | spdx FILE | cyclonedx FILE | context CACHE CONTEXT
       standards.py break KEY FILE COPY      a copy in which every object has lost KEY
       standards.py set KEY VALUE FILE COPY  a copy in which every KEY holds VALUE
Exit code 1 and a sentence where a document does not hold.
"""

import json
import sys
from pathlib import Path


def read(file: str):
    return json.loads(Path(file).read_text(encoding="utf-8"))


def check_croissant(file: str) -> None:
    """What `mlcroissant validate` lets through: the fields that the specification requires."""
    document = read(file)
    for key in ("name", "description", "license", "url", "creator", "datePublished", "distribution"):
        if not document.get(key):
            sys.exit(f"{key} is missing")
    wanted = {"http://mlcommons.org/croissant/1.1", "http://mlcommons.org/croissant/RAI/1.0"}
    if set(document["conformsTo"]) != wanted:
        sys.exit("conformsTo names other versions")
    for one in document["distribution"]:
        digest = one.get("sha256", "") or one.get("md5", "")
        if len(digest) not in (64, 32) or set(digest) - set("0123456789abcdef"):
            sys.exit(f"{one['@id']} has no digest")
    licenses = document["license"] if isinstance(document["license"], list) else [document["license"]]
    if not all(one.startswith("http") for one in licenses):
        sys.exit("a licence is no address")


def check_spdx(file: str) -> None:
    """The model's own classes, then the fields that the dataset profile requires."""
    from spdx_python_model import v3_0_1 as spdx

    objects = spdx.SHACLObjectSet()
    with open(file, "rb") as stream:
        spdx.JSONLDDeserializer().read(stream, objects)
    packages = [one for one in objects.objects if isinstance(one, spdx.dataset_DatasetPackage)]
    if not packages:
        sys.exit("no dataset")
    licensed = set()
    for one in objects.objects:
        if isinstance(one, spdx.Relationship) and one.relationshipType.endswith("hasDeclaredLicense") and one.to:
            licensed.add(getattr(one.from_, "_id", one.from_))
    for package in packages:
        for key in ("name", "builtTime", "releaseTime", "software_downloadLocation", "software_primaryPurpose"):
            if not getattr(package, key):
                sys.exit(f"{package._id}: {key} is missing")
        if len(package.originatedBy) != 1:
            sys.exit(f"{package._id}: originatedBy is not one")
        if not package.dataset_datasetType:
            sys.exit(f"{package._id}: dataset_datasetType is missing")
        if package._id not in licensed:
            sys.exit(f"{package._id}: no licence")
    print(f"{len(packages)} datasets")


def check_cyclonedx(file: str) -> None:
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(Path(file).read_text(encoding="utf-8"))
    if error is not None:
        sys.exit(str(error)[:500])


def put_context(cache: str, context: str) -> None:
    """Puts RO-Crate's context into the cache of rocrate-validator, as if it had been fetched."""
    import io

    import requests
    from requests_cache import CachedSession
    from urllib3 import HTTPResponse

    session = CachedSession(cache, backend="sqlite")
    url = "https://w3id.org/ro/crate/1.2/context"
    body = Path(context).read_bytes()
    for method in ("GET", "HEAD"):
        request = requests.Request(method, url).prepare()
        headers = {"Content-Type": "application/ld+json"}
        raw = HTTPResponse(io.BytesIO(body), headers, 200, preload_content=False, request_url=url)
        response = requests.adapters.HTTPAdapter().build_response(request, raw)
        session.cache.save_response(response, session.cache.create_key(request))


def changed(value, key, change):
    if isinstance(value, dict):
        return {name: below for name, below in ((name, change(name, changed(below, key, change))) for name, below in value.items()) if below is not None}
    if isinstance(value, list):
        return [changed(one, key, change) for one in value]
    return value


def write_broken(key: str, file: str, copy: str) -> None:
    drop = lambda name, below: None if name == key else below
    Path(copy).write_text(json.dumps(changed(read(file), key, drop)), encoding="utf-8")


def write_set(key: str, new: str, file: str, copy: str) -> None:
    put = lambda name, below: new if name == key else below
    Path(copy).write_text(json.dumps(changed(read(file), key, put)), encoding="utf-8")


COMMANDS = {
    "croissant": check_croissant, "spdx": check_spdx, "cyclonedx": check_cyclonedx, "context": put_context,
    "break": write_broken, "set": write_set,
}
COMMANDS[sys.argv[1]](*sys.argv[2:])
