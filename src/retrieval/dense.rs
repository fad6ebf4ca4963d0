//! Every phrasing as a vector.
//!
//! Recall compares a question with all of them, each number of a vector in a byte, which takes a tenth of a microsecond; what is
//! found is compared again exactly. This module does not embed (see `embedding`) and does not judge (see `fusion`).

use std::sync::Arc;

use super::{
    collection::Collection,
    fusion::{self, Nearness},
    recall::{RECALLED, Recall, RecallError, Sought},
};
use crate::embedding::likeness;

/// The vectors of all phrasings, entry by entry.
#[derive(Debug)]
pub(super) struct DenseIndex {
    dimensions: usize,
    /// Phrasing by phrasing, unit vectors.
    vectors: Vec<f32>,
    /// The same in bytes.
    rough: Vec<i8>,
    /// By phrasing: what a byte is worth.
    steps: Vec<f32>,
    collection: Arc<Collection>,
}

/// How near an entry is to a question, and which of its phrasings is nearest.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Near {
    pub nearness: Nearness,
    pub phrasing: u32,
}

impl DenseIndex {
    /// `vectors` are the unit vectors of all phrasings, one after the other.
    pub(super) fn build(collection: Arc<Collection>, vectors: Vec<f32>, dimensions: usize) -> Self {
        let mut rough = Vec::with_capacity(vectors.len());
        let mut steps = Vec::with_capacity(collection.phrasings());
        for vector in vectors.chunks_exact(dimensions) {
            steps.push(in_bytes(vector, &mut rough));
        }
        Self {
            dimensions,
            vectors,
            rough,
            steps,
            collection,
        }
    }

    /// The vector of a phrasing.
    pub(super) fn vector(&self, phrasing: u32) -> &[f32] {
        let at = phrasing as usize * self.dimensions;
        &self.vectors[at..at + self.dimensions]
    }

    /// All vectors, one after the other.
    pub(super) fn vectors(&self) -> &[f32] {
        &self.vectors
    }

    /// How near an entry is, exactly.
    pub(super) fn near(&self, question: &[f32], entry: u32) -> Near {
        let phrasings = self.collection.of(entry);
        let mut near = Near {
            nearness: Nearness {
                most: f32::NEG_INFINITY,
                mean: 0.0,
            },
            phrasing: phrasings.start,
        };
        let mut count = 0.0;
        for phrasing in phrasings {
            let likeness = likeness(question, self.vector(phrasing));
            count += 1.0;
            near.nearness.mean += (likeness - near.nearness.mean) / count;
            if likeness > near.nearness.most {
                near.nearness.most = likeness;
                near.phrasing = phrasing;
            }
        }
        near
    }

    /// What vectors say about every entry that `holds`, roughly.
    fn rough_scores(&self, question: &[f32], holds: &dyn Fn(u32) -> bool) -> Vec<(f32, u32)> {
        let mut bytes = Vec::with_capacity(self.dimensions);
        let step = in_bytes(question, &mut bytes);
        let wide: Vec<i16> = bytes.into_iter().map(i16::from).collect();
        let entries = 0u32..self.collection.entries().len() as u32;
        entries
            .filter(|&entry| holds(entry))
            .map(|entry| {
                let phrasings = self.collection.of(entry);
                let (mut most, mut sum) = (f32::NEG_INFINITY, 0.0);
                let count = phrasings.len() as f32;
                for phrasing in phrasings {
                    let at = phrasing as usize * self.dimensions;
                    let dot = product(&wide, &self.rough[at..at + self.dimensions]);
                    let likeness = dot as f32 * step * self.steps[phrasing as usize];
                    sum += likeness;
                    most = most.max(likeness);
                }
                let nearness = Nearness {
                    most,
                    mean: sum / count,
                };
                (fusion::BOTH.of_vectors(nearness), entry)
            })
            .collect()
    }
}

/// Appends `vector` in bytes, and gives what one is worth.
fn in_bytes(vector: &[f32], bytes: &mut Vec<i8>) -> f32 {
    let largest = vector
        .iter()
        .fold(0.0f32, |most, value| most.max(value.abs()));
    let step = largest.max(f32::MIN_POSITIVE) / 127.0;
    // Within -127..=127 by the choice of the step.
    bytes.extend(vector.iter().map(|value| (value / step).round() as i8));
    step
}

fn product(question: &[i16], phrasing: &[i8]) -> i32 {
    let pairs = question.iter().zip(phrasing);
    let products = pairs.map(|(&a, &b)| i32::from(a) * i32::from(b));
    // Bytes times bytes: 130,000 dimensions would fit. A sum that is checked is added one by one.
    products.fold(0, i32::wrapping_add)
}

impl Recall for DenseIndex {
    fn name(&self) -> &str {
        "vectors"
    }

    fn recall(&self, sought: &Sought<'_>, found: &mut Vec<u32>) -> Result<(), RecallError> {
        let Some(question) = sought.vector else {
            return Ok(());
        };
        let mut scores = self.rough_scores(question, sought.holds);
        if scores.len() > RECALLED {
            // Equals are parted by their number, so that the same are found each time.
            scores.select_nth_unstable_by(RECALLED, |a, b| {
                b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1))
            });
            scores.truncate(RECALLED);
        }
        found.extend(scores.into_iter().map(|(_, entry)| entry));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::retrieval::{fake::FakeIndex, recall::Terms};

    fn index(vectors: &[[f32; 2]]) -> DenseIndex {
        let entries = vectors.chunks(2).enumerate().map(|(at, phrasings)| {
            let mut entry = FakeIndex::entry(&format!("A{at}"), "问", "答");
            entry.similar_questions = vec!["另问".to_owned(); phrasings.len() - 1];
            entry
        });
        let collection = Arc::new(Collection::new(entries.collect()));
        DenseIndex::build(collection, vectors.concat(), 2)
    }

    #[test]
    fn an_entry_is_as_near_as_its_nearest_phrasing() {
        let index = index(&[[1.0, 0.0], [0.0, 1.0], [0.6, 0.8], [-1.0, 0.0]]);
        let near = |phrasing, most, mean| Near {
            nearness: Nearness { most, mean },
            phrasing,
        };
        let found = [0, 1].map(|entry| index.near(&[0.0, 1.0], entry));
        assert_eq!(found, [near(1, 1.0, 0.5), near(2, 0.8, 0.4)]);
    }

    #[test]
    fn the_nearest_are_recalled() {
        let count = 2 * RECALLED;
        let vectors: Vec<[f32; 2]> = (0..2 * count)
            .map(|at| {
                let angle = (at / 2) as f32 / count as f32 * std::f32::consts::PI;
                [angle.cos(), angle.sin()]
            })
            .collect();
        let index = index(&vectors);
        let (terms, holds) = (Terms::of(""), |entry: u32| entry != 3);
        let mut sought = Sought {
            text: "",
            vector: Some(&[1.0, 0.0]),
            now: None,
            holds: &holds,
            terms: &terms,
        };
        let mut found = Vec::new();
        index.recall(&sought, &mut found).expect("it answers");
        found.sort_unstable();
        let nearest: Vec<u32> = (0..=RECALLED as u32).filter(|&entry| entry != 3).collect();
        assert_eq!(found, nearest);

        found.clear();
        sought.vector = None;
        index.recall(&sought, &mut found).expect("it answers");
        assert!(found.is_empty());
    }

    #[test]
    fn bytes_are_near_the_numbers() {
        let vector: Vec<f32> = (0..192)
            .map(|at| ((at * 37) % 101) as f32 / 101.0 - 0.5)
            .collect();
        let mut bytes = Vec::new();
        let step = in_bytes(&vector, &mut bytes);
        for (value, byte) in vector.iter().zip(&bytes) {
            assert!((value - f32::from(*byte) * step).abs() <= step / 2.0 + 1e-6);
        }
        let wide: Vec<i16> = bytes.iter().map(|&byte| i16::from(byte)).collect();
        let rough = product(&wide, &bytes) as f32 * step * step;
        let exact = likeness(&vector, &vector);
        assert!((rough / exact - 1.0).abs() < 0.01, "{rough} {exact}");
    }
}
