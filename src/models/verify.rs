//! Whether a model file is what the catalogue says it is.

use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};

use super::Catalog;

/// How a file is checked before it is loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModelCheck {
    /// Its hash must be in the catalogue.
    Listed,
    /// Any file that looks like a model. A broken one can end the process.
    Unlisted,
}

/// Why a model file was not taken.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// It cannot be read.
    #[error("model file {file}: {error}")]
    Read {
        /// The file.
        file: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// It does not begin like a ggml model.
    #[error("model file {file} is not a ggml model")]
    NotAModel {
        /// The file.
        file: PathBuf,
    },
    /// Its hash is in no manifest.
    #[error(
        "model file {file} has SHA-256 {sha256}, which is in no manifest; a broken model ends the whole process, so set `recognition.allow_unlisted = true` only if you trust it"
    )]
    Unlisted {
        /// The file.
        file: PathBuf,
        /// Its hash.
        sha256: String,
    },
}

/// `ggml` as whisper.cpp writes it (0x67676d6c, little-endian).
const MAGIC: [u8; 4] = *b"lmgg";

/// Checks a file before whisper.cpp, which ends the process on a broken one, sees it.
pub fn checked(file: &Path, catalog: &Catalog, check: ModelCheck) -> Result<(), VerifyError> {
    let read = |error| VerifyError::Read {
        file: file.to_owned(),
        error,
    };
    let mut magic = [0; 4];
    let begins = File::open(file).and_then(|mut opened| opened.read_exact(&mut magic));
    match begins {
        Ok(()) if magic == MAGIC => {}
        Err(error) if error.kind() != std::io::ErrorKind::UnexpectedEof => return Err(read(error)),
        _ => {
            return Err(VerifyError::NotAModel {
                file: file.to_owned(),
            });
        }
    }
    if check == ModelCheck::Unlisted {
        return Ok(());
    }
    let sha256 = sha256_of(file).map_err(read)?;
    match catalog.knows(&sha256) {
        true => Ok(()),
        false => Err(VerifyError::Unlisted {
            file: file.to_owned(),
            sha256,
        }),
    }
}

/// SHA-256 of a file in hexadecimal.
pub fn sha256_of(file: &Path) -> std::io::Result<String> {
    let mut opened = File::open(file)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match opened.read(&mut buffer)? {
            0 => break,
            count => hash.update(&buffer[..count]),
        }
    }
    Ok(hash
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_listed_models_pass() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
        let catalog = Catalog::load(&root.join("catalog.toml")).expect("sound");
        let demo = root.join("yingda-zh-demo.bin");
        checked(&demo, &catalog, ModelCheck::Listed).expect("listed");

        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("x.bin");
        let refused = |content: &[u8], check| {
            std::fs::write(&file, content).expect("written");
            checked(&file, &catalog, check)
                .expect_err("refused")
                .to_string()
        };
        assert!(refused(b"", ModelCheck::Unlisted).ends_with("is not a ggml model"));
        assert!(refused(b"gguf....", ModelCheck::Listed).ends_with("is not a ggml model"));
        assert!(refused(b"lmgg....", ModelCheck::Listed).contains("which is in no manifest"));
        checked(&file, &catalog, ModelCheck::Unlisted).expect("told otherwise");
        let missing = checked(&folder.path().join("none"), &catalog, ModelCheck::Listed);
        assert!(
            missing
                .expect_err("refused")
                .to_string()
                .contains("No such file")
        );
    }
}
