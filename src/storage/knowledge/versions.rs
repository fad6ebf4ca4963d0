//! What was published: numbered, immutable, one of them the one that new calls get.

use sqlx::SqliteConnection;

use super::{
    Origin, Signature, StorageError, Store, VersionSummary, count, drafts, read_json, revision,
    stored, write_json,
};
use crate::{
    entry::Entry,
    ids::{BaseId, KnowledgeVersion},
};

/// number, hash, entries, at_ms, author, note, origin, restores
type Row = (i64, String, i64, i64, String, String, String, Option<i64>);

/// Selects rows of versions, called `v`.
macro_rules! select_versions {
    ($rest:literal) => {
        concat!(
            "SELECT v.number, v.hash, v.entries, v.at_ms, v.author, v.note, v.origin, v.restores FROM knowledge_versions AS v ",
            $rest
        )
    };
}

impl Store {
    /// Publishes `entries` as the next version, which new calls get from now on. `looked_at` is the revision of the draft
    /// that they were taken from: a draft that was changed since is not published. Without one (a file) the draft becomes
    /// what is published.
    pub async fn publish(
        &self,
        base: &BaseId,
        looked_at: Option<u64>,
        hash: &KnowledgeVersion,
        entries: &[Entry],
        signature: &Signature,
    ) -> Result<u64, StorageError> {
        let mut transaction = self.begin_write().await?;
        let connection = &mut *transaction;
        revision(connection, base, looked_at).await?;
        let json = write_json(base, "the version", &entries)?;
        sqlx::query(
            "INSERT INTO knowledge_contents (hash, json) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
        )
        .bind(hash.as_str())
        .bind(json)
        .execute(&mut *connection)
        .await?;
        let origin = match looked_at {
            Some(_) => Origin::Draft,
            None => {
                let changes = std::iter::once(super::DraftChange::Clear).chain(
                    entries
                        .iter()
                        .map(|entry| super::DraftChange::Put(Box::new(entry.clone()))),
                );
                drafts::change(connection, base, None, &changes.collect::<Vec<_>>()).await?;
                Origin::File
            }
        };
        let size = entries.len() as u64;
        let number = add(connection, base, hash, size, signature, origin, None).await?;
        transaction.commit().await?;
        Ok(number)
    }

    /// Brings an older version back, as the next version. The draft stays as it is.
    pub async fn roll_back(
        &self,
        base: &BaseId,
        to: u64,
        signature: &Signature,
    ) -> Result<u64, StorageError> {
        let mut transaction = self.begin_write().await?;
        let old = version(&mut transaction, base, to).await?;
        let number = add(
            &mut transaction,
            base,
            &old.hash,
            old.entries,
            signature,
            Origin::Rollback,
            Some(to),
        )
        .await?;
        transaction.commit().await?;
        Ok(number)
    }

    /// The version that new calls get.
    pub async fn published(&self, base: &BaseId) -> Result<Option<VersionSummary>, StorageError> {
        let row: Option<Row> = sqlx::query_as(select_versions!(
            "JOIN knowledge_bases AS b ON b.business = v.business AND b.base = v.base AND b.published = v.number
             WHERE v.business = ?1 AND v.base = ?2"
        ))
        .bind(base.business.as_str())
        .bind(base.name.as_str())
        .fetch_optional(&self.pool)
        .await?;
        row.map(read).transpose().map_err(StorageError::from)
    }

    /// All versions of a base, newest first.
    pub async fn versions(&self, base: &BaseId) -> Result<Vec<VersionSummary>, StorageError> {
        let rows: Vec<Row> = sqlx::query_as(select_versions!(
            "WHERE v.business = ?1 AND v.base = ?2 ORDER BY v.number DESC"
        ))
        .bind(base.business.as_str())
        .bind(base.name.as_str())
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.into_iter().map(read).collect::<Result<_, _>>()?)
    }

    /// The entries of a version.
    pub async fn version_entries(
        &self,
        base: &BaseId,
        number: u64,
    ) -> Result<Vec<Entry>, StorageError> {
        let mut connection = self.pool.acquire().await?;
        let version = version(&mut connection, base, number).await?;
        let json: String =
            sqlx::query_scalar("SELECT json FROM knowledge_contents WHERE hash = ?1")
                .bind(version.hash.as_str())
                .fetch_one(&mut *connection)
                .await?;
        read_json(base, || format!("version {number}"), &json)
    }
}

async fn version(
    connection: &mut SqliteConnection,
    base: &BaseId,
    number: u64,
) -> Result<VersionSummary, StorageError> {
    let row: Option<Row> = sqlx::query_as(select_versions!(
        "WHERE v.business = ?1 AND v.base = ?2 AND v.number = ?3"
    ))
    .bind(base.business.as_str())
    .bind(base.name.as_str())
    .bind(stored(number))
    .fetch_optional(&mut *connection)
    .await?;
    match row {
        Some(row) => Ok(read(row)?),
        None => {
            revision(connection, base, None).await?;
            Err(StorageError::UnknownVersion {
                base: base.clone(),
                number,
            })
        }
    }
}

/// Adds a version and points new calls to it. Returns its number.
async fn add(
    connection: &mut SqliteConnection,
    base: &BaseId,
    hash: &KnowledgeVersion,
    entries: u64,
    signature: &Signature,
    origin: Origin,
    restores: Option<u64>,
) -> Result<u64, StorageError> {
    let number: i64 = sqlx::query_scalar(
        "INSERT INTO knowledge_versions (business, base, number, hash, entries, at_ms, author, note, origin, restores)
         VALUES (?1, ?2, (SELECT COALESCE(MAX(number), 0) + 1 FROM knowledge_versions WHERE business = ?1 AND base = ?2),
                 ?3, ?4, ?5, ?6, ?7, ?8, ?9) RETURNING number",
    )
    .bind(base.business.as_str())
    .bind(base.name.as_str())
    .bind(hash.as_str())
    .bind(stored(entries))
    .bind(signature.at_ms)
    .bind(&signature.author)
    .bind(&signature.note)
    .bind(origin.as_str())
    .bind(restores.map(stored))
    .fetch_one(&mut *connection)
    .await?;
    sqlx::query("UPDATE knowledge_bases SET published = ?3 WHERE business = ?1 AND base = ?2")
        .bind(base.business.as_str())
        .bind(base.name.as_str())
        .bind(number)
        .execute(connection)
        .await?;
    Ok(count(number))
}

fn read(row: Row) -> Result<VersionSummary, sqlx::Error> {
    let (number, hash, entries, at_ms, author, note, origin, restores) = row;
    // The table allows no other words.
    let origin = Origin::ALL
        .into_iter()
        .find(|known| known.as_str() == origin)
        .ok_or_else(|| sqlx::Error::Decode(format!("origin `{origin}`").into()))?;
    Ok(VersionSummary {
        number: count(number),
        hash: KnowledgeVersion::new(hash),
        entries: count(entries),
        signature: Signature {
            author,
            at_ms,
            note,
        },
        origin,
        restores: restores.map(count),
    })
}
