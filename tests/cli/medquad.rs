//! `fetch medquad` against the real archive, served as GitHub serves generated archives.

use std::io::{Read as _, Write as _};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use medsets::values::Digest;

use crate::support::home::{Home, tree};
use crate::support::host::{Host, Reply};

const COMMIT: &str = "577bd37b96c02d1833b2c9eed2de9f96964e96cb";

/// SHA-256 over the `sha256sum` lines of the 11,274 XML files, computed from the repository.
const FINGERPRINT: &str = "f435689408badb8552f156e749e9c2b830b37922179d47ea7e453bce59b02de7";

/// The real archive, where it was put beside the project; absent elsewhere.
fn archive() -> Option<Vec<u8>> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("../shared/data/MedQuAD-{COMMIT}.tar.gz"));
    let bytes = std::fs::read(&path).ok();
    if bytes.is_none() {
        eprintln!("skipped: the MedQuAD archive is not beside the project");
    }
    bytes
}

/// `github.com` that redirects to `codeload`, which packs anew for each request: the same
/// contents in other bytes, in chunks, without length or ranges. A request with a credential
/// is refused at the second host, as signed storage does.
fn github(archive: Vec<u8>) -> Host {
    let mut tar = Vec::new();
    flate2::read::MultiGzDecoder::new(&archive[..]).read_to_end(&mut tar).unwrap();
    let served = AtomicU64::new(0);
    Host::start(move |asked| {
        if asked.path == format!("/github/abachaa/MedQuAD/archive/{COMMIT}.tar.gz") {
            return Reply::redirect(302, format!("https://codeload.github.com/abachaa/MedQuAD/tar.gz/{COMMIT}"));
        }
        if asked.path != format!("/codeload/abachaa/MedQuAD/tar.gz/{COMMIT}") || asked.header("authorization").is_some()
        {
            return Reply::status(400);
        }
        let level = 1 + served.fetch_add(1, Ordering::Relaxed) as u32 % 6;
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(level));
        packed.write_all(&tar).unwrap();
        Reply::whole(packed.finish().unwrap()).chunked()
    })
}

fn home(host: &Host) -> Home {
    let url = host.url();
    Home::new().with(
        "MEDSETS_REWRITE",
        format!("https://github.com/={url}github/;https://codeload.github.com/={url}codeload/"),
    )
}

#[test]
fn the_real_archive_becomes_the_real_tree() {
    let Some(archive) = archive() else { return };
    let host = github(archive);
    let home = home(&host);
    home.run(&["fetch", "medquad"]).expect(0);
    let dir = home.run(&["path", "medquad", "--must-exist"]).expect(0).stdout;
    let data = tree(&PathBuf::from(dir.trim()).join("data"));
    let xml: Vec<(&String, &Vec<u8>)> = data.iter().filter(|(name, _)| name.ends_with(".xml")).collect();
    assert_eq!(xml.len(), 11_274);
    let folders: std::collections::BTreeSet<&str> =
        xml.iter().map(|(name, _)| name.split('/').next().unwrap()).collect();
    assert_eq!(folders.len(), 12, "{folders:?}");
    let lines: String = xml.iter().map(|(name, bytes)| format!("{}  {name}\n", Digest::sha256(bytes).hex())).collect();
    assert_eq!(Digest::sha256(lines.as_bytes()).hex(), FINGERPRINT);
    assert!(!data.keys().any(|name| name.contains("__MACOSX")), "junk stays out");
    assert!(
        data.keys().any(|name| name.ends_with("All-qrels_LiveQAMed2017-TestQuestions_2479_Judged-Answers.txt")),
        "the archive inside is unpacked"
    );

    let asked = host.log().len();
    let answer = home.json(&["fetch", "medquad", "--offline"]);
    assert_eq!(answer["data"]["datasets"][0]["downloaded"], 0);
    assert_eq!(host.log().len(), asked, "a second run asks nobody");
}

#[test]
fn changed_contents_are_refused_although_no_digest_of_the_archive_is_known() {
    let Some(archive) = archive() else { return };
    let mut tar = Vec::new();
    flate2::read::MultiGzDecoder::new(&archive[..]).read_to_end(&mut tar).unwrap();
    // One letter inside an answer; sizes and headers stay.
    let place = tar.windows(9).position(|window| window == b"<Document").unwrap() + 300;
    tar[place] ^= 1;
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(&tar).unwrap();
    let host = github(packed.finish().unwrap());
    let home = home(&host);
    home.run(&["fetch", "medquad"]).expect(40).says(&["git tree", "0e51034956585e1c9f66338dcb990529bff55607"]);
    assert!(!home.data().join("medquad").exists(), "nothing is shown that was not proven");
}
