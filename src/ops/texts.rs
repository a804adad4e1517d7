//! The text of an agreement: from its page, from a file, or with the program.

use std::path::Path;

use crate::agreements::{AgreementText, Obtained};
use crate::context::Context;
use crate::fs;
use crate::licenses::{License, Shelf, TextSource};
use crate::net::HttpRequest;
use crate::values::{ByteSize, SafeUrl};

use super::exit::Exit;
use super::failure::Failure;

/// A text as it was had.
#[derive(Debug)]
pub struct HadText {
    /// What it says.
    pub text: AgreementText,
    /// Its exact bytes.
    pub bytes: Vec<u8>,
    /// How it was had.
    pub obtained: Obtained,
    /// Where it was fetched from.
    pub url: Option<SafeUrl>,
}

/// Texts are far smaller; what is larger is no agreement.
const LIMIT: ByteSize = ByteSize(16 << 20);

/// The text of a licence as it is today. `page` is the requirement's own page, used where the
/// licence names none. Fails when it cannot be had; for a text that only the person has, a
/// file must be given (see [`from_file`]).
pub async fn current(context: &Context, license: &License) -> Result<HadText, Failure> {
    match license.text {
        TextSource::Bundled => bundled(license),
        TextSource::Page => match &license.url {
            Some(url) => from_page(context, license, url).await,
            None => Err(no_page(license)),
        },
        TextSource::File => Err(no_page(license)),
    }
}

/// A text that a person has as a file.
pub fn from_file(path: &Path) -> Result<HadText, Failure> {
    let bytes = fs::read(path, LIMIT.0)?;
    let text = AgreementText::read(&bytes, None).map_err(Failure::from)?;
    Ok(HadText { text, bytes, obtained: Obtained::File, url: None })
}

fn bundled(license: &License) -> Result<HadText, Failure> {
    let text = Shelf::bundled_text(&license.id)
        .ok_or_else(|| Failure::new(Exit::CATALOG, format!("the program carries no text of `{}`", license.id)))?;
    let bytes = text.as_bytes().to_vec();
    Ok(HadText {
        text: AgreementText::read(&bytes, Some("text/plain; charset=utf-8"))?,
        bytes,
        obtained: Obtained::Bundled,
        url: None,
    })
}

async fn from_page(context: &Context, license: &License, url: &SafeUrl) -> Result<HadText, Failure> {
    let by_file = |failure: Failure| {
        failure.help(format!("or save the text of <{url}> as a file and give it with `--text-file FILE`"))
    };
    let page = context
        .client()?
        .get_bytes(&HttpRequest::get(url.clone()), LIMIT)
        .await
        .map_err(|error| by_file(error.into()))?;
    let kind = page.content_type.clone();
    let text = AgreementText::read(&page.bytes, kind.as_deref()).map_err(|error| {
        let failure = Failure::from(error);
        by_file(Failure { message: format!("the text of `{}` at <{url}>: {}", license.id, failure.message), ..failure })
    })?;
    Ok(HadText { text, bytes: page.bytes.to_vec(), obtained: Obtained::Fetched, url: Some(url.clone()) })
}

fn no_page(license: &License) -> Failure {
    Failure::new(Exit::NOT_ACCEPTED, format!("the text of `{}` has no page that a program can read", license.id))
        .help("save the text that you are shown when you sign, and give it with `--text-file FILE`")
}
