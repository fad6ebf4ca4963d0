//! Parting trials for cross-validation, by entry.

use std::collections::BTreeMap;

use super::{CalibrateError, Trial};

/// The part of each trial, below `count`. Trials of one group are of one part; parts hold about as many groups in scope and out
/// of scope alike, and do not depend on the order of the trials.
pub(super) fn folds(trials: &[Trial], count: usize) -> Result<Vec<usize>, CalibrateError> {
    let mut groups: BTreeMap<(bool, u64, &str), usize> = BTreeMap::new();
    for trial in trials {
        // By the hash, as neighbours in a sheet are alike.
        groups.insert((trial.in_scope, fnv1a(&trial.group), &trial.group), 0);
    }
    let inside = groups.keys().filter(|(in_scope, ..)| *in_scope).count();
    if inside < count {
        return Err(CalibrateError::TooFew {
            groups: inside,
            folds: count,
        });
    }
    for (number, part) in groups.values_mut().enumerate() {
        *part = number % count;
    }
    Ok(trials
        .iter()
        .map(|trial| groups[&(trial.in_scope, fnv1a(&trial.group), trial.group.as_str())])
        .collect())
}

/// FNV-1a, 64 bits: the same on every machine and in every version, which the standard library's hash is not.
fn fnv1a(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trial(group: &str, in_scope: bool) -> Trial {
        Trial {
            group: group.to_owned(),
            in_scope,
            scores: Vec::new(),
            rank: None,
        }
    }

    #[test]
    fn an_entry_is_in_one_part() {
        let mut trials: Vec<Trial> = (0..100)
            .map(|number| trial(&format!("A{}", number / 2), true))
            .collect();
        trials.extend((0..20).map(|number| trial(&format!("闲聊{number}"), false)));
        let parts = folds(&trials, 5).expect("enough");
        for two in parts[..100].chunks(2) {
            assert_eq!(two[0], two[1]);
        }
        for part in 0..5 {
            let in_it = |range: std::ops::Range<usize>| {
                let these = parts[range].iter();
                these.filter(|of| **of == part).count()
            };
            assert_eq!((in_it(0..100), in_it(100..120)), (20, 4));
        }
        trials.reverse();
        let reversed = folds(&trials, 5).expect("enough");
        assert!(parts.iter().rev().eq(reversed.iter()));
    }

    #[test]
    fn too_few_entries_are_refused() {
        let trials = [trial("A", true), trial("A", true), trial("闲聊", false)];
        let error = folds(&trials, 2).expect_err("one entry");
        assert!(error.to_string().starts_with("1 entries"), "{error}");
    }

    #[test]
    fn the_hash_is_the_published_one() {
        // Test vectors of the FNV reference.
        assert_eq!(fnv1a(""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a("a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(fnv1a("foobar"), 0x8594_4171_f739_67e8);
    }
}
