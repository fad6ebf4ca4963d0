//! A thread that computes for one encoder.
//!
//! candle spreads a matrix product over all cores by way of rayon. A question is too short for that: the threads would cost
//! more than they give, and take the cores that speech recognition and the media threads need.

use rayon::{ThreadPool, ThreadPoolBuilder};

use super::EncoderError;

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
}
