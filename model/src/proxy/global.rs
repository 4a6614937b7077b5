//! Settings that all proxies share (manual 3).

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};

use super::Bind;
use crate::{
    Located,
    expr::{Expr, LogFormat, Var},
    log::LogTarget,
    rule::Reply,
};

/// The `global` section, as far as it isn't about processes.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Global {
    /// `log` lines.
    pub logs: Vec<LogTarget>,
    /// `log-tag`.
    pub log_tag: Option<String>,
    /// `log-send-hostname`: the name to send; an empty one means the system's.
    pub log_send_hostname: Option<String>,
    /// `stats socket` lines.
    pub stats_sockets: Vec<Located<StatsSocket>>,
    /// `stats timeout`.
    pub stats_timeout: Option<Duration>,
    /// `stats maxconn`.
    pub stats_maxconn: Option<u32>,
    /// `spread-checks`, in percent.
    pub spread_checks: u32,
    /// `max-spread-checks`.
    pub max_spread_checks: Option<Duration>,
    /// `node`.
    pub node: Option<String>,
    /// `description`.
    pub description: Option<String>,
    /// `server-state-base`, `server-state-file`.
    pub server_state: (Option<String>, Option<String>),
    /// `set-var` and `set-var-fmt` lines.
    pub vars: Vec<Located<(Var, GlobalVar)>>,
    /// Limits per second: connections.
    pub maxconnrate: Option<u32>,
    /// Limits per second: sessions.
    pub maxsessrate: Option<u32>,
    /// `busy-polling` and other tuning words live here.
    pub tune: Tune,
    /// Names and versions of TLS, for a later use of them.
    pub ssl: SslDefaults,
    /// `h1-case-adjust` pairs.
    pub h1_case_adjust: BTreeMap<String, String>,
    /// `h1-accept-payload-with-any-method`.
    pub accept_payload_with_any_method: bool,
    /// `pp2-never-send-local`.
    pub pp2_never_send_local: bool,
    /// `close-spread-time`; `Some(None)` is `infinite`.
    pub close_spread_time: Option<Option<Duration>>,
}

/// How a process-wide variable gets its value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum GlobalVar {
    /// From an expression.
    Expr(Expr),
    /// From a log format.
    Format(LogFormat),
}

/// A `stats socket` line: a listening socket that takes commands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StatsSocket {
    /// The socket and its options; `level` defaults to operator.
    pub bind: Bind,
}

/// `tune.*` settings; `None`: the built-in default.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tune {
    /// `tune.bufsize`: bytes of a buffer (16384).
    pub bufsize: Option<u32>,
    /// `tune.maxrewrite`: bytes of it reserved for rewriting (1024).
    pub maxrewrite: Option<u32>,
    /// `tune.http.maxhdr`: headers in a message (101).
    pub http_maxhdr: Option<u32>,
    /// `tune.http.logurilen`: bytes of a request line in a log (1024).
    pub http_logurilen: Option<u32>,
    /// `tune.http.cookielen`: bytes of a captured cookie (63).
    pub http_cookielen: Option<u32>,
    /// `tune.comp.maxlevel` and all other numbers, by their name.
    pub numbers: BTreeMap<String, i64>,
    /// `tune.idle-pool.shared`.
    pub idle_pool_shared: Option<bool>,
    /// `tune.pool-high-fd-ratio`: percent of the descriptors.
    pub pool_high_fd_ratio: Option<u32>,
    /// `tune.pool-low-fd-ratio`
    pub pool_low_fd_ratio: Option<u32>,
    /// `tune.listener.multi-queue`.
    pub listener_multi_queue: Option<bool>,
    /// `tune.maxaccept`: connections accepted at once.
    pub maxaccept: Option<i32>,
    /// Client and server socket buffers: `tune.rcvbuf.client`.
    pub rcvbuf_client: Option<u32>,
    /// `tune.rcvbuf.server`
    pub rcvbuf_server: Option<u32>,
    /// `tune.sndbuf.client`
    pub sndbuf_client: Option<u32>,
    /// `tune.sndbuf.server`
    pub sndbuf_server: Option<u32>,
}

/// `ssl-default-*`, `ca-base`, `crt-base`: words kept by name until the proxy speaks TLS.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SslDefaults {
    /// Word and value.
    pub words: BTreeMap<String, String>,
}

/// A list of users (manual 3.4).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Userlist {
    /// Its name.
    pub name: Located<String>,
    /// Users in order.
    pub users: Vec<User>,
}

/// A user of a [`Userlist`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Name.
    pub name: String,
    /// Password as written.
    pub password: Option<String>,
    /// `insecure-password`: it stands in clear; otherwise it is a crypt(3) hash.
    pub clear: bool,
    /// Groups.
    pub groups: Vec<String>,
}

/// A `http-errors` section.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ErrorPages {
    /// Its name.
    pub name: Located<String>,
    /// Replies by status.
    pub pages: BTreeMap<u16, Reply>,
}
