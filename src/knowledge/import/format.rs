//! What kind of file it is, by its name and by what it begins with.

use super::{DocumentError, Place};

/// A kind of file that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// Comma-separated values.
    Csv,
    /// Excel since 2007 (also with macros, which are left alone).
    Xlsx,
    /// Excel before 2007.
    Xls,
    /// Word since 2007.
    Docx,
    /// PDF.
    Pdf,
    /// Markdown.
    Markdown,
    /// A web page.
    Html,
    /// Plain text.
    Text,
}

/// What a ZIP archive begins with (APPNOTE.TXT §4.3.7; an empty one with §4.3.16).
const ZIP: [&[u8]; 2] = [b"PK\x03\x04", b"PK\x05\x06"];
/// What an OLE2 file begins with ([MS-CFB] §2.2): Office before 2007, and encrypted Office since.
const OLE: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";
/// How far into a file `%PDF-` may stand (ISO 32000-1, annex H.3, note 13).
const PDF_WITHIN: usize = 1_024;

/// Names of kinds that cannot be read, and what to do with them.
const ELSEWHERE: [(&[&str], &str); 4] = [
    (
        &["doc", "wps", "rtf", "odt", "pages"],
        "save it as .docx and import that",
    ),
    (
        &["et", "ods", "numbers", "xlsb"],
        "save it as .xlsx and import that",
    ),
    (
        &["ppt", "pptx", "dps", "key"],
        "save its text as .docx or .txt and import that",
    ),
    (
        &["png", "jpg", "jpeg", "gif", "bmp", "tif", "tiff", "webp"],
        "a picture holds no text; type it off or use a program for recognising text first",
    ),
];

impl Format {
    /// The format of a file. Its name and its first bytes must agree: a file that pretends is refused.
    pub fn of(document: &str, content: &[u8]) -> Result<Self, DocumentError> {
        let refuse =
            |problem: String| Err(DocumentError::new(document, &Place::default(), problem));
        if content.is_empty() {
            return refuse("is empty".to_owned());
        }
        let extension = document
            .rsplit_once('.')
            .map(|(_, extension)| extension.to_ascii_lowercase());
        let named = match extension.as_deref() {
            Some("csv" | "tsv") => Self::Csv,
            Some("xlsx" | "xlsm") => Self::Xlsx,
            Some("xls") => Self::Xls,
            Some("docx" | "docm") => Self::Docx,
            Some("pdf") => Self::Pdf,
            Some("md" | "markdown") => Self::Markdown,
            Some("html" | "htm" | "xhtml") => Self::Html,
            Some("txt" | "text") => Self::Text,
            other => {
                let other = other.unwrap_or_default();
                let known = ELSEWHERE.iter().find(|(names, _)| names.contains(&other));
                let advice = known.map_or(
                    "csv, xlsx, xls, docx, pdf, md, html and txt can",
                    |(_, advice)| advice,
                );
                return refuse(format!("`.{other}` cannot be read; {advice}"));
            }
        };
        let zip = ZIP.iter().any(|magic| content.starts_with(magic));
        let ole = content.starts_with(OLE);
        let head = &content[..content.len().min(PDF_WITHIN)];
        let pdf = head.windows(5).any(|window| window == b"%PDF-");
        match named {
            Self::Xlsx | Self::Docx if ole && is_encrypted(content) => {
                refuse("is protected by a password; save it without one".to_owned())
            }
            Self::Xlsx | Self::Docx if ole => refuse(
                "is of a version before 2007 under a new name; open it and save it anew".to_owned(),
            ),
            Self::Xlsx | Self::Docx if !zip => refuse("is no Office document".to_owned()),
            Self::Xls if zip => refuse("is an .xlsx document under an old name".to_owned()),
            // Many programs export a web page or plain text under this name.
            Self::Xls if !ole => refuse(
                "is no Excel document, whatever its name; open it in Excel and save it as .xlsx"
                    .to_owned(),
            ),
            Self::Pdf if !pdf => refuse("is no PDF document".to_owned()),
            Self::Csv | Self::Markdown | Self::Html | Self::Text if zip || ole || pdf => {
                refuse("is no text; is its name right?".to_owned())
            }
            named => Ok(named),
        }
    }
}

/// Whether an OLE2 file holds the stream of an encrypted document ([MS-OFFCRYPTO] §2.3.4.4); its directory has names in UTF-16.
fn is_encrypted(content: &[u8]) -> bool {
    let name: Vec<u8> = "EncryptedPackage"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    content.windows(name.len()).any(|window| window == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, content: &[u8], expected: Result<Format, &str>) {
        let found = Format::of(name, content);
        let expected =
            expected.map_err(|problem| format!("{name}, the file as a whole: {problem}"));
        assert_eq!(found.map_err(|error| error.to_string()), expected, "{name}");
    }

    #[test]
    fn name_and_content_must_agree() {
        check("问答.CSV", b"a,b", Ok(Format::Csv));
        check("a.xlsx", b"PK\x03\x04..", Ok(Format::Xlsx));
        check("a.xlsm", b"PK\x03\x04..", Ok(Format::Xlsx));
        check("a.xls", OLE, Ok(Format::Xls));
        check("a.b.pdf", b"\n%PDF-1.7", Ok(Format::Pdf));
        check("a.htm", b"<html>", Ok(Format::Html));
        check("a.md", b"# x", Ok(Format::Markdown));
        check("a.csv", b"", Err("is empty"));
        check(
            "a.xlsx",
            OLE,
            Err("is of a version before 2007 under a new name; open it and save it anew"),
        );
        check("a.xlsx", b"x", Err("is no Office document"));
        check("a.docx", b"%PDF-1.7", Err("is no Office document"));
        check(
            "a.xls",
            b"PK\x03\x04",
            Err("is an .xlsx document under an old name"),
        );
        check(
            "a.xls",
            b"<table>",
            Err("is no Excel document, whatever its name; open it in Excel and save it as .xlsx"),
        );
        check("a.pdf", b"<html>", Err("is no PDF document"));
        check(
            "a.txt",
            b"PK\x03\x04",
            Err("is no text; is its name right?"),
        );
        check(
            "a.doc",
            OLE,
            Err("`.doc` cannot be read; save it as .docx and import that"),
        );
        check(
            "a",
            b"x",
            Err("`.` cannot be read; csv, xlsx, xls, docx, pdf, md, html and txt can"),
        );
    }
}
