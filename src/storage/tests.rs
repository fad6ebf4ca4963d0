//! Records are written once, survive a kill, and show when they were changed.

mod outages;

use std::sync::Arc;

use tempfile::TempDir;
use uuid::Uuid;

use super::*;
use crate::{
    call::{CallEvent, CallRecord, Cdr, Disposition, EndCause, Party},
    clock::Moment,
    ids::{BusinessId, LineNumber, UtteranceId},
    phone_number::{CallerNumber, NumberKind},
    pii::Pii,
};

const STARTED_MS: i64 = 1_800_000_000_000;
const CALLER: &str = "13800138000";

fn id(number: u128) -> CallId {
    CallId(Uuid::from_u128(number))
}

fn record(seq: u64, ms: u64, event: CallEvent) -> CallRecord {
    CallRecord {
        seq,
        at: Moment::from_millis(ms),
        event,
    }
}

fn offered(line: Option<&str>) -> CallRecord {
    let event = CallEvent::Offered {
        wall_ms: STARTED_MS,
        dialled: "4008001001".to_owned(),
        line: line.map(LineNumber::new),
        business: line.map(|_| BusinessId::new("appliance")),
        caller: Pii::new(CallerNumber {
            canonical: CALLER.to_owned(),
            kind: NumberKind::Mobile,
            ..CallerNumber::default()
        }),
        source: ([127, 0, 0, 1], 5060).into(),
        sip_call_id: "a@b".to_owned(),
    };
    record(0, 0, event)
}

fn answered() -> CallRecord {
    let codec = "PCMA".to_owned();
    record(1, 200, CallEvent::Answered { codec })
}

fn said(seq: u64) -> CallRecord {
    let event = CallEvent::UtteranceRecognised {
        utterance: UtteranceId(seq),
        text: Pii::new(format!("我的号码是{CALLER}")),
        confidence: 0.53,
        span_ms: (400, 900),
        recognition_ms: 120,
    };
    record(seq, seq * 1_000, event)
}

fn ended(seq: u64, ms: u64) -> CallRecord {
    let event = CallEvent::Ended {
        by: Party::Caller,
        cause: EndCause::Hangup,
        disposition: Disposition::Abandoned,
    };
    record(seq, ms, event)
}

struct Bench {
    folder: TempDir,
    store: Store,
    writer: CallWriter,
}

impl Bench {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(folder.path().join("new/yingda.db"))
            .await
            .expect("a new database opens");
        let writer = store.writer();
        Self {
            folder,
            store,
            writer,
        }
    }

    /// A call that is still going on.
    async fn open_call(&self, call: CallId) {
        let line = Some("4008001001");
        self.writer.begin(call, offered(line)).await.expect("begun");
        self.writer.append(call, answered()).await.expect("queued");
        self.writer.append(call, said(2)).await.expect("queued");
        self.writer.flush().await.expect("written");
    }

    async fn closed_call(&self, call: CallId) -> Cdr {
        self.open_call(call).await;
        let closed = self.writer.finish(call, ended(3, 5_400)).await;
        closed.expect("closed")
    }
}

#[tokio::test]
async fn a_call_reads_as_it_was_written() {
    let bench = Bench::new().await;
    let call = id(1);
    let at = Moment::from_millis(1);
    bench.open_call(call).await;
    let input = r#"{"input":"started"}"#.to_owned();
    let queued = bench.writer.append_input(call, 0, at, input.clone()).await;
    queued.expect("queued");
    let cdr = bench.writer.finish(call, ended(3, 5_400)).await;
    let cdr = cdr.expect("closed");
    assert_eq!(
        (cdr.ring_ms, cdr.talk_bot_ms, cdr.billable_s),
        (200, 5_200, 6)
    );

    let records = bench.store.records(call).await.expect("records");
    let expected = [
        offered(Some("4008001001")),
        answered(),
        said(2),
        ended(3, 5_400),
    ];
    assert_eq!(records, expected);
    assert_eq!(bench.store.cdr(call).await.expect("cdr"), Some(cdr.clone()));
    assert_eq!(Cdr::from_records(call, &records), Some(cdr.clone()));
    let inputs = bench.store.inputs(call).await.expect("inputs");
    let json = input;
    assert_eq!(inputs, [StoredInput { seq: 0, at, json }]);
    bench
        .store
        .verify_chain(call)
        .await
        .expect("an intact chain");

    let stored: String = sqlx::query_scalar("SELECT json FROM cdrs")
        .fetch_one(&bench.store.pool)
        .await
        .expect("one cdr");
    assert_eq!(stored, serde_json::to_string(&cdr).expect("it serialises"));
}

#[tokio::test]
async fn a_refused_call_is_kept_with_the_number_that_was_dialled() {
    let bench = Bench::new().await;
    let call = id(1);
    bench
        .writer
        .begin(call, offered(None))
        .await
        .expect("begun");
    let rejected = CallEvent::Rejected {
        status: 404,
        reason: "unknown number".to_owned(),
    };
    let queued = bench.writer.append(call, record(1, 1, rejected)).await;
    queued.expect("queued");
    let end = CallEvent::Ended {
        by: Party::System,
        cause: EndCause::Rejected,
        disposition: Disposition::Refused,
    };
    let cdr = bench.writer.finish(call, record(2, 1, end)).await;
    let cdr = cdr.expect("closed");
    assert_eq!(cdr.dialled, "4008001001");
    assert_eq!(
        (cdr.line, cdr.rejected, cdr.billable_s),
        (None, Some(404), 0)
    );
}

#[tokio::test]
async fn a_call_is_closed_once_and_nothing_follows() {
    let bench = Bench::new().await;
    let call = id(1);
    bench.closed_call(call).await;
    let again = bench.writer.finish(call, ended(4, 6_000)).await;
    assert!(matches!(again, Err(StorageError::Closed(closed)) if closed == call));
    bench.writer.append(call, said(4)).await.expect("queued");
    bench.writer.flush().await.expect("the writer goes on");
    assert_eq!(bench.store.records(call).await.expect("records").len(), 4);

    // The database itself refuses too.
    let forced = sqlx::query(
        "INSERT INTO events (call, seq, at_us, record, hash) VALUES (?, 9, 0, '{}', zeroblob(32))",
    )
    .bind(call.to_string())
    .execute(&bench.store.pool)
    .await;
    let error = forced.expect_err("nothing follows the end").to_string();
    assert!(error.contains("the call is closed"), "{error}");
}

#[tokio::test]
async fn a_bad_record_costs_only_itself() {
    let bench = Bench::new().await;
    let (good, bad) = (id(1), id(2));
    let line = Some("4008001001");
    bench
        .writer
        .begin(good, offered(line))
        .await
        .expect("begun");
    bench.writer.append(bad, said(7)).await.expect("queued");
    bench.writer.append(good, answered()).await.expect("queued");
    let refused = bench.writer.finish(bad, ended(8, 1)).await;
    assert!(
        matches!(
            refused,
            Err(StorageError::OutOfOrder {
                expected: 0,
                found: 8,
                ..
            })
        ),
        "{refused:?}"
    );
    assert_eq!(bench.store.records(good).await.expect("records").len(), 2);
    assert!(matches!(
        bench.writer.begin(bad, answered()).await,
        Err(StorageError::NotOffered { .. })
    ));
}

#[tokio::test]
async fn what_was_flushed_survives_a_kill_and_orphans_are_closed_once() {
    let bench = Bench::new().await;
    let (open, closed) = (id(1), id(2));
    bench.open_call(open).await;
    bench.closed_call(closed).await;
    // What a killed process leaves: the file and its log as they are at this moment, not checkpointed.
    let copy = bench.folder.path().join("copy");
    std::fs::create_dir(&copy).expect("a folder");
    for name in ["yingda.db", "yingda.db-wal"] {
        let from = bench.folder.path().join("new").join(name);
        std::fs::copy(from, copy.join(name)).expect("the file is there");
    }
    let store = Store::open(copy.join("yingda.db")).await.expect("it opens");
    assert_eq!(store.records(open).await.expect("records").len(), 3);
    assert_eq!(
        store
            .close_orphans(STARTED_MS + 9_000)
            .await
            .expect("closed"),
        [open]
    );
    let cdr = store.cdr(open).await.expect("cdr").expect("there is one");
    assert_eq!((cdr.cause, cdr.ended_by), (EndCause::System, Party::System));
    assert_eq!(
        cdr.ended_ms,
        STARTED_MS + 2_000,
        "nothing is billed after the last event"
    );
    store.verify_chain(open).await.expect("an intact chain");

    assert_eq!(
        store
            .close_orphans(STARTED_MS + 99_000)
            .await
            .expect("closed"),
        []
    );
    let cdrs: i64 = sqlx::query_scalar("SELECT count(*) FROM cdrs")
        .fetch_one(&store.pool)
        .await
        .expect("a count");
    assert_eq!(cdrs, 2);
}

#[tokio::test]
async fn a_second_handle_reads_while_the_first_writes() {
    let bench = Bench::new().await;
    bench.closed_call(id(1)).await;
    let reader = Store::open_existing(bench.store.path())
        .await
        .expect("it opens");
    assert_eq!(reader.records(id(1)).await.expect("records").len(), 4);
    bench.closed_call(id(2)).await;
    assert_eq!(
        reader
            .calls(&CallFilter::default())
            .await
            .expect("calls")
            .len(),
        2
    );
}

#[tokio::test]
async fn one_process_serves_and_others_read() {
    let bench = Bench::new().await;
    let database = bench.store.path();
    let lock = ServingLock::take(database).expect("nobody else serves");
    let second = ServingLock::take(database)
        .expect_err("somebody serves")
        .to_string();
    assert!(second.contains("yingda.db.lock"), "{second}");
    assert!(second.contains("another process serves"), "{second}");

    bench.closed_call(id(1)).await;
    let reader = Store::open_existing(database).await.expect("it opens");
    assert_eq!(reader.records(id(1)).await.expect("records").len(), 4);

    drop(lock);
    ServingLock::take(database).expect("it was given back");
    let nowhere = bench.folder.path().join("none/yingda.db");
    let error = ServingLock::take(&nowhere).expect_err("no folder");
    assert!(matches!(error, StorageError::Lock { .. }), "{error}");
}

#[tokio::test]
async fn a_changed_byte_is_found() {
    for (change, expected) in [
        (
            "UPDATE events SET record = replace(record, 'PCMA', 'PCMB') WHERE seq = 1",
            "record 1 was changed",
        ),
        (
            "UPDATE events SET personal = replace(personal, '13800138000', '13800138001') WHERE seq = 2",
            "personal data of record 2",
        ),
        (
            "UPDATE events SET salt = NULL WHERE seq = 2",
            "personal data of record 2",
        ),
        (
            "UPDATE events SET hash = zeroblob(32) WHERE seq = 3",
            "record 3 was changed",
        ),
        ("DELETE FROM events WHERE seq = 1", "record 2 was changed"),
        (
            "DELETE FROM events WHERE seq = 3",
            "records after Some(2) are missing",
        ),
    ] {
        let bench = Bench::new().await;
        bench.closed_call(id(1)).await;
        let changed = sqlx::query(change).execute(&bench.store.pool).await;
        assert_eq!(
            changed.expect("the change is made").rows_affected(),
            1,
            "{change}"
        );
        let fault = bench
            .store
            .verify_chain(id(1))
            .await
            .expect_err(change)
            .to_string();
        assert!(fault.contains(expected), "{change}: {fault}");
    }
}

#[tokio::test]
async fn erasing_leaves_the_chain_valid_and_no_personal_data() {
    let bench = Bench::new().await;
    bench.closed_call(id(1)).await;
    assert_eq!(bench.store.erase(id(1)).await.expect("erased"), None);
    bench
        .store
        .verify_chain(id(1))
        .await
        .expect("an intact chain");
    let records = bench.store.records(id(1)).await.expect("records");
    let cdr = bench
        .store
        .cdr(id(1))
        .await
        .expect("cdr")
        .expect("there is one");
    let text = serde_json::to_string(&(records, &cdr)).expect("it serialises");
    assert!(!text.contains(CALLER), "{text}");
    assert!(text.contains(ERASED));
    assert_eq!(cdr.billable_s, 6);
}

#[tokio::test]
async fn a_thousand_calls_at_once() {
    const CALLS: u128 = 1_000;
    let bench = Arc::new(Bench::new().await);
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..CALLS {
        let writer = bench.writer.clone();
        tasks.spawn(async move {
            let line = match number % 2 {
                0 => "4008001001",
                _ => "4008001002",
            };
            writer.begin(id(number), offered(Some(line))).await?;
            writer.append(id(number), answered()).await?;
            for seq in 2..6 {
                writer.append(id(number), said(seq)).await?;
            }
            writer.finish(id(number), ended(6, 7_000)).await
        });
    }
    while let Some(result) = tasks.join_next().await {
        result.expect("no panic").expect("closed");
    }
    let filter = CallFilter {
        line: Some(LineNumber::new("4008001002")),
        limit: 300,
        ..CallFilter::default()
    };
    let page = bench.store.calls(&filter).await.expect("calls");
    assert_eq!(page.len(), 300);
    let rest = CallFilter {
        before: page.last().map(|summary| summary.call),
        ..filter
    };
    let rest = bench.store.calls(&rest).await.expect("calls");
    assert_eq!(
        (rest.len(), rest.last().map(|summary| summary.call)),
        (200, Some(id(1)))
    );
    for number in 0..CALLS {
        bench
            .store
            .verify_chain(id(number))
            .await
            .expect("an intact chain");
    }
}

#[tokio::test]
async fn a_call_is_found_by_the_beginning_of_its_name() {
    let bench = Bench::new().await;
    let (first, second) = (id(0x0190_0000 << 96), id(0x0191_0000 << 96));
    bench.closed_call(first).await;
    bench.closed_call(second).await;
    for (name, expected) in [("0190", first), ("0191", second), ("last", second)] {
        assert_eq!(
            bench.store.find_call(name).await.expect("found"),
            expected,
            "{name}"
        );
    }
    for (name, expected) in [
        ("019", "beginning of more than one call"),
        ("02", "there is no call `02`"),
        ("' OR 1", "there is no call"),
        ("", "there is no call"),
    ] {
        let error = bench
            .store
            .find_call(name)
            .await
            .expect_err(name)
            .to_string();
        assert!(error.contains(expected), "{name}: {error}");
    }
}

#[tokio::test]
async fn a_file_that_is_no_database_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("yingda.db");
    std::fs::write(&path, vec![b'x'; 8_192]).expect("written");
    let error = Store::open(&path)
        .await
        .expect_err("no database")
        .to_string();
    assert!(error.contains(&path.display().to_string()), "{error}");
    assert!(error.contains("damaged or not a database"), "{error}");

    let missing = folder.path().join("none.db");
    let error = Store::open_existing(&missing).await.expect_err("missing");
    assert!(matches!(error, StorageError::Missing(path) if path == missing));

    let error = Store::open(path.join("below.db"))
        .await
        .expect_err("no folder");
    assert!(matches!(error, StorageError::Folder { .. }), "{error}");
}
