//! Lightweight tunnels of routes: `encap`.

use std::net::{Ipv4Addr, Ipv6Addr};

use netlink_packet_core::DefaultNla;
use netlink_packet_route::route::{
    MplsLabel, RouteAttribute, RouteIp6Tunnel, RouteIp6TunnelFlags, RouteIpTunnel,
    RouteIpTunnelFlags, RouteLwEnCapType, RouteLwTunnelEncap, RouteMplsIpTunnel,
};

/// ILA_ATTR_LOCATOR (linux/ila.h).
const ILA_LOCATOR: u16 = 1;

/// What packets are put into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Encap {
    /// MPLS labels of 20 bits, the outermost first.
    Mpls(Vec<u32>),
    /// An IPv4 tunnel.
    Ip {
        /// `id`.
        id: Option<u64>,
        /// `dst`.
        destination: Option<Ipv4Addr>,
        /// `src`.
        source: Option<Ipv4Addr>,
        /// `tos`.
        tos: Option<u8>,
        /// `ttl`.
        ttl: Option<u8>,
        /// `flags`.
        flags: Option<u16>,
    },
    /// An IPv6 tunnel.
    Ip6 {
        /// `id`.
        id: Option<u64>,
        /// `dst`.
        destination: Option<Ipv6Addr>,
        /// `src`.
        source: Option<Ipv6Addr>,
        /// `tc`.
        traffic_class: Option<u8>,
        /// `hoplimit`.
        hop_limit: Option<u8>,
        /// `flags`.
        flags: Option<u16>,
    },
    /// Identifier-locator addressing: the locator.
    Ila(u64),
}

impl Encap {
    /// The tunnel and its type, which a route and a next hop take.
    pub(super) fn attributes(&self) -> [RouteAttribute; 2] {
        let (kind, tunnel) = match self {
            Self::Mpls(labels) => (RouteLwEnCapType::Mpls, vec![mpls(labels)]),
            Self::Ip {
                id,
                destination,
                source,
                tos,
                ttl,
                flags,
            } => {
                let all = [
                    id.map(RouteIpTunnel::Id),
                    destination.map(RouteIpTunnel::Destination),
                    source.map(RouteIpTunnel::Source),
                    tos.map(RouteIpTunnel::Tos),
                    ttl.map(RouteIpTunnel::Ttl),
                    flags.map(|bits| {
                        RouteIpTunnel::Flags(RouteIpTunnelFlags::from_bits_retain(bits))
                    }),
                ];
                let all = all.into_iter().flatten();
                (
                    RouteLwEnCapType::Ip,
                    all.map(RouteLwTunnelEncap::Ip).collect(),
                )
            }
            Self::Ip6 {
                id,
                destination,
                source,
                traffic_class,
                hop_limit,
                flags,
            } => {
                let all = [
                    id.map(RouteIp6Tunnel::Id),
                    destination.map(RouteIp6Tunnel::Destination),
                    source.map(RouteIp6Tunnel::Source),
                    traffic_class.map(RouteIp6Tunnel::Tc),
                    hop_limit.map(RouteIp6Tunnel::Hoplimit),
                    flags.map(|bits| {
                        RouteIp6Tunnel::Flags(RouteIp6TunnelFlags::from_bits_retain(bits))
                    }),
                ];
                let all = all.into_iter().flatten();
                (
                    RouteLwEnCapType::Ip6,
                    all.map(RouteLwTunnelEncap::Ip6).collect(),
                )
            }
            Self::Ila(locator) => {
                let locator = DefaultNla::new(ILA_LOCATOR, locator.to_be_bytes().to_vec());
                (
                    RouteLwEnCapType::Ila,
                    vec![RouteLwTunnelEncap::Other(locator)],
                )
            }
        };
        [
            RouteAttribute::Encap(tunnel),
            RouteAttribute::EncapType(kind),
        ]
    }
}

fn mpls(labels: &[u32]) -> RouteLwTunnelEncap {
    let last = labels.len().saturating_sub(1);
    let stack = labels.iter().enumerate().map(|(place, label)| MplsLabel {
        label: *label,
        traffic_class: 0,
        bottom_of_stack: place == last,
        ttl: 0,
    });
    RouteLwTunnelEncap::Mpls(RouteMplsIpTunnel::Destination(stack.collect()))
}

#[cfg(test)]
mod tests {
    use netlink_packet_core::Nla;

    use super::*;

    fn bytes(encap: &Encap) -> Vec<u8> {
        let [tunnel, _] = encap.attributes();
        let mut bytes = vec![0; tunnel.value_len()];
        tunnel.emit_value(&mut bytes);
        bytes
    }

    #[test]
    fn labels_and_locators_stand_as_the_kernel_reads_them() {
        // RFC 3032 §2.1: label, class, bottom of stack, TTL.
        let labels = bytes(&Encap::Mpls(vec![16, 17]));
        assert_eq!(labels, [12, 0, 1, 0, 0, 1, 0, 0, 0, 1, 0x11, 0]);
        let locator = bytes(&Encap::Ila(0x2001_0db8_0000_0001));
        assert_eq!(locator, [12, 0, 1, 0, 0x20, 1, 0x0d, 0xb8, 0, 0, 0, 1]);
    }
}
