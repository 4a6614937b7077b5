//! How the program lives as processes: users, limits, daemon mode, master and workers, the pid file.
//!
//! A field is `None` where no line of the configuration and no option of the command line said anything; what then
//! holds is the runtime's business (`runtime::process`), so that printing a model shows only what was written.

use std::{path::PathBuf, time::Duration};

use serde::{Deserialize, Serialize};

use crate::proxy::Bind;

/// Process settings, of the `global` section and of the command line (which wins).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Process {
    /// Leave the terminal (`daemon`, `-D`).
    pub daemon: Option<bool>,
    /// A master that supervises workers (`master-worker`, `-W`).
    pub master_worker: Option<MasterWorker>,
    /// Where the pid is written, opened before the chroot (`pidfile`, `-p`).
    pub pidfile: Option<PathBuf>,
    /// The jail entered after binding (`chroot`).
    pub chroot: Option<PathBuf>,
    /// The user that serves (`user`, `uid`).
    pub user: Option<Principal>,
    /// The group that serves (`group`, `gid`).
    pub group: Option<Principal>,
    /// Descriptor limit wanted instead of the computed one (`ulimit-n`).
    pub ulimit_n: Option<u64>,
    /// What the computation of the limits may never go beyond (`fd-hard-limit`).
    pub fd_hard_limit: Option<u64>,
    /// Concurrent connections of a process (`maxconn`, `-n`).
    pub maxconn: Option<u64>,
    /// Pipes for splicing (`maxpipes`).
    pub maxpipes: Option<u64>,
    /// Whether a limit that can't be had prevents the start (`strict-limits`, on by default).
    pub strict_limits: Option<bool>,
    /// Memory in megabytes (`-m`).
    pub memory_mb: Option<u64>,
    /// Threads that serve (`nbthread`).
    pub nbthread: Option<u32>,
    /// After a soft stop, close what is left when this has passed (`hard-stop-after`).
    pub hard_stop_after: Option<Duration>,
    /// After a soft stop, keep listening for so long (`grace`).
    pub grace: Option<Duration>,
    /// Spread the closing of idle connections over this time (`close-spread-time`).
    pub close_spread_time: Option<Duration>,
    /// Allow core dumps after the user changed (`set-dumpable`).
    pub set_dumpable: Option<bool>,
    /// Let workers start other programs (`insecure-fork-wanted`).
    pub insecure_fork: Option<bool>,
    /// Keep set-user-id programs working below workers (`insecure-setuid-wanted`).
    pub insecure_setuid: Option<bool>,
    /// Reloads that an old worker may survive before it is terminated (`mworker-max-reloads`).
    pub max_reloads: Option<u32>,
    /// Share listening ports with other processes (off by `noreuseport`, `-dR`).
    pub reuseport: Option<bool>,
    /// Environment variables that were set (by `setenv` and the like, or as facts of the process), or taken away, in
    /// order.
    pub environment: Vec<(String, Option<String>)>,
    /// The master's command sockets (`-S`).
    pub master_sockets: Vec<Bind>,
}

/// `master-worker` and its argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct MasterWorker {
    /// Don't end everything when a worker fails (`no-exit-on-failure`).
    pub survive_failure: bool,
    /// Report the state to the service manager (`-Ws`).
    pub notify: bool,
}

/// A user or a group, by name or by number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Principal {
    /// A name of the system's database, looked up before the chroot.
    Name(String),
    /// A number, taken as it is.
    Id(u32),
}
