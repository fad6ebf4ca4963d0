//! Excel workbooks, old and new.

use std::{collections::BTreeMap, io::Cursor};

use calamine::{
    Data, DataRef, DataType, Dimensions, ExcelDateTime, Reader, SheetType, SheetVisible, Xls,
    XlsError, Xlsx,
};
use jiff::{ToSpan, civil::DateTime};

use super::{DocumentError, Place, Reading, archive, clipped, letters};

/// The cells of a sheet that hold something.
type Cells = BTreeMap<(u32, u32), String>;

pub(super) fn read_xlsx(reading: &mut Reading<'_>, content: &[u8]) -> Result<(), DocumentError> {
    let content = archive::repack(reading, content, "xl/")?;
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(&content[..]))
        .map_err(|error| reading.fault(format!("the workbook is broken: {error}")))?;
    for name in visible(reading, &book)? {
        reading.at(sheet(&name));
        let merged = book
            .merge_cells_by_sheet_name(&name)
            .map_err(|error| reading.fault(format!("merged cells: {error}")))?;
        let mut cells = Cells::new();
        let mut cells_of_sheet = book
            .worksheet_cells_reader(&name)
            .map_err(|error| reading.fault(format!("is broken: {error}")))?;
        // Cell by cell: a sheet may say that it is as large as it likes.
        let mut last = None;
        loop {
            let cell = match cells_of_sheet.next_cell() {
                Ok(Some(cell)) => cell,
                Ok(None) => break,
                Err(error) => {
                    let (place, from) = match last {
                        Some(last) => (cell_place(&name, last), " from the next cell on"),
                        None => (sheet(&name), ""),
                    };
                    let problem = format!("is broken{from}: {error}");
                    return Err(reading.fault_at(&place, problem));
                }
            };
            let place = cell.get_position();
            last = Some(place);
            match cell.get_value() {
                DataRef::Empty => {}
                DataRef::Error(error) => {
                    reading.unreadable(
                        format!("the formula says {error}"),
                        cell_place(&name, place),
                    );
                }
                value => put(reading, &mut cells, &name, place, shown(value))?,
            }
        }
        fill(reading, &name, cells, &merged)?;
    }
    Ok(())
}

pub(super) fn read_xls(reading: &mut Reading<'_>, content: &[u8]) -> Result<(), DocumentError> {
    let mut book: Xls<_> = Xls::new(Cursor::new(content)).map_err(|error| match error {
        XlsError::Password => reading.fault("is protected by a password; save it without one"),
        error => reading.fault(format!("the workbook is broken: {error}")),
    })?;
    for name in visible(reading, &book)? {
        reading.at(sheet(&name));
        let merged = book
            .merge_cells_by_sheet_name(&name)
            .map_err(|error| reading.fault(format!("merged cells: {error}")))?;
        let range = book
            .worksheet_range(&name)
            .map_err(|error| reading.fault(format!("is broken: {error}")))?;
        let (first_row, first_column) = range.start().unwrap_or_default();
        let mut cells = Cells::new();
        for (row, column, value) in range.used_cells() {
            // A sheet of this format has 65,536 rows at most.
            let place = (first_row + row as u32, first_column + column as u32);
            match value {
                Data::Empty => {}
                Data::Error(error) => {
                    reading.unreadable(
                        format!("the formula says {error}"),
                        cell_place(&name, place),
                    );
                }
                value => put(reading, &mut cells, &name, place, shown(value))?,
            }
        }
        fill(reading, &name, cells, &merged)?;
    }
    Ok(())
}

/// The names of the sheets that a person sees.
fn visible<RS: std::io::Read + std::io::Seek, R: Reader<RS>>(
    reading: &Reading<'_>,
    book: &R,
) -> Result<Vec<String>, DocumentError> {
    let sheets = book.sheets_metadata();
    if sheets.len() > reading.limits.sheets {
        let problem = format!(
            "has {} sheets; {} can be read",
            sheets.len(),
            reading.limits.sheets
        );
        return Err(reading.fault(problem));
    }
    let shown = sheets.iter().filter(|sheet| {
        sheet.visible == SheetVisible::Visible && sheet.typ == SheetType::WorkSheet
    });
    let names: Vec<String> = shown.map(|sheet| sheet.name.clone()).collect();
    match names.is_empty() {
        true => Err(reading.fault("holds no sheet that can be seen")),
        false => Ok(names),
    }
}

fn sheet(name: &str) -> Place {
    Place {
        sheet: Some(clipped(name)),
        ..Place::default()
    }
}

fn row_place(name: &str, row: u32) -> Place {
    Place {
        row: Some(u64::from(row) + 1),
        ..sheet(name)
    }
}

fn cell_place(name: &str, (row, column): (u32, u32)) -> Place {
    row_place(name, row).in_column(letters(column as usize))
}

/// Keeps a cell, within the limits.
fn put(
    reading: &Reading<'_>,
    cells: &mut Cells,
    name: &str,
    place: (u32, u32),
    text: String,
) -> Result<(), DocumentError> {
    if text.trim().is_empty() {
        return Ok(());
    }
    let limits = reading.limits;
    if place.1 as usize >= limits.columns {
        let problem = format!("only {} columns can be read", limits.columns);
        return Err(reading.fault_at(&cell_place(name, place), problem));
    }
    cells.insert(place, text);
    match cells.len() > limits.cells {
        true => Err(too_many_cells(reading, cell_place(name, place))),
        false => Ok(()),
    }
}

fn too_many_cells(reading: &Reading<'_>, place: Place) -> DocumentError {
    let problem = format!("the document has more than {} cells", reading.limits.cells);
    reading.fault_at(&place, problem)
}

/// Rows of cells, with what merged cells hold in each of them.
fn fill(
    reading: &mut Reading<'_>,
    name: &str,
    cells: Cells,
    merged: &[Dimensions],
) -> Result<(), DocumentError> {
    let mut rows: BTreeMap<u32, Vec<String>> = BTreeMap::new();
    // What rows hold with the empty cells between others; a row with one cell far to the right holds many.
    let (mut widest, mut held) = (0, 0);
    for ((row, column), text) in cells {
        let cells = rows.entry(row).or_default();
        let column = column as usize;
        // In order of rows and columns: this cell is the last one of its row.
        held += column + 1 - cells.len();
        if reading.cells + held > reading.limits.cells {
            return Err(too_many_cells(reading, row_place(name, row)));
        }
        cells.resize(column + 1, String::new());
        cells[column] = text;
        widest = widest.max(column);
    }
    // Looked at, so that ranges over ranges do not take long.
    let mut looked_at = 0;
    for range in merged {
        let first = rows
            .get(&range.start.0)
            .and_then(|cells| cells.get(range.start.1 as usize))
            .filter(|text| !text.is_empty())
            .cloned();
        let Some(text) = first else { continue };
        // Only where there is something anyway: a range may be said to cover the whole sheet.
        let last = (range.end.1 as usize).min(widest);
        for (row, cells) in rows.range_mut(range.start.0..=range.end.0.max(range.start.0)) {
            looked_at += last + 1;
            if reading.cells + looked_at > reading.limits.cells {
                return Err(too_many_cells(reading, row_place(name, *row)));
            }
            if cells.len() <= last {
                cells.resize(last + 1, String::new());
            }
            for cell in cells.iter_mut().take(last + 1).skip(range.start.1 as usize) {
                if cell.is_empty() {
                    cell.clone_from(&text);
                }
            }
        }
    }
    let mut table = Vec::new();
    for (row, cells) in rows {
        table.extend(reading.row(row_place(name, row), cells)?);
    }
    reading.table(table);
    Ok(())
}

/// A value as the spreadsheet shows it without a format: no `.0` behind whole numbers, dates as ISO 8601 has them.
fn shown(value: &impl DataType) -> String {
    if let Some(date) = value.get_datetime() {
        return shown_date(date);
    }
    if let Some(date) = value.get_datetime_iso() {
        let civil = date.parse().map(shown_civil);
        return civil.unwrap_or_else(|_| date.to_owned());
    }
    if let Some(number) = value.get_float() {
        return match number.fract() == 0.0 && number.abs() < 1e15 {
            true => format!("{number:.0}"),
            false => number.to_string(),
        };
    }
    if let Some(truth) = value.get_bool() {
        return match truth {
            true => "是".to_owned(),
            false => "否".to_owned(),
        };
    }
    value.as_string().unwrap_or_default()
}

fn shown_date(date: ExcelDateTime) -> String {
    if date.is_duration() || date.as_f64() < 1.0 {
        // A time of day.
        let minutes = (date.as_f64() * 1_440.0).round();
        return format!(
            "{:02}:{:02}",
            minutes.div_euclid(60.0),
            minutes.rem_euclid(60.0)
        );
    }
    let (year, month, day, hour, minute, second, milli) = date.to_ymd_hms_milli();
    // All but the year are below 100, and the year is below 10,000.
    let [month, day, hour, minute, second] =
        [month, day, hour, minute, second].map(|number| number as i8);
    let shown = DateTime::new(year as i16, month, day, hour, minute, second, 0);
    // A time is a fraction of a day, and 8:00 may be a little before.
    let rounded = shown.and_then(|shown| shown.checked_add(i64::from(milli >= 500).seconds()));
    match rounded {
        Ok(shown) => shown_civil(shown),
        // 29 February 1900, which was none, is a date to Excel.
        Err(_) => format!("{year:04}-{month:02}-{day:02}"),
    }
}

fn shown_civil(shown: DateTime) -> String {
    let form = match (shown.hour(), shown.minute(), shown.second()) {
        (0, 0, 0) => "%Y-%m-%d",
        (_, _, 0) => "%Y-%m-%d %H:%M",
        _ => "%Y-%m-%d %H:%M:%S",
    };
    shown.strftime(form).to_string()
}
