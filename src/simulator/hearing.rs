//! What a simulated phone makes of the sound it receives: when it begins, when it ends, how long a reply took.
//!
//! Frames and moments in, facts out; it neither receives nor plays anything.

use std::time::Duration;

use crate::clock::Moment;

/// A packet above this level is sound. The noise floor of G.711 lies some 20 dB below.
pub const SOUND_DBFS: f32 = -50.0;

/// Sound is over after so long without any; the gaps inside words are shorter.
pub const GAP: Duration = Duration::from_millis(200);

/// A side that is interrupted falls silent so soon; what it says after that is its reply.
pub const YIELDS: Duration = Duration::from_millis(300);

/// The other side counts as sounding when its last sound is no older than three packets.
const JUST_NOW: Duration = Duration::from_millis(60);

/// Whether anything is heard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Sound {
    #[default]
    Quiet,
    Sounding {
        since: Moment,
    },
}

/// How far a reply to our last words has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Reply {
    /// We have not said anything.
    #[default]
    Unasked,
    /// We have, and nothing was heard since.
    Awaited { asked: Moment },
    /// The other side was sounding as we ended: no reply can be told from what it went on saying.
    Drowned { asked: Moment },
    /// The first sound after our last one.
    Came { asked: Moment, at: Moment },
}

/// What changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Sound after a gap.
    Began {
        /// Its first packet.
        at: Moment,
    },
    /// A gap after sound.
    Ended {
        /// First packet of the sound.
        since: Moment,
        /// Its last one.
        at: Moment,
    },
}

/// The ear of a phone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hearing {
    sound: Sound,
    first: Option<Moment>,
    last: Option<Moment>,
    reply: Reply,
}

impl Hearing {
    /// A packet with sound of this level arrived.
    pub fn frame(&mut self, now: Moment, dbfs: f32) -> Option<Change> {
        if dbfs <= SOUND_DBFS {
            return self.tick(now);
        }
        self.first.get_or_insert(now);
        if let Reply::Awaited { asked } = self.reply {
            self.reply = Reply::Came { asked, at: now };
        }
        let before = self.last.replace(now);
        match (self.sound, before) {
            (Sound::Sounding { since }, Some(last)) if now.since(last) >= GAP => {
                self.yielded(last);
                if let Reply::Awaited { asked } = self.reply {
                    self.reply = Reply::Came { asked, at: now };
                }
                // No tick came between: the end of the old sound is told now, its successor at once.
                self.sound = Sound::Sounding { since: now };
                Some(Change::Ended { since, at: last })
            }
            (Sound::Sounding { .. }, _) => None,
            (Sound::Quiet, _) => {
                self.sound = Sound::Sounding { since: now };
                Some(Change::Began { at: now })
            }
        }
    }

    /// Time has passed.
    pub fn tick(&mut self, now: Moment) -> Option<Change> {
        let (Sound::Sounding { since }, Some(last)) = (self.sound, self.last) else {
            return None;
        };
        if now.since(last) < GAP {
            return None;
        }
        self.sound = Sound::Quiet;
        self.yielded(last);
        Some(Change::Ended { since, at: last })
    }

    /// A sound ended with its last packet at `last`.
    fn yielded(&mut self, last: Moment) {
        if let Reply::Drowned { asked } = self.reply
            && last.since(asked) <= YIELDS
        {
            self.reply = Reply::Awaited { asked };
        }
    }

    /// The last sample of something that we said was sent.
    pub fn asked(&mut self, now: Moment) {
        let is_sounding = self.last.is_some_and(|last| now.since(last) <= JUST_NOW);
        self.reply = match is_sounding {
            true => Reply::Drowned { asked: now },
            false => Reply::Awaited { asked: now },
        };
    }

    /// The first sound ever.
    pub const fn first(&self) -> Option<Moment> {
        self.first
    }

    /// The last sound so far.
    pub const fn last(&self) -> Option<Moment> {
        self.last
    }

    /// When the sound that is going on began.
    pub const fn sounding_since(&self) -> Option<Moment> {
        match self.sound {
            Sound::Sounding { since } => Some(since),
            Sound::Quiet => None,
        }
    }

    /// Whether something was heard after `since`, and then nothing for `quiet`.
    pub fn has_spoken_since(&self, since: Moment, now: Moment, quiet: Duration) -> bool {
        self.last
            .is_some_and(|last| last > since && now.since(last) >= quiet)
    }

    /// From the last sample we said to the first sound after it: the voice-to-voice latency.
    pub fn reply(&self) -> Option<Duration> {
        match self.reply {
            Reply::Came { asked, at } => Some(at.since(asked)),
            Reply::Unasked | Reply::Awaited { .. } | Reply::Drowned { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOUD: f32 = -20.0;
    const FLOOR: f32 = -72.0;

    /// Feeds a packet each 20 ms, loud within the given spans of milliseconds, and gives what changed.
    fn hear(hearing: &mut Hearing, from_ms: u64, to_ms: u64, loud: &[(u64, u64)]) -> Vec<Change> {
        (from_ms..to_ms)
            .step_by(20)
            .filter_map(|ms| {
                let is_loud = loud.iter().any(|(from, to)| (*from..*to).contains(&ms));
                hearing.frame(Moment::from_millis(ms), if is_loud { LOUD } else { FLOOR })
            })
            .collect()
    }

    #[test]
    fn sound_begins_and_ends_and_gaps_in_words_do_not_count() {
        let began = |ms| Change::Began {
            at: Moment::from_millis(ms),
        };
        let ended = |since, at| Change::Ended {
            since: Moment::from_millis(since),
            at: Moment::from_millis(at),
        };
        let check = |loud: &[(u64, u64)], expected: &[Change]| {
            let mut hearing = Hearing::default();
            assert_eq!(hear(&mut hearing, 0, 2_000, loud), expected, "{loud:?}");
        };
        check(&[], &[]);
        check(&[(100, 300)], &[began(100), ended(100, 280)]);
        check(&[(100, 300), (400, 500)], &[began(100), ended(100, 480)]);
        check(
            &[(100, 300), (600, 700)],
            &[began(100), ended(100, 280), began(600), ended(600, 680)],
        );
        check(&[(1_900, 2_000)], &[began(1_900)]);
    }

    #[test]
    fn without_packets_time_alone_ends_a_sound() {
        let mut hearing = Hearing::default();
        hearing.frame(Moment::from_millis(0), LOUD);
        assert_eq!(hearing.tick(Moment::from_millis(180)), None);
        assert!(hearing.sounding_since().is_some());
        let ended = Change::Ended {
            since: Moment::ORIGIN,
            at: Moment::ORIGIN,
        };
        assert_eq!(hearing.tick(Moment::from_millis(200)), Some(ended));
        assert_eq!(hearing.tick(Moment::from_millis(220)), None);
        // A sound that no tick ended is ended by the next one.
        hearing.frame(Moment::from_millis(1_000), LOUD);
        assert!(matches!(
            hearing.frame(Moment::from_millis(2_000), LOUD),
            Some(Change::Ended { .. })
        ));
        assert_eq!(hearing.sounding_since(), Some(Moment::from_millis(2_000)));
    }

    #[test]
    fn a_reply_is_the_first_sound_after_our_last() {
        let check = |loud: &[(u64, u64)], expected_ms: Option<u64>| {
            let mut hearing = Hearing::default();
            hear(&mut hearing, 0, 1_000, loud);
            hearing.asked(Moment::from_millis(1_000));
            hear(&mut hearing, 1_000, 3_000, loud);
            let reply = hearing.reply().map(|reply| reply.as_millis() as u64);
            assert_eq!(reply, expected_ms, "{loud:?}");
        };
        check(&[(0, 500), (1_800, 2_000)], Some(800));
        check(&[(0, 900)], None);
        check(&[], None);
        // It went on speaking as we ended: not a reply, unless it fell silent for us.
        check(&[(0, 1_500), (2_000, 2_100)], None);
        check(&[(0, 1_100), (1_800, 2_000)], Some(800));
    }

    #[test]
    fn a_prompt_is_over_after_its_silence() {
        let mut hearing = Hearing::default();
        let quiet = Duration::from_millis(600);
        let over = |hearing: &Hearing, since, now| {
            hearing.has_spoken_since(Moment::from_millis(since), Moment::from_millis(now), quiet)
        };
        assert!(!over(&hearing, 0, 5_000));
        hear(&mut hearing, 0, 2_000, &[(100, 1_000)]);
        assert!(!over(&hearing, 0, 1_500));
        assert!(over(&hearing, 0, 1_580));
        assert!(!over(&hearing, 1_000, 5_000));
        assert_eq!(hearing.first(), Some(Moment::from_millis(100)));
        assert_eq!(hearing.last(), Some(Moment::from_millis(980)));
    }
}
