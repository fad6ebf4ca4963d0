//! What callers asked in vain, and what becomes of it.

use axum::{
    Json,
    extract::{
        Query, State,
        rejection::{JsonRejection, QueryRejection},
    },
};
use serde::{Deserialize, Serialize};

use super::{BasePath, Editor, base, body, query};
use crate::{
    console::{ApiError, ConsoleState},
    ids::EntryId,
    publishing::lessons::{Decision, LessonError, Lessons, NewEntry, Taken, Usage, VersionRange},
    storage::knowledge::LessonId,
};

/// From when on.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::console) struct SinceQuery {
    /// In milliseconds after the Unix epoch.
    since: Option<i64>,
}

/// What callers asked in vain, in groups of one meaning. Calls that have ended since the last time are looked at first.
pub(in crate::console) async fn lessons(
    State(state): State<ConsoleState>,
    path: BasePath,
    asked: Result<Query<SinceQuery>, QueryRejection>,
) -> Result<Json<Lessons>, ApiError> {
    let (base, since) = (base(path), query(asked)?.since);
    let classroom = &state.knowledge.classroom;
    classroom.collect().await?;
    Ok(Json(classroom.clusters(&base, since).await?))
}

/// What becomes of a group.
#[derive(Debug, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case", deny_unknown_fields)]
enum Action {
    /// A new entry of the draft.
    Entry {
        #[serde(default)]
        entry: NewEntry,
    },
    /// Phrasings of an entry of the draft.
    Phrasing { entry: EntryId },
    /// Nothing.
    Dismiss,
}

#[derive(Debug, Deserialize)]
pub(in crate::console) struct SettleBody {
    /// Those of the group, in the order shown.
    lessons: Vec<LessonId>,
    author: String,
    #[serde(flatten)]
    action: Action,
}

/// What was made of a group.
#[derive(Debug, Serialize)]
#[serde(tag = "done", rename_all = "snake_case")]
pub(in crate::console) enum SettledDto {
    Taken(Taken),
    Dismissed,
}

/// Settles a group by one action.
pub(in crate::console) async fn settle(
    _: Editor,
    State(state): State<ConsoleState>,
    path: BasePath,
    order: Result<Json<SettleBody>, JsonRejection>,
) -> Result<Json<SettledDto>, ApiError> {
    let (base, order) = (base(path), body(order)?);
    let decision = Decision {
        author: order.author,
        at_ms: (state.knowledge.now_ms)(),
    };
    let (classroom, lessons) = (&state.knowledge.classroom, &order.lessons);
    Ok(Json(match order.action {
        Action::Entry { entry } => {
            let taken = classroom.make_entry(&base, lessons, &entry, &decision);
            SettledDto::Taken(taken.await?)
        }
        Action::Phrasing { entry } => {
            let taken = classroom.add_phrasing(&base, lessons, &entry, &decision);
            SettledDto::Taken(taken.await?)
        }
        Action::Dismiss => {
            classroom.dismiss(&base, lessons, &decision).await?;
            SettledDto::Dismissed
        }
    }))
}

/// Which entries are said, which never, and after which callers ask for a human.
pub(in crate::console) async fn usage(
    State(state): State<ConsoleState>,
    path: BasePath,
    range: Result<Query<VersionRange>, QueryRejection>,
) -> Result<Json<Usage>, ApiError> {
    let (base, range) = (base(path), query(range)?);
    let classroom = &state.knowledge.classroom;
    classroom.collect().await?;
    Ok(Json(classroom.usage(&base, &range).await?))
}

impl From<LessonError> for ApiError {
    fn from(error: LessonError) -> Self {
        match error {
            LessonError::Storage(error) => error.into(),
            error => Self::Conflict(error.to_string()),
        }
    }
}
