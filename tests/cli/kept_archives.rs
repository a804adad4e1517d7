//! Archives beside the data, kept or packed: `verify` looks at every byte of them, too.

use crate::support::archives::{Served, serve, zip_of};
use crate::support::home::tree;

const UNPACK: &str = "{ format = \"zip\", into = \"data\" }";

fn served() -> Served {
    let zip = zip_of(&[("one.txt", b"one".as_slice()), ("two.txt", b"two")]);
    serve(&[("set.zip", zip, UNPACK), ("table.csv", b"a,b\n".to_vec(), "")])
}

fn archive(served: &Served) -> std::path::PathBuf {
    served.home.data().join("made/1/archives/set.zip")
}

/// Another byte, with size and time as they were.
fn flip(path: &std::path::Path) {
    let mut bytes = std::fs::read(path).unwrap();
    let time = std::fs::metadata(path).unwrap().modified().unwrap();
    bytes[30] ^= 1;
    std::fs::remove_file(path).unwrap();
    std::fs::write(path, bytes).unwrap();
    std::fs::File::open(path).unwrap().set_modified(time).unwrap();
}

fn asked(served: &Served, name: &str) -> usize {
    served.host.log().iter().filter(|asked| asked.path.ends_with(name)).count()
}

#[test]
fn a_packed_dataset_is_checked_and_mended() {
    let served = served();
    served.run(&["fetch", "made", "--no-unpack"]).expect(0);
    let whole = tree(&served.home.data().join("made/1/archives"));
    let ran = served.run(&["verify", "made"]).expect(0);
    assert!(ran.stdout.contains("2 of 2 files good"), "{}", ran.stdout);
    flip(&archive(&served));
    served.run(&["status", "made", "--exit-code"]).expect(0);
    let ran = served.run(&["verify", "made"]).expect(40);
    assert!(ran.stdout.contains("changed  archives/set.zip"), "{}", ran.stdout);
    served.run(&["verify", "made", "--repair"]).expect(0);
    assert_eq!(tree(&served.home.data().join("made/1/archives")), whole);
    assert_eq!((asked(&served, "set.zip"), asked(&served, "table.csv")), (2, 1), "only what was damaged");
    std::fs::remove_file(archive(&served)).unwrap();
    served.run(&["verify", "made", "--quick"]).expect(62);
    served.run(&["verify", "made", "--repair"]).expect(0);
    assert_eq!(tree(&served.home.data().join("made/1/archives")), whole);
    // A packed archive is carried over as it is when something else is mended.
    std::fs::remove_file(served.home.data().join("made/1/data/table.csv")).unwrap();
    served.run(&["verify", "made", "--repair"]).expect(0);
    assert_eq!(asked(&served, "set.zip"), 3);
    served.run(&["verify", "made"]).expect(0);
}

#[test]
fn an_archive_that_was_kept_is_checked_and_may_be_gone() {
    let served = served();
    served.run(&["fetch", "made", "--keep-archives"]).expect(0);
    let whole = std::fs::read(archive(&served)).unwrap();
    flip(&archive(&served));
    served.run(&["verify", "made"]).expect(40);
    served.run(&["verify", "made", "--repair"]).expect(0);
    assert_eq!(std::fs::read(archive(&served)).unwrap(), whole);
    served.run(&["verify", "made"]).expect(0);
    served.run(&["remove", "made", "--archives-only", "--yes"]).expect(0);
    let ran = served.run(&["verify", "made"]).expect(0);
    assert!(ran.stdout.contains("3 of 3 files good"), "{}", ran.stdout);
}
