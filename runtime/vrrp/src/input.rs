//! What drivers tell the engine: interfaces, adverts, results of trackers.

use std::net::IpAddr;

/// An interface as it is now. Drivers tell the whole of it whenever something of it changed; its addresses come apart.
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
    /// All flags, as the kernel has them.
    pub flags: u32,
    /// The interface below of a macvlan or ipvlan; `None`: it stands on its own.
    pub base: Option<u32>,
    /// Maximum transmission unit in bytes.
    pub mtu: u32,
}

/// A packet that a socket received.
#[derive(Debug, Clone, Copy)]
pub struct Received<'a> {
    /// Its source.
    pub source: IpAddr,
    /// Its destination, where the socket tells.
    pub destination: Option<IpAddr>,
    /// The TTL or hop limit; `None`: the socket didn't tell, which counts as wrong.
    pub hop_limit: Option<u8>,
    /// The IPv4 header with its options; empty for IPv6.
    pub header: &'a [u8],
    /// What follows the IP header: VRRP, or an authentication header and then VRRP.
    pub payload: &'a [u8],
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

/// What became of sockets that were to be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opening {
    /// They stand.
    Done,
    /// The address to hear by isn't there, or not usable yet.
    SourceMissing,
    /// The system refused.
    Refused,
}
