//! Whether a server is worth asking: after failures in a row it is left alone for a while, then one search tries.
//!
//! A machine: the moment is passed in. It does not ask anybody and does not log (see `index` and `keeper`).

use std::time::Duration;

use crate::clock::Moment;

/// Failures in a row after which no search waits for the server any more.
const FAILURES: u32 = 3;

/// How long it is left alone at first; twice as long after each trial that fails.
const REST: Duration = Duration::from_secs(1);

/// The longest rest.
const LONGEST_REST: Duration = Duration::from_secs(30);

/// What was wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// It cannot be reached, or answers with an error.
    Failing(String),
    /// It does not answer in time.
    Slow,
}

impl std::fmt::Display for Trouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Failing(error) => f.write_str(error),
            Self::Slow => f.write_str("it does not answer in time"),
        }
    }
}

/// Whether searches are asked of the server.
#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    /// They are; so many have failed in a row, the first of them at this moment.
    Closed { failures: u32, since: Moment },
    /// They are not until then.
    Open {
        since: Moment,
        until: Moment,
        rest: Duration,
        trouble: Trouble,
    },
    /// One is, for all; if nothing is heard of it until then, another one is.
    Trying {
        since: Moment,
        until: Moment,
        rest: Duration,
        trouble: Trouble,
    },
}

/// The failures of a server.
#[derive(Debug)]
pub(super) struct Breaker(State);

/// What a result has changed, for the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// From now on the server is left alone.
    Opened,
    /// From now on it is asked again.
    Closed,
}

impl Default for Breaker {
    fn default() -> Self {
        Self(State::Closed {
            failures: 0,
            since: Moment::ORIGIN,
        })
    }
}

impl Breaker {
    /// Whether the server may be asked at `now`. The first who asks after a rest tries for all.
    pub(super) fn admits(&mut self, now: Moment) -> bool {
        match &self.0 {
            State::Closed { .. } => true,
            State::Open { until, .. } | State::Trying { until, .. } if now < *until => false,
            State::Open {
                since,
                rest,
                trouble,
                ..
            }
            | State::Trying {
                since,
                rest,
                trouble,
                ..
            } => {
                self.0 = State::Trying {
                    since: *since,
                    until: now + *rest,
                    rest: *rest,
                    trouble: trouble.clone(),
                };
                true
            }
        }
    }

    /// A search was answered.
    pub(super) fn succeeded(&mut self) -> Option<Change> {
        let was = std::mem::take(self);
        match was.0 {
            State::Closed { .. } => None,
            State::Open { .. } | State::Trying { .. } => Some(Change::Closed),
        }
    }

    /// A search failed.
    pub(super) fn failed(&mut self, now: Moment, trouble: Trouble) -> Option<Change> {
        match &self.0 {
            State::Closed { failures, since } => {
                let since = if *failures == 0 { now } else { *since };
                let failures = failures + 1;
                if failures < FAILURES {
                    self.0 = State::Closed { failures, since };
                    return None;
                }
                self.open(since, now, REST, trouble);
                Some(Change::Opened)
            }
            // Of those that were under way when it opened.
            State::Open { .. } => None,
            State::Trying { since, rest, .. } => {
                let (since, rest) = (*since, (*rest * 2).min(LONGEST_REST));
                self.open(since, now, rest, trouble);
                None
            }
        }
    }

    /// Upkeep could not reach the server: no search needs to find that out.
    pub(super) fn unreachable(&mut self, now: Moment, error: String) -> Option<Change> {
        let trouble = Trouble::Failing(error);
        match &self.0 {
            State::Closed { failures, since } => {
                let since = if *failures == 0 { now } else { *since };
                self.open(since, now, REST, trouble);
                Some(Change::Opened)
            }
            State::Open { since, rest, .. } | State::Trying { since, rest, .. } => {
                let (since, rest) = (*since, *rest);
                self.open(since, now, rest, trouble);
                None
            }
        }
    }

    /// Upkeep has reached the server at `now`. One that was too slow for searches stays alone until its rest is over.
    pub(super) fn reached(&mut self, now: Moment) -> Option<Change> {
        match &self.0 {
            State::Open { trouble, until, .. } | State::Trying { trouble, until, .. }
                if *trouble != Trouble::Slow || *until <= now =>
            {
                self.succeeded()
            }
            _ => None,
        }
    }

    /// Since when it is left alone, and why.
    pub(super) fn trouble(&self) -> Option<(Moment, &Trouble)> {
        match &self.0 {
            State::Closed { .. } => None,
            State::Open { since, trouble, .. } | State::Trying { since, trouble, .. } => {
                Some((*since, trouble))
            }
        }
    }

    fn open(&mut self, since: Moment, now: Moment, rest: Duration, trouble: Trouble) {
        self.0 = State::Open {
            since,
            until: now + rest,
            rest,
            trouble,
        };
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(seconds: u64) -> Moment {
        Moment::from_millis(seconds * 1_000)
    }

    fn failing() -> Trouble {
        Trouble::Failing("connection refused".to_owned())
    }

    #[test]
    fn failures_in_a_row_open_it_and_a_trial_closes_it() {
        let mut breaker = Breaker::default();
        for second in 0..2 {
            assert!(breaker.admits(at(second)));
            assert_eq!(breaker.failed(at(second), Trouble::Slow), None);
        }
        assert_eq!(breaker.succeeded(), None);
        for second in 10..12 {
            assert_eq!(breaker.failed(at(second), Trouble::Slow), None);
        }
        assert_eq!(breaker.failed(at(12), failing()), Some(Change::Opened));
        assert_eq!(breaker.trouble(), Some((at(10), &failing())));
        assert!(!breaker.admits(at(12)));
        assert!(breaker.admits(at(13)), "one tries");
        assert!(!breaker.admits(at(13)), "the others do not");
        assert_eq!(breaker.failed(at(13), Trouble::Slow), None);
        assert!(!breaker.admits(at(14)), "the second rest is longer");
        assert!(breaker.admits(at(15)));
        assert_eq!(breaker.succeeded(), Some(Change::Closed));
        assert!(breaker.admits(at(15)) && breaker.trouble().is_none());
    }

    #[test]
    fn a_trial_that_nobody_hears_of_is_not_the_last() {
        let mut breaker = Breaker::default();
        assert_eq!(
            breaker.unreachable(at(0), "refused".to_owned()),
            Some(Change::Opened)
        );
        assert!(breaker.admits(at(1)) && !breaker.admits(at(1)));
        assert!(breaker.admits(at(2)));
    }

    #[test]
    fn upkeep_closes_what_was_unreachable_and_not_what_is_slow() {
        let mut breaker = Breaker::default();
        assert_eq!(breaker.reached(at(4)), None);
        breaker.unreachable(at(5), "refused".to_owned());
        assert_eq!(breaker.unreachable(at(6), "refused".to_owned()), None);
        assert_eq!(breaker.trouble().map(|(since, _)| since), Some(at(5)));
        assert_eq!(breaker.reached(at(6)), Some(Change::Closed));
        for second in 0..3 {
            breaker.failed(at(second), Trouble::Slow);
        }
        assert_eq!(breaker.reached(at(2)), None);
        assert!(!breaker.admits(at(2)));
        assert_eq!(breaker.reached(at(3)), Some(Change::Closed));
    }

    proptest! {
        /// However a server fails, it is tried again within the longest rest, and never by two at once.
        #[test]
        fn it_is_never_given_up(steps in prop::collection::vec((0u64..5_000, 0u8..4), 1..200)) {
            let mut breaker = Breaker::default();
            let mut now = Moment::ORIGIN;
            for (wait, what) in steps {
                now += Duration::from_millis(wait);
                match what {
                    0 => { breaker.failed(now, Trouble::Slow); }
                    1 => { breaker.unreachable(now, "refused".to_owned()); }
                    2 => { breaker.reached(now); }
                    _ => { breaker.admits(now); }
                }
                if breaker.trouble().is_some() {
                    let first = breaker.admits(now);
                    prop_assert!(!(first && breaker.admits(now)));
                }
            }
            prop_assert!(breaker.admits(now + LONGEST_REST));
        }
    }
}
