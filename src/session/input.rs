//! What happens to a call, as its machine sees it. Inputs are recorded with their moments, so that a call can be replayed.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use crate::{
    call::{AgentUnavailable, EndCause},
    clock::Moment,
    conversation,
    ids::{BusinessId, LineNumber, OfferId, SpeechId, UtteranceId},
    mood::TurnMood,
    phone_number::CallerNumber,
    pii::Pii,
    transcript::Recognition,
};

/// The INVITE and what routing made of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OfferedCall {
    /// Wall-clock time of the call's origin, in milliseconds after the Unix epoch.
    pub wall_ms: i64,
    /// The user part that was dialled.
    pub dialled: String,
    /// The line it belongs to and its business; `None` when nobody owns the number.
    pub line: Option<(BusinessId, LineNumber)>,
    /// Who calls.
    pub caller: Pii<CallerNumber>,
    /// Where the INVITE came from.
    pub source: SocketAddr,
    /// Call-ID header.
    pub sip_call_id: String,
}

/// Why a call is refused before it begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "refusal", rename_all = "snake_case")]
pub enum Refusal {
    /// Nobody owns the dialled number: 404.
    UnknownNumber,
    /// Offer and our codecs have nothing in common, or the offer cannot be read: 488.
    NotAcceptable {
        /// In words.
        problem: String,
    },
    /// Ports or threads are missing, for now: 503.
    NoMedia {
        /// In words.
        problem: String,
    },
    /// The process is stopping: 503.
    Draining,
}

impl Refusal {
    /// SIP status code (RFC 3261 §21).
    pub const fn status(&self) -> u16 {
        match self {
            Self::UnknownNumber => 404,
            Self::Draining | Self::NoMedia { .. } => 503,
            Self::NotAcceptable { .. } => 488,
        }
    }

    /// For the record.
    pub fn reason(&self) -> String {
        match self {
            Self::UnknownNumber => "the dialled number belongs to no line".to_owned(),
            Self::NotAcceptable { problem } => format!("session description: {problem}"),
            Self::NoMedia { problem } => format!("media: {problem}"),
            Self::Draining => "the server is stopping".to_owned(),
        }
    }
}

/// What happens to a call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum SessionInput {
    /// First of all: an INVITE.
    Offered(OfferedCall),
    /// It cannot be taken.
    Refused(Refusal),
    /// The answer was sent and confirmed; media flows both ways.
    Confirmed {
        /// Codec of the caller leg.
        codec: String,
    },
    /// The recording began.
    RecordingStarted {
        /// File name inside the recordings folder.
        file: String,
    },
    /// The recording cannot go on; the call does.
    RecordingFailed {
        /// In words.
        error: String,
    },
    /// The caller leg ended from outside.
    CallerGone {
        /// How: hang-up, cancel, lost media, expired session, unconfirmed answer.
        cause: EndCause,
    },
    /// The caller leg is on hold, or back.
    CallerHold {
        /// On hold.
        held: bool,
    },
    /// The mood of an utterance is known.
    MoodTold {
        /// Which utterance.
        utterance: UtteranceId,
        /// It, and how it is known.
        mood: TurnMood,
    },
    /// Something the conversation understands.
    Conversation(conversation::Input),
    /// The agent's phone rings.
    AgentRinging {
        /// Which attempt.
        offer: OfferId,
    },
    /// The agent answered.
    AgentAnswered {
        /// Which attempt.
        offer: OfferId,
    },
    /// The agent has heard the brief, or it could not be said.
    BriefEnded {
        /// Which attempt.
        offer: OfferId,
    },
    /// The agent cannot be had.
    AgentFailed {
        /// Which attempt.
        offer: OfferId,
        /// Why.
        cause: AgentUnavailable,
    },
    /// The agent hung up.
    AgentGone {
        /// Which attempt.
        offer: OfferId,
    },
    /// An utterance of the agent, bridged to the caller, was recognised.
    AgentRecognised {
        /// First speech.
        speech_started: Moment,
        /// Last speech.
        speech_ended: Moment,
        /// The words.
        recognition: Recognition,
    },
    /// A REFER is accepted, goes on, succeeded or failed.
    ReferProgress {
        /// Which attempt.
        offer: OfferId,
        /// SIP status code of the transfer.
        status: u16,
    },
    /// A speech was dropped before it reached the playout queue.
    SpeechDropped {
        /// Which speech.
        speech: SpeechId,
    },
    /// The moment that was asked for has come.
    TimerFired,
    /// The process is stopping and waits no longer.
    Shutdown,
}

/// An utterance whose audio the driver keeps until nobody can ask for it any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SnapshotKey {
    /// Which utterance.
    pub utterance: UtteranceId,
    /// Which snapshot of it.
    pub revision: u32,
}
