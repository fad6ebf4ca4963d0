//! The two pages and what they are made of, embedded in the program.

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

pub(super) async fn asset(Path(name): Path<String>) -> Result<Response, ApiError> {
    const JAVASCRIPT: &str = "text/javascript; charset=utf-8";
    let (kind, text) = match name.as_str() {
        "console.css" => (
            "text/css; charset=utf-8",
            include_str!("assets/console.css"),
        ),
        "words.js" => (JAVASCRIPT, include_str!("assets/words.js")),
        "calls.js" => (JAVASCRIPT, include_str!("assets/calls.js")),
        "call.js" => (JAVASCRIPT, include_str!("assets/call.js")),
        _ => return Err(ApiError::NoSuchPage),
    };
    Ok(([(header::CONTENT_TYPE, kind)], text).into_response())
}
