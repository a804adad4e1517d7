//! Who is asking, for the ledger and the receipt.

use crate::agreements::EntryKind;
use crate::agreements::{Person, Record, Who};
use crate::context::Context;
use crate::layout::receipt;
use crate::values::DatasetId;

/// The person as the ledger writes them.
pub fn who(context: &Context) -> Who {
    let text = |key: &str| context.settings.text(key).map(str::to_owned);
    Who {
        name: text("identity.name"),
        email: text("identity.email"),
        institution: text("identity.institution"),
        os_user: String::clone(&context.environment.os_user),
        host: Some(context.environment.host.clone()),
    }
}

/// The person whose acceptances count.
pub fn person(context: &Context) -> Person {
    let who = who(context);
    Person { os_user: who.os_user, email: who.email }
}

/// The person as a receipt writes them.
pub fn on_receipt(context: &Context) -> receipt::Person {
    let who = who(context);
    receipt::Person { os_user: who.os_user, host: context.environment.host.clone(), name: who.name }
}

/// A ledger record of now, by this person and program.
pub fn record(context: &Context, kind: EntryKind, dataset: &DatasetId) -> Record {
    Record::new(kind, dataset.clone(), who(context), context.now(), env!("CARGO_PKG_VERSION"))
}
