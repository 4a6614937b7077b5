//! The BFD process' part of its dump.

use std::{net::IpAddr, time::SystemTime};

use locum_model::bfd::Instance;
use locum_vrrp::bfd::{driver::Status, session::Snapshot};

use super::text::{self, Text, yes};
use crate::bfd::{diagnostic, state};

/// Writes sessions as they stand. `date` is the calendar time of the status.
pub fn write(text: &mut Text, status: &Status, date: SystemTime) {
    text.heading("BFD Data");
    text.line(format!(" fd_in = {}", status.receiver));
    text.line(format!(" thread_in = {}", thread(status.receiver >= 0)));
    if status.sessions.is_empty() {
        return;
    }
    text.heading("BFD Topology");
    for (session, descriptor) in &status.sessions {
        configured(text, &session.settings);
        running(text, session, *descriptor, (status.now, date));
    }
}

/// Writes what is configured alone, as the log gets it at start.
pub fn write_configured(text: &mut Text, instances: &[Instance]) {
    if instances.is_empty() {
        return;
    }
    text.heading("BFD Topology");
    for instance in instances {
        configured(text, instance);
    }
}

fn configured(text: &mut Text, settings: &Instance) {
    text.line(format!(" BFD Instance = {}", settings.name.value));
    text.line(format!("   Neighbor IP = {}", settings.neighbor));
    if let Some(source) = settings.source {
        text.line(format!("   Source IP = {source}"));
    }
    for (name, interval) in [
        ("Required min RX", settings.min_rx),
        ("Desired min TX", settings.min_tx),
        ("Desired idle TX", settings.idle_tx),
    ] {
        text.line(format!("   {name} interval = {} us", interval.as_micros()));
    }
    let multiplier = settings.multiplier;
    text.line(format!("   Detection multiplier = {multiplier}"));
    let hops = match settings.neighbor {
        IpAddr::V4(_) => "TTL",
        IpAddr::V6(_) => "hoplimit",
    };
    text.line(format!("   {hops} = {}", settings.ttl));
    text.line(format!("   max_hops = {}", settings.max_hops));
    text.line(format!("   passive = {}", yes(settings.passive)));
    let sent = |on: bool| if on { "Yes" } else { "No" };
    let (vrrp, checker) = (sent(settings.vrrp), sent(settings.checker));
    text.line(format!("   send event to VRRP process = {vrrp}"));
    text.line(format!("   send event to checker process = {checker}"));
}

fn running(
    text: &mut Text,
    session: &Snapshot,
    descriptor: i32,
    now: (std::time::Instant, SystemTime),
) {
    text.line(format!("   fd_out {descriptor}"));
    let waits = descriptor < 0;
    text.line(format!("   thread_open_fd_out {}", thread(waits)));
    for (name, at) in [
        ("out", session.send_at),
        ("exp", session.expire_at),
        ("rst", session.forget_at),
    ] {
        text.line(format!("   thread_{name} {}", thread(at.is_some())));
        text.line(format!("   sands_{name} = [disabled]"));
    }
    text.line(format!("   send error = {}", yes(session.send_failed)));
    let remote = &session.remote;
    text.line(format!("   local state = {}", state(session.state)));
    text.line(format!("   remote state = {}", state(remote.state)));
    let (ours, theirs) = (session.discriminator, remote.discriminator);
    text.line(format!("   local discriminator = {ours:#x}"));
    text.line(format!("   remote discriminator = {theirs:#x}"));
    text.line(format!(
        "   local diag = {}",
        diagnostic(session.diagnostic)
    ));
    text.line(format!(
        "   remote diag = {}",
        diagnostic(remote.diagnostic)
    ));
    let us = |time: std::time::Duration| time.as_micros();
    text.line(format!("   remote min tx intv = {} us", us(remote.min_tx)));
    text.line(format!("   remote min rx intv = {} us", us(remote.min_rx)));
    text.line("   local demand = 0");
    text.line(format!("   remote demand = {}", u8::from(remote.demand)));
    text.line(format!(
        "   remote detect multiplier = {}",
        remote.multiplier
    ));
    let poll = if session.polling { "poll" } else { "!poll" };
    text.line(format!("   {poll}, !final"));
    for (name, time) in [
        ("local tx intv", session.tx_interval),
        ("remote tx intv", session.remote_tx_interval),
        ("local detection time", session.detection_time),
        ("remote detection time", session.remote_detection_time),
    ] {
        text.line(format!("   {name} = {} us", us(time)));
    }
    match session.last_heard {
        Some(at) => {
            let at = text::moment_year_first(text::date(at, now));
            text.line(format!("   last seen = {at}"));
        }
        None => text.line("   last_seen = [never]"),
    }
}

/// The reference prints where its timers are in memory; here it only says whether there is one.
fn thread(runs: bool) -> &'static str {
    if runs { "0x0x1" } else { "0x(nil)" }
}
