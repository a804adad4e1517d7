//! Single members of archives at hosts that send readers elsewhere for the bytes.

use std::io::{Cursor, Write as _};
use std::sync::Arc;

use zip::write::SimpleFileOptions;

use crate::stand_ins::{Toy, figshare, huggingface, osf, zenodo};

use super::scene::Case;

const TOKEN: &str = "hf_Qm5xVb8KpTz3";

/// An archive of a table and large members.
fn toy() -> Toy {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for index in 0..8_u8 {
        zip.start_file(format!("images/{index}.bin"), options).unwrap();
        zip.write_all(&vec![index; 400_000]).unwrap();
    }
    zip.start_file("labels.csv", options).unwrap();
    zip.write_all(b"id,label\n").unwrap();
    Toy {
        files: Arc::new(vec![
            ("set.zip".into(), zip.finish().unwrap().into_inner()),
            ("README.md".into(), b"x".to_vec()),
        ]),
    }
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

#[test]
fn members_are_read_from_where_the_host_sends_readers() {
    for case in [hub(), article(), project()] {
        let scene = case.start();
        scene.run(&["fetch", "toy", "--members", "labels.csv", "--members", "images/3.bin"]).expect(0);
        let data = scene.data();
        assert_eq!(data.keys().collect::<Vec<_>>(), ["images/3.bin", "labels.csv"], "{}", case.provider);
        assert_eq!(data["images/3.bin"], vec![3; 400_000]);
        assert!(scene.store.log().iter().all(|asked| asked.header("range").is_some()), "{}", case.provider);
        scene.run(&["verify", "toy"]).expect(0);
    }
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
