//! The state of one server, shared by all workers: atomics for what each request reads, a short lock for the rest.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU8, AtomicU32, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use arc_swap::ArcSwap;
use bitflags::bitflags;
use locum_model::{
    address::Address,
    proxy::{OnMarkedDown, OnMarkedUp, Server},
};
use parking_lot::Mutex;

use super::slowstart::{Slowstart, WEIGHT_SCALE};
use crate::check::{Health, HealthRules};

bitflags! {
    /// Who forced a server out of the load (management.txt 9.3, `srv_admin_state`, same bits).
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    pub struct Admin: u8 {
        /// Maintenance by command.
        const FORCED_MAINT = 0x01;
        /// Maintenance of a tracked server.
        const INHERITED_MAINT = 0x02;
        /// Maintenance by the configuration (`disabled`).
        const CONFIGURED_MAINT = 0x04;
        /// Drain by command.
        const FORCED_DRAIN = 0x08;
        /// Drain of a tracked server.
        const INHERITED_DRAIN = 0x10;
        /// No address could be resolved.
        const RESOLUTION_MAINT = 0x20;
        /// The name was set by command.
        const NAME_BY_COMMAND = 0x40;
    }
}

impl Admin {
    /// In maintenance for any reason.
    pub fn is_maint(self) -> bool {
        self.intersects(
            Self::FORCED_MAINT
                | Self::INHERITED_MAINT
                | Self::CONFIGURED_MAINT
                | Self::RESOLUTION_MAINT,
        )
    }

    /// Draining for any reason.
    pub fn is_drain(self) -> bool {
        self.intersects(Self::FORCED_DRAIN | Self::INHERITED_DRAIN)
    }
}

/// How a server runs (management.txt 9.3, `srv_op_state`, same numbers).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Operational {
    /// Down.
    Stopped = 0,
    /// Up with a growing share (slowstart).
    Starting = 1,
    /// Up.
    Running = 2,
    /// Up, takes no new sessions.
    Stopping = 3,
}

impl Operational {
    fn from_number(number: u8) -> Self {
        match number {
            0 => Self::Stopped,
            1 => Self::Starting,
            3 => Self::Stopping,
            _ => Self::Running,
        }
    }
}

/// What of a server's configuration its state machine needs.
#[derive(Debug, Clone)]
pub struct ServerRules {
    /// Its name.
    pub name: String,
    /// Its numeric identifier.
    pub id: u32,
    /// Takes load only when no active server is usable.
    pub backup: bool,
    /// The weight of the configuration.
    pub initial_weight: u32,
    /// `minconn`.
    pub minconn: Option<u32>,
    /// `maxqueue`.
    pub maxqueue: Option<u32>,
    /// `slowstart`.
    pub slowstart: Option<Duration>,
    /// Whether checks are configured.
    pub checked: bool,
    /// `on-marked-down`.
    pub on_marked_down: OnMarkedDown,
    /// `on-marked-up`.
    pub on_marked_up: OnMarkedUp,
}

/// Times of the last changes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Times {
    pub(super) last_change: Instant,
    pub(super) down_since: Option<Instant>,
    pub(super) downtime: Duration,
}

/// A server's live state.
#[derive(Debug)]
pub struct ServerState {
    /// What doesn't change.
    pub rules: ServerRules,
    address: ArcSwap<Address>,
    admin: AtomicU8,
    operational: AtomicU8,
    user_weight: AtomicU32,
    /// Sixteenths of weight and limit while slowstart runs, else 16.
    share: AtomicU32,
    /// 0: no limit.
    maxconn: AtomicU32,
    checks_enabled: AtomicBool,
    hasten: tokio::sync::Notify,
    pub(super) served: AtomicU32,
    pub(super) served_max: AtomicU32,
    pub(super) queued: AtomicU32,
    pub(super) queued_max: AtomicU32,
    pub(super) health: Mutex<Health>,
    pub(super) times: Mutex<Times>,
    pub(super) slowstart: Mutex<Slowstart>,
}

impl ServerState {
    /// A server as the configuration describes it, at the process's start.
    pub fn new(now: Instant, server: &Server) -> Self {
        let check = server.member.check.as_ref();
        let rules = HealthRules {
            rise: check.map_or(2, |c| c.rise),
            fall: check.map_or(3, |c| c.fall),
            observe: server.observe,
            error_limit: server.error_limit,
            on_error: server.on_error,
        };
        let admin = if server.disabled {
            Admin::CONFIGURED_MAINT
        } else {
            Admin::empty()
        };
        let operational = if server.disabled {
            Operational::Stopped
        } else {
            Operational::Running
        };
        Self {
            rules: ServerRules {
                name: server.member.name.value.clone(),
                id: server.id,
                backup: server.member.backup,
                initial_weight: server.member.weight,
                minconn: server.minconn.filter(|n| *n > 0),
                maxqueue: server.maxqueue.filter(|n| *n > 0),
                slowstart: server.slowstart.filter(|d| !d.is_zero()),
                checked: check.is_some(),
                on_marked_down: server.on_marked_down,
                on_marked_up: server.on_marked_up,
            },
            address: ArcSwap::from_pointee(server.member.address.clone()),
            admin: AtomicU8::new(admin.bits()),
            operational: AtomicU8::new(operational as u8),
            user_weight: AtomicU32::new(server.member.weight),
            share: AtomicU32::new(WEIGHT_SCALE),
            maxconn: AtomicU32::new(server.maxconn.unwrap_or(0)),
            checks_enabled: AtomicBool::new(true),
            hasten: tokio::sync::Notify::new(),
            served: AtomicU32::new(0),
            served_max: AtomicU32::new(0),
            queued: AtomicU32::new(0),
            queued_max: AtomicU32::new(0),
            health: Mutex::new(Health::new(rules)),
            times: Mutex::new(Times {
                last_change: now,
                down_since: server.disabled.then_some(now),
                downtime: Duration::ZERO,
            }),
            slowstart: Mutex::new(Slowstart::default()),
        }
    }

    /// Where it is now.
    pub fn address(&self) -> Arc<Address> {
        self.address.load_full()
    }

    /// Moves it.
    pub fn set_address(&self, address: Address) {
        self.address.store(Arc::new(address));
    }

    /// Who forced it out.
    pub fn admin(&self) -> Admin {
        Admin::from_bits_truncate(self.admin.load(Relaxed))
    }

    pub(super) fn store_admin(&self, admin: Admin) {
        self.admin.store(admin.bits(), Relaxed);
    }

    /// How it runs.
    pub fn operational(&self) -> Operational {
        Operational::from_number(self.operational.load(Relaxed))
    }

    pub(super) fn store_operational(&self, state: Operational) {
        self.operational.store(state as u8, Relaxed);
    }

    /// Up as far as checks say and not in maintenance; it may drain.
    pub fn is_up(&self) -> bool {
        self.operational() != Operational::Stopped && !self.admin().is_maint()
    }

    /// May get clients that are not bound to it.
    pub fn is_usable(&self) -> bool {
        matches!(
            self.operational(),
            Operational::Running | Operational::Starting
        ) && self.admin() & !Admin::NAME_BY_COMMAND == Admin::empty()
            && self.user_weight() > 0
    }

    /// May get clients that are bound to it (cookie): draining and stopping servers still do, also those of weight 0.
    pub fn takes_persistent(&self) -> bool {
        self.is_up()
    }

    /// The weight that the configuration or a command gave, 0–256.
    pub fn user_weight(&self) -> u32 {
        self.user_weight.load(Relaxed)
    }

    pub(super) fn store_user_weight(&self, weight: u32) {
        self.user_weight.store(weight, Relaxed);
    }

    /// The weight in sixteenths, with slowstart's share, at least 1 while usable; 0 when it takes no new clients.
    pub fn effective_weight(&self) -> u32 {
        if !self.is_usable() {
            return 0;
        }
        super::slowstart::scaled_weight(self.user_weight(), self.share.load(Relaxed))
    }

    /// The weight that statistics show: slowstart's while it runs, rounded up.
    pub fn displayed_weight(&self) -> u32 {
        let share = self.share.load(Relaxed);
        super::slowstart::scaled_weight(self.user_weight(), share).div_ceil(WEIGHT_SCALE)
    }

    /// Slowstart's percentage while it runs.
    pub fn throttle(&self) -> Option<u32> {
        (self.operational() == Operational::Starting)
            .then(|| self.share.load(Relaxed) * 100 / WEIGHT_SCALE)
    }

    pub(super) fn store_share(&self, sixteenths: u32) {
        self.share.store(sixteenths, Relaxed);
    }

    /// The configured or commanded limit; `None`: no limit.
    pub fn maxconn(&self) -> Option<u32> {
        Some(self.maxconn.load(Relaxed)).filter(|n| *n > 0)
    }

    pub(super) fn store_maxconn(&self, limit: Option<u32>) {
        self.maxconn.store(limit.unwrap_or(0), Relaxed);
    }

    /// Slots at this load of the backend (manual: "minconn", "fullconn", "slowstart"); `None`: no limit.
    pub fn limit(&self, backend_load: u32, fullconn: u32) -> Option<u32> {
        let max = self.maxconn()?;
        let ramp = match self.rules.minconn {
            Some(min) if min < max && backend_load < fullconn => {
                let share = u64::from(max) * u64::from(backend_load) / u64::from(fullconn.max(1));
                (share as u32).max(min)
            }
            _ => max,
        };
        let share = self.share.load(Relaxed);
        if self.operational() == Operational::Starting && share < WEIGHT_SCALE {
            Some((u64::from(ramp) * u64::from(share) / u64::from(WEIGHT_SCALE)).max(1) as u32)
        } else {
            Some(ramp)
        }
    }

    /// Requests on it now (`scur`).
    pub fn served(&self) -> u32 {
        self.served.load(Relaxed)
    }

    /// The most at once (`smax`).
    pub fn served_max(&self) -> u32 {
        self.served_max.load(Relaxed)
    }

    /// Requests waiting for it alone (`qcur`).
    pub fn queued(&self) -> u32 {
        self.queued.load(Relaxed)
    }

    /// The most at once (`qmax`).
    pub fn queued_max(&self) -> u32 {
        self.queued_max.load(Relaxed)
    }

    /// A copy of its health: progress, last result, counters.
    pub fn health(&self) -> Health {
        self.health.lock().clone()
    }

    /// Whether checks run (`enable health`, `disable health`), and no maintenance pauses them.
    pub fn checks_enabled(&self) -> bool {
        self.rules.checked && self.checks_enabled.load(Relaxed) && !self.admin().is_maint()
    }

    /// Switches checks.
    pub fn enable_checks(&self, enabled: bool) {
        self.checks_enabled.store(enabled, Relaxed);
    }

    /// Asks for the next check after `fastinter` at most.
    pub fn hasten_check(&self) {
        self.hasten.notify_one();
    }

    /// Waits until the next check is wanted sooner.
    pub async fn hastened(&self) {
        self.hasten.notified().await;
    }

    /// Marks a check as begun (`* L7OK` in statistics).
    pub fn check_begins(&self) {
        self.health.lock().running = true;
    }

    /// Time since the last change between up and down (`lastchg`).
    pub fn since_last_change(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.times.lock().last_change)
    }

    /// Time spent down, now included (`downtime`).
    pub fn downtime(&self, now: Instant) -> Duration {
        let times = self.times.lock();
        let current = times
            .down_since
            .map_or(Duration::ZERO, |since| now.saturating_duration_since(since));
        times.downtime + current
    }
}
