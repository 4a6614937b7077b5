//! What drivers tell the engine: interfaces, adverts, results of trackers.

use std::net::IpAddr;

use crate::identity::LineId;

/// An interface as it is now. Drivers tell the whole of it whenever something of it changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interface {
    /// The kernel's number.
    pub index: u32,
    /// Its name.
    pub name: String,
    /// IFF_UP.
    pub up: bool,
    /// IFF_RUNNING (carrier).
    pub running: bool,
    /// The interface below of a macvlan or ipvlan; `None`: it stands on its own.
    pub base: Option<u32>,
    /// Maximum transmission unit in bytes.
    pub mtu: u32,
    /// Its addresses in the kernel's order, link-local ones among them. Virtual addresses may stand here.
    pub addresses: Vec<IpAddr>,
}

/// A packet that a socket received.
#[derive(Debug, Clone, Copy)]
pub struct Received<'a> {
    /// Its source.
    pub source: IpAddr,
    /// Its destination, where the socket tells (IPv4: it stands in the datagram).
    pub destination: Option<IpAddr>,
    /// IPv6: the hop limit, where the socket tells (IPv4: it stands in the datagram).
    pub hop_limit: Option<u8>,
    /// What a raw socket gives: IPv4 the whole datagram with its header, IPv6 what follows the headers.
    pub bytes: &'a [u8],
}

/// How a run of a tracking script ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScriptResult {
    /// It exited with this status.
    Exited(i32),
    /// A signal ended it.
    Signalled(i32),
    /// It ran longer than it may and was killed.
    TimedOut,
    /// It couldn't be started.
    NotStarted,
}

/// Something of ours vanished from the kernel, and it wasn't us. Removals that our own commands asked for are not told;
/// what the kernel took along with them is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removed {
    /// An address of an interface.
    Address {
        /// The interface.
        interface: u32,
        /// The address.
        address: IpAddr,
    },
    /// A route or a rule.
    Line(LineId),
}
