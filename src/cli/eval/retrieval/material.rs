//! What is evaluated: knowledge bases from sheets and paraphrase files, and questions with known answers.

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use serde::Deserialize;

use crate::{
    entry::Entry,
    ids::EntryId,
    knowledge::{parse_csv, parse_paraphrases},
    retrieval::evaluation::{Case, Heard, LeftOut, OutOfScope, Population, verbatim},
};

/// Knowledge bases, and questions if there is a file of them.
#[derive(Debug)]
pub(in crate::cli) struct Material {
    pub(in crate::cli) bases: Vec<Base>,
    queries: Option<Vec<Case>>,
}

/// A knowledge base.
#[derive(Debug)]
pub(in crate::cli) struct Base {
    /// The file's or the trade's.
    pub(in crate::cli) name: String,
    pub(in crate::cli) entries: Vec<Entry>,
    pub(in crate::cli) left_out: LeftOut,
}

impl Base {
    /// Whether it has this entry.
    pub(in crate::cli) fn has(&self, id: &EntryId) -> bool {
        self.entries.iter().any(|entry| entry.id == *id)
    }
}

/// A row of the file of questions.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Query {
    question: String,
    /// Empty where nothing should be answered.
    entry: String,
}

impl Material {
    pub(in crate::cli) fn read(
        knowledge: &[PathBuf],
        trades: &[String],
        queries: Option<&Path>,
    ) -> anyhow::Result<Self> {
        let mut bases = Vec::new();
        for file in knowledge {
            let content = std::fs::read(file)
                .with_context(|| format!("knowledge file {} cannot be read", file.display()))?;
            let name = file.display().to_string();
            if file.extension().is_some_and(|kind| kind == "tsv") {
                let all = parse_paraphrases(&name, &content)?.into_iter();
                let wanted = all.filter(|(trade, _)| trades.is_empty() || trades.contains(trade));
                bases.extend(wanted.map(|(trade, entries)| Base {
                    name: trade,
                    entries,
                    left_out: LeftOut::EveryPhrasing,
                }));
            } else {
                bases.push(Base {
                    entries: parse_csv(&name, &content)?.entries,
                    name,
                    left_out: LeftOut::SimilarQuestions,
                });
            }
        }
        let missing = |trade: &&String| !bases.iter().any(|base| base.name == **trade);
        if let Some(missing) = trades.iter().find(missing) {
            bail!("no knowledge file has the trade `{missing}`");
        }
        let queries = queries.map(|file| read_queries(file, &bases)).transpose()?;
        Ok(Self { bases, queries })
    }

    /// What `base` is asked, and whose questions these are.
    pub(in crate::cli) fn cases(&self, base: &Base) -> Vec<(Population, Case)> {
        let own = |case| (Population::Own, case);
        let Some(queries) = &self.queries else {
            return verbatim(&base.entries).into_iter().map(own).collect();
        };
        let here: HashSet<&EntryId> = base.entries.iter().map(|entry| &entry.id).collect();
        let case = |case: &Case| match &case.expected {
            None => (Population::OutOfScope, case.clone()),
            Some(id) if here.contains(id) => own(case.clone()),
            // What another knowledge base should answer, this one should not.
            Some(_) => (
                Population::Foreign,
                Case {
                    expected: None,
                    ..case.clone()
                },
            ),
        };
        queries.iter().map(case).collect()
    }

    /// What the others than `bases[here]` know, evenly taken; there it means nothing.
    pub(in crate::cli) fn foreign(&self, here: usize, count: usize) -> Vec<Case> {
        let others = self.bases.iter().enumerate().filter(|(at, _)| *at != here);
        let all: Vec<Case> = others
            .flat_map(|(_, base)| verbatim(&base.entries))
            .map(|case| Case {
                expected: None,
                ..case
            })
            .collect();
        let step = all.len().div_ceil(count.max(1)).max(1);
        all.into_iter().step_by(step).take(count).collect()
    }
}

/// What recognition made of questions.
pub(in crate::cli) fn read_heard(file: &Path) -> anyhow::Result<Heard> {
    let text = std::fs::read_to_string(file)
        .with_context(|| format!("questions {} cannot be read", file.display()))?;
    Ok(Heard::parse(&file.display().to_string(), &text)?)
}

/// Questions that no knowledge base answers.
pub(in crate::cli) fn read_out_of_scope(file: &Path) -> anyhow::Result<Vec<OutOfScope>> {
    let text = std::fs::read_to_string(file)
        .with_context(|| format!("questions {} cannot be read", file.display()))?;
    Ok(OutOfScope::parse(&file.display().to_string(), &text)?)
}

fn read_queries(file: &Path, bases: &[Base]) -> anyhow::Result<Vec<Case>> {
    let named = || format!("questions {}", file.display());
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .from_path(file)
        .with_context(named)?;
    let known: HashSet<&EntryId> = bases
        .iter()
        .flat_map(|base| &base.entries)
        .map(|entry| &entry.id)
        .collect();
    let mut cases = Vec::new();
    for row in reader.deserialize() {
        let query: Query = row.with_context(named)?;
        let expected = (!query.entry.is_empty()).then(|| EntryId::new(&query.entry));
        if let Some(id) = &expected
            && !known.contains(id)
        {
            bail!(
                "{}: `{}` should find entry `{id}`, which no knowledge base has",
                named(),
                query.question
            );
        }
        cases.push(Case {
            question: query.question,
            expected,
        });
    }
    if cases.is_empty() {
        bail!("{} hold none", named());
    }
    Ok(cases)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sheets_trades_and_questions_are_read() {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: &str| {
            let file = folder.path().join(name);
            std::fs::write(&file, text).expect("written");
            file
        };
        let sheet = write(
            "a.csv",
            "id,category,question,similar_questions,answer,action\nA1,票,怎么开发票,我要发票,好的。,answer\n",
        );
        let trades = write(
            "b.tsv",
            "物业\twy_1\t门禁坏了|刷卡没反应\n电力\tdl_1\t停电了|没电\n",
        );
        let files = [sheet, trades];
        let questions = write("q.csv", "question,entry\n要票,A1\n天气,\n没电啦,dl_1\n");
        let all = Material::read(&files, &[], Some(&questions)).expect("sound");
        let names: Vec<&str> = all.bases[1..]
            .iter()
            .map(|base| base.name.as_str())
            .collect();
        assert_eq!(names, ["物业", "电力"]);
        let expected = |base: usize| -> Vec<Option<String>> {
            let cases = all.cases(&all.bases[base]).into_iter();
            cases
                .map(|(_, case)| case.expected.map(|id| id.to_string()))
                .collect()
        };
        assert_eq!(expected(0), [Some("A1".to_owned()), None, None]);
        assert_eq!(expected(2), [None, None, Some("dl_1".to_owned())]);
        let whose: Vec<Population> = all
            .cases(&all.bases[2])
            .iter()
            .map(|(whose, _)| *whose)
            .collect();
        assert_eq!(
            whose,
            [Population::Foreign, Population::OutOfScope, Population::Own]
        );
        assert_eq!(all.foreign(0, 100).len(), 4);
        assert_eq!(all.foreign(0, 2).len(), 2);
        assert_eq!(all.foreign(0, 0).len(), 0);

        let one = Material::read(&files[1..], &["电力".to_owned()], None).expect("sound");
        assert_eq!(one.bases.len(), 1);
        assert_eq!(one.cases(&one.bases[0]).len(), 2);

        let problem = |trades: &[String], queries: Option<&Path>| {
            let error = Material::read(&files, trades, queries).expect_err("refused");
            format!("{error:#}")
        };
        assert_eq!(
            problem(&["水务".to_owned()], None),
            "no knowledge file has the trade `水务`"
        );
        let wrong = write("w.csv", "question,entry\n要票,A9\n");
        assert!(
            problem(&[], Some(&wrong))
                .ends_with("should find entry `A9`, which no knowledge base has")
        );
        let wrong = write("x.csv", "frage,entry\n要票,A1\n");
        assert!(problem(&[], Some(&wrong)).contains("unknown field `frage`"));
    }
}
