//! How often entries are said, and to what use.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::LessonError;
use crate::{
    call::lessons::Sign,
    entry::Entry,
    ids::{EntryId, KnowledgeVersion},
    storage::{
        Store,
        knowledge::{EntryUse, Taught, UseFilter},
    },
};

/// Which answers are counted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct VersionRange {
    /// From this version on; from the first, if `None`.
    pub from: Option<u64>,
    /// Until this version; until the last, if `None`.
    pub to: Option<u64>,
    /// Given at or after this time, in milliseconds after the Unix epoch.
    pub since_ms: Option<i64>,
}

/// How the entries of a base are used.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Usage {
    /// How many answers callers began to hear.
    pub answers: u64,
    /// When the first of them was given, in milliseconds after the Unix epoch.
    pub first_ms: Option<i64>,
    /// Entries that were said, the most often said first.
    pub said: Vec<EntryUsage>,
    /// Of these those that did not help somebody, the surest first: by the lower bound of the rate.
    pub unhelpful: Vec<EntryUsage>,
    /// Entries of the published version that were not said, the longest published first.
    pub never: Vec<NeverSaid>,
}

/// How one entry is used.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EntryUsage {
    /// The entry.
    pub entry: EntryId,
    /// Its question; `None` when the published version does not have it.
    pub question: Option<String>,
    /// How often it was said.
    pub answers: u64,
    /// When first and last, in milliseconds after the Unix epoch.
    pub first_ms: i64,
    /// See `first_ms`.
    pub last_ms: i64,
    /// After how many callers asked for a human.
    pub asked_for_human: Rate,
    /// After how many callers said that it did not help, asked the same again or asked for a human.
    pub unhelpful: Rate,
    /// In how many callers hung up before half of it was heard: a sign that means little.
    pub hung_up: u64,
}

/// An entry that was not said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NeverSaid {
    /// The entry.
    pub entry: EntryId,
    /// Its question.
    pub question: String,
    /// When it was published first, in milliseconds after the Unix epoch.
    pub since_ms: i64,
}

/// A share of some cases, with how far it may be chance.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Rate {
    /// How many.
    pub count: u64,
    /// Of how many.
    pub of: u64,
    /// The share, 0 to 1.
    pub share: f64,
    /// Where the true share lies in 95 of 100 such cases (Wilson 1927).
    pub low: f64,
    /// See `low`.
    pub high: f64,
}

impl Rate {
    /// `count` of `of` cases.
    pub fn new(count: u64, of: u64) -> Self {
        /// Of the normal distribution, two-sided, for 95 %.
        const Z: f64 = 1.96;
        if of == 0 {
            return Self {
                count,
                of,
                share: 0.0,
                low: 0.0,
                high: 1.0,
            };
        }
        let n = of as f64;
        let share = count as f64 / n;
        let scale = 1.0 + Z * Z / n;
        let middle = (share + Z * Z / (2.0 * n)) / scale;
        let half = Z * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt() / scale;
        Self {
            count,
            of,
            share,
            low: (middle - half).max(0.0),
            high: (middle + half).min(1.0),
        }
    }
}

pub(super) async fn usage(
    store: &Store,
    taught: &Taught,
    range: &VersionRange,
) -> Result<Usage, LessonError> {
    // Tells whether there is such a base.
    store.draft(&taught.base).await?;
    let filter = UseFilter {
        since_ms: range.since_ms,
        versions: versions(store, taught, range).await?,
    };
    let uses = store.entry_uses(taught, &filter).await?;
    let published = match store.published(&taught.base).await? {
        Some(version) => store.version_entries(&taught.base, version.number).await?,
        None => Vec::new(),
    };
    let since = store.first_published(&taught.base).await?;
    Ok(of(uses, &published, &since))
}

/// The hashes of the versions in the range; `None` when it holds all of them.
async fn versions(
    store: &Store,
    taught: &Taught,
    range: &VersionRange,
) -> Result<Option<Vec<KnowledgeVersion>>, LessonError> {
    if range.from.is_none() && range.to.is_none() {
        return Ok(None);
    }
    let versions = store.versions(&taught.base).await?.into_iter();
    let within = versions.filter(|version| {
        range.from.is_none_or(|from| from <= version.number)
            && range.to.is_none_or(|to| version.number <= to)
    });
    Ok(Some(within.map(|version| version.hash).collect()))
}

fn of(uses: Vec<EntryUse>, published: &[Entry], since: &HashMap<EntryId, i64>) -> Usage {
    let questions: HashMap<&EntryId, &str> = published
        .iter()
        .map(|entry| (&entry.id, entry.question.as_str()))
        .collect();
    let first_ms = uses.iter().map(|one| one.span_ms.0).min();
    let mut said: Vec<EntryUsage> = uses
        .into_iter()
        .map(|one| {
            let times = |sign: Sign| -> u64 {
                let signs = one.signs.iter().filter(|(known, _)| *known == sign);
                signs.map(|(_, times)| times).sum()
            };
            let human = times(Sign::AskedForHuman);
            let unhelpful = human + times(Sign::SaidSo) + times(Sign::AskedAgain);
            EntryUsage {
                question: questions.get(&one.entry).map(|text| (*text).to_owned()),
                answers: one.answers,
                first_ms: one.span_ms.0,
                last_ms: one.span_ms.1,
                asked_for_human: Rate::new(human, one.answers),
                unhelpful: Rate::new(unhelpful, one.answers),
                hung_up: times(Sign::HungUp),
                entry: one.entry,
            }
        })
        .collect();
    said.sort_by(|a, b| {
        let answers = b.answers.cmp(&a.answers);
        answers.then_with(|| a.entry.cmp(&b.entry))
    });
    let unhelpful = said.iter().filter(|one| one.unhelpful.count > 0);
    let mut unhelpful: Vec<EntryUsage> = unhelpful.cloned().collect();
    unhelpful.sort_by(|a, b| {
        let surest = b.unhelpful.low.total_cmp(&a.unhelpful.low);
        surest.then_with(|| a.entry.cmp(&b.entry))
    });
    let is_said = |id: &EntryId| said.iter().any(|one| one.entry == *id);
    let mut never: Vec<NeverSaid> = published
        .iter()
        .filter(|entry| !is_said(&entry.id))
        .map(|entry| NeverSaid {
            entry: entry.id.clone(),
            question: entry.question.clone(),
            since_ms: since.get(&entry.id).copied().unwrap_or_default(),
        })
        .collect();
    // Stable: of one publication they stay in their order.
    never.sort_by_key(|one| one.since_ms);
    Usage {
        answers: said.iter().map(|one| one.answers).sum(),
        first_ms,
        said,
        unhelpful,
        never,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_knows_how_little_it_knows() {
        #[track_caller]
        fn check(count: u64, of: u64, low: f64, high: f64) {
            let rate = Rate::new(count, of);
            let near = |a: f64, b: f64| (a - b).abs() < 0.0005;
            assert!(near(rate.low, low) && near(rate.high, high), "{rate:?}");
        }
        // As R's `prop.test(correct = FALSE)` and published tables have them.
        check(1, 1, 0.2065, 1.0);
        check(0, 10, 0.0, 0.2775);
        check(10, 20, 0.2993, 0.7007);
        check(30, 100, 0.2189, 0.3958);
        check(0, 0, 0.0, 1.0);
    }

    #[test]
    fn one_of_one_does_not_top_the_list() {
        let one = |entry: &str, answers: u64, signs: &[(Sign, u64)]| EntryUse {
            entry: EntryId::new(entry),
            answers,
            span_ms: (1, 2),
            signs: signs.to_vec(),
        };
        let uses = vec![
            one("once", 1, &[(Sign::SaidSo, 1)]),
            one("often", 40, &[(Sign::SaidSo, 8), (Sign::AskedForHuman, 12)]),
            one("left", 9, &[(Sign::HungUp, 9)]),
            one("fine", 50, &[]),
        ];
        let usage = of(uses, &[], &HashMap::new());
        let names = |list: &[EntryUsage]| -> Vec<String> {
            list.iter().map(|one| one.entry.to_string()).collect()
        };
        assert_eq!(names(&usage.unhelpful), ["often", "once"]);
        assert_eq!(names(&usage.said), ["fine", "often", "left", "once"]);
        assert_eq!((usage.answers, usage.first_ms), (100, Some(1)));
        assert_eq!(usage.unhelpful[0].asked_for_human.count, 12);
        assert_eq!(usage.said[2].hung_up, 9);
    }
}
