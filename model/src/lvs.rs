//! Virtual servers and what stands behind them (keepalived.conf(5), LVS CONFIGURATION).

use std::{collections::BTreeSet, net::IpAddr, time::Duration};

use serde::{Deserialize, Serialize};

use crate::{Located, Text, check::Checker, script::Script, vrrp::Family};

/// All virtual servers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Lvs {
    /// `virtual_server_group`s.
    pub groups: Vec<Group>,
    /// `virtual_server`s.
    pub servers: Vec<VirtualServer>,
    /// `SSL`: with what SSL_GET checks.
    pub ssl: Option<Ssl>,
}

/// Parameters of SSL_GET checks.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ssl {
    /// Password of the key.
    pub password: Option<Text>,
    /// File of certificate authorities.
    pub ca: Option<Text>,
    /// File of our certificate.
    pub certificate: Option<Text>,
    /// File of its key.
    pub key: Option<Text>,
}

/// A `virtual_server_group`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// Its name.
    pub name: Located<String>,
    /// Addresses and marks.
    pub entries: Vec<GroupEntry>,
}

/// A line of a `virtual_server_group`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum GroupEntry {
    /// An address, or all from the first to the last, with a port (0: any).
    Range {
        /// The first.
        first: IpAddr,
        /// The last; the same as the first for a single one.
        last: IpAddr,
        /// The port.
        port: u16,
    },
    /// A firewall mark.
    Mark {
        /// The mark.
        mark: u32,
        /// The family, where it is told.
        family: Option<Family>,
    },
}

/// What a virtual server is reached by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Service {
    /// An address and a port (0: any).
    Address(IpAddr, u16),
    /// A firewall mark.
    Mark(u32),
    /// A `virtual_server_group`.
    Group(String),
}

impl Default for Service {
    fn default() -> Self {
        Self::Mark(0)
    }
}

/// Transport of a virtual server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Protocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
    /// SCTP.
    Sctp,
}

/// How packets reach a real server (`lvs_method`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Forwarding {
    /// Addresses are translated.
    Nat,
    /// The packet goes to the server's MAC address.
    DirectRouting,
    /// The packet goes through a tunnel.
    Tunnel(Tunnel),
}

/// A tunnel to a real server.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tunnel {
    /// Encapsulation.
    pub kind: TunnelKind,
    /// Checksums.
    pub checksum: TunnelChecksum,
}

/// Encapsulation of a tunnel.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum TunnelKind {
    /// IP in IP.
    #[default]
    IpIp,
    /// Generic UDP encapsulation to a port.
    Gue(u16),
    /// GRE.
    Gre,
}

/// Checksums of a tunnel.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum TunnelChecksum {
    /// None.
    #[default]
    None,
    /// Of each packet.
    Checksum,
    /// Remote checksum offload.
    Remote,
}

/// `persistence_…`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Persistence {
    /// How long a client stays with its server; `None`: not at all.
    pub timeout: Option<Duration>,
    /// Clients of the same network stay together: its length as written, or its mask.
    pub granularity: Option<String>,
    /// The engine (`sip`).
    pub engine: Option<String>,
}

/// When checks are made, each unless a checker says otherwise.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timing {
    /// Bound on a connection.
    pub connect_timeout: Option<Duration>,
    /// Further attempts before a check has failed.
    pub retry: Option<u32>,
    /// Pause before each of them.
    pub delay_before_retry: Option<Duration>,
    /// Bound of the random pause before the first check.
    pub warmup: Option<Duration>,
    /// Pause between checks.
    pub delay_loop: Option<Duration>,
}

/// A server for when the quorum is lost.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SorryServer {
    /// Its address and port (0: the virtual server's).
    pub address: (IpAddr, u16),
    /// Its weight goes to 0 rather than it out of the table.
    pub inhibit: bool,
    /// How packets reach it; `None`: as the real servers.
    pub forwarding: Option<Forwarding>,
}

/// A `virtual_server`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct VirtualServer {
    /// What it is reached by.
    pub service: Located<Service>,
    /// Transport.
    pub protocol: Option<Protocol>,
    /// Scheduler of the kernel.
    pub scheduler: Option<String>,
    /// `flag-1`, `sh-port` … by the bits that they are: 1, 2, 3.
    pub scheduler_flags: BTreeSet<u8>,
    /// One packet a connection (UDP).
    pub one_packet: bool,
    /// How packets reach the real servers.
    pub forwarding: Option<Forwarding>,
    /// Clients stay with their servers.
    pub persistence: Persistence,
    /// `ip_family`.
    pub family: Option<Family>,
    /// Checks rest while the address isn't here.
    pub ha_suspend: bool,
    /// Mail about the quorum.
    pub smtp_alert: Option<bool>,
    /// Default of HTTP checks.
    pub virtualhost: Option<Text>,
    /// A name for SNMP.
    pub snmp_name: Option<Text>,
    /// Servers begin as down.
    pub alpha: bool,
    /// Scripts of losses run at the end, too.
    pub omega: bool,
    /// Weight of live servers that it needs.
    pub quorum: u32,
    /// Tolerance around it.
    pub hysteresis: u32,
    /// Script when the quorum is gained.
    pub quorum_up: Option<Script>,
    /// Script when it is lost.
    pub quorum_down: Option<Script>,
    /// Whom to send clients to without quorum.
    pub sorry_server: Option<SorryServer>,
    /// Default weight of real servers.
    pub weight: u32,
    /// Default of real servers.
    pub inhibit_on_failure: bool,
    /// Default of checks.
    pub timing: Timing,
    /// The real servers.
    pub real_servers: Vec<RealServer>,
}

/// A `real_server`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RealServer {
    /// Address and port (0: the virtual server's).
    pub address: Located<(IpAddr, u16)>,
    /// Share of the load; `None`: the virtual server's.
    pub weight: Option<u32>,
    /// How packets reach it; `None`: the virtual server's.
    pub forwarding: Option<Forwarding>,
    /// Script when it comes up.
    pub notify_up: Option<Script>,
    /// Script when it goes down.
    pub notify_down: Option<Script>,
    /// Connections above which it gets no more.
    pub upper_threshold: Option<u32>,
    /// Connections below which it gets some again.
    pub lower_threshold: Option<u32>,
    /// Mail about it.
    pub smtp_alert: Option<bool>,
    /// Default of HTTP checks.
    pub virtualhost: Option<Text>,
    /// A name for SNMP.
    pub snmp_name: Option<Text>,
    /// It begins as down; `None`: as the virtual server says.
    pub alpha: Option<bool>,
    /// Its weight goes to 0 rather than it out of the table; `None`: as the virtual server says.
    pub inhibit_on_failure: Option<bool>,
    /// Default of checks.
    pub timing: Timing,
    /// Its checkers.
    pub checkers: Vec<Checker>,
}

impl RealServer {
    /// Nothing said but where it is.
    pub fn new(address: Located<(IpAddr, u16)>) -> Self {
        Self {
            address,
            weight: None,
            forwarding: None,
            notify_up: None,
            notify_down: None,
            upper_threshold: None,
            lower_threshold: None,
            smtp_alert: None,
            virtualhost: None,
            snmp_name: None,
            alpha: None,
            inhibit_on_failure: None,
            timing: Timing::default(),
            checkers: Vec::new(),
        }
    }
}
