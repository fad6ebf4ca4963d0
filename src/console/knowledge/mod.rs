//! The API on knowledge: look, change the draft, try, rule on proposals. Documents and publications have files of their own.

pub(super) mod documents;
pub(super) mod lessons;
pub(super) mod publishing;

use axum::{
    Json,
    extract::{
        FromRequestParts, Path, Query, State,
        rejection::{JsonRejection, QueryRejection},
    },
    http::{header, request::Parts},
};
use serde::{Deserialize, Serialize};

use super::{ApiError, ConsoleState};

use crate::{
    entry::{Entry, Finding},
    ids::{BaseId, BaseName, BusinessId, EntryId},
    publishing::{Proposed, Source, Which},
    storage::knowledge::{
        BaseSummary, Draft, DraftChange, ProposedPhrasing, Ruling, Signature, VersionSummary,
    },
};

/// Who may change what callers are told: one who knows the token of the configuration.
///
/// A token in a header, not a cookie: a page from elsewhere cannot make a browser send it.
pub(super) struct Editor;

impl FromRequestParts<ConsoleState> for Editor {
    type Rejection = ApiError;

    async fn from_request_parts(
        parts: &mut Parts,
        state: &ConsoleState,
    ) -> Result<Self, Self::Rejection> {
        let token = state.knowledge.token.as_deref();
        let token = token.ok_or(ApiError::WritingIsOff)?;
        let header = parts.headers.get(header::AUTHORIZATION);
        // RFC 6750 §2.1
        let given = header
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.strip_prefix("Bearer "))
            .ok_or(ApiError::Unauthorized)?;
        match same(given.trim().as_bytes(), token.as_bytes()) {
            true => Ok(Self),
            false => Err(ApiError::Unauthorized),
        }
    }
}

/// Compares in a time that does not tell where the difference is.
fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |all, (a, b)| all | (a ^ b)) == 0
}

type BasePath = Path<(String, String)>;

fn base(Path((business, name)): BasePath) -> BaseId {
    BaseId {
        business: BusinessId::new(business),
        name: BaseName::new(name),
    }
}

/// A body that cannot be read, in its own words.
fn body<T>(body: Result<Json<T>, JsonRejection>) -> Result<T, ApiError> {
    match body {
        Ok(Json(body)) => Ok(body),
        Err(error) => Err(ApiError::BadRequest(error.body_text())),
    }
}

fn query<T>(query: Result<Query<T>, QueryRejection>) -> Result<T, ApiError> {
    match query {
        Ok(Query(query)) => Ok(query),
        Err(error) => Err(ApiError::BadRequest(error.body_text())),
    }
}

#[derive(Debug, Serialize)]
pub(super) struct VersionDto {
    number: u64,
    hash: String,
    entries: u64,
    at_ms: i64,
    author: String,
    note: String,
    origin: &'static str,
    restores: Option<u64>,
}

impl From<VersionSummary> for VersionDto {
    fn from(version: VersionSummary) -> Self {
        let Signature {
            author,
            at_ms,
            note,
        } = version.signature;
        Self {
            number: version.number,
            hash: version.hash.as_str().to_owned(),
            entries: version.entries,
            at_ms,
            author,
            note,
            origin: version.origin.as_str(),
            restores: version.restores,
        }
    }
}

#[derive(Debug, Serialize)]
pub(super) struct BaseDto {
    business: BusinessId,
    base: BaseName,
    revision: u64,
    entries: u64,
    published: Option<VersionDto>,
}

impl From<BaseSummary> for BaseDto {
    fn from(base: BaseSummary) -> Self {
        Self {
            business: base.id.business,
            base: base.id.name,
            revision: base.revision,
            entries: base.entries,
            published: base.published.map(VersionDto::from),
        }
    }
}

/// The bases.
pub(super) async fn bases(
    State(state): State<ConsoleState>,
) -> Result<Json<Vec<BaseDto>>, ApiError> {
    let bases = state.store.bases().await?;
    Ok(Json(bases.into_iter().map(BaseDto::from).collect()))
}

/// The versions of a base, newest first.
pub(super) async fn versions(
    State(state): State<ConsoleState>,
    path: BasePath,
) -> Result<Json<Vec<VersionDto>>, ApiError> {
    let base = base(path);
    // An unknown base is an error, not a base without versions.
    state.store.draft(&base).await?;
    let versions = state.store.versions(&base).await?;
    Ok(Json(versions.into_iter().map(VersionDto::from).collect()))
}

#[derive(Debug, Serialize)]
pub(super) struct DraftDto {
    revision: u64,
    entries: Vec<Entry>,
}

/// The draft.
pub(super) async fn draft(
    State(state): State<ConsoleState>,
    path: BasePath,
) -> Result<Json<DraftDto>, ApiError> {
    let Draft { revision, entries } = state.store.draft(&base(path)).await?;
    Ok(Json(DraftDto { revision, entries }))
}

/// The entries of a version.
pub(super) async fn version(
    State(state): State<ConsoleState>,
    Path((business, name, number)): Path<(String, String, u64)>,
) -> Result<Json<Vec<Entry>>, ApiError> {
    let base = base(Path((business, name)));
    Ok(Json(state.store.version_entries(&base, number).await?))
}

/// The revision that the client looked at.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Revision {
    revision: Option<u64>,
}

#[derive(Debug, Serialize)]
pub(super) struct RevisionDto {
    revision: u64,
}

/// Puts an entry into the draft.
pub(super) async fn put_entry(
    _: Editor,
    State(state): State<ConsoleState>,
    Path((business, name, id)): Path<(String, String, String)>,
    revision: Result<Query<Revision>, QueryRejection>,
    entry: Result<Json<Entry>, JsonRejection>,
) -> Result<Json<RevisionDto>, ApiError> {
    let (base, revision, entry) = (base(Path((business, name))), query(revision)?, body(entry)?);
    if entry.id.as_str() != id {
        let problem = format!("the entry is `{}`, the address says `{id}`", entry.id);
        return Err(ApiError::BadRequest(problem));
    }
    let change = [DraftChange::Put(Box::new(entry))];
    change_draft(&state, &base, revision.revision, &change).await
}

/// Takes an entry out of the draft.
pub(super) async fn remove_entry(
    _: Editor,
    State(state): State<ConsoleState>,
    Path((business, name, id)): Path<(String, String, String)>,
    revision: Result<Query<Revision>, QueryRejection>,
) -> Result<Json<RevisionDto>, ApiError> {
    let (base, revision) = (base(Path((business, name))), query(revision)?);
    let change = [DraftChange::Remove(EntryId::new(id))];
    change_draft(&state, &base, revision.revision, &change).await
}

async fn change_draft(
    state: &ConsoleState,
    base: &BaseId,
    expected: Option<u64>,
    changes: &[DraftChange],
) -> Result<Json<RevisionDto>, ApiError> {
    let revision = state.store.change_draft(base, expected, changes).await?;
    Ok(Json(RevisionDto { revision }))
}

/// A question to try.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TestBody {
    questions: Vec<String>,
    /// A version; the draft, if neither is given.
    version: Option<u64>,
    /// What new calls get.
    #[serde(default)]
    published: bool,
}

/// The most questions at once: each is a search.
const MOST_QUESTIONS: usize = 100;

/// What callers would be told. It changes nothing, but it costs: an index may have to be made.
pub(super) async fn test(
    _: Editor,
    State(state): State<ConsoleState>,
    path: BasePath,
    asked: Result<Json<TestBody>, JsonRejection>,
) -> Result<Json<Vec<Finding>>, ApiError> {
    let asked = body(asked)?;
    if asked.questions.len() > MOST_QUESTIONS {
        let problem = format!("at most {MOST_QUESTIONS} questions at once");
        return Err(ApiError::BadRequest(problem));
    }
    let which = match (asked.version, asked.published) {
        (Some(number), false) => Which::Version(number),
        (None, true) => Which::Published,
        (None, false) => Which::Draft,
        (Some(_), true) => {
            let problem = "either `version` or `published`";
            return Err(ApiError::BadRequest(problem.to_owned()));
        }
    };
    let knowledge = &state.knowledge;
    let base = base(path);
    let findings = knowledge
        .desk
        .test(&base, which, &asked.questions, knowledge.now());
    Ok(Json(findings.await?))
}

#[derive(Debug, Serialize)]
pub(super) struct ProposalDto {
    entry: EntryId,
    phrasing: String,
    source: String,
}

/// Phrasings that wait for a ruling.
pub(super) async fn proposals(
    State(state): State<ConsoleState>,
    path: BasePath,
) -> Result<Json<Vec<ProposalDto>>, ApiError> {
    let shown = |proposal: ProposedPhrasing| ProposalDto {
        entry: proposal.entry,
        phrasing: proposal.phrasing,
        source: proposal.source,
    };
    let proposals = state.store.proposals(&base(path)).await?;
    Ok(Json(proposals.into_iter().map(shown).collect()))
}

/// What is to be proposed.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ProposeBody {
    /// For which entries; all if there are none.
    entries: Vec<EntryId>,
    /// Whether the language model is asked, too.
    model: bool,
}

/// Looks for further phrasings.
pub(super) async fn propose(
    _: Editor,
    State(state): State<ConsoleState>,
    path: BasePath,
    wanted: Result<Json<ProposeBody>, JsonRejection>,
) -> Result<Json<Proposed>, ApiError> {
    let ProposeBody { entries, model } = body(wanted)?;
    let entries = (!entries.is_empty()).then_some(&entries[..]);
    let source = match model {
        true => Source::Model,
        false => Source::Patterns,
    };
    let desk = &state.knowledge.desk;
    Ok(Json(desk.propose(&base(path), entries, source).await?))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RulingBody {
    entry: EntryId,
    phrasing: String,
    ruling: Ruling,
}

#[derive(Debug, Serialize)]
pub(super) struct RuledDto {
    ruled: u64,
}

/// Accepts or strikes proposals.
pub(super) async fn rule(
    _: Editor,
    State(state): State<ConsoleState>,
    path: BasePath,
    rulings: Result<Json<Vec<RulingBody>>, JsonRejection>,
) -> Result<Json<RuledDto>, ApiError> {
    let rulings = body(rulings)?.into_iter();
    let rulings: Vec<_> = rulings
        .map(|ruling| (ruling.entry, ruling.phrasing, ruling.ruling))
        .collect();
    let ruled = state.store.rule(&base(path), &rulings).await?;
    Ok(Json(RuledDto { ruled }))
}
