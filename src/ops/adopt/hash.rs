//! Reading only what can belong to something that is known, each file once.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::Path;

use rayon::prelude::*;

use crate::context::Context;
use crate::events::Event;
use crate::fs;
use crate::layout::check::digests_of;
use crate::values::{Algorithm, ByteSize, Digest, RelPath};

use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::matching;
use super::known::Known;
use super::place_of;
use super::report::PassedOver;
use super::scan::{Own, Scan};

/// The digests of the files that were read.
pub(super) struct Hashes<'a> {
    context: &'a Context,
    scan: &'a Scan,
    jobs: usize,
    known: HashMap<usize, Vec<Digest>>,
    by_digest: HashMap<Digest, Vec<usize>>,
    /// Files that could not be read, or changed meanwhile.
    pub passed_over: Vec<PassedOver>,
    tried: HashSet<usize>,
}

/// Which files may be something that is known, with the digests that would tell: by size, and
/// by name where no size is known.
pub(super) fn candidates(scan: &Scan, knowns: &[Known], is_named: bool) -> Vec<(usize, Vec<Algorithm>)> {
    let mut by_size: HashMap<ByteSize, BTreeSet<Algorithm>> = HashMap::new();
    let mut by_name: HashMap<String, BTreeSet<Algorithm>> = HashMap::new();
    for item in knowns.iter().flat_map(|known| &known.items) {
        let algorithms = item.digests.iter().map(Digest::algorithm);
        let name = || item.place.file_name().to_lowercase();
        match item.size {
            // Without a digest only the place tells, which is asked when the tree is found.
            _ if item.digests.is_empty() && !is_named => {}
            Some(size) => by_size.entry(size).or_default().extend(algorithms),
            None => by_name.entry(name()).or_default().extend(algorithms),
        }
    }
    let wanted = |own: &Own| {
        let mut algorithms = by_size.get(&own.size).cloned().unwrap_or_default();
        let mut is_wanted = by_size.contains_key(&own.size);
        for name in matching::names(Path::new(&own.rel)) {
            if let Some(more) = by_name.get(&name) {
                algorithms.extend(more);
                is_wanted = true;
            }
        }
        is_wanted.then(|| (own.at, algorithms.into_iter().collect()))
    };
    scan.files.iter().filter_map(wanted).collect()
}

impl<'a> Hashes<'a> {
    /// Nothing read yet. `jobs` files are read at once, as many as there are cores without it.
    pub fn new(context: &'a Context, scan: &'a Scan, jobs: Option<usize>) -> Self {
        let (known, by_digest) = (HashMap::new(), HashMap::new());
        let (jobs, tried) = (jobs.unwrap_or(0), HashSet::new());
        Self { context, scan, jobs, known, by_digest, passed_over: Vec::new(), tried }
    }

    /// Reads these files, the largest first, all digests in one pass; SHA-256 is always had.
    /// A file that cannot be read, or is another afterwards, is passed over by name.
    pub fn ensure(&mut self, mut wanted: Vec<(usize, Vec<Algorithm>)>) -> Result<(), Failure> {
        wanted.retain(|(at, _)| !self.tried.contains(at));
        if wanted.is_empty() {
            return Ok(());
        }
        wanted.sort_by_key(|(at, _)| std::cmp::Reverse(self.scan.files[*at].size));
        self.tried.extend(wanted.iter().map(|(at, _)| *at));
        let threads = rayon::ThreadPoolBuilder::new().num_threads(self.jobs).build();
        let threads =
            threads.map_err(|error| Failure::new(Exit::INTERNAL, format!("threads cannot be started: {error}")))?;
        let (scan, context) = (self.scan, self.context);
        let read: Vec<(usize, Result<Vec<Digest>, String>)> = threads.install(|| {
            let in_turn = wanted.into_iter().par_bridge();
            in_turn
                .filter(|_| !context.cancel.is_set())
                .map(|(at, algorithms)| (at, read(context, scan, &scan.files[at], algorithms)))
                .collect()
        });
        if let Some(code) = context.cancel.code() {
            return Err(Failure::new(Exit(code), "stopped; nothing was written"));
        }
        for (at, outcome) in read {
            match outcome {
                Ok(digests) => {
                    digests.iter().for_each(|digest| self.by_digest.entry(*digest).or_default().push(at));
                    self.known.insert(at, digests);
                }
                Err(reason) => {
                    self.passed_over.push(PassedOver::unread(scan.files[at].rel.clone(), reason));
                }
            }
        }
        self.by_digest.values_mut().for_each(|files| files.sort_unstable());
        Ok(())
    }

    /// Forgets the files that are not as they were when they were read: time may have passed over
    /// others. They are passed over by name.
    pub fn recheck(&mut self, files: impl Iterator<Item = usize>) {
        for own in files.map(|at| &self.scan.files[at]) {
            if self.known.contains_key(&own.at) && !is_as_seen(&place_of(self.scan, &own.rel), own) {
                self.known.remove(&own.at);
                let reason = "it changed after it was read".to_owned();
                self.passed_over.push(PassedOver::unread(own.rel.clone(), reason));
            }
        }
    }

    /// The files that have a digest, in the order of names.
    pub fn having(&self, digest: &Digest) -> &[usize] {
        self.by_digest.get(digest).map_or(&[], Vec::as_slice)
    }

    /// What was read of a file.
    pub fn of_file(&self, own: &Own) -> Option<&[Digest]> {
        self.known.get(&own.at).map(Vec::as_slice)
    }

    /// The SHA-256 of a file that was read.
    pub fn sha256(&self, own: &Own) -> Option<Digest> {
        Digest::sha256_in(self.of_file(own)?).copied()
    }

    /// Those of the files that were not asked for yet.
    pub fn unread(&self, files: impl Iterator<Item = usize>) -> impl Iterator<Item = usize> {
        files.filter(|at| !self.tried.contains(at))
    }

    /// Which files were opened.
    pub fn read(&self) -> impl Iterator<Item = &Own> {
        self.tried.iter().map(|at| &self.scan.files[*at])
    }
}

fn read(context: &Context, scan: &Scan, own: &Own, algorithms: Vec<Algorithm>) -> Result<Vec<Digest>, String> {
    let path = place_of(scan, &own.rel);
    let changing = || "it changed while it was looked at".to_owned();
    if !is_as_seen(&path, own) {
        return Err(changing());
    }
    let mut all = vec![Algorithm::Sha256];
    all.extend(algorithms.into_iter().filter(|one| *one != Algorithm::Sha256));
    let name = RelPath::parse(&own.rel).ok();
    let progress = |bytes| {
        if let Some(file) = &name {
            context.report.report(Event::Progress { file: file.clone(), bytes });
        }
    };
    let digests = digests_of(&path, &all, &progress).map_err(|error| error.to_string())?;
    if is_as_seen(&path, own) { Ok(digests) } else { Err(changing()) }
}

/// Whether a file is the one that the scan found, by size and time.
fn is_as_seen(path: &Path, own: &Own) -> bool {
    match fs::metadata(path) {
        Ok(Some(now)) => now.is_file() && now.len() == own.size.0 && now.modified().ok() == own.modified,
        _ => false,
    }
}
