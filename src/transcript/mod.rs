//! What was said in a call, and what recognition gives.
//!
//! This module does not recognise speech (see `asr`).

mod view;

use serde::{Deserialize, Serialize};

use crate::pii::Pii;

pub use view::{Decision, Flag, Line, Speaker, Transcript};

/// What recognition makes of an utterance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Recognition {
    /// The words, empty when there was no speech.
    pub text: Pii<String>,
    /// Mean token probability, 0 to 1.
    pub confidence: f32,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
}

impl Recognition {
    /// No speech was found.
    pub fn nothing(took_ms: u64) -> Self {
        Self {
            text: Pii::new(String::new()),
            confidence: 0.0,
            took_ms,
        }
    }
}
