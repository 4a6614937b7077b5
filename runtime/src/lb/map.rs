//! Map-based hashing: a table in which each server stands as often as its weight says; the hash is a place in it.

use super::static_rr::StaticRr;
use crate::server::ServerState;

/// The table.
#[derive(Debug, Default)]
pub struct Map {
    turns: StaticRr,
}

impl Map {
    /// The servers that carry load have changed. Weights count as configured: later changes have no effect.
    pub fn on_change(&mut self, carriers: &[u32], servers: &[ServerState]) {
        self.turns.on_change(carriers, servers);
    }

    /// The server of a hash.
    pub fn choose(&self, hash: u32) -> Option<u32> {
        let table = self.turns.table();
        let length = u32::try_from(table.len()).ok().filter(|n| *n > 0)?;
        Some(table[(hash % length) as usize])
    }

    /// The next in the table that is free: for requests without a key.
    pub fn in_turn(&mut self, free: impl Fn(u32) -> bool) -> Option<u32> {
        self.turns.choose(free)
    }
}

/// A table in which each server stands as often as its weight says (divided by their greatest common divisor).
///
/// Every slot each server gains its weight; the slot goes to the one with the most whole totals to its credit, the
/// first of equals, and costs a total.
pub(super) fn spread(carriers: &[u32], servers: &[ServerState]) -> Vec<u32> {
    let weight = |server: &u32| i64::from(servers[*server as usize].rules.initial_weight);
    let weights: Vec<i64> = carriers.iter().map(weight).collect();
    let places = spread_weights(&weights);
    places.into_iter().map(|place| carriers[place]).collect()
}

fn spread_weights(weights: &[i64]) -> Vec<usize> {
    let divisor = weights.iter().copied().fold(0, gcd).max(1);
    let weights: Vec<i64> = weights.iter().map(|weight| weight / divisor).collect();
    let total: i64 = weights.iter().sum();
    let mut credits = vec![0i64; weights.len()];
    let mut table = Vec::with_capacity(usize::try_from(total).unwrap_or(0));
    for _ in 0..total {
        let mut best = (0, i64::MIN);
        for (place, credit) in credits.iter_mut().enumerate() {
            *credit += weights[place];
            let whole = (*credit + total).div_euclid(total);
            if whole > best.1 {
                best = (place, whole);
            }
        }
        credits[best.0] -= total;
        table.push(best.0);
    }
    table
}

fn gcd(a: i64, b: i64) -> i64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_the_reference_s() {
        let cases: [(&[i64], &[usize]); 8] = [
            (&[3, 2, 1], &[1, 1, 2, 1, 2, 3]),
            (&[1, 2, 3], &[1, 3, 2, 3, 2, 3]),
            (
                &[10, 1, 5],
                &[1, 1, 2, 3, 1, 1, 3, 1, 1, 3, 1, 1, 3, 1, 1, 3],
            ),
            (&[5, 3], &[1, 1, 2, 1, 1, 2, 1, 2]),
            (&[4, 4, 2], &[1, 2, 1, 2, 3]),
            (&[7, 3, 2, 1], &[1, 1, 2, 1, 2, 1, 3, 1, 2, 1, 3, 1, 4]),
            (&[1, 1, 4], &[1, 3, 3, 2, 3, 3]),
            (&[6, 4], &[1, 1, 2, 1, 2]),
        ];
        for (weights, table) in cases {
            let ours: Vec<usize> = spread_weights(weights).iter().map(|p| p + 1).collect();
            assert_eq!(ours, table, "weights {weights:?}");
        }
    }
}
