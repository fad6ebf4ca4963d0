//! Which questions mean the same: groups of them, for a business that looks at what its callers asked in vain.
//!
//! Questions are brought into one form, and what is no question is left out. Two are as alike as words say, and vectors where
//! there are some; groups grow by average linkage (UPGMA) until no two are alike enough. The same questions give the same
//! groups, whatever their order. This module does not know entries and does not keep anything.

mod linkage;
mod pairs;

use std::collections::{BTreeMap, BTreeSet};

use self::pairs::Pairs;
use super::{
    lexical::cut,
    lexicon::{BACKCHANNELS, FUNCTION_WORDS, words},
    normal_form::normal_form,
    views::sound,
};
use crate::embedding::{EmbedError, TextEncoder};

/// When questions mean the same.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Alike {
    /// The mean score between the questions of two groups from which they are one, 0 to 1, where there are vectors.
    pub with_vectors: f32,
    /// The same by words alone.
    pub by_words: f32,
    /// The most different questions that are compared with each other at once. Of more that are all linked, only those are
    /// joined that are more alike. Takes eight bytes a pair: 16 MB.
    pub most_at_once: usize,
}

impl Default for Alike {
    fn default() -> Self {
        Self {
            with_vectors: 0.4,
            by_words: 0.2,
            most_at_once: 2_000,
        }
    }
}

/// Questions that mean the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The most central one, as a place in what was given. Of those that read the same it is the shortest.
    pub representative: usize,
    /// All of them, the most central first, as places in what was given.
    pub members: Vec<usize>,
}

/// Questions in groups.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Clusters {
    /// The largest first.
    pub groups: Vec<Group>,
    /// What was no question.
    pub ignored: Vec<usize>,
}

/// Questions that read the same without fillers, marks and spaces.
struct Distinct {
    form: String,
    /// Places in what was given, the shortest question first.
    places: Vec<usize>,
}

/// Groups `questions` by what they mean.
pub fn cluster(
    questions: &[&str],
    encoder: Option<&dyn TextEncoder>,
    alike: &Alike,
) -> Result<Clusters, EmbedError> {
    let mut clusters = Clusters::default();
    // By form, so that the order of what is given decides nothing.
    let mut forms: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (place, question) in questions.iter().enumerate() {
        let form = normal_form(cut(question));
        match is_noise(&form) {
            true => clusters.ignored.push(place),
            false => forms.entry(form).or_default().push(place),
        }
    }
    let plainest_first = |(form, mut places): (String, Vec<usize>)| {
        places.sort_by_key(|&place| (questions[place].len(), questions[place]));
        Distinct { form, places }
    };
    let distinct: Vec<Distinct> = forms.into_iter().map(plainest_first).collect();
    let forms: Vec<&str> = distinct.iter().map(|one| one.form.as_str()).collect();
    let vectors = match encoder {
        // As it was asked: an encoder was trained on sentences, not on normal forms.
        Some(encoder) => {
            let texts: Vec<&str> = distinct
                .iter()
                .map(|one| questions[one.places[0]])
                .collect();
            Some(encoder.embed_many(&texts)?)
        }
        None => None,
    };
    let least = match vectors {
        Some(_) => alike.with_vectors,
        None => alike.by_words,
    };
    let pairs = Pairs::new(&forms, vectors);
    let weights: Vec<f32> = distinct.iter().map(|one| one.places.len() as f32).collect();
    for members in linkage::groups(&pairs, &weights, least, alike.most_at_once) {
        let places = |&one: &usize| distinct[one].places.iter().copied();
        let members: Vec<usize> = members.iter().flat_map(places).collect();
        clusters.groups.push(Group {
            representative: members[0],
            members,
        });
    }
    clusters.groups.sort_by(|a, b| {
        let size = b.members.len().cmp(&a.members.len());
        size.then_with(|| questions[a.representative].cmp(questions[b.representative]))
    });
    Ok(clusters)
}

/// Whether a question in normal form asks nothing: too short, or nothing but words that mean nothing by themselves.
fn is_noise(form: &str) -> bool {
    sound(form).len() < 2
        || form
            .split(' ')
            .all(|part| part.is_empty() || BACKCHANNELS.contains(part))
        || words(form).all(|word| FUNCTION_WORDS.contains(word))
}

/// Texts without those that read the same as an earlier one or as one of `known`, in their order.
pub fn without_doubles<'a>(
    known: impl IntoIterator<Item = &'a str>,
    texts: impl IntoIterator<Item = &'a str>,
) -> Vec<&'a str> {
    let form = |text: &str| normal_form(cut(text)).replace(' ', "");
    let mut seen: BTreeSet<String> = known.into_iter().map(form).collect();
    texts
        .into_iter()
        .filter(|text| seen.insert(form(text)))
        .collect()
}

#[cfg(test)]
mod tests;
