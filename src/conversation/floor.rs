//! Who has the floor: the caller's utterance in progress, and what the bot has said and not ended.

use std::{collections::BTreeMap, time::Duration};

use super::Speech;
use crate::{
    clock::Moment,
    entry::Finding,
    ids::{SearchId, SpeechId, UtteranceId},
    transcript::Recognition,
};

/// Where an utterance stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Silence {
    /// The caller speaks.
    Speaking,
    /// A short silence; it may go on.
    Paused,
    /// It is over.
    Ended { at: Moment },
}

/// What is known of its words.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Words {
    Unasked,
    Asked,
    Known(Recognition),
}

/// What is known of their meaning.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Meaning {
    Unasked,
    Asked(SearchId),
    Known(SearchId, Box<Finding>),
}

/// An utterance that nobody has acted on yet. A new revision voids what is known of the old one.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Hearing {
    pub(super) utterance: UtteranceId,
    /// What was playing when it began.
    pub(super) over: Option<SpeechId>,
    pub(super) since: Moment,
    pub(super) silence: Silence,
    pub(super) revision: u32,
    pub(super) span: (Moment, Moment),
    pub(super) words: Words,
    pub(super) meaning: Meaning,
    /// Words of the utterance before it, if that went unanswered because the caller spoke on.
    pub(super) carried: String,
    /// The caller was told to wait.
    pub(super) filler_said: bool,
    /// The words so far end in 那个 and the like.
    pub(super) trails_off: bool,
    /// Its words that are on record already, and where they end.
    pub(super) recorded: Option<(String, Moment)>,
}

impl Hearing {
    pub(super) fn new(utterance: UtteranceId, over: Option<SpeechId>, now: Moment) -> Self {
        Self {
            utterance,
            over,
            since: now,
            silence: Silence::Speaking,
            revision: 0,
            span: (now, now),
            words: Words::Unasked,
            meaning: Meaning::Unasked,
            carried: String::new(),
            filler_said: false,
            trails_off: false,
            recorded: None,
        }
    }

    /// Takes a snapshot; one with new speech voids what is known of older ones. Gives whether its words are to be asked for now.
    pub(super) fn snapshot(
        &mut self,
        revision: u32,
        span: (Moment, Moment),
        silence: Silence,
    ) -> bool {
        if revision != self.revision {
            self.revision = revision;
            self.words = Words::Unasked;
            self.meaning = Meaning::Unasked;
        }
        self.span = span;
        self.silence = silence;
        let is_new = self.words == Words::Unasked;
        if is_new {
            self.words = Words::Asked;
        }
        is_new
    }

    pub(super) fn ended_at(&self) -> Option<Moment> {
        match self.silence {
            Silence::Ended { at } => Some(at),
            _ => None,
        }
    }

    /// Its own words and where they end, as they are recorded.
    pub(super) fn words_and_end(&self) -> Option<(String, Moment)> {
        match &self.words {
            Words::Known(recognition) => Some((recognition.text.expose().clone(), self.span.1)),
            _ => None,
        }
    }

    /// All its words, with those carried over.
    pub(super) fn text(&self) -> Option<String> {
        match &self.words {
            Words::Known(recognition) => Some(joined(&self.carried, recognition.text.expose())),
            _ => None,
        }
    }
}

/// What the bot has said and not ended.
#[derive(Clone, Debug, Default)]
pub(super) struct Speaking {
    speeches: BTreeMap<SpeechId, Said>,
    next: SpeechId,
    /// The caller's speech has paused it.
    paused: bool,
    /// Up to when audible time is counted.
    counted: Moment,
    /// Sentences that could not be made since the last that was heard.
    failed: u8,
}

#[derive(Clone, Debug)]
pub(super) struct Said {
    pub(super) speech: Speech,
    /// Since it began.
    pub(super) audible: Option<Audible>,
}

/// A sentence that can be heard, or is paused.
#[derive(Clone, Copy, Debug)]
pub(super) struct Audible {
    pub(super) length: Duration,
    /// How much of it went out, by the clock: the samples are counted elsewhere, and told when it ends.
    pub(super) played: Duration,
}

impl Speaking {
    pub(super) fn next_id(&mut self) -> SpeechId {
        self.next = self.next.next();
        self.next
    }

    pub(super) fn add(&mut self, speech: Speech) {
        let audible = None;
        self.speeches.insert(speech.id, Said { speech, audible });
    }

    /// Time went by: what is audible went on, unless it is paused or the caller is on hold.
    pub(super) fn pass(&mut self, now: Moment, held: bool) {
        let elapsed = now.since(std::mem::replace(&mut self.counted, now));
        if held || self.paused {
            return;
        }
        for audible in self
            .speeches
            .values_mut()
            .filter_map(|said| said.audible.as_mut())
        {
            audible.played = (audible.played + elapsed).min(audible.length);
        }
    }

    /// Everything that has not ended, in order.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = Said> + use<> {
        self.paused = false;
        std::mem::take(&mut self.speeches).into_values()
    }

    pub(super) fn get_mut(&mut self, id: SpeechId) -> Option<&mut Said> {
        self.speeches.get_mut(&id)
    }

    pub(super) fn remove(&mut self, id: SpeechId) -> Option<Said> {
        self.speeches.remove(&id)
    }

    /// It is audible.
    pub(super) fn heard(&mut self) {
        self.failed = 0;
    }

    /// It could not be made; how many that are in a row.
    pub(super) fn failed(&mut self) -> u8 {
        self.failed = self.failed.saturating_add(1);
        self.failed
    }

    /// Whether something is said after it.
    pub(super) fn goes_on_after(&self, id: SpeechId) -> bool {
        self.speeches.keys().any(|other| *other > id)
    }

    pub(super) fn is_quiet(&self) -> bool {
        self.speeches.is_empty()
    }

    pub(super) fn is_paused(&self) -> bool {
        self.paused
    }

    pub(super) fn set_paused(&mut self, paused: bool) {
        self.paused = paused;
    }

    pub(super) fn is_interruptible(&self, id: SpeechId) -> bool {
        self.speeches
            .get(&id)
            .is_some_and(|said| said.speech.interruptible)
    }

    /// Whether it is being said and may not be interrupted.
    pub(super) fn is_bound(&self, id: SpeechId) -> bool {
        self.speeches
            .get(&id)
            .is_some_and(|said| !said.speech.interruptible)
    }

    pub(super) fn any_interruptible(&self) -> bool {
        self.speeches.values().any(|said| said.speech.interruptible)
    }
}

/// One text of two; Latin words keep their distance.
pub(super) fn joined(first: &str, second: &str) -> String {
    let latin = first
        .trim_end_matches(['.', '?', '!'])
        .ends_with(|last: char| last.is_ascii_alphanumeric())
        && second.starts_with(|next: char| next.is_ascii_alphanumeric());
    match latin {
        true => format!("{first} {second}"),
        false => format!("{first}{second}"),
    }
}

/// The part of `text` that can have been heard when `played` of `length` went out, cut between characters.
pub(super) fn heard(text: &str, played: Duration, length: Duration) -> String {
    if length.is_zero() {
        return String::new();
    }
    let share = (played.as_secs_f64() / length.as_secs_f64()).clamp(0.0, 1.0);
    let count = text.chars().count();
    // A character is heard when all of it went out.
    let whole = (count as f64 * share + 1e-9).floor() as usize;
    text.chars().take(whole).collect()
}
