//! What a `keepalived.conf` says as a whole: the root of Keepalived's side of the model.
//!
//! Names stand for what they refer to. What an instance inherits from `global_defs` is resolved in the instance; the
//! global value stands here as well, for the dumps. A global field is an `Option` where "not given" differs from any
//! value.

use std::{
    net::{Ipv4Addr, Ipv6Addr},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use serde::{Deserialize, Serialize};

use crate::{
    Located,
    alert::Smtp,
    bfd,
    lvs::Lvs,
    script::{Account, Fifo, Script},
    track::{TrackFile, TrackGroup, TrackProcess, TrackScript},
    vrrp::{self, Garp, Version, address::Address, route::Route, rule::Rule},
};

/// A configuration, expanded, inherited and checked.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Configuration {
    /// `global_defs` and the words of the top level.
    pub global: Global,
    /// `vrrp_instance`s in the order of the file; what runs them shares them.
    pub instances: Vec<Arc<vrrp::Instance>>,
    /// `vrrp_sync_group`s.
    pub sync_groups: Vec<vrrp::SyncGroup>,
    /// `vrrp_script`s.
    pub scripts: Vec<TrackScript>,
    /// `track_file`s.
    pub track_files: Vec<TrackFile>,
    /// `vrrp_track_process`es.
    pub track_processes: Vec<TrackProcess>,
    /// `track_group`s.
    pub track_groups: Vec<TrackGroup>,
    /// `bfd_instance`s.
    pub bfd: Vec<bfd::Instance>,
    /// `static_ipaddress`.
    pub static_addresses: Vec<Located<Address>>,
    /// `static_routes`.
    pub static_routes: Vec<Located<Route>>,
    /// `static_rules`.
    pub static_rules: Vec<Located<Rule>>,
    /// `garp_group`s.
    pub garp_groups: Vec<GarpGroup>,
    /// `interface_up_down_delays`.
    pub up_down_delays: Vec<UpDownDelay>,
    /// `linkbeat_interfaces`.
    pub linkbeat_interfaces: Vec<LinkbeatInterface>,
    /// Virtual servers.
    pub lvs: Lvs,
}

impl Configuration {
    /// The instance of this name.
    pub fn instance(&self, name: &str) -> Option<&vrrp::Instance> {
        self.instances
            .iter()
            .map(Arc::as_ref)
            .find(|i| i.name.value == name)
    }

    /// The group that the instance of this name is a member of.
    pub fn group_of(&self, instance: &str) -> Option<&vrrp::SyncGroup> {
        self.sync_groups
            .iter()
            .find(|g| g.members.iter().any(|m| m.value == instance))
    }
}

/// `global_defs`, and the words that stand outside of all blocks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Global {
    /// `net_namespace`.
    pub net_namespace: Option<String>,
    /// `net_namespace_ipvs`; the empty name is the default namespace.
    pub net_namespace_ipvs: Option<String>,
    /// `namespace_with_ipsets`.
    pub namespace_with_ipsets: bool,
    /// `instance`: several daemons in one namespace.
    pub instance: Option<String>,
    /// `use_pid_dir`.
    pub use_pid_dir: bool,
    /// `linkbeat_use_polling` of the top level: all interfaces.
    pub linkbeat_use_polling: bool,
    /// `child_wait_time` (default 5 s).
    pub child_wait_time: Duration,

    /// `router_id`; `None`: the local host name.
    pub router_id: Option<String>,
    /// Mail.
    pub smtp: Smtp,
    /// `checker_log_all_failures`.
    pub checker_log_all_failures: bool,

    /// `process_names` or `process_name`: the parent's name.
    pub process_name: Option<String>,
    /// The VRRP process (`vrrp_priority` …).
    pub vrrp_process: ChildProcess,
    /// The checkers' process (`checker_priority` …).
    pub checker_process: ChildProcess,
    /// The BFD process (`bfd_priority` …).
    pub bfd_process: ChildProcess,
    /// `max_auto_priority`: 0 never raises it, −1 neither and says nothing; `None`: 0.
    pub max_auto_priority: Option<i8>,
    /// `min_auto_priority_delay` (default 1 s).
    pub min_auto_priority_delay: Duration,

    /// `startup_script`.
    pub startup_script: Option<Script>,
    /// `startup_script_timeout`: it is killed after this (default 10 s, 1–1000 s).
    pub startup_script_timeout: Duration,
    /// `shutdown_script`.
    pub shutdown_script: Option<Script>,
    /// `shutdown_script_timeout`.
    pub shutdown_script_timeout: Duration,
    /// `script_user`, else `keepalived_script` if that user exists; `None`: the daemon's own account.
    pub script_user: Option<Account>,
    /// `enable_script_security`.
    pub script_security: bool,
    /// `notify_fifo`: all events.
    pub notify_fifo: Fifo,
    /// `vrrp_notify_fifo`: events of instances and groups.
    pub vrrp_notify_fifo: Fifo,
    /// `lvs_notify_fifo`: events of virtual servers.
    pub lvs_notify_fifo: Fifo,
    /// `fifo_write_vrrp_states_on_reload`.
    pub fifo_write_vrrp_states_on_reload: bool,
    /// `vrrp_notify_priority_changes`.
    pub vrrp_notify_priority_changes: bool,

    /// `default_interface` (default eth0).
    pub default_interface: Option<Located<String>>,
    /// `dynamic_interfaces`.
    pub dynamic_interfaces: DynamicInterfaces,
    /// `vrrp_mcast_group4`.
    pub vrrp_mcast_group4: Ipv4Addr,
    /// `vrrp_mcast_group6`.
    pub vrrp_mcast_group6: Ipv6Addr,
    /// `vrrp_garp_…`: what instances inherit. Here `lower_prio_…` repeat the master's where the file gave none.
    pub vrrp_garp: Garp,
    /// `vrrp_garp_lower_prio_delay` was given.
    pub vrrp_garp_lower_prio_delay: Option<Duration>,
    /// `vrrp_garp_lower_prio_repeat` was given.
    pub vrrp_garp_lower_prio_repeat: Option<u32>,
    /// `vrrp_garp_interval`.
    pub vrrp_garp_interval: Duration,
    /// `vrrp_gna_interval`.
    pub vrrp_gna_interval: Duration,
    /// `vrrp_min_garp`.
    pub vrrp_min_garp: Option<bool>,
    /// `vrrp_down_timer_adverts` (default 3).
    pub vrrp_down_timer_adverts: u32,
    /// `vrrp_lower_prio_no_advert`; `None`: as `strict` says.
    pub vrrp_lower_prio_no_advert: Option<bool>,
    /// `vrrp_higher_prio_send_advert`.
    pub vrrp_higher_prio_send_advert: bool,
    /// `vrrp_version`.
    pub vrrp_version: Version,
    /// `vrrp_check_unicast_src`.
    pub vrrp_check_unicast_src: bool,
    /// `vrrp_skip_check_adv_addr`.
    pub vrrp_skip_check_adv_addr: bool,
    /// `vrrp_strict`.
    pub vrrp_strict: bool,
    /// `vrrp_startup_delay`.
    pub vrrp_startup_delay: Duration,
    /// `log_unknown_vrids`.
    pub log_unknown_vrids: bool,
    /// `vmac_prefix` (default `vrrp`).
    pub vmac_prefix: Option<String>,
    /// `vmac_addr_prefix` (default: `vmac_prefix`).
    pub vmac_addr_prefix: Option<String>,
    /// `disable_local_igmp`.
    pub disable_local_igmp: bool,
    /// The firewall used for `no_accept` and for vmacs.
    pub firewall: Firewall,
    /// `vrrp_rx_bufs_policy`; `None`: the system's size.
    pub vrrp_rx_bufs_policy: Option<ReceiveBufferPolicy>,
    /// `vrrp_rx_bufs_multiplier` (default 3).
    pub vrrp_rx_bufs_multiplier: u32,
    /// `vrrp_netlink_cmd_rcv_bufs`.
    pub vrrp_netlink_cmd_rcv_bufs: ReceiveBuffer,
    /// `vrrp_netlink_monitor_rcv_bufs`.
    pub vrrp_netlink_monitor_rcv_bufs: ReceiveBuffer,
    /// `lvs_netlink_cmd_rcv_bufs`.
    pub lvs_netlink_cmd_rcv_bufs: ReceiveBuffer,
    /// `lvs_netlink_monitor_rcv_bufs`.
    pub lvs_netlink_monitor_rcv_bufs: ReceiveBuffer,
    /// `process_monitor_rcv_bufs`.
    pub process_monitor_rcv_bufs: ReceiveBuffer,

    /// `lvs_flush`.
    pub lvs_flush: bool,
    /// `lvs_flush_on_stop`.
    pub lvs_flush_on_stop: LvsFlushOnStop,
    /// `lvs_sync_daemon`.
    pub lvs_sync_daemon: Option<LvsSyncDaemon>,
    /// `lvs_timeouts`.
    pub lvs_timeouts: Option<LvsTimeouts>,
    /// `nftables_ipvs`.
    pub nftables_ipvs: Option<NftablesIpvs>,
    /// `rs_init_notifies`.
    pub rs_init_notifies: bool,

    /// SNMP.
    pub snmp: Snmp,
    /// `enable_dbus`.
    pub dbus: bool,
    /// `dbus_service_name`.
    pub dbus_service_name: Option<String>,

    /// `plugin_dir` of version 1.2, which nothing uses.
    pub plugin_dir: Option<PathBuf>,
    /// `umask`; `None`: 0177 for files of the daemon.
    pub umask: Option<u32>,
    /// `random_seed`.
    pub random_seed: Option<u32>,
    /// `tmp_config_directory`.
    pub tmp_config_directory: Option<PathBuf>,
    /// `config_save_dir`.
    pub config_save_dir: Option<PathBuf>,
    /// `data_use_instance`.
    pub data_use_instance: bool,
    /// `reload_check_config [LOG_FILE]`.
    pub reload_check_config: Option<ReloadCheck>,
    /// `reload_time_file`.
    pub reload_time_file: Option<PathBuf>,
    /// `reload_repeat`.
    pub reload_repeat: bool,
    /// `reload_file [PATH]`.
    pub reload_file: Option<ReloadFile>,
}

impl Default for Global {
    fn default() -> Self {
        Self {
            net_namespace: None,
            net_namespace_ipvs: None,
            namespace_with_ipsets: false,
            instance: None,
            use_pid_dir: false,
            linkbeat_use_polling: false,
            child_wait_time: Duration::from_secs(5),
            router_id: None,
            smtp: Smtp::default(),
            checker_log_all_failures: false,
            process_name: None,
            vrrp_process: ChildProcess::default(),
            checker_process: ChildProcess::default(),
            bfd_process: ChildProcess::default(),
            max_auto_priority: None,
            min_auto_priority_delay: Duration::from_secs(1),
            startup_script: None,
            startup_script_timeout: Duration::from_secs(10),
            shutdown_script: None,
            shutdown_script_timeout: Duration::from_secs(10),
            script_user: None,
            script_security: false,
            notify_fifo: Fifo::default(),
            vrrp_notify_fifo: Fifo::default(),
            lvs_notify_fifo: Fifo::default(),
            fifo_write_vrrp_states_on_reload: false,
            vrrp_notify_priority_changes: false,
            default_interface: None,
            dynamic_interfaces: DynamicInterfaces::default(),
            vrrp_mcast_group4: vrrp::MULTICAST_V4,
            vrrp_mcast_group6: vrrp::MULTICAST_V6,
            vrrp_garp: Garp::default(),
            vrrp_garp_lower_prio_delay: None,
            vrrp_garp_lower_prio_repeat: None,
            vrrp_garp_interval: Duration::ZERO,
            vrrp_gna_interval: Duration::ZERO,
            vrrp_min_garp: None,
            vrrp_down_timer_adverts: 3,
            vrrp_lower_prio_no_advert: None,
            vrrp_higher_prio_send_advert: false,
            vrrp_version: Version::V2,
            vrrp_check_unicast_src: false,
            vrrp_skip_check_adv_addr: false,
            vrrp_strict: false,
            vrrp_startup_delay: Duration::ZERO,
            log_unknown_vrids: false,
            vmac_prefix: None,
            vmac_addr_prefix: None,
            disable_local_igmp: false,
            firewall: Firewall::default(),
            vrrp_rx_bufs_policy: None,
            vrrp_rx_bufs_multiplier: 3,
            vrrp_netlink_cmd_rcv_bufs: ReceiveBuffer::default(),
            vrrp_netlink_monitor_rcv_bufs: ReceiveBuffer::default(),
            lvs_netlink_cmd_rcv_bufs: ReceiveBuffer::default(),
            lvs_netlink_monitor_rcv_bufs: ReceiveBuffer::default(),
            process_monitor_rcv_bufs: ReceiveBuffer::default(),
            lvs_flush: false,
            lvs_flush_on_stop: LvsFlushOnStop::No,
            lvs_sync_daemon: None,
            lvs_timeouts: None,
            nftables_ipvs: None,
            rs_init_notifies: false,
            snmp: Snmp::default(),
            dbus: false,
            dbus_service_name: None,
            plugin_dir: None,
            umask: None,
            random_seed: None,
            tmp_config_directory: None,
            config_save_dir: None,
            data_use_instance: false,
            reload_check_config: None,
            reload_time_file: None,
            reload_repeat: false,
            reload_file: None,
        }
    }
}

impl Global {
    /// The interface of static addresses that name none.
    pub fn default_interface(&self) -> &str {
        let given = self.default_interface.as_ref();
        given.map_or("eth0", |name| name.value.as_str())
    }
}

/// How a child process is scheduled and called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChildProcess {
    /// `…_process_name`, or `process_names`.
    pub name: Option<String>,
    /// `…_priority`, −20…19; `None`: left alone.
    pub priority: Option<i8>,
    /// `…_no_swap`.
    pub no_swap: bool,
    /// `…_rt_priority`, 1–99; `None`: not realtime.
    pub rt_priority: Option<u8>,
    /// `…_rlimit_rttime` (default 10 ms): CPU time between blocking system calls.
    pub rlimit_rttime: Duration,
    /// `…_cpu_affinity`; empty: any.
    pub cpu_affinity: Vec<u32>,
}

impl Default for ChildProcess {
    fn default() -> Self {
        Self {
            name: None,
            priority: None,
            no_swap: false,
            rt_priority: None,
            rlimit_rttime: Duration::from_millis(10),
            cpu_affinity: Vec::new(),
        }
    }
}

/// `dynamic_interfaces`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum DynamicInterfaces {
    /// Interfaces must exist at start.
    #[default]
    No,
    /// They may come and go.
    Yes,
    /// `allow_if_changes`: they may come back as another kind.
    AllowChanges,
}

/// The firewall for `no_accept` and for keeping IGMP off vmacs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Firewall {
    /// `nftables [TABLE]` (default table `keepalived`); `None`: not given, used when a firewall is needed.
    pub nftables: Option<String>,
    /// `nftables_priority` (default −1).
    pub nftables_priority: Option<i32>,
    /// `nftables_counters`.
    pub nftables_counters: bool,
    /// `nftables_ifindex`.
    pub nftables_ifindex: bool,
    /// `vrrp_iptables [IN [OUT]]`.
    pub iptables: Option<Iptables>,
    /// `vrrp_ipsets`: names of the sets, as far as given; `None`: not given.
    pub ipsets: Option<Vec<String>>,
}

/// Chains of `vrrp_iptables`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Iptables {
    /// Input (default INPUT).
    pub input: String,
    /// Output; `None`: nothing outbound is filtered.
    pub output: Option<String>,
}

/// `vrrp_rx_bufs_policy`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReceiveBufferPolicy {
    /// The interface's MTU times the multiplier, for each instance.
    Mtu,
    /// The advert's size times the multiplier, for each instance.
    Advert,
    /// So many bytes.
    Bytes(u32),
}

/// A netlink socket's receive buffer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiveBuffer {
    /// Bytes; 0: the default.
    pub bytes: u32,
    /// Beyond the system's limit.
    pub force: bool,
}

/// `lvs_flush_on_stop`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum LvsFlushOnStop {
    /// Everything is removed one by one.
    #[default]
    No,
    /// All at once.
    Full,
    /// `VS`: the virtual servers, without their real servers.
    VirtualServers,
}

/// `lvs_sync_daemon`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LvsSyncDaemon {
    /// The interface.
    pub interface: String,
    /// The instance whose state it follows; `None`: both daemons run always.
    pub instance: Option<String>,
    /// `id`; `None`: the instance's virtual router id, else 0.
    pub id: Option<u8>,
    /// `maxlen`.
    pub maxlen: Option<u16>,
    /// `port`.
    pub port: Option<u16>,
    /// `ttl`.
    pub ttl: Option<u8>,
    /// `group`.
    pub group: Option<std::net::IpAddr>,
}

/// `lvs_timeouts` in seconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LvsTimeouts {
    /// `tcp`.
    pub tcp: Option<u32>,
    /// `tcpfin`.
    pub tcp_fin: Option<u32>,
    /// `udp`.
    pub udp: Option<u32>,
}

/// `nftables_ipvs`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NftablesIpvs {
    /// The table (default `keepalived_ipvs`).
    pub table: String,
    /// `nftables_ipvs_priority` (default −1).
    pub priority: Option<i32>,
    /// `nftables_ipvs_start_fwmark` (default 1000).
    pub start_fwmark: Option<u32>,
}

/// SNMP (`enable_snmp_…`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snmp {
    /// `snmp_socket`.
    pub socket: Option<String>,
    /// `enable_snmp_vrrp` (`enable_snmp_keepalived`).
    pub vrrp: bool,
    /// `enable_snmp_checker`.
    pub checker: bool,
    /// `enable_snmp_rfc`, `enable_snmp_rfcv2`.
    pub rfc_v2: bool,
    /// `enable_snmp_rfc`, `enable_snmp_rfcv3`.
    pub rfc_v3: bool,
    /// `enable_traps`.
    pub traps: bool,
}

/// `reload_check_config`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReloadCheck {
    /// Where the check's messages go; `None`: the log.
    pub log_file: Option<PathBuf>,
}

/// `reload_file`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReloadFile {
    /// The file; `None`: `keepalived.reload` in the pid directory.
    pub path: Option<PathBuf>,
}

/// A `garp_group`: pauses between gratuitous ARPs of the interfaces together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GarpGroup {
    /// `garp_interval`.
    pub garp_interval: Option<Duration>,
    /// `gna_interval`.
    pub gna_interval: Option<Duration>,
    /// `interface` (one) or `interfaces`.
    pub interfaces: Vec<Located<String>>,
}

/// A line of `interface_up_down_delays`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UpDownDelay {
    /// The interface.
    pub interface: Located<String>,
    /// How long a loss of the link is not believed.
    pub down: Duration,
    /// How long its return is not (default: `down`).
    pub up: Duration,
}

/// A line of `linkbeat_interfaces`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LinkbeatInterface {
    /// The interface.
    pub interface: Located<String>,
    /// How it is polled; `None`: the first of MII, ETHTOOL, IOCTL that works.
    pub method: Option<LinkbeatMethod>,
}

/// How a link is polled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum LinkbeatMethod {
    /// Registers of the PHY.
    Mii,
    /// The driver's link state.
    Ethtool,
    /// The interface's flags.
    Ioctl,
}
