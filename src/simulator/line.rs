//! A telephone line without sockets: G.711, lost packets and what conceals them, as fast as the machine computes.
//!
//! For evaluations that need thousands of utterances; a call over real sockets is a [`Leg`](super::leg::Leg). Packets arrive
//! in order and in time, so there is no jitter here.

use rand::{RngExt as _, SeedableRng, rngs::StdRng};

use crate::{
    audio::{FRAME_SAMPLES, Frame},
    media::{Codec, codec::Transcoder, concealment::Concealer},
};

/// Packets are lost in bursts of this many on average (a Gilbert channel, as on loaded networks).
const BURST: f64 = 1.5;

/// Silence before the first word and after the last, in frames of 20 ms: about what an endpointer leaves.
const BEFORE: usize = 10;
const AFTER: usize = 20;

/// One line.
#[derive(Debug)]
pub struct Line {
    transcoder: Transcoder,
    loss: f64,
    random: StdRng,
}

impl Line {
    /// A line that loses this share of the packets (0 to 1); which ones follows from `seed`.
    pub fn new(codec: Codec, loss: f64, seed: u64) -> Self {
        Self {
            transcoder: Transcoder::new(codec),
            loss: loss.clamp(0.0, 1.0),
            random: StdRng::seed_from_u64(seed),
        }
    }

    /// What arrives of an utterance at 8 kHz, with silence around it; and how many packets were lost.
    pub fn carry(&mut self, samples: &[i16]) -> (Vec<i16>, usize) {
        let mut frames = vec![[0; FRAME_SAMPLES]; BEFORE];
        frames.extend(samples.chunks(FRAME_SAMPLES).map(|part| {
            let mut frame: Frame = [0; FRAME_SAMPLES];
            frame[..part.len()].copy_from_slice(part);
            frame
        }));
        frames.resize(frames.len() + AFTER, [0; FRAME_SAMPLES]);
        let mut concealer = Concealer::default();
        let mut payload = [0; FRAME_SAMPLES];
        let mut arrived = Vec::with_capacity(frames.len() * FRAME_SAMPLES);
        let (mut lost, mut bad) = (0, false);
        for frame in &mut frames {
            bad = self.loses(bad);
            if bad {
                lost += 1;
                concealer.conceal(frame);
            } else {
                self.transcoder.encode(frame, &mut payload);
                self.transcoder.decode(&payload, frame);
                concealer.real(frame);
            }
            arrived.extend_from_slice(frame);
        }
        (arrived, lost)
    }

    /// Whether the next packet is lost: in the steady state a share of `loss` is, in bursts of [`BURST`] on average.
    fn loses(&mut self, bad: bool) -> bool {
        let stays = 1.0 - 1.0 / BURST;
        let chance = match bad {
            true => stays.max(self.loss),
            // From the balance of the two states: loss * (1 - stays) = (1 - loss) * begins.
            false => (self.loss * (1.0 - stays) / (1.0 - self.loss).max(f64::EPSILON)).min(1.0),
        };
        self.random.random_bool(chance)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone() -> Vec<i16> {
        let sample = |place: usize| {
            let angle = place as f64 / 8_000.0 * 200.0 * std::f64::consts::TAU;
            (angle.sin() * 8_000.0) as i16
        };
        (0..80_000).map(sample).collect()
    }

    #[test]
    fn a_good_line_changes_little() {
        let said = tone();
        let (heard, lost) = Line::new(Codec::Pcma, 0.0, 1).carry(&said);
        assert_eq!(lost, 0);
        assert_eq!(heard.len(), said.len() + (BEFORE + AFTER) * FRAME_SAMPLES);
        let speech = &heard[BEFORE * FRAME_SAMPLES..][..said.len()];
        let far = said.iter().zip(speech);
        // A-law is within one thirty-second of a sample.
        assert!(
            far.into_iter()
                .all(|(a, b)| (a - b).abs() <= a.abs() / 16 + 16)
        );
    }

    #[test]
    fn packets_are_lost_as_often_as_asked_and_as_the_seed_says() {
        let carried = |loss, seed| Line::new(Codec::Pcma, loss, seed).carry(&tone());
        assert_eq!(carried(0.03, 1), carried(0.03, 1));
        assert_ne!(carried(0.03, 1).0, carried(0.03, 2).0);
        let lost: usize = (0..40).map(|seed| carried(0.03, seed).1).sum();
        let share = lost as f64 / (40.0 * 530.0);
        assert!((0.025..0.035).contains(&share), "{share}");
        assert_eq!(carried(1.0, 1).1, 530);
    }
}
