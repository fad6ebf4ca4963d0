//! The model files: the catalogue of known ones, and whether a file is what it says.
//!
//! This module does not run models (see `asr`).

mod catalog;
mod verify;

pub use catalog::{Catalog, CatalogError, Model, Task};
pub use verify::{ModelCheck, VerifyError, checked, sha256_of};
