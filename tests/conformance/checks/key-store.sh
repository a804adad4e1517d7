#!/usr/bin/env bash
# A login kept by GNOME Keyring, a real Secret Service on a bus of its own, and read there by
# libsecret's own tool.
source "$(dirname "$0")/../lib.sh"

need dbus-daemon dbus-daemon
need gnome-keyring-daemon gnome-keyring
need secret-tool libsecret-tools

fresh_home
export XDG_RUNTIME_DIR=$work/run DBUS_SESSION_BUS_ADDRESS=unix:path=$work/bus MEDSETS_KEYRING=auto
mkdir -m 700 "$XDG_RUNTIME_DIR"
dbus-daemon --session --nofork --address="$DBUS_SESSION_BUS_ADDRESS" >"$work/bus.log" 2>&1 &
servers+=($!)
until_there() { for _ in $(seq 600); do "$@" >/dev/null 2>&1 && return; sleep 0.1; done; skip "no answer: $*"; }
until_there test -S "$work/bus"
printf 'made up' | gnome-keyring-daemon --foreground --unlock --components=secrets >"$work/keyring.log" 2>&1 &
servers+=($!)
# A message to the service itself would have the bus start another one, which stays locked.
has_owner() {
    dbus-send --session --print-reply --dest=org.freedesktop.DBus / org.freedesktop.DBus.NameHasOwner \
        string:org.freedesktop.secrets | grep -q 'boolean true'
}
until_there has_owner

login() { printf '%s\n' "$1" | "${MEDSETS_BIN:?}" auth login "${@:2}" --token-stdin --no-check; }
held() { secret-tool lookup service medsets username "$1"; }
state() { medsets --json auth status "$1" | python3 -c 'import json, sys; print(json.load(sys.stdin)["data"]["providers"][0]["state"])'; }

must login KEY-of-nobody kaggle
equal 'a token is held as an object' "$(held kaggle)" '{"token":"KEY-of-nobody"}'
equal 'and found again' "$(state kaggle)" found
must login 'two words' physionet --user jane
equal 'a login is held in one piece' "$(held physionet)" '{"password":"two words","user":"jane"}'
must login KEY-of-another kaggle
equal 'the last login counts' "$(held kaggle)" '{"token":"KEY-of-another"}'
[ ! -e "$XDG_CONFIG_HOME/medsets/credentials.toml" ] || fail 'a copy lies in a file'
agree 'no copy lies in a file'
must medsets auth logout kaggle
equal 'a logout removes it' "$(held kaggle)" ''
equal 'for good' "$(state kaggle)" none
