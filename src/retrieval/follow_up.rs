//! Questions that are nothing without the turn before: 那冰箱呢, 上海的呢, 周末呢, 多少钱.
//!
//! What is new in them takes the place of its like in the last question, or is put beside it; what comes of that is looked up
//! like any question. A rewriting counts only where the best entry holds what is new: nothing is answered only because it was
//! the topic a moment ago.

use jiff::civil::DateTime;

use super::{
    MAX_CHOICES, Ranking, RetrievalConfig,
    lexicon::{Kind, name_of, tagged, words},
    normal_form::normal_form,
    verdict::judge,
};
use crate::entry::{Candidate, Context, Entry, Verdict};

/// Longer questions stand for themselves, in characters.
const LONGEST: usize = 9;
/// Rewritings of one question that are looked up at most.
const MOST: usize = 4;
/// Phrasings of the last entry that are rewritten, beside what the caller asked.
const PHRASINGS: usize = 2;

/// How far behind the best an entry may be that holds what is new; the others speak of something else.
const MOST_BEHIND: f32 = 0.2;

/// What begins a follow-up, longest first.
const OPENINGS: &[&str] = &[
    "那如果是",
    "那要是",
    "那么",
    "那换成",
    "如果是",
    "要是",
    "换成",
    "那",
    "如果",
];
/// What ends one, longest first.
const CLOSINGS: &[&str] = &[
    "也是一样吗",
    "也一样吗",
    "的话呢",
    "怎么样",
    "也可以吗",
    "可以吗",
    "也行吗",
    "行不行",
    "也是吗",
    "行吗",
    "的呢",
    "的话",
    "呢",
];

/// Whose a thing is does not change the question.
const OWNERS: &[&str] = &[
    "我",
    "我的",
    "我家",
    "我们",
    "你们",
    "你们的",
    "您",
    "你",
    "咱",
    "咱们",
    "那个",
    "这个",
    "那",
    "这",
];

/// What a short question asks for, and how.
const ASKED_FOR: &[&[&str]] = &[
    &[
        "多少钱",
        "收费",
        "要钱",
        "贵不贵",
        "价格",
        "费用",
        "免费",
        "免费吗",
    ],
    &["多久", "多长时间", "几天"],
    &["什么时候", "几点", "哪天"],
    &["哪里", "哪儿", "在哪", "什么地方", "地址"],
    &["什么材料", "什么手续", "带什么", "什么条件", "什么资料"],
];

/// What is new in a follow-up.
#[derive(Debug, PartialEq, Eq)]
enum New<'a> {
    /// A thing, a place or a time; the question is the last one.
    Subject(&'a str, Kind),
    /// A question; what it is about is the last subject.
    Question(&'a str),
}

/// The best answer to `question` as a follow-up of `context`, if it is one and has one.
pub(super) fn answer(
    index: &dyn Ranking,
    question: &str,
    context: &Context,
    now: DateTime,
) -> Option<Candidate> {
    let normal = normal_form(question);
    let new = new_in(&normal)?;
    // What the caller asked comes before what the entry is called.
    bases(context).into_iter().find_map(|base| {
        let answers = rewritings(&new, &base).into_iter().filter_map(|whole| {
            let ranked = index.rank_at(&whole, MAX_CHOICES + 1, Some(now));
            answer_among(index.config(), ranked, &new, context)
        });
        answers.reduce(|best, next| if next.score > best.score { next } else { best })
    })
}

/// What is new in a question in normal form; `None` where it stands for itself.
fn new_in(normal: &str) -> Option<New<'_>> {
    if normal.chars().count() > LONGEST {
        return None;
    }
    let opened = first_of(OPENINGS, |word| normal.strip_prefix(word)).unwrap_or(normal);
    let closed = first_of(CLOSINGS, |word| opened.strip_suffix(word)).unwrap_or(opened);
    let mut subject = closed.trim().trim_end_matches('的');
    let mut found = tagged(subject);
    while let Some(rest) = first_of(OWNERS, |word| subject.strip_prefix(word)) {
        subject = rest.trim_start_matches(['的', ' ']);
        found = tagged(subject);
    }
    let meaning = || found.iter().filter(|(_, kind)| *kind != Kind::Function);
    let mut kinds = found
        .iter()
        .filter(|(word, _)| !is_little(word))
        .map(|(_, kind)| *kind);
    if !found.is_empty() && asked_for(subject).is_none() && kinds.all(is_subject) {
        // 上海 门店 is about the place, 信用卡 年费 about the fee.
        let place = found
            .iter()
            .find(|(_, kind)| matches!(kind, Kind::Place | Kind::Time));
        let last = found.iter().rev().find(|(word, _)| !is_little(word));
        if let Some(&(_, kind)) = place.or(last) {
            return Some(New::Subject(subject, kind));
        }
    }
    // A question with a subject of its own stands for itself.
    let asks = asked_for(normal).is_some();
    let is_the_asking = |word| {
        ASKED_FOR
            .iter()
            .flat_map(|ways| *ways)
            .any(|way| way.contains(word))
    };
    let about_itself = meaning().any(|&(word, _)| !is_the_asking(word));
    (asks && !about_itself).then_some(New::Question(opened))
}

const fn is_subject(kind: Kind) -> bool {
    matches!(kind, Kind::Thing | Kind::Place | Kind::Time | Kind::Deed)
}

/// 大冰箱, 新手机: what may stand before a thing.
fn is_little(word: &str) -> bool {
    ["大", "小", "新", "旧", "老", "的"].contains(&word)
}

/// What a question asks for, as its place in [`ASKED_FOR`].
fn asked_for(question: &str) -> Option<usize> {
    let asks = |ways: &&[&str]| ways.iter().any(|way| question.contains(way));
    ASKED_FOR.iter().position(asks)
}

/// What is left of a text by the first of `words` that leaves anything.
fn first_of<'a>(words: &[&str], strip: impl Fn(&str) -> Option<&'a str>) -> Option<&'a str> {
    let mut stripped = words.iter().filter_map(|word| strip(word));
    stripped.find(|rest| !rest.is_empty())
}

/// The answer among the entries that a rewriting may mean: one that holds what is new, and is hardly worse than the best.
fn answer_among(
    config: &RetrievalConfig,
    mut ranked: Vec<Candidate>,
    new: &New<'_>,
    context: &Context,
) -> Option<Candidate> {
    let least = ranked.first()?.score - MOST_BEHIND;
    ranked.retain(|found| found.score >= least && holds(&found.entry, new, context, true));
    let best = ranked.first()?.clone();
    // The last entry was the answer to the rest of the question, so it needs less.
    let goes_on = best.entry.id == context.entry.id
        && best.score >= config.clarify
        && holds(&best.entry, new, context, false);
    (goes_on || matches!(judge(config, ranked), Verdict::Answer { .. })).then_some(best)
}

/// The questions that a follow-up may go on from, in normal form.
fn bases(context: &Context) -> Vec<String> {
    let asked = normal_form(context.question.expose());
    let mut bases = Vec::new();
    // A follow-up of a follow-up goes on from what that was answered with.
    if new_in(&asked).is_none() {
        bases.push(asked);
    }
    for phrasing in context.entry.phrasings().take(PHRASINGS).map(normal_form) {
        if !bases.contains(&phrasing) {
            bases.push(phrasing);
        }
    }
    bases
}

/// Full questions that the follow-up may stand for after `base`.
fn rewritings(new: &New<'_>, base: &str) -> Vec<String> {
    let found = tagged(base);
    let mut whole: Vec<String> = Vec::new();
    match *new {
        New::Subject(subject, kind) => {
            let alike = found
                .iter()
                .filter(|(word, known)| *known == kind && name_of(word) != name_of(subject));
            whole.extend(alike.map(|(word, _)| base.replacen(word, subject, 1)));
            if whole.is_empty() || matches!(kind, Kind::Place | Kind::Time) {
                whole.push(format!("{subject}{base}"));
            }
        }
        New::Question(question) => {
            let meant = found
                .iter()
                .filter(|(word, kind)| *kind != Kind::Function && asked_for(word).is_none());
            let all: String = meant.map(|(word, _)| *word).collect();
            whole.push(format!("{all}{question}"));
            let first = found.iter().find(|(_, kind)| *kind == Kind::Thing);
            whole.extend(first.map(|(thing, _)| format!("{thing}{question}")));
        }
    }
    whole.dedup();
    whole.truncate(MOST);
    whole
}

/// Whether an entry holds what is new: its words, or, where only the question is new, that question and the subject.
/// Its answer counts only where that is wanted.
fn holds(entry: &Entry, new: &New<'_>, context: &Context, with_answer: bool) -> bool {
    let answer = with_answer.then_some(entry.answer.as_str());
    let texts = entry.phrasings().chain([entry.category.as_str()]);
    let normals: Vec<String> = texts.chain(answer).map(normal_form).collect();
    let has = |word: &str| {
        normals
            .iter()
            .any(|text| text.contains(word) || words(text).any(|known| known == name_of(word)))
    };
    match *new {
        New::Subject(subject, _) => tagged(subject)
            .into_iter()
            .filter(|(word, kind)| *kind != Kind::Function && !is_little(word))
            .all(|(word, _)| has(word)),
        New::Question(question) => {
            let wanted = asked_for(question);
            let asks = entry.phrasings().any(|known| asked_for(known) == wanted);
            let about = normal_form(&context.entry.question);
            let same_subject = tagged(&about)
                .into_iter()
                .any(|(word, kind)| matches!(kind, Kind::Thing | Kind::Deed) && has(word));
            asks && same_subject
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_new_is_told_from_what_stands_for_itself() {
        #[track_caller]
        fn check(text: &str, expected: Option<New<'_>>) {
            assert_eq!(new_in(&normal_form(text)), expected, "{text}");
        }
        let subject = |text, kind| Some(New::Subject(text, kind));
        check("那冰箱呢？", subject("冰箱", Kind::Thing));
        check("那我的冰箱呢", subject("冰箱", Kind::Thing));
        check("上海的呢", subject("上海", Kind::Place));
        check("周末呢", subject("周末", Kind::Time));
        check("如果是电视的话", subject("电视", Kind::Thing));
        check("洗衣机", subject("洗衣机", Kind::Thing));
        check("多少钱", Some(New::Question("多少钱")));
        check("那安装呢", subject("安装", Kind::Deed));
        check("那要多久", Some(New::Question("要多久")));
        for whole in [
            "空调坏了怎么报修",
            "退款多久到账呢",
            "怎么开发票",
            "好的",
            "我呢",
            "",
            "那天我在你们店里买的那台冰箱呢",
        ] {
            check(whole, None);
        }
    }
}
