//! Headings that nothing marks but their numbers: 第一章, 一、, （二）, 1., 1.2.

use super::{Part, pairs};

/// Longer lines are no headings.
const LONGEST_HEADING: usize = 30;

/// The levels of lines that are headings. Numbered lines that follow each other are a list; a heading is followed by text.
pub(super) fn levels(lines: &[&str]) -> Vec<Option<u8>> {
    let levels: Vec<Option<u8>> = lines.iter().map(|line| level(line)).collect();
    let alone = |place: usize| {
        let before = place.checked_sub(1).and_then(|before| levels[before]);
        let after = levels.get(place + 1).copied().flatten();
        levels[place].filter(|level| before != Some(*level) && after != Some(*level))
    };
    (0..lines.len()).map(alone).collect()
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

/// The level that the number of a line says, if the line is short and no sentence.
pub(super) fn level(line: &str) -> Option<u8> {
    if line.is_empty()
        || line.chars().count() > LONGEST_HEADING
        || line.ends_with(['。', '；', '，', '！', ';', ',', '.', ':', '：'])
    {
        return None;
    }
    if pairs::is_marked(line) || pairs::is_answer(line) {
        return None;
    }
    let hanzi_number = |symbol: char| "零一二三四五六七八九十百".contains(symbol);
    if let Some(rest) = line.strip_prefix('第') {
        let rest =
            rest.trim_start_matches(|symbol: char| hanzi_number(symbol) || symbol.is_ascii_digit());
        return match rest.chars().next()? {
            '章' | '篇' | '部' => Some(1),
            '节' => Some(2),
            '条' => Some(3),
            _ => None,
        };
    }
    let after_hanzi = line.trim_start_matches(hanzi_number);
    if after_hanzi.len() < line.len() && after_hanzi.starts_with('、') {
        return Some(2);
    }
    if let Some(rest) = line.strip_prefix(['（', '(']) {
        let inner = rest.trim_start_matches(hanzi_number);
        return (inner.len() < rest.len() && inner.starts_with(['）', ')'])).then_some(3);
    }
    let number: &str = &line[..line.len()
        - line
            .trim_start_matches(|symbol: char| symbol.is_ascii_digit() || symbol == '.')
            .len()];
    let rest = &line[number.len()..];
    let levels = number.split('.').filter(|part| !part.is_empty()).count();
    let marked =
        number.ends_with('.') || levels > 1 || rest.starts_with('、') || rest.starts_with('．');
    // 3.5 元 is no heading, 3.5 退货 is: a blank follows the number of a heading.
    let separate = rest.starts_with([' ', '、', '．', '\t']) || number.ends_with('.');
    let plain = number.split('.').all(|part| part.len() <= 2);
    match levels {
        1..=4 if marked && separate && plain && !rest.trim().is_empty() => {
            // At most 4.
            Some(levels as u8 + 1)
        }
        _ => None,
    }
}
