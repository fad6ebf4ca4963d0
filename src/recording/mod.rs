//! Stereo recordings, written as the call goes on: left what was received, right what was sent, 8 kHz.
//!
//! A media thread must not wait for a disk, so frames go in blocks through a bounded channel to one writer thread. The file is
//! a playable WAV at every moment: its sizes are brought up to date with every block. What is on it is the law's business:
//! it begins when the caller has heard the notice (see `conversation`), and the file says that it holds synthetic speech.

mod wav;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    thread::JoinHandle,
};

use tokio::sync::oneshot;

use crate::audio::Frame;
use wav::WavFile;

/// Frames in a block: half a second.
const BLOCK_FRAMES: usize = 25;

/// Blocks that can wait for the disk, of all recordings together: with a hundred calls, two and a half seconds.
const QUEUE: usize = 512;

/// A finished recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finished {
    /// Samples on each channel.
    pub samples: u64,
    /// SHA-256 of the file, in hexadecimal.
    pub sha256: String,
}

/// Why a recording cannot be made or went wrong.
#[derive(Debug, thiserror::Error)]
pub enum RecordingError {
    /// The file cannot be made or written.
    #[error("recording {file}: {error}")]
    Io {
        /// The file.
        file: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// The writer is too slow, or has stopped.
    #[error("the recording writer is overloaded")]
    Overloaded,
}

enum Job {
    Block {
        file: Box<WavFile>,
        block: Vec<i16>,
        back: SyncSender<Box<WavFile>>,
    },
    Finish {
        file: Box<WavFile>,
        block: Vec<i16>,
        done: oneshot::Sender<Result<Finished, RecordingError>>,
    },
}

/// The writer thread.
#[derive(Debug)]
pub struct Recorder {
    jobs: Option<SyncSender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl Recorder {
    /// Starts the writer.
    pub fn start() -> std::io::Result<Self> {
        let (jobs, queue) = sync_channel(QUEUE);
        let thread = std::thread::Builder::new()
            .name("recorder".to_owned())
            .spawn(move || write(&queue))?;
        Ok(Self {
            jobs: Some(jobs),
            thread: Some(thread),
        })
    }

    /// Makes a file, and its folder. The receiver tells how it ended.
    pub fn open(
        &self,
        path: &Path,
    ) -> Result<
        (
            Recording,
            oneshot::Receiver<Result<Finished, RecordingError>>,
        ),
        RecordingError,
    > {
        let io = |error| RecordingError::Io {
            file: path.to_owned(),
            error,
        };
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(io)?;
        }
        let file = WavFile::create(path).map_err(io)?;
        let jobs = self.jobs.clone().ok_or(RecordingError::Overloaded)?;
        let (done, finished) = oneshot::channel();
        let (back, returned) = sync_channel(1);
        let recording = Recording {
            jobs,
            file: Some(Box::new(file)),
            back,
            returned,
            block: Vec::with_capacity(BLOCK_FRAMES * 320 * 2),
            done: Some(done),
        };
        Ok((recording, finished))
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        // The writer ends when the last recording and this end of the channel are gone.
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// One recording, as a media thread sees it: it takes a frame each tick and never waits. Dropping it finishes the file.
#[derive(Debug)]
pub struct Recording {
    jobs: SyncSender<Job>,
    /// With us, or on its way through the writer.
    file: Option<Box<WavFile>>,
    back: SyncSender<Box<WavFile>>,
    returned: Receiver<Box<WavFile>>,
    block: Vec<i16>,
    done: Option<oneshot::Sender<Result<Finished, RecordingError>>>,
}

impl Recording {
    /// Appends 20 ms.
    pub fn push(&mut self, left: &Frame, right: &Frame) -> Result<(), RecordingError> {
        self.block.extend(
            left.iter()
                .zip(right)
                .flat_map(|(left, right)| [*left, *right]),
        );
        if self.block.len() < BLOCK_FRAMES * 320 {
            return Ok(());
        }
        if self.file.is_none() {
            self.file = self.returned.try_recv().ok();
        }
        let Some(file) = self.file.take() else {
            // The block before is still being written: this one waits, up to ten seconds of it.
            let limit = BLOCK_FRAMES * 320 * 20;
            return if self.block.len() < limit {
                Ok(())
            } else {
                Err(RecordingError::Overloaded)
            };
        };
        let block = std::mem::replace(&mut self.block, Vec::with_capacity(BLOCK_FRAMES * 320 * 2));
        let back = self.back.clone();
        match self.jobs.try_send(Job::Block { file, block, back }) {
            Ok(()) => Ok(()),
            Err(TrySendError::Full(Job::Block { file, block, .. })) => {
                (self.file, self.block) = (Some(file), block);
                Ok(())
            }
            Err(_) => Err(RecordingError::Overloaded),
        }
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        let Some(done) = self.done.take() else { return };
        let block = std::mem::take(&mut self.block);
        let (jobs, file) = (self.jobs.clone(), self.file.take());
        let returned = std::mem::replace(&mut self.returned, sync_channel(1).1);
        // A media thread drops this: what may wait for the writer waits elsewhere, for the end of one file.
        let finishing = std::thread::Builder::new()
            .name("recording-end".to_owned())
            .spawn(move || {
                if let Some(file) = file.or_else(|| returned.recv().ok()) {
                    let _ = jobs.send(Job::Finish { file, block, done });
                }
            });
        if let Err(error) = finishing {
            tracing::error!(%error, "a recording was not finished");
        }
    }
}

fn write(queue: &Receiver<Job>) {
    while let Ok(job) = queue.recv() {
        match job {
            Job::Block {
                mut file,
                block,
                back,
            } => {
                file.append(&block);
                // The recording is gone: its file is not needed any more.
                let _ = back.send(file);
            }
            Job::Finish {
                mut file,
                block,
                done,
            } => {
                file.append(&block);
                // Nobody asks how it ended.
                let _ = done.send(file.finish());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::FRAME_SAMPLES;

    #[tokio::test]
    async fn a_recording_is_whole_stereo_and_hashed() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("2026/call.wav");
        let recorder = Recorder::start().expect("started");
        let (mut recording, finished) = recorder.open(&path).expect("made");
        for tick in 0..130i16 {
            let (left, right) = ([tick; FRAME_SAMPLES], [-tick; FRAME_SAMPLES]);
            recording.push(&left, &right).expect("taken");
        }
        drop(recording);
        let finished = finished.await.expect("told").expect("whole");
        assert_eq!(finished.samples, 130 * 160);
        assert_eq!(finished.sha256.len(), 64);
        let mut reader = hound::WavReader::open(&path).expect("a WAV");
        assert_eq!(
            (reader.spec().channels, reader.spec().sample_rate),
            (2, 8_000)
        );
        let samples: Vec<i16> = reader
            .samples()
            .map(|sample| sample.expect("whole"))
            .collect();
        assert_eq!(samples.len(), 130 * 320);
        assert_eq!(samples[320 * 77..320 * 77 + 2], [77, -77]);
    }

    #[test]
    fn a_file_that_cannot_be_made_is_named() {
        let recorder = Recorder::start().expect("started");
        let error = recorder
            .open(Path::new("/proc/none/x.wav"))
            .expect_err("refused")
            .to_string();
        assert!(error.starts_with("recording /proc/none/x.wav: "), "{error}");
    }
}
