//! TCIA, and `fetch lidc-idri` from it.

use std::sync::atomic::{AtomicUsize, Ordering};

use medsets::values::Digest;

use crate::stand_ins::{Setup, storage, tcia};
use crate::support::archives;
use crate::support::home::{Home, tree};
use crate::support::host::{Asked, Host, Reply};

use super::contract;
use super::scene::Case;

const NBIA: &str = "https://nbia.cancerimagingarchive.net/";

fn case() -> Case {
    Case {
        provider: "tcia",
        keys: "collection = \"LIDC-IDRI\"",
        addresses: &[(NBIA, "")],
        answer: tcia::answer,
        // Without a rule that says otherwise the zips stay as they come.
        toy: tcia::zips(),
        listing: "/getSeries",
        token: None,
    }
}

#[test]
fn keeps_the_contract() {
    contract::open_host(&case());
}

#[test]
fn an_interrupted_fetch_does_not_list_again() {
    let turns = AtomicUsize::new(0);
    let answer = move |setup: &Setup, asked: &Asked| match asked.path.contains("getImage") {
        true if turns.fetch_add(1, Ordering::SeqCst) == 0 => Reply::status(404),
        _ => tcia::answer(setup, asked),
    };
    let scene = case().start_with(Home::new(), answer, storage::answer);
    assert_ne!(scene.run(&["fetch", "toy"]).code, Some(0));
    scene.run(&["fetch", "toy"]).expect(0);
    assert_eq!(scene.asked("/getSeries"), 1);
}

#[test]
fn what_is_gone_or_not_public_says_so() {
    let unknown = Case { keys: "collection = \"Gone\"", ..case() }.start();
    unknown.run(&["fetch", "toy"]).expect(35).says(&["`Gone`", "nih-controlled-data-access-policy"]);
    let refusing = |words: &'static str| {
        let answer = move |setup: &Setup, asked: &Asked| match asked.path.contains("getImage") {
            true => Reply::whole(words).but(400),
            false => tcia::answer(setup, asked),
        };
        case().start_with(Home::new(), answer, storage::answer)
    };
    let withheld = refusing("The user has not been granted the access to image with given SeriesInstanceUID,1.2.11.");
    withheld.run(&["fetch", "toy"]).expect(22).says(&["nih-controlled-data-access-policy"]);
    refusing("Something else").run(&["fetch", "toy"]).expect(35);
}

/// `lidc-idri` with an XML archive of ours, whose figures the overlay states.
struct Lidc {
    home: Home,
    host: Host,
    catalog: String,
}

impl Lidc {
    fn start(answer: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Self {
        let xml = archives::zip_of(&[("tcia-lidc-xml/157/158.xml", b"<LidcReadMessage/>")]);
        let home = Home::new();
        let entry = home.run(&["info", "lidc-idri", "--raw"]).expect(0).stdout;
        let figures = |line: &str| match line.split(" = ").next().unwrap_or_default() {
            "size" => format!("size = {}", xml.len()),
            "sha256" => format!("sha256 = \"{}\"", Digest::sha256(&xml).hex()),
            "size-about" | "unpacked-about" => String::new(),
            "unpack" => line.replace("members = 1319", "members = 1"),
            _ => line.to_owned(),
        };
        let entry: String = entry.lines().map(|line| figures(line) + "\n").collect();
        let catalog = home.overlay("lidc-idri.toml", &entry);
        let host = Host::start(move |asked| match asked.place().as_str() {
            "/site/wp-content/uploads/LIDC-XML-only.zip" => Reply::file(asked, xml.clone()),
            _ => answer(asked),
        });
        let url = host.url();
        let home = home
            .with("MEDSETS_KEYRING", "none")
            .with("MEDSETS_REWRITE", format!("{NBIA}={url};https://www.cancerimagingarchive.net/={url}site/"));
        Self { home, host, catalog }
    }

    fn run(&self, arguments: &[&str]) -> crate::support::home::Ran {
        self.home.run(&[&["--catalog", self.catalog.as_str()], arguments].concat())
    }
}

fn served(asked: &Asked) -> Reply {
    tcia::serve(&tcia::toy(), "LIDC-IDRI", asked)
}

#[test]
fn lidc_idri_has_the_folders_of_the_imaging_data_commons() {
    for (variant, has_radiographs) in [("original", true), ("ct", false)] {
        let lidc = Lidc::start(served);
        let name = format!("lidc-idri@4:{variant}");
        lidc.run(&["fetch", &name, "--source", "tcia"]).expect(0);
        let dir = lidc.run(&["path", &name]).expect(0).stdout;
        let got = tree(std::path::Path::new(dir.trim()));
        for (path, bytes) in tcia::toy().files.iter() {
            let wanted = has_radiographs || !path.contains("/DX_");
            assert_eq!(got.get(&format!("data/{path}")), wanted.then_some(bytes), "{variant} {path}");
        }
        assert!(got.contains_key("data/tcia-lidc-xml/157/158.xml"), "{:?}", got.keys());
        let others = got.keys().filter(|path| path.starts_with("data/") && !path.ends_with(".dcm"));
        assert!(others.clone().all(|path| path.ends_with(".xml") || path.ends_with("md5hashes.csv")), "{others:?}");
        let files = String::from_utf8_lossy(&got[".medsets/files.jsonl"]).into_owned();
        let image = files.lines().find(|line| line.contains("1-001.dcm")).unwrap();
        assert!(image.contains("\"image\""), "{image}");
        lidc.run(&["verify", &name]).expect(0);
        assert!(lidc.host.log().iter().all(|asked| asked.header("range").is_none()), "NBIA knows no ranges");
    }
}

/// The host has answered with 200 when it finds that a file is missing.
#[test]
fn a_series_that_ends_early_is_no_series() {
    let images = |count: usize| {
        let toy = tcia::toy();
        let all = toy.files.iter().filter(|(path, _)| path.contains("1.2.11/")).take(count).cloned();
        all.map(|(path, bytes)| (path.rsplit('/').next().unwrap().to_owned(), bytes)).collect::<Vec<_>>()
    };
    let whole = tcia::zip_of(&images(2), true);
    let cases: [(Vec<u8>, i32, &str); 3] = [
        (whole[..whole.len() / 2].to_vec(), 41, "CT_1.2.11"),
        (tcia::zip_of(&images(1), true), 41, "the host lists 2"),
        (tcia::zip_of(&images(2), false), 41, "md5hashes.csv"),
    ];
    for (body, exit, says) in cases {
        let lidc = Lidc::start(move |asked| match asked.parameter("SeriesInstanceUID").as_deref() {
            Some("1.2.11") => Reply::whole(body.clone()).chunked(),
            _ => served(asked),
        });
        lidc.run(&["fetch", "lidc-idri:ct", "--source", "tcia"]).expect(exit).says(&[says]);
        assert!(!lidc.home.data().join("lidc-idri").exists());
    }
}

/// A byte that changed before the host made the zip passes its CRC.
#[test]
fn an_image_that_its_md5_does_not_prove_is_refused() {
    let lidc = Lidc::start(|asked| {
        if asked.parameter("SeriesInstanceUID").as_deref() != Some("1.2.31") {
            return served(asked);
        }
        let other = "900150983cd24fb0d6963f7d28e17f72";
        let list = format!("Filename,MD5Hash\n1-001.dcm,{other}\n");
        let members = [("LICENSE", tcia::LICENSE), ("1-001.dcm", b"DICM"), ("md5hashes.csv", list.as_bytes())];
        Reply::whole(archives::zip_of(&members)).chunked()
    });
    lidc.run(&["fetch", "lidc-idri:ct", "--source", "tcia"]).expect(40).says(&["1-001.dcm", "md5"]);
}
