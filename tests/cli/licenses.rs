//! Choosing files by their licences.

use serde_json::Value;

use crate::support::home::{Home, Ran, tree};
use crate::support::host::{Host, Reply};

/// Four files of one dataset, whose entry says by file, by group and by part what they are under.
struct Scene {
    _host: Host,
    home: Home,
    catalog: String,
}

const STATED: &str = "license = \"CC-BY-4.0\"\nlicense-parts = { images = \"CC-BY-NC-4.0\" }\n";

const FILES: &str = "[[release.file]]\npath = \"table.csv\"\n\
    [[release.file]]\npath = \"picture.txt\"\ngroup = \"images\"\n\
    [[release.file]]\npath = \"free.txt\"\nlicense = \"CC0-1.0\"\n\
    [[release.file]]\npath = \"either.txt\"\nlicense = \"MIT OR CC-BY-NC-4.0\"\n";

fn scene(terms: &str, files: &str) -> Scene {
    let host = Host::start(|asked| Reply::file(asked, asked.place().into_bytes()));
    let home = Home::new().with("MEDSETS_REWRITE", format!("https://data.example.org/={}", host.url()));
    let entry = format!(
        "id = \"mixed\"\ntitle = \"Mixed\"\nsummary = \"Made in a test.\"\nmaintainer = {{ name = \"test\" }}\n\
         [[release]]\nversion = \"1\"\n{terms}\
         [[release.source]]\nchannel = \"web\"\nprovider = \"http\"\nbase = \"https://data.example.org/\"\n{files}"
    );
    let catalog = home.overlay("mixed.toml", &entry);
    Scene { _host: host, home, catalog }
}

impl Scene {
    fn run(&self, arguments: &[&str]) -> Ran {
        self.home.run(&[&["--catalog", self.catalog.as_str()], arguments].concat())
    }

    fn names(&self) -> Vec<String> {
        tree(&self.home.data().join("mixed/1/data")).into_keys().collect()
    }
}

#[test]
fn licences_are_named_in_any_case() {
    #[track_caller]
    fn check(licenses: &str, expected: &[&str]) {
        let scene = scene(STATED, FILES);
        scene.run(&["fetch", "mixed", "--license", licenses]).expect(0);
        assert_eq!(scene.names(), expected, "{licenses}");
    }
    check("cc-by-4.0,cc0-1.0", &["free.txt", "table.csv"]);
    check("CC0-1.0", &["free.txt"]);
    check("Cc-By-Nc-4.0", &["either.txt", "picture.txt"]); // one of `OR` is enough
    check("mit", &["either.txt"]);
}

#[test]
fn a_choice_that_fits_nothing_says_what_there_is() {
    let scene = scene(STATED, FILES);
    let ran = scene.run(&["fetch", "mixed", "--license", "cc-by"]).expect(2);
    ran.says(&["no file of `mixed@1` is under `cc-by`", "`CC-BY-NC-4.0` (1 file)", "`CC0-1.0` (1 file)"]);
}

#[test]
fn where_nothing_states_licences_of_files_none_can_be_chosen() {
    for terms in ["license = \"CC-BY-NC-4.0\"\n", "license = \"LicenseRef-ISIC-Per-Image\"\n", ""] {
        let scene = scene(terms, "[[release.file]]\npath = \"table.csv\"\n");
        let ran = scene.run(&["fetch", "mixed", "--license", "cc-by-4.0"]).expect(2);
        ran.says(&["nothing states licences of single files of `mixed@1`"]);
        assert!(!scene.home.data().join("mixed").exists());
    }
    // What the entry says of the whole it says of each file.
    let scene = scene("license = \"CC-BY-4.0\"\n", "[[release.file]]\npath = \"table.csv\"\n");
    scene.run(&["fetch", "mixed", "--license", "cc-by-4.0"]).expect(0);
}

#[test]
fn terms_of_files_are_planned_recorded_and_kept_by_a_repair() {
    let scene = scene(STATED, FILES);
    let plan = scene.run(&["fetch", "mixed", "--license", "cc0-1.0,cc-by-4.0", "--dry-run", "--json"]).expect(0);
    let plan: Value = serde_json::from_str(&plan.stdout).unwrap();
    let steps = plan["data"]["datasets"][0]["plan"]["steps"].as_array().unwrap();
    let licenses: Vec<_> =
        steps.iter().map(|step| (step["path"].as_str().unwrap(), step["license"].as_str())).collect();
    assert_eq!(licenses, [("table.csv", None), ("free.txt", Some("CC0-1.0"))]);
    let plan = scene.run(&["fetch", "mixed", "--dry-run"]).expect(0).stdout;
    assert!(plan.lines().any(|line| line.contains("picture.txt") && line.ends_with("CC-BY-NC-4.0")), "{plan}");
    let recorded = || -> Vec<(String, Option<String>)> {
        let text = std::fs::read_to_string(scene.home.data().join("mixed/1/.medsets/files.jsonl")).unwrap();
        let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines
            .map(|line| (line["path"].as_str().unwrap().to_owned(), line["license"].as_str().map(str::to_owned)))
            .collect()
    };
    scene.run(&["fetch", "mixed", "--license", "cc0-1.0,cc-by-4.0"]).expect(0);
    let expected = vec![("data/free.txt".to_owned(), Some("CC0-1.0".to_owned())), ("data/table.csv".to_owned(), None)];
    assert_eq!(recorded(), expected);
    std::fs::write(scene.home.data().join("mixed/1/data/free.txt"), "broken").unwrap();
    scene.run(&["verify", "mixed", "--repair"]).expect(0);
    assert_eq!(recorded(), expected, "the repair keeps to the choice, and its records say the same");
    // The records lost, the choice is told by what is here.
    std::fs::remove_file(scene.home.data().join("mixed/1/.medsets/receipt.json")).unwrap();
    scene.run(&["verify", "mixed", "--repair"]).expect(0);
    assert_eq!(recorded(), expected);
}
