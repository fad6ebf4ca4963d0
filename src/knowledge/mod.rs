//! A business's documents into entries.
//!
//! A sheet is taken whole or not at all: every fault of a file is found and named with its line and column. This module
//! reads no files (callers pass the content) and does not search (see `retrieval`).

pub mod check;
pub mod difference;
pub mod export;
mod field;
pub mod import;
mod normal;
mod paraphrases;
mod sentences;
mod sheet;

use std::fmt;

use sha2::{Digest, Sha256};

use crate::{
    entry::{Entry, Validity},
    ids::KnowledgeVersion,
};

pub use field::Field;
pub use paraphrases::parse_paraphrases;
pub use sentences::speakable_parts;
pub use sheet::parse_csv;

/// The longest answer that can be spoken in 15 s, in characters: 270 characters a minute.
pub const LONGEST_ANSWER: usize = 67;

/// Entries that belong together, unchanging.
#[derive(Clone, Debug, PartialEq)]
pub struct KnowledgeBase {
    /// The hash of the content.
    pub version: KnowledgeVersion,
    /// In the order of the document.
    pub entries: Vec<Entry>,
}

impl KnowledgeBase {
    /// A version of these entries.
    pub fn new(entries: Vec<Entry>) -> Self {
        let version = version_of(&entries);
        Self { version, entries }
    }
}

/// SHA-256 over every field, each with its length before it, so that no two contents run together.
fn version_of(entries: &[Entry]) -> KnowledgeVersion {
    let mut hash = Sha256::new();
    let mut add = |field: &str| {
        hash.update((field.len() as u64).to_le_bytes());
        hash.update(field);
    };
    for entry in entries {
        add(entry.id.as_str());
        add(&entry.category);
        add(&entry.question);
        add(&entry.similar_questions.len().to_string());
        entry
            .similar_questions
            .iter()
            .for_each(|question| add(question));
        add(&entry.answer);
        add(&entry.action.to_string());
        add(&entry.name);
        let Validity {
            takes_effect,
            expires,
        } = entry.validity;
        for moment in [takes_effect, expires] {
            add(&moment.map(|moment| moment.to_string()).unwrap_or_default());
        }
    }
    let digest = hash.finalize();
    KnowledgeVersion::new(
        digest
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>(),
    )
}

/// One thing wrong with a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Line in the file, 1 for the first.
    pub line: u64,
    /// Column, if it is one column's fault.
    pub column: Option<&'static str>,
    /// In words.
    pub problem: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}", self.line)?;
        if let Some(column) = self.column {
            write!(f, ", column `{column}`")?;
        }
        write!(f, ": {}", self.problem)
    }
}

/// Why a document was refused: all its faults.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct KnowledgeError {
    /// Name of the document.
    pub document: String,
    /// At least one.
    pub faults: Vec<Fault>,
}

impl fmt::Display for KnowledgeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} cannot be used:", self.document)?;
        for fault in &self.faults {
            write!(f, "\n  {fault}")?;
        }
        Ok(())
    }
}
