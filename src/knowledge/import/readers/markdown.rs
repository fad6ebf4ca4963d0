//! Markdown, with tables.

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use super::{DocumentError, Place, Reading, Row, encoding, html, pairs::Pairs};

pub(super) fn read(reading: &mut Reading<'_>, content: &[u8]) -> Result<(), DocumentError> {
    let text = encoding::decode(content).map_err(|(line, problem)| {
        let place = Place {
            line: Some(line),
            ..Place::default()
        };
        reading.fault_at(&place, problem)
    })?;
    let mut walk = Walk {
        reading,
        text: &text,
        counted: (0, 1),
        words: String::new(),
        place: Place::default(),
        rows: Vec::new(),
        cells: None,
        pairs: Pairs::default(),
        html: String::new(),
        skipped: 0,
        depth: 0,
    };
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_YAML_STYLE_METADATA_BLOCKS;
    for (event, range) in Parser::new_ext(&text, options).into_offset_iter() {
        walk.event(event, range.start)?;
    }
    walk.flush()?;
    let Walk {
        reading, mut pairs, ..
    } = walk;
    pairs.interrupt(reading)
}

struct Walk<'a, 'b> {
    reading: &'a mut Reading<'b>,
    text: &'a str,
    /// A byte and its line, up to where lines are counted.
    counted: (usize, u64),
    /// The words of what is open.
    words: String,
    /// Where they begin.
    place: Place,
    rows: Vec<Row>,
    /// The row that is open.
    cells: Option<Vec<String>>,
    pairs: Pairs,
    /// The block of HTML that is open.
    html: String,
    /// How deep within what is not read (code, pictures) it is.
    skipped: usize,
    depth: usize,
}

impl Walk<'_, '_> {
    fn place_of(&mut self, byte: usize) -> Place {
        let (from, line) = self.counted;
        if byte > from {
            let lines = self.text.as_bytes()[from..byte].iter();
            let lines = lines.filter(|byte| **byte == b'\n').count() as u64;
            self.counted = (byte, line + lines);
        }
        Place {
            line: Some(self.counted.1),
            ..Place::default()
        }
    }

    fn event(&mut self, event: Event<'_>, byte: usize) -> Result<(), DocumentError> {
        match event {
            Event::Start(tag) => {
                self.depth += 1;
                if self.depth > self.reading.limits.depth {
                    let place = self.place_of(byte);
                    let problem = format!("lies more than {} deep", self.reading.limits.depth);
                    return Err(self.reading.fault_at(&place, problem));
                }
                self.start(&tag, byte)
            }
            Event::End(tag) => {
                self.depth -= 1;
                self.end(tag, byte)
            }
            Event::Text(words) | Event::Code(words) if self.skipped == 0 => {
                if self.words.is_empty() && self.cells.is_none() {
                    self.place = self.place_of(byte);
                }
                self.words.push_str(&words);
                Ok(())
            }
            Event::SoftBreak | Event::HardBreak => {
                self.words.push('\n');
                Ok(())
            }
            Event::InlineHtml(tag) if tag.to_ascii_lowercase().starts_with("<br") => {
                self.words.push('\n');
                Ok(())
            }
            Event::Html(html) => {
                if self.html.is_empty() {
                    self.place = self.place_of(byte);
                }
                self.html.push_str(&html);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn start(&mut self, tag: &Tag<'_>, byte: usize) -> Result<(), DocumentError> {
        match tag {
            Tag::Heading { .. } | Tag::Item | Tag::Paragraph => self.flush()?,
            Tag::Table(_) => {
                self.flush()?;
                self.pairs.interrupt(self.reading)?;
                self.rows.clear();
            }
            Tag::HtmlBlock => self.flush()?,
            Tag::TableHead | Tag::TableRow => {
                self.place = self.place_of(byte);
                self.cells = Some(Vec::new());
            }
            Tag::CodeBlock(_) | Tag::MetadataBlock(_) => {
                self.flush()?;
                self.skipped += 1;
            }
            Tag::Image { .. } => {
                self.skipped += 1;
            }
            _ => {}
        }
        Ok(())
    }

    fn end(&mut self, tag: TagEnd, byte: usize) -> Result<(), DocumentError> {
        match tag {
            TagEnd::Heading(level) => {
                let (words, place) = (std::mem::take(&mut self.words), self.place.clone());
                self.pairs.interrupt(self.reading)?;
                self.reading.at(place.clone());
                self.reading.heading(level as u8, &words, place)?;
            }
            TagEnd::Paragraph | TagEnd::Item if self.cells.is_none() => self.flush()?,
            TagEnd::TableCell => {
                let words = std::mem::take(&mut self.words);
                if let Some(cells) = &mut self.cells {
                    cells.push(words);
                }
            }
            TagEnd::TableHead | TagEnd::TableRow => {
                if let Some(cells) = self.cells.take() {
                    let row = self.reading.row(self.place.clone(), cells)?;
                    self.rows.extend(row);
                }
            }
            TagEnd::Table => {
                let rows = std::mem::take(&mut self.rows);
                self.reading.table(rows);
            }
            TagEnd::HtmlBlock => {
                let html = std::mem::take(&mut self.html);
                match html::words_of_piece(&html, self.reading.limits.depth) {
                    Some(words) => {
                        for line in words.lines() {
                            self.reading.paragraph(line, self.place.clone())?;
                        }
                    }
                    None => {
                        let place = self.place.clone();
                        self.reading
                            .unreadable("its HTML lies too deep in itself", place);
                    }
                }
            }
            TagEnd::CodeBlock | TagEnd::Image | TagEnd::MetadataBlock(_) => {
                self.skipped -= 1;
                if tag == TagEnd::CodeBlock {
                    let place = self.place_of(byte);
                    self.reading.unreadable("code is not read out", place);
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// What is open becomes a paragraph, or a marked question or answer.
    fn flush(&mut self) -> Result<(), DocumentError> {
        let words = std::mem::take(&mut self.words);
        if words.is_empty() {
            return Ok(());
        }
        self.reading.at(self.place.clone());
        let mut rest = String::new();
        for line in words.lines() {
            if !self.pairs.take(self.reading, line.trim(), &self.place)? {
                super::plain::join(&mut rest, line);
            }
        }
        self.reading.paragraph(&rest, self.place.clone())?;
        self.pairs.gap();
        Ok(())
    }
}
