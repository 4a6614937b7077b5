//! Routes that are added and removed (`virtual_routes`, `static_routes`); the words are those of `ip route add`.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::Family;
use crate::address::Network;

/// A route line. Numbers that have names (tables, scopes, protocols, realms, tos) are resolved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// The family of the destination (`inet`, `inet6`, or what the addresses say).
    pub family: Family,
    /// What becomes of packets.
    pub kind: RouteType,
    /// `to`; `default` is the whole family.
    pub destination: Network,
    /// `src`: the preferred source address.
    pub src: Option<IpAddr>,
    /// `from`: only packets from there (IPv6).
    pub from: Option<Network>,
    /// `via`, `gw`: the gateway; may be of the other family.
    pub via: Option<IpAddr>,
    /// `dev`, `oif`; `None`: no interface named.
    pub dev: Option<String>,
    /// `table`; `None`: main, or the VRF's.
    pub table: Option<u32>,
    /// `scope`; `None`: what the kind of the route says.
    pub scope: Option<u8>,
    /// `metric`, `priority`, `preference`.
    pub metric: Option<u32>,
    /// `tos`, `dsfield`.
    pub tos: Option<u8>,
    /// `protocol`; `None`: keepalived's own number, 18.
    pub protocol: Option<u8>,
    /// `realms`: source in the upper 16 bits, destination in the lower.
    pub realms: Option<u32>,
    /// `expires` in seconds (IPv6).
    pub expires: Option<u32>,
    /// `pref` (IPv6): 0 medium, 1 high, 3 low (RFC 4191).
    pub pref: Option<u8>,
    /// `onlink` of a route with one gateway.
    pub onlink: bool,
    /// `append` instead of prepend.
    pub append: bool,
    /// `ttl-propagate` (MPLS).
    pub ttl_propagate: Option<bool>,
    /// `encap` of a route with one gateway.
    pub encap: Option<Encap>,
    /// `nexthop …` and `or …`: several gateways.
    pub nexthops: Vec<NextHop>,
    /// Metrics.
    pub metrics: Metrics,
    /// `no_track`.
    pub no_track: bool,
    /// `track_group` (static ones only).
    pub track_group: Option<String>,
}

impl Route {
    /// A unicast route to `destination` and nothing else said.
    pub fn to(family: Family, destination: Network) -> Self {
        Self {
            family,
            kind: RouteType::Unicast,
            destination,
            src: None,
            from: None,
            via: None,
            dev: None,
            table: None,
            scope: None,
            metric: None,
            tos: None,
            protocol: None,
            realms: None,
            expires: None,
            pref: None,
            onlink: false,
            append: false,
            ttl_propagate: None,
            encap: None,
            nexthops: Vec::new(),
            metrics: Metrics::default(),
            no_track: false,
            track_group: None,
        }
    }
}

/// Types of routes, by the kernel's names.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum RouteType {
    /// Forwarded.
    #[default]
    Unicast,
    /// Delivered here.
    Local,
    /// Delivered here and sent as broadcast.
    Broadcast,
    /// Delivered here, not used as a source.
    Anycast,
    /// Multicast.
    Multicast,
    /// Dropped silently.
    Blackhole,
    /// Refused: host unreachable.
    Unreachable,
    /// Refused: administratively prohibited.
    Prohibit,
    /// The lookup goes on in the next table.
    Throw,
    /// Translated (no kernel does it any more).
    Nat,
}

/// One of several gateways.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NextHop {
    /// `via`.
    pub via: Option<IpAddr>,
    /// `dev`, `oif`.
    pub dev: Option<String>,
    /// `weight`, 1–256.
    pub weight: Option<u16>,
    /// `onlink`.
    pub onlink: bool,
    /// `realms`.
    pub realms: Option<u32>,
    /// `encap`.
    pub encap: Option<Encap>,
}

/// RTA_METRICS; `None`: not given. Of those that can be locked, `lock` says which are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metrics {
    /// `mtu`.
    pub mtu: Option<u32>,
    /// `window`.
    pub window: Option<u32>,
    /// `rtt` in milliseconds.
    pub rtt_ms: Option<u32>,
    /// `rttvar` in milliseconds.
    pub rttvar_ms: Option<u32>,
    /// `rto_min` in milliseconds.
    pub rto_min_ms: Option<u32>,
    /// `ssthresh`.
    pub ssthresh: Option<u32>,
    /// `cwnd`.
    pub cwnd: Option<u32>,
    /// `advmss`.
    pub advmss: Option<u32>,
    /// `reordering`.
    pub reordering: Option<u32>,
    /// `hoplimit`.
    pub hoplimit: Option<u32>,
    /// `initcwnd`.
    pub initcwnd: Option<u32>,
    /// `initrwnd`.
    pub initrwnd: Option<u32>,
    /// `quickack`.
    pub quickack: Option<bool>,
    /// `fastopen_no_cookie`.
    pub fastopen_no_cookie: Option<bool>,
    /// `congctl`.
    pub congctl: Option<String>,
    /// `features ecn`.
    pub ecn: bool,
    /// `lock`: a bit for each metric by the kernel's RTAX_ number.
    pub lock: u32,
}

/// Lightweight tunnels of a route.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Encap {
    /// `encap mpls`: labels, the outermost first.
    Mpls {
        /// Labels of 20 bits.
        labels: Vec<u32>,
    },
    /// `encap ip`, `encap ip6`.
    Ip {
        /// The family of the tunnel.
        family: Family,
        /// `id`.
        id: Option<u64>,
        /// `dst`.
        dst: Option<IpAddr>,
        /// `src`.
        src: Option<IpAddr>,
        /// `tos`, `tc`.
        tos: Option<u8>,
        /// `ttl`, `hoplimit`.
        ttl: Option<u8>,
        /// `flags`.
        flags: Option<u16>,
    },
    /// `encap ila`.
    Ila {
        /// The locator.
        locator: u64,
    },
}
