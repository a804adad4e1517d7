"""Counts the ledger's chain again: RFC 8785 by the `rfc8785` package, SHA-256 by hashlib.

Usage: ledger_chain.py STATE_DIR

Each entry is one line in canonical form; `hash` is the SHA-256 of the canonical bytes of the
entry without `hash`, `prev` that of the entry before, 64 zeros for the first. Every head noted
in `heads.jsonl` is an entry; texts and certificates lie in `evidence/` under their digest.
"""

import hashlib
import json
import sys
from pathlib import Path

import rfc8785


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def check(condition: bool, message: str) -> None:
    if not condition:
        sys.exit(message)


def main(state: Path) -> None:
    data = (state / "ledger.jsonl").read_bytes()
    check(data.endswith(b"\n"), "the last line has no end")
    lines = data.split(b"\n")[:-1]
    prev, hashes, ledgers = "sha256:" + "0" * 64, {}, set()
    for place, line in enumerate(lines, start=1):
        entry = json.loads(line)
        check(rfc8785.dumps(entry) == line, f"entry {place} is not in canonical form")
        check(None not in entry.values(), f"entry {place} has a null")
        check(entry["sequence"] == place, f"entry {place} says it is {entry['sequence']}")
        check(entry["prev"] == prev, f"entry {place} does not follow the one before")
        without = {key: value for key, value in entry.items() if key != "hash"}
        prev = "sha256:" + sha256(rfc8785.dumps(without))
        check(entry["hash"] == prev, f"entry {place} was altered")
        hashes[place] = prev
        ledgers.add(entry["ledger"])
    check(len(ledgers) == 1, "entries of several ledgers")
    for line in (state / "heads.jsonl").read_text().splitlines():
        head = json.loads(line)
        check(hashes.get(head["sequence"]) == head["hash"], f"the head of {head['sequence']} is not in the ledger")
    for file in (state / "evidence").iterdir():
        check(file.name.split(".")[0] == sha256(file.read_bytes()), f"evidence {file.name} has another digest")
    print(f"{len(lines)} entries, {ledgers.pop()}")


main(Path(sys.argv[1]))
