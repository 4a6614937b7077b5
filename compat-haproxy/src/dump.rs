//! The state of all servers and proxies, as SIGHUP asks for it: on standard error and in the log of each proxy.

use locum_runtime::{
    live::Live,
    log::level,
    plan::{Plan, Proxy},
};

use crate::event::{Audience, Message};

/// The proxy inside the reference that makes HTTP requests of its own; operators see it in a few places.
pub const INTERNAL_PROXY: &str = "<HTTPCLIENT>";
/// The proxy of the command sockets; it logs nowhere.
pub const COMMAND_PROXY: &str = "GLOBAL";
/// Servers of [`INTERNAL_PROXY`].
const INTERNAL_SERVERS: [&str; 2] = ["<HTTPCLIENT>", "<HTTPSCLIENT>"];

/// The first line on standard error.
pub const TITLE: &str = "SIGHUP received, dumping servers states.";

/// One line of the state.
pub enum Line {
    /// For the log only.
    Log(Message),
    /// For the log and standard error.
    Both(Message),
}

/// The lines of all proxies.
pub fn lines(plan: &Plan, live: &Live) -> Vec<Line> {
    let mut lines = Vec::new();
    if !plan.global.stats_sockets.is_empty() {
        lines.push(Line::Both(command_proxy_line(live)));
    }
    for proxy in &plan.proxies {
        proxy_lines(proxy, live, &mut lines);
    }
    internal_proxy_lines(&mut lines);
    lines
}

fn title(name: &str) -> String {
    format!("SIGHUP received, dumping servers states for proxy {name}.")
}

fn notice(audience: Audience, text: String) -> Message {
    Message::warning_to(audience, level::NOTICE, text)
}

fn proxy_lines(proxy: &Proxy, live: &Live, lines: &mut Vec<Line>) {
    let state = live.proxy(proxy.id);
    let audience = Audience::Proxy(proxy.id);
    let name = &proxy.name;
    lines.push(Line::Log(notice(audience, title(name))));
    let servers = proxy.backend.iter().flat_map(|backend| &backend.servers);
    if let Some(farm) = &state.farm {
        for (place, server) in servers.enumerate() {
            let (Some(served), Some(traffic)) = (farm.servers.get(place), state.servers.get(place))
            else {
                continue;
            };
            let up = if served.is_up() { "UP" } else { "DOWN" };
            let text = format!(
                "SIGHUP: Server {name}/{} is {up}. Conn: {} act, {} pend, {} tot.",
                server.name,
                served.served(),
                served.queued(),
                traffic.counters.sum(|c| &c.sessions),
            );
            lines.push(Line::Both(notice(audience, text)));
        }
    }
    let (streams, unassigned, waiting) = state.farm.as_ref().map_or((0, 0, 0), |farm| {
        let unassigned = farm.queued().0;
        let assigned: u32 = farm.servers.iter().map(|server| server.queued()).sum();
        (farm.load().0, unassigned, unassigned + assigned)
    });
    let load = format!(
        "Conn: act(FE+BE): {}+{streams}, {waiting} pend ({unassigned} unass), tot(FE+BE): {}+{}.",
        state.clients.now(),
        state.frontend.sum(|c| &c.sessions),
        state.backend.sum(|c| &c.sessions),
    );
    let text = format!("SIGHUP: Proxy {name} {} {load}", availability(proxy, live));
    lines.push(Line::Both(notice(audience, text)));
}

fn availability(proxy: &Proxy, live: &Live) -> String {
    let has_servers = proxy
        .backend
        .as_ref()
        .is_some_and(|backend| !backend.servers.is_empty());
    if !has_servers {
        return "has no servers.".into();
    }
    let (active, backup) = live
        .proxy(proxy.id)
        .farm
        .as_ref()
        .map_or((0, 0), |f| f.usable());
    match (active, backup) {
        (0, 0) => "has no server available !".into(),
        (0, _) => "is running on backup servers !".into(),
        (active, backup) => {
            format!("has {active} active servers and {backup} backup servers available.")
        }
    }
}

fn command_proxy_line(live: &Live) -> Message {
    let (now, all) = (live.command_clients.now(), live.commands.value());
    let text = format!(
        "SIGHUP: Proxy {COMMAND_PROXY} has no servers. Conn: act(FE+BE): {now}+{now}, 0 pend (0 unass), tot(FE+BE): {all}+{all}."
    );
    notice(Audience::Nobody, text)
}

fn internal_proxy_lines(lines: &mut Vec<Line>) {
    let audience = Audience::Global;
    lines.push(Line::Log(notice(audience, title(INTERNAL_PROXY))));
    for server in INTERNAL_SERVERS {
        let text =
            format!("SIGHUP: Server {INTERNAL_PROXY}/{server} is UP. Conn: 0 act, 0 pend, 0 tot.");
        lines.push(Line::Both(notice(audience, text)));
    }
    let text = format!(
        "SIGHUP: Proxy {INTERNAL_PROXY} has no server available ! Conn: act(FE+BE): 0+0, 0 pend (0 unass), tot(FE+BE): 0+0."
    );
    lines.push(Line::Both(notice(audience, text)));
}
