//! The program from outside: both streams, exit codes, and what is on disk afterwards.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    clippy::unwrap_used,
    clippy::panic,
    reason = "not the library: it sets its scene by hand"
)]

mod support;

#[path = "stand_ins/bucket.rs"]
mod bucket;

#[path = "cli/adopt.rs"]
mod adopt;
#[path = "cli/adopt_attacked.rs"]
mod adopt_attacked;
#[path = "cli/adopt_locked.rs"]
mod adopt_locked;
#[path = "cli/advice.rs"]
mod advice;
#[path = "cli/audit.rs"]
mod audit;
#[path = "cli/audit_attacks.rs"]
mod audit_attacks;
#[path = "cli/auth.rs"]
mod auth;
#[path = "cli/bad_input.rs"]
mod bad_input;
#[path = "cli/bags.rs"]
mod bags;
#[path = "cli/bundle.rs"]
mod bundle;
#[path = "cli/bundle_attacked.rs"]
mod bundle_attacked;
#[path = "cli/bundle_kept.rs"]
mod bundle_kept;
#[path = "cli/bundle_today.rs"]
mod bundle_today;
#[path = "cli/catalogue.rs"]
mod catalogue;
#[path = "cli/chestxray.rs"]
mod chestxray;
#[path = "cli/choice.rs"]
mod choice;
#[path = "cli/demo.rs"]
mod demo;
#[path = "cli/entries.rs"]
mod entries;
#[path = "cli/export.rs"]
mod export;
#[path = "cli/foreign.rs"]
mod foreign;
#[path = "cli/gate.rs"]
mod gate;
#[path = "cli/guards.rs"]
mod guards;
#[path = "cli/hostile.rs"]
mod hostile;
#[path = "cli/import.rs"]
mod import;
#[path = "cli/interrupted.rs"]
mod interrupted;
#[path = "cli/kept_archives.rs"]
mod kept_archives;
#[path = "cli/kept_once.rs"]
mod kept_once;
#[path = "cli/killed.rs"]
mod killed;
#[path = "cli/licenses.rs"]
mod licenses;
#[path = "cli/like_names.rs"]
mod like_names;
#[path = "cli/lock.rs"]
mod lock;
#[path = "cli/lock_attacked.rs"]
mod lock_attacked;
#[path = "cli/lock_by_hand.rs"]
mod lock_by_hand;
#[path = "cli/lock_choices.rs"]
mod lock_choices;
#[path = "cli/lock_edited.rs"]
mod lock_edited;
#[path = "cli/lock_here.rs"]
mod lock_here;
#[path = "cli/lock_merged.rs"]
mod lock_merged;
#[path = "cli/lock_terms.rs"]
mod lock_terms;
#[path = "cli/lock_unreached.rs"]
mod lock_unreached;
#[path = "cli/medquad.rs"]
mod medquad;
#[path = "cli/members.rs"]
mod members;
#[path = "cli/mended.rs"]
mod mended;
#[path = "cli/mirror.rs"]
mod mirror;
#[path = "cli/mirror_attacked.rs"]
mod mirror_attacked;
#[path = "cli/mirror_moments.rs"]
mod mirror_moments;
#[path = "cli/mirror_plans.rs"]
mod mirror_plans;
#[path = "cli/mirror_terms.rs"]
mod mirror_terms;
#[path = "cli/misplaced.rs"]
mod misplaced;
#[path = "cli/out_of_reach.rs"]
mod out_of_reach;
#[path = "cli/own_grant.rs"]
mod own_grant;
#[path = "cli/project.rs"]
mod project;
#[path = "cli/project_attacked.rs"]
mod project_attacked;
#[path = "cli/records.rs"]
mod records;
#[path = "cli/remedies.rs"]
mod remedies;
#[path = "cli/remove.rs"]
mod remove;
#[path = "cli/schemas.rs"]
mod schemas;
#[path = "cli/shards.rs"]
mod shards;
#[path = "cli/shards_attacked.rs"]
mod shards_attacked;
#[path = "cli/shards_members.rs"]
mod shards_members;
#[path = "cli/shared_dirs.rs"]
mod shared_dirs;
#[path = "cli/stopped.rs"]
mod stopped;
#[path = "cli/storage.rs"]
mod storage;
#[path = "cli/subsets.rs"]
mod subsets;
#[path = "cli/table.rs"]
mod table;
#[path = "cli/together.rs"]
mod together;
#[path = "cli/unbundle_stream.rs"]
mod unbundle_stream;
#[path = "cli/words.rs"]
mod words;
