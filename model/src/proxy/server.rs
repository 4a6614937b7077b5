//! A server line (manual 5.2).

use std::{net::IpAddr, time::Duration};

use serde::{Deserialize, Serialize};

use super::SourceAddress;
use crate::{Located, Text, address::Address, pool::Member};

/// A server of a backend.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Server {
    /// Name, address, weight, backup, check.
    pub member: Member,
    /// Numeric identifier, given or assigned.
    pub id: u32,
    /// Its value in the persistence cookie.
    pub cookie: Option<Text>,
    /// Connections at once; `None`: no limit.
    pub maxconn: Option<u32>,
    /// Lower bound of the dynamic limit.
    pub minconn: Option<u32>,
    /// Requests waiting at most; `None`: no limit.
    pub maxqueue: Option<u32>,
    /// `disabled`: starts in maintenance.
    pub disabled: bool,
    /// `send-proxy`, `send-proxy-v2`.
    pub send_proxy: Option<ProxyProtocol>,
    /// `source`.
    pub source: Option<SourceAddress>,
    /// `slowstart`.
    pub slowstart: Option<Duration>,
    /// `track`: backend (empty: the same) and server.
    pub track: Option<(String, String)>,
    /// `observe`.
    pub observe: Option<Observe>,
    /// `error-limit`.
    pub error_limit: u32,
    /// `on-error`.
    pub on_error: OnError,
    /// `on-marked-down`.
    pub on_marked_down: OnMarkedDown,
    /// `on-marked-up`.
    pub on_marked_up: OnMarkedUp,
    /// `redir`.
    pub redirect_prefix: Option<Text>,
    /// `init-addr`.
    pub init_addr: Vec<InitAddress>,
    /// `pool-low-conn`.
    pub pool_low_conn: u32,
    /// `pool-max-conn`; `None`: no limit.
    pub pool_max_conn: Option<u32>,
    /// `pool-purge-delay`.
    pub pool_purge_delay: Duration,
    /// `max-reuse`; `None`: no limit.
    pub max_reuse: Option<u32>,
    /// `tcp-ut`.
    pub user_timeout: Option<Duration>,
    /// `tfo`.
    pub fast_open: bool,
    /// `non-stick`.
    pub non_stick: bool,
}

impl Server {
    /// A server without a name, with every option at its default.
    pub fn at(address: Address) -> Self {
        Self {
            member: Member {
                name: Located::built_in(String::new()),
                address,
                hostname: None,
                port_offset: None,
                weight: 1,
                backup: false,
                check: None,
            },
            id: 0,
            cookie: None,
            maxconn: None,
            minconn: None,
            maxqueue: None,
            disabled: false,
            send_proxy: None,
            source: None,
            slowstart: None,
            track: None,
            observe: None,
            error_limit: 10,
            on_error: OnError::default(),
            on_marked_down: OnMarkedDown::default(),
            on_marked_up: OnMarkedUp::default(),
            redirect_prefix: None,
            init_addr: Vec::new(),
            pool_low_conn: 0,
            pool_max_conn: None,
            pool_purge_delay: Duration::from_secs(5),
            max_reuse: None,
            user_timeout: None,
            fast_open: false,
            non_stick: false,
        }
    }
}

/// The PROXY header sent to a server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ProxyProtocol {
    /// The text form.
    V1,
    /// The binary form, with these `proxy-v2-options`.
    V2(Vec<String>),
}

/// What the proxied traffic is watched for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Observe {
    /// Connection failures.
    Layer4,
    /// HTTP errors too.
    Layer7,
}

/// What an observed error leads to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum OnError {
    /// Checks come faster.
    FastInter,
    /// One failed check.
    #[default]
    FailCheck,
    /// One failure from down.
    SuddenDeath,
    /// Down at once.
    MarkDown,
}

/// What happens to sessions of a server that goes down.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum OnMarkedDown {
    /// Nothing.
    #[default]
    Keep,
    /// They are closed.
    ShutdownSessions,
}

/// What happens to sessions of backup servers when a server comes up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum OnMarkedUp {
    /// Nothing.
    #[default]
    Keep,
    /// They are closed.
    ShutdownBackupSessions,
}

/// One of `init-addr`'s methods.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum InitAddress {
    /// From the state file.
    Last,
    /// By the system's resolver.
    Libc,
    /// Without an address.
    None,
    /// This one.
    Ip(IpAddr),
}
