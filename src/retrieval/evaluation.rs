//! How well an index answers: cases with known answers, leave-one-out, and recognition errors made on purpose.
//!
//! This module does not read files (see `cli`) and does not change an index.

mod mishearing;
mod populations;
mod questions;
mod synthetic;

use std::fmt;

use super::{Ranking, verdict::judge};
use crate::{
    entry::{Entry, Verdict},
    ids::EntryId,
};

pub use self::{
    mishearing::Mishearing,
    populations::{Population, Populations},
    questions::{Heard, OutOfScope, QuestionsError, parse_labelled},
    synthetic::Synthetic,
};

/// A question and the entry that it means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// As a caller would ask.
    pub question: String,
    /// What it means; `None` when it is out of scope.
    pub expected: Option<EntryId>,
}

/// What became of a number of cases.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize)]
pub struct Report {
    /// All cases.
    pub cases: usize,
    /// Cases that mean an entry.
    pub in_scope: usize,
    /// The right entry was ranked first.
    pub hit_at_1: usize,
    /// The right entry was among the first three.
    pub hit_at_3: usize,
    /// The sum of 1 / rank of the right entry, 0 where it was not found.
    pub reciprocal_ranks: f64,
    /// The right entry was answered.
    pub answered: usize,
    /// A wrong entry was answered, or anything out of scope was.
    pub wrong: usize,
    /// Choices were offered.
    pub clarified: usize,
    /// Choices were offered with the right entry among them.
    pub clarified_right: usize,
    /// Nothing was answered.
    pub abstained: usize,
    /// Each wrong answer in words, for a human to look at.
    pub mistakes: Vec<String>,
}

impl Report {
    /// Asks `index` each of `cases`.
    pub fn of<'a>(index: &dyn Ranking, cases: impl IntoIterator<Item = &'a Case>) -> Self {
        let mut report = Self::default();
        for case in cases {
            report.add(index, case);
        }
        report
    }

    /// `part` of all cases, in percent.
    pub fn percent(&self, part: usize) -> f64 {
        if self.cases == 0 {
            return 0.0;
        }
        100.0 * part as f64 / self.cases as f64
    }

    /// `part` of the cases that mean an entry, in percent.
    pub fn percent_in_scope(&self, part: usize) -> f64 {
        if self.in_scope == 0 {
            return 0.0;
        }
        100.0 * part as f64 / self.in_scope as f64
    }

    /// Mean reciprocal rank of the right entry, 0 to 1.
    pub fn mean_reciprocal_rank(&self) -> f64 {
        if self.in_scope == 0 {
            return 0.0;
        }
        self.reciprocal_ranks / self.in_scope as f64
    }

    /// Both reports as one.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.cases += other.cases;
        self.in_scope += other.in_scope;
        self.hit_at_1 += other.hit_at_1;
        self.hit_at_3 += other.hit_at_3;
        self.reciprocal_ranks += other.reciprocal_ranks;
        self.answered += other.answered;
        self.wrong += other.wrong;
        self.clarified += other.clarified;
        self.clarified_right += other.clarified_right;
        self.abstained += other.abstained;
        self.mistakes.extend(other.mistakes);
        self
    }

    /// Asks `index` one more case.
    pub fn add(&mut self, index: &dyn Ranking, case: &Case) {
        self.cases += 1;
        let ranked = index.rank(&case.question, usize::MAX);
        if let Some(expected) = &case.expected {
            self.in_scope += 1;
            let rank = ranked.iter().position(|found| found.entry.id == *expected);
            self.hit_at_1 += usize::from(rank == Some(0));
            self.hit_at_3 += usize::from(rank.is_some_and(|rank| rank < 3));
            self.reciprocal_ranks += rank.map_or(0.0, |rank| 1.0 / (rank + 1) as f64);
        }
        match judge(index.config(), ranked) {
            Verdict::Answer { candidate }
                if Some(&candidate.entry.id) == case.expected.as_ref() =>
            {
                self.answered += 1;
            }
            Verdict::Answer { candidate } => {
                self.wrong += 1;
                self.mistakes.push(format!(
                    "{}: {} ({:.2}, {}) instead of {}",
                    case.question,
                    candidate.entry.id,
                    candidate.score,
                    candidate.matched,
                    case.expected.as_ref().map_or("abstaining", EntryId::as_str),
                ));
            }
            Verdict::Clarify { candidates } => {
                self.clarified += 1;
                let offered = candidates
                    .iter()
                    .any(|found| Some(&found.entry.id) == case.expected.as_ref());
                self.clarified_right += usize::from(offered);
            }
            Verdict::Abstain { .. } => self.abstained += 1,
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} cases: hit@1 {:.1} %, hit@3 {:.1} %, MRR {:.3}, answered {:.1} %, wrong {:.1} %, clarified {:.1} % (right among the choices {:.1} %), abstained {:.1} %",
            self.cases,
            self.percent_in_scope(self.hit_at_1),
            self.percent_in_scope(self.hit_at_3),
            self.mean_reciprocal_rank(),
            self.percent(self.answered),
            self.percent(self.wrong),
            self.percent(self.clarified),
            self.percent(self.clarified_right),
            self.percent(self.abstained),
        )
    }
}

/// Every phrasing as a question: an index must answer all of them.
pub fn verbatim(entries: &[Entry]) -> Vec<Case> {
    entries
        .iter()
        .flat_map(|entry| {
            std::iter::once(&entry.question)
                .chain(&entry.similar_questions)
                .map(|question| Case {
                    question: question.clone(),
                    expected: Some(entry.id.clone()),
                })
        })
        .collect()
}

/// Asks each similar question of an index that does not know it: how paraphrases of real callers will fare.
pub fn leave_one_out<I: Ranking>(entries: &[Entry], build: impl Fn(Vec<Entry>) -> I) -> Report {
    let mut report = Report::default();
    for (index, case) in without_one(entries, LeftOut::SimilarQuestions, build) {
        report.add(&index, &case);
    }
    report
}

/// Which phrasings are left out, one at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeftOut {
    /// The standard question always stays.
    SimilarQuestions,
    /// Each phrasing in turn, where phrasings are equals. An entry with only one keeps it.
    EveryPhrasing,
}

/// Each phrasing that is left out, with the index of what remains.
pub fn without_one<I>(
    entries: &[Entry],
    left_out: LeftOut,
    build: impl Fn(Vec<Entry>) -> I,
) -> impl Iterator<Item = (I, Case)> {
    without_some(entries, left_out, usize::MAX, build)
}

/// As [`without_one`], of at most `most` phrasings, evenly taken: every one is left out of an index of its own.
pub fn without_some<I>(
    entries: &[Entry],
    left_out: LeftOut,
    most: usize,
    build: impl Fn(Vec<Entry>) -> I,
) -> impl Iterator<Item = (I, Case)> {
    let left_out = entries.iter().enumerate().flat_map(move |(at, entry)| {
        let similar = entry.similar_questions.len();
        let standard = left_out == LeftOut::EveryPhrasing && similar > 0;
        let similar = (0..similar).map(Some);
        let all = standard.then_some(None).into_iter().chain(similar);
        all.map(move |place| (at, place))
    });
    let all: Vec<(usize, Option<usize>)> = left_out.collect();
    let step = all.len().div_ceil(most.max(1)).max(1);
    let left_out = all.into_iter().step_by(step).take(most);
    left_out.map(move |(at, place)| {
        let mut rest = entries.to_vec();
        let entry = &mut rest[at];
        let question = match place {
            Some(place) => entry.similar_questions.remove(place),
            None => {
                let next = entry.similar_questions.remove(0);
                std::mem::replace(&mut entry.question, next)
            }
        };
        let case = Case {
            question,
            expected: Some(entry.id.clone()),
        };
        (build(rest), case)
    })
}

/// The entries without one phrasing each, the one at `place` of those that may be left out, and those phrasings as questions:
/// leaving one out of each entry at a time is as hard as leaving out one at a time, and takes fewer indexes.
pub fn one_left_out_of_each(
    entries: &[Entry],
    left_out: LeftOut,
    place: usize,
) -> (Vec<Entry>, Vec<Case>) {
    let mut rest = entries.to_vec();
    let mut cases = Vec::new();
    for entry in &mut rest {
        let similar = &mut entry.similar_questions;
        let question = match (left_out, place) {
            (LeftOut::EveryPhrasing, 0) if !similar.is_empty() => {
                let next = similar.remove(0);
                std::mem::replace(&mut entry.question, next)
            }
            (LeftOut::EveryPhrasing, 0) => continue,
            (LeftOut::EveryPhrasing, place) if place <= similar.len() => similar.remove(place - 1),
            (LeftOut::SimilarQuestions, place) if place < similar.len() => similar.remove(place),
            _ => continue,
        };
        cases.push(Case {
            question,
            expected: Some(entry.id.clone()),
        });
    }
    (rest, cases)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        entry::Candidate,
        ids::KnowledgeVersion,
        retrieval::{LexicalIndex, RetrievalConfig, fake::FakeIndex},
    };

    fn index(entries: Vec<Entry>) -> LexicalIndex {
        let version = KnowledgeVersion::new("test");
        LexicalIndex::build(version, entries, RetrievalConfig::default())
    }

    #[test]
    fn every_case_is_counted_once() {
        let mut repair = FakeIndex::entry("A1", "空调坏了怎么报修", "好的。");
        repair.similar_questions = vec!["空调出毛病了".to_owned()];
        let entries = [repair, FakeIndex::entry("A2", "怎么开发票", "好的。")];
        let known = index(entries.to_vec());
        let mut cases = verbatim(&entries);
        assert_eq!(cases.len(), 3);
        for (question, expected) in [("怎么开发票", "A1"), ("今天天气怎么样", "A2")] {
            cases.push(Case {
                question: question.to_owned(),
                expected: Some(EntryId::new(expected)),
            });
        }
        let report = Report::of(&known, &cases);
        assert_eq!((report.cases, report.in_scope), (5, 5));
        assert_eq!((report.answered, report.wrong), (3, 1));
        assert_eq!((report.clarified, report.abstained), (0, 1));
        assert_eq!(report.mistakes.len(), 1);
        assert!(report.mistakes[0].contains("instead of A1"), "{report:?}");
        assert_eq!(report.percent(report.wrong), 20.0);
        assert_eq!(leave_one_out(&entries, index).cases, 1);
        let doubled = report.clone().and(report.clone());
        assert_eq!((doubled.cases, doubled.answered), (10, 6));
    }

    /// Ranks A1, A2, A3, A4, whatever is asked.
    struct Fixed(RetrievalConfig);

    impl Ranking for Fixed {
        fn config(&self) -> &RetrievalConfig {
            &self.0
        }

        fn rank_at(
            &self,
            _question: &str,
            most: usize,
            _now: Option<jiff::civil::DateTime>,
        ) -> Vec<Candidate> {
            let ranked = (1u8..5).map(|place| Candidate {
                entry: FakeIndex::entry(&format!("A{place}"), "问", "答").into(),
                score: 0.9 / f32::from(place),
                matched: "问".to_owned(),
            });
            ranked.take(most).collect()
        }
    }

    #[test]
    fn ranks_are_counted_among_what_is_in_scope() {
        let case = |expected: Option<&str>| Case {
            question: "问".to_owned(),
            expected: expected.map(EntryId::new),
        };
        let cases = [Some("A1"), Some("A2"), Some("A4"), Some("A9"), None].map(case);
        let report = Report::of(&Fixed(RetrievalConfig::default()), &cases);
        assert_eq!((report.cases, report.in_scope), (5, 4));
        assert_eq!((report.hit_at_1, report.hit_at_3), (1, 2));
        assert_eq!(report.mean_reciprocal_rank(), (1.0 + 0.5 + 0.25) / 4.0);
        assert_eq!(report.percent_in_scope(report.hit_at_3), 50.0);
        assert_eq!((report.answered, report.wrong), (1, 4));
        assert_eq!(Report::default().mean_reciprocal_rank(), 0.0);
    }

    #[test]
    fn every_phrasing_is_left_out_once() {
        let mut repair = FakeIndex::entry("A1", "空调坏了", "好的。");
        repair.similar_questions = vec!["空调不冷".to_owned(), "空调报修".to_owned()];
        let entries = [repair, FakeIndex::entry("A2", "开发票", "好的。")];
        let left = |left_out| -> Vec<(String, Vec<String>)> {
            without_one(&entries, left_out, |rest| rest)
                .map(|(rest, case)| {
                    assert_eq!(case.expected, Some(entries[0].id.clone()));
                    let kept = verbatim(&rest).into_iter().map(|case| case.question);
                    (case.question, kept.collect())
                })
                .collect()
        };
        let kept = |texts: [&str; 3]| texts.map(str::to_owned).to_vec();
        let similar = [
            (
                "空调不冷".to_owned(),
                kept(["空调坏了", "空调报修", "开发票"]),
            ),
            (
                "空调报修".to_owned(),
                kept(["空调坏了", "空调不冷", "开发票"]),
            ),
        ];
        assert_eq!(left(LeftOut::SimilarQuestions), similar);
        let standard = (
            "空调坏了".to_owned(),
            kept(["空调不冷", "空调报修", "开发票"]),
        );
        for (most, count) in [(0, 0), (1, 1), (2, 2), (9, 2)] {
            let some = without_some(&entries, LeftOut::SimilarQuestions, most, |rest| rest);
            assert_eq!(some.count(), count, "{most}");
        }
        let every = left(LeftOut::EveryPhrasing);
        assert_eq!((&every[0], &every[1..]), (&standard, &similar[..]));
    }

    #[test]
    fn one_phrasing_of_each_entry_is_left_out_at_a_time() {
        let mut repair = FakeIndex::entry("A1", "空调坏了", "好的。");
        repair.similar_questions = vec!["空调不冷".to_owned(), "空调报修".to_owned()];
        let entries = [repair, FakeIndex::entry("A2", "开发票", "好的。")];
        let check = |left_out, place, question: Option<&str>, kept: &[&str]| {
            let (rest, cases) = one_left_out_of_each(&entries, left_out, place);
            let asked: Vec<&str> = cases.iter().map(|case| case.question.as_str()).collect();
            assert_eq!(asked, question.into_iter().collect::<Vec<_>>());
            let phrasings: Vec<&str> = rest[0].phrasings().collect();
            assert_eq!(phrasings, kept);
            assert_eq!(rest[1], entries[1]);
        };
        let all = ["空调坏了", "空调不冷", "空调报修"];
        let similar = LeftOut::SimilarQuestions;
        check(similar, 0, Some("空调不冷"), &["空调坏了", "空调报修"]);
        check(similar, 1, Some("空调报修"), &["空调坏了", "空调不冷"]);
        check(similar, 2, None, &all);
        let every = LeftOut::EveryPhrasing;
        check(every, 0, Some("空调坏了"), &["空调不冷", "空调报修"]);
        check(every, 1, Some("空调不冷"), &["空调坏了", "空调报修"]);
        check(every, 2, Some("空调报修"), &["空调坏了", "空调不冷"]);
        check(every, 3, None, &all);
    }
}
