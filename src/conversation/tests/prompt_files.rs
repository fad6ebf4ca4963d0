//! Prompt files: the two that are shipped, and what is refused.

use super::{
    super::Prompts,
    stage::{EN, ZH},
};
use crate::text::{
    pinyin::{Token, toned},
    spoken::to_spoken,
};

#[track_caller]
fn refuse(change: impl Fn(String) -> String, expected: &str) {
    let text = change(ZH.to_owned());
    let error = Prompts::parse("zh-CN.toml", &text)
        .expect_err("refused")
        .to_string();
    assert!(error.contains(expected), "{error}\nlacks\n{expected}");
}

fn line_of(text: &str, needle: &str) -> usize {
    text.lines()
        .position(|line| line.contains(needle))
        .expect("the line is there")
        + 1
}

#[test]
fn both_languages_are_complete() {
    for (text, language) in [(ZH, "zh-CN"), (EN, "en-US")] {
        let prompts = Prompts::parse("prompts", text).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(prompts.language(), language);
        assert_eq!(prompts.hash().len(), 64);
        let fixed = prompts.fixed_sentences("安心家电");
        assert!(fixed.len() > 25);
        assert!(fixed.iter().all(|sentence| !sentence.text.contains('{')));
    }
}

#[test]
fn a_wrong_key_or_placeholder_is_named_with_its_line() {
    let greeting = line_of(ZH, "label =");
    refuse(
        |text| text.replace("{business}", "{company}"),
        &format!(
            "zh-CN.toml, line {greeting}: `say.greeting.label` has the placeholder {{company}}, which has no value here"
        ),
    );
    refuse(
        |text| text.replace("这里是{business}", "这里"),
        "`say.greeting.label` lacks the placeholder {business}",
    );
    refuse(
        |text| text.replace("{business}", "{business"),
        "has a brace without its partner",
    );
    let invite = line_of(ZH, "invite =");
    refuse(
        |text| text.replace("invite =", "invitation ="),
        "`say.greeting.invite` is missing",
    );
    refuse(
        |text| text.replace("invite =", "bye = \"再见\"\ninvite ="),
        &format!("line {invite}: `say.greeting.bye` is not a key that is used"),
    );
    refuse(
        |text| text.replace("speed = 0.9", "speed = 9.0"),
        "has a speed that is not between 0.5 and 1.5",
    );
    refuse(
        |text| text.replace("\"好的，请说。\"", "\" \""),
        "`say.answer.more` is empty",
    );
}

#[test]
fn a_word_that_is_none_is_named_with_its_line() {
    // Nothing would be found everywhere: at both ends of every utterance, and in every one that must reach a human.
    for (list, key) in [
        ("start = [", "fillers.start"),
        ("end = [", "fillers.end"),
        ("whole = [\"嗯\"", "understood.backchannel.whole"),
        ("unless = [\"在工信部", "must_escalate.unless"),
    ] {
        let line = line_of(ZH, list);
        let expected = format!("line {line}: `{key}` holds a word without a letter or digit");
        for word in ["", " ", "，。"] {
            let place = list.find('[').expect("a list") + 1;
            let (head, tail) = list.split_at(place);
            let longer = format!("{head}\"{word}\", {tail}");
            refuse(|text| text.replace(list, &longer), &expected);
        }
    }
    let escalate = line_of(ZH, "[must_escalate]") + 1;
    refuse(
        |text| {
            text.replace(
                "[must_escalate]\npart = [",
                "[must_escalate]\npart = [\"\",",
            )
        },
        &format!("line {escalate}: `must_escalate.part` holds a word"),
    );
}

#[test]
fn what_is_no_prompt_file_is_refused_with_its_line() {
    refuse(|text| text.replace("[say.answer]", "[say.answer"), "line");
    refuse(
        |text| format!("volume = 3\n{text}"),
        "unknown field `volume`",
    );
    refuse(
        |text| text.replace("[understood.human]", "[understood.people]"),
        "people",
    );
}

#[test]
fn every_sentence_can_be_spoken() {
    let prompts = Prompts::parse("zh-CN.toml", ZH).expect("shipped");
    for sentence in prompts.fixed_sentences("安心家电") {
        let spoken = to_spoken(&sentence.text);
        for token in toned(&spoken) {
            let known = !matches!(token, Token::Unknown(_) | Token::Latin(_));
            assert!(known, "{token:?} in {spoken}");
        }
    }
}
