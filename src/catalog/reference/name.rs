//! The id that a place has in folders and records: readable, and the same every time.

use crate::values::{DatasetId, Digest};

use super::{Place, Reference};

impl Reference {
    /// The id of the place. The version is none of its parts: it is the release.
    ///
    /// Two places have two ids: parts are joined by two hyphens, and where a part loses
    /// something on the way into small letters, digits and hyphens, a digest of the whole
    /// follows.
    pub fn id(&self) -> DatasetId {
        let Parts { kind, parts, folds_case } = self.place.parts();
        // `a` and `a/` begin other keys.
        let mut lossless =
            !matches!(&self.place, Place::S3 { prefix, .. } if !prefix.is_empty() && !prefix.ends_with('/'));
        let names: Vec<String> = parts.iter().map(|part| slug(part, folds_case, &mut lossless)).collect();
        let mut text = format!("{kind}-{}", names.join("--"));
        if text.len() > LONGEST {
            text.truncate(LONGEST);
            lossless = false;
        }
        if !lossless {
            let whole = Self::newest(self.place.clone()).to_string();
            let whole = if folds_case { whole.to_ascii_lowercase() } else { whole };
            text = format!("{}-{}", text.trim_end_matches('-'), &Digest::sha256(whole.as_bytes()).hex()[..8]);
        }
        text.parse().expect("it begins with a kind and ends with a name or a digest")
    }
}

/// What an id is made of.
struct Parts {
    kind: &'static str,
    parts: Vec<String>,
    /// Whether the host takes names in any case.
    folds_case: bool,
}

impl Place {
    fn parts(&self) -> Parts {
        let split = |text: &str| text.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect();
        let (kind, parts, folds_case): (_, Vec<String>, _) = match self {
            Self::Zenodo(record) => ("zenodo", vec![record.to_string()], true),
            Self::Figshare(article) => ("figshare", vec![article.to_string()], true),
            Self::Osf(node) => ("osf", vec![node.clone()], true),
            Self::HubDataset(repo) => ("hf", split(repo), true),
            Self::HubModel(repo) => ("hf", split(&format!("models/{repo}")), true),
            Self::KaggleDataset(dataset) => ("kaggle", split(dataset), true),
            Self::KaggleCompetition(name) => ("kaggle", split(&format!("competitions/{name}")), true),
            Self::Physionet(slug) => ("physionet", vec![slug.clone()], true),
            Self::Redivis(place) => ("redivis", place.to_string().split('.').map(str::to_owned).collect(), false),
            Self::Github(repo) => ("github", split(repo), true),
            Self::S3 { bucket, prefix } => ("s3", split(&format!("{bucket}/{prefix}")), false),
            Self::Doi(doi) => ("doi", split(doi), true),
            Self::File(url) => ("web", split(&format!("{}{}", url.host(), url.expose().path())), false),
        };
        Parts { kind, parts, folds_case }
    }
}

/// A part in small letters, digits and hyphens.
fn slug(part: &str, folds_case: bool, lossless: &mut bool) -> String {
    let small = part.to_ascii_lowercase();
    *lossless &= folds_case || small == part;
    let safe = |letter: char| if letter.is_ascii_lowercase() || letter.is_ascii_digit() { letter } else { '-' };
    let mapped: String = small.chars().map(safe).collect();
    let slug = mapped.split('-').filter(|word| !word.is_empty()).collect::<Vec<_>>().join("-");
    *lossless &= slug == small && !slug.is_empty();
    slug
}

/// A folder name that systems take, with room for a digest behind it.
const LONGEST: usize = 80;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn id(text: &str) -> String {
        Reference::parse(text).unwrap().unwrap().id().to_string()
    }

    #[test]
    fn ids_can_be_read() {
        #[track_caller]
        fn check(text: &str, expected: &str) {
            assert_eq!(id(text), expected);
        }
        check("zenodo:8333645", "zenodo-8333645");
        check("figshare:20043374/2", "figshare-20043374");
        check("hf:Org/name@main", "hf-org--name");
        check("hf:models/org/name", "hf-models--org--name");
        check("kaggle:owner/a-slug", "kaggle-owner--a-slug");
        check("physionet:mimic-iv-demo@2.2", "physionet-mimic-iv-demo");
        check("redivis:owner.dataset.files@v1_0", "redivis-owner--dataset--files");
    }

    #[test]
    fn two_places_have_two_ids() {
        let long = format!("https://example.org/{}/a", "x".repeat(90));
        let other = format!("https://example.org/{}/b", "x".repeat(90));
        let texts = [
            "hf:a-b/c",
            "hf:a/b-c",
            "hf:a/b.c",
            "hf:a/b_c",
            "hf:a/b--c",
            "hf:a/-b-c",
            "hf:models/a/b-c",
            "github:a/b-c",
            "redivis:a.b_c",
            "redivis:a.b.c",
            "redivis:a.b:c",
            "s3://bucket/A",
            "s3://bucket/a",
            "s3://bucket/a/",
            "https://example.org/A",
            "https://example.org/a",
            "https://example.org/a%2Fb",
            "https://example.org/a/b",
            &long,
            &other,
        ];
        let ids: BTreeSet<String> = texts.iter().map(|text| id(text)).collect();
        assert_eq!(ids.len(), texts.len(), "{ids:?}");
        assert!(ids.iter().all(|id| id.parse::<DatasetId>().is_ok()));
    }

    #[test]
    fn the_case_of_a_name_matters_where_it_does_at_the_host() {
        assert_eq!(id("github:Owner/Repo.js"), id("github:owner/repo.js"));
        assert_ne!(id("https://example.org/Read.csv"), id("https://example.org/read.csv"));
    }
}
