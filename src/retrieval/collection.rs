//! The entries of an index and their phrasings, by number.
//!
//! Entries are numbered from 0 in the order they were given, phrasings likewise through all entries, each entry's question
//! first. This module does not compare anything.

use std::{ops::Range, sync::Arc};

use jiff::civil::DateTime;

use crate::entry::{Candidate, Entry};

/// Entries and phrasings.
#[derive(Debug)]
pub(super) struct Collection {
    entries: Vec<Arc<Entry>>,
    /// The first phrasing of each entry, and after the last how many there are.
    starts: Vec<u32>,
    /// By phrasing.
    owners: Vec<u32>,
    /// Whether any entry is not true for ever.
    dated: bool,
}

impl Collection {
    pub(super) fn new(entries: Vec<Entry>) -> Self {
        let mut starts = Vec::with_capacity(entries.len() + 1);
        let mut owners = Vec::new();
        for (number, entry) in (0u32..).zip(&entries) {
            starts.push(owners.len() as u32);
            owners.extend(entry.phrasings().map(|_| number));
        }
        starts.push(owners.len() as u32);
        Self {
            dated: entries.iter().any(|entry| !entry.validity.is_always()),
            entries: entries.into_iter().map(Arc::new).collect(),
            starts,
            owners,
        }
    }

    pub(super) fn entries(&self) -> &[Arc<Entry>] {
        &self.entries
    }

    /// How many phrasings there are.
    pub(super) const fn phrasings(&self) -> usize {
        self.owners.len()
    }

    /// Every phrasing's text, in order.
    pub(super) fn texts(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().flat_map(|entry| entry.phrasings())
    }

    /// The phrasings of an entry.
    pub(super) fn of(&self, entry: u32) -> Range<u32> {
        self.starts[entry as usize]..self.starts[entry as usize + 1]
    }

    /// The entry of a phrasing.
    pub(super) fn owner(&self, phrasing: u32) -> u32 {
        self.owners[phrasing as usize]
    }

    /// A phrasing's text.
    pub(super) fn text(&self, phrasing: u32) -> &str {
        let entry = self.owner(phrasing);
        let place = phrasing - self.starts[entry as usize];
        let known = &self.entries[entry as usize];
        match place.checked_sub(1) {
            None => &known.question,
            Some(place) => &known.similar_questions[place as usize],
        }
    }

    /// Whether any entry is not true for ever.
    pub(super) const fn is_dated(&self) -> bool {
        self.dated
    }

    /// Whether an entry is true at `now`; all are where nobody says when that is.
    pub(super) fn holds(&self, entry: u32, now: Option<DateTime>) -> bool {
        let Some(now) = now.filter(|_| self.dated) else {
            return true;
        };
        self.entries[entry as usize].validity.holds(now)
    }

    /// The best `most` of phrasings with their scores, one an entry, as candidates.
    pub(super) fn best(
        &self,
        scored: impl Iterator<Item = (u32, f32)>,
        most: usize,
    ) -> Vec<Candidate> {
        let entry = |phrasing: u32| &self.entries[self.owner(phrasing) as usize];
        let by_rank = |&(one, a): &(u32, f32), &(other, b): &(u32, f32)| {
            b.total_cmp(&a)
                .then_with(|| entry(one).id.cmp(&entry(other).id))
        };
        let mut scored: Vec<(u32, f32)> = scored.collect();
        if scored.len() > most {
            scored.select_nth_unstable_by(most, by_rank);
            scored.truncate(most);
        }
        scored.sort_by(by_rank);
        scored
            .into_iter()
            .map(|(phrasing, score)| Candidate {
                entry: entry(phrasing).clone(),
                score,
                matched: self.text(phrasing).to_owned(),
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{entry::Validity, retrieval::fake::FakeIndex};

    #[test]
    fn phrasings_are_numbered_through_all_entries() {
        let mut first = FakeIndex::entry("A", "问一", "答");
        first.similar_questions = vec!["问二".to_owned(), "问三".to_owned()];
        let mut second = FakeIndex::entry("B", "问四", "答");
        second.validity = Validity {
            takes_effect: None,
            expires: Some("2026-10-08T00:00:00".parse().expect("a date")),
        };
        let all = Collection::new(vec![first, second]);
        let texts: Vec<&str> = (0..4).map(|at| all.text(at)).collect();
        assert_eq!(texts, all.texts().collect::<Vec<_>>());
        assert_eq!((all.of(0), all.of(1)), (0..3, 3..4));
        assert_eq!([0, 1, 2, 3].map(|at| all.owner(at)), [0, 0, 0, 1]);
        let late = "2026-10-09T00:00:00".parse().ok();
        assert!(all.holds(0, late) && !all.holds(1, late) && all.holds(1, None));
    }
}
