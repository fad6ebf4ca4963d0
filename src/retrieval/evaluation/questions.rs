//! Files of questions whose right answer is known: what was really asked, what was heard, and what no entry answers.
//!
//! This module takes texts, not files (see `cli`), and knows no knowledge base: whether an entry exists is asked elsewhere.

use std::collections::HashMap;

use super::Case;
use crate::ids::EntryId;

/// Where nothing should be answered, a file has this instead of an entry.
const NO_ENTRY: &str = "-";

/// Begins a kind in a file of questions out of scope.
const KIND: &str = "# category:";

/// The columns of a file of heard questions.
const HEARD: [&str; 3] = ["question", "heard", "entry"];

/// Why a file of questions is of no use.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QuestionsError {
    /// A line has not what it should.
    #[error("{file}:{line}: {problem}")]
    Line {
        /// Which file.
        file: String,
        /// Which line, from 1.
        line: usize,
        /// In words.
        problem: String,
    },
    /// It has no question at all.
    #[error("{0} holds no question")]
    Empty(String),
}

/// A question that no entry answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutOfScope {
    /// What kind it is of; empty before the first heading.
    pub kind: String,
    /// As a caller would ask.
    pub question: String,
}

impl OutOfScope {
    /// Reads a list: one question a line, under headings `# category: NAME`; other lines that begin with `#` are comments.
    pub fn parse(file: &str, text: &str) -> Result<Vec<Self>, QuestionsError> {
        let mut kind = "";
        let mut questions = Vec::new();
        for line in text.trim_start_matches('\u{feff}').lines().map(str::trim) {
            if let Some(name) = line.strip_prefix(KIND) {
                kind = name.trim();
            } else if !line.is_empty() && !line.starts_with('#') {
                questions.push(Self {
                    kind: kind.to_owned(),
                    question: line.to_owned(),
                });
            }
        }
        match questions.is_empty() {
            true => Err(QuestionsError::Empty(file.to_owned())),
            false => Ok(questions),
        }
    }
}

/// Reads labelled questions: `question<TAB>entry`, with `-` where nothing should be answered. Empty lines and lines that begin
/// with `#` are left out, and so is a first line `question<TAB>entry`.
pub fn parse_labelled(file: &str, text: &str) -> Result<Vec<Case>, QuestionsError> {
    let mut cases = Vec::new();
    for (line, cells) in rows(text) {
        let [question, entry] = cells[..] else {
            return Err(wrong(file, line, format!("{} columns, not 2", cells.len())));
        };
        if (question, entry) == ("question", "entry") {
            continue;
        }
        if question.is_empty() || entry.is_empty() {
            return Err(wrong(file, line, "an empty column".to_owned()));
        }
        cases.push(Case {
            question: question.to_owned(),
            expected: (entry != NO_ENTRY).then(|| EntryId::new(entry)),
        });
    }
    match cases.is_empty() {
        true => Err(QuestionsError::Empty(file.to_owned())),
        false => Ok(cases),
    }
}

/// What recognition made of questions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// By the question that was asked.
    texts: HashMap<String, String>,
}

impl Heard {
    /// Reads a file with the columns `question`, `heard` and `entry`, tab-separated; `heard` may be empty.
    pub fn parse(file: &str, text: &str) -> Result<Self, QuestionsError> {
        let mut texts = HashMap::new();
        let mut rows = rows(text);
        if rows.next().is_none_or(|(_, cells)| cells != HEARD) {
            let columns = HEARD.join(", ");
            return Err(wrong(file, 1, format!("the columns are not {columns}")));
        }
        for (line, cells) in rows {
            let [question, heard, _entry] = cells[..] else {
                return Err(wrong(file, line, format!("{} columns, not 3", cells.len())));
            };
            if texts
                .insert(question.to_owned(), heard.to_owned())
                .is_some_and(|before| before != heard)
            {
                return Err(wrong(
                    file,
                    line,
                    format!("`{question}` was heard otherwise before"),
                ));
            }
        }
        match texts.is_empty() {
            true => Err(QuestionsError::Empty(file.to_owned())),
            false => Ok(Self { texts }),
        }
    }

    /// `case` as it was heard; `None` if nobody spoke it.
    pub fn of(&self, case: &Case) -> Option<Case> {
        let heard = self.texts.get(&case.question)?;
        Some(Case {
            question: heard.clone(),
            expected: case.expected.clone(),
        })
    }

    /// A line of such a file; the first is [`Heard::head`].
    pub fn line(case: &Case, heard: &str) -> String {
        let entry = case.expected.as_ref().map_or(NO_ENTRY, EntryId::as_str);
        let clean = |text: &str| text.replace(['\t', '\n', '\r'], " ");
        format!("{}\t{}\t{entry}\n", clean(&case.question), clean(heard))
    }

    /// The first line.
    pub fn head() -> String {
        format!("{}\n", HEARD.join("\t"))
    }
}

/// Lines with their numbers, cut at tabs, without comments.
fn rows(text: &str) -> impl Iterator<Item = (usize, Vec<&str>)> {
    let lines = text.trim_start_matches('\u{feff}').lines();
    (1..)
        .zip(lines)
        .filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'))
        .map(|(number, line)| (number, line.split('\t').map(str::trim).collect()))
}

fn wrong(file: &str, line: usize, problem: String) -> QuestionsError {
    QuestionsError::Line {
        file: file.to_owned(),
        line,
        problem,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case(question: &str, expected: Option<&str>) -> Case {
        Case {
            question: question.to_owned(),
            expected: expected.map(EntryId::new),
        }
    }

    #[test]
    fn questions_out_of_scope_have_kinds() {
        let text = "\u{feff}# said by hand\n天气\n# category: 闲聊\n\n讲个笑话 \n# not a heading\n几点了\n";
        let questions = OutOfScope::parse("o.txt", text).expect("sound");
        let told: Vec<(&str, &str)> = questions
            .iter()
            .map(|one| (one.kind.as_str(), one.question.as_str()))
            .collect();
        assert_eq!(
            told,
            [("", "天气"), ("闲聊", "讲个笑话"), ("闲聊", "几点了")]
        );
        let error = OutOfScope::parse("o.txt", "# nothing\n").expect_err("empty");
        assert_eq!(error.to_string(), "o.txt holds no question");
    }

    #[test]
    fn labelled_questions_are_read() {
        let text = "question\tentry\n# from March\n怎么开票\tA1\n天气\t-\n";
        let cases = parse_labelled("q.tsv", text).expect("sound");
        assert_eq!(cases, [case("怎么开票", Some("A1")), case("天气", None)]);
        for (text, problem) in [
            ("开票\n", "q.tsv:1: 1 columns, not 2"),
            ("开票\tA1\n\tA2\n", "q.tsv:2: an empty column"),
            ("", "q.tsv holds no question"),
        ] {
            let error = parse_labelled("q.tsv", text).expect_err("refused");
            assert_eq!(error.to_string(), problem);
        }
    }

    #[test]
    fn what_was_heard_reads_as_it_is_written() {
        let asked = [case("怎么开票", Some("A1")), case("天气", None)];
        let text =
            Heard::head() + &Heard::line(&asked[0], "怎么\t开飘") + &Heard::line(&asked[1], "");
        let heard = Heard::parse("h.tsv", &text).expect("sound");
        assert_eq!(heard.of(&asked[0]), Some(case("怎么 开飘", Some("A1"))));
        assert_eq!(heard.of(&asked[1]), Some(case("", None)));
        assert_eq!(heard.of(&case("别的", None)), None);
        for (text, problem) in [
            (
                "a\tb\tc\n",
                "h.tsv:1: the columns are not question, heard, entry",
            ),
            (
                "question\theard\tentry\n甲\t乙\n",
                "h.tsv:2: 2 columns, not 3",
            ),
            (
                "question\theard\tentry\n甲\t乙\t-\n甲\t丙\t-\n",
                "h.tsv:3: `甲` was heard otherwise before",
            ),
            ("question\theard\tentry\n", "h.tsv holds no question"),
        ] {
            let error = Heard::parse("h.tsv", text).expect_err("refused");
            assert_eq!(error.to_string(), problem);
        }
    }
}
