//! The whole HTTP surface on one page. Everything is read-only.

use axum::{
    Router,
    http::{HeaderValue, header},
    middleware::map_response,
    response::Response,
    routing::get,
};

use super::{ApiError, ConsoleState, api, pages, recordings};

pub(super) fn router(state: ConsoleState) -> Router {
    Router::new()
        // Pages and what they are made of.
        .route("/", get(pages::calls))
        .route("/calls/{id}", get(pages::call))
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
        .fallback(async || ApiError::NoSuchPage)
        .method_not_allowed_fallback(async || ApiError::ReadOnly)
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
