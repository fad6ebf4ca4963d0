//! What must hold of an Office document before its reader sees it: it is an archive of XML parts.
//!
//! The directory of an archive says how large its parts are, and can lie. So every part is unpacked once against the limits
//! before anything else reads it; what is unpacked is not kept.

use std::io::{Cursor, Read};

use zip::ZipArchive;

use super::{Place, Reading};
use crate::knowledge::import::DocumentError;

/// What XML from strangers must not hold: declarations of entities and of document types (external files, "billion laughs").
const DECLARATIONS: [&[u8]; 2] = [b"<!DOCTYPE", b"<!ENTITY"];
/// Bytes of a part that are looked at together.
const BLOCK: usize = 64 << 10;
/// Below this size the ratio says nothing: short XML packs well.
const NO_BOMB_BELOW: u64 = 1 << 20;

/// Unpacks every part against the limits. Of `needed`, each must be there.
pub(super) fn inspect(
    reading: &mut Reading<'_>,
    content: &[u8],
    needed: &[&str],
) -> Result<(), DocumentError> {
    let mut archive = ZipArchive::new(Cursor::new(content))
        .map_err(|error| reading.fault(format!("the archive is broken: {error}")))?;
    if archive.len() > reading.limits.parts {
        let problem = format!(
            "has {} parts; {} can be read",
            archive.len(),
            reading.limits.parts
        );
        return Err(reading.fault(problem));
    }
    for name in needed {
        if archive.index_for_name(name).is_none() {
            return Err(reading.fault(format!("holds no part `{name}`")));
        }
    }
    let mut unpacked = 0;
    for number in 0..archive.len() {
        let mut part = archive.by_index(number).map_err(|error| {
            reading.fault(format!("part {number} of the archive is broken: {error}"))
        })?;
        let name = match part.name() {
            Ok(name) => name.into_owned(),
            Err(_) => format!("number {number}"),
        };
        let place = Place {
            part: Some(name),
            ..Place::default()
        };
        reading.at(place);
        let packed = part.compressed_size();
        let size = unpack(reading, &mut part, packed)?;
        unpacked += size;
        if unpacked > reading.limits.unpacked {
            let most = reading.limits.unpacked >> 20;
            return Err(reading.fault(format!("unpacks to more than {most} MiB")));
        }
    }
    Ok(())
}

/// Unpacks a part and forgets it. Returns its size in bytes.
fn unpack(reading: &Reading<'_>, part: &mut impl Read, packed: u64) -> Result<u64, DocumentError> {
    let longest = DECLARATIONS.iter().map(|it| it.len()).max().unwrap_or(0);
    let mut block = vec![0; BLOCK + longest];
    // The end of the block before is kept in front, so that nothing hides between two blocks.
    let (mut kept, mut size, mut is_xml) = (0, 0_u64, None);
    loop {
        let read = part.read(&mut block[kept..kept + BLOCK]);
        let read = read.map_err(|error| reading.fault(format!("is broken: {error}")))?;
        if read == 0 {
            return Ok(size);
        }
        size += read as u64;
        if size > reading.limits.unpacked
            || (size > NO_BOMB_BELOW && size > packed.saturating_mul(reading.limits.ratio))
        {
            return Err(
                reading.fault("unpacks to so much more than it packs that it is no document")
            );
        }
        let seen = &block[..kept + read];
        let is_xml = *is_xml.get_or_insert_with(|| is_markup(seen));
        if is_xml
            && let Some(found) = DECLARATIONS
                .iter()
                .find(|it| seen.windows(it.len()).any(|window| window == **it))
        {
            let found = String::from_utf8_lossy(found);
            return Err(reading.fault(format!(
                "holds a declaration (`{found}`) that no Office program writes"
            )));
        }
        kept = longest.min(seen.len());
        let from = seen.len() - kept;
        block.copy_within(from..from + kept, 0);
    }
}

/// Whether a part begins as XML does.
fn is_markup(head: &[u8]) -> bool {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let first = head.iter().find(|byte| !byte.is_ascii_whitespace());
    // UTF-16 is allowed, and no Office program writes it.
    first == Some(&b'<') || head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff")
}
