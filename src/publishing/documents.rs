//! Documents into a draft.

use super::{Desk, DeskError, Proposed, Source, reading::ReadError};
use crate::{
    entry::Entry,
    ids::{BaseId, EntryId},
    knowledge::import::{Imported, Mode, Outcome, entries_of, merge},
    storage::knowledge::{DraftChange, ImportRecord, Signature},
};

/// What a document did to a draft, or would do.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct ImportDone {
    /// Its number, unless it was only tried.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<i64>,
    /// Phrasings that were proposed for its entries; nothing where it was only tried or proposing failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proposed: Option<Proposed>,
    /// The revision of the draft that it made, or that it was tried on.
    pub revision: u64,
    /// What was understood, and what became of every row and page.
    #[serde(flatten)]
    pub imported: Imported,
}

/// How a document is imported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ImportOrder {
    /// What it does to what is there.
    pub mode: Mode,
    /// Only say what would be done.
    pub dry_run: bool,
}

impl Desk {
    /// Reads a document and puts its entries into the draft, all of them or, if it cannot be read or holds no entry, none.
    /// Nothing is published.
    pub async fn import(
        &self,
        base: &BaseId,
        document: &str,
        content: &[u8],
        order: ImportOrder,
        signature: &Signature,
    ) -> Result<ImportDone, DeskError> {
        let read = self.reader.read(document, content).await?;
        let draft = self.store.draft(base).await?;
        let imported = entries_of(document, &read);
        let imported = match order.mode {
            Mode::Merge => merge(&draft.entries, imported),
            Mode::Replace => imported,
        };
        if imported.entries.is_empty() {
            return Err(DeskError::NothingTaken {
                document: document.to_owned(),
                refused: first_refusals(&imported),
                report: Box::new(imported.report),
            });
        }
        if order.dry_run {
            return Ok(ImportDone {
                id: None,
                proposed: None,
                revision: draft.revision,
                imported,
            });
        }
        let puts = imported.entries.iter().cloned();
        let puts = puts.map(|entry: Entry| DraftChange::Put(Box::new(entry)));
        let clear = (order.mode == Mode::Replace).then_some(DraftChange::Clear);
        let changes: Vec<DraftChange> = clear.into_iter().chain(puts).collect();
        let report = serde_json::to_value(&imported.report).map_err(|source| {
            DeskError::Storage(crate::storage::StorageError::UnreadableKnowledge {
                base: base.clone(),
                what: format!("the report on {document}"),
                source,
            })
        })?;
        let record = ImportRecord {
            id: 0,
            document: document.to_owned(),
            author: signature.author.clone(),
            at_ms: signature.at_ms,
            revision: 0,
            report,
        };
        // What was fitted to the draft is put into that draft and no other.
        let expected = Some(draft.revision);
        let (id, revision) = self.store.import(base, expected, &changes, &record).await?;
        let entries = imported.entries.iter();
        let entries: Vec<EntryId> = entries.map(|entry| entry.id.clone()).collect();
        let proposed = match self.propose(base, Some(&entries), Source::Patterns).await {
            Ok(proposed) => Some(proposed),
            // The document is in the draft, and proposals can be asked for again.
            Err(error) => {
                tracing::warn!(knowledge.base = %base, %error, "no phrasings are proposed for an imported document");
                None
            }
        };
        Ok(ImportDone {
            id: Some(id),
            proposed,
            revision,
            imported,
        })
    }
}

/// Refusals that are told with the error.
const TOLD: usize = 5;

/// The first refusals of a report, in words.
fn first_refusals(imported: &Imported) -> String {
    let lines = imported.report.lines.iter();
    let refused = lines.filter_map(|line| match &line.outcome {
        Outcome::Refused { why } => Some(format!("\n  {}: {why}", line.place)),
        Outcome::Taken | Outcome::Changed { .. } => None,
    });
    refused.take(TOLD).collect()
}

impl From<ReadError> for DeskError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Document(error) => Self::Document(error),
            ReadError::Reader(error) => Self::Reader(error),
        }
    }
}
