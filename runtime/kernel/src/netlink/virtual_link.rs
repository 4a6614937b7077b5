//! Interfaces of our own making: macvlan (`use_vmac`) and ipvlan (`use_ipvlan`).

use netlink_packet_core::DefaultNla;
pub use netlink_packet_route::link::{IpVlanFlags, IpVlanMode, MacVlanMode};
use netlink_packet_route::{
    RouteNetlinkMessage,
    link::{
        AfSpecInet, AfSpecInet6, AfSpecUnspec, In6AddrGenMode, InfoData, InfoIpVlan, InfoKind,
        InfoMacVlan, LinkAttribute, LinkFlags, LinkInfo, LinkMessage,
    },
};

use super::Request;

/// IFLA_INET_CONF (linux/if_link.h).
const IFLA_INET_CONF: u16 = 1;
const NLA_F_NESTED: u16 = 1 << 15;

/// The MAC of a virtual router (RFC 5798 §7.3).
pub fn virtual_router_mac(ipv6: bool, vrid: u8) -> [u8; 6] {
    [0, 0, 0x5e, 0, if ipv6 { 2 } else { 1 }, vrid]
}

/// Makes a macvlan over an interface: an interface with a MAC of its own on the same wire. It is down at first.
pub fn create_macvlan(name: &str, parent: u32, mac: [u8; 6], mode: MacVlanMode) -> Request {
    let data = InfoData::MacVlan(vec![InfoMacVlan::Mode(mode)]);
    let mut message = new_link(name, parent, InfoKind::MacVlan, data);
    let address = LinkAttribute::Address(mac.to_vec());
    message.attributes.push(address);
    Request::create_new(RouteNetlinkMessage::NewLink(message))
}

/// Makes an ipvlan over an interface: an interface that shares its MAC and takes packets by their address. It is up at
/// once, as the reference's.
pub fn create_ipvlan(name: &str, parent: u32, mode: IpVlanMode, flags: IpVlanFlags) -> Request {
    let data = InfoData::IpVlan(vec![InfoIpVlan::Mode(mode), InfoIpVlan::Flags(flags)]);
    let mut message = new_link(name, parent, InfoKind::IpVlan, data);
    message.header.flags = LinkFlags::Up;
    message.header.change_mask = LinkFlags::Up;
    Request::create_new(RouteNetlinkMessage::NewLink(message))
}

fn new_link(name: &str, parent: u32, kind: InfoKind, data: InfoData) -> LinkMessage {
    let mut message = LinkMessage::default();
    message.attributes = vec![
        LinkAttribute::LinkInfo(vec![LinkInfo::Kind(kind), LinkInfo::Data(data)]),
        LinkAttribute::Link(parent),
        LinkAttribute::IfName(name.to_owned()),
    ];
    message
}

/// Puts an interface into a VRF, a bridge or a bond, or takes it out of one.
pub fn set_master(interface: u32, master: Option<u32>) -> Request {
    set(interface, LinkAttribute::Controller(master.unwrap_or(0)))
}

/// Gives an interface another MAC.
pub fn set_mac(interface: u32, mac: [u8; 6]) -> Request {
    set(interface, LinkAttribute::Address(mac.to_vec()))
}

/// Puts an interface into a group (`ip link set group`).
pub fn set_group(interface: u32, group: u32) -> Request {
    set(interface, LinkAttribute::Group(group))
}

/// The kernel makes no link-local IPv6 address of the MAC any more; to be set before the interface goes up.
pub fn make_no_link_local(interface: u32) -> Request {
    let mode = AfSpecInet6::AddrGenMode(In6AddrGenMode::None);
    set(
        interface,
        LinkAttribute::AfSpecUnspec(vec![AfSpecUnspec::Inet6(vec![mode])]),
    )
}

/// Settings of an interface's IPv4, by the kernel's numbers (IPV4_DEVCONF_*). They are the files of
/// `/proc/sys/net/ipv4/conf/IF/`, set without that file system, which a container may have read-only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u16)]
pub enum Ipv4Setting {
    /// `rp_filter`: sources are checked.
    ReversePathFilter = 8,
    /// `arp_filter`: ARP is answered by the interface that routes back.
    ArpFilter = 13,
    /// `arp_ignore`: 1 answers only for the interface's own addresses.
    ArpIgnore = 19,
    /// `promote_secondaries`: addresses stay when the first one of their network goes.
    PromoteSecondaries = 20,
    /// `accept_local`: packets with a source of our own are taken.
    AcceptLocal = 23,
}

impl Ipv4Setting {
    /// The name of its file.
    pub fn name(self) -> &'static str {
        match self {
            Self::ReversePathFilter => "rp_filter",
            Self::ArpFilter => "arp_filter",
            Self::ArpIgnore => "arp_ignore",
            Self::PromoteSecondaries => "promote_secondaries",
            Self::AcceptLocal => "accept_local",
        }
    }
}

/// Sets several at once.
pub fn set_ipv4(interface: u32, settings: &[(Ipv4Setting, u32)]) -> Request {
    // The crate's own type of this leaves values of 0 out.
    let mut nested = Vec::with_capacity(settings.len() * 8);
    for (setting, value) in settings {
        nested.extend(8u16.to_ne_bytes());
        nested.extend((*setting as u16).to_ne_bytes());
        nested.extend(value.to_ne_bytes());
    }
    let all = AfSpecInet::Other(DefaultNla::new(IFLA_INET_CONF | NLA_F_NESTED, nested));
    set(
        interface,
        LinkAttribute::AfSpecUnspec(vec![AfSpecUnspec::Inet(vec![all])]),
    )
}

fn set(interface: u32, attribute: LinkAttribute) -> Request {
    let mut message = LinkMessage::default();
    message.header.index = interface;
    message.attributes.push(attribute);
    Request::plain(RouteNetlinkMessage::NewLink(message))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        in_namespace::{index, inside, ip, wire},
        netlink::{Netlink, link::set_up},
    };

    fn setting(interface: &str, name: &str) -> String {
        let path = format!("/proc/sys/net/ipv4/conf/{interface}/{name}");
        let text = std::fs::read_to_string(path).expect("the setting");
        text.trim().to_owned()
    }

    #[test]
    fn a_virtual_mac_interface_is_the_reference_s() {
        if !inside("netlink::virtual_link::tests::a_virtual_mac_interface_is_the_reference_s") {
            return;
        }
        let (va, _) = wire();
        let mut netlink = Netlink::open().expect("a socket");
        let mac = virtual_router_mac(false, 0x35);
        let create = create_macvlan("vrrp.53", va, mac, MacVlanMode::Private);
        netlink.carry_out_one(&create).expect("made");
        let error = netlink.carry_out_one(&create).expect_err("it is there");
        assert_eq!(error.kind(), std::io::ErrorKind::AlreadyExists);
        let new = index("vrrp.53");
        let settings = [
            (Ipv4Setting::ArpIgnore, 1),
            (Ipv4Setting::AcceptLocal, 1),
            (Ipv4Setting::ReversePathFilter, 0),
            (Ipv4Setting::PromoteSecondaries, 1),
        ];
        let requests = [
            set_ipv4(new, &settings),
            set_ipv4(
                va,
                &[(Ipv4Setting::ArpIgnore, 1), (Ipv4Setting::ArpFilter, 1)],
            ),
            make_no_link_local(new),
            set_up(new, true),
        ];
        for outcome in netlink.carry_out(&requests).expect("answers") {
            outcome.expect("set");
        }
        // Recorded from the reference.
        let shown = ip("-d addr show dev vrrp.53");
        for text in [
            "vrrp.53@va: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP group default qlen 1000",
            "link/ether 00:00:5e:00:01:35 brd ff:ff:ff:ff:ff:ff",
            "macvlan mode private",
            "addrgenmode none",
        ] {
            let shown = ip("-d link show dev vrrp.53") + &shown;
            assert!(shown.contains(text), "{text}\n{shown}");
        }
        assert!(!shown.contains("inet6"), "{shown}");
        for (interface, name, value) in [
            ("vrrp.53", "arp_ignore", "1"),
            ("vrrp.53", "accept_local", "1"),
            ("vrrp.53", "rp_filter", "0"),
            ("vrrp.53", "promote_secondaries", "1"),
            ("va", "arp_ignore", "1"),
            ("va", "arp_filter", "1"),
        ] {
            assert_eq!(setting(interface, name), value, "{interface} {name}");
        }
        let back = set_ipv4(
            va,
            &[(Ipv4Setting::ArpIgnore, 0), (Ipv4Setting::ArpFilter, 0)],
        );
        netlink.carry_out_one(&back).expect("set");
        assert_eq!(
            (setting("va", "arp_ignore"), setting("va", "arp_filter")),
            ("0".into(), "0".into())
        );
    }

    #[test]
    fn interfaces_change_their_master_mac_and_group() {
        if !inside("netlink::virtual_link::tests::interfaces_change_their_master_mac_and_group") {
            return;
        }
        let (va, _) = wire();
        ip("link add br0 type bridge");
        let mut netlink = Netlink::open().expect("a socket");
        let requests = [
            set_master(va, Some(index("br0"))),
            set_mac(va, [2, 0, 0, 0, 0, 7]),
            set_group(va, 9),
        ];
        for outcome in netlink.carry_out(&requests).expect("answers") {
            outcome.expect("set");
        }
        let shown = ip("link show dev va");
        for text in ["master br0", "link/ether 02:00:00:00:00:07", "group 9"] {
            assert!(shown.contains(text), "{text}\n{shown}");
        }
        netlink.carry_out_one(&set_master(va, None)).expect("set");
        assert!(!ip("link show dev va").contains("master"));
    }

    #[test]
    fn an_ipvlan_is_made_where_the_kernel_has_them() {
        if !inside("netlink::virtual_link::tests::an_ipvlan_is_made_where_the_kernel_has_them") {
            return;
        }
        let (va, _) = wire();
        let mut netlink = Netlink::open().expect("a socket");
        let create = create_ipvlan("vrrp4.53", va, IpVlanMode::L2, IpVlanFlags::Private);
        match netlink.carry_out_one(&create) {
            Err(error) => assert_eq!(error.raw_os_error(), Some(libc::EOPNOTSUPP)),
            Ok(()) => {
                let shown = ip("-d link show dev vrrp4.53");
                assert!(shown.contains("ipvlan  mode l2 private"), "{shown}");
            }
        }
    }
}
