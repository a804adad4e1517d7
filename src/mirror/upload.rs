//! Sends one file, hashed while it is read.
//!
//! A file of more than a part goes in parts of equal size, several at once. How many parts of
//! all files are held in memory is bounded by permits that the caller shares out. The object
//! appears when its last part is there and its digest is right; an upload that fails or is
//! stopped is taken back, and leaves nothing that can be seen. Into a folder one part goes after
//! another.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use object_store::{MultipartUpload, ObjectStoreExt as _};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::events::Cancel;
use crate::fs::{self, FsError};
use crate::values::{Algorithm, ByteSize, Digester};

use super::address::MirrorUrl;
use super::bucket::{Bucket, Kind, Objects, off_thread};
use super::error::MirrorError;
use super::folder::Folder;
use super::meaning::meaning;
use super::outgoing::Outgoing;

/// How long a store may take to say that it begins or drops an upload: whoever stops the run waits
/// for it.
const TAKEN_BACK_WITHIN: Duration = Duration::from_secs(10);

/// A file as it is read.
struct Source {
    file: File,
    path: PathBuf,
    digester: Digester,
    read: u64,
}

impl Bucket {
    /// Sends a file. `permits` bound the parts in memory; `progress` hears of bytes that the
    /// store has taken.
    ///
    /// # Errors
    /// [`MirrorError::Damaged`] when the file is not the one that the records name: then no
    /// object appears.
    pub async fn send(
        &self,
        outgoing: &Outgoing,
        permits: &Arc<Semaphore>,
        cancel: &Cancel,
        progress: impl Fn(ByteSize),
    ) -> Result<(), MirrorError> {
        let sending = async {
            match &self.kind {
                Kind::Folder(folder) => into_folder(folder, outgoing, permits, &progress).await,
                Kind::Objects(objects) => objects.send(&self.url, outgoing, permits, &progress, cancel).await,
            }
        };
        // A file in a folder goes when it is dropped; an upload is taken back by the store.
        match &self.kind {
            Kind::Objects(_) => sending.await,
            Kind::Folder(_) => tokio::select! {
                sent = sending => sent,
                () = cancel.cancelled() => Err(MirrorError::Cancelled),
            },
        }
    }
}

/// Copies a file into a folder, hashed on the way.
async fn into_folder(
    folder: &Folder,
    outgoing: &Outgoing,
    permits: &Arc<Semaphore>,
    progress: &impl Fn(ByteSize),
) -> Result<(), MirrorError> {
    let _permit = permits.acquire().await;
    let mut source = Source::open(&outgoing.path, outgoing.size)?;
    let mut incoming = folder.begin()?;
    loop {
        let (rest, bytes) = source.next(part_size(0)).await?;
        source = rest;
        if bytes.is_empty() {
            break;
        }
        let size = ByteSize(bytes.len() as u64);
        incoming = off_thread(move || incoming.add(&bytes).map(|()| incoming)).await??;
        progress(size);
    }
    source.prove(outgoing)?;
    let (folder, name) = (folder.clone(), outgoing.name.clone());
    off_thread(move || folder.end(incoming, &name)).await?
}

impl Objects {
    async fn send(
        &self,
        url: &MirrorUrl,
        outgoing: &Outgoing,
        permits: &Arc<Semaphore>,
        progress: &impl Fn(ByteSize),
        cancel: &Cancel,
    ) -> Result<(), MirrorError> {
        let part = part_size(outgoing.size.0);
        let source = Source::open(&outgoing.path, outgoing.size)?;
        if outgoing.size.0 <= part {
            let permit = permits.acquire().await;
            let (source, bytes) = source.next(part + 1).await?;
            source.prove(outgoing)?;
            let size = ByteSize(bytes.len() as u64);
            let path = self.path(&outgoing.name);
            let sent = tokio::select! {
                sent = self.inner.put(&path, bytes.into()) => sent,
                () = cancel.cancelled() => return Err(MirrorError::Cancelled),
            };
            sent.map_err(|error| meaning(url, &outgoing.name, &error))?;
            drop(permit);
            progress(size);
            return Ok(());
        }
        let path = self.path(&outgoing.name);
        // An upload that the store has begun is taken back: its answer is waited for.
        let given_up = async {
            cancel.cancelled().await;
            tokio::time::sleep(TAKEN_BACK_WITHIN).await;
        };
        let begun = tokio::select! {
            begun = self.inner.put_multipart(&path) => begun,
            () = given_up => return Err(MirrorError::Cancelled),
        };
        let mut upload = begun.map_err(|error| meaning(url, &outgoing.name, &error))?;
        let sent = tokio::select! {
            sent = self.send_parts(url, outgoing, source, part, upload.as_mut(), permits, progress) => sent,
            () = cancel.cancelled() => Err(MirrorError::Cancelled),
        };
        if sent.is_err() {
            // What cannot be taken back now is swept by a rule of the bucket (docs/mirrors.md).
            let _ = tokio::time::timeout(TAKEN_BACK_WITHIN, upload.abort()).await;
        }
        sent
    }

    #[expect(clippy::too_many_arguments, reason = "what one upload is made of, for one caller")]
    async fn send_parts(
        &self,
        url: &MirrorUrl,
        outgoing: &Outgoing,
        mut source: Source,
        part: u64,
        upload: &mut dyn MultipartUpload,
        permits: &Arc<Semaphore>,
        progress: &impl Fn(ByteSize),
    ) -> Result<(), MirrorError> {
        let failed = |error: &object_store::Error| meaning(url, &outgoing.name, error);
        let mut under_way = JoinSet::new();
        loop {
            let Ok(permit) = permits.clone().acquire_owned().await else { return Err(MirrorError::Cancelled) };
            let (rest, bytes) = source.next(part).await?;
            source = rest;
            if bytes.is_empty() {
                break;
            }
            let size = ByteSize(bytes.len() as u64);
            let sending = upload.put_part(bytes.into());
            under_way.spawn(async move {
                let sent = sending.await;
                drop(permit);
                sent.map(|()| size)
            });
            while let Some(done) = under_way.try_join_next() {
                progress(done.map_err(|_| MirrorError::Thread)?.map_err(|error| failed(&error))?);
            }
        }
        while let Some(done) = under_way.join_next().await {
            progress(done.map_err(|_| MirrorError::Thread)?.map_err(|error| failed(&error))?);
        }
        source.prove(outgoing)?;
        upload.complete().await.map(|_| ()).map_err(|error| failed(&error))
    }
}

impl Source {
    fn open(path: &Path, size: ByteSize) -> Result<Self, FsError> {
        let file = fs::open_regular(path)?;
        Ok(Self { file, path: path.to_path_buf(), digester: Digester::new(Algorithm::Sha256, Some(size)), read: 0 })
    }

    /// The next bytes, up to so many; none at the end. Reading and hashing have a thread of
    /// their own.
    async fn next(mut self, most: u64) -> Result<(Self, Bytes), MirrorError> {
        off_thread(move || {
            let mut bytes = Vec::new();
            let read = (&self.file).take(most).read_to_end(&mut bytes);
            read.map_err(|error| FsError::new("read", &self.path, error))?;
            self.digester.update(&bytes);
            self.read += bytes.len() as u64;
            Ok((self, Bytes::from(bytes)))
        })
        .await?
    }

    /// Whether what was read is what the records name.
    fn prove(self, outgoing: &Outgoing) -> Result<(), MirrorError> {
        let (found, read) = (self.digester.finish(), ByteSize(self.read));
        if found == outgoing.sha256 && read == outgoing.size {
            return Ok(());
        }
        let (expected, size) = (outgoing.sha256, outgoing.size);
        Err(MirrorError::Damaged { path: self.path, expected, size, found, read })
    }
}

/// Large enough that no file has more than 9,000 parts (S3 takes 10,000).
fn part_size(size: u64) -> u64 {
    const USUAL: u64 = 8 << 20;
    let least = size.div_ceil(9000).div_ceil(1 << 20) * (1 << 20);
    least.max(USUAL)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_file_has_too_many_parts() {
        for size in [0, 1, 8 << 20, (8 << 20) + 1, 1 << 30, 80 << 30, 5 << 40] {
            let part = part_size(size);
            assert!(part >= 8 << 20 && size.div_ceil(part) <= 9000, "{size}: {part}");
        }
    }
}
