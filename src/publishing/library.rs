//! The published versions that new calls get.
//!
//! The database points to one version of each base. The library follows: when the pointer moves, it makes the index and the
//! audio of the new version and only then hands it on, so that no call waits. A version that cannot be made leaves the one
//! before in use and is shown on the status page.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{sync::Notify, time::MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use super::{BasePlan, Index, IndexMaker, Material};
use crate::{
    embedding::EmbedError,
    entry::Entry,
    ids::{BaseId, KnowledgeVersion},
    knowledge::KnowledgeBase,
    retrieval::{KnowledgeIndex, qdrant::Qdrant},
    storage::{
        StorageError, Store,
        knowledge::{Origin, Signature, VersionSummary},
    },
    tts::{SynthesizeError, cache::PhraseCache},
};

/// How often the database is asked whether somebody has published.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Puts a version where new calls find it.
pub trait Shelf: Send + Sync {
    /// New calls of the lines of `base` are answered from `index`.
    fn put(&self, base: &BasePlan, index: &Arc<dyn KnowledgeIndex>);
}

/// What new calls get of a base.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseState {
    /// Which base.
    pub id: BaseId,
    /// The version in use.
    pub version: u64,
    /// How many entries it has.
    pub entries: u64,
    /// A later version that could not be made, and why.
    pub failed: Option<(u64, String)>,
}

/// Why a version cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LibraryError {
    /// It could not be read.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// Its index could not be made.
    #[error("its index cannot be made: {0}")]
    Index(#[from] EmbedError),
    /// Its answers could not be spoken.
    #[error("its answers cannot be spoken: {0}")]
    Speech(#[from] SynthesizeError),
}

/// The knowledge bases of the lines.
pub struct Library {
    store: Store,
    plans: Vec<BasePlan>,
    maker: IndexMaker,
    speech: Arc<PhraseCache>,
    states: Mutex<HashMap<BaseId, BaseState>>,
    /// What new calls get: the next version embeds only what this one does not have.
    indexes: Mutex<HashMap<BaseId, Index>>,
    published: Notify,
    /// Where versions are also searched.
    qdrant: Option<Qdrant>,
}

impl std::fmt::Debug for Library {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Library")
            .field("states", &self.states)
            .finish_non_exhaustive()
    }
}

impl Library {
    /// A library that holds nothing yet.
    pub fn new(
        store: Store,
        plans: Vec<BasePlan>,
        maker: IndexMaker,
        speech: Arc<PhraseCache>,
    ) -> Self {
        Self {
            store,
            plans,
            maker,
            speech,
            states: Mutex::default(),
            indexes: Mutex::default(),
            published: Notify::new(),
            qdrant: None,
        }
    }

    /// With a server that recalls for new calls.
    #[must_use]
    pub fn with_qdrant(self, qdrant: Option<Qdrant>) -> Self {
        Self { qdrant, ..self }
    }

    /// Publishes the files of bases that follow their file; see [`seed`].
    pub async fn seed(&self, now_ms: i64) -> Result<(), StorageError> {
        for plan in &self.plans {
            seed(&self.store, plan, now_ms).await?;
        }
        Ok(())
    }

    /// The index of the version that is published of `base`. `spoken` is told how many of how many answers have audio.
    pub async fn open(
        &self,
        base: &BaseId,
        spoken: impl FnMut(usize, usize),
    ) -> Result<Arc<dyn KnowledgeIndex>, LibraryError> {
        let unknown = || StorageError::UnknownBase(base.clone());
        let plan = self.plans.iter().find(|plan| plan.id == *base);
        let plan = plan.ok_or_else(unknown)?;
        let version = self.store.published(base).await?.ok_or_else(unknown)?;
        self.make(plan, &version, spoken).await
    }

    async fn make(
        &self,
        plan: &BasePlan,
        version: &VersionSummary,
        mut spoken: impl FnMut(usize, usize),
    ) -> Result<Arc<dyn KnowledgeIndex>, LibraryError> {
        let entries = self.store.version_entries(&plan.id, version.number).await?;
        let requests = plan.answers(&entries);
        let all = requests.len();
        self.speech
            .prefetch(&requests, |done| spoken(done, all))
            .await?;
        let previous = self.indexes().get(&plan.id).cloned();
        let material = Material {
            base: plan.id.clone(),
            known: KnowledgeBase {
                version: version.hash.clone(),
                entries,
            },
            synonyms: plan.synonyms.clone(),
            previous: previous.clone(),
        };
        let index = self.maker.of_version(material).await?;
        self.indexes().insert(plan.id.clone(), index.clone());
        // The one before is what a rollback brings back.
        let before = previous.map(|index| index.of_calls().version().clone());
        let kept = before.into_iter().chain([version.hash.clone()]).collect();
        self.maker.keep_only(&plan.id, kept).await;
        self.set(BaseState {
            id: plan.id.clone(),
            version: version.number,
            entries: version.entries,
            failed: None,
        });
        Ok(match &self.qdrant {
            Some(qdrant) => qdrant.attach(&plan.id, index.local()),
            None => index.of_calls(),
        })
    }

    fn set(&self, state: BaseState) {
        self.states().insert(state.id.clone(), state);
    }

    fn states(&self) -> std::sync::MutexGuard<'_, HashMap<BaseId, BaseState>> {
        // Only whole states are put in: a panic elsewhere leaves it sound.
        self.states.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn indexes(&self) -> std::sync::MutexGuard<'_, HashMap<BaseId, Index>> {
        self.indexes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What new calls get, by base.
    pub fn state(&self) -> Vec<BaseState> {
        let mut states: Vec<BaseState> = self.states().values().cloned().collect();
        states.sort_by(|a, b| a.id.cmp(&b.id));
        states
    }

    /// Somebody in this process has published: look at once.
    pub fn look(&self) {
        self.published.notify_one();
    }

    /// Follows what is published until `stop`.
    pub async fn follow(&self, shelf: &dyn Shelf, stop: CancellationToken) {
        let mut looks = tokio::time::interval(LOOK_EVERY);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.published.notified() => {}
                _ = looks.tick() => {}
            }
            for plan in &self.plans {
                self.catch_up(plan, shelf).await;
            }
        }
    }

    async fn catch_up(&self, plan: &BasePlan, shelf: &dyn Shelf) {
        let version = match self.store.published(&plan.id).await {
            Ok(Some(version)) => version,
            Ok(None) => return,
            Err(error) => {
                tracing::warn!(knowledge.base = %plan.id, %error, "what is published cannot be read; the version in use stays");
                return;
            }
        };
        let state = self.states().get(&plan.id).cloned();
        let known = |state: &BaseState| {
            let failed = state.failed.as_ref().map(|(number, _)| *number);
            state.version == version.number || failed == Some(version.number)
        };
        if state.as_ref().is_some_and(known) {
            return;
        }
        match self.make(plan, &version, |_, _| {}).await {
            Ok(index) => {
                shelf.put(plan, &index);
                tracing::info!(knowledge.base = %plan.id, knowledge.version = version.number, knowledge.entries = version.entries, "new calls get another version");
            }
            Err(error) => {
                tracing::error!(knowledge.base = %plan.id, knowledge.version = version.number, %error, "a version cannot be used; the one before stays");
                if let Some(mut state) = state {
                    state.failed = Some((version.number, error.to_string()));
                    self.set(state);
                }
            }
        }
    }
}

/// Publishes the file of a base that follows its file: one that is new, or whose versions all came from the file. Once a
/// business has published something else, its file is passed over with a warning.
pub async fn seed(store: &Store, plan: &BasePlan, now_ms: i64) -> Result<(), StorageError> {
    store.ensure_base(&plan.id).await?;
    let KnowledgeBase { version, entries } = &plan.seed;
    if let Some(published) = store.published(&plan.id).await?
        && !follows_file(store, plan, &published).await?
    {
        return Ok(());
    }
    let signature = Signature {
        author: plan.file.display().to_string(),
        at_ms: now_ms,
        note: String::new(),
    };
    let number = store
        .publish(&plan.id, None, version, entries, &signature)
        .await?;
    tracing::info!(knowledge.base = %plan.id, knowledge.version = number, "published from {}", plan.file.display());
    Ok(())
}

/// Whether the file is to be published over what is: false also where it is the same.
async fn follows_file(
    store: &Store,
    plan: &BasePlan,
    published: &VersionSummary,
) -> Result<bool, StorageError> {
    let same = |version: &KnowledgeVersion| *version == plan.seed.version;
    if same(&published.hash) {
        return Ok(false);
    }
    let versions = store.versions(&plan.id).await?;
    if versions
        .iter()
        .any(|version| version.origin != Origin::File)
    {
        // A file that was published once and has not changed since is not worth a word.
        if !versions.iter().any(|version| same(&version.hash)) {
            tracing::warn!(
                knowledge.base = %plan.id,
                "{} has changed, but the business has published otherwise since; `yingda faq import` takes it over",
                plan.file.display()
            );
        }
        return Ok(false);
    }
    let draft: Vec<Entry> = store.draft(&plan.id).await?.entries;
    let untouched = KnowledgeBase::new(draft).version == published.hash;
    if !untouched {
        tracing::warn!(
            knowledge.base = %plan.id,
            "{} has changed, but the draft holds changes that are not published; `yingda faq import` takes it over",
            plan.file.display()
        );
    }
    Ok(untouched)
}
