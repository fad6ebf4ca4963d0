//! What a call's machine must know beside its inputs, and how that is written down for a replay.

use std::{sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};

use super::{handover::TransferMode, input::SessionInput};
use crate::{
    action::ActionPlans,
    conversation::{ConversationSettings, Prompts, Timings},
};

/// What a machine must know beside its inputs.
#[derive(Clone, Debug)]
pub struct SessionSettings {
    /// Who can be brought in.
    pub handover: HandoverSettings,
    /// The talking part.
    pub conversation: Arc<ConversationSettings>,
}

/// Who can be brought in, and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandoverSettings {
    /// The agent's SIP URI.
    pub agent: Option<String>,
    /// How the agent is brought in.
    pub mode: TransferMode,
    /// How long the agent's phone rings.
    pub ring_timeout: Duration,
    /// How long a REFER may take.
    pub refer_timeout: Duration,
}

/// An entry of a call's journal, which replays it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "entry", rename_all = "snake_case")]
pub enum JournalEntry {
    /// The first entry.
    Settings {
        /// The line's settings; `None` for a call of no line.
        settings: Option<JournalSettings>,
    },
    /// Something happened to the call.
    Input {
        /// What.
        input: SessionInput,
    },
}

/// The settings of a call, without the sentences: those are named by their hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalSettings {
    /// Who can be brought in.
    pub handover: HandoverSettings,
    /// The business's name.
    pub business: String,
    /// Patience.
    pub timings: Timings,
    /// Language of the sentences.
    pub language: String,
    /// Hash of the files of sentences.
    pub prompts: String,
    /// What the actions of the business take.
    #[serde(default)]
    pub plans: ActionPlans,
}

impl JournalSettings {
    /// What to write down of `settings`.
    pub fn of(settings: &SessionSettings, language: &str) -> Self {
        let conversation = &settings.conversation;
        Self {
            handover: settings.handover.clone(),
            business: conversation.business.clone(),
            timings: conversation.timings,
            language: language.to_owned(),
            prompts: conversation.prompts.hash().to_owned(),
            plans: ActionPlans::clone(&conversation.plans),
        }
    }

    /// The settings again, with the sentences that the hash names.
    pub fn with(self, prompts: Arc<Prompts>) -> SessionSettings {
        SessionSettings {
            handover: self.handover,
            conversation: Arc::new(ConversationSettings {
                prompts,
                business: self.business,
                timings: self.timings,
                plans: Arc::new(self.plans),
            }),
        }
    }
}
