//! Single members of archives that stay at the host: from the globs of a person to verified
//! files in the stage.
//!
//! ```text
//! look     the archive's version, its end and directory, the members that are meant
//! take     their bytes, unpacked by the entry's rules, beside those that are here already
//! ```
//!
//! What proves a member is its CRC-32 in the archive's directory. The digest of the archive
//! cannot be compared, so the files count as pinned on first use. Where a host replaces the
//! archive in between, everything read of it is thrown away and it is looked at anew.

mod take;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::context::Context;
use crate::fs::{self, Access};
use crate::layout::inventory::InventoryReader;
use crate::layout::{FileRecord, Finished, FinishedKind, LayoutError, Workspace};
use crate::plan::steps::Have;
use crate::plan::{Handling, PlannedMember};
use crate::providers::{AnyProvider, Hosts};
use crate::transfer::stretches::{Places, Version, Wish};
use crate::transfer::{Locate, TransferError};
use crate::unpack::elsewhere::{self, Choice, Contents, Look, Stretches};
use crate::unpack::{self, Globs, Rules};
use crate::values::{ByteSize, DatasetId, Digest, Printable, RelPath, ShellWord};

use super::download::{ArchivePassword, Manner, Wanted, settings, ways};
use super::exit::Exit;
use super::failure::Failure;
use super::fetch::{FetchOptions, IdleGlobs, Process};
use super::rules::unpack_rules;
use super::target::Target;

/// What every archive needs.
pub(super) struct Reader<'a> {
    pub context: &'a Context,
    pub provider: Arc<AnyProvider>,
    pub hosts: Arc<Hosts>,
    pub dataset: DatasetId,
    pub password: ArchivePassword,
    /// What this process does: who brings shards together reads no directory that a shard has read.
    pub process: Process,
    /// Where what is read goes.
    pub parts: PathBuf,
    pub access: Access,
}

/// An archive that was looked at.
pub(super) struct Looked {
    pub wanted: Wanted,
    rules: Rules,
    /// The globs of this run and of earlier ones.
    globs: Vec<String>,
    version: Version,
    stretches: Stretches,
    contents: Contents,
    /// What is here already and stays.
    kept: Vec<FileRecord>,
    /// What is to be read.
    missing: Vec<Choice>,
    ranges: Vec<(u64, u64)>,
    downloaded: ByteSize,
}

/// How often an archive may turn out to be another one before it is given up.
const VERSIONS: u32 = 3;

/// Ranges that lie nearer to each other are read as one: asking again takes longer.
const GAP: u64 = 128 << 10;

impl Reader<'_> {
    /// Finds the members that are meant in each archive, and notes in the plan what it takes to
    /// read them. `here` is what earlier runs have.
    pub(super) async fn look_at_all(
        &self,
        wanted: Vec<Wanted>,
        here: Option<&Workspace>,
    ) -> Result<Vec<Looked>, Failure> {
        let mut all = Vec::with_capacity(wanted.len());
        for one in wanted {
            let path = one.listed.path.clone();
            all.push(self.look(one, here).await.map_err(|failure| failure.in_file(&path))?);
        }
        Ok(all)
    }

    async fn look(&self, mut wanted: Wanted, here: Option<&Workspace>) -> Result<Looked, Failure> {
        let entry_rules = wanted.manner.unpack.as_ref().ok_or_else(|| internal("an archive without rules"))?;
        let rules = unpack_rules(entry_rules)?;
        let finished = here.and_then(|workspace| workspace.finished().get(&wanted.listed.path).cloned());
        if let (Process::Finish, Some(finished), Some(workspace)) = (self.process, &finished, here)
            && let Some(looked) = by_shard(&wanted, &rules, finished, workspace)?
        {
            return Ok(looked);
        }
        let mut globs = wanted.manner.members.clone();
        if let Some(Finished { kind: FinishedKind::Members { chosen, .. }, .. }) = &finished {
            globs.extend(chosen.iter().cloned());
            globs.sort();
            globs.dedup();
        }
        let (version, stretches, contents, downloaded) = self.contents(&wanted, &rules, &globs).await?;
        check_directory(&wanted, &contents)?;
        let mut looked = Looked {
            ranges: Vec::new(),
            kept: Vec::new(),
            missing: contents.members.clone(),
            wanted: wanted.clone(),
            rules,
            globs,
            version,
            stretches,
            contents,
            downloaded,
        };
        if let (Some(finished), Some(workspace)) = (finished, here) {
            looked = self.compared(looked, &finished, workspace).await?;
        }
        looked.ranges = ranges(&looked.missing, &looked.stretches);
        let files = looked.missing.iter().map(|one| PlannedMember { name: one.name.clone(), size: one.size });
        let read = looked.ranges.iter().map(|(from, until)| ByteSize(until - from)).sum();
        let handling = Handling::Members { of: Some(looked.version.size), read: Some(read), files: files.collect() };
        wanted.manner = Arc::new(Manner { handling, ..Manner::clone(&wanted.manner) });
        wanted.have = if looked.missing.is_empty() { Have::Finished } else { Have::Nothing };
        Ok(Looked { wanted, ..looked })
    }

    /// Reads the end of the archive and its directory.
    async fn contents(
        &self,
        wanted: &Wanted,
        rules: &Rules,
        globs: &[String],
    ) -> Result<(Version, Stretches, Contents, ByteSize), Failure> {
        let ways = ways(wanted, &self.provider, &self.hosts);
        let places = self.places(wanted, &ways);
        let globs = Globs::new(globs.iter().map(String::as_str))
            .map_err(|error| Failure::new(Exit::USAGE, error.to_string()))?;
        let mut downloaded = ByteSize::ZERO;
        for _ in 0..VERSIONS {
            let version = places.version().await?;
            check_size(wanted, &version)?;
            let mut stretches = Stretches { length: version.size.0, held: Vec::new() };
            // The end, a second record of the end, the directory, the first bytes.
            for _ in 0..MOST_STEPS {
                let (seen, request, globs) = (stretches.clone(), self.request(wanted, rules), globs.clone());
                let look = blocking(move || elsewhere::look(&seen, &globs, &request.borrow())).await?;
                let range = match look.map_err(|error| self.password.explain(error))? {
                    Look::Known(contents) => return Ok((version, stretches, contents, downloaded)),
                    Look::Needs(range) => range,
                };
                match self.read(&places, &version, stretches.missing(range), &mut stretches).await {
                    Ok(bytes) => downloaded += bytes,
                    Err(TransferError::Replaced { .. }) => break,
                    Err(error) => return Err(error.into()),
                }
            }
        }
        Err(TransferError::Replaced { file: wanted.listed.path.clone() }.into())
    }

    /// Reads ranges into a part of their own, which then is here.
    async fn read(
        &self,
        places: &Places<'_>,
        version: &Version,
        ranges: Vec<(u64, u64)>,
        stretches: &mut Stretches,
    ) -> Result<ByteSize, TransferError> {
        let part = self.part(places.file, version, &ranges);
        let wish = Wish { version, ranges: &ranges, part: part.clone(), access: self.access };
        let bytes = places.read(&wish).await?;
        stretches.held.push((part, ranges));
        Ok(bytes)
    }

    /// What is here and still what the directory says stays; what is not is to be read.
    async fn compared(
        &self,
        mut looked: Looked,
        finished: &Finished,
        workspace: &Workspace,
    ) -> Result<Looked, Failure> {
        if !matches!(finished.kind, FinishedKind::Members { .. }) {
            return Ok(looked);
        }
        let records = records(workspace, finished)?;
        let is_same_directory = finished.sha256 == looked.contents.directory;
        let into = looked.wanted.manner.unpack.as_ref().map(|rules| rules.into.clone());
        let into = into.ok_or_else(|| internal("an archive without rules"))?;
        let stage = workspace.stage();
        let compare = move || -> Result<Looked, Failure> {
            let mut by_path: HashMap<RelPath, FileRecord> =
                records.into_iter().map(|record| (record.path.clone(), record)).collect();
            let members = std::mem::take(&mut looked.missing);
            for choice in members {
                let at = choice.path.below(&into).map_err(|error| Failure::new(Exit::UNSAFE, error.to_string()))?;
                let record = by_path.remove(&at).filter(|record| {
                    record.size == choice.size && record.origin.member.as_deref() == Some(choice.name.as_str())
                });
                match record {
                    Some(record) if is_same_directory || has_crc32(&at.under(&stage), choice.crc32)? => {
                        looked.kept.push(record);
                    }
                    _ => looked.missing.push(choice),
                }
            }
            Ok(looked)
        };
        blocking(compare).await?
    }

    fn places<'p>(&'p self, wanted: &'p Wanted, ways: &'p [Arc<dyn Locate>]) -> Places<'p> {
        Places {
            file: &wanted.listed.path,
            ways,
            client: &self.hosts.client,
            settings: settings(self.context),
            report: &self.context.report,
            cancel: &self.context.cancel,
        }
    }

    fn request(&self, wanted: &Wanted, rules: &Rules) -> OwnedRequest {
        OwnedRequest {
            name: wanted.listed.path.clone(),
            rules: rules.clone(),
            into: PathBuf::new(),
            access: self.access,
            password: self.password.secret.clone(),
            report: self.context.report.clone(),
            cancel: self.context.cancel.clone(),
        }
    }

    /// Where ranges of an archive are kept: other ranges, or another archive, have another name.
    fn part(&self, path: &RelPath, version: &Version, ranges: &[(u64, u64)]) -> PathBuf {
        let text = format!("{path}\n{}\n{ranges:?}", version.size.0);
        self.parts.join(format!("members-{}.part", &Digest::sha256(text.as_bytes()).hex()[..24]))
    }
}

/// Steps of looking at one archive; a hostile one must not lead from place to place for ever.
const MOST_STEPS: u32 = 8;

/// Refuses globs of members that matched nothing in any archive.
pub(super) fn refuse_idle(all: &[Looked], options: &FetchOptions, target: &Target<'_>) -> Result<(), Failure> {
    // A glob may be meant for an archive of another shard.
    if matches!(options.process, Process::Shard(_)) {
        return Ok(());
    }
    let found: usize = all.iter().map(|looked| looked.contents.members.len()).sum();
    let mut globs: Vec<&String> = all.iter().flat_map(|looked| &looked.wanted.manner.members).collect();
    globs.sort();
    globs.dedup();
    let mut idle = Vec::new();
    for glob in globs {
        let one = Globs::new([glob.as_str()]).map_err(|error| Failure::new(Exit::USAGE, error.to_string()))?;
        let is_used =
            |looked: &Looked| looked.contents.members.iter().any(|one_of| looked.rules.speak_of(&one, &one_of.name));
        if !all.iter().any(is_used) {
            idle.push(format!("`{}`", Printable::new(glob)));
        }
    }
    if idle.is_empty() || (options.idle_globs == IdleGlobs::PassedOver && found > 0) {
        return Ok(());
    }
    let verb = if idle.len() > 1 { "match" } else { "matches" };
    let archives: Vec<String> = all.iter().take(5).map(|looked| format!("`{}`", looked.wanted.listed.path)).collect();
    let message = format!("{} {verb} no member of {} of `{}`", idle.join(", "), archives.join(", "), target.selection);
    Err(Failure::new(Exit::USAGE, message)
        .help("`--members '**' --dry-run` lists all members; `*` stays inside a folder, `**` goes through folders"))
}

/// An archive of which a shard has all members that are meant: they were proven by its directory when
/// they came, and their records say so.
fn by_shard(
    wanted: &Wanted,
    rules: &Rules,
    finished: &Finished,
    workspace: &Workspace,
) -> Result<Option<Looked>, Failure> {
    let (FinishedKind::Members { chosen, .. }, Some(url)) = (&finished.kind, &finished.url) else { return Ok(None) };
    if !has_all(chosen, wanted) {
        return Ok(None);
    }
    let kept = records(workspace, finished)?;
    let member = |record: &FileRecord| Choice {
        id: 0,
        name: record.origin.member.clone().unwrap_or_default(),
        path: record.path.clone(),
        size: record.size,
        crc32: None,
        range: (0, 0),
    };
    let contents =
        Contents { members: kept.iter().map(member).collect(), files: kept.len() as u64, directory: finished.sha256 };
    let version = Version { size: finished.size, validator: None, url: url.clone() };
    check_size(wanted, &version)?;
    check_directory(wanted, &contents)?;
    let handling = Handling::Members { of: Some(finished.size), read: Some(ByteSize::ZERO), files: Vec::new() };
    let manner = Arc::new(Manner { handling, ..Manner::clone(&wanted.manner) });
    Ok(Some(Looked {
        wanted: Wanted { manner, have: Have::Finished, ..wanted.clone() },
        rules: rules.clone(),
        globs: chosen.clone(),
        stretches: Stretches { length: finished.size.0, held: Vec::new() },
        version,
        contents,
        kept,
        missing: Vec::new(),
        ranges: Vec::new(),
        downloaded: ByteSize::ZERO,
    }))
}

/// Whether all members that are meant of an archive are among those that these globs chose.
pub(super) fn has_all(chosen: &[String], wanted: &Wanted) -> bool {
    wanted.manner.members.iter().all(|glob| chosen.contains(glob))
}

/// The records of members that earlier runs have.
fn records(workspace: &Workspace, finished: &Finished) -> Result<Vec<FileRecord>, LayoutError> {
    match finished.inventory() {
        Some(name) => InventoryReader::open(&workspace.members(name))?.collect(),
        None => Ok(Vec::new()),
    }
}

fn has_crc32(path: &Path, crc32: Option<u32>) -> Result<bool, Failure> {
    let Some(crc32) = crc32 else { return Ok(false) };
    Ok(fs::metadata(path)?.is_some() && elsewhere::crc32_of(path)? == crc32)
}

/// Refuses an archive that has another size than what is known of it.
fn check_size(wanted: &Wanted, version: &Version) -> Result<(), Failure> {
    match wanted.listed.size.filter(|size| !wanted.manner.changed_is_fine && *size != version.size) {
        None => Ok(()),
        Some(known) => {
            let (path, found) = (&wanted.listed.path, version.size);
            let message = format!("`{path}` has {} bytes at the host, it should have {}", found.0, known.0);
            Err(Failure::new(Exit::MISMATCH, message).help(format!(
                "if the publisher has replaced the file, `--accept-changed {} --reason TEXT` takes it",
                ShellWord(path.as_str())
            )))
        }
    }
}

/// Refuses an archive whose members are not those that the lock pins, by their names, sizes and
/// CRC-32. What they are beyond that, the tree of the dataset tells in the end.
fn check_directory(wanted: &Wanted, contents: &Contents) -> Result<(), Failure> {
    let found = contents.directory;
    match wanted.manner.directory.filter(|pinned| !wanted.manner.changed_is_fine && *pinned != found) {
        None => Ok(()),
        Some(pinned) => {
            let path = &wanted.listed.path;
            let message =
                format!("the directory of `{path}` is not that of the lock: expected {pinned}, received {found}");
            Err(Failure::new(Exit::MISMATCH, message).help("the publisher has replaced the archive"))
        }
    }
}

/// What is to be read for these members: each with its header, near ones together, without
/// what is here.
fn ranges(members: &[Choice], stretches: &Stretches) -> Vec<(u64, u64)> {
    let mut all: Vec<(u64, u64)> = members.iter().map(|member| member.range).collect();
    all.sort_unstable();
    let mut joined: Vec<(u64, u64)> = Vec::new();
    for (from, until) in all {
        match joined.last_mut().filter(|last| from <= last.1.saturating_add(GAP)) {
            Some(last) => last.1 = last.1.max(until),
            None => joined.push((from, until)),
        }
    }
    joined.into_iter().flat_map(|range| stretches.missing(range)).collect()
}

/// A request that can go to another thread.
struct OwnedRequest {
    name: RelPath,
    rules: Rules,
    into: PathBuf,
    access: Access,
    password: Option<crate::values::Secret>,
    report: crate::events::Report,
    cancel: crate::events::Cancel,
}

impl OwnedRequest {
    fn borrow(&self) -> unpack::Request<'_> {
        unpack::Request {
            name: &self.name,
            rules: &self.rules,
            into: &self.into,
            access: self.access,
            password: self.password.as_ref(),
            report: &self.report,
            jobs: std::thread::available_parallelism().map_or(2, usize::from),
            cancel: self.cancel.flag(),
        }
    }
}

/// Work for the disk and the processor, on a thread where nobody waits for the network.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Failure> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => Ok(done),
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        Err(_) => Err(internal("a thread was stopped")),
    }
}

fn internal(what: &str) -> Failure {
    Failure::new(Exit::INTERNAL, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_members_are_read_together_and_what_is_here_is_not() {
        let member = |range| Choice {
            id: 0,
            name: "m".into(),
            path: RelPath::parse("m").unwrap(),
            size: ByteSize::ZERO,
            crc32: None,
            range,
        };
        #[track_caller]
        fn check(members: &[Choice], held: &[(u64, u64)], expected: &[(u64, u64)]) {
            let stretches = Stretches { length: 10 << 30, held: vec![(PathBuf::new(), held.to_vec())] };
            assert_eq!(ranges(members, &stretches), expected);
        }
        let far = 10 * GAP;
        check(&[member((0, 10)), member((20, 30))], &[], &[(0, 30)]);
        check(&[member((far, far + 5)), member((0, 10))], &[], &[(0, 10), (far, far + 5)]);
        check(&[member((0, 10)), member((10 + GAP, 20 + GAP))], &[], &[(0, 20 + GAP)]);
        check(&[member((0, 10)), member((far, far + 5))], &[(5, 8), (far - 1, far + 9)], &[(0, 5), (8, 10)]);
    }
}
