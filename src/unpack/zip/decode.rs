//! The codecs of zip: bytes of one member, decrypted and unpacked.

use std::io::{self, BufRead, Cursor, Read};

use zip::read::read_zipfile_from_stream_with_options;

use crate::unpack::error::Fault;
use crate::unpack::stream::{BUFFER, XZ_MEMORY, ZSTD_WINDOW};
use crate::values::Secret;

use super::Entry;
use super::crypt::decrypted;
use super::record::{ENCRYPTED, LZMA_END_MARK};

/// Methods by their numbers (APPNOTE 4.4.5).
pub(super) const STORED: u16 = 0;
pub(super) const DEFLATED: u16 = 8;
const DEFLATE64: u16 = 9;
const BZIP2: u16 = 12;
const LZMA: u16 = 14;
const ZSTD: u16 = 93;
const XZ: u16 = 95;

/// Takes unpacked bytes as they come.
pub(super) type Sink<'s> = dyn FnMut(&[u8]) -> Result<(), Fault> + 's;

/// Refuses methods that are not there, by name.
pub(super) fn check_method(method: u16) -> Result<(), Fault> {
    let name = match method {
        STORED | DEFLATED | DEFLATE64 | BZIP2 | LZMA | ZSTD | XZ => return Ok(()),
        1 => "the method Shrink",
        2..=5 => "the method Reduce",
        6 => "the method Implode",
        10 => "the method DCL Implode",
        96 => "the method JPEG",
        97 => "the method WavPack",
        98 => "the method PPMd",
        _ => return Err(Fault::unsupported(None, format!("the method {method}"))),
    };
    Err(Fault::unsupported(None, name))
}

/// Unpacks a member whose packed bytes are all of `input`.
pub(super) fn run(
    input: &mut dyn BufRead,
    entry: &Entry,
    password: Option<&Secret>,
    sink: &mut Sink<'_>,
) -> Result<(), Fault> {
    if entry.flags & ENCRYPTED == 0 {
        return plain(input, entry, sink);
    }
    let aes = entry.aes();
    let done = decrypted(input, entry, aes, password, &mut |input| plain(input, entry, sink));
    match done {
        // One wrong password in 256 passes the check of the old cipher.
        Err(Fault::Damaged { .. } | Fault::Truncated(_)) if aes.is_none() => Err(Fault::WrongPassword(String::new())),
        other => other,
    }
}

/// Unpacks by the method of the member.
fn plain(input: &mut dyn BufRead, entry: &Entry, sink: &mut Sink<'_>) -> Result<(), Fault> {
    let broken = |error| within(Fault::from_decoder(error, "compressed"));
    match entry.method {
        STORED => pour(input, sink)?,
        DEFLATED => pour(&mut flate2::bufread::DeflateDecoder::new(&mut *input), sink)?,
        DEFLATE64 => return deflate64(input, entry, sink),
        BZIP2 => pour(&mut bzip2::bufread::BzDecoder::new(&mut *input), sink)?,
        LZMA => lzma(input, entry, sink)?,
        XZ => {
            let stream = liblzma::stream::Stream::new_stream_decoder(XZ_MEMORY, 0);
            let stream = stream.map_err(|error| broken(error.into()))?;
            pour(&mut liblzma::bufread::XzDecoder::new_stream(&mut *input, stream), sink)?;
        }
        ZSTD => {
            let mut decoder = zstd::stream::read::Decoder::with_buffer(&mut *input).map_err(broken)?;
            decoder.window_log_max(ZSTD_WINDOW).map_err(broken)?;
            pour(&mut decoder, sink)?;
        }
        other => return check_method(other),
    }
    match input.fill_buf() {
        Ok([]) => Ok(()),
        Ok(_) => Err(Fault::damaged("its compressed bytes go on after their end")),
        Err(error) => Err(broken(error)),
    }
}

/// Passes all bytes of a decoder on.
fn pour(decoder: &mut dyn Read, sink: &mut Sink<'_>) -> Result<(), Fault> {
    let mut buffer = vec![0; BUFFER];
    loop {
        match decoder.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(read) => sink(&buffer[..read])?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(within(Fault::from_decoder(error, "compressed"))),
        }
    }
}

/// LZMA as zip keeps it: version, length and properties, then the stream. The decoder wants
/// the older file header, which has the same figures.
fn lzma(input: &mut dyn BufRead, entry: &Entry, sink: &mut Sink<'_>) -> Result<(), Fault> {
    let mut header = [0; 9];
    let header_read = input.read_exact(&mut header);
    if header_read.is_err() || header[2..4] != [5, 0] {
        return Err(Fault::damaged("its LZMA properties cannot be read"));
    }
    let size = if entry.flags & LZMA_END_MARK != 0 { u64::MAX } else { entry.size };
    let older = [&header[4..], &size.to_le_bytes()].concat();
    let stream = liblzma::stream::Stream::new_lzma_decoder(XZ_MEMORY);
    let stream = stream.map_err(|error| Fault::from_decoder(error.into(), "compressed"))?;
    let whole = Cursor::new(older).chain(input);
    pour(&mut liblzma::bufread::XzDecoder::new_stream(whole, stream), sink)
}

/// Deflate64 by way of the crate `zip`, which is fed a header of ours.
fn deflate64(input: &mut dyn BufRead, entry: &Entry, sink: &mut Sink<'_>) -> Result<(), Fault> {
    let mut header = b"PK\x03\x04\x15\0\x08\0\x09\0\0\0\x21\0".to_vec();
    header.extend([0; 12]);
    header.extend([1, 0, 0, 0, b'x']);
    let mut whole = Cursor::new(header).chain(input);
    // Below an encryption there are fewer bytes; the stream knows its own end.
    let options = zip::ZipReadOptions::new().override_compressed_size(entry.packed).ignore_crc32(true);
    match read_zipfile_from_stream_with_options(&mut whole, options) {
        Ok(Some(mut member)) => pour(&mut member, sink),
        _ => Err(Fault::damaged("its compressed bytes cannot be read")),
    }
}

/// A member whose packed bytes end early is damaged; the archive itself is whole.
fn within(fault: Fault) -> Fault {
    match fault {
        Fault::Truncated(reason) => Fault::Damaged { member: None, reason },
        other => other,
    }
}
