//! PDF, page by page. It knows where each character stands and nothing of paragraphs; lines and paragraphs are found again by
//! distances, headings by their size.

use std::collections::HashMap;

use pdf_extract::{Document, MediaBox, OutputDev, OutputError, Transform, output_doc_page};

use super::{DocumentError, Place, Reading, plain::heading_level, plain::join};

/// A page without more characters is a picture.
const FEWEST_CHARACTERS: usize = 1;
/// So much larger than the text around it is a heading.
const HEADING_SIZE: f64 = 1.15;
/// Longer lines are no headings, however large.
const LONGEST_HEADING: usize = 40;
/// Characters on a page; a page of small print has some 5,000.
const MOST_CHARACTERS: usize = 100_000;

pub(super) fn read(reading: &mut Reading<'_>, content: &[u8]) -> Result<(), DocumentError> {
    let mut document = Document::load_mem(content)
        .map_err(|error| reading.fault(format!("the document is broken: {error}")))?;
    // An empty password opens what is only protected against changes.
    if document.is_encrypted() && document.decrypt("").is_err() {
        return Err(reading.fault("is protected by a password; save it without one"));
    }
    let pages: Vec<u32> = document.get_pages().into_keys().collect();
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
    for number in pages {
        reading.at(page(number));
        let mut output = Lines::default();
        // The reader takes what it does not expect for a mistake of its own and panics.
        let read = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            output_doc_page(&document, &mut output, number)
        }));
        match read {
            Ok(Ok(())) if output.characters >= FEWEST_CHARACTERS => {
                lines.push((number, output.finish()));
            }
            Ok(Ok(())) => {
                let why =
                    "holds no text; a scanned page must be recognised by another program first";
                reading.unreadable(why, page(number));
            }
            Ok(Err(error)) => reading.unreadable(format!("cannot be read: {error}"), page(number)),
            Err(_) => reading.unreadable("cannot be read: it is broken", page(number)),
        }
    }
    let body = usual_size(&lines);
    for (number, lines) in lines {
        reading.at(page(number));
        paragraphs(reading, number, lines, body)?;
    }
    match reading
        .document
        .parts
        .iter()
        .any(|part| !matches!(part, super::Part::Unreadable { .. }))
    {
        true => Ok(()),
        false => Err(match reading.document.parts.first() {
            Some(super::Part::Unreadable { why, place }) => reading.fault_at(place, why.clone()),
            _ => reading.fault("holds no text"),
        }),
    }
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
    fn finish(self) -> Vec<Line> {
        let lines = self.lines.into_iter();
        lines
            .map(|line| Line {
                text: without_blanks_between_hanzi(line.text.trim()),
                ..line
            })
            .filter(|line| !line.text.is_empty())
            .collect()
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
    number: u32,
    lines: Vec<Line>,
    body: f64,
) -> Result<(), DocumentError> {
    let mut paragraph: Option<(String, f64, f64)> = None;
    for line in lines {
        let level = level(&line, body);
        if let Some((text, left, y)) = &mut paragraph {
            let far = line.y - *y > line.size * 2.2 || line.y < *y;
            let indented = line.left > *left + line.size * 1.5;
            if level.is_none() && !far && !(indented && ends_a_sentence(text)) {
                join(text, &line.text);
                (*left, *y) = (line.left.min(*left), line.y);
                continue;
            }
            let (text, ..) = paragraph.take().unwrap_or_default();
            reading.paragraph(&text, page(number))?;
        }
        match level {
            Some(level) => reading.heading(level, &line.text, page(number))?,
            None => paragraph = Some((line.text, line.left, line.y)),
        }
    }
    match paragraph {
        Some((text, ..)) => reading.paragraph(&text, page(number)),
        None => Ok(()),
    }
}

fn ends_a_sentence(text: &str) -> bool {
    text.ends_with(['。', '！', '？', '；', '：', '.', '!', '?', ';', ':'])
}

fn level(line: &Line, body: f64) -> Option<u8> {
    let short =
        line.text.chars().count() <= LONGEST_HEADING && !line.text.ends_with(['。', '；', '，']);
    let large = line.size >= body * HEADING_SIZE;
    match (short, large) {
        (true, true) if line.size >= body * 1.5 => Some(1),
        (true, true) => Some(2),
        (true, false) => heading_level(&line.text),
        (false, _) => None,
    }
}
