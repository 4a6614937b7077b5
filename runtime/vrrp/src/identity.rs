//! What inputs, effects and events call things by: small numbers that stay the same over a reload, and names.

use std::sync::Arc;

/// The name of an instance, a group, a tracker or an interface, cheap to hand around.
pub type Name = Arc<str>;

/// A VRRP instance. A reload keeps the number of an instance whose name stays; numbers of removed ones are not used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct InstanceId(pub u32);

/// A sync group, numbered as instances are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GroupId(pub u32);

/// A pair of sockets that instances of one interface, family and destination share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SocketId(pub u32);

/// A line of an instance's `virtual_…` blocks, or of the static ones when there is no instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LineId {
    /// Whose block; `None`: the daemon's own.
    pub instance: Option<InstanceId>,
    /// Which block.
    pub block: Block,
    /// Which line of it, from 0.
    pub line: u32,
}

/// The blocks whose lines are put into the kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Block {
    /// Addresses that adverts carry.
    Addresses,
    /// Addresses that they don't.
    ExcludedAddresses,
    /// Routes.
    Routes,
    /// Rules.
    Rules,
}
