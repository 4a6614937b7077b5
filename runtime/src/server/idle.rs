//! Idle connections to one server, ready for another request (manual: "http-reuse", "pool-max-conn", "pool-low-conn",
//! "pool-purge-delay", "max-reuse").
//!
//! One shard per worker: a worker looks into its own first, then takes from the others. The one that
//! waited longest goes out first: under `safe` of those that were reused before, else of those that were not. Connections that have not been reused yet stand apart: a cautious policy hands a session's first request
//! only to one that has proved that its server keeps connections alive. A private connection never comes here.

use std::{
    collections::{HashMap, VecDeque},
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use locum_model::{
    Text,
    address::Address,
    proxy::{HttpReuse, Server},
};
use parking_lot::Mutex;

/// What must be equal for a connection to serve another request; the default is a plain connection to the server's
/// own address.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct PoolKey(Option<Arc<PoolKeyParts>>);

/// The parts of a key that is not the plain one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct PoolKeyParts {
    /// Local address it is bound to.
    pub source: Option<SocketAddr>,
    /// Where it goes, if that is not the server's own address.
    pub destination: Option<Address>,
    /// TLS server name.
    pub sni: Option<Text>,
    /// The PROXY header that was sent; empty: none.
    pub proxy_header: Box<[u8]>,
}

impl From<PoolKeyParts> for PoolKey {
    fn from(parts: PoolKeyParts) -> Self {
        Self((parts != PoolKeyParts::default()).then(|| Arc::new(parts)))
    }
}

/// The rules of one server's pool.
#[derive(Debug, Clone, Copy)]
pub struct PoolRules {
    /// Who may take what.
    pub reuse: HttpReuse,
    /// Idle connections at most; `None`: no limit.
    pub max: Option<u32>,
    /// Below this many idle ones a worker doesn't take from others.
    pub low: u32,
    /// Each such time half of what was not needed is closed; zero keeps none.
    pub purge_delay: Duration,
    /// Reuses of a connection at most; `None`: no limit.
    pub max_reuse: Option<u32>,
}

impl PoolRules {
    /// The rules of a server in a backend with this policy.
    pub fn new(reuse: HttpReuse, server: &Server) -> Self {
        Self {
            reuse,
            max: server.pool_max_conn,
            low: server.pool_low_conn,
            purge_delay: server.pool_purge_delay,
            max_reuse: server.max_reuse,
        }
    }
}

/// A connection that was taken from a pool.
#[derive(Debug)]
pub struct Taken<C> {
    /// The connection.
    pub connection: C,
    /// How often it was reused, this time included.
    pub reuses: u32,
    /// The worker that it belonged to.
    pub shard: usize,
}

#[derive(Debug)]
struct Idle<C> {
    connection: C,
    reuses: u32,
}

#[derive(Debug)]
struct Stacks<C> {
    /// Reused at least once.
    safe: VecDeque<Idle<C>>,
    /// Never reused.
    fresh: VecDeque<Idle<C>>,
}

type Shard<C> = Mutex<HashMap<PoolKey, Stacks<C>>>;

/// The idle connections of one server.
#[derive(Debug)]
pub struct IdlePool<C> {
    rules: PoolRules,
    shards: Box<[Shard<C>]>,
    /// Per shard, for the low mark.
    lengths: Box<[AtomicUsize]>,
    fresh: AtomicUsize,
    safe: AtomicUsize,
    /// Connections that carry a request now.
    used: AtomicUsize,
    /// The most at once since the last purge.
    used_max: AtomicUsize,
}

/// Counts of one pool (`show servers conn`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PoolCounts {
    /// Carry a request.
    pub used: usize,
    /// Idle and never reused.
    pub fresh: usize,
    /// Idle and reused before.
    pub safe: usize,
}

/// A connection in use; counted until it is dropped.
#[derive(Debug)]
pub struct InUse<C>(Arc<IdlePool<C>>);

impl<C> Drop for InUse<C> {
    fn drop(&mut self) {
        self.0.used.fetch_sub(1, Relaxed);
    }
}

impl<C: Send> IdlePool<C> {
    /// A pool with a shard per worker (at least one).
    pub fn new(rules: PoolRules, workers: usize) -> Self {
        let workers = workers.max(1);
        Self {
            rules,
            shards: (0..workers).map(|_| Shard::default()).collect(),
            lengths: (0..workers).map(|_| AtomicUsize::new(0)).collect(),
            fresh: AtomicUsize::new(0),
            safe: AtomicUsize::new(0),
            used: AtomicUsize::new(0),
            used_max: AtomicUsize::new(0),
        }
    }

    /// The rules.
    pub fn rules(&self) -> &PoolRules {
        &self.rules
    }

    /// Counts a connection as carrying a request, until the guard goes.
    pub fn begin_use(self: &Arc<Self>) -> InUse<C> {
        let used = self.used.fetch_add(1, Relaxed) + 1;
        if used > self.used_max.load(Relaxed) {
            self.used_max.fetch_max(used, Relaxed);
        }
        InUse(self.clone())
    }

    /// An idle connection for a request, or nothing: then a new one must be made.
    ///
    /// `first` says that it is the first request of its client's session. `alive` looks whether a connection still
    /// stands (a peek at its socket); those that don't are dropped on the way.
    pub fn take(
        &self,
        worker: usize,
        key: &PoolKey,
        first: bool,
        mut alive: impl FnMut(&mut C) -> bool,
    ) -> Option<Taken<C>> {
        let (safe, fresh) = allowed(self.rules.reuse, first);
        if !(safe && self.safe.load(Relaxed) > 0 || fresh && self.fresh.load(Relaxed) > 0) {
            return None;
        }
        let workers = self.shards.len();
        let own = worker % workers;
        for step in 0..workers {
            let shard = (own + step) % workers;
            if step > 0 && self.lengths[own].load(Relaxed) < self.rules.low as usize {
                // Below the low mark a worker gets its own connections rather than others'.
                return None;
            }
            let taken = self.take_from(shard, key, (safe, fresh), &mut alive);
            if taken.is_some() {
                return taken;
            }
        }
        None
    }

    /// Keeps a connection whose exchange has ended. What comes back must be closed by the caller: the pool is full, or
    /// the connection has had its share of requests.
    pub fn put(&self, worker: usize, key: &PoolKey, connection: C, reuses: u32) -> Option<C> {
        let full = |max: u32| self.len() >= max as usize;
        let worn = |max: u32| reuses >= max;
        if self.rules.reuse == HttpReuse::Never
            || self.rules.purge_delay.is_zero()
            || self.rules.max.is_some_and(full)
            || self.rules.max_reuse.is_some_and(worn)
        {
            return Some(connection);
        }
        let shard = worker % self.shards.len();
        let mut stacks = self.shards[shard].lock();
        let stacks = stacks.entry(key.clone()).or_default();
        let idle = Idle { connection, reuses };
        if reuses > 0 {
            stacks.safe.push_back(idle);
            self.safe.fetch_add(1, Relaxed);
        } else {
            stacks.fresh.push_back(idle);
            self.fresh.fetch_add(1, Relaxed);
        }
        self.lengths[shard].fetch_add(1, Relaxed);
        None
    }

    /// Idle connections.
    pub fn len(&self) -> usize {
        self.safe.load(Relaxed) + self.fresh.load(Relaxed)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The counts.
    pub fn counts(&self) -> PoolCounts {
        PoolCounts {
            used: self.used.load(Relaxed),
            fresh: self.fresh.load(Relaxed),
            safe: self.safe.load(Relaxed),
        }
    }

    /// Takes out one worker's idle connections that were closed meanwhile.
    pub fn reap_closed(&self, worker: usize, mut alive: impl FnMut(&mut C) -> bool) -> Vec<C> {
        let shard = worker % self.shards.len();
        let mut closed = Vec::new();
        let mut all = self.shards[shard].lock();
        all.retain(|_, stacks| {
            for (stack, count) in [
                (&mut stacks.safe, &self.safe),
                (&mut stacks.fresh, &self.fresh),
            ] {
                for _ in 0..stack.len() {
                    let Some(mut idle) = stack.pop_front() else {
                        break;
                    };
                    if alive(&mut idle.connection) {
                        stack.push_back(idle);
                    } else {
                        count.fetch_sub(1, Relaxed);
                        closed.push(idle.connection);
                    }
                }
            }
            !(stacks.safe.is_empty() && stacks.fresh.is_empty())
        });
        self.lengths[shard].fetch_sub(closed.len(), Relaxed);
        closed
    }

    /// Takes out everything, when the server goes down or the process ends.
    pub fn drain(&self) -> Vec<C> {
        self.remove(usize::MAX)
    }

    /// The purge that is due each `purge_delay`: half of the idle connections beyond what was used at once since the
    /// last purge. The caller closes what it gets.
    pub fn purge(&self) -> Vec<C> {
        let used = self.used.load(Relaxed);
        let needed = self.used_max.swap(used, Relaxed);
        let excess = (used + self.len()).saturating_sub(needed);
        self.remove(excess.div_ceil(2))
    }

    fn remove(&self, mut count: usize) -> Vec<C> {
        let mut out = Vec::new();
        for (shard, length) in self.shards.iter().zip(&self.lengths) {
            let before = out.len();
            shard.lock().retain(|_, stacks| {
                for (stack, total) in [
                    (&mut stacks.fresh, &self.fresh),
                    (&mut stacks.safe, &self.safe),
                ] {
                    // The oldest stand in front.
                    let gone = count.min(stack.len());
                    count -= gone;
                    total.fetch_sub(gone, Relaxed);
                    out.extend(stack.drain(..gone).map(|idle| idle.connection));
                }
                !(stacks.safe.is_empty() && stacks.fresh.is_empty())
            });
            length.fetch_sub(out.len() - before, Relaxed);
        }
        out
    }

    fn take_from(
        &self,
        shard: usize,
        key: &PoolKey,
        (safe, fresh): (bool, bool),
        alive: &mut impl FnMut(&mut C) -> bool,
    ) -> Option<Taken<C>> {
        if self.lengths[shard].load(Relaxed) == 0 {
            return None;
        }
        let mut all = self.shards[shard].lock();
        let stacks = all.get_mut(key)?;
        let mut found = None;
        let mut kinds = [
            (fresh, &mut stacks.fresh, &self.fresh),
            (safe, &mut stacks.safe, &self.safe),
        ];
        if self.rules.reuse == HttpReuse::Safe {
            kinds.reverse();
        }
        for (permitted, queue, count) in kinds {
            while permitted && found.is_none() {
                let Some(mut idle) = queue.pop_front() else {
                    break;
                };
                count.fetch_sub(1, Relaxed);
                self.lengths[shard].fetch_sub(1, Relaxed);
                if alive(&mut idle.connection) {
                    found = Some(idle);
                }
            }
        }
        if stacks.safe.is_empty() && stacks.fresh.is_empty() && key.0.is_some() {
            all.remove(key);
        }
        found.map(|idle| Taken {
            connection: idle.connection,
            reuses: idle.reuses + 1,
            shard,
        })
    }
}

impl<C> Default for Stacks<C> {
    fn default() -> Self {
        Self {
            safe: VecDeque::new(),
            fresh: VecDeque::new(),
        }
    }
}

/// Which stacks a request may take from: (reused before, never reused).
fn allowed(reuse: HttpReuse, first: bool) -> (bool, bool) {
    match (reuse, first) {
        (HttpReuse::Never, _) => (false, false),
        (HttpReuse::Safe, true) => (false, false),
        (HttpReuse::Aggressive, true) => (true, false),
        (HttpReuse::Safe | HttpReuse::Aggressive, false) | (HttpReuse::Always, _) => (true, true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pool(reuse: HttpReuse, max: Option<u32>, low: u32) -> IdlePool<u32> {
        let rules = PoolRules {
            reuse,
            max,
            low,
            purge_delay: Duration::from_secs(5),
            max_reuse: None,
        };
        IdlePool::new(rules, 2)
    }

    fn take(pool: &IdlePool<u32>, worker: usize, first: bool) -> Option<(u32, u32)> {
        let taken = pool.take(worker, &PoolKey::default(), first, |_| true)?;
        Some((taken.connection, taken.reuses))
    }

    #[test]
    fn the_one_that_waited_longest_goes_first_and_other_workers_share() {
        let pool = pool(HttpReuse::Safe, None, 0);
        for connection in 1..=3 {
            assert_eq!(pool.put(0, &PoolKey::default(), connection, 0), None);
        }
        assert_eq!(take(&pool, 1, false), Some((1, 1)));
        assert_eq!(take(&pool, 0, false), Some((2, 1)));
        assert_eq!((pool.len(), pool.counts().fresh), (1, 1));
    }

    // Recorded from the reference with three connections: `safe` stays with one, `always` goes round.
    #[test]
    fn safe_prefers_what_was_reused_and_always_what_was_not() {
        for (reuse, order) in [(HttpReuse::Safe, [1, 1, 1]), (HttpReuse::Always, [1, 2, 3])] {
            let pool = pool(reuse, None, 0);
            for connection in 1..=3 {
                pool.put(0, &PoolKey::default(), connection, 0);
            }
            let taken = [(); 3].map(|()| {
                let (connection, reuses) = take(&pool, 0, false).unwrap();
                pool.put(0, &PoolKey::default(), connection, reuses);
                connection
            });
            assert_eq!(taken, order);
        }
    }

    #[test]
    fn a_session_s_first_request_takes_what_the_policy_allows() {
        for (reuse, fresh, proved) in [
            (HttpReuse::Never, None, None),
            (HttpReuse::Safe, None, None),
            (HttpReuse::Aggressive, None, Some((2, 4))),
            (HttpReuse::Always, Some((1, 1)), Some((2, 4))),
        ] {
            let pool = pool(reuse, None, 0);
            pool.put(0, &PoolKey::default(), 1, 0);
            assert_eq!(take(&pool, 0, true), fresh, "{reuse:?}");
            pool.put(0, &PoolKey::default(), 2, 3);
            assert_eq!(take(&pool, 0, true), proved, "{reuse:?}");
        }
    }

    #[test]
    fn connections_with_other_properties_are_not_taken() {
        let pool = pool(HttpReuse::Always, None, 0);
        let key = PoolKey::from(PoolKeyParts {
            sni: Some("a".into()),
            ..PoolKeyParts::default()
        });
        pool.put(0, &key, 7, 0);
        assert_eq!(take(&pool, 0, false), None);
        assert!(pool.take(0, &key, false, |_| true).is_some());
        assert!(pool.is_empty());
    }

    #[test]
    fn closed_ones_are_dropped_and_limits_hold() {
        let pool = pool(HttpReuse::Always, Some(1), 1);
        assert_eq!(pool.put(0, &PoolKey::default(), 1, 0), None);
        assert_eq!(pool.put(0, &PoolKey::default(), 2, 0), Some(2));
        assert_eq!(
            take(&pool, 1, false),
            None,
            "below the low mark nothing is taken from others"
        );
        assert!(
            pool.take(0, &PoolKey::default(), false, |_| false)
                .is_none()
        );
        assert_eq!(pool.counts(), PoolCounts::default());
    }

    #[test]
    fn a_purge_closes_half_of_what_was_not_needed() {
        let pool = pool(HttpReuse::Always, None, 0);
        for connection in 0..8 {
            pool.put(connection as usize % 2, &PoolKey::default(), connection, 0);
        }
        assert_eq!(pool.purge().len(), 4);
        assert_eq!(pool.purge().len(), 2);
        assert_eq!((pool.len(), pool.drain().len(), pool.len()), (2, 2, 0));
    }
}
