//! Where an utterance begins and ends, counted in frames of audio, not by a clock.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use super::event::{ListeningProfile, Snapshot};
use crate::{
    audio::{FRAME, SampleRate, resample::WIDE_FRAME_SAMPLES},
    clock::Moment,
    ids::UtteranceId,
};

/// Speech that makes an utterance: 80 ms, with one frame of grace.
const START_FRAMES: u32 = 4;

/// Audio kept from before the first speech: onsets of words are quiet.
const PRE_ROLL: usize = WIDE_FRAME_SAMPLES * 12;

/// Audio kept from after the last speech: ends of words are quiet, too.
const POST_ROLL: usize = WIDE_FRAME_SAMPLES * 8;

/// What happened to an utterance.
#[derive(Clone, Debug, PartialEq)]
pub enum Endpoint {
    /// It began.
    Started(UtteranceId),
    /// A short silence.
    Paused(Snapshot),
    /// It goes on.
    Resumed(UtteranceId),
    /// It is over.
    Ended(Snapshot),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Quiet,
    /// Speech that is not yet an utterance.
    Starting {
        speech: u32,
        silence: u32,
    },
    Speaking,
    /// Silence within the utterance.
    Stopping {
        silence: Duration,
        told: bool,
    },
}

/// Finds utterances in one stream.
#[derive(Debug)]
pub struct Endpointer {
    profile: ListeningProfile,
    state: State,
    pre_roll: VecDeque<i16>,
    audio: Vec<i16>,
    /// Length of `audio` up to the last speech.
    spoken: usize,
    utterance: UtteranceId,
    revision: u32,
    started: Moment,
    last_speech: Moment,
    /// Speech since the last snapshot.
    fresh: bool,
}

impl Endpointer {
    /// An endpointer that listens in this way.
    pub fn new(profile: ListeningProfile) -> Self {
        Self {
            profile,
            state: State::Quiet,
            pre_roll: VecDeque::with_capacity(PRE_ROLL + WIDE_FRAME_SAMPLES),
            audio: Vec::with_capacity(SampleRate::WIDEBAND.samples_in(Duration::from_secs(16))),
            spoken: 0,
            utterance: UtteranceId::default(),
            revision: 0,
            started: Moment::ORIGIN,
            last_speech: Moment::ORIGIN,
            fresh: false,
        }
    }

    /// Listens in another way from now on. An utterance that nobody is to hear is dropped.
    pub fn set_profile(&mut self, profile: ListeningProfile) {
        self.profile = profile;
        if !profile.enabled {
            self.reset();
        }
    }

    /// Whether an utterance is in progress.
    pub const fn is_hearing(&self) -> bool {
        matches!(self.state, State::Speaking | State::Stopping { .. })
    }

    /// Takes 20 ms of audio that ends at `now`, and whether it is speech.
    pub fn push(
        &mut self,
        now: Moment,
        frame: &[i16; WIDE_FRAME_SAMPLES],
        speech: bool,
    ) -> Option<Endpoint> {
        if !self.profile.enabled {
            return None;
        }
        match self.state {
            State::Quiet | State::Starting { .. } => {
                self.pre_roll.extend(frame);
                let excess = self.pre_roll.len().saturating_sub(PRE_ROLL);
                self.pre_roll.drain(..excess);
            }
            State::Speaking | State::Stopping { .. } => self.audio.extend_from_slice(frame),
        }
        if speech {
            self.last_speech = now;
            self.spoken = self.audio.len();
            self.fresh = true;
        }
        match (self.state, speech) {
            (State::Quiet, false) => None,
            (State::Quiet, true) => {
                self.started = now - FRAME;
                self.state = State::Starting {
                    speech: 1,
                    silence: 0,
                };
                None
            }
            (State::Starting { speech, .. }, true) if speech + 1 >= START_FRAMES => {
                Some(self.begin())
            }
            (State::Starting { speech, silence }, true) => {
                self.state = State::Starting {
                    speech: speech + 1,
                    silence,
                };
                None
            }
            (State::Starting { silence: 0, speech }, false) => {
                self.state = State::Starting { speech, silence: 1 };
                None
            }
            (State::Starting { .. }, false) => {
                self.state = State::Quiet;
                None
            }
            (State::Speaking, true) => self.too_long(),
            (State::Speaking, false) => {
                self.state = State::Stopping {
                    silence: FRAME,
                    told: false,
                };
                self.silence(FRAME, false)
            }
            (State::Stopping { told, .. }, true) => {
                self.state = State::Speaking;
                told.then_some(Endpoint::Resumed(self.utterance))
            }
            (State::Stopping { silence, told }, false) => self.silence(silence + FRAME, told),
        }
    }

    /// Ends the utterance in whose pause we are.
    pub fn commit(&mut self, utterance: UtteranceId) -> Option<Endpoint> {
        let paused = matches!(self.state, State::Stopping { .. }) && utterance == self.utterance;
        paused.then(|| self.finish())
    }

    /// Drops what is in progress.
    pub fn reset(&mut self) {
        self.state = State::Quiet;
        self.pre_roll.clear();
        self.audio.clear();
        self.spoken = 0;
    }

    fn begin(&mut self) -> Endpoint {
        self.audio.clear();
        self.audio.extend(self.pre_roll.drain(..));
        self.spoken = self.audio.len();
        self.utterance = self.utterance.next();
        self.revision = 0;
        self.fresh = true;
        self.state = State::Speaking;
        Endpoint::Started(self.utterance)
    }

    fn silence(&mut self, silence: Duration, told: bool) -> Option<Endpoint> {
        if silence >= self.profile.end {
            return Some(self.finish());
        }
        let tell = !told && silence >= self.profile.pause;
        self.state = State::Stopping {
            silence,
            told: told || tell,
        };
        if tell {
            return Some(Endpoint::Paused(self.snapshot()));
        }
        self.too_long()
    }

    fn too_long(&mut self) -> Option<Endpoint> {
        let longest = SampleRate::WIDEBAND.samples_in(self.profile.longest);
        (self.audio.len() >= longest).then(|| self.finish())
    }

    fn finish(&mut self) -> Endpoint {
        let snapshot = self.snapshot();
        self.reset();
        Endpoint::Ended(snapshot)
    }

    fn snapshot(&mut self) -> Snapshot {
        if std::mem::take(&mut self.fresh) {
            self.revision += 1;
        }
        let end = (self.spoken + POST_ROLL).min(self.audio.len());
        Snapshot {
            utterance: self.utterance,
            revision: self.revision,
            audio: Arc::from(&self.audio[..end]),
            speech_started: self.started,
            speech_ended: self.last_speech,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs a script of `word x frames`: `s` speech, `-` silence, `c` commit; gives what happened, with the frame it happened at.
    fn run(profile: ListeningProfile, script: &str) -> Vec<String> {
        let mut endpointer = Endpointer::new(profile);
        let (mut told, mut place) = (Vec::new(), 0u64);
        for step in script.split(' ') {
            let (what, count) = step.split_at(1);
            if what == "c" {
                told.extend(
                    endpointer
                        .commit(UtteranceId(1))
                        .map(|endpoint| line(place, &endpoint)),
                );
                continue;
            }
            for _ in 0..count.parse::<u32>().expect("a count") {
                place += 1;
                let frame = [if what == "s" { 1_000 } else { 1 }; WIDE_FRAME_SAMPLES];
                let now = Moment::from_millis(place * 20);
                told.extend(
                    endpointer
                        .push(now, &frame, what == "s")
                        .map(|endpoint| line(place, &endpoint)),
                );
            }
        }
        told
    }

    fn line(place: u64, endpoint: &Endpoint) -> String {
        let snapshot = |name: &str, snapshot: &Snapshot| {
            let seconds = snapshot.audio.len() as f32 / 16_000.0;
            let (from, to) = (
                snapshot.speech_started.as_millis(),
                snapshot.speech_ended.as_millis(),
            );
            format!(
                "{place} {name} {} r{} {from}-{to} {seconds:.2}s",
                snapshot.utterance, snapshot.revision
            )
        };
        match endpoint {
            Endpoint::Started(utterance) => format!("{place} started {utterance}"),
            Endpoint::Resumed(utterance) => format!("{place} resumed {utterance}"),
            Endpoint::Paused(paused) => snapshot("paused", paused),
            Endpoint::Ended(ended) => snapshot("ended", ended),
        }
    }

    #[track_caller]
    fn check(script: &str, expected: &[&str]) {
        assert_eq!(run(ListeningProfile::QUESTION, script), expected);
    }

    #[test]
    fn an_utterance_pauses_and_ends() {
        check(
            "-20 s30 -40",
            &[
                "24 started 1",
                "60 paused 1 r1 400-1000 0.92s",
                "85 ended 1 r1 400-1000 0.92s",
            ],
        );
    }

    #[test]
    fn speech_that_goes_on_makes_a_new_revision() {
        check(
            "s10 -15 s10 -40",
            &[
                "4 started 1",
                "20 paused 1 r1 0-200 0.36s",
                "26 resumed 1",
                "45 paused 1 r2 0-700 0.86s",
                "70 ended 1 r2 0-700 0.86s",
            ],
        );
    }

    #[test]
    fn clicks_are_none_and_short_words_are() {
        check("s2 -30 s3 -60", &[]);
        check(
            "-12 s6 -40",
            &[
                "16 started 1",
                "28 paused 1 r1 240-360 0.44s",
                "53 ended 1 r1 240-360 0.44s",
            ],
        );
        check(
            "s2 -1 s2 -40",
            &[
                "5 started 1",
                "15 paused 1 r1 0-100 0.26s",
                "40 ended 1 r1 0-100 0.26s",
            ],
        );
    }

    #[test]
    fn a_commit_ends_a_pause_and_nothing_else() {
        check(
            "s10 -10 c -40",
            &[
                "4 started 1",
                "20 paused 1 r1 0-200 0.36s",
                "20 ended 1 r1 0-200 0.36s",
            ],
        );
        check(
            "s10 c s2 -36",
            &[
                "4 started 1",
                "22 paused 1 r1 0-240 0.40s",
                "47 ended 1 r1 0-240 0.40s",
            ],
        );
    }

    #[test]
    fn the_longest_utterance_is_cut() {
        let profile = ListeningProfile {
            longest: Duration::from_secs(1),
            ..ListeningProfile::QUESTION
        };
        let told = run(profile, "s60");
        assert_eq!(
            told,
            ["4 started 1", "50 ended 1 r1 0-1000 1.00s", "54 started 2"]
        );
    }

    #[test]
    fn nobody_listening_hears_nothing() {
        assert_eq!(run(ListeningProfile::OFF, "s50 -50"), Vec::<String>::new());
    }
}
