//! A route's metrics (`mtu`, `rtt`, `hoplimit` …) and its preference.

use locum_model::vrrp::Family;

use super::{Reading, Usable};
use crate::load::{Abort, Kind, number};

/// The kernel's numbers of metrics (RTAX_…), for `lock`.
const LOCKABLE: [(&str, u32); 12] = [
    ("mtu", 2),
    ("window", 3),
    ("rtt", 4),
    ("rttvar", 5),
    ("ssthresh", 6),
    ("cwnd", 7),
    ("advmss", 8),
    ("reordering", 9),
    ("hoplimit", 10),
    ("initcwnd", 11),
    ("rto_min", 13),
    ("initrwnd", 14),
];

/// Whether a word is a metric's.
pub(super) fn is_metric(word: &str) -> bool {
    LOCKABLE.iter().any(|(name, _)| *name == word)
}

impl Reading<'_, '_> {
    pub(super) fn metric(&mut self, word: &str) -> Result<Usable, Abort> {
        let mut text = self.parameter()?;
        if text == "lock" {
            let number = LOCKABLE.iter().find(|(name, _)| *name == word);
            self.route.metrics.lock |= number.map_or(0, |(_, number)| 1 << number);
            text = self.parameter()?;
        }
        let read = match word {
            "rtt" | "rttvar" | "rto_min" => milliseconds(&text),
            "hoplimit" => number::unsigned(&text, 0, 255),
            _ => number::unsigned(&text, 0, u32::MAX),
        };
        let value = self.pass.number(read);
        if value.is_none() {
            let specified = if matches!(word, "rtt" | "rttvar" | "rto_min") {
                ""
            } else {
                "specified "
            };
            let word = if word == "mtu" { "MTU" } else { word };
            self.pass
                .error(format!("Invalid {word} {text} {specified}for route"));
            return Ok(Usable::No);
        }
        let value = match word {
            "rtt" | "rttvar" => self.at_least(word, value),
            _ => value,
        };
        let metrics = &mut self.route.metrics;
        let field = match word {
            "mtu" => &mut metrics.mtu,
            "window" => &mut metrics.window,
            "rtt" => &mut metrics.rtt_ms,
            "rttvar" => &mut metrics.rttvar_ms,
            "rto_min" => &mut metrics.rto_min_ms,
            "ssthresh" => &mut metrics.ssthresh,
            "cwnd" => &mut metrics.cwnd,
            "advmss" => &mut metrics.advmss,
            "reordering" => &mut metrics.reordering,
            "hoplimit" => &mut metrics.hoplimit,
            "initcwnd" => &mut metrics.initcwnd,
            _ => &mut metrics.initrwnd,
        };
        *field = value;
        Ok(Usable::Yes)
    }

    /// Times that the kernel's own least is above.
    fn at_least(&mut self, word: &str, value: Option<u32>) -> Option<u32> {
        const LEAST_MS: u32 = 200;
        let short = value.is_some_and(|value| value < LEAST_MS);
        if let (Some(value), true) = (value, short && !self.pass.request.testing) {
            let text = format!("{word} value {value} below minimum {LEAST_MS}ms, resetting");
            self.pass.tell(Kind::Information, text);
        }
        value.map(|value| value.max(LEAST_MS))
    }

    pub(super) fn router_preference(&mut self) -> Result<Usable, Abort> {
        let text = self.parameter()?;
        if self.family != Some(Family::Inet6) {
            self.pass.error("pref is only valid for IPv6");
            return Ok(Usable::No);
        }
        match text.as_str() {
            "low" => self.route.pref = Some(3),
            "medium" => self.route.pref = Some(0),
            "high" => self.route.pref = Some(1),
            _ => self.pass.error(format!("Invalid IPv6 preference {text}")),
        }
        Ok(Usable::Yes)
    }
}

/// `5`, `5ms`, `1s`.
fn milliseconds(text: &str) -> number::Read<u32> {
    if let Some(digits) = text.strip_suffix("ms") {
        return number::unsigned(digits, 0, u32::MAX);
    }
    match text.strip_suffix('s') {
        Some(digits) => {
            let mut read = number::unsigned(digits, 0, u32::MAX / 1000);
            read.value = read.value.map(|seconds| seconds * 1000);
            read
        }
        None => number::unsigned(text, 0, u32::MAX),
    }
}
