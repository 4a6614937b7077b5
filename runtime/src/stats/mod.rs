//! Statistics of proxies, sockets and servers as typed rows: numbers of all workers added up, for a face to print.

mod process;

use std::{sync::Arc, time::Duration};

use locum_model::address::Address;

pub use process::Process;

use crate::{
    check::{CheckResult, Health},
    live::{
        FrontendState, Live, ProxyLive, ServerLive,
        counters::{BackendCounters, Counter, FourTimes, FrontendCounters, Sharded, Times},
        gauge::Gauge,
        rate::Rate,
    },
    plan::{Backend, Frontend, Listener, Plan, Proxy, Server},
    server::{Farm, ServerState},
    vocab::Now,
};

/// How many there are, at most were, and may be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Level {
    /// Now.
    pub now: u64,
    /// The most at once.
    pub max: u64,
    /// The limit; `None`: none.
    pub limit: Option<u64>,
}

impl Level {
    fn of(gauge: &Gauge) -> Self {
        Self {
            now: gauge.now().into(),
            max: gauge.max().into(),
            limit: Some(gauge.bound())
                .filter(|n| *n != u32::MAX)
                .map(u64::from),
        }
    }
}

/// Events per second.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PerSecond {
    /// In the last second.
    pub now: u64,
    /// In the busiest one.
    pub max: u64,
}

impl PerSecond {
    fn of(rate: &Rate, now: Now) -> Self {
        Self {
            now: rate.per_second(now.instant).into(),
            max: rate.max().into(),
        }
    }
}

/// A frontend's row.
pub struct FrontendRow<'a> {
    /// The proxy.
    pub proxy: &'a Proxy,
    /// Its client side.
    pub frontend: &'a Frontend,
    /// Whether it listens.
    pub state: FrontendState,
    /// Client connections.
    pub sessions: Level,
    /// Sessions per second.
    pub session_rate: PerSecond,
    /// Connections per second.
    pub connection_rate: PerSecond,
    /// Requests per second.
    pub request_rate: PerSecond,
    /// What was counted, in a shard for each worker.
    pub counters: &'a Sharded<FrontendCounters>,
}

/// A socket's row.
pub struct ListenerRow<'a> {
    /// The proxy.
    pub proxy: &'a Proxy,
    /// The socket.
    pub listener: &'a Listener,
    /// Its place in the frontend, from 1.
    pub place: usize,
    /// Whether it listens.
    pub state: FrontendState,
    /// Client connections.
    pub sessions: Level,
    /// What was counted, in a shard for each worker.
    pub counters: &'a Sharded<FrontendCounters>,
}

/// A server's row.
pub struct ServerRow<'a> {
    /// The proxy.
    pub proxy: &'a Proxy,
    /// The server.
    pub server: &'a Server,
    /// Its live state.
    pub state: &'a ServerState,
    /// Its checks.
    pub health: Health,
    /// Where it is now.
    pub address: Arc<Address>,
    /// Requests waiting for it.
    pub queue: Level,
    /// Requests on it.
    pub sessions: Level,
    /// Sessions per second.
    pub rate: PerSecond,
    /// Time since it came up or went down.
    pub since_change: Duration,
    /// Time spent down.
    pub downtime: Duration,
    /// Seconds since the last session.
    pub last_session: Option<u64>,
    /// Its connections.
    pub idle: Connections,
    /// What was counted, in a shard for each worker.
    pub counters: &'a Sharded<BackendCounters>,
}

/// Connections to a server.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Connections {
    /// Carrying a request.
    pub used: u64,
    /// The most of them at once since the last purge.
    pub used_max: u64,
    /// How many are estimated to be needed.
    pub needed: u64,
    /// Idle, and used for one request so far.
    pub fresh: u64,
    /// Idle, and known to be reusable.
    pub safe: u64,
}

impl Connections {
    fn of(server: &ServerLive) -> Self {
        let counts = server.idle.counts();
        Self {
            used: counts.used as u64,
            used_max: counts.used_max as u64,
            needed: counts.needed as u64,
            fresh: counts.fresh as u64,
            safe: counts.safe as u64,
        }
    }
}

/// A backend's row.
pub struct BackendRow<'a> {
    /// The proxy.
    pub proxy: &'a Proxy,
    /// Its server side.
    pub backend: &'a Backend,
    /// Whether a server is usable, or there is none at all.
    pub is_up: bool,
    /// Requests in its own queue.
    pub queue: Level,
    /// Requests in it.
    pub sessions: Level,
    /// Sessions per second.
    pub rate: PerSecond,
    /// Usable servers, active and backup.
    pub usable: (u32, u32),
    /// Weight of the servers that carry load.
    pub weight: u32,
    /// Turns of all its servers to down.
    pub times_down: u64,
    /// Time since it came up or went down.
    pub since_change: Duration,
    /// Time spent down.
    pub downtime: Duration,
    /// Seconds since the last session.
    pub last_session: Option<u64>,
    /// Connections to all its servers that carry a request.
    pub used_connections: u64,
    /// Connections to all its servers, idle ones too.
    pub open_connections: u64,
    /// What was counted, in a shard for each worker.
    pub counters: &'a Sharded<BackendCounters>,
}

/// One row.
pub enum Row<'a> {
    /// A frontend.
    Frontend(FrontendRow<'a>),
    /// A socket of one (`option socket-stats`).
    Listener(ListenerRow<'a>),
    /// A server.
    Server(Box<ServerRow<'a>>),
    /// A backend.
    Backend(BackendRow<'a>),
}

impl FrontendRow<'_> {
    /// A counter over all workers.
    pub fn sum(&self, counter: impl Fn(&FrontendCounters) -> &Counter) -> u64 {
        self.counters.sum(counter)
    }
}

impl ListenerRow<'_> {
    /// A counter over all workers.
    pub fn sum(&self, counter: impl Fn(&FrontendCounters) -> &Counter) -> u64 {
        self.counters.sum(counter)
    }
}

impl ServerRow<'_> {
    /// A counter over all workers.
    pub fn sum(&self, counter: impl Fn(&BackendCounters) -> &Counter) -> u64 {
        self.counters.sum(counter)
    }

    /// Average and longest times of its streams.
    pub fn times(&self) -> (FourTimes, FourTimes) {
        times(self.counters)
    }

    /// The last check, where there are checks.
    pub fn last_check(&self) -> Option<&CheckResult> {
        self.state.rules.checked.then_some(&self.health.last)
    }
}

impl BackendRow<'_> {
    /// A counter over all workers.
    pub fn sum(&self, counter: impl Fn(&BackendCounters) -> &Counter) -> u64 {
        self.counters.sum(counter)
    }

    /// Average and longest times of its streams.
    pub fn times(&self) -> (FourTimes, FourTimes) {
        times(self.counters)
    }
}

fn times(counters: &Sharded<BackendCounters>) -> (FourTimes, FourTimes) {
    (
        Times::average(counters.iter().map(|shard| &shard.times)),
        Times::maximum(counters.iter().map(|shard| &shard.times)),
    )
}

/// The rows of a proxy: frontend, sockets, servers, backend.
pub fn rows<'a>(plan: &'a Plan, live: &'a Live, proxy: &'a Proxy, now: Now) -> Vec<Row<'a>> {
    let state = live.proxy(proxy.id);
    let mut rows = Vec::new();
    if let Some(frontend) = &proxy.frontend {
        rows.push(Row::Frontend(frontend_row(proxy, frontend, state, now)));
        if proxy.options.socket_stats {
            rows.extend(listener_rows(plan, live, proxy, frontend, state).map(Row::Listener));
        }
    }
    if let (Some(backend), Some(farm)) = (&proxy.backend, &state.farm) {
        for (index, server) in backend.servers.iter().enumerate() {
            if let Some(row) = server_row(proxy, server, farm, state, index, now) {
                rows.push(Row::Server(Box::new(row)));
            }
        }
        rows.push(Row::Backend(backend_row(proxy, backend, farm, state, now)));
    }
    rows
}

fn frontend_row<'a>(
    proxy: &'a Proxy,
    frontend: &'a Frontend,
    state: &'a ProxyLive,
    now: Now,
) -> FrontendRow<'a> {
    FrontendRow {
        proxy,
        frontend,
        state: state.state(),
        sessions: Level::of(&state.clients),
        session_rate: PerSecond::of(&state.session_rate, now),
        connection_rate: PerSecond::of(&state.connection_rate, now),
        request_rate: PerSecond::of(&state.request_rate, now),
        counters: &state.frontend,
    }
}

fn listener_rows<'a>(
    plan: &'a Plan,
    live: &'a Live,
    proxy: &'a Proxy,
    frontend: &'a Frontend,
    state: &'a ProxyLive,
) -> impl Iterator<Item = ListenerRow<'a>> {
    let sockets = frontend.listeners.iter().enumerate();
    sockets.filter_map(move |(index, id)| {
        let listener = plan.listeners.get(id.index())?;
        let counted = live.listeners.get(id.index())?;
        Some(ListenerRow {
            proxy,
            listener,
            place: index + 1,
            state: state.state(),
            sessions: Level::of(&counted.clients),
            counters: &counted.counters,
        })
    })
}

fn server_row<'a>(
    proxy: &'a Proxy,
    server: &'a Server,
    farm: &'a Farm,
    state: &'a ProxyLive,
    index: usize,
    now: Now,
) -> Option<ServerRow<'a>> {
    let live = state.servers.get(index)?;
    let server_state = farm.servers.get(index)?;
    Some(ServerRow {
        proxy,
        server,
        state: server_state,
        health: server_state.health(),
        address: server_state.address(),
        queue: Level {
            now: server_state.queued().into(),
            max: server_state.queued_max().into(),
            limit: server_state.rules.maxqueue.map(u64::from),
        },
        sessions: Level {
            now: server_state.served().into(),
            max: server_state.served_max().into(),
            limit: server_state.maxconn().map(u64::from),
        },
        rate: PerSecond::of(&live.rate, now),
        since_change: server_state.since_last_change(now.instant),
        downtime: server_state.downtime(now.instant),
        last_session: last_session(&live.counters, now),
        idle: Connections::of(live),
        counters: &live.counters,
    })
}

fn backend_row<'a>(
    proxy: &'a Proxy,
    backend: &'a Backend,
    farm: &'a Farm,
    state: &'a ProxyLive,
    now: Now,
) -> BackendRow<'a> {
    let level = |(now, max): (u32, u32), limit| Level {
        now: now.into(),
        max: max.into(),
        limit,
    };
    let usable = farm.usable();
    let connections = || state.servers.iter().map(Connections::of);
    let (times_down, since_change, downtime) = farm.backend_times(now.instant);
    BackendRow {
        proxy,
        backend,
        is_up: usable != (0, 0) || backend.servers.is_empty(),
        queue: level(farm.queued(), None),
        sessions: level(farm.load(), Some(u64::from(farm.rules.fullconn))),
        rate: PerSecond::of(&state.backend_rate, now),
        usable,
        weight: farm.total_weight(),
        times_down,
        since_change,
        downtime,
        last_session: last_session(&state.backend, now),
        used_connections: connections().map(|c| c.used).sum(),
        open_connections: connections().map(|c| c.used + c.fresh + c.safe).sum(),
        counters: &state.backend,
    }
}

/// Seconds since the last session of any worker.
fn last_session(counters: &Sharded<BackendCounters>, now: Now) -> Option<u64> {
    let latest = counters
        .iter()
        .map(|shard| shard.last_session.value())
        .max()?;
    (latest > 0).then(|| now.seconds().saturating_sub(latest))
}

/// Sets maxima back (`clear counters`), and all counters too (`clear counters all`).
pub fn clear(live: &Live, all: bool) {
    live.connections.reset_max();
    live.connection_rate.reset_max();
    live.session_rate.reset_max();
    for proxy in &live.proxies {
        proxy.clients.reset_max();
        for rate in [
            &proxy.session_rate,
            &proxy.connection_rate,
            &proxy.request_rate,
            &proxy.backend_rate,
        ] {
            rate.reset_max();
        }
        if let Some(farm) = &proxy.farm {
            farm.reset_maxima();
        }
        for server in &proxy.servers {
            server.rate.reset_max();
            clear_backend(&server.counters, all);
        }
        clear_backend(&proxy.backend, all);
        if all {
            proxy.frontend.iter().for_each(FrontendCounters::reset);
        }
    }
    for listener in &live.listeners {
        listener.clients.reset_max();
        if all {
            listener.counters.iter().for_each(FrontendCounters::reset);
        }
    }
    if all {
        for counter in [&live.accepted, &live.requests, &live.bytes_out] {
            counter.iter().for_each(|shard| shard.set(0));
        }
    }
}

fn clear_backend(counters: &Sharded<BackendCounters>, all: bool) {
    for shard in counters.iter() {
        if all {
            shard.reset();
        } else {
            shard.times.reset(false);
        }
    }
}
