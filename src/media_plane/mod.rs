//! The media threads: every leg's [`MediaLeg`] on one shared 20 ms tick, the UDP sockets and the
//! port pool.
//!
//! Only events leave a media thread, never frames. This module does not know what a call is about, and it does not speak SIP:
//! what offer and answer agreed on reaches it as a command.

mod ports;
mod slot;
mod statistics;
#[cfg(test)]
mod tests;
mod thread;

use std::{
    net::{IpAddr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc::{SyncSender, sync_channel},
    },
    thread::JoinHandle,
    time::Duration,
};

use tokio::sync::mpsc;

use crate::{
    audio::Pcm,
    call::Digit,
    clock::ProcessClock,
    ids::{SpeechId, UtteranceId},
    media::{
        NegotiatedMedia,
        leg::{LegSeed, MediaLeg},
    },
    recording::Recording,
};
use ports::PortPool;
use slot::Slot;
use statistics::Counters;

pub use crate::media::event::{ListeningProfile, MediaEvent, MediaEventKind, Snapshot};
pub use statistics::PlaneStatistics;

/// Commands of a leg that wait for the next tick. One more is refused: the media threads are far behind.
const COMMANDS: usize = 64;

/// Events of a leg that wait for its driver: minutes of a call. When they are full, more are dropped and counted.
const EVENTS: usize = 256;

/// Legs that wait to be taken by a media thread.
const NEW_LEGS: usize = 64;

/// Settings of the media plane.
#[derive(Clone, Debug)]
pub struct MediaPlaneConfig {
    /// Local address of RTP.
    pub address: IpAddr,
    /// First port of the pool, even.
    pub first_port: u16,
    /// Last port of the pool.
    pub last_port: u16,
    /// Media threads, at least 1.
    pub threads: usize,
    /// Time without a packet after which [`MediaEventKind::MediaLost`] is told.
    pub lost_after: Duration,
}

/// One leg's media, unique in the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LegId(u64);

/// What a driver asks of a leg. Commands of one leg are carried out in order, at the next tick.
#[derive(Debug)]
pub enum MediaCommand {
    /// Offer and answer agreed, first or again (re-INVITE). Packets are sent from here on.
    Negotiated(NegotiatedMedia),
    /// Append to the playout queue. An interruption flushes it unless `interruptible` is false.
    Play {
        /// Names it in events.
        speech: SpeechId,
        /// 8 kHz.
        pcm: Pcm,
        /// Whether caller speech may pause and end it.
        interruptible: bool,
        /// Start again at its end until stopped (comfort music).
        repeat: bool,
    },
    /// Go on with what caller speech paused.
    Resume,
    /// Drop every queued and playing speech, the uninterruptible too if `all`.
    Stop {
        /// Include what is not interruptible.
        all: bool,
    },
    /// Drop this speech alone, wherever it stands in the queue.
    Drop(SpeechId),
    /// How to find the end of an utterance from now on.
    Listen(ListeningProfile),
    /// The words are complete: end the utterance that is paused now, without waiting for more silence.
    Commit(UtteranceId),
    /// Send keys as telephone-events (RFC 4733).
    SendDigits(Vec<Digit>),
    /// Let this leg and `peer` hear each other. Playout of both is stopped.
    Bridge {
        /// The other leg, opened beside this one.
        peer: LegId,
    },
    /// Separate this leg from its peer.
    Unbridge,
    /// Record from the next tick on: left what is received, right what is sent.
    Record(Recording),
}

/// Why a leg could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenLegError {
    /// Every port of the pool is in use.
    #[error("no RTP port is free between {first} and {last}")]
    NoPort {
        /// First port of the pool.
        first: u16,
        /// Last port of the pool.
        last: u16,
    },
    /// The socket could not be opened.
    #[error("RTP socket {address}: {error}")]
    Socket {
        /// The local address.
        address: SocketAddr,
        /// What the system said.
        error: std::io::Error,
    },
    /// The media threads have stopped, or are far behind.
    #[error("the media threads take no more legs")]
    Overloaded,
}

/// A command that was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the media thread is gone or far behind")]
pub struct CommandRefused;

/// The media threads. Dropping it stops them.
#[derive(Debug)]
pub struct MediaPlane {
    config: MediaPlaneConfig,
    ports: PortPool,
    threads: Vec<MediaThread>,
    next_leg: AtomicU64,
    stop: Arc<AtomicBool>,
}

#[derive(Debug)]
struct MediaThread {
    new_legs: SyncSender<Slot>,
    counters: Arc<Counters>,
    thread: Option<JoinHandle<()>>,
}

impl MediaPlane {
    /// Starts the threads.
    pub fn start(config: MediaPlaneConfig, clock: ProcessClock) -> std::io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let threads = (0..config.threads.max(1))
            .map(|number| {
                let (new_legs, queue) = sync_channel(NEW_LEGS);
                let counters = Arc::new(Counters::default());
                let (told, stop) = (counters.clone(), stop.clone());
                let thread = std::thread::Builder::new()
                    .name(format!("media-{number}"))
                    .spawn(move || thread::run(clock, &queue, &told, &stop))?;
                Ok(MediaThread {
                    new_legs,
                    counters,
                    thread: Some(thread),
                })
            })
            .collect::<std::io::Result<_>>()?;
        Ok(Self {
            ports: PortPool::new(config.address, config.first_port, config.last_port),
            config,
            threads,
            next_leg: AtomicU64::new(1),
            stop,
        })
    }

    /// Opens a leg. Two legs that are to be bridged live on one thread: the second is opened `beside` the first. Dropping
    /// the handle closes the leg and gives its ports back.
    pub fn open(
        &self,
        beside: Option<&LegHandle>,
    ) -> Result<(LegHandle, mpsc::Receiver<MediaEvent>), OpenLegError> {
        let thread = match beside {
            Some(leg) => leg.thread,
            None => (0..self.threads.len())
                .min_by_key(|&thread| self.threads[thread].counters.legs())
                // `start` makes one thread at least.
                .unwrap_or(0),
        };
        let ports = self.ports.lease()?;
        let rtp_address = ports.rtp_address();
        let id = LegId(self.next_leg.fetch_add(1, Ordering::Relaxed));
        let (commands, command_queue) = mpsc::channel(COMMANDS);
        let (events, event_queue) = mpsc::channel(EVENTS);
        let seed = LegSeed {
            ssrc: rand::random(),
            sequence: rand::random(),
            timestamp: rand::random(),
        };
        let leg = MediaLeg::new(seed, self.config.lost_after);
        let slot = Slot::new(id, leg, ports, command_queue, events);
        let MediaThread {
            new_legs, counters, ..
        } = &self.threads[thread];
        counters.opened();
        new_legs.try_send(slot).map_err(|_| {
            counters.closed();
            OpenLegError::Overloaded
        })?;
        let handle = LegHandle {
            id,
            rtp_address,
            thread,
            commands,
        };
        Ok((handle, event_queue))
    }

    /// The local address of RTP.
    pub const fn address(&self) -> IpAddr {
        self.config.address
    }

    /// Ports in use: two a leg.
    pub fn ports_in_use(&self) -> usize {
        self.ports.in_use()
    }

    /// How the threads are doing, all together.
    pub fn statistics(&self) -> PlaneStatistics {
        let each = self.threads.iter().map(|thread| thread.counters.read());
        each.fold(PlaneStatistics::default(), PlaneStatistics::and)
    }
}

impl Drop for MediaPlane {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        for thread in &mut self.threads {
            if let Some(thread) = thread.thread.take() {
                // A thread that panicked has said so; there is nothing left to stop.
                let _ = thread.join();
            }
        }
    }
}

/// One leg, as its driver holds it. Dropping it closes the leg.
#[derive(Debug)]
pub struct LegHandle {
    id: LegId,
    rtp_address: SocketAddr,
    thread: usize,
    commands: mpsc::Sender<MediaCommand>,
}

impl LegHandle {
    /// Which leg.
    pub const fn id(&self) -> LegId {
        self.id
    }

    /// Where it receives RTP.
    pub const fn rtp_address(&self) -> SocketAddr {
        self.rtp_address
    }

    /// Asks the leg for something, at its next tick. Never waits.
    pub fn send(&self, command: MediaCommand) -> Result<(), CommandRefused> {
        self.commands.try_send(command).map_err(|_| CommandRefused)
    }
}
