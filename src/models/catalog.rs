//! The catalogue: `models/catalog.toml`, and the hashes that were pinned at a first download.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::replace::replace;

/// Hashes that were learnt at a first download, beside the catalogue.
const PINNED: &str = "pinned.toml";

/// What a model is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Task {
    /// Speech into words.
    Recognition,
}

/// A known model file.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// Name on the command line.
    pub name: String,
    /// What it is for.
    pub task: Task,
    /// File name inside the models folder.
    pub file: String,
    /// What it understands.
    pub languages: Vec<String>,
    /// Whether it is part of the repository.
    #[serde(default)]
    pub bundled: bool,
    /// Size in bytes; exact where the hash is certain.
    pub size_bytes: u64,
    /// SHA-256 in hexadecimal, where it is certain.
    #[serde(default)]
    pub sha256: Option<String>,
    /// SPDX expression.
    pub licence: String,
    /// Where it can be had, the first that answers; empty for a bundled file.
    pub urls: Vec<String>,
    /// What it is good for.
    pub notes: String,
    /// Error rates, with their source.
    pub accuracy: String,
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
    model: Vec<Model>,
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
        let mut parsed: CatalogFile =
            toml::from_str(&text).map_err(|error| content(error.to_string()))?;
        for (place, model) in parsed.model.iter().enumerate() {
            let fault = model_fault(model, &parsed.model[..place]);
            if let Some(problem) = fault {
                return Err(content(format!(
                    "model[{place}] `{}` {problem}",
                    model.name
                )));
            }
        }
        // Hashes are compared as text, and ours are lower case.
        for hash in parsed
            .model
            .iter_mut()
            .filter_map(|model| model.sha256.as_mut())
        {
            hash.make_ascii_lowercase();
        }
        let folder = file.parent().unwrap_or(Path::new("")).to_owned();
        Ok(Self {
            models: parsed.model,
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

    /// The model whose file has the name of this one. Whether it is that file, only its hash says.
    pub fn named_like(&self, file: &Path) -> Option<&Model> {
        let name = file.file_name()?;
        self.models.iter().find(|model| name == model.file.as_str())
    }

    /// Where a model's file lies, whether or not it is there.
    pub fn path_of(&self, model: &Model) -> PathBuf {
        self.folder.join(&model.file)
    }

    /// The hash a model's file must have: the certain one, else the pinned one.
    pub fn hash_of<'a>(&'a self, model: &'a Model) -> Option<&'a str> {
        model
            .sha256
            .as_deref()
            .or_else(|| self.pinned.get(&model.name).map(String::as_str))
    }

    /// Whether some model has this hash.
    pub fn knows(&self, sha256: &str) -> bool {
        self.models
            .iter()
            .any(|model| self.hash_of(model) == Some(sha256))
    }

    /// Writes down the hash of a first download.
    pub fn pin(&mut self, name: &str, sha256: &str) -> Result<(), CatalogError> {
        let file = self.folder.join(PINNED);
        // Another process may have pinned another model since.
        self.pinned = read_pinned(&file)?;
        self.pinned
            .insert(name.to_owned(), sha256.to_ascii_lowercase());
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

fn model_fault(model: &Model, before: &[Model]) -> Option<&'static str> {
    let is_hash =
        |hash: &String| hash.len() == 64 && hash.chars().all(|symbol| symbol.is_ascii_hexdigit());
    if before.iter().any(|other| other.name == model.name) {
        return Some("stands twice");
    }
    if model.file.contains(['/', '\\']) || model.file.starts_with('.') {
        return Some("has a `file` that is no plain file name");
    }
    if model.sha256.as_ref().is_some_and(|hash| !is_hash(hash)) {
        return Some("has a `sha256` that is not 64 hexadecimal digits");
    }
    if model
        .urls
        .iter()
        .any(|url| !url.starts_with("https://") && !url.starts_with("http://127.0.0.1"))
    {
        return Some("has a URL that is not https");
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(text: &str) -> Result<Catalog, CatalogError> {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("catalog.toml");
        std::fs::write(&file, text).expect("written");
        Catalog::load(&file)
    }

    const MODEL: &str = "[[model]]\nname = \"a\"\ntask = \"recognition\"\nfile = \"a.bin\"\nlanguages = []\nlicence = \"MIT\"\nurls = []\nnotes = \"\"\naccuracy = \"\"\nsize_bytes = 1\n";

    #[test]
    fn the_catalogue_that_is_shipped_is_sound() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let catalog = Catalog::load(&root.join("models/catalog.toml")).expect("sound");
        let demo = catalog.find("yingda-zh-demo").expect("bundled");
        assert_eq!(
            catalog.path_of(demo).metadata().map(|file| file.len()).ok(),
            Some(demo.size_bytes)
        );
        for model in catalog
            .models()
            .iter()
            .filter(|model| !model.urls.is_empty())
        {
            assert!(model.urls.len() >= 2, "{} has no mirror", model.name);
        }
    }

    #[test]
    fn faults_are_named() {
        let check = |text: &str, expected: &str| {
            let error = load(text).expect_err("refused").to_string();
            assert!(error.contains(expected), "{error}");
        };
        check(&MODEL.replace("notes", "nope"), "unknown field `nope`");
        check(&format!("{MODEL}{MODEL}"), "model[1] `a` stands twice");
        check(
            &MODEL.replace("a.bin", "../a.bin"),
            "has a `file` that is no plain file name",
        );
        check(
            &MODEL.replace("urls = []", "urls = [\"ftp://x\"]"),
            "has a URL that is not https",
        );
        check(
            &format!("{MODEL}sha256 = \"12\"\n"),
            "64 hexadecimal digits",
        );
    }

    #[test]
    fn a_pinned_hash_is_remembered() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("catalog.toml");
        std::fs::write(&file, MODEL).expect("written");
        let mut catalog = Catalog::load(&file).expect("sound");
        assert!(!catalog.knows("abc"));
        catalog.pin("a", "abc").expect("written");
        assert!(Catalog::load(&file).expect("sound").knows("abc"));
    }

    #[test]
    fn what_another_process_pinned_is_kept() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("catalog.toml");
        let other = MODEL.replace("\"a", "\"b");
        std::fs::write(&file, format!("{MODEL}{other}")).expect("written");
        let mut one = Catalog::load(&file).expect("sound");
        let mut two = Catalog::load(&file).expect("sound");
        one.pin("a", "abc").expect("written");
        two.pin("b", "def").expect("written");
        let both = Catalog::load(&file).expect("sound");
        assert!(both.knows("abc") && both.knows("def"));
    }

    #[test]
    fn a_hash_in_capitals_is_the_same_hash() {
        let hash = "AB".repeat(32);
        let catalog = load(&format!("{MODEL}sha256 = \"{hash}\"\n")).expect("sound");
        assert!(catalog.knows(&hash.to_lowercase()));

        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("catalog.toml");
        std::fs::write(&file, MODEL).expect("written");
        let pinned = format!("[sha256]\na = \"{hash}\"\n");
        std::fs::write(folder.path().join(PINNED), pinned).expect("written");
        assert!(
            Catalog::load(&file)
                .expect("sound")
                .knows(&hash.to_lowercase())
        );
    }
}
