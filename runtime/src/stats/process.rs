//! Numbers of the whole process (`show info`, the head of the statistics page).

use std::{
    sync::atomic::Ordering::Relaxed,
    time::{Duration, UNIX_EPOCH},
};

use crate::{
    live::{Live, SENT_UNIT},
    plan::Plan,
    vocab::Now,
};

use super::{Level, PerSecond};

/// What is known of the process as a whole.
#[derive(Debug, Clone, Default)]
pub struct Process {
    /// Its number.
    pub pid: u32,
    /// Worker threads.
    pub threads: usize,
    /// Since it began to serve.
    pub uptime: Duration,
    /// When that was, in seconds since 1970.
    pub started_at: u64,
    /// The descriptor limit that it asked for.
    pub descriptor_limit: u64,
    /// Descriptors that its connections may need.
    pub descriptors: u64,
    /// Pipes for splicing at most.
    pub pipes: u64,
    /// Client connections.
    pub connections: Level,
    /// Connections since the start.
    pub accepted: u64,
    /// Requests since the start.
    pub requests: u64,
    /// Connections per second.
    pub connection_rate: PerSecond,
    /// Sessions per second.
    pub session_rate: PerSecond,
    /// Bounds of both; 0: none.
    pub rate_limits: (u32, u32),
    /// Log lines that could not leave.
    pub dropped_logs: u64,
    /// Bytes sent to clients and servers.
    pub bytes_out: u64,
    /// The same per second.
    pub bytes_out_rate: u64,
    /// Percentage of its time that the worker waited which is asked.
    pub idle_percent: u8,
    /// Listening sockets.
    pub listeners: usize,
    /// What keeps the process at work: connections and listening sockets.
    pub jobs: u64,
    /// Soft stop has begun.
    pub stopping: bool,
    /// The node's name: `node`, or the host's.
    pub node: String,
    /// `description`.
    pub description: Option<String>,
}

impl Process {
    /// As it is now.
    pub fn of(plan: &Plan, live: &Live, now: Now) -> Self {
        let started = live.started.date.duration_since(UNIX_EPOCH);
        let node = plan.global.node.clone().unwrap_or_else(|| {
            nix::unistd::gethostname()
                .map(|name| name.to_string_lossy().into_owned())
                .unwrap_or_default()
        });
        let connections = Level::of(&live.connections);
        let listeners = plan.listeners.len() + plan.global.stats_sockets.len();
        Self {
            pid: std::process::id(),
            threads: plan.threads,
            uptime: now.instant.saturating_duration_since(live.started.instant),
            started_at: started.unwrap_or_default().as_secs(),
            descriptor_limit: plan.limits.wanted,
            descriptors: plan.limits.max_descriptors,
            pipes: plan.limits.maxpipes,
            // A command socket holds the place of its next client: it needn't be counted.
            jobs: connections.now
                + u64::from(live.command_clients.now())
                + plan.listeners.len() as u64,
            connections,
            accepted: live.accepted.sum(|counter| counter) + live.commands.value(),
            requests: live.requests.sum(|counter| counter) + live.commands.value(),
            connection_rate: PerSecond::of(&live.connection_rate, now),
            session_rate: PerSecond::of(&live.session_rate, now),
            rate_limits: (
                live.rate_limits.connections.load(Relaxed),
                live.rate_limits.sessions.load(Relaxed),
            ),
            dropped_logs: live.dropped_logs.sum(|counter| counter),
            bytes_out: live.bytes_out.sum(|counter| counter),
            bytes_out_rate: u64::from(live.sent_rate.per_second(now.instant)) * SENT_UNIT,
            idle_percent: live.idle.percent(now.instant),
            listeners,
            stopping: live.stopping.load(Relaxed),
            node,
            description: plan.global.description.clone(),
        }
    }
}
