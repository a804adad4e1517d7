//! A dataset of toys at a stand-in, and the program in an empty home that fetches it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use medsets::values::Digest;

use crate::stand_ins::{Setup, Toy, storage};
use crate::support::home::{Home, Ran, tree};
use crate::support::host::{Anonymous, Asked, Host, Reply};
use crate::support::secrets::Hidden;

/// What a stand-in answers.
pub type Answer = fn(&Setup, &Asked) -> Reply;

/// Where a stand-in and its storage pretend to be.
pub const STORAGE: &str = "https://storage.example.org/";

/// One host and its dataset.
pub struct Case {
    /// The provider's name in an entry.
    pub provider: &'static str,
    /// The provider's keys in `[[release.source]]`.
    pub keys: &'static str,
    /// Addresses of the host, and the path of the stand-in that each becomes.
    pub addresses: &'static [(&'static str, &'static str)],
    /// Its answers.
    pub answer: Answer,
    /// What it serves.
    pub toy: Toy,
    /// A part of the paths that list files.
    pub listing: &'static str,
    /// The token that the stand-in wants.
    pub token: Option<&'static str>,
}

/// A running stand-in with its storage, and a home that takes both for the real ones.
pub struct Scene {
    /// The stand-in.
    pub host: Host,
    /// The store of bytes behind it.
    pub store: Host,
    /// The program's home.
    pub home: Home,
    /// The entry's overlay.
    pub catalog: String,
    failing: Arc<AtomicUsize>,
    /// Whatever a test does, no credential reaches the store.
    _watch: Anonymous,
}

impl Case {
    /// Starts the stand-in.
    pub fn start(&self) -> Scene {
        self.start_in(Home::new())
    }

    /// The same in a home that already has something in it.
    pub fn start_in(&self, home: Home) -> Scene {
        self.start_with(home, self.answer, storage::answer)
    }

    /// The same with answers of a test's own, from the host and from its storage.
    pub fn start_with(
        &self,
        home: Home,
        answer: impl Fn(&Setup, &Asked) -> Reply + Send + Sync + 'static,
        stored: impl Fn(&Toy, &Asked) -> Reply + Send + Sync + 'static,
    ) -> Scene {
        let setup = Setup {
            toy: self.toy.clone(),
            origin: self.addresses[0].0.to_owned(),
            storage: STORAGE.to_owned(),
            token: self.token.map(str::to_owned),
        };
        let failing = Arc::new(AtomicUsize::new(0));
        let (toy, fails) = (self.toy.clone(), failing.clone());
        let store = Host::start(move |asked| {
            if fails.load(Ordering::SeqCst) > 0 {
                return Reply::status(404);
            }
            stored(&toy, asked)
        });
        let host = Host::start(move |asked| answer(&setup, asked));
        let mut rewrites = vec![format!("{STORAGE}={}", store.url())];
        rewrites.extend(self.addresses.iter().map(|(address, path)| format!("{address}={}{path}", host.url())));
        let home = home.with("MEDSETS_REWRITE", rewrites.join(";")).with("MEDSETS_KEYRING", "none");
        let catalog = home.overlay("toy.toml", &self.entry());
        let watch = store.anonymous();
        Scene { host, store, home, catalog, failing, _watch: watch }
    }

    fn entry(&self) -> String {
        format!(
            "id = \"toy\"\ntitle = \"Toy\"\nsummary = \"Made in a test.\"\nmaintainer = {{ name = \"test\" }}\n\
             tags = [\"made\"]\nmodality = [\"text\"]\nanatomy = [\"none\"]\ntask = [\"classification\"]\nformat = [\"text\"]\n\n\
             [[release]]\nversion = \"1\"\nlicense = \"CC0-1.0\"\n\n\
             [[release.source]]\nchannel = \"host\"\nprovider = \"{}\"\n{}\nlisting = \"host\"\n",
            self.provider, self.keys
        )
    }
}

impl Scene {
    /// Names the files of a toy in the entry, for hosts that do not list them. `at` is the line that
    /// says where a file is.
    pub fn names_files(&self, toy: &Toy, at: impl Fn(usize) -> String) {
        let path = self.home.path().join("overlay/toy.toml");
        let entry = std::fs::read_to_string(&path).expect("the entry was written");
        let tables = toy.files.iter().enumerate().map(|(index, (name, bytes))| {
            let (size, sha256) = (bytes.len(), Digest::sha256(bytes).hex());
            format!("\n[[release.file]]\npath = \"{name}\"\nsize = {size}\nsha256 = \"{sha256}\"\n{}\n", at(index))
        });
        let named = entry.replace("listing = \"host\"\n", &tables.collect::<String>());
        std::fs::write(&path, named).expect("the entry can be written");
    }

    /// Runs the program with the overlay.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        self.home.run(&[&["--catalog", self.catalog.as_str()], arguments].concat())
    }

    /// With a variable in every run from now on.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.home = self.home.with(name, value);
        self
    }

    /// Lets the store lose or find its files.
    pub fn store_fails(&self, fails: bool) {
        self.failing.store(usize::from(fails), Ordering::SeqCst);
    }

    /// What lies in the dataset's folder of data.
    pub fn data(&self) -> BTreeMap<String, Vec<u8>> {
        tree(&self.home.data().join("toy/1/data"))
    }

    /// How often a path with this part was asked of the stand-in.
    pub fn asked(&self, part: &str) -> usize {
        self.host.log().iter().filter(|asked| asked.path.contains(part)).count()
    }

    /// Fails the test if a secret stands anywhere in the home, in what was printed, in the list
    /// of processes, or in a request to the store, in any form. `credentials.toml` may hold it,
    /// if only its owner may read that.
    #[track_caller]
    pub fn never_shows(&self, secret: &str, printed: &[&Ran]) {
        let hidden = Hidden::new(secret);
        hidden.is_in_no_file(&self.home);
        printed.iter().for_each(|ran| hidden.was_not_printed(ran));
        for asked in self.store.log() {
            hidden.is_not_in("a request to the store", format!("{asked:?}").as_bytes());
        }
    }

    /// Runs the program with the overlay and a text on standard input.
    pub fn fed(&self, input: &str, arguments: &[&str]) -> Ran {
        self.home.fed(input, &[&["--catalog", self.catalog.as_str()], arguments].concat())
    }
}

/// The files of a toy by path.
pub fn expected(toy: &Toy) -> BTreeMap<String, Vec<u8>> {
    toy.files.iter().cloned().collect()
}
