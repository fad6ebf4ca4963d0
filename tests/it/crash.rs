//! A process that is killed in the middle of a call: the record is whole up to there, and closed at the next start.

use std::{
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use yingda::{
    call::{EndCause, Party},
    clock::ProcessClock,
    simulator::leg::{Leg, LegState, Waited},
    sip::OutgoingInvite,
    storage::{CallFilter, Store},
};

use super::server::{caller, example};

/// The program, serving. Killed when dropped.
struct Program(Child);

impl Program {
    /// Starts it and waits until it is ready; gives where SIP is heard.
    fn serve(config: &Path) -> (Self, SocketAddr) {
        let mut child = Command::new(env!("CARGO_BIN_EXE_yingda"))
            .args(["serve", "--config"])
            .arg(config)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program runs");
        let out = BufReader::new(child.stdout.take().expect("piped"));
        let ready = out
            .lines()
            .map_while(Result::ok)
            .find_map(|line| {
                line.strip_prefix("yingda: ready; SIP on ")
                    .map(str::to_owned)
            })
            .expect("it gets ready");
        let address = ready.split(',').next().expect("an address");
        (Self(child), address.parse().expect("an address"))
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // SIGKILL; it may be gone already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_process_loses_no_call() {
    let folder = tempfile::tempdir().expect("a folder");
    let table = example(folder.path(), None);
    let config = folder.path().join("yingda.toml");
    std::fs::write(&config, toml::to_string(&table).expect("written")).expect("written");
    let file = config.clone();
    let start = move || Program::serve(&file);
    let (program, sip) = tokio::task::spawn_blocking(start.clone())
        .await
        .expect("it starts");
    let endpoint = caller().await;
    let invite = OutgoingInvite {
        target: format!("sip:4008001001@{sip}"),
        from_user: "13800138000".to_owned(),
        from_display: None,
        headers: Vec::new(),
        credentials: None,
        offer: String::new(),
    };
    let mut leg = Leg::dial(&endpoint, invite, sip.ip(), ProcessClock::start())
        .await
        .expect("sent");
    let heard = leg
        .until(Duration::from_secs(60), |state, phone| match state {
            // The recording begins in the greeting, after the notice.
            LegState::Talking { since } => phone
                .hearing
                .has_spoken_since(*since, phone.now, Duration::from_millis(1_500))
                .then_some(()),
            _ => None,
        })
        .await;
    assert_eq!(heard, Waited::Came(()));
    drop(program);

    let (program, _) = tokio::task::spawn_blocking(start).await.expect("it starts");
    let store = Store::open_existing(&folder.path().join("yingda.db"))
        .await
        .expect("records");
    let calls = store.calls(&CallFilter::default()).await.expect("read");
    assert_eq!(calls.len(), 1);
    let cdr = calls[0].cdr.as_ref().expect("it is closed");
    assert_eq!((cdr.ended_by, cdr.cause), (Party::System, EndCause::System));
    let call = calls[0].call;
    store.verify_chain(call).await.expect("an intact chain");
    let recording = store.recording(call).await.expect("read").expect("one");
    let file = folder.path().join("recordings").join(recording.file);
    let heard = super::sounds::channel(&file, 1);
    assert!(heard.len() > 8_000, "a second at least: {}", heard.len());
    assert!(
        heard.iter().any(|sample| sample.abs() > 1_000),
        "the bot is on it"
    );
    store.close().await;
    drop(program);
}
