//! `SHA256SUMS.txt`: a digest, one blank or more, a path that may hold blanks.

use crate::values::{Algorithm, ByteSize, Digest, RelPath};

use super::super::{ListedFile, ProviderError};
use super::{HOST, SUMS, named};

/// The lines that were read so far.
#[derive(Debug, Default)]
pub(super) struct Sums {
    files: Vec<ListedFile>,
    lines: u64,
}

impl Sums {
    /// Takes a line.
    pub(super) fn take(&mut self, line: &str) -> Result<(), ProviderError> {
        self.lines += 1;
        if line.trim().is_empty() {
            return Ok(());
        }
        let cut = line.split_once([' ', '\t']).map(|(digest, rest)| (digest, rest.trim_start_matches([' ', '\t'])));
        let digest = |hex: &str| Digest::from_hex(Algorithm::Sha256, &hex.to_ascii_lowercase()).ok();
        let Some((digest, path)) = cut.and_then(|(hex, path)| Some((digest(hex)?, path))) else {
            return Err(self.refused(line));
        };
        let path = named(path.strip_prefix("./").unwrap_or(path))?;
        self.files.push(ListedFile { digests: vec![digest], ..ListedFile::named(path) });
        Ok(())
    }

    fn refused(&self, line: &str) -> ProviderError {
        if line.trim_start().starts_with('<') {
            let message = format!("PhysioNet sent a web page in the place of `{SUMS}`");
            let help = vec!["open the project's page in a browser: it may say why".to_owned()];
            return ProviderError::Refused { exit: 42, message, help };
        }
        ProviderError::Answer { host: HOST, reason: format!("line {} of {SUMS} is no digest and path", self.lines) }
    }

    /// All files, among them the list itself, which is `size` long and has no digest.
    pub(super) fn into_files(mut self, size: ByteSize) -> Vec<ListedFile> {
        let path = RelPath::parse(SUMS).expect("it is a safe path");
        self.files.push(ListedFile { size: Some(size), ..ListedFile::named(path) });
        self.files
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn lines_of_machines_and_of_hands_are_read() {
        #[track_caller]
        fn check(line: &str, path: &str) {
            let mut sums = Sums::default();
            sums.take(line).unwrap();
            assert_eq!(sums.files[0].path.as_str(), path, "{line}");
            assert_eq!(sums.files[0].digests[0].hex(), DIGEST);
        }
        check(&format!("{DIGEST} a b/c d.csv"), "a b/c d.csv");
        check(&format!("{DIGEST}  RECORDS"), "RECORDS");
        check(&format!("{DIGEST}\t./x"), "x");
        check(&format!("{} x", DIGEST.to_uppercase()), "x");
    }

    #[test]
    fn anything_else_is_refused() {
        #[track_caller]
        fn check(lines: &[&str], exit: Option<u8>) {
            let mut sums = Sums::default();
            let error = lines.iter().find_map(|line| sums.take(line).err()).unwrap();
            let found = match &error {
                ProviderError::Refused { exit, .. } => Some(*exit),
                _ => None,
            };
            assert_eq!(found, exit, "{error}");
            assert!(!error.to_string().contains("secret"), "what came is not repeated: {error}");
        }
        check(&["<html><head><title>403: secret</title>"], Some(42));
        check(&["abc secret"], None);
        check(&[DIGEST], None);
        check(&["", &format!("{DIGEST} ../secret-not-shown-but-named")[..70]], None);
    }
}
