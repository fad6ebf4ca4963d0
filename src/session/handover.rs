//! How far the bringing in of an agent has come.

use serde::{Deserialize, Serialize};

use crate::{clock::Moment, ids::OfferId, pii::Pii};

/// How an agent is brought in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TransferMode {
    /// Call the agent and join both legs on the media plane; recording and transcript go on.
    #[default]
    Bridge,
    /// Ask the caller's side to call the agent instead of us (REFER, RFC 3515).
    Refer,
}

/// How far the bringing in of an agent has come.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Handover {
    /// Nobody is being brought in.
    Idle {
        /// The number of the next attempt.
        next: OfferId,
    },
    /// The agent's phone rings.
    Ringing {
        offer: OfferId,
        brief: Pii<String>,
        until: Moment,
    },
    /// The agent hears the brief.
    Briefing { offer: OfferId, until: Moment },
    /// Caller and agent hear each other.
    Bridged { offer: OfferId },
    /// The caller's side was asked to call the agent.
    Referring { offer: OfferId, until: Moment },
}

impl Handover {
    pub(super) const fn is_bridged(&self) -> bool {
        matches!(self, Self::Bridged { .. })
    }

    /// The attempt under way.
    pub(super) const fn offer(&self) -> Option<OfferId> {
        match self {
            Self::Idle { .. } => None,
            Self::Ringing { offer, .. }
            | Self::Briefing { offer, .. }
            | Self::Bridged { offer }
            | Self::Referring { offer, .. } => Some(*offer),
        }
    }

    /// When patience ends.
    pub(super) const fn deadline(&self) -> Option<Moment> {
        match self {
            Self::Ringing { until, .. }
            | Self::Briefing { until, .. }
            | Self::Referring { until, .. } => Some(*until),
            Self::Idle { .. } | Self::Bridged { .. } => None,
        }
    }
}
