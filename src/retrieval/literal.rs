//! Phrasings by what they are, character by character and sound by sound, whatever recalls the others.
//!
//! Tables of hashes, a few bytes a phrasing; what has the right hash is compared, so nothing is found by chance.

use super::{
    lexicon::skeleton,
    verdict::{ALIKE_AT_HEART, IDENTICAL, SOUNDS_ALIKE},
    views::{Syllable, sound},
};

/// The phrasings of a knowledge base, by three hashes.
#[derive(Debug, Default)]
pub(super) struct Literal {
    identical: Table,
    alike: Table,
    /// By the sound of what is left without particles.
    at_heart: Table,
}

/// Phrasings by hash, ascending.
#[derive(Debug, Default)]
struct Table(Vec<(u64, u32)>);

/// A text in its three forms.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Forms {
    without_spaces: String,
    sound: Vec<Syllable>,
    heart: Vec<Syllable>,
}

impl Forms {
    /// Of a text in normal form.
    pub(super) fn of(normal: &str) -> Self {
        Self {
            without_spaces: normal.replace(' ', ""),
            sound: sound(normal),
            heart: sound(&skeleton(normal)),
        }
    }

    /// The score of a question of these forms against a phrasing of those, if it is that phrasing.
    fn score(&self, phrasing: &Self) -> Option<f32> {
        if self.without_spaces == phrasing.without_spaces {
            Some(IDENTICAL)
        } else if self.sound == phrasing.sound {
            Some(SOUNDS_ALIKE)
        } else if self.heart == phrasing.heart {
            Some(ALIKE_AT_HEART)
        } else {
            None
        }
    }
}

impl Literal {
    /// Adds phrasing `at`. One of nothing but punctuation is found by nothing.
    pub(super) fn add(&mut self, at: u32, forms: &Forms) {
        if forms.sound.is_empty() {
            return;
        }
        self.identical
            .0
            .push((hash_text(&forms.without_spaces), at));
        self.alike.0.push((hash_sound(&forms.sound), at));
        self.at_heart.0.push((hash_sound(&forms.heart), at));
    }

    /// After the last.
    pub(super) fn finish(&mut self) {
        for table in [&mut self.identical, &mut self.alike, &mut self.at_heart] {
            table.0.sort_unstable();
            table.0.shrink_to_fit();
        }
    }

    /// The phrasings that a question of these forms is, with their scores. `forms_of` gives a phrasing's.
    pub(super) fn find(
        &self,
        question: &Forms,
        forms_of: impl Fn(u32) -> Forms,
    ) -> Vec<(u32, f32)> {
        let mut near: Vec<u32> = self
            .at_heart
            .with(hash_sound(&question.heart))
            .chain(self.alike.with(hash_sound(&question.sound)))
            .chain(self.identical.with(hash_text(&question.without_spaces)))
            .collect();
        near.sort_unstable();
        near.dedup();
        near.into_iter()
            .filter_map(|phrasing| Some((phrasing, question.score(&forms_of(phrasing))?)))
            .collect()
    }
}

impl Table {
    fn with(&self, hash: u64) -> impl Iterator<Item = u32> {
        let from = self.0.partition_point(|&(known, _)| known < hash);
        let rest = self.0[from..].iter();
        rest.take_while(move |&&(known, _)| known == hash)
            .map(|&(_, phrasing)| phrasing)
    }
}

/// FNV-1a, 64 bits.
fn hash(bytes: impl Iterator<Item = u8>) -> u64 {
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

fn hash_text(text: &str) -> u64 {
    hash(text.bytes())
}

fn hash_sound(sound: &[Syllable]) -> u64 {
    hash(sound.iter().flat_map(|syllable| syllable.bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phrasing_is_found_by_character_sound_and_heart() {
        let phrasings = ["退货运费谁出", "退款要多久才到账", "wifi 连不上"];
        let mut literal = Literal::default();
        for (at, phrasing) in (0u32..).zip(phrasings) {
            literal.add(at, &Forms::of(phrasing));
        }
        literal.add(3, &Forms::of(""));
        literal.finish();
        let forms = |at: u32| Forms::of(phrasings[at as usize]);
        let find = |question: &str| literal.find(&Forms::of(question), forms);
        assert_eq!(find("退货运费谁出"), [(0, IDENTICAL)]);
        assert_eq!(find("推货运费谁出"), [(0, SOUNDS_ALIKE)]);
        assert_eq!(find("退款多久到账"), [(1, ALIKE_AT_HEART)]);
        assert_eq!(find("wifi连不上"), [(2, IDENTICAL)]);
        assert_eq!(find("退货"), []);
        assert_eq!(find(""), []);
    }
}
