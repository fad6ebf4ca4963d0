//! The sending half of a leg: one datagram each 20 ms, audio or a key.

use super::{
    NegotiatedMedia,
    codec::Transcoder,
    dtmf::DtmfSender,
    rtcp::Sent,
    rtp::{RtpPacket, RtpTimestamp, SequenceNumber, Ssrc},
};
use crate::{
    audio::{FRAME_SAMPLES, Frame},
    call::Digit,
};

/// The longest datagram that is written here.
pub const LONGEST_DATAGRAM: usize = 12 + FRAME_SAMPLES;

/// The sending half of a leg.
#[derive(Debug)]
pub struct RtpSender {
    media: NegotiatedMedia,
    transcoder: Transcoder,
    dtmf: DtmfSender,
    ssrc: Ssrc,
    sequence: SequenceNumber,
    timestamp: RtpTimestamp,
    /// The next packet is the first after a pause.
    talkspurt: bool,
    packets: u64,
    bytes: u64,
}

impl RtpSender {
    /// A sender whose numbers begin where the caller's random source says (RFC 3550 §5.1).
    pub fn new(
        media: &NegotiatedMedia,
        ssrc: Ssrc,
        sequence: SequenceNumber,
        timestamp: RtpTimestamp,
    ) -> Self {
        Self {
            media: media.clone(),
            transcoder: Transcoder::new(media.codec),
            dtmf: DtmfSender::default(),
            ssrc,
            sequence,
            timestamp,
            talkspurt: true,
            packets: 0,
            bytes: 0,
        }
    }

    /// Takes a new agreement; numbers go on.
    pub fn renegotiate(&mut self, media: &NegotiatedMedia) {
        if media.codec != self.media.codec {
            self.transcoder = Transcoder::new(media.codec);
        }
        if media.telephone_event.is_none() {
            // They could never be sent, and would be waited for.
            self.dtmf.clear();
        }
        self.media = media.clone();
    }

    /// Appends a key; `false` when too many wait or the other side has no telephone-event.
    pub fn push_digit(&mut self, digit: Digit) -> bool {
        self.media.telephone_event.is_some() && self.dtmf.push(digit)
    }

    /// Whether keys are being sent or wait.
    pub fn sends_digits(&self) -> bool {
        self.dtmf.is_busy()
    }

    /// Writes the packet of this packet time: `frame`, or the key that is being sent in its place. Gives its length, 0 when
    /// we may not send now; time goes on all the same.
    pub fn next_packet(&mut self, frame: &Frame, datagram: &mut [u8; LONGEST_DATAGRAM]) -> usize {
        let timestamp = self.timestamp;
        self.timestamp = timestamp.plus(FRAME_SAMPLES as u32);
        if !self.media.direction.sends() {
            self.talkspurt = true;
            return 0;
        }
        let mut payload = [0; FRAME_SAMPLES];
        let event = match self.media.telephone_event {
            Some(payload_type) => self
                .dtmf
                .next_packet(timestamp)
                .map(|event| (payload_type, event)),
            None => None,
        };
        let (payload_type, timestamp, marker, length) = match event {
            Some((payload_type, event)) => {
                payload[..4].copy_from_slice(&event.payload.to_bytes());
                self.talkspurt = true;
                (payload_type, event.timestamp, event.marker, 4)
            }
            None => {
                let length = self.transcoder.encode(frame, &mut payload);
                let marker = std::mem::take(&mut self.talkspurt);
                (self.media.payload_type, timestamp, marker, length)
            }
        };
        let packet = RtpPacket {
            ssrc: self.ssrc,
            payload_type,
            sequence: self.sequence,
            timestamp,
            marker,
            payload: &payload[..length],
        };
        self.sequence = self.sequence.next();
        self.packets += 1;
        self.bytes += length as u64;
        packet.write(datagram)
    }

    /// Packets that were written.
    pub const fn packets(&self) -> u64 {
        self.packets
    }

    /// For a sender report; `None` as long as nothing was sent.
    pub fn sent(&self) -> Option<Sent> {
        (self.packets > 0).then_some(Sent {
            timestamp: self.timestamp,
            packets: self.packets,
            bytes: self.bytes,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::{Codec, Direction, PayloadType};

    fn media(direction: Direction) -> NegotiatedMedia {
        NegotiatedMedia {
            codec: Codec::Pcmu,
            payload_type: PayloadType(0),
            telephone_event: Some(PayloadType(96)),
            remote: ([127, 0, 0, 1], 4_000).into(),
            direction,
        }
    }

    fn sender() -> RtpSender {
        let (sequence, timestamp) = (SequenceNumber(u16::MAX), RtpTimestamp(u32::MAX));
        RtpSender::new(&media(Direction::SendRecv), Ssrc(7), sequence, timestamp)
    }

    /// Each packet as (payload type, sequence, timestamp, marker).
    fn send(sender: &mut RtpSender, count: usize) -> Vec<(u8, u16, u32, bool)> {
        let mut datagram = [0; LONGEST_DATAGRAM];
        (0..count)
            .filter_map(|_| {
                let length = sender.next_packet(&[0; FRAME_SAMPLES], &mut datagram);
                RtpPacket::parse(&datagram[..length]).map(|packet| {
                    (
                        packet.payload_type.0,
                        packet.sequence.0,
                        packet.timestamp.0,
                        packet.marker,
                    )
                })
            })
            .collect()
    }

    #[test]
    fn numbers_go_on_and_wrap() {
        assert_eq!(
            send(&mut sender(), 3),
            [
                (0, 65_535, u32::MAX, true),
                (0, 0, 159, false),
                (0, 1, 319, false)
            ]
        );
    }

    #[test]
    fn a_key_takes_the_place_of_voice() {
        let mut sender = sender();
        send(&mut sender, 1);
        assert!(sender.push_digit(Digit::new('1').expect("a key")));
        let packets = send(&mut sender, 12);
        assert!(
            packets[..8]
                .iter()
                .all(|packet| packet.0 == 96 && packet.2 == 159)
        );
        assert_eq!(
            packets
                .iter()
                .filter(|packet| packet.0 == 96 && packet.3)
                .count(),
            1
        );
        assert_eq!(packets[8], (0, 8, 159 + 8 * 160, true));
        assert!(!sender.sends_digits());
    }

    #[test]
    fn on_hold_time_passes_and_nothing_is_sent() {
        let mut sender = sender();
        send(&mut sender, 1);
        sender.renegotiate(&media(Direction::RecvOnly));
        assert_eq!(send(&mut sender, 5), []);
        sender.renegotiate(&media(Direction::SendRecv));
        assert_eq!(send(&mut sender, 1), [(0, 0, 159 + 5 * 160, true)]);
        assert_eq!(
            sender.sent().map(|sent| (sent.packets, sent.bytes)),
            Some((2, 320))
        );
    }

    #[test]
    fn without_telephone_event_there_are_no_keys() {
        let mut sender = sender();
        assert!(sender.push_digit(Digit::new('1').expect("a key")));
        send(&mut sender, 1);
        sender.renegotiate(&NegotiatedMedia {
            telephone_event: None,
            ..media(Direction::SendRecv)
        });
        assert!(!sender.sends_digits());
        assert!(!sender.push_digit(Digit::new('1').expect("a key")));
    }
}
