//! The pieces that lines of a dump are made of.

use std::{
    fmt::Write,
    net::IpAddr,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use jiff::{Timestamp, tz::TimeZone};
use locum_model::{address::Network, script::Script};

/// A dump being written.
#[derive(Debug, Default)]
pub struct Text {
    out: String,
    /// The address that was written last. The reference writes a master that was never heard as the address before it.
    pub last_address: String,
}

impl Text {
    /// Writes a line.
    pub fn line(&mut self, line: impl AsRef<str>) {
        self.out.push_str(line.as_ref());
        self.out.push('\n');
    }

    /// Writes a heading.
    pub fn heading(&mut self, title: &str) {
        self.line(format!("------< {title} >------"));
    }

    /// An address, remembered as the last one.
    pub fn address(&mut self, address: IpAddr) -> &str {
        self.last_address = address.to_string();
        &self.last_address
    }

    /// All that was written.
    pub fn into_bytes(self) -> Vec<u8> {
        self.out.into_bytes()
    }

    /// All that was written, for the log: a line each.
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        self.out.lines()
    }
}

/// `true` and `false` as most lines have them.
pub fn yes(on: bool) -> &'static str {
    if on { "true" } else { "false" }
}

/// Calendar time of a monotonic one.
pub fn date(at: Instant, now: (Instant, SystemTime)) -> SystemTime {
    match at.checked_duration_since(now.0) {
        Some(later) => now.1 + later,
        None => now.1 - now.0.duration_since(at),
    }
}

/// `1795333115.894370 (Sun Nov 22 07:38:35.894370 2026)`, in local time.
pub fn moment(at: SystemTime) -> String {
    moment_in(at, TimeZone::system(), "%a %b %e %H:%M:%S.%6f %Y")
}

/// The same with the year before the fraction, as some lines have it: `… (Sun Nov 22 21:09:35 2026.874787)`.
pub fn moment_year_first(at: SystemTime) -> String {
    moment_in(at, TimeZone::system(), "%a %b %e %H:%M:%S %Y.%6f")
}

fn moment_in(at: SystemTime, zone: TimeZone, format: &str) -> String {
    let local = Timestamp::try_from(at)
        .unwrap_or(Timestamp::UNIX_EPOCH)
        .to_zoned(zone);
    format!("{} ({})", seconds(at), local.strftime(format))
}

/// Seconds since the epoch with six decimals.
pub fn seconds(at: SystemTime) -> String {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    format!("{}.{:06}", since.as_secs(), since.subsec_micros())
}

/// Seconds with six decimals.
pub fn decimals(time: Duration) -> String {
    format!("{}.{:06}", time.as_secs(), time.subsec_micros())
}

/// A number as C's `%g` prints those that stand here: no zeros behind.
pub fn short(time: Duration) -> String {
    let text = decimals(time);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// An address with its prefix, unless that is the whole address.
pub fn network(network: &Network) -> String {
    let full = match network.ip {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    };
    if network.prefix == full {
        network.ip.to_string()
    } else {
        format!("{}/{}", network.ip, network.prefix)
    }
}

/// A weight with its `reverse`.
pub fn weight(value: i32, reverse: bool) -> String {
    format!("{value}{}", if reverse { " reverse" } else { "" })
}

/// A link-layer address: `d6:33:54:cf:8a:0e`.
pub fn link_layer(bytes: &[u8]) -> String {
    let mut text = String::new();
    for (i, byte) in bytes.iter().enumerate() {
        let colon = if i == 0 { "" } else { ":" };
        // A String takes whatever is written.
        let _ = write!(text, "{colon}{byte:02x}");
    }
    text
}

/// A script's words, each in quotes: `'/usr/bin/true' 'a'`. The program stands without symbolic links.
pub fn script(script: &Script) -> String {
    let mut words: Vec<String> = script
        .argv
        .iter()
        .map(|word| String::from_utf8_lossy(word.as_bytes()).into_owned())
        .collect();
    if let Some(program) = words.first_mut()
        && let Ok(real) = std::fs::canonicalize(&*program)
    {
        *program = real.to_string_lossy().into_owned();
    }
    let quoted: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
    quoted.join(" ")
}

/// The same with whom it runs as.
pub fn script_with_account(named: &Script) -> String {
    let account = named.account;
    format!("{}, uid:gid {}:{}", script(named), account.uid, account.gid)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Recorded from the reference under UTC.
    #[test]
    fn moments_have_seconds_and_a_date() {
        let at = UNIX_EPOCH + Duration::from_micros(1_795_333_115_894_370);
        assert_eq!(
            moment_in(at, TimeZone::UTC, "%a %b %e %H:%M:%S.%6f %Y"),
            "1795333115.894370 (Sun Nov 22 07:38:35.894370 2026)"
        );
        let early = UNIX_EPOCH + Duration::from_micros(1_796_083_200_000_000);
        assert!(moment_in(early, TimeZone::UTC, "%a %b %e %Y").contains("Dec  1 "));
    }

    #[test]
    fn numbers_lose_what_says_nothing() {
        assert_eq!(short(Duration::from_millis(10_500)), "10.5");
        assert_eq!(short(Duration::from_secs(10)), "10");
        assert_eq!(decimals(Duration::from_millis(10)), "0.010000");
    }
}
