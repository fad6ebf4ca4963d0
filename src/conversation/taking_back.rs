//! An answer to a pause that was none.
//!
//! A confident answer does not wait for the end of the utterance: media is told to end it there. A caller who spoke on in the
//! same moment is not ended. Nothing of the answer has been heard then, so it is taken back and the whole is judged.

use super::{
    callback::SetAside,
    floor::{Hearing, Silence},
    machine::{Conversation, Stage},
    playout::Repeatable,
    slots::Form,
};
use crate::{entry::Context, escalation::EscalationPolicy, ids::UtteranceId};

/// The utterance that was acted on in its pause, and how things stood before.
#[derive(Clone, Debug)]
pub(super) struct Committed {
    hearing: Hearing,
    stage: Stage,
    policy: EscalationPolicy,
    repeatable: Vec<Repeatable>,
    answered: Option<Context>,
    asked_more: bool,
    set_aside: SetAside,
    form_aside: Option<Box<Form>>,
}

impl Conversation {
    pub(super) fn remember_committed(&mut self, hearing: &Hearing) {
        self.committed = Some(Committed {
            hearing: hearing.clone(),
            stage: self.stage.clone(),
            policy: self.policy,
            repeatable: self.repeatable.clone(),
            answered: self.answered.clone(),
            asked_more: self.asked_more,
            set_aside: self.set_aside.clone(),
            form_aside: self.form_aside.clone(),
        });
    }

    /// A snapshot came of it: with more speech it was not ended, without it was.
    pub(super) fn committed_snapshot(&mut self, utterance: UtteranceId, revision: u32) {
        let Some(Committed { hearing, .. }) = &self.committed else {
            return;
        };
        if hearing.utterance != utterance {
            return;
        }
        match revision > hearing.revision {
            true => {
                self.take_back(utterance);
            }
            false => self.committed = None,
        }
    }

    /// It goes on, if it is that one; whether it is.
    pub(super) fn take_back(&mut self, utterance: UtteranceId) -> bool {
        let Some(committed) = self
            .committed
            .take_if(|committed| committed.hearing.utterance == utterance)
        else {
            return false;
        };
        let mut hearing = committed.hearing;
        hearing.silence = Silence::Speaking;
        hearing.recorded = hearing.words_and_end();
        match self.stage {
            // Nobody answers it, but it belongs on the record.
            Stage::New | Stage::WithAgent | Stage::Over => {
                self.set_aside(hearing);
                return true;
            }
            // A human is on the way and stays so.
            Stage::Waiting => {}
            _ => {
                self.stage = committed.stage;
                self.policy = committed.policy;
                self.repeatable = committed.repeatable;
                self.answered = committed.answered;
                self.asked_more = committed.asked_more;
                self.set_aside = committed.set_aside;
                self.form_aside = committed.form_aside;
                self.stop_playout();
            }
        }
        self.hearing = Some(hearing);
        true
    }
}
