//! Map-based hashing: a table in which each server stands as often as its weight says; the hash is a place in it.

use crate::server::ServerState;

/// The table.
#[derive(Debug, Default)]
pub struct Map {
    table: Vec<u32>,
}

impl Map {
    /// The servers that carry load have changed. Weights count as configured: later changes have no effect.
    pub fn on_change(&mut self, carriers: &[u32], servers: &[ServerState]) {
        self.table = spread(carriers, servers);
    }

    /// The server of a hash.
    pub fn choose(&self, hash: u32) -> Option<u32> {
        let length = u32::try_from(self.table.len()).ok().filter(|n| *n > 0)?;
        Some(self.table[(hash % length) as usize])
    }
}

/// A table in which each server stands as often as its weight says, divided by their greatest common divisor, spread
/// evenly.
pub(super) fn spread(carriers: &[u32], servers: &[ServerState]) -> Vec<u32> {
    let weight = |server: &u32| i64::from(servers[*server as usize].rules.initial_weight);
    let divisor = carriers.iter().map(weight).fold(0, gcd).max(1);
    let mut turns: Vec<(u32, i64, i64)> = carriers
        .iter()
        .map(|server| (*server, weight(server) / divisor, 0))
        .collect();
    let total: i64 = turns.iter().map(|(_, weight, _)| weight).sum();
    let mut table = Vec::with_capacity(total as usize);
    for _ in 0..total {
        let mut best: Option<usize> = None;
        for place in 0..turns.len() {
            turns[place].2 += turns[place].1;
            if best.is_none_or(|best| turns[place].2 > turns[best].2) {
                best = Some(place);
            }
        }
        if let Some(place) = best {
            turns[place].2 -= total;
            table.push(turns[place].0);
        }
    }
    table
}

fn gcd(a: i64, b: i64) -> i64 {
    if b == 0 { a } else { gcd(b, a % b) }
}
