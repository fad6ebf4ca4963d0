//! When a human is needed, whatever else was said.
//!
//! Counts what goes wrong in a call and reads what entries ask for. It does not understand words (see
//! `conversation::Vocabulary`) and does not bring anybody in (see `session`).

use crate::{call::EscalationReason, entry::Action};

/// How many times in a row the bot may have no answer before a human is needed.
const ABSTENTIONS: u8 = 2;

/// How many engine failures a caller is asked to bear.
const FAILURES: u8 = 2;

/// What has gone wrong in a call so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EscalationPolicy {
    abstentions: u8,
    failures: u8,
}

impl EscalationPolicy {
    /// The bot had no answer; a reason when that was once too often.
    pub fn abstained(&mut self) -> Option<EscalationReason> {
        self.abstentions += 1;
        (self.abstentions >= ABSTENTIONS).then(|| {
            self.abstentions = 0;
            EscalationReason::RepeatedAbstention
        })
    }

    /// The bot had an answer.
    pub fn answered(&mut self) {
        self.abstentions = 0;
    }

    /// The caller hears an answer: every engine that it takes has worked.
    pub fn heard(&mut self) {
        self.failures = 0;
    }

    /// An engine failed; a reason when that was once too often.
    pub fn failed(&mut self) -> Option<EscalationReason> {
        self.failures += 1;
        (self.failures >= FAILURES).then(|| {
            self.failures = 0;
            EscalationReason::EngineFailure
        })
    }

    /// Whether an entry that answers asks for a human.
    pub fn of_action(action: &Action) -> Option<EscalationReason> {
        match action {
            Action::Transfer(object) | Action::Escalate(object) => {
                Some(EscalationReason::EntryAction {
                    object: object.clone(),
                })
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_abstention_in_a_row_is_one_too_many() {
        let mut policy = EscalationPolicy::default();
        assert_eq!(policy.abstained(), None);
        policy.answered();
        assert_eq!(policy.abstained(), None);
        assert_eq!(
            policy.abstained(),
            Some(EscalationReason::RepeatedAbstention)
        );
        assert_eq!(policy.abstained(), None);
    }

    #[test]
    fn the_second_failure_is_one_too_many() {
        let mut policy = EscalationPolicy::default();
        assert_eq!(policy.failed(), None);
        assert_eq!(policy.failed(), Some(EscalationReason::EngineFailure));
    }

    #[test]
    fn only_an_answer_that_is_heard_makes_up_for_a_failure() {
        let mut policy = EscalationPolicy::default();
        assert_eq!(policy.failed(), None);
        policy.heard();
        assert_eq!(policy.failed(), None);
        policy.answered();
        assert_eq!(policy.failed(), Some(EscalationReason::EngineFailure));
    }

    #[test]
    fn entries_ask_for_humans_by_their_action() {
        let reason =
            |action: &str| EscalationPolicy::of_action(&action.parse().expect("an action"));
        let object = |object: &str| {
            Some(EscalationReason::EntryAction {
                object: object.to_owned(),
            })
        };
        assert_eq!(reason("answer"), None);
        assert_eq!(reason("ticket:repair"), None);
        assert_eq!(reason("transfer:vip"), object("vip"));
        assert_eq!(reason("escalate:safety"), object("safety"));
    }
}
