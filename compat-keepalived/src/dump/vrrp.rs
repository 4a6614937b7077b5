//! `VRRP Topology`, `VRRP Sockpool` and `VRRP Sync groups`.

use std::net::IpAddr;

use locum_model::{
    keepalived::Global,
    track::{Tracked, Tracks},
    vrrp::{
        Address, Authentication, Family, InitialState, Instance, IpvlanMode, Notify, OldChecksum,
        Version,
    },
};
use locum_vrrp::{
    fsm::State,
    snapshot::{GroupStatus, InstanceStatus, Snapshot, SocketStatus},
};

use super::{
    Moment, lines,
    text::{self, Text, short, yes},
};

/// Writes the instances.
pub(super) fn instances(text: &mut Text, global: &Global, snapshot: &Snapshot, at: Moment) {
    if snapshot.instances.is_empty() {
        return;
    }
    text.heading("VRRP Topology");
    for instance in &snapshot.instances {
        self::instance(text, global, instance, snapshot, at);
    }
}

fn instance(
    text: &mut Text,
    global: &Global,
    status: &InstanceStatus,
    snapshot: &Snapshot,
    at: Moment,
) {
    let config = &*status.config;
    text.line(format!(" VRRP Instance = {}", config.name.value));
    standing(text, status, snapshot, at);
    interface(text, status);
    announcements(text, config);
    election(text, status, at);
    lists(text, global, status, at);
    let bound = snapshot.groups.iter().any(|group| {
        !group.config.tracking_weight && status.group.as_deref() == Some(&*group.config.name.value)
    });
    if bound {
        // The weights of interfaces count and are shown as none.
        let mut shown = config.tracks.clone();
        for tracked in &mut shown.interfaces {
            tracked.weight.value = 0;
        }
        tracks(text, &shown, Whose::Instance);
    } else {
        tracks(text, &config.tracks, Whose::Instance);
    }
    notifications(text, config);
}

/// What the instance is now.
fn standing(text: &mut Text, status: &InstanceStatus, snapshot: &Snapshot, at: Moment) {
    let config = &*status.config;
    let version = match config.version {
        Version::V2 => 2,
        Version::V3 => 3,
    };
    text.line(format!("   VRRP Version = {version}"));
    if let Some(group) = &status.group {
        text.line(format!("   Sync group = {group}"));
    }
    if config.family == Family::Inet6 {
        text.line("   Using Native IPv6");
    }
    if at == Moment::Running {
        text.line(format!("   State = {}", state(status.state)));
    }
    if at == Moment::Running && status.state == State::Backup {
        let (router, priority) = match status.master {
            Some((address, priority)) => (text.address(address).to_owned(), priority),
            None => (text.last_address.clone(), 0),
        };
        text.line(format!("   Master router = {router}"));
        text.line(format!("   Master priority = {priority}"));
        if config.version == Version::V3 {
            let interval = status.master_interval.as_secs_f64();
            text.line(format!("   Master advert int = {interval:.2} sec"));
        }
    }
    flags(text, config);
    if at == Moment::Configured {
        let wanted = match config.state {
            InitialState::Master => State::Master,
            InitialState::Backup => State::Backup,
        };
        text.line(format!("   Wantstate = {}", state(wanted)));
        let faults = status.config_faults;
        return text.line(format!("   Number of config faults = {faults}"));
    }
    text.line(format!("   Wantstate = {}", state(status.wanted)));
    for (name, number) in [
        ("config faults", status.config_faults),
        ("interface and track script faults", status.faults),
        ("track scripts init", status.awaited_scripts),
    ] {
        text.line(format!("   Number of {name} = {number}"));
    }
    let moment = |at| text::moment(text::date(at, snapshot.now));
    let transition = match status.last_transition {
        Some(at) => moment(at),
        None => text::moment(std::time::UNIX_EPOCH),
    };
    text.line(format!("   Last transition = {transition}"));
    let timeout = match status.deadline {
        Some(at) => moment(at),
        None => "DISABLED".to_owned(),
    };
    text.line(format!("   Read timeout = {timeout}"));
    let down = status.master_down.as_micros();
    text.line(format!("   Master down timer = {down} usecs"));
}

/// Whether any of what the reference keeps in one word of flags is set.
fn has_flags(config: &Instance) -> bool {
    config.nopreempt
        || config.dont_track_primary
        || config.skip_check_adv_addr
        || config.source.is_some()
        || config.track_src_ip
        || config.vmac.is_some()
        || config.ipvlan.is_some()
        || config.use_vmac_addr
        || config.linkbeat_use_polling
        || config.promote_secondaries
        || config.garp.extra_if_all
        || config.unicast_configured
        || config.unicast_fault_no_peer
        || !config.unicast_peers.is_empty()
}

fn flags(text: &mut Text, config: &Instance) {
    if !has_flags(config) {
        return text.line("   Flags: none");
    }
    text.line("   Flags:");
    if !config.unicast_peers.is_empty() {
        text.line("     Using unicast");
    } else if config.unicast_configured {
        text.line("     Unicast config option specified but using multicast");
    }
    if config.unicast_fault_no_peer {
        text.line("     If unicast go to fault state if no peers");
    }
}

/// Where it works.
fn interface(text: &mut Text, status: &InstanceStatus) {
    let config = &*status.config;
    let base = status.base.as_deref();
    if let Some(vmac) = &config.vmac {
        text.line(format!(
            "   Use VMAC, i/f name {}, is_up = {}, xmit_base = {}",
            status.interface,
            yes(status.own_interface_up),
            yes(config.vmac_xmit_base)
        ));
        if let Some(mac) = &vmac.mac {
            text.line(format!("     MAC = {}", text::link_layer(mac)));
        }
    }
    if let Some(ipvlan) = &config.ipvlan {
        let address = ipvlan.address.as_ref().map_or(String::new(), |network| {
            format!(", i/f address = {}/{}", network.ip, network.prefix)
        });
        let kind = match ipvlan.mode {
            IpvlanMode::Bridge => "bridge",
            IpvlanMode::Private => "private",
            IpvlanMode::Vepa => "vepa",
        };
        text.line(format!(
            "   Use IPVLAN, i/f {}, is_up = {}{address}, type {kind}",
            status.interface,
            yes(status.own_interface_up)
        ));
    }
    if config.use_vmac_addr {
        text.line("   Use VMAC for VIPs on other interfaces");
    }
    let on = match (base, &config.vmac, &config.ipvlan) {
        (Some(base), Some(_), _) if config.vmac_xmit_base => {
            format!(", vmac on {base}, xmit base i/f")
        }
        (Some(base), Some(_), _) => format!(", vmac on {base}"),
        (Some(base), None, Some(_)) => format!(", ipvlan on {base}"),
        _ => String::new(),
    };
    text.line(format!("   Interface = {}{on}", status.interface));
    for (on, line) in [
        (
            config.dont_track_primary,
            "VRRP interface tracking disabled",
        ),
        (
            config.skip_check_adv_addr,
            "Skip checking advert IP addresses",
        ),
        (config.strict, "Enforcing strict VRRP compliance"),
    ] {
        if on {
            text.line(format!("   {line}"));
        }
    }
    if let Some(source) = status.source {
        let origin = if config.source.is_some() || config.ipvlan.is_some() {
            " (from configuration)"
        } else {
            ""
        };
        let source = text.address(source).to_owned();
        text.line(format!("   Using src_ip = {source}{origin}"));
    }
    if config.unicast_peers.is_empty() {
        let group = text.address(config.multicast).to_owned();
        let scope = match config.multicast {
            IpAddr::V6(_) => format!(", ifindex {}", status.interface_index),
            IpAddr::V4(_) => String::new(),
        };
        text.line(format!("   Multicast address {group}{scope}"));
    }
}

fn announcements(text: &mut Text, config: &Instance) {
    let garp = &config.garp;
    for (name, value) in [
        ("delay", garp.master_delay.as_secs()),
        ("repeat", garp.master_repeat.into()),
        ("refresh", garp.master_refresh.as_secs()),
        ("refresh repeat", garp.master_refresh_repeat.into()),
        ("lower priority delay", garp.lower_prio_delay.as_secs()),
        ("lower priority repeat", garp.lower_prio_repeat.into()),
    ] {
        text.line(format!("   Gratuitous ARP {name} = {value}"));
    }
}

/// What decides who is master.
fn election(text: &mut Text, status: &InstanceStatus, at: Moment) {
    let config = &*status.config;
    let adverts = config.down_timer_adverts;
    text.line(format!("   Down timer adverts = {adverts}"));
    for (what, on) in [
        ("lower", !config.lower_prio_no_advert),
        ("higher", config.higher_prio_send_advert),
    ] {
        let on = yes(on);
        text.line(format!(
            "   Send advert after receive {what} priority advert = {on}"
        ));
    }
    text.line(format!("   Virtual Router ID = {}", config.vrid));
    text.line(format!("   Priority = {}", config.priority));
    if at == Moment::Running {
        text.line(format!("   Effective priority = {}", status.priority));
        text.line(format!("   Total priority = {}", status.total_priority));
    }
    match config.version {
        Version::V2 => {
            let seconds = config.advert_int.as_secs();
            text.line(format!("   Advert interval = {seconds} sec"));
        }
        Version::V3 => {
            let ms = config.advert_int.as_millis();
            text.line(format!("   Advert interval = {ms} milli-sec"));
            if at == Moment::Running && status.state == State::Backup {
                let ms = status.master_interval.as_millis();
                text.line(format!("   Master advert interval = {ms} milli-sec"));
            }
        }
    }
    let enabled = |on: bool| if on { "enabled" } else { "disabled" };
    text.line(format!("   Accept = {}", enabled(config.accept)));
    text.line(format!("   Preempt = {}", enabled(!config.nopreempt)));
    if !config.preempt_delay.is_zero() {
        let delay = short(config.preempt_delay);
        text.line(format!("   Preempt delay = {delay} secs"));
    }
    let promote = enabled(config.promote_secondaries);
    text.line(format!("   Promote_secondaries = {promote}"));
    if config.version == Version::V2 {
        let (name, password) = match &config.authentication {
            Authentication::None => ("none", None),
            Authentication::Pass(password) => ("SIMPLE_PASSWORD", Some(password)),
            Authentication::Ah(_) => ("IPSEC_AH", None),
        };
        text.line(format!("   Authentication type = {name}"));
        if let Some(password) = password {
            let password = String::from_utf8_lossy(password.as_bytes()).into_owned();
            text.line(format!("   Password = {password}"));
        }
    }
    if let Some(bytes) = config.kernel_rx_buf_size {
        text.line(format!("   Kernel rx buffer size = {bytes}"));
    }
    if config.debug != 0 {
        text.line(format!("   Debug level = {}", config.debug));
    }
}

/// Its addresses, peers, routes and rules.
fn lists(text: &mut Text, global: &Global, status: &InstanceStatus, at: Moment) {
    let config = &*status.config;
    if !config.addresses.is_empty() {
        text.line(format!("   Virtual IP ({}):", config.addresses.len()));
        for line in addresses(global, status, false) {
            text.line(format!("     {line}"));
        }
    }
    if !config.excluded_addresses.is_empty() {
        text.line("   Virtual IP Excluded :");
        for line in addresses(global, status, true) {
            text.line(format!("     {line}"));
        }
    }
    if !config.unicast_peers.is_empty() {
        text.line(format!(
            "   Unicast TTL = {}",
            config.unicast_ttl.unwrap_or(255)
        ));
        let check = if config.check_unicast_src {
            "yes"
        } else {
            "no"
        };
        text.line(format!("   Check unicast src : {check}"));
        text.line("   Unicast Peer :");
        for peer in &config.unicast_peers {
            let (min, max) = (peer.min_ttl, peer.max_ttl);
            let address = text.address(peer.address).to_owned();
            text.line(format!("     {address} min_ttl {min} max_ttl {max}"));
        }
        let old = match config.old_unicast_checksum {
            OldChecksum::Detect => "no",
            OldChecksum::Always => "config",
            OldChecksum::Never => "never",
        };
        text.line(format!("   Unicast checksum compatibility = {old}"));
    }
    if at == Moment::Configured {
        text.line("   No sockets allocated");
    } else {
        let (input, output) = status.sockets.unwrap_or((-1, -1));
        text.line(format!("   fd_in {input}, fd_out {output}"));
    }
    if !config.routes.is_empty() {
        text.line("   Virtual Routes :");
        for line in &config.routes {
            text.line(format!("     {}", lines::route(&line.value)));
        }
    }
    if !config.rules.is_empty() {
        text.line("   Virtual Rules :");
        for line in &config.rules {
            text.line(format!("     {}", lines::rule(&line.value)));
        }
    }
}

/// The address lines of an instance, carried or excluded.
pub fn addresses(global: &Global, status: &InstanceStatus, excluded: bool) -> Vec<String> {
    let (lines, set) = if excluded {
        (&status.config.excluded_addresses, &status.excluded_set)
    } else {
        (&status.config.addresses, &status.addresses_set)
    };
    lines
        .iter()
        .enumerate()
        .map(|(i, line)| {
            let set = set.get(i).copied().unwrap_or(false);
            lines::address(&line.value, &device(global, status, &line.value), set)
        })
        .collect()
}

/// The interface that holds an address: `v0`, or `vrrp.51@v0` for a vmac.
fn device(global: &Global, status: &InstanceStatus, line: &Address) -> String {
    let config = &*status.config;
    let own = status.base.as_deref().unwrap_or(&status.interface);
    let v6 = line.network.ip.is_ipv6();
    let at_home = line.dev.as_deref().is_none_or(|dev| dev == own);
    if line.use_vmac && !at_home {
        let prefix = global
            .vmac_addr_prefix
            .as_deref()
            .or(global.vmac_prefix.as_deref())
            .unwrap_or("vrrp");
        let family = if v6 { "6" } else { "" };
        let dev = line.dev.as_deref().unwrap_or(own);
        return format!("{prefix}{family}.{}@{dev}", config.vrid);
    }
    match (&status.base, v6 == (config.family == Family::Inet6)) {
        (Some(base), true) if at_home && config.vmac.is_some() => {
            format!("{}@{base}", status.interface)
        }
        _ => line.dev.as_deref().unwrap_or(own).to_owned(),
    }
}

/// Whose `track_…` blocks are written: groups have other headings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// An instance's.
    Instance,
    /// A group's.
    Group,
}

/// Writes what is tracked.
pub fn tracks(text: &mut Text, tracks: &Tracks, whose: Whose) {
    let processes = match whose {
        Whose::Instance => "Tracked processes :",
        Whose::Group => "Tracked process :",
    };
    for (heading, list, behind) in [
        ("Tracked interfaces :", &tracks.interfaces, " "),
        ("Tracked scripts :", &tracks.scripts, " "),
        ("Tracked files :", &tracks.files, ", "),
        (processes, &tracks.processes, ", "),
        ("Tracked BFDs :", &tracks.bfd, ": "),
    ] {
        if !list.is_empty() {
            text.line(format!("   {heading}"));
            for tracked in list {
                text.line(format!("     {}", tracked_line(tracked, behind)));
            }
        }
    }
}

fn tracked_line(tracked: &Tracked, behind: &str) -> String {
    let weight = text::weight(tracked.weight.value, tracked.weight.reverse);
    format!("{}{behind}weight {weight}", tracked.name.value)
}

fn notifications(text: &mut Text, config: &Instance) {
    let smtp = if config.smtp_alert { "yes" } else { "no" };
    text.line(format!("   Using smtp notification = {smtp}"));
    let deleted = if config.notify.tell_deleted {
        "Deleted"
    } else {
        "Fault"
    };
    text.line(format!("   Notify deleted = {deleted}"));
    notify_scripts(text, &config.notify);
    let changes = yes(config.notify_priority_changes);
    text.line(format!("   Notify priority changes = {changes}"));
}

fn notify_scripts(text: &mut Text, notify: &Notify) {
    for (name, script) in [
        ("Backup", &notify.backup),
        ("Master", &notify.master),
        ("Fault", &notify.fault),
        ("Stop", &notify.stop),
        ("Deleted", &notify.deleted),
        ("Generic", &notify.any),
        ("Master rx lower pri", &notify.master_rx_lower_pri),
    ] {
        if let Some(script) = script {
            let named = text::script_with_account(script);
            text.line(format!("   {name} state transition script = {named}"));
        }
    }
}

/// Writes the pairs of sockets.
pub fn sockets(text: &mut Text, sockets: &[SocketStatus]) {
    if sockets.is_empty() {
        return;
    }
    text.heading("VRRP Sockpool");
    for socket in sockets {
        text.line(format!(
            " fd_in {} fd_out = {}",
            socket.input, socket.output
        ));
        text.line(format!("   Interface = {}", socket.interface));
        let family = match socket.family {
            Family::Inet => "IPv4",
            Family::Inet6 => "IPv6",
        };
        text.line(format!("   Family = {family}"));
        let protocol = if socket.ah { "AH" } else { "VRRP" };
        text.line(format!("   Protocol = {protocol}"));
        match socket.unicast {
            Some(address) => {
                text.line("   Type = Unicast");
                text.line(format!("   Address = {address}"));
            }
            None => text.line("   Type = Multicast"),
        }
        text.line(format!("   Rx buf size = {}", socket.receive_buffer));
        text.line("   VRRP instances");
        for (name, vrid) in &socket.instances {
            text.line(format!("     {name} vrid {vrid}"));
        }
    }
}

/// Writes the sync groups.
pub fn groups(text: &mut Text, groups: &[GroupStatus]) {
    if groups.is_empty() {
        return;
    }
    text.heading("VRRP Sync groups");
    for group in groups {
        let config = &*group.config;
        let name = &config.name.value;
        text.line(format!(" VRRP Sync Group = {name}, {}", state(group.state)));
        text.line(format!(
            "   Num member fault {}, num member init {}",
            group.faults, group.inits
        ));
        text.line("   VRRP member instances :");
        for member in &config.members {
            text.line(format!("     {}", member.value));
        }
        if config.tracking_weight {
            text.line("   sync group tracking weight set");
        }
        let yes_no = |on: bool| if on { "yes" } else { "no" };
        let smtp = yes_no(config.smtp_alert);
        text.line(format!("   Using smtp notification = {smtp}"));
        if config.notify_priority_changes {
            text.line("   Notify priority changes = yes");
        }
        tracks(text, &config.tracks, Whose::Group);
        notify_scripts(text, &config.notify);
    }
}

/// A state as lines have it.
pub fn state(state: State) -> &'static str {
    match state {
        State::Init => "INIT",
        State::Backup => "BACKUP",
        State::Master => "MASTER",
        State::Fault => "FAULT",
    }
}
