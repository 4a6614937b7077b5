//! VRRP instances and sync groups (keepalived.conf(5), VRRPD CONFIGURATION; RFC 3768, RFC 5798).
//!
//! Values that an instance inherits from `global_defs` are resolved when the configuration is read: what stands here
//! is what holds.

pub mod address;
pub mod route;
pub mod rule;

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    time::Duration,
};

use serde::{Deserialize, Serialize};

pub use address::Address;
pub use route::Route;
pub use rule::Rule;

use crate::{Located, Text, address::Network, script::Script, track::Tracks};

/// The group that IPv4 adverts go to by default (RFC 5798 §5.1.1.2).
pub const MULTICAST_V4: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 18);
/// The group that IPv6 adverts go to by default (RFC 5798 §5.1.2.2).
pub const MULTICAST_V6: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0x12);

/// An address family.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
pub enum Family {
    /// IPv4.
    #[default]
    Inet,
    /// IPv6.
    Inet6,
}

impl Family {
    /// The family of an address.
    pub fn of(ip: IpAddr) -> Self {
        match ip {
            IpAddr::V4(_) => Self::Inet,
            IpAddr::V6(_) => Self::Inet6,
        }
    }
}

/// The protocol's version.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
pub enum Version {
    /// RFC 3768, IPv4 only, intervals in seconds.
    #[default]
    V2,
    /// RFC 5798, intervals in hundredths of a second.
    V3,
}

/// A `vrrp_instance`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Instance {
    /// Its name.
    pub name: Located<String>,
    /// `state MASTER`: goes to master at once if it owns the addresses, and wants to be master (default: backup).
    pub state: InitialState,
    /// `interface`; `None`: unicast without an interface.
    pub interface: Option<Located<String>>,
    /// `vrf`, for unicast without an interface.
    pub vrf: Option<String>,
    /// The family of its adverts: that of its first virtual address, or of its peers.
    pub family: Family,
    /// `native_ipv6`.
    pub native_ipv6: bool,
    /// `version`, else `vrrp_version`; 3 for IPv6.
    pub version: Version,
    /// `virtual_router_id`, 1–255.
    pub vrid: u8,
    /// `priority`, 1–255 (default 100); 255 is the owner of the addresses.
    pub priority: u8,
    /// `advert_int` (default 1 s): whole seconds in version 2, hundredths in version 3.
    pub advert_int: Duration,
    /// `down_timer_adverts` (default 3).
    pub down_timer_adverts: u32,
    /// `authentication` (version 2 only).
    pub authentication: Authentication,
    /// `strict_mode`, else `vrrp_strict`.
    pub strict: bool,
    /// `accept`/`no_accept`: packets to the addresses are taken though we don't own them.
    pub accept: bool,
    /// `nopreempt`.
    pub nopreempt: bool,
    /// `preempt_delay` (default 0, at most 1000 s).
    pub preempt_delay: Duration,
    /// `lower_prio_no_advert`: no advert in answer to a lower priority.
    pub lower_prio_no_advert: bool,
    /// `higher_prio_send_advert`: one more advert before giving way.
    pub higher_prio_send_advert: bool,
    /// `skip_check_adv_addr`: the addresses of the same master's adverts are compared once.
    pub skip_check_adv_addr: bool,
    /// `check_unicast_src`: adverts must come from a peer (also set by `min_ttl`, `max_ttl`).
    pub check_unicast_src: bool,
    /// `mcast_src_ip` or `unicast_src_ip`; `None`: the interface's first address.
    pub source: Option<IpAddr>,
    /// `track_src_ip`: without its source address the instance is in fault.
    pub track_src_ip: bool,
    /// Where adverts go to when there are no peers: `mcast_dst_ip`, else `vrrp_mcast_group4`/`6`.
    pub multicast: IpAddr,
    /// `unicast_peer`.
    pub unicast_peers: Vec<Peer>,
    /// `unicast_fault_no_peer`.
    pub unicast_fault_no_peer: bool,
    /// A unicast word was given, whether or not there are peers.
    pub unicast_configured: bool,
    /// `unicast_ttl`; `None`: 255, or 64 as the reference has it for unicast IPv4.
    pub unicast_ttl: Option<u8>,
    /// `old_unicast_checksum`.
    pub old_unicast_checksum: OldChecksum,
    /// `dont_track_primary`: the state of the instance's interface doesn't matter.
    pub dont_track_primary: bool,
    /// `linkbeat_use_polling`.
    pub linkbeat_use_polling: bool,
    /// `use_vmac`: a macvlan with the virtual MAC.
    pub vmac: Option<Vmac>,
    /// `vmac_xmit_base`: adverts leave by the interface below.
    pub vmac_xmit_base: bool,
    /// `use_vmac_addr`: addresses of other interfaces get macvlans too.
    pub use_vmac_addr: bool,
    /// `use_ipvlan`.
    pub ipvlan: Option<Ipvlan>,
    /// `promote_secondaries`.
    pub promote_secondaries: bool,
    /// `virtual_ipaddress`, which adverts carry.
    pub addresses: Vec<Located<Address>>,
    /// `virtual_ipaddress_excluded`, which they don't.
    pub excluded_addresses: Vec<Located<Address>>,
    /// `virtual_routes`.
    pub routes: Vec<Located<Route>>,
    /// `virtual_rules`.
    pub rules: Vec<Located<Rule>>,
    /// What is tracked. `track_interface` doesn't list the instance's own interface.
    pub tracks: Tracks,
    /// Gratuitous ARP and unsolicited NA.
    pub garp: Garp,
    /// `notify…`.
    pub notify: Notify,
    /// `smtp_alert`, else `smtp_alert_vrrp`, else the global `smtp_alert`, else not.
    pub smtp_alert: bool,
    /// `notify_priority_changes`, else `vrrp_notify_priority_changes`.
    pub notify_priority_changes: bool,
    /// `kernel_rx_buf_size` in bytes; `None`: `vrrp_rx_bufs_policy`.
    pub kernel_rx_buf_size: Option<u32>,
    /// `lvs_sync_daemon_interface` (deprecated).
    pub lvs_sync_daemon_interface: Option<String>,
    /// `debug`, which does nothing.
    pub debug: u8,
}

impl Instance {
    /// An IPv4 instance of this name with nothing said: every field has the manual's default, the id is not set.
    pub fn new(name: Located<String>) -> Self {
        Self {
            name,
            state: InitialState::Backup,
            interface: None,
            vrf: None,
            family: Family::Inet,
            native_ipv6: false,
            version: Version::V2,
            vrid: 0,
            priority: 100,
            advert_int: Duration::from_secs(1),
            down_timer_adverts: 3,
            authentication: Authentication::None,
            strict: false,
            accept: true,
            nopreempt: false,
            preempt_delay: Duration::ZERO,
            lower_prio_no_advert: false,
            higher_prio_send_advert: false,
            skip_check_adv_addr: false,
            check_unicast_src: false,
            source: None,
            track_src_ip: false,
            multicast: IpAddr::V4(MULTICAST_V4),
            unicast_peers: Vec::new(),
            unicast_fault_no_peer: false,
            unicast_configured: false,
            unicast_ttl: None,
            old_unicast_checksum: OldChecksum::Detect,
            dont_track_primary: false,
            linkbeat_use_polling: false,
            vmac: None,
            vmac_xmit_base: false,
            use_vmac_addr: false,
            ipvlan: None,
            promote_secondaries: false,
            addresses: Vec::new(),
            excluded_addresses: Vec::new(),
            routes: Vec::new(),
            rules: Vec::new(),
            tracks: Tracks::default(),
            garp: Garp::default(),
            notify: Notify::default(),
            smtp_alert: false,
            notify_priority_changes: false,
            kernel_rx_buf_size: None,
            lvs_sync_daemon_interface: None,
            debug: 0,
        }
    }

    /// Gives back the room that lists were given for growing.
    pub fn shrink(&mut self) {
        self.unicast_peers.shrink_to_fit();
        self.addresses.shrink_to_fit();
        self.excluded_addresses.shrink_to_fit();
        self.routes.shrink_to_fit();
        self.rules.shrink_to_fit();
        self.tracks.shrink();
    }
}

/// `state`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum InitialState {
    /// `MASTER`.
    Master,
    /// `BACKUP`.
    #[default]
    Backup,
}

/// `authentication` (removed from the protocol by RFC 3768).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Authentication {
    /// None.
    #[default]
    None,
    /// `auth_type PASS`: at most eight bytes.
    Pass(Text),
    /// `auth_type AH`: HMAC-MD5 with at most eight bytes of key.
    Ah(Text),
}

/// A line of `unicast_peer`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Peer {
    /// Whom adverts go to.
    pub address: IpAddr,
    /// `min_ttl`: adverts with less are dropped (default 0).
    pub min_ttl: u8,
    /// `max_ttl`: adverts with more are dropped (default 255).
    pub max_ttl: u8,
}

/// `old_unicast_checksum`: VRRPv3 adverts to peers, whose checksum was once made with the multicast address.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum OldChecksum {
    /// Not given: found out by what the other sends.
    #[default]
    Detect,
    /// The old way.
    Always,
    /// `never`.
    Never,
}

/// `use_vmac`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vmac {
    /// The macvlan's name; `None`: made from `vmac_prefix` and the virtual router's id.
    pub name: Option<String>,
    /// Its MAC; `None`: 00:00:5e:00:01:VRID (00:02 for IPv6).
    pub mac: Option<[u8; 6]>,
    /// `netlink_notify_msg`.
    pub netlink_notify_msg: bool,
    /// The macvlan's mode (default private).
    pub mode: MacvlanMode,
}

/// Modes of a macvlan.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum MacvlanMode {
    /// The macvlans of an interface don't see each other.
    #[default]
    Private,
    /// They do, through the switch.
    Vepa,
    /// They do.
    Bridge,
    /// The only one.
    Passthru,
}

/// `use_ipvlan`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ipvlan {
    /// Its name; `None`: made from `vmac_prefix` and the virtual router's id.
    pub name: Option<String>,
    /// Its address.
    pub address: Option<Network>,
    /// Mode flags (default bridge).
    pub mode: IpvlanMode,
}

/// Mode flags of an ipvlan.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum IpvlanMode {
    /// The ipvlans of an interface reach each other.
    #[default]
    Bridge,
    /// They don't.
    Private,
    /// Through the switch.
    Vepa,
}

/// Gratuitous ARPs and unsolicited neighbour advertisements of an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Garp {
    /// `garp_master_delay`: until the second set after becoming master (default 5 s; 0: no second set).
    pub master_delay: Duration,
    /// `garp_master_repeat`: how many at a time (default 5).
    pub master_repeat: u32,
    /// `garp_master_refresh`: while master (default 0: never).
    pub master_refresh: Duration,
    /// `garp_master_refresh_repeat`: how many at a time (default 1).
    pub master_refresh_repeat: u32,
    /// `garp_lower_prio_delay`: until the second set after a lower priority was heard (default: `master_delay`).
    pub lower_prio_delay: Duration,
    /// `garp_lower_prio_repeat`: how many at a time then (default: `master_repeat`).
    pub lower_prio_repeat: u32,
    /// `garp_extra_if`: on the other interfaces that addresses are on; zero: never.
    pub extra_if: Duration,
    /// `garp_extra_if all`: not only on vmacs.
    pub extra_if_all: bool,
}

impl Default for Garp {
    fn default() -> Self {
        Self {
            master_delay: Duration::from_secs(5),
            master_repeat: 5,
            master_refresh: Duration::ZERO,
            master_refresh_repeat: 1,
            lower_prio_delay: Duration::from_secs(5),
            lower_prio_repeat: 5,
            extra_if: Duration::ZERO,
            extra_if_all: false,
        }
    }
}

/// Scripts run when an instance or a group changes. Most have none, hence the boxes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notify {
    /// `notify`, for every change, with four more arguments.
    pub any: Option<Box<Script>>,
    /// `notify_master`.
    pub master: Option<Box<Script>>,
    /// `notify_backup`.
    pub backup: Option<Box<Script>>,
    /// `notify_fault`.
    pub fault: Option<Box<Script>>,
    /// `notify_stop`.
    pub stop: Option<Box<Script>>,
    /// `notify_deleted`'s script.
    pub deleted: Option<Box<Script>>,
    /// `notify_deleted` was given: a deleted instance is told as DELETED, not as FAULT.
    pub tell_deleted: bool,
    /// `notify_master_rx_lower_pri` (instances only).
    pub master_rx_lower_pri: Option<Box<Script>>,
}

/// A `vrrp_sync_group`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SyncGroup {
    /// Its name.
    pub name: Located<String>,
    /// `group`: names of instances, those that exist.
    pub members: Vec<Located<String>>,
    /// What is tracked.
    pub tracks: Tracks,
    /// `notify…`.
    pub notify: Notify,
    /// `smtp_alert`, else the global ones.
    pub smtp_alert: bool,
    /// `notify_priority_changes`.
    pub notify_priority_changes: bool,
    /// `global_tracking` (deprecated), `sync_group_tracking_weight`: members keep their weights.
    pub tracking_weight: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instance_survives_serialisation() {
        let mut instance = Instance::new(Located::built_in("VI_1".into()));
        instance.vrid = 51;
        instance.authentication = Authentication::Pass(Text::from(b"p\xffss".to_vec()));
        let json = serde_json::to_string(&instance).unwrap();
        assert_eq!(serde_json::from_str::<Instance>(&json).unwrap(), instance);
    }
}
