//! By whose word a dataset is handed on or used where it lies, and what records tell of a machine.

use serde_json::Value;

use crate::support::archives::serve_with;
use crate::support::home::{Home, Ran};
use crate::support::mirrors::Share;

const CLOSED: &str = "LicenseRef-Stanford-CheXpert-RUA";
const GATED: &str = "[[requires]]\nkind = \"agreement\"\nid = \"terms\"\ntitle = \"Accept the terms\"\n\
                     license = \"LicenseRef-medsets-demo\"\n";

/// A dataset of two files, the second under closed terms of its own, which is here; and a folder as
/// mirror.
struct Scene {
    served: crate::support::archives::Served,
    mirror: String,
}

impl Scene {
    fn new() -> Self {
        let files = [("a.csv", b"a,b\n".to_vec(), ""), ("b.csv", b"b,c\n".to_vec(), "")];
        let served = serve_with(Home::new(), &files, "");
        let (_, mirror) = served.home.share();
        Self { served, mirror }
    }

    /// Fetched by an entry that was changed before.
    fn fetched(edit: impl Fn(&str) -> String) -> Self {
        let scene = Self::new();
        scene.served.edit_entry(edit);
        scene.served.run(&["fetch", "made"]).expect(0);
        scene
    }

    /// Changes a record of the dataset by hand.
    fn edit(&self, name: &str, from: &str, to: &str) {
        let path = self.served.home.data().join("made/1/.medsets").join(name);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{text}");
        std::fs::write(path, text.replace(from, to)).unwrap();
    }

    fn push(&self) -> Ran {
        self.served.run(&["mirror", "push", "made", "--mirror", &self.mirror])
    }

    /// The table of the mirror in a project file.
    fn named(&self, datasets: &str, ground: &str) -> String {
        format!("[[mirror]]\nurl = \"{}\"\nfor = {datasets}\nground = \"{ground}\"\n", self.mirror)
    }

    /// Pushes in a project with an exception for the dataset and these tables of mirrors.
    fn push_by_exception(&self, mirrors: &str) -> Ran {
        let policy = "[project]\nname = \"lab\"\n\n[[policy.exception]]\ndataset = \"made\"\nterm = \"redistribution\"\n\
                      reason = \"inside the licensed institution\"\nby = \"A. Person\"\nuntil = 2999-01-01\n\n";
        std::fs::write(self.served.home.path().join("work/medsets.toml"), format!("{policy}{mirrors}")).unwrap();
        let data = self.served.home.data();
        self.served.run(&["--data-dir", data.to_str().unwrap(), "mirror", "push", "made", "--mirror", &self.mirror])
    }

    fn is_empty(&self) -> bool {
        std::fs::read_dir(self.served.home.path().join("share")).unwrap().next().is_none()
    }
}

fn closed(text: &str) -> String {
    text.replace("license = \"CC0-1.0\"", &format!("license = \"{CLOSED}\""))
}

/// What a person wrote into the receipt makes nothing free: the catalogue knows better.
#[test]
fn a_receipt_that_was_edited_lets_nothing_be_handed_on() {
    let scene = Scene::fetched(closed);
    let push = || scene.push().expect(60).says(&["redistribution", CLOSED, "[[policy.exception]]"]);
    push();
    scene.edit("receipt.json", CLOSED, "CC0-1.0");
    push().says(&["its receipt names CC0-1.0", "the stricter holds"]);
    scene.edit("receipt.json", "\"channel\": \"web\"", "\"channel\": \"elsewhere\"");
    push();
    assert!(scene.is_empty());
    // With a ground for the true terms it goes.
    scene.edit("receipt.json", "\"channel\": \"elsewhere\"", "\"channel\": \"web\"");
    scene.push_by_exception(&scene.named("[\"made\"]", "readers have signed")).expect(0);
}

/// An exception is a word about a private mirror: it opens the one that the project names for the
/// dataset, with the ground on which it may lie there, and no other.
#[test]
fn an_exception_opens_no_mirror_without_a_ground() {
    let scene = Scene::fetched(closed);
    let refused = |mirrors: &str| {
        let ran = scene.push_by_exception(mirrors).expect(60);
        ran.says(&[
            "by an exception of the policy alone",
            "inside the licensed institution",
            "[[mirror]]",
            &scene.mirror,
        ]);
        assert!(scene.is_empty(), "{mirrors}");
    };
    refused("");
    refused(&scene.named("[\"other\"]", "readers have signed"));
    refused(&scene.named("[\"made\"]", " "));
    refused(&format!("[[mirror]]\nurl = \"{}\"\n", scene.mirror));
    refused(&scene.named("[]", "readers have signed"));
    let for_all = |mirror: &str| format!("[[mirror]]\nurl = \"{mirror}\"\nground = \"readers have signed\"\n");
    refused(&for_all(&scene.mirror.replace("/share", "/elsewhere")));
    scene.push_by_exception(&for_all(&scene.mirror)).expect(0);
}

/// The stricter of both: terms that the owner has tightened since, and those it came under.
#[test]
fn the_stricter_of_receipt_and_entry_holds() {
    let tightened = Scene::new();
    tightened.served.run(&["fetch", "made"]).expect(0);
    tightened.push().expect(0);
    tightened.served.edit_entry(closed);
    tightened.push().expect(60).says(&[CLOSED]);
    let relaxed = Scene::fetched(closed);
    relaxed.served.edit_entry(|text| text.replace(CLOSED, "CC0-1.0"));
    relaxed.push().expect(60).says(&[CLOSED]);
    assert!(relaxed.is_empty());
}

/// The same for a file under terms of its own.
#[test]
fn an_inventory_that_was_edited_lets_no_file_be_handed_on() {
    let of_file =
        |text: &str| text.replace("path = \"b.csv\"\n", &format!("path = \"b.csv\"\nlicense = \"{CLOSED}\"\n"));
    let scene = Scene::fetched(of_file);
    scene.push().expect(60).says(&[CLOSED, "`items`"]);
    scene.edit("files.jsonl", &format!(",\"license\":\"{CLOSED}\""), "");
    scene.push().expect(60).says(&[CLOSED, "`items`"]);
    assert!(scene.is_empty());
}

/// Where the catalogue has no entry any more, the ledger says under what it came; without that
/// nobody knows.
#[test]
fn without_an_entry_the_own_ledger_speaks() {
    let gone = || {
        let scene = Scene::fetched(closed);
        std::fs::remove_file(scene.served.entry()).unwrap();
        scene
    };
    let scene = gone();
    scene.edit("receipt.json", CLOSED, "CC0-1.0");
    scene.push().expect(60).says(&[CLOSED]);
    std::fs::remove_dir_all(scene.served.home.state()).unwrap();
    scene.push().expect(60).says(&["nothing but its receipt", "--catalog DIR"]);
    assert!(scene.is_empty());
}

/// A dataset that a colleague brought is used by whoever accepted its terms, through a pull too.
#[test]
fn a_pull_of_what_is_here_asks_for_ones_own_acceptance() {
    let served = serve_with(Home::new(), &[("a.csv", b"a,b\n".to_vec(), "")], GATED);
    let accept = |home: &Home| {
        let shown = home.json(&["--catalog", &served.catalog, "access", "accept", "made", "--dry-run"]);
        let digest = shown["data"]["text_digest"].as_str().unwrap().to_owned();
        home.run(&["--catalog", &served.catalog, "access", "accept", "made", "--text-digest", &digest]).expect(0);
    };
    accept(&served.home);
    served.run(&["fetch", "made"]).expect(0);
    let colleague = Home::new();
    let data = served.home.data();
    let pull = ["--catalog", &served.catalog, "--data-dir", data.to_str().unwrap(), "mirror", "pull", "made"];
    for flags in [&[][..], &["--dry-run"]] {
        let refused = colleague.run(&[&pull[..], flags].concat()).expect(23);
        refused.says(&["missing", "medsets access accept made", "is here and stays as it is"]);
    }
    accept(&colleague);
    colleague.run(&pull).expect(0).says(&["is whole here"]);
    let ledger = std::fs::read_to_string(colleague.state().join("ledger.jsonl")).unwrap();
    assert!(ledger.lines().last().unwrap().contains("found in place"), "{ledger}");
    colleague.run(&["--catalog", &served.catalog, "access", "withdraw", "made"]).expect(0);
    colleague.run(&pull).expect(23).says(&["withdrawn on"]);
}

/// Neither the receipt nor the ledger, nor a bundle of both, names a place on a machine.
#[test]
fn no_local_path_leaves_in_records() {
    let share = Share::pushed();
    let other = share.other();
    other.pull().expect(0);
    let home = &other.served.home;
    let receipt_path = other.dataset().join(".medsets/receipt.json");
    let text = std::fs::read_to_string(&receipt_path).unwrap();
    let receipt: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(receipt["source"]["mirror"], "file:share");
    assert_eq!(receipt["catalog"]["origin"], "made.toml");
    let ledger = std::fs::read_to_string(home.state().join("ledger.jsonl")).unwrap();
    assert!(ledger.contains("by the mirror file:share"), "{ledger}");
    other.served.run(&["mirror", "push", "made", "--mirror", &other.url]).expect(0);
    // An earlier medsets noted places.
    let old = text
        .replace("file:share", &other.url)
        .replace("\"made.toml\"", &format!("\"{}/made.toml\"", other.served.catalog));
    std::fs::write(&receipt_path, old).unwrap();
    other.served.run(&["bundle", "made", "-o", "out.medsets"]).expect(0);
    let packed = std::fs::read(home.path().join("work/out.medsets")).unwrap();
    let members = crate::support::bundles::members(&zstd::decode_all(&packed[..]).unwrap());
    let places = [home.path(), share.served.home.path()].map(|path| path.to_str().unwrap().to_owned());
    for (name, bytes) in members.into_iter().filter(|(name, _)| !name.contains("/data/")) {
        let text = String::from_utf8_lossy(&bytes);
        assert!(!places.iter().any(|place| text.contains(place.as_str())), "{name}: {text}");
    }
    for push in [&share.served, &other.served] {
        let ledger = std::fs::read_to_string(push.home.state().join("ledger.jsonl")).unwrap();
        assert!(!places.iter().any(|place| ledger.contains(place.as_str())), "{ledger}");
    }
    // A folder beside, emptied to be sent anew: nothing of it names a place either.
    for name in ["mirror.json", "entry.toml"] {
        let text = std::fs::read_to_string(share.records().join(name)).unwrap();
        assert!(!places.iter().any(|place| text.contains(place.as_str())), "{name}: {text}");
    }
}
