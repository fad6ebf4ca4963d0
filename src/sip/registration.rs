//! REGISTER with a trunk: one task a trunk keeps our address known to the carrier's registrar (RFC 3261 §10).
//!
//! It does not place calls and does not check the calls that the trunk sends.

use std::{fmt, net::SocketAddr, time::Duration};

use rsipstack::{
    dialog::registration::Registration as Exchange,
    sip::{Auth, HasHeaders, Header, Response, StatusCodeKind, Uri, typed::Contact},
    transaction::endpoint::EndpointInnerRef,
};
use tokio::{sync::watch, task::JoinHandle, time::timeout};
use tokio_util::sync::CancellationToken;

use super::{
    SipError,
    digest::{authorize, is_stale},
    session_timer::parse_seconds,
};

#[cfg(test)]
mod tests;

/// First pause after a failure; doubles with each.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// Longest pause after failures. Also the pause after a refusal that time does not heal, since carriers block peers that insist.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);

/// Longest lifetime that we take on a registrar's word, in seconds.
const LONGEST_LIFE_S: u32 = 86_400;

/// Challenges of one REGISTER that are answered: the first, and two whose nonce was stale.
const MAX_ROUNDS: u32 = 3;

/// How long the farewell at the end may take.
const FAREWELL: Duration = Duration::from_secs(4);

/// A carrier to register with.
#[derive(Clone)]
pub struct Trunk {
    /// Registrar (`sip:sbc.carrier.example:5060`, `;transport=tcp` for TCP).
    pub registrar: String,
    /// User name, of the address of record too.
    pub user: String,
    /// Password.
    pub password: String,
    /// Wanted lifetime, in seconds.
    pub expires_s: u32,
}

impl fmt::Debug for Trunk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trunk")
            .field("registrar", &self.registrar)
            .field("user", &self.user)
            .field("expires_s", &self.expires_s)
            .finish_non_exhaustive()
    }
}

/// How a registration stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegistrationState {
    /// No answer yet.
    Trying,
    /// The registrar knows us for so long.
    Registered {
        /// Lifetime that was granted, in seconds.
        expires_s: u32,
    },
    /// The last attempt failed; another follows.
    Failed {
        /// SIP status code; 408 when no answer came or the registrar cannot be reached.
        status: u16,
    },
    /// We took our leave.
    Stopped,
}

/// What became of one REGISTER.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// 2xx with this lifetime.
    Granted { expires_s: u32 },
    /// 423 with this Min-Expires.
    TooBrief { min_s: u32 },
    /// Another final status.
    Refused {
        status: u16,
        retry_after_s: Option<u32>,
    },
}

/// When to send the next REGISTER, and for how long. No clock, no IO.
#[derive(Clone, Copy, Debug)]
struct Schedule {
    expires_s: u32,
    failures: u32,
}

impl Schedule {
    fn new(expires_s: u32) -> Self {
        Self {
            expires_s,
            failures: 0,
        }
    }

    /// The pause before the next REGISTER.
    fn after(&mut self, outcome: Outcome) -> Duration {
        match outcome {
            Outcome::Granted { expires_s } => {
                self.failures = 0;
                // A quarter of the lifetime is left for repeats.
                let life = Duration::from_secs(u64::from(expires_s.min(LONGEST_LIFE_S)));
                (life * 3 / 4).max(FIRST_PAUSE)
            }
            // RFC 3261 §10.2.8. A registrar that raises its minimum each time is only another failure.
            Outcome::TooBrief { min_s } if min_s > self.expires_s && min_s <= LONGEST_LIFE_S => {
                self.expires_s = min_s;
                Duration::ZERO
            }
            Outcome::TooBrief { .. } => self.back_off(),
            Outcome::Refused {
                status,
                retry_after_s,
            } => {
                let pause = match status {
                    401 | 403 | 404 | 407 => LONGEST_PAUSE,
                    _ => self.back_off(),
                };
                let asked = Duration::from_secs(u64::from(retry_after_s.unwrap_or(0)));
                pause.max(asked.min(LONGEST_PAUSE * 12))
            }
        }
    }

    fn back_off(&mut self) -> Duration {
        let pause = FIRST_PAUSE * (1 << self.failures.min(10));
        self.failures += 1;
        pause.min(LONGEST_PAUSE)
    }
}

/// A registration that is kept up. Dropping it stops it without a farewell; [`stop`](Self::stop) takes leave.
#[derive(Debug)]
pub struct Registration {
    trunk: Trunk,
    state: watch::Receiver<RegistrationState>,
    cancel: CancellationToken,
    task: Option<JoinHandle<()>>,
}

impl Registration {
    /// Starts to register `trunk` with the Contact `sip:user@contact`.
    pub(super) fn start(
        stack: EndpointInnerRef,
        trunk: Trunk,
        contact: SocketAddr,
    ) -> Result<Self, SipError> {
        let uri = |text: String| {
            Uri::try_from(text.as_str()).map_err(|error| SipError::Uri {
                uri: text,
                problem: error.to_string(),
            })
        };
        let registrar = uri(trunk.registrar.clone())?;
        let mut address = uri(format!("sip:{}@{contact}", trunk.user))?;
        // Calls must come over the transport that the registrar is spoken to.
        address.params = registrar.params.clone();
        let mut of_record = registrar.clone();
        of_record.params.clear();
        of_record.auth = Some(Auth {
            user: trunk.user.clone(),
            password: None,
        });
        // The stack's own digest reads `SHA256` where RFC 7616 has `SHA-256`: challenges are answered here.
        let mut exchange = Exchange::new(stack, None);
        exchange.contact = Some(Contact {
            display_name: None,
            uri: address,
            params: Vec::new(),
        });
        let cancel = CancellationToken::new();
        let (states, state) = watch::channel(RegistrationState::Trying);
        let keeper = Keeper {
            exchange,
            registrar,
            of_record,
            trunk: trunk.clone(),
            schedule: Schedule::new(trunk.expires_s),
            states,
        };
        Ok(Self {
            task: Some(tokio::spawn(keeper.run(cancel.clone()))),
            trunk,
            state,
            cancel,
        })
    }

    /// With whom.
    pub fn trunk(&self) -> &Trunk {
        &self.trunk
    }

    /// How it stands.
    pub fn state(&self) -> RegistrationState {
        *self.state.borrow()
    }

    /// Changes of the state.
    pub fn watch(&self) -> watch::Receiver<RegistrationState> {
        self.state.clone()
    }

    /// Takes leave (`Expires: 0`), within four seconds.
    pub async fn stop(mut self) {
        self.cancel.cancel();
        if let Some(task) = self.task.take()
            && let Err(error) = task.await
        {
            tracing::error!(%error, "a registration's task failed");
        }
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

/// The task behind a registration.
struct Keeper {
    exchange: Exchange,
    registrar: Uri,
    /// Address of record: From and To.
    of_record: Uri,
    trunk: Trunk,
    schedule: Schedule,
    states: watch::Sender<RegistrationState>,
}

impl Keeper {
    async fn run(mut self, cancel: CancellationToken) {
        if cancel.run_until_cancelled(self.keep()).await.is_none() {
            // Also when no REGISTER was answered yet: it may have arrived all the same.
            let farewell = self.register(0);
            if !matches!(timeout(FAREWELL, farewell).await, Ok(Ok(_))) {
                tracing::warn!(sip.registrar = %self.registrar, "the registrar did not hear our farewell");
            }
        }
        self.states.send_replace(RegistrationState::Stopped);
    }

    async fn keep(&mut self) {
        loop {
            let wanted_s = self.schedule.expires_s;
            let answer = self.register(wanted_s).await;
            let outcome = match &answer {
                Ok(response) => {
                    outcome(response, self.exchange.granted_expires.unwrap_or(wanted_s))
                }
                Err(error) => {
                    tracing::debug!(%error, "REGISTER had no answer");
                    Outcome::Refused {
                        status: 408,
                        retry_after_s: None,
                    }
                }
            };
            let pause = self.schedule.after(outcome);
            self.tell(outcome, pause);
            // Trunks that failed together must not come back together (RFC 5626 §4.5).
            let share = match outcome {
                Outcome::Refused { .. } => rand::random_range(0.5..=1.0),
                Outcome::Granted { .. } | Outcome::TooBrief { .. } => 1.0,
            };
            tokio::time::sleep(pause.mul_f64(share)).await;
        }
    }

    /// One REGISTER, with the answer to a challenge where one comes.
    async fn register(&mut self, expires_s: u32) -> rsipstack::Result<Response> {
        let tag = format!("{:016x}", rand::random::<u64>());
        let addresses = || {
            vec![
                Header::From(format!("<{}>;tag={tag}", self.of_record).into()),
                Header::To(format!("<{}>", self.of_record).into()),
            ]
        };
        let mut headers = addresses();
        let mut round = 0;
        loop {
            self.exchange.extra_headers = headers;
            let response = self
                .exchange
                .register(self.registrar.clone(), Some(expires_s))
                .await?;
            let (ask, answer) = match response.status_code.code() {
                401 => ("WWW-Authenticate", "Authorization"),
                407 => ("Proxy-Authenticate", "Proxy-Authorization"),
                _ => return Ok(response),
            };
            let challenges: Vec<_> = values(&response, ask).collect();
            // Asked again with a nonce that is not stale: the password is wrong.
            let again = round == 0 || round < MAX_ROUNDS && challenges.iter().any(|c| is_stale(c));
            let authorization = authorize(
                challenges,
                "REGISTER",
                &self.registrar.to_string(),
                &self.trunk.user,
                &self.trunk.password,
                &format!("{:016x}", rand::random::<u64>()),
            );
            let Some(authorization) = authorization.filter(|_| again) else {
                return Ok(response);
            };
            headers = addresses();
            headers.push(Header::Other(answer.to_owned(), authorization));
            round += 1;
        }
    }

    fn tell(&self, outcome: Outcome, pause: Duration) {
        let state = match outcome {
            Outcome::Granted { expires_s } => RegistrationState::Registered { expires_s },
            Outcome::TooBrief { .. } => RegistrationState::Failed { status: 423 },
            Outcome::Refused { status, .. } => RegistrationState::Failed { status },
        };
        let before = self.states.send_replace(state);
        // Once a change, not once a refresh.
        if before == state {
            return;
        }
        match state {
            RegistrationState::Registered { expires_s } => {
                tracing::info!(sip.registrar = %self.registrar, sip.expires_s = expires_s, "registered");
            }
            RegistrationState::Failed { status } => {
                let pause_s = pause.as_secs();
                tracing::warn!(sip.registrar = %self.registrar, sip.status = status, retry_s = pause_s, "not registered");
            }
            RegistrationState::Trying | RegistrationState::Stopped => {}
        }
    }
}

fn values<'a>(response: &'a Response, name: &str) -> impl Iterator<Item = &'a str> {
    let named = move |header: &&Header| header.name().eq_ignore_ascii_case(name);
    response
        .headers()
        .iter()
        .filter(named)
        .map(|header| header.value())
}

fn outcome(response: &Response, granted_s: u32) -> Outcome {
    let seconds = |name: &str| parse_seconds(values(response, name).next()?);
    match response.status_code.code() {
        _ if response.status_code.kind() == StatusCodeKind::Successful => Outcome::Granted {
            expires_s: granted_s,
        },
        423 => Outcome::TooBrief {
            min_s: seconds("Min-Expires").unwrap_or(0),
        },
        status => Outcome::Refused {
            status,
            // RFC 3261 §20.33: a comment may follow the number.
            retry_after_s: seconds("Retry-After"),
        },
    }
}
