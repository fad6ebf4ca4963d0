//! Every phrasing as a vector, and the exact search among them.
//!
//! A knowledge base has some thousand phrasings; comparing a question with all of them takes less time than embedding it, so
//! nothing is approximated. This module does not embed (see `embedding`) and does not judge (see `fusion`).

use super::fusion::Nearness;
use crate::embedding::likeness;

/// The vectors of all phrasings, entry by entry.
#[derive(Debug)]
pub(super) struct DenseIndex {
    dimensions: usize,
    /// Phrasing by phrasing.
    vectors: Vec<f32>,
    /// By phrasing, ascending.
    entries: Vec<u32>,
}

/// How near an entry is to a question, and which of its phrasings is nearest.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Near {
    pub nearness: Nearness,
    pub phrasing: u32,
}

impl DenseIndex {
    /// `entries[i]` is the entry of phrasing `i`, ascending from 0 without gaps; `vectors` are unit vectors.
    pub(super) fn build(entries: Vec<u32>, vectors: &[Vec<f32>], dimensions: usize) -> Self {
        Self {
            dimensions,
            vectors: vectors.concat(),
            entries,
        }
    }

    /// How near every entry is, in their order.
    pub(super) fn search(&self, question: &[f32]) -> Vec<Near> {
        let mut found: Vec<Near> = Vec::new();
        let (mut last, mut count) = (None, 0.0);
        let vectors = self.vectors.chunks_exact(self.dimensions);
        for ((phrasing, &entry), vector) in (0u32..).zip(&self.entries).zip(vectors) {
            let likeness = likeness(question, vector);
            match found.last_mut() {
                Some(near) if last == Some(entry) => {
                    count += 1.0;
                    let nearness = &mut near.nearness;
                    nearness.mean += (likeness - nearness.mean) / count;
                    if likeness > nearness.most {
                        nearness.most = likeness;
                        near.phrasing = phrasing;
                    }
                }
                _ => {
                    (last, count) = (Some(entry), 1.0);
                    let nearness = Nearness {
                        most: likeness,
                        mean: likeness,
                    };
                    found.push(Near { nearness, phrasing });
                }
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_as_near_as_its_nearest_phrasing() {
        let vectors = [[1.0, 0.0], [0.0, 1.0], [0.6, 0.8], [-1.0, 0.0]].map(|v| v.to_vec());
        let index = DenseIndex::build(vec![0, 0, 1, 1], &vectors, 2);
        let found = index.search(&[0.0, 1.0]);
        let near = |phrasing, most, mean| Near {
            nearness: Nearness { most, mean },
            phrasing,
        };
        assert_eq!(found, [near(1, 1.0, 0.5), near(2, 0.8, 0.4)]);
    }
}
