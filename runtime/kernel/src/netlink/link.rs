//! Interfaces: what they are, and up or down.

use std::io;

use netlink_packet_route::{
    RouteNetlinkMessage,
    link::{LinkAttribute, LinkExtentMask, LinkFlags, LinkMessage},
};

use super::{
    Netlink, Request,
    message::{attributes, text_of, u8_of, u32_of},
};

/// `struct ifinfomsg` (rtnetlink(7)).
const FIXED_BYTES: usize = 16;
const IFLA_ADDRESS: u16 = 1;
const IFLA_IFNAME: u16 = 3;
const IFLA_MTU: u16 = 4;
const IFLA_LINK: u16 = 5;
const IFLA_MASTER: u16 = 10;
const IFLA_OPERSTATE: u16 = 16;
const IFLA_LINKINFO: u16 = 18;
const IFLA_CARRIER: u16 = 33;
const IFLA_LINK_NETNSID: u16 = 37;
const IFLA_INFO_KIND: u16 = 1;
const IFLA_INFO_DATA: u16 = 2;
/// Of the data of a macvlan; of a vrf it is the table.
const FIRST_OF_DATA: u16 = 1;

/// An interface.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Link {
    /// Its index.
    pub index: u32,
    /// Its name.
    pub name: String,
    /// Set up by someone (IFF_UP).
    pub up: bool,
    /// It also has what it needs to work: a carrier, and no dormant state (IFF_RUNNING).
    pub running: bool,
    /// IFF_LOOPBACK.
    pub loopback: bool,
    /// It can send to groups (IFF_MULTICAST).
    pub multicast: bool,
    /// IFF_POINTOPOINT.
    pub point_to_point: bool,
    /// It answers no ARP (IFF_NOARP).
    pub no_arp: bool,
    /// Everything else that the kernel says in one word (netdevice(7)).
    pub flags: u32,
    /// The kind of its layer 2 (ARPHRD_ETHER is 1).
    pub layer: u16,
    /// Its MAC; of other layers whatever they have, `None` when it isn't 6 bytes.
    pub mac: Option<[u8; 6]>,
    /// Bytes of a packet.
    pub mtu: u32,
    /// What it stands on: a macvlan's or VLAN's lower interface.
    pub parent: Option<u32>,
    /// The parent lives in another network namespace, so that its index means nothing here.
    pub parent_elsewhere: bool,
    /// The bridge, bond or VRF that it belongs to.
    pub master: Option<u32>,
    /// RFC 2863's state: 6 is up, 2 down, 7 lower layer down.
    pub operational_state: u8,
    /// What the driver says of the wire, where it says it.
    pub carrier: Option<bool>,
    /// `macvlan`, `ipvlan`, `vrf`, `veth` …
    pub kind: Option<String>,
    /// Of a macvlan: 1 private, 2 VEPA, 4 bridge, 8 passthru. Of a VRF: its table.
    pub detail: Option<u32>,
}

impl Link {
    /// Reads RTM_NEWLINK and RTM_DELLINK.
    pub(super) fn decode(payload: &[u8]) -> Option<Self> {
        let fixed: &[u8; FIXED_BYTES] = payload.first_chunk()?;
        let flags = u32_of(&fixed[8..])?;
        let is = |flag: LinkFlags| flags & flag.bits() != 0;
        let mut link = Self {
            index: u32_of(&fixed[4..])?,
            name: String::new(),
            up: is(LinkFlags::Up),
            running: is(LinkFlags::Running),
            loopback: is(LinkFlags::Loopback),
            multicast: is(LinkFlags::Multicast),
            point_to_point: is(LinkFlags::Pointopoint),
            no_arp: is(LinkFlags::Noarp),
            flags,
            layer: u16::from_ne_bytes([fixed[2], fixed[3]]),
            mac: None,
            mtu: 0,
            parent: None,
            parent_elsewhere: false,
            master: None,
            operational_state: 0,
            carrier: None,
            kind: None,
            detail: None,
        };
        for (kind, value) in attributes(payload, FIXED_BYTES) {
            match kind {
                IFLA_ADDRESS => link.mac = value.try_into().ok(),
                IFLA_IFNAME => link.name = text_of(value)?,
                IFLA_MTU => link.mtu = u32_of(value)?,
                IFLA_LINK => link.parent = u32_of(value).filter(|index| *index != 0),
                IFLA_LINK_NETNSID => link.parent_elsewhere = true,
                IFLA_MASTER => link.master = u32_of(value).filter(|index| *index != 0),
                IFLA_OPERSTATE => link.operational_state = u8_of(value)?,
                IFLA_CARRIER => link.carrier = u8_of(value).map(|carrier| carrier != 0),
                IFLA_LINKINFO => link.take_info(value),
                _ => {}
            }
        }
        (!link.name.is_empty()).then_some(link)
    }

    fn take_info(&mut self, info: &[u8]) {
        for (kind, value) in attributes(info, 0) {
            match kind {
                IFLA_INFO_KIND => self.kind = text_of(value),
                IFLA_INFO_DATA if matches!(self.kind.as_deref(), Some("macvlan" | "vrf")) => {
                    let first = attributes(value, 0).find(|(kind, _)| *kind == FIRST_OF_DATA);
                    self.detail = first.and_then(|(_, value)| u32_of(value));
                }
                _ => {}
            }
        }
    }
}

/// Sets an interface up or down.
pub fn set_up(interface: u32, up: bool) -> Request {
    let mut message = LinkMessage::default();
    message.header.index = interface;
    message.header.change_mask = LinkFlags::Up;
    if up {
        message.header.flags = LinkFlags::Up;
    }
    Request::plain(RouteNetlinkMessage::NewLink(message))
}

/// Deletes an interface.
pub fn delete(interface: u32) -> Request {
    let mut message = LinkMessage::default();
    message.header.index = interface;
    Request::plain(RouteNetlinkMessage::DelLink(message))
}

impl Netlink {
    /// The interface of this name, if there is one.
    ///
    /// # Errors
    /// The socket failed.
    pub fn link(&mut self, name: &str) -> io::Result<Option<Link>> {
        let mut message = LinkMessage::default();
        message.attributes = vec![
            LinkAttribute::IfName(name.to_owned()),
            LinkAttribute::ExtMask(vec![LinkExtentMask::SkipStats]),
        ];
        match self.ask(RouteNetlinkMessage::GetLink(message)) {
            Ok(payload) => Ok(Link::decode(payload)),
            Err(error) if error.raw_os_error() == Some(libc::ENODEV) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// All interfaces.
    ///
    /// # Errors
    /// The socket failed.
    pub fn links(&mut self) -> io::Result<Vec<Link>> {
        let mut message = LinkMessage::default();
        // Counters are most of an answer, and nobody asks for them.
        let skip = LinkAttribute::ExtMask(vec![LinkExtentMask::SkipStats]);
        message.attributes.push(skip);
        let found = std::cell::RefCell::new(Vec::new());
        self.dump(
            &RouteNetlinkMessage::GetLink(message),
            &mut |_, payload| found.borrow_mut().extend(Link::decode(payload)),
            &mut || found.borrow_mut().clear(),
        )?;
        Ok(found.into_inner())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::in_namespace::{inside, ip, until, wire};

    #[test]
    fn links_tell_what_they_are_and_go_up_and_down() {
        if !inside("netlink::link::tests::links_tell_what_they_are_and_go_up_and_down") {
            return;
        }
        let (va, vb) = wire();
        ip("link add link va name mv address 00:00:5e:00:01:33 type macvlan mode private");
        let mut netlink = Netlink::open().expect("a socket");
        let find = |netlink: &mut Netlink, name: &str| {
            let links = netlink.links().expect("a dump");
            links.into_iter().find(|link| link.name == name)
        };
        let first = find(&mut netlink, "va").expect("va");
        assert_eq!((first.index, first.parent), (va, Some(vb)));
        assert_eq!((first.up, first.running, first.mtu), (true, true, 1500));
        assert_eq!(first.mac, Some([2, 0, 0, 0, 0, 1]));
        assert_eq!(first.kind.as_deref(), Some("veth"));
        let virtual_mac = find(&mut netlink, "mv").expect("mv");
        assert_eq!(virtual_mac.kind.as_deref(), Some("macvlan"));
        assert_eq!(
            (virtual_mac.parent, virtual_mac.detail),
            (Some(va), Some(1))
        );
        assert!(!virtual_mac.up);
        assert_eq!(
            netlink.link("mv").expect("asked"),
            Some(virtual_mac.clone())
        );
        assert_eq!(netlink.link("nowhere").expect("asked"), None);
        let requests = [set_up(virtual_mac.index, true), set_up(vb, false)];
        for outcome in netlink.carry_out(&requests).expect("answers") {
            outcome.expect("set");
        }
        until(|| {
            let first = find(&mut netlink, "va").expect("va");
            first.up && !first.running
        });
        assert!(find(&mut netlink, "mv").expect("mv").up);
        let gone = [delete(virtual_mac.index), delete(virtual_mac.index)];
        let outcomes = netlink.carry_out(&gone).expect("answers");
        assert!(outcomes[0].is_ok());
        let error = outcomes[1].as_ref().expect_err("it is gone");
        assert_eq!(error.raw_os_error(), Some(libc::ENODEV));
    }
}
