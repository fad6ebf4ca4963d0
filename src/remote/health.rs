//! Whether a server is worth asking: after failures in a row it is left alone for a while, then tried once.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use crate::clock::Moment;

/// Failures in a row after which nobody waits for the server any more.
const FAILURES: u32 = 3;

/// How long it is left alone.
const REST: Duration = Duration::from_secs(30);

/// It is left alone, after so many failures in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resting {
    /// Failures in a row.
    pub failures: u32,
}

/// The failures of a server.
#[derive(Debug, Default)]
pub struct Health(Mutex<State>);

#[derive(Clone, Copy, Debug, Default)]
struct State {
    failures: u32,
    rests_until: Moment,
}

impl Health {
    /// Whether it may be asked at `now`. The first who asks after a rest tries for all: others are refused until it is known
    /// how that went, or the rest is over again.
    pub fn admit(&self, now: Moment) -> Result<(), Resting> {
        let mut state = self.state();
        if state.failures < FAILURES {
            return Ok(());
        }
        if now < state.rests_until {
            return Err(Resting {
                failures: state.failures,
            });
        }
        state.rests_until = now + REST;
        Ok(())
    }

    /// It did what was asked.
    pub fn succeeded(&self) {
        *self.state() = State::default();
    }

    /// What was begun at `now` failed.
    pub fn failed(&self, now: Moment) {
        let mut state = self.state();
        state.failures = state.failures.saturating_add(1);
        state.rests_until = now + REST;
    }

    /// Failures in a row, and whether it is left alone at `now`.
    pub fn failures(&self, now: Moment) -> (u32, bool) {
        let state = self.state();
        let rests = state.failures >= FAILURES && now < state.rests_until;
        (state.failures, rests)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Two plain numbers: a panic elsewhere leaves them sound.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_in_a_row_earn_a_rest_and_one_success_ends_it() {
        let health = Health::default();
        let at = |seconds: u64| Moment::from_millis(seconds * 1_000);
        for second in 0..2 {
            health.failed(at(second));
            assert_eq!(health.admit(at(second)), Ok(()));
        }
        health.succeeded();
        for second in 0..3 {
            assert_eq!(health.admit(at(second)), Ok(()));
            health.failed(at(second));
        }
        assert_eq!(health.admit(at(10)), Err(Resting { failures: 3 }));
        assert_eq!(health.admit(at(32)), Ok(()), "one tries");
        assert_eq!(
            health.admit(at(33)),
            Err(Resting { failures: 3 }),
            "the others do not"
        );
        health.failed(at(32));
        assert_eq!(health.admit(at(61)), Err(Resting { failures: 4 }));
        assert_eq!(health.admit(at(62)), Ok(()));
        assert_eq!(health.failures(at(63)), (4, true));
        health.succeeded();
        assert_eq!(health.admit(at(63)), Ok(()));
        assert_eq!(health.failures(at(63)), (0, false));
    }
}
