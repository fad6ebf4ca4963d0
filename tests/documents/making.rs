//! Small documents of each format, made here so that nothing binary lies in the repository.

use std::io::{Cursor, Write};

use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

/// An archive of these parts.
pub fn archive(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for (name, content) in parts {
        writer.start_file(*name, options).expect("a part");
        writer.write_all(content).expect("written");
    }
    writer.finish().expect("an archive").into_inner()
}

const XML: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>"#;
const SHEETS: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
const WORDS: &str = "http://schemas.openxmlformats.org/wordprocessingml/2006/main";
const RELATIONS: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const PACKAGE: &str = "http://schemas.openxmlformats.org/package/2006";

/// The parts of a workbook: a name, whether it is hidden, and the XML of its sheet data and what follows.
pub fn xlsx_parts(sheets: &[(&str, bool, &str)], strings: &str) -> Vec<(String, String)> {
    let (mut list, mut relations, mut parts) = (String::new(), String::new(), Vec::new());
    for (number, (name, hidden, data)) in (1..).zip(sheets) {
        let state = if *hidden { r#" state="hidden""# } else { "" };
        list += &format!(r#"<sheet name="{name}" sheetId="{number}" r:id="r{number}"{state}/>"#);
        relations += &format!(
            r#"<Relationship Id="r{number}" Type="{RELATIONS}/worksheet" Target="worksheets/sheet{number}.xml"/>"#
        );
        let sheet = format!(r#"{XML}<worksheet xmlns="{SHEETS}">{data}</worksheet>"#);
        parts.push((format!("xl/worksheets/sheet{number}.xml"), sheet));
    }
    relations += &format!(
        r#"<Relationship Id="s1" Type="{RELATIONS}/styles" Target="styles.xml"/><Relationship Id="s2" Type="{RELATIONS}/sharedStrings" Target="sharedStrings.xml"/>"#
    );
    let part = |name: &str, text: String| (name.to_owned(), text);
    parts.extend([
        part(
            "[Content_Types].xml",
            format!(r#"{XML}<Types xmlns="{PACKAGE}/content-types"></Types>"#),
        ),
        part(
            "_rels/.rels",
            format!(
                r#"{XML}<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="r1" Type="{RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>"#
            ),
        ),
        part(
            "xl/workbook.xml",
            format!(
                r#"{XML}<workbook xmlns="{SHEETS}" xmlns:r="{RELATIONS}"><sheets>{list}</sheets></workbook>"#
            ),
        ),
        part(
            "xl/_rels/workbook.xml.rels",
            format!(
                r#"{XML}<Relationships xmlns="{PACKAGE}/relationships">{relations}</Relationships>"#
            ),
        ),
        // Style 1 is a date, style 2 a date and time.
        part(
            "xl/styles.xml",
            format!(
                r#"{XML}<styleSheet xmlns="{SHEETS}"><cellXfs count="3"><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="22"/></cellXfs></styleSheet>"#
            ),
        ),
        part(
            "xl/sharedStrings.xml",
            format!(r#"{XML}<sst xmlns="{SHEETS}">{strings}</sst>"#),
        ),
    ]);
    parts
}

pub fn packed(parts: &[(String, String)]) -> Vec<u8> {
    let parts: Vec<(&str, &[u8])> = parts
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_bytes()))
        .collect();
    archive(&parts)
}

/// A workbook of one sheet with this data.
pub fn xlsx(data: &str) -> Vec<u8> {
    packed(&xlsx_parts(
        &[("问答", false, data)],
        "<si><t>共享</t></si>",
    ))
}

/// Rows of text cells.
pub fn rows(rows: &[&[&str]]) -> String {
    let mut data = String::from("<sheetData>");
    for (number, cells) in (1..).zip(rows) {
        data += &format!(r#"<row r="{number}">"#);
        for (column, cell) in (b'A'..).zip(*cells) {
            let column = char::from(column);
            if !cell.is_empty() {
                data +=
                    &format!(r#"<c r="{column}{number}" t="inlineStr"><is><t>{cell}</t></is></c>"#);
            }
        }
        data += "</row>";
    }
    data + "</sheetData>"
}

/// The parts of a Word document with this body.
pub fn docx_parts(body: &str) -> Vec<(String, String)> {
    let part = |name: &str, text: String| (name.to_owned(), text);
    vec![
        part(
            "[Content_Types].xml",
            format!(
                r#"{XML}<Types xmlns="{PACKAGE}/content-types"><Default Extension="xml" ContentType="application/xml"/></Types>"#
            ),
        ),
        part(
            "_rels/.rels",
            format!(
                r#"{XML}<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="r1" Type="{RELATIONS}/officeDocument" Target="word/document.xml"/></Relationships>"#
            ),
        ),
        part(
            "word/_rels/document.xml.rels",
            format!(
                r#"{XML}<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="s" Type="{RELATIONS}/styles" Target="styles.xml"/></Relationships>"#
            ),
        ),
        part(
            "word/styles.xml",
            format!(
                r#"{XML}<w:styles xmlns:w="{WORDS}"><w:style w:type="paragraph" w:styleId="2"><w:name w:val="heading 2"/></w:style><w:style w:type="paragraph" w:styleId="a3"><w:name w:val="标题 1"/></w:style></w:styles>"#
            ),
        ),
        part(
            "word/document.xml",
            format!(r#"{XML}<w:document xmlns:w="{WORDS}"><w:body>{body}</w:body></w:document>"#),
        ),
    ]
}

pub fn docx(body: &str) -> Vec<u8> {
    packed(&docx_parts(body))
}

/// A paragraph of a Word document, with a style or none.
pub fn paragraph(style: &str, text: &str) -> String {
    let style = match style {
        "" => String::new(),
        style => format!(r#"<w:pPr><w:pStyle w:val="{style}"/></w:pPr>"#),
    };
    format!("<w:p>{style}<w:r><w:t>{text}</w:t></w:r></w:p>")
}

/// A PDF of these objects (numbered from 1; the first is the catalogue) with a table of where they are.
pub fn pdf(objects: &[Vec<u8>], trailer: &str) -> Vec<u8> {
    let mut file = b"%PDF-1.7\n".to_vec();
    let mut places = Vec::new();
    for (number, object) in (1..).zip(objects) {
        places.push(file.len());
        file.extend(format!("{number} 0 obj\n").bytes());
        file.extend(object);
        file.extend(b"\nendobj\n");
    }
    let table = file.len();
    file.extend(format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1).bytes());
    for place in places {
        file.extend(format!("{place:010} 00000 n \n").bytes());
    }
    let size = objects.len() + 1;
    let trailer =
        format!("trailer\n<< /Size {size} /Root 1 0 R {trailer} >>\nstartxref\n{table}\n%%EOF\n");
    file.extend(trailer.bytes());
    file
}

pub fn stream(dictionary: &str, content: &[u8]) -> Vec<u8> {
    let head = format!("<< /Length {} {dictionary} >>\nstream\n", content.len());
    [head.as_bytes(), content, b"\nendstream"].concat()
}

/// A line of a page: size in points, distance from the top, text.
pub type PdfLine<'a> = (f32, f32, &'a str);

/// The drawing of these lines, in codes that are UTF-16.
pub fn drawing(lines: &[PdfLine<'_>]) -> Vec<u8> {
    let mut content = String::from("BT\n");
    for (size, y, text) in lines {
        let codes: String = text
            .encode_utf16()
            .map(|unit| format!("{unit:04X}"))
            .collect();
        let y = 800.0 - y;
        content += &format!("/F1 {size} Tf 1 0 0 1 50 {y} Tm <{codes}> Tj\n");
    }
    (content + "ET").into_bytes()
}

/// A PDF of pages, each its drawing, in a font whose codes are UTF-16 (as programs that embed CJK fonts write it).
pub fn pdf_of(pages: &[Vec<u8>]) -> Vec<u8> {
    pdf(&pdf_objects(pages), "")
}

pub fn pdf_objects(pages: &[Vec<u8>]) -> Vec<Vec<u8>> {
    // 1 catalogue, 2 pages, 3 font, 4 its descendant, 5 its descriptor, 6 its map; then page and drawing by turns.
    let kids: Vec<String> = (0..pages.len())
        .map(|page| format!("{} 0 R", 7 + 2 * page))
        .collect();
    let map = "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /U def /CMapType 2 def\n\
               1 begincodespacerange <0000> <FFFF> endcodespacerange\n\
               1 beginbfrange <0000> <FFFF> <0000> endbfrange\nendcmap end end";
    let mut objects = vec![
        b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
        format!("<< /Type /Pages /Kids [{}] /Count {} >>", kids.join(" "), pages.len()).into_bytes(),
        b"<< /Type /Font /Subtype /Type0 /BaseFont /Song /Encoding /Identity-H /DescendantFonts [4 0 R] /ToUnicode 6 0 R >>".to_vec(),
        b"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /Song /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> /FontDescriptor 5 0 R /DW 1000 >>".to_vec(),
        b"<< /Type /FontDescriptor /FontName /Song /Flags 4 /FontBBox [0 0 1000 1000] /ItalicAngle 0 /Ascent 800 /Descent -200 /CapHeight 700 /StemV 80 >>".to_vec(),
        stream("", map.as_bytes()),
    ];
    for (page, drawing) in pages.iter().enumerate() {
        objects.push(
            format!(
                "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Resources << /Font << /F1 3 0 R >> >> /Contents {} 0 R >>",
                8 + 2 * page
            )
            .into_bytes(),
        );
        objects.push(stream("", drawing));
    }
    objects
}

/// A workbook of Excel 97: cells of text, row by row ([MS-XLS], [MS-CFB]).
pub fn xls(name: &str, rows: &[&[&str]]) -> Vec<u8> {
    compound(&xls_stream(name, rows, &[]))
}

/// A record of the stream `Workbook`.
pub fn record(kind: u16, data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len()).expect("short");
    [&kind.to_le_bytes(), &length.to_le_bytes(), data].concat()
}

/// The stream `Workbook`: cells of text, and `more` records of the sheet.
pub fn xls_stream(name: &str, rows: &[&[&str]], more: &[u8]) -> Vec<u8> {
    let wide = |text: &str| -> Vec<u8> { text.encode_utf16().flat_map(u16::to_le_bytes).collect() };
    // BOF: BIFF8, and what follows.
    let begin = |kind: u16| {
        let mut data = vec![0; 16];
        data[..2].copy_from_slice(&0x0600_u16.to_le_bytes());
        data[2..4].copy_from_slice(&kind.to_le_bytes());
        record(0x0809, &data)
    };
    let mut sheet = begin(0x0010);
    for (row, cells) in (0_u16..).zip(rows) {
        for (column, cell) in (0_u16..).zip(*cells) {
            let units = cell.encode_utf16().count() as u16;
            let head = [row, column, 0, units].map(u16::to_le_bytes).concat();
            // LABEL, in 16-bit characters.
            sheet.extend(record(0x0204, &[&head[..], &[1], &wide(cell)].concat()));
        }
    }
    sheet.extend(more);
    sheet.extend(record(0x000a, &[]));
    let mut book = begin(0x0005);
    let units = name.encode_utf16().count() as u8;
    let bound = |place: u32| {
        // BoundSheet8: where the sheet begins, visible, a worksheet, its name.
        let head = place.to_le_bytes();
        record(
            0x0085,
            &[&head[..], &[0, 0, units, 1], &wide(name)].concat(),
        )
    };
    let place = book.len() + bound(0).len() + 4;
    book.extend(bound(place as u32));
    book.extend(record(0x000a, &[]));
    book.extend(sheet);
    book
}

/// A compound file that holds one stream, `Workbook`.
pub fn compound(stream: &[u8]) -> Vec<u8> {
    const SECTOR: usize = 512;
    const END: u32 = 0xffff_fffe;
    // Streams below 4,096 bytes would lie in the small stream; a longer one does not.
    let mut stream = stream.to_vec();
    stream.resize(stream.len().max(4_096).next_multiple_of(SECTOR), 0);
    let sectors = (stream.len() / SECTOR) as u32;
    let mut header = vec![0; SECTOR];
    header[..8].copy_from_slice(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1");
    let mut put16 = |place: usize, value: u16| {
        header[place..place + 2].copy_from_slice(&value.to_le_bytes());
    };
    put16(24, 0x3e);
    put16(26, 3);
    put16(28, 0xfffe);
    put16(30, 9);
    put16(32, 6);
    let mut put32 = |place: usize, value: u32| {
        header[place..place + 4].copy_from_slice(&value.to_le_bytes());
    };
    put32(44, 1); // sectors of the allocation table
    put32(48, 1); // the directory
    put32(56, 4_096);
    put32(60, END);
    put32(68, END);
    put32(76, 0); // the allocation table
    for place in 1..109 {
        put32(76 + 4 * place, 0xffff_ffff);
    }
    let mut table: Vec<u32> = vec![0xffff_fffd, END];
    table.extend((1..sectors).map(|sector| sector + 2));
    table.push(END);
    table.resize(SECTOR / 4, 0xffff_ffff);
    let table: Vec<u8> = table.into_iter().flat_map(u32::to_le_bytes).collect();
    let entry = |name: &str, kind: u8, child: u32, start: u32, size: u64| {
        let mut entry = vec![0; 128];
        let units: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
        entry[..units.len()].copy_from_slice(&units);
        entry[64..66].copy_from_slice(&(units.len() as u16 + 2).to_le_bytes());
        entry[66] = kind;
        entry[67] = 1;
        for (place, value) in [(68, u32::MAX), (72, u32::MAX), (76, child), (116, start)] {
            entry[place..place + 4].copy_from_slice(&value.to_le_bytes());
        }
        entry[120..128].copy_from_slice(&size.to_le_bytes());
        entry
    };
    let mut directory = entry("Root Entry", 5, 1, END, 0);
    directory.extend(entry("Workbook", 2, u32::MAX, 2, stream.len() as u64));
    directory.resize(SECTOR, 0);
    [header, table, directory, stream].concat()
}
