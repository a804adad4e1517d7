//! What a host says of a place.

use super::Reference;

/// A place as its host describes it now. What the host does not say is absent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    /// The reference with the version that the host gives, so that the same bytes come again.
    pub pinned: Reference,
    /// How the release is called: the host's version, or the day where it has none.
    pub release: String,
    /// Title.
    pub title: String,
    /// Who keeps it there.
    pub keeper: String,
    /// Its page.
    pub page: String,
    /// When this release came out.
    pub date: Option<String>,
    /// DOI of the release.
    pub doi: Option<String>,
    /// Authors, `Last, First` where the host writes them so.
    pub authors: Vec<String>,
    /// The licence that the host states, in its words.
    pub license: Option<String>,
    /// What the host says of who may have the files, where not everybody may.
    pub held_back: Option<String>,
    /// Git tree of the commit's root, for repositories.
    pub tree: Option<String>,
    /// The address that was asked.
    pub source: String,
}

/// What becomes of archives among the files of a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Archives {
    /// They stay as the host has them: nobody said how they unpack.
    #[default]
    AsTheyCome,
    /// Each is unpacked into a folder of its name.
    Unpacked,
}

impl Description {
    /// With the least that every host says; the rest is added where it is known.
    pub fn new(
        pinned: Reference,
        release: impl Into<String>,
        title: impl Into<String>,
        page: impl Into<String>,
    ) -> Self {
        Self {
            pinned,
            release: release.into(),
            title: title.into(),
            keeper: String::new(),
            page: page.into(),
            date: None,
            doi: None,
            authors: Vec::new(),
            license: None,
            held_back: None,
            tree: None,
            source: String::new(),
        }
    }
}
