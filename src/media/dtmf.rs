//! Keys as telephone-events (RFC 4733).

use std::collections::VecDeque;

use super::rtp::RtpTimestamp;
use crate::call::Digit;

/// How long a key is sent, and the silence after it, in packets of 20 ms. ITU-T Q.24 asks for 40 ms each at least.
const TONE_PACKETS: u16 = 5;
const GAP_PACKETS: u16 = 3;

/// Two presses of one key begin at least so many samples apart: 40 ms, half of what ITU-T Q.24 asks for.
const SHORTEST_SPACING: i64 = 320;

/// The last packet of an event is sent three times (RFC 4733 §2.5.1.4).
const END_PACKETS: u16 = 3;

/// Samples in a packet.
const PACKET_SAMPLES: u16 = 160;

/// Keys that can wait to be sent.
const QUEUE: usize = 32;

/// An event packet's payload (RFC 4733 §2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventPayload {
    /// Event code; 0 to 15 are keys.
    pub code: u8,
    /// The event is over.
    pub end: bool,
    /// Power below full scale, in -dBm0.
    pub volume: u8,
    /// Duration so far, in samples.
    pub duration: u16,
}

impl EventPayload {
    /// Reads a payload; `None` when it is too short.
    pub fn parse(payload: &[u8]) -> Option<Self> {
        let &[code, flags, high, low, ..] = payload else {
            return None;
        };
        Some(Self {
            code,
            end: flags & 0x80 != 0,
            volume: flags & 0x3f,
            duration: u16::from_be_bytes([high, low]),
        })
    }

    /// The four bytes of the payload.
    pub const fn to_bytes(self) -> [u8; 4] {
        let [high, low] = self.duration.to_be_bytes();
        [
            self.code,
            (self.end as u8) << 7 | self.volume & 0x3f,
            high,
            low,
        ]
    }
}

/// Turns event packets into keys, one for each press however many packets it took or lost.
#[derive(Debug, Default)]
pub struct DtmfReceiver {
    last: Option<Event>,
}

#[derive(Clone, Copy, Debug)]
struct Event {
    code: u8,
    timestamp: RtpTimestamp,
    duration: u16,
}

impl DtmfReceiver {
    /// Takes an event packet; a key when it is the first that came of a press.
    pub fn receive(&mut self, timestamp: RtpTimestamp, payload: &[u8]) -> Option<Digit> {
        let event = EventPayload::parse(payload)?;
        if let Some(last) = &mut self.last {
            let ahead = timestamp.ahead_of(last.timestamp);
            if ahead < 0 {
                // Of an earlier event, out of order.
                return None;
            }
            if ahead == 0 {
                last.duration = last.duration.max(event.duration);
                return None;
            }
            if last.code == event.code && ahead < SHORTEST_SPACING {
                // Some gateways move the timestamp with each packet; no finger is that fast.
                last.timestamp = timestamp;
                last.duration = last.duration.max(event.duration);
                return None;
            }
            // An event longer than the field goes on in a segment that begins where the field ended (§2.5.1.3).
            let goes_on = last.code == event.code
                && ahead == i64::from(u16::MAX)
                && last.duration > u16::MAX - 8_000;
            if goes_on {
                last.timestamp = timestamp;
                last.duration = event.duration;
                return None;
            }
        }
        self.last = Some(Event {
            code: event.code,
            timestamp,
            duration: event.duration,
        });
        Digit::from_event_code(event.code)
    }
}

/// One event packet to send in place of voice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventPacket {
    /// Set on the first packet of a press.
    pub marker: bool,
    /// When the press began; the same in all its packets.
    pub timestamp: RtpTimestamp,
    /// The payload.
    pub payload: EventPayload,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sending {
    Idle,
    Tone {
        digit: Digit,
        start: RtpTimestamp,
        sent: u16,
    },
    End {
        digit: Digit,
        start: RtpTimestamp,
        left: u16,
    },
    Gap {
        left: u16,
    },
}

/// Turns keys into event packets, one for each packet time.
#[derive(Debug)]
pub struct DtmfSender {
    queue: VecDeque<Digit>,
    state: Sending,
}

impl Default for DtmfSender {
    fn default() -> Self {
        Self {
            queue: VecDeque::with_capacity(QUEUE),
            state: Sending::Idle,
        }
    }
}

impl DtmfSender {
    /// Appends a key; `false` when too many wait.
    pub fn push(&mut self, digit: Digit) -> bool {
        let fits = self.queue.len() < QUEUE;
        if fits {
            self.queue.push_back(digit);
        }
        fits
    }

    /// Whether keys are being sent or wait.
    pub fn is_busy(&self) -> bool {
        self.state != Sending::Idle || !self.queue.is_empty()
    }

    /// Drops what is being sent and what waits.
    pub fn clear(&mut self) {
        self.queue.clear();
        self.state = Sending::Idle;
    }

    /// What to send in the packet time that begins at `timestamp`, if not voice.
    pub fn next_packet(&mut self, timestamp: RtpTimestamp) -> Option<EventPacket> {
        if let Sending::Gap { left } = self.state {
            self.state = match left {
                0 | 1 => Sending::Idle,
                _ => Sending::Gap { left: left - 1 },
            };
            return None;
        }
        if self.state == Sending::Idle {
            let digit = self.queue.pop_front()?;
            self.state = Sending::Tone {
                digit,
                start: timestamp,
                sent: 0,
            };
        }
        let (digit, start, packets, end, next) = match self.state {
            Sending::Tone { digit, start, sent } => {
                let sent = sent + 1;
                let next = match sent {
                    TONE_PACKETS => Sending::End {
                        digit,
                        start,
                        left: END_PACKETS,
                    },
                    _ => Sending::Tone { digit, start, sent },
                };
                (digit, start, sent, false, next)
            }
            Sending::End { digit, start, left } => {
                let next = match left {
                    0 | 1 => Sending::Gap { left: GAP_PACKETS },
                    _ => Sending::End {
                        digit,
                        start,
                        left: left - 1,
                    },
                };
                (digit, start, TONE_PACKETS, true, next)
            }
            Sending::Idle | Sending::Gap { .. } => return None,
        };
        self.state = next;
        Some(EventPacket {
            marker: packets == 1 && !end,
            timestamp: start,
            payload: EventPayload {
                code: digit.event_code(),
                end,
                volume: 10,
                duration: packets * PACKET_SAMPLES,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Packets as (timestamp, code, end, duration), and the keys they make.
    #[track_caller]
    fn check(packets: &[(u32, u8, bool, u16)], expected: &str) {
        let mut receiver = DtmfReceiver::default();
        let keys: String = packets
            .iter()
            .filter_map(|&(timestamp, code, end, duration)| {
                let payload = EventPayload {
                    code,
                    end,
                    volume: 10,
                    duration,
                };
                receiver.receive(RtpTimestamp(timestamp), &payload.to_bytes())
            })
            .map(Digit::symbol)
            .collect();
        assert_eq!(keys, expected);
    }

    #[test]
    fn a_press_is_one_key_whatever_came_of_it() {
        let whole = [
            (800, 1, false, 160),
            (800, 1, false, 320),
            (800, 1, true, 480),
            (800, 1, true, 480),
            (800, 1, true, 480),
        ];
        check(&whole, "1");
        check(&whole[1..], "1");
        check(&whole[..2], "1");
        check(&whole[4..], "1");
    }

    #[test]
    fn the_same_key_twice_is_two_keys() {
        check(
            &[
                (800, 5, true, 480),
                (2_400, 5, false, 160),
                (2_400, 5, true, 480),
            ],
            "55",
        );
        check(
            &[
                (800, 10, true, 480),
                (2_400, 11, true, 480),
                (4_000, 15, true, 480),
            ],
            "*#D",
        );
    }

    #[test]
    fn a_gateway_that_moves_the_timestamp_means_one_key() {
        check(
            &[
                (800, 5, false, 160),
                (960, 5, false, 320),
                (1_120, 5, true, 480),
                (1_280, 5, true, 480),
                (2_400, 5, false, 160),
            ],
            "55",
        );
    }

    #[test]
    fn old_packets_and_other_events_are_no_keys() {
        check(&[(2_400, 5, true, 480), (800, 4, true, 480)], "5");
        check(&[(800, 16, true, 480)], "");
        assert_eq!(
            DtmfReceiver::default().receive(RtpTimestamp(0), &[1, 2, 3]),
            None
        );
    }

    #[test]
    fn a_press_longer_than_the_field_is_one_key() {
        check(
            &[
                (0, 3, false, 160),
                (0, 3, false, 65_440),
                (65_535, 3, false, 160),
                (65_535, 3, true, 800),
            ],
            "3",
        );
    }

    #[test]
    fn what_is_sent_is_what_is_received() {
        let mut sender = DtmfSender::default();
        for key in "13800138000#".chars() {
            assert!(sender.push(Digit::new(key).expect("a key")));
        }
        let mut receiver = DtmfReceiver::default();
        let (mut keys, mut timestamp, mut markers) =
            (String::new(), RtpTimestamp(u32::MAX - 1_000), 0);
        while sender.is_busy() {
            if let Some(packet) = sender.next_packet(timestamp) {
                markers += usize::from(packet.marker);
                let key = receiver.receive(packet.timestamp, &packet.payload.to_bytes());
                keys.extend(key.map(Digit::symbol));
            }
            timestamp = timestamp.plus(160);
        }
        assert_eq!((keys.as_str(), markers), ("13800138000#", 12));
    }

    #[test]
    fn a_press_has_its_packets() {
        let mut sender = DtmfSender::default();
        sender.push(Digit::new('7').expect("a key"));
        let packets: Vec<_> = (0..12)
            .filter_map(|tick| sender.next_packet(RtpTimestamp(tick * 160)))
            .collect();
        let durations: Vec<_> = packets
            .iter()
            .map(|packet| (packet.payload.duration, packet.payload.end))
            .collect();
        let tone = [160, 320, 480, 640, 800].map(|duration| (duration, false));
        assert_eq!(durations, [&tone[..], &[(800, true); 3]].concat());
        assert!(
            packets
                .iter()
                .all(|packet| packet.timestamp == RtpTimestamp(0))
        );
        assert!(!sender.is_busy());
    }

    #[test]
    fn the_queue_has_an_end() {
        let mut sender = DtmfSender::default();
        let key = Digit::new('1').expect("a key");
        assert_eq!((0..100).filter(|_| sender.push(key)).count(), QUEUE);
    }
}
