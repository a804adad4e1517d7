//! How many requests one host gets at a time, and when the next one.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

/// The door to one origin, shared by all requests to it.
#[derive(Debug)]
pub struct Gate {
    places: Arc<Semaphore>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    not_before: Option<Instant>,
    is_multiplexed: bool,
    has_answered: bool,
}

/// A place at the host, given back when dropped.
#[derive(Debug)]
pub struct Place(#[allow(dead_code, reason = "held for its drop")] OwnedSemaphorePermit);

/// The host has asked for a longer pause than we are ready to make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLong(pub Duration);

impl Gate {
    /// A gate with so many places, one at least.
    pub fn new(places: usize) -> Self {
        Self { places: Arc::new(Semaphore::new(places.max(1))), state: Mutex::default() }
    }

    /// Waits for a place, and for the time the host named. `waiting` is told of a pause.
    pub async fn enter(&self, patience: Duration, waiting: impl Fn(Duration)) -> Result<Place, TooLong> {
        loop {
            let place = self.place().await;
            let Some(pause) = self.pause(Instant::now()) else { return Ok(place) };
            if pause > patience {
                return Err(TooLong(pause));
            }
            drop(place);
            waiting(pause);
            tokio::time::sleep(pause).await;
        }
    }

    /// Notes that the host wants no request for a while.
    pub fn close_for(&self, pause: Duration) {
        let until = Instant::now() + pause.min(FOR_EVER);
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.not_before = Some(state.not_before.map_or(until, |known| known.max(until)));
    }

    /// Notes that requests to this host share a connection, and so may be `more`. Once only.
    pub fn widen(&self, more: usize) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if !std::mem::replace(&mut state.is_multiplexed, true) {
            self.places.add_permits(more);
        }
    }

    /// Notes that the host has answered a request.
    pub fn note_answer(&self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).has_answered = true;
    }

    /// Whether the host has answered before, so that a connection to it may be idle.
    pub fn has_answered(&self) -> bool {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).has_answered
    }

    async fn place(&self) -> Place {
        let permit = Arc::clone(&self.places).acquire_owned().await;
        Place(permit.expect("the semaphore of a gate is never closed"))
    }

    fn pause(&self, now: Instant) -> Option<Duration> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.not_before?.checked_duration_since(now).filter(|pause| !pause.is_zero())
    }
}

/// Longer pauses are cut to this, against overflow.
const FOR_EVER: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn everybody_waits_when_one_was_told_to() {
        let gate = Gate::new(2);
        let start = Instant::now();
        gate.close_for(Duration::from_millis(60));
        gate.close_for(Duration::from_millis(5)); // never shortens
        gate.enter(Duration::from_secs(60), |_| {}).await.unwrap();
        assert!(start.elapsed() >= Duration::from_millis(60));
        gate.close_for(Duration::from_secs(3600));
        assert!(gate.enter(Duration::from_secs(60), |_| {}).await.is_err());
    }

    #[test]
    fn widens_once() {
        let gate = Gate::new(2);
        gate.widen(6);
        gate.widen(6);
        assert_eq!(gate.places.available_permits(), 8);
    }
}
