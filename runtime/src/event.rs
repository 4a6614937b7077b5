//! What happens to the process that operators are told of; a face words it and knows its level.

use std::io;

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
    /// A frontend can't accept, or a backend can't connect, for want of something of the system's.
    Exhausted {
        /// The proxy.
        proxy: ProxyId,
        /// What there is none of.
        resource: Resource,
        /// It is about a connection to a server.
        to_server: bool,
    },
    /// The local end that a connection to a server should have can't be had.
    NoSource {
        /// The backend.
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

/// What accepting and connecting use up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resource {
    /// Descriptors of this process.
    ProcessDescriptors,
    /// Descriptors of the system.
    SystemDescriptors,
    /// Memory of the system.
    Memory,
}

impl Resource {
    /// What a system call that failed lacked, if it was such a thing.
    pub fn lacking(error: &io::Error) -> Option<Self> {
        use nix::libc::{EMFILE, ENFILE, ENOBUFS, ENOMEM};
        Some(match error.raw_os_error()? {
            EMFILE => Resource::ProcessDescriptors,
            ENFILE => Resource::SystemDescriptors,
            ENOBUFS | ENOMEM => Resource::Memory,
            _ => return None,
        })
    }
}
