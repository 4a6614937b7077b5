//! What is checked of virtual servers when they and the whole file have been read.

use std::net::IpAddr;

use locum_model::{
    lvs::{Forwarding, Group, GroupEntry, Protocol, RealServer, Service, VirtualServer},
    script::Script,
    vrrp::Family,
};

use super::server;
use crate::{
    check::usable_script,
    load::{Kind, Pass},
};

/// At its closing brace: a real server must be of the service's family, unless a tunnel leads to it.
pub(super) fn family_fits(pass: &mut Pass<'_>, real: &RealServer) -> bool {
    let ip = real.address.value.0;
    let fits = fits(server(pass), ip, real.forwarding);
    if !fits {
        pass.error(format!("Address family of virtual server and real server {ip} don't match - skipping real server."));
    }
    fits
}

/// At the virtual server's closing brace: the same of its sorry server.
pub(super) fn sorry_family(pass: &mut Pass<'_>) {
    let Some(sorry) = server(pass).sorry_server.take() else {
        return;
    };
    let ip = sorry.address.0;
    if fits(server(pass), ip, sorry.forwarding) {
        server(pass).sorry_server = Some(sorry);
    } else {
        pass.error(format!("Address family of virtual server and sorry server {ip} don't match - skipping sorry server."));
    }
}

fn fits(server: &VirtualServer, ip: IpAddr, own: Option<Forwarding>) -> bool {
    let tunnelled = matches!(own.or(server.forwarding), Some(Forwarding::Tunnel(_)));
    let first = server.real_servers.first();
    let family = match &server.service.value {
        Service::Address(ip, _) => Some(Family::of(*ip)),
        _ => server
            .family
            .or(first.map(|real| Family::of(real.address.value.0))),
    };
    tunnelled || family.is_none_or(|family| family == Family::of(ip))
}

/// Behind the last line: what servers have not said, what doesn't go together, and whether scripts may be run.
pub(crate) fn finish(pass: &mut Pass<'_>) {
    let mut lvs = std::mem::take(&mut pass.draft.configuration.lvs);
    lvs.servers.retain(|server| match &server.service.value {
        // The reference forgets a server whose group isn't there without a word.
        Service::Group(name) => lvs.groups.iter().any(|group| group.name.value == *name),
        _ => true,
    });
    lvs.servers.retain_mut(|server| {
        let group = match &server.service.value {
            Service::Group(name) => lvs.groups.iter().find(|group| group.name.value == *name),
            _ => None,
        };
        complete(pass, server, group)
    });
    let mut used = false;
    for server in &mut lvs.servers {
        let scripts = [&mut server.quorum_up, &mut server.quorum_down];
        let real = server.real_servers.iter_mut();
        let of_real = real.flat_map(|real| {
            let checkers = real
                .checkers
                .iter_mut()
                .filter_map(|checker| checker.script_mut());
            [&mut real.notify_up, &mut real.notify_down]
                .into_iter()
                .chain(checkers)
        });
        for slot in scripts.into_iter().chain(of_real) {
            used |= keep_usable(pass, slot);
        }
    }
    pass.draft.configuration.lvs = lvs;
    if used && !pass.draft.configuration.global.script_security {
        pass.security("SECURITY VIOLATION - check scripts are being executed but script_security not enabled.");
    }
}

fn keep_usable(pass: &mut Pass<'_>, slot: &mut Option<Script>) -> bool {
    let usable = slot
        .as_mut()
        .is_some_and(|script| usable_script(pass, script));
    if !usable {
        *slot = None;
    }
    usable
}

/// Fills in what a server hasn't said; false if it is left out.
fn complete(pass: &mut Pass<'_>, server: &mut VirtualServer, group: Option<&Group>) -> bool {
    let marked = is_marked(server, group);
    if server.real_servers.is_empty() {
        warn(
            pass,
            format!(
                "Virtual server {} has no real servers - ignoring",
                name(server)
            ),
        );
        return false;
    }
    if marked {
        if server.protocol.take().is_some() {
            let name = name(server);
            warn(
                pass,
                format!(
                    "Warning: Virtual server {name}: protocol specified for fwmark - protocol will be ignored"
                ),
            );
        }
    } else if server.protocol.is_none() {
        warn(
            pass,
            format!(
                "Virtual server {}: no protocol set - defaulting to UDP",
                name(server)
            ),
        );
        server.protocol = Some(Protocol::Udp);
    }
    let name = name(server);
    if server.scheduler.is_none() {
        warn(
            pass,
            format!("Virtual server {name}: no scheduler set, setting default 'wlc'"),
        );
        server.scheduler = Some("wlc".to_owned());
    }
    if server.forwarding.is_none()
        && server
            .real_servers
            .iter()
            .any(|real| real.forwarding.is_none())
    {
        warn(
            pass,
            format!("Virtual server {name}: no forwarding method set, setting default NAT"),
        );
        server.forwarding = Some(Forwarding::Nat);
    }
    if has_zero_port(server, group) && server.persistence.timeout.is_none() {
        warn(
            pass,
            format!(
                "Virtual server {name}: zero port only valid for persistent services - setting"
            ),
        );
        server.persistence.timeout = Some(super::virtual_server::DEFAULT_PERSISTENCE);
    }
    if server.one_packet && server.protocol != Some(Protocol::Udp) && !marked {
        warn(
            pass,
            format!("Virtual server {name}: one packet scheduling requires UDP - resetting"),
        );
        server.one_packet = false;
    }
    ports(pass, server, group, &name);
    duplicates(pass, server, &name);
    quorum(pass, server, &name);
    true
}

/// A port of a server that isn't translated must be the service's.
fn ports(pass: &mut Pass<'_>, server: &mut VirtualServer, group: Option<&Group>, name: &str) {
    let protocol = protocol_name(server.protocol);
    let method = server.forwarding;
    let translated = |own: Option<Forwarding>| own.or(method) == Some(Forwarding::Nat);
    for real in &mut server.real_servers {
        let (ip, port) = real.address.value;
        if translated(real.forwarding) || port == 0 {
            continue;
        }
        match (&server.service.value, group) {
            (Service::Address(_, own), _) if *own != port => {
                warn(
                    pass,
                    format!(
                        "WARNING - virtual server {name} and real server [{ip}]:{protocol}:{port} ports don't match - resetting"
                    ),
                );
                real.address.value.1 = *own;
            }
            (Service::Mark(_), _) => {
                warn(
                    pass,
                    format!(
                        "WARNING - fwmark virtual server {name}, real server [{ip}]:{protocol}:{port} has port specified - clearing"
                    ),
                );
                real.address.value.1 = 0;
            }
            (Service::Group(_), Some(group)) => {
                for entry in &group.entries {
                    if let GroupEntry::Range {
                        first, port: own, ..
                    } = entry
                        && *own != port
                    {
                        warn(
                            pass,
                            format!(
                                "virtual server {name}:[{first},{own}] and real server [{ip}]:{protocol}:{port} ports don't match"
                            ),
                        );
                    }
                }
            }
            _ => {}
        }
    }
    if let (Service::Address(_, own), Some(sorry)) =
        (&server.service.value, &mut server.sorry_server)
        && !translated(sorry.forwarding)
        && sorry.address.1 != 0
        && sorry.address.1 != *own
    {
        warn(
            pass,
            format!(
                "WARNING - virtual server {name} and sorry server ports don't match - resetting"
            ),
        );
        sorry.address.1 = *own;
    }
}

fn duplicates(pass: &mut Pass<'_>, server: &mut VirtualServer, name: &str) {
    let protocol = protocol_name(server.protocol);
    let mut seen = Vec::new();
    server.real_servers.retain(|real| {
        let (ip, port) = real.address.value;
        let again = seen.contains(&(ip, port));
        seen.push((ip, port));
        if again {
            warn(pass, format!("VS {name}: real server [{ip}]:{protocol}:{port} is duplicated - removing second rs"));
        }
        !again
    });
}

/// The quorum can't be more than all servers weigh together, nor the hysteresis as much as the quorum.
fn quorum(pass: &mut Pass<'_>, server: &mut VirtualServer, name: &str) {
    let weights = server
        .real_servers
        .iter()
        .map(|real| real.weight.unwrap_or(server.weight));
    let total = weights.fold(0u32, u32::saturating_add);
    if server.quorum > total {
        let quorum = server.quorum;
        warn(
            pass,
            format!(
                "Warning - quorum {quorum} for {name} exceeds total weight of real servers {total}, reducing quorum to {total}"
            ),
        );
        server.quorum = total;
    }
    let (quorum, hysteresis) = (server.quorum, server.hysteresis);
    if hysteresis >= quorum {
        // With a quorum of 0 the reference's subtraction goes round; nothing depends on it.
        let told = quorum.wrapping_sub(1);
        warn(
            pass,
            format!(
                "Virtual server {name}: hysteresis {hysteresis} >= quorum {quorum}; setting hysteresis to {told}"
            ),
        );
        server.hysteresis = quorum.saturating_sub(1);
    }
}

fn warn(pass: &mut Pass<'_>, text: String) {
    pass.tell(Kind::Error, text);
}

/// Whether packets are told by their mark alone.
fn is_marked(server: &VirtualServer, group: Option<&Group>) -> bool {
    let mark = |entry: &GroupEntry| matches!(entry, GroupEntry::Mark { .. });
    match &server.service.value {
        Service::Mark(_) => true,
        Service::Group(_) => group.is_some_and(|group| group.entries.iter().all(mark)),
        Service::Address(..) => false,
    }
}

fn has_zero_port(server: &VirtualServer, group: Option<&Group>) -> bool {
    let zero = |entry: &GroupEntry| matches!(entry, GroupEntry::Range { port: 0, .. });
    match &server.service.value {
        Service::Address(_, port) => *port == 0,
        Service::Group(_) => group.is_some_and(|group| group.entries.iter().any(zero)),
        Service::Mark(_) => false,
    }
}

/// A virtual server as messages call it.
fn name(server: &VirtualServer) -> String {
    match &server.service.value {
        Service::Address(ip, port) => format!("[{ip}]:{}:{port}", protocol_name(server.protocol)),
        Service::Mark(mark) => format!("FWM {mark}"),
        Service::Group(name) => format!("[{name}]:0"),
    }
}

/// A protocol as messages call it.
pub(crate) fn protocol_name(protocol: Option<Protocol>) -> &'static str {
    match protocol {
        None => "none",
        Some(Protocol::Tcp) => "tcp",
        Some(Protocol::Udp) => "udp",
        Some(Protocol::Sctp) => "sctp",
    }
}
