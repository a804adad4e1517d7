//! A file of a person's own folder, laid over the built-in ones.

use std::collections::BTreeSet;
use std::path::Path;

use toml::de::DeValue;

use super::{BrokenFile, Document, Finding, Severity};

/// One file of an overlay folder, whether or not it can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OverlayFile {
    /// Which of the overlay folders it lies in, from 0; a later folder wins.
    pub folder: usize,
    /// Path below that folder with `/`, such as `licenses/MIT.toml`.
    pub name: String,
    /// Its whole path, for messages.
    pub path: String,
    /// The text, or why it cannot be had.
    pub text: Result<String, String>,
}

/// The code of a file whose text cannot be had.
pub const UNREADABLE: &str = "unreadable";

/// The code of a file that contradicts the digest it declares of itself.
pub const CONTRADICTION: &str = "entry-digest";

/// What a file that cannot be read says about itself, as far as it says it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Claimed {
    /// The file stem, and the id that stands in the file.
    pub ids: BTreeSet<String>,
    /// Other names.
    pub aliases: Vec<String>,
    /// Addresses it is found by.
    pub pages: Vec<String>,
}

impl OverlayFile {
    /// The text, or an error that says why there is none.
    pub fn text(&self) -> Result<&str, BrokenFile> {
        let unreadable = |reason: &String| {
            let (severity, message) = (Severity::Error, reason.clone());
            let finding = Finding { severity, code: UNREADABLE, message, help: None, line: 1, column: 1, span: 0..0 };
            BrokenFile::unopened(&self.path, "", finding)
        };
        self.text.as_deref().map_err(unreadable)
    }

    /// Which names the file is meant for. A file that breaks the format must not let a
    /// built-in one of the same name be taken in its place, so this reads what it can.
    pub fn claimed(&self) -> Claimed {
        let mut claimed = Claimed::default();
        let stem = Path::new(&self.name).file_stem().map(|stem| stem.to_string_lossy().into_owned());
        claimed.ids.extend(stem);
        let text = self.text.as_deref().unwrap_or_default();
        let document = Document::open(&self.path, text);
        let Ok(tree) = document.as_ref().map_err(|_| ()).and_then(|document| document.tree().map_err(|_| ())) else {
            claimed.ids.extend(written_id(text));
            return claimed;
        };
        let word = |value: &DeValue<'_>| value.as_str().map(str::to_owned);
        claimed.ids.extend(tree.get("id").and_then(|id| word(id.get_ref())));
        let aliases = tree.get("aliases").and_then(|list| list.get_ref().as_array()).into_iter().flatten();
        claimed.aliases.extend(aliases.filter_map(|alias| word(alias.get_ref())));
        let listed = tree.get("listed-as").and_then(|table| table.get_ref().as_table()?.get("url"));
        let pages = [tree.get("homepage"), listed].into_iter().flatten();
        claimed.pages.extend(pages.filter_map(|page| word(page.get_ref())));
        claimed
    }
}

/// The id in a text that is no TOML: the first line that sets one.
fn written_id(text: &str) -> Option<String> {
    let value = text.lines().take(1000).find_map(|line| line.trim().strip_prefix("id")?.trim_start().strip_prefix('='));
    let id = value?.trim().trim_start_matches(['"', '\'']).split(['"', '\'', '#']).next()?.trim();
    (!id.is_empty()).then(|| id.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_file_still_says_what_it_is_meant_for() {
        #[track_caller]
        fn check(text: &str, ids: &[&str]) {
            let (name, path) = ("mine.toml".to_owned(), "/x/mine.toml".to_owned());
            let file = OverlayFile { folder: 0, name, path, text: Ok(text.to_owned()) };
            assert_eq!(file.claimed().ids.iter().map(String::as_str).collect::<Vec<_>>(), ids, "{text}");
        }
        check("id = \"chexpert\"\nmodality = 7\n", &["chexpert", "mine"]);
        check("id = \"chexpert\"\n]]]", &["chexpert", "mine"]);
        check("# x\n id='chexpert' # the id\n[", &["chexpert", "mine"]);
        check(&format!("id = \"chexpert\"\na = {}", "[".repeat(1000)), &["chexpert", "mine"]);
        check("identity = 7\n[", &["mine"]);
        check("", &["mine"]);
    }
}
