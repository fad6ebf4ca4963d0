//! The conversation's machine: inputs in, outputs out, and the timers between them.
//!
//! This file holds the states and hands each input to the room that deals with it: `turn_taking` (the caller's words),
//! `playout` (the bot's), `reactions`, `generated`, `filling`, `acting` and `callback` (what is said in return), `patience` (time).

use std::{collections::VecDeque, sync::Arc, time::Duration};

use jiff::civil::DateTime;

use super::{
    Input, Listening, Output, Prompts,
    acting::Acting,
    callback::{Callback, SetAside},
    floor::{Hearing, Silence, Speaking},
    generated::Generating,
    playout::{RECORDING_NOTICE, Repeatable},
    slots::Form,
    taking_back::Committed,
};
use crate::{
    action::ActionPlans,
    call::{CallEvent, EscalationReason},
    clock::{Moment, beijing_time},
    entry::{Candidate, Context},
    escalation::EscalationPolicy,
    ids::{ActionId, EntryId, SearchId, UtteranceId},
    phone_number::CallerNumber,
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
    /// What the actions of the business take; one without a plan is taken down for the staff.
    pub plans: Arc<ActionPlans>,
}

/// Patience.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Timings {
    /// Silence of the caller before a re-prompt.
    pub silence: Duration,
    /// Silence of the bot after an utterance before it says that it is working.
    pub filler: Duration,
    /// Silence of the bot after an utterance before a human is needed.
    pub give_up: Duration,
    /// How long speech over the bot may pause it without being understood.
    pub pause: Duration,
    /// How long the first sentence of a language model is waited for; none is asked without it.
    #[serde(default)]
    pub generation: Option<Duration>,
}

impl Default for Timings {
    fn default() -> Self {
        Self {
            silence: Duration::from_secs(10),
            filler: Duration::from_millis(1_200),
            give_up: Duration::from_secs(5),
            pause: Duration::from_millis(1_500),
            generation: None,
        }
    }
}

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
    /// An entry asked for details that a person will need; `keys` are those pressed so far.
    Noting { entry: EntryId, keys: String },
    /// What an action needs is asked for.
    Filling(Box<Form>),
    /// The business's systems are asked.
    Acting(Box<Acting>),
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
    /// The local time of the business at the call's origin.
    pub(super) began: DateTime,
    /// The moment of the present input.
    pub(super) now: Moment,
    pub(super) stage: Stage,
    pub(super) policy: EscalationPolicy,
    pub(super) speaking: Speaking,
    pub(super) hearing: Option<Hearing>,
    /// Ended before the present utterance began, its words still being recognised.
    pub(super) overtaken: Option<Hearing>,
    /// Acted on in its pause; the caller may have spoken on in that moment.
    pub(super) committed: Option<Committed>,
    /// Whose words will be recorded when they are known, and not answered.
    pub(super) unanswered: Vec<Hearing>,
    /// Words that trailed off; the next utterance goes on with them.
    pub(super) unfinished: Option<String>,
    pub(super) next_search: SearchId,
    /// What a language model is writing.
    pub(super) generating: Option<Generating>,
    listening: Option<Listening>,
    pub(super) held: bool,
    pub(super) quiet_since: Moment,
    pub(super) patient: bool,
    pub(super) reprompts: u8,
    pub(super) speed: f32,
    pub(super) repeatable: Vec<Repeatable>,
    pub(super) last_question: String,
    /// The last turn, if it was answered: what a follow-up goes on from.
    pub(super) answered: Option<Context>,
    /// Which utterance that was.
    pub(super) asked_in: UtteranceId,
    /// Why a human was asked for last.
    pub(super) escalated: Option<EscalationReason>,
    /// The caller was asked whether there is anything else.
    pub(super) asked_more: bool,
    /// What a question of the caller's has put off.
    pub(super) set_aside: SetAside,
    /// The form that one has put off.
    pub(super) form_aside: Option<Box<Form>>,
    pub(super) next_action: ActionId,
    /// What was collected last: label, whether it is a number, and it.
    pub(super) collected: Vec<(String, bool, String)>,
    /// What the caller was verified with.
    pub(super) verified: Option<Box<Form>>,
    pub(super) timer: Option<Moment>,
    outputs: VecDeque<Output>,
}

impl Conversation {
    /// A conversation that has not begun, with this caller.
    pub fn new(settings: Arc<ConversationSettings>, caller: CallerNumber) -> Self {
        Self {
            settings,
            caller,
            began: beijing_time(0),
            now: Moment::ORIGIN,
            stage: Stage::New,
            policy: EscalationPolicy::default(),
            speaking: Speaking::default(),
            hearing: None,
            overtaken: None,
            committed: None,
            unanswered: Vec::new(),
            unfinished: None,
            next_search: SearchId::default(),
            generating: None,
            listening: None,
            held: false,
            quiet_since: Moment::ORIGIN,
            patient: false,
            reprompts: 0,
            speed: 1.0,
            repeatable: Vec::new(),
            last_question: String::new(),
            answered: None,
            asked_in: UtteranceId::default(),
            escalated: None,
            asked_more: false,
            set_aside: SetAside::Never,
            form_aside: None,
            next_action: ActionId::default(),
            collected: Vec::new(),
            verified: None,
            timer: None,
            outputs: VecDeque::new(),
        }
    }

    /// The same, in a call whose origin was at this local time of the business (明天 is meant from there).
    #[must_use]
    pub fn beginning(self, began: DateTime) -> Self {
        Self { began, ..self }
    }

    /// The next thing that is asked for, until there is none.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// Takes what happened at `now`.
    pub fn handle(&mut self, now: Moment, input: Input) {
        self.now = now;
        // On hold nobody hears: what is said waits.
        self.speaking.pass(now, self.held);
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
            Input::SpeechResumed { utterance } => self.speech_resumed(utterance),
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
            Input::Rewritten {
                search,
                question,
                finding,
            } => self.rewritten(now, search, question, finding),
            Input::Generated { search, sentence } => self.generated(now, search, sentence),
            Input::GenerationEnded { search, outcome } => {
                self.generation_ended(now, search, outcome);
            }
            Input::Acted { id, result } => self.acted(now, id, result),
            Input::Sensed { cause } => self.sensed(cause),
            Input::Digit { digit } => self.digit(now, digit),
            Input::PlayStarted { speech, length } => self.play_started(speech, length),
            Input::PlayEnded {
                speech,
                played,
                length,
                complete,
            } => self.play_ended(now, speech, (played, length), complete),
            Input::SpeechFailed { speech, error } => self.speech_failed(now, speech, error),
            Input::AgentConnected => self.agent_connected(),
            Input::AgentUnavailable { .. } => self.agent_unavailable(now),
            Input::AgentLeft => self.agent_left(now),
            Input::Held => {
                self.held = true;
                self.set_hearing_aside();
            }
            Input::Resumed => {
                self.held = false;
                self.quiet_since = now;
            }
            Input::TimerFired => self.timer_fired(now),
            Input::Ended => {
                self.drop_generation(now);
                return self.cut_off();
            }
        }
        self.follow_generation(now);
        self.follow_pause();
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
        self.say_with("greeting.label", &[("business", &business)], false);
        self.say_with(RECORDING_NOTICE, &[], false);
        self.say("greeting.invite");
    }

    pub(super) fn is_handing_over(&self) -> bool {
        self.stage == Stage::Waiting
    }

    // How to listen follows from the stage, unless the caller trails off.
    fn follow_stage(&mut self) {
        let listening = match &self.stage {
            _ if self.held => Listening::Off,
            Stage::New | Stage::Over => Listening::Off,
            _ if self
                .hearing
                .as_ref()
                .is_some_and(|hearing| hearing.trails_off) =>
            {
                Listening::Unfinished
            }
            // What is said to an agent is for the record; an utterance in progress goes on.
            Stage::Open | Stage::Noting { .. } | Stage::Waiting | Stage::WithAgent => {
                Listening::Question
            }
            Stage::Filling(form) => form.listening(),
            // Who waits may say that they do not.
            Stage::Acting(_) => Listening::Question,
            Stage::Choosing { .. } => Listening::Choice,
            Stage::Callback(callback) => callback.listening(),
        };
        if self.listening != Some(listening) {
            self.listening = Some(listening);
            self.output(Output::Listen(listening));
        }
    }

    pub(super) fn event(&mut self, event: CallEvent) {
        self.outputs.push_back(Output::Event(event));
    }

    pub(super) fn output(&mut self, output: Output) {
        self.outputs.push_back(output);
    }
}
