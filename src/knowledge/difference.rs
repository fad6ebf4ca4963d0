//! What has changed between two states of a knowledge base.

use std::{
    collections::{HashMap, HashSet},
    fmt,
};

use serde::{Deserialize, Serialize};

use super::Field;
use crate::{entry::Entry, ids::EntryId};

/// What has to be done to one state to make the other. Entries are the same where their ids are; their order does not count,
/// nor does that of phrasings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// In the order of the later state.
    pub added: Vec<Entry>,
    /// In the order of the earlier state.
    pub removed: Vec<Entry>,
    /// In the order of the later state.
    pub changed: Vec<ChangedEntry>,
}

/// An entry that is in both states.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangedEntry {
    /// Its id.
    pub id: EntryId,
    /// Its question in the later state.
    pub question: String,
    /// Fields of one text, similar questions not among them.
    pub fields: Vec<ChangedField>,
    /// Similar questions that are new.
    pub phrasings_added: Vec<String>,
    /// Similar questions that are gone.
    pub phrasings_removed: Vec<String>,
}

/// A field with another content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangedField {
    /// Which one.
    pub field: Field,
    /// Its content in the earlier state; empty if it had none.
    pub before: String,
    /// Its content in the later state; empty if it has none.
    pub after: String,
}

impl Difference {
    /// Whether both states say the same.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.changed.is_empty()
    }
}

/// The difference between two states. Of entries with the same id in one state the first counts.
pub fn difference(before: &[Entry], after: &[Entry]) -> Difference {
    let (earlier, later) = (by_id(before), by_id(after));
    let mut difference = Difference::default();
    for entry in firsts(after, &later) {
        match earlier.get(&entry.id) {
            None => difference.added.push(entry.clone()),
            Some(old) => difference.changed.extend(changed(old, entry)),
        }
    }
    let is_gone = |entry: &&Entry| !later.contains_key(&entry.id);
    let removed = firsts(before, &earlier).filter(is_gone).cloned();
    difference.removed = removed.collect();
    difference
}

fn by_id(entries: &[Entry]) -> HashMap<&EntryId, &Entry> {
    let mut by_id = HashMap::with_capacity(entries.len());
    for entry in entries {
        by_id.entry(&entry.id).or_insert(entry);
    }
    by_id
}

fn firsts<'a>(
    entries: &'a [Entry],
    by_id: &HashMap<&EntryId, &'a Entry>,
) -> impl Iterator<Item = &'a Entry> {
    entries.iter().filter(|entry| {
        by_id
            .get(&entry.id)
            .is_some_and(|first| std::ptr::eq(*first, *entry))
    })
}

fn changed(before: &Entry, after: &Entry) -> Option<ChangedEntry> {
    let fields = Field::SINGLE.into_iter().filter_map(|field| {
        let (before, after) = (field.of(before), field.of(after));
        (before != after).then_some(ChangedField {
            field,
            before,
            after,
        })
    });
    let changed = ChangedEntry {
        id: after.id.clone(),
        question: after.question.clone(),
        fields: fields.collect(),
        phrasings_added: lacking(&after.similar_questions, &before.similar_questions),
        phrasings_removed: lacking(&before.similar_questions, &after.similar_questions),
    };
    let is_changed = !(changed.fields.is_empty()
        && changed.phrasings_added.is_empty()
        && changed.phrasings_removed.is_empty());
    is_changed.then_some(changed)
}

/// Those of `phrasings` that `others` lack.
fn lacking(phrasings: &[String], others: &[String]) -> Vec<String> {
    let others: HashSet<&String> = others.iter().collect();
    let lacking = phrasings
        .iter()
        .filter(|phrasing| !others.contains(phrasing));
    lacking.cloned().collect()
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return writeln!(f, "nothing has changed");
        }
        for entry in &self.added {
            writeln!(f, "+ {} {}", entry.id, entry.question)?;
            writeln!(f, "    answer: {}", entry.answer)?;
        }
        for entry in &self.removed {
            writeln!(f, "- {} {}", entry.id, entry.question)?;
        }
        for entry in &self.changed {
            write!(f, "{entry}")?;
        }
        writeln!(
            f,
            "{} added, {} removed, {} changed",
            self.added.len(),
            self.removed.len(),
            self.changed.len()
        )
    }
}

impl fmt::Display for ChangedEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "~ {} {}", self.id, self.question)?;
        for changed in &self.fields {
            let shown = |text: &str| match text {
                "" => "(none)".to_owned(),
                text => text.to_owned(),
            };
            let (before, after) = (shown(&changed.before), shown(&changed.after));
            writeln!(f, "    {}: {before} -> {after}", changed.field)?;
        }
        for (mark, phrasings) in [('+', &self.phrasings_added), ('-', &self.phrasings_removed)] {
            for phrasing in phrasings {
                writeln!(f, "    {mark} {phrasing}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::{Action, Validity};

    fn entry(id: &str, question: &str, similar: &[&str], answer: &str) -> Entry {
        Entry {
            id: EntryId::new(id),
            category: String::new(),
            question: question.to_owned(),
            similar_questions: similar.iter().map(|text| (*text).to_owned()).collect(),
            answer: answer.to_owned(),
            action: Action::Answer,
            name: String::new(),
            validity: Validity::default(),
        }
    }

    #[track_caller]
    fn check(before: &[Entry], after: &[Entry], expected: &str) {
        let difference = difference(before, after);
        assert_eq!(difference.to_string(), expected);
        assert_eq!(difference.is_empty(), expected == "nothing has changed\n");
        let json = serde_json::to_string(&difference).expect("JSON");
        assert_eq!(
            serde_json::from_str::<Difference>(&json).expect("JSON"),
            difference
        );
    }

    #[test]
    fn entries_are_told_apart_by_their_ids() {
        let old = entry("A1", "怎么退货", &["能退吗", "我要退"], "七天内。");
        check(&[], &[], "nothing has changed\n");
        let moved = entry("A1", "怎么退货", &["我要退", "能退吗"], "七天内。");
        let other = entry("A2", "几点上班", &[], "九点。");
        check(
            &[old.clone(), other.clone()],
            &[other.clone(), moved],
            "nothing has changed\n",
        );
        let mut new = entry("A1", "怎么退货", &["能退吗", "退一下"], "十五天内。");
        new.action = Action::Ticket("return".to_owned());
        new.validity.expires = Some(jiff::civil::date(2026, 10, 8).at(0, 0, 0, 0));
        check(
            &[old, other],
            &[new, entry("A3", "在哪里", &[], "在上海。")],
            "+ A3 在哪里\n    answer: 在上海。\n- A2 几点上班\n~ A1 怎么退货\n    answer: 七天内。 -> 十五天内。\n    \
             action: answer -> ticket:return\n    expires: (none) -> 2026-10-08T00:00:00\n    + 退一下\n    - 我要退\n\
             1 added, 1 removed, 1 changed\n",
        );
    }

    #[test]
    fn of_two_entries_with_one_id_the_first_counts() {
        let (one, two) = (
            entry("A1", "甲", &[], "一。"),
            entry("A1", "乙", &[], "二。"),
        );
        check(
            std::slice::from_ref(&one),
            &[one.clone(), two.clone()],
            "nothing has changed\n",
        );
        check(
            &[],
            &[one, two],
            "+ A1 甲\n    answer: 一。\n1 added, 0 removed, 0 changed\n",
        );
    }
}
