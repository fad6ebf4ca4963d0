//! What is new in a call since it was last looked at.

use std::time::Duration;

use super::{leg::LegState, news::News, phone::PhoneState};
use crate::clock::Moment;

/// What was told already.
#[derive(Debug, Default)]
pub(super) struct Told {
    rings: bool,
    answered: bool,
    over: bool,
    sounding: Option<Moment>,
    last_sound: Moment,
    greeted: bool,
    replied: Option<Duration>,
}

impl Told {
    /// Tells what is new.
    pub(super) fn look(
        &mut self,
        state: &LegState,
        phone: &PhoneState,
        mut tell: impl FnMut(News),
    ) {
        match state {
            LegState::Calling { rings: true } if !self.rings => {
                self.rings = true;
                tell(News::Ringing);
            }
            LegState::Talking { .. } if !self.answered => {
                self.answered = true;
                tell(News::Answered);
            }
            LegState::Refused { status, reason } if !self.over => {
                self.over = true;
                tell(News::Refused {
                    status: *status,
                    reason: reason.clone(),
                });
            }
            LegState::Over { by_us } if !self.over => {
                self.over = true;
                tell(News::Ended { by_us: *by_us });
            }
            _ => {}
        }
        if let (LegState::Talking { since }, Some(first), false) =
            (state, phone.hearing.first(), self.greeted)
        {
            self.greeted = true;
            tell(News::Greeted(first.since(*since).as_millis() as u64));
        }
        let reply = phone.hearing.reply();
        if reply != self.replied {
            self.replied = reply;
            if let Some(reply) = reply {
                tell(News::Replied(reply.as_millis() as u64));
            }
        }
        match (self.sounding, phone.hearing.sounding_since()) {
            (None, Some(since)) => {
                self.sounding = Some(since);
                tell(News::SoundBegan);
            }
            (Some(since), None) => {
                self.sounding = None;
                let length = self.last_sound.since(since).as_millis() as u64;
                tell(News::SoundEnded(length, phone.sound_dbfs));
            }
            _ => {}
        }
        self.last_sound = phone.hearing.last().unwrap_or_default();
    }
}
