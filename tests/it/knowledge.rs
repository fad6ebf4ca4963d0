//! A new version while a call is going on: that call keeps what it began with, the next one gets the new answer.

use std::time::Duration;

use serde_json::{Value, json};
use yingda::{
    call::CallEvent,
    clock::{Moment, ProcessClock},
    entry::{Finding, Verdict},
    ids::{CallId, LineNumber},
    simulator::leg::{Leg, LegState, Waited},
};

use super::{
    server::{Server, caller, eventually, invite},
    sounds::question,
};

const LINE: &str = "4008001001";
const TOKEN: &str = "0123456789abcdef0123456789abcdef";
const PATIENCE: Duration = Duration::from_secs(60);

/// The console as a client sees it.
struct Client(std::net::SocketAddr);

impl Client {
    async fn send(&self, method: &str, path: &str, body: Value) -> Value {
        let url = format!("http://{}/api/knowledge/appliance/appliance{path}", self.0);
        let request = ureq::http::Request::builder()
            .method(method)
            .uri(url)
            .header("authorization", format!("Bearer {TOKEN}"))
            .header("content-type", "application/json");
        let request = request.body(body.to_string()).expect("a request");
        let sent = tokio::task::spawn_blocking(move || {
            let mut response = ureq::run(request)?;
            response.body_mut().read_to_string()
        });
        let text = sent.await.expect("it ran").expect("it was taken");
        serde_json::from_str(&text).expect("JSON")
    }
}

/// A call whose greeting is over.
async fn greeted(server: &Server) -> Leg {
    let clock = ProcessClock::start();
    let endpoint = caller().await;
    let media = server.sip.ip();
    let dialled = Leg::dial(&endpoint, invite(server, LINE), media, clock).await;
    let mut leg = dialled.expect("sent");
    let talking = |state: &LegState| match state {
        LegState::Talking { since } => Some(*since),
        _ => None,
    };
    let answered = leg.until(PATIENCE, |state, _| talking(state)).await;
    let Waited::Came(answered) = answered else {
        panic!("the call is not answered: {:?}", leg.state());
    };
    spoken(&mut leg, answered).await;
    leg
}

async fn spoken(leg: &mut Leg, since: Moment) {
    let quiet = Duration::from_millis(1_500);
    let heard = leg.until(PATIENCE, |_, phone| {
        let spoken = phone.hearing.has_spoken_since(since, phone.now, quiet);
        spoken.then_some(())
    });
    assert_eq!(heard.await, Waited::Came(()), "the bot speaks");
}

async fn ask(mut leg: Leg) {
    leg.phone.play(question()).await;
    let asked = leg.now();
    spoken(&mut leg, asked + Duration::from_secs(2)).await;
    leg.end().await;
    leg.put_away().await;
}

/// What was found for the question of a call.
async fn found(server: &Server, call: CallId) -> Finding {
    let store = server.store().await;
    let records = store.records(call).await.expect("read");
    store.close().await;
    let findings = records.into_iter().filter_map(|record| match record.event {
        CallEvent::Turn { finding, .. } => Some(finding),
        _ => None,
    });
    findings.last().expect("the caller asked")
}

fn answer(finding: &Finding) -> &str {
    match &finding.verdict {
        Verdict::Answer { candidate } => &candidate.entry.answer,
        other => panic!("not answered: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_call_keeps_its_version_and_the_next_one_gets_the_new() {
    let server = Server::start(None, |config| {
        let database = config["storage"]["database"].as_str().expect("a path");
        let token = std::path::Path::new(database).with_extension("token");
        std::fs::write(&token, TOKEN).expect("written");
        let console = config["console"].as_table_mut().expect("a section");
        let token = token.display().to_string();
        console.insert("token_file".to_owned(), token.into());
    })
    .await;
    let client = Client(server.console);
    let number = LineNumber::new(LINE);
    let version = || {
        let line = server.services().lines.get(&number).expect("the line");
        line.index.version().clone()
    };
    let first = version();
    let running = greeted(&server).await;

    let draft = client.send("GET", "/draft", Value::Null).await;
    let entries = draft["entries"].as_array().expect("entries");
    let entry = entries.iter().find(|entry| entry["id"] == "A003");
    let mut entry = entry.expect("A003").clone();
    entry["answer"] = json!("请把排水管放低再试一次。");
    client.send("PUT", "/draft/entries/A003", entry).await;
    let order = json!({ "author": "小王", "note": "改排水" });
    client.send("POST", "/publishing", order).await;
    eventually("new calls get the version", async || {
        (version() != first).then_some(())
    })
    .await;
    let next = greeted(&server).await;
    tokio::join!(ask(running), ask(next));

    let calls = server.closed_calls(2).await;
    let (before, after) = (
        found(&server, calls[1].call).await,
        found(&server, calls[0].call).await,
    );
    assert_eq!(before.version, first);
    assert_ne!(after.version, first);
    assert_ne!(answer(&before), "请把排水管放低再试一次。");
    assert_eq!(answer(&after), "请把排水管放低再试一次。");
    server.stop().await;
}
