//! What is wrong with one answer.

use super::{
    Checking, ConcernKind, Field, Fix, Severity, personal,
    spoken::{Found, placeholders, unspeakable},
    words::{CLAIMS, UNSPEAKABLE},
};
use crate::{
    knowledge::{LONGEST_ANSWER, sentences::length, speakable_parts},
    text::spoken::to_spoken,
};

pub(super) fn check(checking: &mut Checking, place: usize) {
    let entries = checking.entries;
    let entry = &entries[place];
    how_long(checking, place, &entry.answer);
    for found in unspeakable(&entry.answer) {
        add(
            checking,
            place,
            ConcernKind::Unspeakable,
            Field::Answer,
            found,
        );
    }
    for word in UNSPEAKABLE.found_in(&entry.answer) {
        let kind = (Severity::Warning, ConcernKind::Unspeakable, Field::Answer);
        checking.add(
            place,
            kind,
            format!("`{word}`: a caller sees nothing"),
            None,
        );
    }
    for word in CLAIMS.found_in(&entry.answer) {
        let kind = (Severity::Warning, ConcernKind::Claim, Field::Answer);
        let words = format!(
            "`{word}` is an absolute claim, which advertising must not make (广告法 第九条)"
        );
        checking.add(place, kind, words, None);
    }
    for found in personal::numbers(&entry.answer) {
        let severity = match found.is_certain {
            true => Severity::Error,
            false => Severity::Warning,
        };
        let kind = (severity, ConcernKind::PersonalData, Field::Answer);
        checking.add(place, kind, found.words, None);
    }
    let texts = [
        (Field::Question, &entry.question),
        (Field::Answer, &entry.answer),
        (Field::Name, &entry.name),
    ];
    let phrasings = entry.similar_questions.iter();
    let phrasings = phrasings.map(|phrasing| (Field::SimilarQuestions, phrasing));
    for (field, text) in texts.into_iter().chain(phrasings) {
        for found in placeholders(text) {
            add(checking, place, ConcernKind::Placeholder, field, found);
        }
    }
}

fn add(checking: &mut Checking, place: usize, kind: ConcernKind, field: Field, found: Found) {
    let severity = match found.is_tolerable {
        true => Severity::Warning,
        false => Severity::Error,
    };
    let fix = found.without.map(|text| Fix::Replace { text });
    checking.add(place, (severity, kind, field), found.words, fix);
}

fn how_long(checking: &mut Checking, place: usize, answer: &str) {
    let written = length(answer);
    if written > LONGEST_ANSWER {
        let kind = (Severity::Error, ConcernKind::TooLong, Field::Answer);
        let words = format!("has {written} characters; {LONGEST_ANSWER} can be spoken in 15 s");
        let parts = speakable_parts(answer);
        return checking.add(place, kind, words, Some(Fix::Split { parts }));
    }
    // Numbers are longer when they are said: 2026年 is 二零二六年.
    if answer.contains(|symbol: char| symbol.is_ascii_digit()) {
        let spoken = length(&to_spoken(answer));
        if spoken > LONGEST_ANSWER {
            let kind = (Severity::Warning, ConcernKind::TooLong, Field::Answer);
            let words = format!(
                "is spoken as {spoken} characters, as numbers are said; {LONGEST_ANSWER} can be spoken in 15 s"
            );
            checking.add(place, kind, words, None);
        }
    }
}
