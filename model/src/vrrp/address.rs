//! Addresses that are added and removed (`virtual_ipaddress`, `virtual_ipaddress_excluded`, `static_ipaddress`).

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::address::Network;

/// An address line with its words, those of `ip address add`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    /// The address and its mask; a bare address has the full length (/32, /128).
    pub network: Network,
    /// `peer`: the other end, which then carries the mask.
    pub peer: Option<Network>,
    /// `brd`; `None`: the kernel's choice, none.
    pub broadcast: Option<Broadcast>,
    /// `dev`; `None`: the instance's interface (its vmac if it has one), for static ones `default_interface`.
    pub dev: Option<String>,
    /// `label`.
    pub label: Option<String>,
    /// `scope` as the kernel's number (global 0, site 200, link 253, host 254, nowhere 255).
    pub scope: u8,
    /// `home`.
    pub home: bool,
    /// `-nodad`: duplicate detection stays on (IPv6 addresses are `nodad` else).
    pub dad: bool,
    /// `mngtmpaddr`.
    pub mngtmpaddr: bool,
    /// `noprefixroute`.
    pub noprefixroute: bool,
    /// `autojoin`.
    pub autojoin: bool,
    /// `preferred_lft` in seconds; `None`: not given (deprecated, 0, for a /128; else for ever).
    pub preferred_lft: Option<PreferredLifetime>,
    /// `use_vmac`: the address gets a macvlan of its own on `dev`.
    pub use_vmac: bool,
    /// `no_track`: its removal from outside is not noticed.
    pub no_track: bool,
    /// `track_group` (static ones only).
    pub track_group: Option<String>,
}

impl Address {
    /// A bare address.
    pub fn bare(network: Network) -> Self {
        Self {
            network,
            peer: None,
            broadcast: None,
            dev: None,
            label: None,
            scope: 0,
            home: false,
            dad: false,
            mngtmpaddr: false,
            noprefixroute: false,
            autojoin: false,
            preferred_lft: None,
            use_vmac: false,
            no_track: false,
            track_group: None,
        }
    }

    /// The address alone.
    pub fn ip(&self) -> IpAddr {
        self.network.ip
    }
}

/// `brd`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Broadcast {
    /// An address.
    Address(std::net::Ipv4Addr),
    /// `+`: the network's address with all host bits set.
    HostBitsSet,
    /// `-`: the network's address with all host bits cleared.
    HostBitsCleared,
}

/// `preferred_lft`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum PreferredLifetime {
    /// Seconds.
    Seconds(u32),
    /// For ever.
    Forever,
}
