//! The answers of the sample businesses: each sentence supports itself, and nothing that was changed in it is supported.

use super::*;

/// Question and answer of every entry.
fn entries() -> Vec<(String, String)> {
    let files = [
        include_str!("../../../../knowledge/appliance.csv"),
        include_str!("../../../../knowledge/ecommerce.csv"),
        include_str!("../../../../knowledge/service.csv"),
    ];
    let mut entries = Vec::new();
    for file in files {
        for row in csv::Reader::from_reader(file.as_bytes()).records() {
            let row = row.expect("a row");
            entries.push((row[2].to_owned(), row[4].to_owned()));
        }
    }
    entries
}

/// Sentences that tell something: their entry and their text.
fn sentences(entries: &[(String, String)]) -> Vec<(usize, String)> {
    let mut sentences = Vec::new();
    for (place, (_, answer)) in entries.iter().enumerate() {
        for sentence in answer.split_inclusive(['。', '！', '？', '；']) {
            let length = sentence.chars().count();
            // 可以的 alone answers only who knows the question.
            if !sentence.ends_with('？') && (5..=LONGEST).contains(&length) {
                sentences.push((place, sentence.to_owned()));
            }
        }
    }
    sentences
}

fn is_supported(entry: &(String, String), sentence: &str) -> bool {
    let passages = Passages::new([(entry.0.as_str(), entry.1.as_str())]);
    passages.check(&format!("{sentence}[1]")).is_ok()
}

#[test]
fn every_sentence_supports_itself() {
    let entries = entries();
    let sentences = sentences(&entries);
    let refused: Vec<String> = sentences
        .iter()
        .filter(|(place, sentence)| !is_supported(&entries[*place], sentence))
        .map(|(place, sentence)| {
            let (question, answer) = &entries[*place];
            let passages = Passages::new([(question.as_str(), answer.as_str())]);
            format!(
                "{sentence}: {:?}",
                passages.check(&format!("{sentence}[1]"))
            )
        })
        .collect();
    assert!(sentences.len() > 100, "{}", sentences.len());
    assert!(
        refused.is_empty(),
        "{} of {}\n{}",
        refused.len(),
        sentences.len(),
        refused.join("\n")
    );
}

#[test]
fn no_changed_number_is_supported() {
    let entries = entries();
    let mut changed = 0;
    for (place, sentence) in sentences(&entries) {
        let symbols: Vec<char> = sentence.chars().collect();
        for at in 0..symbols.len() {
            let other = match symbols[at] {
                '三' => '八',
                '二' | '两' | '五' | '七' | '九' | '四' | '六' => '三',
                '1'..='9' => '0',
                _ => continue,
            };
            let mut symbols = symbols.clone();
            symbols[at] = other;
            let sentence: String = symbols.into_iter().collect();
            changed += 1;
            assert!(!is_supported(&entries[place], &sentence), "{sentence}");
        }
    }
    assert!(changed > 50, "{changed}");
}

#[test]
fn no_denial_can_be_dropped_or_added() {
    let entries = entries();
    let (mut dropped, mut added) = (0, 0);
    for (place, sentence) in sentences(&entries) {
        let symbols: Vec<char> = sentence.chars().collect();
        for (at, length) in LEXICON.denying.places(&symbols) {
            let harmless = LEXICON
                .not_denying
                .places(&symbols)
                .iter()
                .any(|(from, length)| (*from..from + length).contains(&at));
            let a_not_a = at > 0 && symbols.get(at + 1) == Some(&symbols[at - 1]);
            if harmless || a_not_a {
                continue;
            }
            let mut without = symbols.clone();
            without.drain(at..at + length);
            let without: String = without.into_iter().collect();
            dropped += 1;
            assert!(
                !is_supported(&entries[place], &without),
                "{sentence} as {without}"
            );
        }
        for word in ["可以", "能", "收费", "支持"] {
            let Some(at) = sentence.find(word) else {
                continue;
            };
            let (head, tail) = sentence.split_at(at);
            if head.ends_with(['不', '没', '能', '可', '以']) {
                continue;
            }
            let denied = format!("{head}不{tail}");
            added += 1;
            assert!(
                !is_supported(&entries[place], &denied),
                "{sentence} as {denied}"
            );
        }
    }
    assert!(dropped > 20 && added > 20, "{dropped} {added}");
}

#[test]
fn no_sentence_is_supported_by_another_entry() {
    let entries = entries();
    let sentences = sentences(&entries);
    let (mut tried, mut supported) = (0, Vec::new());
    for (place, sentence) in &sentences {
        // A few others each; 10,000 pairs would take too long.
        for step in [1, 7, 13, 29] {
            let other = (place + step) % entries.len();
            if entries[other].1.contains(sentence.trim_end_matches('。')) {
                continue;
            }
            tried += 1;
            if is_supported(&entries[other], sentence) {
                supported.push(format!("{sentence} by {}", entries[other].1));
            }
        }
    }
    assert!(tried > 400, "{tried}");
    assert!(supported.is_empty(), "{}", supported.join("\n"));
}
