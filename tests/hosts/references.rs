//! Data outside the catalogue, by reference.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;

use crate::stand_ins::{
    Setup, Toy, doi, figshare, github, huggingface, kaggle, osf, physionet, redivis, s3, storage, zenodo,
};
use crate::support::home::{Home, Ran, tree};
use crate::support::host::{Asked, Host, Reply};

use super::scene::{STORAGE, expected};

const TOKEN: &str = "hf_Wb7rXk2mQz9d";

/// All hosts behind one door, told apart by the first part of the path.
struct World {
    hosts: Host,
    home: Home,
    /// While set, the store has lost its files.
    broken: Arc<AtomicBool>,
}

/// Addresses, and the path behind the door that each becomes.
const ADDRESSES: [(&str, &str); 18] = [
    ("https://zenodo.org/", "zenodo/"),
    ("https://api.figshare.com/", "figshare/api/"),
    ("https://ndownloader.figshare.com/", "figshare/bytes/"),
    ("https://figshare.com/", "figshare/site/"),
    ("https://api.osf.io/", "osf/"),
    ("https://files.osf.io/", "osf/files/"),
    ("https://huggingface.co/", "hub/"),
    ("https://api.github.com/", "github/api/"),
    ("https://github.com/", "github/web/"),
    ("https://codeload.github.com/", "github/codeload/"),
    ("https://doi.org/", "doi/"),
    ("https://api.kaggle.com/", "kaggle/api/"),
    ("https://www.kaggle.com/", "kaggle/"),
    ("https://physionet.org/", "physionet/"),
    ("https://redivis.com/", "redivis/"),
    ("https://toy-bucket.s3.amazonaws.com/", "s3/toy-bucket/"),
    ("https://files.example.org/", "files/"),
    (STORAGE, "store/"),
];

impl World {
    fn new() -> Self {
        Self::with_token(None)
    }

    /// The Hub's repository is gated where it wants a token.
    fn with_token(token: Option<&str>) -> Self {
        let broken = Arc::new(AtomicBool::new(false));
        // figshare has no folders.
        let stored =
            Toy { files: Arc::new([Toy::new(), Toy::flat()].iter().flat_map(|toy| toy.files.to_vec()).collect()) };
        let (token, is_broken) = (token.map(str::to_owned), broken.clone());
        let hosts = Host::start(move |asked| {
            let (door, rest) = asked.path[1..].split_once('/').unwrap_or((&asked.path[1..], ""));
            let inner = Asked { path: format!("/{rest}"), ..asked.clone() };
            let setup = |origin: &str, toy: Toy| Setup {
                toy,
                origin: origin.to_owned(),
                storage: STORAGE.to_owned(),
                token: None,
            };
            match door {
                "zenodo" => zenodo::answer(&setup("https://zenodo.org/", Toy::flat()), &inner),
                "figshare" => figshare::answer(&setup("https://api.figshare.com/", Toy::flat()), &inner),
                "osf" => osf::answer(&setup("https://api.osf.io/", Toy::new()), &inner),
                "hub" => {
                    let open = setup("https://huggingface.co/", Toy::new());
                    huggingface::answer(&Setup { token: token.clone(), ..open }, &inner)
                }
                "github" => github::answer(&setup("https://github.com/", Toy::new()), &inner),
                "kaggle" => kaggle::answer(&setup("https://www.kaggle.com/", Toy::new()), &inner),
                "physionet" => {
                    let toy = physionet::with_sums(Toy::new());
                    physionet::answer(&setup("https://physionet.org/", toy), &inner)
                }
                "redivis" => redivis::answer(&setup("https://redivis.com/", Toy::new()), &inner),
                "s3" => s3::answer(&setup("https://s3.amazonaws.com/", Toy::new()), &inner),
                "doi" => doi::answer(&inner),
                "files" if rest == "a%20b.csv" => Reply::file(asked, &b"id,label\n1,0\n"[..]),
                "files" if rest == "page.csv" => Reply::page("<!DOCTYPE html><title>Log in</title>"),
                "store" if is_broken.load(Ordering::SeqCst) => Reply::status(404),
                "store" => storage::answer(&stored, &inner),
                _ => Reply::status(404),
            }
        });
        let rewrites: Vec<String> =
            ADDRESSES.iter().map(|(address, path)| format!("{address}={}{path}", hosts.url())).collect();
        let home = Home::new().with("MEDSETS_REWRITE", rewrites.join(";")).with("MEDSETS_KEYRING", "none");
        Self { hosts, home, broken }
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        self.home.run(arguments)
    }

    /// What was asked so far.
    fn asked(&self) -> usize {
        self.hosts.log().len()
    }

    fn data(&self, folder: &str) -> BTreeMap<String, Vec<u8>> {
        tree(&self.home.data().join(folder).join("data"))
    }

    fn text(&self, path: &str) -> String {
        std::fs::read_to_string(self.home.data().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }
}

/// A project with the lock of such a table, cloned to where nothing of it is.
fn cloned(table: &str) -> World {
    let (first, other) = (World::new(), World::new());
    let work = |world: &World| world.home.path().join("work");
    let project = format!("[project]\nname = \"x\"\n\n[[dataset]]\n{table}\n");
    std::fs::write(work(&first).join("medsets.toml"), project).unwrap();
    first.run(&["sync"]).expect(0);
    std::fs::create_dir(work(&other).join("medsets.lock.d")).unwrap();
    let beside = tree(&work(&first).join("medsets.lock.d")).into_keys().map(|name| format!("medsets.lock.d/{name}"));
    for name in beside.chain(["medsets.toml".to_owned(), "medsets.lock".to_owned()]) {
        std::fs::copy(work(&first).join(&name), work(&other).join(&name)).unwrap();
    }
    other
}

/// A record that the lock of a project pins is brought by hand where no host can be asked.
#[test]
fn files_of_a_locked_reference_are_brought_by_hand() {
    let other = cloned("id = \"zenodo:42\"");
    other.run(&["sync", "--offline"]).expect(30).says(&["`medsets import zenodo-42@42 PATH...`"]);
    let got = other.home.path().join("got");
    std::fs::create_dir(&got).unwrap();
    for (name, bytes) in Toy::flat().files.iter() {
        std::fs::write(got.join(name), bytes).unwrap();
    }
    other.run(&["import", "zenodo-42@42", got.to_str().unwrap(), "--offline"]).expect(0);
    other.run(&["sync", "--frozen", "--offline"]).expect(0);
    other.run(&["sync", "--check"]).expect(0);
    assert_eq!(other.asked(), 0);
}

/// Where the lock means a part and no host can be asked for the rest, that part is what is here.
#[test]
fn a_part_of_a_locked_reference_is_brought_by_hand_as_that_part() {
    let (name, bytes) = Toy::flat().files[0].clone();
    let other = cloned(&format!("id = \"zenodo:42\"\ninclude = [\"{name}\"]"));
    let got = other.home.path().join(&name);
    std::fs::write(&got, bytes).unwrap();
    other.run(&["import", "zenodo-42@42", got.to_str().unwrap(), "--offline"]).expect(0);
    let receipt = other.home.path().join("work/data/zenodo-42/42/.medsets/receipt.json");
    let receipt = std::fs::read_to_string(receipt).unwrap();
    assert!(receipt.contains("\"whole\": false"), "{receipt}");
    other.run(&["sync", "--frozen", "--offline"]).expect(0);
    other.run(&["sync", "--check"]).expect(0);
}

/// Fetched once, it is found by every form given, by id and by id and version, without a host.
#[track_caller]
fn is_found_offline(world: &World, forms: &[&str]) {
    let asked = world.asked();
    for form in forms {
        world.run(&["fetch", form, "--offline"]).expect(0).says(&["is whole here", "not in the catalogue"]);
        world.run(&["fetch", form]).expect(0);
        for command in ["info", "access", "verify", "status", "cite"] {
            world.run(&[command, form, "--offline"]).expect(0);
        }
        world.run(&["path", form, "--must-exist", "--offline"]).expect(0);
    }
    assert_eq!(world.asked(), asked, "somebody was asked about what is here: {:?}", world.hosts.log().last());
}

#[test]
fn a_zenodo_record_is_fetched_and_marked_wherever_it_is_shown() {
    let world = World::new();
    let ran = world.run(&["fetch", "zenodo:42"]).expect(0);
    assert!(ran.stdout.trim().ends_with("zenodo-42/42"), "{}", ran.stdout);
    ran.says(&["`zenodo:42` is not in the catalogue", "`cc-by-4.0`", "nothing is taken as permission"]);
    assert_eq!(world.data("zenodo-42/42"), expected(&Toy::flat()));
    let mark = "not in the catalogue";
    for command in [&["info", "zenodo:42"][..], &["list"], &["status"], &["verify"], &["access", "zenodo:42"]] {
        let ran = world.run(command).expect(0);
        assert!(ran.stdout.contains(mark), "{command:?}: {}", ran.stdout);
    }
    assert!(world.run(&["ledger", "show", "zenodo:42"]).expect(0).stdout.contains(mark));
    for paper in ["README.md", "TERMS.md"] {
        let text = world.text(&format!("zenodo-42/42/{paper}"));
        assert!(text.contains("**Not in the catalogue.**") && text.contains("`cc-by-4.0`"), "{paper}: {text}");
    }
    for command in [&["fetch", "zenodo:42"][..], &["list"], &["status"], &["verify"], &["access", "zenodo:42"]] {
        let answer = world.home.json(command);
        let one = &answer["data"]["datasets"][0];
        assert_eq!(
            (&one["in_catalog"], &one["reference"]),
            (&false.into(), &"zenodo:42".into()),
            "{command:?}: {answer}"
        );
    }
    let info = &world.home.json(&["info", "zenodo:42"])["data"];
    assert_eq!((&info["in_catalog"], &info["title"]), (&false.into(), &"Toy".into()));
    assert_eq!(info["license"]["expression"], "CC-BY-4.0");
    let receipt: Value = serde_json::from_str(&world.text("zenodo-42/42/.medsets/receipt.json")).unwrap();
    assert_eq!(receipt["reference"], "zenodo:42");
    assert_eq!(
        (&receipt["license"]["expression"], &receipt["license"]["stated"]),
        (&"CC-BY-4.0".into(), &"cc-by-4.0".into())
    );
    let entries = world.home.json(&["ledger", "show"]);
    assert_eq!(entries["data"]["entries"][0]["reference"], "zenodo:42");
    assert!(world.run(&["cite", "zenodo:42"]).expect(0).stdout.contains("Doe"));
    // It is in no list of the catalogue.
    assert!(!world.run(&["list", "--available"]).expect(0).stdout.contains("zenodo-42"));
    is_found_offline(
        &world,
        &["zenodo:42", "zenodo-42", "zenodo-42@42", "https://zenodo.org/records/42", "doi:10.5281/zenodo.42"],
    );
    world.run(&["remove", "zenodo:42", "--yes"]).expect(0);
    let last = &world.home.json(&["ledger", "show"])["data"]["entries"][1];
    assert_eq!((&last["kind"], &last["reference"]), (&"delete".into(), &"zenodo:42".into()));
    world.run(&["status", "zenodo:42"]).expect(11).says(&["is not here", "medsets fetch zenodo:42"]);
}

#[test]
fn answers_fit_their_schemas() {
    let world = World::new();
    let commands: [&[&str]; 8] = [
        &["fetch", "zenodo:42", "--dry-run"],
        &["fetch", "zenodo:42"],
        &["list"],
        &["status"],
        &["verify"],
        &["info", "zenodo:42"],
        &["access", "zenodo:42"],
        &["ledger", "show"],
    ];
    for command in commands {
        let answer = world.home.json(command);
        let name = answer["schema"].as_str().unwrap().split('/').nth(1).unwrap().to_owned();
        let schema = world.run(&["schema", &name]).expect(0).stdout;
        let validator = jsonschema::validator_for(&serde_json::from_str(&schema).unwrap()).unwrap();
        let faults: Vec<String> = validator.iter_errors(&answer).map(|error| error.to_string()).collect();
        assert!(faults.is_empty(), "{command:?}: {faults:?}");
        if command[0] != "ledger" {
            assert!(schema.contains("in_catalog"), "the schema of {name} names the mark");
        }
    }
}

#[test]
fn a_concept_becomes_its_newest_record() {
    let world = World::new();
    world.run(&["fetch", "doi:10.5281/zenodo.41"]).expect(0);
    assert_eq!(world.data("zenodo-42/42"), expected(&Toy::flat()));
    is_found_offline(&world, &["doi:10.5281/zenodo.41", "doi:10.5281/zenodo.42", "zenodo:42"]);
}

#[test]
fn a_doi_leads_to_the_host_or_is_explained() {
    let world = World::new();
    world.run(&["fetch", "https://doi.org/10.6084/M9.figshare.77.v2"]).expect(0);
    assert_eq!(world.data("figshare-77/2"), expected(&Toy::flat()));
    let ran = world.run(&["fetch", "doi:10.1234/paper"]).expect(11);
    assert!(!ran.stderr.contains("SECRET"));
    ran.says(&[
        "`doi:10.1234/paper`",
        "<https://journal.example.org/articles/1",
        "no page of a host that medsets knows",
    ]);
    // It is told, not asked: that it is plain http does not matter.
    world.run(&["fetch", "doi:10.1234/old"]).expect(11).says(&["<http://old.example.org/1>", "no page of a host"]);
    world.run(&["fetch", "doi:10.1234/nothing"]).expect(11).says(&["is not registered with doi.org"]);
}

#[test]
fn the_newest_version_is_pinned() {
    let world = World::new();
    world.run(&["fetch", "figshare:77"]).expect(0).says(&["`figshare:77/2`", "`CC BY 4.0`"]);
    assert_eq!(world.data("figshare-77/2"), expected(&Toy::flat()));
    is_found_offline(&world, &["figshare:77", "figshare:77/2", "figshare-77"]);
    world.run(&["fetch", "figshare:77/9"]).expect(11).says(&["figshare has no `figshare:77/9`"]);
}

#[test]
fn a_project_without_versions_is_named_after_the_day() {
    let world = World::new();
    world.run(&["fetch", "osf:ABCDE"]).expect(0).says(&["`CC0 1.0 Universal`"]);
    let receipt = &world.home.json(&["list"])["data"]["datasets"][0];
    assert_eq!((&receipt["id"], &receipt["license"]), (&"osf-abcde".into(), &"CC0-1.0".into()));
    assert_eq!(world.data(&format!("osf-abcde/{}", receipt["version"].as_str().unwrap())), expected(&Toy::new()));
    is_found_offline(&world, &["osf:abcde", "https://osf.io/abcde/"]);
}

#[test]
fn a_branch_is_pinned_to_its_commit() {
    let world = World::new();
    world.run(&["fetch", "hf:org/toy@main"]).expect(0).says(&[huggingface::COMMIT, "`mit`"]);
    assert_eq!(world.data(&format!("hf-org--toy/{}", huggingface::COMMIT)), expected(&Toy::new()));
    is_found_offline(&world, &["hf:org/toy@main", "hf-org--toy", &format!("hf:org/toy@{}", huggingface::COMMIT)]);
    // Another form of the same is resolved once, and not fetched again.
    let ran = world.run(&["fetch", "hf:org/toy"]).expect(0);
    ran.says(&["is whole here"]);
    world.run(&["fetch", "hf:org/other"]).expect(11).says(&["Hugging Face has no `hf:org/other`"]);
    world.run(&["fetch", "hf:org/toy@no-such-branch"]).expect(11);
}

#[test]
fn an_unfinished_fetch_goes_on_with_what_was_described() {
    let world = World::new();
    world.broken.store(true, Ordering::SeqCst);
    assert_ne!(world.run(&["fetch", "hf:org/toy"]).code, Some(0));
    let about = |asked: &Asked| asked.path.contains("/hub/api/");
    let described = world.hosts.log().iter().filter(|asked| about(asked)).count();
    assert!(described > 0);
    world.broken.store(false, Ordering::SeqCst);
    world.run(&["fetch", "hf:org/toy"]).expect(0);
    assert_eq!(world.hosts.log().iter().filter(|asked| about(asked)).count(), described, "the Hub was asked again");
    assert_eq!(world.data(&format!("hf-org--toy/{}", huggingface::COMMIT)), expected(&Toy::new()));
}

#[test]
fn a_gated_repository_is_explained_and_its_token_stays_with_it() {
    let gated = World::with_token(Some(TOKEN));
    let page = "https://huggingface.co/datasets/org/toy";
    gated.run(&["access", "hf:org/toy"]).expect(0).says(&["the repository is gated (manual)"]);
    gated.run(&["fetch", "hf:org/toy"]).expect(20).says(&["gated", page, "MEDSETS_TOKEN_HUGGINGFACE"]);
    let stranger = World::with_token(Some(TOKEN));
    let home = stranger.home.with("MEDSETS_TOKEN_HUGGINGFACE", "hf_of_somebody_else");
    home.run(&["fetch", "hf:org/toy"]).expect(22).says(&["not granted", page]);
    let World { hosts, home, .. } = World::with_token(Some(TOKEN));
    let home = home.with("MEDSETS_TOKEN_HUGGINGFACE", TOKEN).with("MEDSETS_LOG", "trace");
    let ran = home.run(&["fetch", "hf:org/toy", "--events", "-"]).expect(0);
    for asked in hosts.log() {
        let sent = asked.header("authorization").is_some();
        assert_eq!(sent, asked.path.starts_with("/hub/"), "{asked:?}");
    }
    for (name, bytes) in tree(home.path()) {
        assert!(!String::from_utf8_lossy(&bytes).contains(TOKEN), "{name} shows the token");
    }
    assert!(!ran.stdout.contains(TOKEN) && !ran.stderr.contains(TOKEN));
}

#[test]
fn a_restricted_record_is_explained() {
    let world = World::new();
    let page = "https://zenodo.org/records/43";
    world.run(&["access", "zenodo:43"]).expect(0).says(&["access is restricted"]);
    world.run(&["fetch", "zenodo:43"]).expect(20).says(&["access is restricted", page]);
    world.run(&["fetch", "zenodo:44"]).expect(11).says(&["Zenodo has no `zenodo:44`"]);
}

#[test]
fn a_repository_is_proven_by_its_tree() {
    let world = World::new();
    world.run(&["fetch", "github:o/r@v1"]).expect(0).says(&["every file proven", "`MIT`"]);
    assert_eq!(world.data(&format!("github-o--r/{}", github::COMMIT)), expected(&Toy::new()));
    is_found_offline(&world, &["github:o/r@v1", "github-o--r"]);
    world.run(&["fetch", "github:o/none"]).expect(11).says(&["GitHub has no `github:o/none`"]);
}

#[test]
fn a_dataset_of_kaggle_is_pinned_to_its_version() {
    let world = World::new();
    world.run(&["fetch", "kaggle:own/toy"]).expect(0).says(&["`kaggle:own/toy@3`", "`CC0-1.0`"]);
    assert_eq!(world.data("kaggle-own--toy/3"), expected(&Toy::new()));
    is_found_offline(&world, &["kaggle:own/toy", "kaggle:own/toy@3", "https://www.kaggle.com/datasets/own/toy"]);
    world.run(&["fetch", "kaggle:competitions/toy"]).expect(20).says(&["accepted the rules", "MEDSETS_TOKEN_KAGGLE"]);
}

#[test]
fn a_project_of_physionet_is_pinned_to_its_last_version() {
    let world = World::new();
    let stated = "`PhysioNet Credentialed Health Data License 1.5.0`";
    world.run(&["fetch", "physionet:toy-ecg"]).expect(0).says(&["`physionet:toy-ecg@1.1.0`", stated]);
    let license = &world.home.json(&["list"])["data"]["datasets"][0]["license"];
    assert_eq!(license, "LicenseRef-PhysioNet-Credentialed-Health-Data-License-1.5.0");
    let data = world.data("physionet-toy-ecg/1.1.0");
    assert!(expected(&Toy::new()).iter().all(|(name, bytes)| data.get(name) == Some(bytes)), "{:?}", data.keys());
    is_found_offline(&world, &["physionet:toy-ecg", "https://physionet.org/content/toy-ecg/1.1.0/"]);
    world.run(&["fetch", "physionet:no-such"]).expect(11).says(&["PhysioNet has no `physionet:no-such`"]);
}

#[test]
fn a_table_of_redivis_is_pinned_to_its_version() {
    let world = World::new();
    let says = ["`redivis:toys.toy.files@v1_0`", "its host states no licence"];
    world.run(&["fetch", "redivis:Toys.toy.files"]).expect(0).says(&says);
    assert_eq!(world.data("redivis-toys--toy--files/v1_0"), expected(&Toy::new()));
    let forms = ["redivis:toys.toy.files", "redivis:toys.toy:v1_0.files", "redivis-toys--toy--files@v1_0"];
    is_found_offline(&world, &forms);
    // Every index of the dataset, each in a folder.
    world.run(&["fetch", "redivis:toys.toy"]).expect(0);
    assert!(world.data("redivis-toys--toy/v1_0").contains_key("scans of all/README.md"));
    world.run(&["fetch", "redivis:toys.none"]).expect(11).says(&["Redivis has no `redivis:toys.none`"]);
    world.run(&["fetch", "redivis:toys"]).expect(2).says(&["redivis:OWNER.DATASET"]);
}

#[test]
fn a_bucket_states_no_licence() {
    let world = World::new();
    let ran = world.run(&["fetch", "s3://toy-bucket/data/"]).expect(0).says(&["its host states no licence"]);
    let below = expected(&Toy::new()).into_iter();
    let below = below.filter_map(|(name, bytes)| Some((name.strip_prefix("data/")?.to_owned(), bytes))).collect();
    assert_eq!(tree(&std::path::PathBuf::from(ran.stdout.trim()).join("data")), below);
    is_found_offline(&world, &["s3://toy-bucket/data/"]);
}

#[test]
fn an_address_is_one_file_under_no_known_licence() {
    let world = World::new();
    let address = "https://files.example.org/a%20b.csv";
    let ran = world.run(&["fetch", address]).expect(0).says(&["its host states no licence", "pinned on first use"]);
    let folder = std::path::PathBuf::from(ran.stdout.trim());
    assert_eq!(tree(&folder.join("data")), BTreeMap::from([("a b.csv".to_owned(), b"id,label\n1,0\n".to_vec())]));
    assert_eq!(world.home.json(&["list"])["data"]["datasets"][0]["license"], "NOASSERTION");
    is_found_offline(&world, &[address]);
    world.run(&["fetch", "https://files.example.org/page.csv"]).expect(42);
}

#[test]
fn the_entry_of_the_catalogue_is_suggested() {
    let world = World::new();
    let entry = "id = \"toys\"\ntitle = \"Toys\"\nsummary = \"Made in a test.\"\nmaintainer = { name = \"test\" }\n\
                 [[release]]\nversion = \"1\"\nlicense = \"CC0-1.0\"\n\
                 [[release.source]]\nchannel = \"zenodo\"\nprovider = \"zenodo\"\nrecord = 42\nlisting = \"host\"\n";
    let catalog = world.home.overlay("toys.toml", entry);
    let said = "the catalogue has this as `toys`: `medsets fetch toys`";
    world.run(&["--catalog", &catalog, "fetch", "zenodo:42", "--dry-run"]).expect(0).says(&[said]);
    world.run(&["--catalog", &catalog, "info", "zenodo:42"]).expect(0).says(&[said]);
    let answer = world.home.json(&["--catalog", &catalog, "fetch", "zenodo:42"]);
    assert_eq!(answer["data"]["datasets"][0]["catalog_entry"], "toys");
}

#[test]
fn an_entry_of_the_same_id_is_never_hidden() {
    let world = World::new();
    let entry = "id = \"zenodo-42\"\ntitle = \"Mine\"\nsummary = \"Made in a test.\"\nmaintainer = { name = \"test\" }\n\
                 [[release]]\nversion = \"1\"\nlicense = \"CC0-1.0\"\n\
                 [[release.source]]\nchannel = \"web\"\nprovider = \"http\"\nbase = \"https://files.example.org/\"\n";
    let catalog = world.home.overlay("mine.toml", entry);
    world.run(&["--catalog", &catalog, "fetch", "zenodo:42"]).expect(11).says(&["as an entry of the catalogue is"]);
    assert!(world.run(&["--catalog", &catalog, "info", "zenodo-42"]).expect(0).stdout.contains("Mine"));
}

#[test]
fn another_data_folder_is_looked_into() {
    let world = World::new();
    let elsewhere = world.home.path().join("elsewhere");
    let to = elsewhere.to_str().unwrap();
    world.run(&["fetch", "zenodo:42", "--to", to]).expect(0);
    let asked = world.asked();
    world.run(&["fetch", "zenodo:42", "--to", to]).expect(0).says(&["is whole here"]);
    assert_eq!(world.asked(), asked);
}

#[test]
fn what_is_damaged_is_mended() {
    let world = World::new();
    world.run(&["fetch", "zenodo:42"]).expect(0);
    let file = world.home.data().join("zenodo-42/42/data/README.md");
    std::fs::write(&file, "broken").unwrap();
    world.run(&["verify", "zenodo:42"]).expect(40);
    world.run(&["verify", "zenodo:42", "--repair"]).expect(0);
    assert_eq!(world.data("zenodo-42/42"), expected(&Toy::flat()));
    is_found_offline(&world, &["zenodo:42"]);
}

#[test]
fn what_is_no_reference_says_how_one_is_written() {
    let world = World::new();
    let check = |text: &str, parts: &[&str]| {
        for command in ["fetch", "info", "status", "path"] {
            let ran = world.run(&[command, text]).expect(2).says(parts);
            assert!(!ran.stderr.contains("geheim"), "{}", ran.stderr);
        }
    };
    check("zendo:42", &["did you mean `zenodo:42`?"]);
    check("huggingface:org/toy", &["did you mean `hf:org/toy`?"]);
    check("zenodo:toy", &["`toy` is no number", "zenodo:RECORD"]);
    check("kaggle:toy", &["kaggle:OWNER/NAME"]);
    check("https://files.example.org/x.csv?sig=geheim", &["may be signed"]);
    check("https://jane:geheim@files.example.org/x.csv", &["https://HOST/PATH"]);
    assert_eq!(world.asked(), 0, "nobody was asked");
    world.run(&["fetch", "zenodo:42", "--offline"]).expect(30);
    world.run(&["fetch", "chexpert:ful"]).expect(11).says(&["`full`"]);
}
