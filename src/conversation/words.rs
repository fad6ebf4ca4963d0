//! What is understood without a knowledge base, by words.
//!
//! Recognition confuses characters that sound alike, so words are compared by sound as well (再见 / 在建): whole utterances of
//! two syllables or more, parts of utterances of three or more. Shorter sounds mean too many things. What a question means is
//! not decided here (see `retrieval`).

mod lists;
mod phrase;

use serde::{Deserialize, Serialize};
use toml::Spanned;

pub(super) use self::lists::{Fillers, Understood, WordLists, Words};
use self::phrase::{Matcher, Phrase, after, before, contains_phrase, is_numeric, plain, plain_all};
use crate::text::pinyin::toneless;

/// Something a caller says that is no question to the knowledge base.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Intent {
    /// Wants a human.
    Human,
    /// Asks whether we are a machine.
    Robot,
    /// Wants to hear the answer again.
    Repeat,
    /// Wants slower speech.
    Slower,
    /// Wants louder speech.
    Louder,
    /// Wants us to wait.
    Wait,
    /// Is done.
    Goodbye,
    /// Thanks.
    Thanks,
    /// Greets.
    Hello,
    /// Has understood what was said.
    Acknowledge,
    /// Yes.
    Yes,
    /// No.
    No,
    /// That was not what was asked.
    Dissent,
}

impl Intent {
    /// Name for the record.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Human => "human",
            Self::Robot => "robot",
            Self::Repeat => "repeat",
            Self::Slower => "slower",
            Self::Louder => "louder",
            Self::Wait => "wait",
            Self::Goodbye => "goodbye",
            Self::Thanks => "thanks",
            Self::Hello => "hello",
            Self::Acknowledge => "acknowledge",
            Self::Yes => "yes",
            Self::No => "no",
            Self::Dissent => "dissent",
        }
    }
}
/// What a language understands without a knowledge base.
#[derive(Clone, Debug)]
pub struct Vocabulary {
    by_sound: bool,
    intents: Vec<(Intent, Matcher)>,
    dissent: Matcher,
    cancel: Matcher,
    unable: Matcher,
    retract: Matcher,
    backchannel: Matcher,
    unfinished: Matcher,
    ordinals: [Matcher; 4],
    must_escalate: Matcher,
    fillers_start: Vec<String>,
    fillers_end: Vec<String>,
}

impl Vocabulary {
    pub(super) fn new(language: &str, lists: WordLists) -> Self {
        let words = lists.understood;
        // In this order: 没有了谢谢 is a goodbye before it is thanks, 好的再见 before it is a yes.
        let intents = [
            (Intent::Robot, words.robot),
            (Intent::Human, words.human),
            (Intent::Repeat, words.repeat),
            (Intent::Slower, words.slower),
            (Intent::Louder, words.louder),
            (Intent::Wait, words.wait),
            (Intent::Goodbye, words.goodbye),
            (Intent::Thanks, words.thanks),
            (Intent::Hello, words.hello),
            (Intent::Acknowledge, words.acknowledge),
            (Intent::Yes, words.yes),
            (Intent::No, words.no),
        ];
        let long_first = |list: Vec<Spanned<String>>| {
            let mut list = plain_all(&list);
            list.sort_by_key(|word| std::cmp::Reverse(word.chars().count()));
            list
        };
        Self {
            by_sound: language.starts_with("zh"),
            intents: intents
                .map(|(intent, words)| (intent, Matcher::new(words)))
                .into(),
            dissent: Matcher::new(words.dissent),
            cancel: Matcher::new(words.cancel),
            unable: Matcher::new(words.unable),
            retract: Matcher::new(words.retract),
            backchannel: Matcher::new(words.backchannel),
            unfinished: Matcher::new(words.unfinished),
            ordinals: [words.first, words.second, words.third, words.last].map(Matcher::new),
            must_escalate: Matcher::new(lists.must_escalate),
            fillers_start: long_first(lists.fillers.start),
            fillers_end: long_first(lists.fillers.end),
        }
    }

    /// What `text` means as a whole, if it is no question.
    pub fn intent(&self, text: &str) -> Option<Intent> {
        let text = plain(text);
        let found = self
            .intents
            .iter()
            .find(|(_, matcher)| self.matches(matcher, &text));
        match found {
            Some((intent, _)) => Some(*intent),
            None if let Some(intent) = self.compound(&text) => Some(intent),
            // 不是，我问的是冰箱 is a question about 冰箱.
            None if self.is_dissent(&text) => Some(Intent::Dissent),
            None => None,
        }
    }

    /// Whether `text` says that an answer was wrong, and nothing else.
    pub fn is_dissent(&self, text: &str) -> bool {
        let text = plain(text);
        self.matches(&self.dissent, &text) && self.after_dissent(&text).is_none()
    }

    /// The phrase in `text` that must reach a human, if there is one.
    pub fn must_escalate(&self, text: &str) -> Option<&str> {
        let text = plain(text);
        let sounds = self.sounds(&text);
        if self.must_escalate.is_trapped(&text, &sounds) {
            return None;
        }
        let phrases = self.must_escalate.part.iter();
        phrases
            .filter(|phrase| {
                contains_phrase(&text, &phrase.text)
                    || (!is_numeric(&phrase.text) && phrase.sounds_in(&sounds))
            })
            .map(|phrase| phrase.text.as_str())
            .next()
    }

    /// The answer to a yes or no question: all of `text`, its first clause, or what it begins with.
    pub fn decision(&self, text: &str) -> Option<bool> {
        let [yes, no] = [Intent::Yes, Intent::No].map(|intent| self.matcher(intent));
        let of = |text: &str| match (self.matches(no, text), self.matches(yes, text)) {
            (true, _) => Some(false),
            (false, true) => Some(true),
            (false, false) => None,
        };
        let clause = text.split(['，', '。', ',', '.', '、']).next();
        let text = plain(text);
        let begins = |matcher: &Matcher| {
            let words = matcher.whole.iter().filter(|word| {
                // 不 and 对 begin too many other words.
                word.chars().count() > 1
                    && text.starts_with(word.as_str())
                    && self.is_word_edge(word, text[word.len()..].chars().next())
            });
            words.map(String::len).max().unwrap_or(0)
        };
        of(&text)
            .or_else(|| of(&plain(clause?)))
            .or_else(|| match (begins(yes), begins(no)) {
                (0, 0) => None,
                (yes, no) => Some(yes > no),
            })
    }

    /// Whether `text` gives up what is being done (算了, 不查了). Asked only where something is.
    pub fn is_cancelled(&self, text: &str) -> bool {
        self.matches(&self.cancel, &plain(text))
    }

    /// Whether `text` says that what is asked for cannot be told (不知道, 找不到了).
    pub fn is_unable(&self, text: &str) -> bool {
        self.matches(&self.unable, &plain(text))
    }

    /// What follows the last words that take back what was said before them (四五六，不对，四五七); empty if nothing does.
    pub fn after_retraction<'a>(&self, text: &'a str) -> Option<&'a str> {
        let ends = |phrase: &Phrase| {
            text.rfind(phrase.text.as_str())
                .map(|place| place + phrase.text.len())
        };
        let end = self.retract.part.iter().filter_map(ends).max()?;
        let mark = |symbol: char| !symbol.is_alphanumeric();
        Some(text[end..].trim_matches(mark))
    }

    /// Whether `text` only announces a question (我想问一下).
    pub fn is_announcement(&self, text: &str) -> bool {
        self.unfinished.whole.contains(&plain(text))
    }

    /// Whether `text` only steers the call (再说一遍, 第二个, 嗯). To ask for a human, or to thank, is more than that.
    pub fn steers(&self, text: &str) -> bool {
        if self.is_backchannel(text) || self.is_announcement(text) {
            return true;
        }
        let text = plain(text);
        let steering = self
            .intents
            .iter()
            .filter(|(intent, _)| !matches!(intent, Intent::Human | Intent::Thanks))
            .map(|(_, matcher)| matcher);
        steering
            .chain(&self.ordinals)
            .any(|matcher| self.is_whole(matcher, &text))
    }

    /// Whether `text` only shows that somebody listens (嗯，好的): nothing but such words.
    pub fn is_backchannel(&self, text: &str) -> bool {
        let text = plain(text);
        let mut rest = text.as_str();
        while !rest.is_empty() {
            // After the longest of them.
            let words = self.backchannel.whole.iter();
            match words
                .filter_map(|word| after(rest, word))
                .min_by_key(|rest| rest.len())
            {
                Some(after) => rest = after.trim_start(),
                None => return false,
            }
        }
        !text.is_empty()
    }

    /// Whether more words will come: `text` ends in 那个, 就是 and the like, or only announces a question.
    pub fn is_unfinished(&self, text: &str) -> bool {
        let text = plain(text);
        if self.unfinished.whole.contains(&text) {
            return true;
        }
        let ends = |tail: &str| match self.by_sound {
            true => text.ends_with(tail),
            // In English a tail is a word of its own.
            false => text.split(' ').next_back() == Some(tail),
        };
        self.unfinished.part.iter().any(|tail| ends(&tail.text))
    }

    /// Which of `count` choices `text` names by its place.
    pub fn ordinal(&self, text: &str, count: usize) -> Option<usize> {
        let text = plain(text);
        let place = self
            .ordinals
            .iter()
            .position(|matcher| self.matches(matcher, &text))?;
        match place {
            3 => count.checked_sub(1),
            place => (place < count).then_some(place),
        }
    }

    /// `text` without what goes before and after a question; after 不是，我问的是 only what follows.
    pub fn without_fillers(&self, text: &str) -> String {
        let text = plain(text);
        let question = self.after_dissent(&text).unwrap_or(&text);
        let stripped = self.strip(question);
        match stripped.is_empty() {
            true => text,
            false => stripped.to_owned(),
        }
    }

    fn matcher(&self, intent: Intent) -> &Matcher {
        let found = self.intents.iter().find(|(of, _)| *of == intent);
        // The list of intents is written out in `new`.
        found.map_or(&self.dissent, |(_, matcher)| matcher)
    }

    /// What several short words mean together (好的知道了，谢谢，再见): the most telling of them.
    fn compound(&self, text: &str) -> Option<Intent> {
        const TELLING: [Intent; 6] = [
            Intent::Goodbye,
            Intent::No,
            Intent::Thanks,
            Intent::Acknowledge,
            Intent::Yes,
            Intent::Hello,
        ];
        let mut best: Option<usize> = None;
        let mut rest = text;
        while !rest.is_empty() {
            let word = |place: usize| {
                let words = self.matcher(TELLING[place]).whole.iter();
                words
                    .filter(|word| {
                        after(rest, word)
                            .is_some_and(|after| self.is_word_edge(word, after.chars().next()))
                    })
                    .map(|word| (word.len(), Some(place)))
                    .max()
            };
            let murmur = self.backchannel.whole.iter();
            let murmur = murmur
                .filter(|word| after(rest, word).is_some())
                .map(|word| (word.len(), None));
            let (length, place) = (0..TELLING.len())
                .filter_map(word)
                .chain(murmur)
                .max_by_key(|(length, place)| (*length, place.is_some()))?;
            best = match (best, place) {
                (Some(best), Some(place)) => Some(best.min(place)),
                (best, place) => best.or(place),
            };
            rest = rest[length..].trim_start();
        }
        best.map(|place| TELLING[place])
    }

    /// What follows the last phrase of dissent, if that is more than a particle.
    fn after_dissent<'a>(&self, text: &'a str) -> Option<&'a str> {
        let ends = |phrase: &Phrase| {
            text.rfind(phrase.text.as_str())
                .map(|place| place + phrase.text.len())
        };
        let end = self.dissent.part.iter().filter_map(ends).max()?;
        let rest = text[end..].trim_start();
        (rest.chars().count() > 1).then_some(rest)
    }

    fn matches(&self, matcher: &Matcher, text: &str) -> bool {
        let sounds = self.sounds(text);
        if text.is_empty() || matcher.is_trapped(text, &sounds) {
            return false;
        }
        self.is_whole(matcher, text)
            || matcher.part.iter().any(|part| part.is_in(text, &sounds))
            || self.is_repetition(matcher, text)
    }

    /// Whether `text` is one of the matcher's whole utterances, with fillers or without.
    fn is_whole(&self, matcher: &Matcher, text: &str) -> bool {
        let core = self.strip(text);
        let whole = |text: &str| {
            matcher.whole.contains(text)
                || (self.by_sound && matcher.whole_sounds.contains(&toneless(text)))
        };
        whole(text) || (!core.is_empty() && whole(core))
    }

    /// 再见再见, 不用了不用了: one word again and again.
    fn is_repetition(&self, matcher: &Matcher, text: &str) -> bool {
        matcher.whole.iter().any(|word| {
            let times = text.len() / word.len().max(1);
            times > 1 && text.replace(' ', "") == word.repeat(times)
        })
    }

    /// The syllables of `text` where words are compared by them, otherwise none.
    fn sounds(&self, text: &str) -> Vec<String> {
        match self.by_sound {
            true => toneless(text),
            false => Vec::new(),
        }
    }

    fn strip<'a>(&self, text: &'a str) -> &'a str {
        let mut text = text.trim();
        while let Some(rest) = self.fillers_start.iter().find_map(|filler| {
            after(text, filler).filter(|rest| self.is_word_edge(filler, rest.chars().next()))
        }) {
            text = rest.trim_start();
        }
        while let Some(rest) = self.fillers_end.iter().find_map(|filler| {
            before(text, filler).filter(|rest| self.is_word_edge(filler, rest.chars().next_back()))
        }) {
            text = rest.trim_end();
        }
        text
    }

    fn is_word_edge(&self, filler: &str, neighbour: Option<char>) -> bool {
        self.by_sound || !filler.is_ascii() || neighbour.is_none_or(|symbol| symbol == ' ')
    }
}
