//! Slowstart: a server that comes back takes its share step by step (manual 5.2: "slowstart").

use std::time::{Duration, Instant};

/// Weights are handled in sixteenths, so that a share of weight 1 can still grow.
pub const WEIGHT_SCALE: u32 = 16;

/// The weight in sixteenths at a percentage, at least 1 unless the weight is 0.
pub fn scaled_weight(weight: u32, percent: u32) -> u32 {
    if weight == 0 {
        return 0;
    }
    (weight * WEIGHT_SCALE * percent.min(100))
        .div_ceil(100)
        .max(1)
}

/// The ramp of one server. Sans-IO.
#[derive(Debug, Clone, Copy, Default)]
pub struct Slowstart {
    started: Option<Instant>,
}

impl Slowstart {
    /// The server came up.
    pub fn start(&mut self, now: Instant) {
        self.started = Some(now);
    }

    /// The server went down, or the ramp ended.
    pub fn stop(&mut self) {
        self.started = None;
    }

    /// Percentage at `now`, 1–99 on the ramp; `None` when there is none (any more).
    pub fn percent(&self, now: Instant, length: Duration) -> Option<u32> {
        let elapsed = now.saturating_duration_since(self.started?);
        if elapsed >= length {
            return None;
        }
        let share = elapsed.as_millis() * 100 / length.as_millis().max(1);
        Some((share as u32).clamp(1, 99))
    }

    /// When the ramp must be looked at again: each second, or at its end.
    pub fn deadline(&self, now: Instant, length: Duration) -> Option<Instant> {
        let end = self.started? + length;
        Some(end.min(now + Duration::from_secs(1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_grows_linearly_and_ends() {
        let mut ramp = Slowstart::default();
        #[allow(clippy::disallowed_methods)]
        let t0 = Instant::now();
        let length = Duration::from_secs(10);
        assert_eq!(ramp.percent(t0, length), None);
        ramp.start(t0);
        assert_eq!(ramp.percent(t0, length), Some(1));
        assert_eq!(ramp.percent(t0 + length / 2, length), Some(50));
        assert_eq!(ramp.percent(t0 + length, length), None);
    }

    #[test]
    fn a_usable_server_never_weighs_nothing() {
        assert_eq!(scaled_weight(1, 1), 1);
        assert_eq!(scaled_weight(0, 100), 0);
        assert_eq!(scaled_weight(256, 100), 4096);
    }
}
