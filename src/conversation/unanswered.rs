//! Words that something else took the place of: a key, an agent, the end of the call, a pause that was none.
//!
//! Nobody answers them any more, but they were said: they belong on the record, and in what an agent is told. Those that are
//! still spoken or recognised are kept until they are known.

use std::time::Duration;

use super::{
    Output,
    floor::{Hearing, Silence, Words},
    machine::{Conversation, Stage},
    understanding::Understood,
};
use crate::{clock::Moment, ids::UtteranceId, pii::Pii, transcript::Recognition};

/// Utterances whose words are awaited: the driver keeps the audio of no more.
const MOST: usize = 4;

/// Sound that began so shortly before a key is the key's own.
const TONE: Duration = Duration::from_millis(300);

impl Conversation {
    /// What is being heard will not be answered.
    pub(super) fn set_hearing_aside(&mut self) {
        if let Some(text) = self.unfinished.take() {
            self.note_question(self.asked_in, &text);
        }
        self.committed = None;
        let heard = [self.overtaken.take(), self.hearing.take()];
        for hearing in heard.into_iter().flatten() {
            self.set_aside(hearing);
        }
    }

    /// The same at a key. Its tone is no speech.
    pub(super) fn set_aside_at_key(&mut self, now: Moment) {
        self.hearing.take_if(|hearing| {
            hearing.silence == Silence::Speaking && now.since(hearing.since) < TONE
        });
        self.set_hearing_aside();
    }

    pub(super) fn set_aside(&mut self, mut hearing: Hearing) {
        if let Some(text) = hearing.text() {
            self.record_utterance(&hearing);
            hearing.recorded = hearing.words_and_end();
            self.note_question(hearing.utterance, &text);
        }
        match (hearing.silence, &hearing.words) {
            (Silence::Ended { .. }, Words::Known(_) | Words::Unasked) => return,
            (Silence::Ended { .. }, Words::Asked) | (Silence::Speaking, _) => {}
            // What is said after the pause is for whoever took the place.
            (Silence::Paused, words) => {
                let utterance = hearing.utterance;
                let known = *words != Words::Asked;
                self.output(Output::Commit { utterance });
                if known {
                    return;
                }
            }
        }
        if self.unanswered.len() == MOST {
            self.unanswered.remove(0);
        }
        self.unanswered.push(hearing);
    }

    fn unanswered(&mut self, utterance: UtteranceId) -> Option<&mut Hearing> {
        let mut all = self.unanswered.iter_mut();
        all.find(|hearing| hearing.utterance == utterance)
    }

    /// It goes on; what was being recognised of it is void.
    pub(super) fn unanswered_resumed(&mut self, utterance: UtteranceId) {
        if let Some(hearing) = self.unanswered(utterance) {
            hearing.silence = Silence::Speaking;
            if hearing.words == Words::Asked {
                hearing.words = Words::Unasked;
            }
        }
    }

    /// It is over: all its words can be had. Its pauses are of no interest.
    pub(super) fn unanswered_ended(
        &mut self,
        utterance: UtteranceId,
        revision: u32,
        span: (Moment, Moment),
        silence: Silence,
    ) {
        let Some(hearing) = self.unanswered(utterance) else {
            return;
        };
        if silence == Silence::Paused {
            return;
        }
        if hearing.snapshot(revision, span, silence) {
            self.output(Output::Recognise {
                utterance,
                revision,
            });
        }
    }

    pub(super) fn unanswered_recognised(
        &mut self,
        utterance: UtteranceId,
        revision: u32,
        words: Recognition,
    ) {
        let place = self.unanswered.iter().position(|hearing| {
            hearing.utterance == utterance
                && hearing.revision == revision
                && hearing.words == Words::Asked
        });
        let Some(place) = place else {
            return;
        };
        let mut hearing = self.unanswered.remove(place);
        hearing.words = Words::Known(words);
        self.record_utterance(&hearing);
        let Some(text) = hearing.text() else {
            return;
        };
        if self.note_question(utterance, &text) {
            self.renew_brief();
        }
    }

    pub(super) fn unanswered_failed(
        &mut self,
        utterance: UtteranceId,
        revision: u32,
        error: String,
    ) {
        let before = self.unanswered.len();
        self.unanswered
            .retain(|hearing| (hearing.utterance, hearing.revision) != (utterance, revision));
        if self.unanswered.len() < before {
            self.engine_failed("recognition", error);
        }
    }

    /// What the caller wants, for the agent; whether the words say it, and none since.
    fn note_question(&mut self, utterance: UtteranceId, text: &str) -> bool {
        let wants = matches!(
            self.understand(text, false),
            Understood::Question | Understood::MustEscalate(_)
        );
        let newest = utterance >= self.asked_in;
        if wants && newest {
            self.asked_in = utterance;
            text.clone_into(&mut self.last_question);
        }
        wants && newest
    }

    /// A human is on the way, and may not have heard yet what the call is about.
    fn renew_brief(&mut self) {
        if self.stage != Stage::Waiting {
            return;
        }
        if let Some(reason) = self.escalated.clone() {
            let brief = Pii::new(self.brief(&reason));
            self.output(Output::Brief { brief });
        }
    }
}
