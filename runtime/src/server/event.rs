//! What happens to servers, for a face to word and to log.

use crate::check::{CheckResult, Turn};

use super::state::Admin;

/// The state of the backend after the event, which the messages tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Usable active servers that are left.
    pub active: u32,
    /// Usable backup servers that are left.
    pub backup: u32,
    /// Whether backups carry the load now (no active server is left).
    pub backups_in_use: bool,
    /// Sessions on the server.
    pub sessions: u32,
    /// Requests that left the server's queue for another server.
    pub requeued: u32,
    /// Requests that wait in the backend's queue.
    pub waiting: u32,
}

/// Why a server changed.
#[derive(Debug, Clone, PartialEq)]
pub enum Cause {
    /// A health check, or traffic that was watched.
    Check(CheckResult),
    /// A command or the configuration.
    Administration,
    /// The tracked server `backend/server` changed.
    Tracked(String),
}

/// One change, by the server's place in its backend.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A check ended and changed no state (`option log-health-checks` tells these).
    Checked {
        /// The server.
        server: u32,
        /// The outcome.
        result: CheckResult,
        /// What moved.
        turn: Turn,
        /// Up or down, and the progress (value, out of).
        up: bool,
        /// See [`crate::check::Health::progress`].
        progress: (u32, u32),
    },
    /// A server went down.
    Down {
        /// The server.
        server: u32,
        /// Why.
        cause: Cause,
        /// What is left.
        counts: Counts,
        /// Its sessions must be closed (`on-marked-down shutdown-sessions`).
        shutdown_sessions: bool,
    },
    /// A server came up.
    Up {
        /// The server.
        server: u32,
        /// Why.
        cause: Cause,
        /// What is there.
        counts: Counts,
        /// Sessions of backup servers must be closed (`on-marked-up shutdown-backup-sessions`).
        shutdown_backup_sessions: bool,
    },
    /// A server is up but takes no new sessions (404 with `disable-on-404`), or takes them again.
    Stopping {
        /// The server.
        server: u32,
        /// Whether it stops; `false`: it takes sessions again.
        stops: bool,
        /// Why.
        cause: Cause,
        /// What is left.
        counts: Counts,
    },
    /// The administrative state changed.
    Admin {
        /// The server.
        server: u32,
        /// Before.
        was: Admin,
        /// Now.
        is: Admin,
        /// Whether the server is usable up as far as checks say.
        up: bool,
        /// Why.
        cause: Cause,
        /// What is left.
        counts: Counts,
        /// Its sessions must be closed.
        shutdown_sessions: bool,
    },
    /// No usable server is left in the backend.
    NoServerLeft,
}
