//! medsets: medical datasets the right way.
//!
//! # Layers
//!
//! Imports point down only, and `tests/layers.rs` checks it.
//!
//! ```text
//! 5  cli, main                                        words and streams
//! 4  ops, context                                     one function per thing the tool does
//! 3  credentials providers transfer unpack store
//!    mirror bundle reports                            machinery; reports are pure
//! 2  access plan policy audit                         decisions: pure, no disk, no network, no clock
//! 1  licenses catalog agreements layout project       domain
//! 0  values remedy document embedded events fs net    foundation
//! ```
//!
//! # What `fetch` does
//!
//! ```text
//! cli::fetch             arguments to options
//! ops::reference         names outside the catalogue to entries: kept ones, or by asking the host
//! ops::fetch             each dataset in turn; one that fails does not stop the others
//!   catalog              the name to a Selection: dataset, release, variant
//!   ops::target          which source, which folder; a receipt that is whole ends it here, offline
//!   ops::gate            requirements beside holdings (ledger, credentials, texts as they are today)
//!     access             open, or the whole checklist as the failure
//!   ops::shared          a copy of somebody else, which is used where it lies
//!   ops::mirror          all of it from a team's mirror, where one has just that
//!   providers            a Listing: the files of the release and what is known of each
//!   ops::wanted          which of them are wanted, and how each is handled
//!   layout::workspace    the lease, and what an earlier run finished
//!   ops::repair          what is good of an earlier folder, taken over
//!   ops::nearby          what the store or a shared folder has of the rest
//!   ops::unpacked_before archives that another dataset here has unpacked
//!   plan                 what is left to do, and whether it fits on the disk
//!   ops::download        three parts at once: these two and a recorder
//!     transfer             asks the provider for a Location, downloads, hashes, proves
//!     unpack               archives as they come, each member hashed as it is written
//!   ops::members         single members of archives that stay at their host
//!     transfer::stretches    reads the end of an archive, its directory, the members' bytes
//!     unpack::elsewhere      judges it, and unpacks what was read
//!   ops::assemble        stage to folder
//!     reports              README.md, TERMS.md, CITATION.cff
//!     store                bytes that other datasets have too, kept once
//!     layout               inventory, manifest, receipt, then one rename
//!     agreements           the entry in the ledger, whose hash goes into the receipt
//! cli::output            the report as text or JSON
//! ```
//!
//! `import` is the same with the person's own files in place of a host's (its list still tells and
//! proves them), `verify --repair` the same with the damaged folder as the earlier one. Progress goes
//! through [`events`] all the while.
//!
//! # What a project does
//!
//! ```text
//! ops::project_file      init add drop: project::edit keeps comments and form of medsets.toml
//! ops::lock              medsets.toml to medsets.lock: each dataset asked of its host once
//!   ops::lock::resolve     what is kept of the lock that is there, what is asked anew
//!   ops::lock::files       the lock, and beside it entries and long listings, written in one go
//!   project::lock          its form, the comparison in words, both sides of a merge
//! ops::sync              `fetch` of each dataset as the lock pins it (ops::fetch::pins)
//!   ops::sync::compare     the disk beside the lock, for `--check` and `status`
//!   ops::sync::drift       the lock beside today's catalogue, and today's gate
//! ```
//!
//! Copies that came another way are judged before they are believed: ops::foreign holds the records
//! of shared folders and mirrors against one's own catalogue, ops::unbundle proves every byte of a
//! bundle, ops::adopt hashes what lies in a person's folder. Shards of a fetch for a cluster are cut by
//! plan::shards, kept in `<name>+shards/` and joined by ops::fetch::shards.
//!
//! # Which module owns which file
//!
//! The owner alone knows the form of a file; `docs/formats.md` has it for other programs.
//!
//! ```text
//! <data_dir>/<id>/<version>[-<variant>]/        layout::dirs; appears by layout::commit
//!     data/ docs/                               transfer and unpack write, ops::placing moves
//!     archives/                                 ops::assemble
//!     README.md TERMS.md CITATION.cff           ops::assemble, worded by reports
//!     .medsets/receipt.json                     layout::receipt
//!     .medsets/listed.jsonl                     layout::listed
//!     .medsets/files.jsonl                      layout::inventory
//!     .medsets/manifest.sha256                  layout::manifest
//!     .medsets/entry.toml                       ops::assemble, read by ops::reference
//! <data_dir>/<id>/.<folder>.link.json           layout::link_mark
//! <data_dir>/.medsets-store/                    layout::dirs
//!     parts/<id>@<slug>/                        layout::workspace
//!         source.json done.jsonl aside.jsonl    layout::workspace
//!         entry.toml                            ops::target, read by ops::reference
//!         parts/*.part and their journals       transfer::part, transfer::journal
//!         stretches/*.part                      ops::members, written by transfer::stretches
//!         members/*.jsonl                       layout::inventory
//!         mirror/                               ops::mirror: what a mirror brought and is not placed yet
//!     parts/<id>@<slug>+shards/                 ops::fetch::shards: what they agreed on; a workspace for each beside it
//!     listings/<sha256>                         ops::shelf
//!     objects/sha256/ quarantine/               store
//!     leases/                                   fs::lock, for layout::workspace
//!     tmp/                                      layout::commit, store
//! <state_dir>/                                  ledger.jsonl ledger.lock heads.jsonl: agreements::ledger
//!     ledger.torn-<n>                           agreements::ledger, when it is repaired
//!     evidence/<sha256>                         agreements::evidence
//!     host-answers.jsonl                        agreements::host_answers
//! <config_dir>/config.toml                      context::config_file
//! medsets.toml                                  context::project reads, ops::project_file writes
//! medsets.lock                                  project::lock, written by ops::lock
//!     medsets.lock.d/                           ops::lock::files: entries and long listings
//! a bundle                                      bundle, filled by ops::bundle
//! a mirror                                      mirror, laid out by ops::mirror
//! <config_dir>/credentials.toml                 credentials, and the person; writers take turns by
//!     credentials.lock                          this
//! ~/.netrc ~/.kaggle ~/.aws ...                 read by credentials, written by the hosts' programs
//! overlay folders                               read by context, understood by catalog and licenses
//! `--events`, `ledger export -o`, `man DIR`     cli
//! ```
//!
//! The facts inside the program, `catalog/` and `licenses/` of the repository, come in through
//! [`embedded`].

#![cfg_attr(
    test,
    allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "unit tests set their scene by hand")
)]

pub mod access;
pub mod agreements;
pub mod audit;
pub mod bundle;
pub mod catalog;
pub mod cli;
pub mod context;
pub mod credentials;
pub mod document;
pub mod embedded;
pub mod events;
pub mod fs;
pub mod layout;
pub mod licenses;
pub mod mirror;
pub mod net;
pub mod ops;
pub mod plan;
pub mod policy;
pub mod project;
pub mod providers;
pub mod remedy;
pub mod reports;
pub mod store;
pub mod transfer;
pub mod unpack;
pub mod values;
