//! Addresses of interfaces.

use std::{
    io,
    net::{IpAddr, Ipv4Addr},
};

pub use netlink_packet_route::address::AddressFlags;
use netlink_packet_route::{
    AddressFamily, RouteNetlinkMessage,
    address::{AddressAttribute, AddressMessage, AddressScope, CacheInfo},
};

use super::{
    Netlink, Request,
    message::{attributes, ip_of, text_of, u32_of},
};

/// A lifetime without end, in seconds.
pub const FOREVER: u32 = u32::MAX;
/// `struct ifaddrmsg` (rtnetlink(7)).
const FIXED_BYTES: usize = 8;
const IFA_ADDRESS: u16 = 1;
const IFA_LOCAL: u16 = 2;
const IFA_LABEL: u16 = 3;
const IFA_BROADCAST: u16 = 4;
const IFA_CACHEINFO: u16 = 6;
const IFA_FLAGS: u16 = 8;

/// An address of an interface: to be added or deleted, or found there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// The interface's index.
    pub interface: u32,
    /// The address itself.
    pub local: IpAddr,
    /// Bits of its network; of the peer's, if there is one.
    pub prefix: u8,
    /// The other end of a point-to-point link (`peer`).
    pub peer: Option<IpAddr>,
    /// IPv4: the broadcast address (`brd`).
    pub broadcast: Option<Ipv4Addr>,
    /// IPv4: its name, which begins with the interface's (`label`).
    pub label: Option<String>,
    /// 0 global, 253 link, 254 host (`scope`); the kernel knows IPv6's by itself.
    pub scope: u8,
    /// `home`, `-nodad`, `mngtmpaddr`, `noprefixroute`, `autojoin`; and what the kernel found out: secondary, tentative,
    /// duplicate, deprecated.
    pub flags: AddressFlags,
    /// Seconds until it isn't chosen as a source any more (`preferred_lft`); 0 makes it deprecated. With `None` no
    /// lifetime is told: it stays for ever.
    pub preferred_s: Option<u32>,
}

impl Address {
    /// An address with nothing special.
    pub fn new(interface: u32, local: IpAddr, prefix: u8) -> Self {
        Self {
            interface,
            local,
            prefix,
            peer: None,
            broadcast: None,
            label: None,
            scope: 0,
            flags: AddressFlags::empty(),
            preferred_s: None,
        }
    }

    /// Adds it. The outcome is `AlreadyExists` when it is there, whatever its other words say.
    pub fn add(&self) -> Request {
        let mut message = self.message();
        let attributes = &mut message.attributes;
        if let Some(preferred) = self.preferred_s {
            let mut lifetimes = CacheInfo::default();
            lifetimes.ifa_preferred = preferred;
            lifetimes.ifa_valid = FOREVER;
            attributes.push(AddressAttribute::CacheInfo(lifetimes));
        }
        attributes.push(AddressAttribute::Local(self.local));
        if let Some(peer) = self.peer {
            attributes.push(AddressAttribute::Address(peer));
        }
        if !self.flags.is_empty() {
            attributes.push(AddressAttribute::Flags(self.flags));
        }
        if let Some(broadcast) = self.broadcast {
            attributes.push(AddressAttribute::Broadcast(broadcast));
        }
        if let Some(label) = &self.label {
            attributes.push(AddressAttribute::Label(label.clone()));
        }
        Request::plain(RouteNetlinkMessage::NewAddress(message))
    }

    /// Deletes it. The outcome is `AddrNotAvailable` when it isn't there.
    pub fn delete(&self) -> Request {
        let mut message = self.message();
        message.attributes.push(AddressAttribute::Local(self.local));
        // Without a peer an IPv4 address is its own; IPv6 looks at one only if it is told.
        let peer = self.peer.or(self.local.is_ipv4().then_some(self.local));
        message
            .attributes
            .extend(peer.map(AddressAttribute::Address));
        Request::plain(RouteNetlinkMessage::DelAddress(message))
    }

    fn message(&self) -> AddressMessage {
        let mut message = AddressMessage::default();
        message.header.family = match self.local {
            IpAddr::V4(_) => AddressFamily::Inet,
            IpAddr::V6(_) => AddressFamily::Inet6,
        };
        message.header.prefix_len = self.prefix;
        message.header.scope = AddressScope::from(self.scope);
        message.header.index = self.interface;
        message
    }

    /// Reads RTM_NEWADDR and RTM_DELADDR.
    pub(super) fn decode(payload: &[u8]) -> Option<Self> {
        let [_, prefix, flags, scope, index @ ..] = *payload.first_chunk::<FIXED_BYTES>()?;
        let (mut local, mut address) = (None, None);
        // Placeholders for what the attributes tell.
        let mut found = Self::new(
            u32::from_ne_bytes(index),
            Ipv4Addr::UNSPECIFIED.into(),
            prefix,
        );
        found.scope = scope;
        found.flags = AddressFlags::from_bits_retain(u32::from(flags));
        for (kind, value) in attributes(payload, FIXED_BYTES) {
            match kind {
                IFA_ADDRESS => address = ip_of(value),
                IFA_LOCAL => local = ip_of(value),
                IFA_LABEL => found.label = text_of(value),
                IFA_BROADCAST => {
                    if let Some(IpAddr::V4(broadcast)) = ip_of(value) {
                        found.broadcast = Some(broadcast);
                    }
                }
                IFA_CACHEINFO => found.preferred_s = u32_of(value),
                IFA_FLAGS => {
                    let flags = u32_of(value).map(AddressFlags::from_bits_retain);
                    found.flags = flags.unwrap_or(found.flags);
                }
                _ => {}
            }
        }
        found.local = local.or(address)?;
        found.peer = address.filter(|address| *address != found.local);
        Some(found)
    }
}

impl Netlink {
    /// All addresses of both families.
    ///
    /// # Errors
    /// The socket failed.
    pub fn addresses(&mut self) -> io::Result<Vec<Address>> {
        let found = std::cell::RefCell::new(Vec::new());
        let request = RouteNetlinkMessage::GetAddress(AddressMessage::default());
        self.dump(
            &request,
            &mut |_, payload| found.borrow_mut().extend(Address::decode(payload)),
            &mut || found.borrow_mut().clear(),
        )?;
        Ok(found.into_inner())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::in_namespace::{inside, ip, wire};

    #[test]
    fn addresses_get_all_their_words_and_go_again() {
        if !inside("netlink::address::tests::addresses_get_all_their_words_and_go_again") {
            return;
        }
        let (va, _) = wire();
        let mut labelled = Address::new(va, Ipv4Addr::new(192, 0, 2, 100).into(), 24);
        labelled.label = Some("va:vip".to_owned());
        labelled.broadcast = Some(Ipv4Addr::new(192, 0, 2, 255));
        let mut of_link = Address::new(va, Ipv4Addr::new(192, 0, 2, 101).into(), 32);
        of_link.scope = 253;
        of_link.peer = Some(Ipv4Addr::new(198, 51, 100, 1).into());
        let mut deprecated = Address::new(va, "2001:db8::54".parse().expect("an address"), 128);
        deprecated.flags = AddressFlags::Nodad;
        deprecated.preferred_s = Some(0);
        let mut flagged = Address::new(va, "2001:db8::53".parse().expect("an address"), 64);
        flagged.flags = AddressFlags::Nodad
            | AddressFlags::Homeaddress
            | AddressFlags::Managetempaddr
            | AddressFlags::Noprefixroute;
        let mut joined = Address::new(va, Ipv4Addr::new(224, 5, 5, 5).into(), 32);
        joined.flags = AddressFlags::Mcautojoin;
        let mut peered = Address::new(va, "2001:db8:1::6".parse().expect("an address"), 128);
        peered.peer = "2001:db8:9::9".parse().ok();
        (peered.flags, peered.preferred_s) = (AddressFlags::Nodad, Some(0));
        let all = [labelled, of_link, deprecated, flagged, joined, peered];
        let mut netlink = Netlink::open().expect("a socket");
        let add: Vec<Request> = all.iter().map(Address::add).collect();
        for outcome in netlink.carry_out(&add).expect("answers") {
            outcome.expect("added");
        }
        let shown = ip("-d addr show dev va");
        for line in [
            "inet 192.0.2.100/24 brd 192.0.2.255 scope global secondary va:vip",
            "inet 192.0.2.101 peer 198.51.100.1/32 scope link va",
            "inet6 2001:db8::54/128 scope global nodad deprecated",
            "inet6 2001:db8::53/64 scope global nodad home mngtmpaddr noprefixroute",
            "inet 224.5.5.5/32 scope global autojoin va",
            "inet6 2001:db8:1::6 peer 2001:db8:9::9/128 scope global nodad deprecated",
        ] {
            assert!(shown.contains(line), "{line}\n{shown}");
        }
        let found = netlink.addresses().expect("a dump");
        for address in &all {
            let found = found.iter().find(|found| found.local == address.local);
            let found = found.expect("in the dump");
            assert_eq!(found.prefix, address.prefix);
            assert_eq!(found.peer, address.peer);
            assert!(found.flags.contains(address.flags), "{found:?}");
        }
        let again = netlink.carry_out(&add).expect("answers");
        for outcome in again {
            let error = outcome.expect_err("it is there");
            assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        }
        let delete: Vec<Request> = all.iter().map(Address::delete).collect();
        for outcome in netlink.carry_out(&delete).expect("answers") {
            outcome.expect("deleted");
        }
        for outcome in netlink.carry_out(&delete).expect("answers") {
            let error = outcome.expect_err("it is gone");
            assert_eq!(error.kind(), io::ErrorKind::AddrNotAvailable);
        }
    }

    #[test]
    fn a_thousand_addresses_come_and_go_in_batches() {
        if !inside("netlink::address::tests::a_thousand_addresses_come_and_go_in_batches") {
            return;
        }
        let (va, _) = wire();
        let mut netlink = Netlink::open().expect("a socket");
        let all: Vec<Address> = (0..1000)
            .map(|place: u16| {
                let [high, low] = place.to_be_bytes();
                Address::new(va, Ipv4Addr::new(10, 1, high, low).into(), 32)
            })
            .collect();
        for (requests, left) in [
            (all.iter().map(Address::add).collect::<Vec<_>>(), 1000),
            (all.iter().map(Address::delete).collect(), 0),
        ] {
            let outcomes = netlink.carry_out(&requests).expect("answers");
            assert_eq!(outcomes.len(), 1000);
            assert!(outcomes.iter().all(Result::is_ok));
            let found = netlink.addresses().expect("a dump");
            let ours = found.iter().filter(|found| found.prefix == 32);
            assert_eq!(ours.count(), left);
        }
    }
}
