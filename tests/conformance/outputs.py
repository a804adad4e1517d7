"""Reads what medsets wrote with parsers of other people.

Usage: outputs.py json NAME SCHEMA ANSWER | toml FOLDER... | bibtex FILE
"""

import json
import sys
import tomllib
from pathlib import Path


def check_json(name: str, schema_file: str, answer_file: str) -> None:
    from jsonschema.validators import validator_for

    schema = json.loads(Path(schema_file).read_text())
    answer = json.loads(Path(answer_file).read_text())
    kind = validator_for(schema)
    kind.check_schema(schema)
    for error in kind(schema).iter_errors(answer):
        sys.exit(f"{error.json_path}: {error.message}")
    if not answer["schema"].startswith(f"medsets/{name}/"):
        sys.exit(f"the schema `{name}` was asked for, the document says `{answer['schema']}`")
    nulls = list(find_nulls(answer, "$"))
    if nulls:
        sys.exit(f"null instead of an absent key: {nulls[0]}")


def find_nulls(value, path):
    if value is None:
        yield path
    elif isinstance(value, dict):
        for key, below in value.items():
            yield from find_nulls(below, f"{path}.{key}")
    elif isinstance(value, list):
        for place, below in enumerate(value):
            yield from find_nulls(below, f"{path}[{place}]")


def check_toml(*folders: str) -> None:
    files = [file for folder in folders for file in sorted(Path(folder).glob("*.toml"))]
    for file in files:
        entry = tomllib.loads(file.read_text(encoding="utf-8"))
        if file.name != "collections.toml" and entry.get("id") != file.stem:
            sys.exit(f"{file}: the id is {entry.get('id')}")
    print(f"{len(files)} files")


def check_bibtex(file: str) -> None:
    import bibtexparser

    text = Path(file).read_text(encoding="utf-8")
    entries = bibtexparser.loads(text).entries
    if not entries:
        sys.exit("no entry in it")
    for entry in entries:
        if not {"title", "year"} <= entry.keys():
            sys.exit(f"an entry without title or year: {entry}")


{"json": check_json, "toml": check_toml, "bibtex": check_bibtex}[sys.argv[1]](*sys.argv[2:])
