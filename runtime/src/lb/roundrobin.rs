//! `balance roundrobin`: in turns by weight, spread as evenly as possible; weights may change at any time.

use crate::server::ServerState;

/// One server's place on the time line.
#[derive(Debug, Clone, Copy)]
struct Turn {
    server: u32,
    weight: u64,
    /// Turns that it had since the list was made.
    had: u64,
}

/// The servers and the common time line: one step per request.
#[derive(Debug, Default)]
pub struct RoundRobin {
    turns: Vec<Turn>,
    total: u64,
    now: u64,
}

impl RoundRobin {
    /// The servers that carry load, or their weights, have changed.
    pub fn on_change(&mut self, carriers: &[u32], servers: &[ServerState]) {
        let weight = |server: u32| u64::from(servers[server as usize].effective_weight());
        self.turns = carriers
            .iter()
            .map(|server| Turn {
                server: *server,
                weight: weight(*server).max(1),
                had: 0,
            })
            .collect();
        self.total = self.turns.iter().map(|t| t.weight).sum();
        self.now = 0;
    }

    /// Whose turn it is among those that are free.
    pub fn choose(&mut self, free: impl Fn(u32) -> bool) -> Option<u32> {
        let total = self.total;
        let due = |t: &Turn| (t.had + 1) * total / t.weight;
        let eligible = |t: &Turn| t.had * total / t.weight <= self.now;
        let place = self
            .turns
            .iter()
            .enumerate()
            .filter(|(_, t)| free(t.server))
            .min_by_key(|(_, t)| (!eligible(t), due(t)))
            .map(|(place, _)| place)?;
        let turn = &mut self.turns[place];
        turn.had += 1;
        self.now += 1;
        if self.now >= self.total {
            self.now = 0;
            for turn in &mut self.turns {
                turn.had = turn.had.saturating_sub(turn.weight);
            }
        }
        Some(self.turns[place].server)
    }
}
