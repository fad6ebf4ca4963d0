//! A call in which a language model phrases an answer that no entry gives at once, and one in which it makes something up.

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{Router, extract::State, routing::post};
use tokio::net::TcpListener;
use yingda::call::{CallEvent, GeneratedSentence, GenerationOutcome};

use super::{
    server::Server,
    sounds::question,
    talk::{ended, greeted, heard, replied},
};

const LINE: &str = "4008001001";
const SHEET: &str = "id,category,question,similar_questions,answer,action\n\
    L1,洗衣机,洗衣机不脱水了,,洗衣机不脱水多半是排水管堵了，请您把排水管放低。,answer\n\
    L2,发票,怎么开发票,,您在公众号里就能开发票。,answer\n";

/// What a model was asked, and what it writes.
#[derive(Clone)]
struct Model {
    writes: &'static str,
    asked: Arc<Mutex<Vec<String>>>,
}

async fn reply(
    State(model): State<Model>,
    body: String,
) -> ([(&'static str, &'static str); 1], String) {
    let mut asked = model.asked.lock().unwrap_or_else(PoisonError::into_inner);
    asked.push(body);
    let chunk = serde_json::json!({
        "choices": [{ "index": 0, "delta": { "content": model.writes }, "finish_reason": "stop" }]
    });
    let events = format!("data: {chunk}\n\ndata: [DONE]\n\n");
    ([("content-type", "text/event-stream")], events)
}

/// A model on loopback that always writes the same.
async fn model(writes: &'static str) -> (String, Arc<Mutex<Vec<String>>>) {
    let asked = Arc::new(Mutex::default());
    let state = Model {
        writes,
        asked: asked.clone(),
    };
    let router = Router::new()
        .route("/v1/chat/completions", post(reply))
        .with_state(state);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("bound");
    tokio::spawn(async move { axum::serve(listener, router).await });
    (format!("http://{address}/v1"), asked)
}

/// The events of a call that asks about the washing machine, on a line that answers nothing by itself.
async fn call_with(writes: &'static str) -> (Vec<CallEvent>, Vec<String>) {
    let (url, asked) = model(writes).await;
    let server = Server::start(None, |config| {
        let database = config["storage"]["database"].as_str().expect("a path");
        let sheet = Path::new(database).with_extension("csv");
        std::fs::write(&sheet, SHEET).expect("written");
        let line = &mut config["business"][0]["line"][0];
        let line = line.as_table_mut().expect("a line");
        line.insert("knowledge".to_owned(), sheet.display().to_string().into());
        let retrieval = config["retrieval"].as_table_mut().expect("a section");
        // Nothing is sure enough to be said or offered.
        retrieval.insert("answer".to_owned(), 1.0.into());
        retrieval.insert("clarify".to_owned(), 0.999.into());
        let model = toml::toml! {
            model = "small"
            // The longest that may be set.
            first_sentence_ms = 1000
        };
        let mut model = model;
        model.insert("url".to_owned(), url.into());
        config.insert("language_model".to_owned(), model.into());
    })
    .await;
    let mut leg = greeted(&server, LINE).await;
    leg.phone.play(question()).await;
    // Not while the question goes on.
    let since = leg.now() + Duration::from_secs(2);
    replied(&mut leg, since, "the bot replies").await;
    let events = ended(server, leg).await;
    let asked = asked.lock().unwrap_or_else(PoisonError::into_inner).clone();
    (events, asked)
}

fn generated(events: &[CallEvent]) -> (&[GeneratedSentence], GenerationOutcome) {
    let found = events.iter().find_map(|event| match event {
        CallEvent::Generated {
            sentences, outcome, ..
        } => Some((&sentences[..], *outcome)),
        _ => None,
    });
    found.expect("a model was asked")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_phrases_what_an_entry_says() {
    let (events, asked) = call_with("洗衣机不脱水多半是排水管堵了[1]。").await;
    let (sentences, outcome) = generated(&events);
    assert_eq!(outcome, GenerationOutcome::Answered);
    assert_eq!(sentences[0].entry.as_str(), "L1");
    assert!(
        heard(&events).contains("多半是排水管堵了"),
        "{}",
        heard(&events)
    );
    assert!(asked[0].contains("<passage"), "{}", asked[0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_model_makes_up_is_not_said() {
    let (events, _) = call_with("洗衣机不脱水可以免费换新机[1]。").await;
    let (sentences, outcome) = generated(&events);
    assert_eq!(outcome, GenerationOutcome::Ungrounded);
    assert_eq!(sentences, []);
    assert!(!heard(&events).contains("免费"), "{}", heard(&events));
}
