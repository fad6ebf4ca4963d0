//! Whole calibrations, of trials made up with a seed.

use rand::{RngExt as _, SeedableRng, rngs::StdRng};

use super::*;

/// Entries with four questions each. A score is right as often as it says, if `honest`; else as its square says.
fn trials(seed: u64, honest: bool) -> Vec<Trial> {
    let mut random = StdRng::seed_from_u64(seed);
    let mut trials = Vec::new();
    for entry in 0..200 {
        for _ in 0..4 {
            let score: f32 = random.random_range(0.05..0.95);
            let chance = if honest { score } else { score * score };
            let right = random.random_bool(f64::from(chance));
            trials.push(Trial {
                group: format!("A{entry}"),
                in_scope: true,
                scores: vec![score, 0.0],
                rank: Some(usize::from(!right)),
            });
        }
    }
    trials.extend((0..300).map(|number| Trial {
        group: format!("闲聊{number}"),
        in_scope: false,
        scores: vec![random.random_range(0.0..0.3)],
        rank: None,
    }));
    trials
}

fn fit(trials: &[Trial], wanted: Wanted) -> Calibration {
    Calibration::fit(trials, &RetrievalConfig::default(), wanted).expect("enough")
}

#[test]
fn what_scores_exaggerate_is_put_right() {
    let calibration = fit(&trials(1, false), Wanted::default());
    assert_ne!(calibration.curve, Curve::AsIs);
    let [as_is, ..] = calibration.tried[..] else {
        panic!("scores as they are come first");
    };
    let best = calibration
        .tried
        .iter()
        .map(|one| one.goodness.log_loss)
        .fold(f64::INFINITY, f64::min);
    assert!(best < as_is.goodness.log_loss - 0.02, "{calibration:?}");
    for bin in &calibration.reliability {
        assert!((bin.promised - bin.right).abs() < 0.12, "{bin:?}");
    }
    let promised = calibration.curve.probability(0.7);
    assert!((0.4..0.6).contains(&promised), "{promised}");
}

#[test]
fn wrong_answers_stay_as_rare_as_asked_for() {
    let mut answered = Vec::new();
    for wrong in [0.01, 0.03, 0.1] {
        let calibration = fit(
            &trials(2, true),
            Wanted {
                wrong,
                ..Wanted::default()
            },
        );
        assert!(calibration.holds);
        let bound = calibration.held_out.own.wrong_at_most(0.9);
        assert!(bound <= wrong, "{bound}");
        // On trials that nobody has seen, the rate is about that.
        let fresh = Outcome::of(&calibration.thresholds, &trials(3, true));
        assert!(fresh.own.share(fresh.own.wrong) <= wrong * 1.5, "{fresh:?}");
        assert!(calibration.thresholds.clarify <= calibration.thresholds.answer);
        answered.push(fresh.own.right);
    }
    assert!(answered.is_sorted(), "{answered:?}");
}

#[test]
fn the_order_of_trials_changes_nothing() {
    let mut trials = trials(4, true);
    let forward = fit(&trials, Wanted::default());
    trials.reverse();
    let backward = fit(&trials, Wanted::default());
    assert_eq!(forward.thresholds, backward.thresholds);
    assert_eq!(forward.held_out, backward.held_out);
}

#[test]
fn what_makes_no_sense_is_refused() {
    let trials = trials(5, true);
    let check = |wanted: Wanted, expected: &str| {
        let error = Calibration::fit(&trials, &RetrievalConfig::default(), wanted);
        assert_eq!(error.expect_err("refused").to_string(), expected);
    };
    let wanted = Wanted::default();
    check(
        Wanted {
            wrong: 0.9,
            ..wanted
        },
        "the wrong-answer rate must be 0 to 50 %, not 90",
    );
    check(
        Wanted {
            confidence: f64::NAN,
            ..wanted
        },
        "the confidence must be 50 to 99.99 %, not NaN",
    );
    check(
        Wanted {
            out_of_scope: 1.0,
            ..wanted
        },
        "the share out of scope must be 0 to 99 %, not 100",
    );
    check(
        Wanted { folds: 1, ..wanted },
        "the number of parts must be 2 to 100, not 1",
    );
}
