//! May we use this here: terms, planned acts and exceptions, as findings with stable codes.
//!
//! ```text
//! act        what somebody plans to do with data
//! word       what terms say about an act, from allowed to forbidden
//! judge      an expression's terms to one word per act, with the clauses that decide it
//! rules      the policy of a project: planned acts, exceptions, severities
//! code       every finding there is: its name, its usual severity, what it means
//! finding    one finding
//! ```
//!
//! Everything is denied that is not granted: unknown, unclear and per-item are no permission
//! unless the policy names them with a reason, a person and an end date. Nothing here is legal
//! advice; each word carries the clause it rests on, so that a person can look.

pub mod act;
pub mod code;
pub mod finding;
pub mod judge;
pub mod rules;
pub mod word;

pub use act::Act;
pub use code::Code;
pub use finding::{Clause, Finding, Place, Severity};
pub use judge::{Judgement, Reason, judge, judge_together};
pub use rules::{Exception, ExceptionKind, Policy};
pub use word::Word;
