//! Consistent hashing: each server stands at many places of a ring of 32-bit numbers; a hash belongs to the nearest.

use crate::server::ServerState;

/// The ring.
#[derive(Debug)]
pub struct Ring {
    factor: u32,
    points: Vec<(u32, u32)>,
    weights: Vec<(u64, u32)>,
    /// The point that the last request without a key got.
    last: Option<(u32, u32)>,
}

impl Ring {
    /// With `hash-balance-factor` (0: off).
    pub fn new(factor: u32) -> Self {
        Self {
            factor,
            points: Vec::new(),
            weights: Vec::new(),
            last: None,
        }
    }

    /// The servers that carry load, or their weights, have changed.
    pub fn on_change(&mut self, carriers: &[u32], servers: &[ServerState]) {
        self.step_aside(carriers, servers);
        self.points.clear();
        self.weights.clear();
        let mut sum = 0;
        for server in carriers {
            let state = &servers[*server as usize];
            let weight = state.effective_weight();
            sum += u64::from(weight.max(1));
            self.weights.push((sum, *server));
            for copy in 0..weight {
                let point =
                    super::hash::avalanche(state.rules.id.wrapping_mul(4096).wrapping_add(copy));
                self.points.push((point, *server));
            }
        }
        self.points.sort_unstable();
    }

    /// A change of a server takes its points out, and the new ones in: who stands at one of them goes on to the next
    /// point of another server, which doesn't get its turn (observed).
    fn step_aside(&mut self, carriers: &[u32], servers: &[ServerState]) {
        let Some((_, server)) = self.last else {
            return;
        };
        let points = self.points.iter().filter(|point| point.1 == server).count();
        let weight = match carriers.contains(&server) {
            true => servers[server as usize].effective_weight() as usize,
            false => 0,
        };
        if points != weight {
            self.last = self
                .behind()
                .map(|at| self.points[at])
                .find(|point| point.1 != server);
        }
    }

    /// The places of the points behind the last one, once around.
    fn behind(&self) -> impl Iterator<Item = usize> + use<> {
        let length = self.points.len();
        let last = |last: (u32, u32)| self.points.partition_point(|point| *point <= last);
        let start = self.last.map_or(0, last);
        (0..length).map(move |step| (start + step) % length)
    }

    /// The next point whose server is free: for requests without a key.
    pub fn in_turn(&mut self, free: impl Fn(u32) -> bool) -> Option<u32> {
        let at = self.behind().find(|at| free(self.points[*at].1))?;
        self.last = Some(self.points[at]);
        Some(self.points[at].1)
    }

    /// The server of a hash; with a balance factor the next ones when it has more than its share.
    pub fn choose(&self, hash: u32, servers: &[ServerState]) -> Option<u32> {
        let length = self.points.len();
        if length == 0 {
            return None;
        }
        let at = self.points.partition_point(|(point, _)| *point < hash) % length;
        let after = self.points[at];
        let before = self.points[(at + length - 1) % length];
        let nearest = if hash.wrapping_sub(before.0) < after.0.wrapping_sub(hash) {
            (at + length - 1) % length
        } else {
            at
        };
        (0..length)
            .map(|step| self.points[(nearest + step) % length].1)
            .find(|server| !overloaded(*server, &self.weights, servers, self.factor))
            .or(Some(self.points[nearest].1))
    }
}

/// Whether a server has all of its share of the requests (`hash-balance-factor`). The slots that the factor gives to all
/// of them are cut up by weight along the servers' order, so that equal ones may differ by one; each
/// has one at least (observed).
pub(super) fn overloaded(
    server: u32,
    weights: &[(u64, u32)],
    servers: &[ServerState],
    factor: u32,
) -> bool {
    let Some(place) = weights.iter().position(|(_, s)| factor > 0 && *s == server) else {
        return false;
    };
    // Those that servers out of the load still have count too.
    let requests: u64 = servers.iter().map(|s| u64::from(s.served())).sum::<u64>() + 1;
    let slots = (requests * u64::from(factor)).div_ceil(100);
    let total = weights.last().map_or(1, |(sum, _)| *sum);
    let up_to = |sum: u64| slots * sum / total;
    let before = place.checked_sub(1).map_or(0, |before| weights[before].0);
    let share = up_to(weights[place].0) - up_to(before);
    u64::from(servers[server as usize].served()) >= share.max(1)
}
