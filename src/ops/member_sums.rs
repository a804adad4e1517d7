//! Proves the members of an archive by a list of MD5s inside it, as NBIA puts one into the zips
//! that it makes while it sends them.
//!
//! The list is a table with the header `Filename,MD5Hash` and a row for every other member.
//! Names may be quoted as in RFC 4180.

use std::collections::BTreeMap;
use std::path::Path;

use crate::fs;
use crate::layout::check::digests_of;
use crate::unpack::Unpacked;
use crate::values::{Algorithm, Digest, RelPath, counted};

use super::exit::Exit;
use super::failure::Failure;

/// Compares what was unpacked into `into` with the list `name` in it, and their number with what
/// the host said beforehand.
pub(super) fn prove(
    archive: &RelPath,
    name: &str,
    members: Option<u32>,
    into: &Path,
    unpacked: &Unpacked,
) -> Result<(), Failure> {
    let short = |message: String| {
        let failure = Failure::new(Exit::TRUNCATED, message).in_file(archive);
        failure.help("nothing of it was kept; run the same command again")
    };
    let list = RelPath::parse(name).map_err(|error| Failure::new(Exit::CATALOG, error.to_string()))?;
    let Some(text) = fs::read_text_if_present(&list.under(into))? else {
        return Err(short(format!("`{archive}` has no list `{name}`: the host broke off")));
    };
    let rows = rows(&text).ok_or_else(|| short(format!("`{name}` in `{archive}` is no list of MD5s")))?;
    let found: Vec<RelPath> = unpacked.members.iter().map(|member| member.path).filter(|path| *path != list).collect();
    let expected = members.map_or(found.len(), |members| members as usize);
    if found.len() != expected {
        let (found, expected) = (counted(found.len() as u64, "file"), expected);
        return Err(short(format!("`{archive}` holds {found}, and the host lists {expected}")));
    }
    for path in found {
        let Some(stated) = rows.get(path.as_str()) else {
            return Err(short(format!("`{path}` in `{archive}` is not in `{name}`")));
        };
        let computed = md5(&path.under(into))?;
        if computed != *stated {
            let message =
                format!("checksum mismatch for `{path}` in `{archive}`: expected {stated}, received {computed}");
            let failure = Failure::new(Exit::MISMATCH, message).in_file(archive);
            return Err(failure.help("nothing of it was kept; run the same command again"));
        }
    }
    Ok(())
}

/// The MD5s by name; `None` where it is no such list.
fn rows(text: &str) -> Option<BTreeMap<String, Digest>> {
    let mut lines = text.lines();
    let head = lines.next()?.trim_start_matches('\u{feff}').trim();
    if !head.eq_ignore_ascii_case("filename,md5hash") {
        return None;
    }
    let row = |line: &str| {
        let (name, hex) = line.trim().rsplit_once(',')?;
        let name = match name.strip_prefix('"').and_then(|name| name.strip_suffix('"')) {
            Some(quoted) => quoted.replace("\"\"", "\""),
            None => name.to_owned(),
        };
        Some((name, Digest::from_hex(Algorithm::Md5, hex.trim().trim_matches('"')).ok()?))
    };
    lines.filter(|line| !line.trim().is_empty()).map(row).collect()
}

fn md5(path: &Path) -> Result<Digest, Failure> {
    Ok(digests_of(path, &[Algorithm::Md5], &|_| ())?[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_list_in_any_order_and_nothing_else() {
        let hex = "900150983cd24fb0d6963f7d28e17f72";
        let found = rows(&format!("Filename,MD5Hash\r\n\"1-002.dcm\",{hex}\r\n1-001.dcm,{hex}\r\n\r\n")).unwrap();
        assert_eq!(found.keys().collect::<Vec<_>>(), ["1-001.dcm", "1-002.dcm"]);
        assert_eq!(
            rows(&format!("Filename,MD5Hash\n\"a, \"\"b\"\".dcm\",{hex}\n")).unwrap().keys().next().unwrap(),
            "a, \"b\".dcm"
        );
        for text in ["", "name,md5\na,b\n", "Filename,MD5Hash\na.dcm\n", "Filename,MD5Hash\na.dcm,00\n"] {
            assert!(rows(text).is_none(), "{text}");
        }
    }
}
