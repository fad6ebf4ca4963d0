//! Further ways to ask for an entry, proposed to the business: callers share few words with what they mean.
//!
//! They come from patterns that ask the same (怎么X, X的方法): those of a list, and those by which entries of the same knowledge
//! base differ from their own similar questions; and from words that stand for one another. A proposal is kept only where the
//! index finds its entry by it, first and clearly, and where nobody knows it yet. The business accepts or strikes it.

mod frames;

use std::{
    borrow::Borrow,
    collections::{BTreeMap, BTreeSet},
};

use serde::{Deserialize, Serialize};

use self::frames::{Frame, framed, learnt, listed, plain};
use super::{
    Ranking,
    lexicon::{Kind, others_of, tagged},
    normal_form::normal_form,
    verdict::ALIKE_AT_HEART,
};
use crate::{entry::Entry, ids::EntryId};

/// Proposals that a business reads through for one entry.
pub const MOST_PROPOSALS: usize = 5;

/// Phrasings of an entry that are tried at most.
const MOST_TRIED: usize = 24;
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
}
