//! Pages of Google Drive: the one before a large file, refusals, and folders.
//!
//! Read for what gdown looks for in them: the form with the id `download-form`, links, titles
//! and the class names of refusals. Anything else may change without notice.

use html5gum::{StartTag, Token, Tokenizer};

use crate::values::SafeUrl;

/// A page in the place of a file.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Page {
    /// What its title says.
    pub title: Option<String>,
    /// The form that leads to the file: its address, and what is sent along.
    form: Option<(String, Vec<(String, String)>)>,
    /// The link that stood in its place before.
    link: Option<String>,
    /// The text of a refusal.
    refusal: String,
}

/// What a folder holds.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub id: String,
    pub name: String,
    pub kind: Kind,
    /// Some links of old files work with this alone.
    pub resource_key: Option<String>,
}

/// Kinds of entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    File,
    Folder,
    Document,
    Spreadsheet,
    Presentation,
    /// A form, a drawing: nothing that can be saved.
    Other,
}

impl Page {
    /// Reads a page.
    pub(super) fn read(html: &str) -> Self {
        let mut page = Self::default();
        let (mut in_title, mut in_form, mut in_refusal) = (false, false, false);
        for token in Tokenizer::new(html).flatten() {
            match token {
                Token::StartTag(tag) => match tag.name.as_slice() {
                    b"title" => in_title = true,
                    b"form" if attribute(&tag, "id").as_deref() == Some("download-form") => {
                        in_form = true;
                        page.form = attribute(&tag, "action").map(|action| (action, Vec::new()));
                    }
                    b"input" if in_form && attribute(&tag, "type").as_deref() == Some("hidden") => {
                        if let (Some((_, inputs)), Some(name)) = (&mut page.form, attribute(&tag, "name")) {
                            inputs.push((name, attribute(&tag, "value").unwrap_or_default()));
                        }
                    }
                    b"a" if page.link.is_none() => {
                        let is_download = |href: &String| href.starts_with("/uc?export=download");
                        page.link = attribute(&tag, "href").filter(is_download);
                    }
                    b"p" => {
                        let class = attribute(&tag, "class").unwrap_or_default();
                        in_refusal = class.split(' ').any(|one| one.starts_with("uc-error-"));
                    }
                    _ => {}
                },
                Token::EndTag(tag) => match tag.name.as_slice() {
                    b"title" => in_title = false,
                    b"form" => in_form = false,
                    b"p" => in_refusal = false,
                    _ => {}
                },
                Token::String(text) => {
                    let text = String::from_utf8_lossy(&text);
                    if in_title {
                        page.title.get_or_insert_default().push_str(&text);
                    } else if in_refusal {
                        page.refusal.push_str(&text);
                    }
                }
                _ => {}
            }
        }
        page
    }

    /// Where the page leads on to the file, if it does, and if that is a host of Google Drive.
    pub(super) fn next(&self, at: &SafeUrl) -> Option<SafeUrl> {
        let url = match (&self.form, &self.link) {
            (Some((action, inputs)), _) => {
                let mut url = at.join(action).ok()?.expose().clone();
                let sent = |name: &str| inputs.iter().any(|(one, _)| one == name);
                let mut query: Vec<(String, String)> = url.query_pairs().into_owned().collect();
                query.retain(|(name, _)| !sent(name));
                query.extend(inputs.iter().cloned());
                url.query_pairs_mut().clear().extend_pairs(query);
                SafeUrl::from_url(url)?
            }
            (None, Some(link)) => SafeUrl::parse("https://docs.google.com/").ok()?.join(link).ok()?,
            (None, None) => return None,
        };
        let is_drive = ["drive.google.com", "docs.google.com", "drive.usercontent.google.com"].contains(&url.host());
        (is_drive && url.is_https()).then_some(url)
    }

    /// Whether it says that too many have had the file.
    pub(super) fn is_about_quota(&self) -> bool {
        let title = self.title.as_deref().unwrap_or_default().to_lowercase();
        let refusal = self.refusal.to_lowercase();
        title.contains("quota") || refusal.contains("quota") || refusal.contains("too many users")
    }
}

/// The entries of a folder's page; `None` if it is none: a folder has entries, or an empty list of
/// them (seen in the code of several programs that read such pages, 2026-11-28).
pub(super) fn entries(html: &str) -> Option<Vec<Entry>> {
    let (mut entries, mut has_list) = (Vec::new(), false);
    let mut open: Option<Entry> = None;
    for token in Tokenizer::new(html).flatten() {
        match token {
            Token::StartTag(tag) if tag.name.as_slice() == b"a" => {
                open = attribute(&tag, "href").and_then(|href| Entry::of_link(&href));
            }
            Token::StartTag(tag) => {
                let class = attribute(&tag, "class").unwrap_or_default();
                has_list |= class.split(' ').any(|one| one == "flip-entries");
            }
            Token::EndTag(tag) if tag.name.as_slice() == b"a" => {
                entries.extend(open.take().map(|entry| Entry { name: file_name(&entry.name), ..entry }));
            }
            Token::String(text) => {
                if let Some(entry) = &mut open {
                    entry.name.push_str(String::from_utf8_lossy(&text).trim());
                }
            }
            _ => {}
        }
    }
    (has_list || !entries.is_empty()).then_some(entries)
}

impl Entry {
    /// An entry without its name, from the address it leads to.
    fn of_link(href: &str) -> Option<Self> {
        let url = SafeUrl::parse("https://drive.google.com/").ok()?.join(href).ok()?;
        let parts: Vec<&str> = url.expose().path_segments()?.collect();
        let (kind, id) = match (url.host(), parts.as_slice()) {
            ("drive.google.com", ["file", "d", id, ..]) => (Kind::File, *id),
            ("drive.google.com", ["drive", "folders", id, ..]) => (Kind::Folder, *id),
            ("docs.google.com", [kind, "d", id, ..]) => (Kind::parse(kind), *id),
            _ => return None,
        };
        let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        let is_id = id.len() >= 25 && id.bytes().all(is_letter);
        let resource_key = url.expose().query_pairs().find(|(name, _)| name == "resourcekey");
        let resource_key = resource_key.map(|(_, value)| value.into_owned());
        is_id.then(|| Self { id: id.to_owned(), name: String::new(), kind, resource_key })
    }
}

impl Kind {
    /// By the word in addresses.
    pub(super) fn parse(word: &str) -> Self {
        match word {
            "file" => Self::File,
            "document" => Self::Document,
            "spreadsheets" => Self::Spreadsheet,
            "presentation" => Self::Presentation,
            _ => Self::Other,
        }
    }

    /// The word in addresses.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Folder => "folders",
            Self::Document => "document",
            Self::Spreadsheet => "spreadsheets",
            Self::Presentation => "presentation",
            Self::Other => "other",
        }
    }

    /// What an exported document is called by; its name on Drive has none.
    pub(super) fn extension(self) -> &'static str {
        match self {
            Self::Document => ".docx",
            Self::Spreadsheet => ".xlsx",
            Self::Presentation => ".pptx",
            Self::File | Self::Folder | Self::Other => "",
        }
    }

    /// Where a document is exported, if it can be.
    pub(super) fn export(self, id: &str) -> Option<SafeUrl> {
        let format = self.extension().strip_prefix('.')?;
        SafeUrl::parse(&format!("https://docs.google.com/{}/d/{id}/export?format={format}", self.word())).ok()
    }
}

/// A name on Drive as one name of a path: it may hold slashes there.
fn file_name(name: &str) -> String {
    name.replace(['/', '\\'], "_").trim().to_owned()
}

fn attribute(tag: &StartTag<()>, name: &str) -> Option<String> {
    tag.attributes.get(name.as_bytes()).map(|value| String::from_utf8_lossy(value).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const WARNING: &str = r#"<!DOCTYPE html><html><head><title>Google Drive - Virus scan warning</title></head><body>
        <form id="download-form" action="https://drive.usercontent.google.com/download?id=old&amp;x=1" method="get">
        <input type="submit" id="uc-download-link" value="Download anyway"/>
        <input type="hidden" name="id" value="1ria4E6IdTIPsikL4Glm3uy1tFKJKw0W8"><input type="hidden" name="export" value="download">
        <input type="hidden" name="confirm" value="t"><input type="hidden" name="uuid" value="u-1"></form></body></html>"#;

    fn here() -> SafeUrl {
        SafeUrl::parse("https://drive.usercontent.google.com/download?id=1&export=download").unwrap()
    }

    #[test]
    fn the_form_leads_on_with_all_that_it_hides() {
        let next = Page::read(WARNING).next(&here()).unwrap();
        let expected = "https://drive.usercontent.google.com/download?x=1&id=1ria4E6IdTIPsikL4Glm3uy1tFKJKw0W8&export=download&confirm=t&uuid=u-1";
        assert_eq!(next.expose().as_str(), expected);
        assert!(Page::read(&WARNING.replace("drive.usercontent", "evil.example")).next(&here()).is_none());
        assert!(Page::read(&WARNING.replace("https://drive", "http://drive")).next(&here()).is_none());
        let older = r#"<html><a id="uc-download-link" href="/uc?export=download&amp;confirm=AbC&amp;id=1">Download anyway</a></html>"#;
        let next = Page::read(older).next(&here()).unwrap();
        assert_eq!(next.expose().as_str(), "https://docs.google.com/uc?export=download&confirm=AbC&id=1");
    }

    #[test]
    fn a_quota_is_told_from_other_pages() {
        #[track_caller]
        fn check(html: &str, quota: bool) {
            let page = Page::read(html);
            assert_eq!((page.is_about_quota(), page.next(&here())), (quota, None), "{html}");
        }
        check("<html><title>Google Drive - Quota exceeded</title><p class=\"uc-error-caption\">Sorry</p></html>", true);
        check(
            "<html><title>Google Drive</title><p class=\"uc-error-caption\">Sorry</p><p class=\"uc-error-subcaption\">Too many \
             users have viewed or downloaded this file recently.</p></html>",
            true,
        );
        check("<html><title>Google Drive - Access denied</title><p>quota</p></html>", false);
    }

    #[test]
    fn a_folder_is_read_from_its_links() {
        let html = r#"<html><head><title>Toy &amp; more</title></head><body>
            <div class="flip-entry"><a href="https://drive.google.com/file/d/FILE0000000000000000000000001/view?usp=drive_web&amp;resourcekey=0-k">
              <div class="flip-entry-icon"></div><div class="flip-entry-title">a / b &amp; c.csv </div></a></div>
            <a href="https://drive.google.com/drive/folders/FOLDER00000000000000000000001">sub</a>
            <a href="https://docs.google.com/spreadsheets/d/SHEET000000000000000000000001/edit">Table</a>
            <a href="https://docs.google.com/forms/d/FORM0000000000000000000000001/viewform">Form</a>
            <a href="https://drive.google.com/file/d/short/view">x</a><a href="https://example.org/">y</a></body></html>"#;
        let found = entries(html).unwrap();
        let shown: Vec<(&str, &str, Kind)> =
            found.iter().map(|entry| (entry.id.as_str(), entry.name.as_str(), entry.kind)).collect();
        assert_eq!(
            shown,
            [
                ("FILE0000000000000000000000001", "a _ b & c.csv", Kind::File),
                ("FOLDER00000000000000000000001", "sub", Kind::Folder),
                ("SHEET000000000000000000000001", "Table", Kind::Spreadsheet),
                ("FORM0000000000000000000000001", "Form", Kind::Other),
            ]
        );
        assert_eq!(found[0].resource_key.as_deref(), Some("0-k"));
        assert_eq!(entries("<p>nothing</p>"), None);
    }
}
