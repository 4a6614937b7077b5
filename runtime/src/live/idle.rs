//! How much of its time a worker waits (`Idle_pct`).

use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// What is shorter than this says nothing.
const SHORTEST: Duration = Duration::from_millis(500);

/// The share of its time that the worker waited which is asked, between two questions.
#[derive(Debug)]
pub struct Idle(Mutex<Sample>);

#[derive(Debug)]
struct Sample {
    at: Instant,
    busy: Duration,
    percent: u8,
}

impl Idle {
    /// Nothing was done yet.
    pub fn new(now: Instant) -> Self {
        Self(Mutex::new(Sample {
            at: now,
            busy: Duration::ZERO,
            percent: 100,
        }))
    }

    /// Percentage of the time since the last question that this thread's runtime waited. Questions that follow one
    /// another at once have the same answer.
    pub fn percent(&self, now: Instant) -> u8 {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return self.0.lock().percent;
        };
        self.since_last(now, runtime.metrics().worker_total_busy_duration(0))
    }

    fn since_last(&self, now: Instant, busy: Duration) -> u8 {
        let mut sample = self.0.lock();
        let passed = now.saturating_duration_since(sample.at);
        if passed >= SHORTEST {
            let worked = busy.saturating_sub(sample.busy).as_secs_f64() / passed.as_secs_f64();
            let percent = (100.0 * (1.0 - worked.min(1.0))).round() as u8;
            *sample = Sample {
                at: now,
                busy,
                percent,
            };
        }
        sample.percent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_that_since_the_last_question() {
        let began = crate::clock::now();
        let idle = Idle::new(began);
        let after = |seconds| began + Duration::from_secs(seconds);
        assert_eq!(idle.since_last(after(10), Duration::from_secs(5)), 50);
        assert_eq!(idle.since_last(after(10), Duration::from_secs(9)), 50);
        assert_eq!(idle.since_last(after(14), Duration::from_secs(6)), 75);
        assert_eq!(idle.since_last(after(15), Duration::from_secs(60)), 0);
    }
}
