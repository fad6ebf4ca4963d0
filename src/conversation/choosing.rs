//! Offering a few entries, and which of them the caller means.

use super::machine::{Conversation, Stage};
use crate::{call::CallEvent, entry::Candidate, text::pinyin::toneless};

impl Conversation {
    pub(super) fn clarify(&mut self, candidates: Vec<Candidate>) {
        let names: Vec<&str> = candidates
            .iter()
            .map(|candidate| short_name(candidate.entry.spoken_name()))
            .collect();
        match names[..] {
            [first, second, third, ..] => {
                let values = [("first", first), ("second", second), ("third", third)];
                self.ask("clarify.three", &values);
            }
            [first, second] => {
                self.ask("clarify.two", &[("first", first), ("second", second)]);
            }
            // One choice is no choice: it is what was meant, or nothing is.
            _ => {
                if let Some(only) = candidates.into_iter().next() {
                    self.say_entry(only);
                }
                return;
            }
        }
        let offered = candidates.into_iter().take(3).collect();
        self.stage = Stage::Choosing {
            offered,
            again: false,
        };
    }

    pub(super) fn choose(&mut self, place: usize) {
        let Stage::Choosing { offered, .. } = &self.stage else {
            return;
        };
        let Some(candidate) = offered.get(place).cloned() else {
            return;
        };
        self.event(CallEvent::Chosen {
            candidate: candidate.clone(),
        });
        self.say_entry(candidate);
    }
}

/// The name of an entry as it is offered: its question without politeness and marks.
fn short_name(question: &str) -> &str {
    let mut name = question.trim();
    for lead in ["请问一下", "请问", "我想问一下", "我想问", "我想咨询"] {
        name = name.strip_prefix(lead).unwrap_or(name);
    }
    let name = name.trim_matches(|symbol: char| "，。？！,.?! ".contains(symbol));
    name.strip_suffix(['呢', '啊', '呀']).unwrap_or(name)
}

/// The one offered entry that `text` names, by sound: most of its syllable pairs stand in that entry's name or question and
/// in no other's as many.
pub(super) fn by_name(text: &str, offered: &[Candidate]) -> Option<usize> {
    let pairs = |text: &str| {
        let syllables = toneless(text);
        syllables
            .windows(2)
            .map(<[String]>::to_vec)
            .collect::<Vec<_>>()
    };
    let said = pairs(text);
    if said.is_empty() {
        return None;
    }
    let shares: Vec<usize> = offered
        .iter()
        .map(|candidate| {
            let name = pairs(candidate.entry.spoken_name());
            let question = pairs(&candidate.entry.question);
            let named = |pair: &&Vec<String>| name.contains(pair) || question.contains(pair);
            said.iter().filter(named).count()
        })
        .collect();
    let best = *shares.iter().max()?;
    let unique = shares.iter().filter(|share| **share == best).count() == 1;
    // Three of five pairs: a name with a filler around it, not a new question that shares a word.
    (unique && best * 5 >= said.len() * 3)
        .then(|| shares.iter().position(|share| *share == best))?
}
