//! One project in every form, compared byte for byte with the files in `tests/golden/audit/`.
//!
//! `MEDSETS_WRITE_GOLDEN=1 cargo test --lib golden` writes them anew; read the difference
//! before it is committed.

use std::path::PathBuf;

use super::*;
use crate::audit::tests::{facts, receipt};
use crate::audit::{Ledger, Standing, Step, audit};
use crate::catalog::Citation;
use crate::licenses::Shelf;
use crate::policy::Place;
use crate::values::Digest;

/// What a hostile catalogue or host would write.
const HOSTILE: &str = "</script><img src=x onerror=alert(1)>\"' | =1+1 [a](javascript:b) \u{202e}\u{1b}[31m\n# h";

/// A project small enough to read: a bucket and a competition with the same images, terms by
/// item, an agreement with people, an output, and a dataset of a hostile host.
pub fn example() -> Audit {
    let outputs = "[[output]]\nname = \"model\"\nkind = \"weights\"\nfrom = [\"chestxray14\", \"rsna-pneumonia\"]\n";
    let mut facts = facts(
        &[("chestxray14", None), ("rsna-pneumonia", Some("kaggle")), ("umls", None), ("medquad", None)],
        "[policy]\nacts = [\"commercial\", \"release-weights\"]\n[[policy.exception]]\ndataset = \"umls\"\n\
         term = \"items\"\nreason = \"category 0 only\"\nby = \"A. Person\"\nuntil = 2027-01-01\n",
        outputs,
    );
    facts.tool = "0.0.0".into();
    facts.catalog = Some(Digest::sha256(b"catalogue"));
    facts.policy.origin = Some(("medsets.toml".into(), Digest::sha256(b"policy")));
    for (index, subject) in facts.subjects.iter_mut().enumerate() {
        subject.place = Some(Place { file: "medsets.toml".into(), line: 4 + 2 * index });
    }
    for (index, id) in [(0, "chestxray14"), (2, "umls"), (3, "medquad")] {
        facts.subjects[index].receipt = Some(receipt(id));
        facts.subjects[index].folder = Some(format!("/data/{id}"));
    }
    let medquad = &mut facts.subjects[3];
    medquad.id = "outside".parse().unwrap();
    medquad.version = "1".into();
    medquad.selection = None;
    let receipt = medquad.receipt.as_mut().unwrap();
    receipt.title = HOSTILE.into();
    receipt.reference = Some("hf:someone/outside".into());
    receipt.license.expression = "NOASSERTION".into();
    receipt.license.stated = Some(HOSTILE.into());
    facts.ledgers = vec![Ledger {
        from: "ledger.jsonl".into(),
        person: None,
        entries: Vec::new(),
        faults: vec![format!("line 3: {HOSTILE}")],
        is_unvouched: false,
    }];
    let mut audit = audit(&facts, &Shelf::embedded());
    let step = |title: &str, state| Step {
        id: "license".into(),
        kind: crate::access::StepKind::Agreement,
        title: title.into(),
        license: Some("LicenseRef-UMLS-Metathesaurus".into()),
        state,
        expires: Some("2027-11-28T00:00:00Z".parse().unwrap()),
        text_sha256: Some(Digest::sha256(b"text")),
        known_from: Some("ledger".into()),
    };
    let standing = |person: &str, state| Standing {
        person: person.into(),
        ledger: "ledger.jsonl".into(),
        steps: vec![step("UMLS licence", state)],
    };
    audit.subjects[2].people =
        vec![standing("A. Person", crate::access::State::Done), standing(HOSTILE, crate::access::State::Lapsed)];
    audit.subjects[3].homepage = Some("javascript:alert(document.domain)".into());
    audit.subjects[3].works = vec![Citation {
        key: "hostile".into(),
        kind: "misc".into(),
        title: HOSTILE.into(),
        url: Some("javascript:alert(2)".into()),
        ..Citation::default()
    }];
    audit
}

/// The example in one form.
pub fn written(format: Format) -> String {
    let mut bytes = Vec::new();
    write(&example(), format, &mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

#[test]
#[allow(clippy::disallowed_methods, reason = "tests look at the disk and the environment themselves")]
fn every_form_is_as_its_golden_file() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/audit");
    for (format, name) in FORMATS {
        let (path, text) = (folder.join(name), written(format));
        if std::env::var_os("MEDSETS_WRITE_GOLDEN").is_some() {
            std::fs::write(&path, &text).unwrap();
            continue;
        }
        let golden = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let golden = String::from_utf8(golden).unwrap();
        let (mut lines, mut expected) = (text.split('\n'), golden.split('\n'));
        let differs = (1..).find_map(|line| match (lines.next(), expected.next()) {
            (None, None) => Some(None),
            (one, other) if one != other => Some(Some((line, one, other))),
            _ => None,
        });
        assert_eq!(differs.flatten(), None, "{name}: line, now, golden file (MEDSETS_WRITE_GOLDEN=1 writes it anew)");
    }
}

#[test]
fn hostile_text_is_text_in_every_form() {
    for (format, name) in FORMATS {
        let text = written(format);
        assert!(!text.contains('\u{1b}'), "{name}");
        if format == Format::Json {
            continue;
        }
        assert!(!text.contains('\u{202e}'), "{name}");
    }
    let html = written(Format::Html);
    assert!(!html.contains("<img"), "markup of a host");
    assert!(!html.contains("href=\"javascript:"), "a link that runs");
    assert_eq!(html.matches("<script").count(), 1);
    assert_eq!(html.matches("</script").count(), 1);
    assert!(html.contains("javascript:alert(document.domain)"), "it is shown as text");
    let markdown = written(Format::Markdown);
    for (mark, escaped) in [("<img", "\\<img"), ("](javascript", "\\](javascript"), ("</script", "\\</script")] {
        assert_eq!(markdown.matches(mark).count(), markdown.matches(escaped).count(), "{mark} in {markdown}");
    }
}

#[test]
fn a_report_names_no_place_to_load_from() {
    let html = written(Format::Html);
    for word in ["src=", "@import", "url(", "<link", "<iframe", "<form", " style=", " onclick", "http-equiv=\"refresh"]
    {
        let found = html.match_indices(word).filter(|(at, _)| !html[..*at].ends_with("&lt;img ")).count();
        assert_eq!(found, 0, "{word}");
    }
    assert!(html.contains("default-src 'none'"));
}

#[test]
fn the_terminal_hears_the_verdict_first() {
    let text = written(Format::Text);
    assert!(text.starts_with("verdict: deny"), "{text}");
    assert!(!text.contains("commercial_use") && text.contains("commercial-use"), "{text}");
    assert!(text.contains("\nnot fetched yet, judged from the catalogue: rsna-pneumonia@"), "{text}");
}
