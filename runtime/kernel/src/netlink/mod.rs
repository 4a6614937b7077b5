//! Links, addresses, routes and rules of the kernel: rtnetlink(7).
//!
//! ```text
//! Netlink ── requests, many in one datagram, each acknowledged ─▶ kernel
//!         ◀─ dumps: links(), addresses(), routes(), rules()
//! Monitor ◀─ Event: what changes, whoever changed it; Overrun when some were lost
//! ```
//!
//! [`Netlink`] blocks, which is no wait: the kernel carries a request out within the call that sends it. [`Monitor`] is
//! non-blocking; wait for its descriptor. What it lost it says ([`Event::Overrun`]): dump again then.
//!
//! Messages are decoded by their header and the attributes that matter here, so that a newer kernel's unknown or
//! changed attribute never hides a link.
//!
//! ```no_run
//! # fn main() -> std::io::Result<()> {
//! use locum_kernel::netlink::{Address, Event, Groups, Monitor, Netlink};
//! let mut netlink = Netlink::open()?;
//! let mut monitor = Monitor::open(Groups::LINKS | Groups::ADDRESSES, 1 << 20)?;
//! let link = netlink.links()?.into_iter().find(|link| link.name == "eth0").expect("eth0");
//! let address = Address::new(link.index, "192.0.2.100".parse().unwrap(), 24);
//! for outcome in netlink.carry_out(&[address.add()])? {
//!     outcome?;                          // one for each request; AlreadyExists when it was there
//! }
//! let mut events = Vec::new();
//! monitor.receive(&mut events)?;         // WouldBlock when nothing waits
//! for event in events {
//!     match event {
//!         Event::Link(link) => println!("{} runs: {}", link.name, link.running),
//!         Event::LinkGone(link) => println!("{} is gone", link.name),
//!         Event::Address(address) | Event::AddressGone(address) => println!("{}", address.local),
//!         Event::Overrun => println!("dump everything again"),
//!         _ => {}
//!     }
//! }
//! # Ok(()) }
//! ```

mod address;
mod encap;
pub mod link;
mod message;
mod monitor;
mod request;
mod route;
mod rule;
mod virtual_link;

use std::net::IpAddr;

pub use address::{Address, AddressFlags, FOREVER};
pub use encap::Encap;
pub use link::Link;
pub(crate) use message::messages;
pub use monitor::{Event, Groups, Monitor};
use netlink_packet_route::AddressFamily;
pub use request::{Netlink, Request};
pub use route::{KEEPALIVED, Network, NextHop, Route, RouteMetric, RouteType, TABLE_MAIN};
pub use rule::{Rule, RuleAction};
pub use virtual_link::{
    IpVlanFlags, IpVlanMode, Ipv4Setting, MacVlanMode, create_ipvlan, create_macvlan,
    make_no_link_local, set_group, set_ipv4, set_mac, set_master, virtual_router_mac,
};

/// IPv4 or IPv6.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

impl Family {
    /// An address' family.
    pub fn of(ip: IpAddr) -> Self {
        match ip {
            IpAddr::V4(_) => Self::V4,
            IpAddr::V6(_) => Self::V6,
        }
    }
}

impl From<Family> for AddressFamily {
    fn from(family: Family) -> Self {
        match family {
            Family::V4 => Self::Inet,
            Family::V6 => Self::Inet6,
        }
    }
}
