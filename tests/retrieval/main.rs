//! What the embedded indexes make of the sample businesses: known questions, paraphrases, recognition errors, and questions
//! that are none of their business. The numbers are printed; `cargo test --test retrieval -- --nocapture` shows them.

#![allow(
    clippy::disallowed_methods,
    reason = "one test prints how long a search takes"
)]

mod asking;
mod meaning;
mod qdrant;
mod stages;
mod words;

use yingda::{
    entry::{Entry, Verdict},
    knowledge::parse_csv,
    retrieval::{
        Ranking,
        evaluation::{
            Case, Heard, LeftOut, Mishearing, OutOfScope, Report, leave_one_out, verbatim,
            without_one,
        },
    },
};

const OUT_OF_SCOPE: &str = include_str!("../fixtures/out_of_scope.txt");

fn businesses() -> Vec<Vec<Entry>> {
    [
        include_str!("../../knowledge/appliance.csv"),
        include_str!("../../knowledge/ecommerce.csv"),
        include_str!("../../knowledge/service.csv"),
    ]
    .into_iter()
    .map(|sheet| {
        parse_csv("sample", sheet.as_bytes())
            .unwrap_or_else(|error| panic!("{error}"))
            .entries
    })
    .collect()
}

/// What is none of the businesses' business.
fn out_of_scope() -> Vec<Case> {
    let questions = OutOfScope::parse("out_of_scope.txt", OUT_OF_SCOPE);
    let questions = questions.unwrap_or_else(|error| panic!("{error}"));
    assert!(questions.len() >= 260);
    let case = |one: OutOfScope| Case {
        question: one.question,
        expected: None,
    };
    questions.into_iter().map(case).collect()
}

/// What the bundled recogniser heard of every question, over a line that lost 3 % of its packets. Made by
/// `yingda eval hear --knowledge knowledge/*.csv --out-of-scope tests/fixtures/out_of_scope.txt --out tests/fixtures/heard.tsv`.
fn as_heard(cases: Vec<Case>) -> Vec<Case> {
    let heard = include_str!("../fixtures/heard.tsv");
    let heard = Heard::parse("heard.tsv", heard).unwrap_or_else(|error| panic!("{error}"));
    let case = |case: Case| {
        let heard = heard.of(&case);
        heard.unwrap_or_else(|| panic!("{} was not asked: make the file again", case.question))
    };
    cases.into_iter().map(case).collect()
}

/// Each similar question as it was heard, asked of an index that lacks it.
fn heard_paraphrases<I: Ranking>(index: impl Fn(&[Entry]) -> I) -> Report {
    let mut report = Report::default();
    for entries in businesses() {
        let left_out = LeftOut::SimilarQuestions;
        for (index, case) in without_one(&entries, left_out, |rest| index(&rest)) {
            for case in as_heard(vec![case]) {
                report.add(&index, &case);
            }
        }
    }
    println!("heard paraphrases: {report}\n{:#?}", report.mistakes);
    report
}

/// What is none of the businesses' business as it was heard, asked of each.
fn heard_strangers<I: Ranking>(index: impl Fn(&[Entry]) -> I) -> Report {
    let cases = as_heard(out_of_scope());
    let reports = businesses()
        .into_iter()
        .map(|entries| Report::of(&index(&entries), &cases));
    let report = total(reports);
    println!("heard out of scope: {report}\n{:#?}", report.mistakes);
    report
}

/// Known questions with homophones and lost characters, five seeds.
fn misheard<I: Ranking>(index: impl Fn(&[Entry]) -> I, replaced: f64, lost: f64) -> Report {
    let businesses = businesses();
    let language: String = businesses
        .iter()
        .flatten()
        .flat_map(|entry| [entry.question.clone(), entry.answer.clone()])
        .collect();
    let mut reports = Vec::new();
    for entries in &businesses {
        let index = index(entries);
        for seed in 0..5 {
            let mut mishearing = Mishearing::new(seed, &language, replaced, lost);
            let heard: Vec<Case> = verbatim(entries)
                .iter()
                .map(|case| Case {
                    question: mishearing.of(&case.question),
                    expected: case.expected.clone(),
                })
                .collect();
            reports.push(Report::of(&index, &heard));
        }
    }
    total(reports)
}

/// Every known phrasing is answered with its entry.
fn known_questions_are_answered<I: Ranking>(index: impl Fn(&[Entry]) -> I) {
    for entries in businesses() {
        let report = Report::of(&index(&entries), &verbatim(&entries));
        assert_eq!(
            report.answered, report.cases,
            "{report}\n{:#?}",
            report.mistakes
        );
    }
}

/// Each similar question, asked of an index that lacks it.
fn paraphrases<I: Ranking>(index: impl Fn(&[Entry]) -> I) -> Report {
    let report = total(
        businesses()
            .iter()
            .map(|entries| leave_one_out(entries, |rest| index(&rest))),
    );
    println!("paraphrases: {report}\n{:#?}", report.mistakes);
    report
}

/// What is none of the businesses' business, asked of each.
fn strangers<I: Ranking>(index: impl Fn(&[Entry]) -> I) -> Report {
    let cases = out_of_scope();
    let report = total(
        businesses()
            .iter()
            .map(|entries| Report::of(&index(entries), &cases)),
    );
    println!("out of scope: {report}\n{:#?}", report.mistakes);
    report
}

fn noise_is_no_question(index: &dyn Ranking) {
    for question in [
        "",
        " ",
        "。",
        "嗯",
        "那个那个",
        "喂你好",
        "\u{0}\u{200b}",
        "怎么",
        "吗",
        "的",
    ] {
        let verdict = index.verdict(question);
        assert!(
            matches!(verdict, Verdict::Abstain { .. }),
            "{question:?}: {verdict:?}"
        );
    }
}

fn total(reports: impl IntoIterator<Item = Report>) -> Report {
    reports.into_iter().fold(Report::default(), Report::and)
}

#[track_caller]
fn at_most(what: &str, report: &Report, part: usize, percent: f64) {
    let is = report.percent(part);
    assert!(
        is <= percent,
        "{what}: {is:.1} % > {percent} %\n{report}\n{:#?}",
        report.mistakes
    );
}

#[track_caller]
fn at_least(what: &str, report: &Report, part: usize, percent: f64) {
    let is = report.percent(part);
    assert!(
        is >= percent,
        "{what}: {is:.1} % < {percent} %\n{report}\n{:#?}",
        report.mistakes
    );
}
