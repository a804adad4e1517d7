//! Makes the demonstration set in `catalog/demo/`, or checks that it is what this makes.
//!
//! ```text
//! cargo run --example make_demo              writes catalog/demo/ and prints sizes and digests
//! cargo run --example make_demo -- --check   compares, exits 1 and names each difference
//! ```
//!
//! The set is our own, CC0-1.0, and shows no person: shapes drawn as radiographs, sentences
//! put together as reports, a table of labels. Everything follows from one fixed seed. The
//! check compares what the archives hold, not their bytes, since another release of the
//! compressor may pack the same contents otherwise; the sizes and digests that the catalogue
//! entries state are compared with the committed bytes.

#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "a maker's tool, not the library")]

mod archives;
mod case;
mod check;
mod entry;
mod picture;
mod png;
mod report;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use case::Case;

/// One file of the set, as it lies in `catalog/demo/`.
struct DemoFile {
    name: &'static str,
    contents: Contents,
}

/// What a file holds, before it is packed.
enum Contents {
    Plain(Vec<u8>),
    Zip(Vec<Member>),
    TarGz(Vec<Member>),
}

/// A name inside an archive, and its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Member {
    name: String,
    bytes: Vec<u8>,
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let catalog = Path::new(env!("CARGO_MANIFEST_DIR")).join("catalog");
    let files = demo_files();
    if std::env::args().any(|argument| argument == "--check") {
        return check(&catalog, &files);
    }
    std::fs::create_dir_all(demo_dir(&catalog))?;
    for file in &files {
        let bytes = file.pack()?;
        println!("{:<20} size = {}  sha256 = \"{}\"", file.name, bytes.len(), entry::sha256(&bytes));
        std::fs::write(demo_dir(&catalog).join(file.name), bytes)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn check(catalog: &Path, files: &[DemoFile]) -> Result<ExitCode, Box<dyn Error>> {
    let mut differences = check::committed(&demo_dir(catalog), files)?;
    for id in ["demo", "demo-gated"] {
        differences.extend(check::stated(catalog, id, files)?);
    }
    for difference in &differences {
        eprintln!("{difference}");
    }
    if differences.is_empty() {
        println!("the demonstration set is what examples/make_demo makes");
        return Ok(ExitCode::SUCCESS);
    }
    Ok(ExitCode::FAILURE)
}

fn demo_dir(catalog: &Path) -> PathBuf {
    catalog.join("demo")
}

/// The whole set, in the order of the catalogue entry.
fn demo_files() -> Vec<DemoFile> {
    let cases = case::all();
    vec![
        DemoFile { name: "demo-images.zip", contents: Contents::Zip(images(&cases)) },
        DemoFile { name: "demo-texts.tar.gz", contents: Contents::TarGz(texts(&cases)) },
        DemoFile { name: "labels.csv", contents: Contents::Plain(case::labels(&cases).into_bytes()) },
        DemoFile { name: "README.txt", contents: Contents::Plain(README.as_bytes().to_vec()) },
    ]
}

fn images(cases: &[Case]) -> Vec<Member> {
    let image = |case: &Case| {
        let bytes = png::grey(picture::SIDE, &picture::draw(case));
        Member { name: format!("images/{}.png", case.name()), bytes }
    };
    cases.iter().map(image).collect()
}

/// The reports below a wrapper folder, with the junk that a Mac leaves in archives.
fn texts(cases: &[Case]) -> Vec<Member> {
    let text = |case: &Case| Member {
        name: format!("demo-texts-1.0/texts/{}.txt", case.name()),
        bytes: report::write(case).into_bytes(),
    };
    let junk = |name: &str| Member { name: name.to_owned(), bytes: b"junk, not to be unpacked\n".to_vec() };
    let mut members = vec![junk("__MACOSX/._junk"), junk("demo-texts-1.0/.DS_Store")];
    members.extend(cases.iter().map(text));
    members
}

impl Member {
    /// Where the bytes are, for a message; a file that is no archive has one nameless member.
    fn place(&self) -> String {
        if self.name.is_empty() { "throughout".to_owned() } else { format!("in `{}`", self.name) }
    }
}

impl DemoFile {
    fn pack(&self) -> Result<Vec<u8>, Box<dyn Error>> {
        match &self.contents {
            Contents::Plain(bytes) => Ok(bytes.clone()),
            Contents::Zip(members) => archives::zip(members),
            Contents::TarGz(members) => archives::tar_gz(members),
        }
    }
}

const README: &str = "\
medsets demonstration set, version 1.0

48 drawn pictures of 64 by 64 grey pixels that look a little like chest radiographs, a short
made-up report for each, and a table with the split, the finding and its size. No picture
shows a person and no report is about one. The set is for trying medsets, not for learning
anything about lungs.

images/case0001.png   the picture (demo-images.zip)
texts/case0001.txt    the report (demo-texts.tar.gz)
labels.csv            case, split, finding (none or opacity), size_mm (empty where none)

Made by examples/make_demo in the source of medsets. CC0-1.0: do with it what you like.
";
