//! What an utterance means where the conversation stands.

use super::{
    Intent,
    choosing::by_name,
    machine::{Conversation, Stage},
    slots::Reply,
};
use crate::text::digits::dictated;

/// What an utterance or a key means where the conversation stands.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Understood {
    /// No words.
    Nothing,
    /// Words that leave the floor to the bot.
    Backchannel,
    /// Something with a meaning of its own.
    Control(Intent),
    /// A phrase that must reach a human.
    MustEscalate(String),
    /// One of the offered entries.
    Choice(usize),
    /// Dictated digits.
    Digits(String),
    /// An answer to what a form asks for.
    Slot(Reply),
    /// 我想问一下: a question is coming.
    Announcement,
    /// Something to look up.
    Question,
}

impl Understood {
    /// Whether more words could not change it, so that a short silence is enough.
    pub(super) const fn is_complete(&self) -> bool {
        match self {
            Self::Choice(_) => true,
            Self::Slot(reply) => reply.is_complete(),
            Self::Control(intent) => matches!(
                intent,
                Intent::Human | Intent::Robot | Intent::Repeat | Intent::Slower | Intent::Louder
            ),
            Self::Nothing
            | Self::Backchannel
            | Self::MustEscalate(_)
            | Self::Digits(_)
            | Self::Announcement
            | Self::Question => false,
        }
    }
}

impl Conversation {
    pub(super) fn understand(&self, text: &str, over_bot: bool) -> Understood {
        if text.trim().is_empty() {
            return Understood::Nothing;
        }
        let vocabulary = self.settings.prompts.vocabulary();
        let intent = vocabulary.intent(text);
        // Before the phrases that must escalate: 12315 can be a part of what is dictated.
        if let Some(digits) = self.dictated_to(text) {
            return Understood::Digits(digits);
        }
        if let Stage::Filling(form) = &self.stage
            && let Some(reply) = form.hear_number(text, self.ears())
        {
            return Understood::Slot(reply);
        }
        if let Some(phrase) = vocabulary.must_escalate(text) {
            return Understood::MustEscalate(phrase.to_owned());
        }
        match (&self.stage, intent) {
            (Stage::Choosing { offered, .. }, _) => {
                if let Some(place) = vocabulary
                    .ordinal(text, offered.len())
                    .or_else(|| by_name(text, offered))
                {
                    return Understood::Choice(place);
                }
            }
            (Stage::Filling(form), intent) if !steers(intent) => {
                if let Some(reply) = form.hear_words(text, self.ears()) {
                    return Understood::Slot(reply);
                }
            }
            (Stage::Callback(_), _) => match vocabulary.decision(text) {
                Some(true) => return Understood::Control(Intent::Yes),
                Some(false) => return Understood::Control(Intent::No),
                None => {}
            },
            _ => {}
        }
        if self.stage == Stage::Open
            && self.was_answered()
            && !self.asked_more
            && vocabulary.is_dissent(text)
        {
            return Understood::Control(Intent::Dissent);
        }
        if over_bot && vocabulary.is_backchannel(text) {
            return Understood::Backchannel;
        }
        match intent {
            Some(intent) => Understood::Control(intent),
            // 嗯 and 呃 alone are no question, whoever speaks.
            None if vocabulary.is_backchannel(text) => Understood::Backchannel,
            None if vocabulary.is_announcement(text) => Understood::Announcement,
            None if let Stage::Filling(form) = &self.stage
                && let Some(reply) = form.hear_text(text, self.ears()) =>
            {
                Understood::Slot(reply)
            }
            None => Understood::Question,
        }
    }

    /// Digits, where the conversation waits for some.
    fn dictated_to(&self, text: &str) -> Option<String> {
        let digits = dictated(text)?;
        let wanted = match &self.stage {
            Stage::Callback(callback) if callback.wants_digits() => 1,
            // Instead of yes or no: the number to be called.
            Stage::Callback(_) => 7,
            // The last four of an order number.
            Stage::Noting { .. } => 4,
            _ => return None,
        };
        (digits.len() >= wanted).then_some(digits)
    }
}

/// Whether it steers the call wherever it stands.
const fn steers(intent: Option<Intent>) -> bool {
    matches!(
        intent,
        Some(
            Intent::Human
                | Intent::Robot
                | Intent::Repeat
                | Intent::Slower
                | Intent::Louder
                | Intent::Wait
        )
    )
}
