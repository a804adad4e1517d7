//! The mirrors of a run: each is opened once, and given up once.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::events::{Event, Report};

use super::address::MirrorUrl;
use super::bucket::Bucket;
use super::error::MirrorError;

/// A mirror in use.
#[derive(Debug)]
pub struct Mirror {
    /// Its objects.
    pub bucket: Bucket,
    is_lost: AtomicBool,
}

/// The mirrors that were opened, and those that could not be.
#[derive(Debug, Default)]
pub struct Opened {
    mirrors: Mutex<Vec<Arc<Mirror>>>,
    told: Mutex<BTreeSet<MirrorUrl>>,
}

impl Mirror {
    /// Notes that nothing more is asked of it in place of hosts, and tells why, once.
    pub fn give_up(&self, report: &Report, error: &MirrorError) {
        if !self.is_lost.swap(true, Ordering::Relaxed) {
            report.report(Event::Warning { message: format!("{error}; the hosts are asked instead") });
        }
    }

    /// Whether it was given up.
    pub fn is_lost(&self) -> bool {
        self.is_lost.load(Ordering::Relaxed)
    }
}

impl Opened {
    /// The one of this address.
    pub fn get(&self, url: &MirrorUrl) -> Option<Arc<Mirror>> {
        let opened = self.mirrors.lock().unwrap_or_else(PoisonError::into_inner);
        opened.iter().find(|one| one.bucket.url() == url).cloned()
    }

    /// Keeps one.
    pub fn keep(&self, bucket: Bucket) -> Arc<Mirror> {
        let mirror = Arc::new(Mirror { bucket, is_lost: AtomicBool::new(false) });
        self.mirrors.lock().unwrap_or_else(PoisonError::into_inner).push(mirror.clone());
        mirror
    }

    /// Tells once that a mirror cannot be used in place of hosts, and why.
    pub fn tell_unusable(&self, report: &Report, url: &MirrorUrl, error: &MirrorError) {
        self.tell(report, url, format!("{error}; the hosts are asked instead"));
    }

    /// Tells of a mirror, once in a run.
    pub fn tell(&self, report: &Report, url: &MirrorUrl, message: String) {
        if self.told.lock().unwrap_or_else(PoisonError::into_inner).insert(url.clone()) {
            report.report(Event::Warning { message });
        }
    }
}
