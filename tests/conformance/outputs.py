"""Reads what medsets wrote with parsers of other people.

Usage: outputs.py answer PROMISES NAME ANSWER
       outputs.py against SCHEMA DOCUMENT
       outputs.py entries SCHEMA FILE...
       outputs.py bibtex FILE
"""

import json
import sys
import tomllib
from pathlib import Path


def check_answer(promises: str, name: str, answer_file: str) -> None:
    """An answer with --json: what docs/cli.md promises of all and of some."""
    answer = json.loads(Path(answer_file).read_text(encoding="utf-8"))
    validate(json.loads(Path(promises).read_text(encoding="utf-8")), answer, name)
    if answer["ok"] and not answer["schema"].startswith(f"medsets/{name}/"):
        sys.exit(f"the answer of `{name}` says it is `{answer['schema']}`")
    nulls = list(find_nulls(answer, "$"))
    if nulls:
        sys.exit(f"null instead of an absent key: {nulls[0]}")


def check_against(schema_file: str, answer_file: str) -> None:
    """A document against the schema that medsets prints for it."""
    read = lambda file: json.loads(Path(file).read_text(encoding="utf-8"))
    validate(read(schema_file), read(answer_file), answer_file)


def check_entries(schema_file: str, *files: str) -> None:
    """TOML files against the schema that medsets prints for them."""
    schema = json.loads(Path(schema_file).read_text(encoding="utf-8"))
    for file in files:
        entry = tomllib.loads(Path(file).read_text(encoding="utf-8"))
        # TOML dates have no JSON; schemas speak of their text.
        validate(schema, json.loads(json.dumps(entry, default=str)), file)
        if "id" in entry and entry["id"] != Path(file).stem:
            sys.exit(f"{file}: the id is {entry['id']}")
    print(f"{len(files)} files")


def validate(schema, document, name: str) -> None:
    from jsonschema import Draft202012Validator

    Draft202012Validator.check_schema(schema)
    for error in Draft202012Validator(schema).iter_errors(document):
        sys.exit(f"{name}: {error.json_path}: {error.message}")


def find_nulls(value, path):
    if value is None:
        yield path
    elif isinstance(value, dict):
        for key, below in value.items():
            yield from find_nulls(below, f"{path}.{key}")
    elif isinstance(value, list):
        for place, below in enumerate(value):
            yield from find_nulls(below, f"{path}[{place}]")


def check_bibtex(file: str) -> None:
    import bibtexparser

    text = Path(file).read_text(encoding="utf-8")
    if hasattr(bibtexparser, "parse_string"):  # version 2
        library = bibtexparser.parse_string(text)
        if library.failed_blocks:
            sys.exit(f"not read: {library.failed_blocks[0].raw}")
        entries = [{"ID": entry.key, **{field.key: field.value for field in entry.fields}} for entry in library.entries]
    else:
        entries = bibtexparser.loads(text).entries
    if len(entries) < text.count("\n@") + text.startswith("@"):
        sys.exit(f"only {len(entries)} entries are read")
    for entry in entries:
        if "title" not in entry:
            sys.exit(f"an entry without title: {entry}")
    print(f"{len(entries)} entries")


CHECKS = {"answer": check_answer, "against": check_against, "entries": check_entries, "bibtex": check_bibtex}
CHECKS[sys.argv[1]](*sys.argv[2:])
