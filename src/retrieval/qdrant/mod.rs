//! Recall by a Qdrant server, with the index in process behind it.
//!
//! The server replaces the first stage of a search alone: it is asked which phrasings may be meant, by their vector and by the
//! words, characters and sounds of the question, and what it names is measured in process like anything else. So both engines
//! agree but for what one of them misses. The index in process stays loaded and answers the same search when the server does
//! not answer in time, fails, rests after failures, or does not hold the version yet.
//!
//! A version of a base is an [`Edition`]: a collection of its own, which the base's alias points to once it is whole. [`Qdrant::keep`]
//! brings editions to the server and removes those that nobody uses any more.
//!
//! This module decides nothing about what to say, keeps no entries on the server but their numbers and vectors, and reads no
//! clock: whoever opens it says what time it is.

mod breaker;
mod edition;
mod fake;
mod index;
mod keeper;
mod local;
mod seam;
mod server;
mod terms;
mod uploading;

use std::{
    collections::BTreeMap,
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    runtime::Handle,
    sync::{Notify, Semaphore},
};

use self::{
    breaker::{Breaker, Change},
    index::Tally,
};
use super::KnowledgeIndex;
use crate::{clock::Moment, ids::BaseId};

pub use self::{
    edition::Edition,
    fake::{Call, FakeServer},
    index::{Outcome, QdrantIndex},
    local::Local,
    seam::{Asked, Holdings, Point, Search, ServerError, VectorServer},
    server::{AddressFault, QdrantServer, ServerConfig, ServerKey, address},
    terms::Sparse,
};

/// Searches that the server is asked at once, over all calls. One more is answered in process.
const AT_ONCE: usize = 64;

/// How a server is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QdrantSettings {
    /// What names on the server begin with.
    pub prefix: String,
    /// How long all that a search asks of the server may take; the index in process answers then.
    pub timeout: Duration,
    /// How often a request that may succeed a moment later is made again.
    pub retries: u32,
    /// Bases with fewer entries are not brought to the server. Up to [`RECALLED`](super::RECALLED) entries are all measured
    /// anyway, so that recall can only lose some.
    pub from_entries: usize,
}

/// A server and what it is to hold. Clones share it.
#[derive(Clone)]
pub struct Qdrant {
    shared: Arc<Shared>,
}

/// What searches and upkeep share.
struct Shared {
    server: Arc<dyn VectorServer>,
    settings: QdrantSettings,
    /// Where requests run.
    runtime: Handle,
    now: Box<dyn Fn() -> Moment + Send + Sync>,
    slots: Arc<Semaphore>,
    breaker: Mutex<Breaker>,
    tally: Tally,
    wanted: Mutex<BTreeMap<BaseId, Wanted>>,
    /// Why the last round of upkeep did not bring everything to the server.
    problem: Mutex<Option<String>>,
    /// Something is to be done for upkeep.
    woken: Notify,
}

/// Editions of a base that calls use.
#[derive(Clone)]
struct Wanted {
    /// New calls'.
    current: Arc<Kept>,
    /// What it is made of.
    local: Local,
    /// That of running calls, and of a rollback.
    before: Option<Arc<Kept>>,
}

/// An edition, and how far it is on the server.
struct Kept {
    edition: Edition,
    /// It is whole, and searches may ask for it.
    ready: AtomicBool,
    /// Points that are there, of those that it has.
    uploaded: AtomicU64,
}

/// What the status page says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QdrantStatus {
    /// In a word.
    pub state: QdrantState,
    /// Why upkeep does not get on.
    pub problem: Option<String>,
    /// Searches by what became of them.
    pub searches: Vec<(Outcome, u64)>,
}

/// How a server does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QdrantState {
    /// It answers.
    Ready,
    /// It answers for what is uploaded.
    Uploading {
        /// Phrasings that it holds.
        done: u64,
        /// Of so many.
        all: u64,
    },
    /// It is not asked; the index in process answers.
    Down {
        /// Since when.
        since: Moment,
        /// Why.
        error: String,
    },
}

impl fmt::Debug for Qdrant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Qdrant")
            .field("settings", &self.shared.settings)
            .finish_non_exhaustive()
    }
}

impl Qdrant {
    /// Searches of `server`, whose requests run on `runtime`. Nothing is asked before [`Self::keep`] runs.
    pub fn new(
        server: Arc<dyn VectorServer>,
        settings: QdrantSettings,
        runtime: Handle,
        now: impl Fn() -> Moment + Send + Sync + 'static,
    ) -> Self {
        Self {
            shared: Arc::new(Shared {
                server,
                settings,
                runtime,
                now: Box::new(now),
                slots: Arc::new(Semaphore::new(AT_ONCE)),
                breaker: Mutex::default(),
                tally: Tally::default(),
                wanted: Mutex::default(),
                problem: Mutex::default(),
                woken: Notify::new(),
            }),
        }
    }

    /// `local`, what new calls get of `base`, asked through the server. Upkeep brings it there; the one before stays for
    /// running calls.
    pub fn attach(&self, base: &BaseId, local: Local) -> Arc<dyn KnowledgeIndex> {
        let shared = &self.shared;
        if local.lexical().collection().entries().len() < shared.settings.from_entries {
            // Of a base that has shrunk, running calls go on asking for what is there; the next larger version replaces it.
            shared.wanted().remove(base);
            return local.of_calls();
        }
        Arc::new(self.attached(base, local))
    }

    /// The same, however few entries there are.
    pub fn attached(&self, base: &BaseId, local: Local) -> QdrantIndex {
        let shared = &self.shared;
        let edition = Edition::of(&shared.settings.prefix, base, &local);
        let kept = {
            let mut wanted = shared.wanted();
            let previous = wanted.remove(base);
            // The same edition by another copy of the index: what the server holds is as good for it.
            let known = previous.as_ref().and_then(|previous| {
                let mut all = previous.all();
                all.find(|kept| kept.edition == edition).cloned()
            });
            let current = known.unwrap_or_else(|| Arc::new(Kept::new(edition)));
            let before = previous.and_then(|previous| match previous.current {
                kept if kept.edition == current.edition => previous.before,
                kept => Some(kept),
            });
            wanted.insert(
                base.clone(),
                Wanted {
                    current: current.clone(),
                    local: local.clone(),
                    before,
                },
            );
            current
        };
        shared.woken.notify_one();
        QdrantIndex::new(kept, local, self.shared.clone())
    }

    /// How it does.
    pub fn status(&self) -> QdrantStatus {
        let shared = &self.shared;
        let trouble = {
            let breaker = shared.breaker();
            let trouble = breaker.trouble();
            trouble.map(|(since, trouble)| (since, trouble.to_string()))
        };
        let (mut done, mut all, mut ready) = (0, 0, true);
        for Wanted { current, .. } in shared.wanted().values() {
            all += current.edition.phrasings;
            done += current.uploaded();
            ready &= current.is_ready();
        }
        let state = match trouble {
            Some((since, error)) => QdrantState::Down { since, error },
            None if ready => QdrantState::Ready,
            None => QdrantState::Uploading { done, all },
        };
        QdrantStatus {
            state,
            problem: shared.problem().clone(),
            searches: shared.tally.counts(),
        }
    }
}

impl Wanted {
    fn all(&self) -> impl Iterator<Item = &Arc<Kept>> {
        std::iter::once(&self.current).chain(&self.before)
    }
}

impl Kept {
    /// Nothing of it is there, as far as is known.
    const fn new(edition: Edition) -> Self {
        Self {
            edition,
            ready: AtomicBool::new(false),
            uploaded: AtomicU64::new(0),
        }
    }

    fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Acquire)
    }

    fn set_ready(&self, ready: bool) {
        self.ready.store(ready, Ordering::Release);
    }

    fn uploaded(&self) -> u64 {
        self.uploaded.load(Ordering::Relaxed)
    }

    fn set_uploaded(&self, points: u64) {
        self.uploaded.store(points, Ordering::Relaxed);
    }
}

impl Shared {
    fn breaker(&self) -> MutexGuard<'_, Breaker> {
        // It is replaced whole: a panic elsewhere leaves it sound.
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wanted(&self) -> MutexGuard<'_, BTreeMap<BaseId, Wanted>> {
        self.wanted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn problem(&self) -> MutexGuard<'_, Option<String>> {
        self.problem.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says once that a server is left alone, or asked again.
    fn tell(&self, change: Option<Change>) {
        match change {
            Some(Change::Opened) => {
                let breaker = self.breaker();
                let error = breaker.trouble().map(|(_, trouble)| trouble.to_string());
                let error = error.unwrap_or_default();
                tracing::warn!(%error, "qdrant is left alone; the index in process answers");
            }
            Some(Change::Closed) => tracing::info!("qdrant answers again"),
            None => {}
        }
    }
}

#[cfg(test)]
mod tests;
