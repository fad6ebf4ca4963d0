//! Learning from calls: what callers asked in vain, in groups, each settled by one action.
//!
//! Closed calls are learned from once, whenever somebody looks. What is shown names calls by their number and holds masked
//! words only. A group becomes a new entry of the draft, phrasings of an entry that is there, or nothing; the draft and the
//! lessons change together or not at all. This module does not publish (see [`Desk`](super::Desk)) and holds no statements.

mod phrasings;
mod settling;
mod shown;
mod usage;

use std::{collections::HashMap, sync::Arc};

use super::BasePlan;
use crate::{
    call::lessons::LessonBounds,
    embedding::{Remembering, TextEncoder},
    ids::{BaseId, EntryId, LineNumber},
    retrieval::clusters::{Alike, Clusters, cluster},
    storage::{
        StorageError, Store,
        knowledge::{Collected, OpenLesson, Taught},
    },
};

pub use settling::{Decision, NewEntry, Taken};
pub use shown::{Choice, Example, LessonGroup, Lessons, NearestEntry};
pub use usage::{EntryUsage, NeverSaid, Rate, Usage, VersionRange};

/// Calls that are learned from in one transaction: some 100 ms, so that the writer of records does not wait.
const CALLS_AT_ONCE: u32 = 100;

/// The most lessons that are grouped, the newest: 10,000 that all read differently take 5 to 13 s of one core beside the
/// encoder's time, and 120 MB.
const MOST_LESSONS: u32 = 10_000;

/// Why something could not be learned.
#[derive(Debug, thiserror::Error)]
pub enum LessonError {
    /// It could not be read or written, or is not there.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The draft holds that question already.
    #[error("entry `{entry}` of the draft of `{base}` has the question already: {question}")]
    Known {
        /// The base.
        base: BaseId,
        /// The entry that has it.
        entry: EntryId,
        /// The question.
        question: String,
    },
    /// Nothing was asked that could be a phrasing.
    #[error("nothing of these lessons can be a phrasing: write the question")]
    NoQuestion,
}

impl LessonError {
    /// Whether somebody else changed the draft between a look at it and the change: then it is looked at again.
    fn was_overtaken(&self) -> bool {
        matches!(self, Self::Storage(StorageError::DraftChanged { .. }))
    }
}

/// Lessons of the businesses' calls, for people who work on their knowledge.
pub struct Classroom {
    store: Store,
    lines: HashMap<BaseId, Vec<LineNumber>>,
    /// Remembers, as most questions of a group were there the last time.
    encoder: Option<Arc<Remembering>>,
    bounds: LessonBounds,
    alike: Alike,
}

impl std::fmt::Debug for Classroom {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Classroom").finish_non_exhaustive()
    }
}

impl Classroom {
    /// Lessons in `store` for the bases of `plans`. Without an encoder questions are grouped by their words alone.
    pub fn new(store: Store, plans: &[BasePlan], encoder: Option<Arc<dyn TextEncoder>>) -> Self {
        let lines = plans
            .iter()
            .map(|plan| (plan.id.clone(), plan.lines.clone()));
        Self {
            store,
            lines: lines.collect(),
            encoder: encoder.map(|encoder| Arc::new(Remembering::new(encoder))),
            bounds: LessonBounds::default(),
            alike: Alike::default(),
        }
    }

    /// A base that no line answers from learns nothing.
    fn taught(&self, base: &BaseId) -> Taught {
        Taught {
            base: base.clone(),
            lines: self.lines.get(base).cloned().unwrap_or_default(),
        }
    }

    /// Learns from every closed call that was not learned from. A second time there is nothing new.
    pub async fn collect(&self) -> Result<Collected, StorageError> {
        let mut all = Collected::default();
        loop {
            let some = self
                .store
                .collect_lessons(&self.bounds, CALLS_AT_ONCE)
                .await?;
            all.calls += some.calls;
            all.lessons += some.lessons;
            all.answers += some.answers;
            all.unreadable.extend(some.unreadable);
            if !some.more {
                break;
            }
        }
        for call in &all.unreadable {
            tracing::error!(call.id = %call, "nothing is learned from a call whose records cannot be read");
        }
        Ok(all)
    }

    /// The lessons of a base that wait to be settled, in groups of one meaning, those of most callers first.
    pub async fn clusters(
        &self,
        base: &BaseId,
        since_ms: Option<i64>,
    ) -> Result<Lessons, LessonError> {
        let draft = self.store.draft(base).await?;
        let open = self
            .store
            .open_lessons(&self.taught(base), since_ms, MOST_LESSONS)
            .await?;
        let (open, clusters) = self.grouped(open).await;
        let is_cut = open.len() as u64 >= u64::from(MOST_LESSONS);
        Ok(shown::lessons(&open, &clusters, &draft, is_cut))
    }

    /// Groups them on a thread that may block.
    async fn grouped(&self, open: Vec<OpenLesson>) -> (Vec<OpenLesson>, Clusters) {
        let (encoder, alike) = (self.encoder.clone(), self.alike);
        let grouping = tokio::task::spawn_blocking(move || {
            let questions: Vec<&str> = open
                .iter()
                .map(|open| open.lesson.question.as_str())
                .collect();
            let encoder = encoder
                .as_deref()
                .map(|encoder| encoder as &dyn TextEncoder);
            let clusters = cluster(&questions, encoder, &alike).unwrap_or_else(|error| {
                tracing::warn!(%error, "questions are grouped by their words alone");
                // Without an encoder there is nothing that can fail.
                cluster(&questions, None, &alike).unwrap_or_default()
            });
            (open, clusters)
        });
        match grouping.await {
            Ok(grouped) => grouped,
            // It is never cancelled, so this is a panic, which goes on here.
            Err(panic) => std::panic::resume_unwind(panic.into_panic()),
        }
    }

    /// How often the entries of a base were said, to what use, and which were not.
    pub async fn usage(&self, base: &BaseId, range: &VersionRange) -> Result<Usage, LessonError> {
        usage::usage(&self.store, &self.taught(base), range).await
    }
}

#[cfg(test)]
mod tests;
