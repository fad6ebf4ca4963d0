//! Sentences of a text that comes in pieces: each is given when it is certain that it is over.
//!
//! Citations belong to the sentence before them, also after its mark (`保修三年。[1]`), so a mark alone ends nothing.

use super::By;

/// Cuts a text that comes in pieces.
#[derive(Debug)]
pub(super) struct Splitter {
    by: By,
    text: Vec<char>,
}

impl Splitter {
    pub(super) const fn new(by: By) -> Self {
        Self {
            by,
            text: Vec::new(),
        }
    }

    /// Takes a piece; gives what it completes.
    pub(super) fn push(&mut self, piece: &str) -> Vec<String> {
        self.text.extend(piece.chars());
        let mut complete = Vec::new();
        while let Some(end) = self.end() {
            let sentence: String = self.text.drain(..end).collect();
            let sentence = sentence.trim();
            if !sentence.is_empty() {
                complete.push(sentence.to_owned());
            }
        }
        complete
    }

    /// Nothing follows: what is left, if anything is.
    pub(super) fn finish(self) -> Option<String> {
        let rest: String = self.text.into_iter().collect();
        let rest = rest.trim();
        (!rest.is_empty()).then(|| rest.to_owned())
    }

    /// Where the first sentence ends, if that is certain.
    fn end(&self) -> Option<usize> {
        let text = &self.text;
        let line = text.iter().position(|symbol| *symbol == '\n');
        if self.by == By::Line {
            return line.map(|at| at + 1);
        }
        let mark = (0..text.len()).find(|at| self.is_mark(*at))?;
        if let Some(line) = line.filter(|line| *line < mark) {
            return self.end_after(line + 1);
        }
        self.end_after(mark + 1)
    }

    fn is_mark(&self, at: usize) -> bool {
        match self.text[at] {
            '。' | '！' | '？' | '；' | '!' | '?' | '\n' => true,
            // 3.5 and the like go on; whether it does is known by what follows.
            '.' => self
                .text
                .get(at + 1)
                .is_some_and(|next| next.is_whitespace() || *next == '['),
            _ => false,
        }
    }

    /// The end of the citations after a mark; `None` while more may come.
    fn end_after(&self, mut at: usize) -> Option<usize> {
        loop {
            let next = self.text.get(at)?;
            match next {
                '[' | '【' | '［' => {
                    let close = self.text[at..]
                        .iter()
                        .position(|symbol| matches!(symbol, ']' | '】' | '］'))?;
                    at += close + 1;
                }
                '。' | '！' | '？' | '；' | '”' | '」' | '"' => at += 1,
                next if next.is_whitespace() => {
                    // A citation may stand after a blank.
                    let rest = self.text[at..].iter();
                    let blanks = rest.take_while(|symbol| symbol.is_whitespace()).count();
                    match self.text.get(at + blanks)? {
                        '[' | '【' | '［' => at += blanks,
                        _ => return Some(at),
                    }
                }
                _ => return Some(at),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Everything, in pieces of `size` characters.
    fn split(by: By, text: &str, size: usize) -> Vec<String> {
        let mut splitter = Splitter::new(by);
        let symbols: Vec<char> = text.chars().collect();
        let mut all: Vec<String> = symbols
            .chunks(size.max(1))
            .flat_map(|piece| splitter.push(&piece.iter().collect::<String>()))
            .collect();
        all.extend(splitter.finish());
        all
    }

    #[test]
    fn a_sentence_takes_its_citations_along() {
        let check = |text: &str, expected: &[&str]| {
            for size in [1, 2, 3, 100] {
                assert_eq!(split(By::Sentence, text, size), expected, "{text} {size}");
            }
        };
        check(
            "保修三年[1]。可以退[2]。",
            &["保修三年[1]。", "可以退[2]。"],
        );
        check(
            "保修三年。[1] [2]可以退。[2]",
            &["保修三年。[1] [2]", "可以退。[2]"],
        );
        check("好的！\n保修三年[1]", &["好的！", "保修三年[1]"]);
        check("价格是3.5元[1]。", &["价格是3.5元[1]。"]);
        check(
            "It is 3.5 pounds [1]. You may go. [2]",
            &["It is 3.5 pounds [1].", "You may go. [2]"],
        );
        check("", &[]);
        check("。。", &["。。"]);
    }

    #[test]
    fn a_sentence_is_given_as_soon_as_it_is_over() {
        let mut splitter = Splitter::new(By::Sentence);
        assert_eq!(splitter.push("保修三年[1]。"), [""; 0]);
        assert_eq!(splitter.push("可"), ["保修三年[1]。"]);
        assert_eq!(splitter.finish(), Some("可".to_owned()));
    }

    #[test]
    fn lines_are_lines() {
        assert_eq!(
            split(By::Line, "怎么修？\n\n能修吗。坏了\n", 2),
            ["怎么修？", "能修吗。坏了"]
        );
    }

    proptest! {
        #[test]
        fn nothing_is_lost(text in "[一二。！\\[\\]1 \\n.a]{0,30}", size in 1_usize..8) {
            let letters = |text: &str| text.chars().filter(|symbol| !symbol.is_whitespace()).collect::<String>();
            let joined: String = split(By::Sentence, &text, size).concat();
            prop_assert_eq!(letters(&joined), letters(&text));
            prop_assert_eq!(split(By::Sentence, &text, size), split(By::Sentence, &text, 100));
        }
    }
}
