//! Many jobs at once.

use std::sync::Arc;

use futures_util::StreamExt as _;

use crate::events::{Cancel, Report};
use crate::net::Client;

use super::file;
use super::job::{Job, Outcome};

/// How many at once.
#[derive(Debug, Clone, Copy)]
pub struct TransferSettings {
    /// Files under way at once.
    pub jobs: usize,
    /// Connections for one big file.
    pub ranges: usize,
    /// Attempts without progress after which a file is given up.
    pub retries: u32,
}

/// What every file needs.
pub(super) struct Engine {
    pub client: Client,
    pub settings: TransferSettings,
    pub report: Report,
    pub cancel: Cancel,
}

/// Downloads all jobs and hands each outcome to `done` as it comes, in any order. One failed
/// file does not stop the others; a cancelled run ends those under way with their parts kept, and
/// nothing comes of those that were not begun.
pub async fn run(
    client: &Client,
    settings: TransferSettings,
    jobs: impl IntoIterator<Item = Job>,
    report: &Report,
    cancel: &Cancel,
    mut done: impl FnMut(Outcome),
) {
    let engine = Arc::new(Engine { client: client.clone(), settings, report: report.clone(), cancel: cancel.clone() });
    let begun = jobs.into_iter().take_while(|_| !cancel.is_set());
    let downloads = futures_util::stream::iter(begun).map(|job| {
        let engine = engine.clone();
        // A task of its own, so that the downloads share all threads.
        tokio::spawn(async move { Outcome { result: file::fetch(&engine, &job).await, file: job.file } })
    });
    let mut downloads = std::pin::pin!(downloads.buffer_unordered(settings.jobs.max(1)));
    while let Some(outcome) = downloads.next().await {
        match outcome {
            Ok(outcome) => done(outcome),
            // A panic in a download is a fault of ours and is not swallowed.
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            Err(_) => {}
        }
    }
}
