//! Dumps: `/tmp/keepalived.data` and its kin, `.stats` and `.json`, in the reference's layout.
//!
//! ```text
//! SIGUSR1 ──▶ parent, vrrp, checkers, bfd: each its `.data`      -d: the same lines into the log at start
//! SIGUSR2 ──▶ vrrp: `.stats`        SIGJSON ──▶ vrrp: `.json`
//!
//! configuration + snapshot of the running state ──▶ Text ──▶ file (a thread, by rename)
//! ```
//! A text is made in one go on the event loop, which takes microseconds an instance; only writing it may take long.

pub mod bfd;
pub mod file;
pub mod global;
pub mod interface;
pub mod json;
pub mod lines;
pub mod stats;
pub mod text;
pub mod track;
pub mod vrrp;

#[cfg(test)]
mod tests;

use locum_model::keepalived::Configuration;
use locum_vrrp::snapshot::Snapshot;

pub use global::Facts;
pub use text::Text;

/// The parent's dump: what is configured for the whole daemon.
pub fn parent(configuration: &Configuration, facts: &Facts) -> Text {
    let mut text = Text::default();
    global::write(&mut text, &configuration.global, facts);
    text
}

/// The VRRP process' dump.
pub fn vrrp(configuration: &Configuration, snapshot: &Snapshot, facts: &Facts) -> Text {
    write_vrrp(configuration, snapshot, facts, Moment::Running)
}

/// The same before anything has a state: what `-d` tells.
pub fn configured_vrrp(configuration: &Configuration, snapshot: &Snapshot, facts: &Facts) -> Text {
    write_vrrp(configuration, snapshot, facts, Moment::Configured)
}

/// When a dump is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moment {
    /// Before the start: nothing is told that only running things have.
    Configured,
    /// Any time after it.
    Running,
}

fn write_vrrp(
    configuration: &Configuration,
    snapshot: &Snapshot,
    facts: &Facts,
    moment: Moment,
) -> Text {
    let mut text = Text::default();
    let global = &configuration.global;
    global::write(&mut text, global, facts);
    track::garp_groups(&mut text, configuration);
    track::statics(&mut text, configuration, snapshot);
    vrrp::instances(&mut text, global, snapshot, moment);
    if moment == Moment::Running {
        vrrp::sockets(&mut text, &snapshot.sockets);
    }
    vrrp::groups(&mut text, &snapshot.groups);
    track::trackers(&mut text, configuration, snapshot);
    interface::write(&mut text, global, snapshot);
    text
}

/// Whether the VRRP process needs a firewall that nobody asked for, which its dump shows.
pub fn needs_firewall(configuration: &Configuration) -> bool {
    configuration.instances.iter().any(|instance| {
        !instance.accept
            || instance.strict
            || instance.vmac.is_some()
            || instance.use_vmac_addr
            || instance.addresses.iter().any(|line| line.value.use_vmac)
    })
}

/// The BFD process' dump.
pub fn bfd(
    configuration: &Configuration,
    status: &locum_vrrp::bfd::driver::Status,
    date: std::time::SystemTime,
    facts: &Facts,
) -> Text {
    let mut text = parent(configuration, facts);
    bfd::write(&mut text, status, date);
    text
}

/// `keepalived.stats`.
pub fn statistics(snapshot: &Snapshot) -> Text {
    let mut text = Text::default();
    stats::write(&mut text, snapshot);
    text
}
