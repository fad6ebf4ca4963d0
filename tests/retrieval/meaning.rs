//! By words and the bundled encoder.

use std::{path::Path, sync::Arc};

use yingda::{
    embedding::{Remembering, TextEncoder, compact::CompactModel},
    entry::Entry,
    ids::KnowledgeVersion,
    retrieval::{HybridIndex, RetrievalConfig},
};

use super::{
    at_least, at_most, businesses, heard_paraphrases, heard_strangers,
    known_questions_are_answered, misheard, noise_is_no_question, paraphrases, strangers,
};

pub(super) fn encoder() -> Arc<dyn TextEncoder> {
    let file = Path::new("models/yingda-encoder.safetensors");
    let encoder = CompactModel::load(file).unwrap_or_else(|error| panic!("{error}"));
    Arc::new(Remembering::new(Arc::new(encoder)))
}

pub(super) fn index(encoder: &Arc<dyn TextEncoder>, entries: &[Entry]) -> HybridIndex {
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
    known_questions_are_answered(|entries| index(&encoder, entries));
}

#[test]
fn paraphrases_are_found_and_rarely_answered_wrong() {
    let encoder = encoder();
    let report = paraphrases(|entries| index(&encoder, entries));
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
    let encoder = encoder();
    let report = strangers(|entries| index(&encoder, entries));
    at_most("answered", &report, report.wrong, 3.0);
    at_most("clarified", &report, report.clarified, 10.0);
}

#[test]
fn what_is_heard_is_found_and_rarely_answered_wrong() {
    let encoder = encoder();
    let report = heard_paraphrases(|entries| index(&encoder, entries));
    at_most("wrong", &report, report.wrong, 4.0);
    at_least("hit@1", &report, report.hit_at_1, 70.0);
    at_least("answered", &report, report.answered, 45.0);
    let report = heard_strangers(|entries| index(&encoder, entries));
    at_most("answered", &report, report.wrong, 3.0);
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
    noise_is_no_question(&index(&encoder(), &businesses()[0]));
}
