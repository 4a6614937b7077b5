//! The processes that this one replaces (`-sf`, `-st`): asked for their ports while binding, told to leave at the end.

use std::{thread, time::Duration};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

/// How often binding is tried again while the predecessors hold their ports, and how long to wait between.
const ATTEMPTS: u32 = 200;
const PAUSE: Duration = Duration::from_millis(10);

/// Processes to replace.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Predecessors {
    /// Their pids.
    pub pids: Vec<i32>,
    /// They may finish what they do (SIGUSR1) instead of ending at once (SIGTERM).
    pub finish: bool,
}

/// Why binding failed.
#[derive(Debug)]
pub struct BindFailure<E> {
    /// What is to be told.
    pub error: E,
    /// An address is in use: trying again may help.
    pub busy: bool,
}

impl Predecessors {
    /// Tells them that they are replaced.
    pub fn dismiss(&self) {
        self.signal(if self.finish {
            Signal::SIGUSR1
        } else {
            Signal::SIGTERM
        });
    }

    /// Binds. While an address is in use the predecessors are asked to release their ports, every 10 ms for two
    /// seconds; in vain, they are told to take them again.
    pub fn bind<T, E>(&self, mut bind: impl FnMut() -> Result<T, BindFailure<E>>) -> Result<T, E> {
        let mut asked = 0;
        loop {
            match bind() {
                Ok(bound) => return Ok(bound),
                Err(failure) if failure.busy && asked < ATTEMPTS && !self.pids.is_empty() => {
                    self.signal(Signal::SIGTTOU);
                    asked += 1;
                    thread::sleep(PAUSE);
                }
                Err(failure) => {
                    if asked > 0 {
                        self.signal(Signal::SIGTTIN);
                    }
                    return Err(failure.error);
                }
            }
        }
    }

    /// One that is gone already, or that we may not signal, is not our problem.
    fn signal(&self, signal: Signal) {
        for pid in self.pids.iter().filter(|pid| **pid > 0) {
            let _ = kill(Pid::from_raw(*pid), signal);
        }
    }
}
