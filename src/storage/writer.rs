//! The task that writes records, and the way to it.
//!
//! Calls hand their records to a bounded queue; when it is full they wait, nothing is dropped, and media never comes near it.
//! The task takes what has gathered into one transaction: at the latest after [`FLUSH_AFTER`], at once when a call is closed.
//! While the database cannot be written (it is locked, the disk is full) the task keeps what it has taken and tries again:
//! records of a call follow each other without gaps, so one that is lost would cost all that follow. Only a record that is
//! wrong in itself is dropped. [`CallWriter::give_up`] ends the waiting of a process that must stop.

use std::time::Duration;

use sqlx::{Connection, SqliteConnection};
use tokio::{
    sync::{mpsc, oneshot},
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use super::{
    StorageError, Store, writing,
    writing::{BEGIN_WRITE, Heads},
};
use crate::{
    call::{CallEvent, CallRecord, Cdr},
    clock::Moment,
    ids::CallId,
};

/// Records that may wait for the writer. Full: whoever appends waits.
pub const CAPACITY: usize = 4_096;

/// The most records in a transaction.
const BATCH: usize = 512;

/// How long a record waits for others to share its transaction: what a kill can lose.
const FLUSH_AFTER: Duration = Duration::from_millis(50);

/// How long the task waits before it tries again; twice as long each time, up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// The way to the task that writes. Cheap to clone; the task ends when the last clone is gone and the queue is written.
#[derive(Clone, Debug)]
pub struct CallWriter {
    queue: mpsc::Sender<Command>,
    give_up: CancellationToken,
}

#[derive(Debug)]
struct Command {
    call: CallId,
    what: What,
    done: Option<oneshot::Sender<Result<Option<Cdr>, StorageError>>>,
}

#[derive(Debug)]
enum What {
    Append(CallRecord),
    Input {
        seq: u64,
        at: Moment,
        json: String,
    },
    Recorded {
        samples: u64,
        sha256: String,
    },
    Finish(CallRecord),
    /// Only makes everything before it durable.
    Flush,
}

impl CallWriter {
    pub(super) fn start(store: Store) -> Self {
        let (queue, commands) = mpsc::channel(CAPACITY);
        let give_up = CancellationToken::new();
        let writer = Writer {
            store,
            heads: Heads::new(),
            give_up: give_up.clone(),
            given_up: None,
        };
        tokio::spawn(writer.run(commands));
        Self { queue, give_up }
    }

    /// Begins the records of a call with its `offered` event, number 0.
    pub async fn begin(&self, call: CallId, offered: CallRecord) -> Result<(), StorageError> {
        match (&offered.event, offered.seq) {
            (CallEvent::Offered { .. }, 0) => self.append(call, offered).await,
            _ => Err(StorageError::NotOffered { call }),
        }
    }

    /// Appends an event. It is durable some 50 ms later; [`CallWriter::finish`] and [`CallWriter::flush`] wait for that.
    pub async fn append(&self, call: CallId, record: CallRecord) -> Result<(), StorageError> {
        self.send(call, What::Append(record), None).await
    }

    /// Appends what the conversation was told, for replay.
    pub async fn append_input(
        &self,
        call: CallId,
        seq: u64,
        at: Moment,
        json: String,
    ) -> Result<(), StorageError> {
        self.send(call, What::Input { seq, at, json }, None).await
    }

    /// Notes that the recording which `recording_started` named is complete: samples a channel, hash of the file.
    pub async fn recorded(
        &self,
        call: CallId,
        samples: u64,
        sha256: String,
    ) -> Result<(), StorageError> {
        self.send(call, What::Recorded { samples, sha256 }, None)
            .await
    }

    /// Closes a call with its `ended` event: returns its billing record when both are durable.
    pub async fn finish(&self, call: CallId, ended: CallRecord) -> Result<Cdr, StorageError> {
        if !matches!(ended.event, CallEvent::Ended { .. }) {
            return Err(StorageError::NotEnded(call));
        }
        let cdr = self.send_and_wait(call, What::Finish(ended)).await?;
        cdr.ok_or(StorageError::NotEnded(call))
    }

    /// Waits until everything appended before is durable.
    pub async fn flush(&self) -> Result<(), StorageError> {
        self.send_and_wait(CallId(uuid::Uuid::nil()), What::Flush)
            .await
            .map(|_| ())
    }

    /// From now on a database that cannot be written is not waited for: what is queued and whatever comes is answered with an
    /// error. For a process that must stop; as long as the database can be written, nothing changes.
    pub fn give_up(&self) {
        self.give_up.cancel();
    }

    async fn send_and_wait(&self, call: CallId, what: What) -> Result<Option<Cdr>, StorageError> {
        let (done, result) = oneshot::channel();
        self.send(call, what, Some(done)).await?;
        result.await.map_err(|_| StorageError::Stopped)?
    }

    async fn send(
        &self,
        call: CallId,
        what: What,
        done: Option<oneshot::Sender<Result<Option<Cdr>, StorageError>>>,
    ) -> Result<(), StorageError> {
        let command = Command { call, what, done };
        self.queue
            .send(command)
            .await
            .map_err(|_| StorageError::Stopped)
    }
}

/// The task.
struct Writer {
    store: Store,
    heads: Heads,
    give_up: CancellationToken,
    /// Why nothing is written any more.
    given_up: Option<String>,
}

impl Writer {
    async fn run(mut self, mut commands: mpsc::Receiver<Command>) {
        let mut batch = Vec::with_capacity(BATCH);
        while let Some(first) = commands.recv().await {
            let mut urgent = first.done.is_some();
            batch.push(first);
            let gather = async {
                while !urgent && batch.len() < BATCH {
                    let Some(command) = commands.recv().await else {
                        break;
                    };
                    urgent = command.done.is_some();
                    batch.push(command);
                }
            };
            // Running out of time is the usual way to stop gathering.
            let _ = timeout(FLUSH_AFTER, gather).await;
            // What has queued up behind an urgent one shares its transaction.
            while batch.len() < BATCH
                && let Ok(command) = commands.try_recv()
            {
                batch.push(command);
            }
            self.write(&mut batch).await;
        }
    }

    /// Writes a batch in one transaction; if that fails, record by record, so that one bad record costs only itself.
    async fn write(&mut self, batch: &mut Vec<Command>) {
        if let Ok(cdrs) = self.persist(batch).await {
            for (command, cdr) in batch.drain(..).zip(cdrs) {
                answer(command, Ok(cdr));
            }
            return;
        }
        if let Some(reason) = &self.given_up {
            tracing::error!(records = batch.len(), reason, "records were not written");
            for command in batch.drain(..) {
                answer(command, Err(StorageError::NotWritten(reason.clone())));
            }
            return;
        }
        self.heads.clear();
        for command in batch.drain(..) {
            let result = self.persist(std::slice::from_ref(&command)).await;
            if let Err(error) = &result {
                self.heads.remove(&command.call);
                tracing::error!(call.id = %command.call, %error, "record was not written");
            }
            answer(command, result.map(|mut cdrs| cdrs.pop().flatten()));
        }
    }

    /// Writes commands in one transaction, and waits for the database as long as it takes.
    async fn persist(&mut self, commands: &[Command]) -> Result<Vec<Option<Cdr>>, StorageError> {
        if let Some(reason) = &self.given_up {
            return Err(StorageError::NotWritten(reason.clone()));
        }
        let mut pause = FIRST_PAUSE;
        loop {
            let error = match write_together(&self.store, &mut self.heads, commands).await {
                Err(error) if error.is_transient() => error,
                result => {
                    if pause > FIRST_PAUSE {
                        tracing::info!("records are written again");
                    }
                    return result;
                }
            };
            // Where the chains were said to stand was never written.
            self.heads.clear();
            // Once an outage, however often it is tried.
            if pause == FIRST_PAUSE {
                tracing::error!(%error, "records cannot be written; they are kept until they can");
            }
            let waited = self.give_up.run_until_cancelled(sleep(pause)).await;
            if waited.is_none() {
                self.given_up = Some(error.to_string());
                return Err(error);
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}

fn answer(command: Command, result: Result<Option<Cdr>, StorageError>) {
    if let Some(done) = command.done {
        // Whoever asked may have stopped waiting; the record is written all the same.
        let _ = done.send(result);
    }
}

async fn write_together(
    store: &Store,
    heads: &mut Heads,
    batch: &[Command],
) -> Result<Vec<Option<Cdr>>, StorageError> {
    let mut connection = store.writing.acquire().await?;
    let result = write_on(&mut connection, heads, batch).await;
    if result.as_ref().is_err_and(|error| error.is_transient()) {
        // SQLite has rolled some of these back by itself (https://sqlite.org/lang_transaction.html); sqlx would believe in
        // the transaction for ever, so the connection is not used again. What closing it says changes nothing.
        let _ = connection.close().await;
    }
    result
}

async fn write_on(
    connection: &mut SqliteConnection,
    heads: &mut Heads,
    batch: &[Command],
) -> Result<Vec<Option<Cdr>>, StorageError> {
    let mut transaction = connection.begin_with(BEGIN_WRITE).await?;
    let mut cdrs = Vec::with_capacity(batch.len());
    for Command { call, what, .. } in batch {
        let mut cdr = None;
        match what {
            What::Append(record) => {
                writing::append(&mut transaction, heads, *call, record).await?;
            }
            What::Input { seq, at, json } => {
                writing::append_input(&mut transaction, *call, *seq, *at, json).await?;
            }
            What::Recorded { samples, sha256 } => {
                writing::complete_recording(&mut transaction, *call, *samples, sha256).await?;
            }
            What::Finish(record) => {
                cdr = Some(writing::close(&mut transaction, heads, *call, record, None).await?);
            }
            What::Flush => {}
        }
        cdrs.push(cdr);
    }
    transaction.commit().await?;
    Ok(cdrs)
}
