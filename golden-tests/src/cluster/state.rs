//! Snapshots of a host's kernel state as text that two runs can share.

use super::host::Host;
use std::fmt::Write as _;

/// The sysctls that Keepalived touches, per interface.
const PER_INTERFACE: &[&str] = &[
    "ipv4/conf/*/rp_filter",
    "ipv4/conf/*/arp_ignore",
    "ipv4/conf/*/arp_filter",
    "ipv4/conf/*/arp_announce",
    "ipv4/conf/*/accept_local",
    "ipv4/conf/*/promote_secondaries",
    "ipv6/conf/*/accept_ra",
    "ipv6/conf/*/autoconf",
    "ipv6/conf/*/accept_dad",
];

/// What the words ask for.
///
/// # Errors
/// Names a word that there isn't.
pub fn snapshot(host: &Host, words: &[String]) -> Result<String, String> {
    let mut out = String::new();
    for word in words {
        let text = match word.as_str() {
            "addr" => addresses(host)?,
            "link" => links(host)?,
            "route" => command(
                host,
                "ip -4 route show table all; ip -6 route show table all",
                |line| !line.contains("table local") && !line.starts_with("multicast ff00::"),
            )?,
            "rule" => command(host, "ip -4 rule; echo; ip -6 rule", |_| true)?,
            "neigh" => command(host, "ip neigh", |_| true)?,
            "nft" => command(host, "nft -y list ruleset", |_| true)?,
            "sysctl" => sysctls(host)?,
            other => return Err(format!("no snapshot '{other}'")),
        };
        let _infallible = writeln!(out, "-- {word}");
        out.push_str(&text);
    }
    Ok(out)
}

fn command(host: &Host, script: &str, keep: impl Fn(&str) -> bool) -> Result<String, String> {
    let (_, text) = host.sh(script)?;
    let lines = text.lines().filter(|l| keep(l));
    Ok(lines.map(|l| format!("{}\n", l.trim_end())).collect())
}

/// `eth0 inet 192.0.2.1/24 scope global secondary eth0`, lifetimes only where they end.
fn addresses(host: &Host) -> Result<String, String> {
    let (_, text) = host.sh("ip -o addr show")?;
    let mut out = String::new();
    for line in text.lines() {
        let line = line.split_once(": ").map_or(line, |(_, rest)| rest);
        let line = line
            .replace("valid_lft forever preferred_lft forever", "")
            .replace("proto kernel_lo ", "")
            .replace("proto kernel_ll ", "")
            .replace('\\', " ");
        let words: Vec<&str> = line.split_whitespace().collect();
        if words.first() != Some(&"lo") || words.get(2).is_none_or(|a| !a.starts_with("127.")) {
            let _infallible = writeln!(out, "{}", words.join(" "));
        }
    }
    Ok(out)
}

/// Name, flags, state, Ethernet address and kind of every interface.
fn links(host: &Host) -> Result<String, String> {
    let (_, text) = host.sh("ip -d -o link show")?;
    let mut out = String::new();
    for line in text.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let behind = |word: &str| {
            let at = words.iter().position(|w| *w == word)?;
            words.get(at + 1).copied()
        };
        let name = words.get(1).copied().unwrap_or_default();
        let flags = words.get(2).copied().unwrap_or_default();
        let _infallible = write!(
            out,
            "{name} {flags} state {} ether {}",
            behind("state").unwrap_or("-"),
            behind("link/ether").unwrap_or("-")
        );
        for kind in ["macvlan", "ipvlan", "vrf"] {
            if let Some(at) = words.iter().position(|w| *w == kind) {
                let detail = words.get(at + 1..at + 3).unwrap_or_default();
                let _infallible = write!(out, " {kind} {}", detail.join(" "));
            }
        }
        if let Some(mode) = behind("addrgenmode") {
            let _infallible = write!(out, " addrgenmode {mode}");
        }
        out.push('\n');
    }
    Ok(out)
}

fn sysctls(host: &Host) -> Result<String, String> {
    let mut script = String::from("cd /proc/sys/net; for f in");
    for pattern in PER_INTERFACE {
        let _infallible = write!(script, " {pattern}");
    }
    script.push_str("; do echo $f $(cat $f); done");
    command(host, &script, |_| true)
}
