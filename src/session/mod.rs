//! One task a call: feeds the call's machine and obtains what it asks for.
