//! Whether a written sentence says nothing but what a passage says.
//!
//! A sentence names the passages that it rests on (`[1]`), and one of them must support all of it: every number with what it
//! counts, every day, name and quotation; every word that claims something; what is denied and what is not; the conditions
//! under which it holds; and no promise beyond it. One passage, because two half-truths are easily joined to a lie (the
//! product of one, the price of the other).
//!
//! This is strict on purpose: a sentence that is refused costs the plain way on, one that is let through wrongly costs the
//! caller's trust. It compares words and does not understand them: it never decides what the caller meant, and a sentence that
//! the business wrote wrongly stays wrong.

mod canonical;
mod citations;
mod facts;
mod ground;
mod part;
mod polarity;
mod questions;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use self::{
    canonical::{canonical, ends_clause},
    citations::without_citations,
    ground::Ground,
    part::{Item, Part, contains, limits, opens, place_of, words},
};
use super::lexicon::LEXICON;
pub(super) use questions::{adds_no_fact, is_drawn_from};

/// The longest sentence that is said, in characters: some 25 s of speech.
const LONGEST: usize = 120;

/// The least share of a sentence, by its characters that claim something, that must stand in the answer of a passage; the rest
/// may be in the question that it answers.
const LEAST_FROM_ANSWER: f32 = 0.5;

/// What says yes, in a clause that says nothing else.
const ASSENT: &str = "可以能会是有要";

/// Denials that say the same: it cannot be done.
const IMPOSSIBLE: &[&str] = &[
    "不能", "不可", "无法", "没法", "不支", "不予", "不接", "不给",
];

/// Why a sentence is not said.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Unsupported {
    /// It names no passage.
    #[error("it names no passage")]
    NoCitation,
    /// It names a passage that was not given.
    #[error("it names passage {0}, which was not given")]
    UnknownPassage(usize),
    /// It says nothing.
    #[error("it says nothing")]
    Empty,
    /// It asks something.
    #[error("it asks instead of answering")]
    Asks,
    /// It is too long to be heard out.
    #[error("it is longer than {LONGEST} characters")]
    TooLong,
    /// It holds what cannot be spoken: an address, markup, a placeholder.
    #[error("it holds `{0}`, which cannot be spoken")]
    Unspeakable(char),
    /// A number, date, price or the like that the passage does not have.
    #[error("the passage does not have the fact `{0}`")]
    Fact(String),
    /// A name or a quotation that the passage does not have.
    #[error("the passage does not have the name `{0}`")]
    Name(String),
    /// A word that claims something and is not in the passage.
    #[error("the passage does not have the word `{0}`")]
    Word(String),
    /// A promise that the passage does not make.
    #[error("the passage does not promise `{0}`")]
    Promise(String),
    /// It denies what the passage does not, or says what the passage denies.
    #[error("the passage says the opposite of `{0}`")]
    Negation(String),
    /// It leaves a condition of the passage out.
    #[error("it leaves out a condition of `{0}`")]
    Condition(String),
    /// It tears something out of what the passage says, or joins what it does not join.
    #[error("`{0}` is torn out of what the passage says")]
    Torn(String),
    /// Too little of it stands in the passage's answer.
    #[error("it repeats a question instead of its answer")]
    NoAnswer,
}

/// A sentence that may be said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Supported {
    /// Without the names of passages.
    pub text: String,
    /// The passage that supports it, counted from 0.
    pub passage: usize,
}

/// Passages that sentences can rest on.
#[derive(Debug)]
pub struct Passages(Vec<Passage>);

/// A passage, made ready, in the form of comparison.
#[derive(Debug)]
struct Passage {
    question: Vec<char>,
    answer: Vec<char>,
    /// What a clause of a sentence can rest on: each clause of the answer, and clauses of one sentence that follow each other.
    grounds: Vec<Ground>,
}

impl Passages {
    /// Passages in the order in which they are numbered: the question that each answers, and the answer.
    pub fn new<'a>(passages: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let passages = passages.into_iter();
        Self(
            passages
                .map(|(question, answer)| Passage::new(question, answer))
                .collect(),
        )
    }

    /// Whether `sentence` may be said, and without its citations.
    pub fn check(&self, sentence: &str) -> Result<Supported, Unsupported> {
        let (text, cited) = without_citations(sentence);
        let claim = Claim::new(&text)?;
        let Some(first) = cited.first() else {
            return Err(Unsupported::NoCitation);
        };
        if let Some(unknown) = cited
            .iter()
            .find(|number| !(1..=self.0.len()).contains(*number))
        {
            return Err(Unsupported::UnknownPassage(*unknown));
        }
        let mut refused = None;
        for number in &cited {
            // Checked above.
            match self.0[number - 1].supports(&claim) {
                Ok(()) => {
                    let passage = number - 1;
                    return Ok(Supported { text, passage });
                }
                Err(reason) => refused = refused.or(Some(reason)),
            }
        }
        Err(refused.unwrap_or(Unsupported::UnknownPassage(*first)))
    }

    /// Whether a caller who asked `asked` and hears `text` knows what passage `passage` is about. 保修三年 is no answer to a
    /// question about another product.
    pub fn is_named(&self, passage: usize, asked: &str, text: &str) -> bool {
        let Some(passage) = self.0.get(passage) else {
            return false;
        };
        let known = [canonical(asked), canonical(text)];
        words(&passage.question)
            .into_iter()
            .filter(|word| word.names && word.text.len() > 1)
            .all(|word| known.iter().any(|text| contains(text, &word.text)))
    }
}

impl Passage {
    fn new(question: &str, answer: &str) -> Self {
        let (question, answer) = (canonical(question), canonical(answer));
        Self {
            grounds: Ground::all(&answer),
            question,
            answer,
        }
    }

    /// Whether the clauses of `claim` follow clauses of the answer, in its order.
    fn supports(&self, claim: &Claim) -> Result<(), Unsupported> {
        for (at, length) in LEXICON.promises.places(&claim.text) {
            let promise = &claim.text[at..at + length];
            if !contains(&self.answer, promise) {
                return Err(Unsupported::Promise(promise.iter().collect()));
            }
        }
        // 可以 is as much of an answer as what follows it.
        let mut clauses = self.answer.split(|symbol| ends_clause(*symbol));
        for assent in &claim.assents {
            if !clauses.any(|clause| clause == assent.as_slice()) {
                return Err(Unsupported::Word(assent.iter().collect()));
            }
        }
        let mut reasons = Vec::new();
        let fits: Vec<Vec<bool>> = claim
            .clauses
            .iter()
            .map(|clause| {
                let fit = |ground: &Ground| match self.rests_on(claim, clause, ground) {
                    Ok(()) => true,
                    Err(reason) => {
                        reasons.push((ground.shared(clause), reason));
                        false
                    }
                };
                self.grounds.iter().map(fit).collect()
            })
            .collect();
        if self.follows(claim, &fits) {
            return self.answers(claim);
        }
        // The reason is that of the ground that comes nearest.
        let nearest = reasons.into_iter().rev().max_by_key(|(shared, _)| *shared);
        let whole = || claim.text.iter().collect();
        Err(match nearest {
            Some((_, reason)) if fits.iter().any(|fit| !fit.contains(&true)) => reason,
            _ => Unsupported::Torn(whole()),
        })
    }

    /// Whether a clause says what `ground` says.
    fn rests_on(&self, claim: &Claim, clause: &Part, ground: &Ground) -> Result<(), Unsupported> {
        let text = |symbols: &[char]| symbols.iter().collect::<String>();
        let part = &ground.part;
        if let Some(fact) = clause
            .facts()
            .find(|fact| !part.facts().any(|known| known == *fact))
        {
            return Err(Unsupported::Fact(fact.to_owned()));
        }
        let has = |word: &[char]| contains(&part.text, word) || self.lends(word);
        if let Some(quoted) = clause.quoted.iter().find(|quoted| !has(quoted)) {
            return Err(Unsupported::Name(text(quoted)));
        }
        // What is denied is denied here, too, and what is said is said.
        let impossible = |denial: &[char]| IMPOSSIBLE.contains(&text(denial).as_str());
        for denial in &clause.denials {
            let known = part.denials.contains(denial)
                || (impossible(denial) && part.denials.iter().any(|known| impossible(known)));
            if !known {
                return Err(Unsupported::Negation(text(denial)));
            }
        }
        for (term, denied) in &clause.terms {
            let mut known = part
                .terms
                .iter()
                .filter(|(known, _)| known == term)
                .peekable();
            if known.peek().is_some() && !known.any(|(_, known)| known == denied) {
                return Err(Unsupported::Negation(term.clone()));
            }
        }
        // Numbers and what they count have been compared already, in one form.
        for word in clause.words.iter().filter(|word| !word.counts) {
            if !has(&word.text) {
                let text = text(&word.text);
                return Err(match word.names {
                    true => Unsupported::Name(text),
                    false => Unsupported::Word(text),
                });
            }
        }
        // Conditions are kept, and none is added that would change when it holds (7天内, 7天后). 如果 is free: it claims less.
        let kept = part.limits.is_subset(&claim.limits) && ground.openers.is_subset(&claim.limits);
        let known = |class: &usize| {
            part.limits.contains(class) || ground.openers.contains(class) || opens(*class)
        };
        match kept && clause.limits.iter().all(known) {
            true => Ok(()),
            false => Err(Unsupported::Condition(text(&clause.text))),
        }
    }

    /// Whether the question's `word` may stand for the subject of any clause: the answer uses it nowhere, so it does not tell
    /// one of its subjects from another.
    fn lends(&self, word: &[char]) -> bool {
        contains(&self.question, word) && !contains(&self.answer, word)
    }

    /// Whether the clauses of `claim` can rest on grounds in the order of the answer, none of them torn. Else the subject of one
    /// would get what is said of the other, or 定制商品不能退 would become 商品不能退.
    fn follows(&self, claim: &Claim, fits: &[Vec<bool>]) -> bool {
        let clauses = claim.clauses.len();
        // `ends[k]`: the grounds on which the first k clauses can end.
        let mut ends: Vec<Vec<usize>> = vec![Vec::new(); clauses + 1];
        for first in 0..clauses {
            for (place, ground) in self.grounds.iter().enumerate() {
                let comes_next = first == 0
                    || ends[first]
                        .iter()
                        .any(|before| self.grounds[*before].last < ground.first);
                if !comes_next {
                    continue;
                }
                for next in first + 1..=clauses {
                    if !fits[next - 1][place] {
                        break;
                    }
                    let run = &claim.clauses[first..next];
                    if ground.is_said_by(run)
                        && self.is_in_order(run, ground)
                        && !ends[next].contains(&place)
                    {
                        ends[next].push(place);
                    }
                }
            }
        }
        !ends[clauses].is_empty()
    }

    /// Whether words and facts follow each other as they do on `ground`, and no fact between them is passed over: 一年 is not
    /// what A costs in 整机一年压缩机六年, and B比A贵 is not A比B贵.
    fn is_in_order(&self, run: &[Part], ground: &Ground) -> bool {
        let part = &ground.part;
        let next_fact = |from: usize| part.facts.iter().find(|(at, _)| *at >= from);
        let mut from = None;
        for clause in run {
            for item in clause.items() {
                let at = from.unwrap_or(0);
                match item {
                    Item::Fact(fact) => {
                        let found = match from {
                            Some(at) => next_fact(at).filter(|(_, known)| known == fact),
                            None => part.facts.iter().find(|(_, known)| known == fact),
                        };
                        let Some((place, _)) = found else {
                            return false;
                        };
                        from = Some(place + 1);
                    }
                    Item::Word(word) if self.lends(word) => {}
                    Item::Word(word) => {
                        let Some(offset) = place_of(&part.text[at..], word) else {
                            return false;
                        };
                        let place = at + offset;
                        if from.is_some() && next_fact(at).is_some_and(|(fact, _)| *fact < place) {
                            return false;
                        }
                        from = Some(place + word.len());
                    }
                }
            }
        }
        true
    }

    /// Whether enough of `claim` stands in the answer, and not in the question alone.
    fn answers(&self, claim: &Claim) -> Result<(), Unsupported> {
        let (mut all, mut answered) = (0, 0);
        for word in claim.clauses.iter().flat_map(|clause| &clause.words) {
            all += word.text.len();
            if word.counts || contains(&self.answer, &word.text) {
                answered += word.text.len();
            }
        }
        // Sentences are far shorter than 2^24 characters.
        match (answered as f32) < all as f32 * LEAST_FROM_ANSWER {
            true => Err(Unsupported::NoAnswer),
            false => Ok(()),
        }
    }
}

/// A sentence that is to be checked, in the form of comparison.
struct Claim {
    text: Vec<char>,
    clauses: Vec<Part>,
    /// Clauses that say yes and nothing else: 可以, 是的.
    assents: Vec<Vec<char>>,
    limits: BTreeSet<usize>,
}

impl Claim {
    fn new(sentence: &str) -> Result<Self, Unsupported> {
        if sentence.chars().count() > LONGEST {
            return Err(Unsupported::TooLong);
        }
        if let Some(symbol) = sentence.chars().find(|symbol| is_unspeakable(*symbol)) {
            return Err(Unsupported::Unspeakable(symbol));
        }
        if sentence.contains(['？', '?']) {
            return Err(Unsupported::Asks);
        }
        let text = canonical(sentence);
        let parts = text.split(|symbol| ends_clause(*symbol)).map(Part::new);
        let says = |part: &Part| !(part.words.is_empty() && part.denials.is_empty());
        let (clauses, bare): (Vec<Part>, Vec<Part>) = parts.partition(says);
        let assents = bare.into_iter().map(|part| part.text);
        let assents = assents
            .filter(|text| text.iter().any(|symbol| ASSENT.contains(*symbol)))
            .collect();
        match clauses.iter().all(|part| part.words.is_empty()) {
            true => Err(Unsupported::Empty),
            false => Ok(Self {
                limits: limits(&text),
                clauses,
                assents,
                text,
            }),
        }
    }
}

/// Loads the dictionary, which takes some 100 ms, before a caller waits for it.
pub(super) fn warm_up() {
    words(&['好']);
}

/// Addresses, markup, placeholders, symbols that are not seen: whatever is no letter, digit or mark of plain sentences.
fn is_unspeakable(symbol: char) -> bool {
    const MARKS: &str = " ，。！？；：、（）“”‘’《》「」『』…—–-~～·%％‰¥￥$£€+.,!?;:()'\"℃&";
    !symbol.is_alphanumeric() && !MARKS.contains(symbol)
}
