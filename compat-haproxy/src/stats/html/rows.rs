//! The rows of a proxy's table: frontend, listeners, servers, backend.

use std::fmt::Write;

use locum_model::proxy::Mode;
use locum_runtime::{
    live::{
        FrontendState,
        counters::{BackendCounters, Counter, FourTimes, FrontendCounters, Sharded},
    },
    server::Operational,
    stats::{BackendRow, FrontendRow, ListenerRow, ServerRow},
};

use super::{cell, cell_with_tips, centred, escape, grouped, limit, name_cell, since};
use crate::stats::{
    check_description, check_details, check_word, frontend_status, server_status, short_time,
};

const CLASSES: [&str; 6] = ["1xx", "2xx", "3xx", "4xx", "5xx", "other"];

pub(super) fn frontend(row: &FrontendRow<'_>, proxy: &str, out: &mut String) {
    out.push_str("<tr class=\"frontend\">");
    name_cell(proxy, "Frontend", "Frontend", out);
    out.push_str("<td colspan=3></td>");
    let rates = |c: u64, s: u64, r: u64, which: &str| {
        [
            (format!("{which} connection rate"), format!("{c}/s")),
            (format!("{which} session rate"), format!("{s}/s")),
            (format!("{which} request rate"), format!("{r}/s")),
        ]
    };
    for (which, c, s, r) in [
        (
            "Current",
            row.connection_rate.now,
            row.session_rate.now,
            row.request_rate.now,
        ),
        (
            "Max",
            row.connection_rate.max,
            row.session_rate.max,
            row.request_rate.max,
        ),
    ] {
        let rates = rates(c, s, r, which);
        let tips: Vec<_> = rates
            .iter()
            .map(|(name, value)| (name.as_str(), value.clone()))
            .collect();
        cell_with_tips(grouped(s), &tips, out);
    }
    cell(
        row.frontend
            .rate_limit_sessions
            .map_or("-".into(), |n| grouped(n.into())),
        out,
    );
    cell(grouped(row.sessions.now), out);
    cell(grouped(row.sessions.max), out);
    cell(limit(row.sessions), out);
    let mut tips = vec![
        ("Cum. connections", grouped(row.sum(|c| &c.connections))),
        ("Cum. sessions", grouped(row.sum(|c| &c.sessions))),
    ];
    let names = CLASSES.map(response_title);
    if row.proxy.mode == Mode::Http {
        tips.push(("Cum. HTTP requests", grouped(row.sum(|c| &c.requests))));
        for (class, name) in names.iter().enumerate() {
            tips.push((name.as_str(), grouped(row.sum(|c| &c.statuses.0[class]))));
        }
        tips.push(("Intercepted requests", grouped(row.sum(|c| &c.intercepted))));
        tips.push((
            "Failed hdr rewrites",
            grouped(row.sum(|c| &c.failed_rewrites)),
        ));
        tips.push(("Internal errors", grouped(row.sum(|c| &c.internal_errors))));
    }
    cell_with_tips(grouped(row.sum(|c| &c.sessions)), &tips, out);
    out.push_str("<td></td><td></td>");
    received(row.counters, out);
    centred(frontend_status(row), out);
    out.push_str("<td class=ac colspan=8></td></tr>");
}

fn response_title(class: &str) -> String {
    match class {
        "other" => "- other responses".into(),
        class => format!("- HTTP {class} responses"),
    }
}

pub(super) fn listener(row: &ListenerRow<'_>, proxy: &str, out: &mut String) {
    let name = row
        .listener
        .bind
        .name
        .as_deref()
        .map_or_else(|| format!("sock-{}", row.place), escape);
    out.push_str("<tr class=socket>");
    name_cell(proxy, &format!("+{name}"), &name, out);
    out.push_str("<td colspan=3></td><td colspan=3>&nbsp;</td>");
    cell(grouped(row.sessions.now), out);
    cell(grouped(row.sessions.max), out);
    cell(grouped(row.sessions.limit.unwrap_or(0)), out);
    cell(grouped(row.sum(|c| &c.sessions)), out);
    out.push_str("<td>&nbsp;</td><td>&nbsp;</td>");
    received(row.counters, out);
    centred(
        if row.state == FrontendState::Open {
            "OPEN"
        } else {
            "WAITING"
        },
        out,
    );
    out.push_str("<td class=ac colspan=8></td></tr>");
}

/// The row's class, which is its colour.
fn server_class(row: &ServerRow<'_>) -> String {
    let state = row.state;
    if state.admin().is_maint() {
        return "maintain".into();
    }
    let kind = if state.rules.backup {
        "backup"
    } else {
        "active"
    };
    let full = row.health.progress().0 == row.health.progress().1;
    let colour = if state.admin().is_drain() || (state.is_up() && state.user_weight() == 0) {
        "draining"
    } else if !state.rules.checked && row.server.settings.track.is_none() {
        "no_check"
    } else {
        match state.operational() {
            Operational::Stopped if row.health.value() > 0 => "going_up",
            Operational::Stopped => "down",
            Operational::Stopping => "nolb",
            _ if full => "up",
            _ => "going_down",
        }
    };
    format!("{kind}_{colour}")
}

pub(super) fn server(row: &ServerRow<'_>, proxy: &str, out: &mut String) {
    let name = escape(&row.server.name);
    put!(out, "<tr class=\"{}\">", server_class(row));
    name_cell(proxy, &name, &name, out);
    cell(grouped(row.queue.now), out);
    cell(grouped(row.queue.max), out);
    cell(limit(row.queue), out);
    cell(grouped(row.rate.now), out);
    cell(grouped(row.rate.max), out);
    out.push_str("<td></td>");
    let tips = [
        ("Current active connections", grouped(row.sessions.now)),
        ("Current used connections", grouped(row.idle.used)),
        (
            "Current idle connections",
            grouped(row.idle.fresh + row.idle.safe),
        ),
        ("- unsafe", grouped(row.idle.fresh)),
        ("- safe", grouped(row.idle.safe)),
        ("Active connections limit", limit(row.sessions)),
    ];
    cell_with_tips(grouped(row.sessions.now), &tips, out);
    cell(grouped(row.sessions.max), out);
    cell(limit(row.sessions), out);
    traffic(
        row.proxy.mode,
        row.counters,
        row.times(),
        row.last_session,
        false,
        out,
    );
    server_state(row, out);
    out.push_str("</tr>\n");
}

/// The last nine cells of a server.
fn server_state(row: &ServerRow<'_>, out: &mut String) {
    let status = server_status(row);
    if status == "no check" {
        centred("<i>no check</i>", out);
    } else {
        centred(
            format_args!("{} {}", short_time(row.since_change), escape(&status)),
            out,
        );
    }
    match row.last_check() {
        Some(check) if !row.state.admin().is_maint() => {
            let code = check.code.map_or(String::new(), |code| format!("/{code}"));
            let running = if row.health.running { "* " } else { "" };
            let details = check_details(check);
            let more = if details.is_empty() {
                String::new()
            } else {
                format!(": {}", escape(&details))
            };
            let time = match row.health.last_at {
                Some(_) => format!(" in {}ms", check.duration.as_millis()),
                None => String::new(),
            };
            centred(
                format_args!(
                    "<u> {running}{}{code}{time}<div class=tips>{}{more}</div></u>",
                    check_word(check.status),
                    check_description(check.status)
                ),
                out,
            );
        }
        _ => out.push_str("<td></td>"),
    }
    centred(
        format_args!(
            "{}/{}",
            row.state.user_weight(),
            row.state.rules.initial_weight
        ),
        out,
    );
    let backup = row.state.rules.backup;
    centred(if backup { "-" } else { "Y" }, out);
    centred(if backup { "Y" } else { "-" }, out);
    if row.state.rules.checked {
        put!(
            out,
            "<td><u>{}<div class=tips>Failed Health Checks</div></u></td>",
            row.health.failed_checks
        );
        cell(row.health.times_down, out);
        cell(short_time(row.downtime), out);
    } else {
        out.push_str("<td colspan=3></td>");
    }
    centred(
        row.state
            .throttle()
            .map_or("-".into(), |percent| format!("{percent} %")),
        out,
    );
}

/// What a listening side received: bytes and refusals.
fn received(counters: &Sharded<FrontendCounters>, out: &mut String) {
    let counted: [fn(&FrontendCounters) -> &Counter; 5] = [
        |c| &c.bytes_in,
        |c| &c.bytes_out,
        |c| &c.denied_requests,
        |c| &c.denied_responses,
        |c| &c.failed_requests,
    ];
    for counter in counted {
        cell(grouped(counters.sum(counter)), out);
    }
    out.push_str("<td></td><td></td><td></td><td></td>");
}

/// From the totals to the redispatches: a server's cells, or a backend's, which alone counts denied requests.
fn traffic(
    mode: Mode,
    counters: &Sharded<BackendCounters>,
    times: (FourTimes, FourTimes),
    last_session: Option<u64>,
    of_backend: bool,
    out: &mut String,
) {
    totals(mode, counters, times, out);
    cell(grouped(counters.sum(|c| &c.chosen)), out);
    cell(since(last_session), out);
    cell(grouped(counters.sum(|c| &c.bytes_in)), out);
    cell(grouped(counters.sum(|c| &c.bytes_out)), out);
    if of_backend {
        cell(grouped(counters.sum(|c| &c.denied_requests)), out);
    } else {
        out.push_str("<td></td>");
    }
    cell(grouped(counters.sum(|c| &c.denied_responses)), out);
    out.push_str("<td></td>");
    cell(grouped(counters.sum(|c| &c.failed_connections)), out);
    resets(counters, out);
    cell(grouped(counters.sum(|c| &c.retries)), out);
    cell(grouped(counters.sum(|c| &c.redispatches)), out);
}

/// All sessions, and under the pointer what became of them.
fn totals(
    mode: Mode,
    counters: &Sharded<BackendCounters>,
    (average, longest): (FourTimes, FourTimes),
    out: &mut String,
) {
    let with_share = |part: u64, of: u64| {
        let percent = (100 * part).checked_div(of).unwrap_or(0);
        format!("{}</td><td>({percent}%)", grouped(part))
    };
    let sessions = grouped(counters.sum(|c| &c.sessions));
    let (connects, reuses) = (counters.sum(|c| &c.connects), counters.sum(|c| &c.reuses));
    let mut tips = vec![
        ("Cum. sessions", sessions.clone()),
        ("New connections", grouped(connects)),
        ("Reused connections", with_share(reuses, connects + reuses)),
    ];
    let names = CLASSES.map(response_title);
    if mode == Mode::Http {
        let requests = counters.sum(|c| &c.requests);
        tips.push(("Cum. HTTP requests", grouped(requests)));
        for (class, name) in names.iter().enumerate() {
            let count = counters.sum(|c| &c.statuses.0[class]);
            tips.push((name.as_str(), with_share(count, requests)));
        }
    }
    for (name, longest, average) in [
        ("- Queue time", longest.queue, average.queue),
        ("- Connect time", longest.connect, average.connect),
        ("- Responses time", longest.response, average.response),
        ("- Total time", longest.total, average.total),
    ] {
        tips.push((name, format!("{longest} / {average}</td><td>ms")));
    }
    cell_with_tips(sessions, &tips, out);
}

/// Failed responses, with who broke transfers off.
fn resets(counters: &Sharded<BackendCounters>, out: &mut String) {
    put!(
        out,
        "<td><u>{}<div class=tips>Connection resets during transfers: {} client, {} server</div></u></td>",
        grouped(counters.sum(|c| &c.failed_responses)),
        counters.sum(|c| &c.client_aborts),
        counters.sum(|c| &c.server_aborts)
    );
}

pub(super) fn backend(row: &BackendRow<'_>, proxy: &str, out: &mut String) {
    out.push_str("<tr class=\"backend\">");
    name_cell(proxy, "Backend", "Backend", out);
    cell(grouped(row.queue.now), out);
    cell(grouped(row.queue.max), out);
    out.push_str("<td></td>");
    cell(grouped(row.rate.now), out);
    cell(grouped(row.rate.max), out);
    out.push_str("<td></td>");
    cell(grouped(row.sessions.now), out);
    cell(grouped(row.sessions.max), out);
    cell(limit(row.sessions), out);
    traffic(
        row.proxy.mode,
        row.counters,
        row.times(),
        row.last_session,
        true,
        out,
    );
    let status = if row.is_up {
        "UP"
    } else {
        "<font color=\"red\"><b>DOWN</b></font>"
    };
    centred(
        format_args!("{} {status}", short_time(row.since_change)),
        out,
    );
    centred("&nbsp;", out);
    centred(format_args!("{0}/{0}", row.weight), out);
    centred(row.usable.0, out);
    centred(row.usable.1, out);
    centred("&nbsp;", out);
    cell(row.times_down, out);
    if row.backend.servers.is_empty() {
        out.push_str("<td>&nbsp;</td>");
    } else {
        cell(short_time(row.downtime), out);
    }
    out.push_str("<td></td></tr>");
}
