//! Lists in pages that lead in a circle, or on and on without an entry, at every host that has such.

use serde_json::{Value, json};

use crate::stand_ins::{Setup, figshare, s3, storage};
use crate::support::home::Home;
use crate::support::host::{Asked, Reply};

use super::scene::{Case, Scene, expected};

/// A host whose lists come in pages.
struct Paged {
    case: Case,
    /// Which page is asked for; empty for the first.
    cursor: fn(&Asked) -> String,
    /// A page without an entry that leads to another.
    empty: fn(&str) -> Reply,
}

impl Paged {
    /// With empty pages alone, of which `next` says where each leads.
    fn leading(self, next: impl Fn(&str) -> String + Send + Sync + 'static) -> Scene {
        let Self { case, cursor, empty } = self;
        let (answer, listing) = (case.answer, case.listing);
        let home = Home::new().with("MEDSETS_TOKEN_AZURE_TOY", super::azure::address(crate::stand_ins::azure::LINK));
        let script = move |setup: &Setup, asked: &Asked| match asked.path.contains(listing) {
            true => empty(&next(&cursor(asked))),
            false => answer(setup, asked),
        };
        case.start_with(home, script, storage::answer)
    }
}

fn parameter(asked: &Asked, name: &str) -> String {
    asked.parameter(name).unwrap_or_default()
}

fn posted(asked: &Asked, name: &str) -> String {
    let body: Value = serde_json::from_slice(&asked.body).unwrap_or_default();
    body[name].as_str().unwrap_or_default().to_owned()
}

fn s3_page(next: &str) -> Reply {
    Reply::whole(format!(
        "<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>{next}</NextContinuationToken></ListBucketResult>"
    ))
}

/// All but figshare, whose pages have numbers.
fn hosts() -> Vec<Paged> {
    vec![
        Paged { case: super::s3::case(), cursor: |asked| parameter(asked, "continuation-token"), empty: s3_page },
        Paged {
            case: super::azure::case(),
            cursor: |asked| parameter(asked, "marker"),
            empty: |next| {
                let list = format!("<EnumerationResults><Blobs/><NextMarker>{next}</NextMarker></EnumerationResults>");
                Reply::whole(list)
            },
        },
        Paged {
            case: super::kaggle::case(),
            cursor: |asked| posted(asked, "pageToken"),
            empty: |next| Reply::json(&json!({ "datasetFiles": [], "nextPageToken": next })),
        },
        Paged {
            case: super::huggingface::case(),
            cursor: |asked| parameter(asked, "cursor"),
            empty: |next| {
                let link = format!("<https://huggingface.co/api/datasets/org/toy/tree/x?cursor={next}>; rel=\"next\"");
                Reply::json(&json!([])).with("link", link)
            },
        },
        Paged {
            case: super::osf::case(),
            cursor: |asked| parameter(asked, "page"),
            empty: |next| {
                let next = format!("https://api.osf.io/v2/nodes/abcde/files/osfstorage/?page={next}");
                Reply::json(&json!({ "data": [], "links": { "next": next } }))
            },
        },
        Paged {
            case: super::isic::case(),
            cursor: |asked| parameter(asked, "cursor"),
            empty: |next| {
                let next = format!("https://api.isic-archive.com/api/v2/images/?cursor={next}");
                Reply::json(&json!({ "next": next, "previous": null, "results": [] }))
            },
        },
        Paged {
            case: Case {
                keys: "organization = \"toys\"\ndataset = \"toy\"",
                listing: "/tables?",
                ..super::redivis::case()
            },
            cursor: |asked| parameter(asked, "pageToken"),
            empty: |next| Reply::json(&json!({ "results": [], "nextPageToken": next })),
        },
        Paged {
            case: Case { listing: "/entity/children", ..super::synapse::case() },
            cursor: |asked| posted(asked, "nextPageToken"),
            empty: |next| Reply::json(&json!({ "page": [], "nextPageToken": next })),
        },
    ]
}

/// Where a page leads that is asked for by a cursor.
type Leads = fn(&str) -> String;

#[test]
fn a_list_that_leads_back_to_a_page_ends_there() {
    let to_itself: Leads = |_| "a".to_owned();
    let in_a_circle: Leads = |cursor| if cursor == "a" { "b" } else { "a" }.to_owned();
    for (next, most) in [(to_itself, 2), (in_a_circle, 3)] {
        for host in hosts() {
            let (provider, listing) = (host.case.provider, host.case.listing);
            let scene = host.leading(next);
            scene.run(&["fetch", "toy"]).expect(34).says(&["its list leads back to a page that it gave before"]);
            assert_eq!(scene.asked(listing), most, "{provider}");
        }
    }
}

#[test]
fn a_list_that_goes_on_without_an_entry_ends() {
    for host in hosts() {
        let (provider, listing) = (host.case.provider, host.case.listing);
        let scene = host.leading(|cursor| (cursor.parse().unwrap_or(0) + 1).to_string());
        scene.run(&["fetch", "toy"]).expect(34).says(&["1000 pages of its list in a row hold nothing"]);
        assert!(scene.asked(listing) <= 1001, "{provider}: {}", scene.asked(listing));
    }
}

/// As of a bucket in which much was deleted.
#[test]
fn some_empty_pages_are_passed_over() {
    let case = super::s3::case();
    let script = |setup: &Setup, asked: &Asked| match asked.parameter("continuation-token").as_deref() {
        _ if !asked.path.contains("list-type=2") => s3::answer(setup, asked),
        None => s3_page("one"),
        Some("one") => s3_page("two"),
        Some("two") => {
            s3::answer(setup, &Asked { path: asked.path.replace("continuation-token=two&", ""), ..asked.clone() })
        }
        Some(_) => s3::answer(setup, asked),
    };
    let scene = case.start_with(Home::new(), script, storage::answer);
    scene.run(&["fetch", "toy"]).expect(0);
    assert_eq!(scene.data(), expected(&case.toy));
}

/// Its pages have numbers, which a host may pass over.
#[test]
fn the_same_page_by_another_number_ends_the_list() {
    let script = |setup: &Setup, asked: &Asked| {
        let file = |id: u64| json!({ "id": id, "name": format!("{id}.csv"), "size": 1, "is_link_only": false });
        match asked.path.contains("/files?page") {
            true => Reply::json(&(0..100).map(file).collect::<Value>()),
            false => figshare::answer(setup, asked),
        }
    };
    let scene = super::figshare::case().start_with(Home::new(), script, storage::answer);
    scene.run(&["fetch", "toy"]).expect(34).says(&["its list leads back to a page that it gave before"]);
    assert_eq!(scene.asked("/files?page"), 2);
}
