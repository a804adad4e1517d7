//! Entries of the catalogue as they are, fetched from a stand-in that has other bytes.

use medsets::values::Digest;

use crate::stand_ins::Toy;
use crate::support::home::Home;

/// An overlay in which an entry has the sizes and digests of our files, and no guessed sizes,
/// for which a test machine may have no room; everything else stays. Gives its folder.
pub fn with_our_digests(home: &Home, id: &str, ours: &Toy) -> String {
    let entry = home.run(&["info", id, "--raw"]).expect(0).stdout;
    let (mut out, mut bytes) = (String::new(), None);
    for line in entry.lines() {
        if let Some(name) = line.strip_prefix("path = ") {
            bytes = ours.bytes(name.trim_matches('"'));
        } else if line.starts_with("[[") {
            bytes = None;
        }
        match (line.split(" = ").next().unwrap_or_default(), bytes) {
            ("size", Some(bytes)) => out.push_str(&format!("size = {}\n", bytes.len())),
            ("sha256", Some(bytes)) => out.push_str(&format!("sha256 = \"{}\"\n", Digest::sha256(bytes).hex())),
            ("size-about" | "unpacked-about", _) | ("md5" | "sha1" | "git-blob", Some(_)) => {}
            _ => out.push_str(&format!("{line}\n")),
        }
    }
    home.overlay(&format!("{id}.toml"), &out)
}

/// The digest that a refusal's help line names.
pub fn digest_in(stderr: &str) -> String {
    let start = stderr.find("sha256:").unwrap_or_else(|| panic!("the help names no digest: {stderr}"));
    stderr[start..].chars().take(71).collect()
}

/// Files by name, with texts as bytes.
pub fn toy(files: &[(&str, &[u8])]) -> Toy {
    Toy { files: std::sync::Arc::new(files.iter().map(|(name, bytes)| ((*name).to_owned(), bytes.to_vec())).collect()) }
}
