//! What only a proxy with clients has.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Capture;
use crate::{
    Located, Text,
    address::{Address, Network},
    expr::LogFormat,
};

/// The client side of a proxy.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Frontend {
    /// Where it listens, one entry per address and port.
    pub binds: Vec<Located<Bind>>,
    /// Connections at once; `None`: as many as the process has.
    pub maxconn: Option<u32>,
    /// Connections per second.
    pub rate_limit_sessions: Option<u32>,
    /// Length of the kernel's accept queue; `None`: from `maxconn`.
    pub backlog: Option<u32>,
    /// Where requests go when no `use_backend` applies.
    pub default_backend: Option<Located<LogFormat>>,
    /// `monitor-net`, `mode health`: clients that get a word and the end before anything is asked of them.
    pub greeting: Option<Greeting>,
    /// `monitor-uri`.
    pub monitor_uri: Option<Text>,
    /// `capture request header` and `declare capture request`, in order.
    pub request_captures: Vec<Capture>,
    /// `capture response header` and `declare capture response`, in order.
    pub response_captures: Vec<Capture>,
    /// `capture cookie`: name and length; a trailing `=`-less name matches by prefix.
    pub capture_cookie: Option<(Text, u32)>,
    /// TCP keep-alive parameters `clitcpka-cnt`, `-idle`, `-intvl`.
    pub tcp_keepalive: TcpKeepalive,
}

/// What some clients get as soon as they are accepted, instead of being served. Nothing is logged of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Greeting {
    /// Whom it is for; `None`: everyone.
    pub network: Option<Network>,
    /// What they get before the end; it may be empty.
    pub text: Text,
}

/// Parameters of TCP keep-alive; `None`: the kernel's.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TcpKeepalive {
    /// Probes before giving up.
    pub count: Option<u32>,
    /// Silence before the first probe.
    pub idle: Option<Duration>,
    /// Between probes.
    pub interval: Option<Duration>,
}

/// One listening socket (manual 5.1).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Bind {
    /// Where.
    pub address: Address,
    /// `name`.
    pub name: Option<String>,
    /// `id`, given or assigned.
    pub id: u32,
    /// `accept-proxy`: a PROXY header opens each connection.
    pub accept_proxy: bool,
    /// `transparent`.
    pub transparent: bool,
    /// `interface`.
    pub interface: Option<String>,
    /// `v6only`: `Some(true)`; `v4v6`: `Some(false)`.
    pub v6only: Option<bool>,
    /// `defer-accept`.
    pub defer_accept: bool,
    /// `tfo`.
    pub fast_open: bool,
    /// `mss`.
    pub mss: Option<i32>,
    /// `tcp-ut`.
    pub user_timeout: Option<Duration>,
    /// `maxconn` of this socket.
    pub maxconn: Option<u32>,
    /// `backlog` of this socket.
    pub backlog: Option<u32>,
    /// `nice`.
    pub nice: i32,
    /// `shards`: sockets per address; 0: one per thread.
    pub shards: u32,
    /// `thread`/`process` sets, in order.
    pub threads: Vec<Process>,
    /// `mode`, `user`, `group` of a unix socket.
    pub access: SocketAccess,
    /// `level` where the socket carries commands.
    pub level: Option<StatsLevel>,
    /// `expose-fd listeners`.
    pub expose_listeners: bool,
    /// `severity-output`.
    pub severity_output: Option<String>,
    /// `namespace`.
    pub namespace: Option<String>,
}

impl Bind {
    /// A socket with every option at its default.
    pub fn at(address: Address) -> Self {
        Self {
            address,
            name: None,
            id: 0,
            accept_proxy: false,
            transparent: false,
            interface: None,
            v6only: None,
            defer_accept: false,
            fast_open: false,
            mss: None,
            user_timeout: None,
            maxconn: None,
            backlog: None,
            nice: 0,
            shards: 1,
            threads: Vec::new(),
            access: SocketAccess::default(),
            level: None,
            expose_listeners: false,
            severity_output: None,
            namespace: None,
        }
    }
}

/// A range of threads a socket is restricted to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    /// First thread, from 1.
    pub first: u32,
    /// Last thread.
    pub last: u32,
}

/// Who may open a unix socket.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SocketAccess {
    /// Permission bits; `None`: by the umask.
    pub mode: Option<u32>,
    /// Owner, resolved.
    pub uid: Option<u32>,
    /// Group, resolved.
    pub gid: Option<u32>,
}

/// What a command needs, and a socket grants (manual 9.3 "level").
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum StatsLevel {
    /// Only non-sensitive reading.
    User,
    /// All reading.
    #[default]
    Operator,
    /// Everything.
    Admin,
}
