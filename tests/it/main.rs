//! The rooms together, over real sockets on loopback.

mod crash;
mod leaks;
mod scenarios;
mod server;
mod simulator;
mod sip;
mod sip_hostile;
mod sip_peer;
mod sip_timers;
mod sounds;
mod whole_call;
