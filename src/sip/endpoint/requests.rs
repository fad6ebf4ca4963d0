//! Requests that come in: what belongs to a dialog goes there, an INVITE becomes a call, the rest is answered or refused.

use std::{
    net::SocketAddr,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use rsipstack::{
    dialog::dialog::Dialog,
    sip::{Header, Method, StatusCode},
    transaction::{TransactionReceiver, transaction::Transaction},
    transport::SipConnection,
};
use tokio::sync::mpsc;

use super::{IncomingCall, Shared};
use crate::sip::{
    dialog::pair,
    headers, refresh,
    session_timer::{self, TooSmall},
};

/// How long the transaction of an INVITE may outlive its dialog: a little more than the 64*T1 (32 s) that it waits for an ACK.
const AFTERLIFE: Duration = Duration::from_secs(36);

/// How often, and how many times, a request that came before the ACK of its call looks for it: for T1 (RFC 3261 §17.1.1.1).
const ACK_LOOK: Duration = Duration::from_millis(10);
const ACK_LOOKS: u32 = 50;

/// What we understand (RFC 3261 §20.5).
const ALLOW: &str = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, REFER, NOTIFY, PRACK";

/// Serves transactions until the endpoint is gone.
pub(super) async fn serve(
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
        if is_early(&dialog, &transaction).await {
            // RFC 3261 §14.2: one after the other.
            let headers = vec![Header::RetryAfter("1".into())];
            let status = StatusCode::ServerInternalError;
            if let Err(error) = transaction.reply_with(status, headers, None).await {
                tracing::debug!(%error, "a request that came early was not refused");
            }
            return;
        }
        if let Err(error) = dialog.handle(&mut transaction).await {
            tracing::debug!(%error, "a request within a dialog was not served");
        }
        return;
    }
    let source = source(&transaction);
    let done = match transaction.original.method {
        Method::Ack => Ok(()),
        _ if !shared.may_call(source) => {
            shared.counters.forbidden.fetch_add(1, Ordering::Relaxed);
            transaction.reply(StatusCode::Forbidden).await
        }
        Method::Invite => return invited(shared, transaction, source, calls).await,
        // What looks whether we are there must not send us calls.
        Method::Options if shared.closing.load(Ordering::Relaxed) => {
            transaction.reply(StatusCode::ServiceUnavailable).await
        }
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

/// Whether the ACK of the call is still missing after the wait that it is worth. It may have come before this request and be
/// on its way through a task of its own; what overtakes it there the stack would swallow, and a re-INVITE would never be
/// answered.
async fn is_early(dialog: &Dialog, transaction: &Transaction) -> bool {
    let method = &transaction.original.method;
    if matches!(
        method,
        Method::Ack | Method::Bye | Method::Cancel | Method::PRack
    ) {
        return false;
    }
    let Dialog::Invite(dialog) = dialog else {
        return false;
    };
    let mut looks = tokio::time::interval(ACK_LOOK);
    for _ in 0..ACK_LOOKS {
        if !dialog.state().waiting_ack() {
            return false;
        }
        looks.tick().await;
    }
    true
}

/// Where a request came from, as the socket says. Never what its Via says: the stack leaves a `received` that the sender wrote
/// where it was when the sent-by is right, and over TCP also when only the port is not.
fn source(transaction: &Transaction) -> Option<SocketAddr> {
    let remote = transaction.connection.as_ref()?.get_remote_addr()?;
    remote.get_socketaddr().ok()
}

async fn invited(
    shared: &Arc<Shared>,
    mut transaction: Transaction,
    source: Option<SocketAddr>,
    calls: &mpsc::Sender<IncomingCall>,
) {
    let in_dialog =
        headers::value(&transaction.original, "To").is_some_and(|to| to.contains(";tag="));
    if !in_dialog && let Some((status, headers)) = shared.authenticate(&transaction) {
        if let Err(error) = transaction.reply_with(status, headers, None).await {
            tracing::debug!(%error, "an INVITE was not challenged");
        }
        return;
    }
    let request = &transaction.original;
    let answered = match session_timer::answer(shared.config.session, refresh::timers_of(request)) {
        Ok(answer) => Some((answer, refresh::refreshed_by(request))),
        Err(TooSmall { min_s }) if !in_dialog => {
            // RFC 4028 §9.
            let headers = vec![Header::MinSE(min_s.to_string().into())];
            let status = StatusCode::SessionIntervalTooSmall;
            shared.counters.unsupported.fetch_add(1, Ordering::Relaxed);
            if let Err(error) = transaction.reply_with(status, headers, None).await {
                tracing::debug!(%error, "an INVITE was not refused");
            }
            return;
        }
        Err(_) => None,
    };
    let place = shared.places.clone().try_acquire_owned();
    let refused = match (calls.try_reserve().ok().zip(place.ok()), source) {
        // RFC 3261 §12.2.2: a To tag means a dialog that is not ours any more.
        _ if in_dialog => {
            transaction
                .reply(StatusCode::CallTransactionDoesNotExist)
                .await
        }
        // RFC 3261 §8.2.2.3: no extension can be required but the session timer.
        _ if unsupported(&transaction).is_some() => {
            shared.counters.unsupported.fetch_add(1, Ordering::Relaxed);
            let missing = unsupported(&transaction).unwrap_or_default();
            let headers = vec![Header::Unsupported(missing.into())];
            transaction
                .reply_with(StatusCode::BadExtension, headers, None)
                .await
        }
        (Some((permit, place)), Some(source)) if !shared.closing.load(Ordering::Relaxed) => {
            let transport = transaction
                .connection
                .as_ref()
                .map(SipConnection::transport);
            let contact = shared.contact("", transport).ok();
            let (states, receiver) = shared.layer.new_dialog_state_channel();
            match shared
                .layer
                .get_or_create_server_invite(&transaction, states, None, contact)
            {
                Ok(mut dialog) => {
                    let timers = shared.timers(answered);
                    let endings = shared.endings.clone();
                    let (handle, pump, events) = pair(
                        &shared.layer,
                        dialog.clone(),
                        timers,
                        String::new(),
                        endings,
                    );
                    let pump = tokio::spawn(pump.incoming(receiver));
                    let facts = headers::facts(&transaction.original, source);
                    permit.send(IncomingCall {
                        facts,
                        dialog: handle,
                        events,
                        place,
                    });
                    // A final response that cannot be sent (a TCP peer is gone) starts no timer of the transaction's.
                    let over = async {
                        let _ = pump.await;
                        tokio::time::sleep(AFTERLIFE).await;
                    };
                    tokio::select! {
                        handled = dialog.handle(&mut transaction) => handled,
                        () = over => Ok(()),
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "an INVITE made no dialog");
                    transaction.reply(StatusCode::BadRequest).await
                }
            }
        }
        _ => {
            shared.counters.overloaded.fetch_add(1, Ordering::Relaxed);
            transaction.reply(StatusCode::ServiceUnavailable).await
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
        .filter(|tag| !tag.eq_ignore_ascii_case("timer"))
        .collect();
    (!missing.is_empty()).then(|| missing.join(", "))
}
