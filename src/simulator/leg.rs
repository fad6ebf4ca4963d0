//! One call at the simulated side: a dialog with a phone behind it.
//!
//! Keeps signalling and media in step (answers re-INVITEs, holds and resumes) and waits for what its user asks for. Decides
//! nothing: see `caller` and `agent`.

use std::{net::IpAddr, time::Duration};

use tokio::sync::mpsc;

use super::{
    phone::{Phone, PhoneState},
    tape::Tape,
};
use crate::{
    call::Digit,
    clock::{Moment, ProcessClock},
    media::{
        Codec, Direction,
        sdp::{LocalMedia, SdpSession},
    },
    sip::{Dialog, DialogEvent, IncomingCall, OutgoingInvite, SipEndpoint, SipError},
};

/// How long a BYE or CANCEL of ours may take.
const END_PATIENCE: Duration = Duration::from_secs(5);

/// Why a simulated call could not be made.
#[derive(Debug, thiserror::Error)]
pub enum LegError {
    /// No port for RTP.
    #[error("no RTP port could be opened: {0}")]
    Port(#[from] std::io::Error),
    /// Signalling failed.
    #[error(transparent)]
    Sip(#[from] SipError),
    /// The session description of the other side cannot be used.
    #[error(transparent)]
    Sdp(#[from] crate::media::sdp::SdpError),
}

/// How far a call has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LegState {
    /// Not answered yet.
    Calling {
        /// Whether a 180 came.
        rings: bool,
    },
    /// Answered: the ACK was sent, or came.
    Talking {
        /// When.
        since: Moment,
    },
    /// Never answered.
    Refused {
        /// SIP status code.
        status: u16,
        /// Reason phrase.
        reason: String,
    },
    /// It was answered, and is over.
    Over {
        /// Whether we ended it.
        by_us: bool,
    },
}

impl LegState {
    /// Whether nothing more will come.
    pub const fn is_over(&self) -> bool {
        matches!(self, Self::Refused { .. } | Self::Over { .. })
    }
}

/// Why a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waited<T> {
    /// What was waited for came.
    Came(T),
    /// The call was refused or ended first.
    Ended,
    /// The deadline passed.
    Late,
}

/// A call with its phone.
#[derive(Debug)]
pub struct Leg {
    /// To ask things of it.
    pub dialog: Dialog,
    events: mpsc::Receiver<DialogEvent>,
    /// What is behind it.
    pub phone: Phone,
    sdp: SdpSession,
    state: LegState,
    clock: ProcessClock,
    begun: Moment,
    keys: Vec<Digit>,
}

fn local(phone: &Phone) -> SdpSession {
    SdpSession::new(LocalMedia {
        address: phone.address(),
        codecs: vec![Codec::Pcma, Codec::Pcmu],
        session: u64::from(rand::random::<u32>()),
        version: 1,
    })
}

impl Leg {
    /// Places a call; `invite` without its offer.
    pub async fn dial(
        endpoint: &SipEndpoint,
        mut invite: OutgoingInvite,
        media: IpAddr,
        clock: ProcessClock,
    ) -> Result<Self, LegError> {
        let phone = Phone::open(media, clock).await?;
        let mut sdp = local(&phone);
        invite.offer = sdp.offer(Direction::SendRecv);
        let begun = clock.now();
        let (dialog, events) = endpoint.invite(invite)?;
        Ok(Self {
            dialog,
            events,
            phone,
            sdp,
            state: LegState::Calling { rings: false },
            clock,
            begun,
            keys: Vec::new(),
        })
    }

    /// Takes a call that came in; it still has to be answered.
    pub async fn take(
        call: IncomingCall,
        media: IpAddr,
        clock: ProcessClock,
    ) -> Result<Self, LegError> {
        let phone = Phone::open(media, clock).await?;
        let sdp = local(&phone);
        Ok(Self {
            dialog: call.dialog,
            events: call.events,
            phone,
            sdp,
            state: LegState::Calling { rings: false },
            clock,
            begun: clock.now(),
            keys: Vec::new(),
        })
    }

    /// Answers a call that came in with this offer.
    pub async fn answer(&mut self, offer: &str) -> Result<(), LegError> {
        let (answer, agreed) = match offer {
            // A delayed offer: the agreement comes with the ACK.
            "" => (self.sdp.offer(Direction::SendRecv), None),
            offer => {
                let (answer, agreed) = self.sdp.answer(offer)?;
                (answer, Some(agreed))
            }
        };
        if let Some(agreed) = agreed {
            self.phone.agree(agreed).await;
        }
        self.dialog.accept(answer)?;
        Ok(())
    }

    /// How far it has come.
    pub const fn state(&self) -> &LegState {
        &self.state
    }

    /// When the INVITE was sent, or came.
    pub const fn begun(&self) -> Moment {
        self.begun
    }

    /// Keys that the other side pressed, by RFC 4733 or INFO.
    pub fn keys(&self) -> &[Digit] {
        &self.keys
    }

    /// The present moment.
    pub fn now(&self) -> Moment {
        self.clock.now()
    }

    /// Lives until `wanted` gives something, looked at every packet time and after every signal.
    pub async fn until<T>(
        &mut self,
        patience: Duration,
        mut wanted: impl FnMut(&LegState, &PhoneState) -> Option<T>,
    ) -> Waited<T> {
        let late = tokio::time::sleep(patience);
        tokio::pin!(late);
        loop {
            let view = self.phone.state();
            if let Some(found) = wanted(&self.state, &view) {
                return Waited::Came(found);
            }
            if self.state.is_over() {
                return Waited::Ended;
            }
            tokio::select! {
                biased;
                event = self.events.recv() => self.happened(event).await,
                _ = self.phone.ticked() => self.heard(),
                () = &mut late => return Waited::Late,
            }
        }
    }

    fn heard(&mut self) {
        while let Some(key) = self.phone.key() {
            self.keys.push(key);
        }
    }

    async fn happened(&mut self, event: Option<DialogEvent>) {
        let now = self.clock.now();
        match event {
            Some(DialogEvent::Ringing { .. }) => {
                if let LegState::Calling { rings } = &mut self.state {
                    *rings = true;
                }
            }
            Some(DialogEvent::Accepted { answer }) => {
                self.state = LegState::Talking { since: now };
                self.agreed_by(&answer).await;
            }
            Some(DialogEvent::Confirmed { answer }) => {
                self.state = LegState::Talking { since: now };
                if let Some(answer) = answer {
                    self.agreed_by(&answer).await;
                }
            }
            Some(DialogEvent::OfferAnswered { answer }) => self.agreed_by(&answer).await,
            Some(DialogEvent::Failed { status, reason }) => {
                self.state = LegState::Refused { status, reason };
            }
            Some(DialogEvent::Cancelled) => {
                self.state = LegState::Refused {
                    status: 487,
                    reason: "cancelled by the other side".to_owned(),
                };
            }
            Some(DialogEvent::Offered { offer }) => self.offered(&offer).await,
            Some(DialogEvent::Digit(key)) => self.keys.extend(Digit::new(key)),
            // A phone that is asked to call somebody else declines by saying how it went.
            Some(DialogEvent::Referred { .. }) => {
                if let Err(error) = self.dialog.notify_referrer(603, true).await {
                    tracing::debug!(%error, "the refusal of a transfer was not sent");
                }
            }
            Some(DialogEvent::ReferProgress { .. }) => {}
            Some(DialogEvent::Bye | DialogEvent::SessionExpired | DialogEvent::NotConfirmed)
            | None => {
                if !self.state.is_over() {
                    self.state = LegState::Over { by_us: false };
                }
            }
        }
    }

    async fn agreed_by(&mut self, answer: &str) {
        match self.sdp.accept(answer) {
            Ok(agreed) => self.phone.agree(agreed).await,
            Err(error) => {
                // RFC 3264 §8: without an agreement there is nothing to talk about.
                tracing::warn!(%error, "the answer cannot be used");
                self.dialog.end().await;
                self.state = LegState::Over { by_us: true };
            }
        }
    }

    async fn offered(&mut self, offer: &str) {
        let answer = match offer {
            "" => Ok((self.sdp.offer(Direction::SendRecv), None)),
            offer => self
                .sdp
                .answer(offer)
                .map(|(answer, agreed)| (answer, Some(agreed))),
        };
        let sent = match answer {
            Ok((answer, agreed)) => {
                if let Some(agreed) = agreed {
                    self.phone.agree(agreed).await;
                }
                self.dialog.answer_offer(Ok(answer)).await
            }
            Err(_) => self.dialog.answer_offer(Err(488)).await,
        };
        if let Err(error) = sent {
            tracing::debug!(%error, "an offer was not answered");
        }
    }

    /// Offers another direction (hold and resume) and takes the answer.
    pub async fn redirect(&mut self, direction: Direction) -> Result<(), LegError> {
        let offer = self.sdp.offer(direction);
        let answer = self.dialog.reoffer(offer).await?;
        let agreed = self.sdp.accept(&answer)?;
        self.phone.agree(agreed).await;
        Ok(())
    }

    /// Ends it: BYE, or CANCEL when it was not answered.
    pub async fn end(&mut self) {
        if self.state.is_over() {
            return;
        }
        let was_answered = matches!(self.state, LegState::Talking { .. });
        if tokio::time::timeout(END_PATIENCE, self.dialog.end())
            .await
            .is_err()
        {
            tracing::warn!("the other side did not confirm the end of the call");
        }
        if was_answered {
            self.state = LegState::Over { by_us: true };
            return;
        }
        // The final response to a cancelled INVITE, 487 (RFC 3261 §9.1), or the 200 that crossed it.
        let outcome = self.until(END_PATIENCE, |_, _| None::<()>).await;
        if outcome == Waited::Late {
            self.state = LegState::Over { by_us: true };
        }
    }

    /// Puts the phone away and gives what it heard.
    pub async fn put_away(self) -> Tape {
        self.phone.put_away().await
    }
}
