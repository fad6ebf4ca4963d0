//! The server's record of a call, read by its HTTP API while the call goes on.
//!
//! The call is found by its Call-ID. Nothing is judged here (see `judge`).

use std::{sync::Arc, time::Duration};

use serde_json::Value;
use tokio::sync::watch;

use super::news::{News, Progress};
use crate::clock::Moment;

/// How often a call in progress is looked at.
const PERIOD: Duration = Duration::from_millis(150);

/// How long one answer of the server may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why the records could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{url}: {problem}")]
pub struct RecordError {
    /// What was asked for.
    pub url: String,
    /// In words.
    pub problem: String,
}

/// An event as the API shows it, personal data masked.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    /// Offset into the call.
    pub at: Moment,
    /// Name of the event.
    pub name: String,
    /// All its fields.
    pub fields: Value,
}

impl Seen {
    /// Reads an event of `/api/calls/{id}/events`.
    pub fn of(fields: Value) -> Option<Self> {
        Some(Self {
            at: Moment::from_micros(fields.get("at")?.as_u64()?),
            name: fields.get("event")?.as_str()?.to_owned(),
            fields,
        })
    }

    /// A field that is text.
    pub fn text(&self, field: &str) -> Option<&str> {
        self.fields.get(field)?.as_str()
    }
}

/// What is known of a call.
#[derive(Clone, Debug, Default)]
pub struct Record {
    /// The server's name for the call, once it is known.
    pub call: Option<String>,
    /// Its events so far.
    pub events: Arc<Vec<Seen>>,
    /// What went wrong the last time it was read.
    pub error: Option<RecordError>,
}

impl Record {
    /// Whether the record is complete.
    pub fn is_closed(&self) -> bool {
        self.events
            .last()
            .is_some_and(|event| event.name == "ended")
    }
}

/// The API of a server.
#[derive(Clone, Debug)]
pub struct Api {
    base: String,
    agent: ureq::Agent,
}

impl Api {
    /// The API under this URL (`http://127.0.0.1:8400`).
    pub fn new(base: &str) -> Self {
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(PATIENCE))
            .build()
            .into();
        Self {
            base: base.trim_end_matches('/').to_owned(),
            agent,
        }
    }

    /// The JSON at a path.
    pub async fn get(&self, path: &str) -> Result<Value, RecordError> {
        let bytes = self.get_bytes(path).await?;
        serde_json::from_slice(&bytes).map_err(|error| self.error(path, error.to_string()))
    }

    /// What is at a path.
    pub async fn get_bytes(&self, path: &str) -> Result<Vec<u8>, RecordError> {
        let url = format!("{}{path}", self.base);
        let agent = self.agent.clone();
        // The client blocks: it has threads of its own.
        let asked = tokio::task::spawn_blocking(move || {
            let mut response = agent.get(&url).call().map_err(|error| error.to_string())?;
            let status = response.status();
            if !status.is_success() {
                return Err(format!("answered {status}"));
            }
            response
                .body_mut()
                .read_to_vec()
                .map_err(|error| error.to_string())
        });
        match asked.await {
            Ok(answer) => answer.map_err(|problem| self.error(path, problem)),
            Err(error) => Err(self.error(path, error.to_string())),
        }
    }

    fn error(&self, path: &str, problem: String) -> RecordError {
        RecordError {
            url: format!("{}{path}", self.base),
            problem,
        }
    }

    /// The server's name for the call with this Call-ID, once there is one.
    pub async fn find(&self, sip_call_id: &str) -> Result<Option<String>, RecordError> {
        let path = format!("/api/calls?limit=1&sip_call_id={}", encoded(sip_call_id));
        let found = self.get(&path).await?;
        Ok(found
            .pointer("/calls/0/id")
            .and_then(Value::as_str)
            .map(str::to_owned))
    }

    /// The events of a call so far.
    pub async fn events(&self, call: &str) -> Result<Vec<Seen>, RecordError> {
        let path = format!("/api/calls/{call}/events");
        let mut found = self.get(&path).await?;
        let events = found.get_mut("events").map(Value::take);
        match events {
            Some(Value::Array(events)) => Ok(events.into_iter().filter_map(Seen::of).collect()),
            _ => Err(self.error(&path, "has no events".to_owned())),
        }
    }
}

/// RFC 3986 §2.1: what is not unreserved is written as octets.
fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                encoded.push(char::from(byte));
            }
            byte => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

/// Follows the record of a call until it is closed or nobody looks any more.
pub fn follow(
    api: Api,
    sip_call_id: String,
    scenario: String,
    progress: Arc<dyn Progress>,
) -> watch::Receiver<Record> {
    let (sender, receiver) = watch::channel(Record::default());
    tokio::spawn(async move {
        let mut period = tokio::time::interval(PERIOD);
        period.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut record = Record::default();
        while !sender.is_closed() && !record.is_closed() {
            period.tick().await;
            match look(&api, &sip_call_id, &record).await {
                Ok(Some((call, events))) => {
                    for event in events.iter().skip(record.events.len()) {
                        progress.happened(&scenario, &News::Recorded(event.clone()));
                    }
                    record.call = Some(call);
                    record.events = Arc::new(events);
                    record.error = None;
                }
                Ok(None) => {}
                Err(error) => record.error = Some(error),
            }
            sender.send_replace(record.clone());
        }
    });
    receiver
}

async fn look(
    api: &Api,
    sip_call_id: &str,
    record: &Record,
) -> Result<Option<(String, Vec<Seen>)>, RecordError> {
    let call = match &record.call {
        Some(call) => call.clone(),
        None => match api.find(sip_call_id).await? {
            Some(call) => call,
            None => return Ok(None),
        },
    };
    let events = api.events(&call).await?;
    Ok(Some((call, events)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn call_ids_survive_the_query() {
        assert_eq!(encoded("aB3-._~"), "aB3-._~");
        assert_eq!(encoded("a@b c&d=é"), "a%40b%20c%26d%3D%C3%A9");
    }

    #[test]
    fn events_are_read_as_the_api_shows_them() {
        let json = serde_json::json!({"seq": 3, "at": 1_500_000, "event": "chosen", "x": "y"});
        let seen = Seen::of(json).expect("an event");
        assert_eq!((seen.at.as_millis(), seen.name.as_str()), (1_500, "chosen"));
        assert_eq!((seen.text("x"), seen.text("z")), (Some("y"), None));
        assert_eq!(Seen::of(serde_json::json!({"event": "chosen"})), None);
    }

    #[tokio::test]
    async fn a_server_that_is_not_there_is_named() {
        let api = Api::new("http://127.0.0.1:1/");
        let error = api.find("a").await.expect_err("nobody is there");
        assert!(
            error
                .to_string()
                .starts_with("http://127.0.0.1:1/api/calls?"),
            "{error}"
        );
    }
}
