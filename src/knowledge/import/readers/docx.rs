//! Word documents. The reader's crate gives a tree whose fields are open as JSON only, so that is what is walked.

use docx_rs::read_docx;
use serde_json::Value;

use super::{DocumentError, Place, Reading, Row, archive, plain::Pairs};

pub(super) fn read(reading: &mut Reading<'_>, content: &[u8]) -> Result<(), DocumentError> {
    archive::inspect(
        reading,
        content,
        &["[Content_Types].xml", "word/document.xml"],
    )?;
    reading.at(Place {
        part: Some("word/document.xml".to_owned()),
        ..Place::default()
    });
    let document = read_docx(content)
        .map_err(|error| reading.fault(format!("the document is broken: {error}")))?;
    let json = serde_json::to_value(&document)
        .map_err(|error| reading.fault(format!("the document is broken: {error}")))?;
    let mut walk = Walk {
        reading,
        paragraph: 0,
        pairs: Pairs::default(),
        levels: levels_of_styles(&json["styles"]),
    };
    for child in list(&json["document"]["children"]) {
        walk.block(child, 0)?;
    }
    let Walk { reading, pairs, .. } = walk;
    pairs.end(reading)
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// The level of each style that is one of headings, by its identifier: by its outline, or its name (Heading 1, 标题 1).
fn levels_of_styles(styles: &Value) -> Vec<(String, u8)> {
    let styles = list(&styles["styles"]).iter();
    let level = |style: &Value| {
        let id = style["styleId"].as_str()?.to_owned();
        let outline = style["paragraphProperty"]["outlineLvl"].as_u64();
        let level = match outline {
            Some(level) => u8::try_from(level).ok()?.checked_add(1)?,
            None => level_of_name(style["name"].as_str().unwrap_or_default())?,
        };
        (1..=9).contains(&level).then_some((id, level))
    };
    styles.filter_map(level).collect()
}

/// The level that the name of a style says.
fn level_of_name(name: &str) -> Option<u8> {
    let name = name.trim().to_lowercase();
    if name == "title" || name == "标题" {
        return Some(1);
    }
    let number = name
        .strip_prefix("heading")
        .or_else(|| name.strip_prefix("标题"))?;
    number
        .trim()
        .parse()
        .ok()
        .filter(|level| (1..=9).contains(level))
}

struct Walk<'a, 'b> {
    reading: &'a mut Reading<'b>,
    /// The paragraph that was read last, counted from 1.
    paragraph: u32,
    pairs: Pairs,
    levels: Vec<(String, u8)>,
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

    fn block(&mut self, block: &Value, depth: usize) -> Result<(), DocumentError> {
        let data = &block["data"];
        match block["type"].as_str() {
            Some("paragraph") => self.whole_paragraph(data),
            Some("table") => self.table(data, depth),
            // Content controls and sections hold blocks of their own. A table of contents repeats headings.
            Some("structuredDataTag" | "section") => {
                let depth = self.deeper(depth)?;
                for child in list(&data["children"]) {
                    self.block(child, depth)?;
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn whole_paragraph(&mut self, data: &Value) -> Result<(), DocumentError> {
        self.paragraph += 1;
        let place = self.place();
        self.reading.at(place.clone());
        let mut text = String::new();
        let mut boxes = Vec::new();
        self.runs(data, &mut text, &mut boxes, 0)?;
        let property = &data["property"];
        let style = property["style"].as_str().unwrap_or_default();
        let styled = self.levels.iter().find(|(id, _)| id == style);
        let level = property["outlineLvl"]
            .as_u64()
            .and_then(|level| u8::try_from(level + 1).ok())
            .filter(|level| (1..=9).contains(level))
            .or_else(|| styled.map(|(_, level)| *level));
        match level {
            Some(level) => {
                self.pairs.take(self.reading, "", &place)?;
                self.reading.heading(level, &text, place)?;
            }
            None => {
                for line in text.lines() {
                    if !self.pairs.take(self.reading, line.trim(), &place)? {
                        self.reading.paragraph(line, place.clone())?;
                    }
                }
            }
        }
        for child in boxes {
            self.block(&child, 1)?;
        }
        Ok(())
    }

    /// The text of a paragraph's runs; the blocks of its text boxes go to `boxes`.
    fn runs(
        &self,
        data: &Value,
        text: &mut String,
        boxes: &mut Vec<Value>,
        depth: usize,
    ) -> Result<(), DocumentError> {
        let depth = self.deeper(depth)?;
        for child in list(&data["children"]) {
            let data = &child["data"];
            match child["type"].as_str() {
                Some("text") => {
                    let words = data["text"].as_str().or_else(|| data.as_str());
                    text.push_str(words.unwrap_or_default());
                }
                Some("tab") => text.push(' '),
                Some("break" | "carriageReturn") => text.push('\n'),
                // What was deleted with changes tracked is not there any more.
                Some("delete" | "deleteText" | "moveFrom" | "instrTextString" | "instrText") => {}
                Some("drawing") => {
                    if let Some(children) = data["data"]["children"].as_array() {
                        boxes.extend(children.iter().cloned());
                    }
                }
                Some("run" | "hyperlink" | "insert" | "moveTo" | "structuredDataTag") => {
                    self.runs(data, text, boxes, depth)?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn table(&mut self, data: &Value, depth: usize) -> Result<(), DocumentError> {
        let depth = self.deeper(depth)?;
        self.paragraph += 1;
        let place = self.place();
        self.reading.at(place.clone());
        let (mut rows, mut above): (Vec<Row>, Vec<String>) = (Vec::new(), Vec::new());
        let mut inner = Vec::new();
        for (number, row) in (1..).zip(list(&data["rows"])) {
            let mut cells = Vec::new();
            for cell in list(&row["data"]["cells"]) {
                let cell = &cell["data"];
                let property = &cell["property"];
                let mut text = self.cell_text(cell, &mut inner, depth)?;
                // Merged downwards: what stands above.
                if property["verticalMerge"] == "continue" {
                    text = above.get(cells.len()).cloned().unwrap_or_default();
                }
                let span = property["gridSpan"].as_u64().unwrap_or(1).clamp(1, 1_000);
                for _ in 0..span {
                    cells.push(text.clone());
                }
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
        for table in inner {
            self.table(&table, depth)?;
        }
        Ok(())
    }

    /// The text of a cell, one line a paragraph; tables within it go to `inner`.
    fn cell_text(
        &self,
        cell: &Value,
        inner: &mut Vec<Value>,
        depth: usize,
    ) -> Result<String, DocumentError> {
        let depth = self.deeper(depth)?;
        let mut lines = Vec::new();
        for child in list(&cell["children"]) {
            match child["type"].as_str() {
                Some("paragraph") => {
                    let mut text = String::new();
                    self.runs(&child["data"], &mut text, &mut Vec::new(), depth)?;
                    lines.push(text);
                }
                Some("table") => inner.push(child["data"].clone()),
                Some("structuredDataTag") => {
                    lines.push(self.cell_text(&child["data"], inner, depth)?);
                }
                _ => {}
            }
        }
        Ok(lines.join("\n").trim().to_owned())
    }
}
