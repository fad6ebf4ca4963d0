//! Workbooks and Word documents whose archive is right and whose parts are not.

use super::{Hostile, hostile};
use crate::making::{
    archive, compound, docx, docx_parts, packed, paragraph, rows, xls_stream, xlsx, xlsx_parts,
};

/// A workbook with another text in place of one of its parts; empty: without that part.
fn book_with(part: &str, text: &str) -> Vec<u8> {
    let data = rows(&[&["问题", "答案"], &["几点上班", "九点"]]);
    replaced(xlsx_parts(&[("问答", false, &data)], ""), part, text)
}

/// As [`book_with`], a Word document.
fn letter_with(part: &str, text: &str) -> Vec<u8> {
    replaced(docx_parts(&paragraph("", "七天内可以退货。")), part, text)
}

fn replaced(mut parts: Vec<(String, String)>, part: &str, text: &str) -> Vec<u8> {
    parts.retain(|(name, _)| name != part);
    if !text.is_empty() {
        parts.push((part.to_owned(), text.to_owned()));
    }
    packed(&parts)
}

/// A sheet of one cell.
fn cell(cell: &str) -> Vec<u8> {
    xlsx(&format!("<sheetData><row r=\"1\">{cell}</row></sheetData>"))
}

/// `text` between `depth` beginnings and ends.
fn nested(begin: &str, text: &str, end: &str, depth: usize) -> String {
    [&begin.repeat(depth), text, &end.repeat(depth)].concat()
}

const LAUGHS: &str = r#"<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]>"#;
const EXTERNAL: &str = r#"<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>"#;

fn workbooks() -> Vec<Hostile> {
    let shared = "xl/sharedStrings.xml";
    vec![
        hostile(
            "laughs.xlsx",
            "sharedStrings.xml`: declares a document type",
            move || book_with(shared, &format!("{LAUGHS}<sst><si><t>&c;</t></si></sst>")),
        ),
        hostile(
            "external.xlsx",
            "workbook.xml`: declares a document type",
            || {
                book_with(
                    "xl/workbook.xml",
                    &format!("{EXTERNAL}<workbook>&a;</workbook>"),
                )
            },
        ),
        hostile("utf16.xlsx", "workbook.xml`: is not UTF-8", || {
            let text = format!("\u{feff}{EXTERNAL}<workbook/>");
            let text: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
            archive(&[
                ("[Content_Types].xml", b"<Types/>"),
                ("xl/workbook.xml", &text),
            ])
        }),
        hostile(
            "deep.xlsx",
            "sheet1.xml`: its elements lie more than 1000 deep",
            || xlsx(&nested("<a>", "", "</a>", 100_000)),
        ),
        hostile("open.xlsx", "sheet1.xml`: is broken off", || {
            let sheet = "<worksheet><sheetData><row r=\"1\"><c r=\"A1\"><v>1</v></c>";
            book_with("xl/worksheets/sheet1.xml", sheet)
        }),
        hostile("crossed.xlsx", "sheet1.xml`: is no XML", || {
            book_with("xl/worksheets/sheet1.xml", "<a><b></a></b>")
        }),
        hostile("index.xlsx", "sheet `问答`", || {
            cell(r#"<c r="A1"><v>1</v></c><c r="B1" t="s"><v>4000000000</v></c>"#)
        }),
        hostile("count.xlsx", "", move || {
            book_with(
                shared,
                r#"<sst count="18446744073709551615" uniqueCount="18446744073709551615"><si><t>x</t></si></sst>"#,
            )
        }),
        hostile("missing.xlsx", "sheet `问答`", || {
            book_with("xl/worksheets/sheet1.xml", "")
        }),
        hostile("macros.xlsm", "holds no sheet that can be seen", || {
            let parts = xlsx_parts(&[], "");
            let mut parts: Vec<(&str, &[u8])> = parts
                .iter()
                .map(|(name, text)| (name.as_str(), text.as_bytes()))
                .collect();
            parts.push(("xl/vbaProject.bin", b"\xd0\xcf\x11\xe0 Sub AutoOpen()"));
            archive(&parts)
        }),
        hostile("hidden.xlsx", "holds no sheet that can be seen", || {
            packed(&xlsx_parts(&[("甲", true, &rows(&[&["一"]]))], ""))
        }),
        hostile(
            "far.xlsx",
            "row 1048576, column `XFD`: only 500 columns",
            || {
                xlsx(
                    r#"<dimension ref="A1:XFD1048576"/><sheetData><row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>"#,
                )
            },
        ),
        hostile("merged.xlsx", "sheet `问答`, row ", || {
            let cells: String = (1..=5_000)
                .map(|row| format!(r#"<row r="{row}"><c r="A{row}"><v>1</v></c><c r="RZ{row}"><v>1</v></c></row>"#))
                .collect();
            xlsx(&format!(
                r#"<sheetData>{cells}</sheetData><mergeCells><mergeCell ref="A1:XFD1048576"/></mergeCells>"#
            ))
        }),
        hostile("range.xlsx", "sheet `问答`", || {
            xlsx(r#"<sheetData/><mergeCells><mergeCell ref="B2:A1:99999999999"/></mergeCells>"#)
        }),
        hostile(
            "cell.xlsx",
            "sheet `问答`, row 1, column `A`: has 40000 characters",
            || {
                cell(&format!(
                    r#"<c r="A1" t="inlineStr"><is><t>{}</t></is></c>"#,
                    "长".repeat(40_000)
                ))
            },
        ),
        hostile("kind.xlsx", "sheet `问答`", || {
            cell(r#"<c r="A1" t="zz"><v>1</v></c>"#)
        }),
        hostile("place.xlsx", "sheet `问答`", || {
            cell(r#"<c r="ZZZZZZZZZZZZ99999999999999"><v>1</v></c>"#)
        }),
        hostile(
            "formula.xlsx",
            "sheet `问答`, row 1, column `B`: the formula says #REF!",
            || cell(r#"<c r="A1"><v>1</v></c><c r="B1" t="e"><f>#REF!</f><v>#REF!</v></c>"#),
        ),
        hostile(
            "formulas.xlsx",
            "more than 1000 pieces cannot be read",
            || {
                let cells: String = (1..=3_000)
                    .map(|row| {
                        format!(r#"<row r="{row}"><c r="A{row}" t="e"><v>#N/A</v></c></row>"#)
                    })
                    .collect();
                xlsx(&format!("<sheetData>{cells}</sheetData>"))
            },
        ),
        hostile("name.xlsx", "column `ALM`: only 500 columns", || {
            // A name that would be repeated for every row.
            let name = "长".repeat(100_000);
            let data = r#"<sheetData><row r="1"><c r="ALM1"><v>1</v></c></row></sheetData>"#;
            packed(&xlsx_parts(&[(&name, false, data)], ""))
        }),
    ]
}

fn old_workbooks() -> Vec<Hostile> {
    let book = || xls_stream("问答", &[&["问题", "答案"], &["几点", "九点"]], &[]);
    vec![
        hostile("cut.xls", "the workbook is broken", move || {
            let mut file = compound(&book());
            file.truncate(1_500);
            file
        }),
        hostile("record.xls", "the workbook is broken", move || {
            let mut stream = book();
            // The length of the first record.
            stream[2..4].copy_from_slice(&[0xff, 0xff]);
            compound(&stream)
        }),
        hostile("sheet.xls", "", move || {
            let mut stream = book();
            // Where the sheet begins.
            stream[24..28].copy_from_slice(&[0xff, 0xff, 0xff, 0x7f]);
            compound(&stream)
        }),
        hostile("password.xls", "is protected by a password", move || {
            let mut stream = book();
            let rest = stream.split_off(20);
            // FilePass ([MS-XLS] §2.4.117).
            stream.extend([0x2f, 0, 6, 0, 1, 0, 1, 0, 1, 0]);
            stream.extend(rest);
            compound(&stream)
        }),
        hostile("word.xls", "the workbook is broken", || {
            let mut file = compound(b"");
            let name: Vec<u8> = "Workbook"
                .encode_utf16()
                .flat_map(u16::to_le_bytes)
                .collect();
            let place = file.windows(name.len()).position(|bytes| bytes == name);
            file[place.expect("a stream")] = b'X';
            file
        }),
        hostile("new.xls", "is an .xlsx document under an old name", || {
            xlsx("<sheetData/>")
        }),
        hostile(
            "page.xls",
            "is no Excel document, whatever its name",
            || b"<table><tr><td>1</table>".to_vec(),
        ),
    ]
}

fn letters() -> Vec<Hostile> {
    let main = "word/document.xml";
    vec![
        hostile(
            "laughs.docx",
            "document.xml`: declares a document type",
            move || letter_with(main, &format!("{LAUGHS}<w:document>&c;</w:document>")),
        ),
        hostile(
            "external.docx",
            "styles.xml`: declares a document type",
            || {
                letter_with(
                    "word/styles.xml",
                    &format!("{EXTERNAL}<w:styles>&a;</w:styles>"),
                )
            },
        ),
        hostile("deep.docx", "tables lie more than 100 deep", || {
            docx(&nested(
                "<w:tbl><w:tr><w:tc>",
                &paragraph("", "底"),
                "</w:tc></w:tr></w:tbl>",
                120,
            ))
        }),
        hostile(
            "deeper.docx",
            "document.xml`: its elements lie more than 1000 deep",
            || {
                docx(&nested(
                    "<w:tbl><w:tr><w:tc>",
                    "",
                    "</w:tc></w:tr></w:tbl>",
                    50_000,
                ))
            },
        ),
        hostile("open.docx", "document.xml`: is broken off", move || {
            letter_with(main, "<w:document><w:body><w:p><w:r><w:t>七天")
        }),
        hostile("nul.docx", "document.xml`: ", move || {
            letter_with(main, "\0\0\0\0<<<")
        }),
        hostile("missing.docx", "the document is broken", move || {
            letter_with(main, "")
        }),
        hostile(
            "span.docx",
            "paragraph 1, row 1: has 1000 columns; 500 can be read",
            || {
                docx(
                    r#"<w:tbl><w:tr><w:tc><w:tcPr><w:gridSpan w:val="1000000000"/></w:tcPr><w:p><w:r><w:t>x</w:t></w:r></w:p></w:tc></w:tr></w:tbl>"#,
                )
            },
        ),
        hostile(
            "drawn.docx",
            "the file as a whole: 1 of 1 text boxes cannot be read",
            || {
                docx(&format!(
                    "{}<w:p><w:r><w:pict><v:shape><v:textbox><w:txbxContent>{}</w:txbxContent></v:textbox></v:shape></w:pict></w:r></w:p>",
                    paragraph("", "七天内可以退货。"),
                    paragraph("", "框里的话"),
                ))
            },
        ),
        hostile("long.docx", "paragraph 1: has 50000 characters", || {
            docx(&paragraph("", &"长".repeat(50_000)))
        }),
        hostile("blank.docx", "holds no text", || docx(&paragraph("", " "))),
        hostile("picture.docx", "is no Office document", || {
            b"\x89PNG\r\n\x1a\n0000".to_vec()
        }),
        hostile("old.doc", "save it as .docx", || {
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 anything".to_vec()
        }),
    ]
}

pub fn all() -> Vec<Hostile> {
    [workbooks(), old_workbooks(), letters()]
        .into_iter()
        .flatten()
        .collect()
}
