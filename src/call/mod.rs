//! What happens in a call, as events, and how a call ends.
//!
//! Events are the record: transcript, CDR, console and analytics are views on them. They are appended as they happen and
//! never changed. This module does not store them (see `storage`) and does not decide anything (see `session`).

mod cdr;
mod generation;
pub mod lessons;
mod masked;

use std::{collections::BTreeMap, fmt, net::SocketAddr, time::Duration};

use serde::{Deserialize, Serialize};

use crate::{
    action::{ActionFailure, Outcome},
    clock::Moment,
    entry::{Action, Candidate, Finding},
    ids::{ActionId, BusinessId, LineNumber, OfferId, SearchId, SpeechId, UtteranceId},
    mood::TurnMood,
    phone_number::CallerNumber,
    pii::Pii,
};

pub use cdr::{Cdr, disposition};
pub use generation::{GeneratedSentence, GenerationOutcome};
pub use masked::masked;

/// Digits that follow each other so closely, said or keyed in, are one number.
pub const BETWEEN_DIGITS: Duration = Duration::from_secs(4);

/// A key of the telephone keypad.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Digit(char);

impl Digit {
    /// What stands for a key that is not shown.
    pub(crate) const HIDDEN: Self = Self('*');

    /// A key, if `symbol` is one of `0-9 * # A-D` (ITU-T Q.23).
    pub fn new(symbol: char) -> Option<Self> {
        matches!(symbol, '0'..='9' | '*' | '#' | 'A'..='D').then_some(Self(symbol))
    }

    /// The key whose telephone-event code is `code` (RFC 4733 §3.2, table 3).
    pub fn from_event_code(code: u8) -> Option<Self> {
        "0123456789*#ABCD".chars().nth(usize::from(code)).map(Self)
    }

    /// Its telephone-event code.
    pub fn event_code(self) -> u8 {
        match self.0 {
            '0'..='9' => self.0 as u8 - b'0',
            '*' => 10,
            '#' => 11,
            _ => self.0 as u8 - b'A' + 12,
        }
    }

    /// The symbol on the key.
    pub const fn symbol(self) -> char {
        self.0
    }
}

impl fmt::Display for Digit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// Who took a decision that ended something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Party {
    /// The person who called.
    Caller,
    /// Yingda's talking part.
    Bot,
    /// The human who was brought in.
    Agent,
    /// The machinery: a failure, a limit, a restart.
    System,
}

/// Why a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndCause {
    /// Somebody hung up.
    Hangup,
    /// The caller gave up before the call was answered (CANCEL).
    Cancelled,
    /// The caller stayed silent through every re-prompt.
    Silence,
    /// The call was handed to another system (REFER succeeded).
    Transferred,
    /// No media packets arrived for too long.
    MediaLost,
    /// The session timer ran out (RFC 4028 §10).
    SessionExpired,
    /// The call was not accepted; the event that rejected it says why.
    Rejected,
    /// The caller never confirmed the answer (no ACK, RFC 3261 §13.3.1.4).
    NotConfirmed,
    /// The process stopped, in an orderly way or not.
    System,
}

/// How a call ended for the business.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Disposition {
    /// The bot dealt with it alone.
    Contained,
    /// An agent talked to the caller.
    HandedOver,
    /// A human was needed and none could be had; the caller is to be called back.
    CallbackRequested,
    /// A human was needed and none could be had; the caller left.
    HandoverFailed,
    /// The caller left before getting an answer.
    Abandoned,
    /// The call never began.
    Refused,
}

/// Why a human is needed.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum EscalationReason {
    /// The caller asked for a human, in words.
    Requested,
    /// The caller pressed key 0.
    KeyZero,
    /// The bot had no answer twice.
    RepeatedAbstention,
    /// A phrase that must reach a human (regulator, court, press, safety, fraud).
    MustEscalate {
        /// The words that were recognised as such.
        phrase: String,
    },
    /// The entry that answers says so (`escalate:x`, `transfer:x`).
    EntryAction {
        /// What the entry names after the colon.
        object: String,
    },
    /// Recognition or search did not work.
    EngineFailure,
    /// What an action needs could not be had from the caller in two tries.
    SlotFailed {
        /// The business's name for it.
        slot: String,
    },
    /// The business's systems want a human for it, or found nothing twice.
    ActionFailed {
        /// What was to be done (`lookup:order`).
        action: Action,
    },
    /// The caller's words or voice tell that a human is needed: anger, danger, a second complaint.
    Sensed {
        /// What tells it, in words.
        cause: String,
    },
}

/// Why an agent could not be brought in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AgentUnavailable {
    /// Declined the call (603, 480 and the like).
    Declined,
    /// On another call (486, 600).
    Busy,
    /// Did not answer in time.
    NoAnswer,
    /// No response at all, or no route.
    Unreachable,
    /// The configuration names no agent for this line.
    NotConfigured,
    /// The transfer to another system failed (REFER, NOTIFY with an error).
    TransferFailed,
}

/// What a sentence of the bot is there for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "source", rename_all = "snake_case")]
pub enum SpeechSource {
    /// A sentence of `prompts/`, by its key.
    Prompt {
        /// The key in the prompt file (`greeting.ai_label`).
        key: String,
    },
    /// The answer of an entry.
    Entry {
        /// The entry's identifier.
        entry: crate::ids::EntryId,
    },
    /// A sentence of a language model, supported by an entry.
    Generated {
        /// The entry's identifier.
        entry: crate::ids::EntryId,
    },
    /// What the business's systems replied, in the words of a template.
    Acted {
        /// What was done (`lookup:order`).
        action: Action,
    },
}

/// Something that happened in a call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum CallEvent {
    /// An INVITE arrived.
    Offered {
        /// Wall-clock time in milliseconds after the Unix epoch: the origin of the call's offsets.
        wall_ms: i64,
        /// The user part that was dialled, whether or not it is known.
        dialled: String,
        /// The line it belongs to, if any.
        line: Option<LineNumber>,
        /// The business that owns the line.
        business: Option<BusinessId>,
        /// Who calls.
        caller: Pii<CallerNumber>,
        /// Where the INVITE came from.
        source: SocketAddr,
        /// Call-ID header.
        sip_call_id: String,
    },
    /// The call was refused.
    Rejected {
        /// SIP status code.
        status: u16,
        /// In words.
        reason: String,
    },
    /// The answer was confirmed (ACK).
    Answered {
        /// The codec of the caller leg (`PCMA`).
        codec: String,
    },
    /// A recording began.
    RecordingStarted {
        /// File name inside the recordings folder.
        file: String,
        /// Sample 0 of the recording, as an offset into the call in milliseconds.
        offset_ms: u64,
    },
    /// The bot began to say something.
    SpeechStarted {
        /// Which speech.
        speech: SpeechId,
        /// Its words.
        text: String,
        /// Where the words come from.
        #[serde(flatten)]
        source: SpeechSource,
    },
    /// The bot stopped saying something, at its end or before.
    SpeechEnded {
        /// Which speech.
        speech: SpeechId,
        /// What the caller can have heard of it.
        heard: String,
        /// How much was played, in milliseconds.
        played_ms: u64,
        /// Whether it was played to its end.
        complete: bool,
    },
    /// The caller began to speak.
    UtteranceStarted {
        /// Which utterance.
        utterance: UtteranceId,
        /// Whether the bot was speaking.
        over_bot: bool,
    },
    /// Recognition of an utterance is final.
    UtteranceRecognised {
        /// Which utterance.
        utterance: UtteranceId,
        /// What was understood; empty when it was no speech.
        text: Pii<String>,
        /// 0 to 1.
        confidence: f32,
        /// First and last speech as offsets into the call, in milliseconds.
        span_ms: (u64, u64),
        /// How long recognition took, in milliseconds.
        recognition_ms: u64,
    },
    /// The mood of an utterance.
    Mood {
        /// Which utterance.
        utterance: UtteranceId,
        /// It, and how it is known.
        #[serde(flatten)]
        mood: TurnMood,
    },
    /// Speech over the bot did not take the floor.
    Backchannel {
        /// Which utterance.
        utterance: UtteranceId,
    },
    /// Speech over the bot took the floor.
    BargeIn {
        /// Which utterance.
        utterance: UtteranceId,
        /// Which speech it ended.
        speech: SpeechId,
    },
    /// A key was pressed.
    Digit {
        /// The key.
        digit: Pii<Digit>,
    },
    /// Retrieval gave a verdict on a question and the bot acts on it.
    Turn {
        /// The utterance or keys that asked.
        utterance: Option<UtteranceId>,
        /// Which search.
        search: SearchId,
        /// What was asked.
        question: Pii<String>,
        /// What was found.
        finding: Finding,
        /// From the last word to the decision, in milliseconds.
        decision_ms: u64,
    },
    /// A language model was asked to phrase an answer, and that is over.
    Generated {
        /// The search whose entries it was given.
        search: SearchId,
        /// What came of it.
        outcome: GenerationOutcome,
        /// What was said of it; empty when the bot went on as without a model.
        sentences: Vec<GeneratedSentence>,
        /// From asking to the first of them, in milliseconds.
        first_ms: Option<u64>,
        /// From asking to its end, in milliseconds.
        total_ms: u64,
    },
    /// A language model completed a follow-up question, which an entry answers.
    Rewritten {
        /// The search that did not answer it as it was asked.
        search: SearchId,
        /// The completed question.
        question: Pii<String>,
        /// What was found for it.
        finding: Finding,
        /// From asking the model to what was found, in milliseconds.
        total_ms: u64,
    },
    /// The caller chose one of the offered entries.
    Chosen {
        /// The entry that was chosen.
        candidate: Candidate,
    },
    /// The bot understood something other than a question (`repeat`, `goodbye`).
    Understood {
        /// The utterance, if it was spoken.
        utterance: Option<UtteranceId>,
        /// Name of the intent.
        intent: String,
    },
    /// Nothing was heard for too long.
    SilenceReprompt {
        /// 1 for the first.
        count: u8,
    },
    /// A human is needed.
    Escalated {
        /// Why.
        #[serde(flatten)]
        reason: EscalationReason,
    },
    /// An agent is being called.
    AgentOffered {
        /// Which attempt.
        offer: OfferId,
        /// The agent's SIP URI.
        agent: String,
    },
    /// An agent answered and hears the brief.
    AgentAnswered {
        /// Which attempt.
        offer: OfferId,
        /// The sentence the agent hears.
        brief: Pii<String>,
    },
    /// Caller and agent hear each other.
    Bridged {
        /// Which attempt.
        offer: OfferId,
    },
    /// No agent could be brought in.
    AgentUnavailable {
        /// Which attempt.
        offer: OfferId,
        /// Why not.
        cause: AgentUnavailable,
    },
    /// The agent left and the caller is still there.
    AgentLeft {
        /// Which attempt.
        offer: OfferId,
    },
    /// An utterance of the agent was recognised.
    AgentRecognised {
        /// What was understood.
        text: Pii<String>,
        /// First and last speech as offsets into the call, in milliseconds.
        span_ms: (u64, u64),
    },
    /// The call is being handed to another system by REFER.
    Referred {
        /// Which attempt.
        offer: OfferId,
        /// Refer-To.
        target: String,
    },
    /// What the caller said to an entry that needs a person's work was written down for the staff.
    Noted {
        /// The entry whose action waits for it.
        entry: crate::ids::EntryId,
        /// The caller's words.
        text: Pii<String>,
    },
    /// Something was asked of the caller that an action needs.
    SlotAsked {
        /// The action that needs it.
        action: Action,
        /// The business's name for it.
        slot: String,
    },
    /// A try to have it was in vain.
    SlotMissed {
        /// The business's name for it.
        slot: String,
        /// What was wrong (`length`, `check_digit`, `silent`).
        fault: String,
    },
    /// It is known.
    SlotFilled {
        /// The business's name for it.
        slot: String,
        /// As the business's systems are told.
        value: Pii<String>,
    },
    /// The business's systems are asked.
    ActionRequested {
        /// Which request.
        id: ActionId,
        /// What is wanted.
        action: Action,
        /// What was collected for it.
        slots: Vec<(String, Pii<String>)>,
    },
    /// They replied.
    ActionReplied {
        /// Which request.
        id: ActionId,
        /// How it went.
        outcome: Outcome,
        /// What they told.
        fields: BTreeMap<String, Pii<String>>,
        /// The template of which no sentence could be made, for a field that is missing.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        unfilled: Option<String>,
        /// From asking to the reply, in milliseconds.
        took_ms: u64,
    },
    /// They did not, or nothing of use.
    ActionFailed {
        /// Which request.
        id: ActionId,
        /// Why.
        failure: ActionFailure,
        /// From asking to giving up, in milliseconds.
        took_ms: u64,
    },
    /// The caller wants to be called back.
    CallbackRequested {
        /// Under which number.
        number: Pii<String>,
    },
    /// The caller put the call on hold.
    Held,
    /// The caller came back from hold.
    Resumed,
    /// An engine failed; the caller heard a fallback sentence.
    EngineFailed {
        /// `recognition`, `search` or `synthesis`.
        engine: String,
        /// In words.
        error: String,
    },
    /// The call is over. Nothing follows.
    Ended {
        /// Who ended it.
        by: Party,
        /// Why.
        cause: EndCause,
        /// How it ended for the business.
        disposition: Disposition,
    },
}

/// An event with its place in the call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CallRecord {
    /// 0 for the first event of the call, without gaps.
    pub seq: u64,
    /// Offset from the call's first event.
    pub at: Moment,
    /// What happened.
    #[serde(flatten)]
    pub event: CallEvent,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_event_codes_agree() {
        for (code, symbol) in "0123456789*#ABCD".chars().enumerate() {
            let digit = Digit::new(symbol).expect("a key");
            assert_eq!(digit.event_code(), code as u8);
            assert_eq!(Digit::from_event_code(code as u8), Some(digit));
        }
        assert_eq!(Digit::new('E'), None);
        assert_eq!(Digit::from_event_code(16), None);
    }
}
