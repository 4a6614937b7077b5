//! Lines about what only the driver of VRRP knows: sockets, netlink, programs that don't run.

use std::io;

use locum_model::vrrp::Family;
use locum_runtime::log::level;
use locum_vrrp::{
    driver::{DeviceChange, Trouble},
    effect::Hears,
};

use crate::{
    dump::lines,
    line::{Line, errno},
};

/// The line about what only the driver knows; `None`: it has none.
pub fn line(trouble: &Trouble) -> Option<Line> {
    Some(match trouble {
        Trouble::SocketOpened {
            interface,
            family,
            protocol,
            hears_by,
            sends_by,
            group,
            source,
        } => {
            let family = match family {
                Family::Inet => "IPv4",
                Family::Inet6 => "IPv6",
            };
            let cast = match (group, source) {
                (Some(group), _) => format!("multicast, address({group})"),
                (None, Some(source)) => format!(", unicast, address({source})"),
                (None, None) => ", unicast".into(),
            };
            detail(format!(
                "VRRP sockpool: [ifindex({interface:3}), family({family}), proto({protocol}), fd({hears_by},{sends_by}) {cast}]"
            ))
        }
        Trouble::Socket {
            interface,
            hears,
            error,
        } => Line::info(socket(interface, *hears, error)),
        Trouble::Send { instance, error } => Line::info(format!(
            "({instance}): send advert error {} ({})",
            error.raw_os_error().unwrap_or(0),
            errno(error)
        )),
        Trouble::Address {
            address,
            interface,
            adding,
            error,
        } => {
            let request = if *adding {
                "RTM_NEWADDR(20)"
            } else {
                "RTM_DELADDR(21)"
            };
            let about = format!("{address} on {interface}");
            netlink(error, request, &about)
        }
        Trouble::Line {
            route,
            adding,
            instance,
            error,
        } => {
            let request = match (route, adding) {
                (true, true) => "RTM_NEWROUTE(24)",
                (true, false) => "RTM_DELROUTE(25)",
                (false, true) => "RTM_NEWRULE(32)",
                (false, false) => "RTM_DELRULE(33)",
            };
            let about = instance.as_deref().unwrap_or("static");
            netlink(error, request, about)
        }
        Trouble::Announce {
            interface,
            address,
            error,
        } => Line::info(format!(
            "Error {} sending gratuitous ARP on {interface} for {address}",
            error.raw_os_error().unwrap_or(0)
        )),
        Trouble::NetlinkOverrun => Line::info("Netlink: Receive buffer overrun"),
        Trouble::Netlink(error) => Line::info(format!("Netlink: {}", errno(error))),
        Trouble::Device {
            instance,
            name,
            change,
        } => device(instance, name, change),
        Trouble::SettingChanged(change) => Line::info(format!("NOTICE: setting sysctl {change}")),
        Trouble::SettingRestored { setting, to } => {
            Line::info(format!("NOTICE: resetting sysctl {setting} to {to}"))
        }
        Trouble::SettingRefused { setting, error } => {
            Line::info(format!("Unable to set {setting}: {}", errno(error)))
        }
        Trouble::Firewall(error) => Line::info(format!("nftables: {}", errno(error))),
        Trouble::OldTable { v6, name } => Line::info(format!(
            "Deleting old {} {name} table",
            if *v6 { "ip6" } else { "ip" }
        )),
        Trouble::AddressRestored { address, interface } => Line::info(format!(
            "Restoring deleted static address {}",
            lines::address(address, interface, true)
        )),
        Trouble::RouteRestored(route) => Line::info(format!(
            "Restoring deleted static route {}",
            lines::route(route)
        )),
        Trouble::RuleRestored(rule) => Line::info(format!(
            "Restoring deleted static rule {}",
            lines::rule(rule)
        )),
        Trouble::RouteWithoutInterface => Line::info("New route doesn't have i/f index"),
        Trouble::ScriptBusy {
            script,
            being_timed_out,
        } => Line::info(format!(
            "Track script {script} is {}, expect idle - skipping run",
            if *being_timed_out {
                "being timed out"
            } else {
                "already running"
            }
        )),
        Trouble::NotExecuted {
            program,
            errno: number,
        } => Line::at(
            level::ALERT,
            format!(
                "Error exec-ing command '{}', error {number}: {}",
                program.display(),
                errno(&std::io::Error::from_raw_os_error(*number))
            ),
        ),
        Trouble::FileWatch { file, error } => Line::info(format!(
            "Track file {file} can't be watched: {}",
            errno(error)
        )),
        Trouble::FileValue { path, value } => Line::info(format!(
            "Invalid number {value} read from {} - ignoring",
            path.display()
        )),
        Trouble::ProcessWatch(error) => Line::info(format!(
            "Failed to set/clear process event listen - errno {} - {}",
            error.raw_os_error().unwrap_or(0),
            errno(error)
        )),
    })
}

/// What the kernel answered to a request. The reference goes on with a sequence number, ours says whom it was about.
fn netlink(error: &io::Error, request: &str, about: &str) -> Line {
    Line::info(format!(
        "Netlink: error: {}({}), type={request}, {about}",
        errno(error),
        error.raw_os_error().unwrap_or(0),
    ))
}

fn device(instance: &str, name: &str, change: &DeviceChange) -> Line {
    match change {
        DeviceChange::Found => detail(format!("({instance}) Found matching interface {name}")),
        DeviceChange::KeepsName { given } => Line::info(format!(
            "({instance}) vmac name mismatch {given} <=> {name}. changing to {name}."
        )),
        DeviceChange::Incompatible => Line::info(format!(
            "({instance}) VMAC {name} already exists but is incompatible. It will be deleted"
        )),
        DeviceChange::ParentDown { parent } => {
            Line::info(format!("({instance}) interface {parent} is down"))
        }
        DeviceChange::Made => detail(format!(
            "({instance}): Success creating VMAC interface {name}"
        )),
        DeviceChange::Refused { ipvlan, error } => Line::info(format!(
            "({instance}): Unable to create {} interface {name}: {}",
            if *ipvlan { "ipvlan" } else { "VMAC" },
            errno(error)
        )),
        DeviceChange::Gone => detail(format!(
            "({instance}) Success removing VMAC interface {name}"
        )),
        DeviceChange::Stays(error) => Line::info(format!(
            "({instance}) Error removing VMAC interface {name}: {}",
            errno(error)
        )),
    }
}

fn socket(interface: &str, hears: Hears, error: &io::Error) -> String {
    let (number, text) = (error.raw_os_error().unwrap_or(0), errno(error));
    match hears {
        Hears::Own(Some(source)) if error.kind() == io::ErrorKind::AddrNotAvailable => {
            format!("bind unicast_src {source} failed {number} - {text}")
        }
        Hears::Group(group) if number == nix::errno::Errno::ENOBUFS as i32 => {
            format!("({interface}) cant do IP_ADD_MEMBERSHIP {group} errno={text} ({number})")
        }
        _ => format!("cant open raw socket on {interface}. errno={number}"),
    }
}

/// A line that `-D` asks for.
fn detail(text: String) -> Line {
    Line::info(text).detail()
}
