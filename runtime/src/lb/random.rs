//! `balance random(n)`: n draws by weight, the least loaded of them is taken.

use crate::server::ServerState;

/// The servers with their weights summed up.
#[derive(Debug)]
pub struct Random {
    draws: u32,
    factor: u32,
    /// (sum of the weights up to here, server).
    sums: Vec<(u64, u32)>,
}

impl Random {
    /// With this many draws, and `hash-balance-factor` (0: off).
    pub fn new(draws: u32, factor: u32) -> Self {
        Self {
            draws,
            factor,
            sums: Vec::new(),
        }
    }

    /// The servers that carry load, or their weights, have changed.
    pub fn on_change(&mut self, carriers: &[u32], servers: &[ServerState]) {
        let mut sum = 0;
        self.sums = carriers
            .iter()
            .map(|server| {
                sum += u64::from(servers[*server as usize].effective_weight().max(1));
                (sum, *server)
            })
            .collect();
    }

    /// Draws with numbers that follow from `seed`.
    pub fn choose(
        &self,
        seed: u64,
        servers: &[ServerState],
        free: impl Fn(u32) -> bool,
    ) -> Option<u32> {
        let total = self.sums.last()?.0;
        let mut state = seed;
        let mut best: Option<u32> = None;
        for _ in 0..self.draws {
            let drawn = next_random(&mut state) % total;
            let place = self.sums.partition_point(|(sum, _)| *sum <= drawn);
            let server = self.sums[place].1;
            if !free(server) || super::ring::overloaded(server, &self.sums, servers, self.factor) {
                continue;
            }
            if best.is_none_or(|best| lighter(&servers[server as usize], &servers[best as usize])) {
                best = Some(server);
            }
        }
        // All draws were full ones: take whoever is free.
        best.or_else(|| self.sums.iter().map(|(_, s)| *s).find(|s| free(*s)))
    }
}

/// Fewer requests for its weight.
fn lighter(a: &ServerState, b: &ServerState) -> bool {
    let load = |x: &ServerState, y: &ServerState| {
        u64::from(x.served() + x.queued()) * u64::from(y.effective_weight())
    };
    load(a, b) < load(b, a)
}

/// SplitMix64.
fn next_random(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
