//! The rooms together, over real sockets on loopback.

mod simulator;
mod sip;
