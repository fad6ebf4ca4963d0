//! Headings that nothing marks but their numbers: 第一章, 一、, （二）, 1., 1.2.

use super::{Part, pairs};

/// Longer lines are no headings.
const LONGEST_HEADING: usize = 30;

/// How a line is numbered.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Numbering {
    /// 第一章, 第二节: by its word.
    Named(char),
    /// 一、
    Hanzi,
    /// （一）
    Bracketed,
    /// 1. or 1.2: how many numbers.
    Digits(u8),
}

impl Numbering {
    /// 1 for a chapter.
    fn level(self) -> u8 {
        match self {
            Self::Named('节') => 2,
            Self::Named('条') => 3,
            Self::Named(_) => 1,
            Self::Hanzi => 2,
            Self::Bracketed => 3,
            Self::Digits(numbers) => numbers + 1,
        }
    }
}

/// The levels of lines that are headings. Lines that follow each other and are numbered alike are a list; a heading is followed
/// by text.
pub(super) fn levels(lines: &[&str]) -> Vec<Option<u8>> {
    let found: Vec<Option<Numbering>> = lines.iter().map(|line| numbering(line)).collect();
    let level = |place: usize| {
        let before = place.checked_sub(1).and_then(|before| found[before]);
        let after = found.get(place + 1).copied().flatten();
        let alone = found[place].filter(|it| before != Some(*it) && after != Some(*it));
        alone.map(Numbering::level)
    };
    (0..lines.len()).map(level).collect()
}

/// Makes paragraphs headings that are such by their numbers, if the document marks no heading itself.
pub(super) fn find(parts: &mut [Part]) {
    let marked = |part: &Part| matches!(part, Part::Heading { .. });
    if parts.iter().any(marked) {
        return;
    }
    let words = |part: &Part| match part {
        Part::Paragraph { text, .. } => text.clone(),
        _ => String::new(),
    };
    let words: Vec<String> = parts.iter().map(words).collect();
    let lines: Vec<&str> = words.iter().map(String::as_str).collect();
    for (part, level) in parts.iter_mut().zip(levels(&lines)) {
        if let (Part::Paragraph { text, place }, Some(level)) = (&mut *part, level) {
            let (text, place) = (std::mem::take(text), place.clone());
            *part = Part::Heading { level, text, place };
        }
    }
}

/// How a line is numbered, if it is short and no sentence.
fn numbering(line: &str) -> Option<Numbering> {
    if line.is_empty()
        || line.chars().count() > LONGEST_HEADING
        || line.ends_with(['。', '；', '，', '！', ';', ',', '.', ':', '：'])
        || pairs::is_marked(line)
        || pairs::is_answer(line)
    {
        return None;
    }
    let hanzi_number = |symbol: char| "零一二三四五六七八九十百".contains(symbol);
    if let Some(rest) = line.strip_prefix('第') {
        let rest =
            rest.trim_start_matches(|symbol: char| hanzi_number(symbol) || symbol.is_ascii_digit());
        let word = rest.chars().next()?;
        return "章篇部节条"
            .contains(word)
            .then_some(Numbering::Named(word));
    }
    let after_hanzi = line.trim_start_matches(hanzi_number);
    if after_hanzi.len() < line.len() && after_hanzi.starts_with('、') {
        return Some(Numbering::Hanzi);
    }
    if let Some(rest) = line.strip_prefix(['（', '(']) {
        let inner = rest.trim_start_matches(hanzi_number);
        let closed = inner.len() < rest.len() && inner.starts_with(['）', ')']);
        return closed.then_some(Numbering::Bracketed);
    }
    let rest = line.trim_start_matches(|symbol: char| symbol.is_ascii_digit() || symbol == '.');
    let number = &line[..line.len() - rest.len()];
    let numbers = number.split('.').filter(|part| !part.is_empty()).count();
    let marked =
        number.ends_with('.') || numbers > 1 || rest.starts_with('、') || rest.starts_with('．');
    // 3.5 元 is no heading, 3.5 退货 is: a blank follows the number of a heading.
    let separate = rest.starts_with([' ', '、', '．', '\t']) || number.ends_with('.');
    let plain = number.split('.').all(|part| part.len() <= 2);
    match numbers {
        1..=4 if marked && separate && plain && !rest.trim().is_empty() => {
            // At most 4.
            Some(Numbering::Digits(numbers as u8))
        }
        _ => None,
    }
}
