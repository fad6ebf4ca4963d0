//! A model of the catalogue: what it is, what runs it, its files, and what can be wrong with what is written of it.

use std::fmt;

use serde::Deserialize;

use super::NOT_KNOWN;

/// What a model is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Task {
    /// Speech into words.
    Recognition,
    /// Sentences into vectors.
    Embedding,
    /// The mood of sentences.
    Mood,
    /// Sentences into speech.
    Synthesis,
}

impl fmt::Display for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Recognition => "recognition",
            Self::Embedding => "embedding",
            Self::Mood => "mood",
            Self::Synthesis => "synthesis",
        })
    }
}

/// What runs a model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Engine {
    /// whisper.cpp: one ggml file.
    #[default]
    Whisper,
    /// SenseVoice by sherpa-onnx.
    SenseVoice,
    /// Paraformer by sherpa-onnx, with partial results.
    StreamingParaformer,
    /// The compact encoder.
    Compact,
    /// The compact encoder with the heads of moods.
    CompactMood,
    /// A BERT encoder.
    Bert,
    /// Kokoro by ONNX Runtime.
    Kokoro,
    /// Matcha by sherpa-onnx.
    Matcha,
}

impl Engine {
    /// What its models are for.
    pub const fn task(self) -> Task {
        match self {
            Self::Whisper | Self::SenseVoice | Self::StreamingParaformer => Task::Recognition,
            Self::Compact | Self::Bert => Task::Embedding,
            Self::CompactMood => Task::Mood,
            Self::Kokoro | Self::Matcha => Task::Synthesis,
        }
    }
}

/// A known model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model {
    /// Name on the command line.
    pub name: String,
    /// What it is for.
    pub task: Task,
    /// What runs it.
    pub engine: Engine,
    /// What it understands.
    pub languages: Vec<String>,
    /// Whether it is part of the repository.
    pub bundled: bool,
    /// SPDX expression, or the name of the licence.
    pub licence: String,
    /// Memory that it takes when it runs.
    pub memory: String,
    /// What it is good for.
    pub notes: String,
    /// Error rates, with their source.
    pub accuracy: String,
    /// Whether it is a folder of that name, with its files inside, and not one file.
    pub is_folder: bool,
    /// Its files, one or more.
    pub files: Vec<ModelFile>,
}

impl Model {
    /// The size of all files, and whether it is exact; `None` if the size of a file is not known.
    pub fn size(&self) -> Option<(u64, bool)> {
        let sizes = self.files.iter().map(|file| file.size_bytes);
        let whole = sizes.sum::<Option<u64>>()?;
        Some((whole, self.files.iter().all(|file| file.sha256.is_some())))
    }
}

/// A file of a model.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelFile {
    /// Its name inside the models folder, or the model's own.
    pub file: String,
    /// Where it can be had, the first that answers; empty for a bundled file.
    pub urls: Vec<String>,
    /// Size in bytes, where it is known; exact where the hash is certain.
    #[serde(default)]
    pub size_bytes: Option<u64>,
    /// SHA-256 in hexadecimal, where it is certain.
    #[serde(default)]
    pub sha256: Option<String>,
}

impl ModelFile {
    /// The size that the file must have, where that is certain.
    pub fn exact_size(&self) -> Option<u64> {
        self.size_bytes.filter(|_| self.sha256.is_some())
    }
}

/// A model as the file has it: of one file, with the file's fields among its own, or of several.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    pub(super) name: String,
    task: Task,
    #[serde(default)]
    engine: Engine,
    languages: Vec<String>,
    #[serde(default)]
    bundled: bool,
    licence: String,
    #[serde(default = "not_known")]
    memory: String,
    notes: String,
    accuracy: String,
    #[serde(default)]
    file: Option<String>,
    #[serde(default)]
    urls: Option<Vec<String>>,
    #[serde(default)]
    size_bytes: Option<u64>,
    #[serde(default)]
    sha256: Option<String>,
    #[serde(default)]
    files: Vec<ModelFile>,
}

fn not_known() -> String {
    NOT_KNOWN.to_owned()
}

impl Entry {
    pub(super) fn model(self) -> Result<Model, &'static str> {
        let is_folder = self.file.is_none();
        let files = match (self.file, self.urls) {
            (Some(file), Some(urls)) if self.files.is_empty() => vec![ModelFile {
                file,
                urls,
                size_bytes: self.size_bytes,
                sha256: self.sha256,
            }],
            (None, None)
                if !self.files.is_empty() && self.size_bytes.is_none() && self.sha256.is_none() =>
            {
                self.files
            }
            _ => return Err("must have either `file` and `urls` or `files`"),
        };
        Ok(Model {
            name: self.name,
            task: self.task,
            engine: self.engine,
            languages: self.languages,
            bundled: self.bundled,
            licence: self.licence,
            memory: self.memory,
            notes: self.notes,
            accuracy: self.accuracy,
            is_folder,
            files,
        })
    }
}

pub(super) fn model_fault(model: &Model, before: &[Model]) -> Option<&'static str> {
    let is_plain = |name: &str| !name.contains(['/', '\\']) && !name.starts_with('.');
    if before.iter().any(|other| other.name == model.name) {
        return Some("stands twice");
    }
    if !is_plain(&model.name) || model.name.is_empty() {
        return Some("has a `name` that is no plain file name");
    }
    if model.engine.task() != model.task {
        return Some("has an `engine` that is for another task");
    }
    let mut names: Vec<&str> = model.files.iter().map(|file| file.file.as_str()).collect();
    names.sort_unstable();
    if names.windows(2).any(|pair| pair[0] == pair[1]) {
        return Some("has a file that stands twice");
    }
    model
        .files
        .iter()
        .find_map(|file| file_fault(file, is_plain))
}

fn file_fault(file: &ModelFile, is_plain: impl Fn(&str) -> bool) -> Option<&'static str> {
    let is_hash =
        |hash: &String| hash.len() == 64 && hash.chars().all(|symbol| symbol.is_ascii_hexdigit());
    if !is_plain(&file.file) {
        return Some("has a `file` that is no plain file name");
    }
    if file.sha256.as_ref().is_some_and(|hash| !is_hash(hash)) {
        return Some("has a `sha256` that is not 64 hexadecimal digits");
    }
    if file.sha256.is_some() && file.size_bytes.is_none() {
        return Some("has a `sha256` without `size_bytes`");
    }
    if file
        .urls
        .iter()
        .any(|url| !url.starts_with("https://") && !url.starts_with("http://127.0.0.1"))
    {
        return Some("has a URL that is not https");
    }
    None
}
