//! Sentences of a section into passages: whole sentences, those that refer to each other together.

use super::Sentence;
use crate::knowledge::{LONGEST_ANSWER, import::Place, sentences::length};

/// A passage in the making.
#[derive(Debug)]
pub(super) struct Passage {
    pub(super) text: String,
    /// Its first sentence, without what leads it in.
    pub(super) about: String,
    pub(super) place: Place,
    pub(super) changes: Vec<String>,
}

/// Sentences side by side, with a space between those of Latin letters.
fn put_together<'a>(sentences: impl Iterator<Item = &'a str>) -> String {
    sentences.fold(String::new(), |text, sentence| {
        let is_latin = text.ends_with(|symbol: char| symbol.is_ascii());
        match text.is_empty() || !is_latin {
            true => text + sentence,
            false => text + " " + sentence,
        }
    })
}

/// What refers to what was said before.
const DEPENDENT: &[&str] = &[
    "它",
    "此",
    "上述",
    "以上",
    "如上",
    "其中",
    "其次",
    "但",
    "不过",
    "然而",
    "因此",
    "所以",
    "否则",
    "不然",
    "同时",
    "并且",
    "并",
    "而且",
    "且",
    "也",
    "这",
    "那么",
    "该",
    "其",
    "然后",
    "接着",
    "随后",
    "之后",
    "最后",
    "前者",
    "后者",
    "例如",
    "比如",
    "另外",
    "除此",
    "除外",
    "同样",
    "反之",
    "第二",
    "第三",
    "再",
    "还",
    "即",
    "It ",
    "They ",
    "This ",
    "These ",
    "Those ",
    "However",
    "But ",
    "Therefore",
    "Then",
    "Otherwise",
    "For example",
    "Also",
    "And ",
    "So ",
    "In that case",
];

/// What begins like the words above and stands alone.
const INDEPENDENT: &[&str] = &[
    "但凡",
    "其他",
    "其它",
    "其余",
    "此项",
    "再次购买",
    "再次申请",
    "还款",
    "还贷",
    "还清",
    "还书",
    "并发",
    "并网",
    "即将",
    "即日",
    "即时",
    "第二天",
    "第二次",
    "第三方",
    "该如何",
    "也许",
    "再生",
    "以上海",
];

fn is_dependent(sentence: &str) -> bool {
    DEPENDENT.iter().any(|word| sentence.starts_with(word))
        && !INDEPENDENT.iter().any(|word| sentence.starts_with(word))
}

/// Sentences in groups that stay together: one with those that refer to it.
fn groups(sentences: &[Sentence]) -> Vec<&[Sentence]> {
    sentences
        .chunk_by(|one, next| one.text.ends_with(['：', ':']) || is_dependent(&next.text))
        .collect()
}

/// For each sentence the one that leads in the list that it is an item of (请带：).
fn leads(sentences: &[Sentence]) -> Vec<Option<usize>> {
    let mut lead = None;
    sentences
        .iter()
        .enumerate()
        .map(|(place, sentence)| {
            if sentence.text.ends_with(['：', ':']) {
                lead = Some(place);
                return None;
            }
            lead = lead.filter(|_| sentence.is_item);
            lead
        })
        .collect()
}

/// The sentences of a section, as they are put into passages.
struct Cutting<'a> {
    sentences: &'a [Sentence],
    leads: Vec<Option<usize>>,
}

impl Cutting<'_> {
    /// What leads in the list that a passage from here on begins within.
    fn lead(&self, from: usize) -> Option<&str> {
        let lead = self.leads.get(from).copied().flatten()?;
        Some(self.sentences[lead].text.as_str())
    }

    fn text(&self, from: usize, to: usize) -> String {
        let sentences = self.sentences[from..to].iter();
        let texts = sentences.map(|sentence| sentence.text.as_str());
        put_together(self.lead(from).into_iter().chain(texts))
    }

    fn fits(&self, from: usize, to: usize) -> bool {
        length(&self.text(from, to)) <= LONGEST_ANSWER
    }

    /// A passage of these sentences, if there are any.
    fn passage(&self, from: usize, to: usize) -> Option<Passage> {
        let sentences = &self.sentences[from..to];
        let first = sentences.first()?;
        let mut changes: Vec<String> = Vec::new();
        for how in sentences.iter().flat_map(|sentence| &sentence.changes) {
            if !changes.contains(how) {
                changes.push(how.clone());
            }
        }
        let mut text = self.text(from, to);
        match self.lead(from) {
            // An item that is too long together with what leads it in.
            Some(_) if length(&text) > LONGEST_ANSWER => {
                text = put_together(sentences.iter().map(|sentence| sentence.text.as_str()));
                changes.push("what leads in its list is too long to be said again".to_owned());
            }
            Some(lead) => changes.push(format!(
                "`{lead}` is said again before the rest of its list"
            )),
            None if is_dependent(&text) => {
                let start: String = text.chars().take(6).collect();
                changes.push(format!(
                    "`{start}…` refers to the sentence before it; both together are too long to be spoken"
                ));
            }
            None => {}
        }
        Some(Passage {
            text,
            about: first.text.clone(),
            place: first.place.clone(),
            changes,
        })
    }
}

/// The passages of a section.
pub(super) fn passages(sentences: &[Sentence]) -> Vec<Passage> {
    let cutting = Cutting {
        sentences,
        leads: leads(sentences),
    };
    let mut found = Vec::new();
    // The sentences of the passage that is being made.
    let (mut from, mut to) = (0, 0);
    for group in groups(sentences) {
        let end = to + group.len();
        if cutting.fits(from, end) {
            to = end;
            continue;
        }
        found.extend(cutting.passage(from, to));
        from = to;
        if !cutting.fits(from, end) {
            // What belongs together cannot be said together.
            while to < end {
                if to > from && !cutting.fits(from, to + 1) {
                    found.extend(cutting.passage(from, to));
                    from = to;
                }
                to += 1;
            }
        }
        to = end;
    }
    found.extend(cutting.passage(from, to));
    found
}
