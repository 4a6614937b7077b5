//! What the driver and whoever runs it say to each other.

use std::{io, net::IpAddr, path::PathBuf, sync::Arc};

use locum_model::{
    keepalived::Configuration,
    vrrp::{Address, Family, Route, Rule},
};
use tokio::sync::oneshot;

use crate::{
    effect::{Hears, Notice},
    event::Event,
    identity::Name,
    snapshot::Snapshot,
};

/// Where everything that happens goes: log lines, notifications, dumps. Called from the event loop: it must not wait.
pub trait Face {
    /// Nothing has a state yet, and no socket is open: what would be dumped now (`-d`).
    fn configured(&mut self, snapshot: &mut dyn FnMut() -> Snapshot);
    /// Everything stands, the first adverts may leave.
    fn started(&mut self);
    /// The engine has done or seen something.
    fn tell(&mut self, event: &Event);
    /// Something that only the driver knows.
    fn trouble(&mut self, trouble: &Trouble);
    /// Scripts, FIFOs and mail are to hear of a change.
    fn notify(&mut self, notice: &Notice);
    /// The end was asked for: good-byes come next.
    fn stopping(&mut self);
    /// FIFOs are to hear of a state that stands after a reload (`fifo_write_vrrp_states_on_reload`).
    fn restate(&mut self, notice: &Notice);
    /// A reload was asked for: the new configuration; `None`: the old one goes on. Masters have just advertised, this may
    /// take a while.
    fn read(&mut self) -> Option<Arc<Configuration>>;
    /// A new configuration holds from here on; what it removed has been notified before.
    fn reloaded(&mut self, configuration: &Arc<Configuration>);
    /// Someone asked for the state of everything.
    fn dump(&mut self, kind: DumpKind, configuration: &Configuration, snapshot: &Snapshot);
}

/// What the driver is asked to do while it runs.
#[derive(Debug)]
pub enum Order {
    /// Take over what [`Face::read`] gives, without touching what stays.
    Reload,
    /// Hand the state of everything to [`Face::dump`].
    Dump(DumpKind),
    /// Dump all counters and set them to zero.
    ClearStatistics,
    /// A BFD session's state, from the BFD process.
    Bfd {
        /// Its name.
        session: Name,
        /// It is up.
        up: bool,
    },
    /// Say good-bye, take everything back and return. The answer is sent when that is done.
    Stop {
        /// Who wants to hear of the end.
        answer: Option<oneshot::Sender<()>>,
        /// Addresses, routes and rules stay where they are, and no good-bye is said.
        keep: bool,
    },
}

/// The kinds of dumps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DumpKind {
    /// Everything, for people.
    Data,
    /// Counters.
    Statistics,
    /// Counters, which are set to zero afterwards.
    LastStatistics,
    /// Everything, for programs.
    Json,
}

/// What happens to a macvlan or an ipvlan.
#[derive(Debug)]
pub enum DeviceChange {
    /// One that was there is what is wanted.
    Found,
    /// It keeps its name though the configuration gives another.
    KeepsName {
        /// The name of the configuration.
        given: Name,
    },
    /// One that was there isn't what is wanted and went.
    Incompatible,
    /// The interface below it has come, and is down.
    ParentDown {
        /// Its name.
        parent: Name,
    },
    /// It was made.
    Made,
    /// It can't be made.
    Refused {
        /// It would be an ipvlan.
        ipvlan: bool,
        /// Why.
        error: io::Error,
    },
    /// It was deleted.
    Gone,
    /// It can't be deleted.
    Stays(io::Error),
}

/// What went wrong with the system, or is only known there.
#[derive(Debug)]
pub enum Trouble {
    /// Sockets stand.
    SocketOpened {
        /// Their interface, 0 if none.
        interface: u32,
        /// Their family.
        family: Family,
        /// 112 or 51.
        protocol: u8,
        /// The descriptor that hears.
        hears_by: i32,
        /// The descriptor that sends.
        sends_by: i32,
        /// The group heard, if there is one.
        group: Option<IpAddr>,
        /// Our address heard, if there is one.
        source: Option<IpAddr>,
    },
    /// Sockets can't be had.
    Socket {
        /// Their interface.
        interface: Name,
        /// What they were to hear.
        hears: Hears,
        /// Why.
        error: io::Error,
    },
    /// An advert could not leave.
    Send {
        /// Whose.
        instance: Name,
        /// Why.
        error: io::Error,
    },
    /// An address could not be set or removed.
    Address {
        /// The address.
        address: IpAddr,
        /// Its interface.
        interface: Name,
        /// It was to be added.
        adding: bool,
        /// Why.
        error: io::Error,
    },
    /// A route or a rule could not be set or removed.
    Line {
        /// It is a route, else a rule.
        route: bool,
        /// It was to be added.
        adding: bool,
        /// Whose.
        instance: Option<Name>,
        /// Why.
        error: io::Error,
    },
    /// An announcement could not leave.
    Announce {
        /// On which interface.
        interface: Name,
        /// For which address.
        address: IpAddr,
        /// Why.
        error: io::Error,
    },
    /// The kernel told more than its queue held; everything is read again.
    NetlinkOverrun,
    /// Netlink itself failed.
    Netlink(io::Error),
    /// Something is to be told of a macvlan or an ipvlan.
    Device {
        /// Of which instance.
        instance: Name,
        /// Its name.
        name: Name,
        /// What.
        change: DeviceChange,
    },
    /// A setting of the network stack was changed: what it was and is.
    SettingChanged(String),
    /// One was put back.
    SettingRestored {
        /// Which.
        setting: String,
        /// To what.
        to: String,
    },
    /// One could not be.
    SettingRefused {
        /// Which.
        setting: String,
        /// Why.
        error: io::Error,
    },
    /// The firewall doesn't do what it is asked for.
    Firewall(io::Error),
    /// Its table of an earlier process was deleted.
    OldTable {
        /// The IPv6 one.
        v6: bool,
        /// Its name.
        name: String,
    },
    /// Somebody removed a static address, or its interface was down or away; it is set again.
    AddressRestored {
        /// Its line.
        address: Box<Address>,
        /// Its interface.
        interface: Name,
    },
    /// The same of a static route.
    RouteRestored(Box<Route>),
    /// The same of a static rule.
    RuleRestored(Box<Rule>),
    /// A route of an instance was set that names no interface.
    RouteWithoutInterface,
    /// A tracking script is due, but its last run hasn't ended.
    ScriptBusy {
        /// Its name.
        script: Name,
        /// That run was told to end already.
        being_timed_out: bool,
    },
    /// A program could not be executed.
    NotExecuted {
        /// Its path.
        program: PathBuf,
        /// The errno.
        errno: i32,
    },
    /// A tracked file can't be watched.
    FileWatch {
        /// The tracker.
        file: Name,
        /// Why.
        error: io::Error,
    },
    /// A tracked file holds a number that can't be one; the old one stays.
    FileValue {
        /// The file.
        path: PathBuf,
        /// The number, cut to what there is room for.
        value: i64,
    },
    /// Processes can't be watched.
    ProcessWatch(io::Error),
}
