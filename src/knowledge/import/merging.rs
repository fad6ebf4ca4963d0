//! A document's entries into a draft that holds some already.

use std::collections::{HashMap, HashSet};

use super::{Imported, Outcome};
use crate::{entry::Action, entry::Entry, ids::EntryId};

/// What a document does to a draft.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// It adds entries and brings those that are there up to date.
    #[default]
    Merge,
    /// It takes the place of all that is there.
    Replace,
}

/// Fits the entries of a document to those of `draft`.
///
/// An entry brings the one with its id up to date, or the one with its question. What the document does not say of that one
/// stays: other phrasings, its name, its dates, an action. So a sheet may be imported again, and what was added to the draft
/// since is not lost. The report says what was brought up to date.
pub fn merge(draft: &[Entry], mut imported: Imported) -> Imported {
    let by_id: HashMap<&EntryId, &Entry> = draft.iter().map(|entry| (&entry.id, entry)).collect();
    let by_question: HashMap<String, &Entry> = draft
        .iter()
        .map(|entry| (bare(&entry.question), entry))
        .collect();
    // An entry of the draft is brought up to date once: a second one with its question stays one of its own.
    let mut met: HashSet<&EntryId> = imported
        .entries
        .iter()
        .filter_map(|entry| by_id.get(&entry.id).map(|there| &there.id))
        .collect();
    for entry in &mut imported.entries {
        let there = match by_id.get(&entry.id) {
            Some(there) => there,
            None => match by_question.get(&bare(&entry.question)) {
                Some(there) if met.insert(&there.id) => there,
                Some(_) | None => continue,
            },
        };
        let name_in_document = entry.id.clone();
        let changed = bring_up_to_date(there, entry);
        for line in &mut imported.report.lines {
            if line.entry.as_ref() != Some(&name_in_document) {
                continue;
            }
            line.entry = Some(there.id.clone());
            let how = match changed {
                true => format!("brings entry `{}` up to date", there.id),
                false => format!("entry `{}` says so already", there.id),
            };
            match &mut line.outcome {
                Outcome::Taken => line.outcome = Outcome::Changed { how: vec![how] },
                Outcome::Changed { how: all } => all.push(how),
                Outcome::Refused { .. } => {}
            }
        }
    }
    imported
}

/// Makes `entry` what `there` becomes. Returns whether that is something new.
fn bring_up_to_date(there: &Entry, entry: &mut Entry) -> bool {
    entry.id = there.id.clone();
    for phrasing in there.phrasings() {
        if !entry.phrasings().any(|known| known == phrasing) {
            entry.similar_questions.push(phrasing.to_owned());
        }
    }
    if entry.name.is_empty() {
        entry.name.clone_from(&there.name);
    }
    if entry.category.is_empty() {
        entry.category.clone_from(&there.category);
    }
    if entry.validity.is_always() {
        entry.validity = there.validity;
    }
    if entry.action == Action::Answer {
        entry.action = there.action.clone();
    }
    // The order of phrasings says nothing.
    let sorted = |entry: &Entry| {
        let mut entry = entry.clone();
        entry.similar_questions.sort();
        entry
    };
    sorted(entry) != sorted(there)
}

/// A question without what makes no difference between two.
fn bare(question: &str) -> String {
    question
        .chars()
        .filter(|symbol| symbol.is_alphanumeric())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        entry::Validity,
        knowledge::import::{Place, Report, ReportLine},
    };

    fn entry(id: &str, question: &str, similar: &[&str], answer: &str) -> Entry {
        Entry {
            id: EntryId::new(id),
            category: String::new(),
            question: question.to_owned(),
            similar_questions: similar.iter().map(ToString::to_string).collect(),
            answer: answer.to_owned(),
            action: Action::Answer,
            name: String::new(),
            validity: Validity::default(),
        }
    }

    fn document(entries: Vec<Entry>) -> Imported {
        let lines = entries.iter().map(|entry| ReportLine {
            place: Place::default(),
            entry: Some(entry.id.clone()),
            outcome: Outcome::Taken,
        });
        Imported {
            report: Report {
                document: "f".to_owned(),
                lines: lines.collect(),
            },
            entries,
        }
    }

    /// One entry into a draft of one; the entry it becomes and what the report says.
    #[track_caller]
    fn check(draft: &Entry, new: Entry, expected: &Entry, report: &[&str]) {
        let merged = merge(std::slice::from_ref(draft), document(vec![new]));
        assert_eq!(&merged.entries, std::slice::from_ref(expected));
        assert_eq!(merged.report.lines[0].entry.as_ref(), Some(&expected.id));
        let outcome = match report {
            [] => Outcome::Taken,
            how => Outcome::Changed {
                how: how.iter().map(ToString::to_string).collect(),
            },
        };
        assert_eq!(merged.report.lines[0].outcome, outcome);
    }

    #[test]
    fn an_entry_is_found_by_its_id_and_by_its_question() {
        let there = entry("A1", "几点上班？", &["何时营业"], "九点。");
        check(
            &there,
            entry("A1", "几点开门", &[], "八点。"),
            &entry("A1", "几点开门", &["几点上班？", "何时营业"], "八点。"),
            &["brings entry `A1` up to date"],
        );
        check(
            &there,
            entry("q-1", "几点上班", &[], "八点。"),
            &entry("A1", "几点上班", &["几点上班？", "何时营业"], "八点。"),
            &["brings entry `A1` up to date"],
        );
        check(
            &there,
            entry("q-1", "几点上班？", &[], "九点。"),
            &there,
            &["entry `A1` says so already"],
        );
        let other = entry("q-2", "在哪里", &[], "在北京。");
        check(&there, other.clone(), &other, &[]);
    }

    #[test]
    fn two_entries_do_not_become_one() {
        let draft = [entry("A1", "几点上班", &[], "九点。")];
        let new = vec![
            entry("q-1", "几点上班", &[], "八点。"),
            entry("q-1-2", "几点上班", &[], "七点。"),
        ];
        let merged = merge(&draft, document(new));
        let ids: Vec<&str> = merged
            .entries
            .iter()
            .map(|entry| entry.id.as_str())
            .collect();
        assert_eq!(ids, ["A1", "q-1-2"]);
    }

    #[test]
    fn what_a_document_does_not_say_stays() {
        let there = Entry {
            name: "营业时间".to_owned(),
            category: "门店".to_owned(),
            action: Action::Lookup("hours".to_owned()),
            validity: Validity {
                takes_effect: Some("2026-10-01T00:00:00".parse().expect("a date")),
                expires: None,
            },
            ..entry("A1", "几点上班", &[], "九点。")
        };
        let expected = Entry {
            answer: "八点。".to_owned(),
            ..there.clone()
        };
        check(
            &there,
            entry("A1", "几点上班", &[], "八点。"),
            &expected,
            &["brings entry `A1` up to date"],
        );
    }
}
