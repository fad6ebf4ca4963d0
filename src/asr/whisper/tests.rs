//! The bundled model on synthetic speech and on what is no speech.

use std::{path::PathBuf, process::Command};

use super::*;
use crate::{asr::RecognizerPool, audio::resample::resample};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn model() -> WhisperModel {
    let folder = root().join("models");
    let catalog = Catalog::load(&folder.join("catalog.toml")).expect("sound");
    let file = folder.join("yingda-zh-demo.bin");
    WhisperModel::load(&file, &catalog, ModelCheck::Listed).expect("loads")
}

/// `pinyin` spoken by espeak-ng, as 16 kHz samples.
fn speak(pinyin: &str) -> Vec<i16> {
    let output = Command::new("espeak-ng")
        .args(["-v", "cmn-latn-pinyin+f3", "-s", "190", "--stdout", pinyin])
        .output()
        .expect("espeak-ng is installed by scripts/test");
    let samples: Vec<i16> = output.stdout[44..]
        .chunks_exact(2)
        .map(|pair| i16::from_le_bytes([pair[0], pair[1]]) / 2)
        .collect();
    // Through the telephone's 8 kHz, as every caller.
    let telephone = resample(&samples, SampleRate(22_050), SampleRate::TELEPHONE);
    resample(&telephone, SampleRate::TELEPHONE, SampleRate::WIDEBAND)
}

fn hear(recognizer: &mut WhisperRecognizer, audio: &[i16]) -> String {
    let result = recognizer
        .recognize(audio, Language::Chinese, &AtomicBool::new(false))
        .expect("recognised");
    assert_eq!(result.text.expose().is_empty(), result.confidence == 0.0);
    result.text.into_inner()
}

#[test]
fn it_hears_speech_and_no_words_in_what_is_none() {
    let mut recognizer = model().recognizer().expect("ready");
    let heard = hear(&mut recognizer, &speak("zhuan3 ren2 gong1"));
    assert_eq!(heard, "转人工");
    let heard = hear(
        &mut recognizer,
        &speak("xi3 yi1 ji1 bu4 tuo1 shui3 zen3 me5 hui2 shi4"),
    );
    assert!(heard.starts_with("洗衣机"), "{heard}");

    let noise = |amplitude: i64| -> Vec<i16> {
        let mut state = 1u64;
        (0..32_000)
            .map(|_| {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                (((state >> 33) as i64 % (2 * amplitude)) - amplitude) as i16
            })
            .collect()
    };
    let tone: Vec<i16> = (0..32_000)
        .map(|place| ((place as f32 * 0.17).sin() * 5_000.0) as i16)
        .collect();
    assert_eq!(hear(&mut recognizer, &[0; 32_000]), "");
    assert_eq!(hear(&mut recognizer, &noise(10)), "");
    assert_eq!(hear(&mut recognizer, &tone), "");
    assert_eq!(hear(&mut recognizer, &[]), "");
}

#[test]
fn each_utterance_has_its_own_language() {
    let mut recognizer = model().recognizer().expect("ready");
    let audio = speak("zhuan3 ren2 gong1");
    let english = recognizer.recognize(&audio, Language::English, &AtomicBool::new(false));
    english.expect("recognised");
    let asked = recognizer.state.full_lang_id_from_state();
    assert_eq!(Some(asked), whisper_rs::get_lang_id("en"));
    // What was asked before is forgotten.
    assert_eq!(hear(&mut recognizer, &audio), "转人工");
    let asked = recognizer.state.full_lang_id_from_state();
    assert_eq!(Some(asked), whisper_rs::get_lang_id("zh"));
}

#[test]
fn what_nobody_wants_is_stopped() {
    let mut recognizer = model().recognizer().expect("ready");
    let cancelled = AtomicBool::new(true);
    let result = recognizer.recognize(&speak("ni3 hao3"), Language::Chinese, &cancelled);
    assert!(
        matches!(result, Err(RecognizeError::Cancelled)),
        "{result:?}"
    );
    // It is none the worse for it.
    assert_eq!(hear(&mut recognizer, &speak("zhuan3 ren2 gong1")), "转人工");
}

#[tokio::test]
async fn slots_share_one_model() {
    let model = model();
    let config = crate::inference::PoolConfig { slots: 2, queue: 8 };
    let pool = RecognizerPool::start(config, move || {
        let recognizer = model.recognizer()?;
        Ok(Box::new(recognizer) as Box<dyn SpeechRecognizer>)
    })
    .expect("started");
    let audio: Arc<[i16]> = speak("zhuan3 ren2 gong1").into();
    let deadline = Duration::from_secs(60);
    let (first, second) = tokio::join!(
        pool.recognize(audio.clone(), Language::Chinese, deadline),
        pool.recognize(audio.clone(), Language::Chinese, deadline)
    );
    for result in [first, second] {
        assert_eq!(result.expect("recognised").text.expose(), "转人工");
    }
}
