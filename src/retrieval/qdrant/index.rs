//! A version of a knowledge base whose recall is a server's.
//!
//! A search runs on a thread that may block, and waits for the server there, no longer than it may in all; the request itself
//! runs on the runtime. Whatever goes wrong with the server, the index in process recalls instead, so
//! that no search fails for it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::{RecvTimeoutError, sync_channel},
    },
    time::Duration,
};

use jiff::civil::DateTime;

use super::{Kept, Local, Search, ServerError, Shared, Sparse, breaker::Trouble};
use crate::{
    clock::Moment,
    entry::Candidate,
    ids::KnowledgeVersion,
    retrieval::{
        KnowledgeIndex, Query, Ranking, RetrievalConfig, SearchError, SearchFuture, asking,
        recall::{RECALLED, Recall, RecallError, Sought},
    },
};

/// The most points that one way of looking finds, however many phrasings an entry has.
const MOST_POINTS: u64 = 2_048;

/// When a request is given up that nobody waits for any more. It is not at once: by its own limit alone does a client learn that a
/// connection is dead, and makes another.
const LIMIT: Duration = Duration::from_secs(5);

/// What became of a recall that the server might have been asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// The server answered.
    Answered,
    /// It did not answer in time.
    Late,
    /// It failed.
    Failed,
    /// It found nothing at all, which a whole edition hardly does.
    Empty,
    /// It is left alone after failures.
    Resting,
    /// It does not hold the version yet.
    Uploading,
    /// As many searches as may be were under way.
    Busy,
}

impl Outcome {
    /// Each of them; all but the first were answered in process.
    pub const ALL: [Self; 7] = [
        Self::Answered,
        Self::Late,
        Self::Failed,
        Self::Empty,
        Self::Resting,
        Self::Uploading,
        Self::Busy,
    ];

    /// Its name, for metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Late => "late",
            Self::Failed => "failed",
            Self::Empty => "empty",
            Self::Resting => "resting",
            Self::Uploading => "uploading",
            Self::Busy => "busy",
        }
    }
}

/// Recalls, by outcome.
#[derive(Debug, Default)]
pub(super) struct Tally([AtomicU64; Outcome::ALL.len()]);

impl Tally {
    fn count(&self, outcome: Outcome) {
        self.0[outcome as usize].fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn counts(&self) -> Vec<(Outcome, u64)> {
        let counts = self.0.iter().map(|count| count.load(Ordering::Relaxed));
        Outcome::ALL.into_iter().zip(counts).collect()
    }
}

/// A version of a knowledge base, asked through a server.
#[derive(Clone)]
pub struct QdrantIndex {
    kept: Arc<Kept>,
    local: Local,
    shared: Arc<Shared>,
}

impl QdrantIndex {
    pub(super) const fn new(kept: Arc<Kept>, local: Local, shared: Arc<Shared>) -> Self {
        Self {
            kept,
            local,
            shared,
        }
    }

    /// The phrasings that the server names, in time.
    fn ask(&self, sought: &Sought<'_>, until: Moment) -> Result<Vec<u32>, Outcome> {
        let shared = &self.shared;
        if !self.kept.is_ready() {
            return Err(Outcome::Uploading);
        }
        let began = (shared.now)();
        let limit = until.since(began);
        // What is left of a search that has waited for the server before is too little to ask again.
        if limit.is_zero() {
            return Err(Outcome::Late);
        }
        if !shared.breaker().admits(began) {
            return Err(Outcome::Resting);
        }
        match self.request(sought, limit)? {
            Ok(phrasings) => {
                let change = shared.breaker().succeeded();
                shared.tell(change);
                Ok(phrasings)
            }
            Err(Failure::Late) => {
                self.failed(Trouble::Slow);
                Err(Outcome::Late)
            }
            Err(Failure::Missing(error)) => {
                // Somebody has removed it; upkeep makes it again.
                tracing::warn!(qdrant.collection = %self.kept.edition.collection, %error, "an edition is gone");
                self.doubt();
                Err(Outcome::Failed)
            }
            Err(Failure::Broken(error)) => {
                self.failed(Trouble::Failing(error));
                Err(Outcome::Failed)
            }
        }
    }

    /// The outer result is about asking, the inner about what the server said.
    fn request(
        &self,
        sought: &Sought<'_>,
        limit: Duration,
    ) -> Result<Result<Vec<u32>, Failure>, Outcome> {
        let shared = &self.shared;
        let permit = shared.slots.clone().try_acquire_owned();
        let permit = permit.map_err(|_| Outcome::Busy)?;
        let search = Arc::new(self.search_for(sought));
        let (server, retries) = (shared.server.clone(), shared.settings.retries);
        let (tell, told) = sync_channel(1);
        shared.runtime.spawn(async move {
            let _permit = permit;
            let asking = async {
                let mut found = server.search(search.clone()).await;
                for _ in 0..retries {
                    // A connection that broke is made anew at once; a server that is busy is not made busier.
                    if !matches!(found, Err(ServerError::Unreachable(_))) {
                        break;
                    }
                    found = server.search(search.clone()).await;
                }
                found
            };
            if let Ok(found) = tokio::time::timeout(LIMIT, asking).await {
                // Nobody waits any more if this fails.
                let _ = tell.send(found);
            }
        });
        Ok(match told.recv_timeout(limit) {
            Ok(Ok(phrasings)) => Ok(phrasings),
            Ok(Err(ServerError::Busy(_))) => Err(Failure::Late),
            Ok(Err(error @ ServerError::Missing(_))) => Err(Failure::Missing(error)),
            Ok(Err(error)) => Err(Failure::Broken(error.to_string())),
            Err(RecvTimeoutError::Timeout) => Err(Failure::Late),
            // The runtime is going away, with the server's clients.
            Err(RecvTimeoutError::Disconnected) => {
                Err(Failure::Broken("the request was dropped".to_owned()))
            }
        })
    }

    fn search_for(&self, sought: &Sought<'_>) -> Search {
        let collection = self.local.lexical().collection();
        let entries = collection.entries().len().max(1);
        let each = RECALLED * collection.phrasings().div_ceil(entries);
        let terms = sought.terms;
        Search {
            edition: self.kept.edition.clone(),
            now: sought.now.filter(|_| collection.is_dated()),
            meaning: sought.vector.map(<[f32]>::to_vec),
            words: Sparse::of_question(&terms.words),
            characters: Sparse::of_question(&terms.characters),
            sounds: Sparse::of_question(&terms.syllables),
            limit: (each as u64).min(MOST_POINTS),
        }
    }

    fn failed(&self, trouble: Trouble) {
        let shared = &self.shared;
        // Upkeep finds out at once whether it is gone, so that not every call does.
        if matches!(trouble, Trouble::Failing(_)) {
            shared.woken.notify_one();
        }
        let change = shared.breaker().failed((shared.now)(), trouble);
        shared.tell(change);
    }

    /// The server may not hold what it should: upkeep looks.
    fn doubt(&self) {
        self.kept.set_ready(false);
        self.shared.woken.notify_one();
    }

    #[cfg(test)]
    pub(super) fn rank_until(&self, question: &str, until: Moment) -> Vec<Candidate> {
        let most = crate::retrieval::MAX_CHOICES;
        Searching { index: self, until }.rank_at(question, most, None)
    }

    fn until(&self) -> Moment {
        (self.shared.now)() + self.shared.settings.timeout
    }
}

enum Failure {
    Late,
    Missing(ServerError),
    Broken(String),
}

/// One search: all its recalls share its time.
struct Searching<'a> {
    index: &'a QdrantIndex,
    until: Moment,
}

impl Recall for Searching<'_> {
    fn name(&self) -> &str {
        "qdrant"
    }

    fn recall(&self, sought: &Sought<'_>, found: &mut Vec<u32>) -> Result<(), RecallError> {
        let local = &self.index.local;
        let collection = local.lexical().collection();
        let mut outcome = Outcome::Answered;
        match self.index.ask(sought, self.until) {
            Ok(phrasings) => {
                // What the server says is not trusted to be one of ours.
                let known = phrasings
                    .into_iter()
                    .filter(|&phrasing| (phrasing as usize) < collection.phrasings());
                let entries = known.map(|phrasing| collection.owner(phrasing));
                found.extend(entries.filter(|&entry| (sought.holds)(entry)));
                if found.is_empty() {
                    outcome = Outcome::Empty;
                }
            }
            Err(failure) => outcome = failure,
        }
        self.index.shared.tally.count(outcome);
        if outcome != Outcome::Answered {
            for stage in local.stages() {
                stage.recall(sought, found)?;
            }
        }
        if outcome == Outcome::Empty && !found.is_empty() {
            self.index.shared.woken.notify_one();
        }
        Ok(())
    }
}

impl Ranking for Searching<'_> {
    fn config(&self) -> &RetrievalConfig {
        self.index.local.ranking().config()
    }

    fn rank_at(&self, question: &str, most: usize, now: Option<DateTime>) -> Vec<Candidate> {
        self.index.local.rank_by(self, question, most, now)
    }
}

/// Waits in the thread that asks, which must not be one that the runtime's tasks need.
impl Ranking for QdrantIndex {
    fn config(&self) -> &RetrievalConfig {
        self.local.ranking().config()
    }

    fn rank_at(&self, question: &str, most: usize, now: Option<DateTime>) -> Vec<Candidate> {
        let until = self.until();
        Searching { index: self, until }.rank_at(question, most, now)
    }
}

impl KnowledgeIndex for QdrantIndex {
    fn version(&self) -> &KnowledgeVersion {
        self.local.lexical().version_of()
    }

    fn search(&self, query: Query) -> SearchFuture<'_> {
        let index = self.clone();
        Box::pin(async move {
            let asked = tokio::task::spawn_blocking(move || {
                let until = index.until();
                let searching = Searching {
                    index: &index,
                    until,
                };
                asking::finding(&searching, index.version(), &query)
            });
            asked
                .await
                .map_err(|error| SearchError::Unavailable(error.to_string()))
        })
    }
}
