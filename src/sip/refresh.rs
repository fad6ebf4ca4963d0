//! The session timer (RFC 4028) of a dialog at work: reads and writes its headers, sends refreshes, says when the session is over.
//!
//! What is due and when is decided by [`super::session_timer`].

use rsipstack::{
    dialog::invite_dialog::InviteDialog,
    sip::{HasHeaders, Header, Response},
};
use tokio::task::JoinHandle;

use super::{
    headers,
    session_timer::{
        Answer, Due, Policy, RefreshBy, RequestTimers, SessionExpires, SessionTimer, Terms,
        parse_seconds, terms_of_response,
    },
};
use crate::clock::ProcessClock;

/// What a request says about timers.
pub(super) fn timers_of(request: &impl HasHeaders) -> RequestTimers {
    let supported = ["Supported", "k", "Require"]
        .into_iter()
        .flat_map(|name| headers::values(request, name))
        .any(|tag| tag.trim().eq_ignore_ascii_case("timer"));
    RequestTimers {
        supported,
        expires: expires_of(request),
        min_s: headers::value(request, "Min-SE").and_then(|value| parse_seconds(&value)),
    }
}

fn expires_of(message: &impl HasHeaders) -> Option<SessionExpires> {
    // RFC 4028 §4: `x` is the compact form.
    ["Session-Expires", "x"]
        .into_iter()
        .find_map(|name| headers::value(message, name))
        .and_then(|value| SessionExpires::parse(&value))
}

/// By which method the sender of `message` can be refreshed.
pub(super) fn refreshed_by(message: &impl HasHeaders) -> RefreshBy {
    let allowed = headers::values(message, "Allow");
    let update = |method: &String| method.trim().eq_ignore_ascii_case("UPDATE");
    match allowed.iter().any(update) {
        true => RefreshBy::Update,
        false => RefreshBy::Reinvite,
    }
}

/// Headers of a 2xx that agrees on a timer.
pub(super) fn answer_headers(answer: &Answer) -> Vec<Header> {
    let mut headers = vec![
        Header::SessionExpires(answer.header.to_string().into()),
        Header::Supported("timer".into()),
    ];
    if answer.require_timer {
        headers.push(Header::Require("timer".into()));
    }
    headers
}

/// Headers of a request that proposes a timer.
pub(super) fn proposal_headers(expires: SessionExpires, min_s: Option<u32>) -> Vec<Header> {
    let mut headers = vec![
        Header::SessionExpires(expires.to_string().into()),
        Header::Supported("timer".into()),
    ];
    headers.extend(min_s.map(|seconds| Header::MinSE(seconds.to_string().into())));
    headers
}

/// How a refresh ended.
#[derive(Debug)]
struct Outcome {
    status: u16,
    expires: Option<SessionExpires>,
    min_s: Option<u32>,
}

/// The timer of one dialog, with the refresh that is on its way.
#[derive(Debug)]
pub(super) struct Refresher {
    clock: ProcessClock,
    pub(super) policy: Policy,
    timer: Option<SessionTimer>,
    on_its_way: Option<JoinHandle<Outcome>>,
}

impl Refresher {
    pub(super) const fn new(clock: ProcessClock, policy: Policy) -> Self {
        Self {
            clock,
            policy,
            timer: None,
            on_its_way: None,
        }
    }

    /// The dialog is confirmed under these terms.
    pub(super) fn begin(&mut self, terms: Option<Terms>, by: RefreshBy) {
        self.timer = Some(SessionTimer::new(self.clock.now(), self.policy, terms, by));
    }

    /// Our INVITE was answered.
    pub(super) fn begin_as_caller(&mut self, response: &Response) {
        self.begin(
            terms_of_response(expires_of(response)),
            refreshed_by(response),
        );
    }

    /// The other side refreshed.
    pub(super) fn agree(&mut self, terms: Terms) {
        if let Some(timer) = &mut self.timer {
            timer.agree(self.clock.now(), Some(terms));
        }
    }

    /// Sends a refresh; how it ends is looked at in [`Refresher::due`].
    pub(super) fn send(
        &mut self,
        dialog: InviteDialog,
        by: RefreshBy,
        headers: Vec<Header>,
        description: String,
    ) {
        self.on_its_way = Some(tokio::spawn(async move {
            let response = match by {
                RefreshBy::Update => dialog.update(Some(headers), None).await,
                RefreshBy::Reinvite => {
                    let mut headers = headers;
                    headers.push(Header::ContentType("application/sdp".into()));
                    dialog
                        .reinvite(Some(headers), Some(description.into_bytes()))
                        .await
                }
            };
            match response {
                Ok(Some(response)) => Outcome {
                    status: response.status_code.clone().into(),
                    expires: expires_of(&response),
                    min_s: headers::value(&response, "Min-SE")
                        .and_then(|value| parse_seconds(&value)),
                },
                // The dialog was busy, or the stack could not send: tried again until the session has run out.
                Ok(None) | Err(_) => Outcome {
                    status: 500,
                    expires: None,
                    min_s: None,
                },
            }
        }));
    }

    /// Waits until something is due. Cancelling the wait loses nothing.
    pub(super) async fn due(&mut self) -> Due {
        loop {
            let Some(timer) = &mut self.timer else {
                return std::future::pending().await;
            };
            if let Some(due) = timer.poll(self.clock.now()) {
                return due;
            }
            let deadline = timer.deadline().map(|at| self.clock.instant(at));
            let timeout = async {
                match deadline {
                    Some(at) => tokio::time::sleep_until(at.into()).await,
                    None => std::future::pending().await,
                }
            };
            let outcome = async {
                match &mut self.on_its_way {
                    Some(task) => task.await.ok(),
                    None => std::future::pending().await,
                }
            };
            let outcome = tokio::select! {
                () = timeout => continue,
                outcome = outcome => outcome,
            };
            self.on_its_way = None;
            if let (Some(timer), Some(outcome)) = (&mut self.timer, outcome) {
                let now = self.clock.now();
                timer.handle_response(now, outcome.status, outcome.expires, outcome.min_s);
            }
        }
    }
}

impl Drop for Refresher {
    fn drop(&mut self) {
        if let Some(task) = self.on_its_way.take() {
            task.abort();
        }
    }
}
