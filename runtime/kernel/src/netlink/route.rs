//! Routes, with everything that a `virtual_routes` line can say of them.

use std::{
    cell::RefCell,
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

pub use netlink_packet_route::route::{RouteMetric, RouteType};
use netlink_packet_route::{
    RouteNetlinkMessage,
    route::{
        RouteAddress, RouteAttribute, RouteFlags, RouteMessage, RouteMplsTtlPropagation,
        RouteNextHop, RouteNextHopFlags, RouteRealm, RouteScope, RouteVia,
    },
};

use super::{
    Family, Netlink, Request,
    encap::Encap,
    message::{attributes, ip_of, u8_of, u32_of},
};

/// The number by which the reference marks its routes and rules (`proto keepalived`).
pub const KEEPALIVED: u8 = 18;
/// The table that routes go to unless they say otherwise.
pub const TABLE_MAIN: u32 = 254;
const SCOPE_GLOBAL: u8 = 0;
/// In a deletion: whatever scope the route has.
const SCOPE_NOWHERE: u8 = 255;
/// `struct rtmsg` and `struct rtnexthop` (rtnetlink(7)).
const FIXED_BYTES: usize = 12;
const NEXT_HOP_BYTES: usize = 8;
const RTA_DST: u16 = 1;
const RTA_SRC: u16 = 2;
const RTA_OIF: u16 = 4;
const RTA_GATEWAY: u16 = 5;
const RTA_PRIORITY: u16 = 6;
const RTA_PREFSRC: u16 = 7;
const RTA_MULTIPATH: u16 = 9;
const RTA_TABLE: u16 = 15;

/// A network: an address and how many of its bits count.
pub type Network = (IpAddr, u8);

/// A route: to be added or deleted, or found there. What is found has no metrics and no encapsulation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// Where to; with no bits it is the default route of its family.
    pub destination: Network,
    /// `from`: only packets from there (IPv6).
    pub from: Option<Network>,
    /// `unicast`, `blackhole` …
    pub kind: RouteType,
    /// Of 256 and more too.
    pub table: u32,
    /// 0 global, 253 link, 254 host; what isn't told is global for a new route, and any for one to be deleted.
    pub scope: Option<u8>,
    /// Who made it.
    pub protocol: u8,
    /// Type of service (IPv4).
    pub tos: u8,
    /// `metric`: the lowest wins.
    pub metric: Option<u32>,
    /// `src`: the source address of what is sent from here.
    pub source: Option<IpAddr>,
    /// `via`, which may be of the other family.
    pub gateway: Option<IpAddr>,
    /// The interface's index.
    pub interface: Option<u32>,
    /// The gateway is on the link, whatever the addresses say.
    pub onlink: bool,
    /// `realms`: source in the upper 16 bits, destination in the lower.
    pub realms: Option<u32>,
    /// IPv6: seconds until it goes away by itself.
    pub expires_s: Option<u32>,
    /// IPv6: 0 medium, 1 high, 3 low (RFC 4191).
    pub preference: Option<u8>,
    /// MPLS: the TTL goes along into the label.
    pub ttl_propagate: Option<bool>,
    /// `encap`.
    pub encap: Option<Encap>,
    /// `mtu`, `window` … in the kernel's units: `RouteMetric::Rtt` in eighths of a millisecond, `RttVar` in quarters.
    pub metrics: Vec<RouteMetric>,
    /// Several gateways that share the traffic.
    pub next_hops: Vec<NextHop>,
    /// Another route of the same destination may be there, and comes first (`append`).
    pub append: bool,
}

/// One of several gateways.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NextHop {
    /// `via`.
    pub gateway: Option<IpAddr>,
    /// The interface's index.
    pub interface: Option<u32>,
    /// Its share, 1 to 256; 0 is taken as 1.
    pub weight: u16,
    /// `onlink`.
    pub onlink: bool,
    /// `realms`.
    pub realms: Option<u32>,
    /// `encap`.
    pub encap: Option<Encap>,
}

impl Route {
    /// A route with nothing special, of the reference's protocol number.
    pub fn new(destination: Network) -> Self {
        Self {
            destination,
            from: None,
            kind: RouteType::Unicast,
            table: TABLE_MAIN,
            scope: None,
            protocol: KEEPALIVED,
            tos: 0,
            metric: None,
            source: None,
            gateway: None,
            interface: None,
            onlink: false,
            realms: None,
            expires_s: None,
            preference: None,
            ttl_propagate: None,
            encap: None,
            metrics: Vec::new(),
            next_hops: Vec::new(),
            append: false,
        }
    }

    /// Its family.
    pub fn family(&self) -> Family {
        Family::of(self.destination.0)
    }

    /// Adds it. A unicast route may be there already (with another gateway it becomes a second one, with the same the
    /// outcome is `AlreadyExists`); of other types none of the destination may.
    pub fn add(&self) -> Request {
        let mut message = self.message(self.scope.unwrap_or(SCOPE_GLOBAL));
        message.header.kind = self.kind;
        let message = RouteNetlinkMessage::NewRoute(message);
        if self.append {
            Request::append(message)
        } else if self.kind == RouteType::Unicast {
            Request::create(message)
        } else {
            Request::create_new(message)
        }
    }

    /// Deletes it. The outcome is "No such process" (ESRCH) when it isn't there.
    pub fn delete(&self) -> Request {
        let mut message = self.message(self.scope.unwrap_or(SCOPE_NOWHERE));
        if self.kind != RouteType::Unicast {
            message.header.kind = self.kind;
        }
        Request::plain(RouteNetlinkMessage::DelRoute(message))
    }

    fn message(&self, scope: u8) -> RouteMessage {
        let mut message = RouteMessage::default();
        let header = &mut message.header;
        header.address_family = self.family().into();
        header.destination_prefix_length = self.destination.1;
        header.source_prefix_length = self.from.map_or(0, |(_, prefix)| prefix);
        header.tos = self.tos;
        header.table = u8::try_from(self.table).unwrap_or(0);
        header.protocol = self.protocol.into();
        header.scope = RouteScope::from(scope);
        if self.onlink {
            header.flags |= RouteFlags::Onlink;
        }
        let all = &mut message.attributes;
        all.push(RouteAttribute::Destination(address(self.destination.0)));
        all.extend(self.from.map(|(ip, _)| RouteAttribute::Source(address(ip))));
        if header.table == 0 {
            all.push(RouteAttribute::Table(self.table));
        }
        all.extend(
            self.source
                .map(|ip| RouteAttribute::PrefSource(address(ip))),
        );
        all.extend(self.gateway.map(|ip| self.via(ip)));
        if let Some(encap) = &self.encap {
            all.extend(encap.attributes());
        }
        all.extend(self.interface.map(RouteAttribute::Oif));
        all.extend(self.metric.map(RouteAttribute::Priority));
        all.extend(self.realms.map(realms));
        all.extend(self.expires_s.map(RouteAttribute::Expires));
        let preference = self.preference.map(Into::into);
        all.extend(preference.map(RouteAttribute::Preference));
        all.extend(
            self.ttl_propagate.map(|on| {
                RouteAttribute::TtlPropagate(RouteMplsTtlPropagation::from(u8::from(on)))
            }),
        );
        if !self.metrics.is_empty() {
            all.push(RouteAttribute::Metrics(self.metrics.clone()));
        }
        if !self.next_hops.is_empty() {
            let hops = self.next_hops.iter().map(|hop| self.next_hop(hop));
            all.push(RouteAttribute::MultiPath(hops.collect()));
        }
        message
    }

    /// A gateway of the other family needs an attribute that tells its own.
    fn via(&self, gateway: IpAddr) -> RouteAttribute {
        if Family::of(gateway) == self.family() {
            return RouteAttribute::Gateway(address(gateway));
        }
        RouteAttribute::Via(match gateway {
            IpAddr::V4(ip) => RouteVia::Inet(ip),
            IpAddr::V6(ip) => RouteVia::Inet6(ip),
        })
    }

    fn next_hop(&self, hop: &NextHop) -> RouteNextHop {
        let mut made = RouteNextHop::default();
        made.hops = u8::try_from(hop.weight.saturating_sub(1)).unwrap_or(u8::MAX);
        made.interface_index = hop.interface.unwrap_or(0);
        if hop.onlink {
            made.flags = RouteNextHopFlags::Onlink;
        }
        if let Some(encap) = &hop.encap {
            made.attributes.extend(encap.attributes());
        }
        made.attributes.extend(hop.gateway.map(|ip| self.via(ip)));
        made.attributes.extend(hop.realms.map(realms));
        made
    }

    /// Reads RTM_NEWROUTE and RTM_DELROUTE of IPv4 and IPv6.
    pub(super) fn decode(payload: &[u8]) -> Option<Self> {
        let fixed: &[u8; FIXED_BYTES] = payload.first_chunk()?;
        let any: IpAddr = match i32::from(fixed[0]) {
            libc::AF_INET => Ipv4Addr::UNSPECIFIED.into(),
            libc::AF_INET6 => Ipv6Addr::UNSPECIFIED.into(),
            _ => return None,
        };
        let mut route = Self::new((any, fixed[1]));
        route.from = (fixed[2] > 0).then_some((any, fixed[2]));
        route.tos = fixed[3];
        route.table = u32::from(fixed[4]);
        route.protocol = fixed[5];
        route.scope = Some(fixed[6]);
        route.kind = RouteType::from(fixed[7]);
        route.onlink = u32_of(&fixed[8..])? & RouteFlags::Onlink.bits() != 0;
        for (kind, value) in attributes(payload, FIXED_BYTES) {
            match kind {
                RTA_DST => route.destination.0 = ip_of(value).unwrap_or(any),
                RTA_SRC => {
                    let from = ip_of(value).unwrap_or(any);
                    route.from = route.from.map(|(_, prefix)| (from, prefix));
                }
                RTA_OIF => route.interface = u32_of(value),
                RTA_GATEWAY => route.gateway = ip_of(value),
                RTA_PRIORITY => route.metric = u32_of(value),
                RTA_PREFSRC => route.source = ip_of(value),
                RTA_TABLE => route.table = u32_of(value).unwrap_or(route.table),
                RTA_MULTIPATH => route.next_hops = next_hops(value),
                _ => {}
            }
        }
        Some(route)
    }
}

fn next_hops(mut bytes: &[u8]) -> Vec<NextHop> {
    let mut hops = Vec::new();
    while let Some(fixed) = bytes.first_chunk::<NEXT_HOP_BYTES>() {
        let length = usize::from(u16::from_ne_bytes([fixed[0], fixed[1]]));
        let Some(hop) = bytes
            .get(..length)
            .filter(|hop| hop.len() >= NEXT_HOP_BYTES)
        else {
            break;
        };
        let gateway = attributes(hop, NEXT_HOP_BYTES).find(|(kind, _)| *kind == RTA_GATEWAY);
        hops.push(NextHop {
            gateway: gateway.and_then(|(_, value)| ip_of(value)),
            interface: u32_of(&fixed[4..]),
            weight: u16::from(u8_of(&fixed[3..]).unwrap_or(0)) + 1,
            onlink: fixed[2] & RouteNextHopFlags::Onlink.bits() != 0,
            realms: None,
            encap: None,
        });
        bytes = bytes.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    hops
}

fn address(ip: IpAddr) -> RouteAddress {
    match ip {
        IpAddr::V4(ip) => RouteAddress::Inet(ip),
        IpAddr::V6(ip) => RouteAddress::Inet6(ip),
    }
}

pub(super) fn realm(realms: u32) -> RouteRealm {
    RouteRealm {
        source: (realms >> 16) as u16,
        destination: realms as u16,
    }
}

fn realms(realms: u32) -> RouteAttribute {
    RouteAttribute::Realm(realm(realms))
}

impl Netlink {
    /// All routes of both families, in all tables.
    ///
    /// # Errors
    /// The socket failed.
    pub fn routes(&mut self) -> io::Result<Vec<Route>> {
        let mut found = Vec::new();
        for family in [Family::V4, Family::V6] {
            let some = RefCell::new(Vec::new());
            let mut message = RouteMessage::default();
            message.header.address_family = family.into();
            self.dump(
                &RouteNetlinkMessage::GetRoute(message),
                &mut |_, payload| some.borrow_mut().extend(Route::decode(payload)),
                &mut || some.borrow_mut().clear(),
            )?;
            found.append(&mut some.into_inner());
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::in_namespace::{inside, ip, wire};

    fn v4(network: [u8; 4], prefix: u8) -> Network {
        (network.into(), prefix)
    }

    fn v6(text: &str, prefix: u8) -> Network {
        (text.parse().expect("an address"), prefix)
    }

    fn via(destination: Network, gateway: &str) -> Route {
        let mut route = Route::new(destination);
        route.gateway = Some(gateway.parse().expect("an address"));
        route
    }

    /// The routes of a reference's configuration with every word, and what `ip -d route` showed of each.
    fn recorded(va: u32) -> Vec<(Route, &'static str)> {
        let mut rows = vec![(
            via(v4([198, 51, 100, 0], 24), "192.0.2.8"),
            "unicast 198.51.100.0/24 via 192.0.2.8 dev va table main proto keepalived scope global",
        )];
        let mut route = via(v4([198, 51, 101, 0], 24), "192.0.2.8");
        route.source = Some([192, 0, 2, 1].into());
        route.interface = Some(va);
        (route.table, route.metric, route.tos) = (100, Some(5), 4);
        rows.push((route, "unicast 198.51.101.0/24 tos 0x04 via 192.0.2.8 dev va table 100 proto keepalived scope global src 192.0.2.1 metric 5"));
        let mut route = Route::new(v4([198, 51, 102, 0], 24));
        (route.interface, route.scope) = (Some(va), Some(253));
        rows.push((
            route,
            "unicast 198.51.102.0/24 dev va table main proto keepalived scope link",
        ));
        for (last, kind, text) in [
            (
                103,
                RouteType::BlackHole,
                "blackhole 198.51.103.0/24 table main proto keepalived scope global",
            ),
            (
                104,
                RouteType::Unreachable,
                "unreachable 198.51.104.0/24 table main proto keepalived scope global",
            ),
            (
                105,
                RouteType::Prohibit,
                "prohibit 198.51.105.0/24 table main proto keepalived scope global",
            ),
            (
                106,
                RouteType::Throw,
                "throw 198.51.106.0/24 table main proto keepalived scope global",
            ),
        ] {
            let mut route = Route::new(v4([198, 51, last, 0], 24));
            route.kind = kind;
            rows.push((route, text));
        }
        let mut route = via(v4([198, 51, 107, 0], 24), "192.0.2.8");
        (route.interface, route.onlink) = (Some(va), true);
        route.metrics = vec![
            RouteMetric::CcAlgo("cubic".to_owned()),
            RouteMetric::Rtt(1600),
            RouteMetric::RttVar(800),
            RouteMetric::RtoMin(200),
            RouteMetric::Features(1),
            RouteMetric::Mtu(1400),
            RouteMetric::Window(1000),
            RouteMetric::SsThresh(10),
            RouteMetric::Cwnd(20),
            RouteMetric::Advmss(1300),
            RouteMetric::Reordering(4),
            RouteMetric::Hoplimit(30),
            RouteMetric::InitCwnd(11),
            RouteMetric::InitRwnd(12),
            RouteMetric::QuickAck(1),
            RouteMetric::FastopenNoCookie(1),
            RouteMetric::Lock(132),
        ];
        rows.push((route, "unicast 198.51.107.0/24 via 192.0.2.8 dev va table main proto keepalived scope global onlink mtu lock 1400 window 1000 rtt 200ms rttvar 200ms ssthresh 10 cwnd lock 20 advmss 1300 reordering 4 hoplimit 30 initcwnd 11 features ecn rto_min 200ms initrwnd 12 quickack 1 congctl cubic fastopen_no_cookie 1"));
        let mut route = Route::new(v4([198, 51, 108, 0], 24));
        route.next_hops = [(8, 3, false), (9, 7, true)]
            .map(|(last, weight, onlink)| NextHop {
                gateway: Some([192, 0, 2, last].into()),
                interface: Some(va),
                weight,
                onlink,
                ..NextHop::default()
            })
            .to_vec();
        rows.push((route, "unicast 198.51.108.0/24 table main proto keepalived scope global \n\tnexthop via 192.0.2.8 dev va weight 3 \n\tnexthop via 192.0.2.9 dev va weight 7 onlink"));
        let mut route = via(v4([198, 51, 109, 0], 24), "192.0.2.8");
        route.realms = Some(3 << 16 | 4);
        rows.push((route, "unicast 198.51.109.0/24 via 192.0.2.8 dev va table main proto keepalived scope global realms 3/4"));
        let mut route = via(v4([198, 51, 110, 0], 24), "192.0.2.8");
        route.table = 1000;
        rows.push((
            route,
            "unicast 198.51.110.0/24 via 192.0.2.8 dev va table 1000 proto keepalived scope global",
        ));
        let mut route = via(v4([198, 51, 114, 0], 24), "fe80::9");
        route.interface = Some(va);
        rows.push((route, "unicast 198.51.114.0/24 via inet6 fe80::9 dev va table main proto keepalived scope global"));
        let mut route = Route::new(v4([198, 51, 111, 0], 24));
        route.interface = Some(va);
        route.encap = Some(Encap::Ip {
            id: Some(5),
            destination: Some([192, 0, 2, 2].into()),
            source: Some([192, 0, 2, 1].into()),
            tos: Some(4),
            ttl: Some(33),
            flags: None,
        });
        rows.push((route, "unicast 198.51.111.0/24  encap ip id 5 src 192.0.2.1 dst 192.0.2.2 ttl 33 tos 4 dev va table main proto keepalived scope global"));
        let mut route = Route::new(v4([198, 51, 113, 0], 24));
        route.interface = Some(va);
        route.encap = Some(Encap::Ip6 {
            id: Some(5),
            destination: "2001:db8::2".parse().ok(),
            source: "2001:db8::1".parse().ok(),
            traffic_class: Some(4),
            hop_limit: Some(33),
            flags: None,
        });
        rows.push((route, "unicast 198.51.113.0/24  encap ip6 id 5 src 2001:db8::1 dst 2001:db8::2 hoplimit 33 tc 4 dev va table main proto keepalived scope global"));
        rows
    }

    /// The same of IPv6.
    fn recorded_v6(va: u32) -> Vec<(Route, &'static str)> {
        let mut rows = Vec::new();
        let mut route = via(v6("2001:db8:2::", 48), "fe80::9");
        (route.interface, route.metric) = (Some(va), Some(30));
        (route.preference, route.expires_s) = (Some(1), Some(1000));
        rows.push((route, "unicast 2001:db8:2::/48 via fe80::9 dev va table main proto keepalived scope global metric 30 expires"));
        let mut route = via(v6("2001:db8:3::", 48), "fe80::9");
        (route.interface, route.table, route.append) = (Some(va), 200, true);
        route.source = "fe80::1".parse().ok();
        rows.push((route, "unicast 2001:db8:3::/48 via fe80::9 dev va table 200 proto keepalived scope global src fe80::1 metric 1024 pref medium"));
        let mut route = Route::new(v6("2001:db8:4::", 48));
        route.next_hops = [("fe80::8", 2), ("fe80::9", 0)]
            .map(|(gateway, weight)| NextHop {
                gateway: gateway.parse().ok(),
                interface: Some(va),
                weight,
                ..NextHop::default()
            })
            .to_vec();
        rows.push((route, "unicast 2001:db8:4::/48 table main proto keepalived scope global metric 1024 pref medium\n\tnexthop via fe80::8 dev va weight 2 \n\tnexthop via fe80::9 dev va weight 1"));
        rows
    }

    #[test]
    fn every_word_of_a_route_reaches_the_kernel_as_the_reference_s_does() {
        if !inside(
            "netlink::route::tests::every_word_of_a_route_reaches_the_kernel_as_the_reference_s_does",
        ) {
            return;
        }
        let (va, _) = wire();
        ip("link set lo up");
        let mut rows = recorded(va);
        rows.extend(recorded_v6(va));
        let mut netlink = Netlink::open().expect("a socket");
        for (route, text) in &rows {
            let outcome = netlink.carry_out_one(&route.add());
            outcome.unwrap_or_else(|error| panic!("{text}: {error}"));
        }
        let shown = ip("-d route show table all") + &ip("-6 -d route show table all");
        for (_, text) in &rows {
            assert!(shown.contains(text), "{text}\n{shown}");
        }
        let found = netlink.routes().expect("a dump");
        for (route, text) in &rows {
            let same = |found: &&Route| {
                found.destination == route.destination && found.table == route.table
            };
            let found = found.iter().find(same).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(
                (found.kind, found.protocol, found.tos),
                (route.kind, KEEPALIVED, route.tos)
            );
            assert_eq!(found.next_hops.len(), route.next_hops.len());
        }
        for (route, text) in &rows {
            let outcome = netlink.carry_out_one(&route.delete());
            outcome.unwrap_or_else(|error| panic!("{text}: {error}"));
            let error = netlink
                .carry_out_one(&route.delete())
                .expect_err("it is gone");
            assert_eq!(error.raw_os_error(), Some(libc::ESRCH), "{text}");
        }
    }
}
