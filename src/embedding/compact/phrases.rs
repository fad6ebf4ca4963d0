//! Short runs of tokens that tell something by themselves, beside what the network makes of the whole sentence.

use std::collections::{BTreeSet, HashMap};

use crate::embedding::{EncoderError, weights::Weights};

/// The longest run, in tokens.
const LONGEST: usize = 3;

/// Stands after the last token of a text: a run that ends there ends the sentence. No text has `[MASK]` itself.
const END: u32 = 3;

/// Stands where a run is shorter than [`LONGEST`]: `[PAD]`.
const NOTHING: u32 = 0;

/// Hanzi that mean little by themselves.
const GRAMMAR: &str =
    "的了是我你您他她它们这那哪个有在和跟就都也还又再不没吗呢啊吧呀嘛给把被让说要会能到去来很太";

type Run = [u32; LONGEST];

/// The runs that a model knows.
#[derive(Debug, Default)]
pub(super) struct Phrases {
    rows: HashMap<Run, usize>,
    runs: Vec<Run>,
}

impl Phrases {
    /// Reads `count` runs of ids below `tokens`.
    pub(super) fn load(
        count: usize,
        tokens: usize,
        weights: &Weights<'_>,
    ) -> Result<Self, EncoderError> {
        if count == 0 {
            return Ok(Self::default());
        }
        let name = "phrases";
        let tensor = weights.tensor(name, &[count, LONGEST])?;
        let ids: Vec<f32> = weights.computed(name, || tensor.flatten_all()?.to_vec1())?;
        let sound = |id: &f32| id.fract() == 0.0 && (0.0..tokens as f32).contains(id);
        if let Some(wrong) = ids.iter().find(|id| !sound(id)) {
            return Err(weights.refuse(format!("tensor `{name}` holds {wrong}, which is no token")));
        }
        let (runs, _) = ids.as_chunks::<LONGEST>();
        let runs: Vec<Run> = runs.iter().map(|run| run.map(|id| id as u32)).collect();
        let rows = runs.iter().copied().zip(0..).collect();
        Ok(Self { rows, runs })
    }

    /// How many there are.
    pub(super) const fn count(&self) -> usize {
        self.runs.len()
    }

    /// The rows of those that a text of these `ids` holds, each once.
    pub(super) fn in_text(&self, ids: &[u32]) -> Vec<usize> {
        if self.runs.is_empty() {
            return Vec::new();
        }
        let ids: Vec<u32> = ids.iter().copied().chain([END]).collect();
        let runs = (1..=LONGEST).flat_map(|length| ids.windows(length));
        let found: BTreeSet<usize> = runs
            .filter_map(|run| {
                let mut key = [NOTHING; LONGEST];
                key[..run.len()].copy_from_slice(run);
                self.rows.get(&key).copied()
            })
            .collect();
        found.into_iter().collect()
    }

    /// Whether a row by itself says something to a person, by the tokens' texts: two hanzi or a longer word, not grammar alone.
    pub(super) fn is_telling(&self, row: usize, tokens: &[String]) -> bool {
        let texts: Vec<&str> = self
            .words(row)
            .map(|id| tokens[id as usize].as_str())
            .collect();
        let latin = |text: &str| text.is_ascii();
        match texts.iter().any(|text| latin(text)) {
            true => texts.iter().any(|text| latin(text) && text.len() > 3),
            false => {
                let meant = |text: &&&str| !GRAMMAR.contains(**text);
                texts.len() > 1 && texts.iter().filter(meant).count() > 1
            }
        }
    }

    /// The tokens of a row that are words.
    pub(super) fn words(&self, row: usize) -> impl Iterator<Item = u32> {
        self.runs[row].into_iter().filter(|&id| id > END)
    }
}
