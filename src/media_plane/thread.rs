//! A media thread's loop: every 20 ms all legs listen, then all speak; sockets are read four times as often, so that arrival
//! times are worth something.

use std::{
    sync::{
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, RecvTimeoutError},
    },
    time::Duration,
};

use super::{
    LegId,
    slot::{Slot, Wish},
    statistics::Counters,
};
use crate::{
    audio::FRAME,
    clock::{Moment, ProcessClock},
};

/// How often sockets are read.
const POLL: Duration = Duration::from_millis(5);

/// Polls in a tick.
const POLLS: u32 = 4;

/// A thread that is further behind than this (the machine slept) begins anew instead of catching up.
const HOPELESS: Duration = Duration::from_millis(500);

/// Ticks between two looks at the counters of legs: a second.
const COUNT_EVERY: u64 = 50;

pub(super) fn run(
    clock: ProcessClock,
    new_legs: &Receiver<Slot>,
    counters: &Counters,
    stop: &AtomicBool,
) {
    let mut slots: Vec<Slot> = Vec::with_capacity(64);
    let mut next_poll = clock.now() + POLL;
    let (mut polls, mut ticks) = (0, 0u64);
    while !stop.load(Ordering::Relaxed) {
        if wait(clock, next_poll, new_legs, &mut slots) {
            break;
        }
        let now = clock.now();
        let wall_ms = clock.wall_ms(now);
        for slot in &mut slots {
            slot.receive(now, wall_ms);
        }
        polls += 1;
        if polls == POLLS {
            polls = 0;
            ticks += 1;
            obey(now, &mut slots, counters);
            tick(now, wall_ms, &mut slots, counters);
            if ticks.is_multiple_of(COUNT_EVERY) {
                slots.iter_mut().for_each(|slot| slot.count(counters));
            }
            let took = clock.now().since(now).as_micros() as u64;
            counters.tick(took, now.since(next_poll) > FRAME);
        }
        next_poll += POLL;
        if clock.now().since(next_poll) > HOPELESS {
            tracing::warn!("a media thread was stopped for a while; it begins anew");
            next_poll = clock.now() + POLL;
        }
    }
    for slot in &mut slots {
        slot.close(counters);
        counters.closed();
    }
}

/// Takes new legs until the next poll is due; gives whether there will be no more.
fn wait(
    clock: ProcessClock,
    until: Moment,
    new_legs: &Receiver<Slot>,
    slots: &mut Vec<Slot>,
) -> bool {
    loop {
        match new_legs.recv_timeout(until.since(clock.now())) {
            Ok(slot) => slots.push(slot),
            Err(RecvTimeoutError::Timeout) => return false,
            Err(RecvTimeoutError::Disconnected) => return true,
        }
    }
}

fn obey(now: Moment, slots: &mut Vec<Slot>, counters: &Counters) {
    let mut place = 0;
    while place < slots.len() {
        match slots[place].obey(now) {
            None => place += 1,
            Some(Wish::Bridge(peer)) => bridge(slots, place, peer),
            Some(Wish::Unbridge) => unbridge(slots, place),
            Some(Wish::Close) => {
                unbridge(slots, place);
                let mut slot = slots.swap_remove(place);
                slot.close(counters);
                counters.closed();
            }
        }
    }
}

fn bridge(slots: &mut [Slot], place: usize, peer: LegId) {
    let Some(other) = slots.iter().position(|slot| slot.id == peer) else {
        // The peer was closed a moment ago; its driver tells ours.
        return;
    };
    if other == place {
        return;
    }
    for place in [place, other] {
        unbridge(slots, place);
    }
    let id = slots[place].id;
    slots[place].set_peer(Some(peer));
    slots[other].set_peer(Some(id));
}

fn unbridge(slots: &mut [Slot], place: usize) {
    let peer = slots[place].peer;
    slots[place].set_peer(None);
    if let Some(other) = slots.iter_mut().find(|slot| Some(slot.id) == peer) {
        other.set_peer(None);
    }
}

fn tick(now: Moment, wall_ms: i64, slots: &mut [Slot], counters: &Counters) {
    for slot in slots.iter_mut() {
        slot.hear(now);
    }
    for place in 0..slots.len() {
        let peer = slots[place].peer;
        let heard = peer
            .and_then(|peer| slots.iter().find(|slot| slot.id == peer))
            .map(|peer| *peer.heard());
        slots[place].speak(now, wall_ms, heard.as_ref());
    }
    for slot in slots.iter_mut() {
        slot.tell(counters);
    }
}
