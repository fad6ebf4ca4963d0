//! The client against a real HTTP server on loopback that behaves in every way.

use std::collections::VecDeque;

use axum::{
    Router,
    extract::State,
    http::HeaderMap,
    response::{IntoResponse, Response},
    routing::post,
};
use tokio::net::TcpListener;

use super::*;
use crate::{action::Outcome, webhooks::event::tests::event};

const KEY: &str = "a secret of thirty-two bytes, yes";
const NOW: Moment = Moment::ORIGIN;
const WALL_MS: i64 = 1_790_000_000_500;

/// How a server replies to one request.
#[derive(Clone, Debug)]
enum Manner {
    /// With this body, as JSON.
    Json(String),
    /// With this status, and `Retry-After` if there is one.
    Status(u16, Option<&'static str>),
    /// As something else than JSON.
    Page,
    /// Sends the client elsewhere.
    Redirect,
    /// Never.
    Silence,
}

/// What a server was asked.
type Asked = Arc<Mutex<Vec<(HeaderMap, String)>>>;

#[derive(Clone)]
struct Server {
    /// The last one goes on for ever.
    manners: Arc<Mutex<VecDeque<Manner>>>,
    asked: Asked,
}

async fn reply(State(server): State<Server>, headers: HeaderMap, body: String) -> Response {
    let manner = {
        server.asked.lock().expect("no panic").push((headers, body));
        let mut manners = server.manners.lock().expect("no panic");
        match manners.len() {
            1 => manners[0].clone(),
            _ => manners.pop_front().expect("there is one"),
        }
    };
    match manner {
        Manner::Json(json) => {
            ([("content-type", "application/json; charset=utf-8")], json).into_response()
        }
        Manner::Status(status, after) => {
            let status = StatusCode::from_u16(status).expect("a status");
            match after {
                Some(after) => (status, [("retry-after", after)]).into_response(),
                None => status.into_response(),
            }
        }
        Manner::Page => "<html>好的</html>".into_response(),
        Manner::Redirect => (
            StatusCode::TEMPORARY_REDIRECT,
            [("location", "http://127.0.0.1:1/")],
        )
            .into_response(),
        Manner::Silence => std::future::pending().await,
    }
}

async fn serve(manners: &[Manner]) -> (String, Asked) {
    let asked = Asked::default();
    let server = Server {
        manners: Arc::new(Mutex::new(manners.iter().cloned().collect())),
        asked: asked.clone(),
    };
    let router = Router::new().route("/hook", post(reply)).with_state(server);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("it is bound");
    tokio::spawn(async move { axum::serve(listener, router).await });
    (format!("http://{address}/hook"), asked)
}

fn client(url: &str, timeout_ms: u64) -> WebhookClient {
    WebhookClient::new(Target {
        url: url.to_owned(),
        allow_http: false,
        secrets: Secrets::parse(KEY).expect("a secret"),
        timeout: Duration::from_millis(timeout_ms),
        retries: 1,
        slots: 2,
    })
    .expect("loopback")
}

fn done() -> Manner {
    Manner::Json(r#"{"outcome":"done","fields":{"status":"已发货"}}"#.to_owned())
}

/// What comes of one request, and how often the server was asked.
async fn ask(manners: &[Manner], timeout_ms: u64) -> (Result<Outcome, ActionFailure>, usize) {
    let (url, asked) = serve(manners).await;
    let client = client(&url, timeout_ms);
    let result = client.ask(NOW, WALL_MS, &event()).await;
    let count = asked.lock().expect("no panic").len();
    (result.map(|reply| reply.outcome), count)
}

#[tokio::test]
async fn a_request_is_signed_and_its_reply_is_read() {
    let (url, asked) = serve(&[Manner::Status(503, None), done()]).await;
    let client = client(&url, 5_000);
    let event = event();
    let reply = client.ask(NOW, WALL_MS, &event).await.expect("a reply");
    assert_eq!(reply.outcome, Outcome::Done);
    assert_eq!(reply.fields["status"].expose(), "已发货");
    let asked = asked.lock().expect("no panic").clone();
    assert_eq!(asked.len(), 2);
    for (headers, body) in &asked {
        let header = |name: &str| headers[name].to_str().expect("text").to_owned();
        assert_eq!(body, &event.body());
        assert_eq!(header("webhook-id"), event.key());
        assert_eq!(header("idempotency-key"), format!("\"{}\"", event.key()));
        assert_eq!(header("webhook-timestamp"), "1790000000");
        let secrets = Secrets::parse(KEY).expect("a secret");
        let signature = secrets.sign(&event.key(), 1_790_000_000, body);
        assert_eq!(header("webhook-signature"), signature);
        assert_eq!(header("content-type"), "application/json");
    }
    let standing = client.standing(NOW);
    assert_eq!((standing.answered, standing.failed), (1, 0));
    assert_eq!(standing.last_failure, None);
}

#[tokio::test]
async fn every_manner_ends_in_a_reply_or_a_failure() {
    let huge = Manner::Json(format!("{{\"outcome\":\"done\"{}}}", " ".repeat(70_000)));
    let busy = |after| Manner::Status(429, Some(after));
    let cases = [
        (vec![done()], Ok(Outcome::Done), 1),
        (
            vec![Manner::Status(502, None), done()],
            Ok(Outcome::Done),
            2,
        ),
        (
            vec![Manner::Status(504, None)],
            Err(ActionFailure::Status),
            2,
        ),
        (vec![busy("0"), done()], Ok(Outcome::Done), 2),
        // Nobody waits so long.
        (vec![busy("60"), done()], Err(ActionFailure::Timeout), 1),
        (
            vec![busy("Wed, 21 Oct 2026 07:28:00 GMT"), done()],
            Ok(Outcome::Done),
            2,
        ),
        (
            vec![Manner::Status(500, None), done()],
            Err(ActionFailure::Status),
            1,
        ),
        (
            vec![Manner::Status(401, None), done()],
            Err(ActionFailure::Status),
            1,
        ),
        (
            vec![Manner::Status(204, None)],
            Err(ActionFailure::Status),
            1,
        ),
        (vec![Manner::Redirect], Err(ActionFailure::Status), 1),
        (vec![Manner::Page], Err(ActionFailure::Malformed), 1),
        (
            vec![Manner::Json("[]".to_owned())],
            Err(ActionFailure::Malformed),
            1,
        ),
        (vec![huge], Err(ActionFailure::Malformed), 1),
        (vec![Manner::Silence], Err(ActionFailure::Timeout), 1),
    ];
    for (manners, expected, count) in cases {
        let waits = matches!(expected, Err(ActionFailure::Timeout));
        let timeout_ms = if waits { 400 } else { 10_000 };
        assert_eq!(
            ask(&manners, timeout_ms).await,
            (expected, count),
            "{manners:?}"
        );
    }
}

#[tokio::test]
async fn a_system_that_is_down_is_left_alone() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("it is bound");
    drop(listener);
    let client = client(&format!("http://{address}/hook"), 2_000);
    for _ in 0..3 {
        let failed = client.ask(NOW, WALL_MS, &event()).await;
        assert_eq!(failed, Err(ActionFailure::Unreachable));
    }
    let standing = client.standing(NOW);
    assert!(
        standing.rests && standing.failures_in_a_row == 3,
        "{standing:?}"
    );
    // Somebody listens there again, and nobody asks before the rest is over.
    let (url, asked) = serve(&[done()]).await;
    let client = WebhookClient {
        shared: Arc::new(Shared {
            url,
            secrets: client.shared.secrets.clone(),
            agent: client.shared.agent.clone(),
        }),
        ..client
    };
    let failed = client.ask(NOW, WALL_MS, &event()).await;
    assert_eq!(failed, Err(ActionFailure::Unreachable));
    assert!(asked.lock().expect("no panic").is_empty());
    let later = NOW + Duration::from_secs(31);
    let reply = client.ask(later, WALL_MS, &event()).await.expect("a reply");
    assert_eq!(reply.outcome, Outcome::Done);
    assert!(!client.standing(later).rests);
}

#[tokio::test]
async fn only_so_many_ask_at_once() {
    let (url, asked) = serve(&[Manner::Silence]).await;
    let client = client(&url, 500);
    let event = event();
    let ask = || client.ask(NOW, WALL_MS, &event);
    let (first, second, third) = tokio::join!(ask(), ask(), ask());
    assert_eq!(first, Err(ActionFailure::Timeout));
    assert_eq!(second, Err(ActionFailure::Timeout));
    assert_eq!(third, Err(ActionFailure::Busy));
    assert_eq!(asked.lock().expect("no panic").len(), 2);
}

#[test]
fn addresses_are_checked() {
    let target = Target {
        url: "http://crm.example/hook".to_owned(),
        allow_http: false,
        secrets: Secrets::parse(KEY).expect("a secret"),
        timeout: Duration::from_secs(3),
        retries: 1,
        slots: 8,
    };
    let refused = WebhookClient::new(target).expect_err("in the clear");
    assert_eq!(refused, UrlFault::NotEncrypted);
}
