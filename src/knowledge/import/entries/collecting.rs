//! Entries as they come out of a document: ids, repeated questions, the report.

use std::collections::{HashMap, HashSet};

use crate::{
    entry::{Action, Entry, Validity},
    ids::EntryId,
    knowledge::{
        import::{Document, Imported, Outcome, Part, Place, Report, ReportLine},
        normal::{id_of_question, normalised},
    },
};

/// An entry that has not got its place yet.
#[derive(Clone, Debug, Default)]
pub(super) struct Draft {
    /// The id that the document gives it, if it does.
    pub(super) id: String,
    pub(super) category: String,
    pub(super) question: String,
    pub(super) similar: Vec<String>,
    pub(super) answer: String,
    pub(super) action: Action,
    pub(super) name: String,
    pub(super) validity: Validity,
    /// What was changed on the way here, one sentence each.
    pub(super) changes: Vec<String>,
}

/// What has been collected so far.
#[derive(Debug)]
pub(super) struct Collecting {
    document: String,
    entries: Vec<Entry>,
    /// Where each entry stands.
    places: Vec<Place>,
    lines: Vec<ReportLine>,
    ids: HashMap<EntryId, usize>,
    /// The last number that was put behind an id to make another.
    beside: HashMap<EntryId, u64>,
    /// The first entry with a question in its normal form.
    questions: HashMap<String, usize>,
    /// The phrasings of each entry in their normal form.
    phrasings: Vec<HashSet<String>>,
}

impl Collecting {
    pub(super) fn new(document: &str) -> Self {
        Self {
            document: document.to_owned(),
            entries: Vec::new(),
            places: Vec::new(),
            lines: Vec::new(),
            ids: HashMap::new(),
            beside: HashMap::new(),
            questions: HashMap::new(),
            phrasings: Vec::new(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The entry with this question, if there is one.
    pub(super) fn with_question(&self, question: &str) -> Option<usize> {
        self.questions.get(&normalised(question)).copied()
    }

    pub(super) fn refuse(&mut self, place: Place, why: impl Into<String>) {
        self.tell(place, None, Outcome::Refused { why: why.into() });
    }

    /// Says something about the document that is no entry's.
    pub(super) fn note(&mut self, place: Place, how: impl Into<String>) {
        let how = vec![how.into()];
        self.tell(place, None, Outcome::Changed { how });
    }

    fn tell(&mut self, place: Place, entry: Option<EntryId>, outcome: Outcome) {
        self.lines.push(ReportLine {
            place,
            entry,
            outcome,
        });
    }

    fn tell_taken(&mut self, place: Place, entry: usize, how: Vec<String>) {
        let outcome = match how.is_empty() {
            true => Outcome::Taken,
            false => Outcome::Changed { how },
        };
        self.tell(place, Some(self.entries[entry].id.clone()), outcome);
    }

    /// Takes a draft as an entry or into the one with the same question and answer. `id_column` names the column that ids
    /// come from. The place of the entry, if it was not refused.
    pub(super) fn add(&mut self, place: Place, mut draft: Draft, id_column: &str) -> Option<usize> {
        let mut is_conflict = false;
        if let Some(known) = self.with_question(&draft.question) {
            let entry = &self.entries[known];
            if entry.answer == draft.answer
                && entry.validity == draft.validity
                && entry.action == draft.action
            {
                return self.extend(place, known, &draft.similar, draft.changes);
            }
            is_conflict = true;
            draft.changes.push(format!(
                "says something else than `{}` ({}), which answers the same question; kept as an entry of its own",
                entry.id, self.places[known]
            ));
        }
        let wanted = match draft.id.is_empty() {
            true => id_of_question(&draft.question),
            false => EntryId::new(std::mem::take(&mut draft.id)),
        };
        let id = match self.ids.get(&wanted) {
            None => wanted,
            // Of one question, or of two whose hashes are the same by chance.
            Some(_) if is_conflict || wanted == id_of_question(&draft.question) => {
                self.beside(&wanted)
            }
            Some(&owner) => {
                let why = format!(
                    "`{wanted}` is the id of `{}` ({}) already",
                    self.entries[owner].question, self.places[owner]
                );
                self.refuse(place.in_column(id_column), why);
                return None;
            }
        };
        let number = self.entries.len();
        self.ids.insert(id.clone(), number);
        let question = normalised(&draft.question);
        self.phrasings.push(HashSet::from([question.clone()]));
        self.questions.entry(question).or_insert(number);
        self.places.push(place.clone());
        self.entries.push(Entry {
            id,
            category: draft.category,
            question: draft.question,
            similar_questions: Vec::new(),
            answer: draft.answer,
            action: draft.action,
            name: draft.name,
            validity: draft.validity,
        });
        let (_, repeated) = self.take_phrasings(number, &draft.similar);
        draft.changes.extend(repeated);
        self.tell_taken(place, number, draft.changes);
        Some(number)
    }

    /// Puts further phrasings into an entry that is there.
    pub(super) fn extend(
        &mut self,
        place: Place,
        number: usize,
        similar: &[String],
        mut changes: Vec<String>,
    ) -> Option<usize> {
        let (added, repeated) = self.take_phrasings(number, similar);
        let owner = &self.places[number];
        match added {
            0 => {
                let why = format!("says nothing that is not said already ({owner})");
                self.refuse(place, why);
            }
            added => {
                let phrasings = match added {
                    1 => "phrasing",
                    _ => "phrasings",
                };
                changes.insert(
                    0,
                    format!("goes on from {owner}: {added} {phrasings} added"),
                );
                changes.extend(repeated);
                self.tell_taken(place, number, changes);
            }
        }
        Some(number)
    }

    /// How many phrasings were new, and a sentence for each that was not.
    fn take_phrasings(&mut self, number: usize, similar: &[String]) -> (usize, Vec<String>) {
        let mut repeated = Vec::new();
        let mut added = 0;
        for phrasing in similar {
            match self.phrasings[number].insert(normalised(phrasing)) {
                true => {
                    added += 1;
                    self.entries[number]
                        .similar_questions
                        .push(phrasing.clone());
                }
                false => repeated.push(format!("`{phrasing}` was left out: it is there already")),
            }
        }
        (added, repeated)
    }

    /// An id that is not used, made of one that is.
    fn beside(&mut self, id: &EntryId) -> EntryId {
        let used = self.beside.entry(id.clone()).or_insert(1);
        loop {
            *used += 1;
            let id = EntryId::new(format!("{id}-{used}"));
            if !self.ids.contains_key(&id) {
                return id;
            }
        }
    }

    /// All of it in the order of the document.
    pub(super) fn finish(mut self, document: &Document) -> Imported {
        let mut order: HashMap<Place, usize> = HashMap::new();
        let mut add = |place: &Place| {
            let next = order.len();
            order.entry(place.clone()).or_insert(next);
        };
        for part in &document.parts {
            match part {
                Part::Table(table) => table.rows.iter().for_each(|row| add(&row.place)),
                Part::Heading { place, .. }
                | Part::Paragraph { place, .. }
                | Part::Unreadable { place, .. } => add(place),
            }
        }
        let position = |place: &Place| {
            let whole = Place {
                column: None,
                ..place.clone()
            };
            order.get(&whole).or_else(|| order.get(place)).copied()
        };
        self.lines.sort_by_key(|line| position(&line.place));
        let mut entries: Vec<(Option<usize>, Entry)> =
            self.places.iter().map(position).zip(self.entries).collect();
        entries.sort_by_key(|(position, _)| *position);
        Imported {
            entries: entries.into_iter().map(|(_, entry)| entry).collect(),
            report: Report {
                document: self.document,
                lines: self.lines,
            },
        }
    }
}
