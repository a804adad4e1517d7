#!/usr/bin/env bash
# A project as large as MIMIC-CXR: 400,000 files in a list of checksums. It is planned and shown
# in less than 200 MB, and a fetch of it that broke off goes on without listing again.
source "$(dirname "$0")/../lib.sh"

need python3 python3
listing_entry large physionet 'slug = "large"\nversion = "1.0"\nopen = true'
fresh_home

cat >"$work/host.py" <<'PYTHON'
# Lists 400,000 files and has none of them; notes every request for the list.
import hashlib, http.server, socketserver, sys
log, port = sys.argv[1], int(sys.argv[2])
lines = []
for number in range(400_000):
    mark = hashlib.sha256(str(number).encode()).hexdigest()
    name = "-".join(mark[at:at + 8] for at in range(0, 40, 8))
    lines.append(f"{mark} files/p{10 + number % 10}/p{10_000_000 + number // 8}/s{50_000_000 + number // 2}/{name}.jpg\n")
sums = "".join(lines).encode()

class Host(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, *_):
        pass
    def do_GET(self):
        is_list = self.path.endswith("/SHA256SUMS.txt")
        if is_list:
            with open(log, "a") as out:
                out.write(self.path + "\n")
        body = sums if is_list else b""
        self.send_response(200 if is_list else 503)
        if not is_list:
            self.send_header("Retry-After", "30")
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    do_HEAD = do_GET

class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True

Server(("127.0.0.1", port), Host).serve_forever()
PYTHON
serve "$work/host.log" python3 "$work/host.py" "$work/lists.log" '{port}'
export MEDSETS_REWRITE="https://physionet.org/=http://127.0.0.1:$port/"

cat >"$work/measure.py" <<'PYTHON'
# Runs a command; prints its exit code, its seconds and its largest resident set in MB.
import resource, subprocess, sys, time
began = time.monotonic()
code = subprocess.run(sys.argv[3:], stdin=subprocess.DEVNULL, stdout=open(sys.argv[1], "wb"), stderr=open(sys.argv[2], "wb")).returncode
print(code, round(time.monotonic() - began, 1), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)
PYTHON
measured() { python3 "$work/measure.py" "$work/stdout" "$work/stderr" "$MEDSETS_BIN" "$@"; }

read -r code seconds megabytes <<<"$(measured fetch large --dry-run)"
equal 'the plan is shown' "$code" 0
equal 'its files, with the list itself' "$(grep -c '^download ' "$work/stdout")" 400001
[ "$megabytes" -lt 200 ] || fail "the plan took $megabytes MB"
agree "a plan of 400,000 files took $megabytes MB and $seconds s"

: >"$work/lists.log"
# Broken off once the list is kept and files are asked for. The list is a file of the project too; as such it is left out.
interrupted() {
    # What the run before it has said must not be taken for its own.
    rm -f "$work/stderr"
    "$MEDSETS_BIN" fetch large --exclude SHA256SUMS.txt --ignore-space </dev/null >"$work/stdout" 2>"$work/stderr" &
    local run=$! tries=0
    until grep -qs ': download' "$work/stderr"; do
        kill -0 "$run" 2>/dev/null || fail "the fetch ended by itself: $(tail -n 3 "$work/stderr")"
        tries=$((tries + 1))
        [ "$tries" -lt 1500 ] || fail "no file is asked for: $(tail -n 3 "$work/stderr")"
        sleep 0.2
    done
    # A shell has what it starts beside it ignore SIGINT.
    kill -TERM "$run"
    wait "$run"
    equal 'a fetch that is broken off says so' $? 143
}
interrupted
equal 'the list was asked for' "$(wc -l <"$work/lists.log")" 1
interrupted
equal 'going on, the list was not asked for again' "$(wc -l <"$work/lists.log")" 1
