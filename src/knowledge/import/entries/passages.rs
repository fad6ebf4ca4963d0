//! Running text in passages that can be answered with as they stand.
//!
//! A passage is whole sentences under one heading, short enough to be spoken. Sentences that make no sense without the one
//! before (其中…, 但是…) stay with it. Nothing is rephrased.

mod cutting;
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
    /// It is an item of a list.
    is_item: bool,
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
    /// A table or a heading below it follows.
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
    let mut ends_open = false;
    for part in parts {
        let place = place_of(part);
        if let Part::Heading { level, text, .. } = part {
            path.retain(|(above, _)| above < level);
            open.has_children |= open.path.len() == path.len();
            done.push(std::mem::take(&mut open));
            path.push((*level, headings::bare(text)));
            open.path = path.iter().map(|(_, text)| text.clone()).collect();
            open.place = place.clone();
            ends_open = false;
            continue;
        }
        if let Part::Table(_) = part {
            // It was told of already.
            open.has_children = true;
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
        let follows_open_item = std::mem::replace(&mut ends_open, is_open(text_of(part)));
        let found = sentences(&tidied.text);
        let is_item = headings::is_numbered(&tidied.text)
            || found.len() == 1 && (ends_open || follows_open_item);
        for sentence in found {
            let whole = Sentence {
                text: sentence.trim().to_owned(),
                place: place.clone(),
                is_item,
                changes: changes.clone(),
            };
            open.sentences.extend(short_enough(collecting, whole));
        }
    }
    done.push(open);
    done
}

/// Whether a paragraph ends without the end of a sentence, as the items of a list do.
fn is_open(paragraph: &str) -> bool {
    !paragraph
        .trim_end()
        .trim_end_matches(['”', '"', '）', ')'])
        .ends_with(['。', '！', '？', '.', '!', '?', '：', ':'])
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
                is_item: whole.is_item,
                changes: changes.clone(),
            }
        })
        .collect()
}

fn take_section(collecting: &mut Collecting, section: Section) {
    let found = cutting::passages(&section.sentences);
    let count = found.len();
    let category = match section.path.len() {
        0 | 1 => String::new(),
        many => section.path[many - 2].clone(),
    };
    for (number, mut passage) in (1..).zip(found) {
        let question = headings::question(&section.path, &passage.about, number, |question| {
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
