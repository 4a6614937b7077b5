//! Live state: what traffic, commands and probes change while the plan stays as it is.
//!
//! Counters are shards per worker, summed when read; limits and rates are shared atomics. Locks are short and never
//! held over an await.

pub mod counters;
pub mod gauge;
pub mod idle;
pub mod rate;

use std::sync::{Arc, atomic::AtomicU32};

use crate::{
    net::conn::Conn,
    plan::{Plan, Proxy, Target},
    server::{
        Farm, FarmRules,
        descriptors::{Descriptors, Ratios},
        idle::{IdlePool, PoolRules},
    },
    stick::Table,
    vocab::Now,
};

use counters::{BackendCounters, FrontendCounters, Sharded};
use gauge::Gauge;
use rate::Rate;

/// Bytes that count as one in the rate of what is sent, as in the reference: 32 bits are enough for 128 GiB/s.
pub const SENT_UNIT: u64 = 32;

/// Bounds of what begins each second in the whole process; 0: none.
#[derive(Debug, Default)]
pub struct RateLimits {
    /// Connections.
    pub connections: AtomicU32,
    /// Sessions.
    pub sessions: AtomicU32,
}

/// All live state of the process.
pub struct Live {
    /// When the process began to serve.
    pub started: Now,
    /// Client connections of the whole process.
    pub connections: Gauge,
    /// Connections accepted per second.
    pub connection_rate: Rate,
    /// Sessions opened per second.
    pub session_rate: Rate,
    /// Bounds of both.
    pub rate_limits: RateLimits,
    /// Connections accepted since the start (CumConns).
    pub accepted: Sharded<counters::Counter>,
    /// Bytes sent to clients and servers (TotalBytesOut).
    pub bytes_out: Sharded<counters::Counter>,
    /// The same per second, in units of [`SENT_UNIT`] (BytesOutRate).
    pub sent_rate: Rate,
    /// How much of its time the first worker waits.
    pub idle: idle::Idle,
    /// Log lines that could not leave (DroppedLogs).
    pub dropped_logs: Sharded<counters::Counter>,
    /// Requests since the start (CumReq).
    pub requests: Sharded<counters::Counter>,
    /// Numbers of streams, handed out in turn.
    pub next_stream: std::sync::atomic::AtomicU64,
    /// That a log line could not be sent is told once in the process's life.
    pub log_failure_told: std::sync::atomic::AtomicBool,
    /// Variables of the process.
    pub variables: parking_lot::Mutex<crate::sample::variables::Variables>,
    /// What variables of all scopes take, where that has a limit.
    pub variables_total: Arc<std::sync::atomic::AtomicUsize>,
    /// Clients of the command sockets now, bounded by `stats maxconn`.
    pub command_clients: Gauge,
    /// Such clients since the start; each is a connection (CumConns) and a request (CumReq), too.
    pub commands: counters::Counter,
    /// Soft stop has begun.
    pub stopping: std::sync::atomic::AtomicBool,
    /// Stick tables, as in the plan.
    pub tables: Box<[Arc<Table>]>,
    /// One entry per proxy of the plan.
    pub proxies: Box<[ProxyLive]>,
    /// One entry per listening socket of the plan; counts where the proxy asks for it (`option socket-stats`).
    pub listeners: Box<[ListenerLive]>,
}

/// Live state of one listening socket.
pub struct ListenerLive {
    /// Connections that came through it: what the line's `maxconn` bounds.
    pub clients: Gauge,
    /// What it counts.
    pub counters: Sharded<FrontendCounters>,
}

/// Whether a frontend takes connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum FrontendState {
    /// It listens.
    Open,
    /// A command or a successor has paused it.
    Paused,
    /// It has stopped for good.
    Stopped,
}

/// Live state of one proxy.
pub struct ProxyLive {
    state: std::sync::atomic::AtomicU8,
    /// Client connections (frontends): what `maxconn` bounds.
    pub clients: Gauge,
    /// Log lines of the frontend's traffic.
    pub log_lines: std::sync::atomic::AtomicU32,
    /// Sessions per second, of the frontend.
    pub session_rate: Rate,
    /// Connections per second, of the frontend.
    pub connection_rate: Rate,
    /// Requests per second, of the frontend.
    pub request_rate: Rate,
    /// Sessions per second, of the backend.
    pub backend_rate: Rate,
    /// What the client side counts.
    pub frontend: Sharded<FrontendCounters>,
    /// What the server side counts.
    pub backend: Sharded<BackendCounters>,
    /// The backend's servers, queues and balancer.
    pub farm: Option<Arc<Farm>>,
    /// What each server has besides its place in the farm; behind them that of the nameless one.
    pub servers: Box<[ServerLive]>,
}

/// Connections and counters of one server.
pub struct ServerLive {
    /// Its idle connections, and how many carry a request.
    pub idle: Arc<IdlePool<Conn>>,
    /// What it counts.
    pub counters: Sharded<BackendCounters>,
    /// Sessions per second.
    pub rate: Rate,
}

impl ProxyLive {
    /// Streams in this backend now.
    pub fn streams(&self) -> u32 {
        self.farm.as_ref().map_or(0, |farm| farm.load().0)
    }

    /// Requests that a server works on now.
    pub fn served(&self, server: u32) -> u32 {
        let farm = self.farm.as_ref();
        farm.and_then(|farm| farm.servers.get(server as usize))
            .map_or(0, |state| state.served())
    }
}

impl Live {
    /// Fresh state for a plan.
    pub fn new(plan: &Plan, now: Now) -> Self {
        let shards = plan.threads;
        let connections = Gauge::new(Some(plan.maxconn));
        let command_clients = Gauge::new(Some(
            plan.global
                .stats_maxconn
                .unwrap_or(crate::admin::DEFAULT_MAXCONN),
        ));
        let descriptors = Arc::new(Descriptors::new(
            usize::try_from(plan.limits.max_descriptors).unwrap_or(usize::MAX / 100),
            ratios(plan),
            plan.listeners.len() + plan.global.stats_sockets.len() + plan.threads,
            [connections.clone(), command_clients.clone()],
        ));
        let proxies = plan
            .proxies
            .iter()
            .map(|proxy| ProxyLive {
                state: std::sync::atomic::AtomicU8::new(FrontendState::Open as u8),
                clients: Gauge::new(proxy.frontend.as_ref().map(|f| f.maxconn)),
                log_lines: std::sync::atomic::AtomicU32::new(0),
                session_rate: Rate::new(now.instant),
                connection_rate: Rate::new(now.instant),
                request_rate: Rate::new(now.instant),
                backend_rate: Rate::new(now.instant),
                frontend: Sharded::new(shards),
                backend: Sharded::new(shards),
                farm: proxy.backend.as_ref().map(|backend| {
                    let rules = FarmRules {
                        all_backups: proxy.options.allbackups,
                        fullconn: backend
                            .settings
                            .fullconn
                            .unwrap_or_else(|| default_fullconn(plan, proxy)),
                        redispatch: backend.settings.redispatch.is_some(),
                    };
                    Arc::new(Farm::new(now.instant, &backend.settings, rules))
                }),
                servers: servers_of(plan, proxy, &descriptors, now),
            })
            .collect();
        Self {
            started: now,
            connections,
            connection_rate: Rate::new(now.instant),
            session_rate: Rate::new(now.instant),
            rate_limits: RateLimits {
                connections: plan.global.maxconnrate.unwrap_or(0).into(),
                sessions: plan.global.maxsessrate.unwrap_or(0).into(),
            },
            accepted: Sharded::new(shards),
            bytes_out: Sharded::new(shards),
            sent_rate: Rate::new(now.instant),
            idle: idle::Idle::new(now.instant),
            dropped_logs: Sharded::new(shards),
            requests: Sharded::new(shards),
            next_stream: std::sync::atomic::AtomicU64::new(0),
            log_failure_told: std::sync::atomic::AtomicBool::new(false),
            variables: parking_lot::Mutex::default(),
            variables_total: Arc::default(),
            command_clients,
            commands: counters::Counter::default(),
            stopping: std::sync::atomic::AtomicBool::new(false),
            tables: plan
                .tables
                .iter()
                .map(|(name, settings)| Arc::new(Table::new(name, settings, now.instant)))
                .collect(),
            proxies,
            listeners: plan
                .listeners
                .iter()
                .map(|listener| ListenerLive {
                    clients: Gauge::new(listener.bind.maxconn),
                    counters: Sharded::new(shards),
                })
                .collect(),
        }
    }

    /// Counts what a worker has sent, to whomever.
    pub fn count_sent(&self, worker: usize, bytes: u64, now: std::time::Instant) {
        self.bytes_out.of(worker).add(bytes);
        let units = (bytes + SENT_UNIT / 2) / SENT_UNIT;
        self.sent_rate
            .count_many(now, u32::try_from(units).unwrap_or(u32::MAX));
    }

    /// Traffic of a server; ids are only made by the plan, so that it is there.
    pub fn server(&self, id: crate::plan::ServerId) -> Option<&ServerLive> {
        self.proxy(id.backend).servers.get(id.index as usize)
    }

    /// A stick table.
    pub fn table(&self, id: crate::plan::TableId) -> &Arc<Table> {
        &self.tables[id.index()]
    }

    /// Live state of a proxy.
    pub fn proxy(&self, id: crate::plan::ProxyId) -> &ProxyLive {
        &self.proxies[id.index()]
    }
}

/// `fullconn` where nothing was said: a tenth of the connections of all frontends that may send to the backend, rounded
/// up, at least 1 (manual 4.2 "fullconn").
fn default_fullconn(plan: &Plan, backend: &Proxy) -> u32 {
    let sends = |target: &Target| matches!(target, Target::Proxy(id) if *id == backend.id);
    let feeds = |proxy: &&Proxy| match &proxy.frontend {
        None => false,
        Some(frontend) => {
            proxy.id == backend.id
                || frontend.default_backend.as_ref().is_some_and(sends)
                || frontend.use_backend.iter().any(|(_, target)| sends(target))
        }
    };
    let feeding = plan.proxies.iter().filter(feeds);
    let connections: u64 = feeding
        .filter_map(|proxy| proxy.frontend.as_ref())
        .map(|frontend| u64::from(frontend.maxconn))
        .sum();
    u32::try_from(connections.div_ceil(10).max(1)).unwrap_or(u32::MAX)
}

/// How much of the descriptors idle connections may take (manual 3.2 "tune.pool-low-fd-ratio").
fn ratios(plan: &Plan) -> Ratios {
    let percent = |set: Option<u32>, default: usize| set.map_or(default, |n| n as usize);
    Ratios {
        low: percent(plan.global.tune.pool_low_fd_ratio, 20),
        high: percent(plan.global.tune.pool_high_fd_ratio, 25),
    }
}

fn servers_of(
    plan: &Plan,
    proxy: &Proxy,
    descriptors: &Arc<Descriptors>,
    now: Now,
) -> Box<[ServerLive]> {
    let Some(backend) = &proxy.backend else {
        return Box::default();
    };
    let shared = plan.global.tune.idle_pool_shared.unwrap_or(true);
    backend
        .servers
        .iter()
        .chain(backend.nameless.as_deref())
        .map(|server| {
            let rules = PoolRules::new(backend.settings.http_reuse, shared, &server.settings);
            ServerLive {
                idle: Arc::new(IdlePool::new(rules, plan.threads, descriptors.clone())),
                counters: Sharded::new(plan.threads),
                rate: Rate::new(now.instant),
            }
        })
        .collect()
}

impl ProxyLive {
    /// Whether the frontend takes connections.
    pub fn state(&self) -> FrontendState {
        match self.state.load(std::sync::atomic::Ordering::Relaxed) {
            0 => FrontendState::Open,
            1 => FrontendState::Paused,
            _ => FrontendState::Stopped,
        }
    }

    /// Notes that the frontend listens, pauses or has stopped.
    pub fn set_state(&self, state: FrontendState) {
        self.state
            .store(state as u8, std::sync::atomic::Ordering::Relaxed);
    }
}
