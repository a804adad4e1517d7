//! Box: the tenant `acme`, whose static links are `s0`, `s1`, ... and whose file ids are `0`, `1`, ...
//!
//! A link redirects twice, sets a cookie on the way, and ends at an address of another host that
//! works once. `/tenant` is `https://acme.box.com/`, `/app` is `https://acme.app.box.com/`, `/cloud`
//! is `https://public.boxcloud.com/`. HEAD is refused, and a link that is none gives a page.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::support::host::{Asked, Reply};

use super::Setup;

/// Tickets that were used.
static USED: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// Answers for the three.
pub fn answer(setup: &Setup, asked: &Asked) -> Reply {
    if asked.method != "GET" {
        return Reply::status(404);
    }
    let place = asked.place();
    match place.trim_start_matches('/').split('/').collect::<Vec<_>>().as_slice() {
        ["tenant", "shared", "static", name] => {
            Reply::redirect(301, format!("/public/static/{name}")).with("set-cookie", "z=1; path=/; secure")
        }
        ["tenant", "public", "static", name] => {
            Reply::redirect(301, format!("https://acme.app.box.com/public/static/{name}"))
        }
        ["app", "public", "static", name] => ticket(setup, name.strip_prefix('s')),
        ["app", "index.php"] if asked.parameter("rm").as_deref() == Some("box_download_shared_file") => {
            let id = asked.parameter("file_id");
            ticket(setup, id.as_deref().and_then(|id| id.strip_prefix("f_")))
        }
        ["cloud", "d", "1", ticket, "download"] => {
            let is_new = USED.lock().expect("no test panics here").insert((*ticket).to_owned());
            let file = ticket.rsplit('!').next().and_then(|at| setup.toy.files.get(at.parse::<usize>().ok()?));
            match file.filter(|_| is_new) {
                Some((_, bytes)) => Reply::file(asked, bytes.clone()),
                None => Reply::status(404),
            }
        }
        _ => Reply::status(404),
    }
}

fn ticket(setup: &Setup, file: Option<&str>) -> Reply {
    static GIVEN: AtomicU64 = AtomicU64::new(0);
    match file.and_then(|file| file.parse::<usize>().ok()).filter(|at| *at < setup.toy.files.len()) {
        Some(at) => {
            let number = GIVEN.fetch_add(1, Ordering::Relaxed);
            Reply::redirect(302, format!("https://public.boxcloud.com/d/1/b1!{number}!{at}/download"))
        }
        None => Reply::page("<html><title>Box</title></html>"),
    }
}
