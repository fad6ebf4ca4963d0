//! What the configuration says about a knowledge base.

use std::path::PathBuf;

use crate::{
    entry::Entry,
    ids::{BaseId, LineNumber},
    knowledge::{KnowledgeBase, check::Known},
    retrieval::Synonyms,
    tts::SpeechRequest,
};

/// A knowledge base, as the configuration has it.
#[derive(Clone, Debug)]
pub struct BasePlan {
    /// Which one.
    pub id: BaseId,
    /// The file that it begins with.
    pub file: PathBuf,
    /// What that file holds.
    pub seed: KnowledgeBase,
    /// The lines that answer from it.
    pub lines: Vec<LineNumber>,
    /// The voices of those lines, each once.
    pub voices: Vec<Voice>,
    /// The business's own words.
    pub synonyms: Synonyms,
    /// What its entries may name.
    pub known: Known,
}

/// Who speaks an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Voice {
    /// Its language.
    pub language: String,
    /// The voice of the speech engine.
    pub voice: String,
}

impl Voice {
    /// A sentence in this voice.
    pub fn says(&self, text: &str, speed: f32) -> SpeechRequest {
        SpeechRequest {
            text: text.to_owned(),
            language: self.language.clone(),
            voice: self.voice.clone(),
            speed,
        }
    }
}

impl BasePlan {
    /// The answers of `entries`, in every voice that says them.
    pub fn answers(&self, entries: &[Entry]) -> Vec<SpeechRequest> {
        let of_voice = |voice: &Voice| -> Vec<SpeechRequest> {
            let answers = entries.iter();
            answers
                .map(|entry| voice.says(&entry.answer, 1.0))
                .collect()
        };
        self.voices.iter().flat_map(of_voice).collect()
    }
}
