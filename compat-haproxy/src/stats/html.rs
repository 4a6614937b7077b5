//! The statistics page as HTML: the reference's tables, titles and colours; scripts that scrape it find the same cells.

use std::fmt::Write;

use locum_model::proxy::{Mode, StatsPage};
use locum_runtime::{
    live::FrontendState,
    plan::Proxy,
    server::Operational,
    stats::{self, BackendRow, FrontendRow, Level, ListenerRow, Process, Row, ServerRow},
};

use super::{
    check_description, check_details, check_word,
    columns::Selection,
    frontend_status,
    page::{PageView, Wish},
    server_status, short_time,
};
use crate::version::{DATE, VERSION};

/// The look: the reference's class names and colours of states.
const STYLE: &str = include_str!("page.css");

/// The titles over each proxy's rows.
const TITLES: &str = "<tr class=\"titre\"><th rowspan=2></th><th colspan=3>Queue</th>\
<th colspan=3>Session rate</th><th colspan=6>Sessions</th><th colspan=2>Bytes</th><th colspan=2>Denied</th>\
<th colspan=3>Errors</th><th colspan=2>Warnings</th><th colspan=9>Server</th></tr>\n\
<tr class=\"titre\"><th>Cur</th><th>Max</th><th>Limit</th><th>Cur</th><th>Max</th><th>Limit</th><th>Cur</th>\
<th>Max</th><th>Limit</th><th>Total</th><th>LbTot</th><th>Last</th><th>In</th><th>Out</th><th>Req</th><th>Resp</th>\
<th>Req</th><th>Conn</th><th>Resp</th><th>Retr</th><th>Redis</th><th>Status</th><th>LastChk</th><th>Wght</th>\
<th>Act</th><th>Bck</th><th>Chk</th><th>Dwn</th><th>Dwntme</th><th>Thrtle</th>\n</tr>";

/// What the colours mean: class and text of each field of the legend, two a line where there are two.
const LEGEND: &[&[(&str, &str, bool)]] = &[
    &[
        ("active_up", "active UP", false),
        ("backup_up", "backup UP", false),
    ],
    &[
        ("active_going_down", "active UP, going down", false),
        ("backup_going_down", "backup UP, going down", false),
    ],
    &[
        ("active_going_up", "active DOWN, going up", false),
        ("backup_going_up", "backup DOWN, going up", false),
    ],
    &[
        ("active_down", "active or backup DOWN &nbsp;", false),
        ("active_no_check", "not checked", false),
    ],
    &[(
        "maintain",
        "active or backup DOWN for maintenance (MAINT) &nbsp;",
        true,
    )],
    &[(
        "active_draining",
        "active or backup SOFT STOPPED for maintenance &nbsp;",
        true,
    )],
];

/// The whole page.
pub fn page(
    view: PageView<'_>,
    page: &StatsPage,
    wish: &Wish,
    selection: Selection,
    shown: impl Fn(&Proxy) -> bool,
) -> String {
    let process = Process::of(view.plan, view.live, view.now);
    let mut out = String::with_capacity(16384);
    head(page, &process, &mut out);
    summary(page, wish, &process, &mut out);
    for proxy in view.plan.proxies.iter().filter(|proxy| shown(proxy)) {
        table(view, proxy, selection, &mut out);
    }
    out.push_str("</body></html>\n");
    out
}

/// Writing to a string can't fail.
macro_rules! put {
    ($out:expr, $($piece:tt)*) => {{
        let _ = write!($out, $($piece)*);
    }};
}

/// Text of the configuration, made harmless.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            c => out.push(c),
        }
    }
    out
}

fn head(page: &StatsPage, process: &Process, out: &mut String) {
    let node = match &page.show_node {
        Some(name) if !name.is_empty() => format!(" on {}", escape(name)),
        Some(_) => format!(" on {}", escape(&process.node)),
        None => String::new(),
    };
    let description = page.show_desc.as_deref().map_or(String::new(), |text| {
        let own = process.description.as_deref().unwrap_or_default();
        format!(": {}", escape(if text.is_empty() { own } else { text }))
    });
    let version = if page.hide_version {
        String::new()
    } else {
        format!(" version {VERSION}, released {DATE}")
    };
    put!(
        out,
        "<!DOCTYPE HTML PUBLIC \"-//W3C//DTD HTML 4.01 Transitional//EN\"\n\
         \"http://www.w3.org/TR/html4/loose.dtd\">\n\
         <html><head><title>Statistics Report for HAProxy{node}</title>\n\
         <link rel=\"icon\" href=\"data:,\">\n\
         <meta http-equiv=\"content-type\" content=\"text/html; charset=iso-8859-1\">\n\
         <style type=\"text/css\"><!--\n{STYLE}-->\n</style></head>\n\
         <body><h1><a href=\"http://www.haproxy.org/\" style=\"text-decoration: none;\">HAProxy{version}</a></h1>\n\
         <h2>Statistics Report for pid {pid}{node}{description}</h2>\n\
         <hr width=\"100%\" class=\"hr\">\n",
        pid = process.pid
    );
}

fn summary(page: &StatsPage, wish: &Wish, process: &Process, out: &mut String) {
    let p = process;
    let uptime = p.uptime.as_secs();
    put!(
        out,
        "<h3>&gt; General process information</h3>\n\
         <table border=0><tr><td align=\"left\" nowrap width=\"1%\">\n\
         <p><b>pid = </b> {pid} (process #1, nbproc = 1, nbthread = {threads})<br>\n\
         <b>uptime = </b> {days}d {hours}h{minutes:02}m{seconds:02}s<br>\n\
         <b>system limits:</b> memmax = unlimited; ulimit-n = {limit}<br>\n\
         <b>maxsock = </b> {files}; <b>maxconn = </b> {maxconn}; <b>maxpipes = </b> {pipes}<br>\n\
         current conns = {conns}; current pipes = 0/0; conn rate = {rate}/sec; bit rate = 0.000 kbps<br>\n\
         Running tasks: 0/{tasks}; idle = 100 %<br>\n\
         </td><td align=\"center\" nowrap>\n<table class=\"lgd\">",
        pid = p.pid,
        threads = p.threads,
        days = uptime / 86400,
        hours = uptime % 86400 / 3600,
        minutes = uptime % 3600 / 60,
        seconds = uptime % 60,
        limit = p.descriptor_limit,
        files = p.descriptors,
        pipes = p.pipes,
        maxconn = p.connections.limit.unwrap_or(0),
        conns = p.connections.now,
        rate = p.connection_rate.now,
        tasks = p.connections.now + p.listeners as u64,
    );
    for line in LEGEND {
        out.push_str("<tr>\n");
        for (class, text, wide) in *line {
            let span = if *wide { " colspan=\"3\"" } else { "" };
            put!(
                out,
                "<td class=\"{class}\">&nbsp;</td><td class=\"noborder\"{span}>{text} </td>"
            );
        }
        out.push_str("</tr>");
    }
    out.push_str("</table>\nNote: \"NOLB\"/\"DRAIN\" = UP with load-balancing disabled.</td>");
    links(page, wish, out);
}

fn links(page: &StatsPage, wish: &Wish, out: &mut String) {
    let uri = escape(&String::from_utf8_lossy(&page.uri));
    let refresh = if wish.no_refresh { ";norefresh" } else { "" };
    let up = if wish.only_up { ";up" } else { "" };
    let scope = if wish.scope.is_empty() {
        String::new()
    } else {
        format!("?scope={}", escape(&wish.scope))
    };
    put!(
        out,
        "<td align=\"left\" valign=\"top\" nowrap width=\"1%\"><b>Display option:</b>\
         <ul style=\"margin-top: 0.25em;\"><li><form method=\"GET\">Scope : <input value=\"{}\" name=\"scope\" \
         size=\"8\" maxlength=\"20\" tabindex=\"1\"/></form>\n",
        escape(&wish.scope)
    );
    let mut link = |words: &str, text: &str| {
        put!(out, "<li><a href=\"{uri}{words}{scope}\">{text}</a><br>\n");
    };
    if wish.only_up {
        link(refresh, "Show all servers");
    } else {
        link(&format!(";up{refresh}"), "Hide 'DOWN' servers");
    }
    if page.refresh.is_some() {
        if wish.no_refresh {
            link(up, "Enable refresh");
        } else {
            link(&format!("{up};norefresh"), "Disable refresh");
        }
    }
    link(&format!("{up}{refresh}"), "Refresh now");
    let still = if page.refresh.is_some() {
        ";norefresh"
    } else {
        ""
    };
    link(&format!(";csv{still}"), "CSV export");
    put!(
        out,
        "<li><a href=\"{uri};json{still}{scope}\">JSON export</a> (<a href=\"{uri};json-schema\">schema</a>)<br>\n"
    );
    out.push_str(
        "</ul></td><td align=\"left\" valign=\"top\" nowrap width=\"1%\"><b>External resources:</b>\
         <ul style=\"margin-top: 0.25em;\">\n<li><a href=\"http://www.haproxy.org/\">Primary site</a><br>\n\
         <li><a href=\"http://www.haproxy.org/#docs\">Online manual</a><br>\n</ul></td></tr></table>\n",
    );
}

fn table(view: PageView<'_>, proxy: &Proxy, selection: Selection, out: &mut String) {
    let name = escape(&proxy.name);
    put!(
        out,
        "<table class=\"tbl\" width=\"100%\">\n<tr class=\"titre\"><th class=\"pxname\" width=\"10%\">\
         <a name=\"{name}\"></a><a class=px href=\"#{name}\">{name}</a></th>\
         <th class=\"empty\" width=\"90%\"></th></tr>\n</table>\n\
         <table class=\"tbl\" width=\"100%\">\n{TITLES}"
    );
    for row in stats::rows(view.plan, view.live, proxy, view.now) {
        if !selection.wants(&row) {
            continue;
        }
        match &row {
            Row::Frontend(row) => frontend(row, &name, out),
            Row::Listener(row) => listener(row, &name, out),
            Row::Server(row) => server(row, &name, out),
            Row::Backend(row) => backend(row, &name, out),
        }
    }
    out.push_str("</table><p>\n");
}

/// The first cell: the row's name as a link to itself.
fn name_cell(proxy: &str, place: &str, text: &str, out: &mut String) {
    put!(
        out,
        "<td class=ac><a name=\"{proxy}/{place}\"></a><a class=lfsb href=\"#{proxy}/{place}\">{text}</a></td>"
    );
}

fn cell(text: impl std::fmt::Display, out: &mut String) {
    put!(out, "<td>{text}</td>");
}

fn centred(text: impl std::fmt::Display, out: &mut String) {
    put!(out, "<td class=ac>{text}</td>");
}

/// A cell with a table that shows under the pointer.
fn cell_with_tips(text: impl std::fmt::Display, tips: &[(&str, String)], out: &mut String) {
    put!(out, "<td><u>{text}<div class=tips><table class=det>");
    for (name, value) in tips {
        put!(out, "<tr><th>{name}:</th><td>{value}</td></tr>");
    }
    out.push_str("</table></div></u></td>");
}

/// A number in groups of three, told apart by space.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        let left = digits.len() - at;
        if left > 1 && left % 3 == 1 {
            put!(out, "<span class=\"rls\">{digit}</span>");
        } else {
            out.push(digit);
        }
    }
    out
}

fn limit(level: Level) -> String {
    level.limit.map_or("-".into(), grouped)
}

fn since(age: Option<u64>) -> String {
    age.map_or("?".into(), |age| {
        short_time(std::time::Duration::from_secs(age))
    })
}

const CLASSES: [&str; 6] = ["1xx", "2xx", "3xx", "4xx", "5xx", "other"];

fn frontend(row: &FrontendRow<'_>, proxy: &str, out: &mut String) {
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
    cell(grouped(row.sum(|c| &c.bytes_in)), out);
    cell(grouped(row.sum(|c| &c.bytes_out)), out);
    cell(grouped(row.sum(|c| &c.denied_requests)), out);
    cell(grouped(row.sum(|c| &c.denied_responses)), out);
    cell(grouped(row.sum(|c| &c.failed_requests)), out);
    out.push_str("<td></td><td></td><td></td><td></td>");
    centred(frontend_status(row), out);
    out.push_str("<td class=ac colspan=8></td></tr>");
}

fn response_title(class: &str) -> String {
    match class {
        "other" => "- other responses".into(),
        class => format!("- HTTP {class} responses"),
    }
}

fn listener(row: &ListenerRow<'_>, proxy: &str, out: &mut String) {
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
    cell(grouped(row.sum(|c| &c.bytes_in)), out);
    cell(grouped(row.sum(|c| &c.bytes_out)), out);
    cell(grouped(row.sum(|c| &c.denied_requests)), out);
    cell(grouped(row.sum(|c| &c.denied_responses)), out);
    cell(grouped(row.sum(|c| &c.failed_requests)), out);
    out.push_str("<td></td><td></td><td></td><td></td>");
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

fn server(row: &ServerRow<'_>, proxy: &str, out: &mut String) {
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
    let sums = Sums {
        mode: row.proxy.mode,
        sessions: row.sum(|c| &c.sessions),
        connects: row.sum(|c| &c.connects),
        reuses: row.sum(|c| &c.reuses),
        requests: row.sum(|c| &c.requests),
        statuses: std::array::from_fn(|class| row.sum(|c| &c.statuses.0[class])),
        times: row.times(),
    };
    sums.write(out);
    cell(grouped(row.sum(|c| &c.chosen)), out);
    cell(since(row.last_session), out);
    cell(grouped(row.sum(|c| &c.bytes_in)), out);
    cell(grouped(row.sum(|c| &c.bytes_out)), out);
    out.push_str("<td></td>");
    cell(grouped(row.sum(|c| &c.denied_responses)), out);
    out.push_str("<td></td>");
    cell(grouped(row.sum(|c| &c.failed_connections)), out);
    resets(
        row.sum(|c| &c.failed_responses),
        row.sum(|c| &c.client_aborts),
        row.sum(|c| &c.server_aborts),
        out,
    );
    cell(grouped(row.sum(|c| &c.retries)), out);
    cell(grouped(row.sum(|c| &c.redispatches)), out);
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

/// What the cell of totals shows for servers and backends.
struct Sums {
    mode: Mode,
    sessions: u64,
    connects: u64,
    reuses: u64,
    requests: u64,
    statuses: [u64; 6],
    times: (
        locum_runtime::live::counters::FourTimes,
        locum_runtime::live::counters::FourTimes,
    ),
}

impl Sums {
    fn write(&self, out: &mut String) {
        let share = |part: u64, of: u64| (100 * part).checked_div(of).unwrap_or(0);
        let mut tips = vec![
            ("Cum. sessions", grouped(self.sessions)),
            ("New connections", grouped(self.connects)),
            (
                "Reused connections",
                format!(
                    "{}</td><td>({}%)",
                    grouped(self.reuses),
                    share(self.reuses, self.connects + self.reuses)
                ),
            ),
        ];
        let names = CLASSES.map(response_title);
        if self.mode == Mode::Http {
            tips.push(("Cum. HTTP requests", grouped(self.requests)));
            for (name, count) in names.iter().zip(self.statuses) {
                tips.push((
                    name.as_str(),
                    format!(
                        "{}</td><td>({}%)",
                        grouped(count),
                        share(count, self.requests)
                    ),
                ));
            }
        }
        let (average, longest) = self.times;
        for (name, longest, average) in [
            ("- Queue time", longest.queue, average.queue),
            ("- Connect time", longest.connect, average.connect),
            ("- Responses time", longest.response, average.response),
            ("- Total time", longest.total, average.total),
        ] {
            tips.push((name, format!("{longest} / {average}</td><td>ms")));
        }
        cell_with_tips(grouped(self.sessions), &tips, out);
    }
}

/// Failed responses, with who broke transfers off.
fn resets(failed: u64, client: u64, server: u64, out: &mut String) {
    put!(
        out,
        "<td><u>{}<div class=tips>Connection resets during transfers: {client} client, {server} server</div></u></td>",
        grouped(failed)
    );
}

fn backend(row: &BackendRow<'_>, proxy: &str, out: &mut String) {
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
    let sums = Sums {
        mode: row.proxy.mode,
        sessions: row.sum(|c| &c.sessions),
        connects: row.sum(|c| &c.connects),
        reuses: row.sum(|c| &c.reuses),
        requests: row.sum(|c| &c.requests),
        statuses: std::array::from_fn(|class| row.sum(|c| &c.statuses.0[class])),
        times: row.times(),
    };
    sums.write(out);
    cell(grouped(row.sum(|c| &c.chosen)), out);
    cell(since(row.last_session), out);
    cell(grouped(row.sum(|c| &c.bytes_in)), out);
    cell(grouped(row.sum(|c| &c.bytes_out)), out);
    cell(grouped(row.sum(|c| &c.denied_requests)), out);
    cell(grouped(row.sum(|c| &c.denied_responses)), out);
    out.push_str("<td></td>");
    cell(grouped(row.sum(|c| &c.failed_connections)), out);
    resets(
        row.sum(|c| &c.failed_responses),
        row.sum(|c| &c.client_aborts),
        row.sum(|c| &c.server_aborts),
        out,
    );
    cell(grouped(row.sum(|c| &c.retries)), out);
    cell(grouped(row.sum(|c| &c.redispatches)), out);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_as_the_reference_groups_them() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(985), "985");
        assert_eq!(grouped(9985), "<span class=\"rls\">9</span>985");
        assert_eq!(grouped(43_200), "4<span class=\"rls\">3</span>200");
        assert_eq!(
            grouped(3_969_224),
            "<span class=\"rls\">3</span>96<span class=\"rls\">9</span>224"
        );
    }

    #[test]
    fn names_cannot_break_out_of_the_page() {
        assert_eq!(
            escape("<a href=\"x\">&"),
            "&lt;a href=&quot;x&quot;&gt;&amp;"
        );
    }
}
