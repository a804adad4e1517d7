//! Object stores with the S3 interface.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::stand_ins::{Setup, Toy, s3};
use crate::support::host::{Asked, Reply};

use super::contract;
use super::scene::{Answer, Case, Scene, expected};

const KEY: &str = "toykeyid";
const SECRET: &str = "toy-secret-Jw8/x+Q2z";

/// The toy with a name that S3 has its own ways to write.
fn toy() -> Toy {
    let mut files = Toy::new().files.to_vec();
    files.push(("data/a+b (1)~*'.txt".to_owned(), b"plus\n".to_vec()));
    Toy { files: files.into() }
}

pub(super) fn case() -> Case {
    Case {
        provider: "s3",
        keys: "bucket = \"toy-bucket\"",
        addresses: &[("https://toy-bucket.s3.amazonaws.com/", "toy-bucket/")],
        answer: s3::answer,
        toy: toy(),
        listing: "list-type=2",
        token: None,
    }
}

#[test]
fn keeps_the_contract() {
    contract::open_host(&case());
}

#[test]
fn open_buckets_never_see_a_key() {
    let scene = with_key(case().start());
    let ran = scene.run(&["fetch", "toy"]).expect(0);
    assert_eq!(scene.data(), expected(&toy()));
    assert!(scene.host.log().iter().all(|asked| asked.header("authorization").is_none()));
    assert!(scene.host.log().iter().all(|asked| !format!("{asked:?}").contains(KEY)));
    scene.never_shows(SECRET, &[&ran]);
}

fn with_key(scene: Scene) -> Scene {
    scene.with("AWS_ACCESS_KEY_ID", KEY).with("AWS_SECRET_ACCESS_KEY", SECRET).with("MEDSETS_LOG", "trace")
}

#[test]
fn goes_on_without_listing() {
    static FAILS: AtomicBool = AtomicBool::new(true);
    fn fails_at_first(setup: &Setup, asked: &Asked) -> Reply {
        if FAILS.load(Ordering::SeqCst) && asked.path.contains("labels") {
            return s3::error(404, "NoSuchKey", "The specified key does not exist.", "");
        }
        s3::answer(setup, asked)
    }
    let scene = Case { answer: fails_at_first, ..case() }.start();
    scene.run(&["fetch", "toy"]).expect(35);
    let listed = scene.asked("list-type=2");
    assert!(listed > 2, "it has pages");
    FAILS.store(false, Ordering::SeqCst);
    scene.run(&["fetch", "toy"]).expect(0);
    assert_eq!(scene.asked("list-type=2"), listed, "it was listed again");
    assert_eq!(scene.data(), expected(&toy()));
}

/// The global address does not know the bucket's region; Amazon names it, and every object is
/// asked for there.
#[test]
fn a_bucket_in_another_region_is_found() {
    fn by_region(setup: &Setup, asked: &Asked) -> Reply {
        match asked.path.strip_prefix("/there") {
            Some(path) => s3::answer(setup, &Asked { path: path.to_owned(), ..asked.clone() }),
            None => s3::elsewhere(setup, asked),
        }
    }
    let addresses = &[
        ("https://toy-bucket.s3.amazonaws.com/", "toy-bucket/"),
        ("https://toy-bucket.s3.eu-central-1.amazonaws.com/", "there/toy-bucket/"),
    ];
    let scene = Case { answer: by_region, addresses, ..case() }.start();
    scene.run(&["fetch", "toy"]).expect(0);
    assert_eq!(scene.data(), expected(&toy()));
    assert_eq!(scene.host.log().iter().filter(|asked| !asked.path.starts_with("/there")).count(), 1);
}

#[test]
fn a_prefix_is_a_folder_that_falls_away() {
    let scene = Case { keys: "bucket = \"toy-bucket\"\nprefix = \"data/\"", ..case() }.start();
    scene.run(&["fetch", "toy"]).expect(0);
    let inside = |(name, bytes): (String, Vec<u8>)| Some((name.strip_prefix("data/")?.to_owned(), bytes));
    assert_eq!(scene.data(), expected(&toy()).into_iter().filter_map(inside).collect());
}

#[test]
fn a_name_with_a_dot_stands_in_the_path() {
    fn dotted(setup: &Setup, asked: &Asked) -> Reply {
        s3::serve(setup, "toys.example.org", &setup.toy, asked)
    }
    let scene = Case {
        keys: "bucket = \"toys.example.org\"\nregion = \"us-east-1\"",
        addresses: &[("https://s3.us-east-1.amazonaws.com/", "")],
        answer: dotted,
        ..case()
    };
    let scene = scene.start();
    scene.run(&["fetch", "toy"]).expect(0);
    assert_eq!(scene.data(), expected(&toy()));
}

#[test]
fn who_reads_pays_only_where_it_is_allowed() {
    let pays = || Case { keys: "bucket = \"toy-bucket\"\nrequester-pays = true", token: Some(KEY), ..case() }.start();
    // Not allowed: nothing is even asked.
    let scene = with_key(pays());
    scene.run(&["fetch", "toy"]).expect(10).says(&["costs money", "medsets config set s3.requester-pays true"]);
    assert!(scene.host.log().is_empty());

    scene.run(&["config", "set", "s3.requester-pays", "true"]).expect(0);
    let ran = scene.run(&["fetch", "toy", "--events", "-"]).expect(0);
    assert_eq!(scene.data(), expected(&toy()));
    let log = scene.host.log();
    assert!(log.iter().all(|asked| asked.header("x-amz-request-payer") == Some("requester")), "{log:?}");
    assert!(log.iter().all(|asked| !format!("{asked:?}").contains(SECRET)));
    scene.never_shows(SECRET, &[&ran]);

    // Allowed, and no key to pay with; then one that Amazon does not know.
    let scene = pays();
    scene.run(&["config", "set", "s3.requester-pays", "true"]).expect(0);
    scene.run(&["fetch", "toy"]).expect(20).says(&["AWS_ACCESS_KEY_ID"]);
    let scene = scene.with("AWS_ACCESS_KEY_ID", "somebodyelse").with("AWS_SECRET_ACCESS_KEY", SECRET);
    let ran = scene.run(&["fetch", "toy"]).expect(21);
    scene.never_shows(SECRET, &[&ran]);
}

#[test]
fn stored_keys_sign_until_they_are_removed() {
    let case = Case { keys: "bucket = \"toy-bucket\"\nrequester-pays = true", token: Some(KEY), ..case() };
    let scene = case.start();
    scene.run(&["config", "set", "s3.requester-pays", "true"]).expect(0);
    let login = contract::Login { user: Some(KEY), may_stay: true, ..contract::Login::token(SECRET) };
    contract::a_stored_login(&case, scene, &login);
    let scene = case.start().with("MEDSETS_KEYRING", "file");
    scene.run(&["config", "set", "s3.requester-pays", "true"]).expect(0);
    scene.fed(SECRET, &["auth", "login", "s3", "--token-stdin", "--user", KEY]).expect(0);
    scene.run(&["fetch", "toy"]).expect(0);
    let signs = |asked: &Asked| asked.header("authorization").is_some_and(|value| value.contains(KEY));
    assert!(!scene.host.log().is_empty() && scene.host.log().iter().all(signs), "{:?}", scene.host.log());
    scene.run(&["auth", "logout", "s3"]).expect(0);
    scene.run(&["remove", "toy", "--yes"]).expect(0);
    scene.run(&["fetch", "toy"]).expect(20).says(&["no AWS key is stored"]);
}

#[test]
fn refusals_are_explained() {
    #[track_caller]
    fn check(answer: Answer, exit: i32, words: &str) {
        let scene = Case { answer, ..case() }.start();
        scene.run(&["fetch", "toy"]).expect(exit).says(&[words]);
        assert!(!scene.home.data().join("toy").exists());
    }
    check(|_, _| s3::error(403, "AccessDenied", "Access Denied", ""), 22, "does not let its objects be listed");
    check(|_, _| s3::error(404, "NoSuchBucket", "The specified bucket does not exist", ""), 35, "no bucket");
    check(|_, _| Reply::page("<html>maintenance</html>"), 42, "a web page in the place of a list of objects");
    // An object that is private, or gone from a bucket whose list is closed.
    let one_is_private: Answer = |setup, asked| {
        let denied = asked.path.contains("README");
        if denied { s3::error(403, "AccessDenied", "Access Denied", "") } else { s3::answer(setup, asked) }
    };
    check(one_is_private, 22, "does not give out");
}

#[test]
fn keys_that_lead_elsewhere_are_refused() {
    let toy = Toy { files: vec![("../outside.txt".to_owned(), b"x".to_vec())].into() };
    let scene = Case { toy, ..case() }.start();
    let ran = scene.run(&["fetch", "toy"]);
    assert_ne!(ran.code, Some(0));
    ran.says(&["name is refused", "outside.txt"]);
    assert!(!scene.home.data().join("toy").exists());
}

/// Bytes that change on the way are found by the MD5 of the listing.
#[test]
fn wrong_bytes_are_found() {
    fn flips(setup: &Setup, asked: &Asked) -> Reply {
        if asked.path.contains("labels") && !asked.path.contains('?') {
            return Reply::whole("id,label\n1,0\n2,0\n").with("etag", "\"x\"");
        }
        s3::answer(setup, asked)
    }
    let scene = Case { answer: flips, ..case() }.start();
    scene.run(&["fetch", "toy"]).expect(40).says(&["md5:"]);
}

/// Objects that were uploaded in parts have no MD5. What S3 states of the whole proves them, and
/// what it states of the parts does not.
#[test]
fn checksums_of_whole_objects_are_verified() {
    let large = |seed: u32| (0..300_000_u32).flat_map(|number| (number * seed).to_le_bytes()).collect::<Vec<u8>>();
    let files = [("crc32.bin", large(3)), ("nvme.bin", large(5)), ("parts.bin", large(7))];
    let toy = Toy { files: files.map(|(name, bytes)| (name.to_owned(), bytes)).to_vec().into() };
    let scene = Case { toy: toy.clone(), ..case() }.start();
    scene.run(&["fetch", "toy"]).expect(0);
    assert_eq!(scene.data(), expected(&toy));
    let listed = std::fs::read_to_string(scene.home.data().join("toy/1/.medsets/listed.jsonl")).unwrap();
    let proof = |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap()["verified"].clone();
    assert_eq!(listed.lines().map(proof).collect::<Vec<_>>(), ["header", "header", "size"]);

    // One byte is another one on the way.
    fn flips(setup: &Setup, asked: &Asked) -> Reply {
        let place = asked.place();
        let key = place.trim_start_matches("/toy-bucket/");
        let Some(bytes) = setup.toy.bytes(key) else { return s3::answer(setup, asked) };
        let mut wrong = bytes.to_vec();
        wrong[700_000] ^= 1;
        let reply = Reply::whole(wrong).with("etag", format!("\"{}\"", s3::etag(bytes)));
        s3::checksum(key, bytes).into_iter().fold(reply, |reply, (name, value)| reply.with(name, value))
    }
    let scene = Case { toy, answer: flips, ..case() }.start();
    scene.run(&["fetch", "toy", "--include", "nvme.bin"]).expect(40).says(&["checksum", "crc64nvme:"]);
    scene.run(&["fetch", "toy", "--include", "crc32.bin"]).expect(40).says(&["checksum", "crc32:"]);
    scene.run(&["fetch", "toy", "--include", "parts.bin"]).expect(0);
}
