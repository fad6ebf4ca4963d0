//! The catalogue: `models/catalog.toml`, and the hashes that were pinned at a first download.

mod entry;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

pub use self::entry::{Engine, Model, ModelFile, Task};
use self::entry::{Entry, model_fault};
use super::replace::replace;

/// Hashes that were learnt at a first download, beside the catalogue.
const PINNED: &str = "pinned.toml";

/// What is said of a fact that nobody here knows.
pub const NOT_KNOWN: &str = "not known here";

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

#[cfg(test)]
mod tests;
