//! The language model from the configuration, if there is one.

use std::{sync::Arc, time::Duration};

use anyhow::Context;

use crate::{
    config::{Config, LanguageModelConfig},
    llm::{ApiKey, GroundedWriter, OpenAiClient, OpenAiConfig, WriterPrompts, WriterSettings},
};

/// The environment variable with the API key, where no file holds it.
const KEY_VARIABLE: &str = "YINGDA_LANGUAGE_MODEL_KEY";

/// What a model is told, in the folder of prompts.
const PROMPTS: &str = "llm.toml";

/// Sentences of an answer: more is no answer by telephone.
const MOST_SENTENCES: usize = 4;

/// The longest reply in bytes as they come; a token takes some 300 of them in a stream.
const MOST_BYTES: u64 = 1 << 20;

/// `None` when no model is configured, or it may do nothing.
pub(super) fn open(config: &Config) -> anyhow::Result<Option<Arc<GroundedWriter>>> {
    let Some(model) = configured(config) else {
        return Ok(None);
    };
    let file = config.prompts.join(PROMPTS);
    let text = std::fs::read_to_string(&file)
        .with_context(|| format!("prompt file {} cannot be read", file.display()))?;
    let prompts = WriterPrompts::parse(&file.display().to_string(), &text)?;
    let total = Duration::from_millis(model.total_ms);
    let client = OpenAiClient::new(OpenAiConfig {
        url: model.url.clone(),
        model: model.model.clone(),
        key: key(model)?,
        allow_http: model.allow_http,
        total,
        slots: model.slots,
        most_bytes: MOST_BYTES,
    })
    .context("language_model.url")?;
    let settings = WriterSettings {
        answer: model.answer,
        rewrite: model.rewrite,
        first_sentence: Duration::from_millis(model.first_sentence_ms),
        proposals: total,
        max_tokens: model.max_tokens,
        most_sentences: MOST_SENTENCES,
        floor: model.floor,
    };
    let writer = GroundedWriter::new(Arc::new(client), Arc::new(prompts), settings);
    Ok(Some(Arc::new(writer)))
}

/// How long a call waits for the first sentence, if a model may be asked.
pub(super) fn patience(config: &Config) -> Option<Duration> {
    configured(config).map(|model| Duration::from_millis(model.first_sentence_ms))
}

fn configured(config: &Config) -> Option<&LanguageModelConfig> {
    let model = config.language_model.as_ref();
    model.filter(|model| model.answer || model.rewrite)
}

fn key(model: &LanguageModelConfig) -> anyhow::Result<Option<ApiKey>> {
    let (from, key) = match &model.key_file {
        Some(file) => {
            let key = std::fs::read_to_string(file)
                .with_context(|| format!("language_model.key_file {}", file.display()))?;
            (format!("language_model.key_file {}", file.display()), key)
        }
        None => match std::env::var(KEY_VARIABLE) {
            Ok(key) => (KEY_VARIABLE.to_owned(), key),
            Err(_) => return Ok(None),
        },
    };
    let key = ApiKey::new(&key);
    key.map(Some)
        .with_context(|| format!("{from} does not hold a key of visible ASCII characters"))
}
