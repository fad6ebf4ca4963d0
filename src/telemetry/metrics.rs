//! The numbers of this process, and their form for Prometheus (text format 0.0.4).
//!
//! Names are stable. Everything is an atomic: counting never waits. Most numbers follow from call events, see
//! [`Metrics::count`]. Parts that count for themselves write on the same [`Page`].

use std::{
    fmt::Write,
    sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed},
};

use crate::{
    call::{CallEvent, EndCause},
    entry::Verdict,
};

/// Goes up.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// One more.
    pub fn increment(&self) {
        self.add(1);
    }

    /// So many more.
    pub fn add(&self, count: u64) {
        self.0.fetch_add(count, Relaxed);
    }

    /// How many there were.
    pub fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// Goes up and down.
#[derive(Debug, Default)]
pub struct Gauge(AtomicI64);

impl Gauge {
    /// Changes it by so much.
    pub fn add(&self, change: i64) {
        self.0.fetch_add(change, Relaxed);
    }

    /// Sets it.
    pub fn set(&self, value: i64) {
        self.0.store(value, Relaxed);
    }

    /// Its value.
    pub fn get(&self) -> i64 {
        self.0.load(Relaxed)
    }
}

/// Counters that differ in one label with known values.
#[derive(Debug)]
pub struct Family {
    label: &'static str,
    values: &'static [&'static str],
    counters: Vec<Counter>,
}

impl Family {
    fn new(label: &'static str, values: &'static [&'static str]) -> Self {
        let counters = values.iter().map(|_| Counter::default()).collect();
        Self {
            label,
            values,
            counters,
        }
    }

    /// The counter of a value; of the last one, which is the rest, if the value is not known.
    pub fn of(&self, value: &str) -> &Counter {
        let place = self.values.iter().position(|known| *known == value);
        &self.counters[place.unwrap_or(self.counters.len() - 1)]
    }
}

/// Durations, in milliseconds.
#[derive(Debug)]
pub struct Histogram {
    bounds_ms: &'static [u64],
    /// One a bound, and one for what is above all of them.
    buckets: Vec<AtomicU64>,
    sum_ms: AtomicU64,
}

/// Around the budget from the caller's last word to the first sound of the reply: 1,000 ms, of which 700 ms are silence.
const REPLY_MS: &[u64] = &[
    300, 500, 700, 800, 900, 1_000, 1_100, 1_250, 1_500, 2_000, 3_000, 5_000,
];

/// Around the part of it that recognition may take: 200 ms.
const RECOGNITION_MS: &[u64] = &[25, 50, 100, 150, 200, 250, 300, 500, 1_000, 2_000, 5_000];

/// Around the time box of a language model's first sentence: 900 ms.
const FIRST_SENTENCE_MS: &[u64] = &[200, 300, 400, 500, 600, 700, 800, 900, 1_000, 2_000];

/// What can come of asking a language model.
const GENERATIONS: &[&str] = &[
    "answered",
    "rewritten",
    "declined",
    "ungrounded",
    "slow",
    "orders",
    "nothing_near",
    "busy",
    "resting",
    "interrupted",
    "failed",
];

impl Histogram {
    fn new(bounds_ms: &'static [u64]) -> Self {
        Self {
            bounds_ms,
            buckets: (0..=bounds_ms.len()).map(|_| AtomicU64::new(0)).collect(),
            sum_ms: AtomicU64::new(0),
        }
    }

    /// One more of so many milliseconds.
    pub fn observe_ms(&self, ms: u64) {
        let place = self.bounds_ms.partition_point(|bound| *bound < ms);
        self.buckets[place].fetch_add(1, Relaxed);
        self.sum_ms.fetch_add(ms, Relaxed);
    }
}

/// The numbers of this process.
#[derive(Debug)]
pub struct Metrics {
    /// INVITEs.
    pub calls_offered: Counter,
    /// Calls that were answered.
    pub calls_answered: Counter,
    /// Calls that were taken in and then refused, by SIP status.
    pub calls_rejected: Family,
    /// Calls that are over, by cause.
    pub calls_ended: Family,
    /// Calls in progress.
    pub calls_active: Gauge,
    /// Questions by verdict.
    pub turns: Family,
    /// Speech over the bot that took the floor.
    pub barge_ins: Counter,
    /// Calls that needed a human.
    pub escalations: Counter,
    /// Calls that reached one.
    pub handovers: Counter,
    /// Failures of engines.
    pub engine_failures: Family,
    /// What came of asking a language model.
    pub generations: Family,
    /// How long that took in all, in milliseconds, by what came of it.
    pub generations_ms: Family,
    /// From asking a language model to its first sentence that may be said.
    pub first_sentence: Histogram,
    /// From the caller's last word to the first sound of the reply.
    pub reply: Histogram,
    /// How long recognition of an utterance takes.
    pub recognition: Histogram,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            calls_offered: Counter::default(),
            calls_answered: Counter::default(),
            calls_rejected: Family::new("status", &["404", "488", "500", "503", "other"]),
            calls_ended: Family::new(
                "cause",
                &[
                    "hangup",
                    "cancelled",
                    "silence",
                    "transferred",
                    "rejected",
                    "failure",
                ],
            ),
            calls_active: Gauge::default(),
            turns: Family::new("verdict", &["answer", "clarify", "abstain"]),
            barge_ins: Counter::default(),
            escalations: Counter::default(),
            handovers: Counter::default(),
            engine_failures: Family::new(
                "engine",
                &["recognition", "search", "synthesis", "other"],
            ),
            generations: Family::new("outcome", GENERATIONS),
            generations_ms: Family::new("outcome", GENERATIONS),
            first_sentence: Histogram::new(FIRST_SENTENCE_MS),
            reply: Histogram::new(REPLY_MS),
            recognition: Histogram::new(RECOGNITION_MS),
        }
    }
}

impl Metrics {
    /// Counts what an event says. Every event of every call is counted once.
    pub fn count(&self, event: &CallEvent) {
        match event {
            CallEvent::Offered { .. } => {
                self.calls_offered.increment();
                self.calls_active.add(1);
            }
            CallEvent::Answered { .. } => self.calls_answered.increment(),
            CallEvent::Rejected { status, .. } => {
                self.calls_rejected.of(&status.to_string()).increment();
            }
            CallEvent::UtteranceRecognised { recognition_ms, .. } => {
                self.recognition.observe_ms(*recognition_ms);
            }
            CallEvent::Turn { finding, .. } => {
                let verdict = match finding.verdict {
                    Verdict::Answer { .. } => "answer",
                    Verdict::Clarify { .. } => "clarify",
                    Verdict::Abstain { .. } => "abstain",
                };
                self.turns.of(verdict).increment();
            }
            CallEvent::Generated {
                outcome,
                first_ms,
                total_ms,
                ..
            } => {
                self.generations.of(outcome.name()).increment();
                self.generations_ms.of(outcome.name()).add(*total_ms);
                if let Some(first_ms) = first_ms {
                    self.first_sentence.observe_ms(*first_ms);
                }
            }
            CallEvent::Rewritten { total_ms, .. } => {
                self.generations.of("rewritten").increment();
                self.generations_ms.of("rewritten").add(*total_ms);
            }
            CallEvent::BargeIn { .. } => self.barge_ins.increment(),
            CallEvent::Escalated { .. } => self.escalations.increment(),
            CallEvent::Bridged { .. } => self.handovers.increment(),
            CallEvent::EngineFailed { engine, .. } => self.engine_failures.of(engine).increment(),
            CallEvent::Ended { cause, .. } => {
                let cause = match cause {
                    EndCause::Hangup => "hangup",
                    EndCause::Cancelled => "cancelled",
                    EndCause::Silence => "silence",
                    EndCause::Transferred => "transferred",
                    EndCause::Rejected => "rejected",
                    EndCause::MediaLost
                    | EndCause::SessionExpired
                    | EndCause::NotConfirmed
                    | EndCause::System => "failure",
                };
                self.calls_ended.of(cause).increment();
                self.calls_active.add(-1);
            }
            _ => {}
        }
    }

    /// Writes all of them.
    pub fn write(&self, page: &mut Page) {
        page.counter(
            "yingda_calls_offered_total",
            "INVITEs that were taken in.",
            self.calls_offered.get(),
        );
        page.counter(
            "yingda_calls_answered_total",
            "Calls that were answered.",
            self.calls_answered.get(),
        );
        page.family(
            "yingda_calls_rejected_total",
            "Calls that were taken in and then refused.",
            &self.calls_rejected,
        );
        page.family(
            "yingda_calls_ended_total",
            "Calls that are over.",
            &self.calls_ended,
        );
        page.gauge(
            "yingda_calls_active",
            "Calls in progress.",
            self.calls_active.get(),
        );
        page.family("yingda_turns_total", "Questions by verdict.", &self.turns);
        page.counter(
            "yingda_barge_ins_total",
            "Speech over the bot that took the floor.",
            self.barge_ins.get(),
        );
        page.counter(
            "yingda_escalations_total",
            "Calls that needed a human.",
            self.escalations.get(),
        );
        page.counter(
            "yingda_handovers_total",
            "Calls that reached a human.",
            self.handovers.get(),
        );
        page.family(
            "yingda_engine_failures_total",
            "Failures of engines.",
            &self.engine_failures,
        );
        page.family(
            "yingda_language_model_requests_total",
            "Questions for which a language model was wanted, by what came of it.",
            &self.generations,
        );
        page.family_seconds(
            "yingda_language_model_seconds_total",
            "How long that took in all, by what came of it.",
            &self.generations_ms,
        );
        page.histogram(
            "yingda_language_model_first_sentence_seconds",
            "From asking a language model to its first sentence that was said.",
            &self.first_sentence,
        );
        page.histogram(
            "yingda_reply_seconds",
            "From the caller's last word to the first sound of the reply.",
            &self.reply,
        );
        page.histogram(
            "yingda_recognition_seconds",
            "How long recognition of an utterance takes.",
            &self.recognition,
        );
    }
}

/// A page in the text format of Prometheus. Writing to a string does not fail.
#[derive(Debug, Default)]
pub struct Page(String);

impl Page {
    /// The whole page.
    pub fn into_text(self) -> String {
        self.0
    }

    /// A number that goes up; its name ends in `_total`.
    pub fn counter(&mut self, name: &str, help: &str, value: u64) {
        self.head(name, help, "counter");
        self.line(name, "", value);
    }

    /// Numbers that go up and differ in one label.
    pub fn counters(&mut self, name: &str, help: &str, label: &str, values: &[(&str, u64)]) {
        self.head(name, help, "counter");
        for (value, count) in values {
            self.line(name, &format!("{{{label}=\"{value}\"}}"), count);
        }
    }

    /// A number that goes up and down.
    pub fn gauge(&mut self, name: &str, help: &str, value: impl std::fmt::Display) {
        self.head(name, help, "gauge");
        self.line(name, "", value);
    }

    fn head(&mut self, name: &str, help: &str, kind: &str) {
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn line(&mut self, name: &str, labels: &str, value: impl std::fmt::Display) {
        let _ = writeln!(self.0, "{name}{labels} {value}");
    }

    fn family(&mut self, name: &str, help: &str, family: &Family) {
        let counts = family.counters.iter().map(Counter::get);
        let values: Vec<_> = family.values.iter().copied().zip(counts).collect();
        self.counters(name, help, family.label, &values);
    }

    /// Milliseconds of each value, in seconds.
    fn family_seconds(&mut self, name: &str, help: &str, family: &Family) {
        self.head(name, help, "counter");
        for (value, counter) in family.values.iter().zip(&family.counters) {
            let labels = format!("{{{}=\"{value}\"}}", family.label);
            self.line(name, &labels, seconds(counter.get()));
        }
    }

    fn histogram(&mut self, name: &str, help: &str, histogram: &Histogram) {
        self.head(name, help, "histogram");
        let bounds = histogram.bounds_ms.iter().map(|bound| seconds(*bound));
        let bounds = bounds.chain(["+Inf".to_owned()]);
        let mut total = 0;
        for (bound, bucket) in bounds.zip(&histogram.buckets) {
            total += bucket.load(Relaxed);
            let labels = format!("_bucket{{le=\"{bound}\"}}");
            self.line(name, &labels, total);
        }
        self.line(name, "_sum", seconds(histogram.sum_ms.load(Relaxed)));
        self.line(name, "_count", total);
    }
}

fn seconds(ms: u64) -> String {
    // Exact up to 285,000 years.
    (ms as f64 / 1_000.0).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        call::{Disposition, GenerationOutcome, Party},
        ids::SearchId,
    };

    fn page_of(metrics: &Metrics) -> String {
        let mut page = Page::default();
        metrics.write(&mut page);
        page.into_text()
    }

    #[test]
    fn events_are_counted() {
        let metrics = Metrics::default();
        metrics.count(&CallEvent::Rejected {
            status: 503,
            reason: String::new(),
        });
        metrics.count(&CallEvent::Rejected {
            status: 418,
            reason: String::new(),
        });
        metrics.calls_active.add(2);
        metrics.count(&CallEvent::Ended {
            by: Party::System,
            cause: EndCause::MediaLost,
            disposition: Disposition::Abandoned,
        });
        let page = page_of(&metrics);
        for line in [
            "yingda_calls_rejected_total{status=\"503\"} 1\n",
            "yingda_calls_rejected_total{status=\"other\"} 1\n",
            "yingda_calls_ended_total{cause=\"failure\"} 1\n",
            "yingda_calls_active 1\n",
            "# TYPE yingda_reply_seconds histogram\n",
        ] {
            assert!(page.contains(line), "{line}{page}");
        }
    }

    #[test]
    fn what_came_of_a_language_model_is_counted_and_timed() {
        let metrics = Metrics::default();
        for (outcome, first_ms, total_ms) in [
            (GenerationOutcome::Answered, Some(450), 1_500),
            (GenerationOutcome::Slow, None, 900),
            (GenerationOutcome::Slow, None, 900),
        ] {
            metrics.count(&CallEvent::Generated {
                search: SearchId(1),
                outcome,
                sentences: Vec::new(),
                first_ms,
                total_ms,
            });
        }
        let page = page_of(&metrics);
        for line in [
            "yingda_language_model_requests_total{outcome=\"answered\"} 1\n",
            "yingda_language_model_requests_total{outcome=\"slow\"} 2\n",
            "yingda_language_model_requests_total{outcome=\"failed\"} 0\n",
            "yingda_language_model_seconds_total{outcome=\"answered\"} 1.5\n",
            "yingda_language_model_seconds_total{outcome=\"slow\"} 1.8\n",
            "yingda_language_model_first_sentence_seconds_bucket{le=\"0.5\"} 1\n",
            "yingda_language_model_first_sentence_seconds_count 1\n",
        ] {
            assert!(page.contains(line), "{line}{page}");
        }
    }

    #[test]
    fn buckets_hold_what_is_at_most_their_bound() {
        let metrics = Metrics::default();
        for ms in [700, 1_000, 1_001, 9_000] {
            metrics.reply.observe_ms(ms);
        }
        let page = page_of(&metrics);
        for line in [
            "yingda_reply_seconds_bucket{le=\"0.5\"} 0\n",
            "yingda_reply_seconds_bucket{le=\"0.7\"} 1\n",
            "yingda_reply_seconds_bucket{le=\"1\"} 2\n",
            "yingda_reply_seconds_bucket{le=\"1.1\"} 3\n",
            "yingda_reply_seconds_bucket{le=\"+Inf\"} 4\n",
            "yingda_reply_seconds_sum 11.701\n",
            "yingda_reply_seconds_count 4\n",
        ] {
            assert!(page.contains(line), "{line}{page}");
        }
    }
}
