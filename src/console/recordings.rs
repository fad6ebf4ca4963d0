//! The audio of a call, in parts, so that a player can seek (RFC 9110 §14).

use std::{
    io::SeekFrom,
    path::{Component, Path as FilePath},
};

use axum::{
    body::Body,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio_util::io::ReaderStream;

use super::{ApiError, ConsoleState, api::read_id};

pub(super) async fn recording(
    State(state): State<ConsoleState>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let call = read_id(&id)?;
    let recording = state.store.recording(call).await?;
    let name = recording.ok_or(ApiError::NoRecording)?.file;
    if !is_inside(&name) {
        return Err(ApiError::NoRecording);
    }
    let mut file = tokio::fs::File::open(state.recordings.join(name))
        .await
        .map_err(|_| ApiError::NoRecording)?;
    let facts = file
        .metadata()
        .await
        .map_err(|error| ApiError::internal(&error))?;
    if !facts.is_file() {
        return Err(ApiError::NoRecording);
    }
    let length = facts.len();
    let wanted = headers
        .get(header::RANGE)
        .and_then(|value| value.to_str().ok());
    let (status, start, count) = match wanted.map_or(Wanted::All, |value| wanted_of(value, length))
    {
        Wanted::All => (StatusCode::OK, 0, length),
        Wanted::Part { start, count } => (StatusCode::PARTIAL_CONTENT, start, count),
        Wanted::Nothing => return Err(ApiError::OutOfRange { length }),
    };
    file.seek(SeekFrom::Start(start))
        .await
        .map_err(|error| ApiError::internal(&error))?;
    let body = Body::from_stream(ReaderStream::new(file.take(count)));
    let mut response = (
        status,
        [
            (header::CONTENT_TYPE, "audio/wav".to_owned()),
            (header::ACCEPT_RANGES, "bytes".to_owned()),
            (header::CONTENT_LENGTH, count.to_string()),
        ],
        body,
    )
        .into_response();
    if status == StatusCode::PARTIAL_CONTENT
        && let Ok(value) = format!("bytes {start}-{}/{length}", start + count - 1).parse()
    {
        response.headers_mut().insert(header::CONTENT_RANGE, value);
    }
    Ok(response)
}

/// Whether a name leads to a file inside the folder: recordings lie in a folder a day.
fn is_inside(name: &str) -> bool {
    let mut parts = FilePath::new(name).components().peekable();
    parts.peek().is_some() && parts.all(|part| matches!(part, Component::Normal(_)))
}

#[derive(Debug, PartialEq, Eq)]
enum Wanted {
    All,
    Part { start: u64, count: u64 },
    Nothing,
}

/// What a Range header asks of `length` bytes. Several ranges and other units are answered with everything, as RFC 9110 §14.2
/// allows.
fn wanted_of(header: &str, length: u64) -> Wanted {
    let Some((first, last)) = header
        .trim()
        .strip_prefix("bytes=")
        .and_then(|range| range.split_once('-'))
    else {
        return Wanted::All;
    };
    let range = match (first.trim().parse::<u64>(), last.trim().parse::<u64>()) {
        (Ok(first), Ok(last)) if first <= last => (first, last),
        (Ok(first), Err(_)) if last.trim().is_empty() => (first, u64::MAX),
        // The last so many bytes.
        (Err(_), Ok(0)) if first.trim().is_empty() => return Wanted::Nothing,
        (Err(_), Ok(count)) if first.trim().is_empty() => (length.saturating_sub(count), u64::MAX),
        _ => return Wanted::All,
    };
    match range.0 < length {
        true => Wanted::Part {
            start: range.0,
            count: range.1.min(length - 1) - range.0 + 1,
        },
        false => Wanted::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        let part = |start, count| Wanted::Part { start, count };
        for (header, expected) in [
            ("bytes=0-", part(0, 100)),
            ("bytes=10-19", part(10, 10)),
            ("bytes=90-200", part(90, 10)),
            ("bytes=-5", part(95, 5)),
            ("bytes=-500", part(0, 100)),
            ("bytes=100-", Wanted::Nothing),
            ("bytes=-0", Wanted::Nothing),
            ("bytes=20-10", Wanted::All),
            ("bytes=0-1,5-6", Wanted::All),
            ("samples=0-1", Wanted::All),
            ("bytes=", Wanted::All),
        ] {
            assert_eq!(wanted_of(header, 100), expected, "{header}");
        }
    }

    #[test]
    fn names_stay_inside_the_folder() {
        for (name, inside) in [
            ("a.wav", true),
            ("", false),
            ("..", false),
            (".", false),
            ("../a.wav", false),
            ("b/a.wav", true),
            ("b/../../a.wav", false),
            ("./a.wav", false),
            ("/etc/passwd", false),
        ] {
            assert_eq!(is_inside(name), inside, "{name}");
        }
    }
}
