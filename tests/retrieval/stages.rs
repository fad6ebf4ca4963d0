//! Two stages find what looking at every entry finds.

use std::sync::Arc;

use yingda::{
    embedding::{TextEncoder, compact::CompactModel, fake::FakeEncoder},
    entry::{Candidate, Entry},
    ids::{EntryId, KnowledgeVersion},
    retrieval::{
        HybridIndex, MAX_CHOICES, Ranking, RetrievalConfig,
        evaluation::{Case, Mishearing, Synthetic, verbatim},
        propose_phrasings,
    },
};

use super::{businesses, meaning, out_of_scope};

fn first(ranked: &[Candidate]) -> Option<&EntryId> {
    ranked.first().map(|found| &found.entry.id)
}

#[test]
fn the_samples_are_searched_as_if_every_entry_were_looked_at() {
    let encoder = meaning::encoder();
    let businesses = businesses();
    // One base of all three, so that recall has something to leave out.
    let all: Vec<Entry> = businesses.iter().flatten().cloned().collect();
    assert!(all.len() > yingda::retrieval::RECALLED);
    let questions: Vec<Case> = verbatim(&all).into_iter().chain(out_of_scope()).collect();
    let language: String = questions
        .iter()
        .map(|case| case.question.as_str())
        .collect();
    let mut mishearing = Mishearing::new(1, &language, 0.1, 0.04);
    let misheard: Vec<String> = questions
        .iter()
        .map(|case| mishearing.of(&case.question))
        .collect();
    let asked = || {
        let plain = questions.iter().map(|case| case.question.as_str());
        plain.chain(misheard.iter().map(String::as_str))
    };
    let most = MAX_CHOICES + 1;
    for entries in &businesses {
        let index = meaning::index(&encoder, entries);
        let lexical = index.lexical();
        for question in asked() {
            let exact = index.rank_exhaustively(question, most);
            assert_eq!(index.rank(question, most), exact, "{question}");
            let exact = lexical.rank_exhaustively(question, most);
            assert_eq!(lexical.rank(question, most), exact, "{question}");
        }
    }
    // What ranks fourth, far behind, may be another.
    let index = meaning::index(&encoder, &all);
    let mut different = 0;
    for question in asked() {
        let (quick, exact) = (
            index.rank(question, most),
            index.rank_exhaustively(question, most),
        );
        assert_eq!(quick.first(), exact.first(), "{question}");
        different += usize::from(quick[..quick.len().min(3)] != exact[..exact.len().min(3)]);
    }
    println!(
        "of {}: {different} with another second or third",
        asked().count()
    );
    assert!(different * 100 <= asked().count());
}

/// The bundled encoder takes a minute for so many phrasings in a build that is not optimised; likeness by characters is as hard
/// to recall by.
#[test]
fn ten_thousand_entries_have_the_same_first_answers() {
    let base = Synthetic::new(5, 10_000, 3, 250);
    let encoder: Arc<dyn TextEncoder> = Arc::new(FakeEncoder::default());
    let version = KnowledgeVersion::new("synthetic");
    let config = RetrievalConfig::default();
    let index = HybridIndex::build(version, base.entries, config, encoder)
        .unwrap_or_else(|error| panic!("{error}"));
    let (mut same, mut by_words, mut right) = (0, 0, 0);
    for case in &base.questions {
        let question = case.question.as_str();
        let (quick, exact) = (
            index.rank(question, 4),
            index.rank_exhaustively(question, 4),
        );
        same += usize::from(first(&quick) == first(&exact));
        right += usize::from(first(&quick) == case.expected.as_ref());
        let lexical = index.lexical();
        let (quick, exact) = (
            lexical.rank(question, 4),
            lexical.rank_exhaustively(question, 4),
        );
        by_words += usize::from(first(&quick) == first(&exact));
    }
    let all = base.questions.len();
    println!("of {all}: {same} the same, {by_words} by words alone; {right} right");
    assert!(same * 1000 >= all * 995 && by_words * 1000 >= all * 995);
}

#[test]
fn what_is_proposed_raises_what_is_found() {
    let encoder: Arc<dyn TextEncoder> = Arc::new(
        CompactModel::load(std::path::Path::new("models/yingda-encoder.safetensors"))
            .unwrap_or_else(|error| panic!("{error}")),
    );
    let (mut entries_with, mut all) = (0, 0);
    for entries in businesses() {
        let index = meaning::index(&encoder, &entries);
        let proposals = propose_phrasings(&index, &entries, |_| true);
        for entry in &entries {
            let own = proposals.iter().filter(|one| one.entry == entry.id);
            entries_with += usize::from(own.count() > 0);
            all += 1;
        }
        // Taken up, they cost no known question its answer.
        let mut taught = entries.clone();
        for proposal in proposals {
            let entry = taught.iter_mut().find(|entry| entry.id == proposal.entry);
            let entry = entry.expect("it is proposed for an entry");
            entry.similar_questions.push(proposal.phrasing);
        }
        let index = meaning::index(&encoder, &taught);
        for case in verbatim(&taught) {
            let ranked = index.rank(&case.question, 1);
            assert_eq!(first(&ranked), case.expected.as_ref(), "{case:?}");
        }
    }
    println!("proposals for {entries_with} of {all} entries");
    assert!(entries_with * 10 >= all * 8);
}
