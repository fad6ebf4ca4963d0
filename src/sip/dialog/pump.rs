//! The task of a dialog: turns the stack's states into events, answers what needs nobody's decision, and keeps the session
//! timer. It decides nothing about the call (see `session`).

use std::{
    collections::VecDeque,
    sync::{Arc, atomic::Ordering},
};

use rsipstack::{
    dialog::{
        dialog::{DialogState, DialogStateReceiver, TerminatedReason, TransactionHandle},
        dialog_layer::DialogLayer,
        invitation::{InviteAsyncResult, InviteOption},
        invite_dialog::InviteDialog,
    },
    sip::{Header, Request, Response, StatusCode, StatusCodeKind},
    transaction::key::TransactionRole,
};
use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;

use super::{Dialog, EVENTS, Inner, Shared, body, end, lock};
use crate::{
    clock::ProcessClock,
    sip::{
        DialogEvent, SipError, headers,
        refresh::{Refresher, answer_headers, proposal_headers, timers_of},
        session_timer::{self, Answer, Due, Policy, Proposal, RefreshBy, TooSmall, parse_seconds},
    },
};

/// What a dialog's task works on.
pub(in crate::sip) struct Pump {
    layer: Arc<DialogLayer>,
    dialog: InviteDialog,
    shared: Arc<Shared>,
    events: mpsc::Sender<DialogEvent>,
    confirmed: bool,
    /// CSeq of the last re-INVITE that had no offer, until its ACK came.
    unanswered: Option<u32>,
    /// What requests told us whose 200 is on its way out: what we send because of it must not overtake that 200.
    untold: VecDeque<DialogEvent>,
    refresher: Refresher,
    /// What we agreed to as the one who is called.
    answered: Option<(Answer, RefreshBy)>,
}

/// The timers of a new dialog.
pub(in crate::sip) struct Timers {
    pub(in crate::sip) clock: ProcessClock,
    pub(in crate::sip) policy: Policy,
    /// Our answer to the INVITE that came in.
    pub(in crate::sip) answered: Option<(Answer, RefreshBy)>,
}

/// What a dialog's task waits for.
enum Happened {
    State(Option<Box<DialogState>>),
    Due(Due),
}

/// An INVITE of ours, to be sent again when its session interval is refused.
pub(in crate::sip) struct Invite {
    /// All of it but the session timer's headers.
    pub(in crate::sip) option: InviteOption,
    pub(in crate::sip) proposal: Proposal,
}

/// The states of a dialog, and how its INVITE ends.
type Invited = (
    DialogStateReceiver,
    rsipstack::platform::JoinHandle<InviteAsyncResult>,
);

impl Invite {
    /// Sends it.
    pub(in crate::sip) fn send(
        &self,
        layer: &Arc<DialogLayer>,
    ) -> Result<(InviteDialog, Invited), SipError> {
        let mut option = self.option.clone();
        let timer = proposal_headers(self.proposal.session_expires(), self.proposal.min_se());
        option.headers.get_or_insert_default().extend(timer);
        let (states, receiver) = layer.new_dialog_state_channel();
        let (dialog, result) = layer
            .do_invite_async(option, states)
            .map_err(SipError::stack)?;
        Ok((dialog, (receiver, result)))
    }
}

/// A handle and the task behind it, not yet started.
/// `local` is our session description, if there is one already.
pub(in crate::sip) fn pair(
    layer: &Arc<DialogLayer>,
    dialog: InviteDialog,
    timers: Timers,
    local: String,
    endings: TaskTracker,
) -> (Dialog, Pump, mpsc::Receiver<DialogEvent>) {
    let (events, receiver) = mpsc::channel(EVENTS);
    let shared = Arc::new(Shared::new(dialog.clone(), local));
    if let Some((answer, _)) = &timers.answered {
        *lock(&shared.timer_headers) = answer_headers(answer);
    }
    let pump = Pump {
        layer: layer.clone(),
        dialog,
        shared: shared.clone(),
        events,
        confirmed: false,
        unanswered: None,
        untold: VecDeque::new(),
        refresher: Refresher::new(timers.clock, timers.policy),
        answered: timers.answered,
    };
    let handle = Dialog {
        inner: Arc::new(Inner { shared, endings }),
    };
    (handle, pump, receiver)
}

impl Pump {
    /// Serves an incoming call until it ends.
    pub(in crate::sip) async fn incoming(mut self, mut states: DialogStateReceiver) {
        loop {
            let happened = tokio::select! {
                state = states.recv() => Happened::State(state.map(Box::new)),
                due = self.refresher.due() => Happened::Due(due),
            };
            if self.happened(happened).await.is_break() {
                break;
            }
        }
        self.forget();
    }

    /// Serves an outgoing call until it ends.
    pub(in crate::sip) async fn outgoing(
        mut self,
        mut invite: Invite,
        (mut states, result): Invited,
    ) {
        tokio::pin!(result);
        let mut answered = false;
        loop {
            tokio::select! {
                biased;
                ended = &mut result, if !answered => {
                    let ended = ended.ok();
                    if let Some(again) = self.again(&mut invite, &ended) {
                        states = again.0;
                        result.set(again.1);
                        continue;
                    }
                    answered = true;
                    if self.invite_result(ended).await.is_break() {
                        break;
                    }
                    // Its end was passed over below when it came first: a BYE right after the 200.
                    if let state @ DialogState::Terminated(..) = self.dialog.state() {
                        let _ = self.happened(Happened::State(Some(Box::new(state)))).await;
                        break;
                    }
                }
                state = states.recv() => match state {
                    // The final response is told by the INVITE's result, with its body.
                    Some(DialogState::Terminated(..)) if !answered => {}
                    state => {
                        let state = Happened::State(state.map(Box::new));
                        if self.happened(state).await.is_break() {
                            break;
                        }
                    }
                },
                due = self.refresher.due() => {
                    if self.happened(Happened::Due(due)).await.is_break() {
                        break;
                    }
                }
            }
        }
        self.forget();
    }

    /// Sends an INVITE again whose session interval the other side finds too small (RFC 4028 §7.3).
    fn again(&mut self, invite: &mut Invite, ended: &Option<InviteAsyncResult>) -> Option<Invited> {
        let Some(Ok((_, Some(response)))) = ended else {
            return None;
        };
        let min_s = headers::value(response, "Min-SE").and_then(|value| parse_seconds(&value));
        if response.status_code != StatusCode::SessionIntervalTooSmall
            || self.shared.ended_here.load(Ordering::Relaxed)
            || !invite.proposal.too_small(min_s)
        {
            return None;
        }
        // RFC 3261 §8.1.3.5: it is the same call.
        invite.option.call_id = Some(self.dialog.id().call_id);
        let (dialog, invited) = invite.send(&self.layer).ok()?;
        self.dialog = dialog.clone();
        *lock(&self.shared.dialog) = dialog.clone();
        // Whoever ended the call before the line above ended the other dialog.
        if self.shared.ended_here.load(Ordering::Relaxed) {
            tokio::spawn(async move { end(&dialog).await });
        }
        Some(invited)
    }

    async fn happened(&mut self, happened: Happened) -> std::ops::ControlFlow<()> {
        match happened {
            Happened::State(Some(state)) => self.state(*state).await,
            Happened::State(None) => std::ops::ControlFlow::Break(()),
            Happened::Due(Due::Refresh { by, header, min_s }) => {
                let headers = proposal_headers(header, min_s);
                let description = lock(&self.shared.local).clone();
                self.refresher
                    .send(self.dialog.clone(), by, headers, description);
                std::ops::ControlFlow::Continue(())
            }
            Happened::Due(Due::Expired) => {
                self.shared.ended_here.store(true, Ordering::Relaxed);
                // Told first: a peer that is gone lets the BYE wait for half a minute.
                self.tell(DialogEvent::SessionExpired).await;
                end(&self.dialog).await;
                std::ops::ControlFlow::Break(())
            }
        }
    }

    /// A dialog that nobody removes stays in the stack's table for ever.
    fn forget(&self) {
        self.layer.remove_dialog(&self.dialog.id());
    }

    async fn tell(&self, event: DialogEvent) {
        // Nobody listens any more: the handle's drop ends the dialog.
        let _ = self.events.send(event).await;
    }

    /// Tells `event` once the 200 of the request that brought it is out; the stack says `Confirmed` then.
    async fn tell_after_reply(&mut self, event: DialogEvent) {
        if self.untold.len() >= EVENTS {
            self.tell_next().await;
        }
        self.untold.push_back(event);
    }

    async fn tell_next(&mut self) {
        if let Some(event) = self.untold.pop_front() {
            self.tell(event).await;
        }
    }

    async fn invite_result(
        &mut self,
        result: Option<InviteAsyncResult>,
    ) -> std::ops::ControlFlow<()> {
        let event = match result {
            Some(Ok((_, Some(response))))
                if response.status_code.kind() == StatusCodeKind::Successful =>
            {
                // Our CANCEL crossed it: the stack has sent a BYE, and tells of no dialog.
                if let DialogState::Terminated(_, TerminatedReason::UacCancel) = self.dialog.state()
                {
                    self.tell(DialogEvent::Failed {
                        status: 487,
                        reason: "cancelled".to_owned(),
                    })
                    .await;
                    return std::ops::ControlFlow::Break(());
                }
                self.confirmed = true;
                self.refresher.begin_as_caller(&response);
                self.tell(DialogEvent::Accepted {
                    answer: body(&response.body),
                })
                .await;
                return std::ops::ControlFlow::Continue(());
            }
            Some(Ok((_, Some(response)))) => failed(&response),
            // RFC 3261 §8.1.3.1: no response is 408, no way to send is 503.
            Some(Ok((_, None))) => DialogEvent::Failed {
                status: 408,
                reason: "no response".to_owned(),
            },
            Some(Err(error)) => DialogEvent::Failed {
                status: 503,
                reason: error.to_string(),
            },
            None => DialogEvent::Failed {
                status: 503,
                reason: "the stack has stopped".to_owned(),
            },
        };
        self.tell(event).await;
        std::ops::ControlFlow::Break(())
    }

    async fn state(&mut self, state: DialogState) -> std::ops::ControlFlow<()> {
        self.shared.changed.notify_waiters();
        match state {
            DialogState::Early(_, response) if self.dialog.role() == TransactionRole::Client => {
                let early = (!response.body.is_empty()).then(|| body(&response.body));
                self.tell(DialogEvent::Ringing { early }).await;
            }
            DialogState::Confirmed(..)
                if self.dialog.role() == TransactionRole::Server && !self.confirmed =>
            {
                self.confirmed = true;
                if let Some((answer, by)) = self.answered.take() {
                    self.refresher.begin(Some(answer.terms), by);
                }
                let answer = match self.shared.delayed.load(Ordering::Relaxed) {
                    true => self.dialog.last_remote_ack().map(|ack| body(&ack.body)),
                    false => None,
                };
                self.tell(DialogEvent::Confirmed { answer }).await;
            }
            DialogState::Confirmed(..) => {
                self.answered_by_ack().await;
                self.tell_next().await;
            }
            DialogState::Updated(_, request, transaction) => {
                self.updated(request, transaction).await
            }
            DialogState::Info(_, request, transaction) => match headers::dtmf(&request) {
                Some(key) => {
                    reply(transaction, StatusCode::OK).await;
                    self.tell_after_reply(DialogEvent::Digit(key)).await;
                }
                // RFC 6086 §4.2.2: an empty INFO is a ping; other bodies are not understood.
                None if request.body.is_empty() => reply(transaction, StatusCode::OK).await,
                None => reply(transaction, StatusCode::UnsupportedMediaType).await,
            },
            DialogState::Options(_, _, transaction) => reply(transaction, StatusCode::OK).await,
            DialogState::Notify(_, request, transaction) => {
                reply(transaction, StatusCode::OK).await;
                if let Some((id, status)) = headers::refer_status(&request) {
                    let progress = DialogEvent::ReferProgress { id, status };
                    self.tell_after_reply(progress).await;
                }
            }
            DialogState::Refer(_, request, transaction) => {
                match headers::value(&request, "Refer-To") {
                    Some(target) => {
                        reply(transaction, StatusCode::Accepted).await;
                        let target = target
                            .trim_start_matches('<')
                            .trim_end_matches('>')
                            .to_owned();
                        self.tell(DialogEvent::Referred { target }).await;
                    }
                    None => reply(transaction, StatusCode::BadRequest).await,
                }
            }
            DialogState::Message(_, _, transaction) | DialogState::Publish(_, _, transaction) => {
                reply(transaction, StatusCode::MethodNotAllowed).await;
            }
            DialogState::Terminated(_, reason) => {
                while !self.untold.is_empty() {
                    self.tell_next().await;
                }
                if !self.shared.ended_here.load(Ordering::Relaxed)
                    && let Some(event) = ended(self.dialog.role(), self.confirmed, &reason)
                {
                    self.tell(event).await;
                }
                return std::ops::ControlFlow::Break(());
            }
            DialogState::Calling(_)
            | DialogState::Trying(_)
            | DialogState::Early(..)
            | DialogState::WaitAck(..) => {}
        }
        std::ops::ControlFlow::Continue(())
    }

    /// RFC 3261 §14.2: our 200 to a re-INVITE without an offer was one, and its ACK carries the answer. The stack says
    /// `Confirmed` after other requests too, and keeps the last ACK.
    async fn answered_by_ack(&mut self) {
        if let Some(ack) = self.dialog.last_remote_ack()
            && self.unanswered.is_some()
            && headers::cseq(&ack) == self.unanswered
        {
            self.unanswered = None;
            // An ACK of a refusal has no body.
            if !ack.body.is_empty() {
                let answer = body(&ack.body);
                self.tell(DialogEvent::OfferAnswered { answer }).await;
            }
        }
    }

    async fn updated(&mut self, request: Request, transaction: TransactionHandle) {
        let answer = match session_timer::answer(self.refresher.policy, timers_of(&request)) {
            Ok(answer) => answer,
            Err(TooSmall { min_s }) => {
                // RFC 4028 §9.
                let headers = vec![Header::MinSE(min_s.to_string().into())];
                let status = StatusCode::SessionIntervalTooSmall;
                return respond(transaction, status, headers).await;
            }
        };
        self.refresher.agree(answer.terms);
        let offer = body(&request.body);
        if offer.is_empty() && request.method == rsipstack::sip::Method::Update {
            // A session refresh (RFC 4028 §7.4): nothing else changes.
            return respond(transaction, StatusCode::OK, answer_headers(&answer)).await;
        }
        self.unanswered = match offer.is_empty() {
            true => headers::cseq(&request),
            false => None,
        };
        *lock(&self.shared.timer_headers) = answer_headers(&answer);
        *lock(&self.shared.pending) = Some(transaction);
        self.tell(DialogEvent::Offered { offer }).await;
    }
}

async fn respond(transaction: TransactionHandle, status: StatusCode, headers: Vec<Header>) {
    if transaction
        .respond(status, Some(headers), None)
        .await
        .is_err()
    {
        tracing::debug!("a request within a dialog went away before its answer");
    }
}

fn failed(response: &Response) -> DialogEvent {
    let status: u16 = response.status_code.clone().into();
    DialogEvent::Failed {
        status,
        reason: response.status_code.to_string(),
    }
}

/// The event of an end that was not ours.
fn ended(role: TransactionRole, confirmed: bool, reason: &TerminatedReason) -> Option<DialogEvent> {
    match (role, reason) {
        (TransactionRole::Server, TerminatedReason::UacCancel) => Some(DialogEvent::Cancelled),
        (TransactionRole::Server, TerminatedReason::Timeout) if !confirmed => {
            Some(DialogEvent::NotConfirmed)
        }
        // The side that did not begin the dialog is the UAS: these are the other side's BYE.
        (TransactionRole::Server, TerminatedReason::UacBye)
        | (TransactionRole::Client, TerminatedReason::UasBye) => Some(DialogEvent::Bye),
        (TransactionRole::Server, TerminatedReason::UasDecline) => None,
        _ => Some(DialogEvent::Bye),
    }
}

async fn reply(transaction: TransactionHandle, status: StatusCode) {
    // The transaction can be over already; then nobody waits for the response.
    let _ = transaction.reply(status).await;
}
