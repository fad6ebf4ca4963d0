//! The rooms together, over real sockets on loopback.

mod sip;
