//! Finding the entry that a question means: the [`KnowledgeIndex`] seam and its engines.
//!
//! This module does not parse documents (see `knowledge`) and does not decide what to say (see `conversation`).

use std::{future::Future, pin::Pin};

use crate::{entry::Finding, ids::KnowledgeVersion};

/// A boxed future, so that the seam can be used as `dyn`.
pub type SearchFuture<'a> = Pin<Box<dyn Future<Output = Result<Finding, SearchError>> + Send + 'a>>;

/// A published version of one knowledge base, ready to be asked.
pub trait KnowledgeIndex: Send + Sync {
    /// What is being asked.
    fn version(&self) -> &KnowledgeVersion;

    /// The verdict on `question`, as it was recognised.
    fn search<'a>(&'a self, question: &'a str) -> SearchFuture<'a>;
}

/// Why a question could not be looked up.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SearchError {
    /// The index cannot be asked.
    #[error("knowledge index is unavailable: {0}")]
    Unavailable(String),
}
