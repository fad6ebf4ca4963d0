//! What hears, speaks, finds answers and tells moods: the tables that choose models.

use std::path::PathBuf;

use serde::Deserialize;

use super::QdrantConfig;

/// What recognises speech.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RecognitionEngine {
    /// whisper.cpp.
    Whisper,
    /// SenseVoice by sherpa-onnx; feature `sherpa`.
    SenseVoice,
    /// Paraformer by sherpa-onnx; feature `sherpa`.
    StreamingParaformer,
}

/// Speech recognition.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RecognitionConfig {
    /// What runs the model.
    pub engine: RecognitionEngine,
    /// The model: a file for Whisper, a folder for the others.
    pub model: PathBuf,
    /// The manifest of known model files.
    pub catalog: PathBuf,
    /// Load a file whose hash is in no manifest. A broken model file ends the whole process.
    pub allow_unlisted: bool,
    /// Utterances recognised at the same time. Never more than free cores.
    pub slots: usize,
    /// Utterances that may wait.
    pub queue: usize,
    /// When recognition of an utterance is given up, in milliseconds.
    pub deadline_ms: u64,
}

impl Default for RecognitionConfig {
    fn default() -> Self {
        Self {
            engine: RecognitionEngine::Whisper,
            model: PathBuf::from("models/yingda-zh-demo.bin"),
            catalog: PathBuf::from("models/catalog.toml"),
            allow_unlisted: false,
            slots: 1,
            queue: 32,
            deadline_ms: 6_000,
        }
    }
}

/// What speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SynthesisEngine {
    /// The program `espeak-ng`.
    Espeak,
    /// Kokoro by ONNX Runtime; feature `kokoro`.
    Kokoro,
}

/// Speech synthesis.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SynthesisConfig {
    /// What speaks.
    pub engine: SynthesisEngine,
    /// The espeak-ng program.
    pub program: String,
    /// Kokoro's folder.
    pub model: Option<PathBuf>,
    /// The library of ONNX Runtime that Kokoro runs on (`libonnxruntime.so`).
    pub onnxruntime: Option<PathBuf>,
    /// Load a folder of Kokoro whose hashes are in no manifest.
    pub allow_unlisted: bool,
    /// Sentences that Kokoro makes at the same time. Never more than free cores.
    pub slots: usize,
    /// Folder of what was synthesised before.
    pub cache: PathBuf,
    /// When synthesis of a sentence is given up, in milliseconds.
    pub deadline_ms: u64,
}

impl Default for SynthesisConfig {
    fn default() -> Self {
        Self {
            engine: SynthesisEngine::Espeak,
            program: "espeak-ng".to_owned(),
            model: None,
            onnxruntime: None,
            allow_unlisted: false,
            slots: 1,
            cache: PathBuf::from("data/speech"),
            deadline_ms: 5_000,
        }
    }
}

/// When to answer, ask back or admit not knowing. Scores are 0 to 1.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RetrievalConfig {
    /// The encoder that finds what is meant where no word is shared: a compact model's file or a BERT model's folder.
    pub encoder: ModelChoice,
    /// Folder of the indexes of published versions, which a start opens instead of making them.
    pub indexes: PathBuf,
    /// From this score on an entry is the answer.
    pub answer: f32,
    /// From this score on an entry may be offered.
    pub clarify: f32,
    /// How far the best entry must be ahead of the next to be the answer.
    pub margin: f32,
    /// A server that recalls; the process alone does without it.
    pub qdrant: Option<QdrantConfig>,
}

impl Default for RetrievalConfig {
    fn default() -> Self {
        let engine = crate::retrieval::RetrievalConfig::default();
        Self {
            encoder: ModelChoice::Bundled,
            indexes: PathBuf::from("data/indexes"),
            answer: engine.answer,
            clarify: engine.clarify,
            margin: engine.margin,
            qdrant: None,
        }
    }
}

/// A model that can be done without.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "PathBuf")]
pub enum ModelChoice {
    /// The bundled file beside the catalogue, written `bundled`.
    Bundled,
    /// None, written `none`.
    #[default]
    Nothing,
    /// A file or folder.
    At(PathBuf),
}

impl From<PathBuf> for ModelChoice {
    fn from(path: PathBuf) -> Self {
        match path.to_str() {
            Some("none") => Self::Nothing,
            Some("bundled") => Self::Bundled,
            _ => Self::At(path),
        }
    }
}

/// The caller's mood.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MoodConfig {
    /// The classifier: a compact model's file with the heads `mood` and `escalate`.
    pub model: ModelChoice,
    /// Whether an upset caller is brought to a human.
    pub escalate: bool,
}

impl Default for MoodConfig {
    fn default() -> Self {
        Self {
            model: ModelChoice::Bundled,
            escalate: true,
        }
    }
}
