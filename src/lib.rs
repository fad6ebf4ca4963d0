//! Yingda (应答) answers a business's 400 hotline: SIP and RTP in, local speech recognition, FAQ retrieval, speech synthesis,
//! and a human agent when one is needed. `ARCHITECTURE.md` is the map; `tests/tidy.rs` holds its layers.
//!
//! Invariants worth knowing before reading on:
//!
//! - Machines (layer 1) take the moment and an input, and give outputs. They read no clock, do no IO and are not `async`.
//! - Engines (layer 2) never decide; machines never obtain. Drivers (layer 3) do both on their behalf.
//! - What happens in a call is a [`call::CallEvent`]; transcript, CDR and console are views on events.
//! - Only events leave a media thread, never audio frames.
#![forbid(unsafe_op_in_unsafe_fn)]
#![warn(missing_docs)]

// Layer 0: vocabulary.
pub mod action;
pub mod audio;
pub mod call;
pub mod clock;
pub mod entry;
pub mod ids;
pub mod mood;
pub mod phone_number;
pub mod pii;
pub mod text;
pub mod transcript;

// Layer 1: machines without IO.
pub mod conversation;
pub mod escalation;
pub mod knowledge;
pub mod media;
pub mod routing;

// Layer 2: engines and adaptors.
pub mod asr;
pub mod embedding;
pub mod inference;
pub mod llm;
pub mod models;
pub mod recording;
pub mod remote;
pub mod retrieval;
pub mod sandbox;
pub mod sentiment;
pub mod storage;
pub mod telemetry;
pub mod tts;
pub mod webhooks;

// Layer 3: drivers.
pub mod acd;
pub mod console;
pub mod media_plane;
pub mod publishing;
pub mod session;
pub mod simulator;
pub mod sip;

// Layer 4: composition.
pub mod app;
pub mod cli;
pub mod config;
