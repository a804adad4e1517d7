//! Threads that write small members which one other thread reads in order.
//!
//! Making a file costs more than its few bytes, and it can be done by several threads. The
//! reader fills batches; each batch is hashed and written by whoever is free.

use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::Scope;

use super::error::Fault;
use super::job::Job;
use super::members::Modified;
use super::tree::{Digests, Tree};

/// Members up to this size go through the crew.
pub(super) const SMALL: u64 = 128 << 10;

/// A batch is handed over at so many bytes or files.
const BATCH_BYTES: usize = 512 << 10;
const BATCH_FILES: usize = 128;

/// Some small members, their bytes and paths one after the other.
#[derive(Default)]
struct Batch {
    bytes: Vec<u8>,
    paths: String,
    files: Vec<Small>,
}

/// One of them: where its bytes and its path end.
struct Small {
    id: u32,
    bytes_end: usize,
    path_end: usize,
    modified: Modified,
}

/// The reader's side.
pub(super) struct Crew {
    work: Option<SyncSender<Batch>>,
    used: Receiver<Batch>,
    current: Batch,
    failure: Arc<Mutex<Option<Fault>>>,
    members: Vec<std::sync::mpsc::Receiver<()>>,
}

impl Crew {
    /// Starts as many threads as the request grants.
    pub(super) fn start<'scope, 'env>(
        scope: &'scope Scope<'scope, 'env>,
        root: &'env Path,
        job: &'env Job<'env>,
        digests: &'env Digests,
    ) -> Self {
        let jobs = job.request.jobs.max(1);
        let (work, batches) = sync_channel::<Batch>(jobs);
        let batches = Arc::new(Mutex::new(batches));
        let (returned, used) = channel();
        let failure = Arc::new(Mutex::new(None));
        let mut members = Vec::new();
        for _ in 0..jobs {
            let (batches, returned, failure) = (Arc::clone(&batches), returned.clone(), Arc::clone(&failure));
            let (done, ended) = channel();
            members.push(ended);
            scope.spawn(move || {
                if let Err(fault) = write_batches(&batches, &returned, root, job, digests) {
                    failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(fault);
                }
                drop(done);
            });
        }
        Self { work: Some(work), used, current: Batch::default(), failure, members }
    }

    /// Takes a member of `size` bytes, which `read` appends to the buffer it is given.
    pub(super) fn add(
        &mut self,
        id: u32,
        path: &str,
        modified: Modified,
        read: impl FnOnce(&mut Vec<u8>) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        read(&mut self.current.bytes)?;
        self.current.paths.push_str(path);
        let (bytes_end, path_end) = (self.current.bytes.len(), self.current.paths.len());
        self.current.files.push(Small { id, bytes_end, path_end, modified });
        if bytes_end >= BATCH_BYTES || self.current.files.len() >= BATCH_FILES {
            self.hand_over()?;
        }
        Ok(())
    }

    /// Gives the batch away and takes an empty one.
    fn hand_over(&mut self) -> Result<(), Fault> {
        let next = self.used.try_recv().unwrap_or_default();
        let batch = std::mem::replace(&mut self.current, next);
        match self.work.as_ref().map(|work| work.send(batch)) {
            Some(Ok(())) if !self.has_failed() => Ok(()),
            _ => self.finish(),
        }
    }

    fn has_failed(&self) -> bool {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// Waits until all is written.
    pub(super) fn finish(&mut self) -> Result<(), Fault> {
        if !self.current.files.is_empty()
            && let Some(work) = &self.work
        {
            // Fails only when all threads have ended; their failure is told below.
            let _ = work.send(std::mem::take(&mut self.current));
        }
        self.work = None;
        for ended in self.members.drain(..) {
            // Ends with an error when the thread drops its side, which is what is waited for.
            let _ = ended.recv();
        }
        match self.failure.lock().unwrap_or_else(PoisonError::into_inner).take() {
            Some(fault) => Err(fault),
            None => Ok(()),
        }
    }
}

/// Writes batches until there are no more.
fn write_batches(
    batches: &Mutex<Receiver<Batch>>,
    returned: &Sender<Batch>,
    root: &Path,
    job: &Job<'_>,
    digests: &Digests,
) -> Result<(), Fault> {
    let mut tree = Tree::new(root, job.request.access)?;
    let mut found = Vec::with_capacity(BATCH_FILES);
    loop {
        let received = batches.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(mut batch) = received else { return Ok(()) };
        let (mut byte, mut letter) = (0, 0);
        for small in &batch.files {
            job.go_on()?;
            let bytes = &batch.bytes[byte..small.bytes_end];
            let path = &batch.paths[letter..small.path_end];
            found.push((small.id, tree.write(path, bytes, small.modified)?));
            (byte, letter) = (small.bytes_end, small.path_end);
        }
        digests.note(&found);
        job.progress.add(found.len() as u64, byte as u64);
        found.clear();
        batch.bytes.clear();
        batch.paths.clear();
        batch.files.clear();
        // The reader may have ended.
        let _ = returned.send(batch);
    }
}
