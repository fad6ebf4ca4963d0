//! Templates: the two files that are shipped, what is refused, and values that nobody should say.

use super::*;

const ZH: &str = include_str!("../../../prompts/actions.zh-CN.toml");
const EN: &str = include_str!("../../../prompts/actions.en-US.toml");

fn pii(value: &str) -> Pii<String> {
    Pii::new(value.to_owned())
}

fn filled(template: &str, fields: &[(&str, &str)]) -> Filled {
    let file = format!("[\"lookup:order\"]\ndone = \"{template}\"");
    let replies = Replies::parse("actions.toml", &file).expect("well formed");
    let reply = ActionReply {
        outcome: Outcome::Done,
        fields: fields
            .iter()
            .map(|(name, value)| ((*name).to_owned(), pii(value)))
            .collect(),
    };
    let action = Action::Lookup("order".to_owned());
    replies.fill(&action, &reply, &[("order".to_owned(), pii("12345678"))])
}

#[test]
fn both_languages_are_read() {
    for text in [ZH, EN] {
        let replies =
            Replies::parse("actions.toml", text).unwrap_or_else(|error| panic!("{error}"));
        assert!(replies.0.len() > 10);
    }
}

#[test]
fn what_is_no_template_is_named_with_its_line() {
    for (text, problem) in [
        ("[\"answer\"]\ndone = \"x\"", "line 1: `answer` is none of"),
        (
            "\n[\"escalate:x\"]\ndone = \"x\"",
            "line 2: `escalate:x` is none of",
        ),
        ("[\"sms:x\"]\ndone = \" \"", "line 2: `sms:x.done` is empty"),
        (
            "[\"sms:x\"]\ndone = \"{a\"",
            "has a brace without its partner",
        ),
        (
            "[\"sms:x\"]\ndone = \"}\"",
            "has a brace without its partner",
        ),
        (
            "[\"sms:x\"]\ndone = \"{A b}\"",
            "has a placeholder that is not",
        ),
        ("[\"sms:x\"]\nsent = \"x\"", "unknown field `sent`"),
        ("[\"sms:x\"", "actions.toml"),
    ] {
        let error = Replies::parse("actions.toml", text)
            .expect_err(text)
            .to_string();
        assert!(error.contains(problem), "{error}\nlacks\n{problem}");
    }
}

#[test]
fn values_are_words_and_nothing_else() {
    let check = |fields: &[(&str, &str)], expected: &str| {
        let sentence = Filled::Sentence(expected.to_owned());
        assert_eq!(filled("{order}，{status}。", fields), sentence);
    };
    check(&[("status", "已发货")], "12345678，已发货。");
    check(&[("status", "已发货"), ("order", "99")], "99，已发货。");
    check(
        &[("status", "<b>已</b>发\n货\u{202e}")],
        "12345678，已发 货。",
    );
    check(&[("status", "{order}")], "12345678，order。");
    let long = "长".repeat(1_000);
    check(
        &[("status", &long)],
        &format!("12345678，{}。", "长".repeat(LONGEST_VALUE)),
    );
    let unfilled = Filled::Unfilled("status".to_owned());
    assert_eq!(filled("{order}，{status}。", &[]), unfilled);
    assert_eq!(
        filled("{order}，{status}。", &[("status", "<a>\u{7}")]),
        unfilled
    );
}
