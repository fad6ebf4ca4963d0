//! Taking turns: whose words are complete, and when they are acted on.
//!
//! What the words mean stands in `understanding`; how long anything may take in `patience`.

use super::{
    Output,
    floor::{Hearing, Meaning, Silence, Words, joined},
    machine::{Conversation, Stage},
    understanding::Understood,
};
use crate::{
    call::CallEvent,
    clock::Moment,
    entry::{Finding, Verdict},
    ids::{SearchId, SpeechId, UtteranceId},
    pii::Pii,
    transcript::Recognition,
};

impl Conversation {
    pub(super) fn speech_started(
        &mut self,
        now: Moment,
        utterance: UtteranceId,
        over: Option<SpeechId>,
    ) {
        if matches!(self.stage, Stage::New | Stage::WithAgent | Stage::Over) {
            return;
        }
        // What may not be interrupted has not paused; a speech that just ended is not known any more.
        if over.is_some_and(|speech| !self.speaking.is_bound(speech)) {
            self.speaking.set_paused(true);
        }
        self.committed = None;
        let mut hearing = Hearing::new(utterance, over, now);
        if let Some(before) = self.hearing.take() {
            match before.text() {
                // Its words are known and only its meaning is missing: they belong to what follows.
                Some(text) => {
                    self.record_utterance(&before);
                    hearing.carried = text;
                }
                None if before.words == Words::Asked => {
                    if let Some(older) = self.overtaken.replace(before) {
                        self.set_aside(older);
                    }
                }
                None => {}
            }
        }
        if let Some(text) = self.unfinished.take() {
            hearing.carried = joined(&text, &hearing.carried);
        }
        if let Some(text) = self.overtake_generation(now) {
            hearing.carried = joined(&text, &hearing.carried);
        }
        self.hearing = Some(hearing);
        self.patient = false;
    }

    pub(super) fn heard_as(&mut self, utterance: UtteranceId) -> Option<&mut Hearing> {
        self.hearing
            .as_mut()
            .filter(|hearing| hearing.utterance == utterance)
    }

    pub(super) fn speech_resumed(&mut self, utterance: UtteranceId) {
        if let Some(hearing) = self.heard_as(utterance) {
            hearing.silence = Silence::Speaking;
            hearing.trails_off = false;
        } else if !self.take_back(utterance) {
            self.unanswered_resumed(utterance);
        }
    }

    pub(super) fn snapshot(
        &mut self,
        now: Moment,
        utterance: UtteranceId,
        revision: u32,
        span: (Moment, Moment),
        silence: Silence,
    ) {
        self.committed_snapshot(utterance, revision);
        let Some(hearing) = self.heard_as(utterance) else {
            return self.unanswered_ended(utterance, revision, span, silence);
        };
        if hearing.snapshot(revision, span, silence) {
            self.output(Output::Recognise {
                utterance,
                revision,
            });
        }
        self.judge(now);
    }

    pub(super) fn recognised(
        &mut self,
        now: Moment,
        utterance: UtteranceId,
        revision: u32,
        words: Recognition,
    ) {
        if let Some(before) = self
            .overtaken
            .take_if(|before| before.utterance == utterance && before.revision == revision)
        {
            return self.recognised_late(now, before, words);
        }
        let Some(hearing) = self.heard_as(utterance) else {
            return self.unanswered_recognised(utterance, revision, words);
        };
        if hearing.revision != revision || hearing.words != Words::Asked {
            return;
        }
        hearing.words = Words::Known(words);
        self.judge(now);
    }

    /// The caller spoke on while these words were recognised: they are the beginning of what follows.
    fn recognised_late(&mut self, now: Moment, mut before: Hearing, words: Recognition) {
        let text = joined(&before.carried, words.text.expose());
        if text.is_empty() {
            return;
        }
        before.words = Words::Known(words);
        match &mut self.hearing {
            Some(hearing) => {
                hearing.carried = joined(&text, &hearing.carried);
                // What was found for the second half alone does not count.
                hearing.meaning = Meaning::Unasked;
                self.record_utterance(&before);
            }
            // What followed was nothing, or is dealt with.
            None => {
                before.silence = Silence::Ended { at: now };
                self.hearing = Some(before);
            }
        }
        self.judge(now);
    }

    pub(super) fn recognition_failed(
        &mut self,
        now: Moment,
        utterance: UtteranceId,
        revision: u32,
        error: String,
    ) {
        let Some(hearing) = self.heard_as(utterance) else {
            return self.unanswered_failed(utterance, revision, error);
        };
        if hearing.revision != revision || hearing.words != Words::Asked {
            return;
        }
        hearing.words = Words::Unasked;
        let ended = hearing.ended_at().is_some();
        self.engine_failed("recognition", error);
        if ended {
            self.hearing = None;
            self.not_understood(now);
        }
    }

    pub(super) fn found(&mut self, now: Moment, search: SearchId, finding: Finding) {
        let Some(hearing) = &mut self.hearing else {
            return;
        };
        if hearing.meaning == Meaning::Asked(search) {
            hearing.meaning = Meaning::Known(search, Box::new(finding));
            self.judge(now);
        }
    }

    pub(super) fn search_failed(&mut self, now: Moment, search: SearchId, error: String) {
        let Some(hearing) = &mut self.hearing else {
            return;
        };
        if hearing.meaning != Meaning::Asked(search) {
            return;
        }
        hearing.meaning = Meaning::Unasked;
        let ended = hearing.ended_at().is_some();
        self.engine_failed("search", error);
        if ended {
            self.set_hearing_aside();
            self.not_understood(now);
        }
    }

    /// Acts on the utterance as soon as enough is known: at its end, or in a pause when it is complete.
    fn judge(&mut self, now: Moment) {
        let Some(hearing) = &self.hearing else {
            return;
        };
        let Some(text) = hearing.text() else {
            return;
        };
        let ended = hearing.ended_at().is_some();
        if hearing.silence == Silence::Speaking {
            return;
        }
        let first_half = hearing.carried.is_empty();
        let understood = self.understand(&text, hearing.over.is_some());
        let complete = !self.settings.prompts.vocabulary().is_unfinished(&text);
        match (&understood, &hearing.meaning) {
            (Understood::Question, Meaning::Unasked) => {
                let search = self.next_search;
                self.next_search = search.next();
                if let Some(hearing) = &mut self.hearing {
                    hearing.meaning = Meaning::Asked(search);
                }
                let question = self.settings.prompts.vocabulary().without_fillers(&text);
                self.output(Output::Search {
                    search,
                    question: Pii::new(question),
                    context: self.answered.clone(),
                });
            }
            (Understood::Question, Meaning::Asked(_)) => {}
            (Understood::Question, Meaning::Known(search, finding)) => {
                let confident = matches!(finding.verdict, Verdict::Answer { .. });
                if ended && !complete && !confident && first_half {
                    return self.await_the_rest(now, text);
                }
                if ended || (confident && complete) {
                    let found = (*search, (**finding).clone());
                    self.act(now, understood, text, Some(found));
                }
            }
            (understood_early, _) if ended || (complete && understood_early.is_complete()) => {
                self.act(now, understood, text, None);
            }
            _ => {}
        }
        if let Some(hearing) = &mut self.hearing {
            hearing.trails_off = !ended && !complete;
        }
    }

    /// What was said stops in its middle and means nothing yet: the caller is asked to go on.
    fn await_the_rest(&mut self, now: Moment, text: String) {
        let Some(hearing) = self.hearing.take() else {
            return;
        };
        self.record_utterance(&hearing);
        self.note_activity(now);
        self.unfinished = Some(text);
        self.take_floor(&hearing);
        self.say("answer.more");
    }

    fn act(
        &mut self,
        now: Moment,
        understood: Understood,
        text: String,
        found: Option<(SearchId, Finding)>,
    ) {
        let Some(hearing) = self.hearing.take() else {
            return;
        };
        let utterance = hearing.utterance;
        if hearing.ended_at().is_none() {
            self.remember_committed(&hearing);
            self.output(Output::Commit { utterance });
        }
        if understood == Understood::Nothing {
            // Noise does not count: a caller who left the receiver beside a radio is silent, too.
            return;
        }
        if let Some(older) = self.overtaken.take() {
            self.set_aside(older);
        }
        self.record_utterance(&hearing);
        self.note_activity(now);
        if understood == Understood::Backchannel {
            self.event(CallEvent::Backchannel { utterance });
            return;
        }
        self.take_floor(&hearing);
        let decision_ms = now.since(hearing.span.1).as_millis() as u64;
        match found {
            Some((search, finding)) => {
                self.asked_in = utterance;
                let before = std::mem::replace(&mut self.last_question, text.clone());
                self.event(CallEvent::Turn {
                    utterance: Some(utterance),
                    search,
                    question: Pii::new(text.clone()),
                    finding: finding.clone(),
                    decision_ms,
                });
                if !self.generates(now, search, &text, &before, &finding) {
                    self.answer(&text, finding);
                }
            }
            None => self.react(now, Some(utterance), understood, &text),
        }
    }

    /// The utterance ends what the bot was saying, if it was said over it.
    fn take_floor(&mut self, hearing: &Hearing) {
        let utterance = hearing.utterance;
        let cut = hearing
            .over
            .filter(|speech| self.speaking.is_interruptible(*speech));
        self.stop_playout();
        if let Some(speech) = cut {
            self.event(CallEvent::BargeIn { utterance, speech });
        }
    }

    /// Writes down what is known of its words and was not yet.
    pub(super) fn record_utterance(&mut self, hearing: &Hearing) {
        let Words::Known(recognition) = &hearing.words else {
            return;
        };
        let mut text = recognition.text.expose().as_str();
        let mut began = hearing.span.0;
        if let Some((before, end)) = &hearing.recorded
            && let Some(rest) = text.strip_prefix(before.as_str())
        {
            text = rest.trim_start_matches(['，', '。', ',', '.', ' ']);
            began = *end;
        }
        if text.is_empty() {
            return;
        }
        self.event(CallEvent::UtteranceRecognised {
            utterance: hearing.utterance,
            text: Pii::new(text.to_owned()),
            confidence: recognition.confidence,
            span_ms: (began.as_millis(), hearing.span.1.as_millis()),
            recognition_ms: recognition.took_ms,
        });
    }

    pub(super) fn engine_failed(&mut self, engine: &str, error: String) {
        self.event(CallEvent::EngineFailed {
            engine: engine.to_owned(),
            error,
        });
    }

    /// An engine failed on words that are complete.
    fn not_understood(&mut self, now: Moment) {
        self.quiet_since = now;
        self.stop_playout();
        match self.policy.failed() {
            Some(reason) => self.escalate(reason, Some("trouble.engine")),
            None => self.say("trouble.say_again"),
        }
    }
}
