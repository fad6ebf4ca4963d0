//! The caller's leg: dialog, session description and media.

use tokio::sync::mpsc;

use super::{Refusal, Services};
use crate::{
    media::{
        Codec, NegotiatedMedia,
        sdp::{LocalMedia, SdpSession},
    },
    media_plane::{LegHandle, MediaCommand, MediaEvent},
    sip::{Dialog, DialogEvent, SipError},
};

/// Codecs we speak, the best first. China's carriers speak A-law.
pub(crate) const CODECS: [Codec; 2] = [Codec::Pcma, Codec::Pcmu];

/// The caller's leg.
#[derive(Debug)]
pub(super) struct CallerLeg {
    pub(super) dialog: Dialog,
    events: mpsc::Receiver<DialogEvent>,
    offer: String,
    media: Option<CallerMedia>,
    held: bool,
}

/// What happens on the caller's leg.
#[derive(Debug)]
pub(super) enum CallerEvent {
    /// On the dialog; `None` when it is gone.
    Dialog(Option<DialogEvent>),
    /// On the media; `None` when the media threads are gone.
    Media(Option<MediaEvent>),
}

#[derive(Debug)]
struct CallerMedia {
    leg: LegHandle,
    events: mpsc::Receiver<MediaEvent>,
    sdp: SdpSession,
}

impl CallerLeg {
    pub(super) const fn new(
        dialog: Dialog,
        events: mpsc::Receiver<DialogEvent>,
        offer: String,
    ) -> Self {
        Self {
            dialog,
            events,
            offer,
            media: None,
            held: false,
        }
    }

    /// Opens the media and answers the INVITE, or says why it cannot.
    pub(super) fn accept(&mut self, services: &Services) -> Result<(), Refusal> {
        let no_media = |problem: String| Refusal::NoMedia { problem };
        let (leg, events) = services
            .media
            .open(None)
            .map_err(|error| no_media(error.to_string()))?;
        let mut address = leg.rtp_address();
        address.set_ip(services.media_address);
        let mut sdp = SdpSession::new(LocalMedia {
            address,
            codecs: CODECS.to_vec(),
            session: rand::random::<u64>() >> 2,
            version: 1,
        });
        let description = if self.offer.is_empty() {
            // RFC 3261 §13.2.1: without an offer in the INVITE the 200 carries ours, and the ACK the answer.
            sdp.offer(crate::media::Direction::SendRecv)
        } else {
            let (answer, media) =
                sdp.answer(&self.offer)
                    .map_err(|error| Refusal::NotAcceptable {
                        problem: error.to_string(),
                    })?;
            negotiated(&leg, media);
            answer
        };
        let stack = |error: SipError| no_media(error.to_string());
        self.dialog.ringing().map_err(stack)?;
        self.dialog.accept(description).map_err(stack)?;
        self.media = Some(CallerMedia { leg, events, sdp });
        Ok(())
    }

    /// The ACK came; gives the codec, or `None` when the answer it carries cannot be used.
    pub(super) fn confirmed(&mut self, answer: Option<&str>) -> Option<Codec> {
        let CallerMedia { leg, sdp, .. } = self.media.as_mut()?;
        if let Some(answer) = answer {
            negotiated(leg, sdp.accept(answer).ok()?);
        }
        sdp.agreed().map(|media| media.codec)
    }

    /// Answers a new offer within the dialog; gives whether the caller is on hold now, if that changed.
    pub(super) async fn reoffered(&mut self, offer: &str) -> Option<bool> {
        let answer = match &mut self.media {
            None => Err(491),
            Some(CallerMedia { sdp, .. }) if offer.is_empty() => {
                // RFC 3261 §14.2: a re-INVITE without an offer asks for ours.
                Ok(sdp.offer(crate::media::Direction::SendRecv))
            }
            Some(CallerMedia { leg, sdp, .. }) => match sdp.answer(offer) {
                Ok((answer, media)) => {
                    negotiated(leg, media);
                    Ok(answer)
                }
                // RFC 3261 §14.2: what was agreed before stays.
                Err(_) => Err(488),
            },
        };
        if let Err(error) = self.dialog.answer_offer(answer).await {
            tracing::debug!(%error, "a re-INVITE was not answered");
        }
        self.hold_changed()
    }

    /// Takes the answer to an offer that the caller asked us for; gives whether the caller is on hold now, if that changed.
    pub(super) fn offer_answered(&mut self, answer: &str) -> Option<bool> {
        let CallerMedia { leg, sdp, .. } = self.media.as_mut()?;
        match sdp.accept(answer) {
            Ok(media) => negotiated(leg, media),
            // What was agreed before stays.
            Err(error) => tracing::debug!(%error, "an answer in an ACK cannot be used"),
        }
        self.hold_changed()
    }

    /// Whether the caller is on hold now, if that changed.
    pub(super) fn hold_changed(&mut self) -> Option<bool> {
        let media = self.media.as_ref()?.sdp.agreed()?;
        let held = !(media.direction.sends() && media.direction.receives());
        (held != std::mem::replace(&mut self.held, held)).then_some(held)
    }

    pub(super) const fn is_held(&self) -> bool {
        self.held
    }

    pub(super) fn leg(&self) -> Option<&LegHandle> {
        self.media.as_ref().map(|media| &media.leg)
    }

    /// Asks the media for something. A leg that does not take it is far behind, and its call ends by lost media.
    pub(super) fn send(&self, command: MediaCommand) {
        if let Some(media) = &self.media
            && let Err(error) = media.leg.send(command)
        {
            tracing::warn!(%error, "a media command was not taken");
        }
    }

    /// The next thing that happens. Cancelling the wait loses nothing.
    pub(super) async fn next(&mut self) -> CallerEvent {
        let media = async {
            match &mut self.media {
                Some(media) => CallerEvent::Media(media.events.recv().await),
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            event = self.events.recv() => CallerEvent::Dialog(event),
            event = media => event,
        }
    }

    /// Gives the ports back and finishes the recording.
    pub(super) fn close_media(&mut self) {
        self.media = None;
    }
}

fn negotiated(leg: &LegHandle, media: NegotiatedMedia) {
    if let Err(error) = leg.send(MediaCommand::Negotiated(media)) {
        tracing::warn!(%error, "a media command was not taken");
    }
}
