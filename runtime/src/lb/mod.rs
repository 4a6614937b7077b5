//! Load balancing: which of a backend's servers gets a request (manual: "balance", "hash-type").
//!
//! One file per algorithm. A [`Balancer`] holds the algorithm's state behind a short lock; it is told of every change
//! of a server ([`Balancer::on_change`]) and keeps the list of the servers that carry load: the usable active ones, or,
//! when there are none, the first usable backup server or all of them (`option allbackups`).

pub mod first;
pub mod hash;
pub mod leastconn;
pub mod map;
pub mod random;
pub mod ring;
pub mod roundrobin;
pub mod static_rr;

use locum_model::{
    pool::{Balance, HashType},
    proxy::Backend,
};
use parking_lot::Mutex;

use crate::server::ServerState;

/// What a request brings to the choice.
#[derive(Debug, Clone, Copy, Default)]
pub struct Choice {
    /// The hash of its key (see [`hash::HashKey`]); `None`: it has no key, or the algorithm needs none.
    pub hash: Option<u32>,
    /// A server that just failed it: another one is taken where there is one.
    pub avoid: Option<u32>,
    /// A random number, for `random`.
    pub random: u64,
}

/// The outcome of a choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pick {
    /// This server, which had room.
    Server(u32),
    /// This server and no other, but it is full: wait in its queue.
    QueueOf(u32),
    /// All servers are full: wait in the backend's queue.
    Full,
    /// There is no usable server.
    None,
}

/// Chooses servers for one backend.
#[derive(Debug)]
pub struct Balancer {
    all_backups: bool,
    /// The algorithm wants to know of each request that begins or ends.
    by_load: bool,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    /// Those that carry load, in the order of the configuration.
    carriers: Vec<u32>,
    algorithm: Algorithm,
    /// The backup servers' own, where those are not just more places in the same table.
    reserve: Option<Algorithm>,
    /// The backup servers carry the load.
    on_reserve: bool,
}

#[derive(Debug)]
enum Algorithm {
    RoundRobin(roundrobin::RoundRobin),
    StaticRr(static_rr::StaticRr),
    LeastConn(leastconn::LeastConn),
    First(first::First),
    Map(map::Map),
    Ring(ring::Ring),
    Random(random::Random),
}

impl Algorithm {
    fn new(balance: &Balance, hash_type: HashType, hash_balance_factor: u32) -> Self {
        match balance {
            Balance::RoundRobin => Self::RoundRobin(roundrobin::RoundRobin::default()),
            Balance::StaticRoundRobin => Self::StaticRr(static_rr::StaticRr::default()),
            Balance::LeastConnections => Self::LeastConn(leastconn::LeastConn::default()),
            Balance::First => Self::First(first::First::default()),
            Balance::Random(draws) => {
                Self::Random(random::Random::new((*draws).max(1), hash_balance_factor))
            }
            _ if hash_type.consistent => Self::Ring(ring::Ring::new(hash_balance_factor)),
            _ => Self::Map(map::Map::default()),
        }
    }

    /// It remembers the order of its servers, which must outlive the time that others carry the load.
    fn keeps_order(&self) -> bool {
        matches!(
            self,
            Self::RoundRobin(_) | Self::LeastConn(_) | Self::Ring(_)
        )
    }

    fn on_change(&mut self, carriers: &[u32], servers: &[ServerState]) {
        match self {
            Self::RoundRobin(a) => a.on_change(carriers, servers),
            Self::StaticRr(a) => a.on_change(carriers, servers),
            Self::LeastConn(a) => a.on_change(carriers, servers),
            Self::First(a) => a.on_change(carriers, servers),
            Self::Map(a) => a.on_change(carriers, servers),
            Self::Ring(a) => a.on_change(carriers, servers),
            Self::Random(a) => a.on_change(carriers, servers),
        }
    }
}

impl Balancer {
    /// A balancer for these servers.
    pub fn new(backend: &Backend, all_backups: bool, servers: &[ServerState]) -> Self {
        let factor = backend.hash_balance_factor.unwrap_or(0);
        let new = || Algorithm::new(&backend.balance, backend.hash_type, factor);
        let algorithm = new();
        let balancer = Self {
            all_backups,
            by_load: matches!(backend.balance, Balance::LeastConnections),
            inner: Mutex::new(Inner {
                carriers: Vec::new(),
                reserve: algorithm.keeps_order().then(&new),
                algorithm,
                on_reserve: false,
            }),
        };
        balancer.refresh(servers);
        balancer
    }

    /// Chooses a server. `room` says whether a newcomer finds a free slot at a server.
    pub fn choose(
        &self,
        choice: &Choice,
        servers: &[ServerState],
        room: impl Fn(u32) -> bool,
    ) -> Pick {
        let inner = &mut *self.inner.lock();
        if inner.carriers.is_empty() {
            return Pick::None;
        }
        let avoid = choice.avoid.filter(|_| inner.carriers.len() > 1);
        let free = |server: u32| Some(server) != avoid && room(server);
        let algorithm = match &mut inner.reserve {
            Some(reserve) if inner.on_reserve => reserve,
            _ => &mut inner.algorithm,
        };
        let picked = match (algorithm, choice.hash) {
            (Algorithm::RoundRobin(a), _) => a.choose(free),
            (Algorithm::StaticRr(a), _) => a.choose(free),
            (Algorithm::LeastConn(a), _) => {
                match a.choose(|s| free(s) || queue_invites(&servers[s as usize])) {
                    Some(server) if !room(server) => return Pick::QueueOf(server),
                    picked => picked,
                }
            }
            (Algorithm::First(a), _) => a.choose(free),
            (Algorithm::Random(a), _) => a.choose(choice.random, servers, free),
            (Algorithm::Map(a), Some(hash)) => {
                return bound(a.choose(hash), &room);
            }
            (Algorithm::Ring(a), Some(hash)) => {
                return bound(a.choose(hash, servers), &room);
            }
            // Requests without a key go in turns through the table or around the ring.
            (Algorithm::Map(a), None) => a.in_turn(free),
            (Algorithm::Ring(a), None) => a.in_turn(free),
        };
        match (picked, avoid) {
            (Some(server), _) => Pick::Server(server),
            // Better the one that failed than none.
            (None, Some(server)) if room(server) => Pick::Server(server),
            (None, _) => Pick::Full,
        }
    }

    /// A slot of a server was taken, whoever chose it.
    pub fn taken(&self, server: u32, servers: &[ServerState]) {
        self.on_load(server, servers);
    }

    /// A slot of a server came back.
    pub fn released(&self, server: u32, servers: &[ServerState]) {
        self.on_load(server, servers);
    }

    fn on_load(&self, server: u32, servers: &[ServerState]) {
        if !self.by_load {
            return;
        }
        let inner = &mut *self.inner.lock();
        for algorithm in std::iter::once(&mut inner.algorithm).chain(&mut inner.reserve) {
            if let Algorithm::LeastConn(algorithm) = algorithm {
                algorithm.on_load(server, servers);
            }
        }
    }

    /// A server's state or weight has changed.
    pub fn on_change(&self, _server: u32, servers: &[ServerState]) {
        self.refresh(servers);
    }

    /// Whether weights may change while servers run.
    pub fn is_dynamic(&self) -> bool {
        !matches!(
            self.inner.lock().algorithm,
            Algorithm::StaticRr(_) | Algorithm::Map(_)
        )
    }

    /// Whether a server is one of those that carry load.
    pub fn carries_load(&self, server: u32, servers: &[ServerState]) -> bool {
        servers[server as usize].is_usable() && self.inner.lock().carriers.contains(&server)
    }

    /// Sum of the user-visible weights of those that carry load.
    pub fn total_weight(&self, servers: &[ServerState]) -> u32 {
        let inner = self.inner.lock();
        let weights = inner
            .carriers
            .iter()
            .map(|i| servers[*i as usize].user_weight());
        weights.sum()
    }

    fn refresh(&self, servers: &[ServerState]) {
        let active = usable(servers, false);
        let mut backups = usable(servers, true);
        if !self.all_backups {
            backups.truncate(1);
        }
        let inner = &mut *self.inner.lock();
        inner.on_reserve = active.is_empty();
        if let Some(reserve) = &mut inner.reserve {
            inner.algorithm.on_change(&active, servers);
            reserve.on_change(&backups, servers);
        }
        inner.carriers = if inner.on_reserve { backups } else { active };
        if inner.reserve.is_none() {
            inner.algorithm.on_change(&inner.carriers, servers);
        }
    }
}

/// A key belongs to its server, whatever happened there before (observed).
fn bound(picked: Option<u32>, room: impl Fn(u32) -> bool) -> Pick {
    match picked {
        None => Pick::None,
        Some(server) if room(server) => Pick::Server(server),
        Some(server) => Pick::QueueOf(server),
    }
}

/// A full server with an explicit `maxqueue` takes more into its queue up to that (manual 5.2: "maxqueue").
fn queue_invites(server: &ServerState) -> bool {
    server
        .rules
        .maxqueue
        .is_some_and(|most| server.queued() < most)
}

/// The active or the backup servers that are usable.
fn usable(servers: &[ServerState], backup: bool) -> Vec<u32> {
    let usable =
        |(_, state): &(usize, &ServerState)| state.rules.backup == backup && state.is_usable();
    let indexed = servers.iter().enumerate().filter(usable);
    indexed.map(|(place, _)| place as u32).collect()
}

#[cfg(test)]
pub(crate) mod tests;
