//! The index in process that stands behind a server, whichever it is.

use std::sync::Arc;

use jiff::civil::DateTime;

use crate::{
    embedding::TextEncoder,
    entry::Candidate,
    retrieval::{HybridIndex, KnowledgeIndex, LexicalIndex, Ranking, recall::Recall},
};

/// An index in process.
#[derive(Clone)]
pub enum Local {
    /// Words and meaning.
    Hybrid(Arc<HybridIndex>),
    /// Words alone.
    Lexical(Arc<LexicalIndex>),
}

impl Local {
    /// As calls ask it without a server.
    pub fn of_calls(&self) -> Arc<dyn KnowledgeIndex> {
        match self {
            Self::Hybrid(index) => index.clone(),
            Self::Lexical(index) => index.clone(),
        }
    }

    /// As it is asked at once.
    pub fn ranking(&self) -> &dyn Ranking {
        match self {
            Self::Hybrid(index) => &**index,
            Self::Lexical(index) => &**index,
        }
    }

    pub(super) fn lexical(&self) -> &LexicalIndex {
        match self {
            Self::Hybrid(index) => index.lexical(),
            Self::Lexical(index) => index,
        }
    }

    pub(super) fn encoder(&self) -> Option<&dyn TextEncoder> {
        match self {
            Self::Hybrid(index) => Some(index.encoder()),
            Self::Lexical(_) => None,
        }
    }

    /// The vectors of all phrasings, one after the other.
    pub(super) fn vectors(&self) -> Option<&[f32]> {
        match self {
            Self::Hybrid(index) => Some(index.vectors()),
            Self::Lexical(_) => None,
        }
    }

    /// Its own stages of recall.
    pub(super) fn stages(&self) -> Vec<&dyn Recall> {
        match self {
            Self::Hybrid(index) => index.stages(),
            Self::Lexical(index) => index.stages(),
        }
    }

    /// As it ranks, with other recall.
    pub(super) fn rank_by(
        &self,
        recall: &dyn Recall,
        question: &str,
        most: usize,
        now: Option<DateTime>,
    ) -> Vec<Candidate> {
        match self {
            Self::Hybrid(index) => index.rank_by(recall, question, most, now),
            Self::Lexical(index) => index.rank_by(recall, question, most, now),
        }
    }
}
