//! The model files: the catalogue of known ones, their download, and whether a file is what it says.
//!
//! This module does not run models (see `asr`).

mod catalog;
mod pull;
mod replace;
mod verify;

pub use catalog::{Catalog, CatalogError, Model, Task};
pub use pull::{PullError, Pulled, SourceFailure, pull};
pub use verify::{ModelCheck, VerifyError, checked, sha256_of};
