//! The table `[retrieval.qdrant]`.

use std::path::PathBuf;

use serde::Deserialize;

/// A Qdrant server that recalls.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QdrantConfig {
    /// Its gRPC address (`https://qdrant.example:6334`).
    pub url: String,
    /// Plain HTTP to other machines is wanted; never with a key.
    #[serde(default)]
    pub allow_http: bool,
    /// File with the API key; the environment variable if `None`.
    #[serde(default)]
    pub api_key_file: Option<PathBuf>,
    /// How long a search may wait for it in all, in milliseconds.
    #[serde(default = "timeout_ms")]
    pub timeout_ms: u64,
    /// How often a request that may succeed a moment later is made again.
    #[serde(default = "retries")]
    pub retries: u32,
    /// What names on the server begin with.
    #[serde(default = "prefix")]
    pub prefix: String,
    /// Bases with fewer entries are searched in process alone.
    #[serde(default = "from_entries")]
    pub from_entries: usize,
}

const fn timeout_ms() -> u64 {
    150
}

const fn retries() -> u32 {
    2
}

fn prefix() -> String {
    "yingda".to_owned()
}

const fn from_entries() -> usize {
    crate::retrieval::RECALLED + 1
}
