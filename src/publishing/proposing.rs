//! Further phrasings of a draft's entries, proposed to the business: callers share few words with the entry they mean.
//!
//! They come from the other entries and from words that stand for one another (see `retrieval`), and from the language model
//! where there is one. What is proposed changes nothing until the business accepts it.

use std::{collections::BTreeSet, sync::Arc};

use super::{Desk, DeskError, Index, Which};
use crate::{
    clock::Moment,
    entry::Entry,
    ids::{BaseId, EntryId},
    knowledge::KnowledgeBase,
    llm::{GroundedWriter, NotWritten},
    retrieval::{Proposal, finds_clearly, propose_phrasings},
    storage::knowledge::ProposedPhrasing,
};

/// Entries that are thought about at once: some twenty questions are asked for each, so this takes seconds.
pub const MOST_ENTRIES: usize = 200;

/// What came of proposing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Proposed {
    /// Phrasings that were not proposed before.
    pub new: u64,
    /// Entries that were thought about.
    pub entries: usize,
    /// Entries that were not, because there are too many.
    pub left: usize,
}

/// A language model that proposes.
pub struct Model {
    /// The model.
    pub writer: Arc<GroundedWriter>,
    /// The time on the process's clock.
    pub now: Box<dyn Fn() -> Moment + Send + Sync>,
}

/// Who proposes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Source {
    /// The other entries, and words that stand for one another.
    #[default]
    Patterns,
    /// The language model, too.
    Model,
}

impl Desk {
    /// Proposes phrasings for these entries of the draft, at most [`MOST_ENTRIES`] of them; for all, those with the fewest
    /// phrasings first, where `entries` is `None`. A model is asked about each, one after the other.
    pub async fn propose(
        &self,
        base: &BaseId,
        entries: Option<&[EntryId]>,
        source: Source,
    ) -> Result<Proposed, DeskError> {
        let model = match source {
            Source::Patterns => None,
            Source::Model => Some(self.model.as_ref().ok_or(DeskError::NoModel)?),
        };
        let known = KnowledgeBase::new(self.entries(base, Which::Draft).await?);
        let mut wanted: Vec<&Entry> = known.entries.iter().collect();
        if let Some(ids) = entries {
            let ids: BTreeSet<&EntryId> = ids.iter().collect();
            wanted.retain(|entry| ids.contains(&entry.id));
        }
        wanted.sort_by_key(|entry| entry.similar_questions.len());
        let left = wanted.len().saturating_sub(MOST_ENTRIES);
        wanted.truncate(MOST_ENTRIES);
        if wanted.is_empty() {
            return Ok(Proposed::default());
        }
        let index = self.index(base, known.clone()).await?;
        let ids: BTreeSet<EntryId> = wanted.iter().map(|entry| entry.id.clone()).collect();
        let mut proposals = by_patterns(index.clone(), known.entries.clone(), ids).await;
        if let Some(model) = model {
            proposals.extend(self.by_model(base, &index, &wanted, model).await?);
        }
        Ok(Proposed {
            new: self.store.propose(base, &proposals).await?,
            entries: wanted.len(),
            left,
        })
    }

    /// What the model thinks callers may say, as far as the index finds the entry by it.
    async fn by_model(
        &self,
        base: &BaseId,
        index: &Index,
        wanted: &[&Entry],
        model: &Model,
    ) -> Result<Vec<ProposedPhrasing>, DeskError> {
        let language = self.language(base);
        let mut proposals = Vec::new();
        for entry in wanted {
            let asked = model
                .writer
                .propose_phrasings((model.now)(), &language, entry);
            let phrasings = match asked.await {
                Ok(phrasings) => phrasings,
                // An answer that reads like orders is not shown to a model; the others are.
                Err(NotWritten::Orders | NotWritten::NothingNear | NotWritten::Declined) => {
                    continue;
                }
                Err(error) => return Err(DeskError::Model(error)),
            };
            let (index, entry) = (index.clone(), (*entry).clone());
            let source = format!("language model {}", model.writer.model());
            let tried = tokio::task::spawn_blocking(move || {
                let clear = phrasings
                    .into_iter()
                    .filter(|phrasing| finds_clearly(index.ranking(), &entry, phrasing));
                let proposal = |phrasing| ProposedPhrasing {
                    entry: entry.id.clone(),
                    phrasing,
                    source: source.clone(),
                };
                clear.map(proposal).collect::<Vec<_>>()
            });
            proposals.extend(joined(tried.await));
        }
        Ok(proposals)
    }
}

async fn by_patterns(
    index: Index,
    entries: Vec<Entry>,
    wanted: BTreeSet<EntryId>,
) -> Vec<ProposedPhrasing> {
    let thinking = tokio::task::spawn_blocking(move || {
        propose_phrasings(index.ranking(), &entries, |entry| {
            wanted.contains(&entry.id)
        })
    });
    let shown = |proposal: Proposal| ProposedPhrasing {
        entry: proposal.entry,
        phrasing: proposal.phrasing,
        source: proposal.source.to_string(),
    };
    joined(thinking.await).into_iter().map(shown).collect()
}

/// What a task gave that is never cancelled: it can only have panicked, and the panic goes on here.
fn joined<T>(result: Result<T, tokio::task::JoinError>) -> T {
    match result {
        Ok(value) => value,
        Err(panic) => std::panic::resume_unwind(panic.into_panic()),
    }
}
