//! What a host says of a place that a person names outside the catalogue.
//!
//! One small answer of the host, at most two: title, authors, licence in the host's words, who
//! may have the files, and the version that stands for the newest now. Nothing of it is
//! judged here, and what a host does not say stays unknown. A branch becomes its commit and
//! the newest version its number, so that what is fetched is what was described.

mod bucket;
mod doi;
mod figshare;
mod file;
mod github;
mod huggingface;
mod kaggle;
mod osf;
mod physionet;
mod redivis;
mod zenodo;

use serde::de::DeserializeOwned;

use crate::catalog::{Description, Place, Reference};
use crate::credentials::Form;
use crate::net::{HttpRequest, NetError};
use crate::values::{ByteSize, Printable};

use super::{Hosts, ProviderError};

pub use doi::follow;

/// The forms of a credential that the description of a place is asked with, if one is stored:
/// it raises limits and shows what is private.
pub fn forms(place: &Place) -> &'static [Form] {
    match place {
        // PhysioNet's interface is public, and reads passwords from few programs only.
        Place::Doi(_) | Place::File(_) | Place::S3 { .. } | Place::Physionet(_) => &[],
        Place::KaggleDataset(_) | Place::KaggleCompetition(_) => &[Form::Token, Form::Login],
        _ => &[Form::Token],
    }
}

/// Asks the host. `day` names the release of hosts that have no versions.
///
/// # Errors
/// The host has no such place or does not show it, or cannot be asked.
pub async fn describe(
    reference: &Reference,
    hosts: &Hosts,
    day: jiff::civil::Date,
) -> Result<Description, ProviderError> {
    match &reference.place {
        Place::Zenodo(record) => zenodo::describe(*record, reference, hosts).await,
        Place::Figshare(article) => figshare::describe(*article, reference, hosts).await,
        Place::Osf(node) => osf::describe(node, reference, hosts, day).await,
        Place::HubDataset(_) | Place::HubModel(_) => huggingface::describe(reference, hosts).await,
        Place::Github(repo) => github::describe(repo, reference, hosts).await,
        Place::File(url) => Ok(file::describe(url, reference, day)),
        Place::KaggleDataset(_) | Place::KaggleCompetition(_) => kaggle::describe(reference, hosts, day).await,
        Place::Physionet(slug) => physionet::describe(slug, reference, hosts).await,
        Place::Redivis(place) => redivis::describe(place, reference, hosts, day).await,
        Place::S3 { bucket, prefix } => Ok(bucket::describe(bucket, prefix, reference, day)),
        Place::Doi(_) => Err(absent(reference)),
    }
}

/// A document about the reference. What the host does not have is the person's mistake, or
/// held back from them.
async fn ask<T: DeserializeOwned>(
    request: &HttpRequest,
    reference: &Reference,
    hosts: &Hosts,
) -> Result<T, ProviderError> {
    match hosts.client.call(request, LARGEST).await?.json() {
        Ok(answer) => Ok(answer),
        Err(NetError::Gone { .. }) => Err(absent(reference)),
        Err(error) => Err(error.into()),
    }
}

fn absent(reference: &Reference) -> ProviderError {
    let host = reference.place.host_name();
    ProviderError::Refused {
        exit: UNKNOWN,
        message: format!("{host} has no `{reference}`, or does not show it to everybody"),
        help: vec![format!("look it up at {host} and write the reference as it stands in the address of its page")],
    }
}

fn unusable(reference: &Reference, reason: impl ToString) -> ProviderError {
    let host = reference.place.host_name();
    ProviderError::Refused {
        exit: BAD_ANSWER,
        message: format!("unusable answer from {host} about `{reference}`: {}", reason.to_string()),
        help: Vec::new(),
    }
}

/// A text of the host in one line, no longer than a title may be.
fn line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    Printable::cut(&words.join(" "), 300).to_string()
}

/// The day of a time as hosts write it.
fn day_of(time: &str) -> Option<String> {
    let day = time.get(..10)?;
    day.parse::<jiff::civil::Date>().ok().map(|date| date.to_string())
}

/// No such dataset (command line contract, section 3).
const UNKNOWN: u8 = 11;

/// The host answers something that it should not.
const BAD_ANSWER: u8 = 34;

const LARGEST: ByteSize = ByteSize(16 << 20);
