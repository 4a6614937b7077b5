//! `virtual_server ADDRESS PORT | fwmark MARK | group NAME { … }`.

use std::time::Duration;

use locum_model::{
    Text,
    lvs::{Protocol, Service, SorryServer, VirtualServer},
    vrrp::Family,
};
use locum_parser::keepalived::Line;

use super::{address, finish, forwarding::forwarding, real_server, script, server, switch, timing};
use crate::{
    load::{Abort, Pass, number, value},
    row::{Row, Rows, accepted},
};

pub(super) const ROWS: Rows = &[SERVICE, SCHEDULER, QUORUM, SORRY, timing::VIRTUAL];

const SERVICE: &[Row] = &[
    accepted("alpha", |pass, _| set(pass, |server| server.alpha = true)),
    accepted("ha_suspend", |pass, _| {
        set(pass, |server| server.ha_suspend = true)
    }),
    accepted("inhibit_on_failure", |pass, _| {
        set(pass, |server| server.inhibit_on_failure = true)
    }),
    accepted("ip_family", ip_family),
    accepted("omega", |pass, _| set(pass, |server| server.omega = true)),
    accepted("persistence_engine", |pass, line| {
        let engine = pass.parameter(line, 1)?;
        set(pass, |server| server.persistence.engine = Some(engine))
    }),
    accepted("persistence_granularity", persistence_granularity),
    accepted("persistence_timeout", persistence_timeout),
    accepted("protocol", protocol),
    accepted("real_server", real_server::real_server),
    accepted("smtp_alert", |pass, line| {
        match switch(pass, line, "Invalid virtual_server smtp_alert parameter") {
            Some(on) => set(pass, |server| server.smtp_alert = Some(on)),
            None => Ok(()),
        }
    }),
    accepted("snmp_name", |pass, line| {
        match one_word(line) {
            Some(name) => server(pass).snmp_name = Some(name),
            None => pass.error("virtual server snmp_name missing or extra parameters"),
        }
        Ok(())
    }),
    accepted("virtualhost", |pass, line| {
        match first_word(line) {
            Some(host) => server(pass).virtualhost = Some(host),
            None => pass.error("virtual server virtualhost missing"),
        }
        Ok(())
    }),
    accepted("weight", weight),
];

const SCHEDULER: &[Row] = &[
    accepted("flag-1", |pass, line| flag(pass, line, 1)),
    accepted("flag-2", |pass, line| flag(pass, line, 2)),
    accepted("flag-3", |pass, line| flag(pass, line, 3)),
    accepted("hashed", |pass, line| flag(pass, line, 1)),
    accepted("lb_algo", scheduler),
    accepted("lb_kind", method),
    accepted("lvs_method", method),
    accepted("lvs_sched", scheduler),
    accepted("mh-fallback", |pass, line| flag(pass, line, 1)),
    accepted("mh-port", |pass, line| flag(pass, line, 2)),
    accepted("ops", |pass, _| {
        set(pass, |server| server.one_packet = true)
    }),
    accepted("sh-fallback", |pass, line| flag(pass, line, 1)),
    accepted("sh-port", |pass, line| flag(pass, line, 2)),
];

const QUORUM: &[Row] = &[
    accepted("hysteresis", |pass, line| {
        let text = pass.parameter(line, 1)?;
        match pass.number(number::unsigned(&text, 0, u32::MAX)) {
            Some(hysteresis) => server(pass).hysteresis = hysteresis,
            None => pass.error(format!(
                "Hysteresis {text} must be in [0, {}] - ignoring",
                u32::MAX
            )),
        }
        Ok(())
    }),
    accepted("quorum", |pass, line| {
        let text = pass.parameter(line, 1)?;
        let quorum = pass.number(number::unsigned(&text, 1, u32::MAX));
        if quorum.is_none() {
            pass.error(format!(
                "Quorum {text} must be in [1, {}]. Setting to 1.",
                u32::MAX
            ));
        }
        set(pass, |server| server.quorum = quorum.unwrap_or(1))
    }),
    accepted("quorum_down", |pass, line| {
        let given = server(pass).quorum_down.is_some();
        match script(pass, line, given)? {
            Some(script) => set(pass, |server| server.quorum_down = Some(script)),
            None => Ok(()),
        }
    }),
    accepted("quorum_up", |pass, line| {
        let given = server(pass).quorum_up.is_some();
        match script(pass, line, given)? {
            Some(script) => set(pass, |server| server.quorum_up = Some(script)),
            None => Ok(()),
        }
    }),
];

const SORRY: &[Row] = &[
    accepted("sorry_server", sorry_server),
    accepted("sorry_server_inhibit", |pass, _| {
        match &mut server(pass).sorry_server {
            Some(sorry) => sorry.inhibit = true,
            None => pass.error("Ignoring sorry_server inhibit used before or without sorry_server"),
        }
        Ok(())
    }),
    accepted("sorry_server_lvs_method", |pass, line| {
        if server(pass).sorry_server.is_none() {
            pass.error("sorry_server forwarding used without sorry_server");
            return Ok(());
        }
        let method = forwarding(pass, line, "sorry server")?;
        if let Some(sorry) = &mut server(pass).sorry_server {
            sorry.forwarding = method.or(sorry.forwarding);
        }
        Ok(())
    }),
];

/// What the kernel may know; a scheduler of its own is a module.
const SCHEDULERS: &[&str] = &[
    "dh", "fo", "lblc", "lblcr", "lc", "mh", "nq", "ovf", "rr", "sed", "sh", "twos", "wlc", "wrr",
];

/// The longest time that clients may stay with a server: 31 days.
const LONGEST_PERSISTENCE: u32 = 31 * 24 * 3600;
pub(super) const DEFAULT_PERSISTENCE: Duration = Duration::from_secs(360);

/// The largest weight.
pub(super) const HEAVIEST: u32 = i32::MAX as u32;

pub(super) fn virtual_server(pass: &mut Pass<'_>, line: &Line) -> Result<(), Abort> {
    let Some(service) = service(pass, line)? else {
        pass.skip_block();
        return Ok(());
    };
    let service = pass.located(service);
    pass.draft.lvs.server = VirtualServer {
        service,
        quorum: 1,
        weight: 1,
        ..VirtualServer::default()
    };
    pass.block(ROWS)?;
    finish::sorry_family(pass);
    let server = std::mem::take(&mut pass.draft.lvs.server);
    pass.draft.configuration.lvs.servers.push(server);
    Ok(())
}

fn service(pass: &mut Pass<'_>, line: &Line) -> Result<Option<Service>, Abort> {
    let first = pass.parameter(line, 1)?;
    match first.as_str() {
        "fwmark" => {
            let text = pass.parameter(line, 2)?;
            let mark = pass.number(number::unsigned(&text, 0, u32::MAX));
            if mark.is_none() {
                let most = u32::MAX;
                pass.error(format!(
                    "virtual server fwmark '{text}' must be in [0, {most}] - ignoring"
                ));
            }
            Ok(mark.map(Service::Mark))
        }
        "group" => Ok(Some(Service::Group(pass.parameter(line, 2)?))),
        _ => {
            let found = address(pass, line, 1)?;
            if found.is_none() {
                let port = value::word(line, 2).map_or_else(String::new, |port| format!("/{port}"));
                pass.error(format!(
                    "Invalid virtual server IP address/port {first}{port} - skipping"
                ));
            }
            Ok(found.map(|(ip, port)| Service::Address(ip, port)))
        }
    }
}

fn set(pass: &mut Pass<'_>, change: impl FnOnce(&mut VirtualServer)) -> Result<(), Abort> {
    change(server(pass));
    Ok(())
}

pub(super) fn first_word(line: &Line) -> Option<Text> {
    line.words.get(1).map(|word| Text::from(word.text.clone()))
}

pub(super) fn one_word(line: &Line) -> Option<Text> {
    first_word(line).filter(|_| line.words.len() == 2)
}

fn scheduler(pass: &mut Pass<'_>, line: &Line) -> Result<(), Abort> {
    let name = pass.parameter(line, 1)?;
    if SCHEDULERS.contains(&name.as_str()) {
        return set(pass, |server| server.scheduler = Some(name));
    }
    pass.error(format!("Invalid lvs_scheduler '{name}' - ignoring"));
    Ok(())
}

/// A flag by its bit. One named after sh or mh holds for either, which must have been given before.
fn flag(pass: &mut Pass<'_>, line: &Line, bit: u8) -> Result<(), Abort> {
    let word = value::word(line, 0).unwrap_or_default();
    let hashes = word == "hashed" || word.starts_with("sh-") || word.starts_with("mh-");
    let scheduler = server(pass).scheduler.as_deref();
    if hashes && !matches!(scheduler, Some("sh" | "mh")) {
        // The reference says sh also where it means mh.
        pass.error(format!("{word} only applies to sh scheduler - ignoring"));
        return Ok(());
    }
    set(pass, |server| {
        server.scheduler_flags.insert(bit);
    })
}

fn method(pass: &mut Pass<'_>, line: &Line) -> Result<(), Abort> {
    match forwarding(pass, line, "virtual server")? {
        Some(method) => set(pass, |server| server.forwarding = Some(method)),
        None => Ok(()),
    }
}

fn ip_family(pass: &mut Pass<'_>, line: &Line) -> Result<(), Abort> {
    let text = pass.parameter(line, 1)?;
    let family = match text.as_str() {
        "inet" => Family::Inet,
        "inet6" => Family::Inet6,
        _ => {
            pass.error(format!("unknown address family {text}"));
            return Ok(());
        }
    };
    if let Service::Address(ip, _) = server(pass).service.value
        && Family::of(ip) != family
    {
        pass.error(format!(
            "Virtual server specified family {text} conflicts with server family"
        ));
        return Ok(());
    }
    set(pass, |server| server.family = Some(family))
}

/// IPv4 takes whatever inet_aton(3) takes for a mask, IPv6 a length.
fn persistence_granularity(pass: &mut Pass<'_>, line: &Line) -> Result<(), Abort> {
    let text = pass.parameter(line, 1)?;
    let six = matches!(server(pass).service.value, Service::Address(ip, _) if ip.is_ipv6());
    let good = if six {
        pass.number(number::unsigned(&text, 1, 128)).is_some()
    } else {
        is_mask(&text)
    };
    if good {
        return set(pass, |server| server.persistence.granularity = Some(text));
    }
    let family = if six { "IPv6" } else { "IPv4" };
    pass.error(format!(
        "Invalid {family} persistence_granularity specified - {text}"
    ));
    Ok(())
}

/// One to four numbers with dots, as inet_aton(3) has it.
fn is_mask(text: &str) -> bool {
    let parts: Vec<Option<u32>> = text.split('.').map(|part| part.parse().ok()).collect();
    let (Some(Some(last)), leading) = (parts.last(), &parts[..parts.len().saturating_sub(1)])
    else {
        return false;
    };
    let most = u32::MAX
        .checked_shr(8 * u32::try_from(leading.len()).unwrap_or(4))
        .unwrap_or(0);
    leading.len() < 4
        && *last <= most
        && leading
            .iter()
            .all(|part| part.is_some_and(|part| part < 256))
}

fn persistence_timeout(pass: &mut Pass<'_>, line: &Line) -> Result<(), Abort> {
    let timeout = match value::word(line, 1) {
        None => Some(DEFAULT_PERSISTENCE),
        Some(text) => {
            let seconds = pass.number(number::unsigned(&text, 1, LONGEST_PERSISTENCE));
            seconds.map(|seconds| Duration::from_secs(seconds.into()))
        }
    };
    match timeout {
        Some(timeout) => server(pass).persistence.timeout = Some(timeout),
        None => pass.error("persistence_timeout invalid"),
    }
    Ok(())
}

fn protocol(pass: &mut Pass<'_>, line: &Line) -> Result<(), Abort> {
    let text = pass.parameter(line, 1)?;
    let protocol = match text.to_ascii_uppercase().as_str() {
        "TCP" => Protocol::Tcp,
        "UDP" => Protocol::Udp,
        "SCTP" => Protocol::Sctp,
        _ => {
            pass.error(format!("Unknown protocol {text} - ignoring"));
            return Ok(());
        }
    };
    set(pass, |server| server.protocol = Some(protocol))
}

fn weight(pass: &mut Pass<'_>, line: &Line) -> Result<(), Abort> {
    let text = pass.parameter(line, 1)?;
    match pass.number(number::unsigned(&text, 1, HEAVIEST)) {
        Some(weight) => server(pass).weight = weight,
        None => pass.error(format!(
            "Virtual server weight {text} is outside range 1-{HEAVIEST}"
        )),
    }
    Ok(())
}

fn sorry_server(pass: &mut Pass<'_>, line: &Line) -> Result<(), Abort> {
    let text = pass.parameter(line, 1)?;
    match address(pass, line, 1)? {
        Some(address) => {
            server(pass).sorry_server = Some(SorryServer {
                address,
                inhibit: false,
                forwarding: None,
            });
        }
        None => pass.error(format!("Invalid sorry server IP address {text} - skipping")),
    }
    Ok(())
}
