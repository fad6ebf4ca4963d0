//! The embedded index with an encoder: words, characters and sounds beside meaning.
//!
//! What is a phrasing by character or by sound is meant, whatever the vectors say; all else is scored by both. When the
//! encoder fails, words alone are asked, so that a caller is not left without an answer.

use std::sync::Arc;

use jiff::civil::DateTime;

use super::{
    KnowledgeIndex, Query, Ranking, RetrievalConfig, SearchError, SearchFuture,
    calibration::Evidence,
    dense::{DenseIndex, Near},
    fusion::{self, Nearness},
    lexical::{HIGHEST_BY_OVERLAP, LexicalIndex, Match},
};
use crate::{
    embedding::{EmbedError, TextEncoder},
    entry::{Candidate, Entry, Finding},
    ids::KnowledgeVersion,
};

/// One version of a knowledge base, held in memory with the vectors of its phrasings.
pub struct HybridIndex {
    shared: Arc<Shared>,
}

struct Shared {
    lexical: LexicalIndex,
    dense: DenseIndex,
    encoder: Arc<dyn TextEncoder>,
}

/// What speaks for an entry, for tuning.
#[derive(Clone, Debug)]
pub struct HybridEvidence<'a> {
    /// The entry.
    pub entry: &'a Entry,
    /// The log-odds by words.
    pub lexical: f32,
    /// The score of a question that is a phrasing, by character or by sound.
    pub literal: Option<f32>,
    /// How near the vectors are.
    pub nearness: Nearness,
}

impl HybridIndex {
    /// Indexes `entries`. Every phrasing is embedded, which takes about a millisecond each.
    pub fn build(
        version: KnowledgeVersion,
        entries: Vec<Entry>,
        config: RetrievalConfig,
        encoder: Arc<dyn TextEncoder>,
    ) -> Result<Self, EmbedError> {
        let lexical = LexicalIndex::build(version, entries, config);
        let (of_entries, texts): (Vec<u32>, Vec<&str>) = lexical.phrasings().unzip();
        let vectors = encoder.embed_many(&texts)?;
        let dense = DenseIndex::build(of_entries, &vectors, encoder.dimensions());
        let shared = Arc::new(Shared {
            lexical,
            dense,
            encoder,
        });
        Ok(Self { shared })
    }

    /// The index by words alone that this one holds.
    pub fn lexical(&self) -> &LexicalIndex {
        &self.shared.lexical
    }

    /// The index by vectors alone that this one holds, to see what they are worth.
    pub fn dense(&self) -> impl Ranking + '_ {
        DenseAlone(&self.shared)
    }

    /// The verdict on `question`, whatever the time.
    pub fn find(&self, question: &str) -> Finding {
        Finding {
            verdict: self.verdict(question),
            version: self.shared.lexical.version().clone(),
        }
    }

    /// What speaks for every entry, in their order.
    pub fn evidence(&self, question: &str) -> Result<Vec<HybridEvidence<'_>>, EmbedError> {
        let entries = self.shared.lexical.entries().iter();
        let normal = LexicalIndex::normal(question);
        let vector = self.shared.vector(question)?;
        let everything = self.shared.lexical.everything();
        let evidence = self.shared.evidence(&normal, &vector, &everything);
        Ok(entries
            .zip(evidence)
            .map(|(entry, (found, near))| HybridEvidence {
                entry,
                lexical: log_odds(&found),
                literal: found.literal,
                nearness: near.nearness,
            })
            .collect())
    }
}

/// Those of no evidence where nothing is shared.
fn log_odds(found: &Match) -> f32 {
    found
        .overlap
        .unwrap_or_else(|| Evidence::default().log_odds())
}

/// Phrasings that vectors find in a large base.
const NEAREST: usize = 64;

impl Shared {
    fn vector(&self, question: &str) -> Result<Vec<f32>, EmbedError> {
        self.encoder.embed_question(LexicalIndex::cut(question))
    }

    /// What words and vectors say about each of `entries`. `normal` is the question in normal form.
    fn evidence(
        &self,
        normal: &str,
        vector: &[f32],
        entries: &[u32],
    ) -> impl Iterator<Item = (Match, Near)> {
        let matches = self.lexical.matches(normal, entries);
        let firsts = self.lexical.firsts();
        let nears = self.dense.nearness(vector, entries, firsts);
        matches.into_iter().zip(nears)
    }

    /// The entries that are worth a closer look, ascending.
    fn candidates(&self, normal: &str, vector: &[f32]) -> Vec<u32> {
        let Some(mut entries) = self.lexical.candidates(normal) else {
            return self.lexical.everything();
        };
        entries.extend(self.dense.nearest(vector, NEAREST));
        entries.sort_unstable();
        entries.dedup();
        entries
    }
}

impl Ranking for HybridIndex {
    fn config(&self) -> &RetrievalConfig {
        self.shared.lexical.config()
    }

    fn version_asked(&self) -> &KnowledgeVersion {
        self.shared.lexical.version()
    }

    fn rank_at(&self, question: &str, now: Option<DateTime>, most: usize) -> Vec<Candidate> {
        let shared = &self.shared;
        // Nothing but fillers has a vector too, and some phrasing is always nearest.
        let normal = LexicalIndex::normal(question);
        if normal.is_empty() {
            return Vec::new();
        }
        let vector = match shared.vector(question) {
            Ok(vector) => vector,
            Err(error) => {
                tracing::warn!(%error, "a question is looked up by its words alone");
                return shared.lexical.rank_at(question, now, most);
            }
        };
        let entries = shared.candidates(&normal, &vector);
        let entries = match now {
            Some(now) => shared.lexical.in_force(entries, now),
            None => entries,
        };
        let evidence = shared.evidence(&normal, &vector, &entries);
        let scored = evidence.map(|(found, near)| match found.literal {
            Some(score) => (found.phrasing, score),
            None => {
                let score = fusion::BOTH.score(log_odds(&found), near.nearness);
                (near.phrasing, score * HIGHEST_BY_OVERLAP)
            }
        });
        shared.lexical.best(scored, most)
    }
}

/// Vectors alone.
struct DenseAlone<'a>(&'a Shared);

impl Ranking for DenseAlone<'_> {
    fn config(&self) -> &RetrievalConfig {
        self.0.lexical.config()
    }

    fn version_asked(&self) -> &KnowledgeVersion {
        self.0.lexical.version()
    }

    fn rank_at(&self, question: &str, now: Option<DateTime>, most: usize) -> Vec<Candidate> {
        let lexical = &self.0.lexical;
        if LexicalIndex::normal(question).is_empty() {
            return Vec::new();
        }
        let Ok(vector) = self.0.vector(question) else {
            return Vec::new();
        };
        let entries = match now {
            Some(now) => lexical.in_force(lexical.everything(), now),
            None => lexical.everything(),
        };
        let nears = self.0.dense.nearness(&vector, &entries, lexical.firsts());
        let scored = nears.into_iter().map(|near| {
            let score = fusion::DENSE_ALONE.score(0.0, near.nearness);
            (near.phrasing, score * HIGHEST_BY_OVERLAP)
        });
        lexical.best(scored, most)
    }
}

impl KnowledgeIndex for HybridIndex {
    fn version(&self) -> &KnowledgeVersion {
        self.shared.lexical.version()
    }

    fn search<'a>(&'a self, query: Query<'a>) -> SearchFuture<'a> {
        let shared = self.shared.clone();
        let (question, now) = (query.text.to_owned(), query.now);
        Box::pin(async move {
            // An encoder takes milliseconds, and questions of several calls wait for each other.
            let asked = tokio::task::spawn_blocking(move || {
                let text = &question;
                HybridIndex { shared }.find_at(Query { text, now })
            });
            asked
                .await
                .map_err(|error| SearchError::Unavailable(error.to_string()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        embedding::fake::FakeEncoder,
        entry::Verdict,
        retrieval::{MAX_CHOICES, fake::FakeIndex},
    };

    /// Knows that some sentences mean the same: those of one group have one vector.
    struct Meanings(&'static [&'static [&'static str]]);

    impl TextEncoder for Meanings {
        fn name(&self) -> &str {
            "meanings"
        }

        fn version(&self) -> &str {
            "1"
        }

        fn dimensions(&self) -> usize {
            self.0.len() + 1
        }

        fn embed_many(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedError> {
            let place = |text: &&str| {
                let group = self.0.iter().position(|group| group.contains(text));
                group.unwrap_or(self.0.len())
            };
            let vector = |text| {
                let mut vector = vec![0.0; self.dimensions()];
                vector[place(text)] = 1.0;
                vector
            };
            Ok(texts.iter().map(vector).collect())
        }
    }

    fn index(encoder: impl TextEncoder + 'static) -> HybridIndex {
        let entries = vec![
            FakeIndex::entry("A1", "空调坏了怎么报修", "好的。"),
            FakeIndex::entry("A2", "怎么开发票", "好的。"),
            FakeIndex::entry("A3", "你们几点关门", "好的。"),
        ];
        HybridIndex::build(
            KnowledgeVersion::new("test"),
            entries,
            RetrievalConfig::default(),
            Arc::new(encoder),
        )
        .expect("built")
    }

    fn answer(verdict: Verdict) -> Option<String> {
        match verdict {
            Verdict::Answer { candidate } => Some(candidate.entry.id.to_string()),
            _ => None,
        }
    }

    #[test]
    fn what_is_meant_is_found_where_no_word_is_shared() {
        let question = "屋里热得像蒸笼";
        let index = index(Meanings(&[
            &["空调坏了怎么报修", "屋里热得像蒸笼"],
            &["怎么开发票"],
        ]));
        assert_eq!(answer(index.lexical().verdict(question)), None);
        assert_eq!(answer(index.verdict(question)).as_deref(), Some("A1"));
        assert_eq!(
            answer(index.dense().verdict(question)).as_deref(),
            Some("A1")
        );
        let evidence = index.evidence(question).expect("it computes");
        let most: Vec<f32> = evidence.iter().map(|found| found.nearness.most).collect();
        assert_eq!(most, [1.0, 0.0, 0.0]);
        assert!(evidence.iter().all(|found| found.literal.is_none()));
    }

    #[test]
    fn a_phrasing_is_meant_whatever_the_vectors_say() {
        // These vectors take the question about invoices for one about repairs.
        let index = index(Meanings(&[
            &["空调坏了怎么报修", "怎么开发票呢"],
            &["怎么开发票"],
        ]));
        for question in ["怎么开发票", "怎么开发票呢"] {
            let verdict = index.verdict(question);
            assert_eq!(answer(verdict).as_deref(), Some("A2"), "{question}");
        }
    }

    #[test]
    fn nothing_said_is_no_question() {
        let index = index(FakeEncoder::default());
        for question in ["", "。", "嗯", "喂你好", "\u{0}\u{200b}"] {
            assert!(index.rank(question, MAX_CHOICES).is_empty(), "{question:?}");
            assert!(index.dense().rank(question, MAX_CHOICES).is_empty());
        }
    }

    #[test]
    fn words_are_left_when_the_encoder_fails() {
        let index = index(FakeEncoder {
            failure: Some("no memory".to_owned()),
        });
        for question in ["空调坏了怎么报修", "开发票", "天气"] {
            let by_words = index.lexical().find(question);
            assert_eq!(index.find(question), by_words, "{question}");
        }
        let error = index.evidence("开发票").expect_err("it fails");
        assert_eq!(error.to_string(), "encoder `fake` failed: no memory");
    }

    fn query(text: &str) -> Query<'_> {
        let now = DateTime::default();
        Query { text, now }
    }

    #[tokio::test]
    async fn a_search_finds_what_is_found_at_once() {
        let index = index(FakeEncoder::default());
        for question in ["空调坏了怎么报修", "发票怎么开", "天气"] {
            let found = index.search(query(question)).await.expect("it answers");
            assert_eq!(found, index.find(question), "{question}");
        }
    }
}
