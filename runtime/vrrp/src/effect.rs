//! What the engine wants done. Drivers carry effects out in their order: an advert leaves before addresses are set,
//! notifications follow the change they tell of.

use std::{net::IpAddr, sync::Arc};

use locum_model::{
    Located,
    vrrp::{Address, Family, Route, Rule},
};

use crate::{
    event::Event,
    identity::{GroupId, InstanceId, LineId, Name, SocketId},
};

/// How many effects the list may always have room for.
const KEPT: usize = 256;

/// Where effects are collected: one list that is used again and again.
#[derive(Debug, Default)]
pub struct Effects {
    list: Vec<Effect>,
}

impl Effects {
    /// An empty list.
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends an effect.
    pub fn push(&mut self, effect: Effect) {
        self.list.push(effect);
    }

    /// Appends an event.
    pub fn tell(&mut self, event: Event) {
        self.list.push(Effect::Tell(event));
    }

    /// Takes all out, in order; the room stays.
    pub fn drain(&mut self) -> std::vec::Drain<'_, Effect> {
        self.list.drain(..)
    }

    /// Gives room back that a crowd needed which changed at once; true: there was more than for `usual` effects.
    pub fn shrink(&mut self, usual: usize) -> bool {
        let kept = usual.max(KEPT);
        let crowd = self.list.capacity() > kept;
        self.list.shrink_to(kept);
        crowd
    }

    /// Keeps those that `wanted` says yes to.
    pub fn retain(&mut self, wanted: impl FnMut(&Effect) -> bool) {
        self.list.retain(wanted);
    }

    /// What stands in it.
    pub fn as_slice(&self) -> &[Effect] {
        &self.list
    }

    /// Whether nothing is to be done.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }
}

/// One thing to do.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Something happened that may be worth a line.
    Tell(Event),
    /// Open the sockets described by `Engine::socket`.
    OpenSocket(SocketId),
    /// Close them.
    CloseSocket(SocketId),
    /// Send the adverts that `Engine::adverts` gives for this priority.
    SendAdvert {
        /// Whose.
        instance: InstanceId,
        /// Its priority; 0 says good-bye.
        priority: u8,
    },
    /// Put addresses onto interfaces, in order.
    AddAddresses(Lines<Address>),
    /// Take them off. One that isn't there is no error.
    RemoveAddresses(Lines<Address>),
    /// Add routes, in order.
    AddRoutes(Lines<Route>),
    /// Remove them.
    RemoveRoutes(Lines<Route>),
    /// Add rules, in order.
    AddRules(Lines<Rule>),
    /// Remove them.
    RemoveRules(Lines<Rule>),
    /// Drop packets to these addresses (no accept mode), or stop doing so.
    Firewall {
        /// Whose addresses.
        instance: InstanceId,
        /// True: drop them.
        drop: bool,
        /// The addresses.
        lines: Lines<Address>,
    },
    /// Send a gratuitous ARP, or an unsolicited neighbour advertisement, once.
    Announce {
        /// On which interface.
        interface: u32,
        /// For which address.
        address: IpAddr,
    },
    /// Tell scripts, FIFOs and mail of a change.
    Notify(Notice),
    /// Now is the time to tell of the devices that were made for an instance.
    TellDevices(InstanceId),
    /// An instance is gone: devices of its own that no other one uses go.
    RemoveDevices(InstanceId),
}

/// Lines to be put into the kernel or taken out of it; shared, not copied.
pub type Lines<T> = Arc<[Line<T>]>;

/// A line and where it goes.
#[derive(Debug, Clone, PartialEq)]
pub struct Line<T> {
    /// Which line it is.
    pub id: LineId,
    /// The interface: that of the line, else the instance's (its vmac if it has one). 0 where a route or a rule names
    /// none, or while the interface doesn't exist.
    pub interface: u32,
    /// What it says.
    pub value: Located<T>,
}

/// A notification: what `notify` scripts and FIFOs get.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Who changed.
    pub subject: Subject,
    /// Its name.
    pub name: Name,
    /// What it became.
    pub state: NoticeState,
    /// Its priority: an instance's effective one, 0 for a group.
    pub priority: u8,
}

/// Whom a notification is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// An instance.
    Instance(InstanceId),
    /// A sync group.
    Group(GroupId),
}

/// What a notification tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoticeState {
    /// Became master.
    Master,
    /// Became backup.
    Backup,
    /// Is in fault.
    Fault,
    /// The daemon stops.
    Stop,
    /// Was removed by a reload.
    Deleted,
    /// A master heard an advert with a lower priority.
    MasterRxLowerPri,
    /// A master's priority changed.
    MasterPriority,
    /// A backup's priority changed.
    BackupPriority,
}

/// The sockets of a pool: one to hear with and one to send with.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Socket {
    /// IPv4 or IPv6.
    pub family: Family,
    /// 112, or 51 where adverts are authenticated by AH.
    pub protocol: u8,
    /// The interface both are bound to; 0: none (unicast only).
    pub interface: u32,
    /// Who is heard.
    pub hears: Hears,
}

/// What a pool's socket receives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Hears {
    /// Adverts to this group, which is joined on the interface.
    Group(IpAddr),
    /// Adverts to this address of ours; `None`: to any.
    Own(Option<IpAddr>),
}
