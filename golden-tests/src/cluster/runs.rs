//! Many frames -> the few lines that are compared.
//!
//! How many adverts pass in a state depends on time, so equal ones in a row are one line; whether they keep their own
//! interval is judged here. Announcements and adverts of priority 0 are counted.

use super::frame::Kind;
use super::wire::Seen;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::Duration;

/// Announcements further apart than this are two bursts.
const BURST: Duration = Duration::from_millis(700);
/// From so many adverts in a row on their interval is judged.
const ENOUGH: usize = 6;

struct Run<'a> {
    first: &'a Seen,
    last: Duration,
    gaps: Vec<Duration>,
}

/// The lines of what one host sent; `timed`: with the time between bursts of announcements.
#[must_use]
pub fn lines(frames: &[&Seen], timed: bool) -> String {
    let mut out = String::new();
    let mut shown = BTreeSet::new();
    let mut burst_began: Option<Duration> = None;
    for run in runs(frames) {
        let seen = run.first;
        let line = &seen.shown.text;
        match seen.shown.kind {
            Kind::Announcement => {
                if let Some(before) = burst_began
                    && timed
                    && seen.at.saturating_sub(before) > BURST
                {
                    let _infallible = writeln!(out, "after {}", roughly(seen.at - before));
                    burst_began = Some(seen.at);
                }
                burst_began.get_or_insert(seen.at);
                let _infallible = writeln!(out, "{line} x{}", run.gaps.len() + 1);
            }
            Kind::Advert { priority: 0, .. } => {
                let _infallible = writeln!(out, "{line} x{}", run.gaps.len() + 1);
                show_bytes(&mut out, &mut shown, seen);
            }
            Kind::Advert { interval_ms, .. } => {
                let _infallible = writeln!(out, "{line}{}", off_time(&run.gaps, interval_ms));
                show_bytes(&mut out, &mut shown, seen);
            }
            Kind::Bfd => {
                let _infallible = writeln!(out, "{line}");
            }
        }
    }
    out
}

/// Once for each text.
fn show_bytes<'a>(out: &mut String, shown: &mut BTreeSet<&'a str>, seen: &'a Seen) {
    if shown.insert(&seen.shown.bytes) {
        let _infallible = writeln!(out, "    {}", seen.shown.bytes);
    }
}

fn runs<'a>(frames: &[&'a Seen]) -> Vec<Run<'a>> {
    let mut out: Vec<Run<'a>> = Vec::new();
    for seen in frames {
        match out.last_mut() {
            Some(run)
                if run.first.shown == seen.shown
                    && (seen.shown.kind != Kind::Announcement || seen.at - run.last < BURST) =>
            {
                run.gaps.push(seen.at.saturating_sub(run.last));
                run.last = seen.at;
            }
            _ => out.push(Run {
                first: seen,
                last: seen.at,
                gaps: Vec::new(),
            }),
        }
    }
    out
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
    format!(" EVERY {} ms", median.as_millis())
}

/// Half seconds: what garp delays are told in.
fn roughly(time: Duration) -> String {
    let halves = (time.as_millis() + 250) / 500;
    format!("{}.{} s", halves / 2, halves % 2 * 5)
}
