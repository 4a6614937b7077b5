//! When checks are due (manual 5.2: "inter", "fastinter", "downinter"; "spread-checks", "max-spread-checks").
//!
//! Sans-IO: everything is computed from arguments; the driver holds the timers.

use std::time::{Duration, Instant};

use locum_model::check::Check;

use super::rise_fall::Phase;

/// The intervals and bounds of one server's check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CheckTiming {
    /// Fully up.
    pub inter: Duration,
    /// In transition or unchecked.
    pub fast: Duration,
    /// Fully down.
    pub down: Duration,
    /// Bound on the connection.
    pub connect: Duration,
    /// Bound on the exchange after the connection; `None`: `connect` bounds the whole.
    pub exchange: Option<Duration>,
}

impl CheckTiming {
    /// The timing of a check in a backend with this `timeout connect`.
    pub fn new(check: &Check, timeout_connect: Option<Duration>) -> Self {
        let inter = check.inter.max(Duration::from_millis(1));
        let connect = match (check.timeout, timeout_connect) {
            // With a timeout of its own the check connects within the usual bound.
            (Some(_), Some(connect)) => connect.min(inter),
            _ => inter,
        };
        Self {
            inter,
            fast: check.fast_inter.unwrap_or(inter),
            down: check.down_inter.unwrap_or(inter),
            connect,
            exchange: check.timeout,
        }
    }

    /// The pause before the next check in this phase.
    pub fn pause(&self, phase: Phase) -> Duration {
        match phase {
            Phase::Up => self.inter,
            Phase::Transition => self.fast,
            Phase::Down => self.down,
        }
    }

    /// When the next check starts, counted from the planned start of the last one; late starts don't pile up.
    /// `jitter` is a number in 0..1 for `spread-checks` percent.
    pub fn next(
        &self,
        planned: Instant,
        now: Instant,
        phase: Phase,
        spread_percent: u32,
        jitter: f64,
    ) -> Instant {
        let pause = self.pause(phase);
        let spread = pause.mul_f64(f64::from(spread_percent.min(50)) / 100.0);
        let shifted = pause + spread.mul_f64(2.0 * jitter.clamp(0.0, 1.0));
        let due = planned + shifted.saturating_sub(spread);
        due.max(now)
    }
}

/// Offsets of the first checks of all servers, in their order: spread over the smallest interval, at most `max_spread`.
pub fn first_offsets(timings: &[CheckTiming], max_spread: Option<Duration>) -> Vec<Duration> {
    let Some(smallest) = timings.iter().map(|t| t.inter).min() else {
        return Vec::new();
    };
    let span = max_spread.map_or(smallest, |most| most.min(smallest));
    let count = timings.len() as u32;
    (0..count).map(|place| span * place / count).collect()
}
