//! Archives: bombs, lies in the directory, what is broken off.

use std::io::Write;

use super::{Hostile, hostile};
use crate::making::{archive, docx, paragraph, rows, xlsx, xlsx_parts};

/// A workbook whose sheet holds `size` bytes of blanks.
fn bomb(size: usize) -> Vec<u8> {
    let sheet = format!("<sheetData>{}</sheetData>", " ".repeat(size));
    xlsx(&sheet)
}

/// Changes what the headers of a part say, the local one and the one in the directory: `local` and `central` are where the
/// field stands in each (APPNOTE.TXT §4.3.7, §4.3.12).
fn patched(mut archive: Vec<u8>, local: usize, central: usize, value: &[u8]) -> Vec<u8> {
    for (signature, field) in [(b"PK\x03\x04", local), (b"PK\x01\x02", central)] {
        let places = archive.windows(4).enumerate();
        let places: Vec<usize> = places
            .filter(|(_, bytes)| *bytes == signature)
            .map(|(place, _)| place)
            .collect();
        for place in places {
            archive[place + field..place + field + value.len()].copy_from_slice(value);
        }
    }
    archive
}

/// An archive whose directory names the same packed part many times.
fn overlapping(names: usize, size: usize) -> Vec<u8> {
    let noise: Vec<u8> = (0..size)
        .map(|place| b"abcdefghijklmnop"[(place * place / 7 + place / 31) % 16])
        .collect();
    let noise = String::from_utf8(noise).expect("letters");
    let one = archive(&[("xl/a0000.xml", format!("<a>{noise}</a>").as_bytes())]);
    let directory = one
        .windows(4)
        .rposition(|bytes| bytes == b"PK\x01\x02")
        .expect("a directory");
    let end = one
        .windows(4)
        .rposition(|bytes| bytes == b"PK\x05\x06")
        .expect("an end");
    let entry = &one[directory..end];
    let mut file = one[..directory].to_vec();
    for number in 0..names {
        let name = entry.windows(4).position(|bytes| bytes == b"0000");
        let name = name.expect("the number in the name");
        let mut entry = entry.to_vec();
        entry[name..name + 4].copy_from_slice(format!("{number:04}").as_bytes());
        file.extend(entry);
    }
    let length = (file.len() - directory) as u32;
    let mut end = one[end..].to_vec();
    end[8..10].copy_from_slice(&(names as u16).to_le_bytes());
    end[10..12].copy_from_slice(&(names as u16).to_le_bytes());
    end[12..16].copy_from_slice(&length.to_le_bytes());
    file.extend(end);
    file
}

/// The first `thousandths` of a file.
fn cut(mut file: Vec<u8>, thousandths: usize) -> Vec<u8> {
    file.truncate(file.len() * thousandths / 1_000);
    file
}

fn book() -> Vec<u8> {
    xlsx(&rows(&[&["问题", "答案"], &["几点上班", "九点"]]))
}

fn letter() -> Vec<u8> {
    docx(&paragraph("", "七天内可以退货。"))
}

/// A compound file that names the streams of an encrypted document ([MS-OFFCRYPTO] §2.3.4).
fn encrypted() -> Vec<u8> {
    let mut file = vec![0; 4_096];
    file[..8].copy_from_slice(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1");
    let name: Vec<u8> = "EncryptedPackage"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    file[1_024..1_024 + name.len()].copy_from_slice(&name);
    file
}

pub fn all() -> Vec<Hostile> {
    vec![
        hostile(
            "bomb.xlsx",
            "sheet1.xml`: unpacks to more than 200 times",
            || bomb(20 << 20),
        ),
        // Says that it is small.
        hostile("lying.xlsx", "sheet1.xml`", || {
            patched(bomb(20 << 20), 22, 24, &100_u32.to_le_bytes())
        }),
        hostile("larger.xlsx", ": unpacks to more than 100 MiB", || {
            patched(book(), 22, 24, &4_000_000_000_u32.to_le_bytes())
        }),
        hostile("overlapping.xlsx", ": unpacks to more than 200 MiB", || {
            overlapping(500, 1 << 20)
        }),
        hostile("within.xlsx", "sheet1.xml`: is no", || {
            let inner = book();
            let mut parts = xlsx_parts(&[("甲", false, "")], "");
            parts.retain(|(name, _)| name != "xl/worksheets/sheet1.xml");
            let mut parts: Vec<(&str, &[u8])> = parts
                .iter()
                .map(|(name, text)| (name.as_str(), text.as_bytes()))
                .collect();
            parts.push(("xl/worksheets/sheet1.xml", &inner));
            archive(&parts)
        }),
        hostile("parts.docx", "has 20000 parts; 10000 can be read", || {
            let names: Vec<String> = (0..20_000).map(|part| format!("word/{part}.xml")).collect();
            let parts: Vec<(&str, &[u8])> = names
                .iter()
                .map(|name| (name.as_str(), &b"<a/>"[..]))
                .collect();
            archive(&parts)
        }),
        hostile("password.xlsx", "is protected by a password", || {
            // General purpose bit 0.
            patched(book(), 6, 8, &[1, 0])
        }),
        hostile("office.xlsx", "is protected by a password", encrypted),
        hostile("method.xlsx", "is broken", || {
            patched(book(), 8, 10, &[99, 0])
        }),
        hostile("crc.docx", "is broken", || {
            patched(letter(), 14, 16, &[1, 2, 3, 4])
        }),
        hostile("offset.docx", "is broken", || {
            patched(letter(), 26, 42, &[0xff, 0xff, 0xff, 0x7f])
        }),
        hostile("cut-1.xlsx", "the archive is broken", || cut(book(), 100)),
        hostile("cut-2.xlsx", "the archive is broken", || cut(book(), 500)),
        hostile("cut-3.xlsx", "the archive is broken", || cut(book(), 900)),
        hostile("cut-4.xlsx", "the archive is broken", || cut(book(), 999)),
        hostile("cut-1.docx", "the archive is broken", || cut(letter(), 10)),
        hostile("cut-2.docx", "the archive is broken", || cut(letter(), 700)),
        hostile("stuffed.docx", "", || {
            // Something before the archive moves everything.
            let mut file = b"PK\x03\x04".to_vec();
            file.write_all(&vec![0; 100_000]).expect("memory");
            file.extend(letter());
            cut(file, 990)
        }),
        hostile(
            "outside.xlsx",
            "holds no part `[Content_Types].xml`",
            || archive(&[("../../../etc/passwd", b"root"), ("/etc/shadow", b"root")]),
        ),
        hostile("empty.xlsx", "is broken", || b"PK\x05\x06".to_vec()),
        hostile("empty.docx", "holds no part", || archive(&[])),
        hostile(
            "sheet.docx",
            "holds no part `word/`; is its name right?",
            book,
        ),
        hostile(
            "letter.xlsx",
            "holds no part `xl/`; is its name right?",
            letter,
        ),
    ]
}
