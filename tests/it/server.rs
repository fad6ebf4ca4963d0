//! A whole server for a test: the example configuration on free ports, with its records in a folder of its own.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU16, Ordering},
    },
    time::Duration,
};

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use yingda::{
    app::{App, Progress},
    config::Config,
    session::Services,
    sip::{OutgoingInvite, SipConfig, SipEndpoint},
    storage::{CallFilter, CallSummary, Store},
};

/// Ports of RTP that one server may use; tests of one process do not share them.
const PORTS: u16 = 400;

static NEXT_PORTS: AtomicU16 = AtomicU16::new(30_000);

/// A server that serves.
pub struct Server {
    pub sip: SocketAddr,
    pub console: SocketAddr,
    pub services: Option<Arc<Services>>,
    pub folder: tempfile::TempDir,
    stop: CancellationToken,
    running: JoinHandle<anyhow::Result<()>>,
}

struct Quiet;

impl Progress for Quiet {
    fn step(&mut self, _: &str) {}
    fn synthesised(&mut self, _: usize, _: usize) {}
}

/// The example configuration with free ports and records in `folder`; `agent` is where the human sits.
pub fn example(folder: &Path, agent: Option<SocketAddr>) -> toml::Table {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(root.join("yingda.example.toml")).expect("the example");
    let mut config: toml::Table = toml::from_str(&text).expect("well formed");
    let first_port = NEXT_PORTS.fetch_add(PORTS, Ordering::Relaxed);
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("speech");
    let text = |path: PathBuf| toml::Value::String(path.display().to_string());
    config.insert("prompts".to_owned(), text(root.join("prompts")));
    for (section, key, value) in [
        ("sip", "listen", "127.0.0.1:0".into()),
        ("console", "listen", "127.0.0.1:0".into()),
        ("media", "first_port", i64::from(first_port).into()),
        (
            "media",
            "last_port",
            i64::from(first_port + PORTS - 1).into(),
        ),
        ("storage", "database", text(folder.join("yingda.db"))),
        ("storage", "recordings", text(folder.join("recordings"))),
        ("retrieval", "indexes", text(folder.join("indexes"))),
        (
            "recognition",
            "model",
            text(root.join("models/yingda-zh-demo.bin")),
        ),
        (
            "recognition",
            "catalog",
            text(root.join("models/catalog.toml")),
        ),
        // Shared by all tests: the same sentences are synthesised once.
        ("synthesis", "cache", text(cache)),
    ] {
        let section = config[section].as_table_mut().expect("a section");
        section.insert(key.to_owned(), value);
    }
    for business in config["business"].as_array_mut().expect("businesses") {
        for line in business["line"].as_array_mut().expect("lines") {
            let line = line.as_table_mut().expect("a line");
            let knowledge = root.join(line["knowledge"].as_str().expect("a path"));
            line.insert("knowledge".to_owned(), text(knowledge));
            match agent {
                Some(agent) => line.insert("agent".to_owned(), format!("sip:agent@{agent}").into()),
                None => line.remove("agent"),
            };
        }
    }
    config
}

/// Makes the server of this configuration, and does not run it.
pub async fn build(table: &toml::Table) -> anyhow::Result<App> {
    App::build(&parsed(table), &mut Quiet).await
}

fn parsed(table: &toml::Table) -> Config {
    let text = toml::to_string(table).expect("written");
    Config::parse(Path::new("test.toml"), &text).expect("a good configuration")
}

impl Server {
    /// Starts with the example configuration, changed by `change`.
    pub async fn start(agent: Option<SocketAddr>, change: impl FnOnce(&mut toml::Table)) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut table = example(folder.path(), agent);
        change(&mut table);
        let app = build(&table).await.expect("a server");
        let (sip, console) = (app.sip_address(), app.console_address().expect("bound"));
        let services = Some(app.services());
        let stop = CancellationToken::new();
        let running = tokio::spawn(app.run(stop.clone()));
        Self {
            sip,
            console,
            services,
            folder,
            stop,
            running,
        }
    }

    pub fn services(&self) -> &Services {
        self.services.as_ref().expect("it serves")
    }

    /// The calls on record, newest first.
    pub async fn calls(&self) -> Vec<CallSummary> {
        let store = self.store().await;
        let filter = CallFilter {
            limit: 1_000,
            ..CallFilter::default()
        };
        let calls = store.calls(&filter).await.expect("read");
        store.close().await;
        calls
    }

    pub async fn store(&self) -> Store {
        let database = self.folder.path().join("yingda.db");
        Store::open_existing(&database).await.expect("records")
    }

    /// Waits until `count` calls are on record and closed.
    pub async fn closed_calls(&self, count: usize) -> Vec<CallSummary> {
        eventually("the calls are closed", async || {
            let calls = self.calls().await;
            let closed = calls.iter().filter(|call| call.cdr.is_some()).count();
            (closed >= count).then_some(calls)
        })
        .await
    }

    /// Stops in order; gives the folder with the records.
    pub async fn stop(mut self) -> tempfile::TempDir {
        self.stop.cancel();
        self.services = None;
        self.running
            .await
            .expect("it did not panic")
            .expect("it stopped in order");
        self.folder
    }
}

/// Asks again and again, a poll apart, until there is an answer.
pub async fn eventually<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let mut poll = tokio::time::interval(Duration::from_millis(50));
    let asking = async {
        loop {
            poll.tick().await;
            if let Some(answer) = ask().await {
                return answer;
            }
        }
    };
    match tokio::time::timeout(Duration::from_secs(60), asking).await {
        Ok(answer) => answer,
        Err(_) => panic!("not in a minute: {what}"),
    }
}

/// A caller's SIP side.
pub async fn caller() -> SipEndpoint {
    let (endpoint, _) = SipEndpoint::start(SipConfig::default())
        .await
        .expect("it listens");
    endpoint
}

/// A call to `line`, without its offer.
pub fn invite(server: &Server, line: &str) -> OutgoingInvite {
    OutgoingInvite {
        target: format!("sip:{line}@{}", server.sip),
        from_user: "13800138000".to_owned(),
        from_display: None,
        headers: Vec::new(),
        credentials: None,
        offer: String::new(),
    }
}
