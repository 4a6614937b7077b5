//! A route line as the kernel gets it.

use std::net::IpAddr;

use locum_kernel::netlink::{
    Encap, KEEPALIVED, NextHop, Route as KernelRoute, RouteMetric, RouteType, TABLE_MAIN,
};
use locum_model::vrrp::{
    Family,
    route::{Encap as Tunnel, Metrics, Route, RouteType as Kind},
};

use super::pair;
use crate::effect::Line;

/// The kernel counts round-trip times in eighths of a millisecond, and their variation in quarters.
const RTT_UNITS: u32 = 8;
const RTTVAR_UNITS: u32 = 4;
/// RTAX_FEATURE_ECN.
const ECN: u32 = 1;

/// Whether what the kernel tells of a route is about one of ours.
pub(in crate::driver) fn is_same_route(own: &KernelRoute, told: &KernelRoute) -> bool {
    own.destination == told.destination
        && own.table == told.table
        && own.protocol == told.protocol
        && own.tos == told.tos
        && own.metric.is_none_or(|metric| told.metric == Some(metric))
}

/// A route line; `index_of` finds the interfaces that its gateways name.
pub(in crate::driver) fn route(
    line: &Line<Route>,
    index_of: impl Fn(&str) -> Option<u32>,
) -> KernelRoute {
    let value = &line.value.value;
    let mut route = KernelRoute::new(pair(value.destination));
    route.from = value.from.map(pair);
    route.kind = kind(value.kind);
    route.table = value.table.unwrap_or(TABLE_MAIN);
    route.scope = value.scope;
    route.protocol = value.protocol.unwrap_or(KEEPALIVED);
    route.tos = value.tos.unwrap_or(0);
    route.metric = value.metric;
    route.source = value.src;
    route.gateway = value.via;
    route.interface = (line.interface != 0).then_some(line.interface);
    route.onlink = value.onlink;
    route.realms = value.realms;
    route.expires_s = value.expires;
    route.preference = value.pref;
    route.ttl_propagate = value.ttl_propagate;
    route.encap = value.encap.as_ref().map(encap);
    route.metrics = metrics(&value.metrics);
    route.append = value.append;
    route.next_hops = value
        .nexthops
        .iter()
        .map(|hop| NextHop {
            gateway: hop.via,
            interface: hop.dev.as_deref().and_then(&index_of),
            weight: hop.weight.unwrap_or(0),
            onlink: hop.onlink,
            realms: hop.realms,
            encap: hop.encap.as_ref().map(encap),
        })
        .collect();
    route
}

fn kind(kind: Kind) -> RouteType {
    match kind {
        Kind::Unicast => RouteType::Unicast,
        Kind::Local => RouteType::Local,
        Kind::Broadcast => RouteType::Broadcast,
        Kind::Anycast => RouteType::Anycast,
        Kind::Multicast => RouteType::Multicast,
        Kind::Blackhole => RouteType::BlackHole,
        Kind::Unreachable => RouteType::Unreachable,
        Kind::Prohibit => RouteType::Prohibit,
        Kind::Throw => RouteType::Throw,
        Kind::Nat => RouteType::Nat,
    }
}

fn metrics(metrics: &Metrics) -> Vec<RouteMetric> {
    let flag = |set: bool| u32::from(set);
    [
        metrics.mtu.map(RouteMetric::Mtu),
        metrics.window.map(RouteMetric::Window),
        metrics
            .rtt_ms
            .map(|ms| RouteMetric::Rtt(ms.saturating_mul(RTT_UNITS))),
        metrics
            .rttvar_ms
            .map(|ms| RouteMetric::RttVar(ms.saturating_mul(RTTVAR_UNITS))),
        metrics.rto_min_ms.map(RouteMetric::RtoMin),
        metrics.ssthresh.map(RouteMetric::SsThresh),
        metrics.cwnd.map(RouteMetric::Cwnd),
        metrics.advmss.map(RouteMetric::Advmss),
        metrics.reordering.map(RouteMetric::Reordering),
        metrics.hoplimit.map(RouteMetric::Hoplimit),
        metrics.initcwnd.map(RouteMetric::InitCwnd),
        metrics.initrwnd.map(RouteMetric::InitRwnd),
        metrics.ecn.then_some(RouteMetric::Features(ECN)),
        metrics.quickack.map(|set| RouteMetric::QuickAck(flag(set))),
        metrics
            .fastopen_no_cookie
            .map(|set| RouteMetric::FastopenNoCookie(flag(set))),
        metrics.congctl.clone().map(RouteMetric::CcAlgo),
        (metrics.lock != 0).then_some(RouteMetric::Lock(metrics.lock)),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn encap(tunnel: &Tunnel) -> Encap {
    match tunnel {
        Tunnel::Mpls { labels } => Encap::Mpls(labels.clone()),
        Tunnel::Ila { locator } => Encap::Ila(*locator),
        Tunnel::Ip {
            family: Family::Inet,
            id,
            dst,
            src,
            tos,
            ttl,
            flags,
        } => Encap::Ip {
            id: *id,
            destination: dst.and_then(v4),
            source: src.and_then(v4),
            tos: *tos,
            ttl: *ttl,
            flags: *flags,
        },
        Tunnel::Ip {
            family: Family::Inet6,
            id,
            dst,
            src,
            tos,
            ttl,
            flags,
        } => Encap::Ip6 {
            id: *id,
            destination: dst.and_then(v6),
            source: src.and_then(v6),
            traffic_class: *tos,
            hop_limit: *ttl,
            flags: *flags,
        },
    }
}

fn v4(address: IpAddr) -> Option<std::net::Ipv4Addr> {
    match address {
        IpAddr::V4(address) => Some(address),
        IpAddr::V6(_) => None,
    }
}

fn v6(address: IpAddr) -> Option<std::net::Ipv6Addr> {
    match address {
        IpAddr::V6(address) => Some(address),
        IpAddr::V4(_) => None,
    }
}
