//! The embedded index with an encoder: words, characters and sounds beside meaning.
//!
//! What is a phrasing by character or by sound is meant, whatever the vectors say; all else is scored by both. When the
//! encoder fails, words alone are asked, so that a caller is not left without an answer.

use std::{collections::HashMap, sync::Arc};

use jiff::civil::DateTime;

use super::{
    IndexOptions, KnowledgeIndex, Query, Ranking, RetrievalConfig, SearchError, SearchFuture,
    asking,
    calibration::Evidence,
    dense::DenseIndex,
    fusion::{self, Nearness},
    lexical::{HIGHEST_BY_OVERLAP, LexicalIndex, Match},
    recall::{Recall, Sought, Terms},
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
        let options = IndexOptions {
            config,
            ..IndexOptions::default()
        };
        Self::build_with(version, entries, options, encoder, None)
    }

    /// The same with the words of a business. Phrasings that `previous` knows are not embedded again.
    pub fn build_with(
        version: KnowledgeVersion,
        entries: Vec<Entry>,
        options: IndexOptions,
        encoder: Arc<dyn TextEncoder>,
        previous: Option<&Self>,
    ) -> Result<Self, EmbedError> {
        let lexical = LexicalIndex::build_with(version, entries, options);
        let texts: Vec<String> = lexical.embedded().collect();
        let known = previous
            .map(|index| index.known(&*encoder))
            .unwrap_or_default();
        let unknown: Vec<&str> = texts
            .iter()
            .map(String::as_str)
            .filter(|text| !known.contains_key(*text))
            .collect();
        let mut found = encoder.embed_many(&unknown)?.into_iter();
        let mut vectors = Vec::with_capacity(texts.len() * encoder.dimensions());
        for text in &texts {
            match known.get(text.as_str()) {
                Some(vector) => vectors.extend_from_slice(vector),
                None => vectors.extend(found.next().unwrap_or_default()),
            }
        }
        if vectors.len() != texts.len() * encoder.dimensions() {
            let problem = "its vectors have not the number or the length that it says";
            return Err(EmbedError::new(encoder.name(), problem));
        }
        Ok(Self::with_vectors(lexical, vectors, encoder))
    }

    /// An index whose phrasings have these vectors, one after the other.
    pub(super) fn with_vectors(
        lexical: LexicalIndex,
        vectors: Vec<f32>,
        encoder: Arc<dyn TextEncoder>,
    ) -> Self {
        let collection = lexical.collection().clone();
        let dense = DenseIndex::build(collection, vectors, encoder.dimensions());
        let shared = Arc::new(Shared {
            lexical,
            dense,
            encoder,
        });
        Self { shared }
    }

    /// The vector of every text that was embedded, if it was by the same encoder.
    fn known(&self, encoder: &dyn TextEncoder) -> HashMap<String, &[f32]> {
        let own = &self.shared.encoder;
        if (own.name(), own.version()) != (encoder.name(), encoder.version()) {
            return HashMap::new();
        }
        let texts = self.shared.lexical.embedded();
        let numbered = (0u32..).zip(texts);
        numbered
            .map(|(phrasing, text)| (text, self.shared.dense.vector(phrasing)))
            .collect()
    }

    /// The index by words alone that this one holds.
    pub fn lexical(&self) -> &LexicalIndex {
        &self.shared.lexical
    }

    pub(super) fn vectors(&self) -> &[f32] {
        self.shared.dense.vectors()
    }

    pub(super) fn encoder(&self) -> &dyn TextEncoder {
        &*self.shared.encoder
    }

    /// The index by vectors alone that this one holds, to see what they are worth.
    pub fn dense(&self) -> impl Ranking + '_ {
        DenseAlone(&self.shared)
    }

    /// What is known of `query`, in the thread that asks.
    pub fn ask(&self, query: &Query) -> Finding {
        asking::finding(self, self.version(), query)
    }

    /// The verdict on `question`, asked without context of entries at any time.
    pub fn find(&self, question: &str) -> Finding {
        Finding {
            verdict: self.verdict(question),
            version: self.shared.lexical.version().clone(),
            second: None,
        }
    }

    /// As [`Ranking::rank`], but looking at every entry: what the stages of recall are measured against.
    pub fn rank_exhaustively(&self, question: &str, most: usize) -> Vec<Candidate> {
        let shared = &self.shared;
        shared.rank(question, most, None, |shared| {
            vec![shared.lexical.everything()]
        })
    }

    /// As [`Ranking::rank_at`], with other recall than its own.
    pub(super) fn rank_by(
        &self,
        recall: &dyn Recall,
        question: &str,
        most: usize,
        now: Option<DateTime>,
    ) -> Vec<Candidate> {
        self.shared.rank(question, most, now, |_| vec![recall])
    }

    /// Its own stages of recall.
    pub(super) fn stages(&self) -> Vec<&dyn Recall> {
        self.shared.stages()
    }

    /// What speaks for every entry, in their order.
    pub fn evidence(&self, question: &str) -> Result<Vec<HybridEvidence<'_>>, EmbedError> {
        let shared = &self.shared;
        let lexical = &shared.lexical;
        let question = lexical.question(question);
        let terms = Terms::of(&question.normal);
        let vector = shared.encoder.embed_question(&question.text)?;
        let all = (0..lexical.collection().entries().len() as u32).collect();
        let matches = lexical.matches(&question, &terms, all, &|_| true);
        Ok(matches
            .into_iter()
            .map(|(entry, found)| HybridEvidence {
                entry: &lexical.collection().entries()[entry as usize],
                lexical: log_odds(&found),
                literal: found.literal,
                nearness: shared.dense.near(&vector, entry).nearness,
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

impl Shared {
    fn rank<'a>(
        &'a self,
        question: &str,
        most: usize,
        now: Option<DateTime>,
        stages: impl FnOnce(&'a Self) -> Vec<&'a dyn Recall>,
    ) -> Vec<Candidate> {
        let lexical = &self.lexical;
        let asked = lexical.question(question);
        // Nothing but fillers has a vector too, and some phrasing is always nearest.
        if asked.normal.is_empty() {
            return Vec::new();
        }
        let vector = match self.encoder.embed_question(&asked.text) {
            Ok(vector) => vector,
            Err(error) => {
                tracing::warn!(%error, "a question is looked up by its words alone");
                return lexical.rank_at(question, most, now);
            }
        };
        let terms = Terms::of(&asked.normal);
        let holds = |entry| lexical.collection().holds(entry, now);
        let sought = Sought {
            text: &asked.text,
            vector: Some(&vector),
            now,
            holds: &holds,
            terms: &terms,
        };
        let entries = lexical.candidates(&sought, &stages(self));
        let matches = lexical.matches(&asked, &terms, entries, &holds).into_iter();
        let scored = matches.map(|(entry, found)| match found.literal {
            Some(score) => (found.phrasing, score),
            None => {
                let near = self.dense.near(&vector, entry);
                let score = fusion::BOTH.score(log_odds(&found), near.nearness);
                (near.phrasing, score * HIGHEST_BY_OVERLAP)
            }
        });
        lexical.collection().best(scored, most)
    }

    fn stages(&self) -> Vec<&dyn Recall> {
        let mut stages = self.lexical.stages();
        stages.push(&self.dense);
        stages
    }
}

impl Ranking for HybridIndex {
    fn config(&self) -> &RetrievalConfig {
        self.shared.lexical.config()
    }

    fn rank_at(&self, question: &str, most: usize, now: Option<DateTime>) -> Vec<Candidate> {
        self.shared.rank(question, most, now, Shared::stages)
    }
}

/// Vectors alone.
struct DenseAlone<'a>(&'a Shared);

impl Ranking for DenseAlone<'_> {
    fn config(&self) -> &RetrievalConfig {
        self.0.lexical.config()
    }

    fn rank_at(&self, question: &str, most: usize, now: Option<DateTime>) -> Vec<Candidate> {
        let (lexical, dense) = (&self.0.lexical, &self.0.dense);
        let question = lexical.question(question);
        if question.normal.is_empty() {
            return Vec::new();
        }
        let Ok(vector) = self.0.encoder.embed_question(&question.text) else {
            return Vec::new();
        };
        let collection = lexical.collection();
        let entries = 0..collection.entries().len() as u32;
        let scored = entries
            .filter(|&entry| collection.holds(entry, now))
            .map(|entry| {
                let near = dense.near(&vector, entry);
                let score = fusion::DENSE_ALONE.score(0.0, near.nearness);
                (near.phrasing, score * HIGHEST_BY_OVERLAP)
            });
        collection.best(scored, most)
    }
}

impl KnowledgeIndex for HybridIndex {
    fn version(&self) -> &KnowledgeVersion {
        self.shared.lexical.version()
    }

    fn search(&self, query: Query) -> SearchFuture<'_> {
        let shared = self.shared.clone();
        Box::pin(async move {
            // An encoder takes milliseconds, and questions of several calls wait for each other.
            let asked = tokio::task::spawn_blocking(move || HybridIndex { shared }.ask(&query));
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

    #[tokio::test]
    async fn a_search_finds_what_is_found_at_once() {
        let index = index(FakeEncoder::default());
        for question in ["空调坏了怎么报修", "发票怎么开", "天气"] {
            let query = Query::new(question, DateTime::MIN);
            let found = index.search(query).await.expect("it answers");
            assert_eq!(found, index.find(question), "{question}");
        }
    }
}
