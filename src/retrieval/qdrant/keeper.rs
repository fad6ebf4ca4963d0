//! Upkeep: brings editions to the server, lets aliases point to those that are whole, and removes those that nobody uses.
//!
//! It looks when something has changed, and every half minute whether the server still holds what it should. While the server
//! cannot be reached it tries again with growing pauses. Searches never wait for it.

use std::time::Duration;

use rand::RngExt;
use tokio_util::sync::CancellationToken;

use super::{Asked, Holdings, Kept, Qdrant, ServerError, Shared, Wanted, uploading::Upload};
use crate::ids::BaseId;

/// How often the server is asked whether it still holds what it should.
const LOOK_EVERY: Duration = Duration::from_secs(30);

/// The pause after a round that failed, twice as long after each further one.
const PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

/// The pause before a request is made again, twice as long each time.
const RETRY_PAUSE: Duration = Duration::from_millis(100);

impl Qdrant {
    /// Keeps the server up to date until `stop`.
    pub async fn keep(&self, stop: CancellationToken) {
        let mut failures = 0;
        loop {
            let round = tokio::select! {
                () = stop.cancelled() => return,
                round = self.shared.round() => round,
            };
            let pause = match round {
                Ok(()) => {
                    failures = 0;
                    LOOK_EVERY
                }
                Err(error) => {
                    if failures == 0 {
                        tracing::warn!(%error, "qdrant is not up to date");
                    }
                    failures += 1;
                    jittered(PAUSE, failures - 1).min(LONGEST_PAUSE)
                }
            };
            let woken = async {
                // After a failure everything waits: a server that is down is not asked more often by those who miss it.
                match failures {
                    0 => self.shared.woken.notified().await,
                    _ => std::future::pending().await,
                }
            };
            tokio::select! {
                () = stop.cancelled() => return,
                _ = tokio::time::timeout(pause, woken) => {}
            }
        }
    }

    /// Brings to the server what is wanted and not there, once.
    pub async fn settle(&self) -> Result<(), ServerError> {
        self.shared.round().await
    }

    /// Wants nothing of `base` any more, and removes all its editions from the server.
    pub async fn clear(&self, base: &BaseId) -> Result<(), ServerError> {
        let shared = &self.shared;
        let Some(wanted) = shared.wanted().remove(base) else {
            return Ok(());
        };
        for kept in wanted.all() {
            kept.set_ready(false);
        }
        let edition = &wanted.current.edition;
        let holdings = shared.patiently(|| shared.server.holdings(edition)).await?;
        for collection in &holdings.collections {
            shared
                .patiently(|| shared.server.remove(collection))
                .await?;
        }
        Ok(())
    }
}

impl Shared {
    /// Looks after every base once. One that fails does not keep the others from being looked after.
    async fn round(&self) -> Result<(), ServerError> {
        let bases: Vec<Wanted> = self.wanted().values().cloned().collect();
        let mut result = Ok(());
        for base in bases {
            if let Err(error) = self.settle(&base).await {
                // Whatever else is wrong, it is there and answers.
                if matches!(error, ServerError::Unreachable(_)) {
                    let now = (self.now)();
                    let change = self.breaker().unreachable(now, error.to_string());
                    self.tell(change);
                }
                result = Err(error);
            }
        }
        *self.problem() = result.as_ref().err().map(ToString::to_string);
        if result.is_ok() {
            let change = self.breaker().reached((self.now)());
            self.tell(change);
        }
        result
    }

    /// Brings a base's edition to the server, unless it is there, and removes those that are not wanted.
    async fn settle(&self, wanted: &Wanted) -> Result<(), ServerError> {
        let current = &wanted.current;
        let holdings = self
            .patiently(|| self.server.holdings(&current.edition))
            .await?;
        if !self.is_whole(current, &holdings).await? {
            current.set_ready(false);
            if !self.upload(wanted, &holdings).await? {
                // Another version is wanted by now; the next round sees to it, and to what this one leaves.
                self.woken.notify_one();
                return Ok(());
            }
            tracing::info!(knowledge.base = %current.edition.base, qdrant.collection = %current.edition.collection, qdrant.points = current.edition.phrasings, "an edition is on the server");
        }
        current.set_uploaded(current.edition.phrasings);
        current.set_ready(true);
        self.remove_others(wanted, &holdings).await
    }

    /// Whether the alias points to the edition and all its points are there.
    async fn is_whole(&self, kept: &Kept, holdings: &Holdings) -> Result<bool, ServerError> {
        let edition = &kept.edition;
        if !holdings.collections.contains(&edition.collection)
            || holdings.alias.as_ref() != Some(&edition.collection)
        {
            return Ok(false);
        }
        let held = self.patiently(|| self.server.count(edition)).await?;
        Ok(held == edition.phrasings)
    }

    /// Puts what is missing, counts, and switches. False if the edition is not wanted any more.
    async fn upload(&self, wanted: &Wanted, holdings: &Holdings) -> Result<bool, ServerError> {
        let kept = &wanted.current;
        let edition = &kept.edition;
        let mut from = 0;
        if holdings.collections.contains(&edition.collection) {
            from = self.patiently(|| self.server.count(edition)).await?;
            if from > edition.phrasings {
                self.patiently(|| self.server.remove(&edition.collection))
                    .await?;
                from = 0;
            }
        }
        self.patiently(|| self.server.create(edition)).await?;
        kept.set_uploaded(from);
        let upload = Upload::prepare(edition, wanted.local.clone()).await;
        for batch in upload.batches(from) {
            if !self.is_current(kept) {
                return Ok(false);
            }
            let end = u64::from(batch.end);
            let points = upload.points(batch).await;
            self.patiently(|| self.server.put(edition, points.clone()))
                .await?;
            kept.set_uploaded(end);
        }
        let held = self.patiently(|| self.server.count(edition)).await?;
        if held != edition.phrasings {
            // Points that are missing in the middle cannot be told from the number, so the next round begins anew.
            kept.set_uploaded(0);
            self.patiently(|| self.server.remove(&edition.collection))
                .await?;
            return Err(ServerError::Incomplete {
                held,
                expected: edition.phrasings,
            });
        }
        self.patiently(|| self.server.switch(edition)).await?;
        Ok(true)
    }

    /// Removes the base's editions but the one of new calls and the one before it.
    async fn remove_others(&self, wanted: &Wanted, holdings: &Holdings) -> Result<(), ServerError> {
        let current = &wanted.current.edition;
        let kept: Vec<&str> = wanted
            .all()
            .filter(|kept| kept.is_ready())
            .map(|kept| kept.edition.collection.as_str())
            .collect();
        for collection in &holdings.collections {
            if current.is_of_base(collection) && !kept.contains(&collection.as_str()) {
                self.patiently(|| self.server.remove(collection)).await?;
                tracing::info!(knowledge.base = %current.base, qdrant.collection = %collection, "an edition that nobody uses is removed");
            }
        }
        Ok(())
    }

    fn is_current(&self, kept: &Kept) -> bool {
        let wanted = self.wanted();
        let base = wanted.get(&kept.edition.base);
        base.is_some_and(|base| base.current.edition == kept.edition)
    }

    /// Asks again, after a pause, as long as it may help.
    async fn patiently<'a, T>(
        &'a self,
        mut ask: impl FnMut() -> Asked<'a, T>,
    ) -> Result<T, ServerError> {
        let mut tries = 0;
        loop {
            match ask().await {
                Err(error) if error.passes() && tries < self.settings.retries => {
                    tokio::time::sleep(jittered(RETRY_PAUSE, tries)).await;
                    tries += 1;
                }
                result => return result,
            }
        }
    }
}

/// `pause`, doubled so often, with a random part so that servers are not asked by all at the same moment.
fn jittered(pause: Duration, doubled: u32) -> Duration {
    let most = pause * 2u32.saturating_pow(doubled.min(10));
    most.mul_f64(rand::rng().random_range(0.5..=1.0))
}
