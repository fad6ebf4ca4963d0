//! How a request fails: `{"error": {"code", "message"}}`.

use axum::{
    Json,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::json;

use crate::{publishing::DeskError, storage::StorageError};

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
    /// Nothing of knowledge is called like that.
    #[error("{0}")]
    NoSuchKnowledge(String),
    /// The address does not take this method.
    #[error("this address does not take this method")]
    NoSuchMethod,
    /// It was changed by somebody else, or is not in a state for it.
    #[error("{0}")]
    Conflict(String),
    /// It cannot be understood.
    #[error("{0}")]
    Unprocessable(String),
    /// No token is configured.
    #[error("knowledge cannot be changed here: the configuration names no `console.token_file`")]
    WritingIsOff,
    /// No token was shown, or not the right one.
    #[error("this needs the token of the configuration, as `Authorization: Bearer ...`")]
    Unauthorized,
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
            Self::NoSuchKnowledge(_) => (StatusCode::NOT_FOUND, "no_such_knowledge"),
            Self::NoSuchMethod => (StatusCode::METHOD_NOT_ALLOWED, "no_such_method"),
            Self::Conflict(_) => (StatusCode::CONFLICT, "conflict"),
            Self::Unprocessable(_) => (StatusCode::UNPROCESSABLE_ENTITY, "unprocessable"),
            Self::WritingIsOff => (StatusCode::FORBIDDEN, "writing_is_off"),
            Self::Unauthorized => (StatusCode::UNAUTHORIZED, "unauthorized"),
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
            error @ (StorageError::UnknownBase(_)
            | StorageError::UnknownVersion { .. }
            | StorageError::UnknownEntry { .. }) => Self::NoSuchKnowledge(error.to_string()),
            error @ (StorageError::DraftChanged { .. } | StorageError::LessonsNotOpen { .. }) => {
                Self::Conflict(error.to_string())
            }
            error => Self::internal(&error),
        }
    }
}

impl From<DeskError> for ApiError {
    fn from(error: DeskError) -> Self {
        match error {
            DeskError::Storage(error) => error.into(),
            DeskError::NotPublished(_) => Self::NoSuchKnowledge(error.to_string()),
            DeskError::NothingNew { .. }
            | DeskError::Busy(_)
            | DeskError::NothingBefore(_)
            | DeskError::Empty(_)
            | DeskError::NoModel
            | DeskError::Model(_)
            | DeskError::Refused { .. } => Self::Conflict(error.to_string()),
            DeskError::Document(_) | DeskError::NothingTaken { .. } => {
                Self::Unprocessable(error.to_string())
            }
            DeskError::Index(_)
            | DeskError::Search(_)
            | DeskError::Speech(_)
            | DeskError::Reader(_) => Self::internal(&error),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let (status, code) = self.kind();
        let body = json!({ "error": { "code": code, "message": self.to_string() } });
        let mut response = (status, Json(body)).into_response();
        if let Self::Unauthorized = self {
            // RFC 9110 §11.6.1
            let scheme = header::HeaderValue::from_static("Bearer");
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, scheme);
        }
        if let Self::OutOfRange { length } = self
            && let Ok(value) = format!("bytes */{length}").parse()
        {
            // RFC 9110 §15.5.17
            response.headers_mut().insert(header::CONTENT_RANGE, value);
        }
        response
    }
}
