//! Which version of which source's file an unfinished one is the beginning of.
//!
//! Where no hash shows whether a file was put together rightly, a part may only be taken up when the rest is of the same
//! version. That is written beside it, because the process may not live to see the rest.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use ureq::http::{HeaderMap, StatusCode, header};

use super::super::replace::replace;

/// A version of a file.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Origin {
    /// Where.
    pub(super) url: String,
    /// The strong validator that the source gave it (RFC 9110 §8.8.1).
    pub(super) etag: String,
    /// Bytes of the whole file.
    pub(super) size: u64,
}

impl Origin {
    /// What an answer says its file is; `None` if it does not say enough.
    pub(super) fn of(url: &str, status: StatusCode, headers: &HeaderMap) -> Option<Self> {
        let text = |name| headers.get(name)?.to_str().ok();
        let etag = text(header::ETAG).filter(|tag| !tag.starts_with("W/"))?;
        let size = match status {
            StatusCode::PARTIAL_CONTENT => text(header::CONTENT_RANGE)?.rsplit_once('/')?.1,
            _ => text(header::CONTENT_LENGTH)?,
        };
        Some(Self {
            url: url.to_owned(),
            etag: etag.to_owned(),
            size: size.parse().ok()?,
        })
    }

    /// What is written beside an unfinished file.
    pub(super) fn beside(part: &Path) -> Option<Self> {
        // Without it, or with a broken one, the part is begun anew.
        toml::from_str(&fs::read_to_string(place(part)).ok()?).ok()
    }

    /// Writes it beside an unfinished file.
    pub(super) fn write(&self, part: &Path) -> io::Result<()> {
        let text = toml::to_string(self).map_err(io::Error::other)?;
        replace(&place(part), &text)
    }
}

/// Takes away what is written beside an unfinished file.
pub(super) fn forget(part: &Path) -> io::Result<()> {
    match fs::remove_file(place(part)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn place(part: &Path) -> PathBuf {
    let mut name = part.as_os_str().to_owned();
    name.push(".toml");
    PathBuf::from(name)
}
