//! Stereo recordings, written as the call goes on.
