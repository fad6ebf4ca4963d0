//! Tables of questions and answers, row by row.

use super::{
    cells::{Use, tidy, unguarded},
    collecting::{Collecting, Draft},
    dates::{self, End},
    headers::{self, Column, Layout},
    questions,
};
use crate::{
    entry::{Action, Validity},
    knowledge::import::{Place, Row, Table},
};

/// The longest text that is taken for a question, a phrasing or an answer, in characters.
const LONGEST_CELL: usize = 2_000;

/// The tables of a document. One may go on after the end of a page without its header.
#[derive(Debug, Default)]
pub(super) struct Tables {
    before: Option<Before>,
    /// The heading above, which is a category where no column is.
    heading: String,
}

/// The table that the next one may go on from.
#[derive(Debug)]
struct Before {
    layout: Layout,
    width: usize,
    sheet: Option<String>,
}

impl Tables {
    /// Something stands between this table and the next.
    pub(super) fn interrupt(&mut self) {
        self.before = None;
    }

    /// What follows stands under this heading.
    pub(super) fn begin(&mut self, heading: String) {
        self.interrupt();
        self.heading = heading;
    }

    pub(super) fn read(&mut self, collecting: &mut Collecting, table: &Table) {
        let Some(first) = table.rows.first() else {
            return;
        };
        let width = table
            .rows
            .iter()
            .map(|row| row.cells.len())
            .max()
            .unwrap_or(0);
        let sheet = first.place.sheet.clone();
        let (rows, layout) = match headers::find(&table.rows) {
            Some((place, layout)) => {
                for title in table.rows[..place].iter().filter(|row| !is_blank(row)) {
                    collecting.refuse(title.place.clone(), "stands above the header");
                }
                tell_columns(collecting, &table.rows[place].place, &layout);
                (&table.rows[place + 1..], layout)
            }
            None => {
                let going_on = self
                    .before
                    .take()
                    .filter(|before| before.width == width && before.sheet == sheet);
                let guessed = || two_columns(&table.rows);
                match going_on {
                    Some(before) => {
                        let how = "has no header; read with that of the table before";
                        collecting.note(first.place.clone(), how);
                        (&table.rows[..], before.layout)
                    }
                    None => match guessed() {
                        Some(layout) => {
                            let how = "has no header; the left column was taken for questions, the right one for answers";
                            collecting.note(first.place.clone(), how);
                            (&table.rows[..], layout)
                        }
                        None => {
                            let why = format!(
                                "a table of {} rows without a column of questions and one of answers cannot be spoken",
                                table.rows.len()
                            );
                            return collecting.refuse(first.place.clone(), why);
                        }
                    },
                }
            }
        };
        let mut reading = Reading {
            collecting,
            layout: &layout,
            last: None,
            section: self.heading.clone(),
        };
        for row in rows {
            reading.row(row);
        }
        self.before = Some(Before {
            layout,
            width,
            sheet,
        });
    }
}

fn tell_columns(collecting: &mut Collecting, header: &Place, layout: &Layout) {
    for title in &layout.unused {
        collecting.refuse(header.in_column(title.as_str()), "is not used");
    }
    if let Some(title) = layout.name_of(Column::RunningNumber)
        && layout.name_of(Column::Id).is_none()
    {
        let why = "is not used: a running number names another row once one is put in above; ids are made of the questions";
        collecting.refuse(header.in_column(title), why);
    }
}

fn is_blank(row: &Row) -> bool {
    row.cells.iter().all(|cell| cell.trim().is_empty())
}

/// The layout of a table without a header: two columns, of which the left one asks in most rows. A column of running numbers
/// before them does not count.
fn two_columns(rows: &[Row]) -> Option<Layout> {
    let cell = |row: &Row, place: usize| {
        row.cells
            .get(place)
            .map_or("", |cell| cell.trim())
            .to_owned()
    };
    let width = rows.iter().map(|row| row.cells.len()).max()?;
    let used: Vec<usize> = (0..width)
        .filter(|&place| rows.iter().any(|row| !cell(row, place).is_empty()))
        .filter(|&place| {
            let is_number = |row: &Row| {
                let cell = cell(row, place);
                !cell.is_empty()
                    && cell.len() <= 4
                    && cell.bytes().all(|digit| digit.is_ascii_digit())
            };
            !rows.iter().all(is_number)
        })
        .collect();
    let [left, right] = used[..] else {
        return None;
    };
    let asking = rows
        .iter()
        .filter(|row| questions::is_question(&cell(row, left)))
        .count();
    (asking * 2 > rows.len()).then(|| Layout::of_two(left, right))
}

/// Rows below a header.
struct Reading<'a> {
    collecting: &'a mut Collecting,
    layout: &'a Layout,
    /// The entry that a row without a question goes on from.
    last: Option<usize>,
    /// The title across the columns or the heading above, which is a category where there is no column for one.
    section: String,
}

/// What is wrong with a row: the column and why.
type Faults = Vec<(String, String)>;

impl Reading<'_> {
    fn row(&mut self, row: &Row) {
        if is_blank(row) {
            return;
        }
        let filled: Vec<&str> = row
            .cells
            .iter()
            .map(|cell| cell.trim())
            .filter(|cell| !cell.is_empty())
            .collect();
        // Merged cells are repeated where they spread.
        if filled.len() > 1 && filled.iter().all(|cell| cell == &filled[0]) {
            self.section = tidy(filled[0], Use::Label).text;
            self.last = None;
            let why = "is a title across the columns";
            return self.collecting.refuse(row.place.clone(), why);
        }
        if self.repeats_the_header(row) {
            return self
                .collecting
                .refuse(row.place.clone(), "repeats the header");
        }
        let mut faults = Faults::new();
        let draft = self.draft(row, &mut faults);
        let place = row.place.clone();
        self.last = match (self.goes_on(&draft), &faults[..]) {
            (Some(entry), []) => {
                self.collecting
                    .extend(place, entry, &draft.similar, draft.changes)
            }
            (None, _) | (_, [_, ..]) => {
                self.demand(&draft, &mut faults);
                match &faults[..] {
                    [] => {
                        let id_column = self.layout.name_of(Column::Id).unwrap_or_default();
                        self.collecting.add(place, draft, id_column)
                    }
                    [(column, why)] => {
                        let place = match column.is_empty() {
                            true => place,
                            false => place.in_column(column.as_str()),
                        };
                        self.collecting.refuse(place, why);
                        None
                    }
                    many => {
                        let why: Vec<String> = many
                            .iter()
                            .map(|(column, why)| format!("column `{column}`: {why}"))
                            .collect();
                        self.collecting.refuse(place, why.join("; "));
                        None
                    }
                }
            }
        };
    }

    /// Headers are printed on every page.
    fn repeats_the_header(&self, row: &Row) -> bool {
        let cell = |place: usize| row.cells.get(place).map_or("", |cell| cell.trim());
        self.layout.columns.iter().all(|(place, column, title)| {
            !cell(*place).is_empty()
                && (cell(*place) == title || headers::column_of(cell(*place)) == Some(*column))
        })
    }

    /// The entry that the row only has phrasings for.
    fn goes_on(&self, draft: &Draft) -> Option<usize> {
        if draft.similar.is_empty() || !draft.answer.is_empty() {
            return None;
        }
        match draft.question.is_empty() {
            true => self.last,
            false => self.collecting.with_question(&draft.question),
        }
    }

    /// What an entry cannot be without.
    fn demand(&self, draft: &Draft, faults: &mut Faults) {
        for (column, text, why) in [
            (Column::Question, &draft.question, "no question"),
            (Column::Answer, &draft.answer, "no answer"),
        ] {
            if text.is_empty() {
                let column = self.layout.name_of(column).unwrap_or_default();
                faults.push((column.to_owned(), why.to_owned()));
            }
        }
    }

    fn draft(&self, row: &Row, faults: &mut Faults) -> Draft {
        let mut draft = Draft::default();
        let mut categories: Vec<(u8, String)> = Vec::new();
        let mut span = Validity::default();
        let mut similar: Vec<(String, String)> = Vec::new();
        for (place, column, title) in &self.layout.columns {
            let Some(cell) = row.cells.get(*place).filter(|cell| !cell.trim().is_empty()) else {
                continue;
            };
            let is_for = match column {
                Column::Answer => Use::Answer,
                Column::Question | Column::Similar => Use::Question,
                _ => Use::Label,
            };
            let tidied = tidy(unguarded(cell), is_for);
            let text = tidied.text;
            if !matches!(column, Column::RunningNumber) {
                let told = tidied
                    .changes
                    .iter()
                    .map(|how| format!("column `{title}`: {how}"));
                draft.changes.extend(told);
            }
            let mut fault = |why: String| faults.push((title.clone(), why));
            let date = |_: ()| format!("`{text}` is not a date ({})", dates::FORMS);
            match column {
                Column::Id => draft.id = text,
                Column::RunningNumber => {}
                Column::Category(level) => categories.push((*level, text)),
                Column::Question => draft.question = text,
                Column::Similar => similar.push((title.clone(), text)),
                Column::Answer => draft.answer = text,
                Column::Name => draft.name = text,
                Column::Action => match action(&text) {
                    Ok(action) => draft.action = action,
                    Err(why) => fault(why),
                },
                Column::TakesEffect => match dates::moment(&text, End::Begins) {
                    Ok(moment) => draft.validity.takes_effect = moment,
                    Err(error) => fault(date(error)),
                },
                Column::Expires => match dates::moment(&text, End::Expires) {
                    Ok(moment) => draft.validity.expires = moment,
                    Err(error) => fault(date(error)),
                },
                Column::Span => match dates::span(&text) {
                    Ok((takes_effect, expires)) => {
                        span = Validity {
                            takes_effect,
                            expires,
                        };
                    }
                    Err(error) => fault(date(error)),
                },
            }
        }
        categories.sort_by_key(|(level, _)| *level);
        let categories: Vec<String> = categories.into_iter().map(|(_, name)| name).collect();
        draft.category = match categories.is_empty() {
            true => self.section.clone(),
            false => categories.join("/"),
        };
        draft.validity.takes_effect = draft.validity.takes_effect.or(span.takes_effect);
        draft.validity.expires = draft.validity.expires.or(span.expires);
        self.ask(&mut draft, similar);
        self.measure(&draft, faults);
        draft
    }

    /// The question and the other ways to ask it, each on its own.
    fn ask(&self, draft: &mut Draft, similar: Vec<(String, String)>) {
        let title = self.layout.name_of(Column::Question).unwrap_or_default();
        let written = std::mem::take(&mut draft.question);
        let mut several = match self.layout.is_strict {
            true => vec![written.clone()],
            false => questions::listed(&written),
        }
        .into_iter();
        draft.question = alone(draft, title, &several.next().unwrap_or_default());
        let mut phrasings: Vec<String> = several
            .map(|phrasing| alone(draft, title, &phrasing))
            .collect();
        if !phrasings.is_empty() {
            draft.changes.push(format!(
                "column `{title}`: the first of {} questions is the question, the others are ways to ask it",
                phrasings.len() + 1
            ));
        }
        for (title, text) in similar {
            let parts = match self.layout.is_strict {
                true => questions::split_strictly(&text),
                false => questions::split(&text, &draft.question),
            };
            phrasings.extend(parts.iter().map(|part| alone(draft, &title, part)));
        }
        phrasings.retain(|phrasing| !phrasing.is_empty());
        draft.similar = phrasings;
        if draft.name == draft.question {
            draft.name.clear();
        }
    }

    fn measure(&self, draft: &Draft, faults: &mut Faults) {
        let phrasings = draft.similar.iter().map(|text| (Column::Similar, text));
        let texts = [
            (Column::Question, &draft.question),
            (Column::Answer, &draft.answer),
        ];
        for (column, text) in texts.into_iter().chain(phrasings) {
            let length = text.chars().count();
            if length > LONGEST_CELL {
                let title = self.layout.name_of(column).unwrap_or_default();
                let why = format!("has {length} characters; at most {LONGEST_CELL} are taken");
                faults.push((title.to_owned(), why));
            }
        }
    }
}

/// One question of a cell, tidied; what was changed is told once.
fn alone(draft: &mut Draft, column: &str, text: &str) -> String {
    let tidied = tidy(text, Use::Label);
    for how in tidied.changes {
        let how = format!("column `{column}`: {how}");
        if !draft.changes.contains(&how) {
            draft.changes.push(how);
        }
    }
    tidied.text
}

/// An action as it is written in sheets; a colon of either width.
fn action(text: &str) -> Result<Action, String> {
    let text = text.replace('：', ":");
    match text.parse() {
        Ok(action) => Ok(action),
        Err(error) => text
            .to_lowercase()
            .parse()
            .map_err(|_: crate::entry::InvalidAction| error.to_string()),
    }
}
