//! Long texts, read line by line: a listing of a million files is never held as a text.

use std::io::Write as _;

use flate2::write::MultiGzDecoder;

use crate::values::{ByteSize, SafeUrl};

use super::client::Client;
use super::error::NetError;
use super::request::{HttpRequest, Lane};
use super::retry::Attempts;

/// What became of a text.
#[derive(Debug)]
pub struct Read<T> {
    /// What its lines were gathered into.
    pub gathered: T,
    /// Bytes that were sent, packed ones where it was packed.
    pub size: ByteSize,
}

/// How a text is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    /// As it is.
    Plain,
    /// As a file packed with gzip.
    Gzip,
}

impl Client {
    /// Gets a text of UTF-8 and gathers its lines, without their ends, one after the other.
    /// Where the host has passing trouble it is read anew from the beginning, into a new `T`.
    ///
    /// # Errors
    /// What a status other than success means, a text larger than `limit` once unpacked, a line
    /// that is too long or no UTF-8, trouble that did not pass, and every refusal of `take`.
    pub async fn gather_lines<T: Default, E: From<NetError>>(
        &self,
        request: &HttpRequest,
        packing: Packing,
        limit: ByteSize,
        take: impl Fn(&mut T, &str) -> Result<(), E>,
    ) -> Result<Read<T>, E> {
        let mut attempts = Attempts::new(self.settings().retries);
        loop {
            match self.gather_once(request, packing, limit, &take).await? {
                Ok(read) => return Ok(read),
                Err(error) => self.wait_to_ask_again(&mut attempts, error).await?,
            }
        }
    }

    /// Errors of the network inside, refusals of `take` outside.
    async fn gather_once<T: Default, E>(
        &self,
        request: &HttpRequest,
        packing: Packing,
        limit: ByteSize,
        take: &impl Fn(&mut T, &str) -> Result<(), E>,
    ) -> Result<Result<Read<T>, NetError>, E> {
        let mut response = match self.get(request, None, Lane::Light).await {
            Ok(response) => response,
            Err(error) => return Ok(Err(error)),
        };
        let url = response.url().clone();
        if response.status() != 200 || response.content_encoding().is_some() {
            return Ok(Err(unusable(&url, "it is not sent whole and as it is")));
        }
        let (mut lines, mut gathered, mut size) = (Lines::new(url, packing, limit), T::default(), 0);
        loop {
            let piece = match response.next().await {
                Ok(piece) => piece,
                Err(error) => return Ok(Err(error)),
            };
            let ready = match &piece {
                Some(piece) => lines.push(piece),
                None => lines.end(),
            };
            if let Err(error) = ready {
                return Ok(Err(error));
            }
            while let Some(line) = lines.next() {
                match line {
                    Ok(line) => take(&mut gathered, line)?,
                    Err(error) => return Ok(Err(error)),
                }
            }
            match piece {
                Some(piece) => size += piece.len() as u64,
                None => return Ok(Ok(Read { gathered, size: ByteSize(size) })),
            }
        }
    }
}

/// Cuts what arrives into lines.
struct Lines {
    url: SafeUrl,
    unpacker: Option<MultiGzDecoder<Vec<u8>>>,
    /// Unpacked bytes, of which those before `at` were given out.
    held: Vec<u8>,
    at: usize,
    seen: u64,
    limit: ByteSize,
    is_over: bool,
}

impl Lines {
    fn new(url: SafeUrl, packing: Packing, limit: ByteSize) -> Self {
        let unpacker = (packing == Packing::Gzip).then(|| MultiGzDecoder::new(Vec::new()));
        Self { url, unpacker, held: Vec::new(), at: 0, seen: 0, limit, is_over: false }
    }

    fn push(&mut self, piece: &[u8]) -> Result<(), NetError> {
        self.held.drain(..self.at);
        self.at = 0;
        let before = self.held.len();
        match &mut self.unpacker {
            None => self.held.extend_from_slice(piece),
            Some(unpacker) => {
                unpacker.write_all(piece).map_err(|_| unusable(&self.url, DAMAGED))?;
                self.held.append(unpacker.get_mut());
            }
        }
        self.count(before)
    }

    /// The last line may have no end of its own.
    fn end(&mut self) -> Result<(), NetError> {
        self.is_over = true;
        let Some(unpacker) = self.unpacker.take() else { return Ok(()) };
        let mut rest = unpacker.finish().map_err(|_| unusable(&self.url, DAMAGED))?;
        let before = self.held.len();
        self.held.append(&mut rest);
        self.count(before)
    }

    fn count(&mut self, before: usize) -> Result<(), NetError> {
        self.seen += (self.held.len() - before) as u64;
        if self.seen > self.limit.0 {
            return Err(NetError::TooLarge { url: self.url.clone(), limit: self.limit });
        }
        Ok(())
    }

    fn next(&mut self) -> Option<Result<&str, NetError>> {
        let rest = &self.held[self.at..];
        let end = match rest.iter().position(|byte| *byte == b'\n') {
            Some(end) => end,
            None if self.is_over && !rest.is_empty() => rest.len(),
            None if rest.len() > LONGEST => return Some(Err(unusable(&self.url, "a line of it has no end"))),
            None => return None,
        };
        let line = self.at..self.at + end;
        self.at = (line.end + 1).min(self.held.len());
        let line = &self.held[line];
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        Some(std::str::from_utf8(line).map_err(|_| unusable(&self.url, "it is no text of UTF-8")))
    }
}

fn unusable(url: &SafeUrl, reason: &str) -> NetError {
    NetError::Protocol { url: url.clone(), reason: reason.to_owned() }
}

const DAMAGED: &str = "it is no whole file of gzip";

/// Longer lines are no lines of a listing.
const LONGEST: usize = 64 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    /// The lines of a text that arrives in pieces of `size` bytes.
    fn cut(bytes: &[u8], size: usize, packing: Packing, limit: u64) -> Result<Vec<String>, NetError> {
        let url = SafeUrl::parse("https://host.example/list").unwrap();
        let mut lines = Lines::new(url, packing, ByteSize(limit));
        let mut found = Vec::new();
        let mut pieces = bytes.chunks(size);
        loop {
            let piece = pieces.next();
            match piece {
                Some(piece) => lines.push(piece)?,
                None => lines.end()?,
            }
            while let Some(line) = lines.next() {
                found.push(line?.to_owned());
            }
            if piece.is_none() {
                return Ok(found);
            }
        }
    }

    fn packed(text: &str) -> Vec<u8> {
        let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        writer.write_all(text.as_bytes()).unwrap();
        writer.finish().unwrap()
    }

    #[test]
    fn lines_are_the_same_however_they_arrive() {
        let text = "a b\r\n\n\u{e9}\u{e9}\nlast";
        let two = [packed("a b\r\n\n"), packed("\u{e9}\u{e9}\nlast")].concat();
        for size in [1, 2, 3, 1000] {
            for (bytes, packing) in [(text.as_bytes(), Packing::Plain), (&two[..], Packing::Gzip)] {
                assert_eq!(cut(bytes, size, packing, 1000).unwrap(), ["a b", "", "\u{e9}\u{e9}", "last"], "{size}");
            }
        }
        assert!(cut(b"", 1, Packing::Plain, 10).unwrap().is_empty());
    }

    #[test]
    fn what_is_no_list_is_refused() {
        #[track_caller]
        fn check(bytes: &[u8], packing: Packing, limit: u64, says: &str) {
            let error = cut(bytes, 7, packing, limit).unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        }
        let whole = packed(&"line\n".repeat(5000));
        check(&whole[..whole.len() - 5], Packing::Gzip, 1 << 20, "gzip");
        check(b"plain\n", Packing::Gzip, 1 << 20, "gzip");
        check(&whole, Packing::Gzip, 1000, "larger than");
        check(b"\xff\n", Packing::Plain, 1000, "UTF-8");
        check(&[b'x'; 100_000], Packing::Plain, 1 << 20, "no end");
    }
}
