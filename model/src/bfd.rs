//! BFD sessions with neighbours (keepalived.conf(5), BFD CONFIGURATION; RFC 5880, 5881).

use std::{net::IpAddr, time::Duration};

use serde::{Deserialize, Serialize};

use crate::{Located, track::Weight};

/// A `bfd_instance`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Instance {
    /// Its name.
    pub name: Located<String>,
    /// `neighbor_ip`.
    pub neighbor: IpAddr,
    /// `source_ip`; `None`: the kernel chooses.
    pub source: Option<IpAddr>,
    /// `min_rx`: required minimum interval between received packets (default 10 ms).
    pub min_rx: Duration,
    /// `min_tx`: desired minimum interval between sent packets (default 10 ms).
    pub min_tx: Duration,
    /// `idle_tx`: desired interval while the session is not up (default 1 s).
    pub idle_tx: Duration,
    /// `multiplier`: missed packets after which the session is down (default 5).
    pub multiplier: u8,
    /// `passive`: speak only when spoken to.
    pub passive: bool,
    /// `ttl` or `hoplimit` of sent packets (default 255 for IPv4, 64 for IPv6).
    pub ttl: u8,
    /// `max_hops`: how much less than 255 a received packet's may be (default 0; 255: not checked).
    pub max_hops: u8,
    /// Default weight of those who track it.
    pub weight: Weight,
    /// The VRRP process is told of changes.
    pub vrrp: bool,
    /// The process of the checkers is told of changes.
    pub checker: bool,
}

/// The defaults of [`Instance`]: intervals, multiplier, TTLs.
pub mod default {
    use std::time::Duration;

    /// `min_rx`.
    pub const MIN_RX: Duration = Duration::from_millis(10);
    /// `min_tx`.
    pub const MIN_TX: Duration = Duration::from_millis(10);
    /// `idle_tx`.
    pub const IDLE_TX: Duration = Duration::from_secs(1);
    /// `multiplier`.
    pub const MULTIPLIER: u8 = 5;
    /// `ttl`.
    pub const TTL: u8 = 255;
    /// `hoplimit`.
    pub const HOPLIMIT: u8 = 64;
}
