//! The configuration file: its types, validation, and each module's own settings made from it.
