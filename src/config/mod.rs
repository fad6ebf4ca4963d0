//! The configuration file: its types, validation, and each module's own settings made from it.
//!
//! Nothing imports this module but `app` and `cli`. A key that is unknown, missing or wrong is an error that names the
//! file, the line and the key; a file is taken whole or not at all.

mod check;
mod edit;
mod file;
mod network;
mod place;

use std::path::{Path, PathBuf};

pub use edit::{EditError, set_thresholds, use_model};
pub use file::{
    ActionConfig, BusinessConfig, Config, ConsoleConfig, ConversationConfig, HandoverConfig,
    LanguageModelConfig, LineConfig, MediaConfig, ModelChoice, MoodConfig, QdrantConfig,
    RecognitionConfig, RecognitionEngine, RetrievalConfig, SipConfig, SlotConfig, SlotShape,
    StorageConfig, SynthesisConfig, SynthesisEngine, Transfer, TrunkConfig, UserConfig,
    WebhookConfig,
};

/// Why a configuration was not taken.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("configuration file {file}: {error}")]
    Read {
        /// The file.
        file: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// It is not TOML, or a key is unknown, missing or of the wrong type.
    #[error("configuration file {file}: {error}")]
    Parse {
        /// The file.
        file: PathBuf,
        /// With line, column and key.
        error: toml::de::Error,
    },
    /// A value that cannot be.
    #[error("configuration file {file}, line {line}: `{key}` {problem}")]
    Value {
        /// The file.
        file: PathBuf,
        /// Where the value stands; for one that is missing, where its table begins.
        line: usize,
        /// The key, from the root (`business[0].line[1].dids`).
        key: String,
        /// What is wrong with it.
        problem: String,
    },
}

impl Config {
    /// Reads and validates `file`. Relative paths in it are taken from the file's own folder.
    pub fn load(file: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(file).map_err(|error| ConfigError::Read {
            file: file.to_owned(),
            error,
        })?;
        Self::parse(file, &text)
    }

    /// Validates `text` as the content of `file`.
    pub fn parse(file: &Path, text: &str) -> Result<Self, ConfigError> {
        let mut config: Self = toml::from_str(text).map_err(|error| ConfigError::Parse {
            file: file.to_owned(),
            error,
        })?;
        config.resolve_paths(file.parent().unwrap_or(Path::new("")));
        check::check(&config).map_err(|(key, problem)| ConfigError::Value {
            file: file.to_owned(),
            line: place::line_of(text, &key),
            key,
            problem,
        })?;
        Ok(config)
    }

    /// The networks that may call, `sip.allow`.
    pub fn allowed_networks(&self) -> Vec<(std::net::IpAddr, u8)> {
        let networks = self.sip.allow.iter();
        // Validation has refused what is none.
        networks
            .filter_map(|text| network::network(text).ok())
            .collect()
    }

    fn resolve_paths(&mut self, folder: &Path) {
        let resolve = |path: &mut PathBuf| *path = folder.join(&*path);
        resolve(&mut self.storage.database);
        resolve(&mut self.storage.recordings);
        resolve(&mut self.recognition.model);
        resolve(&mut self.recognition.catalog);
        resolve(&mut self.synthesis.cache);
        resolve(&mut self.retrieval.indexes);
        for path in [&mut self.synthesis.model, &mut self.synthesis.onnxruntime] {
            path.iter_mut().for_each(resolve);
        }
        resolve(&mut self.prompts);
        for choice in [&mut self.retrieval.encoder, &mut self.mood.model] {
            if let ModelChoice::At(path) = choice {
                resolve(path);
            }
        }
        let language_model = self.language_model.as_mut();
        let key_file = language_model.and_then(|model| model.key_file.as_mut());
        let qdrant = self.retrieval.qdrant.as_mut();
        let qdrant_key = qdrant.and_then(|qdrant| qdrant.api_key_file.as_mut());
        for file in [self.mobile_segments.as_mut(), key_file, qdrant_key] {
            file.into_iter().for_each(resolve);
        }
        for business in &mut self.businesses {
            business.synonyms.iter_mut().for_each(resolve);
            for webhook in &mut business.webhooks {
                resolve(&mut webhook.secret_file);
            }
            for line in &mut business.lines {
                resolve(&mut line.knowledge);
            }
        }
    }
}

#[cfg(test)]
mod tests;
