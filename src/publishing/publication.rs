//! A publication: its index is made, its answers are spoken, and then new calls get it.
//!
//! One of a base at a time. When a part fails nothing is published, and callers keep what they have.

use std::{
    collections::HashMap,
    sync::{MutexGuard, PoisonError},
};

use jiff::civil::DateTime;

use super::{Desk, DeskError, Which};
use crate::{
    ids::BaseId,
    knowledge::{KnowledgeBase, check::Severity},
    storage::{StorageError, knowledge::Signature},
    tts::cache::PhraseCache,
};

/// How far a publication is.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum Step {
    /// The index is being made.
    Indexing,
    /// Answers are being spoken.
    Speaking {
        /// How many are.
        done: usize,
        /// Of how many.
        all: usize,
    },
    /// New calls get it.
    Done {
        /// The version.
        version: u64,
    },
    /// It was not published.
    Failed {
        /// In words.
        why: String,
    },
}

/// Who publishes, what and when.
#[derive(Clone, Debug)]
pub struct Order {
    /// The revision of the draft that was looked at; the newest, if `None`.
    pub revision: Option<u64>,
    /// Who, when and why.
    pub signature: Signature,
    /// The local time, for dates of entries.
    pub now: DateTime,
}

impl Desk {
    /// How far the last publication of a base is.
    pub fn step(&self, base: &BaseId) -> Option<Step> {
        self.steps().get(base).cloned()
    }

    fn steps(&self) -> MutexGuard<'_, HashMap<BaseId, Step>> {
        // Only whole steps are put in: a panic elsewhere leaves it sound.
        self.steps.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Publishes the draft: its index is made, its answers are spoken into the cache, and then new calls get it. When one
    /// of these fails, nothing is published. Returns the number of the version.
    pub async fn publish(
        &self,
        base: &BaseId,
        order: &Order,
        speech: &PhraseCache,
        told: &mut (dyn FnMut(&Step) + Send),
    ) -> Result<u64, DeskError> {
        let mut publication = self.begin(base, told)?;
        let published = self.publish_draft(base, order, speech, &mut publication);
        let published = published.await;
        publication.end(published)
    }

    /// Brings back a version, or the one before the published one. Returns the number of the new version.
    pub async fn roll_back(
        &self,
        base: &BaseId,
        to: Option<u64>,
        signature: &Signature,
        speech: &PhraseCache,
        told: &mut (dyn FnMut(&Step) + Send),
    ) -> Result<u64, DeskError> {
        let mut publication = self.begin(base, told)?;
        let published = self.publish_again(base, to, signature, speech, &mut publication);
        let published = published.await;
        publication.end(published)
    }

    async fn publish_draft(
        &self,
        base: &BaseId,
        order: &Order,
        speech: &PhraseCache,
        publication: &mut Running<'_>,
    ) -> Result<u64, DeskError> {
        let draft = self.store.draft(base).await?;
        if let Some(expected) = order
            .revision
            .filter(|expected| *expected != draft.revision)
        {
            return Err(DeskError::Storage(StorageError::DraftChanged {
                base: base.clone(),
                expected,
                found: draft.revision,
            }));
        }
        if draft.entries.is_empty() {
            return Err(DeskError::Empty(base.clone()));
        }
        let known = KnowledgeBase::new(draft.entries);
        if let Some(published) = self.store.published(base).await?
            && published.hash == known.version
        {
            return Err(DeskError::NothingNew {
                base: base.clone(),
                number: published.number,
            });
        }
        let mut concerns = self.check(base, Which::Draft, order.now).await?;
        concerns.retain(|concern| concern.severity == Severity::Error);
        if !concerns.is_empty() {
            let base = base.clone();
            return Err(DeskError::Refused { base, concerns });
        }
        self.prepare(base, &known, speech, publication).await?;
        let KnowledgeBase { version, entries } = &known;
        let revision = Some(draft.revision);
        Ok(self
            .store
            .publish(base, revision, version, entries, &order.signature)
            .await?)
    }

    async fn publish_again(
        &self,
        base: &BaseId,
        to: Option<u64>,
        signature: &Signature,
        speech: &PhraseCache,
        publication: &mut Running<'_>,
    ) -> Result<u64, DeskError> {
        let to = match to {
            Some(to) => to,
            None => self.version_before(base).await?,
        };
        let known = KnowledgeBase::new(self.store.version_entries(base, to).await?);
        self.prepare(base, &known, speech, publication).await?;
        Ok(self.store.roll_back(base, to, signature).await?)
    }

    /// The version whose entries callers got before those that they get now.
    async fn version_before(&self, base: &BaseId) -> Result<u64, DeskError> {
        let published = self.store.published(base).await?;
        let published = published.ok_or_else(|| DeskError::NotPublished(base.clone()))?;
        // A rollback stands where the version stands that it brought back, so that going back twice goes back two.
        let now = published.restores.unwrap_or(published.number);
        let versions = self.store.versions(base).await?;
        let before = versions
            .iter()
            .find(|version| version.number < now && version.restores.is_none());
        let before = before.ok_or_else(|| DeskError::NothingBefore(base.clone()))?;
        Ok(before.number)
    }

    /// Makes the index and the audio of what is to be published.
    async fn prepare(
        &self,
        base: &BaseId,
        known: &KnowledgeBase,
        speech: &PhraseCache,
        publication: &mut Running<'_>,
    ) -> Result<(), DeskError> {
        publication.at(Step::Indexing);
        self.version_index(base, known.clone()).await?;
        // A base that no line uses has no voice yet.
        let requests = match self.plans.get(base) {
            Some(plan) => plan.answers(&known.entries),
            None => Vec::new(),
        };
        let all = requests.len();
        publication.at(Step::Speaking { done: 0, all });
        let speaking = speech.prefetch(&requests, |done| {
            publication.at(Step::Speaking { done, all });
        });
        Ok(speaking.await?)
    }

    /// One publication of a base at a time.
    fn begin<'a>(
        &'a self,
        base: &BaseId,
        told: &'a mut (dyn FnMut(&Step) + Send),
    ) -> Result<Running<'a>, DeskError> {
        let mut steps = self.steps();
        match steps.get(base) {
            Some(Step::Indexing | Step::Speaking { .. }) => Err(DeskError::Busy(base.clone())),
            Some(Step::Done { .. } | Step::Failed { .. }) | None => {
                steps.insert(base.clone(), Step::Indexing);
                drop(steps);
                Ok(Running {
                    desk: self,
                    base: base.clone(),
                    told,
                    over: false,
                })
            }
        }
    }
}

/// A publication that is going on. One that is dropped before its end has failed.
struct Running<'a> {
    desk: &'a Desk,
    base: BaseId,
    told: &'a mut (dyn FnMut(&Step) + Send),
    over: bool,
}

impl Running<'_> {
    fn at(&mut self, step: Step) {
        (self.told)(&step);
        self.desk.steps().insert(self.base.clone(), step);
    }

    fn end(mut self, published: Result<u64, DeskError>) -> Result<u64, DeskError> {
        self.over = true;
        self.at(match &published {
            Ok(version) => Step::Done { version: *version },
            Err(error) => Step::Failed {
                why: error.to_string(),
            },
        });
        published
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        if !self.over {
            let why = "it was broken off".to_owned();
            self.at(Step::Failed { why });
        }
    }
}
