//! The console over a real loopback port: what it sends, what it refuses, and that nothing personal leaks.

mod knowledge;

use std::{net::SocketAddr, path::Path};

use tempfile::TempDir;
use uuid::Uuid;

use super::*;
use crate::{
    call::{CallEvent, CallRecord, Digit, Disposition, EndCause, Party},
    clock::Moment,
    ids::{BusinessId, CallId, EntryId, LineNumber, SpeechId, UtteranceId},
    phone_number::{CallerNumber, NumberKind},
    pii::Pii,
    storage::CallWriter,
};

const CALLER: &str = "13800138000";
const ABROAD: &str = "+85291234567";
const SECRET: &str = "482157";
const LINE: &str = "4008001001";

struct Fixed(Status);

impl StatusProvider for Fixed {
    fn status(&self) -> Status {
        self.0.clone()
    }

    fn numbers(&self, page: &mut Page) {
        page.counter("yingda_parts_total", "Parts.", 7);
    }
}

struct Console {
    address: SocketAddr,
    folder: TempDir,
    writer: CallWriter,
    stop: CancellationToken,
    served: tokio::task::JoinHandle<std::io::Result<()>>,
}

struct Answer {
    status: u16,
    headers: ureq::http::HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.text()))
    }

    fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or_default()
    }
}

impl Console {
    async fn new(ready: bool) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(folder.path().join("yingda.db")).await;
        let store = store.expect("a new database opens");
        let writer = store.writer();
        let recordings = folder.path().join("recordings");
        std::fs::create_dir(&recordings).expect("a folder");
        let status = Status {
            ready,
            max_calls: 100,
            lines: vec![LINE.to_owned()],
            knowledge: Vec::new(),
            ..Status::default()
        };
        let state = ConsoleState {
            recordings,
            status: Arc::new(Fixed(status)),
            metrics: Arc::default(),
            knowledge: Arc::new(knowledge::desk(&store, folder.path())),
            store,
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("it is bound");
        let stop = CancellationToken::new();
        let served = tokio::spawn(serve(listener, state, stop.clone()));
        Self {
            address,
            folder,
            writer,
            stop,
            served,
        }
    }

    async fn ask(&self, method: &str, path: &str, range: Option<&str>) -> Answer {
        let url = format!("http://{}{path}", self.address);
        let mut request = ureq::http::Request::builder().method(method).uri(url);
        if let Some(range) = range {
            request = request.header("range", range);
        }
        self.send(request.body(Vec::new()).expect("a request"))
            .await
    }

    async fn send(&self, request: ureq::http::Request<Vec<u8>>) -> Answer {
        tokio::task::spawn_blocking(move || {
            let agent: ureq::Agent = ureq::Agent::config_builder()
                .http_status_as_error(false)
                .build()
                .into();
            let mut response = agent.run(request).expect("an answer");
            Answer {
                status: response.status().as_u16(),
                headers: response.headers().clone(),
                body: response.body_mut().read_to_vec().expect("a body"),
            }
        })
        .await
        .expect("no panic")
    }

    async fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, None).await
    }

    /// A call in which the caller says their number; with `file` it has a recording.
    async fn call(&self, number: u128, file: Option<&str>) -> CallId {
        let call = CallId(Uuid::from_u128(number));
        let mut events = vec![
            CallEvent::Offered {
                wall_ms: 1_800_000_000_000 + number as i64,
                dialled: LINE.to_owned(),
                line: Some(LineNumber::new(LINE)),
                business: Some(BusinessId::new("appliance")),
                caller: Pii::new(CallerNumber {
                    canonical: CALLER.to_owned(),
                    kind: NumberKind::Mobile,
                    province: Some("北京".to_owned()),
                    cities: Vec::new(),
                }),
                source: ([127, 0, 0, 1], 5060).into(),
                sip_call_id: format!("{number}@b"),
            },
            CallEvent::Answered {
                codec: "PCMA".to_owned(),
            },
            CallEvent::UtteranceRecognised {
                utterance: UtteranceId(1),
                text: Pii::new(format!("我的号码是{CALLER}")),
                confidence: 0.9,
                span_ms: (1, 2),
                recognition_ms: 100,
            },
            CallEvent::SpeechEnded {
                speech: SpeechId(1),
                heard: format!("您的号码是{CALLER}"),
                played_ms: 1,
                complete: true,
            },
            CallEvent::CallbackRequested {
                number: Pii::new(ABROAD.to_owned()),
            },
            CallEvent::Noted {
                entry: EntryId::new("A1"),
                text: Pii::new(SECRET.to_owned()),
            },
        ];
        events.extend(SECRET.chars().filter_map(Digit::new).map(|digit| {
            let digit = Pii::new(digit);
            CallEvent::Digit { digit }
        }));
        events.extend(file.map(|file| CallEvent::RecordingStarted {
            file: file.to_owned(),
            offset_ms: 40,
        }));
        let mut seq = 0;
        for event in events {
            let at = Moment::from_millis(seq * 500);
            let record = CallRecord { seq, at, event };
            self.writer.append(call, record).await.expect("queued");
            seq += 1;
        }
        let event = CallEvent::Ended {
            by: Party::Caller,
            cause: EndCause::Hangup,
            disposition: Disposition::Contained,
        };
        let at = Moment::from_millis(seq * 500);
        let record = CallRecord { seq, at, event };
        self.writer.finish(call, record).await.expect("closed");
        call
    }

    fn recordings(&self) -> std::path::PathBuf {
        self.folder.path().join("recordings")
    }
}

fn write(path: impl AsRef<Path>, bytes: &[u8]) {
    std::fs::write(path, bytes).expect("written");
}

#[tokio::test]
async fn calls_are_listed_in_pages() {
    let console = Console::new(true).await;
    for number in 1..=5 {
        console.call(number, None).await;
    }
    let first = console.get("/api/calls?limit=3").await.json();
    assert_eq!(first["calls"].as_array().map(Vec::len), Some(3));
    let next = first["next"].as_str().expect("there is more");
    let second = console
        .get(&format!("/api/calls?limit=3&cursor={next}"))
        .await
        .json();
    assert_eq!(second["calls"].as_array().map(Vec::len), Some(2));
    assert!(second.get("next").is_none());
    let call = &second["calls"][1];
    assert_eq!(call["caller"]["number"], "138****8000");
    assert_eq!(call["cdr"]["disposition"], "contained");
    let since = console.get("/api/calls?since=1800000000004").await.json();
    assert_eq!(since["calls"].as_array().map(Vec::len), Some(2));
    let one = console.get("/api/calls?sip_call_id=4%40b").await.json();
    assert_eq!(one["calls"].as_array().map(Vec::len), Some(1));
    assert_eq!(
        one["calls"][0]["id"],
        CallId(Uuid::from_u128(4)).to_string()
    );
    let other = console.get("/api/calls?line=4008001002").await.json();
    assert_eq!(other["calls"].as_array().map(Vec::len), Some(0));
}

#[tokio::test]
async fn numbers_of_every_part_are_on_one_page() {
    let console = Console::new(true).await;
    let page = console.get("/metrics").await;
    for line in ["yingda_calls_offered_total 0\n", "yingda_parts_total 7\n"] {
        assert!(page.text().contains(line), "{line}{}", page.text());
    }
}

#[tokio::test]
async fn nothing_personal_leaks() {
    let console = Console::new(true).await;
    let call = console.call(1, None).await;
    for path in [
        "/api/calls".to_owned(),
        format!("/api/calls/{call}"),
        format!("/api/calls/{call}/events"),
        "/metrics".to_owned(),
    ] {
        let answer = console.get(&path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        for personal in [CALLER, ABROAD, SECRET] {
            let text = answer.text();
            assert!(!text.contains(personal), "{path}: {text}");
        }
    }
    let detail = console.get(&format!("/api/calls/{call}")).await.json();
    assert_eq!(detail["transcript"][0]["text"], "我的号码是138****8000");
    let lines = detail["transcript"].as_array().expect("lines");
    let of = |text: &str| lines.iter().find(|line| line["text"] == text);
    let detail_of = |text: &str| of(text).expect("the line")["detail"].clone();
    assert_eq!(detail_of("callback_requested"), "+85*****4567");
    assert_eq!(detail_of("noted"), "******");
    assert_eq!(of("******").expect("the keys")["flags"][0], "keys");
    assert_eq!(detail["intact"], true);
}

#[tokio::test]
async fn refusals_are_json() {
    let console = Console::new(false).await;
    let call = console.call(1, None).await;
    for (method, path, status, code) in [
        ("GET", "/nothing".to_owned(), 404, "no_such_page"),
        ("GET", "/assets/../mod.rs".to_owned(), 404, "no_such_page"),
        ("GET", "/api/calls/xyz".to_owned(), 404, "no_such_call"),
        (
            "GET",
            format!("/api/calls/{}", Uuid::nil()),
            404,
            "no_such_call",
        ),
        (
            "GET",
            format!("/api/calls/{}/events", Uuid::nil()),
            404,
            "no_such_call",
        ),
        (
            "GET",
            format!("/api/calls/{call}/recording"),
            404,
            "no_recording",
        ),
        ("GET", "/api/calls?limit=0".to_owned(), 400, "bad_request"),
        ("GET", "/api/calls?limit=x".to_owned(), 400, "bad_request"),
        (
            "GET",
            "/api/calls?colour=red".to_owned(),
            400,
            "bad_request",
        ),
        ("GET", "/api/calls?cursor=1".to_owned(), 400, "bad_request"),
        (
            "DELETE",
            format!("/api/calls/{call}"),
            405,
            "no_such_method",
        ),
        ("GET", "/readyz".to_owned(), 503, "not_ready"),
    ] {
        let answer = console.ask(method, &path, None).await;
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.text());
        assert_eq!(answer.json()["error"]["code"], code, "{method} {path}");
    }
    assert_eq!(console.get("/healthz").await.status, 200);
}

#[tokio::test]
async fn recordings_are_sent_in_parts() {
    let console = Console::new(true).await;
    std::fs::create_dir(console.recordings().join("2026-03-01")).expect("a folder");
    write(console.recordings().join("2026-03-01/a.wav"), b"0123456789");
    let call = console.call(1, Some("2026-03-01/a.wav")).await;
    let path = format!("/api/calls/{call}/recording");
    let whole = console.get(&path).await;
    assert_eq!((whole.status, whole.text().as_str()), (200, "0123456789"));
    assert_eq!(whole.header("content-type"), "audio/wav");
    assert_eq!(whole.header("accept-ranges"), "bytes");
    let part = console.ask("GET", &path, Some("bytes=2-4")).await;
    assert_eq!((part.status, part.text().as_str()), (206, "234"));
    assert_eq!(part.header("content-range"), "bytes 2-4/10");
    assert_eq!(part.header("content-length"), "3");
    let none = console.ask("GET", &path, Some("bytes=10-")).await;
    assert_eq!(
        (none.status, none.header("content-range")),
        (416, "bytes */10")
    );
}

#[tokio::test]
async fn recordings_stay_inside_their_folder() {
    let console = Console::new(true).await;
    write(console.folder.path().join("secret.wav"), b"secret");
    for (number, file) in (1..).zip([
        "../secret.wav",
        "/etc/hostname",
        "..",
        "gone.wav",
        "a/../../secret.wav",
        "",
    ]) {
        let call = console.call(number, Some(file)).await;
        let answer = console.get(&format!("/api/calls/{call}/recording")).await;
        assert_eq!(answer.status, 404, "{file}");
    }
}

#[tokio::test]
async fn pages_are_self_contained() {
    let console = Console::new(true).await;
    let pages = ["/", "/calls/0190", "/knowledge", "/knowledge/a/b"];
    let mut wanted: Vec<String> = pages.map(str::to_owned).to_vec();
    let mut place = 0;
    while let Some(path) = wanted.get(place).cloned() {
        place += 1;
        let answer = console.get(&path).await;
        assert_eq!(answer.status, 200, "{path}");
        assert!(
            answer
                .header("content-security-policy")
                .starts_with("default-src 'self'"),
            "{path}"
        );
        let text = answer.text();
        for outside in [
            "http://",
            "https://",
            "<style",
            "style=",
            // As an attribute, which the policy forbids; a script may set the property.
            " onclick",
            "innerHTML",
            "eval(",
        ] {
            assert!(!text.contains(outside), "{path} holds {outside}");
        }
        // What it is made of, in turn.
        for quoted in text.split('"').skip(1).step_by(2) {
            let part = match quoted.strip_prefix("./") {
                Some(module) => format!("/assets/{module}"),
                None if quoted.starts_with("/assets/") => quoted.to_owned(),
                None => continue,
            };
            if !wanted.contains(&part) {
                wanted.push(part);
            }
        }
    }
    assert_eq!(wanted.len(), pages.len() + 10, "{wanted:?}");
}

#[tokio::test]
async fn it_stops_when_it_is_told_to() {
    let console = Console::new(true).await;
    assert_eq!(console.get("/healthz").await.text(), "ok\n");
    console.stop.cancel();
    console
        .served
        .await
        .expect("no panic")
        .expect("an orderly end");
    assert!(
        tokio::net::TcpStream::connect(console.address)
            .await
            .is_err()
    );
}

#[test]
fn a_server_that_recalls_is_shown_in_one_object() {
    let check = |state: QdrantState, problem: Option<&str>, expected: serde_json::Value| {
        let status = QdrantStatus {
            state,
            problem: problem.map(str::to_owned),
            answered: 7,
            in_process: 2,
        };
        assert_eq!(serde_json::to_value(status).expect("JSON"), expected);
    };
    check(
        QdrantState::Ready,
        None,
        serde_json::json!({ "state": "ready", "answered": 7, "in_process": 2 }),
    );
    check(
        QdrantState::Uploading { done: 1, all: 3 },
        Some("it is full"),
        serde_json::json!({
            "state": "uploading", "done": 1, "all": 3, "problem": "it is full", "answered": 7, "in_process": 2
        }),
    );
    let error = "connection refused".to_owned();
    check(
        QdrantState::Down { since_ms: 5, error },
        None,
        serde_json::json!({
            "state": "down", "since_ms": 5, "error": "connection refused", "answered": 7, "in_process": 2
        }),
    );
}
