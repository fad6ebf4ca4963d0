//! Recognition and synthesis from the configuration.

use std::{path::PathBuf, sync::Arc, time::Duration};

use anyhow::Context;

use super::{Files, Progress, files::model_check};
use crate::{
    asr::{RecognizerPool, SpeechRecognizer, whisper::WhisperModel},
    config::Config,
    inference::PoolConfig,
    models::Catalog,
    tts::{
        SpeechSynthesizer,
        cache::{Keep, PhraseCache},
        espeak::{Espeak, EspeakConfig},
    },
};

/// Sentences that stay in memory, and there alone, beyond those that are known: briefs, numbers read back.
const UNKNOWN_SENTENCES: usize = 1_000;

pub(super) fn recognizer(config: &Config) -> anyhow::Result<Arc<RecognizerPool>> {
    let recognition = &config.recognition;
    let catalog = Catalog::load(&recognition.catalog)?;
    let model = WhisperModel::load(&recognition.model, &catalog, model_check(config))?;
    let pool = PoolConfig {
        slots: recognition.slots,
        queue: recognition.queue,
    };
    let pool = RecognizerPool::start(pool, move || {
        let recognizer = model.recognizer()?;
        Ok(Box::new(recognizer) as Box<dyn SpeechRecognizer>)
    })?;
    Ok(Arc::new(pool))
}

pub(super) async fn synthesizer(
    config: &Config,
    files: &Files,
    progress: &mut dyn Progress,
) -> anyhow::Result<Arc<dyn SpeechSynthesizer>> {
    let synthesis = &config.synthesis;
    let espeak = Espeak::start(EspeakConfig {
        program: PathBuf::from(&synthesis.program),
        deadline: Duration::from_millis(synthesis.deadline_ms),
    })
    .await?;
    let all = files.sentences.len();
    let capacity = all + UNKNOWN_SENTENCES;
    let cache = PhraseCache::open(
        &synthesis.cache,
        Keep::Prefetched,
        capacity,
        Arc::new(espeak),
    )
    .with_context(|| format!("speech cache {} cannot be made", synthesis.cache.display()))?;
    cache
        .prefetch(&files.sentences, |done| progress.synthesised(done, all))
        .await?;
    Ok(Arc::new(cache))
}
