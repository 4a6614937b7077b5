//! Hears what changes: the multicast groups of rtnetlink(7).

use std::{
    io,
    os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd},
};

use netlink_sys::{Socket, protocols::NETLINK_ROUTE};
use nix::{
    errno::Errno,
    sys::socket::{MsgFlags, recv},
};

use super::{Address, Link, Route, Rule, message::messages};
use crate::socket_option::set_receive_buffer;

const RTM_NEWLINK: u16 = 16;
const RTM_DELLINK: u16 = 17;
const RTM_NEWADDR: u16 = 20;
const RTM_DELADDR: u16 = 21;
const RTM_NEWROUTE: u16 = 24;
const RTM_DELROUTE: u16 = 25;
const RTM_NEWRULE: u16 = 32;
const RTM_DELRULE: u16 = 33;
/// Room for an event at first; one that is longer counts as lost, and the next one of its size doesn't.
const DATAGRAM_BYTES: usize = 16 << 10;

/// What to hear of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Groups(u8);

impl Groups {
    /// None at all.
    pub const NONE: Self = Self(0);
    /// Interfaces.
    pub const LINKS: Self = Self(1);
    /// Addresses of both families.
    pub const ADDRESSES: Self = Self(2);
    /// Routes of both families.
    pub const ROUTES: Self = Self(4);
    /// Rules of both families.
    pub const RULES: Self = Self(8);

    /// The kernel's numbers (RTNLGRP_*).
    fn numbers(self) -> impl Iterator<Item = u32> {
        let rows: [(Self, &[u32]); 4] = [
            (Self::LINKS, &[1]),
            (Self::ADDRESSES, &[5, 9]),
            (Self::ROUTES, &[7, 11]),
            (Self::RULES, &[8, 19]),
        ];
        rows.into_iter()
            .filter(move |(group, _)| self.0 & group.0 != 0)
            .flat_map(|(_, numbers)| numbers)
            .copied()
    }
}

impl std::ops::Sub for Groups {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
}

impl std::ops::BitOr for Groups {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// A change.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// An interface is new, or something of it changed; the same may be told again.
    Link(Link),
    /// An interface is gone, as it was.
    LinkGone(Link),
    /// An address is new, or its flags or lifetimes changed.
    Address(Address),
    /// An address is gone.
    AddressGone(Address),
    /// A route is new.
    Route(Box<Route>),
    /// A route is gone.
    RouteGone(Box<Route>),
    /// A rule is new.
    Rule(Box<Rule>),
    /// A rule is gone.
    RuleGone(Box<Rule>),
    /// Events were lost: what they would have said is only in a new dump.
    Overrun,
}

/// The non-blocking socket of changes.
#[derive(Debug)]
pub struct Monitor {
    socket: Socket,
    datagram: Vec<u8>,
}

impl Monitor {
    /// Opens it in the network namespace of this thread, with a receive buffer of so many bytes. What changes between
    /// a dump and the opening is missed: open first.
    ///
    /// # Errors
    /// No descriptor left.
    pub fn open(groups: Groups, receive_buffer: usize) -> io::Result<Self> {
        let mut socket = Socket::new(NETLINK_ROUTE)?;
        socket.set_non_blocking(true)?;
        socket.bind_auto()?;
        set_receive_buffer(socket.as_fd(), receive_buffer, true)?;
        let monitor = Self {
            socket,
            datagram: vec![0; DATAGRAM_BYTES],
        };
        monitor.watch(groups)?;
        Ok(monitor)
    }

    /// The receive buffer in bytes, with `force` beyond `net.core.rmem_max`.
    ///
    /// # Errors
    /// The kernel's.
    pub fn set_receive_buffer(&self, bytes: usize, force: bool) -> io::Result<()> {
        set_receive_buffer(self.socket.as_fd(), bytes, force)
    }

    /// Hears of these groups too.
    ///
    /// # Errors
    /// The kernel lacks one.
    pub fn watch(&self, groups: Groups) -> io::Result<()> {
        let mut numbers = groups.numbers();
        numbers.try_for_each(|group| self.socket.add_membership(group))
    }

    /// Hears of these groups no more.
    ///
    /// # Errors
    /// The kernel lacks one.
    pub fn ignore(&self, groups: Groups) -> io::Result<()> {
        let mut numbers = groups.numbers();
        numbers.try_for_each(|group| self.socket.drop_membership(group))
    }

    /// Takes one datagram and appends its events.
    ///
    /// # Errors
    /// `WouldBlock` when nothing waits.
    pub fn receive(&mut self, events: &mut Vec<Event>) -> io::Result<()> {
        let descriptor = self.socket.as_raw_fd();
        let length = loop {
            match recv(descriptor, &mut self.datagram, MsgFlags::MSG_TRUNC) {
                Err(Errno::EINTR) => {}
                Err(Errno::ENOBUFS) => {
                    events.push(Event::Overrun);
                    return Ok(());
                }
                result => break result?,
            }
        };
        let Some(datagram) = self.datagram.get(..length) else {
            self.datagram.resize(length, 0);
            events.push(Event::Overrun);
            return Ok(());
        };
        for message in messages(datagram) {
            events.extend(decode(message.message_type(), message.payload()));
        }
        Ok(())
    }
}

/// What can't be read counts as lost.
fn decode(kind: u16, payload: &[u8]) -> Option<Event> {
    let link = |event: fn(Link) -> Event| Link::decode(payload).map_or(Event::Overrun, event);
    let address =
        |event: fn(Address) -> Event| Address::decode(payload).map_or(Event::Overrun, event);
    Some(match kind {
        // Bridges tell of their ports in messages of their own family: not changes of the interface.
        RTM_NEWLINK | RTM_DELLINK if payload.first() != Some(&0) => return None,
        RTM_NEWLINK => link(Event::Link),
        RTM_DELLINK => link(Event::LinkGone),
        RTM_NEWADDR => address(Event::Address),
        RTM_DELADDR => address(Event::AddressGone),
        // Of other families too, which are none of ours.
        RTM_NEWROUTE => Event::Route(Box::new(Route::decode(payload)?)),
        RTM_DELROUTE => Event::RouteGone(Box::new(Route::decode(payload)?)),
        RTM_NEWRULE => Event::Rule(Box::new(Rule::decode(payload)?)),
        RTM_DELRULE => Event::RuleGone(Box::new(Rule::decode(payload)?)),
        _ => return None,
    })
}

impl AsFd for Monitor {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl AsRawFd for Monitor {
    fn as_raw_fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        in_namespace::{inside, ip, until, wire},
        netlink::{Family, Netlink, RuleAction},
    };

    fn all(monitor: &mut Monitor) -> Vec<Event> {
        let mut events = Vec::new();
        while monitor.receive(&mut events).is_ok() {}
        events
    }

    #[test]
    fn changes_are_heard_in_their_order() {
        if !inside("netlink::monitor::tests::changes_are_heard_in_their_order") {
            return;
        }
        let (va, _) = wire();
        let mut monitor =
            Monitor::open(Groups::LINKS | Groups::ADDRESSES, 1 << 20).expect("a socket");
        let error = monitor.receive(&mut Vec::new()).expect_err("nothing yet");
        assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
        let mut netlink = Netlink::open().expect("a socket");
        let address = Address::new(va, "192.0.2.100".parse().expect("an address"), 32);
        for request in [address.add(), address.delete()] {
            netlink.carry_out_one(&request).expect("carried out");
        }
        let mut events = all(&mut monitor);
        // An interface that has just come up gets addresses of the kernel's own.
        events.retain(|event| !matches!(event, Event::Address(new) if new.local.is_ipv6()));
        assert!(
            matches!(&events[..], [Event::Address(new), Event::AddressGone(gone)]
            if new.local == address.local && gone.local == address.local)
        );
        ip("link set vb down");
        let stopped = |event: &Event| matches!(event, Event::Link(link) if link.index == va && link.up && !link.running);
        until(|| all(&mut monitor).iter().any(stopped));
        ip("link delete va");
        let gone = |event: &Event| matches!(event, Event::LinkGone(link) if link.name == "va");
        assert!(all(&mut monitor).iter().any(gone));
        monitor.ignore(Groups::LINKS).expect("ignored");
        ip("link add vc type veth peer name vd");
        assert_eq!(all(&mut monitor), []);
    }

    #[test]
    fn routes_and_rules_are_heard_when_asked_for() {
        if !inside("netlink::monitor::tests::routes_and_rules_are_heard_when_asked_for") {
            return;
        }
        let (va, _) = wire();
        let mut monitor = Monitor::open(Groups::ROUTES | Groups::RULES, 1 << 20).expect("a socket");
        let mut netlink = Netlink::open().expect("a socket");
        let mut route = Route::new(([198, 51, 100, 0].into(), 24));
        (route.interface, route.table) = (Some(va), 1000);
        let rule = Rule::new(Family::V6, 7, RuleAction::Lookup(1000));
        let requests = [route.add(), rule.add(), rule.delete(), route.delete()];
        for outcome in netlink.carry_out(&requests).expect("answers") {
            outcome.expect("carried out");
        }
        let mut events = all(&mut monitor);
        // The kernel makes routes of its own for an interface that has just come up.
        const KERNEL: u8 = 2;
        events.retain(|event| !matches!(event, Event::Route(route) if route.protocol == KERNEL));
        let [
            Event::Route(new),
            Event::Rule(made),
            Event::RuleGone(unmade),
            Event::RouteGone(old),
        ] = &events[..]
        else {
            panic!("{events:?}");
        };
        for heard in [new, old] {
            assert_eq!(heard.destination, route.destination);
            assert_eq!((heard.table, heard.interface), (1000, Some(va)));
        }
        assert_eq!((&**made, &**unmade), (&rule, &rule));
    }

    #[test]
    fn lost_events_are_told() {
        if !inside("netlink::monitor::tests::lost_events_are_told") {
            return;
        }
        let (va, _) = wire();
        let mut monitor = Monitor::open(Groups::ADDRESSES, 4096).expect("a socket");
        let mut netlink = Netlink::open().expect("a socket");
        let address = Address::new(va, "192.0.2.100".parse().expect("an address"), 32);
        let requests: Vec<_> = (0..100)
            .flat_map(|_| [address.add(), address.delete()])
            .collect();
        netlink.carry_out(&requests).expect("carried out");
        let events = all(&mut monitor);
        assert!(events.contains(&Event::Overrun), "{}", events.len());
    }
}
