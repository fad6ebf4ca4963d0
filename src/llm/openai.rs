//! A client of OpenAI-compatible servers: `POST {url}/chat/completions`, streamed as server-sent events.
//!
//! Each request is a thread of its own, of which there are only so many; it ends with its reply, at its time limit, or when
//! nobody listens any more and the next piece arrives. Redirects are not followed: the key would go elsewhere.

use std::{fmt, io::Read, sync::Arc, time::Duration};

use serde::Deserialize;
use serde_json::json;
use tokio::sync::{Semaphore, mpsc};
use ureq::{Agent, http::header};

use super::{
    Chat, LanguageModel, ModelError, PIECES, Pieces, sentences::Splitter, sse::EventStream,
};
use crate::{
    clock::Moment,
    remote::{Health, Resting, UrlFault, check_url},
};

/// How long a connection may take to be made; a server that is down is known sooner.
const CONNECT: Duration = Duration::from_secs(1);

/// The key of an account. No log shows it.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey(String);

impl ApiKey {
    /// A key as it is sent; `None` if it cannot be (RFC 6750 §2.1: visible ASCII).
    pub fn new(key: &str) -> Option<Self> {
        let key = key.trim();
        let is_sound = !key.is_empty() && key.chars().all(|symbol| symbol.is_ascii_graphic());
        is_sound.then(|| Self(key.to_owned()))
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<key>")
    }
}

/// Which server is asked, and how much of it is taken.
#[derive(Clone, Debug)]
pub struct OpenAiConfig {
    /// The base of its API (`https://models.example/v1`).
    pub url: String,
    /// The model, as the server names it.
    pub model: String,
    /// The account's key.
    pub key: Option<ApiKey>,
    /// Plain HTTP to other machines is wanted.
    pub allow_http: bool,
    /// How long a whole reply may take.
    pub total: Duration,
    /// Requests at once; one more is refused.
    pub slots: usize,
    /// The longest reply, in bytes as they come.
    pub most_bytes: u64,
}

/// The address of completions below `url`.
pub fn endpoint(url: &str, allow_http: bool) -> Result<String, UrlFault> {
    let base = check_url(url, allow_http)?.trim_end_matches('/');
    Ok(match base.ends_with("/chat/completions") {
        true => base.to_owned(),
        false => format!("{base}/chat/completions"),
    })
}

/// A client of one server.
#[derive(Debug)]
pub struct OpenAiClient {
    shared: Arc<Shared>,
    slots: Arc<Semaphore>,
}

#[derive(Debug)]
struct Shared {
    config: OpenAiConfig,
    endpoint: String,
    agent: Agent,
    health: Health,
}

impl OpenAiClient {
    /// A client; nothing is asked yet.
    pub fn new(config: OpenAiConfig) -> Result<Self, UrlFault> {
        let endpoint = endpoint(&config.url, config.allow_http)?;
        let mut agent = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_connect(Some(CONNECT.min(config.total)))
            .timeout_global(Some(config.total));
        if endpoint.starts_with("http:") {
            // A proxy is for what is elsewhere.
            agent = agent.proxy(None);
        }
        Ok(Self {
            slots: Arc::new(Semaphore::new(config.slots)),
            shared: Arc::new(Shared {
                agent: agent.build().into(),
                health: Health::default(),
                endpoint,
                config,
            }),
        })
    }
}

impl LanguageModel for OpenAiClient {
    fn name(&self) -> &str {
        &self.shared.config.model
    }

    fn write(&self, now: Moment, chat: Chat) -> Result<Pieces, ModelError> {
        let permit = self.slots.clone().try_acquire_owned();
        let permit = permit.map_err(|_| ModelError::Busy(self.shared.config.slots))?;
        let rests = |Resting { failures }| ModelError::Resting(failures);
        self.shared.health.admit(now).map_err(rests)?;
        let (pieces, receiver) = mpsc::channel(PIECES);
        let shared = self.shared.clone();
        let writing = move || {
            let _permit = permit;
            let mut begun = false;
            let result = shared.write(&chat, &mut |piece| {
                let heard = pieces.blocking_send(Ok(piece)).is_ok();
                begun |= heard;
                heard
            });
            match result {
                Ok(End::Whole) => shared.health.succeeded(),
                Ok(End::Unheard) if begun => shared.health.succeeded(),
                // Whoever gave up says why.
                Ok(End::Unheard) => {}
                Err(error) => {
                    shared.health.failed(now);
                    // Nobody listens any more if this fails.
                    let _ = pieces.blocking_send(Err(error));
                }
            }
        };
        std::thread::Builder::new()
            .name("llm".to_owned())
            .spawn(writing)
            .map_err(|error| ModelError::Unreachable(error.to_string()))?;
        Ok(receiver)
    }

    fn was_slow(&self, now: Moment) {
        self.shared.health.failed(now);
    }
}

/// How a reply ended that did not fail.
enum End {
    Whole,
    /// Nobody wants the rest.
    Unheard,
}

impl Shared {
    fn write(&self, chat: &Chat, say: &mut dyn FnMut(String) -> bool) -> Result<End, ModelError> {
        let unreachable = |error: ureq::Error| ModelError::Unreachable(error.to_string());
        let body = json!({
            "model": self.config.model,
            "messages": [
                { "role": "system", "content": chat.system },
                { "role": "user", "content": chat.user },
            ],
            "stream": true,
            "temperature": 0,
            "max_tokens": chat.max_tokens,
        });
        let mut request = self
            .agent
            .post(&self.endpoint)
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ACCEPT, "text/event-stream, application/json")
            .header(header::ACCEPT_ENCODING, "identity");
        if let Some(ApiKey(key)) = &self.config.key {
            request = request.header(header::AUTHORIZATION, format!("Bearer {key}"));
        }
        let response = request.send(body.to_string()).map_err(unreachable)?;
        if response.status() != ureq::http::StatusCode::OK {
            return Err(ModelError::Refused(response.status().as_u16()));
        }
        let streams = response
            .headers()
            .get(header::CONTENT_TYPE)
            .and_then(|kind| kind.to_str().ok())
            .is_none_or(|kind| !kind.starts_with("application/json"));
        let most = self.config.most_bytes;
        let body = response
            .into_body()
            .into_with_config()
            .limit(u64::MAX)
            .reader();
        let reply = Reply {
            splitter: Splitter::new(chat.by),
            say,
        };
        match streams {
            true => reply.stream(body, most),
            false => reply.whole(body, most),
        }
    }
}

/// A chunk of a streamed reply, or a whole one: the fields that are used.
#[derive(Deserialize)]
struct Completion {
    #[serde(default)]
    choices: Vec<Choice>,
    error: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct Choice {
    delta: Option<Content>,
    message: Option<Content>,
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Content {
    content: Option<String>,
}

/// What came of a chunk.
enum Chunk {
    GoesOn,
    Finished,
    /// The limit of tokens cut the last sentence.
    CutShort,
    Unheard,
}

struct Reply<'a> {
    splitter: Splitter,
    say: &'a mut dyn FnMut(String) -> bool,
}

impl Reply<'_> {
    fn stream(mut self, mut body: impl Read, most: u64) -> Result<End, ModelError> {
        let mut events = EventStream::default();
        let mut buffer = [0; 4096];
        let mut taken = 0_u64;
        loop {
            let count = read(&mut body, &mut buffer)?;
            if count == 0 {
                return Err(ModelError::BrokeOff);
            }
            taken += count as u64;
            if taken > most {
                return Err(ModelError::TooLong(most));
            }
            for event in events.push(&buffer[..count]) {
                let chunk = match event.as_str() {
                    "[DONE]" => Chunk::Finished,
                    event => self.take(parse(event.as_bytes())?),
                };
                match chunk {
                    Chunk::GoesOn => {}
                    Chunk::Finished => return Ok(self.finish()),
                    Chunk::CutShort => return Ok(End::Whole),
                    Chunk::Unheard => return Ok(End::Unheard),
                }
            }
        }
    }

    fn whole(mut self, mut body: impl Read, most: u64) -> Result<End, ModelError> {
        let mut bytes = Vec::new();
        let mut buffer = [0; 4096];
        loop {
            let count = read(&mut body, &mut buffer)?;
            if count == 0 {
                break;
            }
            if (bytes.len() + count) as u64 > most {
                return Err(ModelError::TooLong(most));
            }
            bytes.extend(&buffer[..count]);
        }
        let completion = parse(&bytes)?;
        if completion.choices.is_empty() {
            return Err(ModelError::Malformed("it has no choices".to_owned()));
        }
        match self.take(completion) {
            Chunk::GoesOn | Chunk::Finished => Ok(self.finish()),
            Chunk::CutShort => Ok(End::Whole),
            Chunk::Unheard => Ok(End::Unheard),
        }
    }

    fn take(&mut self, completion: Completion) -> Chunk {
        // One choice was asked for; the last chunk, with the usage, has none.
        let Some(choice) = completion.choices.into_iter().next() else {
            return Chunk::GoesOn;
        };
        let content = choice.delta.or(choice.message);
        if let Some(piece) = content.and_then(|content| content.content) {
            for sentence in self.splitter.push(&piece) {
                if !(self.say)(sentence) {
                    return Chunk::Unheard;
                }
            }
        }
        match choice.finish_reason.as_deref() {
            None | Some("") => Chunk::GoesOn,
            Some("stop") => Chunk::Finished,
            Some(_) => Chunk::CutShort,
        }
    }

    fn finish(self) -> End {
        let heard = self.splitter.finish().is_none_or(self.say);
        match heard {
            true => End::Whole,
            false => End::Unheard,
        }
    }
}

fn read(body: &mut impl Read, buffer: &mut [u8]) -> Result<usize, ModelError> {
    loop {
        match body.read(buffer) {
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
                return Err(ModelError::BrokeOff);
            }
            Err(error) => return Err(ModelError::Unreachable(error.to_string())),
            Ok(count) => return Ok(count),
        }
    }
}

fn parse(json: &[u8]) -> Result<Completion, ModelError> {
    let completion: Completion =
        serde_json::from_slice(json).map_err(|error| ModelError::Malformed(error.to_string()))?;
    match completion.error {
        // Its words may repeat the request, so they are not passed on.
        Some(_) => Err(ModelError::Malformed("it reports an error".to_owned())),
        None => Ok(completion),
    }
}

#[cfg(test)]
mod tests;
