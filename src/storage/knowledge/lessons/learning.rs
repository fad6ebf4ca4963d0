//! What one call teaches, kept.

use sqlx::SqliteConnection;

use super::StorageError;
use crate::{
    call::lessons::{Learned, Lesson, LessonBounds, LessonKind, Sign, owner},
    ids::{CallId, EntryId},
    storage::reading::records_of,
};

/// Keeps what one call teaches.
pub(super) async fn learn(
    connection: &mut SqliteConnection,
    call: CallId,
    bounds: &LessonBounds,
) -> Result<Learned, StorageError> {
    let records = records_of(connection, call).await?;
    let mut learned = Learned::from_records(call, &records, bounds);
    // The offer always holds the caller's number, so without it the personal data was erased.
    let erased: Option<bool> =
        sqlx::query_scalar("SELECT personal IS NULL FROM events WHERE call = ?1 AND seq = 0")
            .bind(call.to_string())
            .fetch_optional(&mut *connection)
            .await?;
    if erased != Some(false) {
        learned.lessons.clear();
    }
    let Some((business, line)) = owner(&records) else {
        return Ok(Learned::default());
    };
    for lesson in &learned.lessons {
        insert_lesson(connection, lesson).await?;
    }
    for answer in &learned.answers {
        sqlx::query(
            "INSERT INTO answers_given (call, seq, business, line, at_ms, entry, score, version, sign)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT DO NOTHING",
        )
        .bind(call.to_string())
        .bind(answer.seq.cast_signed())
        .bind(business.as_str())
        .bind(line.as_str())
        .bind(answer.at_ms)
        .bind(answer.entry.as_str())
        .bind(answer.score)
        .bind(answer.version.as_str())
        .bind(answer.sign.map(Sign::as_str))
        .execute(&mut *connection)
        .await?;
    }
    Ok(learned)
}

async fn insert_lesson(
    connection: &mut SqliteConnection,
    lesson: &Lesson,
) -> Result<(), StorageError> {
    let (chosen, sign) = match &lesson.kind {
        LessonKind::Clarified { chosen } => (chosen.as_ref(), None),
        LessonKind::NotHelpful { sign } => (None, Some(sign.as_str())),
        LessonKind::Unanswered | LessonKind::Unsure => (None, None),
    };
    let nearest = lesson.nearest.as_ref();
    sqlx::query(
        "INSERT INTO lessons (call, seq, utterance, business, line, at_ms, kind, chosen, sign, question, entry, entry_question,
                              score, version)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14) ON CONFLICT DO NOTHING",
    )
    .bind(lesson.call.to_string())
    .bind(lesson.seq.cast_signed())
    .bind(lesson.utterance.map(|utterance| utterance.0.cast_signed()))
    .bind(lesson.business.as_str())
    .bind(lesson.line.as_str())
    .bind(lesson.at_ms)
    .bind(lesson.kind.as_str())
    .bind(chosen.map(EntryId::as_str))
    .bind(sign)
    .bind(&lesson.question)
    .bind(nearest.map(|nearest| nearest.entry.as_str()))
    .bind(nearest.map(|nearest| nearest.question.as_str()))
    .bind(nearest.map(|nearest| nearest.score))
    .bind(lesson.version.as_str())
    .execute(connection)
    .await?;
    Ok(())
}
