//! An OSF project. It has no versions: the release is named after the day.
//!
//! The licence comes with the project where it is asked for (`embed=license`). A registration
//! is another kind of node with the same attributes.

use serde::Deserialize;

use crate::catalog::{Description, Reference};
use crate::net::HttpRequest;
use crate::providers::{Hosts, ProviderError};

use crate::values::SafeUrl;

use super::{ask, line};

#[derive(Debug, Deserialize)]
struct Document {
    data: Node,
}

#[derive(Debug, Deserialize)]
struct Node {
    attributes: Attributes,
    #[serde(default)]
    embeds: Embeds,
}

#[derive(Debug, Deserialize)]
struct Attributes {
    title: String,
}

#[derive(Debug, Default, Deserialize)]
struct Embeds {
    license: Option<Embedded>,
}

/// Holds `errors` instead of `data` where the project has no licence.
#[derive(Debug, Deserialize)]
struct Embedded {
    data: Option<LicenseData>,
}

#[derive(Debug, Deserialize)]
struct LicenseData {
    attributes: LicenseAttributes,
}

#[derive(Debug, Deserialize)]
struct LicenseAttributes {
    name: String,
}

pub(super) async fn describe(
    node: &str,
    reference: &Reference,
    hosts: &Hosts,
    day: jiff::civil::Date,
) -> Result<Description, ProviderError> {
    let url = SafeUrl::ours(&format!("https://api.osf.io/v2/nodes/{node}/?embed=license"));
    let request: HttpRequest = hosts.get(url).with_header("accept", "application/vnd.api+json");
    let document: Document = ask(&request, reference, hosts).await?;
    let source = format!("https://api.osf.io/v2/nodes/{node}/");
    Ok(Description { source, ..document.into_description(node, reference, day) })
}

impl Document {
    fn into_description(self, node: &str, reference: &Reference, day: jiff::civil::Date) -> Description {
        let Node { attributes, embeds } = self.data;
        let license = embeds.license.and_then(|license| license.data);
        Description {
            license: license.map(|license| line(&license.attributes.name)),
            ..Description::new(
                reference.clone(),
                day.to_string(),
                line(&attributes.title),
                format!("https://osf.io/{node}/"),
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_licence_is_embedded_or_unknown() {
        #[track_caller]
        fn check(embeds: &str, expected: Option<&str>) {
            let text = format!(r#"{{"data":{{"id":"abcde","type":"nodes","attributes":{{"title":"Toy"}}{embeds}}}}}"#);
            let asked: Reference = "osf:abcde".parse().unwrap();
            let document: Document = serde_json::from_str(&text).unwrap();
            let found = document.into_description("abcde", &asked, jiff::civil::date(2026, 11, 28));
            assert_eq!((found.license.as_deref(), found.release.as_str()), (expected, "2026-11-28"));
        }
        let named = r#","embeds":{"license":{"data":{"attributes":{"name":"CC-By Attribution 4.0 International"}}}}"#;
        check(named, Some("CC-By Attribution 4.0 International"));
        check(r#","embeds":{"license":{"errors":[{"detail":"Not found."}]}}"#, None);
        check("", None);
    }
}
