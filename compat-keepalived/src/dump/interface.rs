//! `Interfaces`.

use locum_model::keepalived::{DynamicInterfaces, Global, LinkbeatMethod};
use locum_vrrp::snapshot::{InterfaceStatus, Snapshot};

use super::text::{self, Text, weight, yes};

/// Writes all interfaces of the namespace.
pub fn write(text: &mut Text, global: &Global, snapshot: &Snapshot) {
    if snapshot.interfaces.is_empty() {
        return;
    }
    text.heading("Interfaces");
    for interface in &snapshot.interfaces {
        one(text, global, interface, snapshot);
    }
}

fn one(text: &mut Text, global: &Global, interface: &InterfaceStatus, snapshot: &Snapshot) {
    text.line(format!(" Name = {}", interface.name));
    let gone = if interface.index == 0 {
        " (deleted)"
    } else {
        ""
    };
    text.line(format!("   index = {}{gone}", interface.index));
    addresses(text, "IPv4", &interface.ipv4);
    addresses(text, "IPv6", &interface.ipv6);
    if !interface.mac.is_empty() {
        let mac = text::link_layer(&interface.mac);
        text.line(format!("   MAC = {mac}"));
        let broadcast = text::link_layer(&interface.broadcast);
        text.line(format!("   MAC broadcast = {broadcast}"));
    }
    text.line(format!("   State = {}", state(interface)));
    text.line(format!("   Seen up = {}", u8::from(interface.seen_up)));
    let running = yes(interface.debouncing);
    text.line(format!("   Delayed state change running = {running}"));
    let (up, down) = (interface.up_delay, interface.down_delay);
    text.line(format!("   Up debounce timer = {}us", up.as_micros()));
    text.line(format!("   Down debounce timer = {}us", down.as_micros()));
    stacked(text, interface);
    text.line(format!("   MTU = {}", interface.mtu));
    let hardware = match interface.hardware {
        1 => "ETHERNET".to_owned(),
        772 => "LOOPBACK".to_owned(),
        other => format!("UNKNOWN ({other})"),
    };
    text.line(format!("   HW Type = {hardware}"));
    text.line(match interface.linkbeat {
        None => "   NIC netlink status update",
        Some(LinkbeatMethod::Mii) => "   NIC support MII BMSR interface",
        Some(LinkbeatMethod::Ethtool) => "   NIC support ETHTOOL GLINK interface",
        Some(LinkbeatMethod::Ioctl) => "   NIC ioctl refresh polling",
    });
    if let Some(delays) = interface.announcements {
        if let Some(garp) = delays.garp {
            text.line(format!("   Gratuitous ARP interval {}ms", garp.as_millis()));
        }
        if let Some(gna) = delays.gna {
            text.line(format!("   Gratuitous NA interval {}ms", gna.as_millis()));
        }
        if let Some(group) = delays.group {
            text.line(format!("   Gratuitous ARP aggregation group {group}"));
        }
    }
    sysctls(text, interface);
    if let Some((forwards, at)) = interface.forwards_ipv6 {
        let not = if forwards { "" } else { "Not " };
        let at = text::moment_year_first(text::date(at, snapshot.now));
        text.line(format!("   {not}IPv6 forwarding. Last checked {at}"));
    }
    if global.dynamic_interfaces == DynamicInterfaces::AllowChanges {
        text.line("   Interface type/base can be changed");
    }
    if !interface.tracked_by.is_empty() {
        text.line("   Tracking VRRP instances :");
        for (instance, value, reverse) in &interface.tracked_by {
            let value = weight(*value, *reverse);
            text.line(format!("     {instance}, weight {value}"));
        }
    }
}

fn addresses(text: &mut Text, family: &str, addresses: &[impl std::fmt::Display]) {
    let Some((first, more)) = addresses.split_first() else {
        return text.line(format!("   {family} address = (none)"));
    };
    text.line(format!("   {family} address = {first}"));
    if !more.is_empty() {
        text.line(format!("   Additional {family} addresses :"));
        for address in more {
            text.line(format!("     {address}"));
        }
    }
}

fn state(interface: &InterfaceStatus) -> String {
    let mut words = vec![
        if interface.up { "UP" } else { "not UP" },
        if interface.running {
            "RUNNING"
        } else {
            "not RUNNING"
        },
    ];
    for (on, word) in [
        (!interface.can_broadcast, "no broadcast"),
        (interface.loopback, "loopback"),
        (interface.point_to_point, "point to point"),
        (interface.no_arp, "no arp"),
        (!interface.can_multicast, "no multicast"),
    ] {
        if on {
            words.push(word);
        }
    }
    words.join(", ")
}

fn stacked(text: &mut Text, interface: &InterfaceStatus) {
    if let Some(stacked) = &interface.stacked {
        let kind = if stacked.ipvlan { "IPVLAN" } else { "VMAC" };
        let up = if stacked.base_up { "UP" } else { "not UP" };
        let running = if stacked.base_running {
            "RUNNING"
        } else {
            "not RUNNING"
        };
        let (mode, base) = (stacked.mode, &stacked.base);
        text.line(format!(
            "   {kind} type {mode}, underlying interface = {base}, state = {up}, {running}"
        ));
    }
    if interface.ours {
        text.line("   I/f created by keepalived");
    }
}

/// Settings of the kernel as they were found.
fn sysctls(text: &mut Text, interface: &InterfaceStatus) {
    text.line(format!(
        "   Reset ARP config counter {}",
        interface.arp_users
    ));
    text.line(format!("   Original arp_ignore {}", interface.arp_ignore));
    text.line(format!("   Original arp_filter {}", interface.arp_filter));
    if let Some(filter) = interface.rp_filter {
        text.line(format!("   rp_filter {filter}"));
    }
    text.line(format!(
        "   Original promote_secondaries {}",
        interface.promote_secondaries
    ));
    text.line(format!(
        "   Reset promote_secondaries counter {}",
        interface.promote_users
    ));
}
