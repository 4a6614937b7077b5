//! What has been read so far, before inheritance and late checks make it the model.
//!
//! A field is an `Option` here where "not given" is decided only at the end: what an instance inherits, what strict
//! mode says, what family the addresses have.

use std::{net::IpAddr, time::Duration};

use locum_model::{
    Located, Text,
    keepalived::Configuration,
    script::Account,
    track::Weight,
    vrrp::{self, Family, Version},
};

/// A configuration in the making.
#[derive(Debug, Default)]
pub struct Draft {
    /// The model, as far as it is final.
    pub configuration: Configuration,
    /// Instances.
    pub instances: Vec<Instance>,
    /// Sync groups.
    pub groups: Vec<Group>,
    /// `vrrp_script`s.
    pub scripts: Vec<TrackScript>,
    /// `track_file`s that are complete, and the one being read.
    pub files: Vec<TrackFile>,
    /// `bfd_instance`s.
    pub bfd: Vec<Bfd>,
    /// How many rules had no preference: of IPv4 and of IPv6.
    pub rules_without_preference: [u32; 2],
    /// `script_user` couldn't be had.
    pub script_user_failed: bool,
    /// An interface that must exist doesn't.
    pub interface_missing: bool,
    /// A script would be run.
    pub scripts_used: bool,
    /// Among the scripts is one that others may change.
    pub insecure_scripts: bool,
    /// The host's name.
    pub host_name: String,
    /// Virtual servers in the making.
    pub lvs: crate::lvs::Draft,
}

/// A `vrrp_instance` in the making.
#[derive(Debug)]
pub struct Instance {
    /// The model; what the options below decide is not yet right in it.
    pub model: vrrp::Instance,
    /// The family, once an address has told it.
    pub family: Option<Family>,
    /// `version`, or what the family says.
    pub version: Option<Version>,
    /// `virtual_router_id` was given and good.
    pub vrid: Option<u8>,
    /// `auth_type`.
    pub auth_type: Option<AuthType>,
    /// `auth_pass`.
    pub auth_pass: Option<Text>,
    /// `strict_mode`.
    pub strict: Option<bool>,
    /// `accept`, `no_accept`.
    pub accept: Option<bool>,
    /// `lower_prio_no_advert`.
    pub lower_prio_no_advert: Option<bool>,
    /// `higher_prio_send_advert`.
    pub higher_prio_send_advert: Option<bool>,
    /// `skip_check_adv_addr`.
    pub skip_check_adv_addr: Option<bool>,
    /// `down_timer_adverts`.
    pub down_timer_adverts: Option<u32>,
    /// `smtp_alert`.
    pub smtp_alert: Option<bool>,
    /// `notify_priority_changes`.
    pub notify_priority_changes: Option<bool>,
    /// `mcast_dst_ip`.
    pub multicast: Option<IpAddr>,
    /// `state` was given.
    pub state_given: bool,
    /// `priority` was given.
    pub priority_given: bool,
    /// `garp_…` as given.
    pub garp: Garp,
    /// What is tracked, with weights as given.
    pub tracks: Tracks,
}

impl Instance {
    /// Nothing said yet.
    pub fn new(name: Located<String>) -> Self {
        Self {
            model: vrrp::Instance::new(name),
            family: None,
            version: None,
            vrid: None,
            auth_type: None,
            auth_pass: None,
            strict: None,
            accept: None,
            lower_prio_no_advert: None,
            higher_prio_send_advert: None,
            skip_check_adv_addr: None,
            down_timer_adverts: None,
            smtp_alert: None,
            notify_priority_changes: None,
            multicast: None,
            state_given: false,
            priority_given: false,
            garp: Garp::default(),
            tracks: Tracks::default(),
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.model.name.value
    }
}

/// `auth_type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthType {
    /// `PASS`
    Pass,
    /// `AH`
    Ah,
}

/// `garp_…` of an instance, as given.
#[derive(Debug, Clone, Copy, Default)]
pub struct Garp {
    /// `garp_master_delay`
    pub master_delay: Option<Duration>,
    /// `garp_master_repeat`
    pub master_repeat: Option<u32>,
    /// `garp_master_refresh`
    pub master_refresh: Option<Duration>,
    /// `garp_master_refresh_repeat`
    pub master_refresh_repeat: Option<u32>,
    /// `garp_lower_prio_delay`
    pub lower_prio_delay: Option<Duration>,
    /// `garp_lower_prio_repeat`
    pub lower_prio_repeat: Option<u32>,
    /// `garp_extra_if`
    pub extra_if: Option<(bool, Duration)>,
}

/// `track_…` lines as given.
#[derive(Debug, Clone, Default)]
pub struct Tracks {
    /// `track_interface`
    pub interfaces: Vec<Tracked>,
    /// `track_script`
    pub scripts: Vec<Tracked>,
    /// `track_file`
    pub files: Vec<Tracked>,
    /// `track_process`
    pub processes: Vec<Tracked>,
    /// `track_bfd`
    pub bfd: Vec<Tracked>,
}

/// A tracking line; without a weight of its own the tracker's holds.
#[derive(Debug, Clone)]
pub struct Tracked {
    /// Who is tracked.
    pub name: Located<String>,
    /// The line's weight.
    pub weight: Option<Weight>,
}

/// A `vrrp_sync_group` in the making.
#[derive(Debug)]
pub struct Group {
    /// The model; members and weights are not yet right in it.
    pub model: vrrp::SyncGroup,
    /// The `group` block was read.
    pub listed: bool,
    /// `smtp_alert`.
    pub smtp_alert: Option<bool>,
    /// `notify_priority_changes`.
    pub notify_priority_changes: Option<bool>,
    /// What is tracked.
    pub tracks: Tracks,
}

/// A `vrrp_script` in the making.
#[derive(Debug)]
pub struct TrackScript {
    /// The model; its script is a placeholder.
    pub model: locum_model::track::TrackScript,
    /// `script`.
    pub argv: Option<Vec<Text>>,
    /// `user`.
    pub account: Option<Account>,
}

/// A `track_file` in the making.
#[derive(Debug)]
pub struct TrackFile {
    /// The model.
    pub model: locum_model::track::TrackFile,
    /// `file` was given.
    pub path_given: bool,
}

/// A `bfd_instance` in the making.
#[derive(Debug, Clone)]
pub struct Bfd {
    /// Its name.
    pub name: Located<String>,
    /// `neighbor_ip`
    pub neighbor: Option<IpAddr>,
    /// The neighbour's address was malformed.
    pub broken: bool,
    /// `source_ip`
    pub source: Option<IpAddr>,
    /// `min_rx`
    pub min_rx: Duration,
    /// `min_tx`
    pub min_tx: Duration,
    /// `idle_tx`
    pub idle_tx: Duration,
    /// `multiplier`
    pub multiplier: u8,
    /// `passive`
    pub passive: bool,
    /// `ttl`, `hoplimit`
    pub ttl: Option<u8>,
    /// `max_hops`
    pub max_hops: u8,
    /// `weight`
    pub weight: Weight,
    /// `vrrp`
    pub vrrp: bool,
    /// `checker`
    pub checker: bool,
}
