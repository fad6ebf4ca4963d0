//! Text from bytes: UTF-8, UTF-16 with a byte order mark, and GB 18030, which holds GBK and GB 2312.

use encoding_rs::{Encoding, GB18030, UTF_8};

/// How much of the text may be what no Chinese document holds before the guess is taken for wrong, in per mille.
const MOST_ODD: usize = 5;

/// The text of `content`, without its mark. A file that is no UTF-8 is taken for GB 18030, what Excel in Chinese writes; if that does
/// not fit either, the line (1 for the first) and why.
pub(super) fn decode(content: &[u8]) -> Result<String, (u64, String)> {
    if let Some((encoding, mark)) = Encoding::for_bom(content) {
        return whole(encoding, &content[mark..]);
    }
    if looks_like_utf16(content) {
        return Err((1, "is UTF-16 without a mark; save it as UTF-8".to_owned()));
    }
    let fault = match std::str::from_utf8(content) {
        Ok(text) => return checked(text.to_owned()),
        Err(error) => error.valid_up_to(),
    };
    let line = line_of(content, fault);
    if is_mostly_utf8(content) {
        return Err((line, "is UTF-8 up to here and not from here on".to_owned()));
    }
    let text =
        whole(GB18030, content).map_err(|_| (line, "is neither UTF-8 nor GB 18030".to_owned()))?;
    match is_odd(&text) {
        true => Err((line, "is neither UTF-8 nor GB 18030".to_owned())),
        false => Ok(text),
    }
}

/// As [`decode`], in an encoding that the document names itself.
pub(super) fn decode_as(label: &str, content: &[u8]) -> Option<String> {
    let encoding = Encoding::for_label(label.trim().as_bytes())?;
    // GB 2312 and GBK are read as the larger set that they belong to.
    let text = encoding.decode_without_bom_handling_and_without_replacement(content)?;
    Some(text.into_owned())
}

fn whole(encoding: &'static Encoding, content: &[u8]) -> Result<String, (u64, String)> {
    match encoding.decode_without_bom_handling_and_without_replacement(content) {
        Some(text) => checked(text.into_owned()),
        None => {
            let (text, _, _) = encoding.decode(content);
            let fault = text.find(char::REPLACEMENT_CHARACTER).unwrap_or(0);
            let line = line_of(text.as_bytes(), fault);
            let name = match encoding == UTF_8 {
                true => "UTF-8",
                false => encoding.name(),
            };
            Err((line, format!("is not {name}, whatever its beginning says")))
        }
    }
}

/// Text holds no NUL.
fn checked(text: String) -> Result<String, (u64, String)> {
    match text.find('\0') {
        Some(place) => Err((
            line_of(text.as_bytes(), place),
            "holds a NUL byte: it is no text".to_owned(),
        )),
        None => Ok(text),
    }
}

/// Whether hanzi that are UTF-8 outnumber what is not by far: then a byte or two are broken, and GB 18030 would make of all of
/// them hanzi that nobody wrote.
fn is_mostly_utf8(content: &[u8]) -> bool {
    let (mut wide, mut broken) = (0, 0);
    for chunk in content.utf8_chunks() {
        wide += chunk
            .valid()
            .chars()
            .filter(|symbol| *symbol >= '\u{800}')
            .count();
        broken += usize::from(!chunk.invalid().is_empty());
    }
    wide > 4 * broken
}

/// Latin text in UTF-16 has a NUL in every other byte, Chinese has one in every line break and blank.
fn looks_like_utf16(content: &[u8]) -> bool {
    let head = &content[..content.len().min(4_096)];
    let nul = |parity: usize| {
        let bytes = head.iter().skip(parity).step_by(2);
        bytes.filter(|byte| **byte == 0).count()
    };
    let (even, odd) = (nul(0), nul(1));
    let pairs = head.len() / 2;
    pairs > 0 && (even == 0 || odd == 0) && (even + odd) * 10 > pairs
}

/// Bytes of another encoding read as GB 18030 come out as private, rare and unassigned characters.
pub(super) fn is_odd(text: &str) -> bool {
    let odd = text.chars().filter(|symbol| {
        matches!(*symbol, '\u{80}'..='\u{9f}' | '\u{e000}'..='\u{f8ff}' | '\u{20000}'..)
            || (symbol.is_control() && !matches!(*symbol, '\n' | '\r' | '\t' | '\u{c}'))
    });
    odd.count() * 1_000 > text.chars().count() * MOST_ODD
}

/// The line in which a byte stands.
fn line_of(content: &[u8], byte: usize) -> u64 {
    1 + content[..byte]
        .iter()
        .filter(|byte| **byte == b'\n')
        .count() as u64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(content: &[u8], expected: Result<&str, (u64, &str)>) {
        let expected = expected
            .map(str::to_owned)
            .map_err(|(line, problem)| (line, problem.to_owned()));
        assert_eq!(decode(content), expected);
    }

    #[test]
    fn every_usual_encoding_is_read() {
        let (gbk, _, _) = GB18030.encode("营业时间，\n九点");
        check("营业\n".as_bytes(), Ok("营业\n"));
        check("\u{feff}营业".as_bytes(), Ok("营业"));
        check(&gbk, Ok("营业时间，\n九点"));
        check(b"\xff\xfe\x25\x84\x1a\x4e", Ok("营业"));
        check(b"\xfe\xff\x84\x25\x4e\x1a", Ok("营业"));
        check(b"", Ok(""));
    }

    #[test]
    fn what_is_no_text_is_named_with_its_line() {
        check(b"a\nb\xffc", Err((2, "is neither UTF-8 nor GB 18030")));
        let broken = ["营业时间\n九点到".as_bytes(), b"\xff", "十点".as_bytes()].concat();
        check(
            &broken,
            Err((2, "is UTF-8 up to here and not from here on")),
        );
        check(
            b"some words\nand then \0 more of them",
            Err((2, "holds a NUL byte: it is no text")),
        );
        check(
            b"a\0b\0c\0",
            Err((1, "is UTF-16 without a mark; save it as UTF-8")),
        );
        check(
            b"\xef\xbb\xbfa\n\xce\xd2",
            Err((2, "is not UTF-8, whatever its beginning says")),
        );
    }

    proptest! {
        #[test]
        fn utf8_comes_back(text in "[a-z一-龥，。\n]{0,200}") {
            prop_assert_eq!(decode(text.as_bytes()), Ok(text));
        }

        #[test]
        fn gb18030_comes_back(text in "[一-龥]{1,50}[a-z，。\n]{0,20}") {
            let (bytes, _, _) = GB18030.encode(&text);
            // A few hanzi are UTF-8 of something else.
            if std::str::from_utf8(&bytes).is_err() {
                prop_assert_eq!(decode(&bytes), Ok(text));
            }
        }

        #[test]
        fn anything_is_read_or_refused(content in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = decode(&content);
        }
    }
}
