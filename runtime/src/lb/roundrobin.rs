//! `balance roundrobin`: in turns by weight, spread as evenly as possible; weights may change at any time.
//!
//! Each server has a position on a time line that has one slot per request; after its turn it moves on by the total
//! weight divided by its own. Division leaves a remainder, which it carries along. Servers that had no turn yet wait
//! beside the time line, heaviest first, and fill the slots that nobody claims. This reproduces the reference's order
//! (docs/undocumented-haproxy.md, "Load balancing").

use crate::server::ServerState;

/// One server's place.
#[derive(Debug, Clone, Copy)]
struct Turn {
    server: u32,
    /// In sixteenths; 0 while it carries no load.
    weight: u64,
    /// Slot that it claims; without meaning while it waits beside the time line.
    slot: u64,
    /// What the last division left.
    remainder: u64,
    /// When it was put there: equals go in that order.
    since: u64,
    /// It had no turn yet.
    waiting: bool,
}

/// The servers and the common time line.
#[derive(Debug, Default)]
pub struct RoundRobin {
    turns: Vec<Turn>,
    total: u64,
    now: u64,
    last_slot: u64,
    arrivals: u64,
}

impl RoundRobin {
    /// The servers that carry load, or their weights, have changed.
    pub fn on_change(&mut self, carriers: &[u32], servers: &[ServerState]) {
        let before = self.total;
        let weight_of = |server: u32| {
            let carries = carriers.contains(&server);
            let weight = || u64::from(servers[server as usize].effective_weight());
            if carries { weight().max(1) } else { 0 }
        };
        for server in carriers {
            if !self.turns.iter().any(|turn| turn.server == *server) {
                self.turns.push(Turn {
                    server: *server,
                    weight: 0,
                    slot: 0,
                    remainder: 0,
                    since: 0,
                    waiting: before == 0,
                });
            }
        }
        self.total = carriers.iter().map(|server| weight_of(*server)).sum();
        for turn in &mut self.turns {
            let weight = weight_of(turn.server);
            let was = std::mem::replace(&mut turn.weight, weight);
            if was == weight || weight == 0 || turn.waiting {
                continue;
            }
            self.arrivals += 1;
            turn.since = self.arrivals;
            if was == 0 {
                let share = before + turn.remainder;
                turn.slot = self.last_slot + share / weight;
                turn.remainder = share % weight;
            } else {
                turn.slot = self.now + self.total / weight;
            }
        }
    }

    /// Whose turn it is among those that are free. Those that are not free lose their turn.
    pub fn choose(&mut self, free: impl Fn(u32) -> bool) -> Option<u32> {
        if self
            .turns
            .iter()
            .all(|turn| turn.weight == 0 || !free(turn.server))
        {
            return None;
        }
        // Each round moves one server; a light one may be far behind heavy ones that are full, so leave room.
        for _ in 0..self.turns.len() * 512 {
            let server = self.advance()?;
            if free(server) {
                return Some(server);
            }
        }
        self.turns
            .iter()
            .find(|turn| turn.weight > 0 && free(turn.server))
            .map(|turn| turn.server)
    }

    /// Gives the next slot away.
    fn advance(&mut self) -> Option<u32> {
        let carries = |turn: &&mut Turn| turn.weight > 0;
        // Equal slots: the smaller remainder for its weight first, then the one that came first.
        let rank = |t: &Turn| (t.slot, t.remainder as i64 - t.weight as i64, t.since);
        let (mut claimed, mut waiting): (Option<&mut Turn>, Option<&mut Turn>) = (None, None);
        for turn in self.turns.iter_mut().filter(carries) {
            if turn.waiting {
                if waiting
                    .as_ref()
                    .is_none_or(|best| turn.weight > best.weight)
                {
                    waiting = Some(turn);
                }
            } else if claimed.as_ref().is_none_or(|best| rank(turn) < rank(best)) {
                claimed = Some(turn);
            }
        }
        let turn = match (claimed, waiting) {
            (Some(turn), Some(_)) if turn.slot <= self.now => turn,
            (_, Some(turn)) => {
                turn.slot = self.now;
                turn.waiting = false;
                turn
            }
            (Some(turn), None) => turn,
            (None, None) => return None,
        };
        self.now = self.now.max(turn.slot) + 1;
        self.last_slot = turn.slot;
        let share = self.total + turn.remainder;
        turn.slot += share / turn.weight;
        turn.remainder = share % turn.weight;
        self.arrivals += 1;
        turn.since = self.arrivals;
        Some(turn.server)
    }
}
