//! From a document to what callers hear: import, check, publish, switch.
//!
//! Documents go into a draft; a draft that passes its checks is published as a version, after the audio of its answers was
//! made; the [`Library`] brings the published version to new calls, while running calls keep theirs. The database is the
//! truth: whoever publishes, in this process or another, only moves what it points to. This module does not parse documents
//! (see `knowledge`), does not search (see `retrieval`) and holds no statements (see `storage`).

mod desk;
mod documents;
mod error;
mod indexes;
pub mod lessons;
mod library;
mod plan;
mod proposing;
mod publication;
pub mod reading;

pub use desk::{Desk, Which};
pub use documents::{ImportDone, ImportOrder};
pub use error::DeskError;
pub use indexes::{Index, IndexMaker, Material};
pub use library::{BaseState, Library, LibraryError, Shelf, seed};
pub use plan::{BasePlan, Voice};
pub use proposing::{MOST_ENTRIES, Model, Proposed, Source};
pub use publication::{Order, Step};

#[cfg(test)]
mod tests;
