//! PDF: loops, lies, bombs.

use std::io::{Cursor, Read};

use zip::ZipArchive;

use super::{Hostile, hostile};
use crate::making::{archive, drawing, pdf, pdf_objects, pdf_of, stream};

/// The objects of a document of one page that says something.
fn objects() -> Vec<Vec<u8>> {
    pdf_objects(&[drawing(&[(12.0, 60.0, "七天内可以退货。")])])
}

/// A document of one page, with other objects in place of some (numbered from 1).
fn with(others: &[(usize, &str)]) -> Vec<u8> {
    let mut objects = objects();
    for (number, object) in others {
        objects.resize(objects.len().max(*number), b"null".to_vec());
        objects[number - 1] = object.as_bytes().to_vec();
    }
    pdf(&objects, "")
}

/// Content as the filter FlateDecode has it: what DEFLATE makes of it in an archive, in a frame (RFC 1950).
fn flate(content: &[u8]) -> Vec<u8> {
    let packed = archive(&[("x", content)]);
    let mut reader = ZipArchive::new(Cursor::new(&packed)).expect("an archive");
    let mut raw = Vec::new();
    let mut part = reader.by_index_raw(0).expect("a part");
    part.read_to_end(&mut raw).expect("its bytes");
    [&[0x78, 0x9c][..], &raw].concat()
}

pub fn all() -> Vec<Hostile> {
    const PAGE: &str = "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Resources << /Font << /F1 3 0 R >> >> /Contents 8 0 R >>";
    vec![
        hostile("pages.pdf", "has 10000 pages; 5000 can be read", || {
            pdf_of(&vec![b"BT ET".to_vec(); 10_000])
        }),
        // The pages of the catalogue are themselves among their kids.
        hostile("kids.pdf", "", || {
            with(&[(2, "<< /Type /Pages /Kids [2 0 R 2 0 R 2 0 R] /Count 3 >>")])
        }),
        hostile("parents.pdf", "page 1", || {
            let page = PAGE.replace("/MediaBox [0 0 600 800]", "");
            with(&[
                (2, "<< /Type /Pages /Kids [7 0 R] /Count 1 /Parent 2 0 R >>"),
                (7, &page),
            ])
        }),
        hostile("xref.pdf", "", || {
            let file = pdf(&objects(), "");
            let table = file.windows(5).rposition(|bytes| bytes == b"xref\n");
            let table = table.expect("a table") - 4;
            // It goes on where it began, and the catalogue is nowhere.
            let trailer = format!("/Prev {table}");
            let mut file = pdf(&objects(), &trailer);
            let root = file.windows(11).rposition(|bytes| bytes == b"/Root 1 0 R");
            let root = root.expect("a root");
            file[root + 6] = b'9';
            file
        }),
        hostile("bomb.pdf", "page 1", || {
            let mut objects = objects();
            let endless = b"BT /F1 1 Tf <4E004E004E00> Tj ET ".repeat(2_000_000);
            objects[7] = stream("/Filter /FlateDecode", &flate(&endless));
            pdf(&objects, "")
        }),
        hostile("blanks.pdf", "page 1", || {
            let mut objects = objects();
            let once = flate(&vec![b' '; 64 << 20]);
            objects[7] = stream("/Filter /FlateDecode", &once);
            pdf(&objects, "")
        }),
        hostile("filter.pdf", "page 1", || {
            let mut objects = objects();
            objects[7] = stream(
                "/Filter [/FlateDecode /LZWDecode /Nonsense]",
                b"\x01\x02\x03",
            );
            pdf(&objects, "")
        }),
        hostile("predictor.pdf", "page 1", || {
            let mut objects = objects();
            let parameters = "/Filter /FlateDecode /DecodeParms << /Predictor 15 /Columns 4000000000 /Colors 4000000000 >>";
            objects[7] = stream(parameters, &flate(b"BT ET"));
            pdf(&objects, "")
        }),
        hostile("password.pdf", "is protected by a password", || {
            // ISO 32000-1 §7.6.3; the hashes are of no password at all.
            let mut objects = objects();
            let hash = "<0102030405060708091011121314151617181920212223242526272829303132>";
            objects.push(
                format!("<< /Filter /Standard /V 2 /R 3 /Length 128 /P -44 /O {hash} /U {hash} >>")
                    .into_bytes(),
            );
            let id = "<01020304050607080910111213141516>";
            pdf(&objects, &format!("/Encrypt 9 0 R /ID [{id} {id}]"))
        }),
        hostile("handler.pdf", "is protected by a password", || {
            pdf(&objects(), "/Encrypt << /Filter /Nobodys /V 9 >>")
        }),
        hostile("objects.pdf", "", || {
            // A stream of objects that unpacks to much, and of which the directory says that it holds more.
            let mut objects = objects();
            let content = flate(&b"1 0 2 0 3 0 ".repeat(4 << 20));
            let head = "/Type /ObjStm /N 4000000000 /First 4000000000 /Filter /FlateDecode";
            objects[7] = stream(head, &content);
            pdf(&objects, "")
        }),
        hostile("cut.pdf", "", || {
            let mut file = pdf_of(&[drawing(&[(12.0, 60.0, "七天")])]);
            file.truncate(400);
            file
        }),
        hostile("none.pdf", "holds no page", || {
            with(&[(2, "<< /Type /Pages /Kids [] /Count 1000000 >>")])
        }),
        hostile("within.pdf", "page 1", || {
            // A form that draws itself.
            let mut objects = objects();
            objects[6] = PAGE
                .replace("/Font", "/XObject << /X 9 0 R >> /Font")
                .into_bytes();
            objects[7] = stream("", b"/X Do");
            let form = "/Type /XObject /Subtype /Form /BBox [0 0 1 1] /Resources << /XObject << /X 9 0 R >> >>";
            objects.push(stream(form, b"/X Do"));
            pdf(&objects, "")
        }),
        hostile(
            "scan.pdf",
            "page 1: holds no text; is it a scanned picture?",
            || {
                let mut objects = objects();
                objects[7] = stream("", b"q 600 0 0 800 0 0 cm Q");
                pdf(&objects, "")
            },
        ),
        hostile("font.pdf", "page 1: cannot be read", || {
            with(&[(3, "<< /Type /Font /Subtype /Nonsense >>")])
        }),
        hostile("map.pdf", "page 1: ", || {
            let mut objects = objects();
            objects[5] = stream(
                "",
                b"1 beginbfrange <0000> <FFFFFFFF> <0000> endbfrange garbage",
            );
            pdf(&objects, "")
        }),
        hostile("box.pdf", "page 1: cannot be read", || {
            let page = PAGE.replace("/MediaBox [0 0 600 800]", "/MediaBox [0]");
            with(&[(7, &page)])
        }),
        hostile("operands.pdf", "page 1: cannot be read", || {
            let mut objects = objects();
            objects[7] = stream("", b"BT Tf Tm Td Tj TJ ' \" ET cm Do gs");
            pdf(&objects, "")
        }),
        hostile("deep.pdf", "", || {
            let deep = ["[".repeat(200_000), "]".repeat(200_000)].concat();
            with(&[(2, &format!("<< /Type /Pages /Kids {deep} >>"))])
        }),
        hostile("length.pdf", "", || {
            let mut objects = objects();
            objects[7] = b"<< /Length 9999999999999 >>\nstream\nBT\nendstream".to_vec();
            pdf(&objects, "")
        }),
        hostile("garbage.pdf", "is broken", || {
            [b"%PDF-1.7\n".to_vec(), b"\xff\x00<<[(".repeat(10_000)].concat()
        }),
        hostile("page.pdf", "is no PDF document", || {
            b"<html>no</html>".to_vec()
        }),
    ]
}
