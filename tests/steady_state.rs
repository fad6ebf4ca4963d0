//! What a media thread does each 20 ms allocates nothing: an allocator that counts watches two legs talk for a minute.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
    net::SocketAddr,
};

use yingda::{
    audio::{FRAME_SAMPLES, Frame},
    call::Digit,
    clock::Moment,
    media::{
        Codec, Direction, NegotiatedMedia, PayloadType,
        receiver::{FrameKind, RtpReceiver},
        rtp::{RtpTimestamp, SequenceNumber, Ssrc},
        sender::{LONGEST_DATAGRAM, RtpSender},
    },
};

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: every call is passed on to the system's allocator unchanged; counting touches no memory that it hands out.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // The thread's local may be gone while the thread ends; what is allocated then is not counted.
        let _ = ALLOCATIONS.try_with(|count| count.set(count.get() + 1));
        // SAFETY: the caller keeps the contract of `alloc`, which is the system's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the pointer came from `alloc` above, that is from the system, with this layout.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn media() -> NegotiatedMedia {
    NegotiatedMedia {
        codec: Codec::Pcma,
        payload_type: PayloadType(8),
        telephone_event: Some(PayloadType(101)),
        remote: SocketAddr::from(([127, 0, 0, 1], 4_000)),
        direction: Direction::SendRecv,
    }
}

#[test]
fn a_minute_of_media_allocates_nothing() {
    let media = media();
    let mut sender = RtpSender::new(
        &media,
        Ssrc(1),
        SequenceNumber(65_000),
        RtpTimestamp(u32::MAX - 9_999),
    );
    let mut receiver = RtpReceiver::new(&media);
    let key = Digit::new('5').expect("a key");
    let (mut voice, mut concealed, mut keys) = (0u32, 0u32, 0u32);

    let before = ALLOCATIONS.get();
    for tick in 0..3_000u64 {
        let now = Moment::from_millis(tick * 20);
        let frame: Frame =
            std::array::from_fn(|place| ((tick as usize * 7 + place) % 40) as i16 * 400);
        if tick % 500 == 250 {
            assert!(sender.push_digit(key));
        }
        let mut datagram = [0; LONGEST_DATAGRAM];
        let length = sender.next_packet(&frame, &mut datagram);
        // One in fifty is lost, one in thirty comes twice.
        if tick % 50 != 49 {
            receiver.receive(now, media.remote, &datagram[..length]);
        }
        if tick % 30 == 29 {
            receiver.receive(now, media.remote, &datagram[..length]);
        }
        let mut heard = [0; FRAME_SAMPLES];
        match receiver.next_frame(now, &mut heard) {
            FrameKind::Voice => voice += 1,
            FrameKind::Concealed => concealed += 1,
            FrameKind::Silence => {}
        }
        keys += u32::from(receiver.poll_digit() == Some(key));
    }
    assert_eq!(ALLOCATIONS.get() - before, 0);

    assert_eq!(keys, 6);
    assert!(voice > 2_800 && concealed > 40, "{voice} {concealed}");
}
