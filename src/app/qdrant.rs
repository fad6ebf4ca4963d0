//! The Qdrant server from the configuration, if there is one.

use std::{sync::Arc, time::Duration};

use anyhow::Context;

use crate::{
    clock::ProcessClock,
    config::{Config, QdrantConfig},
    retrieval::qdrant::{Qdrant, QdrantServer, QdrantSettings, ServerConfig, ServerKey},
};

/// The environment variable with the API key, where no file holds it.
const KEY_VARIABLE: &str = "YINGDA_QDRANT_KEY";

/// `None` when none is configured. It is not asked yet, and need not be there.
pub(super) fn open(config: &Config, clock: ProcessClock) -> anyhow::Result<Option<Qdrant>> {
    let Some(qdrant) = &config.retrieval.qdrant else {
        return Ok(None);
    };
    let timeout = Duration::from_millis(qdrant.timeout_ms);
    let server = QdrantServer::new(&ServerConfig {
        url: qdrant.url.clone(),
        key: key(qdrant)?,
        allow_http: qdrant.allow_http,
        timeout,
    })
    .context("retrieval.qdrant.url")?;
    let settings = QdrantSettings {
        prefix: qdrant.prefix.clone(),
        timeout,
        retries: qdrant.retries,
        from_entries: qdrant.from_entries,
    };
    let runtime = tokio::runtime::Handle::current();
    let now = move || clock.now();
    Ok(Some(Qdrant::new(Arc::new(server), settings, runtime, now)))
}

fn key(qdrant: &QdrantConfig) -> anyhow::Result<Option<ServerKey>> {
    let (from, key) = match &qdrant.api_key_file {
        Some(file) => {
            let from = format!("retrieval.qdrant.api_key_file {}", file.display());
            let key =
                std::fs::read_to_string(file).with_context(|| format!("{from} cannot be read"))?;
            (from, key)
        }
        None => match std::env::var(KEY_VARIABLE) {
            Ok(key) => (KEY_VARIABLE.to_owned(), key),
            Err(_) => return Ok(None),
        },
    };
    let key = ServerKey::new(&key);
    key.map(Some)
        .with_context(|| format!("{from} does not hold a key of visible ASCII characters"))
}
