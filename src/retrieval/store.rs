//! Indexes on disk, a folder a version, so that a start embeds nothing.
//!
//! A folder has `index.json` (what it is, and a checksum of every other file), `entries.json`, `vectors.safetensors` and
//! `postings/` (tantivy). It is written under another name and renamed, so it is there whole or not at all; what is broken or
//! was made by other words, another encoder or another version of this program is refused by the name of the file.
//!
//! What the index makes of the entries' words is computed again when it is opened: that takes less time than reading it.

use std::{
    collections::{BTreeMap, HashMap},
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
    sync::Arc,
};

use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{HybridIndex, IndexOptions, lexical::LexicalIndex, lexicon};
use crate::{
    embedding::{EmbedError, TextEncoder},
    entry::Entry,
    ids::KnowledgeVersion,
};

/// Changes whenever folders of older programs cannot be read any more, or would be understood otherwise.
const FORMAT: u32 = 1;

const DESCRIPTION: &str = "index.json";
const ENTRIES: &str = "entries.json";
const VECTORS: &str = "vectors.safetensors";
const POSTINGS: &str = "postings";
/// The tensor in [`VECTORS`].
const TENSOR: &str = "phrasings";

/// A folder of indexes.
#[derive(Clone, Debug)]
pub struct IndexStore {
    root: PathBuf,
}

/// Why an index was not read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The system refused.
    #[error("index file {file}: {error}")]
    File {
        /// The file.
        file: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// It is not what it should be.
    #[error("index file {file}: {problem}")]
    Content {
        /// The file.
        file: PathBuf,
        /// In words.
        problem: String,
    },
}

impl StoreError {
    fn file(file: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let file = file.to_owned();
        move |error| Self::File { file, error }
    }

    fn content(file: &Path, problem: impl ToString) -> Self {
        Self::Content {
            file: file.to_owned(),
            problem: problem.to_string(),
        }
    }

    /// Whether there is nothing at all.
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::File { error, .. } if error.kind() == std::io::ErrorKind::NotFound)
    }
}

/// What [`DESCRIPTION`] holds.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Description {
    format: u32,
    version: KnowledgeVersion,
    encoder: Encoder,
    /// SHA-256 of the word lists.
    lexicon: String,
    /// The business's.
    synonyms: Vec<Vec<String>>,
    /// By the path within the folder.
    files: BTreeMap<String, Checksum>,
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Encoder {
    name: String,
    version: String,
    dimensions: usize,
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Checksum {
    bytes: u64,
    sha256: String,
}

impl Encoder {
    fn of(encoder: &dyn TextEncoder) -> Self {
        Self {
            name: encoder.name().to_owned(),
            version: encoder.version().to_owned(),
            dimensions: encoder.dimensions(),
        }
    }
}

impl IndexStore {
    /// Indexes below `root`, which is made when it is needed.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// Where a version's index is, if it is.
    pub fn folder(&self, version: &KnowledgeVersion) -> PathBuf {
        // A version is a hash; anything else is kept from leaving the folder.
        let name = version.as_str().chars().map(|symbol| match symbol {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '_' => symbol,
            _ => '_',
        });
        self.root.join(name.collect::<String>())
    }

    /// The index of a version: as it was saved, or built and saved. `entries` are that version's. Phrasings that `previous` or
    /// a broken folder knew are not embedded again where their vectors are sound.
    pub fn open_or_build(
        &self,
        version: KnowledgeVersion,
        entries: Vec<Entry>,
        options: IndexOptions,
        encoder: Arc<dyn TextEncoder>,
        previous: Option<&HybridIndex>,
    ) -> Result<HybridIndex, EmbedError> {
        match self.open(&version, options.clone(), encoder.clone()) {
            Ok(index) => return Ok(index),
            Err(error) if error.is_missing() => {}
            Err(error) => tracing::warn!(%error, "a saved index is of no use and is made again"),
        }
        let index = HybridIndex::build_with(version, entries, options, encoder, previous)?;
        if let Err(error) = self.save(&index) {
            tracing::error!(%error, "an index was not saved; the next start makes it again");
        }
        Ok(index)
    }

    /// Reads the index of `version`, whose words and encoder must be these.
    pub fn open(
        &self,
        version: &KnowledgeVersion,
        options: IndexOptions,
        encoder: Arc<dyn TextEncoder>,
    ) -> Result<HybridIndex, StoreError> {
        let folder = self.folder(version);
        let file = folder.join(DESCRIPTION);
        let content = fs::read(&file).map_err(StoreError::file(&file))?;
        let description: Description =
            serde_json::from_slice(&content).map_err(|error| StoreError::content(&file, error))?;
        description
            .fits(version, &options, &*encoder)
            .map_err(|problem| StoreError::content(&file, problem))?;
        let read = |name: &str| description.read(&folder, name);
        let entries: Vec<Entry> = {
            let file = folder.join(ENTRIES);
            serde_json::from_slice(&read(ENTRIES)?)
                .map_err(|error| StoreError::content(&file, error))?
        };
        let vectors = {
            let file = folder.join(VECTORS);
            vectors_of(&read(VECTORS)?, &description.encoder)
                .map_err(|problem| StoreError::content(&file, problem))?
        };
        let postings = folder.join(POSTINGS);
        for name in description.files.keys() {
            if name.starts_with(POSTINGS) {
                read(name)?;
            }
        }
        let lexical = LexicalIndex::with_postings(version.clone(), entries, options, &postings)
            .map_err(|error| StoreError::content(&postings, error))?;
        let phrasings = lexical.collection().phrasings();
        if vectors.len() != phrasings * encoder.dimensions() {
            let found = vectors.len() / encoder.dimensions().max(1);
            let problem = format!("it has {found} vectors for {phrasings} phrasings");
            return Err(StoreError::content(&folder.join(VECTORS), problem));
        }
        Ok(HybridIndex::with_vectors(lexical, vectors, encoder))
    }

    /// Writes an index that was built, in place of what is there for its version.
    pub fn save(&self, index: &HybridIndex) -> Result<(), StoreError> {
        let lexical = index.lexical();
        let folder = self.folder(lexical.version_of());
        fs::create_dir_all(&self.root).map_err(StoreError::file(&self.root))?;
        let new = beside(&folder, "new");
        remove(&new)?;
        let Some(postings) = lexical.postings() else {
            return Err(StoreError::content(&folder, "it has no postings"));
        };
        let inside = new.join(POSTINGS);
        fs::create_dir_all(&inside).map_err(StoreError::file(&inside))?;
        postings
            .save(&inside)
            .map_err(|error| StoreError::content(&inside, error))?;
        let entries: Vec<&Entry> = lexical
            .collection()
            .entries()
            .iter()
            .map(|e| &**e)
            .collect();
        let encoder = Encoder::of(index.encoder());
        let of_json = |error| StoreError::content(&new.join(ENTRIES), error);
        let content = serde_json::to_vec(&entries).map_err(of_json)?;
        write(&new.join(ENTRIES), &content)?;
        let content = file_of_vectors(index.vectors(), &encoder)
            .map_err(|problem| StoreError::content(&new.join(VECTORS), problem))?;
        write(&new.join(VECTORS), &content)?;
        drop(content);

        let mut files = BTreeMap::new();
        let listing = fs::read_dir(&inside).map_err(StoreError::file(&inside))?;
        let mut names = vec![ENTRIES.to_owned(), VECTORS.to_owned()];
        for file in listing {
            let file = file.map_err(StoreError::file(&inside))?;
            let name = file.file_name();
            // Locks of a writer that is gone.
            if let Some(name) = name.to_str().filter(|name| !name.ends_with(".lock")) {
                names.push(format!("{POSTINGS}/{name}"));
            }
        }
        for name in names {
            let file = new.join(&name);
            let content = fs::read(&file).map_err(StoreError::file(&file))?;
            files.insert(name, Checksum::of(&content));
        }
        let description = Description {
            format: FORMAT,
            version: lexical.version_of().clone(),
            encoder,
            lexicon: lexicon::fingerprint(),
            synonyms: lexical.synonyms().classes().to_vec(),
            files,
        };
        let file = new.join(DESCRIPTION);
        let content = serde_json::to_vec_pretty(&description)
            .map_err(|error| StoreError::content(&file, error))?;
        write(&file, &content)?;
        sync(&new)?;
        // A folder does not replace another at once: between the two names there is none, and the next start builds it.
        let old = beside(&folder, "old");
        remove(&old)?;
        match fs::rename(&folder, &old) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(StoreError::file(&folder)(error));
            }
            _ => {}
        }
        fs::rename(&new, &folder).map_err(StoreError::file(&folder))?;
        sync(&self.root)?;
        remove(&old)
    }

    /// Removes the indexes of all versions but these, and what an unfinished save left.
    pub fn keep_only(&self, versions: &[&KnowledgeVersion]) -> Result<(), StoreError> {
        let kept: Vec<PathBuf> = versions
            .iter()
            .map(|version| self.folder(version))
            .collect();
        let listing = match fs::read_dir(&self.root) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            listing => listing.map_err(StoreError::file(&self.root))?,
        };
        for folder in listing {
            let folder = folder.map_err(StoreError::file(&self.root))?.path();
            if !kept.contains(&folder) {
                remove(&folder)?;
            }
        }
        Ok(())
    }
}

impl Description {
    /// Whether it was made of the same.
    fn fits(
        &self,
        version: &KnowledgeVersion,
        options: &IndexOptions,
        encoder: &dyn TextEncoder,
    ) -> Result<(), String> {
        if self.format != FORMAT {
            return Err(format!("its format is {}, not {FORMAT}", self.format));
        }
        if self.version != *version {
            return Err(format!("it is of version {}, not {version}", self.version));
        }
        let wanted = Encoder::of(encoder);
        if self.encoder != wanted {
            return Err(format!("it is by {}, not by {wanted}", self.encoder));
        }
        if self.lexicon != lexicon::fingerprint() {
            return Err("it was made with other word lists".to_owned());
        }
        if self.synonyms != options.synonyms.classes() {
            return Err("it was made with other synonyms of the business".to_owned());
        }
        Ok(())
    }

    /// The content of a file that is as it was written.
    fn read(&self, folder: &Path, name: &str) -> Result<Vec<u8>, StoreError> {
        let file = folder.join(name);
        let Some(expected) = self.files.get(name) else {
            return Err(StoreError::content(&file, "index.json does not name it"));
        };
        let content = fs::read(&file).map_err(StoreError::file(&file))?;
        if Checksum::of(&content) != *expected {
            return Err(StoreError::content(&file, "its content has changed"));
        }
        Ok(content)
    }
}

impl std::fmt::Display for Encoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} ({})", self.name, self.version, self.dimensions)
    }
}

impl Checksum {
    fn of(content: &[u8]) -> Self {
        let sha256 = Sha256::digest(content);
        Self {
            bytes: content.len() as u64,
            sha256: sha256.iter().map(|byte| format!("{byte:02x}")).collect(),
        }
    }
}

fn file_of_vectors(vectors: &[f32], encoder: &Encoder) -> Result<Vec<u8>, String> {
    let bytes: Vec<u8> = vectors
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect();
    let rows = vectors.len() / encoder.dimensions.max(1);
    let tensor = TensorView::new(Dtype::F32, vec![rows, encoder.dimensions], &bytes)
        .map_err(|error| error.to_string())?;
    let about = HashMap::from([
        ("encoder".to_owned(), encoder.name.clone()),
        ("encoder_version".to_owned(), encoder.version.clone()),
    ]);
    safetensors::serialize([(TENSOR, tensor)], Some(about)).map_err(|error| error.to_string())
}

fn vectors_of(content: &[u8], encoder: &Encoder) -> Result<Vec<f32>, String> {
    let problem = |error: safetensors::SafeTensorError| error.to_string();
    let (_, header) = SafeTensors::read_metadata(content).map_err(problem)?;
    let about = header.metadata().as_ref();
    let says = |key: &str| about.and_then(|about| about.get(key)).map(String::as_str);
    if says("encoder") != Some(&encoder.name) || says("encoder_version") != Some(&encoder.version) {
        return Err(format!("its vectors are not by {encoder}"));
    }
    let tensors = SafeTensors::deserialize(content).map_err(problem)?;
    let tensor = tensors.tensor(TENSOR).map_err(problem)?;
    if tensor.dtype() != Dtype::F32 || tensor.shape().get(1) != Some(&encoder.dimensions) {
        return Err(format!("`{TENSOR}` has not the shape that it says"));
    }
    let (values, _) = tensor.data().as_chunks::<4>();
    Ok(values
        .iter()
        .map(|value| f32::from_le_bytes(*value))
        .collect())
}

/// The same name with an ending: on the same disk, so that it can be renamed.
fn beside(folder: &Path, ending: &str) -> PathBuf {
    let mut name = folder.file_name().unwrap_or_default().to_owned();
    name.push(".");
    name.push(ending);
    folder.with_file_name(name)
}

fn remove(folder: &Path) -> Result<(), StoreError> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(StoreError::file(folder)(error))
        }
        _ => Ok(()),
    }
}

fn write(file: &Path, content: &[u8]) -> Result<(), StoreError> {
    let written = File::create(file).and_then(|mut out| {
        out.write_all(content)?;
        out.sync_all()
    });
    written.map_err(StoreError::file(file))
}

/// Makes the names in a folder durable.
fn sync(folder: &Path) -> Result<(), StoreError> {
    let synced = File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(StoreError::file(folder))
}

#[cfg(test)]
mod tests;
