//! How often something happens in a period: the count of this period, and the last one's as far as it reaches into the
//! period that ends now (manual 4.2 "stick-table": `conn_rate` and its kin).

/// A rate counter. Its period is its table's, in milliseconds; moments are milliseconds of the table's clock.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PeriodRate {
    began_ms: u64,
    current: u32,
    previous: u32,
}

impl PeriodRate {
    /// Counts events.
    pub fn add(&mut self, now_ms: u64, period_ms: u32, count: u32) {
        self.turn(now_ms, period_ms);
        self.current = self.current.wrapping_add(count);
    }

    /// Begins anew with so many events.
    pub fn set(&mut self, now_ms: u64, count: u32) {
        *self = Self {
            began_ms: now_ms,
            current: count,
            previous: 0,
        };
    }

    /// Nothing has happened.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Events in the period that ends now. What is left of a single event of the last period stays one to its end, so
    /// that a rare event is seen for a whole period (observed).
    pub fn read(&self, now_ms: u64, period_ms: u32) -> u32 {
        let mut seen = *self;
        seen.turn(now_ms, period_ms);
        if seen.current == 0 && seen.previous <= 1 {
            return seen.previous;
        }
        let period = u64::from(period_ms.max(1));
        let left = period.saturating_sub(now_ms.saturating_sub(seen.began_ms));
        let faded = u64::from(seen.previous) * left / period;
        seen.current
            .saturating_add(u32::try_from(faded).unwrap_or(u32::MAX))
    }

    /// Begins the period that this moment lies in: the next one follows the last at its end, a later one begins now.
    fn turn(&mut self, now_ms: u64, period_ms: u32) {
        let period = u64::from(period_ms.max(1));
        let elapsed = now_ms.saturating_sub(self.began_ms);
        if elapsed < period {
            return;
        }
        if elapsed < 2 * period {
            self.previous = self.current;
            self.began_ms += period;
        } else {
            self.previous = 0;
            self.began_ms = now_ms;
        }
        self.current = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_fades_over_the_period_behind_it_as_in_the_reference() {
        let mut rate = PeriodRate::default();
        rate.add(5000, 1000, 10);
        let seen: Vec<u32> = [5000, 5974, 6055, 6135, 6216, 6458, 6943, 7024]
            .map(|now| rate.read(now, 1000))
            .into();
        assert_eq!(seen, [10, 10, 9, 8, 7, 5, 0, 0]);
    }

    #[test]
    fn a_single_event_is_seen_for_two_periods() {
        let mut rate = PeriodRate::default();
        rate.add(5000, 1000, 1);
        assert_eq!(
            [5966, 6048, 6966, 7050].map(|now| rate.read(now, 1000)),
            [1, 1, 1, 0]
        );
        rate.add(5000, 1000, 1);
        assert_eq!(
            [6063, 6495, 6575].map(|now| rate.read(now, 1000)),
            [1, 1, 0]
        );
    }

    #[test]
    fn the_next_period_follows_the_last_and_a_late_one_begins_with_its_event() {
        let mut rate = PeriodRate::default();
        rate.add(10_000, 1000, 10);
        rate.add(11_501, 1000, 4);
        assert_eq!(
            [11_502, 11_605, 11_903, 12_104, 12_605].map(|now| rate.read(now, 1000)),
            [8, 7, 4, 3, 1]
        );
        rate.add(13_900, 1000, 3);
        assert_eq!(
            [14_100, 14_800, 15_100, 15_500, 15_850].map(|now| rate.read(now, 1000)),
            [3, 3, 2, 1, 0]
        );
    }

    #[test]
    fn a_rate_that_was_set_fades_like_one_that_was_counted() {
        let mut rate = PeriodRate::default();
        rate.set(1000, 5);
        assert_eq!(
            [7900, 8300, 15_000].map(|now| rate.read(now, 7000)),
            [5, 4, 0]
        );
        rate.clear();
        assert_eq!(rate.read(8000, 7000), 0);
    }
}
