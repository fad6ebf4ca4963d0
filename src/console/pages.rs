//! The pages and what they are made of, embedded in the program.

use axum::{
    extract::Path,
    http::header,
    response::{Html, IntoResponse, Response},
};

use super::ApiError;

pub(super) async fn calls() -> Html<&'static str> {
    Html(include_str!("assets/calls.html"))
}

/// The page reads the identifier from its own address.
pub(super) async fn call() -> Html<&'static str> {
    Html(include_str!("assets/call.html"))
}

pub(super) async fn knowledge() -> Html<&'static str> {
    Html(include_str!("assets/knowledge.html"))
}

/// The page reads the names from its own address.
pub(super) async fn base() -> Html<&'static str> {
    Html(include_str!("assets/base.html"))
}

pub(super) async fn asset(Path(name): Path<String>) -> Result<Response, ApiError> {
    const CSS: &str = "text/css; charset=utf-8";
    const JAVASCRIPT: &str = "text/javascript; charset=utf-8";
    let (kind, text) = match name.as_str() {
        "console.css" => (CSS, include_str!("assets/console.css")),
        "knowledge.css" => (CSS, include_str!("assets/knowledge.css")),
        "words.js" => (JAVASCRIPT, include_str!("assets/words.js")),
        "calls.js" => (JAVASCRIPT, include_str!("assets/calls.js")),
        "knowledge.js" => (JAVASCRIPT, include_str!("assets/knowledge.js")),
        "base.js" => (JAVASCRIPT, include_str!("assets/base.js")),
        "base-draft.js" => (JAVASCRIPT, include_str!("assets/base-draft.js")),
        "base-publish.js" => (JAVASCRIPT, include_str!("assets/base-publish.js")),
        "base-learn.js" => (JAVASCRIPT, include_str!("assets/base-learn.js")),
        "call.js" => (JAVASCRIPT, include_str!("assets/call.js")),
        _ => return Err(ApiError::NoSuchPage),
    };
    Ok(([(header::CONTENT_TYPE, kind)], text).into_response())
}
