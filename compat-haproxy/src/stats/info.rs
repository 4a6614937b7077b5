//! `show info`: numbers of the process, in the reference's order; what Locum doesn't have is 0.

use std::fmt::Write;

use locum_runtime::stats::Process;

use super::typed;
use crate::version::{DATE, VERSION};

/// Name and value of each line.
pub fn lines(process: &Process) -> Vec<(&'static str, String)> {
    let p = process;
    let uptime = p.uptime.as_secs();
    let long = format!(
        "{}d {}h{:02}m{:02}s",
        uptime / 86400,
        uptime % 86400 / 3600,
        uptime % 3600 / 60,
        uptime % 60
    );
    let limit = p.connections.limit.unwrap_or(0);
    let mut lines: Vec<(&'static str, String)> = Vec::with_capacity(72);
    let mut say = |name, value: String| lines.push((name, value));
    let zero = || "0".to_owned();
    say("Name", "HAProxy".into());
    say("Version", VERSION.into());
    say("Release_date", DATE.into());
    say("Nbthread", p.threads.to_string());
    say("Nbproc", "1".into());
    say("Process_num", "1".into());
    say("Pid", p.pid.to_string());
    say("Uptime", long);
    say("Uptime_sec", uptime.to_string());
    for name in ["Memmax_MB", "PoolAlloc_MB", "PoolUsed_MB", "PoolFailed"] {
        say(name, zero());
    }
    say("Ulimit-n", p.descriptor_limit.to_string());
    say("Maxsock", p.descriptors.to_string());
    say("Maxconn", limit.to_string());
    say("Hard_maxconn", limit.to_string());
    say("CurrConns", p.connections.now.to_string());
    say("CumConns", p.accepted.to_string());
    say("CumReq", p.requests.to_string());
    for name in ["MaxSslConns", "CurrSslConns", "CumSslConns"] {
        say(name, zero());
    }
    say("Maxpipes", p.pipes.to_string());
    say("PipesUsed", zero());
    say("PipesFree", zero());
    say("ConnRate", p.connection_rate.now.to_string());
    say("ConnRateLimit", p.rate_limits.0.to_string());
    say("MaxConnRate", p.connection_rate.max.to_string());
    say("SessRate", p.session_rate.now.to_string());
    say("SessRateLimit", p.rate_limits.1.to_string());
    say("MaxSessRate", p.session_rate.max.to_string());
    for name in [
        "SslRate",
        "SslRateLimit",
        "MaxSslRate",
        "SslFrontendKeyRate",
        "SslFrontendMaxKeyRate",
        "SslFrontendSessionReuse_pct",
        "SslBackendKeyRate",
        "SslBackendMaxKeyRate",
        "SslCacheLookups",
        "SslCacheMisses",
        "CompressBpsIn",
        "CompressBpsOut",
        "CompressBpsRateLim",
    ] {
        say(name, zero());
    }
    say(
        "Tasks",
        (p.connections.now + p.listeners as u64).to_string(),
    );
    say("Run_queue", zero());
    say("Idle_pct", p.idle_percent.to_string());
    say("node", p.node.clone());
    if let Some(description) = &p.description {
        say("description", description.clone());
    }
    say("Stopping", u8::from(p.stopping).to_string());
    say("Jobs", p.jobs.to_string());
    say("Unstoppable Jobs", zero());
    say("Listeners", p.listeners.to_string());
    say("ActivePeers", zero());
    say("ConnectedPeers", zero());
    say("DroppedLogs", p.dropped_logs.to_string());
    say("BusyPolling", zero());
    say("FailedResolutions", zero());
    say("TotalBytesOut", p.bytes_out.to_string());
    say("TotalSplicdedBytesOut", zero());
    say("BytesOutRate", p.bytes_out_rate.to_string());
    say("DebugCommandsIssued", zero());
    say("CumRecvLogs", zero());
    say("Build info", VERSION.into());
    for name in ["Memmax_bytes", "PoolAlloc_bytes", "PoolUsed_bytes"] {
        say(name, zero());
    }
    say("Start_time_sec", p.started_at.to_string());
    say("Tainted", zero());
    lines
}

/// The text of `show info`; with `described`, what each line means stands behind it.
pub fn text(process: &Process, described: bool) -> String {
    let mut out = String::new();
    for (name, value) in lines(process) {
        let _ = writeln!(out, "{name}: {value}{}", meaning(name, described));
    }
    out
}

/// The text of `show info typed`.
pub fn typed(process: &Process, described: bool) -> String {
    let mut out = String::new();
    for (name, value) in lines(process) {
        let field = FIELDS.iter().find(|field| field.1 == name);
        if let Some((place, _, tag)) = field {
            let meaning = meaning(name, described);
            let _ = writeln!(out, "{place}.{name}.1:{tag}:{value}{meaning}");
        }
    }
    out
}

/// The text of `show info json`: an array of fields.
pub fn json(process: &Process) -> String {
    let mut fields = Vec::new();
    for (name, value) in lines(process) {
        let field = FIELDS.iter().find(|field| field.1 == name);
        let Some((place, _, (tag, kind))) =
            field.and_then(|(place, name, tag)| Some((place, name, tag.split_once(':')?)))
        else {
            continue;
        };
        let value = match kind {
            "str" => format!("\"{}\"", typed::escape(&value)),
            _ => value,
        };
        fields.push(format!(
            "{{\"field\":{{\"pos\":{place},\"name\":\"{name}\"}},\"processNum\":1,\"tags\":{},\
             \"value\":{{\"type\":\"{kind}\",\"value\":{value}}}}}",
            typed::tags(tag)
        ));
    }
    format!("[{}]\n", fields.join(","))
}

/// `:"what it means"`, as the reference words it.
fn meaning(name: &str, described: bool) -> String {
    let known = include_str!("info-descriptions.tsv").lines();
    let found = known
        .filter_map(|line| line.split_once('\t'))
        .find(|(known, _)| described && *known == name);
    found.map_or_else(String::new, |(_, meaning)| format!(":\"{meaning}\""))
}

/// Place, name, and origin, nature, scope and type of each line (management.txt 9.2).
static FIELDS: &[(u32, &str, &str)] = &[
    (0, "Name", "POS:str"),
    (1, "Version", "POS:str"),
    (2, "Release_date", "POS:str"),
    (3, "Nbthread", "CGS:u32"),
    (4, "Nbproc", "CGS:u32"),
    (5, "Process_num", "KGP:u32"),
    (6, "Pid", "SGP:u32"),
    (7, "Uptime", "MDP:str"),
    (8, "Uptime_sec", "MDP:u32"),
    (9, "Memmax_MB", "CLP:u32"),
    (10, "PoolAlloc_MB", "MGP:u32"),
    (11, "PoolUsed_MB", "MGP:u32"),
    (12, "PoolFailed", "MCP:u32"),
    (13, "Ulimit-n", "CLP:u32"),
    (14, "Maxsock", "CLP:u32"),
    (15, "Maxconn", "CLP:u32"),
    (16, "Hard_maxconn", "CLP:u32"),
    (17, "CurrConns", "MGP:u32"),
    (18, "CumConns", "MCP:u32"),
    (19, "CumReq", "MCP:u32"),
    (20, "MaxSslConns", "MMP:u32"),
    (21, "CurrSslConns", "MGP:u32"),
    (22, "CumSslConns", "MCP:u32"),
    (23, "Maxpipes", "CLP:u32"),
    (24, "PipesUsed", "MGP:u32"),
    (25, "PipesFree", "MGP:u32"),
    (26, "ConnRate", "MRP:u32"),
    (27, "ConnRateLimit", "CLP:u32"),
    (28, "MaxConnRate", "MMP:u32"),
    (29, "SessRate", "MRP:u32"),
    (30, "SessRateLimit", "CLP:u32"),
    (31, "MaxSessRate", "MRP:u32"),
    (32, "SslRate", "MRP:u32"),
    (33, "SslRateLimit", "CLP:u32"),
    (34, "MaxSslRate", "MMP:u32"),
    (35, "SslFrontendKeyRate", "MGP:u32"),
    (36, "SslFrontendMaxKeyRate", "MMP:u32"),
    (37, "SslFrontendSessionReuse_pct", "MGP:u32"),
    (38, "SslBackendKeyRate", "MRP:u32"),
    (39, "SslBackendMaxKeyRate", "MMP:u32"),
    (40, "SslCacheLookups", "MCP:u32"),
    (41, "SslCacheMisses", "MCP:u32"),
    (42, "CompressBpsIn", "MRP:u32"),
    (43, "CompressBpsOut", "MRP:u32"),
    (44, "CompressBpsRateLim", "CLP:u32"),
    (47, "Tasks", "MGP:u32"),
    (48, "Run_queue", "MGP:u32"),
    (49, "Idle_pct", "MaP:u32"),
    (50, "node", "COS:str"),
    (51, "description", "COS:str"),
    (52, "Stopping", "MGP:u32"),
    (53, "Jobs", "MGP:u32"),
    (54, "Unstoppable Jobs", "MGP:u32"),
    (55, "Listeners", "MGP:u32"),
    (56, "ActivePeers", "MGP:u32"),
    (57, "ConnectedPeers", "MGP:u32"),
    (58, "DroppedLogs", "MGP:u32"),
    (59, "BusyPolling", "MGP:u32"),
    (60, "FailedResolutions", "MGP:u32"),
    (61, "TotalBytesOut", "MGP:u64"),
    (62, "TotalSplicdedBytesOut", "MGP:u64"),
    (63, "BytesOutRate", "MRP:u64"),
    (64, "DebugCommandsIssued", "MGP:u32"),
    (65, "CumRecvLogs", "MCP:u32"),
    (66, "Build info", "POS:str"),
    (67, "Memmax_bytes", "CLP:u32"),
    (68, "PoolAlloc_bytes", "MGP:u64"),
    (69, "PoolUsed_bytes", "MGP:u64"),
    (70, "Start_time_sec", "MDP:u32"),
    (71, "Tainted", "SGP:str"),
];

#[cfg(test)]
mod tests {
    use super::*;

    /// The names of HAProxy 2.6.12's lines.
    const NAMES: &str = include_str!("info-2.6.12.txt");

    #[test]
    fn the_lines_are_those_of_the_reference_in_its_order() {
        let ours: Vec<_> = lines(&Process::default())
            .iter()
            .map(|line| line.0)
            .collect();
        let theirs: Vec<_> = NAMES.lines().collect();
        assert_eq!(ours, theirs);
    }

    #[test]
    fn each_line_has_its_place_and_type() {
        let typed = typed(&Process::default(), false);
        assert_eq!(typed.lines().count(), lines(&Process::default()).len());
        assert!(typed.starts_with("0.Name.1:POS:str:HAProxy\n"));
        assert!(typed.contains("\n58.DroppedLogs.1:MGP:u32:0\n"));
    }

    #[test]
    fn the_uptime_is_told_in_days_hours_minutes_and_seconds() {
        let process = Process {
            uptime: std::time::Duration::from_secs(90_061),
            ..Process::default()
        };
        assert!(text(&process, false).contains("\nUptime: 1d 1h01m01s\nUptime_sec: 90061\n"));
    }
}
