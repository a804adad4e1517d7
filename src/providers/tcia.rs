//! Collections of The Cancer Imaging Archive (TCIA), through the NBIA interface, version 4.
//!
//! A collection is listed series by series, each with its terms and its number of images. A
//! series comes as a zip that the host makes while it sends it: no size, no ranges, other bytes
//! each time. What it holds is proven instead: the host is asked for the MD5 list inside
//! (`md5hashes.csv`), and the entry's rules say `checksums = "md5hashes.csv"`. The host may end a
//! zip early though it answered with status 200, so the number of images is compared too.
//!
//! A series is listed as `PatientID/StudyInstanceUID/Modality_SeriesInstanceUID.zip`, so that
//! `{stem}` gives the folders that the Imaging Data Commons has for the same images. That is the
//! better source for what it holds. Nothing needs an account: what was under control has left
//! TCIA under the policy of NIH. A refusal and an unknown id are both answered with status 400,
//! told apart by their words; an unknown collection with an empty body.
//!
//! Sources: CBIIT/NBIA-TCIA of 2026-06-22 and tcia_utils 3.3.5, read 2026-11-23.

use std::sync::Arc;

use serde::Deserialize;

use crate::catalog::Locator;
use crate::net::{HttpRequest, NetError, RangeSupport};
use crate::plan::Location;
use crate::values::{ByteSize, Printable, RelPath, SafeUrl};

use super::{Extent, Hosts, ListedFile, Listing, Provider, ProviderError, Stated};

/// A collection.
#[derive(Debug, Clone)]
pub struct TciaCollection {
    /// Its name, such as `LIDC-IDRI`.
    pub collection: String,
}

impl Provider for TciaCollection {
    async fn list(&self, hosts: &Hosts, known: Listing, extent: Extent) -> Result<Listing, ProviderError> {
        if extent == Extent::Known {
            return Ok(known);
        }
        let request = HttpRequest::get(api("getSeries", &[("Collection", &self.collection)])?);
        let page = hosts.client.get_bytes(&request, LARGEST_LIST).await?;
        if page.bytes.iter().all(u8::is_ascii_whitespace) {
            return Err(self.absent());
        }
        let series: Vec<Series> = page.json()?;
        let mut files = series.into_iter().map(Series::into_file).collect::<Result<Vec<_>, _>>()?;
        files.sort_by(|one, other| one.path.cmp(&other.path));
        Ok(Listing(files))
    }

    async fn locate(&self, _hosts: &Hosts, file: &ListedFile, _way: usize) -> Result<Location, ProviderError> {
        if let Some(url) = &file.locator().url {
            return Ok(Location::Http(HttpRequest::get(url.clone())));
        }
        let missing = || ProviderError::NoPlace { path: file.path.clone() };
        let series = file.locator().key.as_deref().ok_or_else(missing)?;
        let parameters = [("NewFileNames", "Yes"), ("IncludeMD5", "yes"), ("SeriesInstanceUID", series)];
        let request = HttpRequest::get(api("getImage", &parameters)?);
        Ok(Location::Http(HttpRequest { ranges: RangeSupport::No, ..request }))
    }

    async fn explain(&self, hosts: &Hosts, error: &NetError) -> Option<ProviderError> {
        let NetError::Status { url, .. } = error else { return None };
        if url.origin() != base().origin() {
            return None;
        }
        // Only the words of the refusal tell what it means; a series would be too large for this.
        let answer = hosts.client.call(&HttpRequest::get(url.clone()), SMALL).await.ok()?;
        (answer.status == 400).then(|| self.refused(&answer.page.text()))
    }
}

impl TciaCollection {
    /// What status 400 means. Pure.
    fn refused(&self, words: &str) -> ProviderError {
        let collection = Printable::new(&self.collection);
        let withheld = ["has not been granted the access", "is not in public domain"];
        let (exit, message) = match withheld.iter().any(|part| words.contains(part)) {
            true => (22, format!("TCIA does not give this series of `{collection}` to everybody")),
            false => (35, format!("TCIA has no such series of `{collection}`, or no longer")),
        };
        ProviderError::Refused { exit, message, help: vec![MOVED.to_owned()] }
    }

    fn absent(&self) -> ProviderError {
        let message = format!("TCIA has no public collection `{}`, or no longer", Printable::new(&self.collection));
        ProviderError::Refused { exit: 35, message, help: vec![MOVED.to_owned()] }
    }
}

fn base() -> SafeUrl {
    SafeUrl::parse("https://nbia.cancerimagingarchive.net/nbia-api/services/v4").expect("it is an address")
}

fn api(call: &str, parameters: &[(&str, &str)]) -> Result<SafeUrl, ProviderError> {
    let mut url = base().at(&[call]).expose().clone();
    url.query_pairs_mut().extend_pairs(parameters);
    SafeUrl::from_url(url).ok_or_else(|| unusable("it is no address"))
}

fn unusable(reason: impl Into<String>) -> ProviderError {
    ProviderError::Answer { host: "TCIA", reason: reason.into() }
}

const LARGEST_LIST: ByteSize = ByteSize(512 << 20);
const SMALL: ByteSize = ByteSize(64 << 10);

const MOVED: &str = "collections under control have left TCIA: \
                     see <https://www.cancerimagingarchive.net/nih-controlled-data-access-policy/>";

/// The policy that stands beside every licence at TCIA.
const POLICY: &str = "LicenseRef-TCIA-Data-Usage-Policy";

/// A series as `getSeries` lists it; the answer is an array of them.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Series {
    #[serde(rename = "SeriesInstanceUID")]
    series: String,
    #[serde(rename = "StudyInstanceUID")]
    study: String,
    #[serde(rename = "PatientID")]
    patient: String,
    modality: String,
    image_count: Option<u32>,
    #[serde(rename = "LicenseURI")]
    license_uri: Option<String>,
}

impl Series {
    /// Pure, so that the tests feed it recorded answers.
    fn into_file(self) -> Result<ListedFile, ProviderError> {
        let stated = Stated::license(self.license());
        for name in [&self.patient, &self.study, &self.modality, &self.series] {
            if name.contains('/') {
                return Err(unusable(format!("`{}` is no name of one thing", Printable::new(name))));
            }
        }
        let path = format!("{}/{}/{}_{}.zip", self.patient, self.study, self.modality, self.series);
        let path = RelPath::parse(&path).map_err(|source| ProviderError::Name { host: "TCIA", source })?;
        let at = Locator { key: Some(self.series), ..Locator::default() };
        let members = self.image_count;
        Ok(ListedFile { at: Some(Arc::new(at)), stated, members, ..ListedFile::named(path) })
    }

    /// The terms of the series, by the address of their text. One that states none does not get
    /// those of the collection.
    fn license(&self) -> String {
        let id = self.license_uri.as_deref().and_then(spdx_id).unwrap_or_else(|| "NOASSERTION".to_owned());
        format!("{id} AND {POLICY}")
    }
}

/// The SPDX id of a text of Creative Commons.
fn spdx_id(uri: &str) -> Option<String> {
    let rest = uri.split("://").nth(1)?.trim_start_matches("www.").strip_prefix("creativecommons.org/")?;
    let parts: Vec<&str> = rest.trim_end_matches('/').split('/').collect();
    match parts.as_slice() {
        [
            "licenses",
            kind @ ("by" | "by-sa" | "by-nc" | "by-nd" | "by-nc-sa" | "by-nc-nd"),
            version @ ("3.0" | "4.0"),
            ..,
        ] => Some(format!("CC-{}-{version}", kind.to_uppercase())),
        ["publicdomain", "zero", "1.0", ..] => Some("CC0-1.0".to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERIES: &str = r#"{"SeriesInstanceUID":"1.3.6.1.4","StudyInstanceUID":"1.3.6.1.3","Modality":"CT",
        "Collection":"LIDC-IDRI","PatientID":"LIDC-IDRI-0001","ImageCount":133,"FileSize":70022012,
        "LicenseName":"Creative Commons Attribution 3.0 Unported License",
        "LicenseURI":"http://creativecommons.org/licenses/by/3.0/","DataDescriptionURI":"https://doi.org/10.7937/x"}"#;

    #[test]
    fn a_series_is_an_archive_with_its_terms_and_its_number_of_images() {
        let file = serde_json::from_str::<Series>(SERIES).unwrap().into_file().unwrap();
        assert_eq!(file.path.as_str(), "LIDC-IDRI-0001/1.3.6.1.3/CT_1.3.6.1.4.zip");
        assert_eq!(file.license(), Some("CC-BY-3.0 AND LicenseRef-TCIA-Data-Usage-Policy"));
        assert_eq!((file.members, file.size), (Some(133), None));
        assert_eq!(file.locator().key.as_deref(), Some("1.3.6.1.4"));
        let silent = SERIES.replace("http://creativecommons.org/licenses/by/3.0/", "");
        let file = serde_json::from_str::<Series>(&silent).unwrap().into_file().unwrap();
        assert_eq!(file.license(), Some("NOASSERTION AND LicenseRef-TCIA-Data-Usage-Policy"));
        for bad in ["../../x", "a/b"] {
            let text = SERIES.replace("LIDC-IDRI-0001", bad);
            assert!(serde_json::from_str::<Series>(&text).unwrap().into_file().is_err(), "{bad}");
        }
    }

    #[test]
    fn terms_by_the_address_of_their_text() {
        #[track_caller]
        fn check(uri: &str, expected: Option<&str>) {
            assert_eq!(spdx_id(uri).as_deref(), expected, "{uri}");
        }
        check("https://creativecommons.org/licenses/by-nc/4.0/", Some("CC-BY-NC-4.0"));
        check("http://creativecommons.org/licenses/by/3.0/deed.en", Some("CC-BY-3.0"));
        check("https://creativecommons.org/publicdomain/zero/1.0/", Some("CC0-1.0"));
        check("https://www.cancerimagingarchive.net/restricted", None);
        check("https://example.org/licenses/by/4.0/", None);
    }

    #[test]
    fn a_refusal_is_told_from_an_unknown_series_by_its_words() {
        #[track_caller]
        fn check(words: &str, expected: u8) {
            let collection = TciaCollection { collection: "X".into() };
            let ProviderError::Refused { exit, .. } = collection.refused(words) else { panic!("{words}") };
            assert_eq!(exit, expected, "{words}");
        }
        check("The user has not been granted the access to image with given SeriesInstanceUID,1.2. Please contact", 22);
        check("Image with given SeriesInstanceUID,1.2, is not in public domain.", 22);
        check("A parameter, SeriesInstanceUID, is required for this API call.", 35);
    }
}
