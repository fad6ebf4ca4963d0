//! A thread that computes for one encoder.
//!
//! candle spreads a matrix product over all cores by way of rayon. A question is too short for that: the threads would cost
//! more than they give, and take the cores that speech recognition and the media threads need.

use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::{ThreadPool, ThreadPoolBuilder};

use super::EncoderError;

/// The most threads that embed for one who has many sentences: an import, while calls go on.
const MOST_THREADS: usize = 2;

/// From so many pieces of work on further threads are worth starting.
const MANY: usize = 8;

/// Carries out one thing after the other; whoever asks waits.
#[derive(Debug)]
pub(super) struct OneThread(ThreadPool);

impl OneThread {
    pub(super) fn start() -> Result<Self, EncoderError> {
        let pool = ThreadPoolBuilder::new()
            .num_threads(1)
            .thread_name(|_| "encoder".to_owned())
            .build();
        pool.map(Self)
            .map_err(|error| EncoderError::Thread(error.to_string()))
    }

    /// What candle would spread over threads stays on this one.
    pub(super) fn run<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        self.0.install(work)
    }

    /// Does the pieces of work 0 to `count`. Many are done on threads of their own, each by one, so that questions are not kept
    /// waiting for them.
    pub(super) fn each<T: Send, E: Send>(
        &self,
        count: usize,
        work: impl Fn(usize) -> Result<T, E> + Sync,
    ) -> Result<Vec<T>, E> {
        let wanted = match count {
            ..MANY => 0,
            _ => std::thread::available_parallelism().map_or(1, usize::from),
        };
        let wanted = wanted.min(MOST_THREADS);
        let threads: Result<Vec<Self>, EncoderError> = (0..wanted).map(|_| Self::start()).collect();
        // Where no more threads are to be had, this one does it all.
        let threads = threads.unwrap_or_default();
        if threads.is_empty() {
            return (0..count).map(|piece| self.run(|| work(piece))).collect();
        }
        let next = AtomicUsize::new(0);
        let take_pieces = |thread: &Self| -> Result<Vec<(usize, T)>, E> {
            let mut done = Vec::new();
            loop {
                let piece = next.fetch_add(1, Ordering::Relaxed);
                if piece >= count {
                    return Ok(done);
                }
                done.push((piece, thread.run(|| work(piece))?));
            }
        };
        let done = std::thread::scope(|scope| {
            let started: Vec<_> = threads
                .iter()
                .map(|thread| scope.spawn(|| take_pieces(thread)))
                .collect();
            let joined = started.into_iter().map(|thread| match thread.join() {
                Ok(done) => done,
                Err(panic) => std::panic::resume_unwind(panic),
            });
            joined.collect::<Result<Vec<_>, E>>()
        })?;
        let mut done: Vec<(usize, T)> = done.into_iter().flatten().collect();
        done.sort_unstable_by_key(|&(piece, _)| piece);
        Ok(done.into_iter().map(|(_, result)| result).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_done_in_order_however_many_there_are() {
        let thread = OneThread::start().expect("started");
        for count in [0, 1, MANY - 1, MANY, 500] {
            let done = thread.each(count, |piece| Ok::<_, ()>(piece * 3));
            let expected: Vec<usize> = (0..count).map(|piece| piece * 3).collect();
            assert_eq!(done, Ok(expected));
        }
        let failed = thread.each(500, |piece| if piece == 77 { Err("no") } else { Ok(piece) });
        assert_eq!(failed, Err("no"));
    }
}
