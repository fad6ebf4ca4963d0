//! The desk where a business works on its knowledge: looking, checking, comparing, trying.
//!
//! Importing is in `documents`, publishing and bringing back in `publication`.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use jiff::civil::DateTime;

use super::{BasePlan, DeskError, Index, IndexMaker, Material, Model, Step, reading::Reader};
use crate::{
    entry::{Entry, Finding},
    ids::{BaseId, KnowledgeVersion},
    knowledge::{
        KnowledgeBase,
        check::{Concern, Known, check},
        difference::{Difference, difference},
        export::to_csv,
    },
    retrieval::Query,
    storage::Store,
};

/// Indexes of drafts and versions that are kept for the next question: somebody who tries asks more than one.
const INDEXES_KEPT: usize = 2;

/// Which entries of a base.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// What is being worked on.
    Draft,
    /// What new calls get.
    Published,
    /// A version.
    Version(u64),
}

/// The knowledge bases of the businesses, for people who work on them.
pub struct Desk {
    pub(super) store: Store,
    pub(super) plans: HashMap<BaseId, BasePlan>,
    maker: IndexMaker,
    pub(super) reader: Reader,
    pub(super) model: Option<Model>,
    pub(super) steps: Mutex<HashMap<BaseId, Step>>,
    indexes: Mutex<Vec<(BaseId, Index)>>,
}

impl std::fmt::Debug for Desk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Desk").finish_non_exhaustive()
    }
}

impl Desk {
    /// A desk for the bases in `store`; `reader` reads their documents.
    pub fn new(store: Store, plans: Vec<BasePlan>, maker: IndexMaker, reader: Reader) -> Self {
        Self {
            store,
            plans: plans
                .into_iter()
                .map(|plan| (plan.id.clone(), plan))
                .collect(),
            maker,
            reader,
            model: None,
            steps: Mutex::default(),
            indexes: Mutex::default(),
        }
    }

    /// The same, with a language model that may be asked to propose.
    #[must_use]
    pub fn with_model(self, model: Option<Model>) -> Self {
        Self { model, ..self }
    }

    /// Where everything is kept.
    pub const fn store(&self) -> &Store {
        &self.store
    }

    /// The entries of a draft or version.
    pub async fn entries(&self, base: &BaseId, which: Which) -> Result<Vec<Entry>, DeskError> {
        let number = match which {
            Which::Draft => return Ok(self.store.draft(base).await?.entries),
            Which::Version(number) => number,
            Which::Published => {
                let published = self.store.published(base).await?;
                let unpublished = || DeskError::NotPublished(base.clone());
                published.ok_or_else(unpublished)?.number
            }
        };
        Ok(self.store.version_entries(base, number).await?)
    }

    /// What is wrong with a draft or version, at a local time.
    pub async fn check(
        &self,
        base: &BaseId,
        which: Which,
        now: DateTime,
    ) -> Result<Vec<Concern>, DeskError> {
        let entries = self.entries(base, which).await?;
        let known = match self.plans.get(base) {
            Some(plan) => plan.known.clone(),
            None => Known::default(),
        };
        Ok(check(&entries, &known, now))
    }

    /// What a draft or version has other than another one.
    pub async fn difference(
        &self,
        base: &BaseId,
        before: Which,
        after: Which,
    ) -> Result<Difference, DeskError> {
        let before = match self.entries(base, before).await {
            // Before the first version there was nothing.
            Err(DeskError::NotPublished(_)) => Vec::new(),
            before => before?,
        };
        Ok(difference(&before, &self.entries(base, after).await?))
    }

    /// A draft or version as a sheet (CSV).
    pub async fn export(&self, base: &BaseId, which: Which) -> Result<Vec<u8>, DeskError> {
        Ok(to_csv(&self.entries(base, which).await?))
    }

    /// What a caller who asks `questions` would be told.
    pub async fn test(
        &self,
        base: &BaseId,
        which: Which,
        questions: &[String],
        now: DateTime,
    ) -> Result<Vec<Finding>, DeskError> {
        let known = KnowledgeBase::new(self.entries(base, which).await?);
        let index = self.index(base, known).await?.of_calls();
        let mut findings = Vec::with_capacity(questions.len());
        for question in questions {
            findings.push(index.search(Query::new(question, now)).await?);
        }
        Ok(findings)
    }

    /// The language of the lines that answer from a base; Mandarin before there is one.
    pub(super) fn language(&self, base: &BaseId) -> String {
        let voice = self.plans.get(base).and_then(|plan| plan.voices.first());
        voice.map_or_else(|| "zh-CN".to_owned(), |voice| voice.language.clone())
    }

    /// The index of a draft or version.
    pub(super) async fn index(
        &self,
        base: &BaseId,
        known: KnowledgeBase,
    ) -> Result<Index, DeskError> {
        if let Some(index) = self.kept(base, &known.version) {
            return Ok(index);
        }
        let material = self.material(base, known).await?;
        let index = self.maker.of_draft(material).await?;
        self.keep(base, &index);
        Ok(index)
    }

    /// The index of what is about to be published, kept for the process that answers calls.
    pub(super) async fn version_index(
        &self,
        base: &BaseId,
        known: KnowledgeBase,
    ) -> Result<(), DeskError> {
        let material = self.material(base, known).await?;
        let index = self.maker.of_version(material).await?;
        self.keep(base, &index);
        Ok(())
    }

    async fn material(&self, base: &BaseId, known: KnowledgeBase) -> Result<Material, DeskError> {
        let synonyms = self.plans.get(base).map(|plan| plan.synonyms.clone());
        let synonyms = synonyms.unwrap_or_default();
        let mut previous = self.newest(base);
        if previous.is_none()
            && let Some(published) = self.store.published(base).await?
        {
            let (base, synonyms) = (base.clone(), synonyms.clone());
            previous = self.maker.kept(base, published.hash, synonyms).await;
        }
        Ok(Material {
            base: base.clone(),
            known,
            synonyms,
            previous,
        })
    }

    fn keep(&self, base: &BaseId, index: &Index) {
        let mut indexes = self.indexes.lock().unwrap_or_else(PoisonError::into_inner);
        indexes.truncate(INDEXES_KEPT - 1);
        indexes.insert(0, (base.clone(), index.clone()));
    }

    fn kept(&self, base: &BaseId, version: &KnowledgeVersion) -> Option<Index> {
        let indexes = self.indexes.lock().unwrap_or_else(PoisonError::into_inner);
        let mut of_base = indexes.iter().filter(|(of, _)| of == base);
        let kept = of_base.find(|(_, index)| index.of_calls().version() == version);
        kept.map(|(_, index)| index.clone())
    }

    /// The index of a base that was made last.
    fn newest(&self, base: &BaseId) -> Option<Index> {
        let indexes = self.indexes.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = indexes.iter().find(|(of, _)| of == base);
        kept.map(|(_, index)| index.clone())
    }
}
