//! Changes to a configuration file that leave comments, order and everything else in it as they are.
//!
//! A changed file is validated before it takes the place of the old one, whole or not at all.

use std::path::{Path, PathBuf};

use toml_edit::{DocumentMut, Item, TableLike, Value};

use super::{Config, ConfigError};
use crate::{
    models::{Engine, Model, replace},
    retrieval::RetrievalConfig,
};

/// Why a configuration file was not changed.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// It is not good as it is, or would not be after the change.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// It cannot be read or written.
    #[error("configuration file {file}: {error}")]
    Io {
        /// The file.
        file: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// It has something else where the key belongs.
    #[error(
        "configuration file {file}: `{table}` is not a table, so that `{table}.{key}` cannot be set"
    )]
    NotATable {
        /// The file.
        file: PathBuf,
        /// What should be one.
        table: &'static str,
        /// The key that belongs into it.
        key: &'static str,
    },
    /// No key names a model of this kind.
    #[error(
        "no key of the configuration names a model for {task} by {engine:?}, so that `{model}` cannot be set; this version downloads it only"
    )]
    NoKey {
        /// Name of the model.
        model: String,
        /// What it is for.
        task: crate::models::Task,
        /// What would run it.
        engine: Engine,
    },
}

/// A table, a key in it and its new value.
type Change = (&'static str, &'static str, Value);

/// Names `model`, which lies at `path`, in the configuration `file`. Returns the keys that were set, with their values.
pub fn use_model(
    file: &Path,
    model: &Model,
    path: &Path,
) -> Result<Vec<(String, String)>, EditError> {
    change(file, |folder| {
        let path = path.canonicalize().map_err(|error| EditError::Io {
            file: path.to_owned(),
            error,
        })?;
        // A folder that is moved as a whole goes on working.
        let path = path.strip_prefix(folder).unwrap_or(&path);
        changes(model, path.display().to_string())
    })
}

/// Sets the thresholds of retrieval in the configuration `file`, to hundredths. Returns the keys that were set, with their
/// values.
pub fn set_thresholds(
    file: &Path,
    thresholds: &RetrievalConfig,
) -> Result<Vec<(String, String)>, EditError> {
    let hundredths = |score: f32| Value::from((f64::from(score) * 100.0).round() / 100.0);
    change(file, |_| {
        Ok(vec![
            ("retrieval", "answer", hundredths(thresholds.answer)),
            ("retrieval", "clarify", hundredths(thresholds.clarify)),
            ("retrieval", "margin", hundredths(thresholds.margin)),
        ])
    })
}

/// Makes changes to `file`, which are told its folder.
fn change(
    file: &Path,
    changes: impl FnOnce(&Path) -> Result<Vec<Change>, EditError>,
) -> Result<Vec<(String, String)>, EditError> {
    let io = |error| EditError::Io {
        file: file.to_owned(),
        error,
    };
    // A link stays a link: what it leads to is changed.
    let place = file.canonicalize().map_err(io)?;
    let text = std::fs::read_to_string(&place).map_err(io)?;
    // What is wrong already would be blamed on the change.
    Config::parse(file, &text)?;
    let changes = changes(place.parent().unwrap_or(Path::new("/")))?;
    let changed = set(file, &text, &changes)?;
    Config::parse(file, &changed)?;
    replace(&place, &changed).map_err(io)?;
    Ok(changes
        .into_iter()
        .map(|(table, key, value)| (format!("{table}.{key}"), value.to_string()))
        .collect())
}

/// The keys that name such a model, at `path`.
fn changes(model: &Model, path: String) -> Result<Vec<Change>, EditError> {
    let (table, engine) = match model.engine {
        Engine::Whisper => ("recognition", "whisper"),
        Engine::SenseVoice => ("recognition", "sense-voice"),
        Engine::StreamingParaformer => ("recognition", "streaming-paraformer"),
        Engine::Kokoro => ("synthesis", "kokoro"),
        // What kind of encoder it is can be seen from its files.
        Engine::Compact | Engine::Bert => return Ok(vec![("retrieval", "encoder", path.into())]),
        Engine::CompactMood => return Ok(vec![("mood", "model", path.into())]),
        Engine::Matcha => {
            return Err(EditError::NoKey {
                model: model.name.clone(),
                task: model.task,
                engine: model.engine,
            });
        }
    };
    Ok(vec![
        (table, "engine", engine.into()),
        (table, "model", path.into()),
    ])
}

/// `text` with these keys set.
fn set(file: &Path, text: &str, changes: &[Change]) -> Result<String, EditError> {
    let mut document: DocumentMut =
        text.parse()
            .map_err(|error: toml_edit::TomlError| EditError::Io {
                file: file.to_owned(),
                error: std::io::Error::other(error.to_string()),
            })?;
    for (table, key, new) in changes {
        let inside = document
            .entry(table)
            .or_insert_with(toml_edit::table)
            .as_table_like_mut()
            .ok_or_else(|| EditError::NotATable {
                file: file.to_owned(),
                table,
                key,
            })?;
        set_key(inside, key, new);
    }
    Ok(document.to_string())
}

fn set_key(table: &mut dyn TableLike, key: &str, new: &Value) {
    let mut fresh = Item::Value(new.clone());
    match table.get_mut(key) {
        Some(old) => {
            // What stands around the old value, a comment behind it above all.
            if let (Some(old), Item::Value(fresh)) = (old.as_value(), &mut fresh) {
                *fresh.decor_mut() = old.decor().clone();
            }
            *old = fresh;
        }
        None => {
            table.insert(key, fresh);
        }
    }
}

#[cfg(test)]
mod tests;
