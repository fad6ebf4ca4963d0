//! Documents in, sheets out, and what is wrong or different.

use axum::{
    Json,
    body::Bytes,
    extract::{Query, State, rejection::QueryRejection},
    http::header,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};

use super::{BasePath, Editor, base, query};
use crate::{
    console::{ApiError, ConsoleState, KnowledgeDesk},
    knowledge::{check::Concern, difference::Difference, import::Mode},
    publishing::{ImportDone, ImportOrder, Which},
    storage::knowledge::ImportRecord,
};

/// The name of a document and what it does.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::console) struct ImportQuery {
    /// Its file name: the ending says what it is.
    name: String,
    author: String,
    /// It takes the place of everything in the draft.
    #[serde(default)]
    replace: bool,
    /// Only say what would be done.
    #[serde(default)]
    dry_run: bool,
}

/// Reads the document of the body into the draft.
pub(in crate::console) async fn import(
    _: Editor,
    State(state): State<ConsoleState>,
    path: BasePath,
    asked: Result<Query<ImportQuery>, QueryRejection>,
    content: Bytes,
) -> Result<Json<ImportDone>, ApiError> {
    let (base, asked) = (base(path), query(asked)?);
    let order = ImportOrder {
        mode: match asked.replace {
            true => Mode::Replace,
            false => Mode::Merge,
        },
        dry_run: asked.dry_run,
    };
    let knowledge = &state.knowledge;
    let signature = knowledge.signature(asked.author, String::new());
    let done = knowledge
        .desk
        .import(&base, &asked.name, &content, order, &signature);
    Ok(Json(done.await?))
}

#[derive(Debug, Serialize)]
pub(in crate::console) struct ImportDto {
    id: i64,
    document: String,
    author: String,
    at_ms: i64,
    revision: u64,
    report: serde_json::Value,
}

/// Imports in the list.
const IMPORTS_SHOWN: u32 = 50;

/// The last imports, newest first.
pub(in crate::console) async fn imports(
    State(state): State<ConsoleState>,
    path: BasePath,
) -> Result<Json<Vec<ImportDto>>, ApiError> {
    let shown = |record: ImportRecord| ImportDto {
        id: record.id,
        document: record.document,
        author: record.author,
        at_ms: record.at_ms,
        revision: record.revision,
        report: record.report,
    };
    let imports = state.store.imports(&base(path), IMPORTS_SHOWN).await?;
    Ok(Json(imports.into_iter().map(shown).collect()))
}

/// Which entries: `draft`, `published` or the number of a version.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::console) struct WhichQuery {
    of: Option<String>,
}

fn which(name: Option<&str>) -> Result<Which, ApiError> {
    match name {
        None | Some("draft") => Ok(Which::Draft),
        Some("published") => Ok(Which::Published),
        Some(number) => number.parse().map(Which::Version).map_err(|_| {
            let problem = format!("`{number}` is not `draft`, `published` or a number");
            ApiError::BadRequest(problem)
        }),
    }
}

/// What is wrong with a draft or version.
pub(in crate::console) async fn check(
    State(state): State<ConsoleState>,
    path: BasePath,
    asked: Result<Query<WhichQuery>, QueryRejection>,
) -> Result<Json<Vec<Concern>>, ApiError> {
    let which = which(query(asked)?.of.as_deref())?;
    let KnowledgeDesk { desk, now, .. } = &*state.knowledge;
    let base = base(path);
    Ok(Json(desk.check(&base, which, now().datetime()).await?))
}

/// Two of `draft`, `published` and the number of a version.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::console) struct BetweenQuery {
    from: Option<String>,
    to: Option<String>,
}

/// What publishing the draft would change, or what differs between versions.
pub(in crate::console) async fn diff(
    State(state): State<ConsoleState>,
    path: BasePath,
    asked: Result<Query<BetweenQuery>, QueryRejection>,
) -> Result<Json<Difference>, ApiError> {
    let asked = query(asked)?;
    let before = which(Some(asked.from.as_deref().unwrap_or("published")))?;
    let after = which(asked.to.as_deref())?;
    let (base, desk) = (base(path), &state.knowledge.desk);
    Ok(Json(desk.difference(&base, before, after).await?))
}

/// A draft or version as a sheet.
pub(in crate::console) async fn export(
    State(state): State<ConsoleState>,
    path: BasePath,
    asked: Result<Query<WhichQuery>, QueryRejection>,
) -> Result<Response, ApiError> {
    let which = which(query(asked)?.of.as_deref())?;
    let sheet = state.knowledge.desk.export(&base(path), which).await?;
    let head = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"knowledge.csv\"",
        ),
    ];
    Ok((head, sheet).into_response())
}
