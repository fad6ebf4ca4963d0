//! RTP packets (RFC 3550 §5.1), by `rtp-rs`.

use rtp_rs::{RtpPacketBuilder, RtpReader, Seq};

use super::PayloadType;

/// Synchronisation source: who sends a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ssrc(pub u32);

/// The sequence number of a packet, as it stands in the header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SequenceNumber(pub u16);

impl SequenceNumber {
    /// How far `self` is ahead of `other`, the shorter way round; negative when it is behind.
    pub const fn ahead_of(self, other: Self) -> i32 {
        self.0.wrapping_sub(other.0) as i16 as i32
    }

    /// The number after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.wrapping_add(1))
    }
}

/// The sampling instant of a packet's first sample, in samples at the codec's clock rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RtpTimestamp(pub u32);

impl RtpTimestamp {
    /// How many samples `self` is ahead of `other`, the shorter way round; negative when it is behind.
    pub const fn ahead_of(self, other: Self) -> i64 {
        self.0.wrapping_sub(other.0) as i32 as i64
    }

    /// So many samples later.
    #[must_use]
    pub const fn plus(self, samples: u32) -> Self {
        Self(self.0.wrapping_add(samples))
    }
}

/// A parsed packet; the payload points into the datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RtpPacket<'a> {
    /// Who sent it.
    pub ssrc: Ssrc,
    /// What the payload is.
    pub payload_type: PayloadType,
    /// Its place in the stream.
    pub sequence: SequenceNumber,
    /// Its place in time.
    pub timestamp: RtpTimestamp,
    /// First of a talkspurt or an event.
    pub marker: bool,
    /// Without padding.
    pub payload: &'a [u8],
}

impl<'a> RtpPacket<'a> {
    /// Reads a datagram; `None` when it is no RTP version 2 packet.
    pub fn parse(datagram: &'a [u8]) -> Option<Self> {
        let reader = RtpReader::new(datagram).ok()?;
        // The reader cuts padding off by its count, which must not be longer than what follows the header.
        let payload_length = datagram.len().checked_sub(reader.payload_offset())?;
        if reader
            .padding()
            .is_some_and(|padding| usize::from(padding) > payload_length)
        {
            return None;
        }
        Some(Self {
            ssrc: Ssrc(reader.ssrc()),
            payload_type: PayloadType(reader.payload_type()),
            sequence: SequenceNumber(reader.sequence_number().into()),
            timestamp: RtpTimestamp(reader.timestamp()),
            marker: reader.mark(),
            payload: reader.payload(),
        })
    }

    /// Writes it into `datagram`; gives its length, or 0 when it does not fit.
    pub fn write(&self, datagram: &mut [u8]) -> usize {
        RtpPacketBuilder::new()
            .payload_type(self.payload_type.0)
            .marked(self.marker)
            .sequence(Seq::from(self.sequence.0))
            .ssrc(self.ssrc.0)
            .timestamp(self.timestamp.0)
            .payload(self.payload)
            .build_into(datagram)
            .unwrap_or(0)
    }
}

/// Whether a datagram on a shared port is RTCP (RFC 5761 §4: packet types 192 to 223).
pub fn is_rtcp(datagram: &[u8]) -> bool {
    datagram.len() >= 4 && datagram[0] >> 6 == 2 && (192..=223).contains(&datagram[1])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PACKET: RtpPacket<'static> = RtpPacket {
        ssrc: Ssrc(0xdead_beef),
        payload_type: PayloadType(8),
        sequence: SequenceNumber(65_535),
        timestamp: RtpTimestamp(160),
        marker: true,
        payload: &[0xd5; 160],
    };

    #[test]
    fn a_packet_reads_as_it_was_written() {
        let mut datagram = [0; 200];
        let length = PACKET.write(&mut datagram);
        assert_eq!(length, 172);
        assert_eq!(RtpPacket::parse(&datagram[..length]), Some(PACKET));
        assert_eq!(PACKET.write(&mut [0; 100]), 0);
    }

    #[test]
    fn extensions_sources_and_padding_are_passed_over() {
        let mut datagram = vec![0xb1, 8, 0, 1, 0, 0, 0, 160, 0, 0, 0, 1];
        datagram.extend([0, 0, 0, 2]); // one contributing source
        datagram.extend([0xbe, 0xde, 0, 1, 1, 2, 3, 4]); // one word of extension
        datagram.extend([7, 7, 7, 0, 2]); // payload, two bytes of padding
        assert_eq!(
            RtpPacket::parse(&datagram).map(|packet| packet.payload.to_vec()),
            Some(vec![7, 7, 7])
        );
        *datagram.last_mut().expect("not empty") = 200;
        assert_eq!(RtpPacket::parse(&datagram), None);
        datagram[0] = 0x40;
        assert_eq!(RtpPacket::parse(&datagram), None);
    }

    #[test]
    fn numbers_wrap() {
        assert_eq!(SequenceNumber(65_535).next(), SequenceNumber(0));
        assert_eq!(SequenceNumber(3).ahead_of(SequenceNumber(65_534)), 5);
        assert_eq!(SequenceNumber(65_534).ahead_of(SequenceNumber(3)), -5);
        assert_eq!(RtpTimestamp(100).ahead_of(RtpTimestamp(u32::MAX - 59)), 160);
    }

    #[test]
    fn rtcp_is_told_from_rtp() {
        assert!(is_rtcp(&[0x80, 200, 0, 6]));
        assert!(!is_rtcp(&[0x80, 8, 0, 6]));
        assert!(!is_rtcp(&[0x80, 200]));
    }

    proptest! {
        #[test]
        fn no_datagram_panics(datagram in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = RtpPacket::parse(&datagram);
            let mut rtp = datagram;
            if let Some(first) = rtp.first_mut() {
                *first = 0x80 | (*first & 0x3f);
            }
            let _ = RtpPacket::parse(&rtp);
        }
    }
}
