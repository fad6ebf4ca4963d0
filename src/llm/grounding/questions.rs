//! Questions that a model writes, which claim nothing: whether they hold only what was said before.

use super::{
    canonical::canonical,
    is_unspeakable,
    part::{Part, Word, contains},
};

/// Whether `text` says nothing that `sources` do not say, word by word and number by number; in which order does not count.
/// With `all_of`: its names and numbers must all be in `text`. For questions, which claim nothing.
pub(in crate::llm) fn is_drawn_from(text: &str, sources: &[&str], all_of: &str) -> bool {
    if text.chars().any(is_unspeakable) {
        return false;
    }
    let part = Part::new(&canonical(text));
    let known: Vec<Part> = sources
        .iter()
        .map(|source| Part::new(&canonical(source)))
        .collect();
    let wanted = Part::new(&canonical(all_of));
    let has =
        |parts: &[Part], word: &Word| parts.iter().any(|known| contains(&known.text, &word.text));
    let has_fact = |parts: &[Part], fact: &str| {
        asks(fact)
            || parts
                .iter()
                .any(|known| known.facts().any(|known| known == fact))
    };
    let draws = part
        .words
        .iter()
        .all(|word| word.counts || has(&known, word))
        && part.facts().all(|fact| has_fact(&known, fact));
    let part = std::slice::from_ref(&part);
    draws
        && wanted
            .words
            .iter()
            .filter(|word| word.names && !word.counts)
            .all(|word| has(part, word))
        && wanted.facts().all(|fact| has_fact(part, fact))
}

/// Whether every number of the question `text` is in `sources`.
pub(in crate::llm) fn adds_no_fact(text: &str, sources: &[&str]) -> bool {
    let part = Part::new(&canonical(text));
    let known: Vec<Part> = sources
        .iter()
        .map(|source| Part::new(&canonical(source)))
        .collect();
    !text.chars().any(is_unspeakable)
        && part.facts().all(|fact| {
            asks(fact)
                || known
                    .iter()
                    .any(|known| known.facts().any(|known| known == fact))
        })
}

/// Whether a fact is none in a question: 几年, 几块.
fn asks(fact: &str) -> bool {
    fact.starts_with('几')
}
