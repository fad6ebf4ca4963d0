//! The API on calls, and what machines that watch ask for.

use axum::{
    Json,
    extract::{Path, Query, State, rejection::QueryRejection},
    http::header,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    ApiError, ConsoleState, Status,
    dto::{CallDetailDto, CallDto, CallsDto},
};
use crate::{
    call::masked,
    ids::{CallId, LineNumber},
    pii::mask_json,
    storage::{CallFilter, ChainFault},
    telemetry::Page,
};

/// The most calls on a page.
const MAX_LIMIT: u32 = 500;

/// The process runs.
pub(super) async fn healthz() -> &'static str {
    "ok\n"
}

/// The process takes calls and can record them.
pub(super) async fn readyz(State(state): State<ConsoleState>) -> Result<&'static str, ApiError> {
    state.store.ping().await?;
    let status = state.status.status();
    match status.ready {
        true => Ok("ready\n"),
        false => Err(ApiError::NotReady(
            status.reason.unwrap_or_else(|| "starting".to_owned()),
        )),
    }
}

/// The numbers, for Prometheus.
pub(super) async fn metrics(State(state): State<ConsoleState>) -> Response {
    let kind = [(
        header::CONTENT_TYPE,
        "text/plain; version=0.0.4; charset=utf-8",
    )];
    let mut page = Page::default();
    state.metrics.write(&mut page);
    state.status.numbers(&mut page);
    (kind, page.into_text()).into_response()
}

/// How the process is doing.
pub(super) async fn status(State(state): State<ConsoleState>) -> Json<Status> {
    Json(state.status.status())
}

/// Which calls to list.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CallsQuery {
    line: Option<String>,
    /// In milliseconds after the Unix epoch.
    since: Option<i64>,
    /// Call-ID header.
    sip_call_id: Option<String>,
    limit: Option<u32>,
    /// `next` of the page before.
    cursor: Option<String>,
}

pub(super) async fn calls(
    State(state): State<ConsoleState>,
    query: Result<Query<CallsQuery>, QueryRejection>,
) -> Result<Json<CallsDto>, ApiError> {
    let Query(query) = query.map_err(|error| ApiError::BadRequest(error.body_text()))?;
    let limit = query.limit.unwrap_or(50);
    if !(1..=MAX_LIMIT).contains(&limit) {
        let message = format!("`limit` must be 1 to {MAX_LIMIT}");
        return Err(ApiError::BadRequest(message));
    }
    let before = match query.cursor.as_deref() {
        Some(cursor) => Some(
            read_id(cursor)
                .map_err(|_| ApiError::BadRequest("`cursor` is not `next` of a page".to_owned()))?,
        ),
        None => None,
    };
    let filter = CallFilter {
        line: query
            .line
            .filter(|line| !line.is_empty())
            .map(LineNumber::new),
        since_ms: query.since,
        sip_call_id: query.sip_call_id,
        before,
        // One more tells whether there is a next page.
        limit: limit + 1,
    };
    let mut found = state.store.calls(&filter).await?;
    let more = found.len() > limit as usize;
    found.truncate(limit as usize);
    let next = found.last().filter(|_| more);
    Ok(Json(CallsDto {
        next: next.map(|summary| summary.call.to_string()),
        calls: found
            .iter()
            .map(CallDto::of)
            .collect::<Result<_, _>>()
            .map_err(|error| ApiError::internal(&error))?,
    }))
}

pub(super) async fn call(
    State(state): State<ConsoleState>,
    Path(id): Path<String>,
) -> Result<Json<CallDetailDto>, ApiError> {
    let call = read_id(&id)?;
    let records = state.store.records(call).await?;
    let recording = state.store.recording(call).await?;
    let intact = match state.store.verify_chain(call).await {
        Ok(()) => true,
        Err(ChainFault::Storage(error)) => return Err(error.into()),
        Err(_) => false,
    };
    CallDetailDto::of(call, &records, recording.as_ref(), intact)
        .map_err(|error| ApiError::internal(&error))?
        .map(Json)
        .ok_or(ApiError::NoSuchCall)
}

pub(super) async fn events(
    State(state): State<ConsoleState>,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let call = read_id(&id)?;
    let records = state.store.records(call).await?;
    if records.is_empty() {
        return Err(ApiError::NoSuchCall);
    }
    let mut events =
        serde_json::to_value(masked(&records)).map_err(|error| ApiError::internal(&error))?;
    mask_json(&mut events);
    Ok(Json(json!({ "id": id, "events": events })))
}

pub(super) fn read_id(text: &str) -> Result<CallId, ApiError> {
    text.parse().map_err(|_| ApiError::NoSuchCall)
}
