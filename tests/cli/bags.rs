//! Bags of data that are not for everybody.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use crate::support::archives::{Served, serve, serve_with};
use crate::support::home::{Home, Ran};

const GATED: &str = "[[requires]]\nkind = \"agreement\"\nid = \"terms\"\ntitle = \"Accept the terms\"\n\
                     license = \"LicenseRef-medsets-demo\"\n";

fn gated() -> Served {
    let served = serve_with(Home::new(), &[("a.csv", b"a,b\n".to_vec(), "")], GATED);
    accept(&served, &served.home);
    served.run(&["fetch", "made"]).expect(0);
    served
}

fn by(served: &Served, home: &Home, arguments: &[&str]) -> Ran {
    home.run(&[&["--catalog", served.catalog.as_str()], arguments].concat())
}

fn accept(served: &Served, home: &Home) {
    let shown = home.json(&["--catalog", &served.catalog, "access", "accept", "made", "--dry-run"]);
    let digest = shown["data"]["text_digest"].as_str().unwrap_or_else(|| panic!("{shown}")).to_owned();
    by(served, home, &["access", "accept", "made", "--text-digest", &digest]).expect(0);
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_bag_of_gated_data_is_for_the_owner_alone() {
    let served = gated();
    assert_eq!(mode(&served.home.data().join("made/1/data/a.csv")), 0o600);
    for link in [&[][..], &["--link"]] {
        let bag = served.home.path().join(format!("bag{}", link.len()));
        let export = ["export", "made", "--format", "bagit", "-o", bag.to_str().unwrap()];
        served.run(&[&export, link].concat()).expect(0).says(&["made@1", "only you can open"]);
        assert_eq!(mode(&bag), 0o700);
        assert_eq!(mode(&bag.join("data/made/1/data/a.csv")), 0o600);
        assert_eq!(mode(&bag.join("manifest-sha256.txt")), 0o600);
    }
    // Addresses are no data.
    let bag = served.home.path().join("addresses");
    served.run(&["export", "made", "--format", "bagit", "--no-data", "-o", bag.to_str().unwrap()]).expect(0);
    assert_eq!(mode(&bag), 0o755);
}

#[test]
fn only_who_may_use_the_data_makes_a_bag_of_them() {
    let served = gated();
    let other = Home::new().with("MEDSETS_DATA_DIR", served.home.data().to_str().unwrap());
    let bag = other.path().join("bag");
    let export = ["export", "made", "--format", "bagit", "-o", bag.to_str().unwrap()];
    by(&served, &other, &export).expect(23).says(&["access accept"]);
    assert!(!bag.exists());
    accept(&served, &other);
    by(&served, &other, &export).expect(0);
    by(&served, &other, &["access", "withdraw", "made"]).expect(0);
    std::fs::remove_dir_all(&bag).unwrap();
    by(&served, &other, &export).expect(23);
    assert!(!bag.exists());
    // A document holds no data.
    by(&served, &other, &["export", "made", "--format", "sha256sums"]).expect(0);
}

#[test]
fn what_may_not_be_handed_on_is_entered() {
    let home = Home::new();
    let entry = include_str!("../../catalog/demo.toml").replacen("id = \"demo\"", "id = \"demo-closed\"", 1);
    let overlay =
        home.overlay("demo-closed.toml", &entry.replace("license = \"CC0-1.0\"", "license = \"NOASSERTION\""));
    home.run(&["fetch", "demo-closed", "--catalog", &overlay]).expect(0);
    let bag = home.path().join("bag");
    let export = ["export", "demo-closed", "--format", "bagit", "-o", bag.to_str().unwrap(), "--catalog", &overlay];
    home.run(&export).expect(0).says(&["own use"]);
    let ledger = std::fs::read_to_string(home.state().join("ledger.jsonl")).unwrap();
    let last = ledger.lines().last().unwrap();
    assert!(last.contains("\"kind\":\"share\"") && last.contains("bag `bag`"), "{last}");
    assert!(!last.contains(home.path().to_str().unwrap()), "{last}");
}

#[test]
fn files_of_a_shared_folder_get_no_second_names() {
    let served = serve(&[("a.csv", b"a,b\n".to_vec(), "")]);
    served.run(&["fetch", "made"]).expect(0);
    let person = Home::new().with("MEDSETS_SHARED_DIRS", served.home.data().to_str().unwrap());
    by(&served, &person, &["fetch", "made"]).expect(0);
    let bag = person.path().join("bag");
    by(&served, &person, &["export", "made", "--format", "bagit", "--link", "-o", bag.to_str().unwrap()])
        .expect(0)
        .says(&["its files are copied"]);
    assert_eq!(std::fs::metadata(served.home.data().join("made/1/data/a.csv")).unwrap().nlink(), 1);
    assert_eq!(std::fs::read(bag.join("data/made/1/data/a.csv")).unwrap(), b"a,b\n");
}
