//! A limit of bytes per second that all bodies share.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::values::ByteSize;

/// Lets so many bytes pass each second, on average over a quarter of a second.
#[derive(Debug)]
pub struct Limiter {
    rate: u64,
    /// When everything let through so far has been paid for.
    paid: Mutex<Option<Instant>>,
}

impl Limiter {
    /// A limiter for so many bytes each second, one at least.
    pub fn new(rate: ByteSize) -> Self {
        Self { rate: rate.0.max(1), paid: Mutex::new(None) }
    }

    /// Waits until `bytes` more may have passed.
    pub async fn pass(&self, bytes: usize) {
        let now = Instant::now();
        let until = {
            let mut paid = self.paid.lock().unwrap_or_else(PoisonError::into_inner);
            let until = settle(*paid, now, bytes as u64, self.rate);
            *paid = Some(until);
            until
        };
        tokio::time::sleep_until(until).await;
    }
}

/// When `bytes` more will have been paid for. Time that was not used is kept for at most
/// [`BURST`].
fn settle(paid: Option<Instant>, now: Instant, bytes: u64, rate: u64) -> Instant {
    let floor = now.checked_sub(BURST).unwrap_or(now);
    let start = paid.map_or(now, |paid| paid.max(floor));
    start + Duration::from_secs_f64(bytes as f64 / rate as f64)
}

const BURST: Duration = Duration::from_millis(250);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_take_their_time_and_idleness_saves_little() {
        let now = Instant::now() + Duration::from_secs(100);
        let second = Duration::from_secs(1);
        assert_eq!(settle(None, now, 500, 1000), now + second / 2);
        assert_eq!(settle(Some(now + second), now, 500, 1000), now + second * 3 / 2);
        assert_eq!(settle(Some(now - second * 50), now, 500, 1000), now + second / 4);
    }
}
