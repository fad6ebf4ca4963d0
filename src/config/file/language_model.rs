//! The table `[language_model]`.

use std::path::PathBuf;

use serde::Deserialize;

/// A language model behind an OpenAI-compatible server.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LanguageModelConfig {
    /// The base of the server's API (`https://models.example/v1`).
    pub url: String,
    /// Plain HTTP to other machines is wanted.
    #[serde(default)]
    pub allow_http: bool,
    /// The model, as the server names it.
    pub model: String,
    /// File with the API key; the environment variable if `None`.
    #[serde(default)]
    pub key_file: Option<PathBuf>,
    /// Whether it phrases answers.
    #[serde(default = "yes")]
    pub answer: bool,
    /// Whether it completes follow-up questions.
    #[serde(default = "yes")]
    pub rewrite: bool,
    /// How long its first sentence may take, in milliseconds.
    #[serde(default = "first_sentence_ms")]
    pub first_sentence_ms: u64,
    /// How long all of it may take, in milliseconds.
    #[serde(default = "total_ms")]
    pub total_ms: u64,
    /// The most tokens of an answer.
    #[serde(default = "max_tokens")]
    pub max_tokens: u32,
    /// Requests at once.
    #[serde(default = "slots")]
    pub slots: usize,
    /// The least score of an entry that it may answer from.
    #[serde(default = "floor")]
    pub floor: f32,
}

const fn yes() -> bool {
    true
}

const fn first_sentence_ms() -> u64 {
    900
}

const fn total_ms() -> u64 {
    6_000
}

const fn max_tokens() -> u32 {
    200
}

const fn slots() -> usize {
    4
}

const fn floor() -> f32 {
    0.12
}
