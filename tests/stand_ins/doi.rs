//! doi.org: a redirect to the page of the host, and a page that says that there is no such DOI.

use crate::support::host::{Asked, Reply};

/// Answers for `https://doi.org/`.
pub fn answer(asked: &Asked) -> Reply {
    let page = match asked.place().trim_start_matches('/') {
        "10.5281/zenodo.41" => "https://zenodo.org/doi/10.5281/zenodo.41",
        "10.5281/zenodo.42" => "https://zenodo.org/records/42",
        "10.6084/m9.figshare.77.v2" => "https://figshare.com/articles/dataset/Toy/77/2",
        "10.17605/osf.io/abcde" => "https://osf.io/abcde/",
        "10.1234/paper" => "https://journal.example.org/articles/1?login=SECRET",
        "10.1234/old" => "http://old.example.org/1",
        _ => return Reply::page("<title>Error: DOI Not Found</title>").but(404),
    };
    Reply::redirect(302, page)
}
