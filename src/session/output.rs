//! What a call's machine asks of its driver.

use crate::{
    action::ActionRequest,
    call::CallRecord,
    clock::Moment,
    conversation::{Generation, Listening, Speech},
    entry::Context,
    ids::{OfferId, SearchId, UtteranceId},
    pii::Pii,
    session::input::SnapshotKey,
};

/// What a call's machine asks of its driver, to be carried out in order.
#[derive(Clone, Debug, PartialEq)]
pub enum SessionOutput {
    /// Append to the record of the call.
    Record(Box<CallRecord>),
    /// Answer the INVITE.
    Accept,
    /// Refuse the INVITE.
    Reject {
        /// SIP status code.
        status: u16,
    },
    /// Begin the recording of the caller leg; the caller has been told.
    StartRecording,
    /// Recognise a snapshot of caller speech.
    Recognise(SnapshotKey),
    /// Look a question up in the line's knowledge base.
    Search {
        /// Names the answer.
        search: SearchId,
        /// As it was recognised.
        question: Pii<String>,
        /// The turn before, if it was answered.
        context: Option<Context>,
    },
    /// Have a language model complete the question, or phrase an answer.
    Generate(Generation),
    /// What a language model writes is not wanted any more.
    StopGenerating,
    /// Ask the business's systems.
    Act(ActionRequest),
    /// Say something to the caller, after what was said before.
    Say(Speech),
    /// Go on with what caller speech paused.
    ResumePlayout,
    /// Drop what was said and not heard.
    StopPlayout {
        /// Include what is not interruptible.
        all: bool,
    },
    /// How to listen to the caller.
    Listen(Listening),
    /// The words of the paused utterance are complete.
    Commit {
        /// Which utterance.
        utterance: UtteranceId,
    },
    /// Stop the comfort music and nothing else.
    StopMusic,
    /// Play comfort music to the caller after what was said, until `StopMusic` or a `StopPlayout` of all.
    PlayMusic {
        /// The attempt it bridges.
        offer: OfferId,
    },
    /// Call the agent.
    CallAgent {
        /// Which attempt.
        offer: OfferId,
        /// SIP URI.
        target: String,
    },
    /// Say the brief to the agent.
    Brief {
        /// Which attempt.
        offer: OfferId,
        /// One sentence.
        text: Pii<String>,
    },
    /// Let caller and agent hear each other.
    Bridge {
        /// Which attempt.
        offer: OfferId,
    },
    /// End the attempt to bring an agent in: the agent's leg in whatever state it is, or the wait for a REFER.
    EndAgentLeg {
        /// Which attempt.
        offer: OfferId,
    },
    /// Ask the caller's side to call somebody else (REFER).
    Refer {
        /// Which attempt.
        offer: OfferId,
        /// Refer-To.
        target: String,
    },
    /// End the caller leg.
    HangUp,
    /// Call again at this moment with `TimerFired`. The last one counts; `None` for no timer.
    Timeout(Option<Moment>),
    /// Nothing follows.
    Finished,
}
