//! Download of a model's files: resumed after a break, from the next mirror when one fails, in place only when the hash is
//! right. Of a model of several files those that are right already are not asked for again.
//!
//! What is under way lies beside the catalogue as `FILE.part`, and where no hash is known, what it is the beginning of as
//! `FILE.part.toml`. This module does not print; callers show the progress.

mod download;
mod origin;

use std::{
    fs,
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

use self::download::{Download, Fault};
use super::{Catalog, CatalogError, Model, ModelFile, sha256_of};

/// What the download of a file came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pulled {
    /// The right file was there already.
    Present,
    /// It was downloaded from this URL, and its hash was known before.
    Verified(String),
    /// It was downloaded from this URL, and its hash was written down for the next time.
    Pinned(String),
}

/// A file of a model that is here now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PulledFile {
    /// Its name, as the catalogue has it.
    pub file: String,
    /// Where it is from.
    pub how: Pulled,
}

/// One source that did not give the file.
#[derive(Debug, PartialEq, Eq)]
pub struct SourceFailure {
    /// Where.
    pub url: String,
    /// Why, in words.
    pub problem: String,
}

/// Why a model was not downloaded.
#[derive(Debug, thiserror::Error)]
pub enum PullError {
    /// No such model.
    #[error("no model is named `{0}`; `yingda models list` shows all")]
    Unknown(String),
    /// Nobody offers it for download.
    #[error(
        "model `{0}` is part of the repository and is not downloaded; restore its file from there"
    )]
    Bundled(String),
    /// Another process is at it.
    #[error("{0} is being downloaded by another process")]
    Busy(PathBuf),
    /// The disk is full.
    #[error(
        "no space is left for {file}, which needs {} in all; what is there stays for the next try",
        bytes(*needed)
    )]
    NoSpace {
        /// The unfinished file.
        file: PathBuf,
        /// Size of the whole file, where it is known.
        needed: Option<u64>,
    },
    /// A file cannot be written.
    #[error("{file}: {error}")]
    Io {
        /// The file.
        file: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// Every source failed.
    #[error("no source gave {file} of the model:{}", list(.failures))]
    Sources {
        /// Its name, as the catalogue has it.
        file: String,
        /// What each source did.
        failures: Vec<SourceFailure>,
    },
    /// The hash could not be written down.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
}

fn bytes(size: Option<u64>) -> String {
    match size {
        Some(size) => format!("{size} bytes"),
        None => "an unknown number of bytes".to_owned(),
    }
}

fn list(failures: &[SourceFailure]) -> String {
    failures
        .iter()
        .map(|failure| format!("\n  {}: {}", failure.url, failure.problem))
        .collect()
}
/// Downloads the model named `name` into the catalogue's folder, file by file. `progress` is told how many bytes are there,
/// out of how many, as far as sizes are known.
pub fn pull(
    catalog: &mut Catalog,
    name: &str,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Vec<PulledFile>, PullError> {
    let model = catalog
        .find(name)
        .ok_or_else(|| PullError::Unknown(name.to_owned()))?
        .clone();
    if model.is_folder {
        let folder = catalog.path_of(&model);
        fs::create_dir_all(&folder).map_err(|error| PullError::Io {
            file: folder,
            error,
        })?;
    }
    let mut pulled = Vec::with_capacity(model.files.len());
    let mut before = 0;
    for (place, file) in model.files.iter().enumerate() {
        let later = model.files[place + 1..].iter();
        let later: u64 = later.filter_map(|file| file.size_bytes).sum();
        let how = pull_file(catalog, &model, file, &mut |have, whole| {
            progress(before + have, before + whole + later);
        })?;
        // What is there is what counts, whatever the catalogue says.
        let length = fs::metadata(catalog.file_path(&model, file));
        before += length.map_or(0, |length| length.len());
        pulled.push(PulledFile {
            file: file.file.clone(),
            how,
        });
    }
    Ok(pulled)
}

fn pull_file(
    catalog: &mut Catalog,
    model: &Model,
    file: &ModelFile,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Pulled, PullError> {
    let known = catalog.hash_of(model, file).map(str::to_owned);
    let target = catalog.file_path(model, file);
    if let Some(known) = &known
        && target.exists()
        && sha256_of(&target).map_err(|error| local(&target, file, error))? == *known
    {
        return Ok(Pulled::Present);
    }
    if file.urls.is_empty() {
        return Err(PullError::Bundled(model.name.clone()));
    }
    let mut download = Download::open(file, &target, known.is_some())?;
    let mut failures = Vec::new();
    let mut urls: Vec<&String> = file.urls.iter().collect();
    // Only the source that a part came from can go on with it, where no hash would show a mixture.
    urls.sort_by_key(|url| !download.is_begun_by(url));
    for url in urls {
        let taken_up = download.have > 0;
        let result = match download.attempt(url, known.as_deref(), progress) {
            // What was there before may be what was wrong; the wrong file is gone now.
            Err(Fault::Source(_)) if taken_up && download.have == 0 => {
                download.attempt(url, known.as_deref(), progress)
            }
            result => result,
        };
        match result {
            Ok(hash) => {
                download.put_in_place(&target)?;
                if known.is_some() {
                    return Ok(Pulled::Verified(url.clone()));
                }
                catalog.pin(model, file, &hash)?;
                return Ok(Pulled::Pinned(url.clone()));
            }
            Err(Fault::Local(error)) => return Err(error),
            Err(Fault::Source(problem)) => failures.push(SourceFailure {
                url: url.clone(),
                problem,
            }),
        }
    }
    download.leave_if_useless();
    Err(PullError::Sources {
        file: file.file.clone(),
        failures,
    })
}

fn local(file: &Path, of: &ModelFile, error: io::Error) -> PullError {
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => PullError::NoSpace {
            file: file.to_owned(),
            needed: of.size_bytes,
        },
        _ => PullError::Io {
            file: file.to_owned(),
            error,
        },
    }
}

#[cfg(test)]
mod tests;
