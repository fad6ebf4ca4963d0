//! Recall by words, characters and sounds: BM25 on tantivy, one document a phrasing.
//!
//! Fields hold what `views` makes of a text, so tantivy cuts nothing itself. A document's number is its phrasing's: one segment
//! is written, once. Its files are read from memory or mapped from disk.

use std::{collections::HashSet, path::Path, sync::Arc};

use tantivy::{
    Directory, Index, IndexSettings, ReloadPolicy, Searcher, SingleSegmentIndexWriter,
    TantivyDocument, TantivyError,
    collector::TopDocs,
    directory::{MmapDirectory, RamDirectory},
    query::{BooleanQuery, BoostQuery, Occur, Query, TermQuery},
    schema::{Field, IndexRecordOption, Schema, TextFieldIndexing, TextOptions},
    tokenizer::{PreTokenizedString, Token},
};

use super::{
    collection::Collection,
    recall::{RECALLED, Recall, RecallError, Sought, Terms, telling},
    views::Term,
};

/// What tantivy may take while it indexes before it would write a second segment; one segment takes what it needs.
const INDEXING_BYTES: usize = 16 << 20;

/// The most documents that are looked at for one field, however many phrasings an entry has.
const MOST_DOCUMENTS: usize = 2_048;

/// What tantivy finds phrasings by.
#[derive(Clone, Copy, Debug)]
struct Fields {
    words: Field,
    characters: Field,
    syllables: Field,
    /// Of the entry's answer, on its question alone.
    answer: Field,
}

/// Phrasings, as they are being indexed.
pub(super) struct PostingsWriter {
    directory: RamDirectory,
    writer: SingleSegmentIndexWriter,
    fields: Fields,
}

/// Phrasings, indexed.
pub(super) struct Postings {
    searcher: Searcher,
    fields: Fields,
    /// `None` where it was opened from a folder.
    directory: Option<RamDirectory>,
    collection: Arc<Collection>,
}

impl PostingsWriter {
    pub(super) fn new() -> Result<Self, TantivyError> {
        let (schema, fields) = schema();
        let directory = RamDirectory::create();
        let index = Index::builder()
            .schema(schema)
            .settings(IndexSettings::default());
        let writer = index.single_segment_index_writer(directory.clone(), INDEXING_BYTES)?;
        Ok(Self {
            directory,
            writer,
            fields,
        })
    }

    /// The next phrasing; `answer` has the words of its entry's answer where it is the entry's question.
    pub(super) fn add(
        &mut self,
        terms: &Terms<'_>,
        answer: Option<&[Term<'_>]>,
    ) -> Result<(), TantivyError> {
        let mut document = TantivyDocument::default();
        let fields = self.fields;
        for (field, terms) in [
            (fields.words, &terms.words[..]),
            (fields.characters, &terms.characters),
            (fields.syllables, &terms.syllables),
            (fields.answer, answer.unwrap_or_default()),
        ] {
            let tokens = terms.iter().enumerate().map(|(position, term)| Token {
                position,
                text: term.text.clone().into_owned(),
                ..Token::default()
            });
            let text = PreTokenizedString {
                text: String::new(),
                tokens: tokens.collect(),
            };
            document.add_pre_tokenized_text(field, text);
        }
        self.writer.add_document(document)
    }

    pub(super) fn finish(self, collection: Arc<Collection>) -> Result<Postings, TantivyError> {
        let index = self.writer.finalize()?;
        let postings = Postings::of(&index, self.fields, collection)?;
        Ok(Postings {
            directory: Some(self.directory),
            ..postings
        })
    }
}

impl Postings {
    fn of(
        index: &Index,
        fields: Fields,
        collection: Arc<Collection>,
    ) -> Result<Self, TantivyError> {
        // It never changes, so nobody needs to watch it.
        let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual);
        Ok(Self {
            searcher: reader.try_into()?.searcher(),
            fields,
            directory: None,
            collection,
        })
    }

    /// Opens what [`Self::save`] has written.
    pub(super) fn open(folder: &Path, collection: Arc<Collection>) -> Result<Self, TantivyError> {
        let (schema, fields) = schema();
        let index = Index::open(MmapDirectory::open(folder)?)?;
        if index.schema() != schema {
            return Err(TantivyError::SchemaError("it has other fields".to_owned()));
        }
        let postings = Self::of(&index, fields, collection)?;
        let (segments, documents) = (
            postings.searcher.segment_readers().len(),
            postings.searcher.num_docs(),
        );
        if segments != 1 || documents != postings.collection.phrasings() as u64 {
            return Err(TantivyError::SchemaError(format!(
                "it has {documents} phrasings in {segments} segments"
            )));
        }
        Ok(postings)
    }

    /// Writes the files of the index into `folder`, which is empty. What was opened from a folder is there already.
    pub(super) fn save(&self, folder: &Path) -> Result<(), TantivyError> {
        match &self.directory {
            Some(directory) => {
                let destination = MmapDirectory::open(folder)?;
                directory.persist(&destination)?;
                destination.sync_directory()?;
                Ok(())
            }
            None => Err(TantivyError::SystemError(
                "it was opened from a folder".to_owned(),
            )),
        }
    }

    /// What the phrasings that hold any of `terms`, characters, score, best first.
    #[cfg(test)]
    pub(super) fn scores_of_characters(&self, terms: &[Term<'_>]) -> Vec<(u32, f32)> {
        let query = query(self.fields.characters, terms).expect("there are terms");
        let limit = TopDocs::with_limit(MOST_DOCUMENTS).order_by_score();
        let found = self.searcher.search(&query, &limit).expect("in memory");
        let scored = found.into_iter();
        scored
            .map(|(score, document)| (document.doc_id, score))
            .collect()
    }

    /// Adds the entries whose phrasings hold most of `terms`.
    fn search(
        &self,
        field: Field,
        terms: &[Term<'_>],
        sought: &Sought<'_>,
        found: &mut Vec<u32>,
    ) -> Result<(), TantivyError> {
        let Some(query) = query(field, terms) else {
            return Ok(());
        };
        let collection = &self.collection;
        let entries = collection.entries().len().max(1);
        let mut limit = RECALLED * collection.phrasings().div_ceil(entries);
        loop {
            limit = limit.min(MOST_DOCUMENTS);
            let documents = self
                .searcher
                .search(&query, &TopDocs::with_limit(limit).order_by_score())?;
            let exhausted = documents.len() < limit || limit == MOST_DOCUMENTS;
            let mut seen = HashSet::new();
            let entries = documents
                .into_iter()
                .map(|(_, document)| collection.owner(document.doc_id))
                .filter(|&entry| (sought.holds)(entry) && seen.insert(entry))
                .take(RECALLED);
            let entries: Vec<u32> = entries.collect();
            // Entries that are not true now, or have many phrasings, can crowd the others out.
            if entries.len() == RECALLED || exhausted {
                found.extend(entries);
                return Ok(());
            }
            limit *= 4;
        }
    }
}

impl Recall for Postings {
    fn name(&self) -> &str {
        "words"
    }

    fn recall(&self, sought: &Sought<'_>, found: &mut Vec<u32>) -> Result<(), RecallError> {
        let (fields, terms) = (self.fields, sought.terms);
        for (field, terms) in [
            (fields.words, &terms.words),
            (fields.characters, &terms.characters),
            (fields.syllables, &terms.syllables),
            (fields.answer, &terms.words),
        ] {
            let searched = self.search(field, terms, sought, found);
            searched.map_err(|error| RecallError {
                stage: self.name().to_owned(),
                problem: error.to_string(),
            })?;
        }
        Ok(())
    }
}

/// Every telling term may stand there, and weighs as much as it means.
fn query(field: Field, terms: &[Term<'_>]) -> Option<BooleanQuery> {
    let parts: Vec<(Occur, Box<dyn Query>)> = telling(terms)
        .into_iter()
        .map(|term| {
            let sought = tantivy::Term::from_field_text(field, &term.text);
            let query = TermQuery::new(sought, IndexRecordOption::WithFreqs);
            let query: Box<dyn Query> = Box::new(BoostQuery::new(Box::new(query), term.prior));
            (Occur::Should, query)
        })
        .collect();
    (!parts.is_empty()).then(|| BooleanQuery::new(parts))
}

fn schema() -> (Schema, Fields) {
    let indexing = TextFieldIndexing::default().set_index_option(IndexRecordOption::WithFreqs);
    let options = TextOptions::default().set_indexing_options(indexing);
    let mut builder = Schema::builder();
    let mut field = |name: &str| builder.add_text_field(name, options.clone());
    let fields = Fields {
        words: field("words"),
        characters: field("characters"),
        syllables: field("syllables"),
        answer: field("answer"),
    };
    (builder.build(), fields)
}
