"""Answers as codeload.github.com does for one commit: no ranges, no length, chunks.

Usage: github_server.py PORT ARCHIVE COMMIT
"""

import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PORT, ARCHIVE, COMMIT = int(sys.argv[1]), sys.argv[2], sys.argv[3]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.path in (f"/codeload/someone/set/tar.gz/{COMMIT}", f"/codeload/someone/set/legacy.tar.gz/{COMMIT}"):
            self.archive()
        elif self.path == f"/github/someone/set/archive/{COMMIT}.tar.gz":
            self.send_response(302)
            self.send_header("Location", f"https://codeload.github.com/someone/set/tar.gz/{COMMIT}")
            self.send_header("Content-Length", "0")
            self.end_headers()
        else:
            self.send_error(404)

    def archive(self):
        self.send_response(200)
        self.send_header("Content-Type", "application/x-gzip")
        self.send_header("Transfer-Encoding", "chunked")
        self.send_header("ETag", 'W/"one-that-changes"')
        self.end_headers()
        with open(ARCHIVE, "rb") as file:
            while chunk := file.read(65536):
                self.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
        self.wfile.write(b"0\r\n\r\n")


ThreadingHTTPServer(("127.0.0.1", PORT), Handler).serve_forever()
