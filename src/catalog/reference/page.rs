//! Pages of known hosts as the places they show, and other addresses as single files.

use percent_encoding::percent_decode_str;

use crate::values::SafeUrl;

use super::{Place, Read, Reference};

/// An address that a person writes: a page of a known host, else one file.
pub(super) fn address(text: &str) -> Read<Reference> {
    let url = SafeUrl::parse(text).map_err(|error| error.reason)?;
    let plain = url.expose();
    if !plain.username().is_empty() || plain.password().is_some() {
        return Err("an address with a user or password in it is not written into records".to_owned());
    }
    if let Some(reference) = of_page(&url) {
        return Ok(reference);
    }
    if !url.is_https() {
        return Err("only addresses that begin with https are fetched".to_owned());
    }
    // Zenodo and others write this to say that a file is meant, which it is.
    let harmless = plain.query().is_none_or(|query| matches!(query, "download=1" | "download=true" | "raw=true"));
    if !harmless || plain.fragment().is_some() {
        return Err("an address with a query may be signed and is not written into records".to_owned());
    }
    let mut plain = plain.clone();
    plain.set_query(None);
    if plain.path_segments().and_then(|mut parts| parts.next_back()).is_none_or(str::is_empty) {
        return Err("it names no file, and no page of a host that is known".to_owned());
    }
    let url = SafeUrl::from_url(plain).unwrap_or(url);
    Ok(Reference::newest(Place::File(url)))
}

/// The place that a page shows. A page of a file is none: it is a file.
pub(super) fn of_page(url: &SafeUrl) -> Option<Reference> {
    let decoded: Vec<String> = url
        .expose()
        .path_segments()?
        .filter(|part| !part.is_empty())
        .map(|part| percent_decode_str(part).decode_utf8_lossy().into_owned())
        .collect();
    let parts: Vec<&str> = decoded.iter().map(String::as_str).collect();
    let host = url.host().trim_start_matches("www.");
    let text = match (host, parts.as_slice()) {
        ("zenodo.org", ["records" | "record", record]) => format!("zenodo:{record}"),
        ("zenodo.org", ["doi", "10.5281", name]) => format!("zenodo:{}", name.strip_prefix("zenodo.")?),
        ("doi.org" | "dx.doi.org", [number, rest @ ..]) => format!("doi:{number}/{}", rest.join("/")),
        ("osf.io", [node]) => format!("osf:{node}"),
        ("huggingface.co", ["datasets", org, name]) => format!("hf:{org}/{name}"),
        ("huggingface.co", ["datasets", org, name, "tree", rest @ ..]) => format!("hf:{org}/{name}@{}", rest.join("/")),
        ("huggingface.co", ["datasets", name]) => format!("hf:{name}"),
        ("huggingface.co", ["spaces" | "collections" | "papers" | "docs" | "blog" | "api" | "settings", ..]) => {
            return None;
        }
        ("huggingface.co", [org, name]) => format!("hf:models/{org}/{name}"),
        ("huggingface.co", [org, name, "tree", rest @ ..]) => format!("hf:models/{org}/{name}@{}", rest.join("/")),
        ("kaggle.com", ["datasets", owner, slug]) => format!("kaggle:{owner}/{slug}"),
        ("kaggle.com", ["datasets", owner, slug, "versions", version]) => format!("kaggle:{owner}/{slug}@{version}"),
        ("kaggle.com", ["competitions" | "c", name] | ["competitions" | "c", name, "data" | "overview" | "rules"]) => {
            format!("kaggle:competitions/{name}")
        }
        ("physionet.org", ["content", slug]) => format!("physionet:{slug}"),
        ("physionet.org", ["content", slug, version]) => format!("physionet:{slug}@{version}"),
        ("github.com", [owner, repo]) => format!("github:{owner}/{}", repo.strip_suffix(".git").unwrap_or(repo)),
        ("github.com", [owner, repo, "tree", rest @ ..]) if !rest.is_empty() => {
            format!("github:{owner}/{repo}@{}", rest.join("/"))
        }
        (host, ["articles", rest @ ..]) if host == "figshare.com" || host.ends_with(".figshare.com") => figshare(rest)?,
        _ => return None,
    };
    Reference::parse(&text)?.ok()
}

/// `[KIND/]TITLE/ARTICLE[/VERSION]`.
fn figshare(parts: &[&str]) -> Option<String> {
    let is_number = |text: &&str| text.bytes().all(|byte| byte.is_ascii_digit());
    match parts {
        [.., article, version] if is_number(article) && is_number(version) => {
            Some(format!("figshare:{article}/{version}"))
        }
        [.., article] if is_number(article) => Some(format!("figshare:{article}")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_of_known_hosts_are_places() {
        #[track_caller]
        fn check(page: &str, expected: &str) {
            assert_eq!(address(page).unwrap_or_else(|error| panic!("{page}: {error}")).to_string(), expected);
        }
        check("https://zenodo.org/records/8333645", "zenodo:8333645");
        check("http://www.zenodo.org/record/8333645/", "zenodo:8333645");
        check("https://zenodo.org/records/8333645?preview=1#files", "zenodo:8333645");
        check("https://zenodo.org/doi/10.5281/zenodo.8333645", "zenodo:8333645");
        check("https://doi.org/10.5281/zenodo.8333645", "doi:10.5281/zenodo.8333645");
        check("https://osf.io/89kps/", "osf:89kps");
        check("https://huggingface.co/datasets/org/name", "hf:org/name");
        check("https://huggingface.co/datasets/org/name/tree/main", "hf:org/name@main");
        check("https://huggingface.co/org/name", "hf:models/org/name");
        check("https://www.kaggle.com/datasets/owner/slug/versions/3", "kaggle:owner/slug@3");
        check(
            "https://www.kaggle.com/c/aptos2019-blindness-detection/data",
            "kaggle:competitions/aptos2019-blindness-detection",
        );
        check("https://physionet.org/content/ptb-xl/1.0.3/", "physionet:ptb-xl@1.0.3");
        check("https://github.com/owner/repo.git", "github:owner/repo");
        check("https://github.com/owner/repo/tree/v1", "github:owner/repo@v1");
        check("https://figshare.com/articles/dataset/A_title/20043374", "figshare:20043374");
        check("https://plus.figshare.com/articles/dataset/A_title/20043374/2", "figshare:20043374/2");
    }

    #[test]
    fn other_addresses_are_single_files() {
        #[track_caller]
        fn check(page: &str, expected: &str) {
            let reference = address(page).unwrap_or_else(|error| panic!("{page}: {error}"));
            assert!(matches!(reference.place, Place::File(_)), "{reference:?}");
            assert_eq!(reference.to_string(), expected);
        }
        check("https://example.org/x/data.zip", "https://example.org/x/data.zip");
        let file = "https://zenodo.org/records/1/files/a.csv";
        check(&format!("{file}?download=1"), file);
        let file = "https://huggingface.co/datasets/o/n/resolve/main/a.csv";
        check(file, file);
        let file = "https://github.com/o/r/releases/download/v1/a.zip";
        check(file, file);
    }
}
