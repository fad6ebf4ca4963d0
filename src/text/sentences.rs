//! Sentences, and pieces of them that are short enough to be said one by one.

/// Pieces of `text` of at most `longest` characters where marks allow it: at 。！？；… first, at ，、： where a sentence is
/// longer. Decimals and addresses stay whole. Nothing is lost: the pieces joined are the text without outer spaces.
pub fn split(text: &str, longest: usize) -> Vec<String> {
    let mut pieces = Vec::new();
    for sentence in split_after(text.trim(), |symbol| {
        matches!(
            symbol,
            '。' | '！' | '？' | '；' | '…' | '!' | '?' | ';' | '\n'
        )
    }) {
        if sentence.chars().count() <= longest {
            pieces.push(sentence);
            continue;
        }
        let mut piece = String::new();
        for clause in split_after(&sentence, |symbol| {
            matches!(symbol, '，' | '、' | '：' | ',')
        }) {
            if !piece.is_empty() && piece.chars().count() + clause.chars().count() > longest {
                pieces.push(std::mem::take(&mut piece));
            }
            piece.push_str(&clause);
        }
        pieces.push(piece);
    }
    pieces
}

fn split_after(text: &str, ends: impl Fn(char) -> bool) -> Vec<String> {
    let mut pieces = Vec::new();
    let mut piece = String::new();
    let mut symbols = text.chars().peekable();
    while let Some(symbol) = symbols.next() {
        piece.push(symbol);
        // 12,500 and a.com?x=1: a mark between letters or digits ends nothing; several marks end once.
        let inside = symbol.is_ascii() && symbols.peek().is_some_and(char::is_ascii_alphanumeric);
        let more = symbols
            .peek()
            .is_some_and(|next| ends(*next) || matches!(next, '”' | '』' | '」' | '"'));
        if ends(symbol) && !inside && !more {
            pieces.push(std::mem::take(&mut piece));
        }
    }
    if !piece.is_empty() {
        pieces.push(piece);
    }
    pieces
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn sentences_and_long_clauses() {
        let check =
            |text: &str, longest, expected: &[&str]| assert_eq!(split(text, longest), expected);
        check("您好。请问？", 20, &["您好。", "请问？"]);
        check("好的！！谢谢……再见", 20, &["好的！！", "谢谢……", "再见"]);
        check(
            "一二三，四五六，七八九。",
            8,
            &["一二三，四五六，", "七八九。"],
        );
        check("价格是12,500元,请付", 6, &["价格是12,500元,", "请付"]);
        check("他说“好。”我走", 20, &["他说“好。”我走"]);
        check("", 5, &[]);
    }

    proptest! {
        #[test]
        fn nothing_is_lost(text in "[一二。，！？；…a1,.]{0,40}", longest in 1usize..20) {
            prop_assert_eq!(split(&text, longest).concat(), text.trim());
        }
    }
}
