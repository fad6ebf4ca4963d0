//! The machine of one call: takes what happens, keeps the record, and asks for what is to be done.
//!
//! It composes the conversation with the legs: accepting, bringing in an agent, bridging, ending. No IO, no clock: the
//! inputs of a call, fed to a new machine with their moments, give the same record again.

use std::{
    collections::{BTreeSet, VecDeque},
    time::Duration,
};

use super::{
    handover::Handover,
    input::{OfferedCall, Refusal, SessionInput, SnapshotKey},
    output::SessionOutput,
    overheard::Overheard,
    settings::SessionSettings,
};
use crate::{
    call::{CallEvent, CallRecord, EndCause, Party, disposition},
    clock::{Moment, beijing_time},
    conversation::{self, Conversation},
    ids::{OfferId, SpeechId, UtteranceId},
    mood::TurnMood,
    pii::Pii,
};

/// How long the last sentence may take to be heard before the call is ended all the same.
const FAREWELL_LIMIT: Duration = Duration::from_secs(20);

/// How long the confirmation of the answer may take. The dialog itself gives up after 32 s (RFC 3261 §13.3.1.4), unless the
/// answer could not even be sent.
const ANSWERING_LIMIT: Duration = Duration::from_secs(40);

/// Where a call stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Nothing happened yet.
    New,
    /// The answer was asked for and is not yet confirmed.
    Answering { until: Moment },
    /// The caller hears us.
    Talking,
    /// The last words are being heard, then the caller leg is ended.
    Closing {
        by: Party,
        cause: EndCause,
        until: Moment,
    },
    /// The record is closed.
    Ended,
}

/// The machine of one call.
#[derive(Debug)]
pub struct SessionMachine {
    pub(super) settings: Option<SessionSettings>,
    phase: Phase,
    pub(super) handover: Handover,
    conversation: Option<Conversation>,
    conversation_timer: Option<Moment>,
    announced_timer: Option<Moment>,
    /// Speeches that were asked for and have not ended.
    speaking: BTreeSet<SpeechId>,
    /// Utterances of a bridged caller, whose words are for the record alone.
    pub(super) overheard: Vec<Overheard>,
    /// The first utterance that began while caller and agent talked (the last time), and the last.
    pub(super) overheard_span: Option<(UtteranceId, UtteranceId)>,
    records: Vec<CallRecord>,
    pub(super) outputs: VecDeque<SessionOutput>,
}

impl SessionMachine {
    /// A machine to which nothing has happened. A call of no line has no settings, and is refused.
    pub fn new(settings: Option<SessionSettings>) -> Self {
        Self {
            settings,
            phase: Phase::New,
            handover: Handover::Idle {
                next: OfferId::default(),
            },
            conversation: None,
            conversation_timer: None,
            announced_timer: None,
            speaking: BTreeSet::new(),
            overheard: Vec::new(),
            overheard_span: None,
            records: Vec::new(),
            outputs: VecDeque::new(),
        }
    }

    /// The record so far.
    pub fn records(&self) -> &[CallRecord] {
        &self.records
    }

    /// The next thing to do, in order, until there is none.
    pub fn poll_output(&mut self) -> Option<SessionOutput> {
        self.outputs.pop_front()
    }

    /// Takes what happened at `now`, an offset from the call's origin.
    pub fn handle(&mut self, now: Moment, input: SessionInput) {
        match self.phase {
            Phase::Ended => return,
            Phase::New if !matches!(input, SessionInput::Offered(_)) => return,
            _ => self.dispatch(now, input),
        }
        self.end_when_heard(now);
        self.announce_timer();
    }

    fn dispatch(&mut self, now: Moment, input: SessionInput) {
        match input {
            SessionInput::Offered(call) => self.offered(now, call),
            SessionInput::Refused(refusal) => self.refused(now, &refusal),
            SessionInput::Confirmed { codec } => self.confirmed(now, codec),
            SessionInput::RecordingStarted { file } => self.record(
                now,
                CallEvent::RecordingStarted {
                    file,
                    offset_ms: now.as_millis(),
                },
            ),
            SessionInput::RecordingFailed { error } => self.record(
                now,
                CallEvent::EngineFailed {
                    engine: "recording".to_owned(),
                    error,
                },
            ),
            SessionInput::CallerGone { cause } => {
                let by = match cause {
                    EndCause::Hangup | EndCause::Cancelled | EndCause::Transferred => Party::Caller,
                    _ => Party::System,
                };
                self.finish(now, by, cause);
            }
            SessionInput::CallerHold { held } => self.caller_hold(now, held),
            SessionInput::Conversation(input) => self.conversation_input(now, input),
            SessionInput::MoodTold { utterance, mood } => self.mood_told(now, utterance, mood),
            SessionInput::AgentRinging { .. } => {}
            SessionInput::AgentAnswered { offer } => self.agent_answered(now, offer),
            SessionInput::BriefEnded { offer } => self.brief_ended(now, offer),
            SessionInput::AgentFailed { offer, cause } => self.agent_failed(now, offer, cause),
            SessionInput::AgentGone { offer } => self.agent_gone(now, offer),
            SessionInput::AgentRecognised {
                speech_started,
                speech_ended,
                recognition,
            } => {
                if !recognition.text.expose().is_empty() {
                    let span_ms = (speech_started.as_millis(), speech_ended.as_millis());
                    let text = recognition.text;
                    self.record(now, CallEvent::AgentRecognised { text, span_ms });
                }
            }
            SessionInput::ReferProgress { offer, status } => {
                self.refer_progress(now, offer, status)
            }
            // The conversation waits for the end of every sentence, also of one that never began.
            SessionInput::SpeechDropped { speech } => self.conversation_input(
                now,
                conversation::Input::PlayEnded {
                    speech,
                    played: Duration::ZERO,
                    length: Duration::ZERO,
                    complete: false,
                },
            ),
            SessionInput::TimerFired => self.timer_fired(now),
            SessionInput::Shutdown => self.finish(now, Party::System, EndCause::System),
        }
    }

    fn mood_told(&mut self, now: Moment, utterance: UtteranceId, mood: TurnMood) {
        let upset = mood.escalate.clone();
        self.record(now, CallEvent::Mood { utterance, mood });
        if let Some(cause) = upset {
            self.conversation_input(now, conversation::Input::Sensed { cause });
        }
    }

    fn offered(&mut self, now: Moment, call: OfferedCall) {
        if self.phase != Phase::New {
            return;
        }
        let until = now + ANSWERING_LIMIT;
        self.phase = Phase::Answering { until };
        let (business, line) = match call.line {
            Some((business, line)) => (Some(business), Some(line)),
            None => (None, None),
        };
        if line.is_some() {
            self.conversation = self.settings.as_ref().map(|settings| {
                let caller = call.caller.expose().clone();
                Conversation::new(settings.conversation.clone(), caller)
                    .beginning(beijing_time(call.wall_ms))
            });
        }
        self.record(
            now,
            CallEvent::Offered {
                wall_ms: call.wall_ms,
                dialled: call.dialled,
                line,
                business,
                caller: call.caller,
                source: call.source,
                sip_call_id: call.sip_call_id,
            },
        );
        if self.conversation.is_some() {
            self.outputs.push_back(SessionOutput::Accept);
        } else {
            self.refused(now, &Refusal::UnknownNumber);
        }
    }

    fn refused(&mut self, now: Moment, refusal: &Refusal) {
        let status = refusal.status();
        self.record(
            now,
            CallEvent::Rejected {
                status,
                reason: refusal.reason(),
            },
        );
        self.outputs.push_back(SessionOutput::Reject { status });
        self.finish(now, Party::System, EndCause::Rejected);
    }

    fn confirmed(&mut self, now: Moment, codec: String) {
        if !matches!(self.phase, Phase::Answering { .. }) {
            return;
        }
        self.phase = Phase::Talking;
        self.record(now, CallEvent::Answered { codec });
        self.converse(now, conversation::Input::Started);
    }

    fn caller_hold(&mut self, now: Moment, held: bool) {
        let (event, input) = if held {
            (CallEvent::Held, conversation::Input::Held)
        } else {
            (CallEvent::Resumed, conversation::Input::Resumed)
        };
        self.record(now, event);
        // Also while an agent talks: the conversation has to know how things stand when the agent leaves.
        self.converse(now, input);
    }

    fn conversation_input(&mut self, now: Moment, input: conversation::Input) {
        match &input {
            conversation::Input::SpeechStarted { utterance, over } => self.record(
                now,
                CallEvent::UtteranceStarted {
                    utterance: *utterance,
                    over_bot: over.is_some(),
                },
            ),
            conversation::Input::Digit { digit } => self.record(
                now,
                CallEvent::Digit {
                    digit: Pii::new(*digit),
                },
            ),
            conversation::Input::PlayEnded { speech, .. }
            | conversation::Input::SpeechFailed { speech, .. } => {
                self.speaking.remove(speech);
            }
            _ => {}
        }
        if self.overhears(&input) {
            self.overhear(now, input);
        } else {
            self.converse(now, input);
        }
    }

    /// Feeds the conversation and carries out what it asks.
    pub(super) fn converse(&mut self, now: Moment, input: conversation::Input) {
        let Some(conversation) = &mut self.conversation else {
            return;
        };
        conversation.handle(now, input);
        while let Some(output) = self
            .conversation
            .as_mut()
            .and_then(Conversation::poll_output)
        {
            self.conversation_output(now, output);
        }
    }

    fn conversation_output(&mut self, now: Moment, output: conversation::Output) {
        use conversation::Output;
        let output = match output {
            Output::Recognise {
                utterance,
                revision,
            } => SessionOutput::Recognise(SnapshotKey {
                utterance,
                revision,
            }),
            Output::Generate(wanted) => SessionOutput::Generate(wanted),
            Output::Act(request) => SessionOutput::Act(request),
            Output::StopGenerating => SessionOutput::StopGenerating,
            Output::Search {
                search,
                question,
                context,
            } => SessionOutput::Search {
                search,
                question,
                context,
            },
            Output::Say(speech) => {
                self.speaking.insert(speech.id);
                SessionOutput::Say(speech)
            }
            Output::Record => SessionOutput::StartRecording,
            Output::ResumePlayout => SessionOutput::ResumePlayout,
            Output::StopPlayout { all } => SessionOutput::StopPlayout { all },
            Output::Listen(listening) => SessionOutput::Listen(listening),
            Output::Commit { utterance } => SessionOutput::Commit { utterance },
            Output::Escalate { reason, brief } => return self.escalate(now, &reason, brief),
            Output::Brief { brief } => return self.renew_brief(brief),
            Output::HangUp { by, cause } => {
                if self.phase == Phase::Talking {
                    let until = now + FAREWELL_LIMIT;
                    self.phase = Phase::Closing { by, cause, until };
                }
                return;
            }
            Output::Event(event) => return self.record(now, event),
            Output::Timeout(at) => {
                self.conversation_timer = Some(at);
                return;
            }
        };
        self.outputs.push_back(output);
    }

    fn timer_fired(&mut self, now: Moment) {
        if self.conversation_timer.is_some_and(|at| at <= now) {
            self.conversation_timer = None;
            self.converse(now, conversation::Input::TimerFired);
        }
        if self.handover.deadline().is_some_and(|until| until <= now) {
            self.handover_overdue(now);
        }
        if let Phase::Closing { by, cause, until } = self.phase
            && until <= now
        {
            self.finish(now, by, cause);
        }
        if let Phase::Answering { until } = self.phase
            && until <= now
        {
            self.finish(now, Party::System, EndCause::NotConfirmed);
        }
    }

    fn end_when_heard(&mut self, now: Moment) {
        if let Phase::Closing { by, cause, .. } = self.phase
            && self.speaking.is_empty()
        {
            self.finish(now, by, cause);
        }
    }

    pub(super) fn finish(&mut self, now: Moment, by: Party, cause: EndCause) {
        if self.phase == Phase::Ended {
            return;
        }
        if let Some(offer) = self.handover.offer() {
            self.outputs.push_back(SessionOutput::EndAgentLeg { offer });
        }
        self.converse(now, conversation::Input::Ended);
        let disposition = disposition(&self.records, cause);
        self.record(
            now,
            CallEvent::Ended {
                by,
                cause,
                disposition,
            },
        );
        self.phase = Phase::Ended;
        self.conversation_timer = None;
        self.outputs.push_back(SessionOutput::HangUp);
        self.outputs.push_back(SessionOutput::Finished);
    }

    pub(super) fn record(&mut self, now: Moment, event: CallEvent) {
        let record = CallRecord {
            // A call of a billion events is not a call.
            seq: self.records.len() as u64,
            at: now,
            event,
        };
        self.records.push(record.clone());
        self.outputs
            .push_back(SessionOutput::Record(Box::new(record)));
    }

    fn announce_timer(&mut self) {
        let closing = match self.phase {
            Phase::Answering { until } | Phase::Closing { until, .. } => Some(until),
            Phase::Ended => {
                self.announced_timer = None;
                return;
            }
            _ => None,
        };
        let next = [self.conversation_timer, closing, self.handover.deadline()]
            .into_iter()
            .flatten()
            .min();
        if next != self.announced_timer {
            self.announced_timer = next;
            self.outputs.push_back(SessionOutput::Timeout(next));
        }
    }
}
