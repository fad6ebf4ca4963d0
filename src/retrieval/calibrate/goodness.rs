//! How far promised probabilities are from what came.

use super::Sample;

/// Parts of the scale for the expected calibration error and the reliability diagram.
const BINS: usize = 10;

/// A promise of 0 or 1 that fails would cost without bound.
const NEAREST_TO_SURE: f64 = 1e-6;

/// Three measures; 0 is perfect, less is better.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Goodness {
    /// Mean negative log-likelihood, in nats.
    pub log_loss: f64,
    /// Mean squared error of the probability (Brier 1950).
    pub brier: f64,
    /// Expected calibration error: how far promises are off, averaged over ten parts of the scale (Naeini et al. 2015).
    pub ece: f64,
}

impl Goodness {
    /// `promised[i]` is the probability that was promised for `samples[i]`.
    pub fn of(promised: &[f64], samples: &[Sample]) -> Self {
        let total: f64 = samples.iter().map(|sample| sample.weight).sum();
        if total <= 0.0 {
            return Self::default();
        }
        let mut goodness = Self::default();
        for (promised, sample) in promised.iter().zip(samples) {
            let came = f64::from(u8::from(sample.right));
            let p = promised.clamp(NEAREST_TO_SURE, 1.0 - NEAREST_TO_SURE);
            let likelihood = if sample.right { p } else { 1.0 - p };
            goodness.log_loss -= sample.weight * likelihood.ln() / total;
            goodness.brier += sample.weight * (promised - came).powi(2) / total;
        }
        goodness.ece = parted(promised, samples)
            .iter()
            .map(|part| part.weight / total * (part.promised - part.right).abs())
            .sum();
        goodness
    }
}

/// A part of the scale in the reliability diagram.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bin {
    /// The mean of what was promised.
    pub promised: f64,
    /// The share that came right.
    pub right: f64,
    /// The Wilson interval of that share, two-sided.
    pub interval: (f64, f64),
    /// Questions in it.
    pub count: usize,
    /// Their weight.
    weight: f64,
    /// As many questions of equal weight would tell as much (Kish).
    effective: f64,
}

/// The parts of the scale that hold anything. `confidence` is that of the intervals.
pub(super) fn bins(promised: &[f64], samples: &[Sample], confidence: f64) -> Vec<Bin> {
    let two_sided = 1.0 - (1.0 - confidence) / 2.0;
    let mut bins = parted(promised, samples);
    for bin in &mut bins {
        bin.interval = wilson(bin.right, bin.effective, two_sided);
    }
    bins
}

fn parted(promised: &[f64], samples: &[Sample]) -> Vec<Bin> {
    (0..BINS)
        .filter_map(|part| {
            let place = |p: f64| ((p * BINS as f64) as usize).min(BINS - 1);
            let these = promised.iter().zip(samples);
            let these: Vec<_> = these.filter(|(p, _)| place(**p) == part).collect();
            let weight: f64 = these.iter().map(|(_, sample)| sample.weight).sum();
            let squares: f64 = these.iter().map(|(_, sample)| sample.weight.powi(2)).sum();
            let mean = |value: &dyn Fn(f64, bool) -> f64| -> f64 {
                let each = these
                    .iter()
                    .map(|(p, sample)| sample.weight * value(**p, sample.right));
                each.sum::<f64>() / weight
            };
            (weight > 0.0).then(|| Bin {
                promised: mean(&|p, _| p),
                right: mean(&|_, right| f64::from(u8::from(right))),
                interval: (0.0, 1.0),
                count: these.len(),
                weight,
                effective: weight * weight / squares,
            })
        })
        .collect()
}

/// The interval of a share that was seen in `count` cases (Wilson 1927). Each of its ends is passed with a probability of
/// `1 - confidence`.
pub fn wilson(share: f64, count: f64, confidence: f64) -> (f64, f64) {
    if count <= 0.0 {
        return (0.0, 1.0);
    }
    let z = quantile(confidence);
    let square = z * z / count;
    let middle = share + square / 2.0;
    let half = z * (share * (1.0 - share) / count + square / (4.0 * count)).sqrt();
    let bound = |value: f64| (value / (1.0 + square)).clamp(0.0, 1.0);
    (bound(middle - half), bound(middle + half))
}

/// Where the normal distribution reaches `p`, 0.5 to 1 (Abramowitz and Stegun 26.2.23, off by 0.00045 at most).
fn quantile(p: f64) -> f64 {
    let tail = (1.0 - p).clamp(1e-12, 0.5);
    let t = (-2.0 * tail.ln()).sqrt();
    let top = 2.515_517 + t * (0.802_853 + t * 0.010_328);
    let bottom = 1.0 + t * (1.432_788 + t * (0.189_269 + t * 0.001_308));
    (t - top / bottom).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(rights: &[bool]) -> Vec<Sample> {
        let sample = |right: &bool| Sample {
            score: 0.5,
            right: *right,
            weight: 1.0,
        };
        rights.iter().map(sample).collect()
    }

    #[test]
    fn the_measures_are_as_defined() {
        let goodness = Goodness::of(
            &[0.8, 0.8, 0.3, 0.3],
            &samples(&[true, false, false, false]),
        );
        let log_loss = -(0.8_f64.ln() + 0.2_f64.ln() + 2.0 * 0.7_f64.ln()) / 4.0;
        assert!((goodness.log_loss - log_loss).abs() < 1e-9);
        assert!((goodness.brier - (0.04 + 0.64 + 0.09 + 0.09) / 4.0).abs() < 1e-9);
        assert!((goodness.ece - (0.5 * 0.3 + 0.5 * 0.3)).abs() < 1e-9);
        let sure = Goodness::of(&[1.0, 0.0], &samples(&[true, false]));
        assert!(sure.log_loss < 1e-5 && sure.brier == 0.0 && sure.ece == 0.0);
        assert!(Goodness::of(&[0.0], &samples(&[true])).log_loss < 20.0);
        assert_eq!(Goodness::of(&[], &[]), Goodness::default());
    }

    #[test]
    fn intervals_are_those_of_the_tables() {
        #[track_caller]
        fn check(share: f64, count: f64, confidence: f64, expected: (f64, f64)) {
            let (low, high) = wilson(share, count, confidence);
            let far = (low - expected.0).abs().max((high - expected.1).abs());
            assert!(far < 5e-4, "{low} {high}");
        }
        // Two-sided 95 %, from Newcombe 1998, table I (method 3).
        check(81.0 / 263.0, 263.0, 0.975, (0.2553, 0.3662));
        check(15.0 / 148.0, 148.0, 0.975, (0.0624, 0.1605));
        check(0.0, 20.0, 0.975, (0.0, 0.1611));
        check(1.0 / 29.0, 29.0, 0.975, (0.0061, 0.1718));
        check(0.0, 0.0, 0.975, (0.0, 1.0));
    }

    #[test]
    fn a_bin_holds_what_was_promised_alike() {
        let promised = [0.05, 0.08, 0.95, 1.0];
        let bins = bins(&promised, &samples(&[false, true, true, true]), 0.9);
        let told: Vec<(usize, f64)> = bins.iter().map(|bin| (bin.count, bin.right)).collect();
        assert_eq!(told, [(2, 0.5), (2, 1.0)]);
        assert!((bins[0].promised - 0.065).abs() < 1e-9);
        assert!(
            bins.iter()
                .all(|bin| bin.interval.0 <= bin.right && bin.right <= bin.interval.1)
        );
    }
}
