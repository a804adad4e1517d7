//! Where a DOI leads: doi.org answers with a redirect to the page of the host.
//!
//! Source: what `zenodo_get` and `pooch` ask it, seen 2026-11-23.

use crate::catalog::{Place, Reference};
use crate::net::{HttpRequest, Lead, NetError};
use crate::providers::{Hosts, ProviderError};
use crate::values::SafeUrl;

use super::{LARGEST, UNKNOWN};

/// The place that a DOI names, by the page it leads to; a reference that is no DOI is itself.
///
/// # Errors
/// The DOI is not registered, or leads to a page of a host that is not known.
pub async fn follow(reference: &Reference, hosts: &Hosts) -> Result<Reference, ProviderError> {
    let Place::Doi(doi) = &reference.place else { return Ok(reference.clone()) };
    let url = SafeUrl::ours("https://doi.org/").at(&doi.split('/').collect::<Vec<_>>());
    match hosts.client.lead(&HttpRequest::get(url), LARGEST).await? {
        Lead::Elsewhere(page) => place_of(reference, &page),
        Lead::Answer(answer) => match answer.error {
            Some(NetError::Gone { .. }) => Err(ProviderError::Refused {
                exit: UNKNOWN,
                message: format!("`{reference}` is not registered with doi.org"),
                help: vec!["copy the DOI from the page or paper that names it".to_owned()],
            }),
            Some(error) => Err(error.into()),
            None => Err(ProviderError::Answer { host: "doi.org", reason: "it leads nowhere".to_owned() }),
        },
    }
}

/// Pure. A chain of DOIs is none that hosts have.
fn place_of(reference: &Reference, page: &SafeUrl) -> Result<Reference, ProviderError> {
    match Reference::of_page(page) {
        Some(found) if !matches!(found.place, Place::Doi(_)) => Ok(found),
        _ => Err(ProviderError::Refused {
            exit: UNKNOWN,
            message: format!("`{reference}` leads to <{page}>, which is no page of a host that medsets knows"),
            help: vec![format!("see <{page}>; the address of a single file there can be fetched as it is")],
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_of_known_hosts_are_places() {
        #[track_caller]
        fn check(page: &str, expected: Option<&str>) {
            let doi: Reference = "doi:10.1234/x".parse().unwrap();
            match (place_of(&doi, &SafeUrl::ours(page)), expected) {
                (Ok(found), Some(expected)) => assert_eq!(found.to_string(), expected),
                (Err(ProviderError::Refused { message, .. }), None) => assert!(message.contains("doi:10.1234/x")),
                (other, _) => panic!("{page}: {other:?}"),
            }
        }
        check("https://zenodo.org/records/42", Some("zenodo:42"));
        check("https://zenodo.org/doi/10.5281/zenodo.41", Some("zenodo:41"));
        check("https://figshare.com/articles/dataset/Toy/77/2", Some("figshare:77/2"));
        check("https://physionet.org/content/toy-ecg/1.1.0/", Some("physionet:toy-ecg@1.1.0"));
        check("https://osf.io/abcde/", Some("osf:abcde"));
        check("https://www.nature.com/articles/s41597-024-03496-6", None);
        check("https://doi.org/10.1234/y", None);
    }
}
