//! From what a caller said to a finding: one question or two, each with what it follows.

use super::{
    MAX_CHOICES, Query, Ranking, follow_up,
    questions::split_questions,
    verdict::{ALIKE_AT_HEART, judge},
};
use crate::{
    entry::{Candidate, Context, Finding, Verdict},
    ids::KnowledgeVersion,
    pii::Pii,
};

/// Questions of one utterance that are looked up; a caller does not wait for more answers.
const MOST_QUESTIONS: usize = 3;

/// What `index` makes of `query`.
pub(super) fn finding(index: &dyn Ranking, version: &KnowledgeVersion, query: &Query) -> Finding {
    let text = query.text.expose();
    let whole = verdict(index, text, query.context.as_ref(), query);
    let parts = split_questions(text);
    let (verdict, second) = match parts.len() {
        0 | 1 => (whole, None),
        _ => several(index, whole, &parts, query),
    };
    Finding {
        verdict,
        version: version.clone(),
        second,
    }
}

/// The answers to the parts of an utterance: to two of them, or to all of it as one question, or to the one that has one.
fn several(
    index: &dyn Ranking,
    whole: Verdict,
    parts: &[&str],
    query: &Query,
) -> (Verdict, Option<Candidate>) {
    // 还有 can be a word of the question itself.
    if is_literal(&whole) {
        return (whole, None);
    }
    let mut context = query.context.clone();
    let mut answers: Vec<Candidate> = Vec::new();
    for part in parts.iter().take(MOST_QUESTIONS) {
        let Verdict::Answer { candidate } = verdict(index, part, context.as_ref(), query) else {
            continue;
        };
        context = Some(Context {
            question: Pii::new((*part).to_owned()),
            entry: candidate.entry.clone(),
        });
        if !answers
            .iter()
            .any(|known| known.entry.id == candidate.entry.id)
        {
            answers.push(candidate);
        }
    }
    let mut answers = answers.into_iter();
    match (answers.next(), answers.next(), whole) {
        (Some(candidate), second @ Some(_), _) => (Verdict::Answer { candidate }, second),
        (_, _, whole @ Verdict::Answer { .. }) | (None, _, whole) => (whole, None),
        (Some(candidate), None, _) => (Verdict::Answer { candidate }, None),
    }
}

/// The verdict on one question.
fn verdict(
    index: &dyn Ranking,
    question: &str,
    context: Option<&Context>,
    query: &Query,
) -> Verdict {
    let now = query.now;
    let ranked = index.rank_at(question, MAX_CHOICES + 1, Some(now));
    let plain = judge(index.config(), ranked);
    if is_literal(&plain) {
        return plain;
    }
    let followed = context.and_then(|context| follow_up::answer(index, question, context, now));
    followed.map_or(plain, |candidate| Verdict::Answer { candidate })
}

/// Whether a question is a phrasing, by character or by sound.
fn is_literal(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Answer { candidate } if candidate.score >= ALIKE_AT_HEART)
}
