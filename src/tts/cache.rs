//! What was synthesised before, by content: text, language, voice, speed and engine.
//!
//! Answers are known when a knowledge base is loaded, so their audio is made then and a call never waits for it. Files are
//! written whole or not at all and checked when they are read; memory holds the ones used last. What is made for a call
//! (a number read back, a brief with the caller's words) is personal and seldom said twice: it never reaches the disk.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use sha2::{Digest, Sha256};
use tokio::sync::OnceCell;

use super::{SpeechRequest, SpeechSynthesizer, SynthesisFuture, SynthesizeError};
use crate::audio::{Pcm, SampleRate};

/// What begins a cache file; counted up when its layout changes.
const MAGIC: &[u8; 8] = b"YDSPEEC1";

/// Bytes of a SHA-256 hash.
const HASH: usize = 32;

type Key = [u8; HASH];

/// Which sentences get a file. What has a file is read from it, whoever asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// Those that were prefetched; all others are in memory only.
    Prefetched,
    /// All of them: for scripts, whose words belong to nobody.
    All,
}

/// A synthesiser that remembers.
pub struct PhraseCache {
    engine: Arc<dyn SpeechSynthesizer>,
    folder: PathBuf,
    keep: Keep,
    capacity: usize,
    memory: Mutex<Memory>,
}

#[derive(Default)]
struct Memory {
    entries: HashMap<Key, (Arc<OnceCell<Pcm>>, u64)>,
    clock: u64,
}

impl std::fmt::Debug for PhraseCache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PhraseCache")
            .field("folder", &self.folder)
            .finish_non_exhaustive()
    }
}

impl PhraseCache {
    /// A cache before `engine` in `folder`, with up to `capacity` sentences in memory.
    pub fn open(
        folder: &Path,
        keep: Keep,
        capacity: usize,
        engine: Arc<dyn SpeechSynthesizer>,
    ) -> std::io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        Ok(Self {
            engine,
            folder: folder.to_owned(),
            keep,
            capacity: capacity.max(1),
            memory: Mutex::default(),
        })
    }

    /// Makes sure that all `requests` are there, in files too; `progress` is told how many are done. For sentences that are
    /// known before a call: what a call has put in memory is not written any more. What has a file is left there until it is
    /// said, so that any number of answers can be known.
    pub async fn prefetch(
        &self,
        requests: &[SpeechRequest],
        mut progress: impl FnMut(usize),
    ) -> Result<(), SynthesizeError> {
        for (done, request) in requests.iter().enumerate() {
            if !self.has_file(request).await {
                self.fetch(request, true).await?;
            }
            progress(done + 1);
        }
        Ok(())
    }

    /// Whether there is a file that can hold the sentence. Whether it does is seen when it is read.
    async fn has_file(&self, request: &SpeechRequest) -> bool {
        let file = self.file(&self.key(request));
        let shortest = (MAGIC.len() + HASH) as u64;
        tokio::fs::metadata(file)
            .await
            .is_ok_and(|found| found.len() > shortest)
    }

    fn file(&self, key: &Key) -> PathBuf {
        let name: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
        self.folder.join(format!("{name}.pcm"))
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        // Only whole entries are put in: a panic elsewhere leaves it sound.
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The cell of a sentence: whoever comes second waits for the first.
    fn cell(&self, key: Key) -> Arc<OnceCell<Pcm>> {
        let mut memory = self.memory();
        memory.clock += 1;
        let now = memory.clock;
        if memory.entries.len() >= self.capacity && !memory.entries.contains_key(&key) {
            let oldest = memory
                .entries
                .iter()
                .min_by_key(|(_, (_, used))| *used)
                .map(|(key, _)| *key);
            if let Some(oldest) = oldest {
                memory.entries.remove(&oldest);
            }
        }
        let entry = memory.entries.entry(key).or_default();
        entry.1 = now;
        entry.0.clone()
    }

    fn key(&self, request: &SpeechRequest) -> Key {
        let mut hash = Sha256::new();
        for field in [
            self.engine.engine(),
            &request.language,
            &request.voice,
            &request.text,
        ] {
            hash.update((field.len() as u64).to_le_bytes());
            hash.update(field);
        }
        hash.update(request.speed.to_le_bytes());
        hash.finalize().into()
    }

    async fn fetch(&self, request: &SpeechRequest, write: bool) -> Result<Pcm, SynthesizeError> {
        let key = self.key(request);
        let cell = self.cell(key);
        let pcm = cell.get_or_try_init(|| async {
            let file = self.file(&key);
            let kept = tokio::fs::read(&file).await.ok();
            if let Some(pcm) = kept.as_deref().and_then(decode) {
                return Ok(pcm);
            }
            let pcm = self.engine.synthesize(request).await?;
            // A file that is broken was to be kept, whoever asks for it now.
            let write = write || kept.is_some();
            if write && let Err(error) = write_whole(&file, &encode(&pcm)).await {
                // The sentence can be said all the same.
                tracing::warn!(speech.file = %file.display(), %error, "speech was not cached");
            }
            Ok(pcm)
        });
        pcm.await.cloned()
    }
}

impl SpeechSynthesizer for PhraseCache {
    fn engine(&self) -> &str {
        self.engine.engine()
    }

    fn synthesize<'a>(&'a self, request: &'a SpeechRequest) -> SynthesisFuture<'a> {
        Box::pin(self.fetch(request, self.keep == Keep::All))
    }
}

/// Magic, hash of the rest, rate, samples.
fn encode(pcm: &Pcm) -> Vec<u8> {
    let mut body = pcm.rate.0.to_le_bytes().to_vec();
    body.extend(pcm.samples.iter().flat_map(|sample| sample.to_le_bytes()));
    [&MAGIC[..], &Sha256::digest(&body), &body].concat()
}

fn decode(bytes: &[u8]) -> Option<Pcm> {
    let rest = bytes.strip_prefix(MAGIC)?;
    let (hash, body) = rest.split_at_checked(HASH)?;
    if Sha256::digest(body).as_slice() != hash {
        return None;
    }
    let (rate, samples) = body.split_at_checked(4)?;
    let rate = SampleRate(u32::from_le_bytes(rate.try_into().ok()?));
    let samples: Vec<i16> = samples
        .chunks_exact(2)
        .map(|pair| i16::from_le_bytes([pair[0], pair[1]]))
        .collect();
    Some(Pcm::new(rate, samples))
}

/// Writes beside the file and renames, so that a reader never sees half of it.
async fn write_whole(file: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let part = file.with_extension("part");
    tokio::fs::write(&part, bytes).await?;
    tokio::fs::rename(&part, file).await
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use super::*;
    use crate::tts::fake::FakeSynthesizer;

    fn request(text: &str) -> SpeechRequest {
        SpeechRequest {
            text: text.to_owned(),
            language: "zh-CN".to_owned(),
            voice: String::new(),
            speed: 1.0,
        }
    }

    fn cache(folder: &Path, capacity: usize) -> (Arc<FakeSynthesizer>, PhraseCache) {
        let engine = Arc::new(FakeSynthesizer::default());
        let cache = PhraseCache::open(folder, Keep::Prefetched, capacity, engine.clone());
        let cache = cache.expect("a folder");
        (engine, cache)
    }

    #[tokio::test]
    async fn a_sentence_is_made_once_also_across_restarts() {
        let folder = tempfile::tempdir().expect("a folder");
        let (engine, first) = cache(folder.path(), 10);
        let (same, again) = (request("您好"), request("您好"));
        let (one, two) = tokio::join!(first.synthesize(&same), first.synthesize(&again));
        assert_eq!(one.expect("spoken"), two.expect("spoken"));
        assert_eq!(engine.asked.load(Ordering::Relaxed), 1);

        let (_, prefetched) = cache(folder.path(), 10);
        prefetched.prefetch(&[same], |_| {}).await.expect("spoken");
        let (engine, second) = cache(folder.path(), 10);
        second.synthesize(&request("您好")).await.expect("spoken");
        assert_eq!(engine.asked.load(Ordering::Relaxed), 0);
        let slow = SpeechRequest {
            speed: 0.8,
            ..request("您好")
        };
        second.synthesize(&slow).await.expect("spoken");
        assert_eq!(engine.asked.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn a_broken_file_is_made_again_and_memory_is_bounded() {
        let folder = tempfile::tempdir().expect("a folder");
        let (_, first) = cache(folder.path(), 1);
        let mut done = 0;
        first
            .prefetch(&[request("一"), request("二")], |count| done = count)
            .await
            .expect("spoken");
        assert_eq!(done, 2);
        assert_eq!(first.memory().entries.len(), 1);
        for file in std::fs::read_dir(folder.path()).expect("a folder") {
            let path = file.expect("an entry").path();
            let mut bytes = std::fs::read(&path).expect("read");
            *bytes.last_mut().expect("not empty") ^= 1;
            std::fs::write(&path, bytes).expect("written");
        }
        let (engine, second) = cache(folder.path(), 1);
        let expected = FakeSynthesizer::default()
            .synthesize(&request("一"))
            .await
            .expect("spoken");
        assert_eq!(
            second.synthesize(&request("一")).await.expect("spoken"),
            expected
        );
        assert_eq!(engine.asked.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn only_what_was_known_before_a_call_is_on_disk() {
        for (keep, expected) in [(Keep::Prefetched, 1), (Keep::All, 2)] {
            let folder = tempfile::tempdir().expect("a folder");
            let engine = Arc::new(FakeSynthesizer::default());
            let cache = PhraseCache::open(folder.path(), keep, 10, engine.clone());
            let cache = cache.expect("a folder");
            let known = [request("您好")];
            cache.prefetch(&known, |_| {}).await.expect("spoken");
            for _ in 0..2 {
                let number = request("您的号码是13800138000");
                cache.synthesize(&number).await.expect("spoken");
            }
            let files = std::fs::read_dir(folder.path()).expect("a folder").count();
            assert_eq!(files, expected, "{keep:?}");
            assert_eq!(
                engine.asked.load(Ordering::Relaxed),
                2,
                "{keep:?}: memory has both"
            );
        }
    }

    #[tokio::test]
    async fn a_failure_is_not_remembered() {
        let folder = tempfile::tempdir().expect("a folder");
        let (engine, cache) = cache(folder.path(), 10);
        engine.broken.store(true, Ordering::Relaxed);
        assert!(cache.synthesize(&request("一")).await.is_err());
        engine.broken.store(false, Ordering::Relaxed);
        assert!(cache.synthesize(&request("一")).await.is_ok());
    }
}
