//! Runs one stand-in of the tests by itself, so that a host's official client can be tried on
//! it: `cargo run --example stand_in -- huggingface`.
//!
//! Prints the address of the host and of its storage, then serves until its input ends. The
//! storage is written as `localhost`, the host as `127.0.0.1`: two origins on one machine.
//! `--token TOKEN` makes the host want it; `--origin URL` is how the host writes its own
//! address in its answers, for clients that reach it through a proxy under its real name.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a tool for the tests"
)]

#[path = "../tests/stand_ins/mod.rs"]
mod stand_ins;
#[path = "../tests"]
#[allow(dead_code, reason = "a part of what the tests use")]
mod support {
    #[path = "support/host.rs"]
    pub mod host;
    #[path = "support/watch.rs"]
    pub mod watch;
}

use std::io::Read as _;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use stand_ins::{Setup, Toy};
use support::host::{Asked, Host, Reply};

type Answer = fn(&Setup, &Asked) -> Reply;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let option =
        |name: &str| arguments.iter().position(|one| one == name).and_then(|at| arguments.get(at + 1)).cloned();
    let (answer, toy): (Answer, Toy) = match arguments.first().map(String::as_str) {
        Some("azure") => (stand_ins::azure::answer, Toy::new()),
        Some("figshare") => (stand_ins::figshare::answer, Toy::flat()),
        Some("googledrive") => (stand_ins::googledrive::answer, Toy::new()),
        Some("huggingface") => (stand_ins::huggingface::answer, Toy::new()),
        Some("idc") => (stand_ins::idc::answer, stand_ins::idc::objects(None)),
        Some("isic") => (stand_ins::isic::answer, stand_ins::isic::toy()),
        Some("kaggle") => (stand_ins::kaggle::answer, Toy::new()),
        Some("osf") => (stand_ins::osf::answer, Toy::new()),
        Some("physionet") => (stand_ins::physionet::answer, stand_ins::physionet::plain()),
        Some("physionet-mirrored") => (stand_ins::physionet::mirrored, stand_ins::physionet::plain()),
        Some("pmc") => (stand_ins::pmc::answer, stand_ins::pmc::objects()),
        Some("redivis") => (stand_ins::redivis::answer, Toy::new()),
        Some("s3") => (stand_ins::s3::answer, Toy::new()),
        Some("synapse") => (stand_ins::synapse::answer, Toy::new()),
        Some("synapse-restricted") => (stand_ins::synapse::restricted, Toy::new()),
        Some("tcia") => (stand_ins::tcia::answer, stand_ins::tcia::toy()),
        Some("umls") => (stand_ins::umls::answer, stand_ins::umls::toy()),
        Some("zenodo") => (stand_ins::zenodo::answer, Toy::flat()),
        other => panic!("no stand-in {other:?}; their names are in `examples/stand_in.rs`"),
    };
    if let Some(dir) = option("--write") {
        for (name, bytes) in toy.files.iter() {
            let path = Path::new(&dir).join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
    }
    let stored = toy.clone();
    let store = Host::start(move |asked| stand_ins::storage::answer(&stored, asked));
    let storage = option("--storage").unwrap_or_else(|| store.url().replace("127.0.0.1", "localhost"));
    let setup: Arc<OnceLock<Setup>> = Arc::default();
    let known = setup.clone();
    let host = Host::start(move |asked| answer(known.wait(), asked));
    let origin = option("--origin").unwrap_or_else(|| host.url());
    let _ = setup.set(Setup { toy, origin, storage, token: option("--token") });
    println!("host {}\nstorage {}", host.url(), store.url());
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
    for asked in host.log() {
        println!("asked {} {}", asked.method, asked.path);
    }
}
