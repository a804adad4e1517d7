"""Reads the reports of one audit with other people's parsers and holds them against each other.

    audit_reports.py FOLDER    with audit.json, audit.csv, audit.html, audit.md, audit.sarif

Prints a line for each that agrees; anything else ends it.
"""

import csv
import json
import pathlib
import sys
from xml.etree import ElementTree

import html5lib
from markdown_it import MarkdownIt

folder = pathlib.Path(sys.argv[1])
audit = json.loads((folder / "audit.json").read_text())
names = [subject["name"] for subject in audit["subjects"]]
acts = list(audit["combination"]["uses"])
shown = [finding for finding in audit["findings"] if finding["code"] != "not-fetched"]


def text_of(element):
    return "".join(element.itertext())


def of_csv():
    with open(folder / "audit.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file, strict=True))
    assert [(row["dataset"], row["act"]) for row in rows] == [(name, act) for name in names for act in acts]
    for row in rows:
        subject = audit["subjects"][names.index(row["dataset"])]
        assert row["word"] == subject["uses"][row["act"]]["word"], row
        assert row["word_of_all_together"] == audit["combination"]["uses"][row["act"]]["word"], row
        assert row["planned"] == ("yes" if row["act"] in audit["policy"]["acts"] else "no"), row
        for cell in row.values():
            assert not cell.startswith(tuple("=+-@")), row
    raw = (folder / "audit.csv").read_bytes()
    assert raw.count(b"\r\n") == raw.count(b"\n") == len(rows) + 1
    return f"CSV by Python: {len(rows)} rows with the words of the JSON report"


def of_html():
    # A strict parser ends at the first error.
    page = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse((folder / "audit.html").read_text())
    ids = [element.get("id") for element in page.iter() if element.get("id")]
    assert len(ids) == len(set(ids)), "an id comes twice"
    for link in page.iter("a"):
        target = link.get("href")
        assert target.startswith(("https://", "http://", "#")), target
        assert not target.startswith("#") or target[1:] in ids, f"{target} leads nowhere"
    for element in page.iter():
        for word in ("aria-labelledby", "aria-controls"):
            assert element.get(word, ids[0]) in ids, f"{word} {element.get(word)}"
    assert not list(page.iter("img")) and not list(page.iter("b")) and len(list(page.iter("script"))) == 1
    matrix = next(element for element in page.iter("section") if element.get("id") == "matrix")
    rows = [row for row in next(matrix.iter("tbody")).iter("tr")]
    for row, subject in zip(rows, audit["subjects"], strict=True):
        cells = [text_of(cell) for cell in row]
        words = [cell.split()[-1] for cell in cells[1:]]
        assert cells[0] == subject["name"]
        assert words == [subject["verdict"]] + [subject["uses"][act]["word"] for act in acts], words
    found = next(element for element in page.iter("table") if element.get("id") == "findings-table")
    codes = [list(row)[1].text for row in found.find("tbody").iter("tr")]
    assert codes == [finding["code"] for finding in shown], codes
    return f"HTML by html5lib, strict: {len(rows)} datasets and {len(codes)} findings as in the JSON report"


def of_markdown():
    text = (folder / "audit.md").read_text()
    reader = MarkdownIt("commonmark", {"html": True}).enable("table")
    tokens = reader.parse(text)
    inner = [child for token in tokens for child in token.children or []]
    assert not [token for token in tokens + inner if token.type in ("html_block", "html_inline", "image")], "markup got through"
    page = ElementTree.fromstring(f"<page>{MarkdownIt('commonmark', {'html': False, 'xhtmlOut': True}).enable('table').render(text)}</page>")
    rows = next(page.iter("tbody"))
    matrix = next(table for table in page.iter("table") if text_of(next(table.iter("th"))) == "dataset")
    rows = list(matrix.find("tbody"))
    for row, subject in zip(rows, audit["subjects"]):
        words = [text_of(cell).split()[-1] for cell in row]
        assert words == [subject["name"], subject["verdict"]] + [subject["uses"][act]["word"] for act in acts], words
    assert len(rows) == len(names) + 1
    return f"Markdown by markdown-it: {len(rows)} rows as in the JSON report"


def of_sarif():
    run = json.loads((folder / "audit.sarif").read_text())["runs"][0]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    results = run["results"]
    assert [result["ruleId"] for result in results] == [finding["code"] for finding in audit["findings"]]
    assert all(rules[result["ruleIndex"]] == result["ruleId"] for result in results)
    prints = [result["partialFingerprints"]["medsetsFinding/v1"] for result in results]
    assert len(prints) == len(set(prints)), "two findings share a print"
    lines = (folder / "project" / "medsets.toml").read_text().splitlines()
    for result in results:
        place = result["locations"][0]["physicalLocation"]
        assert place["artifactLocation"]["uri"] == "medsets.toml" and 1 <= place["region"]["startLine"] <= len(lines)
    return f"SARIF: {len(results)} results with the codes of the JSON report, each at its line and with its own print"


for check in (of_csv, of_html, of_markdown, of_sarif):
    try:
        print(check())
    except Exception as error:  # The check names what was read.
        raise SystemExit(f"{check.__name__}: {type(error).__name__}: {error}") from error
