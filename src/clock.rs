//! Points in time as machines see them.
//!
//! A machine is given a [`Moment`] with every input and never asks for one. The origin is chosen by the driver (process
//! start on a live system, zero in a replay), so recorded inputs can be fed to a machine again and give the same outputs.
//! Nothing but [`ProcessClock`], which drivers own, reads a clock here.

use std::{
    fmt,
    ops::{Add, AddAssign, Sub},
    time::Duration,
};

use jiff::{
    Timestamp,
    civil::DateTime,
    tz::{TimeZone, offset},
};
use serde::{Deserialize, Serialize};

/// A monotonic point in time, in microseconds after an origin that the driver chose.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Moment(u64);

impl Moment {
    /// The origin itself.
    pub const ORIGIN: Self = Self(0);

    /// A moment so many microseconds after the origin.
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// A moment so many milliseconds after the origin.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis * 1_000)
    }

    /// Microseconds after the origin.
    pub const fn as_micros(self) -> u64 {
        self.0
    }

    /// Whole milliseconds after the origin.
    pub const fn as_millis(self) -> u64 {
        self.0 / 1_000
    }

    /// Time from `earlier` to this moment, zero if `earlier` is later.
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Moment {
    type Output = Self;

    fn add(self, delay: Duration) -> Self {
        // Microseconds of 584,000 years fit in 64 bits; the cast cannot cut a duration a call can have.
        Self(self.0.saturating_add(delay.as_micros() as u64))
    }
}

impl AddAssign<Duration> for Moment {
    fn add_assign(&mut self, delay: Duration) {
        *self = *self + delay;
    }
}

impl Sub<Duration> for Moment {
    type Output = Self;

    fn sub(self, delay: Duration) -> Self {
        Self(self.0.saturating_sub(delay.as_micros() as u64))
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:06}s", self.0 / 1_000_000, self.0 % 1_000_000)
    }
}

/// The local time in China at a wall-clock time in milliseconds after the Unix epoch: UTC+8 all year (GB/T 7408). Entries take
/// effect by it, wherever the server stands.
pub fn beijing_time(wall_ms: i64) -> DateTime {
    let time = Timestamp::from_millisecond(wall_ms).unwrap_or(Timestamp::UNIX_EPOCH);
    time.to_zoned_datetime(TimeZone::fixed(offset(8)))
        .datetime()
}

/// The clock of this process. Drivers (layer 3) own one and pass its moments on; machines and engines never hold it.
#[derive(Clone, Copy, Debug)]
pub struct ProcessClock {
    origin: std::time::Instant,
    origin_wall_ms: i64,
}

impl ProcessClock {
    /// A clock whose origin is now.
    #[allow(clippy::disallowed_methods)] // The one place that reads the clocks.
    pub fn start() -> Self {
        Self {
            origin: std::time::Instant::now(),
            origin_wall_ms: jiff::Timestamp::now().as_millisecond(),
        }
    }

    /// The present moment.
    #[allow(clippy::disallowed_methods)] // The one place that reads the clocks.
    pub fn now(&self) -> Moment {
        Moment::ORIGIN + std::time::Instant::now().duration_since(self.origin)
    }

    /// The wall-clock time of a moment, in milliseconds after the Unix epoch. Does not jump when the system's clock is set.
    pub fn wall_ms(&self, moment: Moment) -> i64 {
        // 292 million years of milliseconds fit in 63 bits.
        self.origin_wall_ms + moment.as_millis() as i64
    }

    /// The instant of a moment, for timers of the runtime.
    pub fn instant(&self, moment: Moment) -> std::time::Instant {
        self.origin + moment.since(Moment::ORIGIN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_business_has_beijing_time() {
        let at = |wall_ms| beijing_time(wall_ms).to_string();
        assert_eq!(at(0), "1970-01-01T08:00:00");
        assert_eq!(at(1_790_784_000_000), "2026-10-01T00:00:00");
    }
}
