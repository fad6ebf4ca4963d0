//! Durable records: calls, their events, recorded inputs, billing records, in one SQLite file.
//!
//! [`Store`] reads; a [`CallWriter`] writes, through one task that batches what calls append. Events are hash-chained and
//! their personal data is sealed beside them, so that a change shows and erasing does not. This module does not decide what
//! is recorded, does not hold audio (see `recording`) and reads no clock.

mod chain;
pub mod knowledge;
mod lock;
mod reading;
mod writer;
mod writing;

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use sqlx::{
    SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use crate::ids::{BaseId, CallId, EntryId};

pub use chain::ERASED;
pub use lock::ServingLock;
pub use reading::{CallFilter, CallSummary, RecordingFile, StoredInput};
pub use writer::{CAPACITY, CallWriter};

/// How long a statement waits for another process that writes.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Connections of readers. The writer has one of its own, so that slow readers cannot keep it waiting.
const READERS: u32 = 3;

/// A database of calls. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    pool: SqlitePool,
    /// The writer's one connection, opened when it is needed.
    writing: SqlitePool,
    path: PathBuf,
}

impl Store {
    /// Opens the database at `path`, creating it and its folder when missing.
    pub async fn open(path: impl AsRef<Path>) -> Result<Self, StorageError> {
        let path = path.as_ref();
        if let Some(folder) = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
        {
            std::fs::create_dir_all(folder).map_err(|source| StorageError::Folder {
                path: folder.to_owned(),
                source,
            })?;
        }
        Self::connect(path, true).await
    }

    /// Opens the database at `path`, which must exist.
    pub async fn open_existing(path: impl AsRef<Path>) -> Result<Self, StorageError> {
        let path = path.as_ref();
        match path.is_file() {
            true => Self::connect(path, false).await,
            false => Err(StorageError::Missing(path.to_owned())),
        }
    }

    async fn connect(path: &Path, create: bool) -> Result<Self, StorageError> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(create)
            .journal_mode(SqliteJournalMode::Wal)
            // In WAL mode NORMAL may lose the last transactions in a power cut. A closed call is a bill, so every
            // transaction is synced; batching keeps that to some 20 a second.
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY_TIMEOUT);
        let fault = |source: sqlx::Error| StorageError::of_open(path, source);
        let pool = SqlitePoolOptions::new()
            .max_connections(READERS)
            .connect_with(options.clone())
            .await
            .map_err(fault)?;
        sqlx::migrate!("src/storage/migrations")
            .run(&pool)
            .await
            .map_err(|source| match source {
                sqlx::migrate::MigrateError::Execute(source) => fault(source),
                source => StorageError::Migration {
                    path: path.to_owned(),
                    source: Box::new(source),
                },
            })?;
        let writing = SqlitePoolOptions::new()
            .max_connections(1)
            .acquire_timeout(BUSY_TIMEOUT)
            .connect_lazy_with(options);
        Ok(Self {
            pool,
            writing,
            path: path.to_owned(),
        })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Starts the task that writes, and returns the way to it. One a process: it remembers where each chain stands.
    pub fn writer(&self) -> CallWriter {
        CallWriter::start(self.clone())
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), StorageError> {
        sqlx::query("SELECT 1").execute(&self.pool).await?;
        Ok(())
    }

    /// Waits for readers and closes the file. Writers must have been closed before.
    pub async fn close(self) {
        self.writing.close().await;
        self.pool.close().await;
    }
}

/// Why records could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// The folder cannot be made.
    #[error("cannot create folder {}: {source}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// There is no such file.
    #[error("there is no database at {}", .0.display())]
    Missing(PathBuf),
    /// The file cannot be opened.
    #[error("cannot open database {}: {source}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        source: sqlx::Error,
    },
    /// The file is damaged or no SQLite database.
    #[error("{} is damaged or not a database: {reason}; move it away or restore it from a backup", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        reason: String,
    },
    /// The tables are those of another version.
    #[error("cannot bring database {} up to date: {source}", path.display())]
    Migration {
        /// The file.
        path: PathBuf,
        /// Which step.
        source: Box<sqlx::migrate::MigrateError>,
    },
    /// Another process serves calls with this database.
    #[error("another process serves calls with database {}: it holds {}", database.display(), lock.display())]
    Serving {
        /// The database.
        database: PathBuf,
        /// The file that the other process has locked.
        lock: PathBuf,
    },
    /// The lock cannot be asked for.
    #[error("cannot lock {}: {source}", path.display())]
    Lock {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A statement failed.
    #[error("database: {0}")]
    Database(#[from] sqlx::Error),
    /// A stored record is not what this version writes.
    #[error("call {call}: stored record {seq} cannot be read: {source}")]
    Unreadable {
        /// The call.
        call: String,
        /// Which record.
        seq: i64,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// A record cannot be written as JSON.
    #[error("call {call}: record {seq} cannot be serialised: {source}")]
    Unwritable {
        /// The call.
        call: CallId,
        /// Which record.
        seq: u64,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// A call begins with an offer and with nothing else.
    #[error("call {call}: its first record must be `offered` with number 0")]
    NotOffered {
        /// The call.
        call: CallId,
    },
    /// Records are numbered without gaps.
    #[error("call {call}: record {found} does not follow, {expected} would")]
    OutOfOrder {
        /// The call.
        call: CallId,
        /// The number that was due.
        expected: u64,
        /// The number that came.
        found: u64,
    },
    /// Nothing follows the end of a call.
    #[error("call {0} is already closed")]
    Closed(CallId),
    /// A call is closed by `ended` and by nothing else.
    #[error("call {0}: the record that closes it must be `ended`")]
    NotEnded(CallId),
    /// No such call.
    #[error("there is no call `{0}`")]
    UnknownCall(String),
    /// More than one call begins like that.
    #[error("`{prefix}` is the beginning of more than one call: {}", calls.join(", "))]
    Ambiguous {
        /// What was asked for.
        prefix: String,
        /// Some that match.
        calls: Vec<String>,
    },
    /// No such knowledge base.
    #[error("there is no knowledge base `{0}`")]
    UnknownBase(BaseId),
    /// No such version of a knowledge base.
    #[error("knowledge base `{base}` has no version {number}")]
    UnknownVersion {
        /// The base.
        base: BaseId,
        /// What was asked for.
        number: u64,
    },
    /// Somebody else has changed the draft in the meantime.
    #[error(
        "the draft of `{base}` was changed meanwhile: it is at revision {found}, not {expected}; look at it and try again"
    )]
    DraftChanged {
        /// The base.
        base: BaseId,
        /// The revision that was looked at.
        expected: u64,
        /// The revision that is there.
        found: u64,
    },
    /// No such entry in a draft.
    #[error("the draft of `{base}` has no entry `{entry}`")]
    UnknownEntry {
        /// The base.
        base: BaseId,
        /// The entry.
        entry: EntryId,
    },
    /// Lessons are settled once, and by who owns them.
    #[error(
        "of {asked} lessons for `{base}` only {open} wait to be settled: the others were settled or erased meanwhile; look again"
    )]
    LessonsNotOpen {
        /// The base.
        base: BaseId,
        /// How many were to be settled.
        asked: u64,
        /// How many of them can be.
        open: u64,
    },
    /// What is stored of a knowledge base is not what this version writes.
    #[error("knowledge base `{base}`: {what} cannot be read: {source}")]
    UnreadableKnowledge {
        /// The base.
        base: BaseId,
        /// Which part.
        what: String,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// The writer's task is gone.
    #[error("the writer of records has stopped")]
    Stopped,
    /// The database could not be written, and the process does not wait for it any longer.
    #[error("record was not written: {0}")]
    NotWritten(String),
}

impl StorageError {
    /// Whether the state of the database is at fault and not what is to be written: the same write can succeed later.
    fn is_transient(&self) -> bool {
        let Self::Database(error) = self else {
            return false;
        };
        match error {
            sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::WorkerCrashed => true,
            // SQLITE_BUSY, LOCKED, NOMEM, READONLY, IOERR, FULL, CANTOPEN and PROTOCOL.
            error => matches!(result_code(error), Some(5 | 6 | 7 | 8 | 10 | 13 | 14 | 15)),
        }
    }

    fn of_open(path: &Path, source: sqlx::Error) -> Self {
        // SQLITE_CORRUPT and SQLITE_NOTADB.
        let damaged = source
            .as_database_error()
            .filter(|_| matches!(result_code(&source), Some(11 | 26)));
        match damaged {
            Some(fault) => Self::Damaged {
                path: path.to_owned(),
                reason: fault.message().to_owned(),
            },
            None => Self::Open {
                path: path.to_owned(),
                source,
            },
        }
    }
}

/// SQLite's primary result code (<https://sqlite.org/rescode.html>): the lowest byte of the extended one.
fn result_code(error: &sqlx::Error) -> Option<u32> {
    let code: u32 = error.as_database_error()?.code()?.parse().ok()?;
    Some(code & 0xff)
}

/// Where the records of a call are not what was written.
#[derive(Debug, thiserror::Error)]
pub enum ChainFault {
    /// A record was changed, or one before it is missing.
    #[error("call {call}: record {seq} was changed or does not follow the one before")]
    Record {
        /// The call.
        call: CallId,
        /// The first bad record.
        seq: u64,
    },
    /// The personal data of a record was changed.
    #[error("call {call}: the personal data of record {seq} was changed")]
    Personal {
        /// The call.
        call: CallId,
        /// The first bad record.
        seq: u64,
    },
    /// Records at the end are missing.
    #[error("call {call}: records after {last:?} are missing")]
    CutOff {
        /// The call.
        call: CallId,
        /// The last one that is there.
        last: Option<u64>,
    },
    /// The database could not be read.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

#[cfg(test)]
mod tests;
