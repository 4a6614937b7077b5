//! What `keepalived --version` prints: the reference's layout, this program's facts.
//!
//! Tools read the first line (`Keepalived v2.2.7`) and look for words behind `Config options:`, so both keep their form.
//! A word stands there only when what it names is executed.

use nix::sys::utsname::{UtsName, uname};

/// The version whose language and behaviour the face has.
pub const COMPATIBLE: &str = "2.2.7";

/// The name, the version and the day of the release, as messages and the first line show them.
pub const NAME: &str = concat!(
    "Keepalived v2.2.7-locum",
    env!("CARGO_PKG_VERSION"),
    " (11/22,2026)"
);

/// What is built in, in the reference's words.
const CONFIG_OPTIONS: &str = "VRRP VRRP_AUTH VRRP_VMAC JSON BFD SYSTEMD_NOTIFY NFTABLES REGEX";

/// The whole text, on standard error.
pub fn text() -> String {
    let mut text = format!(
        "{NAME}\n\nLocum {}, which stands in for Keepalived {COMPATIBLE}; licence: Apache-2.0 OR MIT\n\n",
        env!("CARGO_PKG_VERSION")
    );
    if let Ok(system) = uname() {
        text.push_str(&format!("Running on {}\n", kernel(&system)));
    }
    if let Some(distribution) = distribution() {
        text.push_str(&format!("Distro: {distribution}\n"));
    }
    text.push_str(&format!("\nConfig options:  {CONFIG_OPTIONS}\n"));
    text
}

/// The kernel as the log's second line tells it: name, release and build.
pub fn running_on() -> String {
    uname().map_or_else(|_| "an unknown system".into(), |system| kernel(&system))
}

fn kernel(system: &UtsName) -> String {
    let part = |part: &std::ffi::OsStr| part.to_string_lossy().into_owned();
    format!(
        "{} {} {}",
        part(system.sysname()),
        part(system.release()),
        part(system.version())
    )
}

/// PRETTY_NAME of os-release(5).
fn distribution() -> Option<String> {
    let text = std::fs::read_to_string("/etc/os-release").ok()?;
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("PRETTY_NAME="))?;
    Some(line.trim_matches('"').to_owned())
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_first_line_begins_as_tools_expect() {
        let text = super::text();
        assert!(text.starts_with("Keepalived v2.2.7"), "{text}");
        assert!(text.contains("\nConfig options:  "), "{text}");
    }
}
