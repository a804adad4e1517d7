//! How long a body may bring next to nothing.

use std::time::Duration;

use tokio::time::Instant;

/// Watches bytes per time: within each window a body must bring a few bytes, or it has stalled.
///
/// A limit on silence alone would be held off for ever by one byte a minute. Time in which we
/// did not ask for bytes (a slow disk, our own rate limit) does not count.
#[derive(Debug)]
pub struct StallWatch {
    window: Duration,
    floor: u64,
    deadline: Instant,
    received: u64,
    asked: Option<Instant>,
    rested: Instant,
}

impl StallWatch {
    /// Starts a window of `window` in which `floor` bytes must come.
    pub fn new(window: Duration, floor: u64, now: Instant) -> Self {
        Self { window, floor, deadline: now + window, received: 0, asked: None, rested: now }
    }

    /// Notes that bytes are asked for now; gives the time at which patience ends.
    pub fn ask(&mut self, now: Instant) -> Instant {
        if self.asked.replace(now).is_none() {
            self.deadline += now.saturating_duration_since(self.rested);
        }
        self.deadline
    }

    /// Notes that bytes came.
    pub fn received(&mut self, bytes: usize, now: Instant) {
        self.asked = None;
        self.rested = now;
        self.received += bytes as u64;
        if self.received >= self.floor {
            self.received = 0;
            self.deadline = now + self.window;
        }
    }

    /// The length of a window.
    pub fn window(&self) -> Duration {
        self.window
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drip_is_a_stall_and_our_own_rest_is_not() {
        let start = Instant::now();
        let at = |seconds: u64| start + Duration::from_secs(seconds);
        let mut watch = StallWatch::new(Duration::from_secs(60), 100, start);
        assert_eq!(watch.ask(at(0)), at(60));
        watch.received(10, at(30));
        assert_eq!(watch.ask(at(30)), at(60)); // ten bytes buy no time
        watch.received(90, at(40));
        assert_eq!(watch.ask(at(40)), at(100)); // a hundred do
        watch.received(10, at(50));
        assert_eq!(watch.ask(at(80)), at(130)); // thirty seconds we spent elsewhere
        assert_eq!(watch.ask(at(90)), at(130)); // asked again without an answer: no gift
    }
}
