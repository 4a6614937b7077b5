//! Idle connections to one server, ready for another request (manual: "http-reuse", "pool-max-conn", "pool-low-conn",
//! "pool-purge-delay", "max-reuse").
//!
//! One shard per worker: a worker looks into its own first, then takes from the others. The one that
//! waited longest goes out first: under `safe` of those that were reused before, else of those that were not. Connections that have not been reused yet stand apart: a cautious policy hands a session's first request
//! only to one that has proved that its server keeps connections alive. A private connection never comes here.
//!
//! How many are kept is [`Demand`]'s business and that of the process's [`Descriptors`]; whoever gets a connection back
//! from the pool to close it resets it, so that no port is left in TIME_WAIT.

use std::{
    collections::{HashMap, VecDeque},
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use locum_model::{
    Text,
    address::Address,
    proxy::{HttpReuse, Server},
};
use parking_lot::Mutex;

use super::{
    demand::{Demand, purged},
    descriptors::Descriptors,
};

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
    /// Below this many idle ones a worker doesn't take from others; up to it, it keeps what comes back.
    pub low: u32,
    /// Workers take from each other.
    pub shared: bool,
    /// Each such time half of what is not needed is closed; zero keeps none.
    pub purge_delay: Duration,
    /// Reuses of a connection at most; `None`: no limit.
    pub max_reuse: Option<u32>,
}

impl PoolRules {
    /// The rules of a server in a backend with this policy.
    pub fn new(reuse: HttpReuse, shared: bool, server: &Server) -> Self {
        Self {
            reuse,
            shared,
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
    /// Counts it as used again.
    pub in_use: InUse<C>,
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

/// Each request looks a key up twice, nearly always the plain one: the standard hasher would cost more than all the
/// rest of it. This one is keyed, too: clients choose parts of keys.
type Shard<C> = Mutex<HashMap<PoolKey, Stacks<C>, foldhash::fast::RandomState>>;

#[derive(Clone, Copy)]
enum Kind {
    Fresh,
    Safe,
}

/// The idle connections of one server.
#[derive(Debug)]
pub struct IdlePool<C> {
    rules: PoolRules,
    shards: Box<[Shard<C>]>,
    /// Per shard, for the low mark.
    lengths: Box<[AtomicUsize]>,
    fresh: AtomicUsize,
    safe: AtomicUsize,
    demand: Demand,
    descriptors: Arc<Descriptors>,
    /// When the next purge is due: set by the first connection that comes, given up when a purge finds none.
    due: Mutex<Option<Instant>>,
    is_due_set: AtomicBool,
}

/// Counts of one pool (`show servers conn`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PoolCounts {
    /// Carry a request.
    pub used: usize,
    /// The most of them at once since the last purge.
    pub used_max: usize,
    /// The estimate of how many are needed.
    pub needed: usize,
    /// Idle and never reused.
    pub fresh: usize,
    /// Idle and reused before.
    pub safe: usize,
}

/// A connection in use; counted until it is dropped or given back.
#[derive(Debug)]
pub struct InUse<C> {
    pool: Arc<IdlePool<C>>,
    /// It counts as used: it may come to the pool.
    is_counted: bool,
    /// It went to the pool: its descriptor stays open.
    is_kept: bool,
}

impl<C> InUse<C> {
    /// The connection now belongs to one session: what is needed is no longer estimated from it.
    pub fn make_private(&mut self) {
        if std::mem::take(&mut self.is_counted) {
            self.pool.demand.end();
        }
    }
}

impl<C: Send> InUse<C> {
    /// Keeps the connection, whose exchange has ended, among the idle ones. What comes back must be closed by the
    /// caller: it isn't needed, the pool is full, descriptors are scarce, or it has had its share of requests.
    pub fn give_back(
        mut self,
        worker: usize,
        key: &PoolKey,
        connection: C,
        reuses: u32,
        now: Instant,
    ) -> Option<C> {
        if !self.is_counted {
            return Some(connection);
        }
        let refused = self.pool.put(worker, key, connection, reuses, now);
        self.is_kept = refused.is_none();
        self.is_counted = refused.is_some();
        refused
    }
}

impl<C> Drop for InUse<C> {
    fn drop(&mut self) {
        if self.is_counted {
            self.pool.demand.end();
        }
        if !self.is_kept {
            self.pool.descriptors.closed(1);
        }
    }
}

impl<C: Send> IdlePool<C> {
    /// A pool with a shard per worker (at least one).
    pub fn new(rules: PoolRules, workers: usize, descriptors: Arc<Descriptors>) -> Self {
        let workers = workers.max(1);
        Self {
            rules,
            shards: (0..workers).map(|_| Shard::default()).collect(),
            lengths: (0..workers).map(|_| AtomicUsize::new(0)).collect(),
            fresh: AtomicUsize::new(0),
            safe: AtomicUsize::new(0),
            demand: Demand::default(),
            descriptors,
            due: Mutex::new(None),
            is_due_set: AtomicBool::new(false),
        }
    }

    /// The rules.
    pub fn rules(&self) -> &PoolRules {
        &self.rules
    }

    /// Counts a new connection as carrying requests, until the guard goes.
    pub fn begin_use(self: &Arc<Self>) -> InUse<C> {
        self.descriptors.opened();
        self.demand.begin();
        self.in_use()
    }

    fn in_use(self: &Arc<Self>) -> InUse<C> {
        InUse {
            pool: self.clone(),
            is_counted: true,
            is_kept: false,
        }
    }

    /// An idle connection for a request, or nothing: then a new one must be made.
    ///
    /// `first` says that it is the first request of its client's session. `alive` looks whether a connection still
    /// stands (a peek at its socket); those that don't are dropped on the way.
    pub fn take(
        self: &Arc<Self>,
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
        let reach = if self.rules.shared { workers } else { 1 };
        for step in 0..reach {
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

    fn put(
        &self,
        worker: usize,
        key: &PoolKey,
        connection: C,
        reuses: u32,
        now: Instant,
    ) -> Option<C> {
        let shard = worker % self.shards.len();
        let worn = |max: u32| reuses >= max;
        if self.rules.reuse == HttpReuse::Never
            || self.rules.purge_delay.is_zero()
            || self.rules.max_reuse.is_some_and(worn)
            || !self.reserve(shard)
        {
            return Some(connection);
        }
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
        if !self.is_due_set.load(Relaxed) {
            *self.due.lock() = Some(now + self.rules.purge_delay);
            self.is_due_set.store(true, Relaxed);
        }
        None
    }

    /// A place among the idle ones, if one more is allowed and wanted. A worker that has no more than the low mark
    /// (so at least one, without that) keeps it whatever the need and the descriptors are.
    fn reserve(&self, shard: usize) -> bool {
        let max = self.rules.max.map_or(usize::MAX, |max| max as usize);
        let few = self.lengths[shard].load(Relaxed) <= self.rules.low as usize;
        (few || self.descriptors.allow_idle()) && self.demand.rest(max, few)
    }

    /// Books out connections that left a shard to be closed.
    fn left(&self, shard: usize, count: usize) {
        self.lengths[shard].fetch_sub(count, Relaxed);
        self.demand.drop_idle(count);
        self.descriptors.closed(count);
    }

    /// Idle connections.
    pub fn len(&self) -> usize {
        self.demand.idle()
    }

    /// Idle connections of each worker.
    pub fn lengths(&self) -> impl Iterator<Item = usize> {
        self.lengths.iter().map(|length| length.load(Relaxed))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The counts.
    pub fn counts(&self) -> PoolCounts {
        PoolCounts {
            used: self.demand.used(),
            used_max: self.demand.used_max(),
            needed: self.demand.needed(),
            fresh: self.fresh.load(Relaxed),
            safe: self.safe.load(Relaxed),
        }
    }

    /// Takes out one worker's idle connections that were closed meanwhile.
    pub fn reap_closed(&self, worker: usize, mut alive: impl FnMut(&mut C) -> bool) -> Vec<C> {
        let shard = worker % self.shards.len();
        let mut closed = Vec::new();
        if self.lengths[shard].load(Relaxed) == 0 {
            return closed;
        }
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
        self.left(shard, closed.len());
        closed
    }

    /// Takes out one for a new connection that needs its descriptor, if those are scarce. The caller closes it.
    pub fn make_room(&self, worker: usize) -> Option<C> {
        if self.is_empty() || !self.descriptors.are_scarce() {
            return None;
        }
        let workers = self.shards.len();
        (0..workers)
            .map(|step| (worker + step) % workers)
            .find_map(|shard| self.remove(shard, 1).pop())
    }

    /// When [`IdlePool::purge`] has something to do.
    pub fn due(&self) -> Option<Instant> {
        if !self.is_due_set.load(Relaxed) {
            return None;
        }
        *self.due.lock()
    }

    /// The purge that is due each `purge_delay`: half of the connections that are too many. The caller closes what it
    /// gets.
    pub fn purge(&self, now: Instant) -> Vec<C> {
        if self.due().is_none_or(|due| now < due) {
            return Vec::new();
        }
        let idle = self.len();
        *self.due.lock() = (idle > 0).then(|| now + self.rules.purge_delay);
        self.is_due_set.store(idle > 0, Relaxed);
        let excess = self.demand.renew();
        let mut out = Vec::new();
        for (shard, own) in self.lengths().enumerate() {
            out.append(&mut self.remove(shard, purged(excess, own, idle)));
        }
        out
    }

    /// Takes out a worker's oldest, those never reused first.
    fn remove(&self, shard: usize, mut count: usize) -> Vec<C> {
        let mut out = Vec::new();
        if count == 0 {
            return out;
        }
        let mut all = self.shards[shard].lock();
        for kind in [Kind::Fresh, Kind::Safe] {
            let total = match kind {
                Kind::Fresh => &self.fresh,
                Kind::Safe => &self.safe,
            };
            for stacks in all.values_mut() {
                let stack = match kind {
                    Kind::Fresh => &mut stacks.fresh,
                    Kind::Safe => &mut stacks.safe,
                };
                // The oldest stand in front.
                let gone = count.min(stack.len());
                count -= gone;
                total.fetch_sub(gone, Relaxed);
                out.extend(stack.drain(..gone).map(|idle| idle.connection));
            }
        }
        all.retain(|_, stacks| !(stacks.safe.is_empty() && stacks.fresh.is_empty()));
        self.left(shard, out.len());
        out
    }

    fn take_from(
        self: &Arc<Self>,
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
                if alive(&mut idle.connection) {
                    self.lengths[shard].fetch_sub(1, Relaxed);
                    self.demand.begin_again();
                    found = Some(idle);
                } else {
                    self.left(shard, 1);
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
            in_use: self.in_use(),
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
#[path = "idle_tests.rs"]
mod tests;
