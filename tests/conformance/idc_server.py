"""The buckets of Imaging Data Commons as the real index describes them: lists only, no bytes.

    idc_server.py PORT INDEX

Each series has as many files as the index says, which share its bytes. Their names begin with
the number of the series, so that a plan shows which series were taken.
"""

import http.server
import sys
import urllib.parse

import pyarrow.parquet

port, index = int(sys.argv[1]), sys.argv[2]
columns = ["crdc_series_uuid", "instanceCount", "series_size_MB"]
table = pyarrow.parquet.read_table(index, columns=columns, filters=[("collection_id", "=", "lidc_idri")])
rows = {row["crdc_series_uuid"]: (row["instanceCount"], round(row["series_size_MB"] * 1e6)) for row in table.to_pylist()}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        if url.path.startswith("/index/"):
            with open(index, "rb") as file:
                return self.answer(file.read())
        series = urllib.parse.parse_qs(url.query).get("prefix", ["/"])[0].rstrip("/")
        count, size = rows.get(series, (0, 0))
        sizes = [size // count] * count if count else []
        if sizes:
            sizes[0] += size - sum(sizes)
        contents = "".join(
            f"<Contents><Key>{series}/{series}-{number}.dcm</Key><Size>{one}</Size></Contents>"
            for number, one in enumerate(sizes)
        )
        self.answer(f"<ListBucketResult><IsTruncated>false</IsTruncated>{contents}</ListBucketResult>".encode())

    def answer(self, body):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
