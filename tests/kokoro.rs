//! Kokoro's engine from written text to telephone audio, on a model of the same shapes that is made here.
//!
//! The weights of the real model are not in the repository: what is shown is that text becomes the model's phonemes, that
//! clauses come one after the other, and that audio has its rate, level and pauses. How it sounds is not.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use yingda::{
    audio::{Pcm, SampleRate, level_dbfs},
    inference::PoolConfig,
    models::{Catalog, ModelCheck},
    text::phonemes::clauses,
    tts::{
        SpeechRequest, SpeechSynthesizer,
        kokoro::{Kokoro, KokoroConfig},
    },
};

/// Samples that the model here makes of each symbol: 100 ms at 24 kHz.
const SAMPLES_A_SYMBOL: usize = 2_400;

/// Protocol Buffers (encoding): a field that is a number.
fn number(field: u8, value: u64) -> Vec<u8> {
    let mut bytes = vec![field << 3];
    let mut rest = value;
    while rest >= 0x80 {
        bytes.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    bytes.push(rest as u8);
    bytes
}

/// A field of bytes: text, or a message.
fn bytes(field: u8, content: &[u8]) -> Vec<u8> {
    let mut whole = number(field, content.len() as u64);
    whole[0] |= 2;
    whole.extend(content);
    whole
}

fn node(kind: &str, inputs: &[&str], output: &str, attribute: &[u8]) -> Vec<u8> {
    let mut content: Vec<u8> = inputs
        .iter()
        .flat_map(|name| bytes(1, name.as_bytes()))
        .collect();
    content.extend(bytes(2, output.as_bytes()));
    content.extend(bytes(4, kind.as_bytes()));
    content.extend(attribute);
    // GraphProto.node
    bytes(1, &content)
}

/// A constant: 1 is FLOAT, 7 is INT64.
fn constant(name: &str, kind: u64, dimensions: &[u64], raw: &[u8]) -> Vec<u8> {
    let mut content: Vec<u8> = dimensions
        .iter()
        .flat_map(|size| number(1, *size))
        .collect();
    content.extend(number(2, kind));
    content.extend(bytes(8, name.as_bytes()));
    content.extend(bytes(9, raw));
    // GraphProto.initializer
    bytes(5, &content)
}

/// An input (11) or output (12) of the graph; 0 is a size that is not fixed.
fn value(field: u8, name: &str, kind: u64, dimensions: &[u64]) -> Vec<u8> {
    let shape: Vec<u8> = dimensions
        .iter()
        .flat_map(|size| match size {
            0 => bytes(1, &bytes(2, b"n")),
            size => bytes(1, &number(1, *size)),
        })
        .collect();
    let tensor = [number(1, kind), bytes(2, &shape)].concat();
    bytes(
        field,
        &[bytes(1, name.as_bytes()), bytes(2, &bytes(1, &tensor))].concat(),
    )
}

/// onnx.proto: a hum of 200 Hz for each symbol, as loud as its number says; the zeros around the sentence are silent. Style and
/// speed are inputs as the real model has them.
fn model() -> Vec<u8> {
    let hum: Vec<u8> = (0..SAMPLES_A_SYMBOL)
        .map(|place| (std::f32::consts::TAU * 200.0 * place as f32 / 24_000.0).sin() * 0.01)
        .flat_map(f32::to_le_bytes)
        .collect();
    let column: Vec<u8> = [-1i64, 1]
        .iter()
        .flat_map(|size| size.to_le_bytes())
        .collect();
    let flat = (-1i64).to_le_bytes();
    // AttributeProto: name, i, and type INT; the tag of field 20 takes two bytes.
    let integer = |name: &str, value: u64| {
        let content = [
            bytes(1, name.as_bytes()),
            number(3, value),
            vec![0xa0, 1, 2],
        ];
        bytes(5, &content.concat())
    };
    let to_float = integer("to", 1);
    let graph = [
        node("Cast", &["input_ids"], "float", &to_float),
        node("Reshape", &["float", "column"], "rows", &[]),
        node("Mul", &["rows", "hum"], "loud", &[]),
        node("Reshape", &["loud", "flat"], "audio", &[]),
        node("ReduceMax", &["style"], "most", &integer("keepdims", 0)),
        node("Mul", &["audio", "most"], "styled", &[]),
        node("Div", &["styled", "speed"], "waveform", &[]),
        bytes(2, b"kokoro"),
        constant("hum", 1, &[1, SAMPLES_A_SYMBOL as u64], &hum),
        constant("column", 7, &[2], &column),
        constant("flat", 7, &[1], &flat),
        value(11, "input_ids", 7, &[1, 0]),
        value(11, "style", 1, &[1, 256]),
        value(11, "speed", 1, &[1]),
        value(12, "waveform", 1, &[0]),
    ]
    .concat();
    let opset = [bytes(1, b""), number(2, 17)].concat();
    [number(1, 8), bytes(7, &graph), bytes(8, &opset)].concat()
}

/// A folder like the catalogue's, with a vocabulary of every symbol that is written here.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    fs::write(path.join("model.onnx"), model()).expect("written");
    let symbols = "ㄅㄋㄧㄏㄠㄕ十ㄐㄝ12345/,.?";
    let vocabulary: serde_json::Map<String, serde_json::Value> = symbols
        .chars()
        .zip(10..)
        .map(|(symbol, id)| (symbol.to_string(), id.into()))
        .collect();
    let config = serde_json::json!({ "vocab": vocabulary }).to_string();
    fs::write(path.join("config.json"), config).expect("written");
    for (name, number) in [("zf_001", 1.0f32), ("zm_010", 0.5), ("af_x", 0.1)] {
        let voice: Vec<u8> = number.to_le_bytes().repeat(510 * 256);
        fs::write(path.join(format!("{name}.bin")), voice).expect("written");
    }
    folder
}

fn start(folder: &Path) -> Kokoro {
    let library = std::env::var_os("YINGDA_ONNXRUNTIME")
        .expect("YINGDA_ONNXRUNTIME names libonnxruntime.so; scripts/engines sets it");
    let config = KokoroConfig {
        folder: folder.to_owned(),
        check: ModelCheck::Unlisted,
        library: Some(PathBuf::from(library)),
        echo: PathBuf::from(env!("CARGO_BIN_EXE_yingda")),
        pool: PoolConfig { slots: 1, queue: 4 },
        deadline: Duration::from_secs(30),
    };
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let catalog = Catalog::load(&root.join("models/catalog.toml")).expect("sound");
    Kokoro::start(&config, &catalog).expect("loaded")
}

fn request(text: &str, voice: &str) -> SpeechRequest {
    SpeechRequest {
        text: text.to_owned(),
        language: "zh-CN".to_owned(),
        voice: voice.to_owned(),
        speed: 1.0,
    }
}

/// What the model here makes of `symbols`, without the silence around it.
fn seconds(symbols: usize) -> f32 {
    (symbols * SAMPLES_A_SYMBOL) as f32 / 24_000.0
}

#[tokio::test]
async fn kokoro_makes_telephone_audio_clause_by_clause() {
    let folder = folder();
    let kokoro = start(folder.path());
    assert_eq!(kokoro.voices(), ["af_x", "zf_001", "zm_010"]);
    assert!(folder.path().join("voices-v1.0.bin").exists());

    let text = "你好，世界。";
    let said = clauses(text);
    let symbols: Vec<usize> = said
        .iter()
        .map(|said| said.phonemes.chars().count())
        .collect();
    // ㄋㄧ2ㄏㄠ3, and ㄕ十4ㄐㄝ4.
    assert_eq!(symbols, [7, 7]);
    let mut pieces = kokoro.clauses(&request(text, ""));
    let mut found: Vec<Pcm> = Vec::new();
    while let Some(piece) = pieces.recv().await {
        found.push(piece.expect("spoken"));
    }
    assert_eq!(found.len(), 2);
    for (piece, pause) in found.iter().zip([0.16, 0.0]) {
        assert_eq!(piece.rate, SampleRate::TELEPHONE);
        let length = piece.duration().as_secs_f32();
        // Some silence stays around it, 10 ms before and 60 ms after.
        let expected = seconds(7) + 0.07 + pause;
        assert!(
            (length - expected).abs() < 0.03,
            "{length} s, not {expected}"
        );
        let level = level_dbfs(&piece.samples[..4_000]);
        assert!((-23.0..-18.0).contains(&level), "{level} dBFS");
    }
    let whole = kokoro.synthesize(&request(text, "zf_001")).await;
    let whole = whole.expect("spoken");
    let pieces: Vec<i16> = found
        .iter()
        .flat_map(|piece| piece.samples.to_vec())
        .collect();
    assert_eq!(whole.samples.as_ref(), pieces.as_slice());
    assert!(kokoro.engine().starts_with("kokoro v1.1-zh"));

    let nothing = kokoro.synthesize(&request("。", "")).await.expect("spoken");
    assert!(nothing.samples.is_empty());
    let told = |error: yingda::tts::SynthesizeError| error.to_string();
    let unknown = kokoro.synthesize(&request(text, "f2")).await;
    let expected = "kokoro has no voice `f2` but af_x, zf_001, zm_010";
    assert!(
        unknown
            .map_err(told)
            .is_err_and(|told| told.contains(expected))
    );
    let english = SpeechRequest {
        language: "en-US".to_owned(),
        ..request("Hello", "")
    };
    let english = kokoro.synthesize(&english).await.map_err(told);
    assert!(english.is_err_and(|told| told.contains("not en-US")));
}
