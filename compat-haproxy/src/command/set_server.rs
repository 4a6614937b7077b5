//! `set server <bk>/<srv> addr|health|state|weight …`.

use locum_model::{address::Address, proxy::StatsLevel};
use locum_runtime::{
    admin::{CommandDef, CommandView, Reply},
    plan::ServerId,
    server::{Admin, Cause},
};

use super::{answer, emit, farm, find_server, weight};

const USAGE: &str = "usage: set server <backend>/<server> addr | agent | agent-addr | agent-port | agent-send | \
    check-addr | check-port | fqdn | health | ssl | state | weight";

pub(super) static SET: CommandDef = CommandDef {
    words: &["set", "server"],
    usage: "set server <bk>/<srv> [opts]",
    summary: "change a server's state, weight, address or ssl",
    level: StatsLevel::Admin,
    run: |view, words| {
        answer(find_server(view, words.first()).and_then(|id| match words.get(1..) {
            Some(["weight", rest @ ..]) => weight::change(view, id, rest.first()),
            Some(["state", rest @ ..]) => state(view, id, rest),
            Some(["health", rest @ ..]) => health(view, id, rest),
            Some(["addr", rest @ ..]) => address(view, id, rest),
            Some(["agent", ..]) => {
                Err(Reply::line("agent checks are not enabled on this server."))
            }
            Some(["fqdn", ..]) => Err(Reply::line(
                "set server <b>/<s> fqdn failed because no resolution is configured.",
            )),
            Some(["ssl", ..]) => Err(Reply::line(
                "'set server <srv> ssl' cannot be set.  default-server should define ssl settings",
            )),
            _ => Err(Reply::line(USAGE)),
        }))
    },
};

fn state(view: &CommandView<'_>, id: ServerId, words: &[&str]) -> Result<Reply, Reply> {
    let forced = Admin::FORCED_MAINT | Admin::FORCED_DRAIN;
    let (add, remove) = match words.first() {
        Some(&"ready") => (Admin::empty(), forced | Admin::CONFIGURED_MAINT),
        Some(&"drain") => (
            Admin::FORCED_DRAIN,
            Admin::FORCED_MAINT | Admin::CONFIGURED_MAINT,
        ),
        Some(&"maint") => (Admin::FORCED_MAINT, Admin::FORCED_DRAIN),
        _ => {
            return Err(Reply::line(
                "'set server <srv> state' expects 'ready', 'drain' and 'maint'.",
            ));
        }
    };
    let farm = farm(view, id)?;
    let events = farm.set_admin(
        view.now.instant,
        id.index,
        add,
        remove,
        Cause::Administration,
    );
    emit(view, id.backend, events);
    Ok(Reply::done())
}

fn health(view: &CommandView<'_>, id: ServerId, words: &[&str]) -> Result<Reply, Reply> {
    let up = match words.first() {
        Some(&"up") => true,
        Some(&"down") => false,
        _ => {
            return Err(Reply::line(
                "'set server <srv> health' expects 'up', 'stopping', or 'down'.",
            ));
        }
    };
    let farm = farm(view, id)?;
    emit(
        view,
        id.backend,
        farm.force_health(view.now.instant, id.index, up),
    );
    Ok(Reply::done())
}

fn address(view: &CommandView<'_>, id: ServerId, words: &[&str]) -> Result<Reply, Reply> {
    const BY: &str = " by 'stats socket command'";
    let Some(given) = words.first() else {
        return Err(Reply::line(
            "set server <b>/<s> addr requires an address and optionally a port.",
        ));
    };
    let Ok(ip) = given.parse::<std::net::IpAddr>() else {
        return Err(Reply::line(format!("Invalid addr '{given}'{BY}")));
    };
    let server = &farm(view, id)?.servers[id.index as usize];
    let Address::Ip {
        ip: old_ip,
        port: old_port,
    } = *server.address()
    else {
        return Err(Reply::line(format!(
            "Update for the current server address family is only supported through configuration file.{BY}"
        )));
    };
    let port = match words.get(1..3) {
        Some(["port", port]) => match port.parse::<u16>() {
            Ok(port) => Some(port),
            Err(_) => {
                return Err(Reply::line(format!(
                    "no need to change the addr, problem converting port '{port}' to an int{BY}"
                )));
            }
        },
        _ => None,
    };
    let mut changes = Vec::new();
    if ip != old_ip {
        changes.push(format!("IP changed from '{old_ip}' to '{ip}'"));
    }
    match port {
        Some(port) if port != old_port => {
            changes.push(format!("port changed from '{old_port}' to '{port}'"));
        }
        _ => {}
    }
    if changes.is_empty() {
        let ports = if port.is_some() {
            ", no need to change the port"
        } else {
            ""
        };
        return Ok(Reply::line(format!(
            "no need to change the addr{ports}{BY}"
        )));
    }
    server.set_address(Address::Ip {
        ip,
        port: port.unwrap_or(old_port),
    });
    Ok(Reply::line(format!("{}{BY}", changes.join(", "))))
}
