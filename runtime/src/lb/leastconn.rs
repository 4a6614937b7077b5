//! `balance leastconn`: the server with the fewest requests relative to its weight, in turns among equals.
//!
//! An idle server ranks 0, any other by (requests + 1) / weight; equals go in the order in which they got their rank,
//! which they get anew with each request that begins or ends (docs/undocumented-haproxy.md, "Load balancing").

use std::collections::BTreeMap;

use crate::server::ServerState;

/// (load, arrival).
type Rank = (u64, u64);

/// The servers in the order in which they are tried.
#[derive(Debug, Default)]
pub struct LeastConn {
    order: BTreeMap<Rank, u32>,
    /// Rank and weight of each server that carries load, by its place in the backend.
    ranks: Vec<Option<(Rank, u32)>>,
    arrivals: u64,
}

impl LeastConn {
    /// The servers that carry load, or their weights, have changed.
    pub fn on_change(&mut self, carriers: &[u32], servers: &[ServerState]) {
        self.ranks.resize(servers.len(), None);
        for server in 0..servers.len() as u32 {
            let carries = carriers.contains(&server);
            let known = self.ranks[server as usize];
            let weight = servers[server as usize].effective_weight();
            match known {
                Some(_) if !carries => self.remove(server),
                Some((_, was)) if was != weight => self.place(server, servers),
                None if carries => self.place(server, servers),
                _ => {}
            }
        }
    }

    /// A request began or ended at a server.
    pub fn on_load(&mut self, server: u32, servers: &[ServerState]) {
        if self.ranks[server as usize].is_some() {
            self.place(server, servers);
        }
    }

    /// The least loaded that is free.
    pub fn choose(&self, free: impl Fn(u32) -> bool) -> Option<u32> {
        self.order.values().copied().find(|server| free(*server))
    }

    fn remove(&mut self, server: u32) {
        if let Some((rank, _)) = self.ranks[server as usize].take() {
            self.order.remove(&rank);
        }
    }

    fn place(&mut self, server: u32, servers: &[ServerState]) {
        self.remove(server);
        let state = &servers[server as usize];
        let weight = state.effective_weight().max(1);
        let rank = (load(state.served() + state.queued(), weight), self.arrivals);
        self.arrivals += 1;
        self.order.insert(rank, server);
        self.ranks[server as usize] = Some((rank, weight));
    }
}

/// Requests per weight; 32 bits after the point keep different fractions apart.
fn load(requests: u32, weight: u32) -> u64 {
    match requests {
        0 => 0,
        n => ((u64::from(n) + 1) << 32) / u64::from(weight),
    }
}

#[cfg(test)]
mod tests {
    use super::load;

    #[test]
    fn equal_shares_are_equal_and_others_are_not() {
        assert_eq!(load(1, 16), load(3, 32));
        assert!(load(4095, 4096) < load(4095, 4095));
        assert_eq!(load(0, 1), 0);
    }
}
