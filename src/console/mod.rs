//! The web console: a read-only HTTP API on calls, and two plain pages on top of it.
//!
//! Personal data is masked: nobody has the right to it here yet. This module does not change anything, does not
//! authenticate (bind it to an address that only staff can reach), and loads nothing from elsewhere.

mod api;
mod dto;
mod error;
mod pages;
mod recordings;
mod router;

use std::{path::PathBuf, sync::Arc};

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::{
    storage::Store,
    telemetry::{Metrics, Page},
};

pub use error::ApiError;

/// What the process says about itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Status {
    /// Whether calls are taken.
    pub ready: bool,
    /// When not, why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Calls in progress.
    pub active_calls: usize,
    /// How many there may be.
    pub max_calls: usize,
    /// When the process began to serve, in milliseconds after the Unix epoch.
    pub started_ms: i64,
    /// The lines it answers.
    pub lines: Vec<String>,
    /// What new calls are answered from.
    pub knowledge: Vec<BaseStatus>,
}

/// A knowledge base in use.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct BaseStatus {
    /// `business/base`.
    pub base: String,
    /// The version in use.
    pub version: u64,
    /// How many entries it has.
    pub entries: u64,
    /// What is wrong, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// Knows how the process is doing.
pub trait StatusProvider: Send + Sync {
    /// How it is doing now.
    fn status(&self) -> Status;
    /// Writes the numbers of the parts that count for themselves.
    fn numbers(&self, page: &mut Page);
}

/// What the console shows.
#[derive(Clone)]
pub struct ConsoleState {
    /// The records.
    pub store: Store,
    /// Folder of the recordings.
    pub recordings: PathBuf,
    /// The process.
    pub status: Arc<dyn StatusProvider>,
    /// Its numbers.
    pub metrics: Arc<Metrics>,
}

/// Serves until `stop` is cancelled and the requests of that moment are answered.
pub async fn serve(
    listener: TcpListener,
    state: ConsoleState,
    stop: CancellationToken,
) -> std::io::Result<()> {
    axum::serve(listener, router::router(state))
        .with_graceful_shutdown(stop.cancelled_owned())
        .await
}

#[cfg(test)]
mod tests;
