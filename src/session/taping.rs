//! The recording of a call: where it lies, and how it ended.

use std::path::Path;

use tokio::sync::oneshot;

use super::Services;
use crate::{
    ids::CallId,
    recording::{Finished, Recording, RecordingError},
};

/// A recording that goes on.
#[derive(Debug)]
pub(super) struct Taping {
    /// File name inside the recordings folder.
    pub(super) file: String,
    finished: oneshot::Receiver<Result<Finished, RecordingError>>,
}

impl Taping {
    /// Begins a recording: `2026-11-24/CALL.wav` (UTC), a folder a day so that no folder grows without end.
    pub(super) async fn start(
        services: &Services,
        call: CallId,
        wall_ms: i64,
    ) -> Result<(Self, Recording), String> {
        let day = jiff::Timestamp::from_millisecond(wall_ms)
            .map_err(|error| error.to_string())?
            .strftime("%Y-%m-%d");
        let file = format!("{day}/{call}.wav");
        let path = services.recordings.join(Path::new(&file));
        let recorder = services.recorder.clone();
        let opened = tokio::task::spawn_blocking(move || recorder.open(&path));
        let (recording, finished) = opened
            .await
            .map_err(|error| error.to_string())?
            .map_err(|error| error.to_string())?;
        Ok((Self { file, finished }, recording))
    }

    /// Waits until the file is whole.
    pub(super) async fn finished(self) -> Result<Finished, RecordingError> {
        self.finished
            .await
            .unwrap_or(Err(RecordingError::Overloaded))
    }
}
