//! The manifest: a TSV file with the columns `path`, `set`, `language` and `text`, paths relative to the file.
//!
//! This module reads files and judges nothing.

use std::path::{Path, PathBuf};

use crate::{
    asr::Language,
    audio::{SampleRate, resample::resample},
};

const COLUMNS: [&str; 4] = ["path", "set", "language", "text"];

/// One recording and what is said in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Utterance {
    /// A mono WAV of 16 bits, 8 or 16 kHz.
    pub path: PathBuf,
    /// Which results belong together.
    pub set: String,
    /// What is spoken.
    pub language: Language,
    /// The words; empty when nobody speaks.
    pub text: String,
}

impl Utterance {
    /// The samples at 16 kHz.
    pub fn audio(&self) -> Result<Vec<i16>, ManifestError> {
        let fail = |problem: String| ManifestError::Audio {
            file: self.path.display().to_string(),
            problem,
        };
        let mut reader =
            hound::WavReader::open(&self.path).map_err(|error| fail(error.to_string()))?;
        let spec = reader.spec();
        let rate = SampleRate(spec.sample_rate);
        let known = rate == SampleRate::TELEPHONE || rate == SampleRate::WIDEBAND;
        if spec.channels != 1 || spec.bits_per_sample != 16 || !known {
            return Err(fail(format!(
                "{} Hz, {} channels, {} bits: wanted is 8000 or 16000 Hz, mono, 16 bits",
                spec.sample_rate, spec.channels, spec.bits_per_sample
            )));
        }
        let samples: Result<Vec<i16>, _> = reader.samples().collect();
        let samples = samples.map_err(|error| fail(error.to_string()))?;
        Ok(resample(&samples, rate, SampleRate::WIDEBAND))
    }
}

/// Why a manifest is of no use.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// It cannot be read.
    #[error("{file}: {problem}")]
    File {
        /// Which.
        file: String,
        /// Why.
        problem: String,
    },
    /// A line of it is wrong.
    #[error("{file}:{line}: {problem}")]
    Line {
        /// Which file.
        file: String,
        /// Which line, from 1.
        line: u64,
        /// What is wrong.
        problem: String,
    },
    /// A recording cannot be used.
    #[error("{file}: {problem}")]
    Audio {
        /// Which.
        file: String,
        /// Why.
        problem: String,
    },
}

/// Reads the manifest in `file`.
pub fn read_manifest(file: &Path) -> Result<Vec<Utterance>, ManifestError> {
    let name = file.display().to_string();
    let unread = |problem: String| ManifestError::File {
        file: name.clone(),
        problem,
    };
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(b'\t')
        .quoting(false)
        .from_path(file)
        .map_err(|error| unread(error.to_string()))?;
    let header = reader
        .headers()
        .map_err(|error| unread(error.to_string()))?;
    if header.iter().ne(COLUMNS) {
        return Err(unread(format!(
            "the first line must name the columns {}",
            COLUMNS.join(", ")
        )));
    }
    let folder = file.parent().unwrap_or(Path::new(""));
    let mut utterances = Vec::new();
    for row in reader.records() {
        let row = row.map_err(|error| unread(error.to_string()))?;
        let language = Language::of(&row[2]);
        if language == Language::Unknown {
            return Err(ManifestError::Line {
                file: name,
                line: row.position().map_or(0, csv::Position::line),
                problem: format!("{:?} is neither zh nor en", &row[2]),
            });
        }
        utterances.push(Utterance {
            path: folder.join(&row[0]),
            set: row[1].to_owned(),
            language,
            text: row[3].to_owned(),
        });
    }
    if utterances.is_empty() {
        return Err(unread("no utterances".to_owned()));
    }
    Ok(utterances)
}
