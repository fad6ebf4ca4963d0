//! Whose questions they are: a wrong answer to a question that an entry answers is another thing than one to small talk.
//!
//! This module counts and does not ask (see `Report`).

use std::collections::BTreeMap;

use super::{Case, Report};
use crate::retrieval::Ranking;

/// Whose question it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Population {
    /// An entry of the knowledge base that is asked answers it.
    Own,
    /// No knowledge base answers it.
    OutOfScope,
    /// Another business's knowledge base answers it. Often so does this one (转人工, 怎么开发票), so that an answer to it is not
    /// a mistake by itself.
    Foreign,
}

impl Population {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 3] = [Self::Own, Self::OutOfScope, Self::Foreign];

    /// As it is shown.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::OutOfScope => "out of scope",
            Self::Foreign => "foreign",
        }
    }
}

/// Reports, each of one population.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Populations {
    reports: BTreeMap<Population, Report>,
    /// Questions out of scope and answered ones among them, by their kind.
    kinds: BTreeMap<String, (usize, usize)>,
}

impl Populations {
    /// Asks `index` one more case. `kind` is that of a question out of scope, or empty.
    pub fn add(&mut self, index: &dyn Ranking, population: Population, kind: &str, case: &Case) {
        let report = self.reports.entry(population).or_default();
        let wrong = report.wrong;
        report.add(index, case);
        if population == Population::OutOfScope {
            let counts = self.kinds.entry(kind.to_owned()).or_default();
            counts.0 += 1;
            counts.1 += report.wrong - wrong;
        }
    }

    /// The populations that were asked, with what became of them.
    pub fn each(&self) -> impl Iterator<Item = (Population, &Report)> {
        self.reports
            .iter()
            .map(|(population, report)| (*population, report))
    }

    /// Everything as one report.
    pub fn together(&self) -> Report {
        let reports = self.reports.values().cloned();
        reports.fold(Report::default(), Report::and)
    }

    /// Kinds of questions out of scope: how many were asked, and how many of these were answered.
    pub fn kinds(&self) -> impl Iterator<Item = (&str, usize, usize)> {
        self.kinds
            .iter()
            .map(|(kind, (asked, answered))| (kind.as_str(), *asked, *answered))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ids::{EntryId, KnowledgeVersion},
        retrieval::{LexicalIndex, RetrievalConfig, fake::FakeIndex},
    };

    #[test]
    fn a_question_counts_where_it_belongs() {
        let entries = vec![
            FakeIndex::entry("A1", "空调坏了怎么报修", "好的。"),
            FakeIndex::entry("A2", "怎么开发票", "好的。"),
        ];
        let version = KnowledgeVersion::new("test");
        let index = LexicalIndex::build(version, entries, RetrievalConfig::default());
        let mut populations = Populations::default();
        for (population, kind, question, expected) in [
            (Population::Own, "", "怎么开发票", Some("A2")),
            (Population::OutOfScope, "闲聊", "讲个笑话", None),
            (Population::OutOfScope, "闲聊", "怎么开发票", None),
            (Population::OutOfScope, "诗", "床前明月光", None),
            (Population::Foreign, "", "怎么开发票", None),
        ] {
            let case = Case {
                question: question.to_owned(),
                expected: expected.map(EntryId::new),
            };
            populations.add(&index, population, kind, &case);
        }
        let told: Vec<(&str, usize, usize, usize)> = populations
            .each()
            .map(|(population, report)| {
                let name = population.name();
                (name, report.cases, report.answered, report.wrong)
            })
            .collect();
        let expected = [
            ("own", 1, 1, 0),
            ("out of scope", 3, 0, 1),
            ("foreign", 1, 0, 1),
        ];
        assert_eq!(told, expected);
        let kinds: Vec<_> = populations.kinds().collect();
        assert_eq!(kinds, [("诗", 1, 0), ("闲聊", 2, 1)]);
        let all = populations.together();
        assert_eq!((all.cases, all.answered, all.wrong), (5, 1, 2));
    }
}
