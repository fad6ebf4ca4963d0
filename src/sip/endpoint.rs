//! The endpoint: listeners, calls out, and who may call. What becomes of requests that come in is in [`requests`].

mod requests;

use std::{
    net::{IpAddr, SocketAddr},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use rsipstack::{
    EndpointBuilder,
    dialog::{authenticate::Credential, dialog_layer::DialogLayer, invitation::InviteOption},
    sip::{HasHeaders, Header, StatusCode, Transport, Uri, uri::ParamsExt},
    transaction::{
        CallIdFormat,
        endpoint::{EndpointInnerRef, EndpointOption},
        transaction::Transaction,
    },
    transport::{TcpListenerConnection, TransportLayer},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use requests::serve;

use super::{
    Dialog, DialogEvent, InviteFacts, Registration, Trunk,
    dialog::{Invite, Timers, pair},
    digest::{DigestServer, Verdict},
    retry_after::RetryAfter,
    session_timer::{Answer, Policy, Proposal, RefreshBy},
    socket,
};
use crate::clock::ProcessClock;

/// Calls that wait to be taken; one more gets 503 with Retry-After.
const INCOMING: usize = 64;

/// How often a free port is looked for that is free over UDP and TCP.
const ATTEMPTS: u32 = 16;

/// How the endpoint listens.
#[derive(Clone, Debug)]
pub struct SipConfig {
    /// Where SIP is heard; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Also over TCP, on the same port.
    pub tcp: bool,
    /// The address others reach us under.
    pub advertise: Option<IpAddr>,
    /// Networks that may call, as address and prefix length; empty for everybody.
    pub allow: Vec<(IpAddr, u8)>,
    /// Calls that others have with us at once; one more gets 503 with Retry-After.
    pub max_calls: usize,
    /// Retry-After of a 503.
    pub retry_after: Duration,
    /// Name in User-Agent.
    pub user_agent: String,
    /// Who may call with a password; `None` when no password is asked.
    pub authentication: Option<Authentication>,
    /// Session timers (RFC 4028).
    pub session: Policy,
}

/// A free port of loopback over UDP and TCP, for everybody.
impl Default for SipConfig {
    fn default() -> Self {
        Self {
            listen: (std::net::Ipv4Addr::LOCALHOST, 0).into(),
            tcp: true,
            advertise: None,
            allow: Vec::new(),
            max_calls: 1_000,
            retry_after: Duration::from_secs(10),
            user_agent: concat!("Yingda/", env!("CARGO_PKG_VERSION")).to_owned(),
            authentication: None,
            session: Policy::new(1_800),
        }
    }
}

/// Digest authentication of those who call.
#[derive(Clone, Debug)]
pub struct Authentication {
    /// Realm.
    pub realm: String,
    /// Who may call.
    pub users: Vec<Credentials>,
}

/// Name and password for a digest (RFC 2617, RFC 8760).
#[derive(Clone)]
pub struct Credentials {
    /// User name.
    pub user: String,
    /// Password.
    pub password: String,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Credentials {{ user: {:?} }}", self.user)
    }
}

/// Why the stack did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum SipError {
    /// A socket cannot be opened.
    #[error("SIP cannot listen on {address}: {problem}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// In words.
        problem: String,
    },
    /// A URI that is none.
    #[error("`{uri}` is not a SIP URI: {problem}")]
    Uri {
        /// As it was given.
        uri: String,
        /// In words.
        problem: String,
    },
    /// The other side refused.
    #[error("the other side answered {status}")]
    Refused {
        /// SIP status code.
        status: u16,
    },
    /// The dialog is not in a state to do that.
    #[error("the dialog is not confirmed")]
    NotConfirmed,
    /// No offer waits for an answer.
    #[error("no offer waits for an answer")]
    NothingToAnswer,
    /// Something else.
    #[error("SIP: {0}")]
    Stack(String),
}

impl SipError {
    pub(super) fn stack(error: rsipstack::Error) -> Self {
        Self::Stack(error.to_string())
    }
}

/// A call that came in. Dropping it refuses it.
#[derive(Debug)]
pub struct IncomingCall {
    /// What the INVITE says.
    pub facts: InviteFacts,
    /// To answer and to end it.
    pub dialog: Dialog,
    /// What happens on it.
    pub events: mpsc::Receiver<DialogEvent>,
    /// Its place among the calls at once, free again when this is dropped.
    pub place: OwnedSemaphorePermit,
}

/// A call to place.
#[derive(Clone, Debug)]
pub struct OutgoingInvite {
    /// SIP URI, with `;transport=tcp` for TCP.
    pub target: String,
    /// User part of From.
    pub from_user: String,
    /// Display name of From.
    pub from_display: Option<String>,
    /// Headers beside those that every INVITE has.
    pub headers: Vec<(String, String)>,
    /// For a challenge.
    pub credentials: Option<Credentials>,
    /// Session description.
    pub offer: String,
}

/// Counters of the endpoint.
#[derive(Debug, Default)]
pub struct SipCounters {
    /// Requests from networks that may not call.
    pub forbidden: AtomicU64,
    /// INVITEs with wrong or unreadable credentials.
    pub unauthorized: AtomicU64,
    /// INVITEs that wanted what we do not have.
    pub unsupported: AtomicU64,
    /// INVITEs refused because too many waited, or the endpoint is closing.
    pub overloaded: AtomicU64,
    /// Datagrams that are no SIP message. Over TCP such a message ends the connection, and the stack logs it.
    pub malformed: AtomicU64,
}

/// A SIP user agent: server and client.
#[derive(Clone)]
pub struct SipEndpoint {
    shared: Arc<Shared>,
}

struct Shared {
    config: SipConfig,
    layer: Arc<DialogLayer>,
    stack: EndpointInnerRef,
    address: SocketAddr,
    cancel: CancellationToken,
    closing: AtomicBool,
    counters: Arc<SipCounters>,
    clock: ProcessClock,
    places: Arc<Semaphore>,
    /// The tasks that end dialogs.
    endings: TaskTracker,
    digest: Option<Mutex<DigestServer>>,
}

impl std::fmt::Debug for SipEndpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SipEndpoint")
            .field("address", &self.shared.address)
            .finish_non_exhaustive()
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}

impl SipEndpoint {
    /// Listens, and gives the calls that come in.
    pub async fn start(
        config: SipConfig,
    ) -> Result<(Self, mpsc::Receiver<IncomingCall>), SipError> {
        // Both TLS providers could be linked by a dependency; the stack must not have to guess. Fails when one is set already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let cancel = CancellationToken::new();
        let transport = TransportLayer::new(cancel.clone());
        let counters = Arc::new(SipCounters::default());
        let address = listen(&config, &transport, &cancel, counters.clone()).await?;
        // RFC 3261 §8.1.1.4: a Call-ID says nothing of the host that made it.
        let option = EndpointOption {
            callid_format: CallIdFormat::Uuid,
            ..EndpointOption::default()
        };
        let stack = EndpointBuilder::new()
            .with_option(option)
            .with_user_agent(&config.user_agent)
            .with_transport_layer(transport)
            .with_inspector(Box::new(RetryAfter(config.retry_after)))
            .with_cancel_token(cancel.clone())
            .build();
        let transactions = stack.incoming_transactions().map_err(SipError::stack)?;
        let layer = Arc::new(DialogLayer::new(stack.inner.clone()));
        let serving = stack.inner.clone();
        tokio::spawn(async move {
            if let Err(error) = serving.serve().await {
                tracing::error!(%error, "the SIP stack stopped");
            }
        });
        let digest = config.authentication.as_ref().map(|authentication| {
            let users = authentication.users.iter().cloned();
            let users = users.map(|user| (user.user, user.password));
            Mutex::new(DigestServer::new(
                &authentication.realm,
                users,
                rand::random(),
            ))
        });
        let endpoint = Self {
            shared: Arc::new(Shared {
                clock: ProcessClock::start(),
                places: Arc::new(Semaphore::new(config.max_calls)),
                endings: TaskTracker::new(),
                digest,
                config,
                layer,
                stack: stack.inner.clone(),
                address,
                cancel,
                closing: AtomicBool::new(false),
                counters,
            }),
        };
        let (calls, incoming) = mpsc::channel(INCOMING);
        let weak = Arc::downgrade(&endpoint.shared);
        tokio::spawn(serve(weak, transactions, calls));
        Ok((endpoint, incoming))
    }

    /// Where we listen.
    pub fn local_address(&self) -> SocketAddr {
        self.shared.address
    }

    /// Counters so far.
    pub fn counters(&self) -> &SipCounters {
        &self.shared.counters
    }

    /// Dialogs that are not over.
    pub fn dialogs(&self) -> usize {
        self.shared.layer.len()
    }

    /// Transactions that are not over.
    pub fn transactions(&self) -> usize {
        self.shared
            .stack
            .get_running_transactions()
            .map_or(0, |running| running.len())
    }

    /// TCP connections that are open.
    pub fn connections(&self) -> usize {
        self.shared.stack.transport_layer.connections_count()
    }

    /// New calls are refused from now on.
    pub fn close(&self) {
        self.shared.closing.store(true, Ordering::Relaxed);
    }

    /// Waits until the dialogs that were hung up or dropped so far are over: the other side has answered our BYE or CANCEL,
    /// or never will.
    pub async fn ended(&self) {
        self.shared.endings.close();
        self.shared.endings.wait().await;
    }

    /// Keeps us registered with a trunk until the registration is stopped or dropped.
    pub fn register(&self, trunk: Trunk) -> Result<Registration, SipError> {
        Registration::start(self.shared.stack.clone(), trunk, self.shared.reached_at())
    }

    /// Places a call. Its outcome comes as an event; dropping the dialog before the answer cancels it.
    pub fn invite(
        &self,
        invite: OutgoingInvite,
    ) -> Result<(Dialog, mpsc::Receiver<DialogEvent>), SipError> {
        let callee = uri(&invite.target)?;
        let proposal = Proposal::new(self.shared.config.session);
        let caller = self.shared.contact(&invite.from_user, None)?;
        let transport = callee.transport().copied();
        let contact = self.shared.contact(&invite.from_user, transport)?;
        let headers = invite
            .headers
            .into_iter()
            .map(|(name, value)| Header::Other(name, value))
            .collect();
        let option = InviteOption {
            caller_display_name: invite.from_display,
            caller,
            callee,
            content_type: Some("application/sdp".to_owned()),
            offer: Some(invite.offer.clone().into_bytes()),
            contact,
            credential: invite.credentials.map(|credentials| Credential {
                username: credentials.user,
                password: credentials.password,
                realm: None,
                auth_username: None,
            }),
            headers: Some(headers),
            ..InviteOption::default()
        };
        let offer = invite.offer;
        let invite = Invite { option, proposal };
        let (dialog, invited) = invite.send(&self.shared.layer)?;
        let timers = self.shared.timers(None);
        let endings = self.shared.endings.clone();
        let (handle, pump, events) = pair(&self.shared.layer, dialog, timers, offer, endings);
        tokio::spawn(pump.outgoing(invite, invited));
        Ok((handle, events))
    }
}

impl Shared {
    /// Where requests of a dialog over `transport` reach us.
    fn contact(&self, user: &str, transport: Option<Transport>) -> Result<Uri, SipError> {
        let host = self.reached_at();
        // RFC 3261 §19.1.5: without the parameter they come over UDP.
        let parameter = match transport {
            Some(Transport::Tcp) if self.config.tcp => ";transport=tcp",
            _ => "",
        };
        uri(&match user {
            "" => format!("sip:{host}{parameter}"),
            user => format!("sip:{user}@{host}{parameter}"),
        })
    }

    fn reached_at(&self) -> SocketAddr {
        let host = self.config.advertise.unwrap_or(self.address.ip());
        SocketAddr::new(host, self.address.port())
    }

    /// What becomes of an INVITE's credentials; `None` when it may go on.
    fn authenticate(&self, transaction: &Transaction) -> Option<(StatusCode, Vec<Header>)> {
        let request = &transaction.original;
        let authorization = request
            .headers()
            .iter()
            .find(|header| header.name().eq_ignore_ascii_case("Authorization"))
            .map(|header| header.value());
        let verdict = self
            .digest
            .as_ref()?
            .lock()
            // A nonce more or less is all that a panic in between can cost.
            .unwrap_or_else(PoisonError::into_inner)
            .check(
                self.clock.now(),
                &request.method.to_string(),
                &request.uri.to_string(),
                authorization,
            );
        let refused = |status| {
            self.counters.unauthorized.fetch_add(1, Ordering::Relaxed);
            Some((status, Vec::new()))
        };
        match verdict {
            Verdict::Accepted { .. } => None,
            Verdict::Challenge { www_authenticate } => {
                let challenges = www_authenticate.into_iter();
                let challenges = challenges.map(|value| Header::WwwAuthenticate(value.into()));
                Some((StatusCode::Unauthorized, challenges.collect()))
            }
            Verdict::Refused => refused(StatusCode::Forbidden),
            Verdict::Malformed => refused(StatusCode::BadRequest),
        }
    }

    fn timers(&self, answered: Option<(Answer, RefreshBy)>) -> Timers {
        Timers {
            clock: self.clock,
            policy: self.config.session,
            answered,
        }
    }

    fn may_call(&self, source: Option<SocketAddr>) -> bool {
        let allow = &self.config.allow;
        allow.is_empty()
            || source
                .is_some_and(|source| allow.iter().any(|network| contains(*network, source.ip())))
    }
}

fn uri(text: &str) -> Result<Uri, SipError> {
    Uri::try_from(text).map_err(|error| SipError::Uri {
        uri: text.to_owned(),
        problem: error.to_string(),
    })
}

/// Whether an address lies in a network.
fn contains((network, prefix): (IpAddr, u8), address: IpAddr) -> bool {
    let bits = |address: IpAddr| match address {
        IpAddr::V4(address) => (u128::from(address.to_bits()) << 96, 32u8),
        IpAddr::V6(address) => (address.to_bits(), 128),
    };
    let ((network, width), (address, other)) = (bits(network), bits(address));
    let prefix = u32::from(prefix.min(width));
    width == other && (prefix == 0 || (network ^ address) >> (128 - prefix) == 0)
}

async fn listen(
    config: &SipConfig,
    transport: &TransportLayer,
    cancel: &CancellationToken,
    counters: Arc<SipCounters>,
) -> Result<SocketAddr, SipError> {
    let failed = |error: rsipstack::Error| SipError::Listen {
        address: config.listen,
        problem: error.to_string(),
    };
    let external = |port: u16| config.advertise.map(|host| SocketAddr::new(host, port));
    let port = config.listen.port();
    let mut attempts = 0;
    let (udp, address) = loop {
        let token = Some(cancel.child_token());
        let udp = socket::connection(counters.clone(), config.listen, external(port), token)
            .await
            .map_err(failed)?;
        let bound = udp.get_addr().addr.port;
        let bound = bound.map_or(port, u16::from);
        let address = SocketAddr::new(config.listen.ip(), bound);
        if !config.tcp {
            break (udp, address);
        }
        // The stack binds later, in a task of its own, and only logs that it could not.
        attempts += 1;
        match std::net::TcpListener::bind(address) {
            Ok(_) => break (udp, address),
            // A port that is free over UDP need not be so over TCP.
            Err(_) if port == 0 && attempts < ATTEMPTS => {}
            Err(error) => {
                return Err(SipError::Listen {
                    address,
                    problem: format!("over TCP: {error}"),
                });
            }
        }
    };
    transport.add_transport(udp.into());
    if config.tcp {
        let listener = TcpListenerConnection::new(address, external(address.port()))
            .await
            .map_err(failed)?;
        transport.add_transport(listener.into());
    }
    Ok(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_contain_their_addresses() {
        let check = |network: &str, prefix, address: &str, expected| {
            let network = (network.parse().expect("an address"), prefix);
            assert_eq!(
                contains(network, address.parse().expect("an address")),
                expected
            );
        };
        check("127.0.0.0", 8, "127.9.9.9", true);
        check("127.0.0.0", 8, "128.0.0.1", false);
        check("10.1.2.3", 32, "10.1.2.3", true);
        check("10.1.2.3", 32, "10.1.2.4", false);
        check("0.0.0.0", 0, "9.9.9.9", true);
        check("0.0.0.0", 0, "::1", false);
        check("fd00::", 8, "fd12::1", true);
    }
}
