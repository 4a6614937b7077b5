//! `balance roundrobin`: in turns by weight, spread as evenly as possible; weights may change at any time.
//!
//! Time goes in cycles of as many slots as the servers weigh together, in sixteenths; each request takes a slot. After
//! its turn a server moves on by the cycle's length divided by its own weight, into the next cycle where that leads
//! beyond the end of this one. Division leaves a remainder, which it carries along. Servers that had no turn yet wait
//! beside the time line, heaviest first, and fill the slots that nobody claims. This reproduces the reference's order
//! (docs/undocumented-haproxy.md, "Load balancing").

use crate::server::ServerState;

/// One server's place.
#[derive(Debug, Clone, Copy)]
struct Turn {
    server: u32,
    /// In sixteenths; 0 while it carries no load.
    weight: u64,
    /// Slot of its cycle that it claims; without meaning while it waits beside the time line.
    slot: u64,
    /// The slot lies in the next cycle.
    next_cycle: bool,
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
    /// The length of a cycle: all weights.
    total: u64,
    /// The slot of the next request.
    now: u64,
    arrivals: u64,
}

impl Turn {
    fn claim(&mut self, slot: u64, cycle: u64) {
        self.next_cycle = slot >= cycle;
        self.slot = slot - if self.next_cycle { cycle } else { 0 };
    }
}

impl RoundRobin {
    /// The servers that carry load, or their weights, have changed.
    pub fn on_change(&mut self, carriers: &[u32], servers: &[ServerState]) {
        let begins = self.total == 0;
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
                    next_cycle: false,
                    remainder: 0,
                    since: 0,
                    waiting: begins,
                });
            }
        }
        self.total = carriers.iter().map(|server| weight_of(*server)).sum();
        for turn in &mut self.turns {
            let weight = weight_of(turn.server);
            let was = std::mem::replace(&mut turn.weight, weight);
            if was == weight || weight == 0 {
                continue;
            }
            self.arrivals += 1;
            turn.since = self.arrivals;
            if was == 0 && !begins {
                // Its share of what is left of the cycle.
                turn.waiting = false;
                let left = self.total.saturating_sub(self.now);
                turn.claim(self.now + left / weight, self.total);
            } else if !turn.waiting {
                turn.claim(self.now + self.total / weight, self.total);
                turn.remainder = 0;
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
        let place = match self.due() {
            Some(place) => place,
            None => {
                self.begin_cycle();
                self.due()?
            }
        };
        let turn = &mut self.turns[place];
        if std::mem::take(&mut turn.waiting) {
            turn.slot = self.now;
        }
        self.now += 1;
        let share = self.total + turn.remainder;
        turn.claim(turn.slot + share / turn.weight, self.total);
        turn.remainder = share % turn.weight;
        self.arrivals += 1;
        turn.since = self.arrivals;
        Some(turn.server)
    }

    fn begin_cycle(&mut self) {
        self.now = 0;
        for turn in &mut self.turns {
            turn.next_cycle = false;
        }
    }

    /// The place of the server that gets the next slot of this cycle.
    fn due(&self) -> Option<usize> {
        use std::cmp::Reverse;
        let all = || self.turns.iter().enumerate().filter(|(_, t)| t.weight > 0);
        // Equal slots: the smaller remainder for its weight first, then the one that came first.
        let rank = |t: &Turn| (t.slot, t.remainder as i64 - t.weight as i64, t.since);
        let claimed = all()
            .filter(|(_, turn)| !turn.waiting && !turn.next_cycle)
            .min_by_key(|(_, turn)| rank(turn));
        let waiting = all()
            .filter(|(_, turn)| turn.waiting)
            .min_by_key(|(_, turn)| (Reverse(turn.weight), turn.since));
        match (claimed, waiting) {
            (Some((place, turn)), Some(_)) if turn.slot <= self.now => Some(place),
            (_, Some((place, _))) | (Some((place, _)), None) => Some(place),
            (None, None) => None,
        }
    }
}
