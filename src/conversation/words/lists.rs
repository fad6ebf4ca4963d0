//! The word tables of a prompt file, as they are written.
//!
//! What they mean is told by `super::Vocabulary`.

use std::ops::Range;

use serde::Deserialize;
use toml::Spanned;

use super::phrase::plain;

/// Words as a prompt file lists them.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::conversation) struct Words {
    #[serde(default)]
    pub(super) whole: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) part: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) unless: Vec<Spanned<String>>,
}

impl Words {
    fn lists(&self) -> [(&'static str, &[Spanned<String>]); 3] {
        [
            ("whole", &self.whole),
            ("part", &self.part),
            ("unless", &self.unless),
        ]
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::conversation) struct Understood {
    pub(super) human: Words,
    pub(super) robot: Words,
    pub(super) repeat: Words,
    pub(super) slower: Words,
    pub(super) louder: Words,
    pub(super) wait: Words,
    pub(super) goodbye: Words,
    pub(super) thanks: Words,
    pub(super) hello: Words,
    pub(super) acknowledge: Words,
    pub(super) yes: Words,
    pub(super) no: Words,
    pub(super) dissent: Words,
    pub(super) cancel: Words,
    pub(super) unable: Words,
    pub(super) retract: Words,
    pub(super) backchannel: Words,
    pub(super) unfinished: Words,
    pub(super) first: Words,
    pub(super) second: Words,
    pub(super) third: Words,
    pub(super) last: Words,
}

impl Understood {
    fn named(&self) -> [(&'static str, &Words); 22] {
        [
            ("human", &self.human),
            ("robot", &self.robot),
            ("repeat", &self.repeat),
            ("slower", &self.slower),
            ("louder", &self.louder),
            ("wait", &self.wait),
            ("goodbye", &self.goodbye),
            ("thanks", &self.thanks),
            ("hello", &self.hello),
            ("acknowledge", &self.acknowledge),
            ("yes", &self.yes),
            ("no", &self.no),
            ("dissent", &self.dissent),
            ("cancel", &self.cancel),
            ("unable", &self.unable),
            ("retract", &self.retract),
            ("backchannel", &self.backchannel),
            ("unfinished", &self.unfinished),
            ("first", &self.first),
            ("second", &self.second),
            ("third", &self.third),
            ("last", &self.last),
        ]
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::conversation) struct Fillers {
    pub(super) start: Vec<Spanned<String>>,
    pub(super) end: Vec<Spanned<String>>,
}

/// The word tables of a prompt file.
#[derive(Clone, Debug)]
pub(in crate::conversation) struct WordLists {
    pub(in crate::conversation) understood: Understood,
    pub(in crate::conversation) must_escalate: Words,
    pub(in crate::conversation) fillers: Fillers,
}

impl WordLists {
    /// Where the first word stands of which nothing is left to compare (empty, or marks alone), and the key of its list.
    pub(in crate::conversation) fn empty_word(&self) -> Option<(Range<usize>, String)> {
        let understood = self.understood.named();
        let understood = understood
            .iter()
            .map(|(name, words)| (format!("understood.{name}"), *words));
        let tables = understood.chain([("must_escalate".to_owned(), &self.must_escalate)]);
        let lists = tables.flat_map(|(table, words)| {
            words
                .lists()
                .map(|(list, words)| (format!("{table}.{list}"), words))
        });
        let fillers = [
            ("fillers.start".to_owned(), self.fillers.start.as_slice()),
            ("fillers.end".to_owned(), self.fillers.end.as_slice()),
        ];
        lists.chain(fillers).find_map(|(key, words)| {
            let word = words.iter().find(|word| plain(word.get_ref()).is_empty())?;
            Some((word.span(), key))
        })
    }
}
