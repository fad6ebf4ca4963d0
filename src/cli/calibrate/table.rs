//! A calibration in words and columns.

use std::fmt::Write as _;

use crate::{
    cli::records,
    retrieval::{
        RetrievalConfig,
        calibrate::{Calibration, Counts, Curve, Outcome},
    },
};

/// Everything that was fitted.
pub(super) fn tell(calibration: &Calibration) -> String {
    let mut text = curves(calibration);
    // Writing to a string cannot fail.
    let _ = writeln!(text, "\n{}", reliability(calibration));
    let _ = writeln!(text, "{}", outcomes(calibration));
    let wanted = calibration.wanted;
    let percent = |share: f64| 100.0 * share;
    let _ = match calibration.holds {
        true => writeln!(
            text,
            "at most {:.1} % of either are answered wrong, with {:.0} % confidence, on entries that were not fitted on",
            percent(wanted.wrong),
            percent(wanted.confidence)
        ),
        false => writeln!(
            text,
            "WARNING  these questions do not show that at most {:.1} % are answered wrong (with {:.0} % confidence): {}",
            percent(wanted.wrong),
            percent(wanted.confidence),
            shortage(calibration)
        ),
    };
    text + &fragment(calibration)
}

/// What is missing for the bound to hold.
fn shortage(calibration: &Calibration) -> String {
    let wanted = calibration.wanted;
    let needed = |counts: &Counts| {
        // Without a single wrong answer the bound falls with the number of questions.
        let spotless = |asked: usize| Counts {
            asked,
            ..Counts::default()
        };
        let enough =
            |asked: &usize| spotless(*asked).wrong_at_most(wanted.confidence) <= wanted.wrong;
        match enough(&counts.asked) {
            true => None,
            false => (1..100_000).find(enough),
        }
    };
    let held_out = &calibration.held_out;
    let few = held_out
        .each()
        .into_iter()
        .filter(|counts| counts.asked > 0);
    match few.filter_map(needed).max() {
        Some(needed) => format!("at least {needed} would be needed, even if none were wrong"),
        None => "the scores do not tell right from wrong well enough".to_owned(),
    }
}

fn curves(calibration: &Calibration) -> String {
    let head = ["held out", "log loss", "Brier", "ECE"];
    let rows: Vec<Vec<String>> = calibration
        .tried
        .iter()
        .map(|one| {
            vec![
                one.kind.name().to_owned(),
                format!("{:.4}", one.goodness.log_loss),
                format!("{:.4}", one.goodness.brier),
                format!("{:.4}", one.goodness.ece),
            ]
        })
        .collect();
    let curve = match &calibration.curve {
        Curve::AsIs => "scores as they are".to_owned(),
        Curve::Logistic { slope, intercept } => {
            format!("logistic: {slope:.3} times the log-odds, plus {intercept:.3}")
        }
        Curve::Isotonic(points) => format!("isotonic, {} points", points.len()),
    };
    format!("\n{}chosen: {curve}\n", records::table(&head, &rows))
}

fn reliability(calibration: &Calibration) -> String {
    let head = ["promised", "came right", "interval", "questions"];
    let percent = |share: f64| format!("{:.0} %", 100.0 * share);
    let rows: Vec<Vec<String>> = calibration
        .reliability
        .iter()
        .map(|bin| {
            let (low, high) = bin.interval;
            vec![
                percent(bin.promised),
                percent(bin.right),
                format!("{:.0}-{:.0} %", 100.0 * low, 100.0 * high),
                bin.count.to_string(),
            ]
        })
        .collect();
    records::table(&head, &rows)
}

fn outcomes(calibration: &Calibration) -> String {
    let bound = format!("wrong at {:.0} %", 100.0 * calibration.wanted.confidence);
    let head = [
        "thresholds",
        "questions",
        "asked",
        "answered right",
        "answered wrong",
        &bound,
        "offered",
        "right among them",
        "abstained",
    ];
    let mut rows = Vec::new();
    let mut add = |name: &str, outcome: &Outcome| {
        let both = [
            ("own", &outcome.own),
            ("out of scope", &outcome.out_of_scope),
        ];
        let mut name = name.to_owned();
        for (whose, counts) in both.into_iter().filter(|(_, counts)| counts.asked > 0) {
            let part = |part| format!("{:.1} % ({part})", 100.0 * counts.share(part));
            let own = |text: String| if whose == "own" { text } else { String::new() };
            let most = counts.wrong_at_most(calibration.wanted.confidence);
            rows.push(vec![
                std::mem::take(&mut name),
                whose.to_owned(),
                counts.asked.to_string(),
                own(part(counts.right)),
                part(counts.wrong),
                format!("<= {:.1} %", 100.0 * most),
                part(counts.offered_right + counts.offered_wrong),
                own(part(counts.offered_right)),
                part(counts.abstained),
            ]);
        }
    };
    add("before", &calibration.before);
    add("chosen", &calibration.outcome);
    add("chosen, held out", &calibration.held_out);
    records::table(&head, &rows)
}

/// The thresholds as a configuration takes them.
fn fragment(calibration: &Calibration) -> String {
    let RetrievalConfig {
        answer,
        clarify,
        margin,
    } = calibration.thresholds;
    let sure = |score: f32| 100.0 * calibration.curve.probability(f64::from(score));
    format!(
        "\n[retrieval]\nanswer = {answer:.2}  # the best entry is right in {:.0} % of the cases at this score\nclarify = {clarify:.2}  # {:.0} %\nmargin = {margin:.2}\n",
        sure(answer),
        sure(clarify),
    )
}
