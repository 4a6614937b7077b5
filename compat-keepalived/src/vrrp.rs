//! Lines about instances, sync groups, interfaces and trackers.
//!
//! ```text
//! (VI_1) Entering MASTER STATE
//! (VI_1) Received advert from 192.0.2.12 with lower priority 90, ours 100, forcing new election
//! VRRP_Script(chk) failed (exited with status 1)
//! ```

use std::{net::IpAddr, time::Duration};

use locum_model::vrrp::{Family, Rule, Version};
use locum_runtime::log::level;
use locum_vrrp::{
    driver::Trouble,
    event::{
        Event, FaultReason, GroupEvent, InstanceEvent, InterfaceChange, Rejection, ScriptEvent,
    },
    input::ScriptResult,
};

use crate::line::{Line, errno};

/// The line that tells of an event; `None`: it has none.
pub fn line(event: &Event) -> Option<Line> {
    Some(match event {
        Event::Instance { name, event, .. } => instance(name, event),
        Event::Group { name, event, .. } => group(name, event),
        Event::StartDelayed(delay) => {
            Line::info(format!("Delaying startup for {} seconds", decimal(*delay)))
        }
        Event::TimerLate(late) => Line::info(format!(
            "A thread timer expired {}.{:06} seconds ago",
            late.as_secs(),
            late.subsec_micros()
        )),
        Event::PacketTooShort { v6, length } => Line::info(format!(
            "IPv{} VRRP packet too short - {length} bytes",
            if *v6 { 6 } else { 4 }
        )),
        Event::UnknownRouter {
            interface, vrid, ..
        } => Line::info(format!(
            "Unknown VRID({vrid}) received on interface({interface}). ignoring..."
        )),
        Event::Interface { interface, change } => link(interface, change),
        Event::Announcing { interface, address } => detail(match address {
            IpAddr::V4(address) => format!("Sending gratuitous ARP on {interface} for {address}"),
            IpAddr::V6(address) => {
                format!("Sending unsolicited Neighbour Advert on {interface} for {address}")
            }
        }),
        Event::AddressRemoved { interface, address } => detail(format!(
            "Netlink reflector reports IP {address} removed from {interface}"
        )),
        Event::AddressAssigned { interface, address } => detail(format!(
            "Assigned address {address} for interface {interface}"
        )),
        Event::AddressDeassigned { interface, address } => detail(format!(
            "Deassigned address {address} from interface {interface}"
        )),
        Event::Script { script, event } => tracking(script, event),
    })
}

fn instance(name: &str, event: &InstanceEvent) -> Line {
    use InstanceEvent as E;
    let always = |text: &str| Line::info(format!("({name}) {text}"));
    let detail = |text: &str| detail(format!("({name}) {text}"));
    match event {
        E::EnteredBackup { initial: true } => always("Entering BACKUP STATE (init)"),
        E::EnteredBackup { initial: false } => always("Entering BACKUP STATE"),
        E::EnteredMaster => always("Entering MASTER STATE"),
        E::EnteredFault => always("Entering FAULT STATE"),
        E::StartsInFault => always("entering FAULT state"),
        E::FaultReason(reason) => fault(name, reason),
        E::AdvertTimeout => detail("Receive advertisement timeout"),
        E::SentPriorityZero => detail("sent 0 priority"),
        E::SettingAddresses => detail("setting VIPs."),
        E::SettingExcludedAddresses => detail("setting E-VIPs."),
        E::SettingRoutes => detail("setting Virtual Routes"),
        E::SettingRules => detail("setting Virtual Rules"),
        E::SettingFirewall => detail("setting firewall drop rule"),
        E::RemovingAddresses => detail("removing VIPs."),
        E::RemovingExcludedAddresses => detail("removing E-VIPs."),
        E::RemovingRoutes => detail("removing Virtual Routes"),
        E::RemovingRules => detail("removing Virtual Rules"),
        E::RemovingFirewall => detail("removing firewall drop rule"),
        E::QueueingAnnouncements { interface, address } => {
            let what = match address {
                IpAddr::V4(_) => "gratuitous ARPs",
                IpAddr::V6(_) => "Unsolicited Neighbour Adverts",
            };
            detail(&format!(
                "Sending/queueing {what} on {interface} for {address}"
            ))
        }
        E::MasterHeardZero => detail("Master received priority 0 message"),
        E::BackupHeardZero => detail("Backup received priority 0 advertisement"),
        E::IntervalLearned { from, to } => detail(&format!(
            "advertisement interval updated from {}ms to {}ms by master",
            from.as_millis(),
            to.as_millis()
        )),
        E::IntervalRestored { from, to } => detail(&format!(
            "changing advert interval from {}ms to locally configured {}ms",
            from.as_millis(),
            to.as_millis()
        )),
        E::PreemptDelayStarted { delay } => {
            detail(&format!("start preempt delay ({})", decimal(*delay)))
        }
        E::PreemptDelayStopped => detail("stop preempt delay"),
        E::OldChecksum => detail("Setting unicast VRRPv3 checksum to old version"),
        E::SendFailed { errno: number } => always(&format!(
            "send advert error {number} ({})",
            errno(&std::io::Error::from_raw_os_error(*number))
        )),
        E::PriorityChanged { from, to } => {
            always(&format!("Changing effective priority from {from} to {to}"))
        }
        E::PrioritySet(to) => always(&format!("Setting effective priority to {to}")),
        E::TrackedFile { file, fault } => Line::info(format!(
            "({name}): tracked file {file} {} FAULT state",
            if *fault { "now" } else { "leaving" }
        )),
        E::TrackedProcess { process, fault } => always(&format!(
            "quorum {} for tracked process {process}",
            if *fault { "lost" } else { "gained" }
        )),
        E::AddressNoLongerExists { address, interface } => {
            let network = address.network;
            always(&format!(
                "ip address {}/{} dev {interface}, no longer exist",
                network.ip, network.prefix
            ))
        }
        E::DelaysShortened { interface } => Line::info(format!(
            "{name}: interface {interface} debounce timer(s) not less that 2 * advert_int - resetting"
        )),
        E::RuleNoLongerExists(rule) => always(&format!("ip rule {} removed", ends(rule))),
        E::RouteNoLongerExists(route) => {
            let network = route.destination;
            always(&format!("Removing route {}/{}", network.ip, network.prefix))
        }
        E::AllRulesGone => always("No VirtualRules in new config, removing all"),
        E::AllRoutesGone => always("No VirtualRoutes in new config, removing all"),
        E::SequenceSynced => detail("sequence number follows that of the other router"),
        E::Rejected(rejection) => always(&rejected(rejection)),
        E::LowerPriority { .. }
        | E::LowerDiscarded { .. }
        | E::HigherPriority { .. }
        | E::SamePriorityHigherAddress { .. }
        | E::OwnerConflict => always(&election(event)),
    }
}

/// Between which networks a rule is.
fn ends(rule: &Rule) -> String {
    let named = [("from", rule.from), ("to", rule.to)];
    let words: Vec<String> = named
        .iter()
        .filter_map(|(word, network)| {
            let network = (*network)?;
            Some(format!("{word} {}/{}", network.ip, network.prefix))
        })
        .collect();
    words.join(" ")
}

/// What one router hears of another.
fn election(event: &InstanceEvent) -> String {
    use InstanceEvent as E;
    match event {
        E::LowerPriority {
            source,
            theirs,
            ours,
            answered,
        } => {
            let then = if *answered {
                ", forcing new election"
            } else {
                ""
            };
            format!(
                "Received advert from {source} with lower priority {theirs}, ours {ours}{then}"
            )
        }
        E::LowerDiscarded { source, theirs } => {
            format!("received lower priority ({theirs}) advert from {source} - discarding")
        }
        E::HigherPriority {
            source,
            theirs,
            ours,
        } => format!(
            "Master received advert from {source} with higher priority {theirs}, ours {ours}"
        ),
        E::SamePriorityHigherAddress { source, priority } => format!(
            "Master received advert from {source} with same priority {priority} but higher IP address than ours"
        ),
        _ => "CONFIGURATION ERROR: local instance and a remote instance are both configured as address owner, please fix - reducing local priority".into(),
    }
}

fn rejected(rejection: &Rejection) -> String {
    match rejection {
        Rejection::Length { received, expected } => format!(
            "vrrp packet too {}, length {received} and expect {expected}",
            if received < expected { "short" } else { "long" }
        ),
        Rejection::Ttl(received) => format!("invalid TTL/HL. Received {received} and expect 255"),
        Rejection::PeerTtl { received, min, max } => {
            format!("TTL/HL {received} out of range [{min}..{max}]")
        }
        Rejection::Version { received, expected } => format!(
            "wrong version. Received {received} and expect {}",
            number(*expected)
        ),
        Rejection::AuthType(kind) => format!("Invalid auth type: {kind}"),
        Rejection::AuthMismatch { received, expected } => {
            format!("received a {received} auth, expecting {expected}!")
        }
        Rejection::Password => "received an invalid passwd!".into(),
        Rejection::Spi { received, expected } => {
            format!("IPSEC AH : invalid IPSEC SPI value. {received} and expect {expected}")
        }
        Rejection::Digest => {
            "IPSEC-AH : invalid IPSEC HMAC-MD5 value. Due to fields mutation or bad password !"
                .into()
        }
        Rejection::Replay { received, last } => format!(
            "IPSEC-AH : sequence number {received} already processed. Packet dropped. Local({last})"
        ),
        Rejection::Interval { received, ours } => {
            format!("advertisement interval mismatch mine={ours} sec rcv'd={received} sec")
        }
        Rejection::Type(kind) => format!("Invalid packet type. {kind} and expect 1"),
        Rejection::AddressCount { received, expected } => {
            format!("received an unexpected ip number count {received}, expected {expected}!")
        }
        Rejection::Checksum(version) => format!("Invalid VRRPv{} checksum", number(*version)),
        Rejection::AddressMissing { vrid, address } => format!(
            "ip address associated with VRID {vrid} not present in MASTER advert: {address}"
        ),
        Rejection::NotAPeer(source) => {
            format!("unicast source address {source} not a unicast peer")
        }
    }
}

fn fault(name: &str, reason: &FaultReason) -> Line {
    let colon = if matches!(
        reason,
        FaultReason::File(_) | FaultReason::InterfaceDown(_) | FaultReason::InterfaceMissing(_)
    ) {
        ":"
    } else {
        ""
    };
    let why = match reason {
        FaultReason::InterfaceDown(interface) | FaultReason::InterfaceMissing(interface) => {
            format!("interface {interface} down")
        }

        FaultReason::NoAddress { v6: false } => "no IPv4 address for interface".into(),
        FaultReason::NoAddress { v6: true } => "no IPv6 address for interface".into(),
        FaultReason::NoPeers => {
            return Line::info(format!(
                "({name}) Cannot use unicast without any peers - going to fault state"
            ));
        }
        FaultReason::Process(process) => format!("tracked process {process} quorum not achieved"),
        FaultReason::File(file) => format!("tracked file {file} has status -254"),
        FaultReason::Bfd(bfd) => format!("tracked BFD {bfd} is down"),
    };
    Line::info(format!("({name}){colon} entering FAULT state ({why})"))
}

fn group(name: &str, event: &GroupEvent) -> Line {
    let (who, state) = match event {
        GroupEvent::SyncingToBackup => ("instances", "BACKUP"),
        GroupEvent::SyncingToMaster => ("instances", "MASTER"),
        GroupEvent::SyncingToFault => ("instances", "FAULT"),
        GroupEvent::SyncingMemberToFault(member) => (&**member, "FAULT"),
    };
    Line::info(format!("VRRP_Group({name}) Syncing {who} to {state} state"))
}

fn link(interface: &str, change: &InterfaceChange) -> Line {
    Line::info(match change {
        InterfaceChange::Up => format!("Netlink reports {interface} up"),
        InterfaceChange::Down => format!("Netlink reports {interface} down"),
        InterfaceChange::Added => format!("Interface {interface} added"),
        InterfaceChange::Removed { .. } => format!("Interface {interface} deleted"),
        InterfaceChange::Debounced { from, to, delay } => format!(
            "{interface}: Adding flags change from {from:#x} to {to:#x} delay by {}",
            delay.as_micros()
        ),
    })
}

fn tracking(script: &str, event: &ScriptEvent) -> Line {
    Line::info(match event {
        ScriptEvent::NowReturns(status) => format!("Script `{script}` now returning {status}"),
        ScriptEvent::Up => format!("VRRP_Script({script}) succeeded"),
        ScriptEvent::Down(ScriptResult::Exited(status)) => {
            format!("VRRP_Script({script}) failed (exited with status {status})")
        }
        ScriptEvent::Down(ScriptResult::Signalled(signal)) => {
            format!("VRRP_Script({script}) failed (due to signal {signal})")
        }
        ScriptEvent::Down(ScriptResult::TimedOut) => format!("VRRP_Script({script}) timed_out"),
        ScriptEvent::Down(ScriptResult::NotStarted) => format!("VRRP_Script({script}) failed"),
    })
}

fn number(version: Version) -> u8 {
    match version {
        Version::V2 => 2,
        Version::V3 => 3,
    }
}

/// A line that `-D` asks for.
fn detail(text: String) -> Line {
    Line::info(text).detail()
}

/// Seconds, with what is behind the point as far as there is something.
fn decimal(time: Duration) -> String {
    format!("{}.{:06}", time.as_secs(), time.subsec_micros())
        .trim_end_matches('0')
        .trim_end_matches('.')
        .to_owned()
}

/// The line about what only the driver knows; `None`: it has none.
pub fn trouble(trouble: &Trouble) -> Option<Line> {
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
                (None, Some(source)) => format!("unicast, address({source})"),
                (None, None) => "unicast".into(),
            };
            detail(format!(
                "VRRP sockpool: [ifindex({interface:3}), family({family}), proto({protocol}), fd({hears_by},{sends_by}) {cast}]"
            ))
        }
        Trouble::Socket { interface, error } => Line::info(format!(
            "cant open raw socket on {interface}. errno={}",
            error.raw_os_error().unwrap_or(0)
        )),
        Trouble::Send { instance, error } => Line::info(format!(
            "({instance}) send advert error {} ({})",
            error.raw_os_error().unwrap_or(0),
            errno(error)
        )),
        Trouble::Address {
            address,
            interface,
            adding,
            error,
        } => Line::info(format!(
            "Netlink: error: {}({}), {} {address} on {interface}",
            errno(error),
            error.raw_os_error().unwrap_or(0),
            if *adding { "adding" } else { "removing" },
        )),
        Trouble::Line {
            route,
            instance,
            error,
            ..
        } => Line::info(format!(
            "({}) Netlink: error: {}({}), {}",
            instance.as_deref().unwrap_or("static"),
            errno(error),
            error.raw_os_error().unwrap_or(0),
            if *route { "route" } else { "rule" },
        )),
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
        Trouble::VirtualLinkMade {
            name,
            instance,
            parent,
        } => detail(format!(
            "({instance}): Success creating VMAC interface {name} on {parent}"
        )),
        Trouble::VirtualLink { name, error } => Line::info(format!(
            "Error creating VMAC interface {name}: {}",
            errno(error)
        )),
        Trouble::SettingChanged(change) => Line::info(format!("Changed {change}")),
        Trouble::SettingRefused { setting, error } => {
            Line::info(format!("Unable to set {setting}: {}", errno(error)))
        }
        Trouble::Firewall(error) => Line::info(format!("nftables: {}", errno(error))),
        Trouble::StaticRestored {
            address,
            prefix,
            interface,
        } => Line::info(format!(
            "Restoring deleted static address {address}/{prefix} dev {interface} scope global set"
        )),
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
