//! figshare's article, in the version that is asked for or the newest.

use serde::Deserialize;

use crate::catalog::{Description, Reference};
use crate::providers::{Hosts, ProviderError, figshare};

use crate::values::SafeUrl;

use super::{ask, day_of, line};

#[derive(Debug, Deserialize)]
struct Article {
    title: String,
    version: u32,
    doi: Option<String>,
    license: Option<License>,
    published_date: Option<String>,
    url_public_html: Option<String>,
    #[serde(default)]
    authors: Vec<Author>,
}

#[derive(Debug, Deserialize)]
struct License {
    name: String,
}

#[derive(Debug, Deserialize)]
struct Author {
    full_name: String,
}

pub(super) async fn describe(article: u64, reference: &Reference, hosts: &Hosts) -> Result<Description, ProviderError> {
    let number = article.to_string();
    let mut url = SafeUrl::ours("https://api.figshare.com/v2/articles").at(&[&number]);
    if let Some(version) = &reference.version {
        url = url.at(&["versions", version]);
    }
    let source = url.to_string();
    let article: Article = ask(&figshare::ask(hosts, url), reference, hosts).await?;
    Ok(Description { source, ..article.into_description(reference) })
}

impl Article {
    fn into_description(self, reference: &Reference) -> Description {
        let page = self.url_public_html.unwrap_or_else(|| {
            let article = Reference::newest(reference.place.clone()).to_string();
            format!("https://figshare.com/articles/dataset/_/{}", article.trim_start_matches("figshare:"))
        });
        Description {
            date: self.published_date.as_deref().and_then(day_of),
            doi: self.doi.filter(|doi| !doi.is_empty()),
            authors: self.authors.iter().map(|author| line(&author.full_name)).collect(),
            license: self.license.map(|license| line(&license.name)),
            ..Description::new(reference.at(self.version), self.version.to_string(), line(&self.title), line(&page))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_version_becomes_its_number() {
        let text = r#"{"id":77,"title":"Toy","version":2,"doi":"10.6084/m9.figshare.77.v2","published_date":"2026-01-05T10:00:00Z",
            "license":{"value":1,"name":"CC BY 4.0","url":"https://creativecommons.org/licenses/by/4.0/"},"files":[]}"#;
        let asked: Reference = "figshare:77".parse().unwrap();
        let found = serde_json::from_str::<Article>(text).unwrap().into_description(&asked);
        assert_eq!(found.pinned.to_string(), "figshare:77/2");
        assert_eq!((found.license.as_deref(), found.date.as_deref()), (Some("CC BY 4.0"), Some("2026-01-05")));
        assert_eq!(found.page, "https://figshare.com/articles/dataset/_/77");
    }
}
