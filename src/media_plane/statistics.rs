//! How a media thread is doing, in numbers that anybody may read at any time.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::media::LegStats;

/// How the media threads are doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PlaneStatistics {
    /// Legs that are open.
    pub legs: u64,
    /// RTP packets that were accepted.
    pub received: u64,
    /// RTP packets that were sent.
    pub sent: u64,
    /// Sequence numbers that never came.
    pub lost: u64,
    /// Packets that came too late or twice, or were no RTP of their session.
    pub discarded: u64,
    /// RTP packets that could not be parsed.
    pub malformed: u64,
    /// RTCP packets that could not be parsed.
    pub malformed_rtcp: u64,
    /// Events that no driver took in time.
    pub dropped_events: u64,
    /// Ticks so far.
    pub ticks: u64,
    /// Ticks that began more than a tick late.
    pub late_ticks: u64,
    /// The longest work in one tick, in microseconds.
    pub longest_tick_us: u64,
}

impl PlaneStatistics {
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            legs: self.legs + other.legs,
            received: self.received + other.received,
            sent: self.sent + other.sent,
            lost: self.lost + other.lost,
            discarded: self.discarded + other.discarded,
            malformed: self.malformed + other.malformed,
            malformed_rtcp: self.malformed_rtcp + other.malformed_rtcp,
            dropped_events: self.dropped_events + other.dropped_events,
            ticks: self.ticks + other.ticks,
            late_ticks: self.late_ticks + other.late_ticks,
            longest_tick_us: self.longest_tick_us.max(other.longest_tick_us),
        }
    }
}

/// Counters of one thread, which alone writes all but `legs`.
#[derive(Debug, Default)]
pub(super) struct Counters {
    legs: AtomicU64,
    received: AtomicU64,
    sent: AtomicU64,
    lost: AtomicU64,
    discarded: AtomicU64,
    malformed: AtomicU64,
    malformed_rtcp: AtomicU64,
    dropped_events: AtomicU64,
    ticks: AtomicU64,
    late_ticks: AtomicU64,
    longest_tick_us: AtomicU64,
}

impl Counters {
    pub(super) fn legs(&self) -> u64 {
        self.legs.load(Relaxed)
    }

    pub(super) fn opened(&self) {
        self.legs.fetch_add(1, Relaxed);
    }

    pub(super) fn closed(&self) {
        self.legs.fetch_sub(1, Relaxed);
    }

    pub(super) fn tick(&self, took_us: u64, late: bool) {
        self.ticks.fetch_add(1, Relaxed);
        self.late_ticks.fetch_add(u64::from(late), Relaxed);
        self.longest_tick_us.fetch_max(took_us, Relaxed);
    }

    pub(super) fn dropped_event(&self) {
        self.dropped_events.fetch_add(1, Relaxed);
    }

    /// Adds what a leg counted since it was last asked.
    pub(super) fn add(&self, before: &LegStats, now: &LegStats) {
        // A leg counts up, but a packet that comes late is not lost any more.
        let more = |before: u64, now: u64| now.saturating_sub(before);
        self.received
            .fetch_add(more(before.received, now.received), Relaxed);
        self.sent.fetch_add(more(before.sent, now.sent), Relaxed);
        self.lost.fetch_add(more(before.lost, now.lost), Relaxed);
        self.discarded
            .fetch_add(more(before.discarded, now.discarded), Relaxed);
        self.malformed
            .fetch_add(more(before.malformed, now.malformed), Relaxed);
        self.malformed_rtcp
            .fetch_add(more(before.malformed_rtcp, now.malformed_rtcp), Relaxed);
    }

    pub(super) fn read(&self) -> PlaneStatistics {
        PlaneStatistics {
            legs: self.legs(),
            received: self.received.load(Relaxed),
            sent: self.sent.load(Relaxed),
            lost: self.lost.load(Relaxed),
            discarded: self.discarded.load(Relaxed),
            malformed: self.malformed.load(Relaxed),
            malformed_rtcp: self.malformed_rtcp.load(Relaxed),
            dropped_events: self.dropped_events.load(Relaxed),
            ticks: self.ticks.load(Relaxed),
            late_ticks: self.late_ticks.load(Relaxed),
            longest_tick_us: self.longest_tick_us.load(Relaxed),
        }
    }
}
