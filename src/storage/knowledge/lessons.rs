//! What calls teach, until the business has settled it.
//!
//! A closed call is learned from once: it is marked in the transaction that keeps its lessons, so that learning again changes
//! nothing and a call that was closed late is not missed. Which base a lesson is for follows from its line.

mod learning;
mod uses;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use sqlx::FromRow;

use self::learning::learn;
use super::{BaseId, DraftChange, StorageError, Store, drafts, revision};
use crate::{
    call::lessons::{Lesson, LessonBounds, LessonKind, Nearest, Sign},
    ids::{CallId, EntryId, KnowledgeVersion, LineNumber, UtteranceId},
    pii::Pii,
    storage::reading::read_id,
};

pub use self::uses::{EntryUse, UseFilter};

/// Names a lesson; never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LessonId(pub i64);

/// A knowledge base and the lines that answer from it: whose calls teach it.
#[derive(Clone, Debug)]
pub struct Taught {
    /// The base.
    pub base: BaseId,
    /// The lines.
    pub lines: Vec<LineNumber>,
}

impl Taught {
    fn lines_json(&self) -> String {
        let lines = self.lines.iter().map(LineNumber::as_str);
        serde_json::Value::from_iter(lines).to_string()
    }
}

/// What was learned from some calls.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Collected {
    /// Calls that were looked at.
    pub calls: u64,
    /// New lessons.
    pub lessons: u64,
    /// Answers that were given in them.
    pub answers: u64,
    /// Calls whose records cannot be read. They are not looked at again.
    pub unreadable: Vec<CallId>,
    /// Whether there are more calls to learn from.
    pub more: bool,
}

/// A lesson that nobody has settled.
#[derive(Clone, Debug, PartialEq)]
pub struct OpenLesson {
    /// Names it.
    pub id: LessonId,
    /// What was asked, and what became of it.
    pub lesson: Lesson,
    /// The caller's number, to count callers; empty when it was withheld or erased.
    pub caller: Pii<String>,
}

/// What became of a lesson.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A new entry of the draft.
    Entry(EntryId),
    /// A new phrasing of this entry of the draft.
    Phrasing(EntryId),
    /// Nothing.
    Dismissed,
}

/// What is made of lessons, by whom and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settlement {
    /// What became of them.
    pub outcome: Outcome,
    /// Who decided it.
    pub author: String,
    /// In milliseconds after the Unix epoch.
    pub at_ms: i64,
}

#[derive(FromRow)]
struct Row {
    id: i64,
    call: String,
    seq: i64,
    utterance: Option<i64>,
    line: String,
    at_ms: i64,
    kind: String,
    chosen: Option<String>,
    sign: Option<String>,
    question: String,
    entry: Option<String>,
    entry_question: Option<String>,
    score: Option<f64>,
    version: String,
    caller: Option<String>,
}

/// Selects open lessons, called `l`, of the business ?1 and the lines ?2.
macro_rules! select_open {
    ($rest:literal) => {
        concat!(
            "SELECT l.id, l.call, l.seq, l.utterance, l.line, l.at_ms, l.kind, l.chosen, l.sign, l.question, l.entry,
                    l.entry_question, l.score, l.version, json_extract(c.json, '$.caller.canonical') AS caller
             FROM lessons AS l LEFT JOIN cdrs AS c ON c.call = l.call
             WHERE l.state = 'open' AND l.business = ?1 AND l.line IN (SELECT value FROM json_each(?2)) ",
            $rest
        )
    };
}

fn ids_json(lessons: &[LessonId]) -> String {
    serde_json::Value::from_iter(lessons.iter().map(|id| id.0)).to_string()
}

impl Store {
    /// Learns from closed calls that were not learned from, the oldest first, at most `most` of them.
    pub async fn collect_lessons(
        &self,
        bounds: &LessonBounds,
        most: u32,
    ) -> Result<Collected, StorageError> {
        let waiting = "SELECT call FROM cdrs WHERE learned = 0 ORDER BY call LIMIT ?1";
        // Looked at before the transaction, so that nobody waits where there is nothing to do.
        if sqlx::query(waiting)
            .bind(1)
            .fetch_optional(&self.pool)
            .await?
            .is_none()
        {
            return Ok(Collected::default());
        }
        let mut transaction = self.begin_write().await?;
        let calls: Vec<String> = sqlx::query_scalar(waiting)
            .bind(most)
            .fetch_all(&mut *transaction)
            .await?;
        let mut collected = Collected {
            more: calls.len() as u64 == u64::from(most),
            ..Collected::default()
        };
        for id in calls {
            let call = read_id(&id)?;
            match learn(&mut transaction, call, bounds).await {
                Ok(learned) => {
                    collected.lessons += learned.lessons.len() as u64;
                    collected.answers += learned.answers.len() as u64;
                }
                Err(StorageError::Unreadable { .. }) => collected.unreadable.push(call),
                Err(error) => return Err(error),
            }
            sqlx::query("UPDATE cdrs SET learned = 1 WHERE call = ?1")
                .bind(&id)
                .execute(&mut *transaction)
                .await?;
            collected.calls += 1;
        }
        transaction.commit().await?;
        Ok(collected)
    }

    /// The newest `most` lessons of a base that nobody has settled, newest first. `since_ms`: asked at or after this time.
    pub async fn open_lessons(
        &self,
        taught: &Taught,
        since_ms: Option<i64>,
        most: u32,
    ) -> Result<Vec<OpenLesson>, StorageError> {
        let rows: Vec<Row> = sqlx::query_as(select_open!(
            "AND (?3 IS NULL OR l.at_ms >= ?3) ORDER BY l.id DESC LIMIT ?4"
        ))
        .bind(taught.base.business.as_str())
        .bind(taught.lines_json())
        .bind(since_ms)
        .bind(most)
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter()
            .map(|row| read(&taught.base, row))
            .collect()
    }

    /// Those of `lessons` that are open and of this base, in no order.
    pub async fn lessons_by_id(
        &self,
        taught: &Taught,
        lessons: &[LessonId],
    ) -> Result<Vec<OpenLesson>, StorageError> {
        let rows: Vec<Row> = sqlx::query_as(select_open!(
            "AND l.id IN (SELECT value FROM json_each(?3))"
        ))
        .bind(taught.base.business.as_str())
        .bind(taught.lines_json())
        .bind(ids_json(lessons))
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter()
            .map(|row| read(&taught.base, row))
            .collect()
    }

    /// Settles lessons and makes the changes of the draft that follow, together or not at all. Every one of `lessons` must be
    /// open and of this base. `expected` is the revision of the draft that was looked at. Returns the revision of the draft.
    pub async fn settle_lessons(
        &self,
        taught: &Taught,
        lessons: &[LessonId],
        settlement: &Settlement,
        expected: Option<u64>,
        changes: &[DraftChange],
    ) -> Result<u64, StorageError> {
        let base = &taught.base;
        let asked = lessons.iter().collect::<BTreeSet<_>>().len() as u64;
        let (state, taken_as) = match &settlement.outcome {
            Outcome::Entry(entry) => ("entry", Some(entry)),
            Outcome::Phrasing(entry) => ("phrasing", Some(entry)),
            Outcome::Dismissed => ("dismissed", None),
        };
        let mut transaction = self.begin_write().await?;
        let revision = match changes.is_empty() {
            true => revision(&mut transaction, base, expected).await?,
            false => drafts::change(&mut transaction, base, expected, changes).await?,
        };
        let settled = sqlx::query(
            "UPDATE lessons SET state = ?3, taken_as = ?4, settled_by = ?5, settled_ms = ?6
             WHERE state = 'open' AND business = ?1 AND line IN (SELECT value FROM json_each(?2))
               AND id IN (SELECT value FROM json_each(?7))",
        )
        .bind(base.business.as_str())
        .bind(taught.lines_json())
        .bind(state)
        .bind(taken_as.map(EntryId::as_str))
        .bind(&settlement.author)
        .bind(settlement.at_ms)
        .bind(ids_json(lessons))
        .execute(&mut *transaction)
        .await?;
        let open = settled.rows_affected();
        if open != asked {
            return Err(StorageError::LessonsNotOpen {
                base: base.clone(),
                asked,
                open,
            });
        }
        transaction.commit().await?;
        Ok(revision)
    }
}

fn read(base: &BaseId, row: Row) -> Result<OpenLesson, StorageError> {
    let kind = match (row.kind.as_str(), row.sign) {
        ("unanswered", _) => LessonKind::Unanswered,
        ("unsure", _) => LessonKind::Unsure,
        ("not_helpful", Some(sign)) => LessonKind::NotHelpful {
            sign: read_sign(&sign)?,
        },
        ("clarified", _) => LessonKind::Clarified {
            chosen: row.chosen.map(EntryId::new),
        },
        // The table allows no other.
        (kind, _) => return Err(sqlx::Error::Decode(format!("lesson `{kind}`").into()).into()),
    };
    let nearest = row.entry.map(|entry| Nearest {
        entry: EntryId::new(entry),
        question: row.entry_question.unwrap_or_default(),
        // It was a shorter number when it was written.
        score: row.score.unwrap_or_default() as f32,
    });
    Ok(OpenLesson {
        id: LessonId(row.id),
        lesson: Lesson {
            call: read_id(&row.call)?,
            seq: row.seq.unsigned_abs(),
            utterance: row.utterance.map(|id| UtteranceId(id.unsigned_abs())),
            business: base.business.clone(),
            line: LineNumber::new(row.line),
            at_ms: row.at_ms,
            kind,
            question: row.question,
            nearest,
            version: KnowledgeVersion::new(row.version),
        },
        caller: Pii::new(row.caller.unwrap_or_default()),
    })
}

fn read_sign(stored: &str) -> Result<Sign, StorageError> {
    let sign = Sign::ALL.into_iter().find(|sign| sign.as_str() == stored);
    Ok(sign.ok_or_else(|| sqlx::Error::Decode(format!("sign `{stored}`").into()))?)
}

#[cfg(test)]
mod tests;
