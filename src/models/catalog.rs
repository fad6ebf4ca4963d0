//! The catalogue: `models/catalog.toml`, and the hashes that were pinned at a first download.

use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::replace::replace;

/// Hashes that were learnt at a first download, beside the catalogue.
const PINNED: &str = "pinned.toml";

/// What is said of a fact that nobody here knows.
pub const NOT_KNOWN: &str = "not known here";

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
struct Entry {
    name: String,
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
    fn model(self) -> Result<Model, &'static str> {
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

/// Why a catalogue was refused.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    /// The file cannot be read or written.
    #[error("model catalogue {file}: {error}")]
    Io {
        /// The file.
        file: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// It is not what a catalogue is.
    #[error("model catalogue {file}: {problem}")]
    Content {
        /// The file.
        file: PathBuf,
        /// With line and key.
        problem: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CatalogFile {
    model: Vec<Entry>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct PinnedFile {
    #[serde(default)]
    sha256: BTreeMap<String, String>,
}

/// The known model files and their hashes.
#[derive(Clone, Debug)]
pub struct Catalog {
    folder: PathBuf,
    models: Vec<Model>,
    pinned: BTreeMap<String, String>,
}

impl Catalog {
    /// Reads a catalogue and what is pinned beside it.
    pub fn load(file: &Path) -> Result<Self, CatalogError> {
        let content = |problem: String| CatalogError::Content {
            file: file.to_owned(),
            problem,
        };
        let text = read(file)?;
        let parsed: CatalogFile =
            toml::from_str(&text).map_err(|error| content(error.to_string()))?;
        let mut models: Vec<Model> = Vec::with_capacity(parsed.model.len());
        for (place, entry) in parsed.model.into_iter().enumerate() {
            let name = entry.name.clone();
            let fault = |problem| content(format!("model[{place}] `{name}` {problem}"));
            let mut model = entry.model().map_err(fault)?;
            if let Some(problem) = model_fault(&model, &models) {
                return Err(fault(problem));
            }
            // Hashes are compared as text, and ours are lower case.
            let hashes = model.files.iter_mut();
            hashes
                .filter_map(|file| file.sha256.as_mut())
                .for_each(|hash| hash.make_ascii_lowercase());
            models.push(model);
        }
        let folder = file.parent().unwrap_or(Path::new("")).to_owned();
        Ok(Self {
            models,
            pinned: read_pinned(&folder.join(PINNED))?,
            folder,
        })
    }

    /// Every model, in the order of the file.
    pub fn models(&self) -> &[Model] {
        &self.models
    }

    /// The model of this name.
    pub fn find(&self, name: &str) -> Option<&Model> {
        self.models.iter().find(|model| model.name == name)
    }

    /// The model whose file or folder has the name of this one. Whether it is that model, only its hashes say.
    pub fn named_like(&self, path: &Path) -> Option<&Model> {
        let name = path.file_name()?.to_str()?;
        self.models.iter().find(|model| name == own_name(model))
    }

    /// Where a model lies, file or folder, whether or not it is there.
    pub fn path_of(&self, model: &Model) -> PathBuf {
        self.folder.join(own_name(model))
    }

    /// Where a file of a model lies, whether or not it is there.
    pub fn file_path(&self, model: &Model, file: &ModelFile) -> PathBuf {
        match model.is_folder {
            true => self.folder.join(&model.name).join(&file.file),
            false => self.folder.join(&file.file),
        }
    }

    /// Whether every file of a model is there, right or wrong.
    pub fn is_here(&self, model: &Model) -> bool {
        let mut files = model.files.iter();
        files.all(|file| self.file_path(model, file).exists())
    }

    /// The hash that a file of a model must have: the certain one, else the pinned one.
    pub fn hash_of<'a>(&'a self, model: &Model, file: &'a ModelFile) -> Option<&'a str> {
        file.sha256
            .as_deref()
            .or_else(|| self.pinned.get(&pin_key(model, file)).map(String::as_str))
    }

    /// Whether some model has a file with this hash.
    pub fn knows(&self, sha256: &str) -> bool {
        self.models.iter().any(|model| {
            let mut files = model.files.iter();
            files.any(|file| self.hash_of(model, file) == Some(sha256))
        })
    }

    /// Writes down the hash of a first download.
    pub fn pin(&mut self, model: &Model, of: &ModelFile, sha256: &str) -> Result<(), CatalogError> {
        let file = self.folder.join(PINNED);
        // Another process may have pinned another model since.
        self.pinned = read_pinned(&file)?;
        self.pinned
            .insert(pin_key(model, of), sha256.to_ascii_lowercase());
        let content = PinnedFile {
            sha256: self.pinned.clone(),
        };
        let text = toml::to_string(&content).map_err(|error| CatalogError::Content {
            file: file.clone(),
            problem: error.to_string(),
        })?;
        replace(&file, &text).map_err(|error| CatalogError::Io { file, error })
    }
}

fn read(file: &Path) -> Result<String, CatalogError> {
    std::fs::read_to_string(file).map_err(|error| CatalogError::Io {
        file: file.to_owned(),
        error,
    })
}

fn read_pinned(file: &Path) -> Result<BTreeMap<String, String>, CatalogError> {
    if !file.exists() {
        return Ok(BTreeMap::new());
    }
    let mut pinned: PinnedFile =
        toml::from_str(&read(file)?).map_err(|error| CatalogError::Content {
            file: file.to_owned(),
            problem: error.to_string(),
        })?;
    pinned
        .sha256
        .values_mut()
        .for_each(|hash| hash.make_ascii_lowercase());
    Ok(pinned.sha256)
}

/// The name of a model's file or folder inside the models folder.
fn own_name(model: &Model) -> &str {
    match model.files.as_slice() {
        [file] if !model.is_folder => &file.file,
        _ => &model.name,
    }
}

fn pin_key(model: &Model, file: &ModelFile) -> String {
    match model.is_folder {
        true => format!("{}/{}", model.name, file.file),
        false => model.name.clone(),
    }
}

fn model_fault(model: &Model, before: &[Model]) -> Option<&'static str> {
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

#[cfg(test)]
mod tests;
