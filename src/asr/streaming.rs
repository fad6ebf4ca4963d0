//! Words while they are spoken: the [`StreamingRecognizer`] seam.
//!
//! A stream hears one utterance, piece by piece, and says after each what the words so far are. Engines that cannot do this
//! are [`SpeechRecognizer`]s alone; one that can is made into such by [`WholeUtterance`]. Calls recognise snapshots of whole
//! utterances: nothing here decides when an utterance begins or ends (see `media::endpointer`).

use std::{
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use super::{Language, RecognizeError, SpeechRecognizer};
use crate::{
    inference::{Pool, PoolConfig, PoolError},
    pii::Pii,
    transcript::Recognition,
};

/// What is given to a stream at a time when the whole utterance is there: 100 ms at 16 kHz. Cancelling takes so long.
const PIECE: usize = 1_600;

/// Audio that a stream keeps while no slot is free, in samples: 30 s at 16 kHz, the longest utterance.
const MOST_WAITING: usize = 480_000;

/// The words of an utterance that goes on.
#[derive(Clone, Debug, PartialEq)]
pub struct Partial {
    /// The words so far; what comes next may change them.
    pub text: Pii<String>,
    /// How much audio they are of, in samples at 16 kHz.
    pub samples: usize,
}

/// Makes streams; its weights are shared by all of them.
pub trait StreamingRecognizer: Send + Sync {
    /// Begins an utterance of `language`.
    fn begin(&self, language: Language) -> Result<Box<dyn RecognitionStream>, RecognizeError>;
}

/// One utterance.
pub trait RecognitionStream: Send {
    /// Takes the next audio (16 kHz, mono). Gives the words so far if they have changed.
    fn accept(&mut self, audio: &[i16]) -> Result<Option<Partial>, RecognizeError>;

    /// The words of the whole utterance, or nothing when it held no speech.
    fn finish(self: Box<Self>) -> Result<Recognition, RecognizeError>;
}

/// A streaming recogniser for whoever has whole utterances.
pub struct WholeUtterance {
    recognizer: Arc<dyn StreamingRecognizer>,
}

impl fmt::Debug for WholeUtterance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WholeUtterance")
    }
}

impl WholeUtterance {
    /// By `recognizer`.
    pub fn new(recognizer: Arc<dyn StreamingRecognizer>) -> Self {
        Self { recognizer }
    }
}

impl SpeechRecognizer for WholeUtterance {
    fn recognize(
        &mut self,
        audio: &[i16],
        language: Language,
        cancelled: &AtomicBool,
    ) -> Result<Recognition, RecognizeError> {
        let mut stream = self.recognizer.begin(language)?;
        for piece in audio.chunks(PIECE) {
            if cancelled.load(Ordering::Relaxed) {
                return Err(RecognizeError::Cancelled);
            }
            stream.accept(piece)?;
        }
        stream.finish()
    }
}

/// Threads on which the streams of all calls work.
pub struct StreamingPool {
    pool: Arc<Pool<()>>,
    recognizer: Arc<dyn StreamingRecognizer>,
}

impl fmt::Debug for StreamingPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamingPool")
            .field("pool", &self.pool)
            .finish_non_exhaustive()
    }
}

impl StreamingPool {
    /// Starts the threads.
    pub fn start(
        config: PoolConfig,
        recognizer: Arc<dyn StreamingRecognizer>,
    ) -> Result<Self, RecognizeError> {
        let pool = Pool::start("asr-stream", config, || Ok::<_, RecognizeError>(()))?;
        Ok(Self {
            pool: Arc::new(pool),
            recognizer,
        })
    }

    /// Begins an utterance of a call.
    pub fn begin(&self, language: Language) -> Result<Hearing, RecognizeError> {
        let stream = self.recognizer.begin(language)?;
        Ok(Hearing {
            pool: self.pool.clone(),
            cell: Arc::new(Mutex::new(Cell {
                stream: Some(stream),
                lost: false,
            })),
            waiting: Vec::new(),
        })
    }
}

/// Where a stream lies while no thread works on it.
struct Cell {
    stream: Option<Box<dyn RecognitionStream>>,
    /// A piece of audio is missing: what a thread still does with the stream is in vain.
    lost: bool,
}

/// The stream, unless it ended, and what came of the work on it.
type Done<R> = (
    Option<Box<dyn RecognitionStream>>,
    Result<R, RecognizeError>,
);

/// An utterance that is heard on the threads of a [`StreamingPool`].
pub struct Hearing {
    pool: Arc<Pool<()>>,
    cell: Arc<Mutex<Cell>>,
    /// What no slot was free for.
    waiting: Vec<i16>,
}

impl fmt::Debug for Hearing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hearing")
            .field("waiting", &self.waiting.len())
            .finish_non_exhaustive()
    }
}

impl Hearing {
    /// Takes the next audio (16 kHz). Audio that no slot is free for waits for the next time; after an error of any other kind
    /// the utterance is lost for this stream, and whoever has its audio recognises it as a whole.
    pub async fn accept(
        &mut self,
        audio: &[i16],
        deadline: Duration,
    ) -> Result<Option<Partial>, RecognizeError> {
        if self.waiting.len() + audio.len() > MOST_WAITING {
            return Err(RecognizeError::Overloaded);
        }
        self.waiting.extend_from_slice(audio);
        let audio: Arc<[i16]> = self.waiting.as_slice().into();
        let heard = self.run(deadline, move |mut stream| match stream.accept(&audio) {
            Ok(partial) => (Some(stream), Ok(partial)),
            Err(error) => (None, Err(error)),
        });
        match heard.await {
            Err(RecognizeError::Overloaded) => Ok(None),
            heard => {
                self.waiting.clear();
                heard
            }
        }
    }

    /// The words of the whole utterance.
    pub async fn finish(mut self, deadline: Duration) -> Result<Recognition, RecognizeError> {
        let rest = std::mem::take(&mut self.waiting);
        let finished = self.run(deadline, move |mut stream| {
            let heard = match rest.is_empty() {
                true => Ok(None),
                false => stream.accept(&rest),
            };
            (None, heard.and_then(|_| stream.finish()))
        });
        finished.await
    }

    async fn run<R, W>(&self, deadline: Duration, work: W) -> Result<R, RecognizeError>
    where
        R: Send + 'static,
        W: FnOnce(Box<dyn RecognitionStream>) -> Done<R> + Send + 'static,
    {
        let given_up = || RecognizeError::Engine("the stream was given up".to_owned());
        if lock(&self.cell).lost {
            return Err(given_up());
        }
        let cell = self.cell.clone();
        let result = self.pool.run(deadline, move |(), _| {
            let Some(stream) = lock(&cell).stream.take() else {
                return Err(given_up());
            };
            let (stream, result) = work(stream);
            let mut cell = lock(&cell);
            cell.stream = stream.filter(|_| !cell.lost);
            result
        });
        match result.await {
            Ok(result) => result,
            Err(PoolError::Overloaded) => Err(RecognizeError::Overloaded),
            Err(PoolError::Deadline) => {
                let mut cell = lock(&self.cell);
                cell.lost = true;
                cell.stream = None;
                Err(RecognizeError::Deadline(deadline))
            }
            Err(error @ (PoolError::Crashed | PoolError::NoEngine | PoolError::Stopped)) => {
                Err(RecognizeError::Engine(error.to_string()))
            }
        }
    }
}

fn lock(cell: &Mutex<Cell>) -> MutexGuard<'_, Cell> {
    // Whole values are put in and taken out: a panic elsewhere leaves it sound.
    cell.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{SyncSender, sync_channel};

    use super::*;
    use crate::asr::fake::FakeStreaming;

    const LONG: Duration = Duration::from_secs(30);

    /// 0.1 s: 你; 0.2 s: 你好; 0.3 s: 您好.
    fn fake() -> FakeStreaming {
        FakeStreaming::new(&[(1_600, "你"), (3_200, "你好"), (4_800, "您好")])
    }

    fn pool(slots: usize, queue: usize, fake: &FakeStreaming) -> StreamingPool {
        let config = PoolConfig { slots, queue };
        StreamingPool::start(config, Arc::new(fake.clone())).expect("started")
    }

    fn partial(text: &str, samples: usize) -> Option<Partial> {
        let text = Pii::new(text.to_owned());
        Some(Partial { text, samples })
    }

    #[tokio::test]
    async fn words_come_while_they_are_spoken_and_may_change() {
        let fake = fake();
        let pool = pool(1, 1, &fake);
        let mut hearing = pool.begin(Language::Chinese).expect("begun");
        let mut other = pool.begin(Language::English).expect("begun");
        for expected in [
            None,
            partial("你", 1_600),
            None,
            partial("你好", 3_200),
            None,
            partial("您好", 4_800),
            None,
        ] {
            let heard = hearing.accept(&[1; 800], LONG).await.expect("heard");
            assert_eq!(heard, expected);
        }
        // Another utterance knows nothing of it.
        let heard = other.accept(&[1; 1_600], LONG).await.expect("heard");
        assert_eq!(heard, partial("你", 1_600));
        let whole = hearing.finish(LONG).await.expect("recognised");
        assert_eq!(whole.text.expose(), "您好");
        assert_eq!(fake.asked(), [Language::Chinese, Language::English]);
    }

    #[tokio::test]
    async fn whole_utterances_are_heard_through_a_stream_until_they_are_cancelled() {
        let mut whole = WholeUtterance::new(Arc::new(fake()));
        let mut recognize = |samples: usize, cancelled: bool| {
            let cancelled = AtomicBool::new(cancelled);
            whole.recognize(&vec![1; samples], Language::Chinese, &cancelled)
        };
        let text = |heard: Result<Recognition, _>| heard.map(|heard| heard.text.expose().clone());
        assert_eq!(text(recognize(4_000, false)).expect("heard"), "你好");
        assert_eq!(text(recognize(0, false)).expect("heard"), "");
        let cancelled = recognize(4_000, true).expect_err("cancelled");
        assert!(matches!(cancelled, RecognizeError::Cancelled));
    }

    /// Occupies the only slot until the sender is used or dropped.
    async fn occupy(pool: &StreamingPool) -> SyncSender<()> {
        let (release, released) = sync_channel::<()>(1);
        let (started, running) = sync_channel::<()>(1);
        let pool = pool.pool.clone();
        tokio::spawn(async move {
            let held = pool.run(LONG, move |(), _| {
                started.send(()).expect("the test waits");
                let _ = released.recv();
            });
            held.await
        });
        // The task asks for the slot now, and the slot's thread answers.
        tokio::task::yield_now().await;
        running.recv().expect("the slot runs it");
        release
    }

    #[tokio::test]
    async fn audio_waits_for_a_slot_and_none_of_it_is_lost() {
        let pool = pool(1, 1, &fake());
        let mut hearing = pool.begin(Language::Chinese).expect("begun");
        let release = occupy(&pool).await;
        let (engines, fills_the_line) = (pool.pool.clone(), |(): &mut (), _: &AtomicBool| ());
        let waiting = tokio::spawn(async move { engines.run(LONG, fills_the_line).await });
        tokio::task::yield_now().await;
        let heard = hearing.accept(&[1; 1_600], LONG).await;
        assert_eq!(heard.expect("it waits"), None);
        release.send(()).expect("the slot waits");
        waiting.await.expect("not aborted").expect("run");
        let heard = hearing.accept(&[1; 1_600], LONG).await.expect("heard");
        assert_eq!(heard, partial("你好", 3_200));
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_that_was_too_slow_is_lost() {
        let pool = pool(1, 4, &fake());
        let mut hearing = pool.begin(Language::Chinese).expect("begun");
        let release = occupy(&pool).await;
        let late = hearing.accept(&[1; 1_600], LONG / 2).await;
        assert!(matches!(late, Err(RecognizeError::Deadline(_))), "{late:?}");
        drop(release);
        let error = hearing.finish(LONG).await.expect_err("lost").to_string();
        assert_eq!(error, "recognition failed: the stream was given up");
    }

    #[tokio::test]
    async fn a_stream_that_failed_is_lost() {
        let fake = fake();
        let pool = pool(1, 4, &fake);
        let mut hearing = pool.begin(Language::Chinese).expect("begun");
        fake.fails(RecognizeError::Engine("no memory".to_owned()));
        let error = hearing.accept(&[1; 800], LONG).await.expect_err("failed");
        assert_eq!(error.to_string(), "recognition failed: no memory");
        let error = hearing.finish(LONG).await.expect_err("lost").to_string();
        assert_eq!(error, "recognition failed: the stream was given up");
        let mut hearing = pool.begin(Language::Chinese).expect("begun");
        let too_long = vec![0; MOST_WAITING + 1];
        let error = hearing.accept(&too_long, LONG).await.expect_err("refused");
        assert!(matches!(error, RecognizeError::Overloaded));
    }
}
