//! Slowstart: a server that comes back takes its share step by step (manual 5.2: "slowstart").

use std::time::{Duration, Instant};

/// Weights are handled in sixteenths, so that a share of weight 1 can still grow.
pub const WEIGHT_SCALE: u32 = 16;

/// The weight in sixteenths at a share in sixteenths.
pub fn scaled_weight(weight: u32, share: u32) -> u32 {
    weight * share.min(WEIGHT_SCALE)
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

    /// The share at `now` in sixteenths, 1–16 on the ramp; `None` when there is none (any more). It grows with each whole
    /// second (observed).
    pub fn share(&self, now: Instant, length: Duration) -> Option<u32> {
        let elapsed = now.saturating_duration_since(self.started?);
        if elapsed >= length {
            return None;
        }
        // Ramps are looked at once a second, but not in step with their start.
        let seconds = (elapsed + Duration::from_millis(500)).as_secs();
        let share =
            u128::from(seconds) * 1000 * u128::from(WEIGHT_SCALE) / length.as_millis().max(1);
        Some((share as u32 + 1).min(WEIGHT_SCALE))
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
        assert_eq!(ramp.share(t0, length), None);
        ramp.start(t0);
        assert_eq!(ramp.share(t0, length), Some(1));
        // Recorded from the reference as percentages: 6, 12, 25, 31, 43, 56, 62.
        let after = |seconds| ramp.share(t0 + Duration::from_secs(seconds), length);
        let shares: Vec<_> = (0..7).filter_map(after).collect();
        assert_eq!(shares, [1, 2, 4, 5, 7, 9, 10]);
        assert_eq!(ramp.share(t0 + length, length), None);
    }

    #[test]
    fn a_usable_server_never_weighs_nothing() {
        assert_eq!(scaled_weight(1, 1), 1);
        assert_eq!(scaled_weight(0, 16), 0);
        assert_eq!(scaled_weight(256, 16), 4096);
    }
}
