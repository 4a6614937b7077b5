//! `balance leastconn`: the server with the fewest requests relative to its weight, in turns among equals.

use crate::server::ServerState;

/// The servers in the order in which equals take turns.
#[derive(Debug, Default)]
pub struct LeastConn {
    turns: Vec<u32>,
}

impl LeastConn {
    /// The servers that carry load have changed.
    pub fn on_change(&mut self, carriers: &[u32], _servers: &[ServerState]) {
        self.turns.retain(|server| carriers.contains(server));
        for server in carriers {
            if !self.turns.contains(server) {
                self.turns.push(*server);
            }
        }
    }

    /// The least loaded that is free.
    pub fn choose(&mut self, servers: &[ServerState], free: impl Fn(u32) -> bool) -> Option<u32> {
        let load = |server: u32| {
            let state = &servers[server as usize];
            let requests = u64::from(state.served() + state.queued());
            // Requests per weight, compared as fractions of 4096 sixteenths.
            requests * 4096 / u64::from(state.effective_weight().max(1))
        };
        let candidates = self.turns.iter().enumerate();
        let (place, _) = candidates
            .filter(|(_, server)| free(**server))
            .min_by_key(|(_, server)| load(**server))?;
        let server = self.turns.remove(place);
        self.turns.push(server);
        Some(server)
    }
}
