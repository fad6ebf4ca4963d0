//! The `yingda` program.

fn main() {}
