//! Paraphrase files: a line an intent with the phrasings that mean it, `trade<TAB>intent<TAB>phrasing|phrasing|…`.
//!
//! They hold no answers, so nothing can be said from them: they are for measuring retrieval.

use std::collections::{BTreeMap, HashSet};

use super::{Fault, KnowledgeError};
use crate::{
    entry::{Action, Entry},
    ids::EntryId,
};

/// Reads a paraphrase file in UTF-8. Entries by trade; `document` names the file in errors.
pub fn parse_paraphrases(
    document: &str,
    content: &[u8],
) -> Result<BTreeMap<String, Vec<Entry>>, KnowledgeError> {
    let mut trades: BTreeMap<String, Vec<Entry>> = BTreeMap::new();
    let mut faults = Vec::new();
    let mut intents = HashSet::new();
    for (number, line) in (1u64..).zip(content.split(|&byte| byte == b'\n')) {
        match intent(line) {
            Ok(None) => {}
            Ok(Some((trade, entry))) if intents.insert(entry.id.clone()) => {
                trades.entry(trade).or_default().push(entry);
            }
            Ok(Some((_, entry))) => faults.push(Fault {
                line: number,
                column: None,
                problem: format!("intent `{}` stands twice", entry.id),
            }),
            Err(problem) => faults.push(Fault {
                line: number,
                column: None,
                problem,
            }),
        }
    }
    if faults.is_empty() && trades.is_empty() {
        faults.push(Fault {
            line: 1,
            column: None,
            problem: "holds no intent".to_owned(),
        });
    }
    match faults.is_empty() {
        true => Ok(trades),
        false => Err(KnowledgeError {
            document: document.to_owned(),
            faults,
        }),
    }
}

/// The trade and the intent of a line; nothing of a blank one.
fn intent(line: &[u8]) -> Result<Option<(String, Entry)>, String> {
    let line = std::str::from_utf8(line).map_err(|_| "is not UTF-8".to_owned())?;
    if line.trim().is_empty() {
        return Ok(None);
    }
    let columns: Vec<&str> = line.split('\t').map(str::trim).collect();
    let [trade, id, phrasings] = columns[..] else {
        return Err(format!(
            "has {} columns, not 3: trade, intent, phrasings",
            columns.len()
        ));
    };
    let mut phrasings = phrasings
        .split('|')
        .map(|phrasing| phrasing.trim().to_owned())
        .filter(|phrasing| !phrasing.is_empty());
    let question = phrasings.next().ok_or("has no phrasing")?;
    let entry = Entry {
        id: EntryId::new(id),
        category: trade.to_owned(),
        question,
        similar_questions: phrasings.collect(),
        answer: String::new(),
        action: Action::Answer,
        name: String::default(),
        validity: Default::default(),
    };
    Ok(Some((trade.to_owned(), entry)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_intents_of_trades() {
        let text = "物业\twy_001\t门禁坏了|刷卡没反应| 大门开不了\n\n物业\twy_002\t交物业费\r\n电力\tdl_001\t停电了\n";
        let trades = parse_paraphrases("a.tsv", text.as_bytes()).expect("sound");
        let names: Vec<&str> = trades.keys().map(String::as_str).collect();
        assert_eq!(names, ["物业", "电力"]);
        let [door, fee] = &trades["物业"][..] else {
            panic!("{trades:?}");
        };
        assert_eq!(
            (door.id.as_str(), door.question.as_str()),
            ("wy_001", "门禁坏了")
        );
        assert_eq!(door.similar_questions, ["刷卡没反应", "大门开不了"]);
        assert_eq!(fee.question, "交物业费");
    }

    #[test]
    fn faults_are_named_with_their_line() {
        let text = b"a\tb\tc\na\tb\td\na\tb\na\tc\t|\n\xff\xfe\n";
        let error = parse_paraphrases("a.tsv", text).expect_err("refused");
        assert_eq!(
            error.to_string(),
            "a.tsv cannot be used:\n  line 2: intent `b` stands twice\n  line 3: has 2 columns, not 3: trade, intent, phrasings\n  line 4: has no phrasing\n  line 5: is not UTF-8"
        );
        let error = parse_paraphrases("a.tsv", b"\n").expect_err("refused");
        assert!(error.to_string().contains("line 1: holds no intent"));
    }
}
