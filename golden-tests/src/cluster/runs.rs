//! Many frames -> the few lines that are compared.
//!
//! How many adverts pass in a state depends on time, so equal ones are one line until their virtual router sends another
//! one, whatever else passes between them; whether they keep their own interval is judged here. Announcements are counted
//! by burst, adverts of priority 0 in a row.

use super::frame::{Kind, Shown};
use super::wire::Seen;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::time::Duration;

/// Announcements further apart than this are two bursts.
const BURST: Duration = Duration::from_millis(200);
/// From so many adverts in a row on their interval is judged.
const ENOUGH: usize = 6;

/// Equal frames.
struct Run<'a> {
    shown: &'a Shown,
    began: Duration,
    last: Duration,
    gaps: Vec<Duration>,
}

/// The lines of what one host sent; `timed`: with the time between bursts of announcements.
#[must_use]
pub fn lines(frames: &[&Seen], timed: bool) -> String {
    let mut out = String::new();
    let mut with_bytes = BTreeSet::new();
    let mut burst: Option<Duration> = None;
    for run in runs(frames) {
        let (text, count) = (&run.shown.text, run.gaps.len() + 1);
        match run.shown.kind {
            Kind::Announcement => {
                let since = burst.map_or(Duration::ZERO, |before| run.began.saturating_sub(before));
                if since > BURST || burst.is_none() {
                    burst = Some(run.began);
                }
                if timed && since > BURST {
                    let _infallible = writeln!(out, "after {}", roughly(since));
                }
                let _infallible = writeln!(out, "{text} x{count}");
            }
            Kind::Advert { priority: 0, .. } => {
                let _infallible = writeln!(out, "{text} x{count}");
            }
            Kind::Advert { interval_ms, .. } => {
                let _infallible = writeln!(out, "{text}{}", off_time(&run.gaps, interval_ms));
            }
            Kind::Bfd => {
                let _infallible = writeln!(out, "{text}");
            }
        }
        if matches!(run.shown.kind, Kind::Advert { .. }) && with_bytes.insert(&run.shown.bytes) {
            let _infallible = writeln!(out, "    {}", run.shown.bytes);
        }
    }
    out
}

fn runs<'a>(frames: &[&'a Seen]) -> Vec<Run<'a>> {
    let mut out: Vec<Run<'a>> = Vec::new();
    // Where in `out` the run is that may go on: of a virtual router, of an announcement, of a BFD session.
    let mut open: BTreeMap<&'a str, usize> = BTreeMap::new();
    for seen in frames {
        let text = seen.shown.text.as_str();
        let (speaker, patience) = match seen.shown.kind {
            Kind::Advert { .. } => (before(text, " prio "), Duration::MAX),
            Kind::Announcement => (text, BURST),
            Kind::Bfd => (before(text, " v"), Duration::MAX),
        };
        let run = open.get(speaker).and_then(|at| out.get_mut(*at));
        match run {
            Some(run)
                if *run.shown == seen.shown && seen.at.saturating_sub(run.last) < patience =>
            {
                run.gaps.push(seen.at.saturating_sub(run.last));
                run.last = seen.at;
            }
            _ => {
                open.insert(speaker, out.len());
                out.push(Run {
                    shown: &seen.shown,
                    began: seen.at,
                    last: seen.at,
                    gaps: Vec::new(),
                });
            }
        }
    }
    out
}

fn before<'a>(text: &'a str, mark: &str) -> &'a str {
    text.split_once(mark).map_or(text, |(head, _)| head)
}

/// Says so when adverts do not keep the interval that they announce, within a quarter and 30 ms.
fn off_time(gaps: &[Duration], interval_ms: u32) -> String {
    if gaps.len() + 1 < ENOUGH || interval_ms == 0 {
        return String::new();
    }
    let mut sorted = gaps.to_vec();
    sorted.sort();
    let median = sorted[sorted.len() / 2];
    let promised = Duration::from_millis(u64::from(interval_ms));
    let tolerance = promised / 4 + Duration::from_millis(30);
    if median.abs_diff(promised) <= tolerance {
        return String::new();
    }
    format!(" EVERY {} ms", (median.as_millis() + 5) / 10 * 10)
}

/// Half seconds: what delays of announcements are told in.
fn roughly(time: Duration) -> String {
    let halves = (time.as_millis() + 250) / 500;
    format!("{}.{} s", halves / 2, halves % 2 * 5)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::forge::Packet;
    use crate::cluster::frame::decode;

    fn advert(at_ms: u64, priority: u8) -> Seen {
        let packet = Packet {
            priority: Some(priority),
            version: Some(3),
            ..Packet::default()
        };
        let frame = packet.frame().expect("its fields are right");
        Seen {
            at: Duration::from_millis(at_ms),
            host: 'a',
            shown: decode(&frame).expect("it is VRRP"),
        }
    }

    fn announcement(at_ms: u64) -> Seen {
        Seen {
            at: Duration::from_millis(at_ms),
            host: 'a',
            shown: Shown {
                kind: Kind::Announcement,
                text: "arp".to_owned(),
                bytes: String::new(),
            },
        }
    }

    fn shown(frames: &[Seen]) -> Vec<String> {
        let frames: Vec<&Seen> = frames.iter().collect();
        let text = lines(&frames, true);
        let lines = text.lines().filter(|l| !l.starts_with(' '));
        lines
            .map(|l| l.replace("vrrp 192.0.2.12 > 224.0.0.18 ttl 255 v3 vrid 51 ", ""))
            .collect()
    }

    #[test]
    fn equal_adverts_are_one_line_and_announcements_are_counted_by_burst() {
        let mut frames = vec![advert(0, 100), announcement(1), announcement(2)];
        frames.extend((1..40).map(|n| advert(n * 100, 100)));
        frames.extend([announcement(5000), advert(5100, 0)]);
        assert_eq!(
            shown(&frames),
            [
                "prio 100 int 0.10s vips 192.0.2.1",
                "arp x2",
                "after 5.0 s",
                "arp x1",
                "prio 0 int 0.10s vips 192.0.2.1 x1"
            ]
        );
    }

    #[test]
    fn adverts_that_miss_their_interval_say_so() {
        let frames: Vec<Seen> = (0..10).map(|n| advert(n * 250, 100)).collect();
        assert_eq!(
            shown(&frames),
            ["prio 100 int 0.10s vips 192.0.2.1 EVERY 250 ms"]
        );
    }
}
