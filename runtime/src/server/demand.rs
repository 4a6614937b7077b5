//! How many connections a server needs, by how many it had in use at once (manual: "pool-purge-delay").
//!
//! The estimate follows a rise at once; at each purge it goes half the way down to the most that were in use since the
//! last one. A connection that is given back is kept while those in use and those idle don't exceed it. No clock and
//! no sockets: the pool asks.

use std::sync::atomic::{
    AtomicU64, AtomicUsize,
    Ordering::{AcqRel, Relaxed},
};

/// Connections of one server in use and idle, and the estimate that follows from them.
#[derive(Debug, Default)]
pub struct Demand {
    /// Those in use above [`SHIFT`], those idle below: they change together, so that no worker sees one counted twice.
    counts: AtomicU64,
    /// The most in use at once since the last purge.
    used_max: AtomicUsize,
    needed: AtomicUsize,
}

const SHIFT: u32 = 32;
const USED: u64 = 1 << SHIFT;
const IDLE: u64 = 1;

impl Demand {
    /// A new connection begins to carry requests.
    pub fn begin(&self) {
        let before = self.counts.fetch_add(USED, AcqRel);
        self.note(used_of(before) + 1);
    }

    /// An idle connection carries requests again.
    pub fn begin_again(&self) {
        let before = self.counts.fetch_add(USED - IDLE, AcqRel);
        self.note(used_of(before) + 1);
    }

    fn note(&self, used: usize) {
        if used > self.used_max.load(Relaxed) {
            self.used_max.fetch_max(used, Relaxed);
        }
        if used > self.needed.load(Relaxed) {
            self.needed.fetch_max(used, Relaxed);
        }
    }

    /// A connection in use is over, or private from now on.
    pub fn end(&self) {
        self.counts.fetch_sub(USED, AcqRel);
    }

    /// So many idle connections are over.
    pub fn drop_idle(&self, count: usize) {
        self.counts.fetch_sub(IDLE * count as u64, AcqRel);
    }

    /// A connection in use becomes an idle one, if there are less than `max` and it is needed, or the worker has so
    /// `few` that need doesn't matter. Otherwise nothing changes.
    pub fn rest(&self, max: usize, few: bool) -> bool {
        let allowed = |counts| {
            let (used, idle) = (used_of(counts), idle_of(counts));
            (idle < max && (few || used + idle <= self.needed())).then(|| counts - USED + IDLE)
        };
        self.counts.fetch_update(AcqRel, Relaxed, allowed).is_ok()
    }

    /// In use now.
    pub fn used(&self) -> usize {
        used_of(self.counts.load(Relaxed))
    }

    /// Idle now.
    pub fn idle(&self) -> usize {
        idle_of(self.counts.load(Relaxed))
    }

    /// The most in use at once since the last purge.
    pub fn used_max(&self) -> usize {
        self.used_max.load(Relaxed)
    }

    /// The estimate.
    pub fn needed(&self) -> usize {
        self.needed.load(Relaxed)
    }

    /// Renews the estimate at a purge. Returns by how many the connections exceed what it was.
    pub fn renew(&self) -> usize {
        let (used, idle) = (self.used(), self.idle());
        let peak = self.used_max.swap(used, Relaxed);
        let halfway = |needed| Some((needed + peak) / 2);
        let before = match self.needed.fetch_update(Relaxed, Relaxed, halfway) {
            Ok(before) | Err(before) => before,
        };
        (used + idle).saturating_sub(before)
    }
}

fn used_of(counts: u64) -> usize {
    (counts >> SHIFT) as usize
}

fn idle_of(counts: u64) -> usize {
    (counts & (USED - 1)) as usize
}

/// How many of a worker's `own` idle connections a purge closes, when all workers have `idle` ones and `excess` too
/// many: its part of half of them, and one more, so that the last ones go too.
pub fn purged(excess: usize, own: usize, idle: usize) -> usize {
    if excess == 0 || own == 0 {
        return 0;
    }
    (excess.div_ceil(2) * own / idle.max(own) + 1).min(own)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after_burst(count: usize) -> Demand {
        let demand = Demand::default();
        (0..count).for_each(|_| demand.begin());
        (0..count).for_each(|_| assert!(demand.rest(usize::MAX, false)));
        demand
    }

    fn purge(demand: &Demand) -> (usize, usize) {
        let (excess, idle) = (demand.renew(), demand.idle());
        demand.drop_idle(purged(excess, idle, idle));
        (demand.needed(), demand.idle())
    }

    // Recorded from the reference: bursts of 64 and 20 requests, then rest, as (estimate, idle) after each purge.
    #[test]
    fn at_rest_the_idle_ones_go_as_the_reference_closes_them() {
        let of_64 = [
            (64, 64),
            (32, 64),
            (16, 47),
            (8, 30),
            (4, 18),
            (2, 10),
            (1, 5),
            (0, 2),
            (0, 0),
        ];
        let of_20 = [(20, 20), (10, 20), (5, 14)];
        for (burst, expected) in [(64, &of_64[..]), (20, &of_20)] {
            let demand = after_burst(burst);
            for step in expected {
                assert_eq!(purge(&demand), *step);
            }
        }
    }

    // Recorded from the reference: ten idle, five in use all the time.
    #[test]
    fn what_is_in_use_counts_and_holds_the_estimate() {
        let demand = after_burst(10);
        assert_eq!(purge(&demand), (10, 10));
        (0..5).for_each(|_| demand.begin());
        for step in [(7, 6), (6, 3), (5, 1), (5, 0)] {
            assert_eq!(purge(&demand), step);
        }
        (0..5).for_each(|_| assert!(demand.rest(usize::MAX, false)));
        demand.begin();
        assert!(!demand.rest(usize::MAX, false), "five are enough");
        assert!(demand.rest(6, true));
        demand.begin_again();
        assert_eq!((demand.used(), demand.idle()), (1, 5));
        assert!(!demand.rest(5, true));
    }

    // Recorded from the reference with four threads: 64 idle, evenly spread.
    #[test]
    fn each_worker_closes_its_part_and_one_more() {
        let mut own = 16;
        for (excess, left) in [(0, 16), (32, 11), (28, 7), (20, 4), (12, 2), (6, 1), (3, 0)] {
            own -= purged(excess, own, own * 4);
            assert_eq!(own, left);
        }
        assert_eq!(purged(7, 0, 12), 0);
    }
}
