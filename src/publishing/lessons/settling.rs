//! What is made of lessons: a new entry of the draft, phrasings of one that is there, or nothing.
//!
//! The draft and the lessons change together or not at all. Somebody else who changes the draft meanwhile is heeded: it is
//! looked at again.

use std::collections::{BTreeMap, HashSet};

use super::{Classroom, LessonError, phrasings};
use crate::{
    entry::{Action, Entry, Validity},
    ids::{BaseId, EntryId},
    storage::{
        StorageError,
        knowledge::{Draft, DraftChange, LessonId, OpenLesson, Outcome, Settlement},
    },
};

/// The most similar questions that a new entry begins with.
const MOST_SIMILAR: usize = 20;

/// The most phrasings that are added to an entry at once: the most central ones.
const MOST_PHRASINGS: usize = 5;

/// How often an action is tried again when somebody changes the draft meanwhile.
const TRIES: usize = 3;

/// Who settles lessons, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Who.
    pub author: String,
    /// In milliseconds after the Unix epoch.
    pub at_ms: i64,
}

/// What the business says about a new entry. What it leaves out is taken from the group.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NewEntry {
    /// Its question; the most central one, if `None`.
    pub question: Option<String>,
    /// Its answer. An entry without one is not published: its check says so.
    pub answer: Option<String>,
    /// Its category; empty, if `None`.
    pub category: Option<String>,
}

/// What an action made.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Taken {
    /// The entry that is new or has new phrasings.
    pub entry: EntryId,
    /// The phrasings that were added, the question of a new entry among them.
    pub added: Vec<String>,
    /// Whether its answer is still to be written.
    pub unwritten: bool,
    /// How many lessons were settled.
    pub settled: usize,
    /// The revision of the draft that it made.
    pub revision: u64,
}

/// What is to be settled, and by whom.
struct Request<'a> {
    base: &'a BaseId,
    lessons: &'a [LessonId],
    by: &'a Decision,
}

impl Classroom {
    /// Makes lessons a new entry of the draft: its question is that of the first, its similar questions are the others',
    /// each once. Without an answer it is there to be written.
    pub async fn make_entry(
        &self,
        base: &BaseId,
        lessons: &[LessonId],
        new: &NewEntry,
        by: &Decision,
    ) -> Result<Taken, LessonError> {
        let asked = self.asked(base, lessons).await?;
        let request = Request { base, lessons, by };
        let mut tries = TRIES;
        loop {
            match self.make_entry_once(&request, &asked, new).await {
                Err(error) if error.was_overtaken() && tries > 1 => tries -= 1,
                done => return done,
            }
        }
    }

    async fn make_entry_once(
        &self,
        request: &Request<'_>,
        asked: &[String],
        new: &NewEntry,
    ) -> Result<Taken, LessonError> {
        let base = request.base;
        let draft = self.store.draft(base).await?;
        let written = new.question.as_deref().map(str::trim);
        let question = written.filter(|question| !question.is_empty());
        let question = question.or(asked.first().map(String::as_str));
        let question = question.ok_or(LessonError::NoQuestion)?;
        if let Some(entry) = phrasings::holder(&draft, question) {
            return Err(LessonError::Known {
                base: base.clone(),
                entry: entry.id.clone(),
                question: question.to_owned(),
            });
        }
        let candidates = std::iter::once(question).chain(asked.iter().map(String::as_str));
        let mut added = phrasings::new_ones(&draft, candidates);
        added.truncate(1 + MOST_SIMILAR);
        let entry = Entry {
            id: self.free_id(base, &draft).await?,
            category: new.category.clone().unwrap_or_default(),
            question: question.to_owned(),
            similar_questions: added.iter().skip(1).cloned().collect(),
            answer: new.answer.as_deref().unwrap_or_default().trim().to_owned(),
            action: Action::Answer,
            name: String::new(),
            validity: Validity::default(),
        };
        let outcome = Outcome::Entry(entry.id.clone());
        self.take(request, draft.revision, entry, added, outcome)
            .await
    }

    /// Makes lessons phrasings of an entry of the draft: the first ones that nothing in the draft has yet.
    pub async fn add_phrasing(
        &self,
        base: &BaseId,
        lessons: &[LessonId],
        entry: &EntryId,
        by: &Decision,
    ) -> Result<Taken, LessonError> {
        let asked = self.asked(base, lessons).await?;
        let request = Request { base, lessons, by };
        let mut tries = TRIES;
        loop {
            match self.add_phrasing_once(&request, &asked, entry).await {
                Err(error) if error.was_overtaken() && tries > 1 => tries -= 1,
                done => return done,
            }
        }
    }

    async fn add_phrasing_once(
        &self,
        request: &Request<'_>,
        asked: &[String],
        entry: &EntryId,
    ) -> Result<Taken, LessonError> {
        let base = request.base;
        let first = asked.first().ok_or(LessonError::NoQuestion)?;
        let draft = self.store.draft(base).await?;
        let known = draft.entries.iter().find(|known| known.id == *entry);
        let known = known.ok_or_else(|| StorageError::UnknownEntry {
            base: base.clone(),
            entry: entry.clone(),
        })?;
        let mut added = phrasings::new_ones(&draft, asked.iter().map(String::as_str));
        added.truncate(MOST_PHRASINGS);
        if added.is_empty()
            && let Some(other) = phrasings::holder(&draft, first)
            && other.id != *entry
        {
            return Err(LessonError::Known {
                base: base.clone(),
                entry: other.id.clone(),
                question: first.clone(),
            });
        }
        let mut changed = known.clone();
        changed.similar_questions.extend(added.iter().cloned());
        let outcome = Outcome::Phrasing(entry.clone());
        self.take(request, draft.revision, changed, added, outcome)
            .await
    }

    /// Nothing is made of lessons. Returns how many were settled.
    pub async fn dismiss(
        &self,
        base: &BaseId,
        lessons: &[LessonId],
        by: &Decision,
    ) -> Result<usize, LessonError> {
        let settlement = settled(Outcome::Dismissed, by);
        self.store
            .settle_lessons(&self.taught(base), lessons, &settlement, None, &[])
            .await?;
        Ok(distinct(lessons))
    }

    /// What was asked in these lessons, in their order, as phrasings.
    async fn asked(&self, base: &BaseId, lessons: &[LessonId]) -> Result<Vec<String>, LessonError> {
        let open = self
            .store
            .lessons_by_id(&self.taught(base), lessons)
            .await?;
        let by_id: BTreeMap<LessonId, &OpenLesson> =
            open.iter().map(|open| (open.id, open)).collect();
        if by_id.len() < distinct(lessons) {
            return Err(LessonError::Storage(StorageError::LessonsNotOpen {
                base: base.clone(),
                asked: distinct(lessons) as u64,
                open: by_id.len() as u64,
            }));
        }
        let questions = lessons.iter().filter_map(|id| by_id.get(id));
        let questions: Vec<String> = questions
            .filter_map(|open| phrasings::without_numbers(&open.lesson.question))
            .collect();
        Ok(questions)
    }

    async fn take(
        &self,
        request: &Request<'_>,
        revision: u64,
        entry: Entry,
        added: Vec<String>,
        outcome: Outcome,
    ) -> Result<Taken, LessonError> {
        let Request { base, lessons, by } = request;
        let (id, unwritten) = (entry.id.clone(), entry.answer.is_empty());
        let changes = match added.is_empty() {
            true => Vec::new(),
            false => vec![DraftChange::Put(Box::new(entry))],
        };
        let revision = self
            .store
            .settle_lessons(
                &self.taught(base),
                lessons,
                &settled(outcome, by),
                Some(revision),
                &changes,
            )
            .await?;
        Ok(Taken {
            entry: id,
            added,
            unwritten,
            settled: distinct(lessons),
            revision,
        })
    }

    /// An identifier that no entry of the base has or had, so that what was counted of it is its own: `L001`.
    async fn free_id(&self, base: &BaseId, draft: &Draft) -> Result<EntryId, LessonError> {
        let mut taken: HashSet<EntryId> = self
            .store
            .first_published(base)
            .await?
            .into_keys()
            .collect();
        taken.extend(draft.entries.iter().map(|entry| entry.id.clone()));
        let ids = (1_u64..).map(|number| EntryId::new(format!("L{number:03}")));
        let free = ids.into_iter().find(|id| !taken.contains(id));
        // There are more numbers than entries.
        Ok(free.unwrap_or_else(|| EntryId::new("L000")))
    }
}

fn settled(outcome: Outcome, by: &Decision) -> Settlement {
    Settlement {
        outcome,
        author: by.author.clone(),
        at_ms: by.at_ms,
    }
}

fn distinct(lessons: &[LessonId]) -> usize {
    lessons.iter().collect::<HashSet<_>>().len()
}
