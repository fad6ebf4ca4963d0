//! The model files: the catalogue of known ones, their download, and whether a file is what it says.
//!
//! This module does not run models (see `asr`).

mod catalog;
mod pull;
mod replace;
mod verify;

pub use catalog::{Catalog, CatalogError, Engine, Model, ModelFile, NOT_KNOWN, Task};
pub use pull::{PullError, Pulled, PulledFile, SourceFailure, pull};
pub use replace::replace;
pub use verify::{ModelCheck, VerifyError, checked, checked_folder, compared, sha256_of};
