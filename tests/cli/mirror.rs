//! A team's mirror: what is sent, what is taken, and what is refused.

use std::collections::BTreeMap;
use std::path::Path;

use medsets::values::Digest;
use tar::EntryType;

use crate::bucket::{Bucket, KEY, Lists, SECRET};
use crate::support::archives::{Served, gzip, serve, serve_with, tar_of};
use crate::support::home::{Home, Ran, tree};
use crate::support::mirrors::{self, state};

/// A dataset of a packed archive with a link and two equal files, and of two plain ones; one
/// needs several parts.
fn files() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let members: &[(&str, EntryType, &str, &[u8])] = &[
        ("a.txt", EntryType::Regular, "", b"alpha"),
        ("deep/twin.txt", EntryType::Regular, "", b"alpha"),
        ("deep/link.txt", EntryType::Symlink, "twin.txt", b""),
        ("empty.txt", EntryType::Regular, "", b""),
    ];
    let big: Vec<u8> = (0..20_000_000_u32).map(|at| u8::try_from(at % 251).unwrap_or(0)).collect();
    vec![
        ("set.tar.gz", gzip(&tar_of(members)), "{ format = \"tar.gz\", links = true }"),
        ("big.bin", big, ""),
        ("table.csv", TABLE.to_vec(), ""),
    ]
}

const TABLE: &[u8] = b"id,label\n1,a\n";

const MIRROR: &str = "s3://team/lab";

/// Fetches the dataset and sends it.
fn pushed(bucket: &Bucket) -> Served {
    let served = serve_with(bucket.home(), &files(), "");
    served.run(&["fetch", "made"]).expect(0);
    served.run(&["mirror", "push", "made", "--mirror", MIRROR]).expect(0);
    served
}

/// Another person's home with the same catalogue, and no way to the publisher.
fn other(bucket: &Bucket, served: &Served) -> Home {
    let home = bucket.home().with("MEDSETS_REWRITE", "https://files.example.org/=http://127.0.0.1:9/");
    home.with("MEDSETS_CATALOG", served.catalog.clone())
}

fn dataset(home: &Home) -> std::path::PathBuf {
    home.data().join("made/1")
}

/// The dataset without what is written about this copy alone.
fn content(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut all = tree(folder);
    all.retain(|name, _| name.starts_with("data/") || name.starts_with("docs/") || name == ".medsets/manifest.sha256");
    all
}

fn receipt(home: &Home) -> serde_json::Value {
    serde_json::from_slice(&std::fs::read(dataset(home).join(".medsets/receipt.json")).unwrap()).unwrap()
}

/// The object of these bytes.
fn object(bytes: &[u8]) -> String {
    format!("lab/{}", mirrors::object(bytes))
}

#[test]
fn what_is_pushed_is_pulled_as_the_same_tree() {
    let bucket = Bucket::start();
    let served = pushed(&bucket);
    // Two files are the same bytes, and the empty one is an object too.
    let objects = bucket.objects();
    assert_eq!(objects.keys().filter(|name| name.contains("objects/")).count(), 4);
    assert_eq!(objects[&object(b"alpha")], b"alpha");
    assert!(bucket.asked("PUT", "partNumber=3") > 0, "a large file goes in parts");
    assert_eq!(bucket.unfinished(), 0);
    let home = other(&bucket, &served);
    let ran =
        home.run(&["mirror", "pull", "made", "--mirror", MIRROR]).expect(0).says(&["by the mirror `s3://team/lab`"]);
    assert_eq!(content(&dataset(&home)), content(&dataset(&served.home)));
    let link = std::fs::read_link(dataset(&home).join("data/set/deep/link.txt"))
        .or_else(|_| std::fs::read_link(dataset(&home).join("data/deep/link.txt")));
    assert_eq!(link.unwrap().to_str(), Some("twin.txt"));
    home.run(&["verify", "made"]).expect(0);
    home.run(&["verify", "made", "--quick"]).expect(0);
    let (theirs, ours) = (receipt(&served.home), receipt(&home));
    assert_eq!((&ours["tree"], &ours["listed"]["files"]), (&theirs["tree"], &theirs["listed"]["files"]));
    // The members are as the mirror had them; of the plain files the entry knows the digests.
    assert_eq!(ours["listed"]["verified"], serde_json::json!({ "catalog": 2, "records": 1 }));
    assert_eq!(ours["source"], serde_json::json!({ "channel": "web", "provider": "http", "mirror": MIRROR }));
    assert!(!ran.stdout.contains(SECRET) && !ran.stderr.contains(SECRET));
    // A second time there is nothing to do, and nobody is asked.
    let asked = bucket.host.log().len();
    home.run(&["mirror", "pull", "made", "--mirror", MIRROR, "--offline"]).expect(0);
    assert_eq!(bucket.host.log().len(), asked);
}

#[test]
fn nothing_personal_and_no_secret_lies_in_the_bucket() {
    let bucket = Bucket::start();
    let served = pushed(&bucket);
    let place = served.home.path().to_str().unwrap().to_owned();
    for (name, bytes) in bucket.objects() {
        let text = String::from_utf8_lossy(&bytes);
        for private in [place.as_str(), "tester", SECRET, KEY] {
            assert!(!name.contains(private) && !text.contains(private), "`{private}` in `{name}`");
        }
    }
    let ledger = std::fs::read_to_string(served.home.state().join("ledger.jsonl")).unwrap();
    let share: Vec<&str> = ledger.lines().filter(|line| line.contains("\"kind\":\"share\"")).collect();
    assert!(share.len() == 1 && share[0].contains(MIRROR), "{ledger}");
    assert!(!ledger.contains(SECRET));
    for asked in bucket.host.log() {
        assert!(!format!("{asked:?}").contains(SECRET), "{asked:?}");
    }
}

#[test]
fn a_second_push_sends_nothing_and_a_dry_run_writes_nothing() {
    let bucket = Bucket::start();
    let served = serve_with(bucket.home(), &files(), "");
    served.run(&["fetch", "made"]).expect(0);
    let push = ["mirror", "push", "made", "--mirror", MIRROR, "--json"];
    let dry = served.run(&[&push[..], &["--dry-run"]].concat()).expect(0);
    assert!(bucket.objects().is_empty());
    let dry: serde_json::Value = serde_json::from_str(&dry.stdout).unwrap();
    assert_eq!((&dry["data"]["datasets"][0]["sent"], &dry["data"]["dry_run"]), (&4.into(), &true.into()));
    let first: serde_json::Value = serde_json::from_str(&served.run(&push).expect(0).stdout).unwrap();
    assert_eq!(first["data"]["datasets"][0]["sent"], 4);
    let puts = bucket.asked("PUT", "");
    let second: serde_json::Value = serde_json::from_str(&served.run(&push).expect(0).stdout).unwrap();
    assert_eq!(second["data"]["datasets"][0]["was_there"], true);
    assert_eq!(bucket.asked("PUT", ""), puts);
    // An object that was lost is sent again, and no other.
    bucket.remove(&object(b"alpha"));
    served.run(&["mirror", "check", "made", "--mirror", MIRROR]).expect(62).says(&["1 object is missing"]);
    let third: serde_json::Value = serde_json::from_str(&served.run(&push).expect(0).stdout).unwrap();
    assert_eq!(third["data"]["datasets"][0]["sent"], 1);
    served.run(&["mirror", "check", "--mirror", MIRROR, "--verify"]).expect(0);
}

#[test]
fn a_push_that_broke_off_goes_on_and_shows_nothing_before_its_end() {
    let bucket = Bucket::start();
    let served = serve_with(bucket.home().with("MEDSETS_RETRIES", "0"), &files(), "");
    served.run(&["fetch", "made"]).expect(0);
    let big = &files()[1].1;
    bucket.fails_at(&object(big), true);
    let push = ["mirror", "push", "made", "--mirror", MIRROR, "--jobs", "1"];
    served.run(&push).expect(34).says(&["SlowDown"]);
    assert!(!bucket.objects().keys().any(|name| name.ends_with("mirror.json")));
    let home = other(&bucket, &served);
    home.run(&["mirror", "pull", "made", "--mirror", MIRROR]).expect(35).says(&["does not have `made"]);
    assert!(bucket.objects().contains_key(&object(b"alpha")), "what was sent is kept");
    bucket.fails_at(&object(big), false);
    let puts = bucket.asked("PUT", &object(b"alpha"));
    served.run(&push).expect(0);
    assert_eq!(bucket.asked("PUT", &object(b"alpha")), puts, "it was there");
    home.run(&["mirror", "pull", "made", "--mirror", MIRROR]).expect(0);
}

#[test]
fn a_flipped_byte_is_refused_by_a_pull_and_passed_over_by_a_fetch() {
    let bucket = Bucket::start();
    let served = pushed(&bucket);
    let table = object(TABLE);
    bucket.change(&table, |bytes| bytes[3] ^= 1);
    let home = other(&bucket, &served);
    let ran = home.run(&["mirror", "pull", "made", "--mirror", MIRROR]).expect(40);
    let expected = Digest::sha256(TABLE).to_string();
    let received = Digest::sha256(&bucket.objects()[&table]).to_string();
    let name = table.strip_prefix("lab/").unwrap();
    ran.says(&[name, &expected, &received, "mirror push made@1 --verify"]);
    assert!(!dataset(&home).exists());
    served.run(&["mirror", "check", "made", "--mirror", MIRROR]).expect(0);
    served.run(&["mirror", "check", "made", "--mirror", MIRROR, "--verify"]).expect(40);
    // The hosts have it right.
    let fetching = serve_with(bucket.home().with("MEDSETS_MIRRORS", MIRROR), &files(), "");
    fetching.run(&["fetch", "made"]).expect(0).says(&["the hosts are asked instead"]);
    assert_eq!(content(&dataset(&fetching.home)), content(&dataset(&served.home)));
    // A copy that is whole mends the mirror.
    served.run(&["mirror", "push", "made", "--mirror", MIRROR, "--verify"]).expect(0).says(&["it is sent again"]);
    home.run(&["mirror", "pull", "made", "--mirror", MIRROR]).expect(0);
}

#[test]
fn a_damaged_copy_is_not_sent() {
    let bucket = Bucket::start();
    for name in ["data/table.csv", "data/big.bin"] {
        let served = serve_with(bucket.home(), &files(), "");
        served.run(&["fetch", "made"]).expect(0);
        let path = dataset(&served.home).join(name);
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[2] ^= 1;
        std::fs::write(&path, bytes).unwrap();
        let ran = served.run(&["mirror", "push", "made", "--mirror", MIRROR]).expect(40);
        ran.says(&[path.to_str().unwrap(), "is damaged", "verify ID --repair"]);
        assert!(!bucket.objects().keys().any(|name| name.ends_with("mirror.json")));
    }
    assert_eq!(bucket.unfinished(), 0, "uploads in parts are taken back");
}

#[test]
fn fetch_asks_the_mirror_before_the_hosts() {
    let bucket = Bucket::start();
    let served = pushed(&bucket);
    let fetching = serve_with(bucket.home().with("MEDSETS_MIRRORS", MIRROR), &files(), "");
    let answer = fetching.run(&["fetch", "made", "--json"]).expect(0).stdout;
    let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
    assert_eq!(answer["data"]["datasets"][0]["mirror"], MIRROR);
    assert!(fetching.host.log().is_empty(), "the publisher was asked: {:?}", fetching.host.log());
    assert_eq!(content(&dataset(&fetching.home)), content(&dataset(&served.home)));
    // A part of it is not there as such; its files are, by their digests.
    let part = serve_with(bucket.home().with("MEDSETS_MIRRORS", MIRROR), &files(), "");
    part.run(&["fetch", "made", "--include", "table.csv"]).expect(0);
    assert!(part.host.log().iter().all(|asked| !asked.path.contains("table.csv")), "{:?}", part.host.log());
    assert_eq!(std::fs::read(dataset(&part.home).join("data/table.csv")).unwrap(), b"id,label\n1,a\n");
}

#[test]
fn a_fetch_goes_on_without_a_mirror_that_cannot_be_reached() {
    let silent = Home::new()
        .with("MEDSETS_MIRRORS", "s3://team/lab, file:///nowhere/at/all")
        .with("AWS_ENDPOINT_URL", "http://127.0.0.1:9/")
        .with("MEDSETS_RETRIES", "0");
    let served = serve_with(silent, &files(), "");
    let ran = served.run(&["fetch", "made"]).expect(0);
    assert_eq!(ran.stderr.matches("the mirror `s3://team/lab` cannot be reached").count(), 1, "{}", ran.stderr);
    served.run(&["mirror", "push", "made", "--mirror", "file:///nowhere/at/all"]).expect(35).says(&["no such folder"]);
    // Nobody pushes as nobody in particular.
    served.run(&["mirror", "push", "made", "--mirror", MIRROR]).expect(20).says(&["auth login s3"]);
}

#[test]
fn refusals_have_their_codes() {
    let bucket = Bucket::start();
    let served = pushed(&bucket);
    let pull = ["mirror", "pull", "made", "--mirror"];
    let with = |home: &Home, mirror: &str| home.run(&[&pull[..], &[mirror]].concat());
    with(&other(&bucket, &served), "s3://elsewhere/lab").expect(35).says(&["no such bucket"]);
    with(&other(&bucket, &served), "s3://team/other").expect(35).says(&["medsets mirror push made"]);
    with(&other(&bucket, &served).with("AWS_ACCESS_KEY_ID", "stranger"), MIRROR)
        .expect(21)
        .says(&["InvalidAccessKeyId"]);
    let nobody = || other(&bucket, &served).without("AWS_ACCESS_KEY_ID").without("AWS_SECRET_ACCESS_KEY");
    with(&nobody(), MIRROR).expect(22).says(&["AccessDenied"]);
    with(&other(&bucket, &served).with("AWS_ENDPOINT_URL", "http://127.0.0.1:9/"), MIRROR)
        .expect(31)
        .says(&["cannot be reached", "mirror.endpoint"]);
    with(&other(&bucket, &served).with("AWS_ENDPOINT_URL", "http://store.example/"), MIRROR).expect(10);
    let far = other(&bucket, &served).with("AWS_ENDPOINT_URL", "https://store.example/");
    far.run(&[&pull[..], &[MIRROR, "--offline"]].concat()).expect(30);
    with(&other(&bucket, &served), "s3://key:secret@team/lab").expect(2).says(&["no name, password"]);
    other(&bucket, &served).run(&["mirror", "pull", "made"]).expect(10).says(&["MEDSETS_MIRRORS"]);
    // A bucket that is open to all needs no key.
    bucket.open_to_all();
    with(&nobody(), MIRROR).expect(0);
}

#[test]
fn a_folder_is_a_mirror_and_a_tree_can_be_pinned() {
    let served = serve(&files());
    let (share, mirror) = served.mirrored();
    let tree = receipt(&served.home)["tree"].as_str().unwrap().to_owned();
    let home = || Home::new().with("MEDSETS_CATALOG", served.catalog.clone()).with("MEDSETS_OFFLINE", "1");
    let pinned = home();
    let pull = ["mirror", "pull", "made", "--mirror", &mirror];
    pinned.run(&[&pull[..], &["--tree", &tree]].concat()).expect(0);
    assert_eq!(content(&dataset(&pinned)), content(&dataset(&served.home)));
    pinned.run(&["verify", "made"]).expect(0);
    let other = home();
    let wrong = "0".repeat(64);
    other.run(&[&pull[..], &["--tree", &wrong]].concat()).expect(35).says(&[&wrong]);
    other.run(&[&pull[..], &["--tree", "abc"]].concat()).expect(2);
    let plan = other.json(&[&pull[..], &["--dry-run"]].concat());
    assert_eq!(plan["data"]["datasets"][0]["tree"], tree.as_str());
    assert!(!dataset(&other).exists());
    // Records that name another tree than their folder are refused.
    let folder = share.join("datasets/made/1").join(tree.strip_prefix("sha256:").unwrap());
    let inventory = state(&folder, "files");
    let text = std::fs::read_to_string(&inventory).unwrap();
    std::fs::write(inventory, text.replace("table.csv", "tabla.csv")).unwrap();
    other.run(&pull).expect(40);
    assert!(!dataset(&other).exists());
}

/// A store that lists new names for ever is told of before they fill the memory, and one that
/// lists nothing and leads on, or back, before anybody loses patience.
#[test]
fn a_list_without_end_has_an_end() {
    let bucket = Bucket::start();
    let served = pushed(&bucket);
    let other = other(&bucket, &served);
    let lists = || bucket.asked("GET", "list-type=2");
    for (kind, most, words) in [
        (Lists::WithoutEnd, 21, "more than 100000 entries"),
        (Lists::NothingForEver, 1001, "1000 pages of its list in a row hold nothing"),
        (Lists::InACircle, 3, "leads back to a page"),
    ] {
        bucket.lists(kind);
        for arguments in [&["mirror", "check", "--mirror", MIRROR][..], &["mirror", "pull", "made", "--mirror", MIRROR]]
        {
            let before = lists();
            other.run(arguments).expect(34).says(&[MIRROR, words]);
            assert!(lists() - before <= most, "{} pages", lists() - before);
        }
    }
}

/// Its records name what the store has no more: a pull says who can mend that and where else it
/// is, and a fetch goes on at the host and says of which dataset it speaks.
#[test]
fn an_object_that_the_store_lost_is_named_with_what_to_do() {
    for of_records in [false, true] {
        let bucket = Bucket::start();
        let served = pushed(&bucket);
        let is_lost = |name: &String| if of_records { name.contains("files") } else { *name == object(TABLE) };
        let lost = bucket.objects().into_keys().find(is_lost).unwrap();
        bucket.remove(&lost);
        let home = other(&bucket, &served);
        let pull = ["mirror", "pull", "made", "--mirror", MIRROR];
        let name = lost.strip_prefix("lab/").unwrap();
        let lacks = format!("the mirror `{MIRROR}` has no `{name}`");
        let ran = home.run(&pull).expect(35);
        ran.says(&[&lacks, "mirror push made@1 --verify", "medsets fetch made` asks the host"]);
        assert!(!dataset(&home).exists());
        let fetching = serve_with(bucket.home().with("MEDSETS_MIRRORS", MIRROR), &files(), "");
        let ran = fetching.run(&["fetch", "made"]).expect(0);
        ran.says(&["warning: `made@1`: ", &lacks, "the hosts are asked instead"]);
        served.run(&["mirror", "push", "made", "--mirror", MIRROR, "--verify"]).expect(0);
        home.run(&pull).expect(0);
        assert_eq!(content(&dataset(&home)), content(&dataset(&served.home)));
    }
}

/// Terms forbid it: the page and the term are named, nothing is asked of the mirror, and only a
/// ground in the policy changes that.
#[test]
fn what_may_not_be_handed_on_is_not_pushed_without_a_ground() {
    let bucket = Bucket::start();
    let served = serve_with(bucket.home(), &files(), "");
    let closed = "LicenseRef-Stanford-CheXpert-RUA";
    served.edit_entry(|entry| entry.replace("license = \"CC0-1.0\"", &format!("license = \"{closed}\"")));
    served.run(&["fetch", "made"]).expect(0);
    let push = ["mirror", "push", "made", "--mirror", MIRROR];
    served.run(&push).expect(60).says(&["redistribution", closed, "https://", "[[policy.exception]]"]);
    served.run(&[&push[..], &["--dry-run"]].concat()).expect(60);
    assert!(bucket.host.log().is_empty());
    let project = |until: &str| {
        format!(
            "[project]\nname = \"lab\"\ndata-dir = \"{}\"\n\n[[mirror]]\nurl = \"{MIRROR}\"\nfor = [\"made\"]\n\
             ground = \"bucket of the department, readers signed the agreement\"\n\n[[policy.exception]]\n\
             dataset = \"made\"\nterm = \"redistribution\"\nreason = \"private mirror inside the licensed institution\"\n\
             by = \"A. Person\"\nuntil = {until}\n",
            "data"
        )
    };
    let file = served.home.path().join("work/medsets.toml");
    std::fs::write(&file, project("2020-01-01")).unwrap();
    served.run(&["fetch", "made"]).expect(0);
    served.run(&["mirror", "push", "made"]).expect(60);
    std::fs::write(&file, project("2999-01-01")).unwrap();
    served.run(&["mirror", "push", "made"]).expect(0);
    assert!(bucket.objects().keys().any(|name| name.ends_with("mirror.json")));
    let ledger = std::fs::read_to_string(served.home.state().join("ledger.jsonl")).unwrap();
    let share = ledger.lines().find(|line| line.contains("\"kind\":\"share\"")).unwrap();
    assert!(share.contains("private mirror inside") && share.contains("bucket of the department"), "{share}");
}

/// The gate comes first: who has not accepted the terms gets nothing from a mirror either.
#[test]
fn a_mirror_opens_no_gate() {
    let home = Home::new();
    let (_, mirror) = home.share();
    home.run(&["mirror", "pull", "demo-gated", "--mirror", &mirror]).expect(23);
    let home = home.with("MEDSETS_MIRRORS", mirror);
    home.run(&["fetch", "demo-gated"]).expect(23);
}

#[test]
fn hostile_links_of_a_mirror_are_refused() {
    let served = serve(&files());
    let (share, mirror) = served.mirrored();
    let tree = receipt(&served.home)["tree"].as_str().unwrap().to_owned();
    let folder = share.join("datasets/made/1").join(tree.strip_prefix("sha256:").unwrap());
    let text = std::fs::read_to_string(state(&folder, "files")).unwrap();
    let hostile = text.replace("\"target\":\"twin.txt\"", "\"target\":\"../../../../../../etc/passwd\"");
    assert_ne!(hostile, text);
    std::fs::write(folder.join(format!("files-{}.jsonl", Digest::sha256(hostile.as_bytes()).hex())), &hostile).unwrap();
    let mark = std::fs::read_to_string(folder.join("mirror.json")).unwrap();
    let mut mark: serde_json::Value = serde_json::from_str(&mark).unwrap();
    mark["inventory"]["size"] = hostile.len().into();
    mark["inventory"]["sha256"] = Digest::sha256(hostile.as_bytes()).to_string().into();
    std::fs::write(folder.join("mirror.json"), mark.to_string()).unwrap();
    let home = Home::new().with("MEDSETS_CATALOG", served.catalog.clone());
    let ran: Ran = home.run(&["mirror", "pull", "made", "--mirror", &mirror]).expect(54);
    ran.says(&["a link that is refused"]);
    assert!(!dataset(&home).exists());
}
