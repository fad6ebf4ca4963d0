//! Starts that must not happen: they say why, and change nothing on record.

use std::{path::Path, process::Command, time::Duration};

use tokio::net::UdpSocket;
use yingda::{
    call::{CallEvent, CallRecord},
    clock::{Moment, ProcessClock},
    ids::CallId,
    phone_number::CallerNumber,
    pii::Pii,
    simulator::leg::{Leg, LegState, Waited},
    storage::{CallFilter, Store},
};

use super::server::{Server, build, caller, eventually, example, invite};

async fn open_calls(database: &Path) -> usize {
    let store = Store::open_existing(database).await.expect("records");
    let calls = store.calls(&CallFilter::default()).await.expect("read");
    store.close().await;
    calls.iter().filter(|call| call.cdr.is_none()).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_server_is_refused_and_the_first_one_s_calls_go_on() {
    let server = Server::start(None, |_| {}).await;
    let endpoint = caller().await;
    let to = invite(&server, "4008001001");
    let mut leg = Leg::dial(&endpoint, to, server.sip.ip(), ProcessClock::start())
        .await
        .expect("sent");
    let talking = leg
        .until(Duration::from_secs(30), |state, _| {
            matches!(state, LegState::Talking { .. }).then_some(())
        })
        .await;
    assert_eq!(talking, Waited::Came(()));
    let database = server.folder.path().join("yingda.db");
    eventually("the call is on record", async || {
        (open_calls(&database).await == 1).then_some(())
    })
    .await;

    let second = build(&example(server.folder.path(), None)).await;
    let error = second.expect_err("one server a database").to_string();
    assert!(error.contains("yingda.db.lock"), "{error}");
    assert_eq!(open_calls(&database).await, 1, "the call goes on");

    // Whoever only reads needs no lock.
    let list = Command::new(env!("CARGO_BIN_EXE_yingda"))
        .args(["calls", "--database"])
        .arg(&database)
        .output()
        .expect("the program runs");
    let (out, error) = (
        String::from_utf8_lossy(&list.stdout),
        String::from_utf8_lossy(&list.stderr),
    );
    assert!(list.status.success(), "{error}");
    assert!(out.contains("4008001001"), "{out}");

    leg.end().await;
    let calls = server.closed_calls(1).await;
    let store = server.store().await;
    let chain = store.verify_chain(calls[0].call).await;
    chain.expect("an intact chain");
    store.close().await;
    let folder = server.stop().await;
    let again = build(&example(folder.path(), None)).await;
    drop(again.expect("the lock was given back"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_that_fails_closes_no_call() {
    let folder = tempfile::tempdir().expect("a folder");
    let database = folder.path().join("yingda.db");
    let store = Store::open(&database).await.expect("a database");
    let writer = store.writer();
    let offered = CallRecord {
        seq: 0,
        at: Moment::ORIGIN,
        event: CallEvent::Offered {
            wall_ms: 1_800_000_000_000,
            dialled: "4008001001".to_owned(),
            line: None,
            business: None,
            caller: Pii::new(CallerNumber::default()),
            source: ([127, 0, 0, 1], 5060).into(),
            sip_call_id: "a@b".to_owned(),
        },
    };
    let call = CallId(uuid::Uuid::now_v7());
    writer.begin(call, offered).await.expect("queued");
    writer.flush().await.expect("written");
    drop(writer);
    store.close().await;

    let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a port");
    let taken = socket.local_addr().expect("bound").to_string();
    let mut table = example(folder.path(), None);
    let sip = table["sip"].as_table_mut().expect("a section");
    sip.insert("listen".to_owned(), taken.clone().into());
    let failed = build(&table).await;
    let error = format!("{:#}", failed.expect_err("the port is taken"));
    assert!(error.contains(&taken), "{error}");
    assert_eq!(open_calls(&database).await, 1, "nothing was changed");

    let app = build(&example(folder.path(), None)).await;
    drop(app.expect("a server"));
    assert_eq!(open_calls(&database).await, 0, "a good start closes it");
}
