//! Lines of `virtual_…` and `static_…` blocks as the kernel gets them.

mod route;
mod rule;

use std::net::{IpAddr, Ipv4Addr};

use locum_kernel::netlink::{Address as KernelAddress, AddressFlags};
use locum_model::{
    address::Network,
    vrrp::address::{Address, Broadcast, PreferredLifetime},
};
pub(super) use route::{is_same_route, route};
pub(super) use rule::rule;

use crate::effect::Line;

// Of linux/if_addr.h.
const NODAD: u32 = 0x02;
const HOMEADDRESS: u32 = 0x10;
const MANAGETEMPADDR: u32 = 0x100;
const NOPREFIXROUTE: u32 = 0x200;
const MCAUTOJOIN: u32 = 0x400;

/// An address line.
pub(super) fn address(line: &Line<Address>) -> KernelAddress {
    let value = &line.value.value;
    // With a peer, the mask is that of the peer's network.
    let prefix = value.peer.map_or(value.network.prefix, |peer| peer.prefix);
    let mut address = KernelAddress::new(line.interface, value.network.ip, prefix);
    address.peer = value.peer.map(|peer| peer.ip);
    address.broadcast = broadcast(value);
    address.label = value.label.clone();
    address.scope = value.scope;
    address.flags = AddressFlags::from_bits_retain(flags(value));
    address.preferred_s = preferred(value);
    address
}

fn flags(value: &Address) -> u32 {
    let v6 = value.network.ip.is_ipv6();
    [
        // Detection takes a second in which the address is of no use to anybody.
        (v6 && !value.dad, NODAD),
        (value.home, HOMEADDRESS),
        (value.mngtmpaddr, MANAGETEMPADDR),
        (value.noprefixroute, NOPREFIXROUTE),
        (value.autojoin, MCAUTOJOIN),
    ]
    .into_iter()
    .filter(|(set, _)| *set)
    .fold(0, |flags, (_, flag)| flags | flag)
}

/// A single IPv6 address shall not be chosen as a source: it is deprecated, unless the line says otherwise.
fn preferred(value: &Address) -> Option<u32> {
    // Of IPv4 addresses the word is read and not used (observed).
    if value.network.ip.is_ipv4() {
        return None;
    }
    match value.preferred_lft {
        Some(PreferredLifetime::Seconds(seconds)) => Some(seconds),
        Some(PreferredLifetime::Forever) => None,
        None => (value.network.prefix == 128).then_some(0),
    }
}

fn broadcast(value: &Address) -> Option<Ipv4Addr> {
    let Network {
        ip: IpAddr::V4(ip),
        prefix,
    } = value.network
    else {
        return None;
    };
    let host_bits = u32::MAX.checked_shr(u32::from(prefix)).unwrap_or(0);
    match value.broadcast? {
        Broadcast::Address(address) => Some(address),
        Broadcast::HostBitsSet => Some(Ipv4Addr::from(u32::from(ip) | host_bits)),
        Broadcast::HostBitsCleared => Some(Ipv4Addr::from(u32::from(ip) & !host_bits)),
    }
}

fn pair(network: Network) -> (IpAddr, u8) {
    (network.ip, network.prefix)
}

#[cfg(test)]
mod tests {
    use locum_model::Located;

    use super::*;
    use crate::identity::{Block, LineId};

    fn line(ip: &str, prefix: u8, change: impl FnOnce(&mut Address)) -> Line<Address> {
        let mut value = Address::bare(Network {
            ip: ip.parse().expect("an address"),
            prefix,
        });
        change(&mut value);
        Line {
            id: LineId {
                instance: None,
                block: Block::Addresses,
                line: 0,
            },
            interface: 3,
            value: Located::built_in(value),
        }
    }

    #[test]
    fn a_single_ipv6_address_is_deprecated_and_not_probed_for() {
        let made = address(&line("2001:db8::1", 128, |_| {}));
        assert_eq!((made.preferred_s, made.flags.bits()), (Some(0), NODAD));
        let made = address(&line("2001:db8::1", 64, |value| value.dad = true));
        assert_eq!((made.preferred_s, made.flags.bits()), (None, 0));
        let made = address(&line("2001:db8::1", 128, |value| {
            value.preferred_lft = Some(PreferredLifetime::Forever);
        }));
        assert_eq!(made.preferred_s, None);
    }

    #[test]
    fn broadcast_addresses_follow_the_mask() {
        let with = |broadcast| {
            address(&line("192.0.2.9", 24, |value| {
                value.broadcast = Some(broadcast)
            }))
            .broadcast
        };
        assert_eq!(
            with(Broadcast::HostBitsSet),
            Some(Ipv4Addr::new(192, 0, 2, 255))
        );
        assert_eq!(
            with(Broadcast::HostBitsCleared),
            Some(Ipv4Addr::new(192, 0, 2, 0))
        );
    }
}
