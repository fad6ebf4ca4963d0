//! A dialog: what can be asked of it. The task behind it, which turns the stack's states into events, is in [`pump`].

mod pump;

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use rsipstack::{
    dialog::{
        dialog::{DialogState, TransactionHandle},
        invite_dialog::InviteDialog,
    },
    sip::{Header, StatusCode, StatusCodeKind},
    transaction::key::TransactionRole,
};
use tokio::sync::Notify;
use tokio_util::task::TaskTracker;

pub(super) use pump::{Invite, Timers, pair};

use super::{SipError, headers};

/// Events of a dialog that wait to be taken; its task waits when nobody takes them.
pub(super) const EVENTS: usize = 64;

/// What the handle and the task of a dialog share.
struct Shared {
    /// The stack's dialog; another one once an INVITE had to be sent again.
    dialog: Mutex<InviteDialog>,
    /// The offer of a re-INVITE or UPDATE that waits for our answer.
    pending: Mutex<Option<TransactionHandle>>,
    /// Our last session description, for the requests that only refresh.
    local: Mutex<String>,
    /// We ended it: its end is no event.
    ended_here: AtomicBool,
    /// A task is about to end it.
    hanging_up: AtomicBool,
    /// Our offer went out in the 200 of an INVITE without one.
    delayed: AtomicBool,
    /// Session-Expires and its like, for the next 2xx that we send (RFC 4028 §9).
    timer_headers: Mutex<Vec<Header>>,
    /// The stack's state changed.
    changed: Notify,
}

impl Shared {
    fn new(dialog: InviteDialog, local: String) -> Self {
        Self {
            dialog: Mutex::new(dialog),
            pending: Mutex::default(),
            local: Mutex::new(local),
            ended_here: AtomicBool::default(),
            hanging_up: AtomicBool::default(),
            delayed: AtomicBool::default(),
            timer_headers: Mutex::default(),
            changed: Notify::default(),
        }
    }

    fn dialog(&self) -> InviteDialog {
        lock(&self.dialog).clone()
    }

    /// Headers of a 200 with a session description.
    fn answer_headers(&self) -> Vec<Header> {
        let mut headers = std::mem::take(&mut *lock(&self.timer_headers));
        headers.push(Header::ContentType("application/sdp".into()));
        headers
    }
}

/// How long a request of ours waits for one of the other side to be over.
const PATIENCE: Duration = Duration::from_secs(4);

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Held for an assignment at a time: a panic elsewhere leaves the value whole.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A dialog. The last handle that is dropped ends it: BYE, CANCEL or a rejection, as its state asks.
#[derive(Clone)]
pub struct Dialog {
    inner: Arc<Inner>,
}

struct Inner {
    shared: Arc<Shared>,
    endings: TaskTracker,
}

impl std::fmt::Debug for Dialog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Dialog")
            .field(&self.inner.shared.dialog().id())
            .finish()
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.hang_up();
    }
}

impl Inner {
    /// Ends the dialog on a task of its own, if none is at it.
    fn hang_up(&self) {
        self.shared.ended_here.store(true, Ordering::Relaxed);
        // A BYE that waits for its answer leaves the dialog confirmed; a second one would tell the peer nothing new.
        if self.shared.hanging_up.swap(true, Ordering::Relaxed) {
            return;
        }
        let (dialog, shared) = (self.shared.dialog(), self.shared.clone());
        let ending = async move {
            end(&dialog).await;
            // In the middle of a request of the other side it may have failed, and is tried again at the drop.
            shared.hanging_up.store(false, Ordering::Relaxed);
        };
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            self.endings.spawn_on(ending, &runtime);
        }
    }
}

/// Ends a dialog in whatever state it is.
async fn end(dialog: &InviteDialog) {
    let state = dialog.state();
    let ended = match (dialog.role(), &state) {
        (_, DialogState::Terminated(..)) => Ok(()),
        (_, DialogState::Confirmed(..) | DialogState::WaitAck(..)) => dialog.bye().await,
        (
            TransactionRole::Server,
            DialogState::Calling(_) | DialogState::Trying(_) | DialogState::Early(..),
        ) => dialog.reject(Some(StatusCode::TemporarilyUnavailable), None),
        (
            TransactionRole::Client,
            DialogState::Calling(_) | DialogState::Trying(_) | DialogState::Early(..),
        ) => dialog.cancel().await,
        // In the middle of a request of the other side: the dialog is confirmed all the same.
        _ => dialog.hangup().await,
    };
    if let Err(error) = ended {
        tracing::debug!(sip.dialog = %dialog.id(), %error, "the dialog did not end in order");
    }
}

impl Dialog {
    /// Call-ID of the dialog.
    pub fn call_id(&self) -> String {
        self.inner.shared.dialog().id().call_id
    }

    /// 180.
    pub fn ringing(&self) -> Result<(), SipError> {
        self.inner
            .shared
            .dialog()
            .ringing(None, None)
            .map_err(SipError::stack)
    }

    /// 200 with a session description: our answer, or our offer when the INVITE had none. Sent again until the ACK comes.
    pub fn accept(&self, description: String) -> Result<(), SipError> {
        let had_offer = !self.inner.shared.dialog().initial_request().body.is_empty();
        self.inner
            .shared
            .delayed
            .store(!had_offer, Ordering::Relaxed);
        lock(&self.inner.shared.local).clone_from(&description);
        let headers = self.inner.shared.answer_headers();
        self.inner
            .shared
            .dialog()
            .accept(Some(headers), Some(description.into_bytes()))
            .map_err(SipError::stack)
    }

    /// Refuses the INVITE with this status.
    pub fn reject(&self, status: u16) -> Result<(), SipError> {
        self.inner.shared.ended_here.store(true, Ordering::Relaxed);
        self.inner
            .shared
            .dialog()
            .reject(Some(StatusCode::from(status)), None)
            .map_err(SipError::stack)
    }

    /// Answers the last [`Offered`](super::DialogEvent::Offered): a session description, or a status that refuses it.
    pub async fn answer_offer(&self, answer: Result<String, u16>) -> Result<(), SipError> {
        let Some(request) = lock(&self.inner.shared.pending).take() else {
            return Err(SipError::NothingToAnswer);
        };
        let sent = match answer {
            Ok(description) => {
                lock(&self.inner.shared.local).clone_from(&description);
                let headers = self.inner.shared.answer_headers();
                request
                    .respond(
                        StatusCode::OK,
                        Some(headers),
                        Some(description.into_bytes()),
                    )
                    .await
            }
            Err(status) => request.reply(StatusCode::from(status)).await,
        };
        // The other side cancelled its request or went away: nobody waits for the answer.
        sent.map_err(|_| SipError::NothingToAnswer)
    }

    /// The stack drops requests on a dialog that is busy with one of the other side: waits until it is not.
    async fn when_confirmed(&self) -> Result<(), SipError> {
        let waiting = async {
            loop {
                let changed = self.inner.shared.changed.notified();
                match self.inner.shared.dialog().state() {
                    DialogState::Confirmed(..) => return Ok(()),
                    DialogState::Terminated(..) => return Err(SipError::NotConfirmed),
                    _ => changed.await,
                }
            }
        };
        tokio::time::timeout(PATIENCE, waiting)
            .await
            .unwrap_or(Err(SipError::NotConfirmed))
    }

    /// Offers a new session description (re-INVITE) and gives the answer.
    pub async fn reoffer(&self, description: String) -> Result<String, SipError> {
        self.when_confirmed().await?;
        lock(&self.inner.shared.local).clone_from(&description);
        let headers = vec![Header::ContentType("application/sdp".into())];
        let response = self
            .inner
            .shared
            .dialog()
            .reinvite(Some(headers), Some(description.into_bytes()))
            .await;
        match response.map_err(SipError::stack)? {
            Some(response) if response.status_code.kind() == StatusCodeKind::Successful => {
                Ok(body(&response.body))
            }
            Some(response) => Err(SipError::Refused {
                status: response.status_code.into(),
            }),
            None => Err(SipError::NotConfirmed),
        }
    }

    /// Asks the other side to call `target` instead (REFER, RFC 3515); gives the REFER's number. Progress comes as
    /// [`ReferProgress`](super::DialogEvent::ReferProgress).
    pub async fn refer(&self, target: &str) -> Result<u32, SipError> {
        self.when_confirmed().await?;
        let refer_to = format!("<{target}>");
        let response = self
            .inner
            .shared
            .dialog()
            .refer(refer_to.as_str(), None, None)
            .await
            .map_err(SipError::stack)?;
        match response {
            Some(response) if response.status_code.kind() == StatusCodeKind::Successful => {
                // A response without CSeq matches no request (RFC 3261 §17.1.3).
                headers::sequence(&response).ok_or(SipError::NotConfirmed)
            }
            Some(response) => Err(SipError::Refused {
                status: response.status_code.into(),
            }),
            None => Err(SipError::NotConfirmed),
        }
    }

    /// Tells the one who sent a REFER how the referred call goes (NOTIFY with a sipfrag).
    pub async fn notify_referrer(&self, status: u16, over: bool) -> Result<(), SipError> {
        self.when_confirmed().await?;
        let state = if over {
            "terminated;reason=noresource"
        } else {
            "active;expires=60"
        };
        self.inner
            .shared
            .dialog()
            .notify_refer(StatusCode::from(status), state)
            .await
            .map_err(SipError::stack)?;
        Ok(())
    }

    /// Sends a key by INFO.
    pub async fn send_info_digit(&self, key: char) -> Result<(), SipError> {
        self.when_confirmed().await?;
        let headers = vec![Header::ContentType("application/dtmf-relay".into())];
        let body = format!("Signal={key}\r\nDuration=160\r\n").into_bytes();
        self.inner
            .shared
            .dialog()
            .info(Some(headers), Some(body))
            .await
            .map_err(SipError::stack)?;
        Ok(())
    }

    /// Ends the dialog like [`Dialog::end`] and does not wait: a peer that is gone lets a BYE wait for 32 s (RFC 3261
    /// §17.1.2.2). [`SipEndpoint::ended`](super::SipEndpoint::ended) does.
    pub fn hang_up(&self) {
        self.inner.hang_up();
    }

    /// Ends the dialog in whatever state it is: BYE, CANCEL, or a rejection.
    pub async fn end(&self) {
        self.inner.shared.ended_here.store(true, Ordering::Relaxed);
        end(&self.inner.shared.dialog()).await;
    }
}

fn body(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
