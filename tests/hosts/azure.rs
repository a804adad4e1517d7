//! Azure Blob Storage with a link that only the person has.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::stand_ins::azure::{self, LINK, ONE_FILE};
use crate::stand_ins::{Setup, Toy};
use crate::support::archives::zip_of;
use crate::support::home::{Home, Ran, tree};
use crate::support::host::{Asked, Host, Reply};
use crate::support::secrets::Hidden;
use crate::support::terminal::Terminal;

use super::contract;
use super::scene::{Answer, Case, Scene, expected};

const VARIABLE: &str = "MEDSETS_TOKEN_AZURE_TOY";

pub(super) fn case() -> Case {
    Case {
        provider: "azure",
        keys: "account = \"acct\"\ncontainer = \"toys\"\nlink = \"from-user\"",
        addresses: &[("https://acct.blob.core.windows.net/", "")],
        answer: azure::answer,
        toy: Toy::new(),
        listing: "comp=list",
        token: Some(LINK),
    }
}

pub(super) fn address(query: &str) -> String {
    format!("https://acct.blob.core.windows.net/toys?{query}")
}

/// Neither the link nor its signature, as written and as meant, stands anywhere.
#[track_caller]
fn never_shows(scene: &Scene, printed: &[&Ran]) {
    for secret in [LINK, "Q2+hZ%2Bv%2F7mZk%3D", "Q2+hZ+v/7mZk="] {
        scene.never_shows(secret, printed);
    }
}

#[test]
fn keeps_the_contract_with_a_link() {
    let scene = case().start().with(VARIABLE, &address(LINK));
    contract::fetches(&case(), &scene);
    assert!(scene.asked("comp=list") >= 4, "the pages were followed, also an empty one");
    never_shows(&scene, &[]);
}

#[test]
fn the_link_is_shown_and_kept_nowhere() {
    let scene = case().start().with(VARIABLE, &address(LINK)).with("MEDSETS_LOG", "trace");
    let ran = scene.run(&["fetch", "toy", "--events", "-"]).expect(0);
    assert_eq!(scene.data(), expected(&case().toy));
    assert!(scene.host.log().iter().all(|asked| asked.path.ends_with(LINK)), "its bytes are sent as they were given");
    let more = ["verify toy", "list --json", "info toy --json", "access toy --json", "ledger show --json", "doctor"];
    let mut printed = vec![ran];
    printed.extend(more.iter().map(|line| scene.run(&line.split(' ').collect::<Vec<_>>())));
    never_shows(&scene, &printed.iter().collect::<Vec<_>>());
}

#[test]
fn the_link_may_lie_in_a_file_or_be_the_query_alone() {
    let outside = tempfile::tempdir().unwrap();
    let file = outside.path().join("link");
    std::fs::write(&file, format!("\"{}\"\n", address(LINK))).unwrap();
    let scene = case().start().with(&format!("{VARIABLE}_FILE"), file.to_str().unwrap());
    scene.run(&["fetch", "toy"]).expect(0);
    let scene = case().start().with(VARIABLE, &format!("?{LINK}"));
    scene.run(&["fetch", "toy"]).expect(0);
    assert_eq!(scene.data(), expected(&case().toy));
}

#[test]
fn a_link_that_cannot_work_is_refused_before_anything_is_asked() {
    #[track_caller]
    fn check(link: &str, exit: i32, says: &[&str]) {
        let scene = case().start().with(VARIABLE, link).with("MEDSETS_LOG", "trace");
        let ran = scene.run(&["fetch", "toy"]).expect(exit).says(says).says(&["--url-stdin", VARIABLE]);
        assert!(scene.host.log().is_empty(), "{:?}", scene.host.log());
        never_shows(&scene, &[&ran]);
        scene.never_shows("elsewhere", &[&ran]);
    }
    check("", 20, &["link"]);
    let other = address(LINK).replace("acct", "elsewhere");
    check(&other, 21, &["another account", "`acct`"]);
    check(&address(LINK).replace("toys", "elsewhere"), 21, &["another container", "`toys`"]);
    check(&address(LINK).replace("se=2126", "se=2026"), 36, &["stopped working", "2026-01-01"]);
    check(&address(LINK).replace("st=2026", "st=2125"), 36, &["begins to work", "2125-01-01"]);
    check(&address(LINK).replace("sp=rl", "sp=l"), 22, &["read"]);
    check("https://acct.blob.core.windows.net/toys", 21, &["signature"]);
}

#[test]
fn what_the_service_refuses_is_told_by_its_own_code() {
    #[track_caller]
    fn check(answer: super::scene::Answer, link: &str, exit: i32, says: &[&str]) {
        let scene = Case { answer, ..case() }.start().with(VARIABLE, &address(link)).with("MEDSETS_LOG", "trace");
        let ran = scene.run(&["fetch", "toy"]).expect(exit).says(says);
        assert!(!ran.stderr.contains("String to sign"), "{}", ran.stderr);
        never_shows(&scene, &[&ran]);
    }
    check(azure::answer, &LINK.replace("sig=Q2", "sig=Q3"), 21, &["does not take the link"]);
    check(|_, _| azure::expired(), LINK, 36, &["stopped working"]);
    check(|_, _| azure::error(403, "AuthorizationPermissionMismatch", ""), LINK, 22, &["does not permit"]);
    check(|_, _| azure::error(403, "AuthorizationSourceIPMismatch", ""), LINK, 22, &["other addresses"]);
    check(|_, _| azure::error(404, "ContainerNotFound", ""), LINK, 35, &["not found"]);
    // Azurite has this one word for all.
    check(|_, _| azure::error(403, "AuthorizationFailure", ""), LINK, 21, &["does not take the link"]);
    // What is no list is not an empty one.
    check(|_, _| Reply::page("<html><title>Sign in</title></html>"), LINK, 42, &["a web page", "`toys`"]);
    let foreign = |_: &Setup, _: &Asked| Reply::whole("<?xml version=\"1.0\"?><ListBucketResult/>");
    check(foreign, LINK, 42, &["something else", "`toys`"]);
    let empty = |_: &Setup, _: &Asked| Reply::whole("<EnumerationResults><Blobs/><NextMarker/></EnumerationResults>");
    check(empty, LINK, 35, &["lists no file", "--source"]);
    // A file that is refused after it was listed.
    fn lists_only(setup: &Setup, asked: &Asked) -> Reply {
        match asked.path.contains("comp=list") {
            true => azure::answer(setup, asked),
            false => azure::error(409, "BlobArchived", ""),
        }
    }
    check(lists_only, LINK, 35, &["archive"]);
    fn mid_way(setup: &Setup, asked: &Asked) -> Reply {
        if asked.path.contains("comp=list") { azure::answer(setup, asked) } else { azure::expired() }
    }
    check(mid_way, LINK, 36, &["stopped working", "--url-stdin"]);
}

#[test]
fn a_redirect_that_repeats_the_link_sends_it_once_and_nowhere_else() {
    let here: Answer = |setup, asked| azure::repeating(&setup.origin, setup, asked);
    let scene = Case { answer: here, ..case() }.start().with(VARIABLE, &address(LINK));
    let ran = scene.run(&["fetch", "toy"]).expect(0);
    assert_eq!(scene.data(), expected(&case().toy));
    let times = |asked: &Asked| asked.path.matches("sig=").count();
    assert!(scene.asked("again=1") > 0 && scene.host.log().iter().all(|asked| times(asked) == 1));
    never_shows(&scene, &[&ran]);
    let elsewhere: Answer = |setup, asked| azure::repeating(&setup.storage, setup, asked);
    let scene = Case { answer: elsewhere, ..case() }.start().with(VARIABLE, &address(LINK));
    let ran = scene.run(&["fetch", "toy"]);
    assert!(ran.code != Some(0) && ran.stderr.contains("carries the credential to another host"), "{ran:?}");
    assert!(scene.store.log().is_empty(), "{:?}", scene.store.log());
    never_shows(&scene, &[&ran]);
}

#[test]
fn a_link_that_ends_soon_is_warned_about() {
    let soon = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(2);
    let link = LINK.replace("2126-01-01T00%3A00%3A00Z", &format!("{soon:.0}").replace(':', "%3A"));
    let soon = Case { token: Some(Box::leak(link.clone().into_boxed_str())), ..case() };
    let scene = soon.start().with(VARIABLE, &address(&link));
    scene.run(&["fetch", "toy"]).expect(0).says(&["ends at", "fresh link"]);
    let scene = case().start().with(VARIABLE, &address(LINK));
    assert!(!scene.run(&["fetch", "toy"]).expect(0).stderr.contains("ends at"));
}

#[test]
fn the_link_is_taken_from_standard_input_and_kept_as_a_credential() {
    let mut scene = case().start();
    scene.home = scene.home.with("MEDSETS_KEYRING", "file").with("MEDSETS_LOG", "trace");
    let first = ["--catalog", &scene.catalog, "fetch", "toy", "--include", "README.md", "--url-stdin"];
    let input = format!("  \"{}\"\n", address(LINK));
    let given = scene.home.fed(&input, &first).expect(0);
    assert!(given.stderr.contains("until 2126-01-01"), "{given:?}");
    // The next run needs nothing more.
    let later = scene.run(&["fetch", "toy"]).expect(0);
    assert_eq!(scene.data(), expected(&case().toy));
    let place = scene.home.path().join(".config/medsets/credentials.toml");
    let kept = std::fs::read_to_string(&place).unwrap();
    assert!(kept.contains("[azure-toy]") && kept.contains(LINK) && kept.contains("2126-01-01"), "{kept}");
    assert_eq!(
        std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&place).unwrap().permissions()) & 0o777,
        0o600
    );
    std::fs::remove_file(&place).unwrap();
    never_shows(&scene, &[&given, &later]);
    // Without a place to keep it in it holds for the one run.
    scene.home = scene.home.with("MEDSETS_KEYRING", "none");
    scene.run(&["remove", "toy", "--yes"]).expect(0);
    let once = scene.home.fed(&address(LINK), &first).expect(0).says(&["this run only"]);
    scene.run(&["fetch", "toy"]).expect(20);
    never_shows(&scene, &[&once]);
}

#[test]
fn a_stored_link_is_used_until_it_is_removed() {
    let link: &str = Box::leak(address(LINK).into_boxed_str());
    contract::with_a_stored_login(
        &case(),
        &contract::Login { name: Some("azure-toy"), ..contract::Login::token(link) },
    );
}

/// What is pasted is not shown, kept like a login, and used at once.
#[test]
fn a_person_at_a_terminal_is_asked_for_the_link() {
    let mut scene = case().start();
    scene.home = scene.home.with("MEDSETS_KEYRING", "file").with("MEDSETS_LOG", "trace");
    let mut terminal = Terminal::start(&scene.home, &["--catalog", &scene.catalog, "fetch", "toy"]);
    terminal.wait_for_hidden("Paste the link for `toy@1` (it is not shown):");
    assert!(terminal.screen.contains("a link that only you can get"), "{}", terminal.screen);
    terminal.types(&format!("{}\n", address(LINK)));
    let (code, screen) = terminal.end();
    assert_eq!(code, Some(0), "{screen}");
    assert_eq!(scene.data(), expected(&case().toy));
    for secret in [LINK, "Q2+hZ%2Bv%2F7mZk%3D", "Q2+hZ+v/7mZk="] {
        Hidden::new(secret).is_not_in("the screen", screen.as_bytes());
    }
    // The next run does not ask.
    let later = scene.run(&["fetch", "toy"]).expect(0);
    never_shows(&scene, &[&later]);

    // An empty answer is none; one for another place is refused, and nothing is kept.
    for (typed, exit, words) in [
        ("\n".to_owned(), 20, "--url-stdin"),
        (address(LINK).replace("toys", "elsewhere") + "\n", 21, "another container"),
    ] {
        let mut scene = case().start();
        scene.home = scene.home.with("MEDSETS_KEYRING", "file");
        let mut terminal = Terminal::start(&scene.home, &["--catalog", &scene.catalog, "fetch", "toy"]);
        terminal.wait_for_hidden("(it is not shown):");
        terminal.types(&typed);
        let (code, screen) = terminal.end();
        assert_eq!(code, Some(exit), "{screen}");
        assert!(screen.contains(words), "{screen}");
        assert!(!scene.home.config().join("credentials.toml").exists() && scene.host.log().is_empty());
    }
}

#[test]
fn a_dry_run_keeps_no_link() {
    let mut scene = case().start();
    scene.home = scene.home.with("MEDSETS_KEYRING", "file");
    let dry = ["--catalog", &scene.catalog, "fetch", "toy", "--dry-run", "--url-stdin"];
    let ran = scene.home.fed(&address(LINK), &dry).expect(0).says(&["this run only"]);
    assert!(!scene.home.path().join(".config/medsets/credentials.toml").exists());
    scene.run(&["fetch", "toy"]).expect(20);
    never_shows(&scene, &[&ran]);
}

#[test]
fn a_link_that_cannot_be_taken_is_not_kept() {
    let mut scene = case().start();
    scene.home = scene.home.with("MEDSETS_KEYRING", "file");
    let run = |arguments: &[&str], input: &str| scene.fed(input, &[&["fetch"], arguments].concat());
    let elsewhere = address(LINK).replace("toys", "elsewhere");
    let refused = run(&["toy", "--url-stdin"], &elsewhere).expect(21).says(&["another container"]);
    let past = run(&["toy", "--url-stdin"], &address(LINK).replace("se=2126", "se=2026")).expect(36);
    let none = run(&["toy", "--url-stdin"], "").expect(21).says(&["empty"]);
    let other = run(&["demo", "--url-stdin"], &address(LINK)).expect(2).says(&["not fetched with a link"]);
    let two = run(&["toy", "demo", "--url-stdin"], &address(LINK)).expect(2).says(&["one dataset"]);
    let both = run(&["toy", "--url-stdin", "--files-from", "-"], &address(LINK)).expect(2);
    never_shows(&scene, &[&refused, &past, &none, &other, &two, &both]);
    assert!(!scene.home.path().join(".config/medsets/credentials.toml").exists());
}

/// The link dies in the middle of a file. The parts stay, whatever the next link is.
#[test]
fn a_fresh_link_goes_on_where_the_old_one_ended() {
    let fresh = LINK.replace("sig=Q2", "sig=Q7");
    let over = Arc::new(AtomicBool::new(false));
    let (setup, is_over, known) = (setup_of(Toy::new(), &fresh), over.clone(), fresh.clone());
    let host = Host::start(move |asked| {
        let old = Setup { token: Some(LINK.to_owned()), ..setup.clone() };
        let is_big = asked.place().ends_with("big.bin");
        if asked.path.ends_with(&known) {
            return azure::answer(&setup, asked);
        }
        match is_big {
            // The beginning comes, then the time is over.
            true if is_over.swap(true, Ordering::SeqCst) => azure::expired(),
            true => beginning(asked, setup.toy.bytes("data/big.bin").unwrap()),
            false => azure::answer(&old, asked),
        }
    });
    let home = home_for(&host).with("MEDSETS_LOG", "trace").with("MEDSETS_JOBS", "1");
    let catalog = home.overlay("toy.toml", &entry(""));
    let run = |link: &str, code| {
        let mut command = home.command(&["--catalog", &catalog, "fetch", "toy"]);
        Ran::from(command.env(VARIABLE, address(link)).output().unwrap()).expect(code)
    };
    let first = run(LINK, 36);
    let listed = host.log().iter().filter(|asked| asked.path.contains("comp=list")).count();
    let second = run(&fresh, 0);
    assert_eq!(tree(&home.data().join("toy/1/data")), expected(&Toy::new()));
    let log = host.log();
    assert_eq!(log.iter().filter(|asked| asked.path.contains("comp=list")).count(), listed, "not listed again");
    let with_fresh: Vec<&Asked> =
        log.iter().filter(|asked| asked.path.ends_with(&fresh) && asked.place().ends_with("big.bin")).collect();
    assert!(!with_fresh.is_empty());
    assert!(
        with_fresh.iter().all(|asked| asked.header("range").is_some_and(|range| !range.starts_with("bytes=0-"))),
        "what was held is not fetched again: {with_fresh:?}"
    );
    for (name, bytes) in tree(home.path()) {
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains("sig=") && !text.contains("Q7+hZ") && !text.contains("Q2+hZ"), "{name}");
    }
    for ran in [&first, &second] {
        assert!(!ran.stderr.contains("+hZ") && !ran.stdout.contains("+hZ"), "{ran:?}");
    }
}

/// An answer that breaks off.
fn beginning(asked: &Asked, bytes: &[u8]) -> Reply {
    azure::file(asked, bytes).cut(1_000_000)
}

fn setup_of(toy: Toy, link: &str) -> Setup {
    Setup { toy, origin: String::new(), storage: String::new(), token: Some(link.to_owned()) }
}

fn home_for(host: &Host) -> Home {
    let rewrite = format!("https://acct.blob.core.windows.net/={}", host.url());
    Home::new().with("MEDSETS_REWRITE", rewrite).with("MEDSETS_KEYRING", "none")
}

/// The toy as an entry with more tables.
fn entry(tables: &str) -> String {
    format!(
        "id = \"toy\"\ntitle = \"Toy\"\nsummary = \"Made in a test.\"\nmaintainer = {{ name = \"test\" }}\n\
         tags = [\"made\"]\nmodality = [\"text\"]\nanatomy = [\"none\"]\ntask = [\"classification\"]\nformat = [\"text\"]\n\n\
         [[release]]\nversion = \"1\"\nlicense = \"CC0-1.0\"\n\n[[release.source]]\nchannel = \"host\"\nprovider = \"azure\"\n\
         {}\nlisting = \"host\"\n{tables}",
        case().keys
    )
}

#[test]
fn a_link_to_one_file_fetches_that_file_and_no_other() {
    let one = |tables: &str, arguments: &[&str], link: &str| {
        let setup = setup_of(Toy::new(), ONE_FILE);
        let host = Host::start(move |asked| azure::answer(&setup, asked));
        let home = home_for(&host).with(VARIABLE, link);
        let catalog = home.overlay("toy.toml", &entry(tables));
        let ran = home.run(&[&["--catalog", &catalog, "fetch", "toy"], arguments].concat());
        (home, ran, host.log())
    };
    let link = format!("https://acct.blob.core.windows.net/toys/data/big.bin?{ONE_FILE}");
    let named = "\n[[release.file]]\npath = \"data/big.bin\"\n";
    let (home, ran, log) = one(named, &[], &link);
    ran.expect(0);
    assert_eq!(tree(&home.data().join("toy/1/data"))["data/big.bin"], Toy::new().bytes("data/big.bin").unwrap());
    assert!(log.iter().all(|asked| !asked.path.contains("comp=list")), "it cannot be listed with");
    // What else the entry names is not behind this link.
    let more = format!("{named}\n[[release.file]]\npath = \"README.md\"\n");
    let (home, ran, _) = one(&more, &[], &link);
    ran.expect(22).says(&["`README.md` is not the one file"]);
    assert!(!home.data().join("toy/1").exists());
    one(&more, &["--include", "data/big.bin"], &link).1.expect(0);
    // And what the entry does not name, nobody knows.
    one("", &[], &link).1.expect(22).says(&["does not permit to list"]);
}

/// The home, the host and the arguments' link for an entry of the built-in catalogue.
fn aimi(container: &'static str, set: &'static str, files: Vec<(&str, Vec<u8>)>) -> (Home, Host) {
    let toy = Toy { files: Arc::new(files.into_iter().map(|(name, bytes)| (name.to_owned(), bytes)).collect()) };
    let setup = setup_of(toy, LINK);
    let host = Host::start(move |asked| match asked.place() {
        page if page == format!("/site/competitions/{set}/agreement.html") => {
            Reply::page("<html><body><h1>Research Use Agreement</h1><p>By accepting you agree.</p></body></html>")
        }
        place if place.starts_with("/site/") => Reply::status(404),
        _ => azure::answer_in(container, &setup, asked),
    });
    let rewrite = format!(
        "https://aimistanforddatasets01.blob.core.windows.net/={url};https://stanfordmlgroup.github.io/={url}site/",
        url = host.url()
    );
    let home = Home::new().with("MEDSETS_REWRITE", rewrite).with("MEDSETS_KEYRING", "none");
    (home, host)
}

/// Accepts the agreement as a user does, and fetches with a link of the entry's container.
fn accept_and_fetch(home: Home, container: &str, id: &str) -> BTreeMap<String, Vec<u8>> {
    accept_and_fetch_some(home, container, id, &[])
}

/// The same for a part of it.
fn accept_and_fetch_some(home: Home, container: &str, id: &str, part: &[&str]) -> BTreeMap<String, Vec<u8>> {
    let variable = format!("MEDSETS_TOKEN_AZURE_{}", id.to_uppercase());
    home.run(&["fetch", id]).expect(20).says(&[&variable, "https://stanfordaimi.azurewebsites.net/datasets/"]);
    let home = home.with(&variable, format!("https://aimistanforddatasets01.blob.core.windows.net/{container}?{LINK}"));
    let refused = home.run(&["fetch", id]).expect(23);
    let digest: String = refused.stderr[refused.stderr.find("sha256:").unwrap()..].chars().take(71).collect();
    home.run(&["access", "accept", id, "--text-digest", &digest]).expect(0);
    // The entry knows how large the real one is.
    let ran = home.run(&[&["fetch", id, "--ignore-space"], part].concat()).expect(0);
    home.run(&["verify", id]).expect(0);
    for (name, bytes) in tree(home.path()) {
        assert!(!String::from_utf8_lossy(&bytes).contains("Q2+hZ"), "{name} holds the signature");
    }
    assert!(!ran.stderr.contains("Q2+hZ"), "{}", ran.stderr);
    let folder = ran.stdout.trim();
    tree(std::path::Path::new(folder)).into_iter().filter(|(name, _)| !name.starts_with(".medsets")).collect()
}

const CHEXPERT: &str = "chexpertchestxrays-u20210408";

/// Stanford's container of CheXpert, with small archives of the true shapes.
fn chexpert() -> (Home, Host) {
    let table = b"Path,Sex\nCheXpert-v1.0/valid/patient64541/study1/view1_frontal.jpg,Male\n".as_slice();
    let (first, second) = ("CheXpert-v1.0 batch 1 (validate & csv)", "CheXpert-v1.0 batch 2 (train 1)");
    let in_first = |name: &str| format!("{first}/{name}");
    let batch1 = zip_of(&[
        (&in_first("train.csv"), table),
        (&in_first("valid.csv"), table),
        (&in_first("valid/patient64541/study1/view1_frontal.jpg"), b"valid"),
    ]);
    // The two shapes that are told of: a folder like the archive, and one for all.
    let batch2 = zip_of(&[(&format!("{second}/patient00001/study1/view1_frontal.jpg"), b"one")]);
    let batch3 = zip_of(&[("CheXpert-v1.0/train/patient21514/study1/view1_frontal.jpg", b"two")]);
    let batch4 = zip_of(&[("CheXpert-v1.0 batch 4 (train 3)/patient43018/study1/view1_lateral.jpg", b"three")]);
    aimi(
        CHEXPERT,
        "chexpert",
        vec![
            ("CHEXPERT DEMO.xlsx", b"sheet".to_vec()),
            ("CheXpert-v1.0 batch 1 (validate & csv).zip", batch1),
            ("CheXpert-v1.0 batch 2 (train 1).zip", batch2),
            ("CheXpert-v1.0 batch 3 (train 2).zip", batch3),
            ("CheXpert-v1.0 batch 4 (train 3).zip", batch4),
            ("README.md", b"# CheXpert\n".to_vec()),
            ("train_cheXbert.csv", table.to_vec()),
            ("train_visualCheXbert.csv", table.to_vec()),
        ],
    )
}

#[test]
fn chexpert_ends_in_its_layout() {
    let (home, _host) = chexpert();
    let tree = accept_and_fetch(home, CHEXPERT, "chexpert");
    let names: Vec<&str> = tree.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "CITATION.cff",
            "README.md",
            "TERMS.md",
            "data/CHEXPERT DEMO.xlsx",
            "data/train.csv",
            "data/train/patient00001/study1/view1_frontal.jpg",
            "data/train/patient21514/study1/view1_frontal.jpg",
            "data/train/patient43018/study1/view1_lateral.jpg",
            "data/train_cheXbert.csv",
            "data/train_visualCheXbert.csv",
            "data/valid.csv",
            "data/valid/patient64541/study1/view1_frontal.jpg",
            "docs/README.md",
        ]
    );
}

/// The tables alone, out of four archives that stay where they are.
#[test]
fn chexpert_gives_its_tables_without_its_images() {
    let (home, host) = chexpert();
    let tree = accept_and_fetch_some(home, CHEXPERT, "chexpert", &["--members", "**/*.csv"]);
    let data: Vec<&str> = tree.keys().map(String::as_str).filter(|name| name.starts_with("data/")).collect();
    assert_eq!(data, ["data/train.csv", "data/valid.csv"]);
    let log = host.log();
    let archives: Vec<&Asked> = log.iter().filter(|asked| asked.place().ends_with(".zip")).collect();
    assert!(archives.len() >= 8 && archives.iter().all(|asked| asked.header("range").is_some()), "{archives:?}");
}

#[test]
fn mura_ends_in_its_layout() {
    let study = "MURA-v1.1/train/XR_WRIST/patient00001/study1_positive/image1.png";
    let zip = zip_of(&[
        (study, b"bone"),
        ("MURA-v1.1/train_labeled_studies.csv", b"MURA-v1.1/train/XR_WRIST/patient00001/study1_positive/,1\n"),
        ("__MACOSX/MURA-v1.1/._train", b"junk"),
    ]);
    let (home, _host) = aimi("muramskxrays", "mura", vec![("MURA-v1.1.zip", zip)]);
    let tree = accept_and_fetch(home, "muramskxrays", "mura");
    let names: Vec<&str> = tree.keys().map(String::as_str).collect();
    let table = "data/MURA-v1.1/train_labeled_studies.csv";
    assert_eq!(names, ["CITATION.cff", "README.md", "TERMS.md", &format!("data/{study}"), table]);
}
