//! Plain text: paragraphs, headings by their numbers, questions and answers by their marks.

use super::{
    Place, Reading, encoding, headings,
    pairs::{self, Pairs},
};
use crate::knowledge::import::DocumentError;

pub(super) fn read(reading: &mut Reading<'_>, content: &[u8]) -> Result<(), DocumentError> {
    let at_line = |line| Place {
        line: Some(line),
        ..Place::default()
    };
    let text = encoding::decode(content)
        .map_err(|(line, problem)| reading.fault_at(&at_line(line), problem))?;
    let lines: Vec<(u64, &str)> = (1..).zip(text.lines()).collect();
    let filled: Vec<&str> = lines
        .iter()
        .map(|(_, line)| line.trim())
        .filter(|line| !line.is_empty())
        .collect();
    let mut levels = headings::levels(&filled).into_iter();
    let mut paragraph: Option<(String, Place)> = None;
    let mut pairs = Pairs::default();
    for (number, raw) in lines {
        let (line, place) = (raw.trim(), at_line(number));
        if number % super::ROWS_A_PLACE == 1 {
            reading.at(place.clone());
        }
        // One for each line that is not empty.
        let level = match line.is_empty() {
            true => None,
            false => levels.next().flatten(),
        };
        let level = level.filter(|_| !pairs.goes_on());
        let begins = match &paragraph {
            Some((text, _)) => {
                line.is_empty() || level.is_some() || ends_sentence(text) || is_indented(raw)
            }
            None => false,
        };
        if begins && let Some((text, place)) = paragraph.take() {
            reading.paragraph(&text, place)?;
        }
        match level {
            _ if line.is_empty() => pairs.gap(),
            Some(level) => {
                pairs.interrupt(reading)?;
                reading.heading(level, line, place)?;
            }
            None => {
                if pairs::is_marked(line)
                    && let Some((text, place)) = paragraph.take()
                {
                    // A question below a line that is no sentence.
                    reading.paragraph(&text, place)?;
                }
                if pairs.take(reading, line, &place)? {
                    continue;
                }
                match &mut paragraph {
                    Some((text, _)) => join(text, line),
                    None => paragraph = Some((line.to_owned(), place)),
                }
            }
        }
    }
    if let Some((text, place)) = paragraph {
        reading.paragraph(&text, place)?;
    }
    pairs.interrupt(reading)
}

/// Adds a line to what came before: hanzi join, words are a blank apart.
pub(super) fn join(text: &mut String, line: &str) {
    // Punctuation of Latin script is followed by a blank as words are; hanzi and their punctuation lie above.
    let latin = |symbol: Option<char>| {
        symbol.is_some_and(|symbol| symbol < '\u{2e80}' && !symbol.is_whitespace())
    };
    let line = line.trim();
    if latin(text.chars().next_back()) && latin(line.chars().next()) {
        text.push(' ');
    }
    text.push_str(line);
}

/// Whether a line that ends so ends a paragraph: those who break lines by hand break them within sentences.
pub(super) fn ends_sentence(text: &str) -> bool {
    text.ends_with([
        '。', '！', '？', '；', '：', '…', '.', '!', '?', ';', ':', '”', '」',
    ])
}

/// Whether a line begins with two blanks or more, as Chinese paragraphs do.
fn is_indented(line: &str) -> bool {
    line.starts_with('\u{3000}') || line.starts_with("  ") || line.starts_with('\t')
}
