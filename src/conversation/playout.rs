//! What the bot says: asked for, audible, paused, over.
//!
//! The words come from `reactions`; audio and queues are the driver's.

use std::time::Duration;

use super::{
    Output, Speech,
    floor::{Audible, heard},
    machine::{Conversation, Stage},
};
use crate::{
    call::{CallEvent, SpeechSource},
    clock::Moment,
    ids::SpeechId,
};

/// The sentence that must have been heard before a call is recorded.
pub(super) const RECORDING_NOTICE: &str = "greeting.recording";

/// Sentences in a row that cannot be made before nothing more is said in their place: it would not be heard either, and
/// silence has its own end.
const MUTE: u8 = 3;

/// What 再说一遍 repeats.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Repeatable {
    pub(super) text: String,
    pub(super) source: SpeechSource,
    pub(super) speed: f32,
}

impl Conversation {
    /// Says a sentence without placeholders, which the caller may interrupt.
    pub(super) fn say(&mut self, key: &str) {
        self.say_with(key, &[], true);
    }

    /// Says a sentence of the prompt file.
    pub(super) fn say_with(&mut self, key: &str, values: &[(&str, &str)], interruptible: bool) {
        let sentence = self.settings.prompts.sentence(key, values);
        let source = prompt(key);
        self.say_text(sentence.text, source, interruptible, sentence.speed);
    }

    /// Says something that waits for the caller's reply: 再说一遍 and silence repeat it.
    pub(super) fn ask(&mut self, key: &str, values: &[(&str, &str)]) {
        let sentence = self.settings.prompts.sentence(key, values);
        self.say_repeatable(Repeatable {
            text: sentence.text,
            source: prompt(key),
            speed: sentence.speed,
        });
    }

    /// Says something that 再说一遍 repeats.
    pub(super) fn say_repeatable(&mut self, said: Repeatable) {
        self.repeatable = vec![said.clone()];
        self.say_text(said.text, said.source, true, said.speed);
    }

    pub(super) fn say_text(
        &mut self,
        text: String,
        source: SpeechSource,
        interruptible: bool,
        speed: f32,
    ) {
        let speech = Speech {
            id: self.speaking.next_id(),
            text,
            source,
            interruptible,
            speed: speed * self.speed,
        };
        self.speaking.add(speech.clone());
        self.output(Output::Say(speech));
    }

    /// Says the last answer or question again, after `first`.
    pub(super) fn repeat(&mut self, first: Option<&str>) {
        if let Some(key) = first {
            self.say(key);
        }
        let repeated = self.repeatable.clone();
        if repeated.is_empty() && first.is_none() {
            self.say("answer.nothing_to_repeat");
        }
        for said in repeated {
            self.say_text(said.text, said.source, true, said.speed);
        }
    }

    /// Whether the last thing of substance that was said is an answer.
    pub(super) fn was_answered(&self) -> bool {
        self.repeatable
            .last()
            .is_some_and(|said| is_answer(&said.source))
    }

    /// Drops what may be interrupted; whether there was any.
    pub(super) fn stop_playout(&mut self) -> bool {
        self.unwanted_generation();
        let any = self.speaking.any_interruptible();
        if any {
            self.speaking.set_paused(false);
            self.output(Output::StopPlayout { all: false });
        }
        any
    }

    pub(super) fn resume_playout(&mut self) {
        self.speaking.set_paused(false);
        self.output(Output::ResumePlayout);
    }

    /// A pause lasts only while there is an utterance to judge.
    pub(super) fn follow_pause(&mut self) {
        if self.speaking.is_paused() && self.hearing.is_none() && !self.held {
            self.resume_playout();
        }
    }

    pub(super) fn play_started(&mut self, id: SpeechId, length: Duration) {
        let Some(said) = self.speaking.get_mut(id) else {
            return;
        };
        if said.audible.is_some() {
            return;
        }
        let played = Duration::ZERO;
        said.audible = Some(Audible { length, played });
        let speech = said.speech.clone();
        self.speaking.heard();
        if is_answer(&speech.source) {
            self.policy.heard();
        }
        self.event(CallEvent::SpeechStarted {
            speech: id,
            text: speech.text,
            source: speech.source,
        });
    }

    pub(super) fn play_ended(
        &mut self,
        now: Moment,
        id: SpeechId,
        time: (Duration, Duration),
        complete: bool,
    ) {
        let Some(said) = self.speaking.remove(id) else {
            return;
        };
        if said.audible.is_some() {
            let text = &said.speech.text;
            let heard = match complete {
                true => text.clone(),
                false => heard(text, time.0, time.1),
            };
            self.event(CallEvent::SpeechEnded {
                speech: id,
                heard,
                played_ms: time.0.as_millis() as u64,
                complete,
            });
        }
        // Personal Information Protection Law, Art. 17: half a notice is none.
        if complete && said.speech.source == prompt(RECORDING_NOTICE) {
            self.output(Output::Record);
        }
        if self.speaking.is_quiet() {
            self.quiet_since = now;
        }
    }

    /// The call is over: what was audible has been heard as far as time went, as nobody will tell its end.
    pub(super) fn cut_off(&mut self) {
        self.set_hearing_aside();
        self.stage = Stage::Over;
        for said in self.speaking.drain() {
            let Some(Audible { length, played }) = said.audible else {
                continue;
            };
            self.event(CallEvent::SpeechEnded {
                speech: said.speech.id,
                heard: heard(&said.speech.text, played, length),
                // A sentence is shorter than 2^64 ms.
                played_ms: played.as_millis() as u64,
                complete: false,
            });
        }
    }

    pub(super) fn speech_failed(&mut self, now: Moment, id: SpeechId, error: String) {
        if self.speaking.remove(id).is_none() {
            return;
        }
        self.engine_failed("synthesis", error);
        self.quiet_since = now;
        if self.speaking.failed() > MUTE {
            return;
        }
        // What is said after it, or is being worked out, leaves no silence.
        let followed = self.speaking.goes_on_after(id) || self.hearing.is_some();
        let talking = !matches!(
            self.stage,
            Stage::New | Stage::Waiting | Stage::WithAgent | Stage::Over
        );
        match self.policy.failed() {
            // These sentences were made when the prompts were loaded.
            Some(reason) => self.escalate(reason, Some("trouble.engine")),
            None if talking && !followed => self.say("trouble.say_again"),
            None => {}
        }
    }
}

fn is_answer(source: &SpeechSource) -> bool {
    matches!(
        source,
        SpeechSource::Entry { .. } | SpeechSource::Generated { .. } | SpeechSource::Acted { .. }
    )
}

fn prompt(key: &str) -> SpeechSource {
    SpeechSource::Prompt {
        key: key.to_owned(),
    }
}
