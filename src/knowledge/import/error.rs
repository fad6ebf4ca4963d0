//! Why a document could not be read.

use serde::{Deserialize, Serialize};

use super::Place;

/// A document that cannot be read, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{document}, {place}: {problem}")]
pub struct DocumentError {
    /// Its name.
    pub document: String,
    /// Where.
    pub place: Box<Place>,
    /// In words.
    pub problem: String,
}

impl DocumentError {
    /// `document` cannot be read at `place`.
    pub fn new(document: &str, place: &Place, problem: impl Into<String>) -> Self {
        Self {
            document: document.to_owned(),
            place: Box::new(place.clone()),
            problem: problem.into(),
        }
    }
}
