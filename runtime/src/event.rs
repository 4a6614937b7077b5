//! What happens to the process that operators are told of; a face words it and knows its level.

use crate::{plan::ProxyId, server};

/// One event.
#[derive(Debug)]
pub enum Event {
    /// A server changed, or a check ended.
    Server {
        /// Its backend.
        backend: ProxyId,
        /// What happened.
        event: server::Event,
    },
    /// A proxy has stopped.
    Stopped {
        /// The proxy.
        proxy: ProxyId,
        /// Client connections it had in all.
        frontend_connections: u64,
        /// Streams its backend had in all.
        backend_sessions: u64,
    },
    /// The soft stop took longer than `hard-stop-after` allows: what is left is cut.
    HardStop,
    /// A frontend's last connections are cut for that reason.
    HardStopped {
        /// The frontend.
        proxy: ProxyId,
        /// How many.
        connections: u32,
    },
    /// A frontend gave its sockets' clients up for a while (`disable frontend`, SIGTTOU).
    Paused {
        /// The proxy.
        proxy: ProxyId,
    },
    /// It takes them again.
    Resumed {
        /// The proxy.
        proxy: ProxyId,
    },
    /// A log line could not be sent, for a reason other than a full queue. Told once in the process's life.
    LogFailure {
        /// The target's place in its proxy's list, from 1.
        logger: usize,
        /// Why.
        error: std::io::Error,
    },
}
