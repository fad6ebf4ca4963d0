//! What the process says about itself.

use std::sync::{
    Arc,
    atomic::{AtomicU8, Ordering},
};

use crate::{
    console::{Status, StatusProvider},
    telemetry::Metrics,
};

const STARTING: u8 = 0;
const READY: u8 = 1;
const STOPPING: u8 = 2;

/// The process's state, for the console.
#[derive(Debug)]
pub(super) struct ProcessStatus {
    state: AtomicU8,
    started_ms: i64,
    max_calls: usize,
    lines: Vec<String>,
    metrics: Arc<Metrics>,
}

impl ProcessStatus {
    pub(super) fn new(
        started_ms: i64,
        max_calls: usize,
        mut lines: Vec<String>,
        metrics: Arc<Metrics>,
    ) -> Self {
        lines.sort();
        Self {
            state: AtomicU8::new(STARTING),
            started_ms,
            max_calls,
            lines,
            metrics,
        }
    }

    pub(super) fn set_ready(&self) {
        self.state.store(READY, Ordering::Relaxed);
    }

    pub(super) fn set_stopping(&self) {
        self.state.store(STOPPING, Ordering::Relaxed);
    }
}

impl StatusProvider for ProcessStatus {
    fn status(&self) -> Status {
        let reason = match self.state.load(Ordering::Relaxed) {
            READY => None,
            STOPPING => Some("stopping"),
            _ => Some("starting"),
        };
        Status {
            ready: reason.is_none(),
            reason: reason.map(str::to_owned),
            active_calls: usize::try_from(self.metrics.calls_active.get()).unwrap_or(0),
            max_calls: self.max_calls,
            started_ms: self.started_ms,
            lines: self.lines.clone(),
        }
    }
}
