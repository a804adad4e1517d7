//! From members to the bytes of a bundle, in a file or a stream.

use std::io::{self, Write};
use std::path::Path;
use std::sync::mpsc::{SyncSender, sync_channel};

use crate::bundle::{BundleReader, BundleWriter, Index, Line};
use crate::context::Context;
use crate::events::Event;
use crate::fs::{self, Access, FsError};
use crate::values::{ByteSize, Digest, RelPath};

use super::super::exit::Exit;
use super::super::failure::Failure;
use super::BundleOptions;
use super::gather::{Held, Member, Source};

/// Where the bytes of a bundle go.
pub enum Sink {
    /// Into the file of the options, in one step.
    File,
    /// Out as they are made, such as to standard output.
    Stream(Box<dyn Write + Send>),
}

impl Sink {
    /// Refuses a place that no bundle can take, before anything is read.
    pub(super) fn check_place(&self, output: &Path) -> Result<(), Failure> {
        if matches!(self, Self::Stream(_)) {
            return Ok(());
        }
        let folder = folder_of(output);
        if !fs::is_dir(folder) {
            let (exit, what) = match fs::metadata(folder)? {
                Some(_) => (Exit::DENIED, "is no folder"),
                None => (Exit::USAGE, "does not exist"),
            };
            let message = format!("`{}` {what}, so that no bundle can be written into it", folder.display());
            return Err(Failure::new(exit, message).help("name a file in a folder that is there with `-o`"));
        }
        refuse_other_file(output)
    }
}

fn folder_of(output: &Path) -> &Path {
    output.parent().unwrap_or(Path::new("/"))
}

/// A bundle takes the place of an earlier one, and of nothing else that holds something.
fn refuse_other_file(output: &Path) -> Result<(), Failure> {
    let Ok(real) = fs::canonical(output) else { return Ok(()) };
    let holds = fs::metadata(&real)?.is_some_and(|found| found.is_file() && found.len() > 0);
    if !holds || BundleReader::open(&real).is_ok() {
        return Ok(());
    }
    let message = format!("`{}` is there already and is no bundle", output.display());
    Err(Failure::new(Exit::DIFFERENT, message).help("name another file with `-o`, or move that one away"))
}

/// Reads, hashes and packs the members on one thread, and compresses and writes on another. Gives the
/// size of the bundle.
pub(super) fn write(
    context: &Context,
    options: &BundleOptions,
    sink: Sink,
    index: &Index,
    members: Vec<Member>,
    access: Access,
) -> Result<ByteSize, Failure> {
    let (mut failure, mut size) = (None, 0);
    let by = |out: &mut dyn Write| {
        let out = Counted { out, size: &mut size };
        std::thread::scope(|scope| {
            let (sender, receiver) = sync_channel::<Vec<u8>>(8);
            let packer = scope.spawn(move || pack(context, index, members, sender));
            let mut encoder = zstd::stream::write::Encoder::new(out, LEVEL)?;
            encoder.include_checksum(true)?;
            let written = receiver.iter().try_for_each(|chunk| encoder.write_all(&chunk));
            drop(receiver);
            let packed = packer.join().map_err(|_| io::Error::other("a thread ended early"))?;
            written?;
            if let Err(error) = packed {
                failure = Some(error);
                return Err(io::Error::other("what is bundled cannot be read"));
            }
            encoder.finish()?.flush()
        })
    };
    let is_stream = matches!(sink, Sink::Stream(_));
    let written = match sink {
        Sink::File => {
            fs::sweep(folder_of(&options.output), fs::OUTPUT);
            fs::write_output_by(&options.output, access, by)
        }
        Sink::Stream(mut out) => {
            by(&mut out).map_err(|error| FsError::new("write", Path::new("standard output"), error))
        }
    };
    let failure = match (failure, written) {
        (Some(failure), _) => failure,
        (None, Ok(())) => return Ok(ByteSize(size)),
        (None, Err(error)) => error.into(),
    };
    Err(match is_stream && failure.exit.is_a_stop() {
        // Others have what went out until then.
        true => Failure { help: None, ..failure }.help("what was read is not whole: run the same command again"),
        false => failure,
    })
}

/// As `zstd` does without a level.
const LEVEL: i32 = 3;

fn pack(context: &Context, index: &Index, members: Vec<Member>, sender: SyncSender<Vec<u8>>) -> Result<(), Failure> {
    let mut writer = BundleWriter::begin(Chunks { sender, held: Vec::with_capacity(CHUNK) }, index)?;
    for member in members {
        match &member.source {
            Source::Bytes(bytes) => writer.member(&member.line(&member.path, bytes)?, &mut bytes.as_slice())?,
            Source::Lines(lines) => {
                for item in lines.read()? {
                    let (line, held) = item?;
                    if let Some(code) = context.cancel.code() {
                        return Err(Failure::new(Exit(code), "stopped; no whole bundle was written"));
                    }
                    match held {
                        Held::Bytes(mut bytes) => writer.member(&line, &mut bytes)?,
                        // A FIFO in its place would be waited for.
                        Held::File(path) => writer.member(&line, &mut fs::open_regular(&path)?)?,
                    }
                    let bytes = line.size;
                    context.report.report(Event::Progress { file: line.path, bytes });
                }
            }
        }
    }
    writer.finish()?;
    Ok(())
}

/// A writer that counts.
struct Counted<'w> {
    out: &'w mut dyn Write,
    size: &'w mut u64,
}

impl Write for Counted<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        *self.size += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

const CHUNK: usize = 256 << 10;

/// Hands what is written to another thread, in large pieces.
struct Chunks {
    sender: SyncSender<Vec<u8>>,
    held: Vec<u8>,
}

impl Write for Chunks {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.held.extend_from_slice(bytes);
        if self.held.len() >= CHUNK {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let full = std::mem::replace(&mut self.held, Vec::with_capacity(CHUNK));
        self.sender.send(full).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

impl Member {
    /// The index's line of bytes that are at hand.
    pub(super) fn line(&self, path: &str, bytes: &[u8]) -> Result<Line, Failure> {
        let path = RelPath::parse(path).map_err(|error| Failure::new(Exit::USAGE, error.to_string()))?;
        Ok(Line { path, size: ByteSize(bytes.len() as u64), sha256: Digest::sha256(bytes) })
    }
}
