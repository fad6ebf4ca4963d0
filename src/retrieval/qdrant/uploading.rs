//! The points of an edition, batch by batch.
//!
//! Points are numbered as phrasings are and put in that order, each batch after the one before counts. So how many there are
//! says where an upload that was cut off goes on, and putting a batch twice does no harm.

use std::{ops::Range, sync::Arc};

use super::{Edition, Local, Point, terms::CollectionWeights};
use crate::retrieval::fusion;

/// Points of a batch: with vectors of 1,024 numbers it stays below a tenth of what Qdrant takes at once (32 MiB).
pub(super) const BATCH: u64 = 256;

/// Makes the points of an edition.
pub(super) struct Upload {
    local: Local,
    phrasings: u64,
    dimensions: Option<usize>,
    weights: CollectionWeights,
}

impl Upload {
    /// Weighs the terms of the whole edition, which `local` made, on a thread that may block.
    pub(super) async fn prepare(edition: &Edition, local: Local) -> Arc<Self> {
        let (phrasings, dimensions) = (edition.phrasings, edition.dimensions);
        blocking(move || {
            let weights = CollectionWeights::of(local.lexical());
            Arc::new(Self {
                local,
                phrasings,
                dimensions,
                weights,
            })
        })
        .await
    }

    /// The batches from `from` on.
    pub(super) fn batches(&self, from: u64) -> impl Iterator<Item = Range<u32>> + use<> {
        let all = self.phrasings;
        let starts = (from..all).step_by(BATCH as usize);
        // Phrasings are numbered in 32 bits.
        starts.map(move |start| start as u32..all.min(start + BATCH) as u32)
    }

    /// The points of a batch, made on a thread that may block.
    pub(super) async fn points(self: &Arc<Self>, phrasings: Range<u32>) -> Vec<Point> {
        let upload = self.clone();
        blocking(move || phrasings.map(|phrasing| upload.point(phrasing)).collect()).await
    }

    fn point(&self, phrasing: u32) -> Point {
        let lexical = self.local.lexical();
        let collection = lexical.collection();
        let entry = collection.owner(phrasing);
        let views = self.weights.views(lexical, phrasing);
        Point {
            phrasing,
            entry,
            validity: collection.entries()[entry as usize].validity,
            meaning: self.meaning(phrasing, collection.of(entry)),
            words: views.words,
            characters: views.characters,
            sounds: views.sounds,
            answer: views.answer,
        }
    }

    /// The vector of a phrasing with the mean of its entry's folded in, so that the server ranks by what vectors say of entries.
    fn meaning(&self, phrasing: u32, siblings: Range<u32>) -> Option<Vec<f32>> {
        let (vectors, dimensions) = (self.local.vectors()?, self.dimensions?);
        let vector = |phrasing: u32| {
            let at = phrasing as usize * dimensions;
            &vectors[at..at + dimensions]
        };
        let count = siblings.len() as f32;
        let mut mean = vec![0.0; dimensions];
        for sibling in siblings {
            for (sum, number) in mean.iter_mut().zip(vector(sibling)) {
                *sum += number / count;
            }
        }
        Some(fusion::BOTH.folded(vector(phrasing), &mean))
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        // It is never cancelled, so this is a panic, which goes on here.
        Err(panic) => std::panic::resume_unwind(panic.into_panic()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        embedding::{TextEncoder, fake::FakeEncoder, likeness},
        ids::{BaseId, BaseName, BusinessId, KnowledgeVersion},
        retrieval::{HybridIndex, LexicalIndex, Nearness, RetrievalConfig, evaluation::Synthetic},
    };

    async fn upload(entries: usize, encoder: Option<Arc<dyn TextEncoder>>) -> Arc<Upload> {
        let entries = Synthetic::new(3, entries, 3, 0).entries;
        let version = KnowledgeVersion::new("1");
        let config = RetrievalConfig::default();
        let local = match encoder {
            Some(encoder) => {
                let index = HybridIndex::build(version, entries, config, encoder);
                Local::Hybrid(Arc::new(index.expect("built")))
            }
            None => {
                let index = LexicalIndex::build(version, entries, config);
                Local::Lexical(Arc::new(index))
            }
        };
        let base = BaseId {
            business: BusinessId::new("appliance"),
            name: BaseName::new("faq"),
        };
        Upload::prepare(&Edition::of("yingda", &base, &local), local).await
    }

    #[tokio::test]
    async fn batches_hold_every_phrasing_once_and_in_order() {
        let upload = upload(200, None).await;
        let mut found = Vec::new();
        for batch in upload.batches(0) {
            assert!(batch.len() as u64 <= BATCH);
            let points = upload.points(batch).await;
            assert!(points.iter().all(|point| point.meaning.is_none()));
            found.extend(points.iter().map(|point| (point.phrasing, point.entry)));
        }
        let expected: Vec<(u32, u32)> = (0..600).map(|at| (at, at / 3)).collect();
        assert_eq!(found, expected);
        assert!(upload.batches(599).eq(std::iter::once(599..600)));
        assert_eq!(upload.batches(600).count(), 0);
    }

    #[tokio::test]
    async fn the_nearest_point_of_an_entry_says_what_vectors_say_of_the_entry() {
        let encoder: Arc<dyn TextEncoder> = Arc::new(FakeEncoder::default());
        let upload = upload(20, Some(encoder.clone())).await;
        let points = upload.points(0..60).await;
        let question = encoder
            .embed_question("空调的滤网脏了怎么洗")
            .expect("embedded");
        let vectors = upload.local.vectors().expect("there are");
        for entry in 0..20usize {
            let dimensions = encoder.dimensions();
            let phrasings = vectors[entry * 3 * dimensions..].chunks(dimensions).take(3);
            let near: Vec<f32> = phrasings.map(|own| likeness(&question, own)).collect();
            let nearness = Nearness {
                most: near.iter().copied().fold(f32::NEG_INFINITY, f32::max),
                mean: near.iter().sum::<f32>() / 3.0,
            };
            let products = points[entry * 3..entry * 3 + 3].iter().map(|point| {
                let meaning = point.meaning.as_ref().expect("it has a vector");
                likeness(&question, meaning)
            });
            let best = products.fold(f32::NEG_INFINITY, f32::max);
            let expected = fusion::BOTH.of_vectors(nearness);
            assert!((best - expected).abs() < 1e-4, "{best} {expected}");
        }
    }
}
