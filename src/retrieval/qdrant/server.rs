//! Qdrant by its own client, over gRPC.
//!
//! Two connections: searches have the patience of a caller, upkeep has more. What the server says of an error is passed on in
//! its words, without metadata. This module does not decide what to ask (see `index` and `keeper`).

use std::{collections::HashMap, fmt, sync::Arc, time::Duration};

use jiff::civil::DateTime;
use qdrant_client::{
    Payload, Qdrant, QdrantError,
    qdrant::{
        Condition, CountPointsBuilder, CreateAliasBuilder, CreateCollectionBuilder,
        CreateFieldIndexCollectionBuilder, Distance, FieldType, Filter, Fusion,
        HnswConfigDiffBuilder, NamedVectors, PointStruct, PrefetchQueryBuilder, Query,
        QueryPointsBuilder, Range, SearchParamsBuilder, SparseVectorParamsBuilder,
        SparseVectorsConfigBuilder, UpsertPointsBuilder, Vector, VectorParamsBuilder,
        VectorsConfigBuilder, point_id::PointIdOptions,
    },
};
use ureq::http::Uri;

use super::{Asked, Edition, Holdings, Point, Search, ServerError, Sparse, VectorServer};
use crate::remote::is_loopback;

/// How long a request of upkeep may take, and its connection to be made.
const UPKEEP: Duration = Duration::from_secs(30);
const CONNECT: Duration = Duration::from_secs(3);

/// Vectors by name.
const MEANING: &str = "meaning";
const WORDS: &str = "words";
const CHARACTERS: &str = "characters";
const SOUNDS: &str = "sounds";
const ANSWER: &str = "answer";

/// Payload by name.
const BUSINESS: &str = "business";
const BASE: &str = "base";
const VERSION: &str = "version";
const ENTRY: &str = "entry";
const PHRASING: &str = "phrasing";
const FROM: &str = "from";
const UNTIL: &str = "until";

/// The key of a server. No log shows it.
#[derive(Clone, PartialEq, Eq)]
pub struct ServerKey(String);

impl ServerKey {
    /// A key as it is sent; `None` if it cannot be. The client would repeat one that it cannot send in its error.
    pub fn new(key: &str) -> Option<Self> {
        let key = key.trim();
        let is_sound = !key.is_empty() && key.chars().all(|symbol| symbol.is_ascii_graphic());
        is_sound.then(|| Self(key.to_owned()))
    }
}

impl fmt::Debug for ServerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<key>")
    }
}

/// Which server, and how it is asked.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// Its gRPC address (`https://qdrant.example:6334`).
    pub url: String,
    /// Its key.
    pub key: Option<ServerKey>,
    /// Plain HTTP to other machines is wanted; never with a key.
    pub allow_http: bool,
    /// How long a search may take.
    pub timeout: Duration,
}

/// Why an address is not asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressFault {
    /// It is no address of a server.
    #[error("must be an address such as https://qdrant.example:6334")]
    NoAddress,
    /// What businesses know would cross a network in the clear.
    #[error("must begin with https:// unless it is on this machine or `allow_http` is set")]
    NotEncrypted,
    /// So would the key, which opens all that the server holds.
    #[error("must begin with https:// where there is an API key, unless it is on this machine")]
    KeyInTheClear,
    /// A secret in it would be logged.
    #[error("must not hold a user, a password, a path, a query or a fragment")]
    Decorated,
}

/// The address in `url`, if it may be asked.
pub fn address(url: &str, allow_http: bool, has_key: bool) -> Result<String, AddressFault> {
    let url = url.trim();
    let parsed: Uri = url.parse().map_err(|_| AddressFault::NoAddress)?;
    let (Some(scheme), Some(authority)) = (parsed.scheme_str(), parsed.authority()) else {
        return Err(AddressFault::NoAddress);
    };
    let is_bare = matches!(parsed.path(), "" | "/") && parsed.query().is_none();
    if authority.as_str().contains('@') || !is_bare || url.contains('#') {
        return Err(AddressFault::Decorated);
    }
    match scheme {
        "https" => {}
        "http" if is_loopback(authority.host()) => {}
        "http" if has_key => return Err(AddressFault::KeyInTheClear),
        "http" if allow_http => {}
        "http" => return Err(AddressFault::NotEncrypted),
        _ => return Err(AddressFault::NoAddress),
    }
    Ok(url.trim_end_matches('/').to_owned())
}

/// A client of one server.
pub struct QdrantServer {
    searches: Qdrant,
    upkeep: Qdrant,
}

impl fmt::Debug for QdrantServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QdrantServer")
            .field("url", &self.upkeep.config.uri)
            .finish_non_exhaustive()
    }
}

impl QdrantServer {
    /// A client; nothing is asked yet.
    pub fn new(config: &ServerConfig) -> Result<Self, AddressFault> {
        let url = address(&config.url, config.allow_http, config.key.is_some())?;
        let client = |timeout: Duration| {
            Qdrant::from_url(&url)
                .api_key(config.key.as_ref().map(|key| key.0.as_str()))
                .timeout(timeout)
                .connect_timeout(timeout.min(CONNECT))
                // It prints to the standard output.
                .skip_compatibility_check()
                .build()
                .map_err(|_| AddressFault::NoAddress)
        };
        Ok(Self {
            searches: client(config.timeout)?,
            upkeep: client(UPKEEP)?,
        })
    }

    /// Its version, if it can be reached.
    pub async fn version(&self) -> Result<String, ServerError> {
        Ok(self.upkeep.health_check().await.map_err(fault)?.version)
    }
}

impl VectorServer for QdrantServer {
    fn search(&self, search: Arc<Search>) -> Asked<'_, Vec<u32>> {
        Box::pin(async move {
            let Some(query) = query(&search) else {
                return Ok(Vec::new());
            };
            let answer = self.searches.query(query).await.map_err(fault)?;
            let ids = answer.result.into_iter().filter_map(|point| point.id);
            Ok(ids
                .filter_map(|id| match id.point_id_options {
                    Some(PointIdOptions::Num(number)) => u32::try_from(number).ok(),
                    _ => None,
                })
                .collect())
        })
    }

    fn holdings<'a>(&'a self, edition: &'a Edition) -> Asked<'a, Holdings> {
        Box::pin(async move {
            let all = self.upkeep.list_collections().await.map_err(fault)?;
            let names = all.collections.into_iter().map(|known| known.name);
            let aliases = self.upkeep.list_aliases().await.map_err(fault)?;
            let mut aliases = aliases.aliases.into_iter();
            let alias = aliases.find(|alias| alias.alias_name == edition.alias);
            Ok(Holdings {
                collections: names.filter(|name| edition.is_of_base(name)).collect(),
                alias: alias.map(|alias| alias.collection_name),
            })
        })
    }

    fn create<'a>(&'a self, edition: &'a Edition) -> Asked<'a, ()> {
        Box::pin(async move {
            let name = &edition.collection;
            if !self.upkeep.collection_exists(name).await.map_err(fault)? {
                let collection = collection(edition);
                self.upkeep
                    .create_collection(collection)
                    .await
                    .map_err(fault)?;
            }
            // Making one again does nothing.
            for field in [BUSINESS, BASE, VERSION] {
                let index = CreateFieldIndexCollectionBuilder::new(name, field, FieldType::Keyword);
                self.upkeep
                    .create_field_index(index.wait(true))
                    .await
                    .map_err(fault)?;
            }
            Ok(())
        })
    }

    fn count<'a>(&'a self, edition: &'a Edition) -> Asked<'a, u64> {
        Box::pin(async move {
            let count = CountPointsBuilder::new(&edition.collection)
                .filter(Filter::must(of_edition(edition)))
                .exact(true);
            let answer = self.upkeep.count(count).await.map_err(fault)?;
            Ok(answer.result.map_or(0, |result| result.count))
        })
    }

    fn put<'a>(&'a self, edition: &'a Edition, points: Vec<Point>) -> Asked<'a, ()> {
        Box::pin(async move {
            let points: Vec<PointStruct> = points
                .into_iter()
                .map(|point| as_sent(edition, point))
                .collect();
            let put = UpsertPointsBuilder::new(&edition.collection, points).wait(true);
            self.upkeep.upsert_points(put).await.map_err(fault)?;
            Ok(())
        })
    }

    fn switch<'a>(&'a self, edition: &'a Edition) -> Asked<'a, ()> {
        Box::pin(async move {
            // An alias that is there is moved.
            let alias = CreateAliasBuilder::new(&edition.collection, &edition.alias);
            self.upkeep.create_alias(alias).await.map_err(fault)?;
            Ok(())
        })
    }

    fn remove<'a>(&'a self, collection: &'a str) -> Asked<'a, ()> {
        Box::pin(async move {
            self.upkeep
                .delete_collection(collection)
                .await
                .map_err(fault)?;
            Ok(())
        })
    }
}

/// An edition's collection. Vectors are compared with all others, as in process, so no graph is made of them.
fn collection(edition: &Edition) -> CreateCollectionBuilder {
    let mut sparse = SparseVectorsConfigBuilder::default();
    for name in [WORDS, CHARACTERS, SOUNDS, ANSWER] {
        sparse.add_named_vector_params(name, SparseVectorParamsBuilder::default());
    }
    let mut collection =
        CreateCollectionBuilder::new(&edition.collection).sparse_vectors_config(sparse);
    if let Some(dimensions) = edition.dimensions {
        let mut dense = VectorsConfigBuilder::default();
        let params = VectorParamsBuilder::new(dimensions as u64, Distance::Dot)
            .hnsw_config(HnswConfigDiffBuilder::default().m(0));
        dense.add_named_vector_params(MEANING, params);
        collection = collection.vectors_config(dense);
    }
    collection
}

/// What every point of an edition says, and nothing else on the server.
fn of_edition(edition: &Edition) -> Vec<Condition> {
    vec![
        Condition::matches(BUSINESS, edition.base.business.to_string()),
        Condition::matches(BASE, edition.base.name.to_string()),
        Condition::matches(VERSION, edition.version.to_string()),
    ]
}

/// The edition's points whose entries are true at `now`.
fn filter(edition: &Edition, now: Option<DateTime>) -> Filter {
    let mut filter = Filter::must(of_edition(edition));
    if let Some(now) = now.map(seconds) {
        // A point that does not say when is in neither range.
        let later = Range {
            gt: Some(now),
            ..Range::default()
        };
        let over = Range {
            lte: Some(now),
            ..Range::default()
        };
        filter.must_not = vec![Condition::range(FROM, later), Condition::range(UNTIL, over)];
    }
    filter
}

/// Local time as a number that can be compared: both sides are of the same business.
fn seconds(time: DateTime) -> f64 {
    const EPOCH: DateTime = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);
    time.duration_since(EPOCH).as_secs_f64()
}

/// `None` if there is nothing to look for.
fn query(search: &Search) -> Option<QueryPointsBuilder> {
    let filter = filter(&search.edition, search.now);
    let mut query = QueryPointsBuilder::new(&search.edition.collection)
        .query(Fusion::Rrf)
        .limit(2 * search.limit)
        .with_payload(false)
        .with_vectors(false);
    let mut ways: Vec<(&str, Query)> = Vec::new();
    if let Some(vector) = &search.meaning {
        ways.push((MEANING, vector.clone().into()));
    }
    for (name, Sparse(terms)) in [
        (WORDS, &search.words),
        (CHARACTERS, &search.characters),
        (SOUNDS, &search.sounds),
        (ANSWER, &search.words),
    ] {
        if !terms.is_empty() {
            ways.push((name, terms.clone().into()));
        }
    }
    if ways.is_empty() {
        return None;
    }
    for (name, way) in ways {
        let prefetch = PrefetchQueryBuilder::default()
            .query(way)
            .using(name)
            .filter(filter.clone())
            .params(SearchParamsBuilder::default().exact(true))
            .limit(search.limit);
        query = query.add_prefetch(prefetch);
    }
    Some(query)
}

fn as_sent(edition: &Edition, point: Point) -> PointStruct {
    let mut vectors: HashMap<String, Vector> = HashMap::new();
    for (name, Sparse(terms)) in [
        (WORDS, point.words),
        (CHARACTERS, point.characters),
        (SOUNDS, point.sounds),
        (ANSWER, point.answer),
    ] {
        if !terms.is_empty() {
            vectors.insert(name.to_owned(), terms.into());
        }
    }
    if let Some(vector) = point.meaning {
        vectors.insert(MEANING.to_owned(), vector.into());
    }
    let mut payload = Payload::new();
    payload.insert(BUSINESS, edition.base.business.to_string());
    payload.insert(BASE, edition.base.name.to_string());
    payload.insert(VERSION, edition.version.to_string());
    payload.insert(ENTRY, i64::from(point.entry));
    payload.insert(PHRASING, i64::from(point.phrasing));
    for (name, time) in [
        (FROM, point.validity.takes_effect),
        (UNTIL, point.validity.expires),
    ] {
        if let Some(time) = time {
            payload.insert(name, seconds(time));
        }
    }
    PointStruct::new(u64::from(point.phrasing), NamedVectors { vectors }, payload)
}

/// The client's error by what it means (gRPC's status codes).
fn fault(error: QdrantError) -> ServerError {
    let status = match error {
        QdrantError::ResponseError { status } => status,
        QdrantError::ResourceExhaustedError { status, .. } => status,
        other => return ServerError::Unreachable(other.to_string()),
    };
    let says = status.message().to_owned();
    match i32::from(status.code()) {
        // NOT_FOUND.
        5 => ServerError::Missing(says),
        // DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, ABORTED.
        4 | 8 | 10 => ServerError::Busy(says),
        // The client's own limit.
        1 if says.contains("imeout") => ServerError::Busy(says),
        // CANCELLED, UNKNOWN, INTERNAL, UNAVAILABLE: a connection that broke, or cannot be made.
        1 | 2 | 13 | 14 => ServerError::Unreachable(says),
        // INVALID_ARGUMENT, PERMISSION_DENIED, UNAUTHENTICATED and the rest.
        _ => ServerError::Refused(says),
    }
}

#[cfg(test)]
mod tests;
