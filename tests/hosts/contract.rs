//! What every provider keeps: all files with their bytes, proven; no second listing when a
//! fetch goes on; nothing asked when all is here; and no secret anywhere but at its host.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::stand_ins::storage;
use crate::support::home::{Home, tree};
use crate::support::host::Reply;
use crate::support::secrets::Hidden;

use super::scene::{Case, Scene, expected};

/// Runs the contract against a stand-in that wants no account.
pub fn open_host(case: &Case) {
    fetches(case, &case.start());
}

/// Runs the same in a scene where what the host wants is at hand.
pub fn fetches(case: &Case, scene: &Scene) {
    // A plan shows every file and downloads none.
    let plan = scene.run(&["fetch", "toy", "--dry-run", "--json"]).expect(0);
    for (name, _) in case.toy.files.iter() {
        let shown = serde_json::to_string(name).unwrap();
        assert!(plan.stdout.contains(shown.trim_matches('"')), "{name} is not in the plan: {}", plan.stdout);
    }
    assert!(scene.store.log().is_empty());
    scene.run(&["fetch", "toy"]).expect(0);
    assert_eq!(scene.data(), expected(&case.toy));
    scene.run(&["verify", "toy"]).expect(0);
    let asked = scene.host.log().len() + scene.store.log().len();
    scene.run(&["fetch", "toy"]).expect(0);
    assert_eq!(scene.host.log().len() + scene.store.log().len(), asked, "nothing is asked for what is here");
    locks(case, scene);
}

/// A lock of it brings the same bytes again, and holds no address that is signed.
fn locks(case: &Case, scene: &Scene) {
    let work = scene.home.path().join("work");
    let data = work.join("data");
    std::fs::write(work.join("medsets.toml"), "[project]\nname = \"toys\"\n\n[[dataset]]\nid = \"toy\"\n").unwrap();
    scene.run(&["lock"]).expect(0);
    scene.run(&["sync"]).expect(0);
    let lock = std::fs::read_to_string(work.join("medsets.lock")).unwrap();
    assert!(!lock.contains('?'), "an address with a query: {lock}");
    assert!(!lock.contains("unpinned") && lock.contains("\ntree = "), "all is pinned: {lock}");
    std::fs::remove_dir_all(&data).unwrap();
    scene.run(&["sync", "--frozen"]).expect(0);
    assert_eq!(tree(&data.join("toy/1/data")), expected(&case.toy));
    assert_eq!(std::fs::read_to_string(work.join("medsets.lock")).unwrap(), lock);
    scene.run(&["sync", "--check"]).expect(0);
    // Without the host the disk tells what the files are, and a later sync asks where they are.
    std::fs::remove_file(work.join("medsets.lock")).unwrap();
    scene.run(&["lock", "--offline"]).expect(0);
    std::fs::remove_dir_all(&data).unwrap();
    scene.run(&["sync", "--frozen"]).expect(0);
    assert_eq!(tree(&data.join("toy/1/data")), expected(&case.toy));
    std::fs::remove_file(work.join("medsets.toml")).unwrap();
    std::fs::remove_dir_all(&data).unwrap();
}

/// Runs the part of the contract that needs bytes to come from a second origin: an interrupted
/// fetch goes on without listing again.
pub fn goes_on_without_listing(case: &Case) {
    goes_on(case, &case.start());
}

/// Runs the same in a scene where what the host wants is at hand.
pub fn goes_on(case: &Case, scene: &Scene) {
    scene.store_fails(true);
    let ran = scene.run(&["fetch", "toy"]);
    assert_ne!(ran.code, Some(0));
    let listed = scene.asked(case.listing);
    assert!(listed > 0, "the files are listed by `{}`: {:?}", case.listing, scene.host.log());
    scene.store_fails(false);
    scene.run(&["fetch", "toy"]).expect(0);
    assert_eq!(scene.asked(case.listing), listed, "it was listed again");
    assert_eq!(scene.data(), expected(&case.toy));
}

/// Runs the same where the host serves the bytes itself: it loses the files whose addresses hold
/// `lost`, and finds them again.
pub fn goes_on_at_the_host(case: &Case, lost: &'static str) {
    let fails = Arc::new(AtomicBool::new(true));
    let (failing, answer) = (fails.clone(), case.answer);
    let scene = case.start_with(
        Home::new(),
        move |setup, asked| match failing.load(Ordering::SeqCst) && asked.path.contains(lost) {
            true => Reply::status(404),
            false => answer(setup, asked),
        },
        storage::answer,
    );
    let lists = || {
        let is_list = |path: &str| path.contains(case.listing) && !path.contains(lost);
        scene.host.log().iter().filter(|asked| is_list(&asked.path)).count()
    };
    assert_ne!(scene.run(&["fetch", "toy"]).code, Some(0));
    let listed = lists();
    assert!(listed > 0, "the files are listed by `{}`: {:?}", case.listing, scene.host.log());
    assert!(scene.asked(lost) > 0, "no file is at `{lost}`: {:?}", scene.host.log());
    fails.store(false, Ordering::SeqCst);
    scene.run(&["fetch", "toy"]).expect(0);
    assert_eq!(lists(), listed, "it was listed again");
    assert_eq!(scene.data(), expected(&case.toy));
}

/// Runs the contract with a login that is stored once: the fetch uses it, everything the
/// program writes and prints while it works is searched for it, and a logout leaves nothing.
pub fn with_a_stored_login(case: &Case, login: &Login) {
    a_stored_login(case, case.start(), login);
}

/// The same in a scene that is prepared.
pub fn a_stored_login(case: &Case, scene: Scene, login: &Login) {
    let scene = scene.with("MEDSETS_KEYRING", "file").with("MEDSETS_LOG", "trace");
    let provider = login.name.unwrap_or(case.provider);
    let mut ran = Vec::new();
    let arguments: Vec<&str> = ["auth", "login", provider, "--token-stdin"]
        .into_iter()
        .chain(login.user.iter().flat_map(|user| ["--user", user]))
        .collect();
    ran.push(scene.fed(&format!("{}\n", login.secret), &arguments).expect(0));
    let file = scene.home.config().join("credentials.toml");
    let hidden = Hidden::new(login.secret);
    assert!(hidden.is_plain_in(&std::fs::read(&file).unwrap()), "it is stored where it is said to be");
    ran.push(scene.run(&["auth", "status", "--json"]).expect(0));
    let events = scene.home.path().join("events.jsonl");
    let events = events.to_str().unwrap();
    ran.push(scene.run(&["fetch", "toy", "--dry-run", "--json", "--events", events]));
    ran.push(scene.fed("", &["fetch", "toy", "--events", "-"]).expect(0));
    assert_eq!(scene.data(), expected(&case.toy));
    ran.push(scene.run(&["doctor"]));
    ran.push(scene.run(&["access", "toy", "--json"]));
    ran.push(scene.run(&["ledger", "export"]).expect(0));
    assert!(login.may_stay || !scene.home.watch().reached(login.secret).is_empty(), "the host was not told of it");
    ran.push(scene.run(&["auth", "logout", provider]).expect(0));
    assert!(!hidden.is_plain_in(&std::fs::read(&file).unwrap()), "a logout leaves nothing");
    assert!(scene.store.log().iter().all(|asked| asked.header("authorization").is_none()));
    let status: serde_json::Value = serde_json::from_str(&scene.run(&["auth", "status", "--json"]).stdout).unwrap();
    let all = status["data"]["providers"].as_array().unwrap();
    assert!(all.iter().all(|one| one["name"] != provider || one["state"] == "none"), "{all:?}");
    scene.never_shows(login.secret, &ran.iter().collect::<Vec<_>>());
}

/// What a person gives to `auth login`.
pub struct Login {
    /// The user name, where the host wants one.
    pub user: Option<&'static str>,
    /// The token, password or key.
    pub secret: &'static str,
    /// What it is kept under, where that is not the provider.
    pub name: Option<&'static str>,
    /// Whether it is never sent itself: a key that signs.
    pub may_stay: bool,
}

impl Login {
    /// A token that the host is asked about.
    pub fn token(secret: &'static str) -> Self {
        Self { user: None, secret, name: None, may_stay: false }
    }
}

/// Runs the contract with a token that the stand-in wants: it reaches the host and nothing else.
pub fn with_a_token(case: &Case, token: &'static str) {
    let variable = format!("MEDSETS_TOKEN_{}", case.provider.to_uppercase());
    let scene = case.start().with(&variable, token).with("MEDSETS_LOG", "trace");
    let ran = scene.run(&["fetch", "toy", "--events", "-"]).expect(0);
    assert_eq!(scene.data(), expected(&case.toy));
    assert!(scene.host.log().iter().any(|asked| asked.header("authorization").is_some()), "the host was told who asks");
    assert!(scene.store.log().iter().all(|asked| asked.header("authorization").is_none()));
    scene.never_shows(token, &[&ran]);
}
