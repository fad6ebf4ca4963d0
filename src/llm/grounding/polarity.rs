//! What is said and what is denied: a sign of negation turns everything after it in its clause.
//!
//! Two signs cancel each other. A-not-A (能不能) and words that only look like a denial (无理由, 不锈钢) turn nothing.

use super::{
    super::lexicon::LEXICON,
    canonical::{ends_clause, is_hanzi},
};

/// For every symbol of a text: whether it is denied.
pub(super) fn denied(text: &[char]) -> Vec<bool> {
    let harmless = harmless(text);
    let mut denied = vec![false; text.len()];
    let mut turned = false;
    let mut at = 0;
    while at < text.len() {
        if ends_clause(text[at]) {
            turned = false;
        }
        match LEXICON.denying.at(text, at).filter(|_| !harmless[at]) {
            Some(length) => {
                // 没有 is one sign, not one and a half.
                turned = !turned;
                denied[at..at + length].fill(turned);
                at += length;
            }
            None => {
                denied[at] = turned;
                at += 1;
            }
        }
    }
    denied
}

/// The signs of negation in a text that deny something, each with what follows it at once.
pub(super) fn denials(text: &[char]) -> Vec<Vec<char>> {
    let harmless = harmless(text);
    let places = LEXICON.denying.places(text).into_iter();
    places
        .filter(|(at, _)| !harmless[*at])
        .map(|(at, length)| {
            let after = text[at + length..].iter();
            let next = after.take_while(|symbol| !ends_clause(**symbol)).take(1);
            text[at..at + length].iter().chain(next).copied().collect()
        })
        .collect()
}

fn harmless(text: &[char]) -> Vec<bool> {
    let mut harmless = vec![false; text.len()];
    for (at, length) in LEXICON.not_denying.places(text) {
        harmless[at..at + length].fill(true);
    }
    for at in 1..text.len().saturating_sub(1) {
        let (before, after) = (text[at - 1], text[at + 1]);
        if matches!(text[at], '不' | '没') && before == after && is_hanzi(before) {
            harmless[at] = true;
        }
    }
    harmless
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_turns_what_follows_in_its_clause() {
        // Denied symbols in brackets.
        let check = |text: &str, expected: &str| {
            let symbols: Vec<char> = text.chars().collect();
            let mut shown = String::new();
            let mut open = false;
            for (symbol, is_denied) in symbols.iter().zip(denied(&symbols)) {
                if is_denied != open {
                    shown.push(if is_denied { '<' } else { '>' });
                    open = is_denied;
                }
                shown.push(*symbol);
            }
            if open {
                shown.push('>');
            }
            assert_eq!(shown, expected, "{text}");
        };
        check("支持退货", "支持退货");
        check("不支持退货，可以换", "<不支持退货>，可以换");
        check("七天无理由退货", "七天无理由退货");
        check("能不能退", "能不能退");
        check("不是不可以退", "<不是>不可以退");
        check(
            "you cannot return it, you may swap it",
            "you <cannot return it>, you may swap it",
        );
        check("I know it", "I know it");
    }

    #[test]
    fn denials_are_named_with_what_follows() {
        let check = |text: &str, expected: &[&str]| {
            let symbols: Vec<char> = text.chars().collect();
            let found: Vec<String> = denials(&symbols)
                .into_iter()
                .map(String::from_iter)
                .collect();
            assert_eq!(found, expected, "{text}");
        };
        check("不能退，没有发票", &["不能", "没有"]);
        check("不锈钢的无线款", &[]);
    }
}
