//! What a phone heard, laid out on its own clock.
//!
//! Packets are placed by their RTP timestamps, so that the network's jitter does not show and what was lost stays silent. No
//! IO, no playout: a measuring instrument hears every packet, not what a jitter buffer would have made of it.

use std::time::Duration;

use crate::{
    audio::SampleRate,
    clock::Moment,
    media::rtp::{RtpTimestamp, Ssrc},
};

/// The longest that is kept: ten minutes. What comes later is not.
const CAPACITY: usize = 10 * 60 * SampleRate::TELEPHONE.0 as usize;

/// A timestamp so far from where the packet arrived belongs to a stream whose numbers began anew: half a second.
const ASTRAY: i64 = SampleRate::TELEPHONE.0 as i64 / 2;

/// Where a stream's timestamps lie on the tape.
#[derive(Clone, Copy, Debug)]
struct Anchor {
    ssrc: Ssrc,
    timestamp: RtpTimestamp,
    place: i64,
}

/// Sound on a phone's clock, 8 kHz.
#[derive(Debug)]
pub struct Tape {
    begun: Moment,
    samples: Vec<i16>,
    anchor: Option<Anchor>,
}

impl Tape {
    /// An empty tape whose first sample is at `begun`.
    pub const fn new(begun: Moment) -> Self {
        Self {
            begun,
            samples: Vec::new(),
            anchor: None,
        }
    }

    /// A packet arrived.
    pub fn packet(&mut self, now: Moment, ssrc: Ssrc, timestamp: RtpTimestamp, samples: &[i16]) {
        let arrived = self.place(now);
        let by_timestamp = self
            .anchor
            .filter(|anchor| anchor.ssrc == ssrc)
            .map(|anchor| anchor.place + timestamp.ahead_of(anchor.timestamp))
            .filter(|place| (place - arrived).abs() <= ASTRAY);
        let place = by_timestamp.unwrap_or(arrived);
        self.anchor = Some(Anchor {
            ssrc,
            timestamp,
            place,
        });
        let Ok(first) = usize::try_from(place) else {
            return;
        };
        let end = first + samples.len();
        if end > CAPACITY {
            return;
        }
        if self.samples.len() < end {
            self.samples.resize(end, 0);
        }
        self.samples[first..end].copy_from_slice(samples);
    }

    fn place(&self, moment: Moment) -> i64 {
        // Ten minutes of samples fit many times.
        SampleRate::TELEPHONE.samples_in(moment.since(self.begun)) as i64
    }

    /// All samples.
    pub fn samples(&self) -> &[i16] {
        &self.samples
    }

    /// What was heard from `from` to `to`, as far as it was kept.
    pub fn between(&self, from: Moment, to: Moment) -> &[i16] {
        let end = (self.place(to) as usize).min(self.samples.len());
        let start = (self.place(from) as usize).min(end);
        &self.samples[start..end]
    }

    /// How long it is.
    pub fn duration(&self) -> Duration {
        SampleRate::TELEPHONE.duration_of(self.samples.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_lie_where_their_timestamps_say() {
        let mut tape = Tape::new(Moment::from_millis(1_000));
        let packet = |tape: &mut Tape, ms, ssrc, timestamp, value: i16| {
            let now = Moment::from_millis(ms);
            tape.packet(now, Ssrc(ssrc), RtpTimestamp(timestamp), &[value; 160]);
        };
        // The third comes before the second, each with its own delay; the fourth is lost; then another stream begins.
        packet(&mut tape, 1_100, 1, u32::MAX - 159, 1);
        packet(&mut tape, 1_155, 1, 160, 3);
        packet(&mut tape, 1_160, 1, 0, 2);
        packet(&mut tape, 1_190, 1, 480, 5);
        packet(&mut tape, 1_300, 2, 7, 9);
        let at = |tape: &Tape, ms: u64| {
            let from = Moment::from_millis(1_000 + ms);
            tape.between(from, from + Duration::from_millis(20))
                .to_vec()
        };
        let values: Vec<_> = (100..200).step_by(20).map(|ms| at(&tape, ms)[80]).collect();
        assert_eq!(values, [1, 2, 3, 0, 5]);
        assert_eq!(at(&tape, 300), [9; 160]);
        assert_eq!(tape.duration(), Duration::from_millis(320));
        assert!(at(&tape, 5_000).is_empty());
    }

    #[test]
    fn it_does_not_grow_for_ever() {
        let mut tape = Tape::new(Moment::ORIGIN);
        let late = Moment::from_millis(11 * 60 * 1_000);
        tape.packet(late, Ssrc(1), RtpTimestamp(0), &[1; 160]);
        assert!(tape.samples().is_empty());
    }
}
