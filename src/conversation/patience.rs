//! How long anything may take: the caller's silence, the engines, a pause.
//!
//! There is one timer. What it waits for follows from the state, so it is never set in one place and forgotten in another.

use std::time::Duration;

use super::{
    Output,
    machine::{Conversation, Stage},
    slots::Fault,
};
use crate::{
    call::{BETWEEN_DIGITS, CallEvent, EndCause, EscalationReason, Party},
    clock::Moment,
};

/// Longer than any utterance that media lets through; one that never ends is forgotten.
const LONGEST_UTTERANCE: Duration = Duration::from_secs(30);

/// How long more digits are waited for when those that were said make a number: it may be the longer of two kinds.
const AFTER_WHOLE: Duration = Duration::from_millis(1_500);

/// 等一下 makes silence last so many times longer.
const PATIENCE: u32 = 3;

/// Re-prompts on silence before the polite end.
const REPROMPTS: u8 = 2;

impl Conversation {
    /// The caller did something: silence counts from here.
    pub(super) fn note_activity(&mut self, now: Moment) {
        self.quiet_since = now;
        self.reprompts = 0;
    }

    fn may_be_whole(&self) -> bool {
        matches!(&self.stage, Stage::Filling(form) if form.may_be_whole(self.local().date()))
    }

    fn is_waiting_for_caller(&self) -> bool {
        let waits = matches!(
            self.stage,
            Stage::Open
                | Stage::Choosing { .. }
                | Stage::Noting { .. }
                | Stage::Filling(_)
                | Stage::Callback(_)
        );
        waits && self.hearing.is_none() && self.speaking.is_quiet()
    }

    fn deadline(&self) -> Option<Moment> {
        let timings = &self.settings.timings;
        if self.held || matches!(self.stage, Stage::New | Stage::WithAgent | Stage::Over) {
            return None;
        }
        if let Some(hearing) = &self.hearing {
            let Some(ended) = hearing.ended_at() else {
                return Some(hearing.since + LONGEST_UTTERANCE);
            };
            let resume = self.speaking.is_paused().then_some(ended + timings.pause);
            let filler =
                (!hearing.filler_said && !self.is_handing_over()).then_some(ended + timings.filler);
            return [resume, filler, Some(ended + timings.give_up)]
                .into_iter()
                .flatten()
                .min();
        }
        if let Some(deadline) = self.generation_deadline() {
            return Some(deadline);
        }
        if let Some(deadline) = self.acting_deadline() {
            return Some(deadline);
        }
        let silence = match (self.pending_digits(), self.patient) {
            (Some(_), _) if self.may_be_whole() => AFTER_WHOLE,
            (Some(_), _) => BETWEEN_DIGITS,
            (None, true) => timings.silence * PATIENCE,
            (None, false) => timings.silence,
        };
        self.is_waiting_for_caller()
            .then(|| self.quiet_since + silence)
    }

    pub(super) fn set_timer(&mut self) {
        let deadline = self.deadline();
        if deadline != self.timer {
            self.timer = deadline;
            if let Some(at) = deadline {
                self.output(Output::Timeout(at));
            }
        }
    }

    pub(super) fn timer_fired(&mut self, now: Moment) {
        // It is spent, also when it came too early: what is still to be waited for is asked for again.
        self.timer = None;
        if self.deadline().is_none_or(|deadline| now < deadline) {
            return;
        }
        match (&self.hearing, self.pending_digits()) {
            (Some(_), _) => self.utterance_overdue(now),
            (None, _) if self.generation_deadline().is_some() => self.generation_overdue(now),
            (None, _) if matches!(self.stage, Stage::Acting(_)) => self.acting_overdue(now),
            (None, Some(_)) => self.digits_complete(now),
            (None, None) => self.caller_silent(now),
        }
    }

    fn utterance_overdue(&mut self, now: Moment) {
        let timings = self.settings.timings;
        let Some(hearing) = &mut self.hearing else {
            return;
        };
        let Some(ended) = hearing.ended_at() else {
            self.set_hearing_aside();
            self.quiet_since = now;
            return;
        };
        if now >= ended + timings.give_up {
            self.set_hearing_aside();
            self.quiet_since = now;
            if !self.is_handing_over() {
                self.engine_failed("recognition", "no result in time".to_owned());
                self.escalate(EscalationReason::EngineFailure, Some("trouble.engine"));
            }
            return;
        }
        let filler = !hearing.filler_said && now >= ended + timings.filler;
        hearing.filler_said |= filler;
        if self.speaking.is_paused() && now >= ended + timings.pause {
            self.resume_playout();
        }
        // Nobody needs to be told to wait while a sentence goes on.
        if filler && self.speaking.is_quiet() {
            self.say("trouble.filler");
        }
    }

    fn caller_silent(&mut self, now: Moment) {
        self.quiet_since = now;
        self.patient = false;
        self.unfinished = None;
        self.reprompts += 1;
        if self.reprompts > REPROMPTS {
            self.say_with("silence.goodbye", &[], false);
            self.hang_up(Party::Bot, EndCause::Silence);
            return;
        }
        self.event(CallEvent::SilenceReprompt {
            count: self.reprompts,
        });
        if let Stage::Filling(_) = self.stage {
            return self.slot_missed(Fault::Silent);
        }
        match (self.reprompts, &self.stage) {
            (1, Stage::Choosing { .. } | Stage::Callback(_)) => self.repeat(None),
            (1, Stage::Open) if self.was_answered() => self.ask_for_more(),
            (1, _) => self.say("silence.first"),
            _ => self.say("silence.second"),
        }
    }

    pub(super) fn hang_up(&mut self, by: Party, cause: EndCause) {
        self.set_hearing_aside();
        self.stage = Stage::Over;
        self.output(Output::HangUp { by, cause });
    }
}
