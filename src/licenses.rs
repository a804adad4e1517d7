//! Licences and agreements: what each text allows and asks.
//!
//! Terms have a fixed vocabulary, so that they can be compared; each carries its source and
//! how sure it is. What nobody read is [`Value::Unknown`](terms::Known), and unknown is never
//! permission. Nothing here is legal advice, and no summary is ever shown as the text.

pub mod expression;
pub mod format;
pub mod shelf;
pub mod stated;
pub mod summary;
pub mod terms;

pub use expression::Expression;
pub use shelf::{License, LicenseKind, Shelf, TextSource};
pub use summary::Summary;
pub use terms::{Term, Terms};
