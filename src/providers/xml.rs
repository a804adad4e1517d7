//! Lists of stores that come as XML.

use quick_xml::events::Event;

use super::error::ProviderError;

/// Passes a document with this outermost element; anything else is what a proxy or a sign-in
/// page puts in its place (42), of which nothing is repeated.
pub(super) fn expect_root(host: &str, text: &str, root: &str, what: &str) -> Result<(), ProviderError> {
    if outermost(text).is_some_and(|found| found == root) {
        return Ok(());
    }
    let sent = if text.to_ascii_lowercase().contains("<html") { "a web page" } else { "something else" };
    let message = format!("{host} sends {sent} in the place of {what}");
    let help = "a proxy or a sign-in page of this network may stand between: open any page in a browser";
    Err(ProviderError::Refused { exit: 42, message, help: vec![help.to_owned()] })
}

/// The name of a document's outermost element.
fn outermost(text: &str) -> Option<String> {
    let mut reader = quick_xml::Reader::from_str(text);
    loop {
        match reader.read_event().ok()? {
            Event::Start(element) | Event::Empty(element) => {
                return Some(element.name().as_ref().to_owned());
            }
            Event::Eof => return None,
            _ => {}
        }
    }
}
