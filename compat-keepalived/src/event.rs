//! VRRP events as the reference's log lines.

use std::{fmt::Write, io, net::IpAddr, time::Duration};

use locum_model::{
    address::Network,
    vrrp::{Address, Rule, Version, address::Broadcast},
};
use locum_vrrp::{
    event::{
        Event, FaultReason, GroupEvent, InstanceEvent, InterfaceChange, Rejection, ScriptEvent,
    },
    input::ScriptResult,
};

use crate::line::{Line, errno};

/// The lines that an event is logged as.
pub fn lines(event: &Event) -> Vec<Line> {
    match event {
        Event::Instance { name, event, .. } => instance(name, event),
        // The name that is missing is how the reference tells it.
        Event::Static(event) => instance("(null)", event),
        Event::Group { name, event, .. } => vec![group(name, event)],
        Event::Prepared => Vec::new(),
        Event::StartDelayed(delay) => {
            vec![Line::info(format!(
                "Delaying startup for {} seconds",
                delay.as_secs_f64()
            ))]
        }
        Event::TimerLate(late) => {
            vec![Line::info(format!(
                "A thread timer expired {} seconds ago",
                seconds(*late)
            ))]
        }
        Event::PacketTooShort { v6, length } => {
            let family = if *v6 { "IPv6" } else { "IPv4" };
            vec![Line::info(format!(
                "{family} VRRP packet too short - {length} bytes"
            ))]
        }
        Event::UnknownRouter {
            interface, vrid, ..
        } => vec![Line::info(format!(
            "Unknown VRID({vrid}) received on interface({interface}). ignoring..."
        ))],
        Event::Interface { interface, change } => {
            let line = link(interface, *change);
            let minor = matches!(
                change,
                InterfaceChange::Added | InterfaceChange::Removed { used: false }
            );
            vec![if minor { line.detail() } else { line }]
        }
        Event::Announcing { interface, address } => {
            vec![
                Line::info(format!(
                    "Sending {} on {interface} for {address}",
                    announcement(*address)
                ))
                .detail(),
            ]
        }
        Event::AddressRemoved { interface, address } => vec![
            Line::info(format!(
                "Netlink reflector reports IP {address} removed from {interface}"
            ))
            .detail(),
        ],
        Event::AddressAssigned { interface, address } => {
            vec![
                Line::info(format!(
                    "Assigned address {address} for interface {interface}"
                ))
                .detail(),
            ]
        }
        Event::AddressDeassigned { interface, address } => {
            vec![
                Line::info(format!(
                    "Deassigned address {address} from interface {interface}"
                ))
                .detail(),
            ]
        }
        Event::Script { script, event } => vec![self::script(script, event)],
    }
}

fn instance(name: &str, event: &InstanceEvent) -> Vec<Line> {
    use InstanceEvent as E;
    let line = |text: &str| Line::info(format!("({name}) {text}"));
    vec![match event {
        E::EnteredBackup { initial: true } => line("Entering BACKUP STATE (init)"),
        E::EnteredBackup { initial: false } => line("Entering BACKUP STATE"),
        E::EnteredMaster => line("Entering MASTER STATE"),
        E::EnteredFault => line("Entering FAULT STATE"),
        E::StartsInFault => line("entering FAULT state"),
        E::FaultReason(reason) => fault(name, reason),
        E::AdvertTimeout => line("Receive advertisement timeout").detail(),
        E::SentPriorityZero => line("sent 0 priority").detail(),
        E::SettingAddresses => line("setting VIPs.").detail(),
        E::SettingExcludedAddresses => line("setting E-VIPs.").detail(),
        E::SettingRoutes => line("setting Virtual Routes").detail(),
        E::SettingRules => line("setting Virtual Rules").detail(),
        E::SettingFirewall => line("setting firewall drop rule").detail(),
        E::RemovingAddresses => line("removing VIPs.").detail(),
        E::RemovingExcludedAddresses => line("removing E-VIPs.").detail(),
        E::RemovingRoutes => line("removing Virtual Routes").detail(),
        E::RemovingRules => line("removing Virtual Rules").detail(),
        E::RemovingFirewall => line("removing firewall drop rule").detail(),
        E::QueueingAnnouncements { interface, address } => {
            let what = match address {
                IpAddr::V4(_) => "gratuitous ARPs",
                IpAddr::V6(_) => "Unsolicited Neighbour Adverts",
            };
            line(&format!(
                "Sending/queueing {what} on {interface} for {address}"
            ))
            .detail()
        }
        E::LowerPriority {
            source,
            theirs,
            ours,
            answered,
        } => {
            let end = if *answered {
                ", forcing new election"
            } else {
                ""
            };
            line(&format!(
                "Received advert from {source} with lower priority {theirs}, ours {ours}{end}"
            ))
        }
        E::LowerDiscarded { source, theirs } => line(&format!(
            "received lower priority ({theirs}) advert from {source} - discarding"
        )),
        E::HigherPriority {
            source,
            theirs,
            ours,
        } => line(&format!(
            "Master received advert from {source} with higher priority {theirs}, ours {ours}"
        )),
        E::SamePriorityHigherAddress { source, priority } => line(&format!(
            "Master received advert from {source} with same priority {priority} but higher IP address than ours"
        )),
        E::MasterHeardZero => line("Master received priority 0 message").detail(),
        E::BackupHeardZero => line("Backup received priority 0 advertisement").detail(),
        E::IntervalLearned { from, to } => line(&format!(
            "advertisement interval updated from {}ms to {}ms by master",
            from.as_millis(),
            to.as_millis()
        ))
        .detail(),
        E::IntervalRestored { from, to } => line(&format!(
            "changing advert interval from {}ms to locally configured {}ms",
            from.as_millis(),
            to.as_millis()
        ))
        .detail(),
        E::PreemptDelayStarted { delay } => {
            line(&format!("start preempt delay ({})", seconds(*delay))).detail()
        }
        E::PreemptDelayStopped => line("stop preempt delay").detail(),
        E::OwnerConflict => line(
            "CONFIGURATION ERROR: local instance and a remote instance are both configured as address owner, please fix \
             - reducing local priority",
        ),
        E::SequenceSynced => line("IPSEC-AH : Syncing seq_num - Increment seq"),
        E::OldChecksum => line("Setting unicast VRRPv3 checksum to old version"),
        E::SendFailed { errno: number } => {
            let text = errno(&io::Error::from_raw_os_error(*number));
            Line::info(format!("({name}): send advert error {number} ({text})"))
        }
        E::PriorityChanged { from, to } => {
            line(&format!("Changing effective priority from {from} to {to}"))
        }
        E::PrioritySet(to) => line(&format!("Setting effective priority to {to}")).detail(),
        E::TrackedFile { file, fault } => {
            let what = if *fault { "now" } else { "leaving" };
            Line::info(format!("({name}): tracked file {file} {what} FAULT state")).detail()
        }
        E::TrackedProcess {
            process,
            fault: true,
        } => line(&format!(
            "entering FAULT state (tracked process {process} quorum not achieved)"
        )),
        E::TrackedProcess {
            process,
            fault: false,
        } => line(&format!("tracked process {process} quorum achieved")),
        E::TrackedBfd { session, up } => {
            let state = if *up { "UP" } else { "DOWN" };
            Line::info(format!(
                "VRRP_Instance({name}) Tracked BFD instance {session} is {state}"
            ))
        }
        E::AddressNoLongerExists { address, interface } => line(&format!(
            "ip address {}, no longer exist",
            address_line(address, interface)
        )),
        E::DelaysShortened { interface } => Line::info(format!(
            "{name}: interface {interface} debounce timer(s) not less that 2 * advert_int - resetting"
        )),
        E::RuleNoLongerExists(rule) => {
            Line::info(format!("ip rule{} removed", rule_line(rule))).detail()
        }
        E::RouteNoLongerExists(route) => {
            let Network { ip, prefix } = route.destination;
            Line::info(format!("Removing route {ip}/{prefix}")).detail()
        }
        E::AllRulesGone => Line::info("Removing a VirtualRule block"),
        E::AllRoutesGone => Line::info("Removing a VirtualRoute block").detail(),
        E::Rejected(rejection) => return vec![rejected(name, rejection)],
    }]
}

fn fault(name: &str, reason: &FaultReason) -> Line {
    Line::info(match reason {
        FaultReason::InterfaceDown(interface) | FaultReason::InterfaceMissing(interface) => {
            format!("({name}): entering FAULT state (interface {interface} down)")
        }
        FaultReason::NoAddress { v6 } => {
            let family = if *v6 { "IPv6" } else { "IPv4" };
            format!("({name}) entering FAULT state (no {family} address for interface)")
        }
        FaultReason::SourceMissing => {
            format!("({name}): entering FAULT state (src address not configured)")
        }
        FaultReason::NoSocket => format!("({name}): entering FAULT state (no socket)"),
        FaultReason::NoPeers => format!("({name}) entering FAULT state (no unicast peers)"),
        FaultReason::Process(process) => {
            format!("({name}) entering FAULT state (tracked process {process} quorum not achieved)")
        }
        FaultReason::File { file, status } => {
            format!("({name}): entering FAULT state (tracked file {file} has status {status})")
        }
    })
}

fn rejected(name: &str, rejection: &Rejection) -> Line {
    let text = match *rejection {
        Rejection::Length { received, expected } => {
            let what = if received < expected { "short" } else { "long" };
            format!("vrrp packet too {what}, length {received} and expect {expected}")
        }
        Rejection::Ttl(ttl) => format!("invalid TTL/HL. Received {ttl} and expect 255"),
        Rejection::PeerTtl { received, min, max } => {
            format!("TTL/HL {received} not in range {min} - {max}")
        }
        Rejection::Version { received, expected } => {
            format!(
                "wrong version. Received {received} and expect {}",
                number(expected)
            )
        }
        Rejection::AuthType(theirs) => format!("Invalid auth type: {theirs}"),
        Rejection::AuthMismatch { received, expected } => {
            format!("received a {received} auth, expecting {expected}!")
        }
        Rejection::Password => "received an invalid passwd!".to_owned(),
        // The only one without the instance; the numbers are in the order of bytes of the machine.
        Rejection::Spi { received, expected } => {
            return Line::info(format!(
                "IPSEC AH : invalid IPSEC SPI value. {} and expect {}",
                expected.swap_bytes(),
                received.swap_bytes()
            ));
        }
        Rejection::Digest => {
            "IPSEC-AH : invalid IPSEC HMAC-MD5 value. Due to fields mutation or bad password !"
                .to_owned()
        }
        Rejection::Replay { received, last } => {
            format!(
                "IPSEC-AH : sequence number {received} already processed. Packet dropped. Local({last})"
            )
        }
        Rejection::Interval { received, ours } => {
            format!("advertisement interval mismatch mine={ours} sec rcv'd={received} sec")
        }
        Rejection::Type(kind) => format!("Invalid packet type. {kind} and expect 1"),
        Rejection::AddressCount { received, expected } => {
            format!("received an unexpected ip number count {received}, expected {expected}!")
        }
        Rejection::Checksum(version) => format!("Invalid VRRPv{} checksum", number(version)),
        Rejection::AddressMissing { vrid, address } => {
            format!(
                "ip address associated with VRID {vrid} not present in MASTER advert: {address}"
            )
        }
        Rejection::NotAPeer(source) => {
            format!("unicast source address {source} not a unicast peer")
        }
    };
    Line::info(format!("({name}) {text}"))
}

fn group(name: &str, event: &GroupEvent) -> Line {
    let state = match event {
        GroupEvent::SyncingToBackup => "BACKUP",
        GroupEvent::SyncingToMaster => "MASTER",
        GroupEvent::SyncingToFault => "FAULT",
        GroupEvent::SyncingMemberToFault(member) => {
            return Line::info(format!(
                "VRRP_Group({name}): Syncing {member} to FAULT state"
            ));
        }
    };
    Line::info(format!(
        "VRRP_Group({name}) Syncing instances to {state} state"
    ))
}

fn link(interface: &str, change: InterfaceChange) -> Line {
    Line::info(match change {
        InterfaceChange::Up => format!("Netlink reports {interface} up"),
        InterfaceChange::Down => format!("Netlink reports {interface} down"),
        InterfaceChange::Added => format!("Interface {interface} added"),
        InterfaceChange::Removed { .. } => format!("Interface {interface} deleted"),
        InterfaceChange::Debounced { from, to, delay } => format!(
            "{interface}: Adding flags change from 0x{from:x} to 0x{to:x} delay by {}",
            delay.as_micros()
        ),
    })
}

fn script(name: &str, event: &ScriptEvent) -> Line {
    Line::info(match event {
        ScriptEvent::NowReturns(status) => format!("Script `{name}` now returning {status}"),
        ScriptEvent::Up => format!("VRRP_Script({name}) succeeded"),
        ScriptEvent::Down(ScriptResult::Exited(status)) => {
            format!("VRRP_Script({name}) failed (exited with status {status})")
        }
        ScriptEvent::Down(ScriptResult::Signalled(signal)) => {
            format!("VRRP_Script({name}) failed (due to signal {signal})")
        }
        ScriptEvent::Down(ScriptResult::TimedOut) => format!("VRRP_Script({name}) timed_out"),
        ScriptEvent::Down(ScriptResult::NotStarted) => {
            format!("VRRP_Script({name}) failed (unable to start)")
        }
    })
}

fn announcement(address: IpAddr) -> &'static str {
    match address {
        IpAddr::V4(_) => "gratuitous ARP",
        IpAddr::V6(_) => "unsolicited Neighbour Advert",
    }
}

/// An address line as the reference prints it; `device` is where it is.
fn address_line(address: &Address, device: &str) -> String {
    let mut text = format!("{}/{}", address.network.ip, address.network.prefix);
    if let Some(peer) = address.peer {
        let _ = write!(text, " peer {}/{}", peer.ip, peer.prefix);
    }
    if let Some(Broadcast::Address(broadcast)) = address.broadcast {
        let _ = write!(text, " brd {broadcast}");
    }
    let _ = write!(text, " dev {device}");
    if let Some(label) = &address.label {
        let _ = write!(text, " label {label}");
    }
    text
}

fn rule_line(rule: &Rule) -> String {
    let mut text = String::new();
    for (word, network) in [("from", &rule.from), ("to", &rule.to)] {
        if let Some(Network { ip, prefix }) = network {
            let _ = write!(text, " {word} {ip}/{prefix}");
        }
    }
    text
}

fn number(version: Version) -> u8 {
    match version {
        Version::V2 => 2,
        Version::V3 => 3,
    }
}

fn seconds(time: Duration) -> String {
    format!("{}.{:06}", time.as_secs(), time.subsec_micros())
}

#[cfg(test)]
mod tests {
    use super::*;
    use locum_vrrp::identity::InstanceId;

    fn text(event: InstanceEvent) -> String {
        let event = Event::Instance {
            id: InstanceId(0),
            name: "VI_1".into(),
            event,
        };
        lines(&event).remove(0).text
    }

    #[test]
    fn events_are_worded_as_recorded() {
        let source = IpAddr::from([192, 0, 2, 12]);
        assert_eq!(
            text(InstanceEvent::LowerPriority {
                source,
                theirs: 90,
                ours: 100,
                answered: true
            }),
            "(VI_1) Received advert from 192.0.2.12 with lower priority 90, ours 100, forcing new election"
        );
        assert_eq!(
            text(InstanceEvent::PreemptDelayStarted {
                delay: Duration::from_secs(4)
            }),
            "(VI_1) start preempt delay (4.000000)"
        );
        assert_eq!(
            text(InstanceEvent::SendFailed { errno: 101 }),
            "(VI_1): send advert error 101 (Network is unreachable)"
        );
        let spi = Rejection::Spi {
            received: 0x0102_0304,
            expected: 0xc000_020c,
        };
        assert_eq!(
            text(InstanceEvent::Rejected(spi)),
            "IPSEC AH : invalid IPSEC SPI value. 201457856 and expect 67305985"
        );
        assert_eq!(
            lines(&Event::TimerLate(Duration::from_micros(3_292_760)))[0].text,
            "A thread timer expired 3.292760 seconds ago"
        );
    }
}
