//! The drivers' clock: the only place of the runtime that reads the time. Cores get it as an argument.

use std::time::{Instant, SystemTime};

use crate::vocab::Now;

/// The monotonic time.
#[allow(clippy::disallowed_methods, reason = "this is the clock")]
#[inline]
pub fn now() -> Instant {
    Instant::now()
}

/// Monotonic and calendar time together.
#[allow(clippy::disallowed_methods, reason = "this is the clock")]
pub fn both() -> Now {
    Now {
        instant: Instant::now(),
        date: SystemTime::now(),
    }
}
