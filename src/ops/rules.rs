//! From what an entry says of an archive to what the unpacker needs.

use crate::catalog::UnpackRules;
use crate::catalog::format::StripWord;
use crate::remedy;
use crate::unpack::{Globs, Limits, Rules, Strip, Under};
use crate::values::{ByteSize, RelPath};

use super::exit::Exit;
use super::failure::Failure;

/// Junk that no dataset means: folders and files that desktop systems leave in archives.
const JUNK: [&str; 4] = ["__MACOSX/**", "**/.DS_Store", "**/Thumbs.db", "**/desktop.ini"];

/// The unpacker's rules for one archive. Fails on a glob or word that lint would have refused.
pub fn unpack_rules(rules: &UnpackRules) -> Result<Rules, Failure> {
    let table = &rules.table;
    let wrong =
        |reason: String| Failure::new(Exit::CATALOG, format!("the entry's rules for an archive are wrong: {reason}"));
    let globs = |patterns: &[String]| {
        Globs::new(patterns.iter().map(String::as_str)).map_err(|error| wrong(remedy::chain(&error)))
    };
    let mut skip: Vec<String> = table.skip.clone();
    skip.extend(JUNK.iter().map(|glob| (*glob).to_owned()));
    let mut under = Vec::new();
    for one in &table.under {
        let folder = RelPath::parse(&one.to).map_err(|error| wrong(error.to_string()))?;
        under.push(Under { members: globs(std::slice::from_ref(&one.pattern))?, folder });
    }
    Ok(Rules {
        format: table
            .format
            .as_deref()
            .map(str::parse)
            .transpose()
            .map_err(|error: crate::unpack::rules::NotAFormat| wrong(error.to_string()))?,
        strip: match &table.strip {
            None => Strip::None,
            Some(StripWord::Levels(levels)) => Strip::Levels(usize::from(*levels)),
            Some(StripWord::Word(word)) if word == "auto" => Strip::Auto,
            Some(StripWord::Word(word)) if word == "none" => Strip::None,
            Some(StripWord::Word(word)) => return Err(wrong(format!("`strip` takes no `{word}`"))),
        },
        under,
        skip: globs(&skip)?,
        only: globs(&table.only)?,
        nested: globs(&table.nested)?,
        links: table.links,
        names: table.names.clone(),
        encoding: table.encoding.clone(),
        limits: Limits {
            expected_members: table.members,
            expected_bytes: table.unpacked_size.map(ByteSize),
            ..Limits::default()
        },
    })
}
