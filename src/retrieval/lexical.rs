//! The embedded index by words, in memory.
//!
//! A search has two stages: tantivy recalls some hundred entries (see `postings`), and the evidence for each of their phrasings
//! is computed exactly (see `evidence`). It knows no meaning beyond its word lists; questions that share no word, character or
//! sound with any phrasing abstain.

use std::{borrow::Cow, sync::Arc};

use jiff::civil::DateTime;

use super::{
    IndexOptions, KnowledgeIndex, MAX_CHOICES, Query, Ranking, RetrievalConfig, SearchFuture,
    asking,
    calibration::{Evidence, probability},
    collection::Collection,
    evidence::{EvidenceBuilder, EvidenceIndex},
    literal::{Forms, Literal},
    normal_form::normal_form,
    postings::{Postings, PostingsWriter},
    recall::{Everything, RECALLED, Recall, Sought, Terms},
    synonyms::Synonyms,
    views::{Term, View, terms},
};
use crate::{
    entry::{Candidate, Entry, Finding},
    ids::KnowledgeVersion,
};

/// Longer questions are cut: nobody asks in more characters, and recognition loops can produce them.
const LONGEST_QUESTION_CHARACTERS: usize = 200;
/// As much of a question as is looked at.
pub(super) fn cut(question: &str) -> &str {
    let mut places = question.char_indices();
    let end = places.nth(LONGEST_QUESTION_CHARACTERS);
    &question[..end.map_or(question.len(), |(end, _)| end)]
}

/// Overlap alone stays below [`ALIKE_AT_HEART`](super::verdict::ALIKE_AT_HEART).
pub(super) const HIGHEST_BY_OVERLAP: f32 = 0.95;

/// One version of a knowledge base, held in memory.
pub struct LexicalIndex {
    version: KnowledgeVersion,
    options: IndexOptions,
    collection: Arc<Collection>,
    evidence: EvidenceIndex,
    literal: Literal,
    /// `None` when tantivy could not be used: every entry is looked at then.
    postings: Option<Postings>,
    everything: Everything,
}

/// What words say about an entry.
#[derive(Clone, Copy)]
pub(super) struct Match {
    /// The phrasing that speaks most for it.
    pub phrasing: u32,
    /// The log-odds of the evidence; `None` when nothing is shared.
    pub overlap: Option<f32>,
    /// The score of a question that is a phrasing or sounds like one; above all that only overlap.
    pub literal: Option<f32>,
}

impl Match {
    fn score(&self) -> Option<f32> {
        let by_overlap = |overlap| probability(overlap) * HIGHEST_BY_OVERLAP;
        self.literal.or_else(|| self.overlap.map(by_overlap))
    }
}

/// A question, brought to the form in which it is compared.
pub(super) struct Question<'a> {
    /// What is embedded.
    pub text: Cow<'a, str>,
    /// Empty when nothing is left without punctuation and fillers.
    pub normal: String,
}

impl LexicalIndex {
    /// Indexes `entries`. Takes some 100 ms for a thousand.
    pub fn build(version: KnowledgeVersion, entries: Vec<Entry>, config: RetrievalConfig) -> Self {
        let options = IndexOptions {
            config,
            ..IndexOptions::default()
        };
        Self::build_with(version, entries, options)
    }

    /// The same, with the words of a business.
    pub fn build_with(
        version: KnowledgeVersion,
        entries: Vec<Entry>,
        options: IndexOptions,
    ) -> Self {
        let mut writer = PostingsWriter::new();
        let mut index = Self::with(version, entries, options, |terms, answer| {
            if let Ok(open) = &mut writer
                && let Err(error) = open.add(terms, answer)
            {
                writer = Err(error);
            }
        });
        match writer.and_then(|writer| writer.finish(index.collection.clone())) {
            Ok(postings) => index.postings = Some(postings),
            Err(error) => tracing::error!(%error, "a knowledge base is searched entry by entry"),
        }
        index
    }

    /// An index with the postings that were saved in `folder` for the same entries.
    pub(super) fn with_postings(
        version: KnowledgeVersion,
        entries: Vec<Entry>,
        options: IndexOptions,
        folder: &std::path::Path,
    ) -> Result<Self, tantivy::TantivyError> {
        let mut index = Self::with(version, entries, options, |_, _| {});
        index.postings = Some(Postings::open(folder, index.collection.clone())?);
        Ok(index)
    }

    /// An index without postings. `each` is told every phrasing, and the words of an entry's answer with its question.
    fn with(
        version: KnowledgeVersion,
        entries: Vec<Entry>,
        options: IndexOptions,
        mut each: impl FnMut(&Terms<'_>, Option<&[Term<'_>]>),
    ) -> Self {
        let collection = Arc::new(Collection::new(entries));
        let mut evidence = EvidenceBuilder::default();
        let mut literal = Literal::default();
        let form = |text: &str| normal_form(&options.synonyms.canonical(text));
        let mut phrasing = 0u32;
        for entry in collection.entries() {
            let forms: Vec<String> = entry.phrasings().map(form).collect();
            let views: Vec<Terms<'_>> = forms.iter().map(|form| Terms::of(form)).collect();
            let (category, answer) = (form(&entry.category), form(&entry.answer));
            let answer = terms(View::Words, &answer);
            evidence.add(&views, &terms(View::Words, &category), &answer);
            for (place, (form, terms)) in forms.iter().zip(&views).enumerate() {
                literal.add(phrasing, &Forms::of(form));
                phrasing += 1;
                each(terms, (place == 0).then_some(&answer[..]));
            }
        }
        literal.finish();
        Self {
            version,
            evidence: evidence.finish(),
            literal,
            everything: Everything(collection.entries().len() as u32),
            collection,
            options,
            postings: None,
        }
    }

    /// What is known of `query`, in the thread that asks.
    pub fn ask(&self, query: &Query) -> Finding {
        asking::finding(self, &self.version, query)
    }

    /// The verdict on `question`, asked without context of entries at any time.
    pub fn find(&self, question: &str) -> Finding {
        Finding {
            verdict: self.verdict(question),
            version: self.version.clone(),
            second: None,
        }
    }

    /// The entries that share anything with `question`, best first: enough of them for any verdict.
    pub fn ranked(&self, question: &str) -> Vec<Candidate> {
        self.rank(question, MAX_CHOICES + 1)
    }

    /// As [`Ranking::rank`], but looking at every entry: what the stage of recall is measured against.
    pub fn rank_exhaustively(&self, question: &str, most: usize) -> Vec<Candidate> {
        self.rank_among(question, most, None, &[self.everything()])
    }

    /// As [`Ranking::rank_at`], with other recall than its own.
    pub(super) fn rank_by(
        &self,
        recall: &dyn Recall,
        question: &str,
        most: usize,
        now: Option<DateTime>,
    ) -> Vec<Candidate> {
        self.rank_among(question, most, now, &[recall])
    }

    /// `text` in the form in which it is compared.
    pub(super) fn normal(&self, text: &str) -> String {
        normal_form(&self.options.synonyms.canonical(text))
    }

    pub(super) fn collection(&self) -> &Arc<Collection> {
        &self.collection
    }

    pub(super) const fn version_of(&self) -> &KnowledgeVersion {
        &self.version
    }

    pub(super) fn synonyms(&self) -> &Synonyms {
        &self.options.synonyms
    }

    pub(super) fn postings(&self) -> Option<&Postings> {
        self.postings.as_ref()
    }

    /// What is embedded of each phrasing, in order.
    pub(super) fn embedded(&self) -> impl Iterator<Item = String> {
        let texts = self.collection.texts();
        texts.map(|text| self.options.synonyms.canonical(text).into_owned())
    }

    /// As much of `question` as is looked at, in the form in which it is compared.
    pub(super) fn question<'a>(&self, question: &'a str) -> Question<'a> {
        let text = self.options.synonyms.canonical(cut(question));
        let normal = normal_form(&text);
        Question { text, normal }
    }

    /// The entries that may be meant: those that `stages` recall, and those with a phrasing that the question is.
    pub(super) fn candidates(&self, sought: &Sought<'_>, stages: &[&dyn Recall]) -> Vec<u32> {
        let mut found = Vec::new();
        for stage in stages {
            if let Err(error) = stage.recall(sought, &mut found) {
                tracing::warn!(%error, "a question is compared with every entry");
                found = (0..self.collection.entries().len() as u32).collect();
                found.retain(|&entry| (sought.holds)(entry));
                return found;
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// The stages of recall by words. A base with no more entries than are recalled needs none.
    pub(super) fn stages(&self) -> Vec<&dyn Recall> {
        match &self.postings {
            Some(postings) if self.everything.0 as usize > RECALLED => vec![postings],
            _ => vec![&self.everything],
        }
    }

    /// Recall that leaves nothing out.
    pub(super) const fn everything(&self) -> &Everything {
        &self.everything
    }

    /// What speaks for the best phrasing of every entry that shares anything with `question`, for tuning.
    pub fn evidence(&self, question: &str) -> Vec<(&Entry, Evidence)> {
        let question = self.question(question);
        let terms = Terms::of(&question.normal);
        let weighed = self.evidence.weigh(&terms);
        let mut all = Vec::new();
        for (number, entry) in (0u32..).zip(self.collection.entries()) {
            let mut best: Option<Evidence> = None;
            self.evidence
                .of_entry(&weighed, &self.collection, number, |_, evidence| {
                    if best.is_none_or(|best| evidence.score() > best.score()) {
                        best = Some(evidence);
                    }
                });
            all.extend(best.map(|best| (&**entry, best)));
        }
        all
    }

    /// What words say about each of `entries`, ascending and each once, and about those with a phrasing that the question is.
    pub(super) fn matches(
        &self,
        question: &Question<'_>,
        terms: &Terms<'_>,
        mut entries: Vec<u32>,
        holds: &dyn Fn(u32) -> bool,
    ) -> Vec<(u32, Match)> {
        let forms_of = |phrasing| Forms::of(&self.normal(self.collection.text(phrasing)));
        let mut literal = self.literal.find(&Forms::of(&question.normal), forms_of);
        literal.retain(|&(phrasing, _)| holds(self.collection.owner(phrasing)));
        entries.extend(
            literal
                .iter()
                .map(|&(phrasing, _)| self.collection.owner(phrasing)),
        );
        entries.sort_unstable();
        entries.dedup();
        let weighed = self.evidence.weigh(terms);
        let mut matches: Vec<(u32, Match)> = entries
            .into_iter()
            .map(|entry| {
                let mut found = Match {
                    phrasing: self.collection.of(entry).start,
                    overlap: None,
                    literal: None,
                };
                self.evidence
                    .of_entry(&weighed, &self.collection, entry, |phrasing, evidence| {
                        let log_odds = evidence.log_odds();
                        if found.overlap.is_none_or(|best| log_odds > best) {
                            found.overlap = Some(log_odds);
                            found.phrasing = phrasing;
                        }
                    });
                (entry, found)
            })
            .collect();
        for (phrasing, score) in literal {
            let owner = self.collection.owner(phrasing);
            if let Ok(at) = matches.binary_search_by_key(&owner, |&(entry, _)| entry) {
                let found = &mut matches[at].1;
                if found.literal.is_none_or(|best| score > best) {
                    found.literal = Some(score);
                    found.phrasing = phrasing;
                }
            }
        }
        matches
    }

    fn rank_among(
        &self,
        question: &str,
        most: usize,
        now: Option<DateTime>,
        stages: &[&dyn Recall],
    ) -> Vec<Candidate> {
        let question = self.question(question);
        let terms = Terms::of(&question.normal);
        let holds = |entry| self.collection.holds(entry, now);
        let sought = Sought {
            text: &question.text,
            vector: None,
            now,
            holds: &holds,
            terms: &terms,
        };
        let entries = self.candidates(&sought, stages);
        let matches = self.matches(&question, &terms, entries, &holds).into_iter();
        let scored = matches.filter_map(|(_, found)| Some((found.phrasing, found.score()?)));
        self.collection.best(scored, most)
    }
}

impl Ranking for LexicalIndex {
    fn config(&self) -> &RetrievalConfig {
        &self.options.config
    }

    fn rank_at(&self, question: &str, most: usize, now: Option<DateTime>) -> Vec<Candidate> {
        self.rank_among(question, most, now, &self.stages())
    }
}

impl KnowledgeIndex for LexicalIndex {
    fn version(&self) -> &KnowledgeVersion {
        &self.version
    }

    fn search(&self, query: Query) -> SearchFuture<'_> {
        // A few milliseconds at most, so it needs no thread of its own.
        Box::pin(std::future::ready(Ok(self.ask(&query))))
    }
}
