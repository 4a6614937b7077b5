//! A parent that forks its children and outlives their ends: who has ended and how, and when the next one may start.
//!
//! A child is this process again, not another program: it is forked before any thread or event loop exists.

use std::{
    io,
    time::{Duration, Instant},
};

use locum_kernel::fork::{Fork, fork};
use nix::{
    errno::Errno,
    sys::{
        prctl,
        signal::{Signal, kill},
        wait::{WaitPidFlag, WaitStatus, waitpid},
    },
    unistd::{Pid, getppid},
};

/// Who returns from [`start`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Started {
    /// The parent, with the child's pid.
    Parent(i32),
    /// The child.
    Child,
}

/// Forks a child that is told to end (SIGTERM) when its parent has gone, even by SIGKILL.
///
/// # Errors
/// Another thread exists, or the system has no room for a process.
pub fn start() -> io::Result<Started> {
    let parent = Pid::this();
    match fork()? {
        Fork::Parent { child } => Ok(Started::Parent(child.get())),
        Fork::Child => {
            prctl::set_pdeathsig(Signal::SIGTERM)?;
            // It may have gone before it was asked for.
            if getppid() != parent {
                kill(Pid::this(), Signal::SIGTERM)?;
            }
            Ok(Started::Child)
        }
    }
}

/// Orphans of this process' descendants become its own, so that their ends are noticed.
pub fn adopt_orphans() -> io::Result<()> {
    Ok(prctl::set_child_subreaper(true)?)
}

/// How a child ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// By itself, with a status.
    Exited(i32),
    /// By a signal.
    Signaled(Signal),
}

/// The next child that has ended; `None` when all the others live.
pub fn reap() -> Option<(i32, Ended)> {
    loop {
        return match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::Exited(pid, status)) => Some((pid.as_raw(), Ended::Exited(status))),
            Ok(WaitStatus::Signaled(pid, signal, _)) => {
                Some((pid.as_raw(), Ended::Signaled(signal)))
            }
            Ok(WaitStatus::StillAlive) => None,
            // Stopped or continued: nothing has ended.
            Ok(_) | Err(Errno::EINTR) => continue,
            Err(_) => None,
        };
    }
}

/// Sends a signal to a process; one that has gone needs none.
pub fn signal(pid: i32, number: i32) {
    let _ = locum_kernel::signal_queue::send(pid, number);
}

/// Whether a process of that pid exists.
pub fn exists(pid: i32) -> bool {
    pid > 0 && !matches!(kill(Pid::from_raw(pid), None), Err(Errno::ESRCH))
}

/// How long the successors of a child that keeps ending wait: nothing at first, then a second, twice as long each
/// time, a minute at most. One that has lived for a minute is forgiven.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Respawn {
    next: Duration,
}

impl Respawn {
    /// The longest wait, and how long a child must live for its past to be forgotten.
    pub const LONGEST: Duration = Duration::from_secs(60);

    /// A child that was started at `started` has ended: how long its successor waits. `None`: it is started at once,
    /// as if nothing had ever happened.
    pub fn on_end(&mut self, now: Instant, started: Instant) -> Option<Duration> {
        if now.saturating_duration_since(started) > Self::LONGEST {
            self.next = Duration::ZERO;
            return None;
        }
        let wait = self.next;
        self.next = (wait * 2).max(Duration::from_secs(1)).min(Self::LONGEST);
        Some(wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[allow(clippy::disallowed_methods, reason = "any instant will do")]
    fn waits_double_up_to_a_minute_and_a_long_life_forgives() {
        let start = Instant::now();
        let mut respawn = Respawn::default();
        let lived = |seconds| start + Duration::from_secs(seconds);
        let waits: Vec<_> = (0..9)
            .map(|_| respawn.on_end(lived(20), start).map(|wait| wait.as_secs()))
            .collect();
        assert_eq!(waits, [0, 1, 2, 4, 8, 16, 32, 60, 60].map(Some));
        assert_eq!(respawn.on_end(lived(61), start), None);
        assert_eq!(respawn.on_end(lived(1), start), Some(Duration::ZERO));
    }

    #[test]
    fn this_process_exists_and_no_other_of_a_pid_that_cannot_be() {
        assert!(exists(Pid::this().as_raw()));
        assert!(!exists(0));
        assert!(!exists(i32::MAX));
    }
}
