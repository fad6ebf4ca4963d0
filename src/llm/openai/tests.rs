//! The client against a real HTTP server on loopback that misbehaves in every way.

use std::sync::{Mutex, PoisonError};

use axum::{
    Router,
    body::Body,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::post,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};
use tokio_util::io::ReaderStream;

use super::*;
use crate::llm::By;

const NOW: Moment = Moment::ORIGIN;

/// How a server replies.
#[derive(Clone)]
enum Manner {
    /// With these bytes as an event stream, piece by piece, and then its end.
    Streams(Vec<String>),
    /// The same, and then nothing for ever.
    Stalls(Vec<String>),
    /// As one JSON document.
    Json(String),
    Status(StatusCode),
    /// Sends the client elsewhere.
    Redirects(String),
}

/// What a server was asked.
#[derive(Clone, Debug, Default)]
struct Asked {
    headers: HeaderMap,
    body: String,
}

#[derive(Clone)]
struct Server {
    manner: Manner,
    asked: Arc<Mutex<Vec<Asked>>>,
}

async fn reply(State(server): State<Server>, headers: HeaderMap, body: String) -> Response {
    let mut asked = server.asked.lock().unwrap_or_else(PoisonError::into_inner);
    asked.push(Asked { headers, body });
    drop(asked);
    let events = |pieces: Vec<String>, stalls: bool| {
        let (mut writer, reader) = tokio::io::duplex(64);
        tokio::spawn(async move {
            for piece in pieces {
                // The client may have left.
                if writer.write_all(piece.as_bytes()).await.is_err() {
                    return;
                }
            }
            if stalls {
                std::future::pending::<()>().await;
            }
        });
        let body = Body::from_stream(ReaderStream::new(reader));
        ([("content-type", "text/event-stream")], body).into_response()
    };
    match server.manner {
        Manner::Streams(pieces) => events(pieces, false),
        Manner::Stalls(pieces) => events(pieces, true),
        Manner::Json(json) => ([("content-type", "application/json")], json).into_response(),
        Manner::Status(status) => (status, "secret words of the caller").into_response(),
        Manner::Redirects(to) => {
            (StatusCode::TEMPORARY_REDIRECT, [("location", to)]).into_response()
        }
    }
}

/// A chunk of a completion, as an event.
fn chunk(content: &str) -> String {
    let json = serde_json::json!({ "choices": [{ "index": 0, "delta": { "content": content } }] });
    format!("data: {json}\n\n")
}

fn finished(reason: &str) -> String {
    let json = serde_json::json!({ "choices": [{ "delta": {}, "finish_reason": reason }] });
    format!("data: {json}\n\n")
}

const DONE: &str = "data: [DONE]\n\n";

/// A server on loopback, and what it was asked.
async fn serve(manner: Manner) -> (String, Arc<Mutex<Vec<Asked>>>) {
    let asked = Arc::new(Mutex::default());
    let server = Server {
        manner,
        asked: asked.clone(),
    };
    let router = Router::new()
        .route("/v1/chat/completions", post(reply))
        .with_state(server);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("it is bound");
    tokio::spawn(async move { axum::serve(listener, router).await });
    (format!("http://{address}/v1"), asked)
}

fn config(url: &str) -> OpenAiConfig {
    OpenAiConfig {
        url: url.to_owned(),
        model: "small".to_owned(),
        key: ApiKey::new("sk-1"),
        allow_http: false,
        total: Duration::from_secs(10),
        slots: 2,
        most_bytes: 4_096,
    }
}

fn client(url: &str) -> OpenAiClient {
    OpenAiClient::new(config(url)).expect("a sound address")
}

fn chat() -> Chat {
    Chat {
        system: "系统".to_owned(),
        user: "<question>冰箱</question>".to_owned(),
        by: By::Sentence,
        max_tokens: 50,
    }
}

/// What is written until it ends, errors last.
async fn all(client: &OpenAiClient) -> Vec<String> {
    let mut pieces = match client.write(NOW, chat()) {
        Ok(pieces) => pieces,
        Err(error) => return vec![format!("refused: {error}")],
    };
    let mut said = Vec::new();
    while let Some(piece) = pieces.recv().await {
        said.push(piece.unwrap_or_else(|error| format!("error: {error}")));
    }
    said
}

async fn check(manner: Manner, expected: &[&str]) {
    let (url, _) = serve(manner).await;
    assert_eq!(all(&client(&url)).await, expected);
}

fn streams(pieces: &[&str]) -> Manner {
    Manner::Streams(pieces.iter().map(|piece| (*piece).to_owned()).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_is_read_sentence_by_sentence() {
    let pieces = [
        ": keep-alive\n\n".to_owned(),
        chunk("保修"),
        chunk("三年[1]。可"),
        ": keep-alive\n\n".to_owned(),
        chunk("以退[2]"),
        finished("stop"),
        DONE.to_owned(),
    ];
    check(
        Manner::Streams(pieces.to_vec()),
        &["保修三年[1]。", "可以退[2]"],
    )
    .await;
    // Without a reason, without [DONE] after one, with usage at the end.
    check(streams(&[&chunk("好[1]。"), DONE]), &["好[1]。"]).await;
    check(
        streams(&[&chunk("好[1]。"), &finished("stop")]),
        &["好[1]。"],
    )
    .await;
    let usage = "data: {\"choices\":[],\"usage\":{\"total_tokens\":9}}\n\n";
    check(streams(&[&chunk("好[1]。"), usage, DONE]), &["好[1]。"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_sentence_comes_while_the_rest_is_written() {
    let (url, _) = serve(Manner::Stalls(vec![chunk("保修三年[1]。"), chunk("可以")])).await;
    let client = client(&url);
    let mut pieces = client.write(NOW, chat()).expect("it is admitted");
    assert_eq!(pieces.recv().await, Some(Ok("保修三年[1]。".to_owned())));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_in_one_piece_is_taken_too() {
    let json = |content: &str, reason: &str| {
        let reply = serde_json::json!({
            "choices": [{ "message": { "role": "assistant", "content": content }, "finish_reason": reason }],
        });
        Manner::Json(reply.to_string())
    };
    check(
        json("保修三年[1]。可以退[2]。", "stop"),
        &["保修三年[1]。", "可以退[2]。"],
    )
    .await;
    // The limit of tokens cuts the last sentence.
    check(json("保修三年[1]。可以", "length"), &["保修三年[1]。"]).await;
    let error = "{\"error\":{\"message\":\"your words were: …\"}}";
    check(
        Manner::Json(error.to_owned()),
        &["error: the language model's reply cannot be read: it reports an error"],
    )
    .await;
    check(
        Manner::Json("{}".to_owned()),
        &["error: the language model's reply cannot be read: it has no choices"],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_reply_is_an_error_and_what_was_whole_before_it_is_said() {
    check(
        streams(&[&chunk("好[1]。再"), "data: {\"choices\": [\n\n"]),
        &[
            "好[1]。",
            "error: the language model's reply cannot be read: EOF while parsing a list at line 1 column 13",
        ],
    )
    .await;
    let broke_off = "error: the language model's reply broke off";
    check(streams(&[&chunk("好[1]。再见")]), &["好[1]。", broke_off]).await;
    check(streams(&[]), &[broke_off]).await;
    check(
        streams(&[&chunk("好[1]。再见"), &finished("length")]),
        &["好[1]。"],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_and_redirects_are_not_followed() {
    check(
        Manner::Status(StatusCode::INTERNAL_SERVER_ERROR),
        &["error: the language model answered with status 500"],
    )
    .await;
    let (elsewhere, asked) = serve(streams(&[DONE])).await;
    check(
        Manner::Redirects(format!("{elsewhere}/chat/completions")),
        &["error: the language model answered with status 307"],
    )
    .await;
    assert!(
        asked.lock().expect("no panic").is_empty(),
        "the key went elsewhere"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_is_cut_off() {
    let pieces = vec![chunk("啊啊啊啊啊啊啊啊"); 1_000];
    let too_long = "error: the language model's reply is longer than 4096 bytes";
    check(Manner::Streams(pieces), &[too_long]).await;
    // One line without end, and one document.
    check(
        Manner::Streams(vec!["data: ".to_owned(), "x".repeat(100_000)]),
        &[too_long],
    )
    .await;
    check(Manner::Json("x".repeat(100_000)), &[too_long]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_breaks_is_told() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/v1", listener.local_addr().expect("bound"));
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a client");
        let mut request = [0; 4_096];
        let _ = stream.read(&mut request).await;
        let body = chunk("好[1]。再");
        let head =
            "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: 9999\r\n\r\n";
        let _ = stream.write_all(format!("{head}{body}").as_bytes()).await;
        let _ = stream.flush().await;
    });
    let said = all(&client(&url)).await;
    assert_eq!(said.first().map(String::as_str), Some("好[1]。"));
    assert!(said[1].starts_with("error: "), "{said:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_has_a_time_limit() {
    let (url, _) = serve(Manner::Stalls(vec![chunk("好[1]。"), chunk("再")])).await;
    let client = OpenAiClient::new(OpenAiConfig {
        total: Duration::from_millis(200),
        ..config(&url)
    })
    .expect("a sound address");
    let said = all(&client).await;
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(said[1].contains("cannot be reached: timeout"), "{said:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_so_many_write_at_once_and_a_server_that_is_down_is_left_alone() {
    let (url, _) = serve(Manner::Stalls(Vec::new())).await;
    let busy = client(&url);
    let first = busy.write(NOW, chat()).expect("a slot");
    let second = busy.write(NOW, chat()).expect("a slot");
    assert_eq!(busy.write(NOW, chat()).err(), Some(ModelError::Busy(2)));
    drop((first, second));
    // A port that nobody listens on.
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let down = client(&format!(
        "http://{}/v1",
        listener.local_addr().expect("bound")
    ));
    drop(listener);
    for _ in 0..3 {
        let said = all(&down).await;
        assert!(said[0].contains("cannot be reached"), "{said:?}");
    }
    assert_eq!(down.write(NOW, chat()).err(), Some(ModelError::Resting(3)));
    let later = NOW + Duration::from_secs(31);
    assert!(down.write(later, chat()).is_ok(), "one tries again");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_request_is_as_servers_expect_it() {
    let (url, asked) = serve(streams(&[&chunk("好[1]。"), DONE])).await;
    all(&client(&url)).await;
    let asked = asked.lock().expect("no panic").clone();
    let [Asked { headers, body }] = asked.as_slice() else {
        panic!("asked {} times", asked.len());
    };
    assert_eq!(headers["authorization"], "Bearer sk-1");
    assert_eq!(headers["content-type"], "application/json");
    let body: serde_json::Value = serde_json::from_str(body).expect("JSON");
    let expected = serde_json::json!({
        "model": "small",
        "messages": [
            { "role": "system", "content": "系统" },
            { "role": "user", "content": "<question>冰箱</question>" },
        ],
        "stream": true,
        "temperature": 0,
        "max_tokens": 50,
    });
    assert_eq!(body, expected);
}

#[test]
fn addresses_are_encrypted_or_near() {
    let check = |url: &str, allow_http: bool, expected: Result<&str, UrlFault>| {
        assert_eq!(
            endpoint(url, allow_http),
            expected.map(str::to_owned),
            "{url}"
        );
    };
    let done = "https://models.example/v1/chat/completions";
    check("https://models.example/v1", false, Ok(done));
    check("https://models.example/v1/", false, Ok(done));
    check(done, false, Ok(done));
    check(
        "http://127.0.0.1:8000/v1",
        false,
        Ok("http://127.0.0.1:8000/v1/chat/completions"),
    );
    check(
        "http://localhost/v1",
        false,
        Ok("http://localhost/v1/chat/completions"),
    );
    check(
        "http://[::1]:80/v1",
        false,
        Ok("http://[::1]:80/v1/chat/completions"),
    );
    check("http://192.0.2.1/v1", false, Err(UrlFault::NotEncrypted));
    check(
        "http://127.0.0.1.example/v1",
        false,
        Err(UrlFault::NotEncrypted),
    );
    check(
        "http://192.0.2.1/v1",
        true,
        Ok("http://192.0.2.1/v1/chat/completions"),
    );
    check(
        "https://user:word@models.example/v1",
        false,
        Err(UrlFault::Decorated),
    );
    check(
        "https://models.example/v1?key=1",
        false,
        Err(UrlFault::Decorated),
    );
    check(
        "https://models.example/v1#x",
        false,
        Err(UrlFault::Decorated),
    );
    check("ftp://models.example/v1", false, Err(UrlFault::NoUrl));
    check("models.example", false, Err(UrlFault::NoUrl));
    check("", false, Err(UrlFault::NoUrl));
}

#[test]
fn a_key_is_shown_nowhere() {
    let key = ApiKey::new(" sk-secret\n").expect("a key");
    assert_eq!(format!("{key:?}"), "<key>");
    assert_eq!(ApiKey::new(""), None);
    assert_eq!(ApiKey::new("sk\r\nx: y"), None);
}
