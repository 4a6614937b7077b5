//! How favoured a process is: nice value, real-time priority, processors, memory that is never swapped.

use std::time::Duration;

use locum_kernel::scheduling;
use nix::{
    sched::{CpuSet, sched_setaffinity},
    sys::mman::{MlockAllFlags, mlockall},
    unistd::Pid,
};

/// What is wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scheduling {
    /// The nice value, −20 to 19; `None`: left alone.
    pub nice: Option<i32>,
    /// The priority as a real-time process, 1 to 99; `None`: an ordinary one.
    pub realtime: Option<i32>,
    /// CPU time between blocking system calls of a real-time process; at half of it SIGXCPU comes.
    pub realtime_limit: Duration,
    /// All memory stays in memory.
    pub no_swap: bool,
    /// The processors; none: any.
    pub processors: Vec<u32>,
}

/// What couldn't be had.
#[derive(Debug)]
pub enum Refused {
    /// The nice value.
    Nice(std::io::Error),
    /// The real-time priority.
    Realtime(std::io::Error),
    /// The limit of a real-time process.
    RealtimeLimit(std::io::Error),
    /// The processors.
    Processors(std::io::Error),
    /// Locked memory.
    NoSwap(std::io::Error),
}

/// Asks for everything; what can't be had is told and does without.
pub fn apply(wanted: &Scheduling, mut tell: impl FnMut(Refused)) {
    if !wanted.processors.is_empty()
        && let Err(error) = restrict(&wanted.processors)
    {
        tell(Refused::Processors(error));
    }
    // Before real time: reading all of the program into memory takes longer than a real-time process may take at once.
    if wanted.no_swap
        && let Err(error) = mlockall(MlockAllFlags::MCL_CURRENT | MlockAllFlags::MCL_FUTURE)
    {
        tell(Refused::NoSwap(error.into()));
    }
    if let Some(priority) = wanted.realtime {
        let limit = u64::try_from(wanted.realtime_limit.as_micros()).unwrap_or(u64::MAX);
        if let Err(error) = scheduling::limit_realtime(limit / 2, limit) {
            tell(Refused::RealtimeLimit(error));
        }
        // Children are ordinary processes: a script that loops would else take the processor from everybody.
        if let Err(error) = scheduling::set_realtime(priority, true) {
            tell(Refused::Realtime(error));
        }
    }
    if let Some(value) = wanted.nice
        && let Err(error) = scheduling::set_nice(value)
    {
        tell(Refused::Nice(error));
    }
}

fn restrict(processors: &[u32]) -> std::io::Result<()> {
    let mut set = CpuSet::new();
    for number in processors {
        set.set(usize::try_from(*number).unwrap_or(usize::MAX))?;
    }
    Ok(sched_setaffinity(Pid::from_raw(0), &set)?)
}
