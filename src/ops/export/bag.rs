//! A bag (RFC 8493) of datasets that are here, or of addresses of their files.
//!
//! The payload of a dataset lies under `data/<id>/<version>[-<variant>]/`. A bag with data is a
//! copy on this person's own disk, and no redistribution: only who may use the data makes one.
//! Where the terms forbid to hand the data on, or ask for steps of each person, the folder is for the
//! owner alone and a warning says so; what may not be handed on is entered in the ledger as `share`.

use std::io::{BufWriter, Read as _, Write as _};
use std::path::Path;

use crate::agreements::{EntryKind, Record};
use crate::audit::{Audit, Subject};
use crate::context::Context;
use crate::fs::{self, Access, FsError};
use crate::layout::check::sha256_of;
use crate::layout::inventory::InventoryReader;
use crate::policy::{Act, Word};
use crate::reports::standards::{self, bagit};
use crate::values::{Algorithm, Digest, Digester, counted};

use super::super::bundle::pass_gate;
use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::here;
use super::super::identity;
use super::super::selection::one_selection;
use super::{Exported, Payload, files, place};

/// Writes the bag. After a failure there is none.
pub async fn write(
    context: &Context,
    audit: &Audit,
    payload: Payload,
    to: &Path,
    exported: &mut Exported,
) -> Result<(), Failure> {
    let has_data = payload != Payload::Addresses;
    let absent: Vec<&str> =
        audit.subjects.iter().filter(|subject| subject.copy.is_none()).map(|subject| subject.name.as_str()).collect();
    if has_data && !absent.is_empty() {
        let failure = Failure::new(Exit::USAGE, format!("{} cannot be packed: not here", absent.join(", ")));
        return Err(failure.help("fetch it first, or use `--no-data` for a bag of addresses"));
    }
    if has_data {
        for dir in audit.subjects.iter().filter_map(files::dir) {
            if let Some(here) = here::of_dir(context, dir)? {
                pass_gate(context, &here).await?;
            }
        }
    }
    let named = |found: &[&Subject]| found.iter().map(|one| one.name.as_str()).collect::<Vec<_>>().join(", ");
    let closed: Vec<&Subject> = audit.subjects.iter().filter(|one| has_data && is_closed(one)).collect();
    let gated: Vec<&Subject> =
        audit.subjects.iter().filter(|one| has_data && !is_closed(one) && is_gated(context, one)).collect();
    if !gated.is_empty() {
        exported.warnings.push(format!(
            "{} asked you for steps that others have to take for themselves: only you can open the bag",
            named(&gated)
        ));
    }
    if !closed.is_empty() {
        context.ledger()?.ready()?;
        exported.warnings.push(format!(
            "the terms of {} do not plainly allow to hand the data on: the bag is for your own use, and only you can open it; `--no-data` makes one that may be given to others",
            named(&closed)
        ));
    }
    let access = access(context, !closed.is_empty() || !gated.is_empty());
    place::folder(to, access, |folder| {
        let mut bag = Bag::begin(folder, access, has_data)?;
        for subject in &audit.subjects {
            match payload {
                Payload::Addresses => bag.addresses(context, subject)?,
                Payload::Copies | Payload::Links => bag.data(context, subject, payload)?,
            }
        }
        exported.files = bag.files;
        exported.warnings.append(&mut bag.warnings);
        bag.finish(audit)
    })?;
    for subject in closed {
        context.ledger()?.append(share(context, subject, to))?;
    }
    Ok(())
}

/// Private for data that are not for everybody, else as the settings say.
fn access(context: &Context, is_private: bool) -> Access {
    match context.settings.text("access") {
        _ if is_private => Access::Private,
        Some("private") => Access::Private,
        Some("group") => Access::Group,
        _ => Access::Shared,
    }
}

/// Whether each person has to take steps for the data.
fn is_gated(context: &Context, subject: &Subject) -> bool {
    let asks = |channel: Option<&str>| {
        one_selection(context, &subject.name).is_ok_and(|selection| selection.requirements(channel).next().is_some())
    };
    !subject.text_sha256.is_empty() || asks(subject.channel.as_deref())
}

fn share(context: &Context, subject: &Subject, to: &Path) -> Record {
    let folder = to.file_name().unwrap_or_default().to_string_lossy();
    Record {
        reference: subject.reference.clone(),
        version: Some(subject.version.clone()),
        variant: subject.variant.clone(),
        license: Some(subject.license.clone()),
        text_sha256: subject.text_sha256.values().next().copied(),
        note: Some(format!("copied into the bag `{folder}`: for this person's own use")),
        ..identity::record(context, EntryKind::Share, &subject.id)
    }
}

fn is_closed(subject: &Subject) -> bool {
    subject.word(Act::ShareRaw) > Word::AllowedWithDuty
}

/// A bag that is being filled.
struct Bag<'f> {
    folder: &'f Path,
    access: Access,
    manifest: BufWriter<std::fs::File>,
    fetch: Option<BufWriter<std::fs::File>>,
    files: u64,
    /// `None` once a size is not known.
    bytes: Option<u64>,
    warnings: Vec<String>,
}

impl<'f> Bag<'f> {
    fn begin(folder: &'f Path, access: Access, has_data: bool) -> Result<Self, Failure> {
        fs::create_dir_all(&folder.join("data"), access)?;
        let create = |name: &str| fs::create_new(&folder.join(name), access).map(BufWriter::new);
        Ok(Self {
            folder,
            access,
            manifest: create(MANIFEST)?,
            fetch: if has_data { None } else { Some(create(FETCH)?) },
            files: 0,
            bytes: Some(0),
            warnings: Vec::new(),
        })
    }

    /// Puts the files of a copy into it; each is compared with its record on the way.
    fn data(&mut self, context: &Context, subject: &Subject, payload: Payload) -> Result<(), Failure> {
        let Some(dir) = files::dir(subject) else { return Ok(()) };
        let mut payload = payload;
        if payload == Payload::Links && fs::link_target(dir.root())?.is_some() {
            // A second name of somebody else's file could be written through.
            payload = Payload::Copies;
            self.warnings.push(format!("`{}` is a link to another folder: its files are copied", subject.name));
        }
        let mut links = 0;
        for record in InventoryReader::open(&dir.inventory_path())? {
            let record = record?;
            if let Some(code) = context.cancel.code() {
                return Err(Failure::new(Exit(code), "stopped; nothing was left behind"));
            }
            if !record.kind.is_file() {
                links += 1;
                continue;
            }
            let path = format!("data/{}/{}", standards::place(subject), record.path);
            let (from, to) = (record.path.under(dir.root()), self.folder.join(&path));
            if let Some(parent) = to.parent() {
                fs::create_dir_all(parent, self.access)?;
            }
            let found = match payload {
                Payload::Links => {
                    fs::hard_link(&from, &to)?;
                    sha256_of(&from, &|_| ())?
                }
                Payload::Copies | Payload::Addresses => copied(&from, &to, self.access)?,
            };
            if found != record.sha256 {
                let message = format!(
                    "`{}` of `{}` is not what it was: expected {}, found {found}",
                    record.path, subject.name, record.sha256
                );
                let failure = Failure::new(Exit::MISMATCH, message).of(&subject.id).in_file(&record.path);
                return Err(failure.help(format!("`medsets verify {} --repair` mends it", subject.name)));
            }
            self.add(&record.sha256, &path, Some(record.size.0))?;
        }
        if links > 0 {
            self.warnings.push(format!(
                "{} of `{}` left out: a bag holds files only",
                counted(links, "symbolic link"),
                subject.name
            ));
        }
        Ok(())
    }

    /// Names the files of a release and where they are to be had.
    fn addresses(&mut self, context: &Context, subject: &Subject) -> Result<(), Failure> {
        let (mut left_out, mut named) = (0, 0);
        files::of_release(context, subject, &mut |file| {
            let (Some(sha256), Some(url)) = (file.sha256(), file.public_url()) else {
                left_out += 1;
                return Ok(());
            };
            named += 1;
            let path = format!("data/{}/{}", standards::place(subject), file.path);
            self.add(&sha256, &path, file.size.map(|size| size.0))?;
            let line = bagit::fetch_line(&url, file.size, &path);
            let Some(fetch) = &mut self.fetch else { return Ok(()) };
            Ok(fetch.write_all(line.as_bytes()).map_err(|error| FsError::new("write", FETCH.as_ref(), error))?)
        })?;
        if left_out > 0 || named == 0 {
            self.warnings.push(format!(
                "{} of `{}` left out: a bag without data needs the SHA-256 of each and an address that can be told, without a signature in it",
                counted(left_out, "file"),
                subject.name
            ));
        }
        Ok(())
    }

    fn add(&mut self, sha256: &Digest, path: &str, size: Option<u64>) -> Result<(), Failure> {
        self.files += 1;
        self.bytes = self.bytes.zip(size).map(|(all, one)| all.saturating_add(one));
        let line = bagit::manifest_line(sha256, path);
        Ok(self.manifest.write_all(line.as_bytes()).map_err(|error| FsError::new("write", MANIFEST.as_ref(), error))?)
    }

    /// Writes the other tag files, and the manifest of all of them.
    fn finish(mut self, audit: &Audit) -> Result<(), Failure> {
        for (out, name) in [(Some(&mut self.manifest), MANIFEST), (self.fetch.as_mut(), FETCH)] {
            if let Some(out) = out {
                out.flush().map_err(|error| FsError::new("write", name.as_ref(), error))?;
            }
        }
        let payload = self.bytes.map(|bytes| (bytes, self.files));
        let info = bagit::info(audit, payload, &self.warnings);
        let write = |name: &str, text: &str| fs::write_unsynced(&self.folder.join(name), text.as_bytes(), self.access);
        write("bagit.txt", bagit::DECLARATION)?;
        write("bag-info.txt", &info)?;
        let mut tags = String::new();
        for name in ["bag-info.txt", "bagit.txt", FETCH, MANIFEST] {
            if name != FETCH || self.fetch.is_some() {
                tags.push_str(&bagit::manifest_line(&sha256_of(&self.folder.join(name), &|_| ())?, name));
            }
        }
        Ok(write("tagmanifest-sha256.txt", &tags)?)
    }
}

const MANIFEST: &str = "manifest-sha256.txt";
const FETCH: &str = "fetch.txt";

/// Copies a file and gives the SHA-256 of what was copied.
fn copied(from: &Path, to: &Path, access: Access) -> Result<Digest, Failure> {
    let mut file = fs::Stoppable(fs::open_regular(from)?);
    let mut out = fs::create_new(to, access)?;
    let mut digester = Digester::new(Algorithm::Sha256, None);
    let mut buffer = vec![0; 1 << 17];
    loop {
        let read = file.read(&mut buffer).map_err(|error| FsError::new("read", from, error))?;
        if read == 0 {
            return Ok(digester.finish());
        }
        digester.update(&buffer[..read]);
        out.write_all(&buffer[..read]).map_err(|error| FsError::new("write", to, error))?;
    }
}
