//! Indexes of versions and drafts.

use std::sync::Arc;

use crate::{
    embedding::{EmbedError, TextEncoder},
    entry::Entry,
    ids::KnowledgeVersion,
    retrieval::{HybridIndex, KnowledgeIndex, LexicalIndex, RetrievalConfig},
};

/// Makes the index of a version.
#[derive(Clone)]
pub struct IndexMaker {
    /// From which score on it answers.
    pub config: RetrievalConfig,
    /// Meaning; without it, words alone.
    pub encoder: Option<Arc<dyn TextEncoder>>,
}

impl std::fmt::Debug for IndexMaker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IndexMaker")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

impl IndexMaker {
    /// The index of these entries. Takes about a millisecond a phrasing, on a thread that may block.
    pub async fn make(
        &self,
        version: KnowledgeVersion,
        entries: Vec<Entry>,
    ) -> Result<Arc<dyn KnowledgeIndex>, EmbedError> {
        let Self { config, encoder } = self.clone();
        let making = tokio::task::spawn_blocking(move || -> Result<Arc<dyn KnowledgeIndex>, _> {
            Ok(match encoder {
                Some(encoder) => Arc::new(HybridIndex::build(version, entries, config, encoder)?),
                None => Arc::new(LexicalIndex::build(version, entries, config)),
            })
        });
        match making.await {
            Ok(made) => made,
            // It is never cancelled, so this is a panic, which goes on here.
            Err(panic) => std::panic::resume_unwind(panic.into_panic()),
        }
    }
}
