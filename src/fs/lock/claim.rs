//! A file that says who works: for file systems whose locks do nothing.
//!
//! `<name>.claim` appears whole, by a hard link of a private file, and only where there is none.
//! Its first line names the holder; the second is a number that the holder raises every few
//! seconds. So who finds one knows: a process of this machine is asked for, and one that is gone
//! is followed at once; the claim of another machine is watched, and followed when nothing about
//! it changed for a while of the watcher's own clock. Clocks of different machines are never
//! compared.
//!
//! Of several who would follow the same holder one does: whoever makes `<name>.claim-next`.
//! Where two do all the same, because the first of them slept, the last rename counts, and the
//! other finds that its claim is not its own any more.

use std::fs::File;
use std::io::Write as _;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::fs::error::{Doing, FsError, FsErrorKind};
use crate::fs::unfinished::{make_held_new, sweep};
use crate::fs::write::{Access, create_new};

/// A claim of this process, until dropped.
#[derive(Debug)]
pub(super) struct Claim {
    path: PathBuf,
    id: String,
    file: Arc<File>,
    /// Its first line once nobody holds it.
    let_go: String,
    lost: Arc<AtomicBool>,
    _ended: Sender<()>,
}

/// Who holds a claim.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Owner {
    id: String,
    host: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    boot: Option<String>,
    /// Which numbering of processes `pid` belongs to: containers have their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pids: Option<String>,
    pid: u32,
    /// When the process was started, in ticks since the machine was: numbers come again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    started: Option<u64>,
}

/// What a waiter has seen, and since when.
#[derive(Debug)]
pub(super) struct Watch {
    silence: Duration,
    seen: Vec<(PathBuf, String, Instant)>,
}

impl Claim {
    /// Makes the claim; `None` where somebody else's stands.
    pub fn take(path: &Path, watch: &mut Watch) -> Result<Option<Self>, FsError> {
        // Somebody may come in between; whoever is patient tries again.
        match read(path)? {
            None => {}
            Some(found) if !watch.is_over(path, &found) => return Ok(None),
            Some(found) => return Self::follow(path, &found, watch),
        }
        let own = Private::write(path)?;
        let placed = own.place(path)?;
        Ok(placed.map(|file| own.into_claim(path, file)))
    }

    /// Takes the place of a holder that is gone.
    fn follow(path: &Path, gone: &str, watch: &mut Watch) -> Result<Option<Self>, FsError> {
        let own = Private::write(path)?;
        let turn = beside(path, "next");
        if own.place(&turn)?.is_none() {
            if let Some(found) = read(&turn)?
                && watch.is_over(&turn, &found)
            {
                crate::fs::remove_file(&turn)?;
            }
            return Ok(None);
        }
        let followed = own.replace(path, gone);
        // Whatever came of it: a turn that stays keeps everybody waiting.
        let ended = crate::fs::remove_file(&turn);
        let followed = followed?;
        ended?;
        let claim = followed.map(|file| own.into_claim(path, file));
        Ok(claim.filter(Self::is_mine))
    }

    /// Whether the claim that stands there is this one. One that cannot be read counts as it:
    /// nothing says that anybody followed.
    pub fn is_mine(&self) -> bool {
        let is_mine = self.seems_mine() && is_of(&self.path, &self.id);
        self.lost.fetch_or(!is_mine, Ordering::Relaxed);
        is_mine
    }

    /// The same by what was seen at the last touch.
    pub fn seems_mine(&self) -> bool {
        !self.lost.load(Ordering::Relaxed)
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        // One that stays names a process that is gone, and is followed by the next one. Where that
        // cannot be written it holds for all others until this process ends.
        if self.is_mine()
            && crate::fs::remove_file(&self.path).is_err()
            && self.file.write_all_at(self.let_go.as_bytes(), 0).is_err()
        {
            let_go().push(self.id.clone());
        }
    }
}

/// Ids of claims that this process has let go of and that could be neither removed nor written.
fn let_go() -> std::sync::MutexGuard<'static, Vec<String>> {
    static LET_GO: Mutex<Vec<String>> = Mutex::new(Vec::new());
    LET_GO.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Removes what killed runs left of claims that they were about to make. For whoever holds the lock.
pub(super) fn sweep_private(claim: &Path) {
    let (folder, prefix) = private(claim);
    sweep(folder, &prefix);
}

/// Where private claims lie, and how their names begin.
fn private(claim: &Path) -> (&Path, String) {
    let begin = beside(claim, "by-");
    let name = begin.file_name().unwrap_or_default().to_string_lossy().into_owned();
    (claim.parent().unwrap_or(Path::new("/")), name)
}

/// A claim under a name that nobody else uses, held as being written; removed when dropped.
struct Private {
    path: PathBuf,
    owner: Owner,
    file: File,
    /// Length of the first line.
    head: u64,
}

impl Private {
    fn write(claim: &Path) -> Result<Self, FsError> {
        let owner = Owner::me();
        let (folder, prefix) = private(claim);
        let (path, mut file) = make_held_new(folder, &prefix, Access::Private)?;
        let head = owner.line();
        let written = file.write_all(format!("{head}{}", beat(0)).as_bytes()).doing("write", &path);
        let own = Self { path, owner, file, head: head.len() as u64 };
        written.map(|()| own)
    }

    /// Gives it a name that nothing must have yet, and gives the file of that name; `None` where
    /// something has it.
    fn place(&self, at: &Path) -> Result<Option<File>, FsError> {
        use std::os::unix::fs::MetadataExt as _;
        match std::fs::hard_link(&self.path, at) {
            Ok(()) => self.same(at).map(Some),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(None),
            // A network file system may have made it and lost the answer.
            Err(_) if self.file.metadata().is_ok_and(|found| found.nlink() > 1) => self.same(at).map(Some),
            // Not every file system gives second names.
            Err(_) => match create_new(at, Access::Private) {
                Ok(mut file) => {
                    file.write_all(format!("{}{}", self.owner.line(), beat(0)).as_bytes()).doing("write", at)?;
                    Ok(Some(file))
                }
                Err(error) if error.kind() == FsErrorKind::AlreadyExists => Ok(None),
                Err(error) => Err(error),
            },
        }
    }

    /// Takes the place of a claim where it still is what it was.
    fn replace(&self, path: &Path, gone: &str) -> Result<Option<File>, FsError> {
        if read(path)?.is_none_or(|found| found != gone) {
            return Ok(None);
        }
        std::fs::rename(&self.path, path).doing("rename to", path)?;
        self.same(path).map(Some)
    }

    fn same(&self, path: &Path) -> Result<File, FsError> {
        self.file.try_clone().doing("open", path)
    }

    /// From here on the claim is touched every few seconds, by its file: its name may be that of
    /// somebody who followed.
    fn into_claim(self, path: &Path, file: File) -> Claim {
        let (file, (ended, end)) = (Arc::new(file), channel::<()>());
        let lost = Arc::new(AtomicBool::new(false));
        let (flag, id, at, head) = (lost.clone(), self.owner.id.clone(), path.to_path_buf(), self.head);
        let (let_go, touched) = (self.owner.let_go(), file.clone());
        let touch = move || {
            let mut beats = 0;
            while end.recv_timeout(INTERVAL) == Err(RecvTimeoutError::Timeout) {
                beats += 1;
                if !is_of(&at, &id) {
                    flag.store(true, Ordering::Relaxed);
                    return;
                }
                // Others see it once it is with the server.
                let _ = touched.write_all_at(beat(beats).as_bytes(), head).and_then(|()| touched.sync_data());
            }
        };
        // Without a thread the claim still holds on this machine, and elsewhere for a while.
        let _ = std::thread::Builder::new().name("claim".to_owned()).spawn(touch);
        Claim { path: path.to_path_buf(), id: self.owner.id.clone(), file, let_go, lost, _ended: ended }
    }
}

impl Drop for Private {
    fn drop(&mut self) {
        // One that stays is in nobody's way; those of a data folder `prune` sweeps.
        let _ = crate::fs::remove_file(&self.path);
    }
}

impl Owner {
    fn me() -> Self {
        let mut bytes = [0; 16];
        // Without randomness, process and time still tell two claims of one machine apart.
        if getrandom::fill(&mut bytes).is_err() {
            bytes[..4].copy_from_slice(&std::process::id().to_le_bytes());
        }
        Self {
            id: bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
            host: rustix::system::uname().nodename().to_string_lossy().into_owned(),
            boot: crate::fs::boot_id(),
            pids: numbering(),
            pid: std::process::id(),
            started: started(std::process::id()),
        }
    }

    fn line(&self) -> String {
        serde_json::to_string(self).unwrap_or_default() + "\n"
    }

    /// A line of the same length that names no process: what counts as gone.
    fn let_go(&self) -> String {
        let line = Self { pid: 0, ..self.clone() }.line();
        let spaces = self.line().len().saturating_sub(line.len());
        line.trim_end().to_owned() + &" ".repeat(spaces) + "\n"
    }

    /// Whether it is a process of this very machine, seen as this process sees processes.
    fn is_of_here(&self) -> bool {
        let host = || rustix::system::uname().nodename().to_string_lossy() == self.host.as_str();
        let same_boot = self.boot == crate::fs::boot_id() && (self.boot.is_some() || host());
        same_boot && self.pids == numbering()
    }

    /// Whether its process still runs. For one of this machine.
    fn lives(&self) -> bool {
        let pid = i32::try_from(self.pid).ok().and_then(rustix::process::Pid::from_raw);
        let Some(pid) = pid else { return false };
        // A process that this user may not signal is there.
        let is_there = rustix::process::test_kill_process(pid) != Err(rustix::io::Errno::SRCH);
        is_there && (self.started.is_none() || started(self.pid).is_none_or(|now| Some(now) == self.started))
    }
}

impl Watch {
    /// Follows a holder elsewhere after so long without a sign of it.
    pub fn new(silence: Duration) -> Self {
        Self { silence, seen: Vec::new() }
    }

    /// Whether the holder of what stands there is gone.
    fn is_over(&mut self, path: &Path, found: &str) -> bool {
        let owner = found.lines().next().and_then(|line| serde_json::from_str::<Owner>(line).ok());
        if let Some(owner) = owner.filter(Owner::is_of_here) {
            return let_go().contains(&owner.id) || !owner.lives();
        }
        match self.seen.iter_mut().find(|(at, ..)| at == path) {
            Some((_, text, since)) if text == found => since.elapsed() >= self.silence,
            Some((_, text, since)) => {
                (*text, *since) = (found.to_owned(), Instant::now());
                false
            }
            None => {
                self.seen.push((path.to_path_buf(), found.to_owned(), Instant::now()));
                false
            }
        }
    }
}

/// The claim of a holder who cannot be asked whether it lives: of another machine or container, or
/// one that cannot be read.
pub(super) fn of_elsewhere(path: &Path) -> Result<Option<String>, FsError> {
    let is_of_here = |text: &String| {
        let owner = text.lines().next().and_then(|line| serde_json::from_str::<Owner>(line).ok());
        owner.is_some_and(|owner| owner.is_of_here())
    };
    Ok(read(path)?.filter(|text| !is_of_here(text)))
}

/// What stands there; `None` where nothing does. Opened anew each time, which makes network file
/// systems ask their server.
fn read(path: &Path) -> Result<Option<String>, FsError> {
    match crate::fs::read_regular(path, 1 << 16) {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Err(error) if error.kind() == FsErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether the claim there has this id; so counts one that cannot be read.
fn is_of(path: &Path, id: &str) -> bool {
    match read(path) {
        Ok(found) => found.is_some_and(|text| text.contains(id)),
        Err(_) => true,
    }
}

fn beside(path: &Path, mark: &str) -> PathBuf {
    path.with_extension(format!("claim-{mark}"))
}

/// The second line, of one length whatever the number.
fn beat(number: u64) -> String {
    format!("{number:020}\n")
}

/// A name for the numbering of processes that this one is in; `None` where the system has one.
fn numbering() -> Option<String> {
    Some(std::fs::read_link("/proc/self/ns/pid").ok()?.to_string_lossy().into_owned())
}

/// When a process was started; `None` where the system does not say.
fn started(pid: u32) -> Option<u64> {
    let text = crate::fs::read_text(Path::new(&format!("/proc/{pid}/stat"))).ok()?;
    // The second field is a name in brackets, with spaces in it perhaps; the 22nd is meant.
    text.rsplit_once(')')?.1.split_whitespace().nth(19)?.parse().ok()
}

/// How often a claim is touched.
const INTERVAL: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests;
