//! The client of one system: tries within one time limit, of which there are only so many at once.

use std::{
    io::Read,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use rand::RngExt as _;
use tokio::sync::Semaphore;
use ureq::{
    Agent,
    http::{StatusCode, header},
};

use super::{
    event::Event,
    reply::{LONGEST_REPLY, parse},
    signature::Secrets,
};
use crate::{
    action::{ActionFailure, ActionReply},
    clock::Moment,
    remote::{Health, UrlFault, check_url},
};

/// How long a connection may take to be made; a system that is down is known sooner.
const CONNECT: Duration = Duration::from_secs(1);

/// The wait before another try, in milliseconds; not the same for all, so that calls do not come back together.
const PAUSE_MS: std::ops::Range<u64> = 50..250;

/// What a reply must be.
const JSON: &str = "application/json";

/// Which system is asked, and how.
#[derive(Clone, Debug)]
pub struct Target {
    /// Where.
    pub url: String,
    /// Plain HTTP to other machines is wanted.
    pub allow_http: bool,
    /// What it shares with the business.
    pub secrets: Secrets,
    /// How long all tries together may take: the caller waits.
    pub timeout: Duration,
    /// Tries after the first.
    pub retries: u8,
    /// Requests at once; one more is refused.
    pub slots: usize,
}

/// How a system has done so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Requests that were answered.
    pub answered: u64,
    /// Requests that were not.
    pub failed: u64,
    /// Failures in a row.
    pub failures_in_a_row: u32,
    /// It is left alone for a while.
    pub rests: bool,
    /// The last failure.
    pub last_failure: Option<ActionFailure>,
}

/// A client of one system.
#[derive(Debug)]
pub struct WebhookClient {
    shared: Arc<Shared>,
    slots: Arc<Semaphore>,
    retries: u8,
    timeout: Duration,
    answered: AtomicU64,
    failed: AtomicU64,
    last_failure: Mutex<Option<ActionFailure>>,
    health: Health,
}

#[derive(Debug)]
struct Shared {
    url: String,
    secrets: Secrets,
    agent: Agent,
}

impl WebhookClient {
    /// A client; nothing is asked yet.
    pub fn new(target: Target) -> Result<Self, UrlFault> {
        let url = check_url(&target.url, target.allow_http)?.to_owned();
        let mut agent = Agent::config_builder()
            .http_status_as_error(false)
            // The signature is for this address, and so are the caller's words.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_connect(Some(CONNECT.min(target.timeout)))
            .timeout_global(Some(target.timeout));
        if url.starts_with("http:") {
            // A proxy is for what is elsewhere.
            agent = agent.proxy(None);
        }
        Ok(Self {
            shared: Arc::new(Shared {
                url,
                secrets: target.secrets,
                agent: agent.build().into(),
            }),
            slots: Arc::new(Semaphore::new(target.slots)),
            retries: target.retries,
            timeout: target.timeout,
            answered: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            last_failure: Mutex::default(),
            health: Health::default(),
        })
    }

    /// Asks at `now`, which is `wall_ms` after the Unix epoch in milliseconds. Whoever drops the future has asked all the same:
    /// a request that is on its way is not taken back.
    pub async fn ask(
        &self,
        now: Moment,
        wall_ms: i64,
        event: &Event,
    ) -> Result<ActionReply, ActionFailure> {
        let Ok(permit) = self.slots.clone().try_acquire_owned() else {
            return self.note(now, Err(ActionFailure::Busy));
        };
        if self.health.admit(now).is_err() {
            return self.note(now, Err(ActionFailure::Unreachable));
        }
        let message = Arc::new(Message::new(event, wall_ms / 1_000, &self.shared.secrets));
        // Held until the last try is over, also one that nobody waits for any more.
        let permit = Arc::new(permit);
        let tries = async {
            let mut left = self.retries;
            loop {
                let (shared, message, permit) =
                    (self.shared.clone(), message.clone(), permit.clone());
                let tried = tokio::task::spawn_blocking(move || {
                    let _permit = permit;
                    shared.try_once(&message)
                });
                let fault = match tried.await {
                    Ok(Ok(reply)) => return Ok(reply),
                    Ok(Err(fault)) => fault,
                    // A panic of the HTTP client.
                    Err(_) => Fault::last(ActionFailure::Unreachable),
                };
                let Some(pause) = fault.again.filter(|_| left > 0) else {
                    return Err(fault.failure);
                };
                left -= 1;
                tokio::time::sleep(pause).await;
            }
        };
        let result = tokio::time::timeout(self.timeout, tries).await;
        self.note(now, result.unwrap_or(Err(ActionFailure::Timeout)))
    }

    /// How it has done so far.
    pub fn standing(&self, now: Moment) -> Standing {
        let (failures_in_a_row, rests) = self.health.failures(now);
        Standing {
            answered: self.answered.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
            failures_in_a_row,
            rests,
            last_failure: *self.last_failure(),
        }
    }

    fn note(
        &self,
        now: Moment,
        result: Result<ActionReply, ActionFailure>,
    ) -> Result<ActionReply, ActionFailure> {
        match &result {
            Ok(_) => {
                self.health.succeeded();
                self.answered.fetch_add(1, Ordering::Relaxed);
            }
            Err(failure) => {
                // That we ask too much, or that it does not want this one, is no illness of the system.
                if matches!(failure, ActionFailure::Timeout | ActionFailure::Unreachable) {
                    self.health.failed(now);
                }
                self.failed.fetch_add(1, Ordering::Relaxed);
                *self.last_failure() = Some(*failure);
            }
        }
        result
    }

    fn last_failure(&self) -> MutexGuard<'_, Option<ActionFailure>> {
        // A plain value: a panic elsewhere leaves it sound.
        let last = self.last_failure.lock();
        last.unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is sent, the same at every try.
struct Message {
    key: String,
    timestamp_s: i64,
    body: String,
    signature: String,
}

impl Message {
    fn new(event: &Event, timestamp_s: i64, secrets: &Secrets) -> Self {
        let (key, body) = (event.key(), event.body());
        Self {
            signature: secrets.sign(&key, timestamp_s, &body),
            key,
            timestamp_s,
            body,
        }
    }
}

/// Why a try failed.
struct Fault {
    failure: ActionFailure,
    /// After how long another try may help; `None` if none does.
    again: Option<Duration>,
}

impl Fault {
    const fn last(failure: ActionFailure) -> Self {
        Self {
            failure,
            again: None,
        }
    }

    fn again(failure: ActionFailure, after: Option<Duration>) -> Self {
        let pause = || Duration::from_millis(rand::rng().random_range(PAUSE_MS));
        Self {
            failure,
            again: Some(after.unwrap_or_else(pause)),
        }
    }
}

impl Shared {
    fn try_once(&self, message: &Message) -> Result<ActionReply, Fault> {
        let sent = self
            .agent
            .post(&self.url)
            .header(header::CONTENT_TYPE, JSON)
            .header(header::ACCEPT, JSON)
            .header(header::ACCEPT_ENCODING, "identity")
            .header("webhook-id", &message.key)
            .header("webhook-timestamp", message.timestamp_s.to_string())
            .header("webhook-signature", &message.signature)
            // draft-ietf-httpapi-idempotency-key-header: a string of structured fields.
            .header("idempotency-key", format!("\"{}\"", message.key))
            .send(message.body.as_str());
        let response = match sent {
            Ok(response) => response,
            Err(ureq::Error::Timeout(ureq::Timeout::Global)) => {
                return Err(Fault::last(ActionFailure::Timeout));
            }
            Err(_) => return Err(Fault::again(ActionFailure::Unreachable, None)),
        };
        match response.status() {
            StatusCode::OK => {}
            // Nobody has done anything, or nobody knows: that is what the key is for.
            StatusCode::TOO_MANY_REQUESTS
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT => {
                let after = retry_after(response.headers());
                return Err(Fault::again(ActionFailure::Status, after));
            }
            _ => return Err(Fault::last(ActionFailure::Status)),
        }
        let kind = response.headers().get(header::CONTENT_TYPE);
        let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        if !kind.eq_ignore_ascii_case(JSON) {
            return Err(Fault::last(ActionFailure::Malformed));
        }
        let mut body = Vec::new();
        let reader = response.into_body().into_with_config().limit(u64::MAX);
        // One byte more shows that it is too long.
        let read = reader
            .reader()
            .take(LONGEST_REPLY + 1)
            .read_to_end(&mut body);
        if read.is_err() {
            return Err(Fault::again(ActionFailure::Unreachable, None));
        }
        if body.len() as u64 > LONGEST_REPLY {
            return Err(Fault::last(ActionFailure::Malformed));
        }
        parse(&body).map_err(|fault| {
            tracing::warn!(webhook.url = %self.url, %fault, "a reply of a business's system is none");
            Fault::last(ActionFailure::Malformed)
        })
    }
}

/// RFC 9110 §10.2.3, in seconds; a date is too far away for a caller who waits.
fn retry_after(headers: &ureq::http::HeaderMap) -> Option<Duration> {
    let seconds = headers.get(header::RETRY_AFTER)?.to_str().ok()?;
    seconds.trim().parse().ok().map(Duration::from_secs)
}

#[cfg(test)]
mod tests;
