//! Learning from calls: what callers asked in vain, in groups, each settled by one action.
//!
//! Closed calls are learned from once, whenever somebody looks. What is shown names calls by their number and holds masked
//! words only. A group becomes a new entry of the draft, phrasings of an entry that is there, or nothing; the draft and the
//! lessons change together or not at all. This module does not publish (see [`Desk`](super::Desk)) and holds no statements.

mod phrasings;
mod shown;
mod usage;

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use super::BasePlan;
use crate::{
    call::lessons::LessonBounds,
    embedding::{Remembering, TextEncoder},
    entry::{Action, Entry, Validity},
    ids::{BaseId, EntryId, LineNumber},
    retrieval::clusters::{Alike, Clusters, cluster},
    storage::{
        StorageError, Store,
        knowledge::{
            Collected, Draft, DraftChange, LessonId, OpenLesson, Outcome, Settlement, Taught,
        },
    },
};

pub use shown::{Choice, Example, LessonGroup, Lessons, NearestEntry};
pub use usage::{EntryUsage, NeverSaid, Rate, Usage, VersionRange};

/// Calls that are learned from in one transaction: some 100 ms, so that the writer of records does not wait.
const CALLS_AT_ONCE: u32 = 100;

/// The most lessons that are grouped, the newest: 10,000 that all read differently take 5 to 13 s of one core beside the
/// encoder's time, and 120 MB.
const MOST_LESSONS: u32 = 10_000;

/// The most similar questions that a new entry begins with.
const MOST_SIMILAR: usize = 20;

/// The most phrasings that are added to an entry at once: the most central ones.
const MOST_PHRASINGS: usize = 5;

/// How often an action is tried again when somebody changes the draft meanwhile.
const TRIES: usize = 3;

/// Why something could not be learned.
#[derive(Debug, thiserror::Error)]
pub enum LessonError {
    /// It could not be read or written, or is not there.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The draft holds that question already.
    #[error("entry `{entry}` of the draft of `{base}` has the question already: {question}")]
    Known {
        /// The base.
        base: BaseId,
        /// The entry that has it.
        entry: EntryId,
        /// The question.
        question: String,
    },
    /// Nothing was asked that could be a phrasing.
    #[error("nothing of these lessons can be a phrasing: write the question")]
    NoQuestion,
}

impl LessonError {
    /// Whether somebody else changed the draft between a look at it and the change: then it is looked at again.
    fn was_overtaken(&self) -> bool {
        matches!(self, Self::Storage(StorageError::DraftChanged { .. }))
    }
}

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

/// Lessons of the businesses' calls, for people who work on their knowledge.
pub struct Classroom {
    store: Store,
    lines: HashMap<BaseId, Vec<LineNumber>>,
    /// Remembers, as most questions of a group were there the last time.
    encoder: Option<Arc<Remembering>>,
    bounds: LessonBounds,
    alike: Alike,
}

impl std::fmt::Debug for Classroom {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Classroom").finish_non_exhaustive()
    }
}

impl Classroom {
    /// Lessons in `store` for the bases of `plans`. Without an encoder questions are grouped by their words alone.
    pub fn new(store: Store, plans: &[BasePlan], encoder: Option<Arc<dyn TextEncoder>>) -> Self {
        let lines = plans
            .iter()
            .map(|plan| (plan.id.clone(), plan.lines.clone()));
        Self {
            store,
            lines: lines.collect(),
            encoder: encoder.map(|encoder| Arc::new(Remembering::new(encoder))),
            bounds: LessonBounds::default(),
            alike: Alike::default(),
        }
    }

    /// A base that no line answers from learns nothing.
    fn taught(&self, base: &BaseId) -> Taught {
        Taught {
            base: base.clone(),
            lines: self.lines.get(base).cloned().unwrap_or_default(),
        }
    }

    /// Learns from every closed call that was not learned from. A second time there is nothing new.
    pub async fn collect(&self) -> Result<Collected, StorageError> {
        let mut all = Collected::default();
        loop {
            let some = self
                .store
                .collect_lessons(&self.bounds, CALLS_AT_ONCE)
                .await?;
            all.calls += some.calls;
            all.lessons += some.lessons;
            all.answers += some.answers;
            all.unreadable.extend(some.unreadable);
            if !some.more {
                break;
            }
        }
        for call in &all.unreadable {
            tracing::error!(call.id = %call, "nothing is learned from a call whose records cannot be read");
        }
        Ok(all)
    }

    /// The lessons of a base that wait to be settled, in groups of one meaning, those of most callers first.
    pub async fn clusters(
        &self,
        base: &BaseId,
        since_ms: Option<i64>,
    ) -> Result<Lessons, LessonError> {
        let draft = self.store.draft(base).await?;
        let open = self
            .store
            .open_lessons(&self.taught(base), since_ms, MOST_LESSONS)
            .await?;
        let (open, clusters) = self.grouped(open).await;
        let is_cut = open.len() as u64 >= u64::from(MOST_LESSONS);
        Ok(shown::lessons(&open, &clusters, &draft, is_cut))
    }

    /// Groups them on a thread that may block.
    async fn grouped(&self, open: Vec<OpenLesson>) -> (Vec<OpenLesson>, Clusters) {
        let (encoder, alike) = (self.encoder.clone(), self.alike);
        let grouping = tokio::task::spawn_blocking(move || {
            let questions: Vec<&str> = open
                .iter()
                .map(|open| open.lesson.question.as_str())
                .collect();
            let encoder = encoder
                .as_deref()
                .map(|encoder| encoder as &dyn TextEncoder);
            let clusters = cluster(&questions, encoder, &alike).unwrap_or_else(|error| {
                tracing::warn!(%error, "questions are grouped by their words alone");
                // Without an encoder there is nothing that can fail.
                cluster(&questions, None, &alike).unwrap_or_default()
            });
            (open, clusters)
        });
        match grouping.await {
            Ok(grouped) => grouped,
            // It is never cancelled, so this is a panic, which goes on here.
            Err(panic) => std::panic::resume_unwind(panic.into_panic()),
        }
    }

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

    /// How often the entries of a base were said, to what use, and which were not.
    pub async fn usage(&self, base: &BaseId, range: &VersionRange) -> Result<Usage, LessonError> {
        usage::usage(&self.store, &self.taught(base), range).await
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

#[cfg(test)]
mod tests;
