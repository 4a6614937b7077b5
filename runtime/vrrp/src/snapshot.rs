//! The engine and its driver as they stand: what dumps show beyond the configuration.
//!
//! Plain data under the configuration's order; it is made in one go on the event loop and worded elsewhere.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use locum_model::vrrp;

use crate::{fsm::State, identity::Name, statistics::Statistics};

/// Everything that runs.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// When this was true, by both clocks.
    pub now: (Instant, SystemTime),
    /// Instances, in the order of the configuration (as all that follows).
    pub instances: Vec<InstanceStatus>,
    /// Sync groups.
    pub groups: Vec<GroupStatus>,
    /// Tracking scripts.
    pub scripts: Vec<ScriptStatus>,
    /// Tracked files: the number that each holds, before the weight.
    pub files: Vec<i64>,
    /// Tracked processes.
    pub processes: Vec<ProcessStatus>,
    /// Tracked BFD sessions: which are up.
    pub bfd: Vec<bool>,
    /// Pairs of sockets.
    pub sockets: Vec<SocketStatus>,
    /// Interfaces, in the kernel's order.
    pub interfaces: Vec<InterfaceStatus>,
    /// Which `static_ipaddress` lines are in the kernel.
    pub static_addresses: Vec<bool>,
    /// Which `static_routes` lines are.
    pub static_routes: Vec<bool>,
    /// Which `static_rules` lines are.
    pub static_rules: Vec<bool>,
}

/// An instance.
#[derive(Debug, Clone)]
pub struct InstanceStatus {
    /// Its configuration.
    pub config: Arc<vrrp::Instance>,
    /// Its group.
    pub group: Option<Name>,
    /// Its state.
    pub state: State,
    /// The state it would like to have.
    pub wanted: State,
    /// The master that was heard last, and its priority.
    pub master: Option<(IpAddr, u8)>,
    /// Faults of its configuration.
    pub config_faults: u32,
    /// All its faults.
    pub faults: u32,
    /// Tracking scripts without a result.
    pub awaited_scripts: u32,
    /// When its state changed last.
    pub last_transition: Option<Instant>,
    /// Its timer.
    pub deadline: Option<Instant>,
    /// The silence after which it takes over.
    pub master_down: Duration,
    /// The interface that it works on; a vmac or ipvlan, where it has one.
    pub interface: Name,
    /// The interface below that.
    pub base: Option<Name>,
    /// Its own vmac or ipvlan is up.
    pub own_interface_up: bool,
    /// The address that adverts come from.
    pub source: Option<IpAddr>,
    /// The priority with what trackers add, within bounds.
    pub priority: u8,
    /// The same without bounds.
    pub total_priority: i32,
    /// The interval learned from the master (version 3).
    pub master_interval: Duration,
    /// The number of that interface; 0: it doesn't exist.
    pub interface_index: u32,
    /// Its lines are in the kernel.
    pub lines_set: bool,
    /// Which `virtual_ipaddress` lines are.
    pub addresses_set: Vec<bool>,
    /// Which `virtual_ipaddress_excluded` lines are.
    pub excluded_set: Vec<bool>,
    /// Its receiving and sending descriptors.
    pub sockets: Option<(i32, i32)>,
    /// Counters.
    pub statistics: Statistics,
}

/// A sync group.
#[derive(Debug, Clone)]
pub struct GroupStatus {
    /// Its configuration.
    pub config: Arc<vrrp::SyncGroup>,
    /// Its state.
    pub state: State,
    /// Members in fault.
    pub faults: u32,
    /// Members that haven't started.
    pub inits: u32,
}

/// A tracking script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScriptStatus {
    /// Good, bad, or nobody knows yet.
    pub up: Option<bool>,
    /// How far it is: 0 to `rise` − 1 down, from there to `rise` + `fall` − 1 up.
    pub result: u32,
    /// It runs now.
    pub running: bool,
    /// It isn't run, since others could have changed it.
    pub insecure: bool,
}

/// A tracked process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProcessStatus {
    /// How many there are.
    pub count: u32,
    /// There are enough, and not too many.
    pub up: bool,
    /// When a gain is believed.
    pub fork_at: Option<Instant>,
    /// When a loss is.
    pub terminate_at: Option<Instant>,
}

/// A pair of sockets.
#[derive(Debug, Clone)]
pub struct SocketStatus {
    /// Receives.
    pub input: i32,
    /// Sends.
    pub output: i32,
    /// Where.
    pub interface: Name,
    /// The family of its packets.
    pub family: vrrp::Family,
    /// AH rather than VRRP itself.
    pub ah: bool,
    /// Unicast: the address that it is bound to.
    pub unicast: Option<IpAddr>,
    /// Its receive buffer as far as configured, in bytes.
    pub receive_buffer: u32,
    /// Whose: names and virtual router ids.
    pub instances: Vec<(Name, u8)>,
}

/// An interface.
#[derive(Debug, Clone, Default)]
pub struct InterfaceStatus {
    /// Its name.
    pub name: String,
    /// The kernel's number; 0: it is gone.
    pub index: u32,
    /// IPv4 addresses that aren't virtual, in the kernel's order.
    pub ipv4: Vec<Ipv4Addr>,
    /// Link-local IPv6 addresses.
    pub ipv6: Vec<Ipv6Addr>,
    /// Its link-layer address; empty: it has none.
    pub mac: Vec<u8>,
    /// The link-layer broadcast address.
    pub broadcast: Vec<u8>,
    /// IFF_UP.
    pub up: bool,
    /// IFF_RUNNING.
    pub running: bool,
    /// IFF_BROADCAST.
    pub can_broadcast: bool,
    /// IFF_LOOPBACK.
    pub loopback: bool,
    /// IFF_POINTOPOINT.
    pub point_to_point: bool,
    /// IFF_NOARP.
    pub no_arp: bool,
    /// IFF_MULTICAST.
    pub can_multicast: bool,
    /// It was up at some time.
    pub seen_up: bool,
    /// A change of its state waits to be believed.
    pub debouncing: bool,
    /// How long its return isn't believed.
    pub up_delay: Duration,
    /// How long its loss isn't.
    pub down_delay: Duration,
    /// Of a macvlan or ipvlan.
    pub stacked: Option<Stacked>,
    /// It was made by us.
    pub ours: bool,
    /// Maximum transmission unit.
    pub mtu: u32,
    /// ARPHRD_…
    pub hardware: u16,
    /// How its link is watched, where it is polled.
    pub linkbeat: Option<locum_model::keepalived::LinkbeatMethod>,
    /// How many instances need its ARP settings changed.
    pub arp_users: u32,
    /// arp_ignore as it was.
    pub arp_ignore: u32,
    /// arp_filter as it was.
    pub arp_filter: u32,
    /// rp_filter as it was, where it was changed.
    pub rp_filter: Option<u32>,
    /// promote_secondaries as it was.
    pub promote_secondaries: u32,
    /// How many instances need that changed.
    pub promote_users: u32,
    /// Whether it forwards IPv6, and when that was looked at.
    pub forwards_ipv6: Option<(bool, Instant)>,
    /// The pauses between announcements.
    pub announcements: Option<AnnouncementDelays>,
    /// Instances that track it with their weights and `reverse`.
    pub tracked_by: Vec<(Name, i32, bool)>,
}

/// What a macvlan or ipvlan stands on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stacked {
    /// An ipvlan.
    pub ipvlan: bool,
    /// `private`, `vepa`, `bridge`, `passthru`.
    pub mode: &'static str,
    /// The interface below.
    pub base: String,
    /// That is up.
    pub base_up: bool,
    /// That is running.
    pub base_running: bool,
}

/// The pauses between announcements of an interface.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AnnouncementDelays {
    /// Between gratuitous ARPs.
    pub garp: Option<Duration>,
    /// Between unsolicited NAs.
    pub gna: Option<Duration>,
    /// The number of a group with more than one interface.
    pub group: Option<u32>,
}
