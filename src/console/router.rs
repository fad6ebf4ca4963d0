//! The whole HTTP surface on one page. Everything but knowledge is read-only.

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::{HeaderValue, header},
    middleware::map_response,
    response::Response,
    routing::{get, post, put},
};

use super::{ApiError, ConsoleState, api, knowledge, pages, recordings};

/// The largest document that is taken, in bytes; a little more than can be read, so that the reader says so.
const LARGEST_DOCUMENT: usize = 21 << 20;

pub(super) fn router(state: ConsoleState) -> Router {
    Router::new()
        // Pages and what they are made of.
        .route("/", get(pages::calls))
        .route("/calls/{id}", get(pages::call))
        .route("/knowledge", get(pages::knowledge))
        .route("/knowledge/{business}/{base}", get(pages::base))
        .route("/assets/{name}", get(pages::asset))
        // For machines that watch.
        .route("/healthz", get(api::healthz))
        .route("/readyz", get(api::readyz))
        .route("/metrics", get(api::metrics))
        // The API.
        .route("/api/status", get(api::status))
        .route("/api/calls", get(api::calls))
        .route("/api/calls/{id}", get(api::call))
        .route("/api/calls/{id}/events", get(api::events))
        .route("/api/calls/{id}/recording", get(recordings::recording))
        // Knowledge. What changes something asks for the token.
        .route("/api/knowledge", get(knowledge::bases))
        .route(
            "/api/knowledge/{business}/{base}/draft",
            get(knowledge::draft),
        )
        .route(
            "/api/knowledge/{business}/{base}/draft/entries/{id}",
            put(knowledge::put_entry).delete(knowledge::remove_entry),
        )
        .route(
            "/api/knowledge/{business}/{base}/versions",
            get(knowledge::versions),
        )
        .route(
            "/api/knowledge/{business}/{base}/versions/{number}",
            get(knowledge::version),
        )
        .route(
            "/api/knowledge/{business}/{base}/test",
            post(knowledge::test),
        )
        .route(
            "/api/knowledge/{business}/{base}/imports",
            get(knowledge::documents::imports),
        )
        .route(
            "/api/knowledge/{business}/{base}/documents",
            post(knowledge::documents::import).layer(DefaultBodyLimit::max(LARGEST_DOCUMENT)),
        )
        .route(
            "/api/knowledge/{business}/{base}/check",
            get(knowledge::documents::check),
        )
        .route(
            "/api/knowledge/{business}/{base}/diff",
            get(knowledge::documents::diff),
        )
        .route(
            "/api/knowledge/{business}/{base}/export",
            get(knowledge::documents::export),
        )
        .route(
            "/api/knowledge/{business}/{base}/lessons",
            get(knowledge::lessons::lessons).post(knowledge::lessons::settle),
        )
        .route(
            "/api/knowledge/{business}/{base}/usage",
            get(knowledge::lessons::usage),
        )
        .route(
            "/api/knowledge/{business}/{base}/publishing",
            get(knowledge::publishing::publishing).post(knowledge::publishing::publish),
        )
        .route(
            "/api/knowledge/{business}/{base}/rollback",
            post(knowledge::publishing::roll_back),
        )
        .route(
            "/api/knowledge/{business}/{base}/proposals",
            get(knowledge::proposals).post(knowledge::propose),
        )
        .route(
            "/api/knowledge/{business}/{base}/rulings",
            post(knowledge::rule),
        )
        .fallback(async || ApiError::NoSuchPage)
        .method_not_allowed_fallback(async || ApiError::NoSuchMethod)
        .layer(map_response(harden))
        .with_state(state)
}

/// Nothing from elsewhere, nothing inline, not inside other pages, and nothing kept in caches: it is about persons.
async fn harden(mut response: Response) -> Response {
    const HEADERS: [(header::HeaderName, &str); 5] = [
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'",
        ),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    for (name, value) in HEADERS {
        let headers = response.headers_mut();
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}
