//! What an Office document is before its reader sees it: an archive of well-formed XML parts, packed anew.
//!
//! The directory of an archive says how large its parts are and where they lie, and can lie. So it is checked first, then every
//! part of XML is unpacked once against the limits, looked through, and put into an archive of our own, unpacked. That is what
//! the readers get. Pictures, macros and other parts that are no XML are not even unpacked.

use std::io::{Cursor, Read, Write};

use quick_xml::events::Event;
use zip::{CompressionMethod, ZipArchive, ZipWriter, write::SimpleFileOptions};

use super::{Place, Reading, clipped};
use crate::knowledge::import::DocumentError;

/// Below this size the ratio says nothing: short XML packs well.
const NO_BOMB_BELOW: u64 = 1 << 20;

/// What the names of parts of XML end with.
const XML: [&str; 2] = [".xml", ".rels"];

/// Checks every part of XML against the limits and returns an archive of them alone. One of them must be below `folder`.
pub(super) fn repack(
    reading: &mut Reading<'_>,
    content: &[u8],
    folder: &str,
) -> Result<Vec<u8>, DocumentError> {
    let mut archive = ZipArchive::new(Cursor::new(content))
        .map_err(|error| reading.fault(format!("the archive is broken: {error}")))?;
    let names = check_directory(reading, &mut archive)?;
    for wanted in ["[Content_Types].xml", folder] {
        if !names.iter().any(|name| name.starts_with(wanted)) {
            let problem = format!("holds no part `{wanted}`; is its name right?");
            return Err(reading.fault(problem));
        }
    }
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    let mut unpacked = 0;
    for (number, name) in names.iter().enumerate() {
        let lower = name.to_ascii_lowercase();
        if !XML.iter().any(|ending| lower.ends_with(ending)) {
            continue;
        }
        reading.at(part_place(name));
        let mut part = archive
            .by_index(number)
            .map_err(|error| reading.fault(format!("is broken: {error}")))?;
        let packed = part.compressed_size();
        let text = unpack(reading, &mut part, packed)?;
        unpacked += text.len() as u64;
        if unpacked > reading.limits.unpacked {
            return Err(reading.fault(too_large(reading.limits.unpacked)));
        }
        check_xml(reading, &text)?;
        writer
            .start_file(name.as_str(), options)
            .and_then(|()| Ok(writer.write_all(text.as_bytes())?))
            .map_err(|error| reading.fault(format!("cannot be unpacked: {error}")))?;
    }
    reading.at(Place::default());
    let packed = writer.finish();
    let packed = packed.map_err(|error| reading.fault(format!("cannot be unpacked: {error}")))?;
    Ok(packed.into_inner())
}

/// A part of an archive that [`repack`] made.
pub(super) fn part(archive: &[u8], name: &str) -> Option<String> {
    let mut archive = ZipArchive::new(Cursor::new(archive)).ok()?;
    let mut text = String::new();
    archive.by_name(name).ok()?.read_to_string(&mut text).ok()?;
    Some(text)
}

fn part_place(name: &str) -> Place {
    Place {
        part: Some(clipped(name)),
        ..Place::default()
    }
}

fn too_large(most: u64) -> String {
    format!("unpacks to more than {} MiB", most >> 20)
}

/// What the directory says, against the limits: a bomb that tells the truth is refused before anything is unpacked. Returns the
/// names of the parts.
fn check_directory(
    reading: &mut Reading<'_>,
    archive: &mut ZipArchive<Cursor<&[u8]>>,
) -> Result<Vec<String>, DocumentError> {
    let limits = reading.limits;
    if archive.len() > limits.parts {
        let problem = format!("has {} parts; {} can be read", archive.len(), limits.parts);
        return Err(reading.fault(problem));
    }
    let (mut names, mut unpacked) = (Vec::new(), 0_u64);
    for number in 0..archive.len() {
        let part = archive.by_index_raw(number).map_err(|error| {
            reading.fault(format!("part {number} of the archive is broken: {error}"))
        })?;
        let name = match part.name() {
            Ok(name) => name.into_owned(),
            Err(_) => format!("number {number}"),
        };
        let refuse = |problem: String| {
            Err(DocumentError::new(
                reading.name,
                &part_place(&name),
                problem,
            ))
        };
        if part.encrypted() {
            return refuse("is protected by a password; save it without one".to_owned());
        }
        unpacked = unpacked.saturating_add(part.size());
        if part.size() > limits.part {
            return refuse(too_large(limits.part));
        }
        if unpacked > limits.unpacked {
            return refuse(too_large(limits.unpacked));
        }
        if is_bomb(part.size(), part.compressed_size(), limits.ratio) {
            return refuse(bomb(limits.ratio));
        }
        names.push(name);
    }
    Ok(names)
}

fn is_bomb(size: u64, packed: u64, ratio: u64) -> bool {
    size > NO_BOMB_BELOW && size > packed.saturating_mul(ratio)
}

fn bomb(ratio: u64) -> String {
    format!("unpacks to more than {ratio} times its size: no Office program packs so well")
}

/// Unpacks a part against the limits, whatever the directory says.
fn unpack(
    reading: &Reading<'_>,
    part: &mut impl Read,
    packed: u64,
) -> Result<String, DocumentError> {
    let limits = reading.limits;
    let most = match packed.saturating_mul(limits.ratio) {
        most if most < limits.part => most.max(NO_BOMB_BELOW),
        _ => limits.part,
    };
    let mut content = Vec::new();
    // One more than may be, so that more is seen.
    part.take(most + 1)
        .read_to_end(&mut content)
        .map_err(|error| reading.fault(format!("is broken: {error}")))?;
    let size = content.len() as u64;
    if is_bomb(size, packed, limits.ratio) {
        return Err(reading.fault(bomb(limits.ratio)));
    }
    if size > limits.part {
        return Err(reading.fault(too_large(limits.part)));
    }
    // XML may be UTF-16 (Extensible Markup Language 1.0 §4.3.3); no Office program writes it so.
    let text = String::from_utf8(content).map_err(|_| reading.fault("is not UTF-8"))?;
    match text.strip_prefix('\u{feff}') {
        Some(rest) => Ok(rest.to_owned()),
        None => Ok(text),
    }
}

/// Readers look for what they expect. What they do not is refused here: declarations of document types and entities (external
/// files, "billion laughs"), elements that are not closed (a reader may wait for the end forever), and what is too deep.
fn check_xml(reading: &Reading<'_>, text: &str) -> Result<(), DocumentError> {
    let most = reading.limits.depth * 10;
    let mut reader = quick_xml::Reader::from_str(text);
    let mut depth = 0_usize;
    loop {
        match reader.read_event() {
            Ok(Event::Start(_)) => depth += 1,
            Ok(Event::End(_)) => depth = depth.saturating_sub(1),
            Ok(Event::DocType(_)) => {
                return Err(reading.fault(
                    "declares a document type (`<!DOCTYPE`), which no Office program does",
                ));
            }
            Ok(Event::Eof) if depth > 0 => return Err(reading.fault("is broken off")),
            Ok(Event::Eof) => return Ok(()),
            Ok(_) => {}
            Err(error) => return Err(reading.fault(format!("is no XML: {error}"))),
        }
        if depth > most {
            let problem = format!("its elements lie more than {most} deep in each other");
            return Err(reading.fault(problem));
        }
    }
}
