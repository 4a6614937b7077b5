//! A program that is waited for, before or after everything else runs: no event loop is needed, none may run.

use std::{io, os::fd::AsFd, time::Duration};

use locum_kernel::run_as::{Ended, Running};
use nix::{
    errno::Errno,
    poll::{PollFd, PollFlags, PollTimeout, poll},
    sys::signal::Signal,
};

use super::{Command, GRACE, Outcome};
use crate::clock;

/// Runs it, `limit` at most: then it is told to end, and killed after [`GRACE`].
pub fn run(command: &Command, limit: Duration) -> io::Result<Outcome> {
    let running = command.start_bare()?;
    if let Some(ended) = end_within(&running, limit)? {
        return Ok(Outcome {
            ended,
            timed_out: false,
        });
    }
    running.signal(Signal::SIGTERM);
    let ended = end_within(&running, GRACE)?;
    running.signal(Signal::SIGKILL);
    let ended = match ended {
        Some(ended) => ended,
        // Nothing survives a SIGKILL but a process that the kernel holds: that one isn't waited for.
        None => end_within(&running, GRACE)?.unwrap_or(Ended::Signaled(Signal::SIGKILL as i32)),
    };
    Ok(Outcome {
        ended,
        timed_out: true,
    })
}

fn end_within(running: &Running, limit: Duration) -> io::Result<Option<Ended>> {
    let deadline = clock::now() + limit;
    loop {
        let left = deadline.saturating_duration_since(clock::now());
        // Rounded up: else the last millisecond would be spent in a loop.
        let left =
            PollTimeout::try_from(left + Duration::from_millis(1)).unwrap_or(PollTimeout::MAX);
        match poll(&mut [PollFd::new(running.as_fd(), PollFlags::POLLIN)], left) {
            Ok(0) if clock::now() >= deadline => return Ok(None),
            Ok(0) | Err(Errno::EINTR) => {}
            Ok(_) => return running.try_end(),
            Err(error) => return Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::tests::shell, *};

    #[test]
    fn it_is_waited_for() {
        let outcome = run(&shell("exit 4"), Duration::from_secs(20)).expect("it runs");
        assert_eq!(outcome.ended, Ended::Exited(4));
    }

    #[test]
    fn one_that_hangs_is_ended() {
        let outcome = run(&shell("sleep 100"), Duration::from_millis(100)).expect("it runs");
        assert!(outcome.timed_out);
        assert_eq!(outcome.ended, Ended::Signaled(Signal::SIGTERM as i32));
    }
}
