//! Lists for other programs: checksums, and downloads by aria2 and GNU Wget.
//!
//! Only addresses that anybody may open are given; the others are named in a comment. No address
//! has a query, since one may be a signature.

use crate::values::{Digest, Printable, ShellWord};

use super::ReleaseFile;

/// A program that downloads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Program {
    /// `aria2c --input-file`.
    Aria2,
    /// A script around `wget`, whose own lists name no target and no checksum.
    Wget,
}

/// A line as `sha256sum` writes it, with a name that holds a backslash or a line break escaped.
pub fn sum_line(sha256: &Digest, path: &str) -> String {
    if path.contains(['\\', '\n', '\r']) {
        let escaped = path.replace('\\', "\\\\").replace('\n', "\\n").replace('\r', "\\r");
        return format!("\\{}  {escaped}\n", sha256.hex());
    }
    format!("{}  {path}\n", sha256.hex())
}

/// The first lines.
pub fn head(program: Program) -> &'static str {
    match program {
        Program::Aria2 => "# aria2c --input-file=THIS --check-integrity=true\n",
        Program::Wget => WGET_HEAD,
    }
}

const WGET_HEAD: &str = "#!/bin/sh
# Downloads into the working folder, and checks what has a checksum.
set -eu
get() { mkdir -p \"$(dirname \"$1\")\"; wget -nv -c -O \"$1\" \"$2\"; }
check() { printf '%s  %s\\n' \"$1\" \"$2\" | sha256sum -c -; }
";

/// The lines for a file of the dataset that lies at `place`. `closed` says why nobody gets it
/// without a credential.
pub fn lines(program: Program, file: &ReleaseFile, place: &str, closed: Option<&str>) -> String {
    let shown = Printable::cut(file.path.as_str(), 1000).to_string();
    let url = match (closed, file.public_url()) {
        (Some(reason), _) => return format!("# {place}/{shown}: {}\n", Printable::cut(reason, 300)),
        (None, None) => return format!("# {place}/{shown}: no address that can be told; use `medsets fetch`\n"),
        (None, Some(url)) => url,
    };
    let target = format!("{place}/{}", file.path);
    match program {
        Program::Aria2 => {
            let digest = file.digest.map(|digest| (aria2_name(digest.algorithm()), digest.hex()));
            let digest = digest.and_then(|(name, hex)| Some(format!("  checksum={}={hex}\n", name?)));
            format!("{url}\n  out={target}\n{}", digest.unwrap_or_default())
        }
        Program::Wget => {
            let (target, url) = (ShellWord(&target), ShellWord(&url));
            let check = file.sha256().map(|digest| format!("check {} {target}\n", digest.hex())).unwrap_or_default();
            format!("get {target} {url}\n{check}")
        }
    }
}

fn aria2_name(algorithm: crate::values::Algorithm) -> Option<&'static str> {
    use crate::values::Algorithm;
    match algorithm {
        Algorithm::Sha256 => Some("sha-256"),
        Algorithm::Sha1 => Some("sha-1"),
        Algorithm::Md5 => Some("md5"),
        _ => None,
    }
}
