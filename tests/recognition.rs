//! The bundled model on telephone speech, and on what is no speech.

use std::{
    f64::consts::TAU,
    fs,
    path::{Path, PathBuf},
    sync::atomic::AtomicBool,
};

use yingda::{
    asr::{
        Language, SpeechRecognizer,
        whisper::{WhisperModel, WhisperRecognizer},
    },
    audio::{SampleRate, resample::resample},
    media::{Codec, codec::Transcoder},
    models::{Catalog, ModelCheck},
    transcript::Recognition,
};

/// Characters wrong out of characters said, over all fixtures: 2 of 164 were measured.
const MOST_ERRORS: f64 = 0.04;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn recognizer() -> WhisperRecognizer {
    let models = root().join("models");
    let catalog = Catalog::load(&models.join("catalog.toml")).expect("the catalogue is sound");
    let file = models.join("yingda-zh-demo.bin");
    let model = WhisperModel::load(&file, &catalog, ModelCheck::Listed).expect("listed");
    model.recognizer().expect("ready")
}

/// What the line makes of 8 kHz A-law, at the rate of recognition.
fn from_line(payload: &[u8]) -> Vec<i16> {
    let mut samples = vec![0; payload.len()];
    Transcoder::new(Codec::Pcma).decode(payload, &mut samples);
    resample(&samples, SampleRate::TELEPHONE, SampleRate::WIDEBAND)
}

/// The content of the `data` chunk.
fn wav_data(file: &Path) -> Vec<u8> {
    let bytes = fs::read(file).expect("a fixture");
    let mut rest = &bytes[12..];
    loop {
        let length = u32::from_le_bytes(rest[4..8].try_into().expect("four bytes")) as usize;
        if &rest[..4] == b"data" {
            return rest[8..8 + length].to_vec();
        }
        rest = &rest[8 + length..];
    }
}

fn hear(recognizer: &mut WhisperRecognizer, audio: &[i16]) -> Recognition {
    let heard = recognizer.recognize(audio, Language::Chinese, &AtomicBool::new(false));
    heard.expect("recognised")
}

/// Insertions, deletions and replacements between two texts.
fn errors(said: &str, heard: &str) -> usize {
    let heard: Vec<char> = heard.chars().collect();
    let mut row: Vec<usize> = (0..=heard.len()).collect();
    for (place, symbol) in said.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = place + 1;
        for (column, other) in heard.iter().enumerate() {
            let replaced = diagonal + usize::from(symbol != *other);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(row[column] + 1).min(diagonal + 1);
        }
    }
    row[heard.len()]
}

#[test]
fn questions_are_heard_through_the_telephone() {
    let folder = root().join("tests/fixtures/asr");
    let table = fs::read_to_string(folder.join("expected.csv")).expect("a fixture");
    let mut recognizer = recognizer();
    let (mut wrong, mut all, mut questions) = (0, 0, 0);
    for line in table.lines().skip(1) {
        let (file, said) = line.split_once(',').expect("two columns");
        let heard = hear(&mut recognizer, &from_line(&wav_data(&folder.join(file))));
        let text = heard.text.expose();
        println!(
            "{file}: {said} -> {text} ({:.2}, {} ms)",
            heard.confidence, heard.took_ms
        );
        wrong += errors(said, text);
        all += said.chars().count();
        questions += 1;
    }
    assert!(questions >= 20, "{questions} questions");
    let rate = wrong as f64 / all as f64;
    assert!(rate <= MOST_ERRORS, "character error rate {rate:.3}");
}

/// Four seconds of a signal of full scale 1, at 8 kHz.
fn signal(mut sample: impl FnMut(usize) -> f64) -> Vec<i16> {
    let samples: Vec<i16> = (0..32_000)
        .map(|place| (sample(place) * 32_767.0) as i16)
        .collect();
    let transcoder = Transcoder::new(Codec::Pcma);
    let mut payload = vec![0; samples.len()];
    transcoder.encode(&samples, &mut payload);
    from_line(&payload)
}

/// White noise between -1 and 1, the same in every run.
fn white() -> impl FnMut() -> f64 {
    let mut state = 1u64;
    move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    }
}

#[test]
fn what_is_no_speech_gives_no_words() {
    let mut recognizer = recognizer();
    let mut check = |name: &str, audio: &[i16]| {
        let heard = hear(&mut recognizer, audio);
        assert_eq!(heard.text.expose(), "", "{name}: {:.2}", heard.confidence);
    };
    check("silence", &signal(|_| 0.0));
    for level in [0.002, 0.01, 0.05, 0.3] {
        let mut noise = white();
        check(
            &format!("white noise at {level}"),
            &signal(|_| noise() * level),
        );
        let (mut noise, mut low) = (white(), 0.0);
        let red = signal(|_| {
            low = 0.95 * low + 0.3 * noise();
            low * level
        });
        check(&format!("red noise at {level}"), &red);
        for hertz in [50.0, 425.0, 1_000.0] {
            let tone = signal(|place| (TAU * hertz * place as f64 / 8_000.0).sin() * level);
            check(&format!("tone of {hertz} Hz at {level}"), &tone);
        }
        // Notes of a quarter of a second with three harmonics that die away, as music on hold has.
        let notes = [262.0, 330.0, 392.0, 523.0, 440.0, 349.0, 294.0, 247.0];
        let music = signal(|place| {
            let time = place as f64 / 8_000.0;
            let tone =
                |harmonic: f64| (TAU * notes[place / 2_000 % 8] * harmonic * time).sin() / harmonic;
            let fade = 1.0 - (place % 2_000) as f64 / 2_500.0;
            (tone(1.0) + tone(2.0) + tone(3.0)) * fade * level / 2.0
        });
        check(&format!("music at {level}"), &music);
    }
}
