//! The endpoint: listeners, calls in, calls out, and what is refused before it is a call.

use std::{
    net::{IpAddr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use rsipstack::{
    EndpointBuilder,
    dialog::{authenticate::Credential, dialog_layer::DialogLayer, invitation::InviteOption},
    sip::{Header, Method, StatusCode, Uri},
    transaction::{TransactionReceiver, endpoint::EndpointInnerRef, transaction::Transaction},
    transport::{TcpListenerConnection, TransportLayer, udp::UdpConnection},
};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{Dialog, DialogEvent, InviteFacts, dialog::pair, headers};

/// Calls that wait to be taken; one more gets 503 with Retry-After.
const INCOMING: usize = 64;

/// What we understand (RFC 3261 §20.5).
const ALLOW: &str = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, REFER, NOTIFY, PRACK";

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
    /// Retry-After of a 503.
    pub retry_after: Duration,
    /// Name in User-Agent.
    pub user_agent: String,
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
    /// INVITEs refused because too many waited.
    pub overloaded: AtomicU64,
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
    counters: SipCounters,
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
        let address = listen(&config, &transport, &cancel).await?;
        let stack = EndpointBuilder::new()
            .with_user_agent(&config.user_agent)
            .with_transport_layer(transport)
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
        let endpoint = Self {
            shared: Arc::new(Shared {
                config,
                layer,
                stack: stack.inner.clone(),
                address,
                cancel,
                closing: AtomicBool::new(false),
                counters: SipCounters::default(),
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

    /// New calls are refused from now on.
    pub fn close(&self) {
        self.shared.closing.store(true, Ordering::Relaxed);
    }

    /// Places a call. Its outcome comes as an event; dropping the dialog before the answer cancels it.
    pub fn invite(
        &self,
        invite: OutgoingInvite,
    ) -> Result<(Dialog, mpsc::Receiver<DialogEvent>), SipError> {
        let callee = uri(&invite.target)?;
        let contact = self.shared.contact(&invite.from_user)?;
        let headers = invite
            .headers
            .into_iter()
            .map(|(name, value)| Header::Other(name, value))
            .collect();
        let option = InviteOption {
            caller_display_name: invite.from_display,
            caller: contact.clone(),
            callee,
            content_type: Some("application/sdp".to_owned()),
            offer: Some(invite.offer.into_bytes()),
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
        let (states, receiver) = self.shared.layer.new_dialog_state_channel();
        let (dialog, result) = self
            .shared
            .layer
            .do_invite_async(option, states)
            .map_err(SipError::stack)?;
        let (handle, pump, events) = pair(&self.shared.layer, dialog);
        tokio::spawn(pump.outgoing(receiver, result));
        Ok((handle, events))
    }
}

impl Shared {
    fn contact(&self, user: &str) -> Result<Uri, SipError> {
        let host = self.config.advertise.unwrap_or(self.address.ip());
        let host = SocketAddr::new(host, self.address.port());
        uri(&match user {
            "" => format!("sip:{host}"),
            user => format!("sip:{user}@{host}"),
        })
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
) -> Result<SocketAddr, SipError> {
    let failed = |error: rsipstack::Error| SipError::Listen {
        address: config.listen,
        problem: error.to_string(),
    };
    let external = |port: u16| config.advertise.map(|host| SocketAddr::new(host, port));
    let port = config.listen.port();
    let udp =
        UdpConnection::create_connection(config.listen, external(port), Some(cancel.child_token()))
            .await
            .map_err(failed)?;
    let bound = udp.get_addr().addr.clone();
    transport.add_transport(udp.into());
    let address = SocketAddr::new(
        config.listen.ip(),
        bound.port.as_ref().map_or(port, |port| u16::from(*port)),
    );
    if config.tcp {
        let listener = TcpListenerConnection::new(address, external(address.port()))
            .await
            .map_err(failed)?;
        transport.add_transport(listener.into());
    }
    Ok(address)
}

async fn serve(
    shared: std::sync::Weak<Shared>,
    mut transactions: TransactionReceiver,
    calls: mpsc::Sender<IncomingCall>,
) {
    while let Some(transaction) = transactions.recv().await {
        let Some(shared) = shared.upgrade() else {
            return;
        };
        let calls = calls.clone();
        // A transaction can wait for its peer for half a minute: none may hold up the next.
        tokio::spawn(async move { take(&shared, transaction, &calls).await });
    }
}

async fn take(
    shared: &Arc<Shared>,
    mut transaction: Transaction,
    calls: &mpsc::Sender<IncomingCall>,
) {
    if let Some(mut dialog) = shared.layer.match_dialog(&transaction) {
        if let Err(error) = dialog.handle(&mut transaction).await {
            tracing::debug!(%error, "a request within a dialog was not served");
        }
        return;
    }
    let source = headers::source(&transaction.original);
    let done = match transaction.original.method {
        Method::Ack => Ok(()),
        _ if !shared.may_call(source) => {
            shared.counters.forbidden.fetch_add(1, Ordering::Relaxed);
            transaction.reply(StatusCode::Forbidden).await
        }
        Method::Invite => return invited(shared, transaction, source, calls).await,
        Method::Options => {
            let headers = vec![
                Header::Allow(ALLOW.into()),
                Header::Accept("application/sdp".into()),
                Header::Supported("timer".into()),
            ];
            transaction.reply_with(StatusCode::OK, headers, None).await
        }
        Method::Cancel
        | Method::Bye
        | Method::Info
        | Method::Update
        | Method::Notify
        | Method::PRack
        | Method::Refer => {
            transaction
                .reply(StatusCode::CallTransactionDoesNotExist)
                .await
        }
        _ => {
            let headers = vec![Header::Allow(ALLOW.into())];
            transaction
                .reply_with(StatusCode::MethodNotAllowed, headers, None)
                .await
        }
    };
    if let Err(error) = done {
        tracing::debug!(%error, "a request was not answered");
    }
}

async fn invited(
    shared: &Arc<Shared>,
    mut transaction: Transaction,
    source: Option<SocketAddr>,
    calls: &mpsc::Sender<IncomingCall>,
) {
    let refused = match (calls.try_reserve(), source) {
        // RFC 3261 §12.2.2: a To tag means a dialog that is not ours any more.
        _ if headers::value(&transaction.original, "To").is_some_and(|to| to.contains(";tag=")) => {
            transaction
                .reply(StatusCode::CallTransactionDoesNotExist)
                .await
        }
        // RFC 3261 §8.2.2.3: none of our extensions can be required, 100rel and timer aside.
        _ if unsupported(&transaction).is_some() => {
            let missing = unsupported(&transaction).unwrap_or_default();
            let headers = vec![Header::Unsupported(missing.into())];
            transaction
                .reply_with(StatusCode::BadExtension, headers, None)
                .await
        }
        (Ok(permit), Some(source)) if !shared.closing.load(Ordering::Relaxed) => {
            let contact = shared.contact("").ok();
            let (states, receiver) = shared.layer.new_dialog_state_channel();
            match shared
                .layer
                .get_or_create_server_invite(&transaction, states, None, contact)
            {
                Ok(mut dialog) => {
                    let (handle, pump, events) = pair(&shared.layer, dialog.clone());
                    tokio::spawn(pump.incoming(receiver));
                    let facts = headers::facts(&transaction.original, source);
                    permit.send(IncomingCall {
                        facts,
                        dialog: handle,
                        events,
                    });
                    dialog.handle(&mut transaction).await
                }
                Err(error) => {
                    tracing::warn!(%error, "an INVITE made no dialog");
                    transaction.reply(StatusCode::BadRequest).await
                }
            }
        }
        _ => {
            shared.counters.overloaded.fetch_add(1, Ordering::Relaxed);
            let seconds = shared.config.retry_after.as_secs().to_string();
            let headers = vec![Header::RetryAfter(seconds.into())];
            transaction
                .reply_with(StatusCode::ServiceUnavailable, headers, None)
                .await
        }
    };
    if let Err(error) = refused {
        tracing::debug!(%error, "an INVITE was not served to its end");
    }
}

/// Extensions that are required and that we do not have.
fn unsupported(transaction: &Transaction) -> Option<String> {
    let required = headers::values(&transaction.original, "Require");
    let missing: Vec<_> = required
        .into_iter()
        .filter(|tag| !matches!(tag.as_str(), "timer" | "100rel" | "replaces"))
        .collect();
    (!missing.is_empty()).then(|| missing.join(", "))
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
