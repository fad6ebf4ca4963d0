//! Model threads: a fixed number of slots, a bounded line before them, deadlines, warm-up.
//!
//! A model is slow, not `async` and may panic. Each slot is a named thread that owns its engine; callers wait in a line of
//! stated length and are refused aloud when it is full. This module does not know what the engines do.

use std::{
    collections::VecDeque,
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

use tokio::sync::oneshot;

/// How many jobs at once, and how many in line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolConfig {
    /// Threads, each with an engine.
    pub slots: usize,
    /// Jobs that may wait; one more is refused.
    pub queue: usize,
}

/// Why a job gave no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PoolError {
    /// The line is full.
    #[error("no slot is free and the line is full")]
    Overloaded,
    /// The deadline passed.
    #[error("the deadline passed")]
    Deadline,
    /// The engine panicked; its slot makes a new one.
    #[error("the engine crashed")]
    Crashed,
    /// Every slot has lost its engine and could not make another.
    #[error("no slot has an engine any more")]
    NoEngine,
    /// The pool has stopped.
    #[error("the pool has stopped")]
    Stopped,
}

/// How often a slot tries to make a new engine before it ends, and the rest before each further try: what was missing (memory,
/// a file being replaced) may be back.
#[derive(Clone, Copy, Debug)]
struct Remake {
    attempts: u32,
    rest: Duration,
}

const REMAKE: Remake = Remake {
    attempts: 5,
    rest: Duration::from_secs(2),
};

/// Counters of a pool.
#[derive(Debug, Default)]
pub struct PoolCounters {
    /// Jobs that were finished.
    pub finished: AtomicU64,
    /// Jobs that were refused.
    pub refused: AtomicU64,
    /// Jobs that nobody waited for when their turn came.
    pub abandoned: AtomicU64,
    /// Engines that panicked.
    pub crashed: AtomicU64,
    /// Slots that ended because no engine could be made.
    pub lost: AtomicU64,
}

type Work<E> = Box<dyn FnOnce(&mut E, &AtomicBool) + Send>;

struct Job<E> {
    work: Work<E>,
    cancelled: Arc<AtomicBool>,
}

struct Line<E> {
    jobs: VecDeque<Job<E>>,
    stopping: bool,
    /// Slots that have an engine or are making one.
    slots: usize,
}

struct Shared<E> {
    line: Mutex<Line<E>>,
    arrived: Condvar,
    /// Of its own, so that a slot that rests takes no job's notice from one that waits.
    stops: Condvar,
    config: PoolConfig,
    remake: Remake,
    counters: PoolCounters,
}

impl<E> Shared<E> {
    fn line(&self) -> MutexGuard<'_, Line<E>> {
        // The line is only pushed to and popped from under the lock: a panic elsewhere leaves it whole.
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Slots with an engine each.
pub struct Pool<E> {
    shared: Arc<Shared<E>>,
    threads: Vec<JoinHandle<()>>,
}

impl<E> fmt::Debug for Pool<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("config", &self.shared.config)
            .finish_non_exhaustive()
    }
}

/// Sets the flag when the one who waits is gone.
struct CancelOnDrop(Arc<AtomicBool>);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl<E: 'static> Pool<E> {
    /// Makes an engine for each slot, in this thread, and starts the slots. `name` names the threads; warming an engine up is
    /// the factory's work.
    pub fn start<F, X>(name: &str, config: PoolConfig, factory: F) -> Result<Self, X>
    where
        F: Fn() -> Result<E, X> + Send + Sync + 'static,
        E: Send,
        X: From<std::io::Error> + fmt::Display + 'static,
    {
        Self::start_with(name, config, REMAKE, factory)
    }

    fn start_with<F, X>(
        name: &str,
        config: PoolConfig,
        remake: Remake,
        factory: F,
    ) -> Result<Self, X>
    where
        F: Fn() -> Result<E, X> + Send + Sync + 'static,
        E: Send,
        X: From<std::io::Error> + fmt::Display + 'static,
    {
        let shared = Arc::new(Shared {
            line: Mutex::new(Line {
                jobs: VecDeque::with_capacity(config.queue),
                stopping: false,
                slots: config.slots,
            }),
            arrived: Condvar::new(),
            stops: Condvar::new(),
            config,
            remake,
            counters: PoolCounters::default(),
        });
        let factory = Arc::new(factory);
        // The pool is made first: if a slot cannot start, dropping it ends those that did.
        let mut pool = Self {
            shared,
            threads: Vec::with_capacity(config.slots),
        };
        for slot in 0..config.slots {
            let engine = factory()?;
            let (shared, factory) = (pool.shared.clone(), factory.clone());
            let thread = std::thread::Builder::new()
                .name(format!("{name}-{slot}"))
                .spawn(move || serve(&shared, engine, &*factory))?;
            pool.threads.push(thread);
        }
        Ok(pool)
    }

    /// Runs `work` on an engine. Dropping the future cancels it: before its turn it is left out, after that the flag that
    /// `work` is given is set.
    pub async fn run<R, W>(&self, deadline: Duration, work: W) -> Result<R, PoolError>
    where
        R: Send + 'static,
        W: FnOnce(&mut E, &AtomicBool) -> R + Send + 'static,
    {
        let (done, result) = oneshot::channel();
        let cancelled = Arc::new(AtomicBool::new(false));
        let begun = Arc::new(AtomicBool::new(false));
        let begins = begun.clone();
        let job = Job {
            work: Box::new(move |engine: &mut E, flag: &AtomicBool| {
                begins.store(true, Ordering::Release);
                // Nobody waits any more if this fails.
                let _ = done.send(work(engine, flag));
            }),
            cancelled: cancelled.clone(),
        };
        let _cancel = CancelOnDrop(cancelled);
        self.enqueue(job)?;
        match tokio::time::timeout(deadline, result).await {
            Ok(Ok(result)) => Ok(result),
            Ok(Err(_)) if begun.load(Ordering::Acquire) => Err(PoolError::Crashed),
            Ok(Err(_)) if self.shared.line().stopping => Err(PoolError::Stopped),
            // Only a pool that ends drops a job that was not begun.
            Ok(Err(_)) => Err(PoolError::NoEngine),
            Err(_) => Err(PoolError::Deadline),
        }
    }

    fn enqueue(&self, job: Job<E>) -> Result<(), PoolError> {
        let mut line = self.shared.line();
        if line.stopping {
            return Err(PoolError::Stopped);
        }
        if line.slots == 0 {
            self.shared.counters.refused.fetch_add(1, Ordering::Relaxed);
            return Err(PoolError::NoEngine);
        }
        // Those who do not wait any more make room first.
        if line.jobs.len() >= self.shared.config.queue {
            let before = line.jobs.len();
            line.jobs
                .retain(|job| !job.cancelled.load(Ordering::Relaxed));
            let gone = (before - line.jobs.len()) as u64;
            self.shared
                .counters
                .abandoned
                .fetch_add(gone, Ordering::Relaxed);
        }
        if line.jobs.len() >= self.shared.config.queue {
            self.shared.counters.refused.fetch_add(1, Ordering::Relaxed);
            return Err(PoolError::Overloaded);
        }
        line.jobs.push_back(job);
        drop(line);
        self.shared.arrived.notify_one();
        Ok(())
    }

    /// Counters so far.
    pub fn counters(&self) -> &PoolCounters {
        &self.shared.counters
    }
}

impl<E> Drop for Pool<E> {
    fn drop(&mut self) {
        let jobs = {
            let mut line = self.shared.line();
            line.stopping = true;
            std::mem::take(&mut line.jobs)
        };
        // Outside the lock: dropping a job wakes the one who waits for it.
        drop(jobs);
        self.shared.arrived.notify_all();
        self.shared.stops.notify_all();
        for thread in self.threads.drain(..) {
            // A slot catches its engine's panics; there is nothing to learn from its end.
            let _ = thread.join();
        }
    }
}

fn serve<E, X: fmt::Display>(
    shared: &Shared<E>,
    mut engine: E,
    factory: &dyn Fn() -> Result<E, X>,
) {
    while let Some(job) = next_job(shared) {
        if job.cancelled.load(Ordering::Relaxed) {
            shared.counters.abandoned.fetch_add(1, Ordering::Relaxed);
            continue;
        }
        let work = AssertUnwindSafe(|| (job.work)(&mut engine, &job.cancelled));
        if catch_unwind(work).is_ok() {
            shared.counters.finished.fetch_add(1, Ordering::Relaxed);
            continue;
        }
        shared.counters.crashed.fetch_add(1, Ordering::Relaxed);
        // What a panic left of an engine is not to be trusted.
        match fresh_engine(shared, factory) {
            Ok(Some(fresh)) => engine = fresh,
            Ok(None) => return,
            Err(problem) => return lose_slot(shared, &problem),
        }
    }
}

/// A new engine, or why the last try gave none; `None` when the pool stops meanwhile.
fn fresh_engine<E, X: fmt::Display>(
    shared: &Shared<E>,
    factory: &dyn Fn() -> Result<E, X>,
) -> Result<Option<E>, String> {
    let mut attempt = 1;
    loop {
        let problem = match catch_unwind(AssertUnwindSafe(factory)) {
            Ok(Ok(fresh)) => return Ok(Some(fresh)),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "making an engine panicked".to_owned(),
        };
        if attempt >= shared.remake.attempts {
            return Err(problem);
        }
        attempt += 1;
        let (line, _) = shared
            .stops
            .wait_timeout_while(shared.line(), shared.remake.rest, |line| !line.stopping)
            .unwrap_or_else(PoisonError::into_inner);
        if line.stopping {
            return Ok(None);
        }
    }
}

/// Ends this slot. With the last one go those who wait: nobody will serve them.
fn lose_slot<E>(shared: &Shared<E>, problem: &str) {
    let (left, jobs) = {
        let mut line = shared.line();
        line.slots -= 1;
        let jobs = match line.slots {
            0 => std::mem::take(&mut line.jobs),
            _ => VecDeque::new(),
        };
        (line.slots, jobs)
    };
    shared.counters.lost.fetch_add(1, Ordering::Relaxed);
    let slot = std::thread::current().name().unwrap_or_default().to_owned();
    tracing::error!(%slot, %problem, left, "a slot has ended: its engine crashed and no other could be made");
    // Outside the lock: dropping a job wakes the one who waits for it.
    drop(jobs);
}

fn next_job<E>(shared: &Shared<E>) -> Option<Job<E>> {
    let mut line = shared.line();
    loop {
        if line.stopping {
            return None;
        }
        if let Some(job) = line.jobs.pop_front() {
            return Some(job);
        }
        line = shared
            .arrived
            .wait(line)
            .unwrap_or_else(PoisonError::into_inner);
    }
}

#[cfg(test)]
mod tests;
