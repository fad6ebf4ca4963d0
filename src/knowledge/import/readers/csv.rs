//! CSV, with commas, semicolons or tabs.

use super::{Place, Reading, encoding};
use crate::knowledge::{import::DocumentError, sheet::Lines};

/// What may stand between columns. Excel in some languages writes semicolons.
const SEPARATORS: [u8; 3] = [b',', b'\t', b';'];

pub(super) fn read(reading: &mut Reading<'_>, content: &[u8]) -> Result<(), DocumentError> {
    let at_line = |line| Place {
        line: Some(line),
        ..Place::default()
    };
    let text = encoding::decode(content)
        .map_err(|(line, problem)| reading.fault_at(&at_line(line), problem))?;
    let mut lines = Lines::new(text.as_bytes());
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .has_headers(false)
        .delimiter(separator(&text))
        .from_reader(text.as_bytes());
    let (mut rows, mut record) = (Vec::new(), csv::StringRecord::new());
    loop {
        match reader.read_record(&mut record) {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => {
                let line = lines.line_of(error.position());
                return Err(reading.fault_at(&at_line(line), error.to_string()));
            }
        }
        let place = at_line(lines.line_of(record.position()));
        if (rows.len() as u64).is_multiple_of(super::ROWS_A_PLACE) {
            reading.at(place.clone());
        }
        let cells = record.iter().map(str::to_owned).collect();
        rows.extend(reading.row(place, cells)?);
    }
    reading.table(rows);
    Ok(())
}

/// The separator that the first line holds most of, outside quotes.
fn separator(text: &str) -> u8 {
    let mut counts = [0_usize; SEPARATORS.len()];
    let mut quoted = false;
    for byte in text.trim_start().bytes() {
        match byte {
            b'"' => quoted = !quoted,
            b'\n' | b'\r' if !quoted => break,
            byte if !quoted => {
                if let Some(place) = SEPARATORS.iter().position(|separator| *separator == byte) {
                    counts[place] += 1;
                }
            }
            _ => {}
        }
    }
    // Of equals, the first: a comma, if there is nothing.
    let best = (0..SEPARATORS.len()).max_by_key(|place| (counts[*place], SEPARATORS.len() - place));
    SEPARATORS[best.unwrap_or(0)]
}
