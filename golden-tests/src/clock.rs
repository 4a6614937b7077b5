//! The harness is a driver: it reads the clock here and nowhere else.

use std::time::{Duration, Instant, SystemTime};

/// Now, on the monotonic clock.
#[must_use]
#[allow(
    clippy::disallowed_methods,
    reason = "the harness waits for other processes; this is its one clock"
)]
pub fn now() -> Instant {
    Instant::now()
}

/// Now, as the kernel stamps packets: time since 1970.
#[must_use]
#[allow(
    clippy::disallowed_methods,
    reason = "packets carry the wall clock's time, and are compared with it"
)]
pub fn wall() -> Duration {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.unwrap_or_default()
}

/// Asks `done` every few milliseconds until it says yes; false when `limit` has passed.
pub fn poll_until(limit: Duration, mut done: impl FnMut() -> bool) -> bool {
    let deadline = now() + limit;
    loop {
        if done() {
            return true;
        }
        if now() >= deadline {
            return false;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Reads `250ms`, `2s` or a bare number of milliseconds.
///
/// # Errors
/// Says which text is not a duration.
pub fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("'{text}' is not a duration such as 250ms or 2s");
    let (number, unit) = match text.find(|c: char| !c.is_ascii_digit()) {
        Some(at) => text.split_at(at),
        None => (text, "ms"),
    };
    let number: u64 = number.parse().map_err(|_| wrong())?;
    match unit {
        "ms" => Ok(Duration::from_millis(number)),
        "s" => Ok(Duration::from_secs(number)),
        _ => Err(wrong()),
    }
}
