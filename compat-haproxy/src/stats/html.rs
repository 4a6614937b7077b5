//! The statistics page as HTML: the reference's tables, titles and colours; scripts that scrape it find the same cells.

/// Writing to a string can't fail.
macro_rules! put {
    ($out:expr, $($piece:tt)*) => {{
        let _ = write!($out, $($piece)*);
    }};
}

mod rows;

use std::fmt::Write;

use locum_model::proxy::StatsPage;
use locum_runtime::{
    plan::Proxy,
    stats::{self, Level, Process, Row},
};

use super::{
    columns::Selection,
    page::{PageView, Wish},
    short_time,
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

/// A rate of bytes as one of bits, with its unit.
fn bit_rate(bytes_per_second: u64) -> (String, char) {
    let bits = bytes_per_second.saturating_mul(8);
    let (scale, unit) = match bits {
        0..1_000_000 => (1_000, 'k'),
        1_000_000..1_000_000_000 => (1_000_000, 'M'),
        _ => (1_000_000_000, 'G'),
    };
    let (whole, thousandths) = (bits / scale, bits % scale / (scale / 1000));
    (format!("{whole}.{thousandths:03}"), unit)
}

fn summary(page: &StatsPage, wish: &Wish, process: &Process, out: &mut String) {
    let p = process;
    let uptime = p.uptime.as_secs();
    let (bits, unit) = bit_rate(p.bytes_out_rate);
    put!(
        out,
        "<h3>&gt; General process information</h3>\n\
         <table border=0><tr><td align=\"left\" nowrap width=\"1%\">\n\
         <p><b>pid = </b> {pid} (process #1, nbproc = 1, nbthread = {threads})<br>\n\
         <b>uptime = </b> {days}d {hours}h{minutes:02}m{seconds:02}s<br>\n\
         <b>system limits:</b> memmax = unlimited; ulimit-n = {limit}<br>\n\
         <b>maxsock = </b> {files}; <b>maxconn = </b> {maxconn}; <b>maxpipes = </b> {pipes}<br>\n\
         current conns = {conns}; current pipes = 0/0; conn rate = {rate}/sec; bit rate = {bits} {unit}bps<br>\n\
         Running tasks: 0/{tasks}; idle = {idle} %<br>\n\
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
        idle = p.idle_percent,
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
            Row::Frontend(row) => rows::frontend(row, &name, out),
            Row::Listener(row) => rows::listener(row, &name, out),
            Row::Server(row) => rows::server(row, &name, out),
            Row::Backend(row) => rows::backend(row, &name, out),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_have_the_unit_that_fits() {
        assert_eq!(bit_rate(0), ("0.000".to_owned(), 'k'));
        assert_eq!(bit_rate(11_998), ("95.984".to_owned(), 'k'));
        assert_eq!(bit_rate(125_000), ("1.000".to_owned(), 'M'));
        assert_eq!(bit_rate(250_001_000), ("2.000".to_owned(), 'G'));
    }

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
