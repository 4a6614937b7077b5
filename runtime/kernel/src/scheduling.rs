//! How the kernel schedules this process: setpriority(2), sched_setscheduler(2), and RLIMIT_RTTIME beside them.

use std::io;

/// Sets the nice value of this process, −20 (most favoured) to 19.
pub fn set_nice(value: i32) -> io::Result<()> {
    // SAFETY: the call takes numbers only; 0 means this process.
    match unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, value) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Makes this process a real-time one (round robin) of this priority, 1 to 99. With `reset_on_fork` its children are
/// ordinary processes.
pub fn set_realtime(priority: i32, reset_on_fork: bool) -> io::Result<()> {
    let policy = libc::SCHED_RR
        | if reset_on_fork {
            libc::SCHED_RESET_ON_FORK
        } else {
            0
        };
    // SAFETY: a zeroed record is valid, whatever fields this C library adds.
    let mut parameters: libc::sched_param = unsafe { std::mem::zeroed() };
    parameters.sched_priority = priority;
    // SAFETY: the parameters are initialised and outlive the call; 0 means this process.
    match unsafe { libc::sched_setscheduler(0, policy, &raw const parameters) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Whether this process is a real-time one, and its priority.
pub fn realtime() -> io::Result<Option<i32>> {
    // SAFETY: the call takes a number only; 0 means this process.
    let policy = match unsafe { libc::sched_getscheduler(0) } {
        -1 => return Err(io::Error::last_os_error()),
        policy => policy & !libc::SCHED_RESET_ON_FORK,
    };
    if policy != libc::SCHED_RR && policy != libc::SCHED_FIFO {
        return Ok(None);
    }
    // SAFETY: a zeroed record is valid, whatever fields this C library adds.
    let mut parameters: libc::sched_param = unsafe { std::mem::zeroed() };
    // SAFETY: the record outlives the call, which fills it.
    match unsafe { libc::sched_getparam(0, &raw mut parameters) } {
        0 => Ok(Some(parameters.sched_priority)),
        _ => Err(io::Error::last_os_error()),
    }
}

/// The highest priority of a real-time process.
pub fn highest_realtime() -> i32 {
    // SAFETY: the call takes a number only.
    unsafe { libc::sched_get_priority_max(libc::SCHED_RR) }
}

/// The soft and hard limit of CPU time without a blocking system call, in microseconds (RLIMIT_RTTIME).
pub fn limit_realtime(soft: u64, hard: u64) -> io::Result<()> {
    let limit = libc::rlimit {
        rlim_cur: soft,
        rlim_max: hard,
    };
    // SAFETY: the limit is initialised and outlives the call.
    match unsafe { libc::setrlimit(libc::RLIMIT_RTTIME, &raw const limit) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nice_value_may_be_raised_by_anybody() {
        // Of the thread that runs this test: Linux keeps it per thread.
        set_nice(5).expect("anybody may");
        assert_eq!(realtime().expect("asked"), None);
        assert_eq!(highest_realtime(), 99);
        assert!(set_realtime(1000, false).is_err());
    }
}
