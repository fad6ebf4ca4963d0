//! RTCP sender and receiver reports (RFC 3550 §6), by `rtcp-types`.

use std::time::Duration;

use rtcp_types::{
    Bye, Compound, Packet, ReceiverReport, ReportBlock, RtcpPacketWriterExt, Sdes, SdesChunk,
    SdesItem, SenderReport,
};

use super::rtp::{RtpTimestamp, Ssrc};
use crate::clock::Moment;

/// Reports are sent about every 5 s (RFC 3550 §6.2).
pub const REPORT_INTERVAL: Duration = Duration::from_secs(5);

/// How long to wait for the next report, by a random number of 0 to 1: half to one and a half times the interval, so that legs
/// that began together do not report together (RFC 3550 §6.3.1).
pub fn report_after(random: f64) -> Duration {
    REPORT_INTERVAL.mul_f64(0.5 + random.clamp(0.0, 1.0))
}

/// The longest compound packet that is written here.
pub const LONGEST_REPORT: usize = 256;

/// Seconds from 1900 to 1970 (RFC 5905 §6).
const NTP_EPOCH_OFFSET: u64 = 2_208_988_800;

/// What we sent, for a sender report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sent {
    /// The sampling instant of now.
    pub timestamp: RtpTimestamp,
    /// RTP packets so far.
    pub packets: u64,
    /// Payload bytes so far.
    pub bytes: u64,
}

/// What we received from one source.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reception {
    /// The source.
    pub ssrc: Ssrc,
    /// Packets that were expected, from the first number to the highest.
    pub expected: u64,
    /// Packets that came, duplicates included.
    pub received: u64,
    /// Highest extended sequence number.
    pub highest: u32,
    /// Interarrival jitter in samples.
    pub jitter: u32,
}

/// What the other side said about our stream.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Feedback {
    /// Share of packets lost since its last report, 0 to 1.
    pub loss: f32,
    /// Jitter it sees, in milliseconds.
    pub jitter_ms: f32,
    /// There and back, in milliseconds, if it answered one of our reports.
    pub round_trip_ms: Option<f32>,
}

/// The reporting of one leg.
#[derive(Clone, Debug)]
pub struct Reporter {
    ssrc: Ssrc,
    cname: String,
    /// The last sender report of the other side: its time (middle 32 bits), and when it came.
    last_report: Option<(u32, Moment)>,
    /// Of whom, and what was expected and received, at our last report.
    before: (Ssrc, u64, u64),
    feedback: Option<Feedback>,
}

impl Reporter {
    /// A reporter for our source. The name must be the same for the whole call (RFC 3550 §6.5.1).
    pub fn new(ssrc: Ssrc, cname: String) -> Self {
        Self {
            ssrc,
            cname,
            last_report: None,
            before: (ssrc, 0, 0),
            feedback: None,
        }
    }

    /// What the other side said last about our stream.
    pub const fn feedback(&self) -> Option<Feedback> {
        self.feedback
    }

    /// Writes a report; gives its length, 0 if `datagram` is too short. `wall_ms` is the wall-clock time of `now`.
    pub fn report(
        &mut self,
        now: Moment,
        wall_ms: i64,
        sent: Option<Sent>,
        reception: Option<Reception>,
        datagram: &mut [u8],
    ) -> usize {
        let block = reception.map(|reception| self.block(now, reception));
        let names = self.names();
        let compound = match sent {
            Some(sent) => {
                let report = SenderReport::builder(self.ssrc.0)
                    .ntp_timestamp(ntp(wall_ms))
                    .rtp_timestamp(sent.timestamp.0)
                    .packet_count(sent.packets as u32)
                    .octet_count(sent.bytes as u32);
                let report = match block {
                    Some(block) => report.add_report_block(block),
                    None => report,
                };
                Compound::builder().add_packet(report)
            }
            None => {
                let report = ReceiverReport::builder(self.ssrc.0);
                let report = match block {
                    Some(block) => report.add_report_block(block),
                    None => report,
                };
                Compound::builder().add_packet(report)
            }
        };
        compound.add_packet(names).write_into(datagram).unwrap_or(0)
    }

    /// Writes a goodbye with the empty report and the name that must precede it (RFC 3550 §6.1).
    pub fn goodbye(&self, datagram: &mut [u8]) -> usize {
        Compound::builder()
            .add_packet(ReceiverReport::builder(self.ssrc.0))
            .add_packet(self.names())
            .add_packet(Bye::builder().add_source(self.ssrc.0))
            .write_into(datagram)
            .unwrap_or(0)
    }

    /// Takes what the other side reports; `false` when it is no RTCP.
    pub fn receive(&mut self, now: Moment, wall_ms: i64, datagram: &[u8]) -> bool {
        let Ok(compound) = Compound::parse(datagram) else {
            return false;
        };
        for packet in compound {
            match packet {
                Ok(Packet::Sr(report)) => {
                    self.last_report = Some(((report.ntp_timestamp() >> 16) as u32, now));
                    report
                        .report_blocks()
                        .for_each(|block| self.take(wall_ms, &block));
                }
                Ok(Packet::Rr(report)) => {
                    report
                        .report_blocks()
                        .for_each(|block| self.take(wall_ms, &block));
                }
                Ok(_) => {}
                Err(_) => return false,
            }
        }
        true
    }

    fn names(&self) -> rtcp_types::SdesBuilder<'_> {
        let item = SdesItem::builder(SdesItem::CNAME, &self.cname);
        Sdes::builder().add_chunk(SdesChunk::builder(self.ssrc.0).add_item(item))
    }

    fn block(&mut self, now: Moment, reception: Reception) -> rtcp_types::ReportBlockBuilder {
        let (expected_before, received_before) = match self.before {
            (source, expected, received) if source == reception.ssrc => (expected, received),
            _ => (0, 0),
        };
        self.before = (reception.ssrc, reception.expected, reception.received);
        let expected = reception.expected.saturating_sub(expected_before);
        let received = reception.received.saturating_sub(received_before);
        // RFC 3550 A.3: duplicates can make the loss negative; the fraction is then 0.
        let fraction = match expected.checked_sub(received) {
            Some(lost) if expected > 0 => (lost * 256 / expected).min(255) as u8,
            _ => 0,
        };
        let lost = reception.expected.saturating_sub(reception.received);
        let (last_report, delay) = match self.last_report {
            // In units of 1/65536 s.
            Some((stamp, came)) => (stamp, (now.since(came).as_secs_f64() * 65_536.0) as u32),
            None => (0, 0),
        };
        ReportBlock::builder(reception.ssrc.0)
            .fraction_lost(fraction)
            .cumulative_lost(lost.min(0x7f_ffff) as u32)
            .extended_sequence_number(reception.highest)
            .interarrival_jitter(reception.jitter)
            .last_sender_report_timestamp(last_report)
            .delay_since_last_sender_report_timestamp(delay)
    }

    fn take(&mut self, wall_ms: i64, block: &ReportBlock<'_>) {
        if block.ssrc() != self.ssrc.0 {
            return;
        }
        let sent = block.last_sender_report_timestamp();
        // RFC 3550 §6.4.1: now minus when we sent it minus how long they kept it, all in 1/65536 s.
        let there_and_back = ((ntp(wall_ms) >> 16) as u32)
            .wrapping_sub(sent)
            .wrapping_sub(block.delay_since_last_sender_report_timestamp());
        let round_trip =
            (sent != 0 && there_and_back < 65_536 * 30).then_some(there_and_back as f32 / 65.536);
        self.feedback = Some(Feedback {
            loss: f32::from(block.fraction_lost()) / 256.0,
            jitter_ms: block.interarrival_jitter() as f32 / 8.0,
            round_trip_ms: round_trip,
        });
    }
}

/// NTP time: seconds since 1900 and a binary fraction of a second.
fn ntp(wall_ms: i64) -> u64 {
    let wall_ms = wall_ms.max(0) as u64;
    let seconds = wall_ms / 1_000 + NTP_EPOCH_OFFSET;
    (seconds << 32) | ((wall_ms % 1_000) * (1 << 32) / 1_000)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const WALL: i64 = 1_800_000_000_000;

    fn reception(expected: u64, received: u64) -> Reception {
        Reception {
            ssrc: Ssrc(2),
            expected,
            received,
            highest: 700,
            jitter: 80,
        }
    }

    #[test]
    fn two_sides_learn_loss_jitter_and_round_trip() {
        let mut ours = Reporter::new(Ssrc(1), "a@x".to_owned());
        let mut theirs = Reporter::new(Ssrc(2), "b@x".to_owned());
        let mut datagram = [0; LONGEST_REPORT];
        let sent = Sent {
            timestamp: RtpTimestamp(1),
            packets: 10,
            bytes: 1_600,
        };
        let at = Moment::from_millis;

        let length = ours.report(at(0), WALL, Some(sent), None, &mut datagram);
        assert!(theirs.receive(at(10), WALL, &datagram[..length]));
        let heard = Reception {
            ssrc: Ssrc(1),
            ..reception(100, 75)
        };
        let length = theirs.report(at(1_010), WALL, None, Some(heard), &mut datagram);
        // Sent at 0, kept for a second, back 40 ms after it was sent on.
        assert!(ours.receive(at(1_040), WALL + 1_040, &datagram[..length]));
        let feedback = ours.feedback().expect("a report block");
        assert_eq!((feedback.loss, feedback.jitter_ms), (0.25, 10.0));
        let round_trip = feedback.round_trip_ms.expect("an answer to our report");
        assert!((round_trip - 40.0).abs() < 1.0, "{round_trip} ms");
    }

    #[test]
    fn the_fraction_is_that_of_the_interval() {
        let mut ours = Reporter::new(Ssrc(1), "a".to_owned());
        let mut listener = Reporter::new(Ssrc(2), "b".to_owned());
        let mut datagram = [0; LONGEST_REPORT];
        let mut loss = |expected, received| {
            let length = ours.report(
                Moment::ORIGIN,
                WALL,
                None,
                Some(reception(expected, received)),
                &mut datagram,
            );
            assert!(listener.receive(Moment::ORIGIN, WALL, &datagram[..length]));
            listener.feedback().expect("a block").loss
        };
        assert_eq!(loss(100, 50), 0.5);
        assert_eq!(loss(200, 150), 0.0);
        assert_eq!(loss(300, 300), 0.0);
    }

    #[test]
    fn a_goodbye_is_a_compound_packet() {
        let mut datagram = [0; LONGEST_REPORT];
        let reporter = Reporter::new(Ssrc(1), "a".to_owned());
        let length = reporter.goodbye(&mut datagram);
        let kinds: Vec<_> = Compound::parse(&datagram[..length])
            .expect("well formed")
            .map(|packet| matches!(packet, Ok(Packet::Bye(_))))
            .collect();
        assert_eq!(kinds, [false, false, true]);
        assert_eq!(reporter.goodbye(&mut [0; 4]), 0);
    }

    #[test]
    fn another_source_is_counted_from_its_own_beginning() {
        let mut ours = Reporter::new(Ssrc(1), "a".to_owned());
        let mut other = Reporter::new(Ssrc(3), "c".to_owned());
        let mut datagram = [0; LONGEST_REPORT];
        let first = reception(100, 50);
        ours.report(Moment::ORIGIN, WALL, None, Some(first), &mut datagram);
        let second = Reception {
            ssrc: Ssrc(3),
            ..reception(120, 60)
        };
        let length = ours.report(Moment::ORIGIN, WALL, None, Some(second), &mut datagram);
        assert!(other.receive(Moment::ORIGIN, WALL, &datagram[..length]));
        assert_eq!(other.feedback().map(|feedback| feedback.loss), Some(0.5));
    }

    #[test]
    fn reports_are_spread() {
        assert_eq!(report_after(0.0), Duration::from_millis(2_500));
        assert_eq!(report_after(0.5), REPORT_INTERVAL);
        assert_eq!(report_after(1.0), Duration::from_millis(7_500));
    }

    proptest! {
        #[test]
        fn no_datagram_panics(datagram in proptest::collection::vec(any::<u8>(), 0..80)) {
            let mut reporter = Reporter::new(Ssrc(1), "a".to_owned());
            reporter.receive(Moment::ORIGIN, WALL, &datagram);
        }
    }
}
