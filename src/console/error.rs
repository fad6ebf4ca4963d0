//! How a request fails: `{"error": {"code", "message"}}`.

use axum::{
    Json,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::json;

use crate::storage::StorageError;

/// Why a request was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// The path leads nowhere.
    #[error("there is no such page")]
    NoSuchPage,
    /// No call is called like that.
    #[error("there is no such call")]
    NoSuchCall,
    /// The call has no recording, or its file is gone.
    #[error("the call has no recording")]
    NoRecording,
    /// A parameter cannot be read.
    #[error("{0}")]
    BadRequest(String),
    /// Only GET and HEAD.
    #[error("the console is read-only")]
    ReadOnly,
    /// The wanted bytes lie outside of the file.
    #[error("the recording has {length} bytes")]
    OutOfRange {
        /// Bytes of the file.
        length: u64,
    },
    /// The process does not take calls.
    #[error("not ready: {0}")]
    NotReady(String),
    /// The records or a file could not be read.
    #[error("the records could not be read")]
    Internal,
}

impl ApiError {
    const fn kind(&self) -> (StatusCode, &'static str) {
        match self {
            Self::NoSuchPage => (StatusCode::NOT_FOUND, "no_such_page"),
            Self::NoSuchCall => (StatusCode::NOT_FOUND, "no_such_call"),
            Self::NoRecording => (StatusCode::NOT_FOUND, "no_recording"),
            Self::BadRequest(_) => (StatusCode::BAD_REQUEST, "bad_request"),
            Self::ReadOnly => (StatusCode::METHOD_NOT_ALLOWED, "read_only"),
            Self::OutOfRange { .. } => (StatusCode::RANGE_NOT_SATISFIABLE, "out_of_range"),
            Self::NotReady(_) => (StatusCode::SERVICE_UNAVAILABLE, "not_ready"),
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
        }
    }

    /// A failure that is not the client's: logged here, not told.
    pub(super) fn internal(error: &dyn std::error::Error) -> Self {
        tracing::error!(error = %error, "console request failed");
        Self::Internal
    }
}

impl From<StorageError> for ApiError {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::UnknownCall(_) => Self::NoSuchCall,
            error => Self::internal(&error),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let (status, code) = self.kind();
        let body = json!({ "error": { "code": code, "message": self.to_string() } });
        let mut response = (status, Json(body)).into_response();
        if let Self::OutOfRange { length } = self
            && let Ok(value) = format!("bytes */{length}").parse()
        {
            // RFC 9110 §15.5.17
            response.headers_mut().insert(header::CONTENT_RANGE, value);
        }
        response
    }
}
