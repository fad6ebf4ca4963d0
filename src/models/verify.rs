//! Whether a model file is what the catalogue says it is.

use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};

use super::{Catalog, Engine, Model};

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
    /// No model is a folder of this name, or another engine runs it.
    #[error(
        "model folder {folder} has not the name of a model that the catalogue has for this engine; set `allow_unlisted = true` beside it only if you trust it"
    )]
    UnlistedFolder {
        /// The folder.
        folder: PathBuf,
    },
    /// Its hash is another one.
    #[error(
        "model file {file} has SHA-256 {sha256} instead of {known}; `yingda models pull {model}` downloads it again"
    )]
    Wrong {
        /// The file.
        file: PathBuf,
        /// Its hash.
        sha256: String,
        /// The hash that it must have.
        known: String,
        /// Name of its model.
        model: String,
    },
    /// Nobody knows which hash it must have.
    #[error(
        "model file {file} has no SHA-256 to compare with, neither in the catalogue nor pinned; `yingda models pull {model}` downloads and pins it"
    )]
    NotPinned {
        /// The file.
        file: PathBuf,
        /// Name of its model.
        model: String,
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

/// Checks a folder of model files before `engine` sees them.
pub fn checked_folder(
    folder: &Path,
    engine: Engine,
    catalog: &Catalog,
    check: ModelCheck,
) -> Result<(), VerifyError> {
    if check == ModelCheck::Unlisted {
        return Ok(());
    }
    let model = catalog
        .named_like(folder)
        .filter(|model| model.is_folder && model.engine == engine)
        .ok_or_else(|| VerifyError::UnlistedFolder {
            folder: folder.to_owned(),
        })?;
    compared(folder, model, catalog)
}

/// Compares every file of `model`, which lies at `path` (its file or its folder), with its hash.
pub fn compared(path: &Path, model: &Model, catalog: &Catalog) -> Result<(), VerifyError> {
    for part in &model.files {
        let file = match model.is_folder {
            true => path.join(&part.file),
            false => path.to_owned(),
        };
        let sha256 = sha256_of(&file).map_err(|error| VerifyError::Read {
            file: file.clone(),
            error,
        })?;
        let name = model.name.clone();
        match catalog.hash_of(model, part) {
            Some(known) if known == sha256 => {}
            Some(known) => {
                return Err(VerifyError::Wrong {
                    known: known.to_owned(),
                    file,
                    sha256,
                    model: name,
                });
            }
            None => return Err(VerifyError::NotPinned { file, model: name }),
        }
    }
    Ok(())
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

    #[test]
    fn every_file_of_a_folder_is_compared() {
        let root = tempfile::tempdir().expect("a folder");
        let list = root.path().join("catalog.toml");
        let one = "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed"; // "one"
        let text = format!(
            "[[model]]\nname = \"a\"\ntask = \"recognition\"\nengine = \"sense-voice\"\nlanguages = []\nlicence = \"MIT\"\n\
             notes = \"\"\naccuracy = \"\"\n[[model.files]]\nfile = \"one.bin\"\nurls = []\nsize_bytes = 3\nsha256 = \"{one}\"\n\
             [[model.files]]\nfile = \"two.txt\"\nurls = []\n"
        );
        std::fs::write(&list, text).expect("written");
        let mut catalog = Catalog::load(&list).expect("sound");
        let folder = root.path().join("a");
        std::fs::create_dir(&folder).expect("created");
        let told = |catalog: &Catalog, engine| match checked_folder(
            &folder,
            engine,
            catalog,
            ModelCheck::Listed,
        ) {
            Ok(()) => String::new(),
            Err(error) => error.to_string(),
        };
        let write = |name: &str, text: &str| {
            std::fs::write(folder.join(name), text).expect("written");
        };
        assert!(told(&catalog, Engine::SenseVoice).contains("one.bin: No such file"));
        write("one.bin", "One");
        assert!(told(&catalog, Engine::SenseVoice).contains(&format!("instead of {one}; ")));
        write("one.bin", "one");
        write("two.txt", "two");
        assert!(told(&catalog, Engine::SenseVoice).contains("two.txt has no SHA-256"));
        let model = catalog.find("a").expect("listed").clone();
        let two = sha256_of(&folder.join("two.txt")).expect("there");
        catalog.pin(&model, &model.files[1], &two).expect("written");
        assert_eq!(told(&catalog, Engine::SenseVoice), "");
        assert!(told(&catalog, Engine::Kokoro).contains("has not the name of a model"));
        let other = root.path().join("b");
        let unlisted = checked_folder(&other, Engine::SenseVoice, &catalog, ModelCheck::Listed);
        assert!(matches!(unlisted, Err(VerifyError::UnlistedFolder { .. })));
        checked_folder(&other, Engine::SenseVoice, &catalog, ModelCheck::Unlisted).expect("told");
    }
}
