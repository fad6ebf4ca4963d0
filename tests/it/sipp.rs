//! Calls by `sipp`, a SIP peer that is not ours. Skipped, with a plain message, where the program is missing.

use std::{
    net::{SocketAddr, UdpSocket},
    path::Path,
    process::{Command, Stdio},
};

use yingda::{
    call::{CallEvent, EndCause, Party},
    sip::{DialogEvent, SipConfig, SipEndpoint},
};

use super::server::{Server, eventually};

/// A scenario of `tests/sipp`, `calls` times, all at once, over `transport` (`u1` UDP, `t1` TCP). False when there is no sipp.
async fn sipp(scenario: &str, target: SocketAddr, calls: u32, transport: &str) -> bool {
    if Command::new("sipp").arg("-v").output().is_err() {
        eprintln!("SKIPPED: sipp is not installed (Debian: apt install sip-tester)");
        return false;
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = tempfile::tempdir().expect("a folder");
    let port = || {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
        socket.local_addr().expect("bound").port().to_string()
    };
    let calls = calls.to_string();
    let mut command = Command::new("sipp");
    command
        .current_dir(folder.path())
        .arg(target.to_string())
        .arg("-sf")
        .arg(root.join(format!("tests/sipp/{scenario}.xml")))
        .args(["-s", "4008001001", "-i", "127.0.0.1", "-mi", "127.0.0.1"])
        .args(["-p", &port(), "-mp", &port(), "-t", transport])
        .args(["-m", &calls, "-l", &calls, "-r", &calls])
        .args([
            "-nostdin",
            "-timeout",
            "60s",
            "-timeout_error",
            "-trace_err",
        ])
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let status = tokio::task::spawn_blocking(move || command.status());
    let status = status.await.expect("it ran").expect("sipp runs");
    let errors: String = std::fs::read_dir(folder.path())
        .expect("the folder is there")
        .filter_map(|file| std::fs::read_to_string(file.ok()?.path()).ok())
        .collect();
    assert!(status.success(), "sipp {scenario}: {status}\n{errors}");
    true
}

fn count(records: &[yingda::call::CallRecord], wanted: impl Fn(&CallEvent) -> bool) -> usize {
    let events = records.iter().map(|record| &record.event);
    events.filter(|event| wanted(event)).count()
}

async fn nothing_is_left(server: &Server) {
    let services = server.services();
    eventually("nothing is left over", async || {
        let left = services.media.ports_in_use() + services.sip.dialogs();
        (left == 0).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hold_and_resume_in_three_ways() {
    let server = Server::start(None, |_| {}).await;
    if !sipp("hold", server.sip, 1, "u1").await {
        return;
    }
    let calls = server.closed_calls(1).await;
    let store = server.store().await;
    let records = store.records(calls[0].call).await.expect("read");
    store.close().await;
    assert_eq!(count(&records, |event| *event == CallEvent::Held), 3);
    assert_eq!(count(&records, |event| *event == CallEvent::Resumed), 3);
    nothing_is_left(&server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_outlives_a_late_ack() {
    let server = Server::start(None, |_| {}).await;
    if !sipp("late_ack", server.sip, 1, "u1").await {
        return;
    }
    let calls = server.closed_calls(1).await;
    let cdr = calls[0].cdr.as_ref().expect("closed");
    assert_eq!((cdr.ended_by, cdr.cause), (Party::Caller, EndCause::Hangup));
    nothing_is_left(&server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_calls_at_once_over_udp_and_one_over_tcp() {
    let server = Server::start(None, |_| {}).await;
    if !sipp("call", server.sip, 20, "u1").await {
        return;
    }
    sipp("call", server.sip, 1, "t1").await;
    let calls = server.closed_calls(21).await;
    assert_eq!(calls.len(), 21);
    let cdrs = calls.iter().filter_map(|call| call.cdr.as_ref());
    assert_eq!(cdrs.filter(|cdr| cdr.cause == EndCause::Hangup).count(), 21);
    nothing_is_left(&server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_transferred_by_refer() {
    let agent = "127.0.0.1:5090".parse().expect("an address");
    let server = Server::start(Some(agent), |config| {
        let business = &mut config["business"].as_array_mut().expect("businesses")[0];
        let line = &mut business["line"].as_array_mut().expect("lines")[0];
        let line = line.as_table_mut().expect("a line");
        line.insert("transfer".to_owned(), "refer".into());
    })
    .await;
    if !sipp("refer", server.sip, 1, "u1").await {
        return;
    }
    let calls = server.closed_calls(1).await;
    let cdr = calls[0].cdr.as_ref().expect("closed");
    assert_eq!(cdr.cause, EndCause::Transferred);
    nothing_is_left(&server).await;
}

/// A whole server answers at once, so this one rings and does not.
#[tokio::test]
async fn a_caller_who_gives_up_gets_487() {
    let (endpoint, mut calls) = SipEndpoint::start(SipConfig::default())
        .await
        .expect("it listens");
    let target = endpoint.local_address();
    let ringing = tokio::spawn(async move {
        let mut call = calls.recv().await?;
        call.dialog.ringing().expect("sent");
        call.events.recv().await
    });
    if !sipp("cancel", target, 1, "u1").await {
        return;
    }
    let event = ringing.await.expect("it did not panic");
    assert_eq!(event, Some(DialogEvent::Cancelled));
    eventually("no dialog is left", async || {
        (endpoint.dialogs() == 0).then_some(())
    })
    .await;
}
