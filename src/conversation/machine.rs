//! The conversation's machine: inputs in, outputs out, and the timers between them.
//!
//! This file holds the floor: who speaks, when an utterance is complete, how long silence may last. What is said in return
//! stands in `reactions` and `callback`.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use super::{
    Input, Listening, Output, Prompts, Speech,
    callback::Callback,
    floor::{Hearing, Meaning, Silence, Speaking, Words, heard},
};
use crate::{
    call::{CallEvent, EndCause, Party, SpeechSource},
    clock::Moment,
    entry::{Candidate, Finding},
    escalation::EscalationPolicy,
    ids::{EntryId, SearchId, SpeechId, UtteranceId},
    phone_number::CallerNumber,
    pii::Pii,
    transcript::Recognition,
};

/// What a conversation must know beside its inputs.
#[derive(Clone, Debug)]
pub struct ConversationSettings {
    /// Sentences and words.
    pub prompts: Arc<Prompts>,
    /// Name of the business, as the greeting says it.
    pub business: String,
    /// Patience.
    pub timings: Timings,
}

/// Patience.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timings {
    /// Silence of the caller before a re-prompt.
    pub silence: Duration,
    /// Silence of the bot after an utterance before it says that it is working.
    pub filler: Duration,
    /// Silence of the bot after an utterance before a human is needed.
    pub give_up: Duration,
    /// How long speech over the bot may pause it without being understood.
    pub pause: Duration,
}

impl Default for Timings {
    fn default() -> Self {
        Self {
            silence: Duration::from_secs(10),
            filler: Duration::from_millis(1_200),
            give_up: Duration::from_secs(5),
            pause: Duration::from_millis(1_500),
        }
    }
}

/// Longer than any utterance that media lets through; one that never ends is forgotten.
const LONGEST_UTTERANCE: Duration = Duration::from_secs(30);

/// 等一下 makes silence last so many times longer.
const PATIENCE: u32 = 3;

/// Re-prompts on silence before the polite end.
const REPROMPTS: u8 = 2;

/// What the conversation is about at the moment.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Stage {
    /// The caller does not hear us yet.
    New,
    /// Any question is welcome.
    Open,
    /// One of a few entries is to be chosen.
    Choosing {
        offered: Vec<Candidate>,
        again: bool,
    },
    /// An entry asked for details that a person will need.
    Noting { entry: EntryId },
    /// Whether and where to call back.
    Callback(Callback),
    /// A human is being brought in.
    Waiting,
    /// A human talks.
    WithAgent,
    /// Nothing follows but the last words.
    Over,
}

/// The machine of one conversation.
#[derive(Debug)]
pub struct Conversation {
    pub(super) settings: Arc<ConversationSettings>,
    pub(super) caller: CallerNumber,
    pub(super) stage: Stage,
    pub(super) policy: EscalationPolicy,
    pub(super) speaking: Speaking,
    hearing: Option<Hearing>,
    /// Ended before the present utterance began, its words still being recognised.
    overtaken: Option<Hearing>,
    next_search: SearchId,
    listening: Option<Listening>,
    held: bool,
    quiet_since: Moment,
    pub(super) patient: bool,
    reprompts: u8,
    pub(super) speed: f32,
    /// What 再说一遍 repeats.
    pub(super) last_answer: Option<(String, SpeechSource)>,
    pub(super) last_question: String,
    /// The caller was asked whether there is anything else.
    pub(super) asked_more: bool,
    timer: Option<Moment>,
    outputs: VecDeque<Output>,
}

impl Conversation {
    /// A conversation that has not begun, with this caller.
    pub fn new(settings: Arc<ConversationSettings>, caller: CallerNumber) -> Self {
        Self {
            settings,
            caller,
            stage: Stage::New,
            policy: EscalationPolicy::default(),
            speaking: Speaking::default(),
            hearing: None,
            overtaken: None,
            next_search: SearchId::default(),
            listening: None,
            held: false,
            quiet_since: Moment::ORIGIN,
            patient: false,
            reprompts: 0,
            speed: 1.0,
            last_answer: None,
            last_question: String::new(),
            asked_more: false,
            timer: None,
            outputs: VecDeque::new(),
        }
    }

    /// The next thing that is asked for, until there is none.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// Takes what happened at `now`.
    pub fn handle(&mut self, now: Moment, input: Input) {
        match input {
            Input::Started => self.start(now),
            Input::SpeechStarted { utterance, over } => self.speech_started(now, utterance, over),
            Input::SpeechPaused {
                utterance,
                revision,
                speech_started,
                speech_ended,
            } => self.snapshot(
                now,
                utterance,
                revision,
                (speech_started, speech_ended),
                Silence::Paused,
            ),
            Input::SpeechResumed { utterance } => {
                if let Some(hearing) = self.heard_as(utterance) {
                    hearing.silence = Silence::Speaking;
                }
            }
            Input::SpeechEnded {
                utterance,
                revision,
                speech_started,
                speech_ended,
            } => {
                let ended = Silence::Ended { at: now };
                self.snapshot(
                    now,
                    utterance,
                    revision,
                    (speech_started, speech_ended),
                    ended,
                );
            }
            Input::Recognised {
                utterance,
                revision,
                recognition,
            } => self.recognised(now, utterance, revision, recognition),
            Input::RecognitionFailed {
                utterance,
                revision,
                error,
            } => self.recognition_failed(now, utterance, revision, error),
            Input::Found { search, finding } => self.found(now, search, finding),
            Input::SearchFailed { search, error } => self.search_failed(now, search, error),
            Input::Digit { digit } => self.digit(now, digit),
            Input::PlayStarted { speech } => self.play_started(speech),
            Input::PlayEnded {
                speech,
                played,
                length,
                complete,
            } => self.play_ended(now, speech, (played, length), complete),
            Input::SpeechFailed { speech, error } => self.speech_failed(now, speech, error),
            Input::AgentConnected => {
                self.hearing = None;
                self.stage = Stage::WithAgent;
            }
            Input::AgentUnavailable { .. } => self.agent_unavailable(now),
            Input::AgentLeft => self.agent_left(now),
            Input::Held => {
                self.held = true;
                self.hearing = None;
                self.listen(Listening::Off);
            }
            Input::Resumed => {
                self.held = false;
                self.quiet_since = now;
            }
            Input::TimerFired => self.timer_fired(now),
        }
        self.follow_stage();
        self.set_timer();
    }

    fn start(&mut self, now: Moment) {
        if self.stage != Stage::New {
            return;
        }
        self.stage = Stage::Open;
        self.quiet_since = now;
        let business = self.settings.business.clone();
        self.say_with("greeting.notice", &[("business", &business)], false);
        self.say("greeting.invite");
    }

    // Listening to the caller.

    fn speech_started(&mut self, now: Moment, utterance: UtteranceId, over: Option<SpeechId>) {
        if let Some(before) = self.hearing.take()
            && !matches!(before.words, Words::Unasked)
        {
            self.overtaken = Some(before);
        }
        let mut hearing = Hearing::new(utterance, over, now);
        // Its words may be known and only its meaning missing: they belong to what follows.
        if let Some(before) = &self.overtaken
            && let Some(text) = before.text()
        {
            hearing.carried = text;
            self.overtaken = None;
        }
        self.hearing = Some(hearing);
        self.patient = false;
    }

    fn heard_as(&mut self, utterance: UtteranceId) -> Option<&mut Hearing> {
        self.hearing
            .as_mut()
            .filter(|hearing| hearing.utterance == utterance)
    }

    fn snapshot(
        &mut self,
        now: Moment,
        utterance: UtteranceId,
        revision: u32,
        span: (Moment, Moment),
        silence: Silence,
    ) {
        let Some(hearing) = self.heard_as(utterance) else {
            return;
        };
        hearing.snapshot(revision, span);
        hearing.silence = silence;
        if hearing.words == Words::Unasked {
            hearing.words = Words::Asked;
            self.outputs.push_back(Output::Recognise {
                utterance,
                revision,
            });
        }
        self.judge(now);
    }

    fn recognised(
        &mut self,
        now: Moment,
        utterance: UtteranceId,
        revision: u32,
        words: Recognition,
    ) {
        if let Some(before) = self
            .overtaken
            .take_if(|before| before.utterance == utterance)
        {
            return self.recognised_late(before, revision, words);
        }
        let Some(hearing) = self.heard_as(utterance) else {
            return;
        };
        if hearing.revision != revision || hearing.words != Words::Asked {
            return;
        }
        hearing.words = Words::Known(words);
        self.judge(now);
    }

    /// The caller spoke on while these words were recognised: they are the beginning of what follows.
    fn recognised_late(&mut self, mut before: Hearing, revision: u32, words: Recognition) {
        if before.revision != revision {
            return;
        }
        let text = words.text.expose().clone();
        if text.is_empty() {
            return;
        }
        before.words = Words::Known(words);
        self.record_utterance(&before);
        if let Some(hearing) = &mut self.hearing {
            hearing.carried = text;
        }
    }

    fn recognition_failed(
        &mut self,
        now: Moment,
        utterance: UtteranceId,
        revision: u32,
        error: String,
    ) {
        let Some(hearing) = self.heard_as(utterance) else {
            return;
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

    fn found(&mut self, now: Moment, search: SearchId, finding: Finding) {
        let Some(hearing) = &mut self.hearing else {
            return;
        };
        if hearing.meaning == Meaning::Asked(search) {
            hearing.meaning = Meaning::Known(search, Box::new(finding));
            self.judge(now);
        }
    }

    fn search_failed(&mut self, now: Moment, search: SearchId, error: String) {
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
            self.hearing = None;
            self.not_understood(now);
        }
    }

    /// Acts on the utterance as soon as enough is known: at its end, or in a pause when it is complete.
    fn judge(&mut self, now: Moment) {
        use super::reactions::Understood;
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
                self.outputs.push_back(Output::Search {
                    search,
                    question: Pii::new(question),
                });
            }
            (Understood::Question, Meaning::Asked(_)) => {}
            (Understood::Question, Meaning::Known(search, finding)) => {
                let confident = matches!(finding.verdict, crate::entry::Verdict::Answer { .. });
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
        if !ended && !complete && self.hearing.is_some() {
            self.listen(Listening::Unfinished);
        }
    }

    fn act(
        &mut self,
        now: Moment,
        understood: super::reactions::Understood,
        text: String,
        found: Option<(SearchId, Finding)>,
    ) {
        use super::reactions::Understood;
        let Some(hearing) = self.hearing.take() else {
            return;
        };
        let utterance = hearing.utterance;
        if hearing.ended_at().is_none() {
            self.outputs.push_back(Output::Commit { utterance });
        }
        self.quiet_since = now;
        if understood == Understood::Nothing {
            return self.give_floor_back(&hearing);
        }
        self.record_utterance(&hearing);
        self.reprompts = 0;
        if understood == Understood::Backchannel {
            self.event(CallEvent::Backchannel { utterance });
            return self.give_floor_back(&hearing);
        }
        if self.speaking.any_interruptible() {
            self.outputs.push_back(Output::StopPlayout { all: false });
            if let Some(speech) = hearing.over
                && self.speaking.is_interruptible(speech)
            {
                self.event(CallEvent::BargeIn { utterance, speech });
            }
        }
        let decision_ms = now.since(hearing.span.1).as_millis() as u64;
        match found {
            Some((search, finding)) => {
                self.last_question.clone_from(&text);
                self.event(CallEvent::Turn {
                    utterance: Some(utterance),
                    search,
                    question: Pii::new(text.clone()),
                    finding: finding.clone(),
                    decision_ms,
                });
                self.answer(now, &text, finding);
            }
            None => self.react(now, Some(utterance), understood, &text),
        }
    }

    fn give_floor_back(&mut self, hearing: &Hearing) {
        if hearing.over.is_some() && !hearing.resumed {
            self.outputs.push_back(Output::ResumePlayout);
        }
    }

    fn record_utterance(&mut self, hearing: &Hearing) {
        let Words::Known(recognition) = &hearing.words else {
            return;
        };
        self.event(CallEvent::UtteranceRecognised {
            utterance: hearing.utterance,
            text: recognition.text.clone(),
            confidence: recognition.confidence,
            span_ms: (hearing.span.0.as_millis(), hearing.span.1.as_millis()),
            recognition_ms: recognition.took_ms,
        });
    }

    // Speaking to the caller.

    /// Says a sentence without placeholders, which the caller may interrupt.
    pub(super) fn say(&mut self, key: &str) {
        self.say_with(key, &[], true);
    }

    /// Says a sentence of the prompt file.
    pub(super) fn say_with(&mut self, key: &str, values: &[(&str, &str)], interruptible: bool) {
        let sentence = self.settings.prompts.sentence(key, values);
        let source = SpeechSource::Prompt {
            key: key.to_owned(),
        };
        self.say_text(sentence.text, source, interruptible, sentence.speed);
    }

    /// Says a text.
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
        self.outputs.push_back(Output::Say(speech));
    }

    fn play_started(&mut self, id: SpeechId) {
        let Some(said) = self.speaking.get_mut(id) else {
            return;
        };
        said.audible = true;
        let event = CallEvent::SpeechStarted {
            speech: id,
            text: said.speech.text.clone(),
            source: said.speech.source.clone(),
        };
        self.event(event);
    }

    fn play_ended(
        &mut self,
        now: Moment,
        id: SpeechId,
        time: (Duration, Duration),
        complete: bool,
    ) {
        let Some(said) = self.speaking.remove(id) else {
            return;
        };
        if said.audible {
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
        if self.speaking.is_quiet() {
            self.quiet_since = now;
        }
    }

    fn speech_failed(&mut self, now: Moment, id: SpeechId, error: String) {
        if self.speaking.remove(id).is_none() {
            return;
        }
        self.engine_failed("synthesis", error);
        self.quiet_since = now;
        // An agent needs no synthesis; a caller who hears nothing does.
        if let Some(reason) = self.policy.failed() {
            self.escalate(reason, None);
        }
    }

    fn engine_failed(&mut self, engine: &str, error: String) {
        self.event(CallEvent::EngineFailed {
            engine: engine.to_owned(),
            error,
        });
    }

    fn not_understood(&mut self, now: Moment) {
        self.quiet_since = now;
        match self.policy.failed() {
            Some(reason) => self.escalate(reason, Some("trouble.engine")),
            None => self.say("trouble.say_again"),
        }
    }

    pub(super) fn event(&mut self, event: CallEvent) {
        self.outputs.push_back(Output::Event(event));
    }

    pub(super) fn output(&mut self, output: Output) {
        self.outputs.push_back(output);
    }

    // Time.

    /// The caller did something: silence counts from here.
    pub(super) fn note_activity(&mut self, now: Moment) {
        self.quiet_since = now;
        self.reprompts = 0;
    }

    fn is_waiting_for_caller(&self) -> bool {
        let waits = matches!(
            self.stage,
            Stage::Open | Stage::Choosing { .. } | Stage::Noting { .. } | Stage::Callback(_)
        );
        waits && !self.held && self.hearing.is_none() && self.speaking.is_quiet()
    }

    fn deadline(&self) -> Option<Moment> {
        let timings = &self.settings.timings;
        if self.held || matches!(self.stage, Stage::New | Stage::WithAgent | Stage::Over) {
            return None;
        }
        if let Some(hearing) = &self.hearing {
            let Some(ended) = hearing.ended_at() else {
                return Some(hearing.since + LONGEST_UTTERANCE);
            };
            let resume =
                (hearing.over.is_some() && !hearing.resumed).then_some(ended + timings.pause);
            let filler =
                (!hearing.filler_said && !self.is_handing_over()).then_some(ended + timings.filler);
            return [resume, filler, Some(ended + timings.give_up)]
                .into_iter()
                .flatten()
                .min();
        }
        let patience = if self.patient { PATIENCE } else { 1 };
        self.is_waiting_for_caller()
            .then(|| self.quiet_since + timings.silence * patience)
    }

    pub(super) fn is_handing_over(&self) -> bool {
        matches!(self.stage, Stage::Waiting)
    }

    fn set_timer(&mut self) {
        let deadline = self.deadline();
        if deadline != self.timer {
            self.timer = deadline;
            if let Some(at) = deadline {
                self.outputs.push_back(Output::Timeout(at));
            }
        }
    }

    fn timer_fired(&mut self, now: Moment) {
        if self.deadline().is_none_or(|deadline| now < deadline) {
            return;
        }
        self.timer = None;
        if self.hearing.is_some() {
            self.utterance_overdue(now);
        } else {
            self.caller_silent(now);
        }
    }

    fn utterance_overdue(&mut self, now: Moment) {
        let timings = self.settings.timings;
        let handing_over = self.is_handing_over();
        let Some(hearing) = &mut self.hearing else {
            return;
        };
        let Some(ended) = hearing.ended_at() else {
            self.hearing = None;
            self.quiet_since = now;
            return;
        };
        if now >= ended + timings.give_up {
            self.hearing = None;
            self.quiet_since = now;
            if !handing_over {
                self.engine_failed("recognition", "no result in time".to_owned());
                self.escalate(
                    crate::call::EscalationReason::EngineFailure,
                    Some("trouble.engine"),
                );
            }
            return;
        }
        if hearing.over.is_some() && !hearing.resumed && now >= ended + timings.pause {
            hearing.resumed = true;
            self.outputs.push_back(Output::ResumePlayout);
        }
        if let Some(hearing) = &mut self.hearing
            && !hearing.filler_said
            && now >= ended + timings.filler
        {
            hearing.filler_said = true;
            // Nobody needs to be told to wait while a sentence goes on.
            if self.speaking.is_quiet() {
                self.say("trouble.filler");
            }
        }
    }

    fn caller_silent(&mut self, now: Moment) {
        self.quiet_since = now;
        self.patient = false;
        self.reprompts += 1;
        if self.reprompts > REPROMPTS {
            self.say_with("silence.goodbye", &[], false);
            self.hang_up(Party::Bot, EndCause::Silence);
            return;
        }
        self.event(CallEvent::SilenceReprompt {
            count: self.reprompts,
        });
        let key = match (self.reprompts, self.last_answer.is_some()) {
            (1, true) => "silence.after_answer",
            (1, false) => "silence.first",
            _ => "silence.second",
        };
        self.asked_more = key == "silence.after_answer";
        self.say(key);
    }

    pub(super) fn hang_up(&mut self, by: Party, cause: EndCause) {
        self.stage = Stage::Over;
        self.outputs.push_back(Output::HangUp { by, cause });
    }

    // How to listen follows from the stage, unless the caller trails off.
    fn follow_stage(&mut self) {
        let trailing = self.listening == Some(Listening::Unfinished) && self.hearing.is_some();
        if self.held || trailing {
            return;
        }
        self.listen(match &self.stage {
            Stage::New | Stage::WithAgent | Stage::Over => Listening::Off,
            Stage::Open | Stage::Noting { .. } | Stage::Waiting => Listening::Question,
            Stage::Choosing { .. } => Listening::Choice,
            Stage::Callback(callback) => callback.listening(),
        });
    }

    pub(super) fn listen(&mut self, listening: Listening) {
        if self.listening != Some(listening) {
            self.listening = Some(listening);
            self.outputs.push_back(Output::Listen(listening));
        }
    }
}
