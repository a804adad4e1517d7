//! Which keys a table has, in the order of the documentation.

/// The tables of one kind of file, by their trail: the keys down to them joined by dots, with
/// `*` for names that the author chooses.
pub(super) struct Keys(&'static [(&'static str, &'static [&'static str])]);

impl Keys {
    /// The keys of the table at a trail; `None` where the author chooses them.
    pub(super) fn of(&self, trail: &str) -> Option<&'static [&'static str]> {
        self.0.iter().find(|(one, _)| *one == trail).map(|(_, keys)| *keys)
    }
}

/// An entry (`docs/catalogue.md`).
pub(super) const ENTRY: Keys = Keys(&[
    (
        "",
        &[
            "id",
            "entry-sha256",
            "title",
            "aliases",
            "summary",
            "homepage",
            "maintainer",
            "tags",
            "modality",
            "anatomy",
            "task",
            "format",
            "listed-as",
            "distribution",
            "counts",
            "claim",
            "correction",
            "requires",
            "release",
            "layout",
            "citation",
            "ethics",
            "related",
        ],
    ),
    ("maintainer", &["name", "contact"]),
    ("listed-as", &["url", "claim", "holds", "note"]),
    ("distribution", &["kind", "reason", "instead"]),
    ("claim", &["about", "value", "source", "read", "confidence", "note"]),
    ("correction", &["claim", "found-in", "truth", "source", "read", "confidence"]),
    (
        "requires",
        &[
            "kind",
            "id",
            "title",
            "page",
            "provider",
            "license",
            "valid-for",
            "usual-wait",
            "fee",
            "note",
            "channels",
            "variants",
            "versions",
        ],
    ),
    (
        "release",
        &[
            "version",
            "date",
            "doi",
            "default",
            "license",
            "license-parts",
            "size-about",
            "unpacked-about",
            "withdrawn",
            "note",
            "variant",
            "source",
            "file",
            "rule",
        ],
    ),
    ("release.variant", &["name", "default", "title", "license", "size-about", "unpacked-about", "counts", "note"]),
    ("release.source", SOURCE),
    (
        "release.file",
        &[
            "variant",
            "channel",
            "path",
            "group",
            "size",
            "size-about",
            "sha256",
            "sha1",
            "md5",
            "crc32c",
            "git-blob",
            "license",
            "at",
            "into",
            "unpack",
            "role",
            "manual",
            "note",
        ],
    ),
    ("release.file.at.*", &["url", "mirrors", "path", "static", "file-id", "entity", "key"]),
    ("release.file.unpack", UNPACK),
    ("release.file.unpack.under", &["match", "to"]),
    ("release.rule", &["match", "variant", "group", "into", "unpack", "license", "role", "skip"]),
    ("release.rule.unpack", UNPACK),
    ("release.rule.unpack.under", &["match", "to"]),
    ("layout", &["image", "text", "table", "annotation", "doc"]),
    ("citation", CITATION),
    ("citation.also", CITATION),
    ("ethics", &["deidentification", "consent", "known-bias", "known-issues"]),
    ("related", &["derived-from", "overlaps", "see-also"]),
    ("related.derived-from", &["id", "note"]),
    ("related.overlaps", &["id", "note"]),
    ("related.see-also", &["id", "note"]),
]);

/// A licence (`docs/licences.md`).
pub(super) const LICENSE: Keys = Keys(&[
    (
        "",
        &[
            "id",
            "name",
            "version",
            "kind",
            "url",
            "text",
            "companion",
            "items",
            "summary",
            "note",
            "terms",
            "extra",
            "duo",
        ],
    ),
    ("terms.*", TERM),
    ("extra.*", TERM),
    ("duo", &["codes", "source"]),
]);

/// Collections: every table has the same keys.
pub(super) const COLLECTIONS: Keys = Keys(&[("*", &["title", "datasets"])]);

/// Tables whose keys the author chooses.
pub(super) const CHOSEN: [&str; 6] =
    ["counts", "release.license-parts", "release.variant.counts", "release.file.at", "terms", "extra"];

/// Common keys, then those of each provider; no two providers disagree about the order.
const SOURCE: &[&str] = &[
    "channel",
    "provider",
    "title",
    "license",
    "variants",
    "note",
    "base",
    "mirrors",
    "auth",
    "owner",
    "repo",
    "commit",
    "tree",
    "take",
    "tag",
    "tenant",
    "vanity",
    "shared-name",
    "set",
    "page",
    "steps",
    "slug",
    "version",
    "open",
    "s3-mirror",
    "competition",
    "organization",
    "dataset",
    "dataset-version",
    "repo-kind",
    "revision",
    "article",
    "article-version",
    "node",
    "record",
    "folder",
    "entity",
    "project",
    "bucket",
    "region",
    "account",
    "container",
    "prefix",
    "requester-pays",
    "link",
    "collection",
    "idc-version",
    "challenge",
    "product",
    "listing",
];

const UNPACK: &[&str] = &[
    "format",
    "strip",
    "into",
    "under",
    "skip",
    "only",
    "nested",
    "members",
    "unpacked-size",
    "links",
    "names",
    "encoding",
    "password",
    "parts",
];

const CITATION: &[&str] = &[
    "key",
    "type",
    "authors",
    "title",
    "year",
    "journal",
    "booktitle",
    "volume",
    "number",
    "pages",
    "publisher",
    "doi",
    "arxiv",
    "url",
    "acknowledgement",
    "also",
];

const TERM: &[&str] = &["value", "confidence", "source", "read", "note"];
