//! The statements that change records, each inside a transaction of the caller.

use std::collections::HashMap;

use sqlx::{Sqlite, SqliteConnection, Transaction};

use super::{
    StorageError, Store, chain,
    chain::Hash,
    reading::{read_id, records_of},
};
use crate::{
    call::{CallEvent, CallRecord, Cdr, EndCause, Party, disposition},
    clock::Moment,
    ids::CallId,
};

/// Where the chain of an open call stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Head {
    /// Number of the record that is due.
    next: u64,
    /// Hash of the record before.
    hash: Hash,
}

/// Where the chains of open calls stand. A cache: what is missing is read.
pub(super) type Heads = HashMap<CallId, Head>;

/// IMMEDIATE: a transaction that reads first and writes later could fail where waiting would not help.
pub(super) const BEGIN_WRITE: &str = "BEGIN IMMEDIATE";

impl Store {
    pub(super) async fn begin_write(&self) -> Result<Transaction<'static, Sqlite>, StorageError> {
        Ok(self.pool.begin_with(BEGIN_WRITE).await?)
    }

    /// Closes the calls that a former process left open, each with `ended` by the system at its last event and a CDR.
    /// `wall_ms` is when that happens, in milliseconds after the Unix epoch. Only for the process that holds the
    /// [`ServingLock`](super::ServingLock), before it serves: to anybody else a live call looks like an orphan. A second time
    /// there is nothing to close.
    pub async fn close_orphans(&self, wall_ms: i64) -> Result<Vec<CallId>, StorageError> {
        let mut transaction = self.begin_write().await?;
        let open: Vec<String> = sqlx::query_scalar(
            "SELECT id FROM calls WHERE NOT EXISTS (SELECT 1 FROM cdrs WHERE call = id) ORDER BY id",
        )
        .fetch_all(&mut *transaction)
        .await?;
        let mut closed = Vec::with_capacity(open.len());
        let mut heads = Heads::new();
        for id in open {
            let call = read_id(&id)?;
            let records = records_of(&mut transaction, call).await?;
            // When the process died is unknown; nothing is billed beyond what is known to have happened.
            let last = records.last();
            let ended = CallRecord {
                seq: last.map_or(0, |record| record.seq + 1),
                at: last.map_or(Moment::ORIGIN, |record| record.at),
                event: CallEvent::Ended {
                    by: Party::System,
                    cause: EndCause::System,
                    disposition: disposition(&records, EndCause::System),
                },
            };
            close(&mut transaction, &mut heads, call, &ended, Some(wall_ms)).await?;
            closed.push(call);
        }
        transaction.commit().await?;
        Ok(closed)
    }

    /// Erases the personal data of a closed call: words, numbers, recorded inputs. The chain stays valid. The name of the
    /// recording, which the caller must delete, is returned.
    pub async fn erase(&self, call: CallId) -> Result<Option<String>, StorageError> {
        let recording = self.recording(call).await?.map(|recording| recording.file);
        let id = call.to_string();
        let mut transaction = self.begin_write().await?;
        let closed: Option<String> = sqlx::query_scalar("SELECT call FROM cdrs WHERE call = ?")
            .bind(&id)
            .fetch_optional(&mut *transaction)
            .await?;
        if closed.is_none() {
            return Err(StorageError::UnknownCall(id));
        }
        sqlx::query("UPDATE events SET personal = NULL, salt = NULL WHERE call = ?")
            .bind(&id)
            .execute(&mut *transaction)
            .await?;
        sqlx::query("DELETE FROM inputs WHERE call = ?")
            .bind(&id)
            .execute(&mut *transaction)
            .await?;
        // What was asked is personal; what became of it is not.
        sqlx::query("DELETE FROM lessons WHERE call = ?")
            .bind(&id)
            .execute(&mut *transaction)
            .await?;
        let records = records_of(&mut transaction, call).await?;
        let cdr = Cdr::from_records(call, &records).ok_or(StorageError::NotEnded(call))?;
        sqlx::query("UPDATE cdrs SET json = ? WHERE call = ?")
            .bind(cdr_json(&cdr)?)
            .bind(&id)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(recording)
    }
}

/// Appends one event, and the rows that follow from it.
pub(super) async fn append(
    connection: &mut SqliteConnection,
    heads: &mut Heads,
    call: CallId,
    record: &CallRecord,
) -> Result<(), StorageError> {
    let id = call.to_string();
    let head = match heads.get(&call) {
        Some(head) => *head,
        None => head_of(connection, call).await?,
    };
    if record.seq != head.next {
        return Err(StorageError::OutOfOrder {
            call,
            expected: head.next,
            found: record.seq,
        });
    }
    match &record.event {
        CallEvent::Offered {
            wall_ms,
            dialled,
            line,
            business,
            sip_call_id,
            ..
        } if record.seq == 0 => {
            sqlx::query(
                "INSERT INTO calls (id, business, line, dialled, started_ms, sip_call_id) VALUES (?, ?, ?, ?, ?, ?)",
            )
            .bind(&id)
            .bind(business.as_ref().map(|business| business.as_str().to_owned()))
            .bind(line.as_ref().map(|line| line.as_str().to_owned()))
            .bind(dialled)
            .bind(*wall_ms)
            .bind(sip_call_id)
            .execute(&mut *connection)
            .await?;
        }
        _ if record.seq == 0 => return Err(StorageError::NotOffered { call }),
        CallEvent::RecordingStarted { file, offset_ms } => {
            sqlx::query("INSERT INTO recordings (call, file, offset_ms) VALUES (?, ?, ?)")
                .bind(&id)
                .bind(file)
                .bind(offset_ms.cast_signed())
                .execute(&mut *connection)
                .await?;
        }
        _ => {}
    }
    let row = chain::seal(&head.hash, record, rand::random()).map_err(|source| {
        StorageError::Unwritable {
            call,
            seq: record.seq,
            source,
        }
    })?;
    sqlx::query(
        "INSERT INTO events (call, seq, at_us, record, personal, salt, hash) VALUES (?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(&id)
    .bind(record.seq.cast_signed())
    .bind(record.at.as_micros().cast_signed())
    .bind(row.record)
    .bind(row.personal)
    .bind(row.salt)
    .bind(row.hash.to_vec())
    .execute(&mut *connection)
    .await?;
    heads.insert(
        call,
        Head {
            next: record.seq + 1,
            hash: row.hash,
        },
    );
    Ok(())
}

/// Appends `ended` and writes the billing record. `closed_ms` is when, if that is not when the call ended.
pub(super) async fn close(
    connection: &mut SqliteConnection,
    heads: &mut Heads,
    call: CallId,
    record: &CallRecord,
    closed_ms: Option<i64>,
) -> Result<Cdr, StorageError> {
    append(connection, heads, call, record).await?;
    let head = heads.remove(&call).ok_or(StorageError::NotEnded(call))?;
    let records = records_of(connection, call).await?;
    let cdr = Cdr::from_records(call, &records).ok_or(StorageError::NotEnded(call))?;
    let id = call.to_string();
    sqlx::query("INSERT INTO cdrs (call, json, chain_head, closed_ms) VALUES (?, ?, ?, ?)")
        .bind(&id)
        .bind(cdr_json(&cdr)?)
        .bind(head.hash.to_vec())
        .bind(closed_ms.unwrap_or(cdr.ended_ms))
        .execute(&mut *connection)
        .await?;
    sqlx::query("UPDATE calls SET ended_ms = ? WHERE id = ?")
        .bind(cdr.ended_ms)
        .bind(&id)
        .execute(&mut *connection)
        .await?;
    Ok(cdr)
}

/// Appends one recorded input.
pub(super) async fn append_input(
    connection: &mut SqliteConnection,
    call: CallId,
    seq: u64,
    at: Moment,
    json: &str,
) -> Result<(), StorageError> {
    sqlx::query("INSERT INTO inputs (call, seq, at_us, json) VALUES (?, ?, ?, ?)")
        .bind(call.to_string())
        .bind(seq.cast_signed())
        .bind(at.as_micros().cast_signed())
        .bind(json)
        .execute(connection)
        .await?;
    Ok(())
}

/// Notes what a finished recording holds.
pub(super) async fn complete_recording(
    connection: &mut SqliteConnection,
    call: CallId,
    samples: u64,
    sha256: &str,
) -> Result<(), StorageError> {
    sqlx::query("UPDATE recordings SET samples = ?, sha256 = ? WHERE call = ?")
        .bind(samples.cast_signed())
        .bind(sha256)
        .bind(call.to_string())
        .execute(connection)
        .await?;
    Ok(())
}

async fn head_of(connection: &mut SqliteConnection, call: CallId) -> Result<Head, StorageError> {
    type Row = (i64, Vec<u8>, bool);
    let row: Option<Row> = sqlx::query_as(
        "SELECT seq, hash, EXISTS (SELECT 1 FROM cdrs WHERE cdrs.call = events.call)
         FROM events WHERE call = ? ORDER BY seq DESC LIMIT 1",
    )
    .bind(call.to_string())
    .fetch_optional(connection)
    .await?;
    match row {
        Some((_, _, true)) => Err(StorageError::Closed(call)),
        Some((seq, hash, false)) => Ok(Head {
            next: seq.unsigned_abs() + 1,
            // The table checks the length.
            hash: hash.try_into().unwrap_or_default(),
        }),
        None => Ok(Head {
            next: 0,
            hash: chain::origin(call),
        }),
    }
}

fn cdr_json(cdr: &Cdr) -> Result<String, StorageError> {
    serde_json::to_string(cdr).map_err(|source| StorageError::Unwritable {
        call: cdr.call,
        seq: 0,
        source,
    })
}
