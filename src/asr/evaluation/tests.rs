//! What is counted as an error, and what is wrong with a manifest.

use std::{cell::Cell, fs, path::Path};

use super::*;
use crate::asr::fake::FakeRecognizer;

fn wav(folder: &Path, name: &str, rate: u32, channels: u16, samples: usize) {
    let spec = hound::WavSpec {
        channels,
        sample_rate: rate,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut file = hound::WavWriter::create(folder.join(name), spec).expect("a file");
    for _ in 0..samples {
        file.write_sample(0i16).expect("written");
    }
    file.finalize().expect("written");
}

fn report(lines: &[(&str, &str, &str, &str)]) -> Report {
    let folder = tempfile::tempdir().expect("a folder");
    let mut manifest = "path\tset\tlanguage\ttext\n".to_owned();
    let recognizer = FakeRecognizer::new();
    for (place, (set, language, said, heard)) in lines.iter().enumerate() {
        wav(folder.path(), &format!("{place}.wav"), 8_000, 1, 24_000);
        manifest += &format!("{place}.wav\t{set}\t{language}\t{said}\n");
        recognizer.hears(heard);
    }
    let file = folder.path().join("manifest.tsv");
    fs::write(&file, manifest).expect("written");
    let manifest = read_manifest(&file).expect("a manifest");
    let now = Cell::new(0);
    let clock = || {
        now.set(now.get() + 1);
        Duration::from_millis(30 * now.get() / 2)
    };
    Report::of(&mut recognizer.clone(), &manifest, clock).expect("heard")
}

#[test]
fn errors_are_counted_in_the_units_of_the_language() {
    let report = report(&[
        ("domain", "zh", "空调怎么报修", "空调怎么保修"),
        ("domain", "zh", "WiFi连不上", "wifi连不上网"),
        ("english", "en", "where is my order", "where is the order"),
    ]);
    let domain = &report.sets[0];
    assert_eq!((domain.units, domain.errors), (6 + 7, 2));
    assert_eq!((domain.syllables, domain.syllable_errors), (6 + 4, 1));
    assert_eq!(domain.exact, 0);
    let english = &report.sets[1];
    assert_eq!((english.units, english.errors), (4, 1));
    assert_eq!(english.mistakes[0].written, "where is the order");
}

#[test]
fn a_number_counts_when_every_digit_is_right() {
    let report = report(&[
        (
            "mobile",
            "zh",
            "幺三八零零幺三八零零零",
            "一三八零零一三八零零零",
        ),
        (
            "mobile",
            "zh",
            "幺三八零零幺三八零零零",
            "幺三八零幺三八零零零",
        ),
        ("commands", "zh", "转人工", "转人工"),
    ]);
    let mobile = &report.sets[0];
    assert_eq!((mobile.numbers, mobile.exact_numbers), (2, 1));
    assert_eq!((report.sets[1].numbers, report.sets[1].exact), (0, 1));
    assert!(mobile.to_string().contains("digit strings 50.0 %"));
}

#[test]
fn where_nobody_speaks_nothing_may_be_written() {
    let report = report(&[
        ("nothing", "zh", "", ""),
        ("nothing", "zh", "", "好的"),
        ("nothing", "zh", "", "。"),
    ]);
    let nothing = &report.sets[0];
    assert_eq!((nothing.speechless, nothing.empty), (3, 2));
    assert_eq!(
        nothing.to_string(),
        "nothing            3 utterances, exact 66.7 %, empty without speech 66.7 %"
    );
}

#[test]
fn the_pace_is_that_of_the_clock() {
    let lines = [("domain", "zh", "好的", "好的"); 4];
    let pace = report(&lines).pace;
    // Three seconds of audio, and the clock moves on by 15 ms with every look at it.
    assert_eq!((pace.median_ms, pace.three_seconds_ms), (15.0, 15.0));
    assert!((pace.real_time_factor - 0.005).abs() < 1e-9);
}

#[test]
fn what_is_wrong_with_a_manifest_is_said_with_its_place() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("manifest.tsv");
    let problem = |content: &str| {
        fs::write(&file, content).expect("written");
        let error = read_manifest(&file).expect_err("wrong");
        error
            .to_string()
            .replace(&file.display().to_string(), "FILE")
    };
    assert_eq!(
        problem("a\tb\n"),
        "FILE: the first line must name the columns path, set, language, text"
    );
    assert_eq!(
        problem("path\tset\tlanguage\ttext\n"),
        "FILE: no utterances"
    );
    assert_eq!(
        problem("path\tset\tlanguage\ttext\na.wav\tx\tzh\t好\nb.wav\tx\tfr\tbon\n"),
        "FILE:3: \"fr\" is neither zh nor en"
    );
    assert!(problem("path\tset\tlanguage\ttext\na.wav\tx\n").contains("line: 2"));
    wav(folder.path(), "wide.wav", 44_100, 2, 100);
    fs::write(&file, "path\tset\tlanguage\ttext\nwide.wav\tx\tzh\t好\n").expect("written");
    let manifest = read_manifest(&file).expect("a manifest");
    let error = manifest[0]
        .audio()
        .expect_err("of another kind")
        .to_string();
    assert!(
        error.ends_with("44100 Hz, 2 channels, 16 bits: wanted is 8000 or 16000 Hz, mono, 16 bits")
    );
}
