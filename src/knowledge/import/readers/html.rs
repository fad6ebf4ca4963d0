//! Web pages.

use scraper::{ElementRef, Html, Node};

use super::{DocumentError, Place, Reading, Row, encoding, pairs::Pairs};

/// What holds nothing that is said, or nothing of this page.
const SKIPPED: [&str; 12] = [
    "script", "style", "noscript", "template", "nav", "aside", "button", "svg", "iframe", "head",
    "select", "textarea",
];
/// What begins and ends a paragraph.
const BLOCKS: [&str; 14] = [
    "p",
    "div",
    "li",
    "section",
    "article",
    "main",
    "blockquote",
    "dd",
    "dt",
    "figcaption",
    "pre",
    "summary",
    // Of tables that only arrange the page.
    "td",
    "th",
];
/// As far as browsers look for the encoding (HTML Standard §4.2.5.4).
const META_WITHIN: usize = 1_024;

pub(super) fn read(reading: &mut Reading<'_>, content: &[u8]) -> Result<(), DocumentError> {
    let text = decode(content).map_err(|(line, problem)| {
        let place = Place {
            line: Some(line),
            ..Place::default()
        };
        reading.fault_at(&place, problem)
    })?;
    // The parser's tree is as deep as the page, and walking it needs as much stack.
    if let Some(line) = too_deep(&text, reading.limits.depth * 10) {
        let place = Place {
            line: Some(line),
            ..Place::default()
        };
        let most = reading.limits.depth * 10;
        return Err(reading.fault_at(
            &place,
            format!("its elements lie more than {most} deep in each other"),
        ));
    }
    let page = Html::parse_document(&text);
    let mut walk = Walk {
        reading,
        words: String::new(),
        block: 0,
        pairs: Pairs::default(),
    };
    walk.element(page.root_element())?;
    walk.flush()?;
    let Walk {
        reading, mut pairs, ..
    } = walk;
    pairs.interrupt(reading)
}

/// The words of a piece of HTML within another format. `None` if it is too deep.
pub(super) fn words_of_piece(html: &str, depth: usize) -> Option<String> {
    match too_deep(html, depth * 10) {
        Some(_) => None,
        None => Some(words_of(Html::parse_fragment(html).root_element())),
    }
}

/// By the page's own word where it has one.
fn decode(content: &[u8]) -> Result<String, (u64, String)> {
    let head = String::from_utf8_lossy(&content[..content.len().min(META_WITHIN)]).to_lowercase();
    let named = head
        .split_once("charset=")
        .map(|(_, rest)| rest.trim_start_matches(['"', '\'']))
        .and_then(|rest| rest.split(['"', '\'', ' ', ';', '>', '/']).next());
    let marked = content.starts_with(b"\xef\xbb\xbf") || content.starts_with(b"\xff\xfe");
    match named.filter(|_| !marked && std::str::from_utf8(content).is_err()) {
        Some(label) => match encoding::decode_as(label, content) {
            Some(text) => Ok(text),
            None => encoding::decode(content),
        },
        None => encoding::decode(content),
    }
}

/// The line where elements lie deeper than `most`, if they do. The parser would take time by the square of the depth, so this
/// looks at tags alone, before it.
fn too_deep(text: &str, most: usize) -> Option<u64> {
    /// What has no end, or whose end may be left out: the next of its kind ends it.
    const ENDLESS: [&str; 24] = [
        "br", "img", "hr", "meta", "link", "input", "col", "area", "base", "embed", "source",
        "track", "wbr", "p", "li", "dt", "dd", "tr", "td", "th", "option", "html", "head", "body",
    ];
    /// What holds text that only looks like tags.
    const RAW: [&str; 4] = ["script", "style", "textarea", "title"];
    let mut open: Vec<String> = Vec::new();
    let mut place = 0;
    while let Some(found) = text[place..].find('<') {
        place += found + 1;
        let tag = &text[place..];
        if tag.starts_with("!--") {
            place += tag.find("-->").unwrap_or(tag.len());
            continue;
        }
        let name = tag.strip_prefix('/').unwrap_or(tag);
        let name: String = name
            .chars()
            .take_while(char::is_ascii_alphanumeric)
            .take(12)
            .collect();
        let name = name.to_ascii_lowercase();
        if name.is_empty() || ENDLESS.contains(&name.as_str()) {
            continue;
        }
        if tag.starts_with('/') {
            // An end without a beginning ends nothing.
            if let Some(place) = open.iter().rposition(|it| *it == name) {
                open.truncate(place);
            }
            continue;
        }
        if RAW.contains(&name.as_str()) {
            place += end_of_raw(tag, &name);
            continue;
        }
        open.push(name);
        if open.len() > most {
            return Some(1 + text[..place].matches('\n').count() as u64);
        }
    }
    None
}

/// How far it is to the end tag of an element that holds raw text.
fn end_of_raw(text: &str, name: &str) -> usize {
    let mut place = 0;
    while let Some(found) = text[place..].find("</") {
        place += found + 2;
        let end = text.as_bytes().get(place..place + name.len());
        if end.is_some_and(|end| end.eq_ignore_ascii_case(name.as_bytes())) {
            return place;
        }
    }
    text.len()
}

struct Walk<'a, 'b> {
    reading: &'a mut Reading<'b>,
    words: String,
    /// The block that was read last, counted from 1.
    block: u32,
    pairs: Pairs,
}

impl Walk<'_, '_> {
    fn place(&self) -> Place {
        Place {
            paragraph: Some(self.block),
            ..Place::default()
        }
    }

    fn element(&mut self, element: ElementRef<'_>) -> Result<(), DocumentError> {
        let name = element.value().name();
        if SKIPPED.contains(&name) || is_hidden(element) || is_of_the_site(element) {
            return Ok(());
        }
        let heading = name
            .strip_prefix('h')
            .and_then(|level| level.parse::<u8>().ok())
            .filter(|level| (1..=6).contains(level));
        match (name, heading) {
            (_, Some(level)) => {
                self.flush()?;
                let text = words_of(element);
                self.block += 1;
                let place = self.place();
                self.reading.at(place.clone());
                self.pairs.interrupt(self.reading)?;
                self.reading.heading(level, &text, place)
            }
            ("table", _) if !is_layout(element) => {
                self.flush()?;
                self.pairs.interrupt(self.reading)?;
                self.table(element)
            }
            ("dl", _) => {
                self.flush()?;
                self.pairs.interrupt(self.reading)?;
                self.definitions(element)
            }
            ("br", _) => {
                self.words.push('\n');
                Ok(())
            }
            (name, _) => {
                let block = BLOCKS.contains(&name);
                if block {
                    self.flush()?;
                }
                for child in element.children() {
                    match child.value() {
                        Node::Text(text) if name == "pre" => self.words.push_str(text),
                        Node::Text(text) => push_words(&mut self.words, text),
                        _ => {
                            if let Some(child) = ElementRef::wrap(child) {
                                self.element(child)?;
                            }
                        }
                    }
                }
                match block {
                    true => self.flush(),
                    false => Ok(()),
                }
            }
        }
    }

    /// A table, with cells that span rows and columns repeated in each.
    fn table(&mut self, table: ElementRef<'_>) -> Result<(), DocumentError> {
        self.block += 1;
        let place = self.place();
        self.reading.at(place.clone());
        let columns = self.reading.limits.columns;
        let mut rows: Vec<Row> = Vec::new();
        // By column: what hangs down from above, and into how many rows more.
        let mut hanging: Vec<(String, usize)> = Vec::new();
        let all = table.descendants().filter_map(ElementRef::wrap);
        for (number, row) in (1..).zip(all.filter(|it| it.value().name() == "tr")) {
            let mut cells: Vec<String> = Vec::new();
            let of_row = row.children().filter_map(ElementRef::wrap);
            for cell in of_row.filter(|it| matches!(it.value().name(), "td" | "th")) {
                hang(&mut cells, &mut hanging);
                let span = |name: &str| {
                    let span = cell
                        .value()
                        .attr(name)
                        .and_then(|span| span.trim().parse().ok());
                    span.unwrap_or(1_usize).clamp(1, columns + 1)
                };
                let (text, down) = (words_of(cell), span("rowspan") - 1);
                for _ in 0..span("colspan") {
                    if cells.len() > columns {
                        break;
                    }
                    if hanging.len() <= cells.len() {
                        hanging.resize(cells.len() + 1, Default::default());
                    }
                    hanging[cells.len()] = (text.clone(), down);
                    cells.push(text.clone());
                }
            }
            // What hangs down behind the last cell, with nothing between.
            let last = hanging.iter().rposition(|(_, more)| *more > 0);
            while last.is_some_and(|last| last >= cells.len()) {
                match hanging.get_mut(cells.len()) {
                    Some((text, more)) if *more > 0 => {
                        *more -= 1;
                        cells.push(text.clone());
                    }
                    _ => cells.push(String::new()),
                }
            }
            let place = Place {
                row: Some(number),
                ..place.clone()
            };
            rows.extend(self.reading.row(place, cells)?);
        }
        self.reading.table(rows);
        Ok(())
    }

    /// A list of terms and what they mean: a table of two columns, with a header if the terms are questions.
    fn definitions(&mut self, list: ElementRef<'_>) -> Result<(), DocumentError> {
        self.block += 1;
        let place = self.place();
        self.reading.at(place.clone());
        let (mut rows, mut term) = (Vec::new(), String::new());
        let (mut number, mut asked) = (0, false);
        for item in list.descendants().filter_map(ElementRef::wrap) {
            match item.value().name() {
                "dt" => {
                    term = words_of(item);
                    asked |= term.ends_with(['？', '?']);
                }
                "dd" => {
                    number += 1;
                    let place = Place {
                        row: Some(number),
                        ..place.clone()
                    };
                    let cells = vec![term.clone(), words_of(item)];
                    rows.extend(self.reading.row(place, cells)?);
                }
                _ => {}
            }
        }
        if asked && let Some(first) = rows.first() {
            let header = Row {
                place: first.place.clone(),
                cells: vec!["问题".to_owned(), "答案".to_owned()],
            };
            rows.insert(0, header);
        }
        self.reading.table(rows);
        Ok(())
    }

    fn flush(&mut self) -> Result<(), DocumentError> {
        let words = std::mem::take(&mut self.words);
        if words.trim().is_empty() {
            return Ok(());
        }
        self.block += 1;
        let place = self.place();
        self.reading.at(place.clone());
        for line in words.lines() {
            let line = collapse(line);
            if !line.is_empty() && !self.pairs.take(self.reading, &line, &place)? {
                self.reading.paragraph(&line, place.clone())?;
            }
        }
        self.pairs.gap();
        Ok(())
    }
}

/// Whether a table only arranges the page, as was usual once: tables lie within it.
fn is_layout(table: ElementRef<'_>) -> bool {
    let inner = table.descendants().skip(1).filter_map(ElementRef::wrap);
    inner
        .map(|it| it.value().name())
        .any(|name| name == "table")
}

/// Puts what hangs down from above into the columns that come next.
fn hang(cells: &mut Vec<String>, hanging: &mut [(String, usize)]) {
    while let Some((text, more)) = hanging.get_mut(cells.len())
        && *more > 0
    {
        *more -= 1;
        cells.push(text.clone());
    }
}

/// Whether it is the head or foot of every page of a site, and not of an article.
fn is_of_the_site(element: ElementRef<'_>) -> bool {
    let mut above = element.ancestors().filter_map(ElementRef::wrap);
    matches!(element.value().name(), "header" | "footer")
        && !above.any(|it| matches!(it.value().name(), "article" | "main" | "section"))
}

/// Adds words as a browser shows them: line breaks of the source are blanks, but none beside hanzi, where those who wrote it
/// did not mean any.
fn push_words(words: &mut String, text: &str) {
    let wide = |symbol: Option<char>| symbol.is_some_and(|symbol| symbol > '\u{2e7f}');
    let mut gap: Option<bool> = None;
    for symbol in text.chars() {
        if symbol.is_whitespace() && symbol != '\u{a0}' {
            gap = Some(gap.unwrap_or(false) || symbol == '\n');
            continue;
        }
        if let Some(broken) = gap.take()
            && !(broken && (wide(words.chars().next_back()) || wide(Some(symbol))))
        {
            words.push(' ');
        }
        words.push(symbol);
    }
    if let Some(broken) = gap
        && !(broken && wide(words.chars().next_back()))
    {
        words.push(' ');
    }
}

fn is_hidden(element: ElementRef<'_>) -> bool {
    let value = element.value();
    let style = value.attr("style").unwrap_or_default().replace(' ', "");
    value.attr("hidden").is_some()
        || value.attr("aria-hidden") == Some("true")
        || style.contains("display:none")
        || style.contains("visibility:hidden")
}

/// All words of an element, a line break for each `br` and block.
fn words_of(element: ElementRef<'_>) -> String {
    let mut words = String::new();
    for node in element.descendants() {
        match node.value() {
            Node::Text(text) => {
                let skipped = node.ancestors().filter_map(ElementRef::wrap);
                let mut skipped = skipped.take_while(|it| it.id() != element.id());
                if !skipped.any(|it| SKIPPED.contains(&it.value().name()) || is_hidden(it)) {
                    push_words(&mut words, text);
                }
            }
            Node::Element(value) if value.name() == "br" || BLOCKS.contains(&value.name()) => {
                words.push('\n');
            }
            _ => {}
        }
    }
    let lines: Vec<String> = words.lines().map(collapse).collect();
    let lines: Vec<&str> = lines
        .iter()
        .map(String::as_str)
        .filter(|line| !line.is_empty())
        .collect();
    lines.join("\n")
}

/// Blanks as a browser shows them.
fn collapse(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
