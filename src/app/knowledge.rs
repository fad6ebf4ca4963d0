//! The knowledge bases without the rest of the server: for the subcommands that work on them.

use std::sync::Arc;

use anyhow::Context;

use super::{Files, engines};
use crate::{
    clock::ProcessClock,
    config::Config,
    publishing::{Desk, Model, lessons::Classroom, reading::Reader, seed},
    storage::Store,
    tts::cache::PhraseCache,
};

/// Where knowledge is worked on, and where it is learned from calls.
#[derive(Debug)]
pub struct Workshop {
    /// Import, check, publish.
    pub desk: Desk,
    /// What callers asked in vain.
    pub classroom: Classroom,
}

/// The workshop of a configuration, on the database that the server uses. It may be running: what is published here reaches
/// its next calls.
pub async fn open_workshop(config: &Config, now_ms: i64) -> anyhow::Result<Workshop> {
    let files = Files::read(config)?;
    let store = Store::open(&config.storage.database).await?;
    for plan in &files.bases {
        seed(&store, plan, now_ms).await?;
    }
    let classroom = Classroom::new(store.clone(), &files.bases, files.encoder.clone());
    let model = model(&files, ProcessClock::start());
    let maker = engines::index_maker(config, files.encoder);
    Ok(Workshop {
        desk: Desk::new(store, files.bases, maker, reader()?).with_model(model),
        classroom,
    })
}

/// The language model, as one who proposes phrasings.
pub(super) fn model(files: &Files, clock: ProcessClock) -> Option<Model> {
    let writer = files.language_model.clone()?;
    let now = Box::new(move || clock.now());
    Some(Model { writer, now })
}

/// This program, to read documents with.
pub(super) fn reader() -> anyhow::Result<Reader> {
    let program = std::env::current_exe().context("this program is not found")?;
    Ok(Reader::new(program))
}

/// The engine that speaks answers, with the cache that the server uses.
pub async fn open_speech(config: &Config) -> anyhow::Result<Arc<PhraseCache>> {
    engines::speech(config)
        .await
        .context("the speech engine does not start")
}
