//! Further ways to ask for an entry, proposed to the business: callers share few words with what they mean.
//!
//! They come from patterns that ask the same (怎么X, X的方法): those of a list, and those by which entries of the same knowledge
//! base differ from their own similar questions; and from words that stand for one another. A proposal is kept only where the
//! index finds its entry by it, first and clearly, and where nobody knows it yet. The business accepts or strikes it.

use std::{
    borrow::Borrow,
    collections::{BTreeMap, BTreeSet},
};

use serde::{Deserialize, Serialize};

use super::{
    Ranking,
    lexicon::{Kind, PARAPHRASES, name_of, others_of, tagged},
    normal_form::normal_form,
    verdict::ALIKE_AT_HEART,
};
use crate::{entry::Entry, ids::EntryId};

/// Proposals that a business reads through for one entry.
pub const MOST_PROPOSALS: usize = 5;

/// Phrasings of an entry that are tried at most.
const MOST_TRIED: usize = 24;
/// A learnt pattern is one that so many entries have.
const LEAST_ENTRIES: usize = 2;
/// What stands around the core of a pattern, in characters.
const LONGEST_FRAME: usize = 8;
/// The shortest core, in characters.
const SHORTEST_CORE: usize = 2;
/// The longest phrasing that is proposed, in characters.
const LONGEST: usize = 40;

/// A further way to ask for an entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    /// Which entry.
    pub entry: EntryId,
    /// How else it may be asked for.
    pub phrasing: String,
    /// How it was found.
    pub source: ProposalSource,
}

/// How a proposal was found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "source", rename_all = "snake_case")]
pub enum ProposalSource {
    /// Other entries of the same knowledge base are asked for in both ways.
    Neighbours {
        /// The way that the entry has.
        from: String,
        /// The way that is proposed.
        to: String,
    },
    /// Callers use both ways.
    Pattern {
        /// The way that the entry has.
        from: String,
        /// The way that is proposed.
        to: String,
    },
    /// A word was replaced.
    Synonym {
        /// By this one.
        word: String,
        /// In place of this one.
        replaced: String,
    },
}

impl std::fmt::Display for ProposalSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Neighbours { from, to } => write!(f, "as other entries: {from} -> {to}"),
            Self::Pattern { from, to } => write!(f, "as callers say: {from} -> {to}"),
            Self::Synonym { word, replaced } => write!(f, "other word: {replaced} -> {word}"),
        }
    }
}

/// What stands before and after what is asked about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Frame {
    before: String,
    after: String,
}

/// At most [`MOST_PROPOSALS`] for each of `entries` that is `wanted`, in their order; `index` knows all of them, and patterns are
/// learnt from all. The same each time. Some twenty questions are asked for an entry.
pub fn propose_phrasings<E: Borrow<Entry>>(
    index: &dyn Ranking,
    entries: &[E],
    wanted: impl Fn(&Entry) -> bool,
) -> Vec<Proposal> {
    let entries = || entries.iter().map(Borrow::borrow);
    let learnt = learnt(entries());
    let listed = listed();
    let known: BTreeSet<String> = entries()
        .flat_map(Entry::phrasings)
        .map(normal_form)
        .collect();
    let mut taken: BTreeSet<String> = BTreeSet::new();
    let mut proposals = Vec::new();
    for entry in entries().filter(|entry| wanted(entry)) {
        let before = proposals.len();
        let mut tried = 0;
        for (phrasing, source) in candidates(entry, &learnt, &listed) {
            if proposals.len() - before == MOST_PROPOSALS || tried == MOST_TRIED {
                break;
            }
            let form = normal_form(&phrasing);
            if known.contains(&form) || taken.contains(&form) {
                continue;
            }
            tried += 1;
            if finds_clearly(index, entry, &phrasing) {
                taken.insert(form);
                proposals.push(Proposal {
                    entry: entry.id.clone(),
                    phrasing,
                    source,
                });
            }
        }
    }
    proposals
}

/// Whether the index finds the entry by this phrasing, clearly, and not because it knows it: only such a phrasing is proposed.
pub fn finds_clearly(index: &dyn Ranking, entry: &Entry, phrasing: &str) -> bool {
    let ranked = index.rank(phrasing, 2);
    let Some(best) = ranked.first() else {
        return false;
    };
    let lead = best.score - ranked.get(1).map_or(0.0, |next| next.score);
    let config = index.config();
    best.entry.id == entry.id
        && (config.answer..ALIKE_AT_HEART).contains(&best.score)
        && lead >= config.margin
}

/// Other ways to put each phrasing of an entry, the most trustworthy first.
fn candidates(
    entry: &Entry,
    learnt: &BTreeMap<Frame, Vec<Frame>>,
    listed: &BTreeMap<Frame, Vec<Frame>>,
) -> Vec<(String, ProposalSource)> {
    let mut found = Vec::new();
    let phrasings = || entry.phrasings().map(plain);
    for (frames, is_learnt) in [(learnt, true), (listed, false)] {
        for phrasing in phrasings() {
            if let Some((from, core)) = framed(phrasing, frames) {
                for to in &frames[from] {
                    let (from, to_text) = (from.to_string(), to.to_string());
                    let source = match is_learnt {
                        true => ProposalSource::Neighbours { from, to: to_text },
                        false => ProposalSource::Pattern { from, to: to_text },
                    };
                    found.push((to.around(core), source));
                }
            }
        }
    }
    for phrasing in phrasings() {
        for (word, kind) in tagged(phrasing) {
            // Of a single character nobody can say where it is a word.
            let is_word = |word: &str| word.chars().nth(1).is_some();
            if kind == Kind::Function || !is_word(word) {
                continue;
            }
            // 坏了 and 毛病 are of one class and not of one kind.
            let alike = |other: &&str| {
                is_word(other) && matches!(tagged(other)[..], [(_, known)] if known == kind)
            };
            for other in others_of(word).filter(alike).take(2) {
                let source = ProposalSource::Synonym {
                    word: other.to_owned(),
                    replaced: word.to_owned(),
                };
                found.push((phrasing.replacen(word, other, 1), source));
            }
        }
    }
    found.retain(|(phrasing, _)| phrasing.chars().count() <= LONGEST && !stutters(phrasing));
    found
}

/// Whether a word of one or two characters stands twice in a row: 安装要 and 要钱吗 do not join.
fn stutters(phrasing: &str) -> bool {
    let symbols: Vec<char> = phrasing.chars().collect();
    let twice = |length: usize| {
        symbols
            .windows(2 * length)
            .any(|part| part[..length] == part[length..])
    };
    twice(1) || twice(2)
}

/// Without what ends a sentence.
fn plain(phrasing: &str) -> &str {
    phrasing.trim_matches(|symbol: char| !symbol.is_alphanumeric())
}

/// The frames that `phrasing` is in, with what is asked about: of frames within one another the largest.
fn framed<'f, 'p>(
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
fn listed() -> BTreeMap<Frame, Vec<Frame>> {
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
fn learnt<'e>(entries: impl Iterator<Item = &'e Entry>) -> BTreeMap<Frame, Vec<Frame>> {
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

    fn around(&self, core: &str) -> String {
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
    use std::collections::HashSet;

    use super::*;
    use crate::{
        ids::KnowledgeVersion,
        retrieval::{LexicalIndex, RetrievalConfig, fake::FakeIndex},
    };

    fn entries() -> Vec<Entry> {
        let entry = |id: &str, question: &str, similar: &[&str]| {
            let mut entry = FakeIndex::entry(id, question, "好的。");
            entry.similar_questions = similar.iter().map(|&text| text.to_owned()).collect();
            entry
        };
        vec![
            entry("A1", "怎么申请退货？", &["申请退货咋弄"]),
            entry("A2", "怎么开通会员", &["开通会员咋弄"]),
            entry("A3", "怎么清洗滤网", &[]),
            entry("A4", "上门维修收费吗", &[]),
            entry("A5", "滤网多久换一次", &[]),
        ]
    }

    fn proposed(entries: &[Entry]) -> Vec<Proposal> {
        let version = KnowledgeVersion::new("test");
        let config = RetrievalConfig::default();
        let index = LexicalIndex::build(version, entries.to_vec(), config);
        propose_phrasings(&index, entries, |_| true)
    }

    #[test]
    fn ways_are_learnt_from_neighbours_and_taken_from_the_list() {
        let entries = entries();
        let all = proposed(&entries);
        let of = |id: &str| -> Vec<&Proposal> {
            all.iter().filter(|one| one.entry.as_str() == id).collect()
        };
        let first = &of("A3")[0];
        assert_eq!(first.phrasing, "清洗滤网咋弄");
        assert_eq!(
            first.source,
            ProposalSource::Neighbours {
                from: "怎么{}".to_owned(),
                to: "{}咋弄".to_owned(),
            }
        );
        let how = of("A3").iter().any(|one| {
            one.phrasing == "如何清洗滤网" && matches!(one.source, ProposalSource::Pattern { .. })
        });
        assert!(how, "{all:#?}");
        let word = of("A4").iter().any(|one| {
            matches!(&one.source, ProposalSource::Synonym { replaced, .. } if replaced == "上门" || replaced == "维修")
        });
        assert!(word || of("A4").len() == MOST_PROPOSALS, "{all:#?}");
    }

    #[test]
    fn proposals_are_few_new_clear_and_the_same_each_time() {
        let entries = entries();
        let all = proposed(&entries);
        assert_eq!(all, proposed(&entries));
        let known: HashSet<String> = entries
            .iter()
            .flat_map(Entry::phrasings)
            .map(normal_form)
            .collect();
        let forms: Vec<String> = all.iter().map(|one| normal_form(&one.phrasing)).collect();
        assert!(forms.iter().all(|form| !known.contains(form)), "{all:#?}");
        assert_eq!(forms.iter().collect::<HashSet<_>>().len(), forms.len());
        let version = KnowledgeVersion::new("test");
        let index = LexicalIndex::build(version, entries.clone(), RetrievalConfig::default());
        for entry in &entries {
            let own: Vec<_> = all.iter().filter(|one| one.entry == entry.id).collect();
            assert!(own.len() <= MOST_PROPOSALS);
            for one in own {
                assert_eq!(index.ranked(&one.phrasing)[0].entry.id, entry.id, "{one:?}");
            }
        }
        assert!(proposed(&[]).is_empty());
    }

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
