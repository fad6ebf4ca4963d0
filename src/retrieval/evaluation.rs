//! How well an index answers: cases with known answers, leave-one-out, and recognition errors made on purpose.
//!
//! This module does not read files (see `cli`) and does not change an index.

mod mishearing;

use std::fmt;

use super::{LexicalIndex, RetrievalConfig};
use crate::{
    entry::{Entry, Verdict},
    ids::{EntryId, KnowledgeVersion},
};

pub use self::mishearing::Mishearing;

/// A question and the entry that it means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// As a caller would ask.
    pub question: String,
    /// What it means; `None` when it is out of scope.
    pub expected: Option<EntryId>,
}

/// What became of a number of cases.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Report {
    /// All cases.
    pub cases: usize,
    /// Cases that mean an entry.
    pub in_scope: usize,
    /// The right entry was ranked first.
    pub hit_at_1: usize,
    /// The right entry was among the first three.
    pub hit_at_3: usize,
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
    pub fn of<'a>(index: &LexicalIndex, cases: impl IntoIterator<Item = &'a Case>) -> Self {
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

    /// Both reports as one.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.cases += other.cases;
        self.in_scope += other.in_scope;
        self.hit_at_1 += other.hit_at_1;
        self.hit_at_3 += other.hit_at_3;
        self.answered += other.answered;
        self.wrong += other.wrong;
        self.clarified += other.clarified;
        self.clarified_right += other.clarified_right;
        self.abstained += other.abstained;
        self.mistakes.extend(other.mistakes);
        self
    }

    fn add(&mut self, index: &LexicalIndex, case: &Case) {
        self.cases += 1;
        if let Some(expected) = &case.expected {
            self.in_scope += 1;
            let ranked = index.ranked(&case.question);
            let rank = ranked.iter().position(|found| found.entry.id == *expected);
            self.hit_at_1 += usize::from(rank == Some(0));
            self.hit_at_3 += usize::from(rank.is_some_and(|rank| rank < 3));
        }
        match index.find(&case.question).verdict {
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
            "{} cases: hit@1 {:.1} %, hit@3 {:.1} %, answered {:.1} %, wrong {:.1} %, clarified {:.1} % (right among the choices {:.1} %), abstained {:.1} %",
            self.cases,
            self.percent(self.hit_at_1),
            self.percent(self.hit_at_3),
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
pub fn leave_one_out(entries: &[Entry], config: &RetrievalConfig) -> Report {
    let mut report = Report::default();
    for (index, case) in without_one(entries, config) {
        report.add(&index, &case);
    }
    report
}

/// Each similar question with the index that lacks it.
pub fn without_one<'a>(
    entries: &'a [Entry],
    config: &'a RetrievalConfig,
) -> impl Iterator<Item = (LexicalIndex, Case)> + 'a {
    entries.iter().enumerate().flat_map(move |(at, entry)| {
        (0..entry.similar_questions.len()).map(move |left_out| {
            let mut rest = entries.to_vec();
            let question = rest[at].similar_questions.remove(left_out);
            let version = KnowledgeVersion::new("leave-one-out");
            let case = Case {
                question,
                expected: Some(entry.id.clone()),
            };
            (LexicalIndex::build(version, rest, *config), case)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::retrieval::fake::FakeIndex;

    #[test]
    fn every_case_is_counted_once() {
        let mut repair = FakeIndex::entry("A1", "空调坏了怎么报修", "好的。");
        repair.similar_questions = vec!["空调出毛病了".to_owned()];
        let entries = [repair, FakeIndex::entry("A2", "怎么开发票", "好的。")];
        let version = KnowledgeVersion::new("test");
        let config = RetrievalConfig::default();
        let index = LexicalIndex::build(version, entries.to_vec(), config);
        let mut cases = verbatim(&entries);
        assert_eq!(cases.len(), 3);
        for (question, expected) in [("怎么开发票", "A1"), ("今天天气怎么样", "A2")] {
            cases.push(Case {
                question: question.to_owned(),
                expected: Some(EntryId::new(expected)),
            });
        }
        let report = Report::of(&index, &cases);
        assert_eq!((report.cases, report.in_scope), (5, 5));
        assert_eq!((report.answered, report.wrong), (3, 1));
        assert_eq!((report.clarified, report.abstained), (0, 1));
        assert_eq!(report.mistakes.len(), 1);
        assert!(report.mistakes[0].contains("instead of A1"), "{report:?}");
        assert_eq!(report.percent(report.wrong), 20.0);
        assert_eq!(leave_one_out(&entries, &config).cases, 1);
        let doubled = report.clone().and(report.clone());
        assert_eq!((doubled.cases, doubled.answered), (10, 6));
    }
}
