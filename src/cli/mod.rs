//! The command line: one file a subcommand, each a call into the library.
