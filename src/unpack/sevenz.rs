//! 7z, by way of the crate `sevenz-rust2`, which reads the headers and the codecs.
//!
//! What the headers say is judged here like any directory, before a byte is written. The
//! crate checks the CRC of each member and the sizes of each block.

use std::io::Read;

use sevenz_rust2::{Archive, ArchiveEntry, BlockDecoder, Error, Password};

use super::Unpacked;
use super::crew::{Crew, SMALL};
use super::error::Fault;
use super::job::Job;
use super::links::{self, Wanted};
use super::members::Modified;
use super::names::Place;
use super::roster::{Candidate, EntryKind, Roster};
use super::rules::Format;
use super::source::{Source, SourceReader};
use super::stream::BUFFER;
use super::tree::{Digests, Outlet, Tree};

/// What headers and dictionaries may take, in KiB.
const MEMORY: usize = 256 << 10;

/// Unpacks a 7z.
pub(super) fn unpack(source: &Source, job: &Job<'_>) -> Result<Unpacked, Fault> {
    check_start(source)?;
    let password = job.request.password.map_or_else(Password::empty, |password| Password::new(password.expose()));
    let mut reader = source.reader(0, source.length());
    let archive = read_headers(&mut reader, &password)?;
    let mut roster = Roster::new(job.rules(), Some(source.length()));
    let ids = enter_all(&archive, &mut roster, job)?;
    roster.settle()?;

    let digests = Digests::default();
    let mut extractor = Extractor {
        job,
        roster: &roster,
        ids: &ids,
        tree: Tree::new(job.request.into, job.request.access)?,
        digests: &digests,
        links: Vec::new(),
        done: 0,
    };
    std::thread::scope(|scope| {
        let mut crew = Crew::start(scope, job.request.into, job, &digests);
        extractor.run(&archive, &password, &mut reader, &mut crew)?;
        crew.finish()
    })?;
    let wanted = ids.iter().flatten().filter(|id| roster.entry(**id).kind != EntryKind::Folder).count();
    if extractor.done != wanted {
        return Err(Fault::damaged("some members have no bytes in any of its blocks"));
    }
    let links = std::mem::take(&mut extractor.links);
    let mut digests = digests.take_all();
    let links = links::make(&links, &mut roster, &mut digests, job)?;
    let (members, warnings) = roster.finish(digests)?;
    Ok(Unpacked { format: Format::SevenZ, members, links, warnings })
}

/// The start header: there, and the end header reaching to the end of the file.
fn check_start(source: &Source) -> Result<(), Fault> {
    let start = source.up_to(0, 32)?;
    if start.len() < 32 {
        return Err(Fault::truncated("its start header is cut"));
    }
    // A writer that was interrupted leaves zeros; guessing where the end header is would be
    // one reader's guess.
    if start[8..].iter().all(|byte| *byte == 0) {
        return Err(Fault::truncated("its start header was never written"));
    }
    if crc32fast::hash(&start[12..]).to_le_bytes() != start[8..12] {
        return Err(Fault::damaged("the CRC of its start header is wrong"));
    }
    let number = |at: usize| start[at..at + 8].iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte));
    let end = number(12).checked_add(number(20)).and_then(|end| end.checked_add(32));
    match end {
        Some(end) if end == source.length() => Ok(()),
        Some(end) if end < source.length() => Err(Fault::refused("other bytes follow its end")),
        _ => Err(Fault::truncated("its end header is missing")),
    }
}

/// Reads what the archive says of itself, which may be encrypted too.
fn read_headers(reader: &mut SourceReader<&Source>, password: &Password) -> Result<Archive, Fault> {
    let error = match Archive::read_with_memory_limit(reader, password, MEMORY) {
        Ok(archive) => return Ok(archive),
        Err(error) => error,
    };
    // With a wrong password the headers come out as noise.
    let without = Archive::read_with_memory_limit(reader, &Password::empty(), MEMORY);
    if !password.is_empty() && matches!(without, Err(Error::PasswordRequired)) {
        return Err(Fault::WrongPassword(HEADERS.into()));
    }
    Err(fault(error, !password.is_empty()))
}

/// What stands for a member's name where the names are encrypted.
const HEADERS: &str = "(the list of its members)";

/// Enters all members; answers their numbers by their place in the headers.
fn enter_all(archive: &Archive, roster: &mut Roster<'_>, job: &Job<'_>) -> Result<Vec<Option<u32>>, Fault> {
    let mut ids = Vec::with_capacity(archive.files.len());
    for (index, file) in archive.files.iter().enumerate() {
        job.go_on()?;
        let encrypted = archive.is_file_encrypted(index) && file.has_stream;
        let id = enter(file, encrypted, roster, job).map_err(|fault| fault.of(file.name()))?;
        ids.push(id);
    }
    Ok(ids)
}

fn enter(file: &ArchiveEntry, encrypted: bool, roster: &mut Roster<'_>, job: &Job<'_>) -> Result<Option<u32>, Fault> {
    if file.is_anti_item() {
        return Err(Fault::refused("it asks for a file to be deleted"));
    }
    let kind = kind(file)?;
    let name = match Place::of(file.name())? {
        Place::At(_, true) if kind != EntryKind::Folder => {
            return Err(Fault::refused("its name says folder and its attributes say file"));
        }
        Place::At(path, _) => path,
        Place::Root if kind == EntryKind::Folder => return Ok(None),
        Place::Root => return Err(Fault::refused("it has no name")),
    };
    let size = if file.has_stream { file.size() } else { 0 };
    let time = file.has_last_modified_date.then(|| file.last_modified_date().into());
    let candidate = Candidate { name, raw: None, kind, size, modified: Modified::from_time(time) };
    let Some(id) = roster.admit(candidate)? else { return Ok(None) };
    if kind == EntryKind::Link {
        links::check_allowed(job.rules(), size)?;
    }
    if encrypted && job.request.password.is_none() {
        return Err(Fault::PasswordNeeded(String::new()));
    }
    if size > 0 && !file.has_crc {
        roster.warn(|| format!("`{}` has no checksum in the archive", super::error::printable(file.name())));
    }
    Ok(Some(id))
}

/// What the attributes say: those of Windows, or of Unix in the upper half.
fn kind(file: &ArchiveEntry) -> Result<EntryKind, Fault> {
    const REPARSE_POINT: u32 = 0x400;
    const DEVICE: u32 = 0x40;
    const UNIX: u32 = 0x8000;
    let attributes = if file.has_windows_attributes { file.windows_attributes() } else { 0 };
    let unix = if attributes & UNIX != 0 { attributes >> 28 } else { 0 };
    match unix {
        0o12 => return Ok(EntryKind::Link),
        0 | 0o4 | 0o10 => {}
        _ => return Err(Fault::refused("it is a device, a pipe or a socket")),
    }
    if attributes & (REPARSE_POINT | DEVICE) != 0 {
        return Err(Fault::refused("it is a link or a device of Windows"));
    }
    if file.is_directory() != (unix == 0o4) && unix != 0 {
        return Err(Fault::refused("it is both a file and a folder"));
    }
    match (file.is_directory(), file.has_stream && file.size() > 0) {
        (true, true) => Err(Fault::refused("it is a folder, yet it has bytes of its own")),
        (true, false) => Ok(EntryKind::Folder),
        (false, _) => Ok(EntryKind::File),
    }
}

/// What goes on while blocks are unpacked.
struct Extractor<'a> {
    job: &'a Job<'a>,
    roster: &'a Roster<'a>,
    ids: &'a [Option<u32>],
    tree: Tree,
    digests: &'a Digests,
    links: Vec<Wanted>,
    done: usize,
}

impl Extractor<'_> {
    /// Unpacks block after block, then what has no bytes.
    fn run(
        &mut self,
        archive: &Archive,
        password: &Password,
        reader: &mut SourceReader<&Source>,
        crew: &mut Crew,
    ) -> Result<(), Fault> {
        for block in 0..archive.blocks.len() {
            let mut index = archive.stream_map.block_first_file_index.get(block).copied().unwrap_or(0);
            let decoder = BlockDecoder::new_with_memory_limit(1, MEMORY, block, archive, password, reader);
            let mut failed = None;
            let outcome = decoder.for_each_entries(&mut |_, bytes| {
                let id = self.ids.get(index).copied().flatten();
                index += 1;
                self.job.go_on().and_then(|()| self.member(id, bytes, crew)).map_err(|fault| {
                    failed = Some(fault);
                    Error::Other("stopped".into())
                })?;
                Ok(true)
            });
            if let Some(fault) = failed {
                return Err(fault);
            }
            outcome.map_err(|error| fault(error, self.job.request.password.is_some()))?;
        }
        for (index, block) in archive.stream_map.file_block_index.iter().enumerate() {
            if block.is_none() {
                self.member(self.ids.get(index).copied().flatten(), &mut std::io::empty(), crew)?;
            }
        }
        Ok(())
    }

    /// Takes the bytes of one member.
    fn member(&mut self, id: Option<u32>, bytes: &mut dyn Read, crew: &mut Crew) -> Result<(), Fault> {
        let Some(id) = id else { return Ok(()) };
        let name = self.roster.name(id);
        let entry = self.roster.entry(id);
        let broken = |error| fault(Error::Io(error, "".into()), self.job.request.password.is_some()).of(name);
        self.done += usize::from(entry.kind != EntryKind::Folder);
        match entry.kind {
            EntryKind::Folder | EntryKind::LeftOut => Ok(()),
            EntryKind::Link => {
                let mut target = String::new();
                bytes.read_to_string(&mut target).map_err(broken)?;
                self.links.push(Wanted::new(id, name, target, false, self.job.rules())?);
                Ok(())
            }
            EntryKind::File if entry.size <= SMALL => crew.add(id, self.roster.path(id), entry.modified, |batch| {
                let start = batch.len() as u64;
                bytes.read_to_end(batch).map_err(broken)?;
                if batch.len() as u64 - start != entry.size {
                    return Err(Fault::damaged("it has other than its declared size").of(name));
                }
                Ok(())
            }),
            EntryKind::File | EntryKind::Twin(_) => {
                let twin = entry.kind != EntryKind::File;
                let file = if twin { None } else { Some(self.tree.create(self.roster.path(id))?) };
                let mut outlet = Outlet::new(file, entry.size, false);
                let mut buffer = vec![0; BUFFER];
                loop {
                    self.job.go_on()?;
                    let read = bytes.read(&mut buffer).map_err(broken)?;
                    if read == 0 {
                        break;
                    }
                    outlet.take(&buffer[..read]).map_err(|fault| fault.of(name))?;
                    self.job.progress.add(0, read as u64);
                }
                let (sha256, _) = outlet.finish(entry.modified).map_err(|fault| fault.of(name))?;
                self.digests.note(&[(id, sha256)]);
                self.job.progress.add(1, 0);
                Ok(())
            }
        }
    }
}

/// What an error of the crate means.
fn fault(error: Error, with_password: bool) -> Fault {
    match error {
        Error::PasswordRequired => Fault::PasswordNeeded(HEADERS.into()),
        Error::MaybeBadPassword(_) if with_password => Fault::WrongPassword("(one of its members)".into()),
        Error::MaxMemLimited { .. } => Fault::refused("it asks for more memory than is granted to it"),
        Error::UnsupportedCompressionMethod(method) => {
            Fault::unsupported(None, format!("the method {}", super::error::printable(&method)))
        }
        Error::Unsupported(what) => Fault::unsupported(None, super::error::printable(&what)),
        Error::UnsupportedVersion { major, minor } => Fault::unsupported(None, format!("7z version {major}.{minor}")),
        Error::ExternalUnsupported => Fault::unsupported(None, "an external 7z header"),
        // Its readers wrap its own errors once more.
        Error::Io(error, _) => match error.downcast::<Error>() {
            Ok(inner) => fault(inner, with_password),
            Err(error) => match Fault::from_decoder(error, "7z") {
                Fault::Truncated(reason) => Fault::damaged(reason),
                other => other,
            },
        },
        Error::ChecksumVerificationFailed | Error::NextHeaderCrcMismatch => {
            Fault::damaged("its bytes do not have the CRC that the archive states")
        }
        other => Fault::damaged(format!(
            "its headers contradict each other ({})",
            super::error::printable(&other.to_string())
        )),
    }
}
