//! By words and the bundled encoder, as a call asks.

use std::{path::Path, sync::Arc};

use yingda::{
    embedding::{Remembering, TextEncoder, compact::CompactModel},
    entry::{Entry, Verdict},
    ids::KnowledgeVersion,
    retrieval::{
        HybridIndex, Ranking, RetrievalConfig,
        evaluation::{Report, leave_one_out, verbatim},
    },
};

use super::{at_least, at_most, businesses, misheard, out_of_scope, total};

fn encoder() -> Arc<dyn TextEncoder> {
    let file = Path::new("models/yingda-encoder.safetensors");
    let encoder = CompactModel::load(file).unwrap_or_else(|error| panic!("{error}"));
    Arc::new(Remembering::new(Arc::new(encoder)))
}

fn index(encoder: &Arc<dyn TextEncoder>, entries: &[Entry]) -> HybridIndex {
    HybridIndex::build(
        KnowledgeVersion::new("sample"),
        entries.to_vec(),
        RetrievalConfig::default(),
        encoder.clone(),
    )
    .unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn every_known_question_is_answered() {
    let encoder = encoder();
    for entries in businesses() {
        let report = Report::of(&index(&encoder, &entries), &verbatim(&entries));
        assert_eq!(
            report.answered, report.cases,
            "{report}\n{:#?}",
            report.mistakes
        );
    }
}

#[test]
fn paraphrases_are_found_and_rarely_answered_wrong() {
    let encoder = encoder();
    let report = total(
        businesses()
            .iter()
            .map(|entries| leave_one_out(entries, |rest| index(&encoder, &rest))),
    );
    println!("paraphrases: {report}\n{:#?}", report.mistakes);
    at_most("wrong", &report, report.wrong, 3.0);
    at_least("hit@1", &report, report.hit_at_1, 80.0);
    at_least("hit@3", &report, report.hit_at_3, 93.0);
    at_least("answered", &report, report.answered, 50.0);
    at_least(
        "answered or offered",
        &report,
        report.answered + report.clarified_right,
        75.0,
    );
}

#[test]
fn what_is_out_of_scope_is_not_answered() {
    let (encoder, cases) = (encoder(), out_of_scope());
    let report = total(
        businesses()
            .iter()
            .map(|entries| Report::of(&index(&encoder, entries), &cases)),
    );
    println!("out of scope: {report}\n{:#?}", report.mistakes);
    at_most("answered", &report, report.wrong, 3.0);
    at_most("clarified", &report, report.clarified, 10.0);
}

#[test]
fn recognition_errors_rarely_change_the_answer() {
    let encoder = encoder();
    let report = misheard(|entries| index(&encoder, entries), 0.1, 0.04);
    println!(
        "one character in ten a homophone, one in 25 lost: {report}\n{:#?}",
        report.mistakes
    );
    at_least("answered", &report, report.answered, 97.5);
    at_most("wrong", &report, report.wrong, 1.0);
}

#[test]
fn noise_is_not_a_question() {
    let index = index(&encoder(), &businesses()[0]);
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
