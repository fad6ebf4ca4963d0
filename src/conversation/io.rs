//! What a conversation is told and what it asks for.

use std::time::Duration;

use crate::{
    action::{ActionFailure, ActionReply, ActionRequest},
    call::{
        AgentUnavailable, CallEvent, Digit, EndCause, EscalationReason, GeneratedSentence,
        GenerationOutcome, Party,
    },
    clock::Moment,
    entry::{Candidate, Context, Finding},
    ids::{ActionId, SearchId, SpeechId, UtteranceId},
    pii::Pii,
    transcript::Recognition,
};

/// What happens to a conversation.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "input", rename_all = "snake_case")]
pub enum Input {
    /// The caller hears us: the greeting begins.
    Started,
    /// The caller began to speak. Playout that may be interrupted has paused itself.
    SpeechStarted {
        /// Which utterance.
        utterance: UtteranceId,
        /// What was playing.
        over: Option<SpeechId>,
    },
    /// A short silence: the words so far can be recognised.
    SpeechPaused {
        /// Which utterance.
        utterance: UtteranceId,
        /// Which snapshot of it.
        revision: u32,
        /// First speech.
        speech_started: Moment,
        /// Last speech.
        speech_ended: Moment,
    },
    /// Speech goes on; results of earlier revisions are out of date.
    SpeechResumed {
        /// Which utterance.
        utterance: UtteranceId,
    },
    /// The utterance is over.
    SpeechEnded {
        /// Which utterance.
        utterance: UtteranceId,
        /// Which snapshot holds all of it.
        revision: u32,
        /// First speech.
        speech_started: Moment,
        /// Last speech.
        speech_ended: Moment,
    },
    /// What recognition made of a snapshot.
    Recognised {
        /// Which utterance.
        utterance: UtteranceId,
        /// Which snapshot of it.
        revision: u32,
        /// The words.
        recognition: Recognition,
    },
    /// Recognition of a snapshot failed.
    RecognitionFailed {
        /// Which utterance.
        utterance: UtteranceId,
        /// Which snapshot of it.
        revision: u32,
        /// In words.
        error: String,
    },
    /// What retrieval found.
    Found {
        /// Which search.
        search: SearchId,
        /// The verdict.
        finding: Finding,
    },
    /// Retrieval failed.
    SearchFailed {
        /// Which search.
        search: SearchId,
        /// In words.
        error: String,
    },
    /// A language model has completed the question, and an entry answers it.
    Rewritten {
        /// Which search was answered by asking it.
        search: SearchId,
        /// The completed question.
        question: Pii<String>,
        /// What was found for it.
        finding: Finding,
    },
    /// A language model has written a sentence that an entry supports.
    Generated {
        /// For which search.
        search: SearchId,
        /// The sentence.
        sentence: GeneratedSentence,
    },
    /// A language model writes no more.
    GenerationEnded {
        /// For which search.
        search: SearchId,
        /// Why.
        outcome: GenerationOutcome,
    },
    /// The business's systems replied, or did not.
    Acted {
        /// Which request.
        id: ActionId,
        /// What they said.
        result: Result<ActionReply, ActionFailure>,
    },
    /// The caller's words or voice tell that a human is needed.
    Sensed {
        /// What tells it, in words.
        cause: String,
    },
    /// A key was pressed.
    Digit {
        /// The key.
        digit: Digit,
    },
    /// A speech is audible from now.
    PlayStarted {
        /// Which speech.
        speech: SpeechId,
        /// How long it is in all.
        length: Duration,
    },
    /// A speech is over.
    PlayEnded {
        /// Which speech.
        speech: SpeechId,
        /// How much of it went out.
        played: Duration,
        /// How long it is in all.
        length: Duration,
        /// Whether all of it went out.
        complete: bool,
    },
    /// A speech could not be synthesised: nothing of it will be played.
    SpeechFailed {
        /// Which speech.
        speech: SpeechId,
        /// In words.
        error: String,
    },
    /// The agent answered; the conversation is silent from here on.
    AgentConnected,
    /// The agent cannot be had; the conversation carries on.
    AgentUnavailable {
        /// Why.
        cause: AgentUnavailable,
    },
    /// The agent hung up while the caller stayed.
    AgentLeft,
    /// The caller put the call on hold: nobody listens and silence does not count.
    Held,
    /// The caller is back from hold.
    Resumed,
    /// The moment that was asked for has come.
    TimerFired,
    /// The call is over, perhaps in the middle of a sentence: what was heard of it is written down, and nothing follows.
    Ended,
}

/// What a conversation asks for.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// Recognise a snapshot. An interruption does not cancel it; a later revision makes it useless.
    Recognise {
        /// Which utterance.
        utterance: UtteranceId,
        /// Which snapshot.
        revision: u32,
    },
    /// Look a question up.
    Search {
        /// Names the answer.
        search: SearchId,
        /// As it was recognised.
        question: Pii<String>,
        /// The turn before, if it was answered.
        context: Option<Context>,
    },
    /// Have a language model complete the question, or phrase an answer out of entries.
    Generate(Generation),
    /// Nobody waits for what a language model writes any more.
    StopGenerating,
    /// Ask the business's systems. An interruption does not take it back; its reply may find nobody waiting.
    Act(ActionRequest),
    /// Say something after everything that was said before.
    Say(Speech),
    /// Go on with what the caller's speech paused.
    ResumePlayout,
    /// The caller has heard that the call will be recorded: it may be from now on.
    Record,
    /// Drop everything that was said and not yet heard (`all`: what may not be interrupted too).
    StopPlayout {
        /// Include what is not interruptible.
        all: bool,
    },
    /// How to listen from now on.
    Listen(Listening),
    /// The words of the paused utterance are complete; do not wait for more silence.
    Commit {
        /// Which utterance.
        utterance: UtteranceId,
    },
    /// Bring in a human.
    Escalate {
        /// Why.
        reason: EscalationReason,
        /// One sentence that the agent hears before the caller (`prompts/` `agent.brief`).
        brief: Pii<String>,
    },
    /// More is known of what the call is about: the brief of the agent who is being brought in, if it was not heard yet.
    Brief {
        /// One sentence, in place of that of [`Output::Escalate`].
        brief: Pii<String>,
    },
    /// End the call, once everything that was said has been heard.
    HangUp {
        /// Who decided.
        by: Party,
        /// Why.
        cause: EndCause,
    },
    /// For the record.
    Event(CallEvent),
    /// Call with [`Input::TimerFired`] at this moment. A later one takes its place.
    Timeout(Moment),
}

/// What a language model is wanted for.
#[derive(Clone, Debug, PartialEq)]
pub struct Generation {
    /// Names what comes of it.
    pub search: SearchId,
    /// What the caller asked, as it was recognised.
    pub question: Pii<String>,
    /// The question before it, and what it was answered with, if it can be a follow-up.
    pub before: Option<(Pii<String>, String)>,
    /// The entries that were found, best first; those that need more than an answer are not among them.
    pub candidates: Vec<Candidate>,
}

/// One thing to say.
#[derive(Clone, Debug, PartialEq)]
pub struct Speech {
    /// Names it; ascending.
    pub id: SpeechId,
    /// Written text.
    pub text: String,
    /// Where the words come from.
    pub source: crate::call::SpeechSource,
    /// Whether the caller may interrupt it.
    pub interruptible: bool,
    /// 1.0 is normal; smaller is slower.
    pub speed: f32,
}

/// What kind of words the conversation expects; the driver turns it into silences.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listening {
    /// Not at all.
    Off,
    /// An open question.
    Question,
    /// Yes, no, one of a few.
    Choice,
    /// Digits, dictated in groups.
    Number,
    /// The caller trailed off (那个, 就是): more will come.
    Unfinished,
}
