use crate::catalog::Catalog;

/// The catalogue with an entry that tries to write lines and obey escapes.
pub(in crate::reports) fn hostile(catalog: Catalog) -> Catalog {
    let id = "medquad".parse().unwrap();
    let text = &catalog.get(&id).unwrap().text;
    let attack = "x\\u001b[2J\\nFAKE line\\r\\u202e <script>alert(1)</script>\\n# FAKE heading";
    let mut hostile = String::new();
    let mut replaced = 0;
    for line in text.lines() {
        let key = ["title", "summary", "known-issues"].into_iter().find(|key| line.starts_with(&format!("{key} = ")));
        match key {
            Some("known-issues") => hostile += &format!("known-issues = [\"{attack}\"]\n"),
            Some(key) if !line.contains("[citation]") && replaced < 2 => hostile += &format!("{key} = \"{attack}\"\n"),
            _ => hostile += &format!("{line}\n"),
        }
        replaced += usize::from(key.is_some());
    }
    assert!(hostile.contains("known-issues = [\"x\\u001b"), "the entry has known issues on one line");
    catalog.with_overlay(vec![("/x/medquad.toml".into(), hostile)]).unwrap()
}
