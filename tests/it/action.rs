//! A call in which the business's system is asked for an order, and one in which it is down.

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{Json, Router, extract::State, http::HeaderMap, routing::post};
use tokio::net::TcpListener;
use yingda::{
    action::{ActionFailure, Outcome},
    call::{CallEvent, Digit},
    webhooks::Secrets,
};

use super::{
    server::Server,
    sounds::question,
    talk::{ended, greeted, heard, replied},
};

const LINE: &str = "4008001001";
const SECRET: &str = "a secret of thirty-two bytes, yes";
const SHEET: &str = "id,category,question,similar_questions,answer,action\n\
    L1,订单,洗衣机不脱水怎么回事,洗衣机不脱水,我帮您查一下订单。,lookup:order\n\
    L2,发票,怎么开发票,,您在公众号里就能开发票。,answer\n";

/// The headers and bodies that a system was sent.
type Asked = Arc<Mutex<Vec<(HeaderMap, String)>>>;

async fn reply(
    State(asked): State<Asked>,
    headers: HeaderMap,
    body: String,
) -> Json<serde_json::Value> {
    let mut all = asked.lock().unwrap_or_else(PoisonError::into_inner);
    all.push((headers, body));
    Json(serde_json::json!({
        "outcome": "done",
        "fields": { "status": "已经发货", "eta": "明天" },
    }))
}

/// A business's system on loopback.
async fn system() -> (String, Asked) {
    let asked = Asked::default();
    let router = Router::new()
        .route("/hook", post(reply))
        .with_state(asked.clone());
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("bound");
    tokio::spawn(async move { axum::serve(listener, router).await });
    (format!("http://{address}/hook"), asked)
}

fn keys(text: &str) -> Vec<Digit> {
    let digit = |symbol| Digit::new(symbol).expect("a key");
    text.chars().map(digit).collect()
}

/// The events of a call in which an order is looked up by keys.
async fn call_with(url: &str) -> Vec<CallEvent> {
    let server = Server::start(None, |config| {
        let database = config["storage"]["database"].as_str().expect("a path");
        let sheet = Path::new(database).with_extension("csv");
        let secret = Path::new(database).with_extension("secret");
        std::fs::write(&sheet, SHEET).expect("written");
        std::fs::write(&secret, SECRET).expect("written");
        let business = config["business"][0].as_table_mut().expect("a business");
        let line = business["line"][0].as_table_mut().expect("a line");
        line.insert("knowledge".to_owned(), sheet.display().to_string().into());
        let mut webhook = toml::toml! { name = "crm" };
        webhook.insert("url".to_owned(), url.into());
        webhook.insert(
            "secret_file".to_owned(),
            secret.display().to_string().into(),
        );
        let action = toml::toml! {
            name = "lookup:order"
            webhook = "crm"
            slots = [{ name = "order", label = "订单号", kind = "digits", min = 8, max = 8 }]
        };
        business.insert("webhook".to_owned(), vec![webhook].into());
        business.insert("action".to_owned(), vec![action].into());
    })
    .await;
    let mut leg = greeted(&server, LINE).await;
    leg.phone.play(question()).await;
    // Not while the question goes on.
    let since = leg.now() + Duration::from_secs(2);
    replied(&mut leg, since, "the bot asks for the order").await;
    for (pressed, what) in [
        ("12345678", "the bot reads the number back"),
        ("1", "the bot says what was found"),
    ] {
        leg.phone.press(keys(pressed)).await;
        let since = leg.now() + Duration::from_millis(500);
        replied(&mut leg, since, what).await;
    }
    ended(server, leg).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_looked_up_in_the_business_s_system() {
    let (url, asked) = system().await;
    let events = call_with(&url).await;
    let asked = asked.lock().unwrap_or_else(PoisonError::into_inner).clone();
    assert_eq!(asked.len(), 1, "{events:?}");
    let (headers, body) = &asked[0];
    let wanted: serde_json::Value = serde_json::from_str(body).expect("JSON");
    assert_eq!(wanted["action"], "lookup:order");
    assert_eq!(wanted["slots"]["order"], "12345678");
    let header = |name: &str| headers[name].to_str().expect("text");
    let sent_at: i64 = header("webhook-timestamp").parse().expect("seconds");
    let secrets = Secrets::parse(SECRET).expect("a secret");
    let signature = secrets.sign(header("webhook-id"), sent_at, body);
    assert_eq!(header("webhook-signature"), signature);
    let replied = events.iter().any(|event| {
        matches!(
            event,
            CallEvent::ActionReplied {
                outcome: Outcome::Done,
                ..
            }
        )
    });
    assert!(replied, "{events:?}");
    assert!(heard(&events).contains("已经发货"), "{}", heard(&events));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_system_that_is_down_leaves_a_note_for_the_staff() {
    // Nobody listens there.
    let events = call_with("http://127.0.0.1:1/hook").await;
    let failed = events.iter().find_map(|event| match event {
        CallEvent::ActionFailed { failure, .. } => Some(*failure),
        _ => None,
    });
    assert_eq!(failed, Some(ActionFailure::Unreachable), "{events:?}");
    let noted = events
        .iter()
        .any(|event| matches!(event, CallEvent::Noted { .. }));
    assert!(noted, "{events:?}");
}
