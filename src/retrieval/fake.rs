//! A knowledge index for tests: it knows exactly the questions it was told.
//!
//! It does not rank or normalise; a question that it was not told abstains.

use std::{collections::HashMap, sync::Arc};

use super::{KnowledgeIndex, Query, SearchError, SearchFuture};
use crate::{
    entry::{Action, Candidate, Entry, Finding, Verdict},
    ids::{EntryId, KnowledgeVersion},
};

/// Verdicts by question. Built with the `on_*` methods, read-only afterwards.
#[derive(Debug)]
pub struct FakeIndex {
    version: KnowledgeVersion,
    verdicts: HashMap<String, Result<Verdict, SearchError>>,
}

impl Default for FakeIndex {
    fn default() -> Self {
        Self::new()
    }
}

impl FakeIndex {
    /// An index that abstains on everything.
    pub fn new() -> Self {
        Self {
            version: KnowledgeVersion::new("fake"),
            verdicts: HashMap::new(),
        }
    }

    /// A short entry with the action `answer`.
    pub fn entry(id: &str, question: &str, answer: &str) -> Entry {
        Entry {
            id: EntryId::new(id),
            category: "测试".to_owned(),
            question: question.to_owned(),
            similar_questions: Vec::new(),
            answer: answer.to_owned(),
            action: Action::Answer,
            name: String::default(),
            validity: Default::default(),
        }
    }

    /// `question` means `entry`, with score 0.95.
    #[must_use]
    pub fn on_answer(self, question: &str, entry: Entry) -> Self {
        let candidate = candidate(entry, 0.95);
        self.on_verdict(question, Verdict::Answer { candidate })
    }

    /// `question` may mean any of `entries`, with falling scores from 0.6.
    #[must_use]
    pub fn on_clarify(self, question: &str, entries: impl IntoIterator<Item = Entry>) -> Self {
        let candidates = entries
            .into_iter()
            .enumerate()
            .map(|(rank, entry)| candidate(entry, 0.6 - 0.02 * rank as f32))
            .collect();
        self.on_verdict(question, Verdict::Clarify { candidates })
    }

    /// `question` has this verdict.
    #[must_use]
    pub fn on_verdict(mut self, question: &str, verdict: Verdict) -> Self {
        self.verdicts.insert(question.to_owned(), Ok(verdict));
        self
    }

    /// Looking `question` up fails.
    #[must_use]
    pub fn on_failure(mut self, question: &str, error: SearchError) -> Self {
        self.verdicts.insert(question.to_owned(), Err(error));
        self
    }
}

fn candidate(entry: Entry, score: f32) -> Candidate {
    Candidate {
        matched: entry.question.clone(),
        entry: Arc::new(entry),
        score,
    }
}

impl KnowledgeIndex for FakeIndex {
    fn version(&self) -> &KnowledgeVersion {
        &self.version
    }

    fn search(&self, query: Query) -> SearchFuture<'_> {
        let verdict = match self.verdicts.get(query.text.expose()) {
            Some(verdict) => verdict.clone(),
            None => Ok(Verdict::Abstain { nearest: None }),
        };
        let finding = verdict.map(|verdict| Finding {
            verdict,
            version: self.version.clone(),
            second: None,
        });
        Box::pin(std::future::ready(finding))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_says_what_it_was_told() {
        let entry = FakeIndex::entry("A1", "怎么开发票", "小程序里开。");
        let index = FakeIndex::new()
            .on_answer("开发票", entry.clone())
            .on_clarify(
                "票",
                [entry.clone(), FakeIndex::entry("A2", "退票", "可以。")],
            )
            .on_failure("坏", SearchError::Unavailable("down".to_owned()));
        let verdict = async |question| {
            let query = Query::new(question, jiff::civil::DateTime::MIN);
            index.search(query).await.map(|found| found.verdict)
        };

        assert!(matches!(
            verdict("开发票").await,
            Ok(Verdict::Answer { candidate }) if *candidate.entry == entry
        ));
        assert!(matches!(
            verdict("票").await,
            Ok(Verdict::Clarify { candidates }) if candidates.len() == 2
        ));
        assert!(matches!(
            verdict("天气").await,
            Ok(Verdict::Abstain { nearest: None })
        ));
        assert!(verdict("坏").await.is_err());
    }
}
