//! Knowledge bases: one draft each, which changes, and numbered versions, which do not.
//!
//! A draft has a revision. Who changes or publishes it names the revision that was looked at, and is refused when somebody
//! else was faster. Every change is one transaction: nothing is ever half imported. This module does not read documents,
//! does not check entries and makes no index.

mod drafts;
mod lessons;
mod proposals;
mod versions;

use std::fmt;

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use sqlx::SqliteConnection;

use super::{StorageError, Store};
use crate::{
    entry::Entry,
    ids::{BaseId, BaseName, BusinessId, EntryId, KnowledgeVersion},
};

pub use lessons::{
    Collected, EntryUse, LessonId, OpenLesson, Outcome, Settlement, Taught, UseFilter,
};

/// A knowledge base in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseSummary {
    /// Which one.
    pub id: BaseId,
    /// Of the draft.
    pub revision: u64,
    /// Entries of the draft.
    pub entries: u64,
    /// The version that new calls get.
    pub published: Option<VersionSummary>,
}

/// What is being worked on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// Counted up with every change.
    pub revision: u64,
    /// In their order.
    pub entries: Vec<Entry>,
}

/// A change of a draft. Several are made together or not at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DraftChange {
    /// A new entry at the end, or another content of one that is there.
    Put(Box<Entry>),
    /// An entry is taken out.
    Remove(EntryId),
    /// Every entry is taken out.
    Clear,
}

/// Where a version came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The file that the configuration names.
    File,
    /// The draft.
    Draft,
    /// An older version that was brought back.
    Rollback,
}

impl Origin {
    const ALL: [Self; 3] = [Self::File, Self::Draft, Self::Rollback];

    /// One word, as it is stored and shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Draft => "draft",
            Self::Rollback => "rollback",
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Who publishes, when and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// Who.
    pub author: String,
    /// In milliseconds after the Unix epoch.
    pub at_ms: i64,
    /// Why, in the author's words; may be empty.
    pub note: String,
}

/// A version in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionSummary {
    /// 1 for the first.
    pub number: u64,
    /// The hash of its entries.
    pub hash: KnowledgeVersion,
    /// How many entries it has.
    pub entries: u64,
    /// Who made it, when and why.
    pub signature: Signature,
    /// Where it came from.
    pub origin: Origin,
    /// The version that it brought back.
    pub restores: Option<u64>,
}

/// A document that was imported.
#[derive(Clone, Debug, PartialEq)]
pub struct ImportRecord {
    /// Counted up over all bases.
    pub id: i64,
    /// The name of the document.
    pub document: String,
    /// Who imported it, and when.
    pub author: String,
    /// In milliseconds after the Unix epoch.
    pub at_ms: i64,
    /// The revision of the draft that it made.
    pub revision: u64,
    /// What became of every row and page.
    pub report: serde_json::Value,
}

/// A phrasing that was proposed for an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProposedPhrasing {
    /// The entry.
    pub entry: EntryId,
    /// The phrasing.
    pub phrasing: String,
    /// What it was made from, in words.
    pub source: String,
}

/// What the business says to a proposed phrasing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ruling {
    /// It becomes a similar question of the draft.
    Accept,
    /// It is not proposed again.
    Strike,
}

impl Store {
    /// Makes sure that there is such a base.
    pub async fn ensure_base(&self, base: &BaseId) -> Result<(), StorageError> {
        sqlx::query(
            "INSERT INTO knowledge_bases (business, base) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
        )
        .bind(base.business.as_str())
        .bind(base.name.as_str())
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// All bases, by business and name.
    pub async fn bases(&self) -> Result<Vec<BaseSummary>, StorageError> {
        let rows: Vec<(String, String, i64, i64)> = sqlx::query_as(
            "SELECT business, base, revision, (SELECT COUNT(*) FROM knowledge_drafts AS d WHERE d.business = b.business AND d.base = b.base)
             FROM knowledge_bases AS b ORDER BY business, base",
        )
        .fetch_all(&self.pool)
        .await?;
        let mut bases = Vec::with_capacity(rows.len());
        for (business, name, revision, entries) in rows {
            let id = BaseId {
                business: BusinessId::new(business),
                name: BaseName::new(name),
            };
            bases.push(BaseSummary {
                published: self.published(&id).await?,
                id,
                revision: count(revision),
                entries: count(entries),
            });
        }
        Ok(bases)
    }
}

/// Counts are never negative in the tables.
fn count(stored: i64) -> u64 {
    stored.unsigned_abs()
}

/// Numbers of versions and revisions are counted up from 0 and fit.
fn stored(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn write_json<T: Serialize>(base: &BaseId, what: &str, value: &T) -> Result<String, StorageError> {
    serde_json::to_string(value).map_err(|source| StorageError::UnreadableKnowledge {
        base: base.clone(),
        what: what.to_owned(),
        source,
    })
}

fn read_json<T: DeserializeOwned>(
    base: &BaseId,
    what: impl FnOnce() -> String,
    json: &str,
) -> Result<T, StorageError> {
    serde_json::from_str(json).map_err(|source| StorageError::UnreadableKnowledge {
        base: base.clone(),
        what: what(),
        source,
    })
}

/// The revision of a draft, which must be `expected` where one is named.
async fn revision(
    connection: &mut SqliteConnection,
    base: &BaseId,
    expected: Option<u64>,
) -> Result<u64, StorageError> {
    let found: Option<i64> = sqlx::query_scalar(
        "SELECT revision FROM knowledge_bases WHERE business = ?1 AND base = ?2",
    )
    .bind(base.business.as_str())
    .bind(base.name.as_str())
    .fetch_optional(connection)
    .await?;
    let found = count(found.ok_or_else(|| StorageError::UnknownBase(base.clone()))?);
    match expected {
        Some(expected) if expected != found => Err(StorageError::DraftChanged {
            base: base.clone(),
            expected,
            found,
        }),
        _ => Ok(found),
    }
}

#[cfg(test)]
mod tests;
