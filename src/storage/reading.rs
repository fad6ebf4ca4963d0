//! What can be asked of the records. Nothing here changes them.

use super::{ChainFault, StorageError, Store, chain};
use crate::{
    call::{CallRecord, Cdr},
    clock::Moment,
    ids::{BusinessId, CallId, LineNumber},
};

/// Which calls to list.
#[derive(Clone, Debug, Default)]
pub struct CallFilter {
    /// Only of this line.
    pub line: Option<LineNumber>,
    /// Only begun at or after this time, in milliseconds after the Unix epoch.
    pub since_ms: Option<i64>,
    /// Only with this Call-ID header.
    pub sip_call_id: Option<String>,
    /// Only older than this call: the last one of the page before.
    pub before: Option<CallId>,
    /// At most so many; 0 means 50.
    pub limit: u32,
}

/// A call in a list.
#[derive(Clone, Debug, PartialEq)]
pub struct CallSummary {
    /// The call.
    pub call: CallId,
    /// Who owns the line.
    pub business: Option<BusinessId>,
    /// The line.
    pub line: Option<LineNumber>,
    /// The user part that was dialled.
    pub dialled: String,
    /// When it began, in milliseconds after the Unix epoch.
    pub started_ms: i64,
    /// Its billing record, once it is over.
    pub cdr: Option<Cdr>,
}

/// Something a conversation was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredInput {
    /// 0 for the first, without gaps.
    pub seq: u64,
    /// When, on the conversation's clock.
    pub at: Moment,
    /// The input, as JSON.
    pub json: String,
}

/// Where the audio of a call is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordingFile {
    /// File name in the recordings folder.
    pub file: String,
    /// Sample 0 as an offset into the call, in milliseconds.
    pub offset_ms: u64,
    /// Samples a channel, once it is complete.
    pub samples: Option<u64>,
    /// SHA-256 of the file in hexadecimal digits, once it is complete.
    pub sha256: Option<String>,
}

const DEFAULT_LIMIT: u32 = 50;

impl Store {
    /// Calls, newest first.
    pub async fn calls(&self, filter: &CallFilter) -> Result<Vec<CallSummary>, StorageError> {
        type Row = (
            String,
            Option<String>,
            Option<String>,
            String,
            i64,
            Option<String>,
        );
        let limit = match filter.limit {
            0 => DEFAULT_LIMIT,
            limit => limit,
        };
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT id, business, line, dialled, started_ms, cdrs.json
             FROM calls LEFT JOIN cdrs ON cdrs.call = calls.id
             WHERE (?1 IS NULL OR line = ?1) AND (?2 IS NULL OR started_ms >= ?2) AND (?3 IS NULL OR id < ?3)
               AND (?5 IS NULL OR sip_call_id = ?5)
             ORDER BY id DESC LIMIT ?4",
        )
        .bind(filter.line.as_ref().map(|line| line.as_str().to_owned()))
        .bind(filter.since_ms)
        .bind(filter.before.map(|call| call.to_string()))
        .bind(limit)
        .bind(filter.sip_call_id.as_deref())
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter()
            .map(|(id, business, line, dialled, started_ms, cdr)| {
                Ok(CallSummary {
                    cdr: cdr.map(|json| read_cdr(&id, &json)).transpose()?,
                    call: read_id(&id)?,
                    business: business.map(BusinessId::new),
                    line: line.map(LineNumber::new),
                    dialled,
                    started_ms,
                })
            })
            .collect()
    }

    /// The call that `name` means: its identifier, an unambiguous beginning of it, or `last`.
    pub async fn find_call(&self, name: &str) -> Result<CallId, StorageError> {
        let name = name.trim();
        let unknown = || StorageError::UnknownCall(name.to_owned());
        if name == "last" {
            let id: Option<String> =
                sqlx::query_scalar("SELECT id FROM calls ORDER BY id DESC LIMIT 1")
                    .fetch_optional(&self.pool)
                    .await?;
            return read_id(&id.ok_or_else(unknown)?);
        }
        let prefix = name.replace('-', "").to_ascii_lowercase();
        if prefix.is_empty() || !prefix.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(unknown());
        }
        // Identifiers are hexadecimal: everything that begins so lies below the prefix followed by `g`.
        let found: Vec<String> =
            sqlx::query_scalar("SELECT id FROM calls WHERE id >= ?1 AND id < ?1 || 'g' LIMIT 4")
                .bind(&prefix)
                .fetch_all(&self.pool)
                .await?;
        match found.as_slice() {
            [] => Err(unknown()),
            [id] => read_id(id),
            _ => Err(StorageError::Ambiguous {
                prefix,
                calls: found,
            }),
        }
    }

    /// The events of a call, in order.
    pub async fn records(&self, call: CallId) -> Result<Vec<CallRecord>, StorageError> {
        let mut connection = self.pool.acquire().await?;
        records_of(&mut connection, call).await
    }

    /// What the conversation of a call was told, in order.
    pub async fn inputs(&self, call: CallId) -> Result<Vec<StoredInput>, StorageError> {
        let rows: Vec<(i64, i64, String)> =
            sqlx::query_as("SELECT seq, at_us, json FROM inputs WHERE call = ? ORDER BY seq")
                .bind(call.to_string())
                .fetch_all(&self.pool)
                .await?;
        Ok(rows
            .into_iter()
            .map(|(seq, at_us, json)| StoredInput {
                seq: seq.unsigned_abs(),
                at: Moment::from_micros(at_us.unsigned_abs()),
                json,
            })
            .collect())
    }

    /// The billing record of a call, once it is over.
    pub async fn cdr(&self, call: CallId) -> Result<Option<Cdr>, StorageError> {
        let id = call.to_string();
        let json: Option<String> = sqlx::query_scalar("SELECT json FROM cdrs WHERE call = ?")
            .bind(&id)
            .fetch_optional(&self.pool)
            .await?;
        json.map(|json| read_cdr(&id, &json)).transpose()
    }

    /// Where the audio of a call is, if it was recorded.
    pub async fn recording(&self, call: CallId) -> Result<Option<RecordingFile>, StorageError> {
        let row: Option<(String, i64, Option<i64>, Option<String>)> = sqlx::query_as(
            "SELECT file, offset_ms, samples, sha256 FROM recordings WHERE call = ?",
        )
        .bind(call.to_string())
        .fetch_optional(&self.pool)
        .await?;
        Ok(row.map(|(file, offset_ms, samples, sha256)| RecordingFile {
            file,
            offset_ms: offset_ms.unsigned_abs(),
            samples: samples.map(i64::unsigned_abs),
            sha256,
        }))
    }

    /// Checks that the records of a call are those that were written; erased personal data is no fault.
    pub async fn verify_chain(&self, call: CallId) -> Result<(), ChainFault> {
        type Row = (i64, String, Option<String>, Option<Vec<u8>>, Vec<u8>);
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT seq, record, personal, salt, hash FROM events WHERE call = ? ORDER BY seq",
        )
        .bind(call.to_string())
        .fetch_all(&self.pool)
        .await
        .map_err(StorageError::from)?;
        let mut previous = chain::origin(call);
        let mut last = None;
        for (expected, (seq, record, personal, salt, hash)) in rows.into_iter().enumerate() {
            let seq = seq.unsigned_abs();
            if seq != expected as u64 || chain::link(&previous, &record) != hash[..] {
                return Err(ChainFault::Record { call, seq });
            }
            if !chain::seal_holds(&record, personal.as_deref(), salt.as_deref()) {
                return Err(ChainFault::Personal { call, seq });
            }
            previous = chain::link(&previous, &record);
            last = Some(seq);
        }
        let head: Option<Vec<u8>> =
            sqlx::query_scalar("SELECT chain_head FROM cdrs WHERE call = ?")
                .bind(call.to_string())
                .fetch_optional(&self.pool)
                .await
                .map_err(StorageError::from)?;
        match head {
            Some(head) if head[..] != previous => Err(ChainFault::CutOff { call, last }),
            // An open call has no head; a call without any record was cut off whole or never was.
            None if last.is_none() => Err(ChainFault::CutOff { call, last }),
            _ => Ok(()),
        }
    }
}

/// The events of a call as one connection sees them, its own transaction included.
pub(super) async fn records_of(
    connection: &mut sqlx::SqliteConnection,
    call: CallId,
) -> Result<Vec<CallRecord>, StorageError> {
    let rows: Vec<(i64, String, Option<String>)> =
        sqlx::query_as("SELECT seq, record, personal FROM events WHERE call = ? ORDER BY seq")
            .bind(call.to_string())
            .fetch_all(connection)
            .await?;
    rows.into_iter()
        .map(|(seq, record, personal)| {
            chain::unseal(&record, personal.as_deref()).map_err(|source| StorageError::Unreadable {
                call: call.to_string(),
                seq,
                source,
            })
        })
        .collect()
}

pub(super) fn read_id(id: &str) -> Result<CallId, StorageError> {
    id.parse()
        .map_err(|_| StorageError::UnknownCall(id.to_owned()))
}

fn read_cdr(call: &str, json: &str) -> Result<Cdr, StorageError> {
    serde_json::from_str(json).map_err(|source| StorageError::Unreadable {
        call: call.to_owned(),
        seq: -1,
        source,
    })
}
