//! Bundles, honest or made up.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::home::Home;

/// Paths in a bundle with their bytes.
pub type Members = Vec<(String, Vec<u8>)>;

/// The members of a tar in their order.
pub fn members(tar: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in tar::Archive::new(tar).entries().unwrap() {
        let mut entry = entry.unwrap();
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut entry, &mut bytes).unwrap();
        found.push((entry.path().unwrap().to_string_lossy().into_owned(), bytes));
    }
    found
}

/// A bundle of these members, with a head and an index that fit them.
pub fn bundle_of(members: &[(String, Vec<u8>)]) -> Vec<u8> {
    let (mut index, mut bytes) = (String::new(), 0);
    for (path, content) in members {
        let sha256 = medsets::values::Digest::sha256(content);
        index.push_str(&format!("{{\"path\":\"{path}\",\"size\":{},\"sha256\":\"{sha256}\"}}\n", content.len()));
        bytes += content.len();
    }
    let head = serde_json::json!({
        "schema": "medsets/bundle/1", "tool": "medsets test",
        "index": {
            "sha256": medsets::values::Digest::sha256(index.as_bytes()).to_string(),
            "size": index.len(), "members": members.len(), "bytes": bytes,
        },
    });
    let mut all =
        vec![("bundle.json".to_owned(), head.to_string().into_bytes()), ("index.jsonl".to_owned(), index.into_bytes())];
    all.extend(members.iter().cloned());
    pack(&all)
}

fn pack(members: &[(String, Vec<u8>)]) -> Vec<u8> {
    let parts: Vec<(&str, tar::EntryType, &str, &[u8])> =
        members.iter().map(|(name, bytes)| (name.as_str(), tar::EntryType::Regular, "", bytes.as_slice())).collect();
    let mut out = Vec::new();
    for part in super::archives::tar_of(&parts).chunks(1 << 16) {
        out.extend_from_slice(part);
    }
    zstd::encode_all(out.as_slice(), 1).unwrap()
}

/// What is in a bundle beside head and index.
pub fn inside(file: &Path) -> Vec<(String, Vec<u8>)> {
    let packed = std::fs::read(file).unwrap();
    members(&zstd::decode_all(packed.as_slice()).unwrap()).split_off(2)
}

/// Puts other bytes into the member whose path ends so.
pub fn change(members: &mut [(String, Vec<u8>)], name: &str, change: impl FnOnce(String) -> String) {
    let member = members.iter_mut().find(|(path, _)| path.ends_with(name)).unwrap_or_else(|| panic!("no {name}"));
    member.1 = change(String::from_utf8(member.1.clone()).expect("a record is text")).into_bytes();
}

/// Changes receipt and contents of the only dataset alike, so that they agree.
pub fn change_receipt(members: &mut [(String, Vec<u8>)], from: &str, to: &str) {
    let old = digest_of(members, "receipt.json");
    change(members, "receipt.json", |text| text.replace(from, to));
    let new = digest_of(members, "receipt.json");
    change(members, "contents.json", |text| text.replace(from, to).replace(&old, &new));
}

/// The digest of the member whose path ends so.
pub fn digest_of(members: &[(String, Vec<u8>)], name: &str) -> String {
    let (_, bytes) = members.iter().find(|(path, _)| path.ends_with(name)).unwrap_or_else(|| panic!("no {name}"));
    medsets::values::Digest::sha256(bytes).to_string()
}

/// The receipt of the only dataset.
pub fn receipt_in(members: &[(String, Vec<u8>)]) -> Value {
    let (_, bytes) = members.iter().find(|(path, _)| path.ends_with("receipt.json")).expect("there is a receipt");
    serde_json::from_slice(bytes).expect("it is JSON")
}

/// The members of a bundle of `demo`.
pub fn of_demo() -> Members {
    of(&Home::new(), &[], "demo")
}

/// Fetches a dataset and gives the members of its bundle.
pub fn of(home: &Home, options: &[&str], dataset: &str) -> Members {
    home.run(&[options, &["fetch", dataset]].concat()).expect(0);
    home.run(&[options, &["bundle", dataset, "-o", "made.tar.zst"]].concat()).expect(0);
    inside(&home.path().join("work/made.tar.zst"))
}

/// Another machine, without a network, with such a bundle in its folder.
pub fn there(members: &[(String, Vec<u8>)]) -> (Home, PathBuf) {
    let home = Home::new().with("MEDSETS_OFFLINE", "1");
    let file = home.path().join("work/made-up.tar.zst");
    std::fs::write(&file, bundle_of(members)).expect("the home can be written");
    (home, file)
}

/// Accepts what `demo-gated` asks for.
pub fn accept(home: &Home) {
    let text = home.json(&["access", "accept", "demo-gated", "--dry-run"]);
    let digest = text["data"]["text_digest"].as_str().expect("the text has a digest").to_owned();
    home.run(&["access", "accept", "demo-gated", "--text-digest", &digest]).expect(0);
}

/// The entry of `demo` under another name.
pub fn entry_of(id: &str, version: &str) -> String {
    let entry = Home::new().run(&["info", "demo", "--raw"]).expect(0).stdout;
    let entry = entry.replace("id = \"demo\"", &format!("id = \"{id}\""));
    entry.replace("version = \"1.0\"", &format!("version = \"{version}\""))
}

/// Other bytes in a file, with records that agree with them.
pub fn forge(members: &mut Members, name: &str, bytes: Vec<u8>) {
    let hex = |members: &Members, name: &str| {
        digest_of(members, name).strip_prefix("sha256:").expect("it is there").to_owned()
    };
    let old = [name, "manifest.sha256", "listed.jsonl"].map(|name| hex(members, name));
    let at = members.iter().position(|(path, _)| path.ends_with(name)).expect("it is there");
    assert_eq!(members[at].1.len(), bytes.len());
    members[at].1 = bytes;
    let new = hex(members, name);
    for record in ["files.jsonl", "manifest.sha256", "listed.jsonl"] {
        change(members, record, |text| text.replace(&old[0], &new));
    }
    for (record, old) in [("manifest.sha256", &old[1]), ("listed.jsonl", &old[2])] {
        let new = hex(members, record);
        change_receipt(members, old, &new);
    }
}
