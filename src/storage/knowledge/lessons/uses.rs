//! How often entries are said, and to what use.

use std::collections::HashMap;

use super::{BaseId, StorageError, Store, Taught, read_sign};
use crate::{
    call::lessons::Sign,
    ids::{EntryId, KnowledgeVersion},
    storage::knowledge::count,
};

/// Which answers to count.
#[derive(Clone, Debug, Default)]
pub struct UseFilter {
    /// Only given at or after this time, in milliseconds after the Unix epoch.
    pub since_ms: Option<i64>,
    /// Only from these versions.
    pub versions: Option<Vec<KnowledgeVersion>>,
}

/// How often an entry was said, and to what use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryUse {
    /// The entry.
    pub entry: EntryId,
    /// Answers that callers began to hear.
    pub answers: u64,
    /// When it was said first and last, in milliseconds after the Unix epoch.
    pub span_ms: (i64, i64),
    /// How often it showed that it did not help, by sign; those that were shown.
    pub signs: Vec<(Sign, u64)>,
}

impl Store {
    /// How often the entries of a base were said, and to what use, by entry.
    pub async fn entry_uses(
        &self,
        taught: &Taught,
        filter: &UseFilter,
    ) -> Result<Vec<EntryUse>, StorageError> {
        let versions = filter.versions.as_ref().map(|versions| {
            let versions = versions.iter().map(KnowledgeVersion::as_str);
            serde_json::Value::from_iter(versions).to_string()
        });
        let rows: Vec<(String, Option<String>, i64, i64, i64)> = sqlx::query_as(
            "SELECT entry, sign, COUNT(*), MIN(at_ms), MAX(at_ms) FROM answers_given
             WHERE business = ?1 AND line IN (SELECT value FROM json_each(?2)) AND (?3 IS NULL OR at_ms >= ?3)
               AND (?4 IS NULL OR version IN (SELECT value FROM json_each(?4)))
             GROUP BY entry, sign ORDER BY entry, sign",
        )
        .bind(taught.base.business.as_str())
        .bind(taught.lines_json())
        .bind(filter.since_ms)
        .bind(versions)
        .fetch_all(&self.pool)
        .await?;
        let mut uses: Vec<EntryUse> = Vec::new();
        for (entry, sign, answers, first, last) in rows {
            let answers = count(answers);
            let sign = sign.map(|sign| read_sign(&sign)).transpose()?;
            match uses.last_mut().filter(|last| last.entry.as_str() == entry) {
                Some(known) => {
                    known.answers += answers;
                    known.span_ms = (known.span_ms.0.min(first), known.span_ms.1.max(last));
                    known.signs.extend(sign.map(|sign| (sign, answers)));
                }
                None => uses.push(EntryUse {
                    entry: EntryId::new(entry),
                    answers,
                    span_ms: (first, last),
                    signs: sign.map(|sign| (sign, answers)).into_iter().collect(),
                }),
            }
        }
        Ok(uses)
    }

    /// When each entry of a base was published first, in milliseconds after the Unix epoch.
    pub async fn first_published(
        &self,
        base: &BaseId,
    ) -> Result<HashMap<EntryId, i64>, StorageError> {
        // By content, as a version that was brought back has that of another.
        let rows: Vec<(String, i64)> = sqlx::query_as(
            "SELECT json_extract(e.value, '$.id') AS entry, MIN(v.at_ms) FROM
               (SELECT hash, MIN(at_ms) AS at_ms FROM knowledge_versions WHERE business = ?1 AND base = ?2 GROUP BY hash) AS v
             JOIN knowledge_contents AS c ON c.hash = v.hash, json_each(c.json) AS e
             GROUP BY entry",
        )
        .bind(base.business.as_str())
        .bind(base.name.as_str())
        .fetch_all(&self.pool)
        .await?;
        let entry = |(entry, at_ms): (String, i64)| (EntryId::new(entry), at_ms);
        Ok(rows.into_iter().map(entry).collect())
    }
}
