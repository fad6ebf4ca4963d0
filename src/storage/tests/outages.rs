//! A database that cannot be written for a while costs no record.

use std::time::Duration;

use super::*;

/// Why the database cannot be written.
#[derive(Clone, Copy, Debug)]
enum Outage {
    /// Another connection writes, and takes its time.
    Locked,
    /// The disk is full until the next try.
    Full,
}

/// A pragma on the connection of the writer.
async fn on_the_writer(store: &Store, pragma: &'static str) {
    let set = sqlx::query(pragma).execute(&store.writing).await;
    set.expect("a pragma");
}

/// Too long for a page that is there already.
fn long(seq: u64) -> CallRecord {
    let event = CallEvent::EngineFailed {
        engine: "whisper".to_owned(),
        error: "x".repeat(100_000),
    };
    record(seq, seq * 1_000, event)
}

async fn check(outage: Outage) {
    let bench = Bench::new().await;
    let call = id(1);
    bench.open_call(call).await;
    let lock = match outage {
        Outage::Locked => {
            // Fails at once, where it would wait for five seconds.
            on_the_writer(&bench.store, "PRAGMA busy_timeout = 0").await;
            Some(bench.store.begin_write().await.expect("nobody writes"))
        }
        Outage::Full => {
            // SQLite takes this as "no larger than it is"; a new connection does not know of it.
            on_the_writer(&bench.store, "PRAGMA max_page_count = 1").await;
            None
        }
    };
    bench.writer.append(call, long(3)).await.expect("queued");
    if let Some(lock) = lock {
        let flushed = tokio::time::timeout(Duration::from_millis(300), bench.writer.flush()).await;
        assert!(flushed.is_err(), "{outage:?}: {flushed:?}");
        lock.rollback().await.expect("the other one is done");
    }
    bench.writer.append(call, said(4)).await.expect("queued");
    let closed = bench.writer.finish(call, ended(5, 9_000)).await;
    closed.unwrap_or_else(|error| panic!("{outage:?}: {error}"));
    let records = bench.store.records(call).await.expect("records");
    assert_eq!(records.len(), 6, "{outage:?}");
    let chain = bench.store.verify_chain(call).await;
    chain.expect("an intact chain");
}

#[tokio::test]
async fn records_wait_for_the_database() {
    check(Outage::Locked).await;
    check(Outage::Full).await;
}

#[tokio::test]
async fn a_process_that_must_stop_does_not_wait() {
    let bench = Bench::new().await;
    let call = id(1);
    bench.open_call(call).await;
    on_the_writer(&bench.store, "PRAGMA busy_timeout = 0").await;
    let lock = bench.store.begin_write().await.expect("nobody writes");
    bench.writer.append(call, said(3)).await.expect("queued");
    bench.writer.give_up();
    let lost = bench.writer.finish(call, ended(4, 9_000)).await;
    assert!(matches!(lost, Err(StorageError::NotWritten(_))), "{lost:?}");
    // What follows a lost record is not written either: the next start closes what is there.
    lock.rollback().await.expect("the other one is done");
    assert!(bench.writer.flush().await.is_err());
    assert_eq!(bench.store.records(call).await.expect("records").len(), 3);
    let closed = bench.store.close_orphans(STARTED_MS + 99_000).await;
    assert_eq!(closed.expect("closed"), [call]);
}

#[tokio::test]
async fn giving_up_changes_nothing_while_the_database_can_be_written() {
    let bench = Bench::new().await;
    bench.writer.give_up();
    bench.closed_call(id(1)).await;
}

#[tokio::test]
async fn readers_do_not_keep_the_writer_waiting() {
    let bench = Bench::new().await;
    let mut readers = Vec::new();
    for _ in 0..READERS {
        readers.push(bench.store.pool.acquire().await.expect("a connection"));
    }
    bench.closed_call(id(1)).await;
}

#[test]
fn what_passes_and_what_does_not() {
    let transient = |error: sqlx::Error| StorageError::from(error).is_transient();
    assert!(transient(sqlx::Error::PoolTimedOut));
    assert!(transient(sqlx::Error::Io(std::io::Error::other("a disk"))));
    assert!(!transient(sqlx::Error::PoolClosed));
    assert!(!transient(sqlx::Error::RowNotFound));
    assert!(!StorageError::Closed(id(1)).is_transient());
}
