//! Single members of archives, at every host that serves archives.

use std::io::{Cursor, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use zip::write::SimpleFileOptions;

use crate::stand_ins::{
    Setup, Toy, azure, figshare, googledrive, huggingface, kaggle, osf, physionet, s3, storage, synapse, zenodo,
};
use crate::support::home::Home;
use crate::support::host::{Asked, Reply};

use super::scene::{Case, Scene};

const TOKEN: &str = "hf_Qm5xVb8KpTz3";

/// Of images: a large archive, and one that Kaggle still sends as it is.
const LARGE: usize = 400_000;
const SMALL: usize = 100_000;

/// An archive of a table and images of this many bytes.
fn archive(size: usize) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for index in 0..8_u8 {
        zip.start_file(format!("images/{index}.bin"), options).unwrap();
        zip.write_all(&vec![index; size]).unwrap();
    }
    zip.start_file("labels.csv", options).unwrap();
    zip.write_all(b"id,label\n").unwrap();
    zip.finish().unwrap().into_inner()
}

fn toy_of(size: usize) -> Toy {
    Toy { files: Arc::new(vec![("set.zip".into(), archive(size)), ("README.md".into(), b"x".to_vec())]) }
}

fn toy() -> Toy {
    toy_of(LARGE)
}

fn hub() -> Case {
    Case {
        provider: "huggingface",
        keys: "repo = \"org/toy\"\nrepo-kind = \"dataset\"",
        addresses: &[("https://huggingface.co/", "")],
        answer: huggingface::answer,
        toy: toy(),
        listing: "/tree/",
        token: None,
    }
}

fn article() -> Case {
    Case {
        provider: "figshare",
        keys: "article = 77\narticle-version = 2",
        addresses: &[
            ("https://api.figshare.com/", "api/"),
            ("https://ndownloader.figshare.com/", "bytes/"),
            ("https://figshare.com/", "site/"),
        ],
        answer: figshare::answer,
        listing: "/files?page",
        ..hub()
    }
}

fn project() -> Case {
    Case {
        provider: "osf",
        keys: "node = \"abcde\"",
        addresses: &[("https://api.osf.io/", ""), ("https://files.osf.io/", "files/")],
        answer: osf::answer,
        listing: "/v2/nodes/abcde/files/",
        ..hub()
    }
}

fn record() -> Case {
    Case {
        provider: "zenodo",
        keys: "record = 42",
        addresses: &[("https://zenodo.org/", "")],
        answer: zenodo::answer,
        listing: "/api/records/42",
        ..hub()
    }
}

fn bucket() -> Case {
    Case {
        provider: "s3",
        keys: "bucket = \"toy-bucket\"",
        addresses: &[("https://toy-bucket.s3.amazonaws.com/", "toy-bucket/")],
        answer: s3::answer,
        listing: "list-type=2",
        ..hub()
    }
}

fn container() -> Case {
    Case {
        provider: "azure",
        keys: "account = \"acct\"\ncontainer = \"toys\"\nlink = \"from-user\"",
        addresses: &[("https://acct.blob.core.windows.net/", "")],
        answer: azure::answer,
        listing: "comp=list",
        token: Some(azure::LINK),
        ..hub()
    }
}

fn drive() -> Case {
    Case {
        provider: "googledrive",
        keys: "folder = \"FOLDER00000000000000000000000000\"",
        addresses: &[
            ("https://drive.google.com/", "drive/"),
            ("https://drive.usercontent.google.com/", "bytes/"),
            ("https://docs.google.com/", "docs/"),
            ("https://accounts.google.com/", "accounts/"),
        ],
        answer: googledrive::answer,
        listing: "/embeddedfolderview",
        ..hub()
    }
}

const PHYSIONET_PASSWORD: &str = "correct horse 7&battery";

fn credentialed() -> Case {
    Case {
        provider: "physionet",
        keys: "slug = \"toy-ecg\"\nversion = \"1.1.0\"",
        addresses: &[("https://physionet.org/", ""), ("https://physionet-open.s3.amazonaws.com/", "s3/")],
        answer: physionet::answer,
        toy: physionet::with_sums(toy()),
        listing: "SHA256SUMS.txt",
        token: Some("jdoe:correct horse 7&battery"),
    }
}

const SYNAPSE_TOKEN: &str = "eyJ0eXAi.eyJhY2Nlc3Mi.Zt7mQwXk1p";

fn entity() -> Case {
    Case {
        provider: "synapse",
        keys: "entity = \"syn1\"",
        addresses: &[("https://repo-prod.prod.sagebase.org/", ""), ("https://file-prod.prod.sagebase.org/", "")],
        answer: synapse::answer,
        listing: "/repo/v1/entity/",
        token: Some(SYNAPSE_TOKEN),
        ..hub()
    }
}

const KAGGLE_TOKEN: &str = "KGAT_4f2e8a6c1d3b";

fn dataset(keys: &'static str, toy: Toy) -> Case {
    Case {
        provider: "kaggle",
        keys,
        addresses: &[("https://api.kaggle.com/", "api/"), ("https://www.kaggle.com/", "")],
        answer: kaggle::answer,
        toy,
        listing: "ListDatasetFiles",
        token: Some(KAGGLE_TOKEN),
    }
}

/// Static links of Box lead over two redirects to an address that works once, on another host.
fn shared_folder() -> Case {
    fn answer(setup: &Setup, asked: &Asked) -> Reply {
        static TICKETS: AtomicUsize = AtomicUsize::new(1);
        static USED: AtomicUsize = AtomicUsize::new(0);
        match asked.place().as_str() {
            "/toys/shared/static/abc.zip" => Reply::redirect(301, "https://toys.app.box.com/public/static/abc.zip")
                .with("set-cookie", "z=1; path=/; secure"),
            "/app/public/static/abc.zip" => {
                let ticket = TICKETS.fetch_add(1, Ordering::SeqCst);
                Reply::redirect(302, format!("https://public.boxcloud.com/d/1/{ticket}/download"))
            }
            place => match place.strip_prefix("/cloud/d/1/").and_then(|rest| rest.strip_suffix("/download")) {
                Some(ticket) if USED.fetch_max(ticket.parse().unwrap(), Ordering::SeqCst) < ticket.parse().unwrap() => {
                    Reply::file(asked, setup.toy.bytes("set.zip").unwrap().to_vec())
                }
                _ => Reply::status(404),
            },
        }
    }
    Case {
        provider: "box",
        keys: "tenant = \"toys\"",
        addresses: &[
            ("https://toys.box.com/", "toys/"),
            ("https://toys.app.box.com/", "app/"),
            ("https://public.boxcloud.com/", "cloud/"),
        ],
        answer,
        listing: "",
        ..hub()
    }
}

/// Box lists nothing: the entry names the archive and its link.
fn with_a_static_link(scene: Scene) -> Scene {
    let entry = std::fs::read_to_string(std::path::Path::new(&scene.catalog).join("toy.toml")).unwrap();
    let file = "\n[[release.file]]\npath = \"set.zip\"\nat = { host = { static = \"abc.zip\" } }\n";
    scene.home.overlay("toy.toml", &(entry.replace("listing = \"host\"\n", "") + file));
    scene
}

/// Asks for two members, and for nothing but ranges of the archive. `bytes` is a part of the
/// addresses of the archive at the host; where there is none its storage serves it.
#[track_caller]
fn reads_members(scene: &Scene, bytes: Option<&str>, size: usize) {
    let ran = scene.run(&["fetch", "toy", "--members", "labels.csv", "--members", "images/3.bin", "--events", "-"]);
    let ran = ran.expect(0);
    let data = scene.data();
    let images = data.iter().find(|(name, _)| name.ends_with("images/3.bin")).unwrap();
    let labels = data.iter().find(|(name, _)| name.ends_with("labels.csv")).unwrap();
    assert_eq!(data.len(), 2, "{:?}", data.keys());
    assert!(*images.1 == vec![3; size] && *labels.1 == b"id,label\n");
    let asked = match bytes {
        Some(part) => scene.host.log().into_iter().filter(|asked| asked.path.contains(part)).collect(),
        None => scene.store.log(),
    };
    assert!(!asked.is_empty(), "the archive is asked for");
    assert!(asked.iter().all(|asked| asked.header("range").is_some()), "nothing is asked for whole: {asked:?}");
    let verified = scene.run(&["verify", "toy"]).expect(0);
    for secret in [TOKEN, KAGGLE_TOKEN, SYNAPSE_TOKEN, PHYSIONET_PASSWORD, azure::LINK, storage::SIGNATURE] {
        // The store has its own signature in its addresses, of course.
        match secret == storage::SIGNATURE {
            true => assert!(!ran.stderr.contains(secret) && !ran.stdout.contains(secret)),
            false => scene.never_shows(secret, &[&ran, &verified]),
        }
    }
}

#[test]
fn members_are_read_from_where_the_host_sends_readers() {
    for case in [hub(), article(), project()] {
        reads_members(&case.start(), None, LARGE);
    }
}

#[test]
fn members_are_read_from_a_bucket_and_a_shared_folder() {
    reads_members(&bucket().start(), Some("/set.zip"), LARGE);
    // The page of the virus check stands before every range.
    reads_members(&drive().start(), Some("/bytes/download"), LARGE);
    reads_members(&with_a_static_link(shared_folder().start()), Some("/cloud/"), LARGE);
}

#[test]
fn members_are_read_with_a_link_that_only_the_person_has() {
    let link = format!("https://acct.blob.core.windows.net/toys?{}", azure::LINK);
    let scene = container().start().with("MEDSETS_TOKEN_AZURE_TOY", &link).with("MEDSETS_LOG", "trace");
    reads_members(&scene, Some("/set.zip"), LARGE);
}

#[test]
fn members_are_read_with_a_password() {
    let scene = credentialed().start().with("MEDSETS_USER_PHYSIONET", "jdoe");
    let scene = scene.with("MEDSETS_PASSWORD_PHYSIONET", PHYSIONET_PASSWORD).with("MEDSETS_LOG", "trace");
    scene.run(&["config", "set", "physionet.user-agent", "Wget/1.21.3 (medsets)"]).expect(0);
    reads_members(&scene, Some("/set.zip"), LARGE);
}

/// Links of Synapse are signed for 30 seconds: here each has ended when it is used again.
#[test]
fn a_link_that_ends_between_two_ranges_is_asked_for_again() {
    let turns = Arc::new(AtomicUsize::new(0));
    let counted = turns.clone();
    let home = Home::new().with("MEDSETS_TOKEN_SYNAPSE", SYNAPSE_TOKEN).with("MEDSETS_LOG", "trace");
    let scene = entity().start_with(home, synapse::answer, move |toy, asked| {
        match counted.fetch_add(1, Ordering::SeqCst) % 2 {
            0 => storage::answer(toy, asked),
            _ => Reply::page("<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>").but(403),
        }
    });
    reads_members(&scene, None, LARGE);
    let links = scene.host.log().iter().filter(|asked| asked.path.contains("/fileHandle/batch")).count();
    let uses = turns.load(Ordering::SeqCst);
    assert!(uses > 4 && links == uses, "{uses} requests with {links} links");
}

#[test]
fn kaggle_gives_ranges_of_what_it_has_not_packed_itself() {
    let signed_in = |case: Case| case.start().with("MEDSETS_TOKEN_KAGGLE", KAGGLE_TOKEN).with("MEDSETS_LOG", "trace");
    reads_members(&signed_in(dataset("dataset = \"own/toy\"", toy_of(SMALL))), None, SMALL);
    // All files as one archive, which Kaggle makes itself.
    let files = (0..4_u8).map(|index| (format!("images/{index}.bin"), vec![index; LARGE]));
    let files: Vec<_> = files.chain([("labels.csv".to_owned(), b"id,label\n".to_vec())]).collect();
    let all = dataset("dataset = \"own/toy\"\ntake = \"bundle\"", Toy { files: Arc::new(files) });
    reads_members(&signed_in(all), None, LARGE);
    // A large file comes inside a zip of Kaggle's own, even if it is one itself.
    let scene = signed_in(dataset("dataset = \"own/toy\"", toy()));
    let ran = scene.run(&["fetch", "toy", "--members", "labels.csv"]).expect(55);
    ran.says(&["`set.zip`: the host sends it inside a zip of its own", "without `--members`"]);
    assert!(scene.store.log().is_empty());
    scene.run(&["fetch", "toy"]).expect(0);
}

/// Zenodo's own servers send files whole, as far as is known.
#[test]
fn a_host_that_gives_no_parts_is_told() {
    let ran = record().start().run(&["fetch", "toy", "--members", "labels.csv"]).expect(55);
    ran.says(&["`set.zip`: the host sends it only as a whole (3.1 MiB)"]);
}

#[test]
fn no_credential_goes_along_to_the_store() {
    let scene = Case { token: Some(TOKEN), ..hub() }.start().with("MEDSETS_TOKEN_HUGGINGFACE", TOKEN);
    let scene = scene.with("MEDSETS_LOG", "trace");
    let ran = scene.run(&["fetch", "toy", "--members", "labels.csv", "--events", "-"]).expect(0);
    assert!(scene.host.log().iter().any(|asked| asked.header("authorization").is_some()), "the host was told who asks");
    assert!(scene.store.log().iter().all(|asked| asked.header("authorization").is_none()));
    assert!(scene.store.log().iter().all(|asked| asked.header("range").is_some()), "nothing is asked for whole");
    scene.never_shows(TOKEN, &[&ran]);
}
