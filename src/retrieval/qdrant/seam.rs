//! The seam to a server of vectors: what is used of Qdrant, in our words.

use std::{future::Future, pin::Pin, sync::Arc};

use jiff::civil::DateTime;

use super::{Edition, Sparse};
use crate::entry::Validity;

/// What a server is asked for, in time.
pub type Asked<'a, T> = Pin<Box<dyn Future<Output = Result<T, ServerError>> + Send + 'a>>;

/// A server of vectors: what is used of Qdrant.
pub trait VectorServer: Send + Sync {
    /// The numbers of the phrasings that may be meant, best first.
    fn search(&self, search: Arc<Search>) -> Asked<'_, Vec<u32>>;

    /// What it holds of the base of `edition`.
    fn holdings<'a>(&'a self, edition: &'a Edition) -> Asked<'a, Holdings>;

    /// Makes an edition's collection, without points, unless it is there.
    fn create<'a>(&'a self, edition: &'a Edition) -> Asked<'a, ()>;

    /// How many points of `edition` there are, exactly.
    fn count<'a>(&'a self, edition: &'a Edition) -> Asked<'a, u64>;

    /// Puts points; those that are there are replaced. They count from now on.
    fn put<'a>(&'a self, edition: &'a Edition, points: Vec<Point>) -> Asked<'a, ()>;

    /// Lets the base's alias point to `edition`, at once.
    fn switch<'a>(&'a self, edition: &'a Edition) -> Asked<'a, ()>;

    /// Removes a collection.
    fn remove<'a>(&'a self, collection: &'a str) -> Asked<'a, ()>;
}

/// What a server holds of a base.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holdings {
    /// Its editions, whole or not.
    pub collections: Vec<String>,
    /// Where its alias points.
    pub alias: Option<String>,
}

/// Why a server did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ServerError {
    /// It cannot be reached, or broke off.
    #[error("qdrant cannot be reached: {0}")]
    Unreachable(String),
    /// It did not answer in time, or has no room for the request now.
    #[error("qdrant is busy: {0}")]
    Busy(String),
    /// It does not hold the collection.
    #[error("qdrant does not hold the collection: {0}")]
    Missing(String),
    /// It does not take the request, now or later.
    #[error("qdrant refuses: {0}")]
    Refused(String),
    /// It holds other points than were put.
    #[error("qdrant holds {held} of {expected} points of an edition")]
    Incomplete {
        /// So many.
        held: u64,
        /// Instead of so many.
        expected: u64,
    },
}

impl ServerError {
    /// Whether the same may succeed a moment later.
    pub const fn passes(&self) -> bool {
        matches!(self, Self::Unreachable(_) | Self::Busy(_))
    }
}

/// A question for a server.
#[derive(Clone, Debug, PartialEq)]
pub struct Search {
    /// Among these.
    pub edition: Edition,
    /// When an entry has to be true, if any is not for ever.
    pub now: Option<DateTime>,
    /// Its vector, where there is an encoder.
    pub meaning: Option<Vec<f32>>,
    /// Its words.
    pub words: Sparse,
    /// Its characters and pairs of them.
    pub characters: Sparse,
    /// Its syllables and pairs of them.
    pub sounds: Sparse,
    /// Phrasings that each way of looking finds.
    pub limit: u64,
}

/// A phrasing on a server.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// Its number in the index, which is the point's id: putting it again replaces it.
    pub phrasing: u32,
    /// Its entry's number.
    pub entry: u32,
    /// When its entry is true.
    pub validity: Validity,
    /// Its vector; see `Fusion::folded`.
    pub meaning: Option<Vec<f32>>,
    /// Its words.
    pub words: Sparse,
    /// Its characters and pairs of them.
    pub characters: Sparse,
    /// Its syllables and pairs of them.
    pub sounds: Sparse,
    /// The words of its entry's answer, if it is the entry's question.
    pub answer: Sparse,
}
