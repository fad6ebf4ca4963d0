//! Entries that are asked for in the same words, or nearly.

use std::collections::{HashMap, HashSet};

use super::{Checking, ConcernKind, Field, Fix, Severity, alike::alike};
use crate::{entry::Validity, knowledge::normal::normalised};

/// The most entries that are told to be nearly the same as one.
const MOST_NEAR: usize = 5;

/// A phrasing and whose it is.
struct Phrasing<'a> {
    text: &'a str,
    normal: String,
    /// The place of its entry.
    owner: usize,
    field: Field,
}

pub(super) fn check(checking: &mut Checking) {
    let entries = checking.entries;
    let phrasings: Vec<Phrasing> = entries
        .iter()
        .enumerate()
        .flat_map(|(owner, entry)| {
            entry
                .phrasings()
                .enumerate()
                .map(move |(number, text)| Phrasing {
                    text,
                    normal: normalised(text),
                    owner,
                    field: match number {
                        0 => Field::Question,
                        _ => Field::SimilarQuestions,
                    },
                })
        })
        .filter(|phrasing| !phrasing.normal.is_empty())
        .collect();
    let same = duplicates(checking, &phrasings);
    near_duplicates(checking, &phrasings, &same);
}

/// Whether two entries will be true at one time, now or later. A price until October and one from then on are no duplicates.
fn overlap(checking: &Checking, one: usize, other: usize) -> bool {
    let of = |place: usize| -> Validity { checking.entries[place].validity };
    let (one, other) = (of(one), of(other));
    let from = one
        .takes_effect
        .max(other.takes_effect)
        .max(Some(checking.now));
    [one.expires, other.expires]
        .into_iter()
        .flatten()
        .all(|until| from.is_none_or(|from| from < until))
}

/// Tells of phrasings that two entries have, or one has twice. Returns the pairs of entries, the earlier first.
fn duplicates(checking: &mut Checking, phrasings: &[Phrasing]) -> HashSet<(usize, usize)> {
    let mut owners: HashMap<&str, Vec<&Phrasing>> = HashMap::with_capacity(phrasings.len());
    let mut pairs = HashSet::new();
    for phrasing in phrasings {
        let before = owners.entry(&phrasing.normal).or_default();
        if before.iter().any(|other| other.owner == phrasing.owner) {
            let kind = (Severity::Warning, ConcernKind::Duplicate, phrasing.field);
            let words = format!("`{}` is there twice", phrasing.text);
            let fix = Fix::RemovePhrasing {
                phrasing: phrasing.text.to_owned(),
            };
            checking.add(phrasing.owner, kind, words, Some(fix));
            continue;
        }
        let first = before
            .iter()
            .find(|other| overlap(checking, other.owner, phrasing.owner));
        if let Some(first) = first {
            pairs.insert((first.owner, phrasing.owner));
            tell_duplicate(checking, phrasing, first.owner);
        }
        before.push(phrasing);
    }
    pairs
}

fn tell_duplicate(checking: &mut Checking, phrasing: &Phrasing, first: usize) {
    let (earlier, later) = (&checking.entries[first], &checking.entries[phrasing.owner]);
    let is_same = earlier.answer == later.answer && earlier.action == later.action;
    let (kind, words) = match is_same {
        true => (
            ConcernKind::Duplicate,
            format!("`{}` is asked of `{}` too", phrasing.text, earlier.id),
        ),
        false => (
            ConcernKind::TwoAnswers,
            format!(
                "`{}` is asked of `{}` too, which says something else",
                phrasing.text, earlier.id
            ),
        ),
    };
    let fix = match (phrasing.field, is_same) {
        (Field::SimilarQuestions, _) => Some(Fix::RemovePhrasing {
            phrasing: phrasing.text.to_owned(),
        }),
        (_, true) => Some(Fix::MergeInto {
            entry: earlier.id.clone(),
        }),
        (_, false) => None,
    };
    let kind = (Severity::Error, kind, phrasing.field);
    checking.add_pair(&[phrasing.owner, first], kind, words, fix);
}

fn near_duplicates(
    checking: &mut Checking,
    phrasings: &[Phrasing],
    same: &HashSet<(usize, usize)>,
) {
    let texts: Vec<&str> = phrasings
        .iter()
        .map(|phrasing| phrasing.normal.as_str())
        .collect();
    let mut found = alike(&texts, |one, other| {
        let (longer, shorter) = match texts[one].len() > texts[other].len() {
            true => (phrasings[one].text, phrasings[other].text),
            false => (phrasings[other].text, phrasings[one].text),
        };
        // 退货 and 退货：运费: a part of it by its name.
        let is_part = longer
            .strip_prefix(shorter)
            .is_some_and(|rest| rest.starts_with(['：', ':']));
        let (one, other) = (phrasings[one].owner, phrasings[other].owner);
        !is_part
            && one != other
            && !same.contains(&(one.min(other), one.max(other)))
            && overlap(checking, one, other)
    });
    // The most alike phrasings of two entries stand for both.
    found.sort_by(|one, other| {
        let by_similarity = other.similarity.total_cmp(&one.similarity);
        by_similarity.then(one.pair.cmp(&other.pair))
    });
    let mut told: HashSet<(usize, usize)> = HashSet::new();
    let mut counts: HashMap<usize, usize> = HashMap::new();
    for alike in found {
        let (earlier, later) = (&phrasings[alike.pair.0], &phrasings[alike.pair.1]);
        let count = counts.entry(later.owner).or_default();
        if *count == MOST_NEAR || !told.insert((earlier.owner, later.owner)) {
            continue;
        }
        *count += 1;
        let kind = (Severity::Warning, ConcernKind::NearDuplicate, later.field);
        let words = format!(
            "`{}` is nearly `{}` of `{}`",
            later.text, earlier.text, checking.entries[earlier.owner].id
        );
        checking.add_pair(&[later.owner, earlier.owner], kind, words, None);
    }
}
