//! Each rule by one exchanged piece of an entry that keeps them all, and the embedded files.

mod other_files;

use super::*;
use crate::document::inspection::LIMIT;
use crate::document::{Paint, SIZE_LIMIT, Severity, render};

/// An entry that keeps every rule and uses most tables.
const ENTRY: &str = r#"id = "sample"
title = "Sample"
aliases = ["sample-set"]
summary = "Pictures of nothing."
homepage = "https://example.org/sample"
maintainer = { name = "Somebody" }
modality = ["xray"]

[counts]
images = 2

[[claim]]
about = "counts"
source = "counted"
read = 2026-11-20
confidence = "high"

[[claim]]
about = "licence"
source = "the page"
read = 2026-11-20
confidence = "high"

[[claim]]
about = "files"
source = "the page"
read = 2026-11-20
confidence = "high"

[[claim]]
about = "access"
source = "the page"
read = 2026-11-20
confidence = "high"

[[requires]]
kind = "agreement"
id = "terms"
license = "LicenseRef-medsets-demo"
channels = ["web"]

[[release]]
version = "2"
date = "2024-05"
default = true
license = "LicenseRef-medsets-demo"

[[release.variant]]
name = "full"
default = true

[[release.variant]]
name = "small"

[[release.source]]
channel = "web"
provider = "http"
base = "https://example.org/files/"

[[release.source]]
channel = "git"
provider = "github"
license = "MIT"
variants = ["small"]
owner = "somebody"
repo = "sample"
commit = "0123456789012345678901234567890123456789"
take = "raw"

[[release.file]]
variant = "full"
channel = "web"
path = "images.zip"
unpack = { format = "zip", strip = "auto", skip = ["__MACOSX/**"] }

[[release.file]]
variant = "small"
path = "images-small.zip"
at = { web = { url = "https://example.org/small.zip" } }

[[release.subset]]
name = "pictures"
variant = "full"
include = ["images.*"]

[[release]]
version = "1"
withdrawn = true

[layout]
image = ["**/*.png"]

[citation]
key = "somebody2024"
type = "misc"
title = "Sample"

[related]
see-also = ["elsewhere"]
"#;

fn lint(text: &str) -> Vec<Finding> {
    let known = ["sample", "other"].map(str::to_owned).into();
    lint_entry("catalog/sample.toml", text, &Shelf::embedded(), &known, today())
}

/// Exchanges one piece of the entry and expects one code, in the line that holds `line`.
#[track_caller]
fn check(piece: &str, instead: &str, code: &str, line: &str) {
    assert_eq!(ENTRY.matches(piece).count(), 1, "`{piece}` stands in the entry once");
    let text = ENTRY.replace(piece, instead);
    let found = lint(&text);
    let shown = render("catalog/sample.toml", &text, &found, Paint::Plain);
    let Some(finding) = found.iter().find(|finding| finding.code == code) else { panic!("no {code}\n{shown}\n{text}") };
    let there = text.lines().nth(finding.line - 1).unwrap();
    assert!(there.contains(line), "{code} points to line {}: {there}\n{shown}", finding.line);
    // What reading finds says in its message what is expected.
    let by_reading = Dataset::read("catalog/sample.toml", &text, "test").is_err();
    assert!(by_reading || finding.help.is_some(), "{code} says what to write instead");
}

#[test]
fn the_sample_keeps_every_rule() {
    assert_eq!(render("sample.toml", ENTRY, &lint(ENTRY), Paint::Plain), "");
}

#[test]
fn broken_heads_are_found() {
    check("id = \"sample\"\n", "id = \"other\"\n", "id-mismatch", "id =");
    check("id = \"sample\"\n", "id = \"No Id\"\n", "id", "No Id");
    check("title = \"Sample\"\naliases", "aliases", "schema", "");
    check("summary = \"Pictures of nothing.\"", "summary = \" \"", "empty-value", "summary");
    check("modality = [\"xray\"]", "modality = []", "empty-value", "modality");
    check("modality = [\"xray\"]", "modality = [\"x-ray\"]", "modality", "x-ray");
    check(
        "modality = [\"xray\"]",
        "tags = [\"a\"]\nmodality = [\"xray\"]\nformat = [\"b\"]\ntask = [\"c\"]",
        "key-order",
        "task",
    );
    check("[\"sample-set\"]", "[\"other\"]", "alias-taken", "other");
    check("[\"sample-set\"]", "[\"@set\"]", "alias-form", "@set");
    check("[\"sample-set\"]", "[\"set\", \"SET\"]", "repeated-alias", "SET");
    check("Pictures of nothing.", "Pictures \\u202E of nothing.", "hidden-character", "summary");
    check("https://example.org/sample", "http://example.org/sample", "url-http", "homepage");
    check("https://example.org/sample", "https://a:b@example.org/sample", "url-user", "homepage");
    check("https://example.org/sample", "https://example.org/?X-Amz-Date=1", "url-signature", "homepage");
    check("https://example.org/sample", "example.org", "url", "homepage");
    check("images = 2", "images = 0", "count", "images");
    check("images = 2", "images = -2", "schema", "");
    check("about = \"access\"", "about = \"accessories\"", "missing-claim", "[[claim]]");
    check("counted\"\nread = 2026-11-20", "counted\"\nread = 2026-11-29", "future-date", "2026-11-29");
    check("counted\"\nread = 2026-11-20", "counted\"\nread = 2026-11-20T10:00:00", "date-form", "T10");
    check("counted\"\nread = 2026-11-20", "counted\"\nread = 2026-11-20T10:00", "date-form", "T10:00"); // TOML 1.1
    check("see-also = [\"elsewhere\"]", "overlaps = [\"elsewhere\"]", "unknown-dataset", "elsewhere");
    check("see-also = [\"elsewhere\"]", "see-also = [\"sample\"]", "related-to-itself", "sample");
    check("[\"elsewhere\"]", "[{ id = \"elsewhere\", why = \"x\" }]", "unknown-key", "why");
    check("type = \"misc\"", "type = \"misc\"\neditor = \"x\"", "unknown-key", "editor");
    check("type = \"misc\"\n", "", "schema", "");
    check("type = \"misc\"", "type = \"misc\"\ndoi = \"https://doi.org/10.1/x\"", "doi-form", "doi.org");
}

#[test]
fn broken_releases_and_steps_are_found() {
    check("version = \"1\"", "version = \"2\"", "repeated-version", "version");
    check("version = \"1\"", "version = \"1:0\"", "name-form", "1:0");
    check("withdrawn = true", "withdrawn = true\ndefault = true", "default-release", "default");
    check("withdrawn = true", "note = \"served\"", "no-source", "[[release]]");
    check("date = \"2024-05\"\ndefault = true", "date = \"2024-05\"", "default-release", "[[release]]");
    check("2024-05", "May 2024", "date-form", "May");
    check("2024-05", "2024-13", "date-form", "2024-13");
    check("name = \"small\"", "name = \"full\"", "repeated-variant", "full");
    check("name = \"small\"", "name = \"small\"\ndefault = true", "default-variant", "default");
    check("name = \"full\"\ndefault = true", "name = \"full\"", "default-variant", "[[release.variant]]");
    check("channel = \"git\"", "channel = \"web\"", "repeated-channel", "web");
    check("variants = [\"small\"]", "variants = [\"tiny\"]", "unknown-variant", "tiny");
    check("commit = \"0123456789012345678901234567890123456789\"", "commit = \"main\"", "git-id", "main");
    check("commit = \"0123456789012345678901234567890123456789\"\n", "", "source-target", "[[release.source]]");
    check("org/files/", "org/files", "base-form", "base");
    check("repo = \"sample\"\n", "", "source", "[[release.source]]");
    check("license = \"MIT\"", "license = \"MIT or so\"", "license-expression", "so");
    check("license = \"MIT\"", "license = \"MTI\"", "license-expression", "MTI");
    check("license = \"MIT\"", "license = \"LicenseRef-nobody\"", "unknown-license", "nobody");
    check(
        "kind = \"agreement\"\nid = \"terms\"\nlicense = \"LicenseRef-medsets-demo\"",
        "kind = \"agreement\"\nid = \"terms\"",
        "missing-license",
        "[[requires]]",
    );
    check(
        "id = \"terms\"\nlicense = \"LicenseRef-medsets-demo\"",
        "id = \"terms\"\nlicense = \"NOASSERTION\"",
        "unknown-license",
        "NOASS",
    );
    check("channels = [\"web\"]", "channels = [\"ftp\"]", "unknown-channel", "ftp");
    check("channels = [\"web\"]", "versions = [\"3\"]", "unknown-version", "3");
    check("channels = [\"web\"]", "variants = [\"tiny\"]", "unknown-variant", "tiny");
    check("channels = [\"web\"]", "valid-for = \"3 years\"", "valid-for", "3 years");
    check("channels = [\"web\"]", "[[requires]]\nkind = \"account\"\nid = \"terms\"", "repeated-id", "terms");
    check("channels = [\"web\"]", "channels = [\"git\"]", "ungated", "web");
    check("channels = [\"web\"]", "variants = [\"full\"]", "ungated", "web"); // the small variant goes round it
    let nothing = "maintainer = { name = \"Somebody\" }\ndistribution = { kind = \"none\" }";
    check("maintainer = { name = \"Somebody\" }", nothing, "not-distributed", "[[release.source]]");
    check("maintainer = { name = \"Somebody\" }", nothing, "missing-reason", "distribution");
}

#[test]
fn broken_subsets_are_found() {
    let again = "name = \"pictures\"\ninclude = [\"*\"]\n\n[[release.subset]]\nname = \"Pictures\"";
    check("name = \"pictures\"", again, "repeated-subset", "Pictures");
    check("name = \"pictures\"", "name = \"all pictures \"", "name-form", "all");
    check("variant = \"full\"\ninclude", "variant = \"tiny\"\ninclude", "unknown-variant", "tiny");
    check("include = [\"images.*\"]", "include = [\"images.*\", \"labels\"]", "idle-glob", "labels");
    check("include = [\"images.*\"]", "include = [\"*\"]\nexclude = [\"*.csv\"]", "idle-glob", "exclude");
    check("include = [\"images.*\"]", "include = [\"images[\"]", "glob", "include");
    check("include = [\"images.*\"]", "include = []", "empty-value", "include");
    check("include = [\"images.*\"]\n", "", "schema", "[[release.subset]]");
}

#[test]
fn broken_files_are_found() {
    check("variant = \"full\"\nchannel", "variant = \"huge\"\nchannel", "unknown-variant", "huge");
    check("channel = \"web\"\npath", "channel = \"ftp\"\npath", "unknown-channel", "ftp");
    check("at = { web =", "at = { ftp =", "unknown-channel", "at");
    check("path = \"images-small.zip\"", "path = \"/etc/passwd\"", "path", "passwd");
    check("variant = \"small\"\npath = \"images-small.zip\"", "path = \"images.zip\"", "repeated-file", "images.zip");
    check("path = \"images-small.zip\"", "path = \"b\"\ngit-blob = \"12\"", "digest", "12");
    check("skip = [\"__MACOSX/**\"]", "skip = [\"a[\"]", "glob", "a[");
    check("image = [\"**/*.png\"]", "image = [\"{a\"]", "glob", "{a");
    check("format = \"zip\"", "format = \"rar\"", "unpack", "rar");
    check("strip = \"auto\"", "strip = \"all\"", "unpack", "all");
    check("strip = \"auto\"", "encoding = \"klingon\"", "unpack", "klingon");
    check("path = \"images-small.zip\"", "path = \"small\"\nunpack = { strip = 1 }", "unpack", "unpack");
    check("base = \"https://example.org/files/\"\n", "", "unreachable", "images.zip");
    check(
        "take = \"raw\"\n",
        "take = \"archive\"\n\n[[release.file]]\nchannel = \"git\"\npath = \"a.csv\"\n",
        "unreachable",
        "a.csv",
    );
    check(
        "provider = \"http\"\nbase = \"https://example.org/files/\"",
        "provider = \"manual\"",
        "unreachable",
        "images.zip",
    );
    check("image = [\"**/*.png\"]", "image = [\n\"a\",\n]\n[x]", "schema", "x");
    check(
        "variant = \"full\"\nchannel = \"web\"",
        "variant = \"full\"\nchannel = \"git\"",
        "unreachable",
        "images.zip",
    );
}

#[test]
fn a_part_that_no_file_is_named_after_is_told() {
    let place = "at = { web = { url = \"https://example.org/small.zip\" } }";
    let text = ENTRY.replace(place, &format!("{place}\nrole = \"image\""));
    #[track_caller]
    fn check(text: &str, told: &[&str]) {
        let found = lint(text);
        assert!(found.iter().all(|one| one.severity == Severity::Warning && one.code == "inner-part"), "{found:?}");
        let lines = found.iter().map(|one| text[one.span.clone()].to_owned()).collect::<Vec<_>>();
        assert_eq!(lines, told, "{found:?}");
    }
    let with = |parts: &str| {
        let license = "license = \"LicenseRef-medsets-demo\"\n\n[[release.variant]]";
        assert_eq!(text.matches(license).count(), 1);
        text.replace(license, &license.replace("\n\n", &format!("\nlicense-parts = {parts}\n\n")))
    };
    check(&with("{ images = \"MIT\" }"), &[]);
    check(&with("{ image = \"MIT\" }"), &[]);
    check(&with("{ images = \"MIT\", imagse = \"MIT\" }"), &["imagse"]);
    check(&with("{ reports = \"MIT\" }"), &["reports"]);
    check(&with("{ reports = \"MIT\" }").replace("at = { web", "group = \"reports\"\nat = { web"), &[]);
    // A rule for files that the host lists names a part as well.
    let rule = "\n[[release.rule]]\nmatch = \"*.txt\"\ngroup = \"reports\"\n\n[[release.subset]]";
    let listed = with("{ reports = \"MIT\" }").replace("\n[[release.subset]]", rule);
    check(&listed.replace("take = \"raw\"", "take = \"raw\"\nlisting = \"host\""), &[]);
}

#[test]
fn a_source_that_only_a_person_can_use_has_a_step() {
    let source = "[[release.source]]\nchannel = \"desk\"\nprovider = \"manual\"\nvariants = [\"full\"]\n\n";
    let file = "[[release.file]]\nvariant = \"full\"";
    let entry = ENTRY.replace(file, &format!("{source}{file}"));
    let with = |keys: &str| {
        let step = format!("[[requires]]\nkind = \"manual\"\nid = \"by-hand\"\n{keys}\n");
        entry.replace("[[release]]\nversion = \"2\"", &format!("{step}[[release]]\nversion = \"2\""))
    };
    #[track_caller]
    fn check(text: &str, told: bool) {
        let found = lint(text);
        let codes: Vec<_> = found.iter().map(|one| (one.code, one.severity)).collect();
        let expected = [("missing-manual-step", Severity::Warning)];
        assert_eq!(codes, expected[..usize::from(told)], "{found:?}");
    }
    check(&entry, true);
    check(&with(""), false);
    check(&with("channels = [\"desk\"]\n"), false);
    check(&with("variants = [\"full\"]\n"), false);
    check(&with("channels = [\"git\"]\n"), true);
    check(&with("variants = [\"small\"]\n"), true); // the source serves the other one
    check(&with("versions = [\"1\"]\n"), true);
}

#[test]
fn syntax_that_python_cannot_read_is_refused() {
    let table = "maintainer = { name = \"Somebody\" }";
    check(table, "maintainer = { name = \"Somebody\",\n }", "toml-1.1", "Somebody");
    check(table, "maintainer = { name = \"Somebody\", }", "toml-1.1", "Somebody");
    check(table, "maintainer = { name = \"Some\\x41\" }", "toml-1.1", "x41");
}

#[test]
fn hostile_files_give_findings() {
    let shelf = Shelf::embedded();
    let all = |text: &str| {
        let known = BTreeSet::new();
        let entry = lint_entry("x.toml", text, &shelf, &known, today());
        let license = lint_license("x.toml", text, &shelf, today());
        [entry, license, lint_collections("x.toml", text, &known)]
    };
    let deep = 100_000;
    for text in [format!("a = {}", "[".repeat(deep)), format!("{}a = 1", "a.".repeat(deep)), " ".repeat(SIZE_LIMIT + 1)]
    {
        assert!(all(&text).iter().all(|found| found.len() == 1), "{:.20}", text);
    }
    let empty = format!("aliases = [{}]", "\"\", ".repeat(10_000));
    let found = lint(&ENTRY.replace("aliases = [\"sample-set\"]", &empty));
    assert_eq!((found.len(), found[LIMIT].code), (LIMIT + 1, "too-many"));
    let long = format!("license = \"MIT{}\"", " AND MIT".repeat(deep));
    let found = lint(&ENTRY.replace("license = \"MIT\"", &long));
    assert!(found.iter().any(|finding| finding.code == "license-expression"));
}

#[test]
fn an_entry_with_a_fault_in_each_of_20_000_files_is_told_at_once() {
    let file = "[[release.file]]\npath = \"../a\"\nsha256 = \"short\"\n";
    let text = ENTRY.replace("[layout]", &format!("{}[layout]", file.repeat(20_000)));
    let begun = std::time::Instant::now();
    let broken = Dataset::read("sample.toml", &text, "test").unwrap_err();
    assert!(broken.to_string().contains("(and more than 99 more findings)"), "{broken}");
    assert!(broken.shown.contains("more findings, which are not shown"), "{}", broken.shown);
    assert_eq!(lint(&text).len(), LIMIT + 1);
    assert!(begun.elapsed().as_secs() < 20, "{:?}", begun.elapsed());
}

#[test]
fn an_entry_with_20_000_good_files_is_read() {
    let file = |number: usize| {
        format!(
            "[[release.file]]\nvariant = \"full\"\nchannel = \"web\"\npath = \"images/{number}.png\"\nsize = {}\nsha256 = \"{number:064x}\"\nnote = \"{}\"\n",
            number + 1,
            "x".repeat(200)
        )
    };
    let files: String = (0..20_000).map(file).collect();
    let next = "[[release]]\nversion = \"1\"";
    let text = ENTRY.replace(next, &format!("{files}{next}"));
    assert!(text.len() > 4 << 20, "{}", text.len());
    assert_eq!(render("sample.toml", &text, &lint(&text), Paint::Plain), "");
    assert_eq!(Dataset::read("sample.toml", &text, "test").unwrap().releases[0].files.len(), 20_002);
}

#[test]
fn broken_host_errors_are_found() {
    let error = |keys: &str| {
        let rest = "reason = \"never fits\"\nsource = \"tried\"\nread = 2026-11-20\nconfidence = \"high\"";
        format!("include = [\"images.*\"]\n\n[[release.host-error]]\n{keys}\n{rest}")
    };
    let check = |keys: &str, code: &str, line: &str| check("include = [\"images.*\"]", &error(keys), code, line);
    check("variant = \"tiny\"\npath = \"a.png\"", "unknown-variant", "tiny");
    check("channel = \"ftp\"\npath = \"a.png\"", "unknown-channel", "ftp");
    check("path = [\"a.png\", \"../b.png\"]", "path", "path");
    check("path = \"a.png\"", "unused-host-error", "path"); // no source of the sample lists files
    check("path = \"a.png\"\nwhy = \"x\"", "schema", "why");
    check("channel = \"web\"", "schema", "[[release.host-error]]");
    let lists = ENTRY.replace("org/files/\"", "org/files/\"\nlisting = \"host\"");
    let found = lint(&lists.replace("include = [\"images.*\"]", &error("variant = \"full\"\npath = [\"a.png\"]")));
    assert!(found.is_empty(), "{found:?}");
}

fn today() -> Date {
    jiff::civil::date(2026, 11, 28)
}
