//! The reliability diagram and the trade-off between answers and mistakes, as one SVG of two panels.
//!
//! Written by hand: two panels of lines and points need less than a drawing library does, and the same calibration gives the same
//! bytes.

use std::fmt::Write as _;

use crate::retrieval::calibrate::{Calibration, TradeOff};

/// Size of the picture and of the square that a panel draws in.
const WIDTH: f64 = 1120.0;
const HEIGHT: f64 = 640.0;
const SIDE: f64 = 400.0;
/// Upper ends of the squares; the left ends of both.
const TOP: f64 = 110.0;
const LEFT: [f64; 2] = [90.0, 660.0];
/// The strip of counts below the reliability diagram.
const STRIP: f64 = 50.0;

const INK: &str = "#222222";
const FAINT: &str = "#dddddd";
const OWN: &str = "#1f5fa8";
const OUTSIDE: &str = "#b4520a";

/// Both panels.
pub(super) fn draw(calibration: &Calibration) -> String {
    let mut svg = Svg::new();
    reliability(&mut svg, calibration);
    trade_off(&mut svg, calibration);
    svg.finish()
}

/// What is drawn so far.
struct Svg(String);

/// Where a text ends up beside its place.
#[derive(Clone, Copy)]
enum Anchor {
    Start,
    Middle,
    End,
}

impl Svg {
    fn new() -> Self {
        let mut svg = Self(String::new());
        svg.add(format_args!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"{WIDTH}\" height=\"{HEIGHT}\" font-family=\"Helvetica, Arial, 'DejaVu Sans', sans-serif\" font-size=\"14\" fill=\"{INK}\">"
        ));
        svg.add(format_args!(
            "<rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#ffffff\"/>"
        ));
        svg
    }

    fn add(&mut self, element: std::fmt::Arguments<'_>) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.0, "{element}");
    }

    fn text(&mut self, (x, y): (f64, f64), anchor: Anchor, text: &str) {
        self.styled((x, y), anchor, "", text);
    }

    fn styled(&mut self, (x, y): (f64, f64), anchor: Anchor, style: &str, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let text = text.replace('&', "&amp;").replace('<', "&lt;");
        self.add(format_args!(
            "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\"{style}>{text}</text>"
        ));
    }

    fn line(&mut self, from: (f64, f64), to: (f64, f64), style: &str) {
        let ((x1, y1), (x2, y2)) = (from, to);
        self.add(format_args!(
            "<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" {style}/>"
        ));
    }

    fn lines(&mut self, points: &[(f64, f64)], style: &str) {
        let points: Vec<String> = points
            .iter()
            .map(|(x, y)| format!("{x:.1},{y:.1}"))
            .collect();
        let points = points.join(" ");
        self.add(format_args!(
            "<polyline points=\"{points}\" fill=\"none\" {style}/>"
        ));
    }

    fn point(&mut self, (x, y): (f64, f64), radius: f64, style: &str) {
        self.add(format_args!(
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius}\" {style}/>"
        ));
    }

    fn finish(mut self) -> String {
        self.0 += "</svg>\n";
        self.0
    }
}

/// A square with two scales in percent.
struct Panel {
    left: f64,
    /// The shares at the right and upper end.
    across: f64,
    up: f64,
}

impl Panel {
    fn place(&self, across: f64, up: f64) -> (f64, f64) {
        let x = self.left + SIDE * (across / self.across).clamp(0.0, 1.0);
        let y = TOP + SIDE * (1.0 - (up / self.up).clamp(0.0, 1.0));
        (x, y)
    }

    /// Frame, lines, numbers, names. `below` is how far under the square its lower scale is.
    fn draw(&self, svg: &mut Svg, title: &str, (across, up): (&str, &str), below: f64) {
        let bold = " font-size=\"18\" font-weight=\"bold\"";
        svg.styled((self.left, 34.0), Anchor::Start, bold, title);
        let faint = format!("stroke=\"{FAINT}\"");
        for at in ticks(self.across) {
            let (x, _) = self.place(at, 0.0);
            svg.line((x, TOP), (x, TOP + SIDE), &faint);
            let place = (x, TOP + SIDE + below + 20.0);
            svg.text(place, Anchor::Middle, &percent(at, self.across));
        }
        for at in ticks(self.up) {
            let (_, y) = self.place(0.0, at);
            svg.line((self.left, y), (self.left + SIDE, y), &faint);
            svg.text(
                (self.left - 8.0, y + 5.0),
                Anchor::End,
                &percent(at, self.up),
            );
        }
        let (left, side) = (self.left, SIDE);
        svg.add(format_args!(
            "<rect x=\"{left}\" y=\"{TOP}\" width=\"{side}\" height=\"{side}\" fill=\"none\" stroke=\"{INK}\"/>"
        ));
        let middle = (left + side / 2.0, TOP + side + below + 46.0);
        svg.text(middle, Anchor::Middle, across);
        let (x, y) = (left - 58.0, TOP + side / 2.0);
        let turned = format!(" transform=\"rotate(-90 {x:.1} {y:.1})\"");
        svg.styled((x, y), Anchor::Middle, &turned, up);
    }
}

/// Five or so round steps from 0 to `most`.
fn ticks(most: f64) -> impl Iterator<Item = f64> {
    let steps = [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2];
    let step = steps
        .into_iter()
        .find(|step| most / step <= 6.0)
        .unwrap_or(0.25);
    let count = (most / step + 1e-9).floor() as usize;
    (0..=count).map(move |at| at as f64 * step)
}

fn percent(share: f64, most: f64) -> String {
    match most < 0.03 {
        true => format!("{:.1} %", 100.0 * share),
        false => format!("{:.0} %", 100.0 * share),
    }
}

fn reliability(svg: &mut Svg, calibration: &Calibration) {
    let panel = Panel {
        left: LEFT[0],
        across: 1.0,
        up: 1.0,
    };
    let names = (
        "promised probability that the best entry is right",
        "share that came right",
    );
    panel.draw(svg, "Reliability, held out", names, STRIP);
    let kind = match calibration.curve {
        crate::retrieval::calibrate::Curve::AsIs => "scores as they are",
        crate::retrieval::calibrate::Curve::Logistic { .. } => "logistic curve",
        crate::retrieval::calibrate::Curve::Isotonic(_) => "isotonic curve",
    };
    let goodness = calibration
        .tried
        .iter()
        .map(|one| one.goodness)
        .min_by(|a, b| a.log_loss.total_cmp(&b.log_loss))
        .unwrap_or_default();
    let about = format!(
        "{kind}: ECE {:.3}, Brier {:.3}, log loss {:.3}",
        goodness.ece, goodness.brier, goodness.log_loss
    );
    svg.text((panel.left, 60.0), Anchor::Start, &about);
    let about = format!(
        "bars: {:.0} % Wilson intervals; below: questions in each tenth",
        100.0 * calibration.wanted.confidence
    );
    svg.text((panel.left, 84.0), Anchor::Start, &about);
    let dashes = format!("stroke=\"{INK}\" stroke-dasharray=\"5 4\"");
    svg.line(panel.place(0.0, 0.0), panel.place(1.0, 1.0), &dashes);
    let thick = format!("stroke=\"{OWN}\" stroke-width=\"2\"");
    let most = calibration.reliability.iter().map(|bin| bin.count).max();
    let most = most.unwrap_or(1).max(1) as f64;
    for bin in &calibration.reliability {
        let low = panel.place(bin.promised, bin.interval.0);
        let high = panel.place(bin.promised, bin.interval.1);
        svg.line(low, high, &thick);
        for (x, y) in [low, high] {
            svg.line((x - 5.0, y), (x + 5.0, y), &thick);
        }
        let filled = format!("fill=\"{OWN}\"");
        svg.point(panel.place(bin.promised, bin.right), 5.0, &filled);
        // The tenth that it is, not the mean in it: bars must not overlap.
        let tenth = (bin.promised * 10.0).floor().min(9.0);
        let (x, bottom) = (panel.left + SIDE * (tenth + 0.5) / 10.0, TOP + SIDE + STRIP);
        let height = (STRIP - 20.0) * bin.count as f64 / most;
        svg.add(format_args!(
            "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"26\" height=\"{height:.1}\" fill=\"{OWN}\" fill-opacity=\"0.5\"/>",
            x - 13.0,
            bottom - height,
        ));
        let small = " font-size=\"12\"";
        let place = (x, bottom - height - 3.0);
        svg.styled(place, Anchor::Middle, small, &bin.count.to_string());
    }
}

/// A threshold's place in the panel: how many are answered wrong, and how many right.
type Along<'a> = &'a dyn Fn(&TradeOff) -> (f64, f64);

fn trade_off(svg: &mut Svg, calibration: &Calibration) {
    let wanted = calibration.wanted.wrong;
    let own = |point: &TradeOff| {
        let counts = point.outcome.own;
        (counts.share(counts.wrong), counts.share(counts.right))
    };
    let outside = |point: &TradeOff| {
        let counts = point.outcome.out_of_scope;
        (counts.share(counts.wrong), own(point).1)
    };
    let points = &calibration.trade_off;
    let most = points
        .iter()
        .map(|point| own(point).0.max(outside(point).0))
        .fold(0.0, f64::max);
    // What is far beyond the wanted rate would press the rest into a corner.
    let across = (most * 1.05).min(wanted * 5.0).max(wanted * 1.5).max(0.01);
    let panel = Panel {
        left: LEFT[1],
        across,
        up: 1.0,
    };
    let names = (
        "answered wrong, of the questions of each kind",
        "own questions answered right",
    );
    panel.draw(svg, "Answers and mistakes, by threshold", names, 0.0);
    let limit = format!("stroke=\"{INK}\" stroke-dasharray=\"2 4\" stroke-width=\"2\"");
    let (x, _) = panel.place(wanted, 0.0);
    svg.line((x, TOP), (x, TOP + SIDE), &limit);
    let has_outside = calibration.outcome.out_of_scope.asked > 0;
    let chosen = TradeOff {
        answer: calibration.thresholds.answer,
        outcome: calibration.outcome,
    };
    let ways: [(Along<'_>, &str, &str, &str); 2] = [
        (&own, OWN, "", "own questions"),
        (
            &outside,
            OUTSIDE,
            " stroke-dasharray=\"8 4\"",
            "out of scope",
        ),
    ];
    for (along, colour, dashes, _) in ways.into_iter().take(1 + usize::from(has_outside)) {
        let inside = points.iter().map(along).filter(|(x, _)| *x <= across);
        let places: Vec<_> = inside.map(|(x, y)| panel.place(x, y)).collect();
        let style = format!("stroke=\"{colour}\" stroke-width=\"2.5\"{dashes}");
        svg.lines(&places, &style);
        let (x, y) = along(&chosen);
        let hollow = format!("fill=\"#ffffff\" stroke=\"{colour}\" stroke-width=\"3\"");
        svg.point(panel.place(x, y), 7.0, &hollow);
    }
    let mut x = panel.left;
    for (_, colour, dashes, name) in ways.into_iter().take(1 + usize::from(has_outside)) {
        let style = format!("stroke=\"{colour}\" stroke-width=\"2.5\"{dashes}");
        svg.line((x, 55.0), (x + 32.0, 55.0), &style);
        svg.text((x + 38.0, 60.0), Anchor::Start, name);
        x += 150.0;
    }
    svg.line((x, 55.0), (x + 32.0, 55.0), &limit);
    svg.text(
        (x + 38.0, 60.0),
        Anchor::Start,
        &format!("wanted {}", percent(wanted, wanted)),
    );
    let about = format!(
        "circles: chosen, answer {:.2}, margin {:.2}, clarify {:.2}",
        calibration.thresholds.answer,
        calibration.thresholds.margin,
        calibration.thresholds.clarify
    );
    svg.text((panel.left, 84.0), Anchor::Start, &about);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::retrieval::{
        RetrievalConfig,
        calibrate::{Trial, Wanted},
    };

    #[test]
    fn the_same_calibration_gives_the_same_picture() {
        let trials: Vec<Trial> = (0..400u16)
            .map(|number| {
                let score = f32::from(number % 95) / 100.0;
                Trial {
                    group: format!("A{}", number / 4),
                    in_scope: number % 5 > 0,
                    scores: vec![score, score / 3.0],
                    rank: (number % 5 > 0).then_some(usize::from(number % 7 > number % 95 / 14)),
                }
            })
            .collect();
        let calibration = Calibration::fit(&trials, &RetrievalConfig::default(), Wanted::default())
            .expect("enough");
        let picture = draw(&calibration);
        assert_eq!(picture, draw(&calibration));
        assert!(picture.starts_with("<svg") && picture.ends_with("</svg>\n"));
        assert!(!picture.contains("NaN"), "{picture}");
        for words in ["Reliability", "wanted 3 %", "own questions", "out of scope"] {
            assert!(picture.contains(words), "{words}");
        }
        // An axis has numbers.
        assert!(picture.contains(">20 %<"));
    }

    #[test]
    fn scales_have_round_steps() {
        let told = |most: f64| -> Vec<String> { ticks(most).map(|at| percent(at, most)).collect() };
        assert_eq!(told(1.0), ["0 %", "20 %", "40 %", "60 %", "80 %", "100 %"]);
        assert_eq!(told(0.09), ["0 %", "2 %", "4 %", "6 %", "8 %"]);
        assert_eq!(
            told(0.01),
            ["0.0 %", "0.2 %", "0.4 %", "0.6 %", "0.8 %", "1.0 %"]
        );
    }
}
