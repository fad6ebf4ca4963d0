//! The task that writes records, and the way to it.
//!
//! Calls hand their records to a bounded queue; when it is full they wait, nothing is dropped, and media never comes near it.
//! The task takes what has gathered into one transaction: at the latest after [`FLUSH_AFTER`], at once when a call is closed.

use std::time::Duration;

use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
    time::timeout,
};

use super::{StorageError, Store, writing, writing::Heads};
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

/// The way to the task that writes. Cheap to clone; the task ends when the last clone is gone and the queue is written.
#[derive(Clone, Debug)]
pub struct CallWriter {
    queue: mpsc::Sender<Command>,
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
        Self::with_task(store).0
    }

    pub(super) fn with_task(store: Store) -> (Self, JoinHandle<()>) {
        let (queue, commands) = mpsc::channel(CAPACITY);
        let task = tokio::spawn(run(store, commands));
        (Self { queue }, task)
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

async fn run(store: Store, mut commands: mpsc::Receiver<Command>) {
    let mut heads = Heads::new();
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
        write(&store, &mut heads, &mut batch).await;
    }
}

/// Writes a batch in one transaction; if that fails, record by record, so that one bad record costs only itself.
async fn write(store: &Store, heads: &mut Heads, batch: &mut Vec<Command>) {
    match write_together(store, heads, batch).await {
        Ok(cdrs) => {
            for (command, cdr) in batch.drain(..).zip(cdrs) {
                answer(command, Ok(cdr));
            }
        }
        Err(_) => {
            heads.clear();
            for command in batch.drain(..) {
                let one = std::slice::from_ref(&command);
                let result = write_together(store, heads, one).await;
                if let Err(error) = &result {
                    heads.remove(&command.call);
                    tracing::error!(call.id = %command.call, error = %error, "record was not written");
                }
                answer(command, result.map(|mut cdrs| cdrs.pop().flatten()));
            }
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
    let mut transaction = store.begin_write().await?;
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
