//! The rooms together, over real sockets on loopback.

mod action;
mod baresip;
mod crash;
mod knowledge;
mod language_model;
mod metrics;
mod qdrant;
mod scenarios;
mod server;
mod simulator;
mod sip;
mod sip_hostile;
mod sip_offers;
mod sip_peer;
mod sip_timers;
mod sipp;
mod sounds;
mod starting;
mod talk;
mod webhook;
mod whole_call;
