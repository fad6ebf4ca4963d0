//! What a calibration is fitted to: questions asked of indexes that lack them, from every file that was named.

use std::sync::Arc;

use anyhow::{Context, ensure};

use super::Args;
use crate::{
    cli::eval::retrieval::{
        as_heard,
        material::{Base, Material, read_heard, read_out_of_scope},
    },
    embedding::{Remembering, TextEncoder},
    entry::Entry,
    ids::KnowledgeVersion,
    retrieval::{
        HybridIndex, LexicalIndex, Ranking, RetrievalConfig,
        calibrate::Trial,
        evaluation::{Case, Heard, parse_labelled, without_some},
    },
};

/// All trials, and where they are from.
pub(super) struct Trials {
    pub(super) trials: Vec<Trial>,
    /// A line a source.
    pub(super) told: String,
}

impl Trials {
    /// Asks everything.
    pub(super) fn gather(
        args: &Args,
        encoder: Option<Arc<dyn TextEncoder>>,
    ) -> anyhow::Result<Self> {
        let material = Material::read(&args.knowledge, &[], None)?;
        let heard = args.heard.as_deref().map(read_heard).transpose()?;
        let strangers = match &args.out_of_scope {
            Some(file) => read_out_of_scope(file)?,
            None => Vec::new(),
        };
        let strangers: Vec<Case> = strangers
            .into_iter()
            .map(|one| Case {
                question: one.question,
                expected: None,
            })
            .collect();
        let mut labelled = Vec::new();
        for file in &args.questions {
            let text = std::fs::read_to_string(file)
                .with_context(|| format!("questions {} cannot be read", file.display()))?;
            labelled.extend(parse_labelled(&file.display().to_string(), &text)?);
        }
        let known = |case: &Case| {
            case.expected
                .as_ref()
                .is_none_or(|id| material.bases.iter().any(|base| base.has(id)))
        };
        if let Some(unknown) = labelled.iter().find(|case| !known(case)) {
            let id = unknown.expected.as_ref().map_or("-", |id| id.as_str());
            anyhow::bail!(
                "`{}` should find entry `{id}`, which no knowledge base has",
                unknown.question
            );
        }
        // Left out one at a time, the same phrasings would be embedded again and again.
        let encoder =
            encoder.map(|one| -> Arc<dyn TextEncoder> { Arc::new(Remembering::new(one)) });
        let mut trials = Vec::new();
        let mut told = String::new();
        for base in &material.bases {
            let found = Source {
                base,
                encoder: &encoder,
                heard: heard.as_ref(),
                most: args.most,
            };
            let (left_out, real, outside) = found.ask(&strangers, &labelled, &mut trials)?;
            told += &format!(
                "{}: {left_out} similar questions left out, {real} real questions, {outside} out of scope\n",
                base.name
            );
        }
        ensure!(!trials.is_empty(), "there is nothing to ask");
        Ok(Self { trials, told })
    }
}

/// A knowledge base and how it is asked.
struct Source<'a> {
    base: &'a Base,
    encoder: &'a Option<Arc<dyn TextEncoder>>,
    heard: Option<&'a Heard>,
    /// Similar questions that are left out.
    most: usize,
}

impl Source<'_> {
    /// Adds what comes of its own similar questions, of real ones and of those out of scope; gives how many each were.
    fn ask(
        &self,
        strangers: &[Case],
        labelled: &[Case],
        trials: &mut Vec<Trial>,
    ) -> anyhow::Result<(usize, usize, usize)> {
        let base = self.base;
        let before = trials.len();
        let left_out = without_some(&base.entries, base.left_out, self.most, |rest| {
            self.index(rest)
        });
        for (index, case) in left_out {
            let case = as_heard(self.heard, &case)?;
            trials.push(Trial::of(index?.as_ref(), &base.name, &case));
        }
        let own = trials.len() - before;
        let whole = self.index(base.entries.clone())?;
        let (mut real, mut outside) = (0, 0);
        for case in labelled {
            match &case.expected {
                Some(id) if base.has(id) => real += 1,
                Some(_) => continue,
                None => outside += 1,
            }
            trials.push(Trial::of(whole.as_ref(), &base.name, case));
        }
        for case in strangers {
            // One question is one group, however it was heard.
            let asked = as_heard(self.heard, case)?;
            trials.push(Trial {
                group: case.question.clone(),
                ..Trial::of(whole.as_ref(), &base.name, &asked)
            });
        }
        Ok((own, real, outside + strangers.len()))
    }

    fn index(&self, entries: Vec<Entry>) -> anyhow::Result<Box<dyn Ranking>> {
        let version = KnowledgeVersion::new("calibrate");
        let config = RetrievalConfig::default();
        Ok(match self.encoder.clone() {
            Some(encoder) => Box::new(HybridIndex::build(version, entries, config, encoder)?),
            None => Box::new(LexicalIndex::build(version, entries, config)),
        })
    }
}
