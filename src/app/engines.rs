//! Recognition, synthesis and the encoder from the configuration.

use std::{path::PathBuf, sync::Arc, time::Duration};

use anyhow::Context;

use super::files::model_check;
#[cfg(feature = "kokoro")]
use super::files::voice_check;
#[cfg(feature = "sherpa")]
use crate::asr::{
    sherpa::{SenseVoice, SenseVoiceRecognizer, StreamingParaformer},
    streaming::WholeUtterance,
};
#[cfg(feature = "kokoro")]
use crate::tts::kokoro::{Kokoro, KokoroConfig};
use crate::{
    asr::{RecognizeError, RecognizerPool, SpeechRecognizer, whisper::WhisperModel},
    config::{Config, ModelChoice, RecognitionEngine, SynthesisEngine},
    embedding::{self, TextEncoder},
    inference::PoolConfig,
    models::Catalog,
    publishing::IndexMaker,
    retrieval::RetrievalConfig,
    sentiment::{Cues, MoodClassifier},
    tts::{
        SpeechSynthesizer,
        cache::{Keep, PhraseCache},
        espeak::{Espeak, EspeakConfig},
    },
};

/// Sentences that stay in memory: those said last, and all that have no file (briefs, numbers read back). Some 200 MB.
const SENTENCES_IN_MEMORY: usize = 1_000;

/// Clauses of all calls that may wait for Kokoro; each call has one.
#[cfg(feature = "kokoro")]
const CLAUSES_IN_LINE: usize = 128;

pub(super) fn recognizer(config: &Config) -> anyhow::Result<Arc<RecognizerPool>> {
    let recognition = &config.recognition;
    let pool = PoolConfig {
        slots: recognition.slots,
        queue: recognition.queue,
    };
    let pool = RecognizerPool::start(pool, recognizers(config)?)?;
    Ok(Arc::new(pool))
}

/// Makes the recogniser of a slot.
type Factory =
    Box<dyn Fn() -> Result<Box<dyn SpeechRecognizer>, RecognizeError> + Send + Sync + 'static>;

/// Loads the model; what it gives makes recognisers on it.
fn recognizers(config: &Config) -> anyhow::Result<Factory> {
    let recognition = &config.recognition;
    let catalog = Catalog::load(&recognition.catalog)?;
    let check = model_check(config);
    match recognition.engine {
        RecognitionEngine::Whisper => {
            let model = WhisperModel::load(&recognition.model, &catalog, check)?;
            Ok(Box::new(move || Ok(Box::new(model.recognizer()?))))
        }
        #[cfg(feature = "sherpa")]
        RecognitionEngine::SenseVoice => {
            let model = SenseVoice::load(&recognition.model, &catalog, check)?;
            Ok(Box::new(move || {
                Ok(Box::new(SenseVoiceRecognizer::new(model.clone())))
            }))
        }
        #[cfg(feature = "sherpa")]
        RecognitionEngine::StreamingParaformer => {
            let model = StreamingParaformer::load(&recognition.model, &catalog, check)?;
            let model = Arc::new(model);
            Ok(Box::new(move || {
                Ok(Box::new(WholeUtterance::new(model.clone())))
            }))
        }
        #[cfg(not(feature = "sherpa"))]
        RecognitionEngine::SenseVoice | RecognitionEngine::StreamingParaformer => {
            // Validation has refused it.
            anyhow::bail!("recognition.engine needs a build with the feature `sherpa`")
        }
    }
}

/// What comes with the program, beside the catalogue.
const BUNDLED_ENCODER: &str = "yingda-encoder.safetensors";
const BUNDLED_MOODS: &str = "yingda-mood.safetensors";

/// The cues of moods, in the folder of prompts.
const CUES: &str = "mood.toml";

/// Where a model that can be done without lies.
fn chosen(config: &Config, choice: &ModelChoice, bundled: &str) -> Option<PathBuf> {
    match choice {
        ModelChoice::Nothing => None,
        ModelChoice::At(path) => Some(path.clone()),
        ModelChoice::Bundled => Some(config.recognition.catalog.with_file_name(bundled)),
    }
}

/// `None` when retrieval goes by words alone.
pub fn encoder(config: &Config) -> anyhow::Result<Option<Arc<dyn TextEncoder>>> {
    let path = chosen(config, &config.retrieval.encoder, BUNDLED_ENCODER);
    let encoder = path.map(|path| embedding::load(&path)).transpose();
    encoder.context("retrieval.encoder")
}

/// `None` when moods are not told.
pub(super) fn moods(config: &Config) -> anyhow::Result<Option<Arc<MoodClassifier>>> {
    let Some(path) = chosen(config, &config.mood.model, BUNDLED_MOODS) else {
        return Ok(None);
    };
    let file = config.prompts.join(CUES);
    let text = std::fs::read_to_string(&file)
        .with_context(|| format!("cues of moods {} cannot be read", file.display()))?;
    let cues = Cues::parse(&file.display().to_string(), &text)?;
    let moods = MoodClassifier::load(&path, cues).context("mood.model")?;
    Ok(Some(Arc::new(moods)))
}

/// The engine that speaks, behind a memory of what it has said.
pub(super) async fn speech(config: &Config) -> anyhow::Result<Arc<PhraseCache>> {
    let synthesis = &config.synthesis;
    let engine = voice(config).await?;
    let cache = PhraseCache::open(
        &synthesis.cache,
        Keep::Prefetched,
        SENTENCES_IN_MEMORY,
        engine,
    )
    .with_context(|| format!("speech cache {} cannot be made", synthesis.cache.display()))?;
    Ok(Arc::new(cache))
}

/// Makes the index of any version.
pub(super) fn index_maker(config: &Config, encoder: Option<Arc<dyn TextEncoder>>) -> IndexMaker {
    IndexMaker {
        config: RetrievalConfig {
            answer: config.retrieval.answer,
            clarify: config.retrieval.clarify,
            margin: config.retrieval.margin,
        },
        encoder,
        folder: Some(config.retrieval.indexes.clone()),
    }
}

/// The engine that speaks.
async fn voice(config: &Config) -> anyhow::Result<Arc<dyn SpeechSynthesizer>> {
    let synthesis = &config.synthesis;
    let deadline = Duration::from_millis(synthesis.deadline_ms);
    match synthesis.engine {
        SynthesisEngine::Espeak => {
            let program = PathBuf::from(&synthesis.program);
            let espeak = Espeak::start(EspeakConfig { program, deadline }).await?;
            Ok(Arc::new(espeak))
        }
        #[cfg(feature = "kokoro")]
        SynthesisEngine::Kokoro => {
            let kokoro = KokoroConfig {
                folder: synthesis.model.clone().unwrap_or_default(),
                check: voice_check(config),
                library: synthesis.onnxruntime.clone(),
                echo: std::env::current_exe().context("this program is not found")?,
                pool: PoolConfig {
                    slots: synthesis.slots,
                    queue: CLAUSES_IN_LINE,
                },
                deadline,
            };
            let catalog = Catalog::load(&config.recognition.catalog)?;
            Ok(Arc::new(Kokoro::start(&kokoro, &catalog)?))
        }
        #[cfg(not(feature = "kokoro"))]
        SynthesisEngine::Kokoro => {
            // Validation has refused it.
            anyhow::bail!("synthesis.engine needs a build with the feature `kokoro`")
        }
    }
}
