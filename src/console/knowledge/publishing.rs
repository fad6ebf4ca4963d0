//! Publications: begin one, bring a version back, ask how far it is.

use axum::{
    Json,
    extract::{State, rejection::JsonRejection},
    http::StatusCode,
};
use serde::Deserialize;
use tokio::sync::oneshot;

use super::{BasePath, Editor, base, body};
use crate::{
    console::{ApiError, ConsoleState, KnowledgeDesk},
    ids::BaseId,
    publishing::{Order, Step},
    storage::knowledge::Signature,
};

/// Who publishes what.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::console) struct PublishBody {
    /// The revision that was looked at; the newest, if none is given.
    revision: Option<u64>,
    author: String,
    #[serde(default)]
    note: String,
}

/// Begins to publish the draft; how far it is can be asked.
pub(in crate::console) async fn publish(
    _: Editor,
    State(state): State<ConsoleState>,
    path: BasePath,
    order: Result<Json<PublishBody>, JsonRejection>,
) -> Result<(StatusCode, Json<Step>), ApiError> {
    let (base, asked) = (base(path), body(order)?);
    let order = Order {
        revision: asked.revision,
        signature: state.knowledge.signature(asked.author, asked.note),
        now: (state.knowledge.now)().datetime(),
    };
    begin(&state, base, Publication::Draft(order)).await
}

/// Who brings which version back.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::console) struct RollbackBody {
    /// The version; the one before, if none is given.
    to: Option<u64>,
    author: String,
    #[serde(default)]
    note: String,
}

/// Begins to bring back a version.
pub(in crate::console) async fn roll_back(
    _: Editor,
    State(state): State<ConsoleState>,
    path: BasePath,
    order: Result<Json<RollbackBody>, JsonRejection>,
) -> Result<(StatusCode, Json<Step>), ApiError> {
    let (base, asked) = (base(path), body(order)?);
    let publication = Publication::Version {
        to: asked.to,
        signature: state.knowledge.signature(asked.author, asked.note),
    };
    begin(&state, base, publication).await
}

/// What is to be published.
enum Publication {
    Draft(Order),
    Version {
        to: Option<u64>,
        signature: Signature,
    },
}

/// Publishes in a task of its own, because a client may go away meanwhile. Answers with its first step, or with the reason
/// why it does not begin.
async fn begin(
    state: &ConsoleState,
    base: BaseId,
    publication: Publication,
) -> Result<(StatusCode, Json<Step>), ApiError> {
    let knowledge = state.knowledge.clone();
    let (first, begun) = oneshot::channel();
    let mut first = Some(first);
    let task = tokio::spawn(async move {
        let KnowledgeDesk { desk, speech, .. } = &*knowledge;
        let told = &mut |step: &Step| {
            if let Some(first) = first.take() {
                // The client may have gone away.
                let _ = first.send(step.clone());
            }
        };
        let published = match publication {
            Publication::Draft(order) => desk.publish(&base, &order, speech, told).await,
            Publication::Version { to, signature } => {
                desk.roll_back(&base, to, &signature, speech, told).await
            }
        };
        (knowledge.published)();
        published
    });
    match begun.await {
        Ok(step @ (Step::Indexing | Step::Speaking { .. } | Step::Done { .. })) => {
            Ok((StatusCode::ACCEPTED, Json(step)))
        }
        // It is over already, and has said why.
        Ok(Step::Failed { .. }) | Err(_) => match task.await {
            Ok(Err(error)) => Err(error.into()),
            Ok(Ok(version)) => Ok((StatusCode::ACCEPTED, Json(Step::Done { version }))),
            Err(panic) => Err(ApiError::internal(&panic)),
        },
    }
}

/// How far the last publication is; `null` where there was none since the start.
pub(in crate::console) async fn publishing(
    State(state): State<ConsoleState>,
    path: BasePath,
) -> Json<Option<Step>> {
    Json(state.knowledge.desk.step(&base(path)))
}
