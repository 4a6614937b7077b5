//! Programs that a configuration names: notify scripts, tracking scripts, external checks, readers of FIFOs.
//!
//! Starting one never waits. Each has a process group of its own, and one that runs over its time is told to end
//! (SIGTERM to the group) and killed (SIGKILL) when it hasn't after [`GRACE`].

use std::{
    ffi::{OsStr, OsString},
    io,
    os::unix::ffi::OsStrExt,
    time::Duration,
};

pub use locum_kernel::run_as::Ended;
use locum_kernel::{
    readable::Readable,
    run_as::{self, Program, Running},
};
use nix::sys::signal::Signal;

pub mod once;

/// From being told to end to being killed.
pub const GRACE: Duration = Duration::from_secs(2);

/// A program with its arguments and whom it runs as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// The program's path, then its arguments, none of which a shell sees.
    pub argv: Vec<OsString>,
    /// Its user.
    pub uid: u32,
    /// Its group.
    pub gid: u32,
}

/// How a program ended, and whether by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// The status, the signal, or why it never ran.
    pub ended: Ended,
    /// It ran over its time and was told to end.
    pub timed_out: bool,
}

/// A program that runs, in a task of a runtime with IO. Dropped, it goes on; its end is then noticed by nobody.
#[derive(Debug)]
pub struct Script {
    running: Running,
    end: Readable,
}

impl Command {
    /// A configured script with `more` arguments behind its own.
    pub fn of(script: &locum_model::script::Script, more: &[&[u8]]) -> Self {
        let own = script.argv.iter().map(|word| word.as_bytes());
        Self {
            argv: own
                .chain(more.iter().copied())
                .map(|word| OsStr::from_bytes(word).to_owned())
                .collect(),
            uid: script.account.uid,
            gid: script.account.gid,
        }
    }

    /// Starts it. That the file can't be executed is told by its end ([`Ended::NotExecuted`]).
    pub fn start(&self) -> io::Result<Script> {
        let running = self.start_bare()?;
        let end = running.watch()?;
        Ok(Script { running, end })
    }

    fn start_bare(&self) -> io::Result<Running> {
        let argv: Vec<&OsStr> = self.argv.iter().map(OsString::as_os_str).collect();
        run_as::start(&Program {
            argv: &argv,
            uid: self.uid,
            gid: self.gid,
        })
    }
}

impl Script {
    /// The pid of its leader, which is its group's, too.
    pub fn pid(&self) -> i32 {
        self.running.pid()
    }

    /// Asks the whole group to end.
    pub fn terminate(&self) {
        self.running.signal(Signal::SIGTERM);
    }

    /// Ends the whole group.
    pub fn kill(&self) {
        self.running.signal(Signal::SIGKILL);
    }

    /// Waits for its end, without a bound.
    pub async fn ended(&self) -> io::Result<Ended> {
        loop {
            self.end.ready().await?;
            if let Some(ended) = self.running.try_end()? {
                return Ok(ended);
            }
        }
    }

    /// Waits for its end, `limit` at most: then it is told to end, and killed after [`GRACE`]. `on_timeout` learns of the
    /// first. What a leader that was told to end leaves behind is killed.
    pub async fn ended_within(
        self,
        limit: Duration,
        on_timeout: impl FnOnce(),
    ) -> io::Result<Outcome> {
        if let Ok(ended) = tokio::time::timeout(limit, self.ended()).await {
            return Ok(Outcome {
                ended: ended?,
                timed_out: false,
            });
        }
        self.terminate();
        on_timeout();
        let ended = match tokio::time::timeout(GRACE, self.ended()).await {
            Ok(ended) => {
                self.kill();
                ended?
            }
            Err(_) => {
                self.kill();
                self.ended().await?
            }
        };
        Ok(Outcome {
            ended,
            timed_out: true,
        })
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::script) fn shell(text: &str) -> Command {
        Command {
            argv: ["/bin/sh", "-c", text].map(OsString::from).into(),
            uid: nix::unistd::geteuid().as_raw(),
            gid: nix::unistd::getegid().as_raw(),
        }
    }

    fn run(text: &str, limit: Duration) -> (Outcome, bool) {
        let mut told = false;
        let outcome = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime")
            .block_on(async {
                let script = shell(text).start().expect("it starts");
                script.ended_within(limit, || told = true).await
            })
            .expect("it ends");
        (outcome, told)
    }

    #[test]
    fn the_status_comes_back() {
        let (outcome, told) = run("exit 3", Duration::from_secs(20));
        assert_eq!(outcome.ended, Ended::Exited(3));
        assert!(!outcome.timed_out && !told);
    }

    #[test]
    fn one_that_hangs_is_told_to_end() {
        let (outcome, told) = run("sleep 100", Duration::from_millis(100));
        assert_eq!(outcome.ended, Ended::Signaled(Signal::SIGTERM as i32));
        assert!(outcome.timed_out && told);
    }

    #[test]
    fn one_that_does_not_listen_is_killed() {
        let (outcome, _) = run(
            "trap '' TERM; while :; do sleep 1; done",
            Duration::from_millis(300),
        );
        assert_eq!(outcome.ended, Ended::Signaled(Signal::SIGKILL as i32));
        assert!(outcome.timed_out);
    }
}
