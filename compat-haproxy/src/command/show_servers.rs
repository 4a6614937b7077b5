//! `show servers state` and `show servers conn`: servers as a successor, or a person, reads them.

use std::fmt::Write;

use locum_model::{address::Address, proxy::StatsLevel};
use locum_runtime::{
    admin::{CommandDef, CommandView, Reply},
    check::{CheckStatus, Verdict},
    plan::Proxy,
    stats::{self, Row, ServerRow},
};

pub(super) static STATE: CommandDef = CommandDef {
    words: &["show", "servers", "state"],
    usage: "show servers state [<backend>]",
    summary: "dump volatile server information (all or for a single backend)",
    level: StatsLevel::User,
    run: |view, words| {
        let Some(proxies) = chosen(view, words) else {
            return Reply::line("Can't find backend.");
        };
        let mut out = String::from(
            "1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight \
             srv_time_since_last_change srv_check_status srv_check_result srv_check_health srv_check_state \
             srv_agent_state bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord srv_use_ssl srv_check_port \
             srv_check_addr srv_agent_addr srv_agent_port\n",
        );
        each_server(view, &proxies, |row| state_line(row, &mut out));
        Reply::Text(out)
    },
};

pub(super) static CONN: CommandDef = CommandDef {
    words: &["show", "servers", "conn"],
    usage: "show servers conn [<backend>]",
    summary: "dump server connections status (all or for a single backend)",
    level: StatsLevel::User,
    run: |view, words| {
        let Some(proxies) = chosen(view, words) else {
            return Reply::line("Can't find backend.");
        };
        let threads = view.plan.threads;
        let mut out = format!(
            "# bkname/svname bkid/svid addr port - purge_delay used_cur used_max need_est unsafe_nb safe_nb idle_lim \
             idle_cur idle_per_thr[{threads}]\n"
        );
        each_server(view, &proxies, |row| conn_line(view, row, &mut out));
        Reply::Text(out)
    },
};

/// The backends asked for: all, or the one named.
fn chosen<'a>(view: &CommandView<'a>, words: &[&str]) -> Option<Vec<&'a Proxy>> {
    let mut backends = view.plan.proxies.iter().filter(|p| p.backend.is_some());
    match words.first() {
        None => Some(backends.collect()),
        Some(name) => Some(vec![backends.find(|proxy| *proxy.name == **name)?]),
    }
}

fn each_server(view: &CommandView<'_>, proxies: &[&Proxy], mut each: impl FnMut(&ServerRow<'_>)) {
    for proxy in proxies {
        for row in stats::rows(view.plan, view.live, proxy, view.now) {
            if let Row::Server(row) = row {
                each(&row);
            }
        }
    }
}

fn address(row: &ServerRow<'_>) -> (String, u16) {
    match &*row.address {
        Address::Ip { ip, port } => (ip.to_string(), *port),
        Address::Unix(path) => (path.display().to_string(), 0),
        other => (other.to_string(), 0),
    }
}

fn state_line(row: &ServerRow<'_>, out: &mut String) {
    let (ip, port) = address(row);
    let checked = row.state.rules.checked;
    let health = &row.health;
    let result = match health.verdict {
        Verdict::Unknown => 0,
        Verdict::Failed => 2,
        Verdict::Passed => 3,
        Verdict::ConditionallyPassed => 4,
    };
    let (status, result, value) = if checked {
        (status_number(health.last.status), result, health.value())
    } else {
        (1, 0, if row.state.is_up() { 2 } else { 0 })
    };
    // Bits: running 1, configured 2, enabled 4, paused 8.
    let maint = row.state.admin().is_maint();
    let check_state = match (checked, row.state.checks_enabled()) {
        (false, _) => 0,
        (true, enabled) => {
            2 | u32::from(health.running) | u32::from(enabled || maint) << 2 | u32::from(maint) << 3
        }
    };
    let check = row.server.settings.member.check.as_ref();
    let _ = writeln!(
        out,
        "{} {} {} {} {ip} {} {} {} {} {} {status} {result} {value} {check_state} 0 0 0 {} {port} - 0 {} - - 0",
        row.proxy.number,
        row.proxy.name,
        row.state.rules.id,
        row.server.name,
        row.state.operational() as u8,
        row.state.admin().bits(),
        row.state.user_weight(),
        row.state.rules.initial_weight,
        row.since_change.as_secs(),
        row.server
            .settings
            .member
            .hostname
            .as_deref()
            .unwrap_or("-"),
        check.and_then(|check| check.port).unwrap_or(0),
    );
}

/// The number of a check's status in a state file.
fn status_number(status: CheckStatus) -> u8 {
    match status {
        CheckStatus::Unknown => 0,
        CheckStatus::Initializing => 1,
        CheckStatus::SocketError => 4,
        CheckStatus::L4Ok => 6,
        CheckStatus::L4Timeout => 7,
        CheckStatus::L4Connection => 8,
        CheckStatus::L6Ok => 9,
        CheckStatus::L6Timeout => 10,
        CheckStatus::L6Response => 11,
        CheckStatus::L7Timeout => 12,
        CheckStatus::L7Response => 13,
        CheckStatus::L7Ok => 15,
        CheckStatus::L7OkConditional => 16,
        CheckStatus::L7Status => 17,
        CheckStatus::Observed => 5,
    }
}

fn conn_line(view: &CommandView<'_>, row: &ServerRow<'_>, out: &mut String) {
    let (ip, port) = address(row);
    let settings = &row.server.settings;
    let idle = row.idle.fresh + row.idle.safe;
    let limit = settings.pool_max_conn.map_or(-1, i64::from);
    let _ = write!(
        out,
        "{}/{} {}/{} {ip} {port} - {} {} {} {} {} {} {limit} {idle}",
        row.proxy.name,
        row.server.name,
        row.proxy.number,
        row.state.rules.id,
        settings.pool_purge_delay.as_millis(),
        row.idle.used,
        row.idle.used_max,
        row.idle.needed,
        row.idle.fresh,
        row.idle.safe,
    );
    for own in view
        .live
        .server(row.server.id)
        .iter()
        .flat_map(|server| server.idle.lengths())
    {
        let _ = write!(out, " {own}");
    }
    out.push('\n');
}
