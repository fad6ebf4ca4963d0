//! The shipped cues, their traps, and files that are refused.

use super::*;

const SOUND: &str = include_str!("../../../prompts/mood.toml");

fn shipped() -> Cues {
    Cues::parse("mood.toml", SOUND).unwrap_or_else(|error| panic!("{error}"))
}

fn said(text: &str) -> Vec<String> {
    let cues = shipped();
    cues.in_text(text)
        .into_iter()
        .map(|cue| cues.said(cue))
        .collect()
}

#[test]
fn traps_are_not_what_they_contain() {
    for (text, expected) in [
        ("给我转人工", &["要求人工"][..]),
        ("不用转人工", &["说自己没有生气"]),
        ("I'm not complaining", &["说自己没有生气"]),
        ("你们这帮骗子，我要告你们", &["骂人", "说要投诉到外面"]),
        ("我碰到骗子了怎么办", &[]),
        ("我家冒烟了", &["有危险"]),
        ("漏电保护开关怎么买", &[]),
        ("Are you going to SUE YOU?", &["说要投诉到外面"]),
        ("is the issue your fault", &[]),
        ("帮我查一下订单", &[]),
        ("", &[]),
    ] {
        let mut found = said(text);
        found.sort();
        let mut expected = expected.to_vec();
        expected.sort_unstable();
        assert_eq!(found, expected, "{text}");
    }
}

#[test]
fn a_trap_does_not_hide_what_is_said_beside_it() {
    assert!(said("不是骗子是什么，你们就是骗子").contains(&"骂人".to_owned()));
}

#[track_caller]
fn refused(text: &str, expected: &str) {
    let error = Cues::parse("mood.toml", text)
        .expect_err("refused")
        .to_string();
    assert!(error.contains(expected), "{error}");
}

#[test]
fn wrong_files_are_refused_with_their_place() {
    let say = SOUND.find("[cue.insult]").expect("it has one");
    let with = |cue: &str| format!("{}\n{cue}", &SOUND[..say]);
    let line = SOUND[..say].matches('\n').count() + 2;
    refused(
        &with("[cue.x]\nsay = \"x\"\nany = [\"a\", \"，\"]"),
        &format!(
            "line {}: `cue.x.any` has a phrase without a letter",
            line + 2
        ),
    );
    refused(
        &with("[cue.x]\nsay = \"x\"\nany = [\"a\"]\nescalates = 99.0"),
        "`cue.x` adds 99, not -10 to 10",
    );
    refused(
        &with("[cue.x]\nsay = \"x\"\nany = [\"a\"]\nadds = { cross = 1.0 }"),
        "cross",
    );
    refused(&with("[cue.x]\nany = [\"a\"]"), "say");
    refused(
        &SOUND.replace("anger = \"客户发火了\"", ""),
        "`say.anger` is missing",
    );
    refused(
        &SOUND.replace("{db}", "{dB}"),
        "`say.raised_voice` must hold [\"db\"]",
    );
    refused(
        &SOUND.replace("shouting =", "shout = \"x\"\nshouting ="),
        "`say.shout` is no sentence that is ever said",
    );
}
