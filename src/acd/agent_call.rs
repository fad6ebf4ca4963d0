//! One call to an agent: dialog, session description and media. Dropping it ends it: CANCEL while it rings, BYE afterwards.

use std::net::IpAddr;

use tokio::sync::mpsc;

use crate::{
    call::AgentUnavailable,
    media::{
        Codec, Direction,
        sdp::{LocalMedia, SdpSession},
    },
    media_plane::{LegHandle, MediaCommand, MediaEvent, MediaEventKind, MediaPlane, OpenLegError},
    sip::{Dialog, DialogEvent, OutgoingInvite, SipEndpoint, SipError},
};

/// Whom to call, and what the agent's phone shows.
#[derive(Clone, Debug)]
pub struct AgentInvite {
    /// The agent's SIP URI.
    pub target: String,
    /// User part of From: the caller's number, or the line's.
    pub from_user: String,
    /// Display name of From.
    pub from_display: String,
    /// The call's name, for a desk that wants to look it up (`X-Yingda-Call`).
    pub call: String,
    /// Codecs to offer, the best first.
    pub codecs: Vec<Codec>,
    /// The address under which the agent's phone reaches our RTP.
    pub media_address: IpAddr,
}

/// Why an agent could not even be called.
#[derive(Debug, thiserror::Error)]
pub enum AgentRefused {
    /// No media.
    #[error(transparent)]
    Media(#[from] OpenLegError),
    /// No dialog.
    #[error(transparent)]
    Sip(#[from] SipError),
}

/// What happens on the agent's leg.
#[derive(Clone, Debug, PartialEq)]
pub enum AgentEvent {
    /// The phone rings.
    Ringing,
    /// The agent answered; media is set up.
    Answered,
    /// The agent cannot be had.
    Unavailable(AgentUnavailable),
    /// The agent hung up, or the leg died.
    Left,
    /// Something on the leg's media.
    Media(MediaEvent),
}

/// One call to an agent.
#[derive(Debug)]
pub struct AgentCall {
    dialog: Dialog,
    events: mpsc::Receiver<DialogEvent>,
    leg: LegHandle,
    media: mpsc::Receiver<MediaEvent>,
    sdp: SdpSession,
    rang: bool,
    answered: bool,
}

impl AgentCall {
    /// Calls the agent, with media on the thread of the caller's leg.
    pub fn place(
        sip: &SipEndpoint,
        plane: &MediaPlane,
        beside: Option<&LegHandle>,
        invite: AgentInvite,
    ) -> Result<Self, AgentRefused> {
        let (leg, media) = plane.open(beside)?;
        let mut address = leg.rtp_address();
        address.set_ip(invite.media_address);
        let mut sdp = SdpSession::new(LocalMedia {
            address,
            codecs: invite.codecs,
            session: rand::random::<u64>() >> 2,
            version: 1,
        });
        let (dialog, events) = sip.invite(OutgoingInvite {
            target: invite.target,
            from_user: invite.from_user,
            from_display: Some(invite.from_display),
            headers: vec![("X-Yingda-Call".to_owned(), invite.call)],
            credentials: None,
            offer: sdp.offer(Direction::SendRecv),
        })?;
        Ok(Self {
            dialog,
            events,
            leg,
            media,
            sdp,
            rang: false,
            answered: false,
        })
    }

    /// The agent's media.
    pub const fn leg(&self) -> &LegHandle {
        &self.leg
    }

    /// The next thing that happens. Cancelling the wait loses nothing.
    pub async fn next(&mut self) -> AgentEvent {
        loop {
            let happened = tokio::select! {
                event = self.events.recv() => self.on_dialog(event),
                Some(event) = self.media.recv() => self.on_media(event),
            };
            if let Some(event) = happened {
                return event;
            }
        }
    }

    fn on_dialog(&mut self, event: Option<DialogEvent>) -> Option<AgentEvent> {
        match event {
            Some(DialogEvent::Ringing { .. }) => {
                let first = !std::mem::replace(&mut self.rang, true);
                first.then_some(AgentEvent::Ringing)
            }
            Some(DialogEvent::Accepted { answer }) => Some(match self.sdp.accept(&answer) {
                Ok(media) => {
                    self.answered = true;
                    self.command(MediaCommand::Negotiated(media));
                    AgentEvent::Answered
                }
                Err(error) => {
                    tracing::warn!(%error, "the agent's answer cannot be used");
                    AgentEvent::Unavailable(AgentUnavailable::Unreachable)
                }
            }),
            Some(DialogEvent::Failed { status, .. }) => Some(AgentEvent::Unavailable(
                unavailable_because(status, self.rang),
            )),
            Some(DialogEvent::Offered { offer }) => {
                self.reoffered(&offer);
                None
            }
            Some(DialogEvent::OfferAnswered { answer }) => {
                match self.sdp.accept(&answer) {
                    Ok(media) => self.command(MediaCommand::Negotiated(media)),
                    // What was agreed before stays.
                    Err(error) => tracing::debug!(%error, "an answer in an ACK cannot be used"),
                }
                None
            }
            Some(DialogEvent::Bye | DialogEvent::SessionExpired) | None => Some(self.gone()),
            Some(_) => None,
        }
    }

    fn on_media(&self, event: MediaEvent) -> Option<AgentEvent> {
        match event.kind {
            // A phone that rings sends nothing; one that holds the call need not.
            MediaEventKind::MediaLost if !self.answered || !self.hears_and_speaks() => None,
            MediaEventKind::MediaLost => Some(AgentEvent::Left),
            _ => Some(AgentEvent::Media(event)),
        }
    }

    /// The agent holds the call, or takes it back.
    fn reoffered(&mut self, offer: &str) {
        let answer = match offer {
            "" => Ok(self.sdp.offer(Direction::SendRecv)),
            offer => match self.sdp.answer(offer) {
                Ok((answer, media)) => {
                    self.command(MediaCommand::Negotiated(media));
                    Ok(answer)
                }
                // RFC 3261 §14.2: what was agreed before stays.
                Err(_) => Err(488),
            },
        };
        // On its own: whoever waits for events may stop waiting at any moment.
        let dialog = self.dialog.clone();
        tokio::spawn(async move {
            if let Err(error) = dialog.answer_offer(answer).await {
                tracing::debug!(%error, "an agent's re-INVITE was not answered");
            }
        });
    }

    fn hears_and_speaks(&self) -> bool {
        self.sdp
            .agreed()
            .is_some_and(|media| media.direction == Direction::SendRecv)
    }

    const fn gone(&self) -> AgentEvent {
        match self.answered {
            true => AgentEvent::Left,
            false => AgentEvent::Unavailable(AgentUnavailable::Unreachable),
        }
    }

    fn command(&self, command: MediaCommand) {
        if let Err(error) = self.leg.send(command) {
            tracing::warn!(%error, "a media command was not taken");
        }
    }
}

/// What a final response to an INVITE says about the agent (RFC 3261 §21).
pub const fn unavailable_because(status: u16, rang: bool) -> AgentUnavailable {
    match status {
        486 | 600 => AgentUnavailable::Busy,
        // A phone that rang and timed out was heard and not answered; without ringing nobody was there.
        408 | 487 if rang => AgentUnavailable::NoAnswer,
        403 | 480 | 487 | 603 => AgentUnavailable::Declined,
        _ => AgentUnavailable::Unreachable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_says_why_nobody_comes() {
        let check = |status, rang, expected| {
            assert_eq!(unavailable_because(status, rang), expected, "{status}");
        };
        check(486, true, AgentUnavailable::Busy);
        check(600, false, AgentUnavailable::Busy);
        check(603, true, AgentUnavailable::Declined);
        check(480, false, AgentUnavailable::Declined);
        check(408, true, AgentUnavailable::NoAnswer);
        check(408, false, AgentUnavailable::Unreachable);
        check(404, false, AgentUnavailable::Unreachable);
        check(503, false, AgentUnavailable::Unreachable);
        check(488, false, AgentUnavailable::Unreachable);
    }
}
