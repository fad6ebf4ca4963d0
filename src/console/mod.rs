//! The web console: an HTTP API on calls and on knowledge, and two plain pages on top of it.
//!
//! Personal data is masked: nobody has the right to it here yet. Records cannot be changed; who changes knowledge shows the
//! token of the configuration, and who only reads is not asked (bind it to an address that only staff can reach). Nothing is
//! loaded from elsewhere.

mod api;
mod dto;
mod error;
mod knowledge;
mod pages;
mod recordings;
mod router;

use std::{path::PathBuf, sync::Arc};

use jiff::civil::DateTime;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::{
    clock::beijing_time,
    publishing::{Desk, lessons::Classroom},
    storage::{Store, knowledge::Signature},
    telemetry::{Metrics, Page},
    tts::cache::PhraseCache,
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
    /// The businesses' systems.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub webhooks: Vec<WebhookStatus>,
    /// The server that recalls, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub qdrant: Option<QdrantStatus>,
}

/// A system of a business that is asked over HTTP.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct WebhookStatus {
    /// `business/name`.
    pub webhook: String,
    /// Requests that were answered.
    pub answered: u64,
    /// Requests that were not.
    pub failed: u64,
    /// What is wrong, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// A server that recalls.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct QdrantStatus {
    /// How it does.
    #[serde(flatten)]
    pub state: QdrantState,
    /// Why knowledge is not brought to it, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// Searches that it has answered.
    pub answered: u64,
    /// Searches that were answered in process instead.
    pub in_process: u64,
}

/// How a server does.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
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
        /// Since when, in milliseconds after the Unix epoch.
        since_ms: i64,
        /// Why, in words.
        error: String,
    },
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
    /// Where knowledge is worked on.
    pub knowledge: Arc<KnowledgeDesk>,
}

/// What work on knowledge needs.
pub struct KnowledgeDesk {
    /// Who changes something shows this token; without one, nothing can be changed over HTTP.
    pub token: Option<String>,
    /// The desk.
    pub desk: Desk,
    /// What callers asked in vain.
    pub classroom: Classroom,
    /// What speaks answers.
    pub speech: Arc<PhraseCache>,
    /// Told when something may have been published.
    pub published: Box<dyn Fn() + Send + Sync>,
    /// The time, in milliseconds after the Unix epoch.
    pub now_ms: Box<dyn Fn() -> i64 + Send + Sync>,
}

impl KnowledgeDesk {
    /// Signed by `author`, now.
    fn signature(&self, author: String, note: String) -> Signature {
        Signature {
            author,
            at_ms: (self.now_ms)(),
            note,
        }
    }

    /// The local time of the businesses.
    fn now(&self) -> DateTime {
        beijing_time((self.now_ms)())
    }
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
