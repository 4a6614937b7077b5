//! A backend's servers as a whole: every change of a server's state goes through here, once.

use std::{
    sync::atomic::{AtomicU32, AtomicUsize, Ordering::Relaxed},
    time::{Duration, Instant},
};

use locum_model::proxy::{Backend, OnMarkedDown, OnMarkedUp};
use parking_lot::Mutex;

use super::{
    event::{Cause, Counts, Event},
    queue::{Place, Queues},
    slowstart::WEIGHT_SCALE,
    state::{Admin, Operational, ServerState},
};
use crate::{
    check::{CheckResult, Observation, Turn},
    lb::Balancer,
};

/// What of a backend's configuration its farm needs beside the model's [`Backend`].
#[derive(Debug, Clone, Copy, Default)]
pub struct FarmRules {
    /// `option allbackups`.
    pub all_backups: bool,
    /// Where dynamic limits reach `maxconn`; 0: unknown, limits are `maxconn`.
    pub fullconn: u32,
    /// Those who wait for a server that goes down choose again (`option redispatch`).
    pub redispatch: bool,
}

/// The live servers of one backend.
#[derive(Debug)]
pub struct Farm {
    /// In the order of the configuration.
    pub servers: Box<[ServerState]>,
    /// The rules.
    pub rules: FarmRules,
    pub(super) balancer: Balancer,
    pub(super) queues: Mutex<Queues>,
    /// All that wait in any queue.
    pub(super) waiting: AtomicUsize,
    pub(super) queued: AtomicU32,
    pub(super) queued_max: AtomicU32,
    pub(super) load: AtomicU32,
    pub(super) load_max: AtomicU32,
    backend: Mutex<BackendTimes>,
}

#[derive(Debug)]
struct BackendTimes {
    last_change: Instant,
    down_since: Option<Instant>,
    downtime: Duration,
    times_down: u64,
}

impl Farm {
    /// The farm of a backend at the process's start.
    pub fn new(now: Instant, backend: &Backend, rules: FarmRules) -> Self {
        let servers: Box<[ServerState]> = backend
            .servers
            .iter()
            .map(|server| ServerState::new(now, server))
            .collect();
        let balancer = Balancer::new(backend, rules.all_backups, &servers);
        let queues = Queues::new(servers.len());
        let is_down = !servers.is_empty() && !servers.iter().any(ServerState::is_usable);
        Self {
            servers,
            rules,
            balancer,
            queues: Mutex::new(queues),
            waiting: AtomicUsize::new(0),
            queued: AtomicU32::new(0),
            queued_max: AtomicU32::new(0),
            load: AtomicU32::new(0),
            load_max: AtomicU32::new(0),
            backend: Mutex::new(BackendTimes {
                last_change: now,
                down_since: is_down.then_some(now),
                downtime: Duration::ZERO,
                times_down: 0,
            }),
        }
    }

    /// Forgets the maxima of load and queues (`clear counters`).
    pub fn reset_maxima(&self) {
        self.load_max.store(self.load.load(Relaxed), Relaxed);
        self.queued_max.store(self.queued.load(Relaxed), Relaxed);
        for server in &self.servers {
            server.served_max.store(server.served(), Relaxed);
            server.queued_max.store(server.queued(), Relaxed);
        }
    }

    /// Requests in the backend now (`scur`) and at most (`smax`).
    pub fn load(&self) -> (u32, u32) {
        (self.load.load(Relaxed), self.load_max.load(Relaxed))
    }

    /// Requests in the backend's own queue now (`qcur`) and at most (`qmax`).
    pub fn queued(&self) -> (u32, u32) {
        (self.queued.load(Relaxed), self.queued_max.load(Relaxed))
    }

    /// Usable servers: active ones and backups.
    pub fn usable(&self) -> (u32, u32) {
        let count = |backup| {
            let usable = |s: &&ServerState| s.rules.backup == backup && s.is_usable();
            self.servers.iter().filter(usable).count() as u32
        };
        (count(false), count(true))
    }

    /// Sum of the user-visible weights of the servers that carry load now.
    pub fn total_weight(&self) -> u32 {
        self.balancer.total_weight(&self.servers)
    }

    /// Turns of the whole backend to down (`chkdown`), time since its last change, time spent down.
    pub fn backend_times(&self, now: Instant) -> (u64, Duration, Duration) {
        let times = self.backend.lock();
        let current = times
            .down_since
            .map_or(Duration::ZERO, |since| now.saturating_duration_since(since));
        (
            times.times_down,
            now.saturating_duration_since(times.last_change),
            times.downtime + current,
        )
    }

    /// Whether a server takes requests from the backend's queue.
    pub(super) fn serves_backend_queue(&self, server: u32) -> bool {
        self.balancer.carries_load(server, &self.servers)
    }

    /// A check of a server has ended.
    pub fn on_check(&self, now: Instant, server: u32, result: CheckResult) -> Vec<Event> {
        let Some(state) = self.servers.get(server as usize) else {
            return Vec::new();
        };
        let (turn, up, progress) = {
            let mut health = state.health.lock();
            let before = health.is_up();
            let same = health.last.status == result.status;
            let turn = health.on_result(now, result.clone());
            debug_assert!(before != health.is_up() || !matches!(turn, Turn::Up | Turn::Down));
            if turn == Turn::None && same {
                return Vec::new();
            }
            (turn, health.is_up(), health.progress())
        };
        let mut events = self.apply(now, server, turn, result.clone(), up, progress);
        if !matches!(events.first(), Some(Event::Checked { .. })) {
            let told = Event::Checked {
                server,
                result,
                turn,
                up,
                progress,
            };
            events.insert(0, told);
        }
        events
    }

    /// Traffic with a server was watched. The flag says that its next check was asked to come after `fastinter`.
    pub fn on_observation(
        &self,
        now: Instant,
        server: u32,
        seen: Observation,
    ) -> (Vec<Event>, bool) {
        let Some(state) = self.servers.get(server as usize) else {
            return (Vec::new(), false);
        };
        let (observed, up, progress, last) = {
            let mut health = state.health.lock();
            if health.rules().observe.is_none() || !state.checks_enabled() {
                return (Vec::new(), false);
            }
            let observed = health.on_observation(now, seen);
            (
                observed,
                health.is_up(),
                health.progress(),
                health.last.clone(),
            )
        };
        let events = if observed.turn == Turn::None {
            Vec::new()
        } else {
            self.apply(now, server, observed.turn, last, up, progress)
        };
        if observed.hasten {
            state.hasten_check();
        }
        (events, observed.hasten)
    }

    /// Puts flags of the administrative state on and takes others off.
    pub fn set_admin(
        &self,
        now: Instant,
        server: u32,
        add: Admin,
        remove: Admin,
        cause: Cause,
    ) -> Vec<Event> {
        let Some(state) = self.servers.get(server as usize) else {
            return Vec::new();
        };
        let was = state.admin();
        let is = (was - remove) | add;
        if was == is {
            return Vec::new();
        }
        let had_servers = self.usable() != (0, 0);
        let was_up = state.is_up();
        state.store_admin(is);
        if was.is_maint() && !is.is_maint() {
            // Out of maintenance a server is trusted again, as at the start.
            state.health.lock().restart();
            state.store_operational(Operational::Running);
            self.begin_slowstart(now, state);
        }
        if !was.is_maint() && is.is_maint() {
            state.store_operational(Operational::Stopped);
            state.slowstart.lock().stop();
            state.store_share(WEIGHT_SCALE);
        }
        let up = state.is_up();
        if was_up != up {
            self.note_change(now, state, up);
        }
        self.balancer.on_change(server, &self.servers);
        let counts = self.settle(server, !state.takes_persistent());
        let mut events = vec![Event::Admin {
            server,
            was,
            is,
            up,
            cause,
            counts,
            shutdown_sessions: was_up
                && !up
                && state.rules.on_marked_down == OnMarkedDown::ShutdownSessions,
        }];
        self.note_backend(now, had_servers, &mut events);
        events
    }

    /// Whether weights may be set to anything; else only to 0 and the configured one.
    pub fn weights_are_dynamic(&self) -> bool {
        self.balancer.is_dynamic()
    }

    /// Changes a weight (0–256). Where the algorithm is static, only 0 and the configured weight are taken
    /// ([`Self::weights_are_dynamic`]).
    pub fn set_weight(&self, now: Instant, server: u32, weight: u32) -> Vec<Event> {
        let Some(state) = self.servers.get(server as usize) else {
            return Vec::new();
        };
        if !self.weights_are_dynamic() && weight != 0 && weight != state.rules.initial_weight {
            return Vec::new();
        }
        let had_servers = self.usable() != (0, 0);
        state.store_user_weight(weight.min(256));
        self.balancer.on_change(server, &self.servers);
        self.offer(server);
        let mut events = Vec::new();
        self.note_backend(now, had_servers, &mut events);
        events
    }

    /// Changes the limit of connections.
    pub fn set_maxconn(&self, server: u32, limit: Option<u32>) {
        if let Some(state) = self.servers.get(server as usize) {
            state.store_maxconn(limit);
            self.offer(server);
        }
    }

    /// Forces the health of a server (`set server … health`).
    pub fn force_health(&self, now: Instant, server: u32, up: bool) -> Vec<Event> {
        let Some(state) = self.servers.get(server as usize) else {
            return Vec::new();
        };
        let (turn, last, progress) = {
            let mut health = state.health.lock();
            (health.force(up), health.last.clone(), health.progress())
        };
        if turn == Turn::None {
            return Vec::new();
        }
        self.apply(now, server, turn, last, up, progress)
            .into_iter()
            .map(|event| event.because_of(Cause::Administration))
            .collect()
    }

    /// The server follows another one (`track`), which went up or down.
    pub fn follow(&self, now: Instant, server: u32, up: bool, leader: &str) -> Vec<Event> {
        let events = self.force_health(now, server, up).into_iter();
        events
            .map(|event| event.because_of(Cause::Tracked(leader.to_owned())))
            .collect()
    }

    /// Moves slowstart on; returns when it wants to be called again.
    pub fn tick(&self, now: Instant) -> Option<Instant> {
        let mut next: Option<Instant> = None;
        for (index, state) in self.servers.iter().enumerate() {
            let Some(length) = state.rules.slowstart else {
                continue;
            };
            if state.operational() != Operational::Starting {
                continue;
            }
            let ramp = *state.slowstart.lock();
            match ramp.share(now, length) {
                Some(share) => {
                    state.store_share(share);
                    let due = ramp.deadline(now, length);
                    next = match (next, due) {
                        (Some(a), Some(b)) => Some(a.min(b)),
                        (a, b) => a.or(b),
                    };
                }
                None => {
                    state.slowstart.lock().stop();
                    state.store_share(WEIGHT_SCALE);
                    state.store_operational(Operational::Running);
                }
            }
            self.balancer.on_change(index as u32, &self.servers);
            self.offer(index as u32);
        }
        next
    }

    fn apply(
        &self,
        now: Instant,
        server: u32,
        turn: Turn,
        result: CheckResult,
        up: bool,
        progress: (u32, u32),
    ) -> Vec<Event> {
        let state = &self.servers[server as usize];
        if matches!(turn, Turn::None | Turn::Progress) || state.admin().is_maint() {
            return vec![Event::Checked {
                server,
                result,
                turn,
                up,
                progress,
            }];
        }
        let had_servers = self.usable() != (0, 0);
        match turn {
            Turn::Down => {
                state.store_operational(Operational::Stopped);
                state.slowstart.lock().stop();
                state.store_share(WEIGHT_SCALE);
                self.note_change(now, state, false);
            }
            Turn::Up => {
                state.store_operational(Operational::Running);
                self.begin_slowstart(now, state);
                self.note_change(now, state, true);
            }
            Turn::Stopping => state.store_operational(Operational::Stopping),
            _ => state.store_operational(Operational::Running),
        }
        self.balancer.on_change(server, &self.servers);
        let counts = self.settle(server, turn == Turn::Down);
        let cause = Cause::Check(result);
        let mut events = vec![match turn {
            Turn::Down => Event::Down {
                server,
                cause,
                counts,
                shutdown_sessions: state.rules.on_marked_down == OnMarkedDown::ShutdownSessions,
            },
            Turn::Up => Event::Up {
                server,
                cause,
                counts,
                shutdown_backup_sessions: state.rules.on_marked_up
                    == OnMarkedUp::ShutdownBackupSessions
                    && !state.rules.backup
                    && state.is_usable(),
            },
            _ => Event::Stopping {
                server,
                stops: turn == Turn::Stopping,
                cause,
                counts,
            },
        }];
        self.note_backend(now, had_servers, &mut events);
        events
    }

    /// After a change: those who wait move, and the counts are taken.
    fn settle(&self, server: u32, gone: bool) -> Counts {
        let state = &self.servers[server as usize];
        let sessions = state.served();
        let requeued = if gone && self.rules.redispatch {
            self.scatter(server)
        } else {
            0
        };
        // A server that leaves may bring backups into use: everybody is offered the backend's queue.
        for other in 0..self.servers.len() as u32 {
            self.offer(other);
        }
        let (active, backup) = self.usable();
        Counts {
            active,
            backup,
            backups_in_use: active == 0 && backup > 0,
            sessions,
            requeued,
            waiting: self.queues.lock().len(Place::Backend) as u32,
        }
    }

    fn begin_slowstart(&self, now: Instant, state: &ServerState) {
        if state.rules.slowstart.is_some() {
            state.slowstart.lock().start(now);
            state.store_share(1);
            state.store_operational(Operational::Starting);
        }
    }

    fn note_change(&self, now: Instant, state: &ServerState, up: bool) {
        let mut times = state.times.lock();
        times.last_change = now;
        if up {
            if let Some(since) = times.down_since.take() {
                times.downtime += now.saturating_duration_since(since);
            }
        } else if times.down_since.is_none() {
            times.down_since = Some(now);
        }
    }

    fn note_backend(&self, now: Instant, had_servers: bool, events: &mut Vec<Event>) {
        let has_servers = self.usable() != (0, 0);
        if had_servers == has_servers {
            return;
        }
        let mut times = self.backend.lock();
        times.last_change = now;
        if has_servers {
            if let Some(since) = times.down_since.take() {
                times.downtime += now.saturating_duration_since(since);
            }
        } else {
            times.down_since = Some(now);
            times.times_down += 1;
            events.push(Event::NoServerLeft);
        }
    }
}

impl Event {
    fn because_of(self, cause: Cause) -> Self {
        match self {
            Event::Down {
                server,
                counts,
                shutdown_sessions,
                ..
            } => Event::Down {
                server,
                cause,
                counts,
                shutdown_sessions,
            },
            Event::Up {
                server,
                counts,
                shutdown_backup_sessions,
                ..
            } => Event::Up {
                server,
                cause,
                counts,
                shutdown_backup_sessions,
            },
            other => other,
        }
    }
}
