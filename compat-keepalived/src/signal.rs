//! The signals that steer the daemon, by the names of `--signum=NAME`.

use nix::libc as numbers;

/// `--signum` names and what they ask for, as keepalived(8) lists them.
pub const STOP: i32 = numbers::SIGTERM;
/// The other one that stops.
pub const INTERRUPT: i32 = numbers::SIGINT;
/// Read the configuration again.
pub const RELOAD: i32 = numbers::SIGHUP;
/// Write what is configured and its state.
pub const DATA: i32 = numbers::SIGUSR1;
/// Write the counters.
pub const STATS: i32 = numbers::SIGUSR2;
/// A child has ended.
pub const CHILD: i32 = numbers::SIGCHLD;
/// Write everything as JSON: the third real-time signal, 36 with glibc.
pub const JSON: i32 = 36;
/// Write the counters and clear them: one below the last real-time signal, 63.
pub const STATS_CLEAR: i32 = 63;

/// What a process of the daemon reads from its queue of signals.
pub const STEERING: &[i32] = &[
    STOP,
    INTERRUPT,
    RELOAD,
    DATA,
    STATS,
    CHILD,
    JSON,
    STATS_CLEAR,
];

/// The number of a name of `--signum`.
pub fn number_of(name: &str) -> Option<i32> {
    Some(match name {
        "STOP" => STOP,
        "RELOAD" => RELOAD,
        "DATA" => DATA,
        "STATS" => STATS,
        "STATS_CLEAR" => STATS_CLEAR,
        "JSON" => JSON,
        _ => return None,
    })
}
