//! Every phrasing as a vector, and the exact search among them.
//!
//! Comparing a question with ten thousand phrasings takes less time than embedding it, so nothing is approximated. This module does not embed (see `embedding`) and does not judge (see `fusion`).

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

    /// How near each of `entries` is, in their order. `firsts` is, by entry, its first phrasing, and one more at the end.
    pub(super) fn nearness(&self, question: &[f32], entries: &[u32], firsts: &[u32]) -> Vec<Near> {
        let near = |&entry: &u32| {
            let of_entry = firsts[entry as usize]..firsts[entry as usize + 1];
            let mut near = Near {
                nearness: Nearness::default(),
                phrasing: of_entry.start,
            };
            for (count, phrasing) in (0u16..).zip(of_entry) {
                let likeness = likeness(question, self.vector(phrasing));
                let nearness = &mut near.nearness;
                nearness.mean += (likeness - nearness.mean) / f32::from(count + 1);
                if count == 0 || likeness > nearness.most {
                    nearness.most = likeness;
                    near.phrasing = phrasing;
                }
            }
            near
        };
        entries.iter().map(near).collect()
    }

    /// The entries of the `most` phrasings that are nearest, ascending.
    pub(super) fn nearest(&self, question: &[f32], most: usize) -> Vec<u32> {
        let vectors = self.vectors.chunks_exact(self.dimensions);
        let mut found: Vec<(f32, u32)> = vectors
            .zip(&self.entries)
            .map(|(vector, &entry)| (likeness(question, vector), entry))
            .collect();
        if found.len() > most {
            found.select_nth_unstable_by(most, |(a, one), (b, other)| {
                b.total_cmp(a).then(one.cmp(other))
            });
            found.truncate(most);
        }
        let mut entries: Vec<u32> = found.into_iter().map(|(_, entry)| entry).collect();
        entries.sort_unstable();
        entries.dedup();
        entries
    }

    fn vector(&self, phrasing: u32) -> &[f32] {
        let first = phrasing as usize * self.dimensions;
        &self.vectors[first..first + self.dimensions]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_as_near_as_its_nearest_phrasing() {
        let vectors = [[1.0, 0.0], [0.0, 1.0], [0.6, 0.8], [-1.0, 0.0]].map(|v| v.to_vec());
        let index = DenseIndex::build(vec![0, 0, 1, 1], &vectors, 2);
        let found = index.nearness(&[0.0, 1.0], &[0, 1], &[0, 2, 4]);
        let near = |phrasing, most, mean| Near {
            nearness: Nearness { most, mean },
            phrasing,
        };
        assert_eq!(found, [near(1, 1.0, 0.5), near(2, 0.8, 0.4)]);
        for (most, expected) in [(1, &[0][..]), (2, &[0, 1]), (9, &[0, 1])] {
            assert_eq!(index.nearest(&[0.0, 1.0], most), expected);
        }
    }
}
