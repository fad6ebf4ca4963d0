//! Tiny random models against PyTorch (`scripts/train/encoder`), and files that are wrong.

use std::{collections::HashMap, path::PathBuf};

use safetensors::{Dtype, tensor::TensorView};
use serde::Deserialize;

use super::*;
use crate::embedding::{likeness, load};

#[derive(Deserialize)]
struct Case {
    text: String,
    ids: Vec<u32>,
    vector: Vec<f32>,
    mean: Vec<f32>,
    heads: HashMap<String, Vec<f32>>,
}

fn file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/encoder/compact.safetensors")
}

fn cases() -> Vec<Case> {
    let text = include_str!("../../../tests/fixtures/encoder/compact.json");
    serde_json::from_str(text).expect("well formed")
}

/// The other reference, written by the training's own code.
#[derive(Deserialize)]
struct Exported {
    cases: Vec<ExportedCase>,
}

#[derive(Deserialize)]
struct ExportedCase {
    text: String,
    ids: Vec<u32>,
    vector: Vec<f32>,
    #[serde(flatten)]
    heads: HashMap<String, Vec<f32>>,
}

#[test]
fn vectors_are_those_of_the_training() {
    let model = CompactModel::load(&file().with_file_name("tiny.safetensors")).expect("sound");
    let text = include_str!("../../../tests/fixtures/encoder/reference.json");
    let exported: Exported = serde_json::from_str(text).expect("well formed");
    assert!(exported.cases.len() >= 5);
    for case in exported.cases {
        assert_eq!(model.tokeniser.ids(&case.text), case.ids, "{}", case.text);
        let vector = model.embed_question(&case.text).expect("it computes");
        let alike = likeness(&vector, &case.vector);
        assert!(alike >= 0.9999, "{}: {alike}", case.text);
        let reading = model.read(&case.text).expect("it computes");
        assert_eq!(model.heads().len(), case.heads.len());
        for head in model.heads() {
            assert!(furthest(&head.probabilities(&reading), &case.heads[head.name()]) < 1e-3);
        }
    }
}

fn furthest(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    let apart = a.iter().zip(b).map(|(a, b)| (a - b).abs());
    apart.fold(0.0, f32::max)
}

#[test]
fn vectors_are_those_of_pytorch() {
    let model = CompactModel::load(&file()).expect("sound");
    assert_eq!(
        (model.name(), model.version(), model.dimensions()),
        ("tiny-random", "1", 32)
    );
    for case in cases() {
        assert_eq!(model.tokeniser.ids(&case.text), case.ids, "{}", case.text);
        let vector = model.embed_question(&case.text).expect("it computes");
        let alike = likeness(&vector, &case.vector);
        assert!(alike >= 0.9999, "{}: {alike}", case.text);
        let reading = model.read(&case.text).expect("it computes");
        assert!(furthest(&reading.mean, &case.mean) < 1e-3, "{}", case.text);
        assert_eq!(model.heads().len(), case.heads.len());
        for head in model.heads() {
            let probabilities = head.probabilities(&reading);
            assert!(furthest(&probabilities, &case.heads[head.name()]) < 1e-3);
            assert_eq!(probabilities.len(), head.labels().len());
        }
    }
}

#[test]
fn company_does_not_change_a_vector() {
    let encoder = load(&file()).expect("sound");
    let cases = cases();
    // More than a batch.
    let texts: Vec<&str> = cases.iter().map(|case| case.text.as_str()).collect();
    let texts = [texts.as_slice(); 3].concat();
    let together = encoder.embed_many(&texts).expect("it computes");
    for (text, vector) in texts.iter().zip(&together) {
        let alone = encoder.embed_question(text).expect("it computes");
        assert!(furthest(&alone, vector) < 1e-5, "{text}");
    }
    assert_eq!(encoder.embed_many(&[]), Ok(Vec::new()));
}

/// A file's parts, to be changed.
struct Parts {
    metadata: HashMap<String, String>,
    tensors: HashMap<String, (Dtype, Vec<usize>, Vec<u8>)>,
}

impl Parts {
    fn sound() -> Self {
        let content = std::fs::read(file()).expect("it is there");
        let (_, header) = safetensors::SafeTensors::read_metadata(&content).expect("sound");
        let tensors = safetensors::SafeTensors::deserialize(&content).expect("sound");
        let owned = tensors.iter().map(|(name, view)| {
            let parts = (view.dtype(), view.shape().to_vec(), view.data().to_vec());
            (name.to_owned(), parts)
        });
        Self {
            metadata: header.metadata().clone().expect("it has metadata"),
            tensors: owned.collect(),
        }
    }

    fn bytes(&self) -> Vec<u8> {
        let views = self.tensors.iter().map(|(name, (kind, shape, data))| {
            let view = TensorView::new(*kind, shape.clone(), data).expect("it fits");
            (name.as_str(), view)
        });
        safetensors::serialize(views, Some(self.metadata.clone())).expect("it can be written")
    }
}

#[track_caller]
fn refused(content: &[u8], expected: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("x.safetensors");
    std::fs::write(&file, content).expect("written");
    let Err(error) = CompactModel::load(&file) else {
        panic!("it was taken; expected: {expected}");
    };
    let error = error.to_string();
    let begins = format!("encoder file {}: ", file.display());
    assert!(error.starts_with(&begins), "{error}");
    assert!(error[begins.len()..].contains(expected), "{error}");
}

#[test]
fn a_description_that_is_wrong_is_refused() {
    #[track_caller]
    fn check(key: &str, from: &str, to: &str, expected: &str) {
        let mut parts = Parts::sound();
        let value = parts.metadata.get_mut(key).expect("the key is there");
        assert!(value.contains(from), "{value}");
        *value = value.replacen(from, to, 1);
        refused(&parts.bytes(), expected);
    }
    check(
        "architecture",
        "compact-1",
        "compact-2",
        "its architecture is `yingda-compact-2`, not `yingda-compact-1`",
    );
    check("config", "{", "", "`config` in its metadata: ");
    check("config", "\"width\"", "\"wide\"", "missing field `width`");
    check(
        "config",
        "32",
        "33",
        "`config.width` 33 is no multiple of `config.heads` 4",
    );
    check("config", "32", "-32", "`config` in its metadata: ");
    check("config", "32", "0", "`config.width` is 0, not 1 to 2048");
    check(
        "config",
        "\"layers\": 2",
        "\"layers\": 4000000000",
        "`config.layers` is 4000000000, not 1 to 48",
    );
    check(
        "config",
        "\"heads\": 4",
        "\"heads\": 0",
        "`config.heads` is 0",
    );
    check(
        "config",
        "\"max_tokens\": 24",
        "\"max_tokens\": 12",
        "tensor `position.weight` is [24, 32] instead of [12, 32]",
    );
    check("tokens", "[\"[PAD]\", ", "[", "items, `config.tokens` says");
    check(
        "tokens",
        "[PAD]",
        "[pad]",
        "`tokens` does not begin with [PAD] [UNK] [CLS] [MASK]",
    );
    check(
        "token_syllables",
        "[0",
        "[24",
        "`token_syllables` holds 24, `config.syllables` says 24",
    );
    check(
        "token_syllables",
        "[0",
        "[-1",
        "`token_syllables` in its metadata: ",
    );
    check(
        "heads",
        "[\"no\", \"yes\"]",
        "[]",
        "head `escalate` has no labels",
    );
    check(
        "heads",
        "[\"no\", \"yes\"]",
        "[\"no\"]",
        "tensor `heads.escalate.weight` is [2, 32] instead of [1, 32]",
    );
    let mut parts = Parts::sound();
    parts.metadata.remove("version");
    refused(&parts.bytes(), "its metadata has no `version`");
}

#[test]
fn weights_that_are_wrong_are_refused() {
    #[track_caller]
    fn check(change: impl Fn(&mut Parts), expected: &str) {
        let mut parts = Parts::sound();
        change(&mut parts);
        refused(&parts.bytes(), expected);
    }
    check(
        |parts| {
            parts.tensors.remove("layers.1.up.bias");
        },
        "tensor `layers.1.up.bias` is missing",
    );
    check(
        |parts| {
            let out = parts.tensors.get_mut("layers.0.out.weight").expect("there");
            out.1 = vec![16, 64];
        },
        "tensor `layers.0.out.weight` is [16, 64] instead of [32, 32]",
    );
    check(
        |parts| {
            let norm = parts.tensors.get_mut("norm.bias").expect("there");
            norm.0 = Dtype::I16;
        },
        "tensor `norm.bias` is I16, not floats of 16 or 32 bits",
    );
    check(
        |parts| {
            let norm = parts.tensors.get_mut("norm.bias").expect("there");
            // A half-precision infinity.
            norm.2[..2].copy_from_slice(&0x7c00u16.to_le_bytes());
        },
        "tensor `norm.bias` holds what is no number",
    );
}

#[test]
fn bytes_that_are_no_model_are_refused() {
    let sound = std::fs::read(file()).expect("it is there");
    refused(b"", "it is no safetensors file");
    refused(b"lmgg and more", "it is no safetensors file");
    refused(&[0xff; 64], "it is no safetensors file");
    refused(&sound[..sound.len() - 1], "it is no safetensors file");
    refused(&sound[..100], "it is no safetensors file");
    // Every byte of the header's first part, one at a time: refused or harmless, never a panic.
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("x.safetensors");
    for at in 0..400 {
        let mut content = sound.clone();
        content[at] ^= 0x15;
        std::fs::write(&file, content).expect("written");
        if let Ok(model) = CompactModel::load(&file) {
            model.embed_question("开发票").expect("it computes");
        }
    }
    let error = read_bounded(&super::tests::file(), 100).expect_err("too large");
    assert!(error.to_string().ends_with("it has more than 100 bytes"));
}

#[test]
fn endless_questions_are_cut() {
    let model = CompactModel::load(&file()).expect("sound");
    let endless = "空调".repeat(100_000);
    let vector = model.embed_question(&endless).expect("it computes");
    assert_eq!(model.embed_question(&endless[..600]), Ok(vector));
}
