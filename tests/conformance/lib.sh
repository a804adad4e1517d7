# What the checks share. Sourced first by each of them:
#
#   source "$(dirname "$0")/../lib.sh"
#
# Gives a fresh folder ($work) with a home of its own, `medsets`, `same`, `skip`, `fail`, the
# tools of other people (`need`, `python_with`) and loopback servers. All is taken away at the
# end. Nothing reads the real home folder; no request leaves this machine but for installing.
# shellcheck shell=bash

set -uo pipefail

checks=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly checks
work=$(mktemp -d "${TMPDIR:-/tmp}/medsets-conformance.XXXXXX") || exit 1
readonly work
tools=${MEDSETS_CONFORMANCE_TOOLS:-$checks/../../target/conformance-tools}
readonly tools
servers=()
agreed=0 differing=0

finish() {
    local code=$?
    if [ "$code" -eq 0 ] && [ "$differing" -gt 0 ]; then code=1; fi
    for server in "${servers[@]}"; do kill "$server" 2>/dev/null; wait "$server" 2>/dev/null; done
    chmod -R u+rwX "$work" 2>/dev/null
    rm -rf "$work"
    printf '%d comparisons agreed, %d did not\n' "$agreed" "$differing"
    exit "$code"
}
trap finish EXIT
trap 'exit 143' TERM INT

# --- outcomes

skip() {
    printf 'skipped: %s\n' "$*"
    exit 77
}

fail() {
    printf 'failed: %s\n' "$*" >&2
    exit 1
}

# As `fail`, but the check goes on to show what else differs.
differ() {
    differing=$((differing + 1))
    printf 'failed: %s\n' "$*" >&2
}

agree() {
    agreed=$((agreed + 1))
    printf 'ok  %s\n' "$*"
}

# same WHAT A B: two files or trees hold the same names and bytes.
same() {
    diff -r "$2" "$3" >"$work/difference" 2>&1 || {
        head -20 "$work/difference" >&2
        fail "$1: \`$2\` and \`$3\` differ"
    }
    agree "$1"
}

# equal WHAT A B: two texts are the same.
equal() {
    [ "$2" = "$3" ] || fail "$1: expected \`$3\`, got \`$2\`"
    agree "$1"
}

# --- the program under test, in a home of its own

# Settings of the person who runs the checks must not decide them.
for name in ${!MEDSETS_@}; do
    case $name in
        MEDSETS_BIN | MEDSETS_STAND_IN | MEDSETS_CONFORMANCE*) ;;
        *) unset "$name" ;;
    esac
done
for name in ${!GIT_@}; do unset "$name"; done
mkdir "$work/catalog"
export MEDSETS_CATALOG=$work/catalog MEDSETS_NO_INPUT=1 MEDSETS_KEYRING=none NO_COLOR=1
# Nor must those of the machine: names, orders and days are the same everywhere, and what is on this
# machine is asked for without a proxy.
export LC_ALL=C.UTF-8 TZ=UTC
export no_proxy=${no_proxy:+$no_proxy,}127.0.0.1,localhost
export NO_PROXY=$no_proxy

# A new home, data folder and state: as on a machine that never saw medsets. Entries made for
# the check and the way to its servers stay.
fresh_home() {
    local home
    home=$(mktemp -d "$work/home.XXXXXX")
    export HOME=$home XDG_CONFIG_HOME=$home/config XDG_STATE_HOME=$home/state
    export XDG_CACHE_HOME=$home/cache XDG_DATA_HOME=$home/data
    export MEDSETS_DATA_DIR=$home/datasets MEDSETS_STATE_DIR=$home/state/medsets
}

medsets() {
    "${MEDSETS_BIN:?}" "$@" </dev/null
}

# must COMMAND...: the exit code is 0, or the check ends with what was said.
must() {
    "$@" >"$work/stdout" 2>"$work/stderr" || {
        local code=$?
        tail -n 30 "$work/stderr" >&2
        fail "exit code $code: $*"
    }
}

# exits CODE WHAT COMMAND...
exits() {
    local expected=$1 what=$2 code=0
    shift 2
    "$@" >"$work/stdout" 2>"$work/stderr" || code=$?
    [ "$code" -eq "$expected" ] || {
        tail -n 30 "$work/stderr" >&2
        fail "$what: expected exit code $expected, got $code"
    }
    agree "$what exits $expected"
}

# refused WHAT COMMAND...: any exit code but 0.
refused() {
    local what=$1 code=0
    shift
    "$@" >"$work/stdout" 2>"$work/stderr" || code=$?
    [ "$code" -ne 0 ] || fail "$what: not refused"
    agree "$what is refused ($code)"
}

# --- catalogue entries made for a check

# entry ID < TOML of [[release.file]] tables: an open dataset served from https://data.example/.
entry() {
    {
        printf 'id = "%s"\ntitle = "Made for a check: %s"\nsummary = "Exists on one machine only."\n' "$1" "$1"
        printf 'homepage = "https://data.example/"\nmaintainer = { name = "nobody" }\nmodality = ["text"]\n'
        for about in counts licence files access; do
            printf '\n[[claim]]\nabout = "%s"\nsource = "made up"\nread = 2026-11-24\nconfidence = "high"\n' "$about"
        done
        printf '\n[[release]]\nversion = "1"\ndate = "2026"\nlicense = "CC0-1.0"\n'
        printf '\n[[release.source]]\nchannel = "web"\nprovider = "http"\nbase = "https://data.example/"\n\n'
        cat
    } >"$MEDSETS_CATALOG/$1.toml"
}

# file_table PATH FILE [MORE]: a [[release.file]] with the exact size and digest of FILE.
file_table() {
    printf '[[release.file]]\npath = "%s"\nsize = %d\nsha256 = "%s"\n%s\n\n' \
        "$1" "$(stat -c %s "$2")" "$(sha256sum <"$2" | cut -c1-64)" "${3:-}"
}

# dataset_dir ID: where a fetched dataset lies.
dataset_dir() {
    medsets path "$1" || fail "\`medsets path $1\`"
}

# --- tools of other people

may_install() {
    [ -n "${CI:-}${MEDSETS_CONFORMANCE_INSTALL:-}" ]
}

# need COMMAND PACKAGE: a program of the system, from its Debian package where it is missing.
need() {
    if command -v "$1" >/dev/null; then return; fi
    if ! may_install || [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
        skip "\`$1\` is not here (Debian package $2)"
    fi
    export DEBIAN_FRONTEND=noninteractive
    {
        # Another check may be installing something.
        local wait=(-o DPkg::Lock::Timeout=120)
        apt-get "${wait[@]}" install -y --no-install-recommends "$2" ||
            { apt-get "${wait[@]}" update && apt-get "${wait[@]}" install -y --no-install-recommends "$2"; }
    } >"$work/apt.log" 2>&1 </dev/null
    command -v "$1" >/dev/null || skip "\`$1\` could not be installed: $(tail -n 1 "$work/apt.log")"
}

# has_python_with PACKAGE...: as `python_with`, but says no instead of ending the check.
has_python_with() {
    if (python_with "$@") >"$work/missing"; then
        python_with "$@"
    else
        sed 's/^skipped/left out/' "$work/missing"
        return 1
    fi
}

# has COMMAND PACKAGE: as `need`, but says no instead of ending the check.
has() {
    (need "$1" "$2") >"$work/missing"
    local code=$?
    if [ "$code" -ne 0 ]; then sed 's/^skipped/left out/' "$work/missing"; fi
    return "$code"
}

# python_with PACKAGE...: sets $python to one that has these PyPI packages and no others, since
# some of them want old versions of one another.
python_with() {
    need python3 python3
    local place
    place=$tools/python-$(IFS=-; printf '%.120s' "$*")
    python=$place/bin/python
    # Whole only with this: an earlier run may have been ended while it installed.
    if [ -f "$place/installed" ]; then return; fi
    may_install || skip "Python packages are not installed here: $* (set MEDSETS_CONFORMANCE_INSTALL=1)"
    one_at_a_time "$place"
    if [ -f "$place/installed" ]; then return; fi
    python3 -m venv "$place" >"$work/pip.log" 2>&1 || skip "no virtual environment: $(tail -n 1 "$work/pip.log")"
    "$python" -m pip install --quiet --disable-pip-version-check "$@" >"$work/pip.log" 2>&1 ||
        skip "PyPI packages could not be had: $* ($(tail -n 1 "$work/pip.log"))"
    touch "$place/installed"
}

# python_adds PACKAGE...: puts these beside what `python_with` has just set up, without what they ask for.
python_adds() {
    local place=${python%/bin/python}
    if [ -f "$place/added" ]; then return; fi
    may_install || skip "Python packages are not installed here: $* (set MEDSETS_CONFORMANCE_INSTALL=1)"
    one_at_a_time "$place"
    "$python" -m pip install --quiet --disable-pip-version-check --no-deps "$@" >"$work/pip.log" 2>&1 ||
        skip "PyPI packages could not be had: $* ($(tail -n 1 "$work/pip.log"))"
    touch "$place/added"
}

# one_at_a_time PLACE: waits while another check installs there, and holds it until this one ends or
# installs elsewhere.
one_at_a_time() {
    mkdir -p "$1"
    exec 9>"$1/lock"
    flock 9
}

# npm_with PACKAGE@VERSION...: sets $npm to the folder of modules that has these npm packages.
npm_with() {
    need npm npm
    local place
    place=$tools/npm-$(printf '%s' "$*" | tr -c 'A-Za-z0-9.\n' '-')
    npm=$place/node_modules
    if [ -f "$place/installed" ]; then return; fi
    may_install || skip "npm packages are not installed here: $* (set MEDSETS_CONFORMANCE_INSTALL=1)"
    one_at_a_time "$place"
    npm install --silent --no-audit --no-fund --prefix "$place" "$@" >"$work/npm.log" 2>&1 ||
        skip "npm packages could not be had: $* ($(tail -n 1 "$work/npm.log"))"
    touch "$place/installed"
}

# --- loopback servers

free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# holds PID PORT: whether that process, and not another that took the port before it, listens there.
holds() {
    local socket end
    end=$(printf ':%04X' "$2")
    for socket in $(awk -v end="$end" '$4 == "0A" && substr($2, length($2) - 4) == end { print $10 }' /proc/net/tcp); do
        if [ -n "$(find "/proc/$1/fd" -lname "socket:\\[$socket\\]" -print -quit 2>/dev/null)" ]; then return; fi
    done
    return 1
}

# serve LOG COMMAND...: starts a server on a free port, for which `{port}` stands in its words, and
# waits until it listens there; sets $port. It ends with the check. Where another program takes the
# port before it does, another is tried.
serve() {
    [ -r /proc/net/tcp ] || skip 'no /proc/net/tcp, which tells when a server listens'
    local log=$1 tries waited server
    shift
    for tries in 1 2 3 4 5; do
        port=$(free_port)
        "${@//\{port\}/$port}" >>"$log" 2>&1 </dev/null 7>&- &
        server=$!
        servers+=("$server")
        # On a busy machine a server takes its time to start.
        for waited in $(seq 1200); do
            if holds "$server" "$port"; then return; fi
            kill -0 "$server" 2>/dev/null || break
            sleep 0.1
        done
        if kill -0 "$server" 2>/dev/null; then break; fi
    done
    fail "the server on port $port does not answer, at try $tries after $waited looks: $(tail -n 3 "$log")"
}

# nginx_serves DIR [LINES FOR location /]: sets $port; the log has one line a request:
# status, range asked for ("-" for none), body bytes sent, address.
nginx_serves() {
    need nginx nginx-light
    need python3 python3
    local dir
    dir=$(mktemp -d "$work/nginx.XXXXXX")
    nginx_log=$dir/access.log
    chmod 755 "$work" "$dir"
    cat >"$dir/template" <<CONF
daemon off;
pid $dir/pid;
error_log $dir/error.log;
# One, so that a line of the log is there before the next request is answered.
worker_processes 1;
$(if [ "$(id -u)" -eq 0 ]; then echo 'user root;'; fi)
events { worker_connections 1000; }
http {
    client_body_temp_path $dir/body;
    proxy_temp_path $dir/proxy;
    fastcgi_temp_path $dir/fastcgi;
    uwsgi_temp_path $dir/uwsgi;
    scgi_temp_path $dir/scgi;
    log_format plain '\$status "\$http_range" \$body_bytes_sent \$request_uri';
    access_log $nginx_log plain;
    default_type application/octet-stream;
    sendfile on;
    server {
        listen 127.0.0.1:@port@;
        location = /settled { access_log off; return 204; }
        location / { root $1; ${2:-} }
    }
}
CONF
    serve "$dir/log" bash -c "sed s/@port@/{port}/ '$dir/template' >'$dir/conf' &&
        exec nginx -e '$dir/error.log' -c '$dir/conf' -p '$dir'"
    nginx_port=$port
    export MEDSETS_REWRITE=https://data.example/=http://127.0.0.1:$port/
}

# nginx_settles: waits for the lines of all requests that have ended. A client has the last byte
# before nginx writes the line.
nginx_settles() {
    (
        exec 8<>"/dev/tcp/127.0.0.1/$nginx_port" && printf 'GET /settled HTTP/1.0\r\n\r\n' >&8 && cat <&8
    ) >"$work/settled" 2>&1 || fail "nginx does not answer: $(cat "$work/settled")"
}

# nginx_forgets: begins the log anew.
nginx_forgets() {
    nginx_settles
    : >"$nginx_log"
}

# nginx_sent: bytes of all bodies in the log.
nginx_sent() {
    nginx_settles
    awk '{ sum += $(NF - 1) } END { print sum + 0 }' "$nginx_log"
}

# killed_after BYTES SIGNAL ARGUMENTS...: runs medsets, and sends it the signal once it has written so
# many bytes; sets $killed_code.
killed_after() {
    [ -r /proc/self/io ] || skip 'no /proc/PID/io, which tells when the middle of a file is reached'
    local bytes=$1 signal=$2 pid written=0 tries=0
    shift 2
    "${MEDSETS_BIN:?}" "$@" </dev/null >"$work/killed.out" 2>"$work/killed.err" &
    pid=$!
    # Counted at the process: the part file may have its full length from the beginning.
    while [ "${written:-0}" -lt "$bytes" ]; do
        sleep 0.1
        tries=$((tries + 1))
        written=$(sed -n 's/^wchar: //p' "/proc/$pid/io" 2>/dev/null)
        kill -0 "$pid" 2>/dev/null || fail "the fetch ended before it could be killed: $(tail -n 3 "$work/killed.err")"
        [ "$tries" -lt 1200 ] || fail 'no bytes arrive'
    done
    kill "-$signal" "$pid"
    wait "$pid"
    killed_code=$?
}

fresh_home

# --- stand-ins for hosts, and clients that know only the real ones

# stand_in HOST [ARGS]: starts the stand-in of the tests; sets $host_url and $storage_url (both
# end in `/`) and writes what it serves into $work/toy.
stand_in() {
    local name=$1
    shift
    # One that ran before ends with its input.
    exec 7>&-
    rm -rf "$work/toy" "$work/stand-in" "$work/stand-in.log"
    mkdir -p "$work/toy"
    mkfifo "$work/stand-in"
    "${MEDSETS_STAND_IN:?}" "$name" --write "$work/toy" "$@" <"$work/stand-in" >"$work/stand-in.log" 2>&1 &
    local server=$! tries=0
    servers+=("$server")
    # Held open until the check ends.
    exec 7>"$work/stand-in"
    until grep -qs '^storage ' "$work/stand-in.log"; do
        tries=$((tries + 1))
        if [ "$tries" -gt 1200 ] || ! kill -0 "$server" 2>/dev/null; then
            fail "the stand-in for $name does not start: $(cat "$work/stand-in.log")"
        fi
        sleep 0.1
    done
    host_url=$(sed -n 's/^host //p' "$work/stand-in.log")
    storage_url=$(sed -n 's/^storage //p' "$work/stand-in.log")
}

# listing_entry ID PROVIDER KEYS: an entry whose files the host lists.
listing_entry() {
    printf '' | entry "$1"
    sed -i '/^\[\[release.source\]\]/,$d' "$MEDSETS_CATALOG/$1.toml"
    printf '[[release.source]]\nchannel = "host"\nprovider = "%s"\n%b\nlisting = "host"\n' "$2" "$3" >>"$MEDSETS_CATALOG/$1.toml"
}

# answers_for HOST=ADDRESS/PREFIX...: from here on https clients find these hosts on this machine,
# by a proxy and an authority of the check's own. The proxy's log is $work/proxy.log, begun anew.
answers_for() {
    need openssl openssl
    local names='' one
    for one in "$@"; do names+="${names:+,}DNS:${one%%=*}"; done
    (
        cd "$work" || exit 1
        openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 2 -subj "/CN=Authority of a check" \
            -addext "basicConstraints=critical,CA:TRUE" -addext "keyUsage=critical,keyCertSign,cRLSign"
        openssl req -newkey rsa:2048 -nodes -keyout server.key -out server.csr -subj "/CN=stand-in"
        printf 'subjectAltName=%s\nauthorityKeyIdentifier=keyid\n' "$names" >server.cnf
        openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out server.pem -days 2 -extfile server.cnf
    ) >"$work/openssl.log" 2>&1 || fail "no certificate: $(tail -n 2 "$work/openssl.log")"
    : >"$work/proxy.log"
    serve "$work/proxy.log" python3 "$checks/connect_proxy.py" '{port}' "$work/server.pem" "$work/server.key" "$@"
    export HTTPS_PROXY=http://127.0.0.1:$port https_proxy=http://127.0.0.1:$port
    export REQUESTS_CA_BUNDLE=$work/ca.pem SSL_CERT_FILE=$work/ca.pem
    unset NO_PROXY no_proxy ALL_PROXY all_proxy
}

# no_credential_at HOST: clients came there, and none of them with the credential that they
# showed elsewhere.
no_credential_at() {
    local told
    grep -q "^$1 " "$work/proxy.log" || fail "nobody came to $1"
    grep -q ' credential ' "$work/proxy.log" || fail 'nobody showed a credential anywhere'
    told=$(grep "^$1 [^ ]* [^ ]* credential " "$work/proxy.log")
    [ -z "$told" ] || fail "a credential came to $1: $told"
    agree "no credential at $1"
}

# address URL: host and port of an address.
address() {
    local rest=${1#*://}
    printf '%s' "${rest%%/*}"
}
