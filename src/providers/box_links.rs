//! Files behind public links of Box.
//!
//! A static link redirects (301, 301, 302, with cookies between) to a one-time address on
//! `public.boxcloud.com`, so every attempt begins at the link again and the address is never
//! kept. Files without a static link come by the download endpoint with the name of the shared
//! folder and a file id, which also serves when a static link has died. Box answers no HEAD,
//! offers no checksum, and may answer a page with status 200: the entry's digest decides.
//!
//! Sources: logs of other projects, read 2026-11-23; terms on automated download are unknown.

use crate::net::Cookies;
use crate::plan::{HttpRequest, Location};
use crate::values::SafeUrl;

use super::{Extent, Hosts, ListedFile, Listing, Provider, ProviderError};

/// A shared folder or link.
#[derive(Debug, Clone)]
pub struct BoxLinks {
    /// Sub-domain of the organisation.
    pub tenant: String,
    /// Vanity name of the shared folder.
    pub vanity: Option<String>,
    /// Name of the shared link.
    pub shared_name: Option<String>,
}

impl Provider for BoxLinks {
    async fn list(&self, _hosts: &Hosts, known: Listing, _extent: Extent) -> Result<Listing, ProviderError> {
        Ok(known)
    }

    fn ways(&self, file: &ListedFile) -> usize {
        self.addresses(file).len()
    }

    async fn locate(&self, _hosts: &Hosts, file: &ListedFile, way: usize) -> Result<Location, ProviderError> {
        let missing = || ProviderError::NoPlace { path: file.path.clone() };
        let url = self.addresses(file).into_iter().nth(way).ok_or_else(missing)?;
        Ok(Location::Http(HttpRequest { cookies: Cookies::Chain, ..HttpRequest::get(url) }))
    }
}

impl BoxLinks {
    /// The static link, then the download endpoint, as far as the entry knows them.
    fn addresses(&self, file: &ListedFile) -> Vec<SafeUrl> {
        let link = file.locator().static_link.as_ref().and_then(|name| {
            Some(SafeUrl::parse(&format!("https://{}.box.com/", self.tenant)).ok()?.at(&["shared", "static", name]))
        });
        let endpoint = file.locator().file_id.as_ref().and_then(|id| {
            let (key, name) = match (&self.vanity, &self.shared_name) {
                (Some(vanity), _) => ("vanity_name", vanity),
                (None, Some(shared)) => ("shared_name", shared),
                (None, None) => return None,
            };
            let base = format!("https://{}.app.box.com/index.php", self.tenant);
            let query = [("rm", "box_download_shared_file"), (key, name), ("file_id", &format!("f_{id}"))];
            let url = url::Url::parse_with_params(&base, query).ok()?;
            SafeUrl::from_url(url)
        });
        link.into_iter().chain(endpoint).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::catalog::Locator;
    use crate::values::RelPath;

    #[test]
    fn a_static_link_comes_first_and_the_endpoint_stands_behind() {
        let nih = BoxLinks { tenant: "nihcc".into(), vanity: Some("ChestXray-NIHCC".into()), shared_name: None };
        let locator = Locator { static_link: Some("abc.gz".into()), file_id: Some("12".into()), ..Locator::default() };
        let file = ListedFile { at: Some(Arc::new(locator)), ..ListedFile::named(RelPath::parse("x.tar.gz").unwrap()) };
        let found: Vec<String> = nih.addresses(&file).iter().map(|url| url.expose().to_string()).collect();
        assert_eq!(
            found,
            [
                "https://nihcc.box.com/shared/static/abc.gz",
                "https://nihcc.app.box.com/index.php?rm=box_download_shared_file&vanity_name=ChestXray-NIHCC&file_id=f_12",
            ]
        );
    }
}
