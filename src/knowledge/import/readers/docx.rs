//! Word documents: paragraphs, headings by their styles, tables within tables, text boxes.
//!
//! Changes that are tracked count as made. What is hidden, headers, footers, notes and comments are left out.

use std::collections::HashMap;

use docx_rs::{
    DocumentChild, DrawingData, InsertChild, MoveToChild, Paragraph, ParagraphChild,
    ReadDocxOptions, Run, RunChild, StructuredDataTag, StructuredDataTagChild, Style, Table,
    TableCell, TableCellContent, TableChild, TableRowChild, TextBoxContentChild,
    read_docx_with_options,
};
use quick_xml::events::Event;
use serde::Serialize;

use super::{DocumentError, Place, Reading, Row, archive, headings, pairs::Pairs};

/// Columns that a cell may be said to span; the limit of columns comes later.
const WIDEST_SPAN: u64 = 1_000;

pub(super) fn read(reading: &mut Reading<'_>, content: &[u8]) -> Result<(), DocumentError> {
    const MAIN: &str = "word/document.xml";
    let content = archive::repack(reading, content, "word/")?;
    reading.at(Place {
        part: Some(MAIN.to_owned()),
        ..Place::default()
    });
    let options = ReadDocxOptions::default().with_image_previews(false);
    let document = read_docx_with_options(&content, options)
        .map_err(|error| reading.fault(format!("the document is broken: {error}")))?;
    let drawn = archive::part(&content, MAIN).map_or(0, |xml| text_boxes(&xml));
    drop(content);
    let mut walk = Walk {
        reading,
        paragraph: 0,
        boxes: 0,
        pairs: Pairs::default(),
        styles: styles(&document.styles.styles),
    };
    for child in &document.document.children {
        match child {
            DocumentChild::Paragraph(paragraph) => walk.paragraph(paragraph, 0)?,
            DocumentChild::Table(table) => walk.table(table, 0)?,
            DocumentChild::StructuredDataTag(tag) => walk.control(tag, 0)?,
            // Sections and tables of contents are made by this crate's writer, never by its reader.
            _ => {}
        }
    }
    let Walk {
        reading,
        mut pairs,
        boxes,
        ..
    } = walk;
    pairs.interrupt(reading)?;
    headings::find(&mut reading.document.parts);
    if drawn > boxes {
        let why = format!(
            "{} of {drawn} text boxes cannot be read; move what they say into the text",
            drawn - boxes
        );
        reading.unreadable(why, Place::default());
    }
    Ok(())
}

/// The text boxes that hold words, alternatives for older programs not counted. The reader's crate knows those of one shape each
/// and passes over others (shapes in groups, and VML, in which Word wrote them before 2010).
fn text_boxes(xml: &str) -> usize {
    let mut reader = quick_xml::Reader::from_str(xml);
    let (mut found, mut within, mut skipped) = (0, 0_usize, 0_usize);
    let mut filled = false;
    // That it is well-formed was checked before.
    while let Ok(event) = reader.read_event() {
        match event {
            Event::Start(start) => match start.local_name().as_ref() {
                "Fallback" => skipped += 1,
                "txbxContent" if skipped == 0 => {
                    filled &= within > 0;
                    within += 1;
                }
                _ => {}
            },
            Event::End(end) => match end.local_name().as_ref() {
                "Fallback" => skipped = skipped.saturating_sub(1),
                "txbxContent" if skipped == 0 => {
                    within = within.saturating_sub(1);
                    if within == 0 && filled {
                        found += 1;
                    }
                }
                _ => {}
            },
            Event::Text(text) => {
                filled |= within > 0 && skipped == 0 && !text.as_ref().trim().is_empty();
            }
            Event::Eof => break,
            _ => {}
        }
    }
    found
}

/// What the style of a paragraph says about it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Heading(u8),
    /// A line of the table of contents, which repeats a heading.
    Contents,
}

/// The role of each style that has one, by its identifier: by its outline level, its name (heading 1, 标题 1), or those of
/// the style that it is based on.
fn styles(styles: &[Style]) -> HashMap<&str, Role> {
    // Style within style; Word allows 11.
    const DEEPEST: usize = 20;
    let by_id: HashMap<&str, &Style> = styles
        .iter()
        .map(|style| (style.style_id.as_str(), style))
        .collect();
    let role = |style: &Style| {
        let mut style = style;
        for _ in 0..DEEPEST {
            let outline = style.paragraph_property.outline_lvl.as_ref();
            let outline = outline.and_then(|level| level_of_outline(level.v));
            let found = outline
                .map(Role::Heading)
                .or_else(|| role_of_name(&name_of(style)));
            if found.is_some() {
                return found;
            }
            style = by_id.get(based_on(style)?.as_str())?;
        }
        None
    };
    let roles = styles.iter();
    roles
        .filter_map(|style| Some((style.style_id.as_str(), role(style)?)))
        .collect()
}

/// Outline levels count from 0; 9 is text (ECMA-376 part 1, 17.3.1.20).
fn level_of_outline(level: usize) -> Option<u8> {
    u8::try_from(level + 1).ok().filter(|level| *level <= 9)
}

fn name_of(style: &Style) -> String {
    let name = text_of(&style.name).unwrap_or_default();
    name.to_lowercase()
}

fn based_on(style: &Style) -> Option<String> {
    text_of(style.based_on.as_ref()?)
}

/// A text that the crate shows only to serde.
fn text_of(value: &impl Serialize) -> Option<String> {
    let value = serde_json::to_value(value).ok()?;
    value.as_str().map(str::to_owned)
}

fn role_of_name(name: &str) -> Option<Role> {
    let name = name.trim();
    if name == "title" || name == "标题" {
        return Some(Role::Heading(1));
    }
    if name.starts_with("toc ") || name.starts_with("目录 ") {
        return Some(Role::Contents);
    }
    let number = name
        .strip_prefix("heading")
        .or_else(|| name.strip_prefix("标题"))?;
    let level = number.trim().parse().ok();
    let level = level.filter(|level| (1..=9).contains(level))?;
    Some(Role::Heading(level))
}

struct Walk<'a, 'b> {
    reading: &'a mut Reading<'b>,
    /// The paragraph or table that was read last, counted from 1.
    paragraph: u32,
    /// Text boxes with words so far.
    boxes: usize,
    pairs: Pairs,
    styles: HashMap<&'a str, Role>,
}

/// The words of a paragraph, and the text boxes that hang on it.
#[derive(Default)]
struct Words<'a> {
    text: String,
    boxes: Vec<&'a [TextBoxContentChild]>,
}

impl Walk<'_, '_> {
    fn place(&self) -> Place {
        Place {
            paragraph: Some(self.paragraph),
            ..Place::default()
        }
    }

    fn deeper(&self, depth: usize) -> Result<usize, DocumentError> {
        match depth >= self.reading.limits.depth {
            true => {
                let most = self.reading.limits.depth;
                let problem = format!("tables lie more than {most} deep in each other");
                Err(self.reading.fault_at(&self.place(), problem))
            }
            false => Ok(depth + 1),
        }
    }

    /// A content control: a box around paragraphs that a form may fill in.
    fn control(&mut self, tag: &StructuredDataTag, depth: usize) -> Result<(), DocumentError> {
        let depth = self.deeper(depth)?;
        for child in &tag.children {
            match child {
                StructuredDataTagChild::Paragraph(paragraph) => self.paragraph(paragraph, depth)?,
                StructuredDataTagChild::Table(table) => self.table(table, depth)?,
                StructuredDataTagChild::StructuredDataTag(tag) => self.control(tag, depth)?,
                StructuredDataTagChild::Run(run) => {
                    let mut words = Words::default();
                    words_of_run(run, &mut words);
                    self.lines(&words, depth)?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn paragraph(&mut self, paragraph: &Paragraph, depth: usize) -> Result<(), DocumentError> {
        let mut words = Words::default();
        words_of(&paragraph.children, &mut words);
        let property = &paragraph.property;
        let style = property.style.as_ref();
        let style = style.and_then(|style| self.styles.get(style.val.as_str()).copied());
        let outline = property.outline_lvl.as_ref();
        let own = outline.and_then(|level| level_of_outline(level.v));
        match own.map(Role::Heading).or(style) {
            Some(Role::Contents) => Ok(()),
            Some(Role::Heading(level)) => {
                self.paragraph += 1;
                let place = self.place();
                self.reading.at(place.clone());
                self.pairs.interrupt(self.reading)?;
                self.reading.heading(level, &words.text, place)?;
                self.text_boxes(&words, depth)
            }
            None => self.lines(&words, depth),
        }
    }

    /// A paragraph of text. Lines that are broken by hand are paragraphs to those who write them.
    fn lines(&mut self, words: &Words<'_>, depth: usize) -> Result<(), DocumentError> {
        self.paragraph += 1;
        let place = self.place();
        self.reading.at(place.clone());
        let lines = words.text.lines().filter(|line| !line.trim().is_empty());
        for line in lines {
            if !self.pairs.take(self.reading, line.trim(), &place)? {
                self.reading.paragraph(line, place.clone())?;
            }
        }
        self.pairs.gap();
        self.text_boxes(words, depth)
    }

    fn text_boxes(&mut self, words: &Words<'_>, depth: usize) -> Result<(), DocumentError> {
        if words.boxes.is_empty() {
            return Ok(());
        }
        let depth = self.deeper(depth)?;
        for children in &words.boxes {
            self.boxes += 1;
            for child in *children {
                match child {
                    TextBoxContentChild::Paragraph(paragraph) => {
                        self.paragraph(paragraph, depth)?
                    }
                    TextBoxContentChild::Table(table) => self.table(table, depth)?,
                }
            }
        }
        Ok(())
    }

    fn table(&mut self, table: &Table, depth: usize) -> Result<(), DocumentError> {
        let depth = self.deeper(depth)?;
        self.pairs.interrupt(self.reading)?;
        self.paragraph += 1;
        let place = self.place();
        self.reading.at(place.clone());
        let (mut rows, mut above): (Vec<Row>, Vec<String>) = (Vec::new(), Vec::new());
        let mut inner = Inner::default();
        for (number, TableChild::TableRow(row)) in (1..).zip(&table.rows) {
            let mut cells = Vec::new();
            for TableRowChild::TableCell(cell) in &row.cells {
                let (span, continues) = shape(cell);
                let mut text = self.words_of_cell(cell, &mut inner, depth)?;
                // Merged downwards: what stands above.
                if continues {
                    text = above.get(cells.len()).cloned().unwrap_or_default();
                }
                for _ in 0..span {
                    cells.push(text.clone());
                }
                // More is refused below.
                if cells.len() > self.reading.limits.columns {
                    break;
                }
            }
            let place = Place {
                row: Some(number),
                ..place.clone()
            };
            above.clone_from(&cells);
            rows.extend(self.reading.row(place, cells)?);
        }
        self.reading.table(rows);
        for table in inner.tables {
            self.table(table, depth)?;
        }
        let boxes = Words {
            text: String::new(),
            boxes: inner.boxes,
        };
        self.text_boxes(&boxes, depth)
    }

    /// The words of a cell, one line a paragraph; what else it holds goes to `inner`.
    fn words_of_cell<'c>(
        &self,
        cell: &'c TableCell,
        inner: &mut Inner<'c>,
        depth: usize,
    ) -> Result<String, DocumentError> {
        let mut lines = Vec::new();
        for child in &cell.children {
            match child {
                TableCellContent::Paragraph(paragraph) => inner.paragraph(paragraph, &mut lines),
                TableCellContent::Table(table) => inner.tables.push(table),
                TableCellContent::StructuredDataTag(tag) => {
                    self.words_of_control(tag, inner, &mut lines, depth)?;
                }
                TableCellContent::TableOfContents(_) => {}
            }
        }
        Ok(lines.join("\n").trim().to_owned())
    }

    fn words_of_control<'c>(
        &self,
        tag: &'c StructuredDataTag,
        inner: &mut Inner<'c>,
        lines: &mut Vec<String>,
        depth: usize,
    ) -> Result<(), DocumentError> {
        let depth = self.deeper(depth)?;
        for child in &tag.children {
            match child {
                StructuredDataTagChild::Paragraph(paragraph) => inner.paragraph(paragraph, lines),
                StructuredDataTagChild::Table(table) => inner.tables.push(table),
                StructuredDataTagChild::StructuredDataTag(tag) => {
                    self.words_of_control(tag, inner, lines, depth)?;
                }
                StructuredDataTagChild::Run(run) => {
                    let mut words = Words::default();
                    words_of_run(run, &mut words);
                    lines.push(words.text);
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// What a cell holds besides words.
#[derive(Default)]
struct Inner<'a> {
    tables: Vec<&'a Table>,
    boxes: Vec<&'a [TextBoxContentChild]>,
}

impl<'a> Inner<'a> {
    fn paragraph(&mut self, paragraph: &'a Paragraph, lines: &mut Vec<String>) {
        let mut words = Words::default();
        words_of(&paragraph.children, &mut words);
        lines.push(words.text);
        self.boxes.extend(words.boxes);
    }
}

/// How many columns a cell spans, and whether it continues the one above. The crate shows these only to serde.
fn shape(cell: &TableCell) -> (u64, bool) {
    let property = serde_json::to_value(&cell.property).unwrap_or_default();
    let span = property["gridSpan"].as_u64().unwrap_or(1);
    let continues = property["verticalMerge"] == "continue";
    (span.clamp(1, WIDEST_SPAN), continues)
}

fn words_of<'a>(children: &'a [ParagraphChild], words: &mut Words<'a>) {
    for child in children {
        match child {
            ParagraphChild::Run(run) => words_of_run(run, words),
            // The reader's crate puts no link into a link.
            ParagraphChild::Hyperlink(link) => words_of(&link.children, words),
            ParagraphChild::Insert(insert) => {
                for child in &insert.children {
                    if let InsertChild::Run(run) = child {
                        words_of_run(run, words);
                    }
                }
            }
            ParagraphChild::MoveTo(moved) => {
                for child in &moved.children {
                    if let MoveToChild::Run(run) = child {
                        words_of_run(run, words);
                    }
                }
            }
            ParagraphChild::StructuredDataTag(tag) => {
                for child in &tag.children {
                    if let StructuredDataTagChild::Run(run) = child {
                        words_of_run(run, words);
                    }
                }
            }
            _ => {}
        }
    }
}

fn words_of_run<'a>(run: &'a Run, words: &mut Words<'a>) {
    if run.run_property.vanish.is_some() {
        return;
    }
    for child in &run.children {
        match child {
            RunChild::Text(text) => words.text.push_str(&text.text),
            RunChild::Tab(_) | RunChild::PTab(_) => words.text.push(' '),
            RunChild::Break(_) | RunChild::CarriageReturn(_) => words.text.push('\n'),
            RunChild::Drawing(drawing) => {
                if let Some(DrawingData::TextBox(text_box)) = &drawing.data {
                    let filled = text_box.children.iter().any(|child| match child {
                        TextBoxContentChild::Table(_) => true,
                        TextBoxContentChild::Paragraph(paragraph) => {
                            let mut inner = Words::default();
                            words_of(&paragraph.children, &mut inner);
                            !inner.text.trim().is_empty() || !inner.boxes.is_empty()
                        }
                    });
                    if filled {
                        words.boxes.push(&text_box.children);
                    }
                }
            }
            _ => {}
        }
    }
}
