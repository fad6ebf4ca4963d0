//! Which entries are worth a closer look: full-text search over all phrasings, by BM25 in each view.
//!
//! The evidence for an entry is exact and takes a microsecond a phrasing; a base with ten thousand entries is too large to ask
//! that of all of them. So the phrasings with the most shared words, characters and syllables are found first, and only their
//! entries are measured. Scores of this search are not comparable between questions and never leave this module.

use tantivy::{
    Index, IndexReader, IndexWriter, ReloadPolicy, TantivyDocument, TantivyError,
    collector::TopDocs,
    query::{BooleanQuery, BoostQuery, Occur, Query, TermQuery},
    schema::{FAST, Field, IndexRecordOption, Schema, TextFieldIndexing, TextOptions},
    tokenizer::{PreTokenizedString, Token},
};

use super::views::{Term, View, terms};

/// Phrasings that each view finds.
const FOUND: usize = 64;
/// Terms of a question that are asked for, those that count most. Longer questions repeat themselves.
const MOST_TERMS: usize = 48;
/// Terms that count less are in every other phrasing.
const LEAST_PRIOR: f32 = 0.2;
/// Memory of the writer, in bytes: it writes one segment for a million phrasings.
const WRITER_MEMORY: usize = 128 << 20;

const VIEWS: [(View, &str); 3] = [
    (View::Words, "words"),
    (View::Characters, "characters"),
    (View::Syllables, "syllables"),
];
const PHRASING: &str = "phrasing";

/// Full-text search over phrasings.
pub(super) struct TextRecall {
    reader: IndexReader,
    fields: [Field; 3],
}

fn schema() -> Schema {
    let mut schema = Schema::builder();
    let indexing = TextFieldIndexing::default()
        .set_tokenizer("raw")
        .set_index_option(IndexRecordOption::WithFreqs);
    for (_, name) in VIEWS {
        schema.add_text_field(
            name,
            TextOptions::default().set_indexing_options(indexing.clone()),
        );
    }
    schema.add_u64_field(PHRASING, FAST);
    schema.build()
}

impl TextRecall {
    /// Indexes phrasings in normal form, in memory.
    pub(super) fn build<'a>(forms: impl Iterator<Item = &'a str>) -> Result<Self, TantivyError> {
        let index = Index::create_in_ram(schema());
        let schema = index.schema();
        let phrasing = schema.get_field(PHRASING)?;
        let fields = fields(&schema)?;
        let mut writer: IndexWriter = index.writer_with_num_threads(1, WRITER_MEMORY)?;
        for (number, form) in (0_u64..).zip(forms) {
            let mut document = TantivyDocument::default();
            document.add_u64(phrasing, number);
            for (field, (view, _)) in fields.into_iter().zip(VIEWS) {
                document.add_pre_tokenized_text(field, tokens(&terms(view, form)));
            }
            writer.add_document(document)?;
        }
        writer.commit()?;
        writer.wait_merging_threads()?;
        Self::open(&index)
    }

    fn open(index: &Index) -> Result<Self, TantivyError> {
        let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual);
        Ok(Self {
            fields: fields(&index.schema())?,
            reader: reader.try_into()?,
        })
    }

    /// The phrasings that share most with a question in normal form, in no order.
    pub(super) fn phrasings(&self, normal: &str) -> Result<Vec<u32>, TantivyError> {
        let searcher = self.reader.searcher();
        let mut found = Vec::new();
        for (field, (view, _)) in self.fields.into_iter().zip(VIEWS) {
            let Some(query) = query(field, &terms(view, normal)) else {
                continue;
            };
            let top = TopDocs::with_limit(FOUND).order_by_score();
            for (_, address) in searcher.search(&query, &top)? {
                let segment = searcher.segment_reader(address.segment_ord);
                let number = segment.fast_fields().u64(PHRASING)?.first(address.doc_id);
                // There are fewer than 2^32, and each has a number.
                found.extend(number.and_then(|number| u32::try_from(number).ok()));
            }
        }
        found.sort_unstable();
        found.dedup();
        Ok(found)
    }
}

fn fields(schema: &Schema) -> Result<[Field; 3], TantivyError> {
    let [words, characters, syllables] = VIEWS.map(|(_, name)| schema.get_field(name));
    Ok([words?, characters?, syllables?])
}

/// Terms as they are: they were cut by the view.
fn tokens(terms: &[Term]) -> PreTokenizedString {
    let tokens = terms.iter().enumerate().map(|(position, term)| Token {
        offset_from: 0,
        offset_to: 0,
        position,
        text: term.text.clone(),
        position_length: 1,
    });
    PreTokenizedString {
        text: String::new(),
        tokens: tokens.collect(),
    }
}

/// Any of the terms, each by what it counts; `None` if there is none.
fn query(field: Field, terms: &[Term]) -> Option<BooleanQuery> {
    let mut asked: Vec<&Term> = terms.iter().collect();
    asked.sort_by(|a, b| {
        b.prior
            .total_cmp(&a.prior)
            .then_with(|| a.text.cmp(&b.text))
    });
    asked.dedup_by(|a, b| a.text == b.text);
    if asked.iter().any(|term| term.prior >= LEAST_PRIOR) {
        asked.retain(|term| term.prior >= LEAST_PRIOR);
    }
    asked.truncate(MOST_TERMS);
    let clauses: Vec<(Occur, Box<dyn Query>)> = asked
        .into_iter()
        .map(|term| {
            let text = tantivy::Term::from_field_text(field, &term.text);
            let one = TermQuery::new(text, IndexRecordOption::WithFreqs);
            let weighed: Box<dyn Query> = Box::new(BoostQuery::new(Box::new(one), term.prior));
            (Occur::Should, weighed)
        })
        .collect();
    (!clauses.is_empty()).then(|| BooleanQuery::new(clauses))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::retrieval::normal_form::normal_form;

    #[test]
    fn words_characters_and_sounds_are_found() {
        let texts = ["空调坏了怎么报修", "退货运费谁出", "几点上班", "发票怎么开"];
        let forms: Vec<String> = texts.iter().map(|text| normal_form(text)).collect();
        let recall = TextRecall::build(forms.iter().map(String::as_str)).expect("built");
        for (question, expected) in [
            ("报修空调", 0),
            ("推货运费", 1),
            ("几点上斑", 2),
            ("怎么开发票", 3),
        ] {
            let found = recall.phrasings(&normal_form(question)).expect("searched");
            assert!(found.contains(&expected), "{question}: {found:?}");
        }
        assert_eq!(recall.phrasings("").expect("searched"), [] as [u32; 0]);
        assert_eq!(recall.phrasings("xyz").expect("searched"), [] as [u32; 0]);
    }
}
