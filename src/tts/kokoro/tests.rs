//! What is told apart and refused before a model is loaded; `tests/kokoro.rs` loads one.

use super::*;

#[test]
fn the_echo_is_told_by_its_arguments() {
    let check = |line: &str, expected: bool| {
        let arguments = line.split(' ').map(str::to_owned);
        assert_eq!(is_echo(arguments), expected, "{line}");
    };
    check("yingda --ipa --stdin -q -v cmn", true);
    check("yingda --ipa --stdin -q -v", false);
    check("yingda serve", false);
    check("yingda", false);
}

fn refused(work: impl FnOnce(&Path) -> Result<(), SynthesizeError>) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    work(folder.path()).expect_err("refused").to_string()
}

#[test]
fn another_version_and_what_is_no_voice_are_named() {
    let told = refused(|folder| {
        fs::write(folder.join("config.json"), r#"{"vocab": {"a": 43}}"#).expect("written");
        check_vocabulary(folder)
    });
    assert!(
        told.contains("config.json: its vocabulary has no ㄅ"),
        "{told}"
    );
    let told = refused(check_vocabulary);
    assert!(told.contains("config.json: No such file"), "{told}");
    let told = refused(|folder| {
        fs::write(folder.join("zf_001.bin"), [0; 12]).expect("written");
        gather_voices(folder)
    });
    assert!(told.contains("zf_001.bin: is no voice"), "{told}");
}

#[test]
fn pauses_keep_step_with_the_speed() {
    let clause = |pause| Clause {
        phonemes: String::new(),
        pause,
    };
    assert_eq!(pause_after(&clause(Pause::None), 1.0), Duration::ZERO);
    let short = pause_after(&clause(Pause::Short), 1.0);
    let slow = pause_after(&clause(Pause::Short), 0.5);
    assert!(slow.abs_diff(short * 2) < Duration::from_millis(1));
    assert!(pause_after(&clause(Pause::Long), 1.0) > short);
}
