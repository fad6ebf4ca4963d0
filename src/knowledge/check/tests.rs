//! Knowledge bases and what is said about them.

use super::*;
use crate::knowledge::{LONGEST_ANSWER, parse_csv};

const NOW: DateTime = jiff::civil::datetime(2026, 10, 1, 12, 0, 0, 0);

fn entry(id: &str, question: &str, similar: &[&str], answer: &str) -> Entry {
    Entry {
        id: EntryId::new(id),
        category: String::new(),
        question: question.to_owned(),
        similar_questions: similar.iter().map(|text| (*text).to_owned()).collect(),
        answer: answer.to_owned(),
        action: Action::Answer,
        name: String::new(),
        validity: Default::default(),
    }
}

fn between(mut entry: Entry, from: Option<&str>, until: Option<&str>) -> Entry {
    let moment = |text: &str| text.parse().expect("a date");
    entry.validity.takes_effect = from.map(moment);
    entry.validity.expires = until.map(moment);
    entry
}

fn shown(concerns: &[Concern]) -> Vec<String> {
    concerns.iter().map(ToString::to_string).collect()
}

#[track_caller]
fn told(entries: &[Entry], expected: &[&str]) -> Vec<Concern> {
    let concerns = check(entries, &Known::default(), NOW);
    assert_eq!(shown(&concerns), expected);
    concerns
}

#[track_caller]
fn answer(answer: &str, expected: &[&str]) -> Vec<Concern> {
    let concerns = check(
        &[entry("A1", "问一下", &[], answer)],
        &Known::default(),
        NOW,
    );
    let expected: Vec<String> = expected
        .iter()
        .map(|words| words.replacen(": ", ": `A1`, answer: ", 1))
        .collect();
    assert_eq!(shown(&concerns), expected);
    concerns
}

#[test]
fn a_sound_base_gives_no_concern() {
    told(
        &[
            entry("A1", "怎么退货", &["我要退"], "七天内可以退。"),
            entry("A2", "几点上班", &[], "九点。"),
        ],
        &[],
    );
    told(&[], &[]);
}

#[test]
fn the_samples_have_no_errors() {
    for (name, content) in [
        (
            "appliance.csv",
            &include_bytes!("../../../knowledge/appliance.csv")[..],
        ),
        (
            "ecommerce.csv",
            &include_bytes!("../../../knowledge/ecommerce.csv")[..],
        ),
        (
            "service.csv",
            &include_bytes!("../../../knowledge/service.csv")[..],
        ),
    ] {
        let base = parse_csv(name, content).expect("sound");
        assert_eq!(
            shown(&check(&base.entries, &Known::default(), NOW)),
            [""; 0],
            "{name}"
        );
    }
}

#[test]
fn ids_and_fields_must_be_there() {
    told(
        &[
            entry("", "怎么退货", &[], "七天内。"),
            entry("A 1", "几点上班", &[""], "九点。"),
            entry("A2", " ", &[], ""),
            entry("A2", "在哪里", &[], "在哪里？"),
        ],
        &[
            "error: ``, id: is empty",
            "error: `A 1`, id: has a space in it",
            "error: `A 1`, similar_questions: one of them is empty",
            "error: `A2`, question: is empty",
            "error: `A2`, answer: is empty",
            "error: `A2`, id: is the id of ` ` already",
            "error: `A2`, answer: is the question itself",
        ],
    );
    let long = "长".repeat(65);
    told(
        &[entry(&long, "问", &[], "答。")],
        &[&format!(
            "error: `{long}`, id: is longer than 64 characters"
        )],
    );
}

#[test]
fn duplicates_are_told_of_both() {
    let concerns = told(
        &[
            entry("A1", "怎么退货", &["能退吗", "能退吗？"], "七天内。"),
            entry("A2", "怎么 退货？", &[], "七天内。"),
            entry("A3", "退货", &["能退吗"], "不能退。"),
            entry("A4", "退货", &[], "不能。"),
        ],
        &[
            "warning: `A1`, similar_questions: `能退吗？` is there twice",
            "error: `A2`, question: `怎么 退货？` is asked of `A1` too",
            "error: `A3`, similar_questions: `能退吗` is asked of `A1` too, which says something else",
            "error: `A4`, question: `退货` is asked of `A3` too, which says something else",
        ],
    );
    let ids: Vec<&str> = concerns[1].entries.iter().map(EntryId::as_str).collect();
    assert_eq!(ids, ["A2", "A1"]);
    let entry = EntryId::new("A1");
    assert_eq!(concerns[1].fix, Some(Fix::MergeInto { entry }));
    let phrasing = "能退吗".to_owned();
    assert_eq!(concerns[2].fix, Some(Fix::RemovePhrasing { phrasing }));
    assert_eq!(concerns[3].kind, ConcernKind::TwoAnswers);
}

#[test]
fn answers_of_different_times_are_no_duplicates() {
    let old = |until| between(entry("A1", "多少钱", &[], "十元。"), None, Some(until));
    let new = between(
        entry("A2", "多少钱", &[], "九元。"),
        Some("2026-11-01T00:00"),
        None,
    );
    told(
        &[old("2026-11-01T00:00"), new.clone()],
        &["warning: `A2`, takes_effect: is not answered with before 2026-11-01T00:00:00"],
    );
    told(
        &[old("2026-11-02T00:00"), new],
        &[
            "error: `A2`, question: `多少钱` is asked of `A1` too, which says something else",
            "warning: `A2`, takes_effect: is not answered with before 2026-11-01T00:00:00",
        ],
    );
    // What is over is in nobody's way.
    told(
        &[
            old("2026-09-01T00:00"),
            entry("A3", "多少钱", &[], "九元。"),
        ],
        &["warning: `A1`, expires: is over since 2026-09-01T00:00:00"],
    );
    told(
        &[between(
            entry("A1", "多少钱", &[], "十元。"),
            Some("2026-11-01T00:00"),
            Some("2026-11-01T00:00"),
        )],
        &[
            "error: `A1`, expires: 2026-11-01T00:00:00 is not after 2026-11-01T00:00:00, when it takes effect",
        ],
    );
}

#[test]
fn near_duplicates_are_told_once_a_pair() {
    told(
        &[
            entry("A1", "怎么办理退款手续", &["空调不制冷怎么办"], "一。"),
            entry(
                "A2",
                "请问如何办理退款手续",
                &["空调不制冷了怎么办呢"],
                "二。",
            ),
            entry("A3", "冰箱不制冷怎么办", &[], "三。"),
        ],
        &["warning: `A2`, question: `请问如何办理退款手续` is nearly `怎么办理退款手续` of `A1`"],
    );
}

#[test]
fn long_answers_come_with_a_split() {
    let long = format!("{}。{}。", "甲".repeat(40), "乙".repeat(40));
    let concerns = answer(
        &long,
        &["error: has 82 characters; 67 can be spoken in 15 s"],
    );
    let parts = vec![
        format!("{}。", "甲".repeat(40)),
        format!("{}。", "乙".repeat(40)),
    ];
    assert_eq!(concerns[0].fix, Some(Fix::Split { parts }));
    let text = format!("{}2026-12-31到2026-12-31。", "甲".repeat(44));
    assert!(text.chars().count() <= LONGEST_ANSWER);
    answer(
        &text,
        &["warning: is spoken as 70 characters, as numbers are said; 67 can be spoken in 15 s"],
    );
}

#[test]
fn what_an_answer_must_not_have_is_told() {
    answer(
        "详见附件，或者打开www.a.com。",
        &[
            "warning: `www.a.com` cannot be spoken; callers can be sent it as a text message",
            "warning: `见附件`: a caller sees nothing",
        ],
    );
    let concerns = answer("**好**", &["error: has the mark `**` of Markdown"]);
    let text = "好。".to_owned();
    assert_eq!(concerns[0].fix, Some(Fix::Replace { text }));
    answer("价格XX元。", &["error: `XX` was to be filled in"]);
    answer(
        "全国第一。",
        &["warning: `第一` is an absolute claim, which advertising must not make (广告法 第九条)"],
    );
    answer(
        "打13800138000。",
        &["warning: `138****8000` looks like a mobile number; every caller would hear it"],
    );
}

#[test]
fn actions_must_be_known() {
    let with = |action: &str| {
        let mut entry = entry("A1", "问", &[], "答。");
        entry.action = action.parse().expect("an action");
        entry
    };
    let set = |names: &[&str]| Some(names.iter().map(|name| (*name).to_owned()).collect());
    let known = Known {
        skills: set(&["after_sales"]),
        actions: set(&["lookup:order", "ticket:repair"]),
    };
    for (action, expected) in [
        ("answer", None),
        ("escalate:safety", None),
        ("transfer:after_sales", None),
        ("lookup:order", None),
        (
            "transfer:aftersales",
            Some((
                "no agent has the skill `aftersales`",
                Some("transfer:after_sales"),
            )),
        ),
        (
            "lookup:orders",
            Some(("nothing answers to `lookup:orders`", Some("lookup:order"))),
        ),
        (
            "sms:manual",
            Some(("nothing answers to `sms:manual`", None)),
        ),
    ] {
        let entries = [with(action)];
        let concerns = check(&entries, &known, NOW);
        let expected: Vec<(String, Option<Fix>)> = expected
            .into_iter()
            .map(|(words, fix)| {
                let fix = fix.map(|text| Fix::Replace {
                    text: text.to_owned(),
                });
                (words.to_owned(), fix)
            })
            .collect();
        let found: Vec<(String, Option<Fix>)> = concerns
            .into_iter()
            .map(|concern| (concern.words, concern.fix))
            .collect();
        assert_eq!(found, expected, "{action}");
        assert_eq!(check(&entries, &Known::default(), NOW), [], "{action}");
    }
}

#[test]
fn concerns_are_written_and_read() {
    let concerns = answer("**好**", &["error: has the mark `**` of Markdown"]);
    let json = serde_json::to_string(&concerns).expect("JSON");
    assert_eq!(
        json,
        r#"[{"severity":"error","kind":"unspeakable","entries":["A1"],"field":"answer","words":"has the mark `**` of Markdown","fix":{"kind":"replace","text":"好。"}}]"#
    );
    assert_eq!(
        serde_json::from_str::<Vec<Concern>>(&json).expect("JSON"),
        concerns
    );
}
