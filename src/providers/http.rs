//! Files at plain web addresses.
//!
//! The entry lists the files; each has an address of its own or a path below the source's
//! base. Mirrors are further ways to the same bytes and are tried in order. A credential
//! belongs to the origin it was stored for and is sent to no other.

use crate::catalog::source::HttpAuth;
use crate::credentials::Form;
use crate::plan::{HttpRequest, Location};
use crate::values::SafeUrl;

use super::{Extent, Hosts, ListedFile, Listing, Needs, Provider, ProviderError};

/// A plain web source.
#[derive(Debug, Clone)]
pub struct HttpFiles {
    /// Prefix of all files, ending in `/`.
    pub base: Option<SafeUrl>,
    /// More prefixes, tried in order.
    pub mirrors: Vec<SafeUrl>,
    /// How the host asks who it is.
    pub auth: Option<HttpAuth>,
}

impl Provider for HttpFiles {
    fn needs(&self) -> Needs {
        match self.auth {
            None => Needs::Nothing,
            Some(HttpAuth::Basic) => Needs::Must(&[Form::Login]),
            Some(HttpAuth::Bearer) => Needs::Must(&[Form::Token]),
        }
    }

    async fn list(&self, _hosts: &Hosts, known: Listing, _extent: Extent) -> Result<Listing, ProviderError> {
        Ok(known)
    }

    fn ways(&self, file: &ListedFile) -> usize {
        self.addresses(file).len()
    }

    async fn locate(&self, hosts: &Hosts, file: &ListedFile, way: usize) -> Result<Location, ProviderError> {
        let missing = || ProviderError::NoPlace { path: file.path.clone() };
        let addresses = self.addresses(file);
        let url = addresses.get(way).ok_or_else(missing)?.clone();
        // The credential is the one for the base; a mirror or an own address elsewhere gets none.
        let home = self.base.as_ref().or(addresses.first());
        let same_origin = home.is_some_and(|home| home.origin() == url.origin());
        let credential = hosts.credential().filter(|_| self.auth.is_some() && same_origin);
        Ok(Location::Http(HttpRequest { credential, ..HttpRequest::get(url) }))
    }
}

impl HttpFiles {
    /// Every address of a file, the first choice first.
    fn addresses(&self, file: &ListedFile) -> Vec<SafeUrl> {
        let own = file.locator().url.iter().chain(&file.locator().mirrors).cloned();
        let path = file.locator().path.as_ref().unwrap_or(&file.path);
        let below = |base: &SafeUrl| base.at(&path.names().collect::<Vec<_>>());
        let based = self.base.iter().chain(&self.mirrors).map(below);
        if file.locator().url.is_some() { own.collect() } else { based.collect() }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::catalog::Locator;
    use crate::values::RelPath;

    fn file(path: &str, url: Option<&str>) -> ListedFile {
        let locator = Locator { url: url.map(|url| SafeUrl::parse(url).unwrap()), ..Locator::default() };
        ListedFile { at: Some(Arc::new(locator)), ..ListedFile::named(RelPath::parse(path).unwrap()) }
    }

    #[test]
    fn an_own_address_beats_the_base_and_names_are_encoded() {
        let base = |text: &str| SafeUrl::parse(text).unwrap();
        let source = HttpFiles {
            base: Some(base("https://a.example/x/")),
            mirrors: vec![base("https://b.example/")],
            auth: None,
        };
        #[track_caller]
        fn check(source: &HttpFiles, file: &ListedFile, expected: &[&str]) {
            let found: Vec<String> = source.addresses(file).iter().map(|url| url.expose().to_string()).collect();
            assert_eq!(found, expected);
        }
        check(
            &source,
            &file("f/batch 1 (a & b).zip", None),
            &["https://a.example/x/f/batch%201%20(a%20&%20b).zip", "https://b.example/f/batch%201%20(a%20&%20b).zip"],
        );
        check(&source, &file("g", Some("https://c.example/g?v=1")), &["https://c.example/g?v=1"]);
    }
}
