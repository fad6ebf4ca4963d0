//! Running text in passages that can be answered with as they stand.
//!
//! A passage is whole sentences under one heading, short enough to be spoken. Sentences that make no sense without the one
//! before (其中…, 但是…) stay with it. Nothing is rephrased.

mod furniture;
mod headings;

use super::{
    cells::{Use, full_stop, tidy},
    collecting::{Collecting, Draft},
    pairs::{place_of, text_of},
};
use crate::knowledge::{
    LONGEST_ANSWER,
    import::{Part, Place},
    sentences::{clauses, length, sentences},
};

pub(super) use headings::bare as bare_heading;

/// A sentence, or a piece of one.
#[derive(Clone, Debug)]
struct Sentence {
    text: String,
    place: Place,
    /// What was changed on the way here.
    changes: Vec<String>,
}

/// The text under one heading.
#[derive(Debug, Default)]
struct Section {
    /// From the uppermost heading down.
    path: Vec<String>,
    place: Place,
    sentences: Vec<Sentence>,
    /// A heading below it follows.
    has_children: bool,
}

/// Takes the text of a document. Where there are tables or pairs of questions and answers too, text under no heading is about
/// them and is left out.
pub(super) fn take(collecting: &mut Collecting, parts: &[&Part]) {
    let is_all = collecting.is_empty();
    let parts = furniture::without(collecting, parts);
    for section in sections(collecting, &parts) {
        if section.sentences.is_empty() {
            if !section.path.is_empty() && !section.has_children {
                collecting.refuse(section.place, "a heading without text");
            }
            continue;
        }
        if section.path.is_empty() && !is_all {
            let why = "text beside questions and answers, under no heading";
            collecting.refuse(section.place, why);
            continue;
        }
        take_section(collecting, section);
    }
}

fn sections(collecting: &mut Collecting, parts: &[&Part]) -> Vec<Section> {
    let mut done: Vec<Section> = Vec::new();
    let mut path: Vec<(u8, String)> = Vec::new();
    let mut open = Section::default();
    for part in parts {
        let place = place_of(part);
        if let Part::Heading { level, text, .. } = part {
            path.retain(|(above, _)| above < level);
            open.has_children = open.path.len() == path.len();
            done.push(std::mem::take(&mut open));
            path.push((*level, headings::bare(text)));
            open.path = path.iter().map(|(_, text)| text.clone()).collect();
            open.place = place.clone();
            continue;
        }
        if open.sentences.is_empty() && open.path.is_empty() {
            open.place = place.clone();
        }
        let tidied = tidy(text_of(part), Use::Answer);
        // A full stop at the end of a list's item or a line is not worth telling.
        let changes: Vec<String> = tidied
            .changes
            .iter()
            .filter(|how| !how.contains("full stop") && !how.contains("spaces"))
            .map(|how| (*how).to_owned())
            .collect();
        for sentence in sentences(&tidied.text) {
            let whole = Sentence {
                text: sentence.trim().to_owned(),
                place: place.clone(),
                changes: changes.clone(),
            };
            open.sentences.extend(short_enough(collecting, whole));
        }
    }
    done.push(open);
    done
}

/// A sentence as it stands, or cut at the ends of clauses if it is too long to be spoken; nothing if it cannot be cut.
fn short_enough(collecting: &mut Collecting, whole: Sentence) -> Vec<Sentence> {
    let count = length(&whole.text);
    if count <= LONGEST_ANSWER {
        return vec![whole];
    }
    let pieces = clauses(&whole.text, LONGEST_ANSWER);
    if pieces
        .iter()
        .any(|piece| length(piece.trim()) > LONGEST_ANSWER)
    {
        let why = format!(
            "a sentence of {count} characters cannot be spoken in 15 s and has no commas to be cut at: {}…",
            whole.text.chars().take(20).collect::<String>()
        );
        collecting.refuse(whole.place, why);
        return Vec::new();
    }
    let stop = full_stop(&whole.text);
    let mut changes = whole.changes;
    changes.push(format!(
        "a sentence of {count} characters was cut at commas"
    ));
    pieces
        .into_iter()
        .map(|piece| {
            let bare = piece.trim().trim_end_matches(['，', ',', '；', ';', '、']);
            let text = match bare.len() == piece.trim().len() {
                true => bare.to_owned(),
                false => format!("{bare}{stop}"),
            };
            Sentence {
                text,
                place: whole.place.clone(),
                changes: changes.clone(),
            }
        })
        .collect()
}

/// A passage in the making.
#[derive(Debug)]
struct Passage {
    text: String,
    place: Place,
    changes: Vec<String>,
}

impl Passage {
    fn of(sentences: &[Sentence]) -> Option<Self> {
        let mut changes: Vec<String> = Vec::new();
        for how in sentences.iter().flat_map(|sentence| &sentence.changes) {
            if !changes.contains(how) {
                changes.push(how.clone());
            }
        }
        Some(Self {
            text: put_together(sentences.iter().map(|sentence| sentence.text.as_str())),
            place: sentences.first()?.place.clone(),
            changes,
        })
    }
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

fn passages(sentences: &[Sentence]) -> Vec<Passage> {
    let together = |sentences: &[Sentence]| {
        length(&put_together(
            sentences.iter().map(|sentence| sentence.text.as_str()),
        ))
    };
    let mut found = Vec::new();
    // The sentences of the passage that is being made.
    let (mut from, mut to) = (0, 0);
    let take = |from: usize, to: usize, found: &mut Vec<Passage>| {
        found.extend(Passage::of(&sentences[from..to]));
    };
    for group in groups(sentences) {
        let end = to + group.len();
        if together(&sentences[from..end]) <= LONGEST_ANSWER {
            to = end;
            continue;
        }
        take(from, to, &mut found);
        from = to;
        if together(group) > LONGEST_ANSWER {
            // What belongs together cannot be said together.
            while to < end {
                if to > from && together(&sentences[from..=to]) > LONGEST_ANSWER {
                    take(from, to, &mut found);
                    from = to;
                    continue;
                }
                to += 1;
            }
        }
        to = end;
    }
    take(from, to, &mut found);
    for passage in &mut found {
        if is_dependent(&passage.text) {
            let start: String = passage.text.chars().take(6).collect();
            passage.changes.push(format!(
                "`{start}…` refers to the sentence before it; both together are too long to be spoken"
            ));
        }
    }
    found
}

fn take_section(collecting: &mut Collecting, section: Section) {
    let found = passages(&section.sentences);
    let count = found.len();
    let category = match section.path.len() {
        0 | 1 => String::new(),
        many => section.path[many - 2].clone(),
    };
    for (number, mut passage) in (1..).zip(found) {
        let question = headings::question(&section.path, &passage.text, number, |question| {
            collecting.with_question(question).is_some()
        });
        let similar = match number {
            1 => headings::variations(&question),
            _ => Vec::new(),
        };
        if count > 1 {
            let heading = section.path.last().map_or("the text", String::as_str);
            passage
                .changes
                .insert(0, format!("part {number} of {count} of `{heading}`"));
        }
        let draft = Draft {
            category: category.clone(),
            question,
            similar,
            answer: passage.text,
            changes: passage.changes,
            ..Draft::default()
        };
        collecting.add(passage.place, draft, "");
    }
}
