//! PDF, page by page. It knows where each character stands and nothing of paragraphs; lines and paragraphs are found again by
//! distances, headings by their size.

use std::collections::HashMap;

use pdf_extract::{
    Document, Error, MediaBox, ObjectId, OutputDev, OutputError, Transform, output_doc_page,
};

use super::{
    DocumentError, Part, Place, Reading, encoding, headings,
    pairs::{self, Pairs},
    plain::{ends_sentence, join},
};

/// So much larger than the text around it is a heading.
const HEADING_SIZE: f64 = 1.15;
/// Longer lines are no headings, however large.
const LONGEST_HEADING: usize = 40;
/// Characters on a page; a page of small print has some 5,000.
const MOST_CHARACTERS: usize = 100_000;
/// On so many pages, a line at the top or bottom is no part of the text.
const RUNNING_ON: usize = 3;

pub(super) fn read(reading: &mut Reading<'_>, content: &[u8]) -> Result<(), DocumentError> {
    let document = Document::load_mem(content).map_err(|error| match error {
        Error::Decryption(_) | Error::InvalidPassword => {
            reading.fault("is protected by a password; save it without one")
        }
        error => reading.fault(format!("the document is broken: {error}")),
    })?;
    // An empty password opens what is only protected against changes; the reader has tried it, and then holds nothing.
    if document.trailer.get(b"Encrypt").is_ok() && !document.was_encrypted() {
        return Err(reading.fault("is protected by a password; save it without one"));
    }
    let pages = document.get_pages();
    if pages.is_empty() {
        return Err(reading.fault("holds no page"));
    }
    if pages.len() > reading.limits.pages {
        let problem = format!(
            "has {} pages; {} can be read. Import it in parts",
            pages.len(),
            reading.limits.pages
        );
        return Err(reading.fault(problem));
    }
    let mut lines: Vec<(u32, Vec<Line>)> = Vec::with_capacity(pages.len());
    for (number, id) in pages {
        reading.at(page(number));
        if !has_ancestors(&document, id) {
            let why = "lies in a tree of pages that goes round in circles";
            reading.unreadable(why, page(number));
            continue;
        }
        let mut output = Lines::default();
        // The reader takes what it does not expect for a mistake of its own and panics.
        let read = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            output_doc_page(&document, &mut output, number)
        }));
        let why = match read {
            Ok(Ok(())) => match output.finish() {
                Ok(found) => {
                    lines.push((number, found));
                    continue;
                }
                Err(why) => why.to_owned(),
            },
            Ok(Err(error)) => format!("cannot be read: {error}"),
            Err(_) => "cannot be read: it is broken".to_owned(),
        };
        reading.unreadable(why, page(number));
    }
    leave_out_running_titles(&mut lines);
    let body = usual_size(&lines);
    let mut pairs = Pairs::default();
    for (number, lines) in lines {
        reading.at(page(number));
        paragraphs(reading, &mut pairs, number, lines, body)?;
    }
    pairs.interrupt(reading)?;
    // In the order of pages; what could not be read was found first.
    let number = |part: &Part| match part {
        Part::Heading { place, .. }
        | Part::Paragraph { place, .. }
        | Part::Unreadable { place, .. } => place.page,
        Part::Table(table) => table.rows.first().and_then(|row| row.place.page),
    };
    reading
        .document
        .parts
        .sort_by_key(|part| number(part).unwrap_or(u32::MAX));
    match reading
        .document
        .parts
        .iter()
        .any(|part| !matches!(part, Part::Unreadable { .. }))
    {
        true => Ok(()),
        false => Err(match reading.document.parts.first() {
            Some(Part::Unreadable { why, place }) => reading.fault_at(place, why.clone()),
            _ => reading.fault("holds no text"),
        }),
    }
}

/// Takes away what stands on many pages at the top or bottom: titles of chapters, page numbers.
fn leave_out_running_titles(pages: &mut [(u32, Vec<Line>)]) {
    // Page numbers differ by their digits.
    let bare = |line: &Line| -> String {
        let symbols = line.text.chars();
        symbols
            .map(|symbol| if symbol.is_ascii_digit() { '0' } else { symbol })
            .collect::<String>()
            .replace("00", "0")
    };
    for last in [false, true] {
        let edge = |lines: &[Line]| match last {
            true => lines.last().map(bare),
            false => lines.first().map(bare),
        };
        let mut counts: HashMap<String, usize> = HashMap::new();
        for title in pages.iter().filter_map(|(_, lines)| edge(lines)) {
            *counts.entry(title).or_default() += 1;
        }
        for (_, lines) in pages.iter_mut().filter(|(_, lines)| lines.len() > 1) {
            let count = edge(lines).and_then(|title| counts.get(&title).copied());
            if count.is_some_and(|count| count >= RUNNING_ON && count * 3 >= pages_of(&counts)) {
                match last {
                    true => drop(lines.pop()),
                    false => drop(lines.remove(0)),
                }
            }
        }
    }
}

fn pages_of(counts: &HashMap<String, usize>) -> usize {
    counts.values().sum()
}

/// Whether what a page inherits from has an end: the reader looks for it without counting.
fn has_ancestors(document: &Document, mut id: ObjectId) -> bool {
    // As deep as the reader follows the tree downwards.
    const DEEPEST: usize = 256;
    for _ in 0..DEEPEST {
        let parent = document.get_dictionary(id);
        let parent = parent.and_then(|node| node.get(b"Parent")?.as_reference());
        match parent {
            Ok(parent) => id = parent,
            Err(_) => return true,
        }
    }
    false
}

fn page(number: u32) -> Place {
    Place {
        page: Some(number),
        ..Place::default()
    }
}

/// A line of text. Lengths are in points.
struct Line {
    text: String,
    left: f64,
    /// From the top.
    y: f64,
    size: f64,
}

/// Finds the lines of a page.
#[derive(Default)]
struct Lines {
    lines: Vec<Line>,
    /// Where the character before ends.
    end: f64,
    height: f64,
    characters: usize,
}

impl OutputDev for Lines {
    fn begin_page(
        &mut self,
        _: u32,
        media: &MediaBox,
        _: Option<(f64, f64, f64, f64)>,
    ) -> Result<(), OutputError> {
        self.height = media.ury - media.lly;
        Ok(())
    }

    fn end_page(&mut self) -> Result<(), OutputError> {
        Ok(())
    }

    fn output_character(
        &mut self,
        matrix: &Transform,
        width: f64,
        _: f64,
        font_size: f64,
        text: &str,
    ) -> Result<(), OutputError> {
        self.characters += text.chars().count();
        if self.characters > MOST_CHARACTERS {
            return Ok(());
        }
        let scale = (matrix.m11 * matrix.m22 - matrix.m12 * matrix.m21)
            .abs()
            .sqrt();
        let (size, x, y) = (font_size * scale, matrix.m31, self.height - matrix.m32);
        let continues = self.lines.last().filter(|line| {
            (line.y - y).abs() < size.max(line.size) * 0.5 && x > self.end - size * 2.0
        });
        match continues.is_some() {
            true => {
                // A word may be set off by its place alone.
                let gap = x - self.end > size * 0.25;
                if let Some(line) = self.lines.last_mut() {
                    let blank = line.text.ends_with(char::is_whitespace);
                    if gap && !blank && !text.starts_with(char::is_whitespace) {
                        line.text.push(' ');
                    }
                    line.text.push_str(text);
                    line.size = line.size.max(size);
                }
            }
            false => self.lines.push(Line {
                text: text.to_owned(),
                left: x,
                y,
                size,
            }),
        }
        self.end = x + width * size;
        Ok(())
    }

    fn begin_word(&mut self) -> Result<(), OutputError> {
        Ok(())
    }

    fn end_word(&mut self) -> Result<(), OutputError> {
        Ok(())
    }

    fn end_line(&mut self) -> Result<(), OutputError> {
        Ok(())
    }
}

impl Lines {
    /// The lines of the page, or why there are none.
    fn finish(self) -> Result<Vec<Line>, &'static str> {
        if self.characters > MOST_CHARACTERS {
            return Err("holds more characters than a page can show");
        }
        let lines = self.lines.into_iter();
        let lines: Vec<Line> = lines
            .map(|line| Line {
                text: without_blanks_between_hanzi(line.text.trim()),
                ..line
            })
            .filter(|line| !line.text.is_empty())
            .collect();
        if lines.is_empty() {
            return Err(
                "holds no text; is it a scanned picture? A program for recognising text must read it first",
            );
        }
        // Fonts may draw characters without saying which they are.
        let text: String = lines.iter().map(|line| line.text.as_str()).collect();
        match encoding::is_odd(&text) {
            true => Err("does not say which characters its font draws"),
            false => Ok(lines),
        }
    }
}

/// Justified text has gaps between hanzi that mean nothing.
fn without_blanks_between_hanzi(text: &str) -> String {
    let symbols: Vec<char> = text.chars().collect();
    let wide = |symbol: Option<&char>| symbol.is_some_and(|symbol| *symbol > '\u{2e7f}');
    let keep = |(place, symbol): (usize, &char)| {
        let around = (
            place.checked_sub(1).and_then(|before| symbols.get(before)),
            symbols.get(place + 1),
        );
        !(symbol.is_whitespace() && wide(around.0) && wide(around.1))
    };
    let kept = symbols.iter().enumerate().filter(|it| keep(*it));
    kept.map(|(_, symbol)| *symbol).collect()
}

/// The size that most characters have, in points; tenths are as good as the same.
fn usual_size(pages: &[(u32, Vec<Line>)]) -> f64 {
    let mut counts: HashMap<i64, usize> = HashMap::new();
    for line in pages.iter().flat_map(|(_, lines)| lines) {
        *counts.entry((line.size * 5.0).round() as i64).or_default() += line.text.chars().count();
    }
    // The smaller of two that are as usual, so that the result does not depend on the order of the table.
    let usual = counts
        .into_iter()
        .max_by_key(|(size, count)| (*count, std::cmp::Reverse(*size)));
    usual.map_or(0.0, |(size, _)| size as f64 / 5.0)
}

fn paragraphs(
    reading: &mut Reading<'_>,
    pairs: &mut Pairs,
    number: u32,
    lines: Vec<Line>,
    body: f64,
) -> Result<(), DocumentError> {
    let place = page(number);
    let words: Vec<&str> = lines.iter().map(|line| line.text.as_str()).collect();
    let numbered = headings::levels(&words);
    let levels: Vec<Option<u8>> = lines
        .iter()
        .zip(numbered)
        .map(|(line, numbered)| level(line, numbered, body))
        .collect();
    // The words of a paragraph, the left of its lines and how far down the last one is.
    let mut paragraph: Option<(String, f64, f64)> = None;
    for (line, level) in lines.into_iter().zip(levels) {
        if let Some((text, left, y)) = &mut paragraph {
            let far = line.y - *y > line.size * 2.2 || line.y < *y;
            let indented = line.left > *left + line.size * 1.5;
            let marked = pairs::is_marked(&line.text) || pairs::is_answer(&line.text);
            let begins = level.is_some() || marked || far || (indented && ends_sentence(text));
            if !begins {
                join(text, &line.text);
                (*left, *y) = (line.left.min(*left), line.y);
                continue;
            }
            let (text, ..) = paragraph.take().unwrap_or_default();
            put(reading, pairs, &text, &place)?;
        }
        match level {
            Some(level) => {
                pairs.interrupt(reading)?;
                reading.heading(level, &line.text, place.clone())?;
            }
            None => paragraph = Some((line.text, line.left, line.y)),
        }
    }
    match paragraph {
        Some((text, ..)) => put(reading, pairs, &text, &place),
        None => Ok(()),
    }
}

fn put(
    reading: &mut Reading<'_>,
    pairs: &mut Pairs,
    text: &str,
    place: &Place,
) -> Result<(), DocumentError> {
    if !pairs.take(reading, text, place)? {
        reading.paragraph(text, place.clone())?;
    }
    pairs.gap();
    Ok(())
}

/// The level of a line that is a heading by its size, or else by its number.
fn level(line: &Line, numbered: Option<u8>, body: f64) -> Option<u8> {
    let short =
        line.text.chars().count() <= LONGEST_HEADING && !line.text.ends_with(['。', '；', '，']);
    let large = line.size >= body * HEADING_SIZE;
    match (short, large) {
        (true, true) if line.size >= body * 1.5 => Some(1),
        (true, true) => Some(2),
        (true, false) => numbered,
        (false, _) => None,
    }
}
