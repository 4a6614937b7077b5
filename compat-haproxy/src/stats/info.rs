//! `show info`: numbers of the process, in the reference's order; what Locum doesn't have is 0.

use locum_runtime::stats::Process;

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
    say("Ulimit-n", p.descriptors.to_string());
    say("Maxsock", p.descriptors.to_string());
    say("Maxconn", limit.to_string());
    say("Hard_maxconn", limit.to_string());
    say("CurrConns", p.connections.now.to_string());
    say("CumConns", p.accepted.to_string());
    say("CumReq", p.requests.to_string());
    for name in [
        "MaxSslConns",
        "CurrSslConns",
        "CumSslConns",
        "Maxpipes",
        "PipesUsed",
        "PipesFree",
    ] {
        say(name, zero());
    }
    say("ConnRate", p.connection_rate.now.to_string());
    say("ConnRateLimit", zero());
    say("MaxConnRate", p.connection_rate.max.to_string());
    say("SessRate", p.session_rate.now.to_string());
    say("SessRateLimit", zero());
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
    say("Idle_pct", "100".into());
    say("node", p.node.clone());
    if let Some(description) = &p.description {
        say("description", description.clone());
    }
    say("Stopping", u8::from(p.stopping).to_string());
    say("Jobs", (p.connections.now + p.listeners as u64).to_string());
    say("Unstoppable Jobs", zero());
    say("Listeners", p.listeners.to_string());
    say("ActivePeers", zero());
    say("ConnectedPeers", zero());
    say("DroppedLogs", p.dropped_logs.to_string());
    say("BusyPolling", zero());
    say("FailedResolutions", zero());
    say("TotalBytesOut", p.bytes_out.to_string());
    say("TotalSplicdedBytesOut", zero());
    say("BytesOutRate", zero());
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

/// The text of `show info`.
pub fn text(process: &Process) -> String {
    let mut out = String::new();
    for (name, value) in lines(process) {
        out.push_str(name);
        out.push_str(": ");
        out.push_str(&value);
        out.push('\n');
    }
    out
}

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
    fn the_uptime_is_told_in_days_hours_minutes_and_seconds() {
        let process = Process {
            uptime: std::time::Duration::from_secs(90_061),
            ..Process::default()
        };
        assert!(text(&process).contains("\nUptime: 1d 1h01m01s\nUptime_sec: 90061\n"));
    }
}
