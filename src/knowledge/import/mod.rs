//! A business's own documents into entries, with a report of what became of every row and page.
//!
//! A reader for each format brings a file into one shape, a [`Document`] of headings, paragraphs and tables; from there on
//! formats do not matter. Files come from strangers: this is run in a process of its own with limits (see `sandbox`), and
//! says where it is so that a file that ends the process can be answered with the place. Nothing here publishes anything.

mod document;
mod entries;
mod error;
mod format;
mod limits;
mod merging;
mod readers;
mod report;

pub use document::{Document, Part, Place, Row, Table};
pub use entries::entries_of;
pub(in crate::knowledge) use entries::{FORMULA_STARTS, is_html, plain_answer};
pub use error::DocumentError;
pub use format::Format;
pub use limits::DocumentLimits;
pub use merging::{Mode, merge};
pub use readers::read_document;
pub use report::{Imported, Outcome, Report, ReportLine};
