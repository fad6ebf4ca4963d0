//! Scenarios: who calls, what is said or pressed and when, and what must come of it.
//!
//! Only the parsed form; see `scenario::file` for how it is written and `caller` for how it is carried out.

mod file;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

use serde::{Deserialize, Serialize};

use super::{agent::Manner, clip::Voice};
use crate::call::{Digit, Disposition, EndCause, Party};

/// Why a scenario was not taken.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    /// The file cannot be read.
    #[error("{file}: {error}")]
    Read {
        /// The file.
        file: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// It is not YAML, or a key is unknown, missing or of the wrong type.
    #[error("{file}:{line}: {problem}")]
    Parse {
        /// The file.
        file: PathBuf,
        /// The line, 1 for the first; 0 when it is not known.
        line: u64,
        /// In words.
        problem: String,
    },
    /// A value that cannot be.
    #[error("{file}:{line}: `{key}` {problem}")]
    Value {
        /// The file.
        file: PathBuf,
        /// The line, 1 for the first.
        line: u64,
        /// The key.
        key: &'static str,
        /// What is wrong with it.
        problem: String,
    },
}

/// A scripted call.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// Names it in reports.
    pub name: String,
    /// Where it was read from.
    pub file: PathBuf,
    /// User part of the Request-URI.
    pub dial: String,
    /// Who calls.
    pub caller: Caller,
    /// The agent who is on duty during the call, if any.
    pub agent: Option<Agent>,
    /// What the caller does, in order.
    pub steps: Vec<Step>,
    /// What must be true in the end.
    pub expect: Outcome,
}

/// Who calls.
#[derive(Clone, Debug, PartialEq)]
pub struct Caller {
    /// User part of From.
    pub number: String,
    /// Display name of From.
    pub display: Option<String>,
    /// Further headers of the INVITE.
    pub headers: Vec<(String, String)>,
    /// How the caller sounds.
    pub voice: Voice,
}

/// How an agent treats a call; see [`super::agent::AgentPolicy`].
#[derive(Clone, Debug, PartialEq)]
pub struct Agent {
    /// What is done with it.
    pub manner: Manner,
    /// After so long.
    pub after: Duration,
    /// What is said.
    pub say: Option<String>,
    /// How the agent sounds.
    pub voice: Voice,
    /// The agent hangs up so long after speaking.
    pub hang_up_after: Option<Duration>,
}

/// One thing a caller does.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Where it is written.
    pub line: u64,
    /// What is done.
    pub action: Action,
    /// When.
    pub when: When,
    /// How long to wait for that.
    pub patience: Duration,
    /// What must come of it.
    pub expect: Expectation,
}

/// How keys are pressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeysBy {
    /// As telephone-events (RFC 4733).
    #[default]
    Rtp,
    /// By INFO.
    Info,
}

/// What a caller does.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Speaks.
    Say {
        /// The words.
        text: String,
        /// How.
        voice: Voice,
    },
    /// Plays a file.
    Wav(PathBuf),
    /// Presses keys.
    Press(Vec<Digit>, KeysBy),
    /// Says nothing for so long.
    Silence(Duration),
    /// Puts the call on hold.
    Hold,
    /// Comes back.
    Resume,
    /// Ends the call.
    HangUp,
    /// Gives up before the call is answered.
    Cancel,
    /// Waits until the other side ends the call.
    WaitEnd,
}

/// When a caller does something.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// Once the bot has replied and is quiet.
    AfterPrompt,
    /// Over the bot, when it has been speaking for so many milliseconds.
    OverPrompt(u64),
    /// So many milliseconds after the step before, or after the answer.
    AfterMs(u64),
    /// When the server has recorded an event of this name since the step before.
    AfterEvent(String),
}

/// Why a human is needed, as [`crate::call::EscalationReason`] is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)] // The same words, explained there.
pub enum HumanReason {
    Requested,
    KeyZero,
    RepeatedAbstention,
    MustEscalate,
    EntryAction,
    EngineFailure,
    Sensed,
}

/// What must come of a step. What is not given does not matter.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Expectation {
    /// The words that were recognised.
    pub recognised: Option<String>,
    /// The entry that was said.
    pub answer: Option<String>,
    /// The entries that were offered, in any order; an empty list for any.
    pub clarify: Option<Vec<String>>,
    /// The offered entry that was chosen.
    pub chosen: Option<String>,
    /// Whether the bot admitted not knowing.
    pub abstain: Option<bool>,
    /// Why a human was needed.
    pub human: Option<HumanReason>,
    /// The intent that was understood.
    pub understood: Option<crate::conversation::Intent>,
    /// The count of the last re-prompt.
    pub reprompt: Option<u8>,
    /// Whether the bot was interrupted.
    pub barge_in: Option<bool>,
    /// Whether the bot took it for a sign of listening.
    pub backchannel: Option<bool>,
    /// The longest voice-to-voice latency, in milliseconds.
    pub within_ms: Option<u64>,
    /// Nothing is heard in return for [`SILENCE`]. The step after it comes at once, unless it says when.
    pub silence: bool,
}

/// How long a silence that is expected has to last: longer than any reply takes, shorter than the server's patience.
pub const SILENCE: Duration = Duration::from_secs(3);

/// Fields that an event must have.
pub type Fields = BTreeMap<String, serde_json::Value>;

/// What must be true in the end. What is not given does not matter.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Outcome {
    /// SIP status of a call that is not answered.
    pub status: Option<u16>,
    /// How it ended for the business.
    pub disposition: Option<Disposition>,
    /// Who ended it.
    pub ended_by: Option<Party>,
    /// Why it ended.
    pub cause: Option<EndCause>,
    /// Events that must be recorded, and what they must say.
    pub events: BTreeMap<String, Option<Fields>>,
    /// Events that must not be.
    pub absent: Vec<String>,
    /// Whether the call was recorded.
    pub recording: Option<bool>,
    /// The longest time from ACK to the first sound, in milliseconds.
    pub greeting_within_ms: Option<u64>,
    /// Whether the agent's call was answered.
    pub agent_answered: Option<bool>,
}

impl Scenario {
    /// Reads `file`.
    pub fn load(file: &Path) -> Result<Self, ScenarioError> {
        let text = std::fs::read_to_string(file).map_err(|error| ScenarioError::Read {
            file: file.to_owned(),
            error,
        })?;
        Self::parse(file, &text)
    }

    /// Takes `text` as the content of `file`; relative paths in it are taken from the file's own folder.
    pub fn parse(file: &Path, text: &str) -> Result<Self, ScenarioError> {
        file::parse(file, text)
    }
}

#[cfg(test)]
mod tests;
