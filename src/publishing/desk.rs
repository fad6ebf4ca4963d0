//! What a business does with its knowledge: import, look, try, publish, bring back.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use jiff::civil::DateTime;

use super::{BasePlan, Index, IndexMaker, Material, Model, reading::Reader};
use crate::{
    embedding::EmbedError,
    entry::{Entry, Finding},
    ids::{BaseId, KnowledgeVersion},
    knowledge::{
        KnowledgeBase,
        check::{Concern, Known, Severity, check},
        difference::{Difference, difference},
        export::to_csv,
        import::{DocumentError, Report},
    },
    llm::NotWritten,
    retrieval::{Query, SearchError},
    sandbox::SandboxError,
    storage::{StorageError, Store, knowledge::Signature},
    tts::{SynthesizeError, cache::PhraseCache},
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

/// Why something could not be done with a base.
#[derive(Debug, thiserror::Error)]
pub enum DeskError {
    /// It could not be read or written, or is not there.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// Nothing of it is published.
    #[error("nothing of `{0}` is published")]
    NotPublished(BaseId),
    /// The draft is what is published.
    #[error("the draft of `{base}` is what is published already, as version {number}")]
    NothingNew {
        /// The base.
        base: BaseId,
        /// What is published.
        number: u64,
    },
    /// Another publication is going on.
    #[error("`{0}` is being published already")]
    Busy(BaseId),
    /// There is only one version.
    #[error("`{0}` has no version before this one")]
    NothingBefore(BaseId),
    /// The draft holds nothing.
    #[error("the draft of `{0}` holds no entry")]
    Empty(BaseId),
    /// Something is wrong with the draft.
    #[error("the draft of `{base}` cannot be published:{}", told(concerns))]
    Refused {
        /// The base.
        base: BaseId,
        /// Its errors.
        concerns: Vec<Concern>,
    },
    /// A document cannot be read.
    #[error(transparent)]
    Document(DocumentError),
    /// No document can be read.
    #[error(transparent)]
    Reader(SandboxError),
    /// A document holds no entry.
    #[error("{document} holds nothing that can be taken{refused}")]
    NothingTaken {
        /// Its name.
        document: String,
        /// The first refusals, in words.
        refused: String,
        /// What became of every row and page.
        report: Box<Report>,
    },
    /// There is no language model to ask.
    #[error("no language model is configured ([language_model])")]
    NoModel,
    /// The language model is of no use.
    #[error("the language model proposes nothing: {0}")]
    Model(NotWritten),
    /// The index could not be made.
    #[error("the index cannot be made: {0}")]
    Index(#[from] EmbedError),
    /// The index could not be asked.
    #[error(transparent)]
    Search(#[from] SearchError),
    /// An answer could not be spoken.
    #[error("the answers cannot be spoken: {0}")]
    Speech(#[from] SynthesizeError),
}

/// Concerns that are told with an error.
const TOLD: usize = 10;

fn told(concerns: &[Concern]) -> String {
    let mut told: String = concerns
        .iter()
        .take(TOLD)
        .map(|concern| format!("\n  {concern}"))
        .collect();
    if let Some(more) = concerns.len().checked_sub(TOLD).filter(|more| *more > 0) {
        told.push_str(&format!("\n  and {more} more"));
    }
    told
}

/// The knowledge bases of the businesses, for people who work on them.
pub struct Desk {
    pub(super) store: Store,
    plans: HashMap<BaseId, BasePlan>,
    maker: IndexMaker,
    pub(super) reader: Reader,
    pub(super) model: Option<Model>,
    steps: Mutex<HashMap<BaseId, Step>>,
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
    async fn version_index(&self, base: &BaseId, known: KnowledgeBase) -> Result<(), DeskError> {
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
