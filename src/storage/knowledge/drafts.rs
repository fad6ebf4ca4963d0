//! What is being worked on.

use sqlx::SqliteConnection;

use super::{
    Draft, DraftChange, ImportRecord, StorageError, Store, count, read_json, revision, stored,
    write_json,
};
use crate::{
    entry::Entry,
    ids::{BaseId, EntryId},
};

impl Store {
    /// The draft of a base. Before the first change after a publication it is what was published.
    pub async fn draft(&self, base: &BaseId) -> Result<Draft, StorageError> {
        // One transaction, so that the revision is that of the entries.
        let mut transaction = self.pool.begin().await?;
        let revision = revision(&mut transaction, base, None).await?;
        let entries = entries(&mut transaction, base).await?;
        Ok(Draft { revision, entries })
    }

    /// Makes all of `changes`, in their order, or none. `expected` is the revision that was looked at; who adds without
    /// looking names none. Returns the new revision.
    pub async fn change_draft(
        &self,
        base: &BaseId,
        expected: Option<u64>,
        changes: &[DraftChange],
    ) -> Result<u64, StorageError> {
        let mut transaction = self.begin_write().await?;
        let revision = change(&mut transaction, base, expected, changes).await?;
        transaction.commit().await?;
        Ok(revision)
    }

    /// Makes the changes that a document brings and keeps its report, together or not at all. Of `record`, the number and
    /// the revision are found here. Returns them.
    pub async fn import(
        &self,
        base: &BaseId,
        expected: Option<u64>,
        changes: &[DraftChange],
        record: &ImportRecord,
    ) -> Result<(i64, u64), StorageError> {
        let mut transaction = self.begin_write().await?;
        let revision = change(&mut transaction, base, expected, changes).await?;
        let id = sqlx::query_scalar(
            "INSERT INTO knowledge_imports (business, base, document, at_ms, author, revision, report)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) RETURNING id",
        )
        .bind(base.business.as_str())
        .bind(base.name.as_str())
        .bind(&record.document)
        .bind(record.at_ms)
        .bind(&record.author)
        .bind(stored(revision))
        .bind(record.report.to_string())
        .fetch_one(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok((id, revision))
    }

    /// The newest `limit` imports into a base, newest first.
    pub async fn imports(
        &self,
        base: &BaseId,
        limit: u32,
    ) -> Result<Vec<ImportRecord>, StorageError> {
        let rows: Vec<(i64, String, i64, String, i64, String)> = sqlx::query_as(
            "SELECT id, document, at_ms, author, revision, report FROM knowledge_imports
             WHERE business = ?1 AND base = ?2 ORDER BY id DESC LIMIT ?3",
        )
        .bind(base.business.as_str())
        .bind(base.name.as_str())
        .bind(limit)
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter()
            .map(|(id, document, at_ms, author, revision, report)| {
                Ok(ImportRecord {
                    report: read_json(base, || format!("the report of import {id}"), &report)?,
                    id,
                    document,
                    author,
                    at_ms,
                    revision: count(revision),
                })
            })
            .collect()
    }
}

/// The entries of a draft, in their order.
pub(super) async fn entries(
    connection: &mut SqliteConnection,
    base: &BaseId,
) -> Result<Vec<Entry>, StorageError> {
    let rows: Vec<(String, String)> = sqlx::query_as(
        "SELECT entry, json FROM knowledge_drafts WHERE business = ?1 AND base = ?2 ORDER BY position",
    )
    .bind(base.business.as_str())
    .bind(base.name.as_str())
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|(id, json)| read_json(base, || format!("entry `{id}` of the draft"), &json))
        .collect()
}

/// The changes, within a transaction of the caller. Returns the new revision.
pub(super) async fn change(
    connection: &mut SqliteConnection,
    base: &BaseId,
    expected: Option<u64>,
    changes: &[DraftChange],
) -> Result<u64, StorageError> {
    let next = revision(connection, base, expected).await? + 1;
    for change in changes {
        match change {
            DraftChange::Put(entry) => put(connection, base, entry).await?,
            DraftChange::Remove(entry) => remove(connection, base, entry).await?,
            DraftChange::Clear => clear(connection, base).await?,
        }
    }
    sqlx::query("UPDATE knowledge_bases SET revision = ?3 WHERE business = ?1 AND base = ?2")
        .bind(base.business.as_str())
        .bind(base.name.as_str())
        .bind(stored(next))
        .execute(connection)
        .await?;
    Ok(next)
}

async fn put(
    connection: &mut SqliteConnection,
    base: &BaseId,
    entry: &Entry,
) -> Result<(), StorageError> {
    let what = format!("entry `{}`", entry.id);
    sqlx::query(
        "INSERT INTO knowledge_drafts (business, base, entry, position, json)
         VALUES (?1, ?2, ?3, (SELECT COALESCE(MAX(position) + 1, 0) FROM knowledge_drafts WHERE business = ?1 AND base = ?2), ?4)
         ON CONFLICT DO UPDATE SET json = excluded.json",
    )
    .bind(base.business.as_str())
    .bind(base.name.as_str())
    .bind(entry.id.as_str())
    .bind(write_json(base, &what, entry)?)
    .execute(connection)
    .await?;
    Ok(())
}

async fn remove(
    connection: &mut SqliteConnection,
    base: &BaseId,
    entry: &EntryId,
) -> Result<(), StorageError> {
    let gone = sqlx::query(
        "DELETE FROM knowledge_drafts WHERE business = ?1 AND base = ?2 AND entry = ?3",
    )
    .bind(base.business.as_str())
    .bind(base.name.as_str())
    .bind(entry.as_str())
    .execute(connection)
    .await?;
    match gone.rows_affected() {
        0 => Err(StorageError::UnknownEntry {
            base: base.clone(),
            entry: entry.clone(),
        }),
        _ => Ok(()),
    }
}

async fn clear(connection: &mut SqliteConnection, base: &BaseId) -> Result<(), StorageError> {
    sqlx::query("DELETE FROM knowledge_drafts WHERE business = ?1 AND base = ?2")
        .bind(base.business.as_str())
        .bind(base.name.as_str())
        .execute(connection)
        .await?;
    Ok(())
}
