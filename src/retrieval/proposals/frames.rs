//! What stands around what a question asks about (怎么X, X的方法), and which of these ask the same.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    entry::Entry,
    retrieval::lexicon::{Kind, PARAPHRASES, name_of, tagged},
};

/// A learnt pattern is one that so many entries have.
const LEAST_ENTRIES: usize = 2;
/// What stands around the core of a pattern, in characters.
const LONGEST_FRAME: usize = 8;
/// The shortest core, in characters.
const SHORTEST_CORE: usize = 2;

/// What stands before and after what is asked about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Frame {
    before: String,
    after: String,
}

/// Without what ends a sentence.
pub(super) fn plain(phrasing: &str) -> &str {
    phrasing.trim_matches(|symbol: char| !symbol.is_alphanumeric())
}

/// The frames that `phrasing` is in, with what is asked about: of frames within one another the largest.
pub(super) fn framed<'f, 'p>(
    phrasing: &'p str,
    frames: &'f BTreeMap<Frame, Vec<Frame>>,
) -> Option<(&'f Frame, &'p str)> {
    let fitting = frames.keys().filter_map(|frame| {
        let rest = phrasing.strip_prefix(frame.before.as_str())?;
        let core = rest.strip_suffix(frame.after.as_str())?;
        let is_core = core.chars().count() >= SHORTEST_CORE && means(core);
        is_core.then_some((frame, core))
    });
    fitting.min_by_key(|(_, core)| core.len())
}

/// Whether a text says what is asked about.
fn means(text: &str) -> bool {
    let mut words = tagged(text).into_iter();
    words.any(|(_, kind)| kind != Kind::Function)
}

/// The frames of the list, each with the others of its class.
pub(super) fn listed() -> BTreeMap<Frame, Vec<Frame>> {
    let mut listed: BTreeMap<Frame, Vec<Frame>> = BTreeMap::new();
    for class in PARAPHRASES.iter() {
        let frames: Vec<Frame> = class.iter().filter_map(|way| Frame::parse(way)).collect();
        for frame in &frames {
            let others = frames.iter().filter(|other| *other != frame).cloned();
            listed.entry(frame.clone()).or_default().extend(others);
        }
    }
    listed
}

/// The frames by which several entries differ from their own similar questions, with those that they become.
pub(super) fn learnt<'e>(entries: impl Iterator<Item = &'e Entry>) -> BTreeMap<Frame, Vec<Frame>> {
    let mut seen: BTreeMap<(Frame, Frame), BTreeSet<&str>> = BTreeMap::new();
    for entry in entries {
        let phrasings: Vec<&str> = entry.phrasings().map(plain).collect();
        for (at, one) in phrasings.iter().enumerate() {
            for other in &phrasings[at + 1..] {
                let Some((from, to)) = frames_of(one, other) else {
                    continue;
                };
                for pair in [(from.clone(), to.clone()), (to, from)] {
                    seen.entry(pair).or_default().insert(entry.id.as_str());
                }
            }
        }
    }
    let mut learnt: BTreeMap<Frame, Vec<(usize, Frame)>> = BTreeMap::new();
    for ((from, to), holders) in seen {
        if holders.len() >= LEAST_ENTRIES {
            learnt.entry(from).or_default().push((holders.len(), to));
        }
    }
    learnt
        .into_iter()
        .map(|(from, mut to)| {
            // The most usual first; equals in the order of their text.
            to.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
            (from, to.into_iter().map(|(_, frame)| frame).collect())
        })
        .collect()
}

/// What stands around the longest text that two phrasings share, if that is all that they differ by and it says little.
fn frames_of(one: &str, other: &str) -> Option<(Frame, Frame)> {
    let core = longest_common(one, other)?;
    let frame = |text: &str| {
        let (before, after) = text.split_once(core)?;
        let short = [before, after]
            .iter()
            .all(|part| part.chars().count() <= LONGEST_FRAME);
        let little = !means_a_thing(before) && !means_a_thing(after);
        let something = !before.is_empty() || !after.is_empty();
        (short && little && something).then(|| Frame {
            before: before.to_owned(),
            after: after.to_owned(),
        })
    };
    let (from, to) = (frame(one)?, frame(other)?);
    (from != to && means(core)).then_some((from, to))
}

/// Whether a part of a frame speaks of something that other entries do not.
fn means_a_thing(part: &str) -> bool {
    let about = [Kind::Thing, Kind::Place, Kind::Time];
    tagged(part)
        .into_iter()
        .any(|(word, kind)| about.contains(&kind) && name_of(word) == word)
}

/// The longest text of [`SHORTEST_CORE`] characters or more that stands in both; the first of equals.
fn longest_common<'a>(one: &'a str, other: &str) -> Option<&'a str> {
    let starts: Vec<usize> = one
        .char_indices()
        .map(|(at, _)| at)
        .chain([one.len()])
        .collect();
    let mut longest: Option<&str> = None;
    for (number, &start) in starts.iter().enumerate() {
        for &end in starts.iter().skip(number + SHORTEST_CORE) {
            let part = &one[start..end];
            if !other.contains(part) {
                break;
            }
            if longest.is_none_or(|longest| part.len() > longest.len()) {
                longest = Some(part);
            }
        }
    }
    longest
}

impl Frame {
    /// Of a text with `{}`.
    fn parse(way: &str) -> Option<Self> {
        let (before, after) = way.split_once("{}")?;
        Some(Self {
            before: before.to_owned(),
            after: after.to_owned(),
        })
    }

    pub(super) fn around(&self, core: &str) -> String {
        format!("{}{core}{}", self.before, self.after)
    }
}

impl std::fmt::Display for Frame {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}{{}}{}", self.before, self.after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_say_nothing_of_their_own() {
        #[track_caller]
        fn check(one: &str, other: &str, expected: Option<(&str, &str)>) {
            let found = frames_of(one, other).map(|(from, to)| (from.to_string(), to.to_string()));
            let expected = expected.map(|(from, to)| (from.to_owned(), to.to_owned()));
            assert_eq!(found, expected, "{one} {other}");
        }
        check("怎么申请退货", "如何申请退货", Some(("怎么{}", "如何{}")));
        check("空调保修多久", "冰箱保修多久", None);
        check("怎么退货", "怎么退货", None);
        check("开发票", "查余额", None);
    }
}
