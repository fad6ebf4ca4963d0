//! A tiny random model against PyTorch (`scripts/train/encoder/bert_reference.py`), and folders that are wrong.

use std::path::PathBuf;

use serde::Deserialize;

use super::*;
use crate::embedding::{likeness, load};

#[derive(Deserialize)]
struct Case {
    text: String,
    ids: Vec<u32>,
    vector: Vec<f32>,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/encoder/bert")
}

fn cases() -> Vec<Case> {
    let text = include_str!("../../../tests/fixtures/encoder/bert.json");
    serde_json::from_str(text).expect("well formed")
}

#[test]
fn vectors_are_those_of_pytorch() {
    let encoder = BertEncoder::load(&folder(), None).expect("sound");
    assert_eq!((encoder.name(), encoder.dimensions()), ("bert", 32));
    for case in cases() {
        let tokens = encoder.tokens(&case.text).expect("it is cut");
        assert_eq!(tokens.get_ids(), case.ids, "{}", case.text);
        let vector = encoder.embed_question(&case.text).expect("it computes");
        let alike = likeness(&vector, &case.vector);
        assert!(alike >= 0.9999, "{}: {alike}", case.text);
    }
}

#[test]
fn company_does_not_change_a_vector() {
    let encoder = load(&folder()).expect("sound");
    let cases = cases();
    let texts: Vec<&str> = cases.iter().map(|case| case.text.as_str()).collect();
    let together = encoder.embed_many(&texts).expect("it computes");
    for (text, vector) in texts.iter().zip(&together) {
        let alone = encoder.embed_question(text).expect("it computes");
        let apart = alone.iter().zip(vector).map(|(a, b)| (a - b).abs());
        assert!(apart.fold(0.0, f32::max) < 1e-5, "{text}");
    }
    assert_eq!(encoder.embed_many(&[]), Ok(Vec::new()));
}

#[test]
fn the_instruction_stands_before_questions_alone() {
    let plain = BertEncoder::load(&folder(), None).expect("sound");
    let told = BertEncoder::load(&folder(), Some(BGE_INSTRUCTION)).expect("sound");
    let marked = format!("{BGE_INSTRUCTION}开发票");
    assert_eq!(told.embed_question("开发票"), plain.embed_question(&marked));
    assert_eq!(told.embed_many(&["开发票"]), plain.embed_many(&["开发票"]));
}

#[test]
fn wrong_folders_are_refused_with_the_file() {
    /// The sound folder with one file changed.
    #[track_caller]
    fn check(file: &str, change: impl Fn(Vec<u8>) -> Vec<u8>, expected: &str) {
        let copy = tempfile::tempdir().expect("a folder");
        for name in ["config.json", "tokenizer.json", "model.safetensors"] {
            let content = std::fs::read(folder().join(name)).expect("it is there");
            let content = if name == file {
                change(content)
            } else {
                content
            };
            std::fs::write(copy.path().join(name), content).expect("written");
        }
        let Err(error) = BertEncoder::load(copy.path(), None) else {
            panic!("{file} was taken; expected: {expected}");
        };
        let error = error.to_string();
        let begins = format!("encoder file {}: ", copy.path().join(file).display());
        assert!(error.starts_with(&begins), "{error}");
        assert!(error.contains(expected), "{error}");
    }
    let replaced = |from: &'static str, to: &'static str| {
        move |content: Vec<u8>| {
            let text = String::from_utf8(content).expect("JSON");
            assert!(text.contains(from), "{text}");
            text.replacen(from, to, 1).into_bytes()
        }
    };
    check("config.json", |_| b"{".to_vec(), "EOF");
    check(
        "config.json",
        replaced("\"hidden_size\": 32", "\"hidden_size\": 30"),
        "`hidden_size` 30 is no multiple of `num_attention_heads` 4",
    );
    check(
        "config.json",
        replaced("\"num_attention_heads\": 4", "\"num_attention_heads\": 0"),
        "`num_attention_heads` is 0",
    );
    check(
        "config.json",
        replaced("\"vocab_size\": ", "\"vocab_size\": 99999999999"),
        "`vocab_size` is 99999999999",
    );
    check("tokenizer.json", |_| b"[]".to_vec(), "");
    check(
        "tokenizer.json",
        replaced("\"我\": 5", "\"我\": 5000"),
        "it has token 5000, `vocab_size` in config.json says",
    );
    check("model.safetensors", |_| Vec::new(), "");
    check("model.safetensors", |content| content[..9_000].to_vec(), "");
    check(
        "model.safetensors",
        |content| {
            let at = content
                .windows(9)
                .position(|window| window == b"[32,32],\"")
                .or_else(|| content.windows(7).position(|window| window == b"[32,32]"))
                .expect("a square tensor");
            let mut content = content;
            content[at..at + 7].copy_from_slice(b"[16,64]");
            content
        },
        "shape mismatch",
    );
    check(
        "model.safetensors",
        |content| {
            let name = b"encoder.layer.1.output.dense.bias";
            let at = content
                .windows(name.len())
                .position(|window| window == name)
                .expect("it is there");
            let mut content = content;
            content[at] = b'E';
            content
        },
        "encoder.layer.1.output.dense.bias",
    );
}
