//! A Qdrant server that is killed in the middle of a call. `QDRANT_BIN` names its program; without it, the test says so and
//! passes.

use std::{
    net::{SocketAddr, TcpListener},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use serde_json::Value;
use yingda::{
    call::CallEvent,
    clock::{Moment, ProcessClock},
    entry::{Finding, Verdict},
    simulator::leg::{Leg, LegState, Waited},
};

use super::{
    server::{Server, caller, eventually, invite},
    sounds::question,
};

const LINE: &str = "4008001001";
const PATIENCE: Duration = Duration::from_secs(60);
/// What the server wants to be shown.
const KEY: &str = "0123456789abcdef";

/// A server with a folder of its own, on loopback. It ends with the test.
struct Qdrant {
    process: Child,
    address: SocketAddr,
    /// Where its storage is.
    folder: tempfile::TempDir,
}

impl Qdrant {
    /// `None` without a program.
    fn start(test: &str) -> Option<Self> {
        let Some(program) = std::env::var_os("QDRANT_BIN") else {
            eprintln!("{test}: skipped, because QDRANT_BIN names no program");
            return None;
        };
        let folder = tempfile::tempdir().expect("a folder");
        let ports = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").expect("a port"));
        let [grpc, http] = ports.map(|port| port.local_addr().expect("bound"));
        let process = launch(Path::new(&program), folder.path(), grpc, http);
        Some(Self {
            process,
            address: grpc,
            folder,
        })
    }

    /// As a crash ends it.
    fn kill(&mut self) {
        self.process.kill().expect("it was running");
        self.process.wait().expect("it ended");
    }

    /// Again, on the same port with what it had stored.
    fn restart(&mut self) {
        let program = std::env::var_os("QDRANT_BIN").expect("it was started with one");
        let http = TcpListener::bind("127.0.0.1:0").expect("a port");
        let http = http.local_addr().expect("bound");
        self.process = launch(Path::new(&program), self.folder.path(), self.address, http);
    }
}

impl Drop for Qdrant {
    fn drop(&mut self) {
        // It may be over already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn launch(program: &Path, folder: &Path, grpc: SocketAddr, http: SocketAddr) -> Child {
    let log = std::fs::File::create(folder.join("log")).expect("a log");
    Command::new(program)
        .arg("--disable-telemetry")
        .current_dir(folder)
        .env("QDRANT__SERVICE__HOST", "127.0.0.1")
        .env("QDRANT__SERVICE__API_KEY", KEY)
        .env("QDRANT__SERVICE__GRPC_PORT", grpc.port().to_string())
        .env("QDRANT__SERVICE__HTTP_PORT", http.port().to_string())
        .env("QDRANT__SERVICE__ENABLE_STATIC_CONTENT", "false")
        .env("QDRANT__STORAGE__STORAGE_PATH", folder.join("storage"))
        .env("QDRANT__STORAGE__SNAPSHOTS_PATH", folder.join("snapshots"))
        .stdin(Stdio::null())
        .stdout(log.try_clone().expect("a log"))
        .stderr(log)
        .spawn()
        .expect("QDRANT_BIN is a program")
}

async fn page(server: &Server, path: &str) -> String {
    let url = format!("http://{}{path}", server.console);
    let asked = tokio::task::spawn_blocking(move || {
        let mut response = ureq::get(url).call()?;
        response.body_mut().read_to_string()
    });
    asked.await.expect("it ran").expect("it answers")
}

/// What the status page says about the server.
async fn status(server: &Server) -> Value {
    let text = page(server, "/api/status").await;
    let status: Value = serde_json::from_str(&text).expect("JSON");
    status["qdrant"].clone()
}

async fn until(server: &Server, state: &str) -> Value {
    eventually(&format!("qdrant is {state}"), async || {
        let status = status(server).await;
        (status["state"] == state).then_some(status)
    })
    .await
}

async fn spoken(leg: &mut Leg, since: Moment) {
    let quiet = Duration::from_millis(1_500);
    let heard = leg.until(PATIENCE, |_, phone| {
        let spoken = phone.hearing.has_spoken_since(since, phone.now, quiet);
        spoken.then_some(())
    });
    assert_eq!(heard.await, Waited::Came(()), "the bot speaks");
}

/// A call whose greeting is over.
async fn greeted(server: &Server) -> Leg {
    let clock = ProcessClock::start();
    let endpoint = caller().await;
    let dialled = Leg::dial(&endpoint, invite(server, LINE), server.sip.ip(), clock).await;
    let mut leg = dialled.expect("sent");
    let answered = leg.until(PATIENCE, |state, _| match state {
        LegState::Talking { since } => Some(*since),
        _ => None,
    });
    let Waited::Came(answered) = answered.await else {
        panic!("the call is not answered: {:?}", leg.state());
    };
    spoken(&mut leg, answered).await;
    leg
}

async fn ask(leg: &mut Leg) {
    leg.phone.play(question()).await;
    let asked = leg.now();
    spoken(leg, asked + Duration::from_secs(2)).await;
}

fn answered(finding: &Finding) -> &str {
    match &finding.verdict {
        Verdict::Answer { candidate } => candidate.entry.id.as_str(),
        other => panic!("not answered: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_killed_in_a_call_changes_no_answer() {
    let Some(mut qdrant) = Qdrant::start("a server that is killed") else {
        return;
    };
    let url = format!("http://{}", qdrant.address);
    let server = Server::start(None, |config| {
        let table = toml::toml! {
            // A busy machine with a server that was not optimised answers late.
            timeout_ms = 1000
            // The samples are small.
            from_entries = 0
        };
        let mut table = table;
        table.insert("url".to_owned(), url.into());
        let database = config["storage"]["database"].as_str().expect("a path");
        let key = Path::new(database).with_extension("key");
        std::fs::write(&key, KEY).expect("written");
        table.insert("api_key_file".to_owned(), key.display().to_string().into());
        let retrieval = config["retrieval"].as_table_mut().expect("a section");
        retrieval.insert("qdrant".to_owned(), table.into());
    })
    .await;
    until(&server, "ready").await;
    let mut leg = greeted(&server).await;
    ask(&mut leg).await;
    let before = status(&server).await;
    assert!(before["answered"].as_u64() > Some(0), "{before}");

    qdrant.kill();
    ask(&mut leg).await;
    let down = until(&server, "down").await;
    assert_eq!(down["answered"], before["answered"]);
    assert!(
        down["in_process"].as_u64() > before["in_process"].as_u64(),
        "{down}"
    );
    assert!(down["since_ms"].as_i64() > Some(0), "{down}");
    ask(&mut leg).await;

    qdrant.restart();
    let ready = until(&server, "ready").await;
    ask(&mut leg).await;
    let after = status(&server).await;
    assert!(
        after["answered"].as_u64() > ready["answered"].as_u64(),
        "{after}"
    );
    leg.end().await;
    leg.put_away().await;
    let metrics = page(&server, "/metrics").await;
    let name = "yingda_qdrant_searches_total{outcome=\"answered\"} ";
    let counted = metrics.lines().find_map(|line| line.strip_prefix(name));
    let counted: u64 = counted.expect("it is counted").parse().expect("a number");
    assert!(Some(counted) >= after["answered"].as_u64(), "{metrics}");

    let calls = server.closed_calls(1).await;
    let store = server.store().await;
    let records = store.records(calls[0].call).await.expect("read");
    store.close().await;
    let findings: Vec<Finding> = records
        .into_iter()
        .filter_map(|record| match record.event {
            CallEvent::Turn { finding, .. } => Some(finding),
            _ => None,
        })
        .collect();
    assert_eq!(findings.len(), 4);
    for finding in &findings {
        assert_eq!(answered(finding), answered(&findings[0]));
    }
    server.stop().await;
}
