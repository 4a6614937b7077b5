//! Events per second over a sliding second, shared by all workers.

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Instant,
};

/// A frequency counter: the current second's count and the whole previous one, blended by how much of the current
/// second has passed.
#[derive(Debug)]
pub struct Rate {
    origin: Instant,
    /// Second number (32 bits), count of that second (32 bits).
    current: AtomicU64,
    /// Count of the second before.
    previous: AtomicU64,
    max: AtomicU64,
}

/// The highest count of a second.
const MOST: u64 = 0xffff_ffff;

impl Rate {
    /// At zero.
    pub fn new(now: Instant) -> Self {
        Self {
            origin: now,
            current: AtomicU64::new(0),
            previous: AtomicU64::new(0),
            max: AtomicU64::new(0),
        }
    }

    /// Counts one event.
    pub fn count(&self, now: Instant) {
        self.count_many(now, 1);
    }

    /// Counts events that came together.
    pub fn count_many(&self, now: Instant, events: u32) {
        let events = u64::from(events);
        let second = now.saturating_duration_since(self.origin).as_secs() & MOST;
        let mut seen = self.current.load(Relaxed);
        loop {
            let is_current = behind(seen >> 32, second) == 0;
            let next = if is_current {
                seen >> 32 << 32 | (seen & MOST).saturating_add(events).min(MOST)
            } else {
                second << 32 | events
            };
            match self
                .current
                .compare_exchange_weak(seen, next, Relaxed, Relaxed)
            {
                Ok(_) => {
                    if !is_current {
                        let adjacent = behind(seen >> 32, second) == 1;
                        let before = if adjacent { seen & MOST } else { 0 };
                        self.max.fetch_max(before, Relaxed);
                        self.previous.store(before, Relaxed);
                    }
                    return;
                }
                Err(other) => seen = other,
            }
        }
    }

    /// Events in the second that ends now.
    pub fn per_second(&self, now: Instant) -> u32 {
        let since = now.saturating_duration_since(self.origin);
        let second = since.as_secs() & MOST;
        let seen = self.current.load(Relaxed);
        let (current, previous) = match behind(seen >> 32, second) {
            0 => (seen & MOST, self.previous.load(Relaxed)),
            1 => (0, seen & MOST),
            _ => (0, 0),
        };
        let left = u64::from(1000 - since.subsec_millis().min(999));
        u32::try_from(current + previous * left / 1000).unwrap_or(u32::MAX)
    }

    /// The highest count of a whole second.
    pub fn max(&self) -> u32 {
        let current = self.current.load(Relaxed) & MOST;
        u32::try_from(self.max.load(Relaxed).max(current)).unwrap_or(u32::MAX)
    }

    /// Forgets the maximum.
    pub fn reset_max(&self) {
        self.max.store(0, Relaxed);
    }
}

/// How many seconds the one that is counted lies behind this one. Tasks read the clock at different moments: for one
/// that is late the second that is counted already is its own.
fn behind(counted: u64, second: u64) -> u64 {
    second.saturating_sub(counted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    #[allow(clippy::disallowed_methods)]
    fn who_read_the_clock_a_little_earlier_counts_in_the_second_that_has_begun() {
        let start = Instant::now();
        let rate = Rate::new(start);
        let before = start + Duration::from_micros(1_999_900);
        let after = start + Duration::from_micros(2_000_100);
        for now in [after, before, after, before] {
            rate.count(now);
        }
        assert_eq!(rate.per_second(after), 4);
        assert_eq!(rate.per_second(before), 4);
        assert_eq!(rate.max(), 4);
    }

    #[test]
    #[allow(clippy::disallowed_methods)]
    fn a_burst_fades_over_the_next_second() {
        let start = Instant::now();
        let rate = Rate::new(start);
        for _ in 0..10 {
            rate.count(start + Duration::from_millis(100));
        }
        assert_eq!(rate.per_second(start + Duration::from_millis(999)), 10);
        assert_eq!(rate.per_second(start + Duration::from_millis(1500)), 5);
        assert_eq!(rate.per_second(start + Duration::from_millis(2500)), 0);
        assert_eq!(rate.max(), 10);
    }
}
