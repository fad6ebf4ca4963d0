//! What the process says about itself, and the numbers of the parts that count for themselves.

use std::sync::{
    Arc,
    atomic::{AtomicU8, AtomicU64, Ordering},
};

use crate::{
    clock::ProcessClock,
    console::{BaseStatus, QdrantState, QdrantStatus, Status, StatusProvider, WebhookStatus},
    media_plane::MediaPlane,
    publishing::{BaseState, Library},
    retrieval::qdrant::{self, Outcome, Qdrant},
    session::Lines,
    sip::SipEndpoint,
    telemetry::{Metrics, Page},
    webhooks::{Standing, Systems},
};

const STARTING: u8 = 0;
const READY: u8 = 1;
const STOPPING: u8 = 2;

/// The process's state, for the console.
#[derive(Debug)]
pub(super) struct ProcessStatus {
    state: AtomicU8,
    started_ms: i64,
    max_calls: usize,
    clock: ProcessClock,
    parts: Parts,
}

/// What is asked how it does.
#[derive(Debug)]
pub(super) struct Parts {
    pub lines: Arc<Lines>,
    pub library: Arc<Library>,
    pub metrics: Arc<Metrics>,
    pub media: Arc<MediaPlane>,
    pub sip: SipEndpoint,
    pub qdrant: Option<Qdrant>,
    pub systems: Arc<Systems>,
}

impl ProcessStatus {
    /// Of a process that starts now.
    pub(super) fn new(clock: ProcessClock, max_calls: usize, parts: Parts) -> Self {
        Self {
            state: AtomicU8::new(STARTING),
            started_ms: clock.wall_ms(clock.now()),
            max_calls,
            clock,
            parts,
        }
    }

    pub(super) fn set_ready(&self) {
        self.state.store(READY, Ordering::Relaxed);
    }

    pub(super) fn set_stopping(&self) {
        self.state.store(STOPPING, Ordering::Relaxed);
    }
}

fn shown(state: BaseState) -> BaseStatus {
    BaseStatus {
        base: state.id.to_string(),
        version: state.version,
        entries: state.entries,
        problem: state
            .failed
            .map(|(number, why)| format!("version {number} cannot be used: {why}")),
    }
}

/// What is wrong with a system at the moment; its next answer ends that.
fn problem(standing: &Standing) -> Option<String> {
    let last = standing
        .last_failure
        .filter(|_| standing.failures_in_a_row > 0)?;
    let rests = if standing.rests {
        "; it is left alone for a while"
    } else {
        ""
    };
    let failed = match standing.failures_in_a_row {
        1 => "failed once".to_owned(),
        times => format!("failed {times} times in a row"),
    };
    Some(format!("{failed}: {last}{rests}"))
}

impl ProcessStatus {
    fn server(&self, qdrant: &Qdrant) -> QdrantStatus {
        let status = qdrant.status();
        let count = |answered: bool| {
            let outcomes = status.searches.iter();
            outcomes
                .filter(|(outcome, _)| (*outcome == Outcome::Answered) == answered)
                .map(|(_, count)| count)
                .sum()
        };
        QdrantStatus {
            answered: count(true),
            in_process: count(false),
            problem: status.problem,
            state: match status.state {
                qdrant::QdrantState::Ready => QdrantState::Ready,
                qdrant::QdrantState::Uploading { done, all } => {
                    QdrantState::Uploading { done, all }
                }
                qdrant::QdrantState::Down { since, error } => QdrantState::Down {
                    since_ms: self.clock.wall_ms(since),
                    error,
                },
            },
        }
    }
}

impl StatusProvider for ProcessStatus {
    fn status(&self) -> Status {
        let reason = match self.state.load(Ordering::Relaxed) {
            READY => None,
            STOPPING => Some("stopping"),
            _ => Some("starting"),
        };
        Status {
            ready: reason.is_none(),
            reason: reason.map(str::to_owned),
            active_calls: usize::try_from(self.parts.metrics.calls_active.get()).unwrap_or(0),
            max_calls: self.max_calls,
            started_ms: self.started_ms,
            lines: self
                .parts
                .lines
                .numbers()
                .iter()
                .map(ToString::to_string)
                .collect(),
            knowledge: self.parts.library.state().into_iter().map(shown).collect(),
            qdrant: self.parts.qdrant.as_ref().map(|qdrant| self.server(qdrant)),
            webhooks: self
                .parts
                .systems
                .standings(self.clock.now())
                .map(|(system, standing)| WebhookStatus {
                    webhook: format!("{}/{}", system.business, system.name),
                    answered: standing.answered,
                    failed: standing.failed,
                    problem: problem(&standing),
                })
                .collect(),
        }
    }

    fn numbers(&self, page: &mut Page) {
        let systems: Vec<_> = self.parts.systems.standings(self.clock.now()).collect();
        if !systems.is_empty() {
            let sum = |count: fn(&Standing) -> u64| systems.iter().map(|(_, one)| count(one)).sum();
            page.counters(
                "yingda_webhook_requests_total",
                "Requests to businesses' systems, all tries of one counted once.",
                "outcome",
                &[
                    ("answered", sum(|one| one.answered)),
                    ("failed", sum(|one| one.failed)),
                ],
            );
            page.gauge(
                "yingda_webhooks_resting",
                "Businesses' systems that are left alone for a while.",
                systems.iter().filter(|(_, one)| one.rests).count(),
            );
        }
        let media = self.parts.media.statistics();
        let sip = self.parts.sip.counters();
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        page.counters(
            "yingda_malformed_packets_total",
            "Packets that could not be read; SIP over UDP only.",
            "protocol",
            &[
                ("sip", count(&sip.malformed)),
                ("rtp", media.malformed),
                ("rtcp", media.malformed_rtcp),
            ],
        );
        page.counters(
            "yingda_sip_refused_total",
            "Requests that were refused before they were a call: 403, 400 or 403, 420 or 422, 503.",
            "cause",
            &[
                ("network", count(&sip.forbidden)),
                ("credentials", count(&sip.unauthorized)),
                ("extension", count(&sip.unsupported)),
                ("capacity", count(&sip.overloaded)),
            ],
        );
        if let Some(qdrant) = &self.parts.qdrant {
            let searches = qdrant.status().searches;
            let values: Vec<(&str, u64)> = searches
                .iter()
                .map(|(outcome, count)| (outcome.name(), *count))
                .collect();
            page.counters(
                "yingda_qdrant_searches_total",
                "Searches by what became of asking Qdrant; all but the answered were answered in process.",
                "outcome",
                &values,
            );
        }
        page.gauge(
            "yingda_sip_dialogs",
            "SIP dialogs that are not over.",
            self.parts.sip.dialogs(),
        );
        page.gauge(
            "yingda_sip_transactions",
            "SIP transactions that are not over.",
            self.parts.sip.transactions(),
        );
        page.counters(
            "yingda_rtp_packets_total",
            "RTP packets that were accepted, sent, never came, or came late, twice or from elsewhere.",
            "fate",
            &[
                ("received", media.received),
                ("sent", media.sent),
                ("lost", media.lost),
                ("discarded", media.discarded),
            ],
        );
        page.gauge("yingda_media_legs", "Legs that are open.", media.legs);
        page.gauge(
            "yingda_media_ports_in_use",
            "RTP and RTCP ports in use.",
            self.parts.media.ports_in_use(),
        );
        page.counter(
            "yingda_media_dropped_events_total",
            "Media events that no call took in time.",
            media.dropped_events,
        );
        page.counter("yingda_media_ticks_total", "Ticks of 20 ms.", media.ticks);
        page.counter(
            "yingda_media_late_ticks_total",
            "Ticks that began more than a tick late.",
            media.late_ticks,
        );
        page.gauge(
            "yingda_media_longest_tick_seconds",
            "The longest work in one tick so far.",
            media.longest_tick_us as f64 / 1e6,
        );
    }
}
