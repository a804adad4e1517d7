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
mkdir "$work/catalog"
export MEDSETS_CATALOG=$work/catalog MEDSETS_NO_INPUT=1 MEDSETS_KEYRING=none NO_COLOR=1

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
        apt-get install -y --no-install-recommends "$2" ||
            { apt-get update && apt-get install -y --no-install-recommends "$2"; }
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
    if "$python" -m pip show --quiet "$@" 2>/dev/null; then return; fi
    may_install || skip "Python packages are not installed here: $* (set MEDSETS_CONFORMANCE_INSTALL=1)"
    mkdir -p "$tools"
    python3 -m venv "$place" >"$work/pip.log" 2>&1 || skip "no virtual environment: $(tail -n 1 "$work/pip.log")"
    "$python" -m pip install --quiet --disable-pip-version-check "$@" >"$work/pip.log" 2>&1 ||
        skip "PyPI packages could not be had: $* ($(tail -n 1 "$work/pip.log"))"
}

# npm_with PACKAGE@VERSION...: sets $npm to the folder of modules that has these npm packages.
npm_with() {
    need npm npm
    local place
    place=$tools/npm-$(printf '%s' "$*" | tr -c 'A-Za-z0-9.\n' '-')
    npm=$place/node_modules
    if [ -f "$place/installed" ]; then return; fi
    may_install || skip "npm packages are not installed here: $* (set MEDSETS_CONFORMANCE_INSTALL=1)"
    mkdir -p "$place"
    npm install --silent --no-audit --no-fund --prefix "$place" "$@" >"$work/npm.log" 2>&1 ||
        skip "npm packages could not be had: $* ($(tail -n 1 "$work/npm.log"))"
    touch "$place/installed"
}

# --- loopback servers

free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# serving PID PORT: waits until the server answers, and remembers to end it.
serving() {
    servers+=("$1")
    local tries=0
    until (exec 3<>"/dev/tcp/127.0.0.1/$2") 2>/dev/null; do
        tries=$((tries + 1))
        if [ "$tries" -gt 100 ] || ! kill -0 "$1" 2>/dev/null; then fail "the server on port $2 does not answer"; fi
        sleep 0.1
    done
}

# nginx_serves DIR [LINES FOR location /]: sets $port; the log has one line a request:
# status, range asked for ("-" for none), body bytes sent, address.
nginx_serves() {
    need nginx nginx-light
    need python3 python3
    port=$(free_port)
    nginx_log=$work/nginx-$port.log
    mkdir -p "$work/nginx-$port"
    chmod 755 "$work"
    cat >"$work/nginx-$port.conf" <<CONF
daemon off;
pid $work/nginx-$port/pid;
error_log $work/nginx-$port/error.log;
worker_processes 2;
$(if [ "$(id -u)" -eq 0 ]; then echo 'user root;'; fi)
events {}
http {
    client_body_temp_path $work/nginx-$port/body;
    proxy_temp_path $work/nginx-$port/proxy;
    fastcgi_temp_path $work/nginx-$port/fastcgi;
    uwsgi_temp_path $work/nginx-$port/uwsgi;
    scgi_temp_path $work/nginx-$port/scgi;
    log_format plain '\$status "\$http_range" \$body_bytes_sent \$request_uri';
    access_log $nginx_log plain;
    default_type application/octet-stream;
    sendfile on;
    server {
        listen 127.0.0.1:$port;
        location / { root $1; ${2:-} }
    }
}
CONF
    nginx -e "$work/nginx-$port/error.log" -c "$work/nginx-$port.conf" -p "$work/nginx-$port" >/dev/null 2>&1 &
    serving $! "$port"
    export MEDSETS_REWRITE=https://data.example/=http://127.0.0.1:$port/
}

# python_serves SCRIPT ARGUMENTS...: a server of a check's own; the script takes the port first.
python_serves() {
    port=$(free_port)
    local script=$1
    shift
    python3 "$script" "$port" "$@" >"$work/python-$port.log" 2>&1 &
    serving $! "$port"
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
    servers+=("$!")
    # Held open until the check ends.
    exec 7>"$work/stand-in"
    local tries=0
    until grep -qs '^storage ' "$work/stand-in.log"; do
        tries=$((tries + 1))
        if [ "$tries" -gt 100 ]; then fail "the stand-in for $name does not start: $(cat "$work/stand-in.log")"; fi
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
    proxy_port=$(free_port)
    : >"$work/proxy.log"
    python3 "$checks/connect_proxy.py" "$proxy_port" "$work/server.pem" "$work/server.key" "$@" 2>>"$work/proxy.log" &
    serving $! "$proxy_port"
    export HTTPS_PROXY=http://127.0.0.1:$proxy_port https_proxy=http://127.0.0.1:$proxy_port
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
