//! A program of the configuration, started as somebody else: fork(2), the account, execve(2).
//!
//! The standard library's `Command` can neither set supplementary groups nor a parent death signal. The caller never
//! waits: not for the exec (the file may lie on a network that hangs) and not for the end, which a pidfd tells.

use std::{
    ffi::{CString, OsStr},
    fs::{File, OpenOptions},
    io,
    os::{
        fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd},
        unix::ffi::{OsStrExt, OsStringExt},
    },
    ptr,
};

use nix::{
    sys::{
        signal::{Signal, killpg},
        wait::{WaitPidFlag, WaitStatus, waitpid},
    },
    unistd::Pid,
};

use crate::readable::Readable;

/// What to start, and as whom.
#[derive(Debug, Clone, Copy)]
pub struct Program<'a> {
    /// The program and its arguments; the first word is the path, taken literally.
    pub argv: &'a [&'a OsStr],
    /// Its user.
    pub uid: u32,
    /// Its group, and the only supplementary one.
    pub gid: u32,
}

/// A program that runs, the leader of a process group of its own. Whoever drops it loses the exit status; the process
/// goes on and stays a zombie until this process ends.
#[derive(Debug)]
pub struct Running {
    pid: Pid,
    pidfd: OwnedFd,
    failure: File,
}

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// By exit(2), with this status.
    Exited(i32),
    /// By a signal.
    Signaled(i32),
    /// It never ran: execve, or becoming its user, failed with this errno.
    NotExecuted(i32),
}

/// Starts the program: default signals, none blocked, /dev/null as its standard streams, nothing else open, SIGTERM when
/// the calling thread's process ends, our environment. Fails when there is no memory or process left, or a word holds a
/// zero byte.
pub fn start(program: &Program<'_>) -> io::Result<Running> {
    let argv = program
        .argv
        .iter()
        .map(|word| CString::new(word.as_bytes()).map_err(io::Error::other))
        .collect::<io::Result<Vec<_>>>()?;
    if argv.is_empty() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let environment: Vec<CString> = std::env::vars_os()
        .filter_map(|(name, value)| {
            let mut pair = name.into_vec();
            pair.push(b'=');
            pair.extend_from_slice(value.as_bytes());
            CString::new(pair).ok()
        })
        .collect();
    let null = OpenOptions::new()
        .read(true)
        .write(true)
        .open("/dev/null")?;
    let (failure, report) = io::pipe()?;
    let prepared = Prepared {
        argv: pointers(&argv),
        environment: pointers(&environment),
        uid: program.uid,
        gid: program.gid,
        is_us: nix::unistd::geteuid().as_raw() == program.uid
            && nix::unistd::getegid().as_raw() == program.gid,
        null: null.as_raw_fd(),
        report: report.as_raw_fd(),
        last_signal: libc::SIGRTMAX(),
    };

    // SAFETY: the child calls only async-signal-safe functions on memory prepared above, so locks held by other threads
    // of the parent at this moment don't matter.
    let pid = unsafe { libc::fork() };
    if pid < 0 {
        return Err(io::Error::last_os_error());
    }
    if pid == 0 {
        become_the_program(&prepared);
    }
    // The group is made on both sides: whoever signals it must find it, however early that is.
    let pid = Pid::from_raw(pid);
    let _ = nix::unistd::setpgid(pid, pid);
    Ok(Running {
        pid,
        pidfd: pidfd_open(pid)?,
        failure: File::from(OwnedFd::from(failure)),
    })
}

impl Running {
    /// The leader's pid, which is also the group's.
    pub fn pid(&self) -> i32 {
        self.pid.as_raw()
    }

    /// Signals every process of the group. An empty group is no error.
    pub fn signal(&self, signal: Signal) {
        let _ = killpg(self.pid, signal);
    }

    /// For waiting in an event loop until it has ended.
    pub fn watch(&self) -> io::Result<Readable> {
        Readable::new(self.pidfd.try_clone()?)
    }

    /// How it ended, once; `None` while it runs.
    pub fn try_end(&self) -> io::Result<Option<Ended>> {
        Ok(match waitpid(self.pid, Some(WaitPidFlag::WNOHANG))? {
            WaitStatus::Exited(_, NEVER_RAN) => Some(
                self.reported()
                    .map_or(Ended::Exited(NEVER_RAN), Ended::NotExecuted),
            ),
            WaitStatus::Exited(_, status) => Some(Ended::Exited(status)),
            WaitStatus::Signaled(_, signal, _) => Some(Ended::Signaled(signal as i32)),
            _ => None,
        })
    }

    /// The errno that the child wrote before it gave up. It has ended, so there is nothing to wait for: its end of the
    /// pipe is closed.
    fn reported(&self) -> Option<i32> {
        let mut errno = [0; 4];
        io::Read::read_exact(&mut &self.failure, &mut errno).ok()?;
        Some(i32::from_ne_bytes(errno))
    }
}

/// Readable once the program has ended.
impl AsFd for Running {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.pidfd.as_fd()
    }
}

/// The status of a child that couldn't become its program.
const NEVER_RAN: i32 = 127;

struct Prepared {
    argv: Vec<*const libc::c_char>,
    environment: Vec<*const libc::c_char>,
    uid: u32,
    gid: u32,
    is_us: bool,
    null: RawFd,
    report: RawFd,
    last_signal: i32,
}

fn pointers(words: &[CString]) -> Vec<*const libc::c_char> {
    let mut all: Vec<_> = words.iter().map(|word| word.as_ptr()).collect();
    all.push(ptr::null());
    all
}

/// The child's part: nothing here allocates, locks or panics.
fn become_the_program(program: &Prepared) -> ! {
    // SAFETY: the descriptors are open, the arrays end with a null pointer and their strings live in the caller's frame;
    // the action installed is SIG_DFL, no function; errno is read by the thread that set it.
    unsafe {
        let mut done = true;
        if !program.is_us {
            done &= libc::setgid(program.gid) == 0;
        }
        // In a user namespace that denies setgroups(2) our own account keeps the groups it has.
        done &= libc::setgroups(1, &raw const program.gid) == 0 || program.is_us;
        if !program.is_us {
            done &= libc::setuid(program.uid) == 0;
        }
        if done {
            for number in 1..=program.last_signal {
                libc::signal(number, libc::SIG_DFL);
            }
            let mut none: libc::sigset_t = std::mem::zeroed();
            libc::sigemptyset(&raw mut none);
            libc::sigprocmask(libc::SIG_SETMASK, &raw const none, ptr::null_mut());
            for stream in 0..=2 {
                libc::dup2(program.null, stream);
            }
            // What isn't close-on-exec was given to us by whoever started the daemon, not to its scripts.
            libc::syscall(
                libc::SYS_close_range,
                3,
                libc::c_uint::MAX,
                libc::CLOSE_RANGE_CLOEXEC,
            );
            libc::setpgid(0, 0);
            libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGTERM);
            libc::execve(
                program.argv[0],
                program.argv.as_ptr(),
                program.environment.as_ptr(),
            );
        }
        let errno = (*libc::__errno_location()).to_ne_bytes();
        libc::write(program.report, errno.as_ptr().cast(), errno.len());
        libc::_exit(NEVER_RAN)
    }
}

fn pidfd_open(pid: Pid) -> io::Result<OwnedFd> {
    // SAFETY: no memory is passed; the descriptor returned is new and nobody else's. It is close-on-exec by definition.
    unsafe {
        let fd = libc::syscall(libc::SYS_pidfd_open, pid.as_raw(), 0);
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(OwnedFd::from_raw_fd(fd as RawFd))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

    use super::*;

    fn run(words: &[&str]) -> Running {
        let argv: Vec<_> = words.iter().map(OsStr::new).collect();
        start(&Program {
            argv: &argv,
            uid: nix::unistd::geteuid().as_raw(),
            gid: nix::unistd::getegid().as_raw(),
        })
        .expect("it starts")
    }

    fn end(running: &Running) -> Ended {
        let mut fds = [PollFd::new(running.pidfd.as_fd(), PollFlags::POLLIN)];
        let ten_seconds = PollTimeout::try_from(Duration::from_secs(10)).expect("fits");
        assert_eq!(poll(&mut fds, ten_seconds), Ok(1), "it ends");
        running
            .try_end()
            .expect("our child")
            .expect("the pidfd says so")
    }

    #[test]
    fn arguments_reach_the_program_as_they_are_and_its_status_comes_back() {
        let running = run(&[
            "/bin/sh",
            "-c",
            "test \"$1\" = 'a b' && test -z \"$2\" && exit 7",
            "sh",
            "a b",
            "",
        ]);
        assert_eq!(end(&running), Ended::Exited(7));
    }

    #[test]
    fn a_file_that_cannot_be_executed_tells_its_errno() {
        assert_eq!(
            end(&run(&["/nonexistent/program"])),
            Ended::NotExecuted(libc::ENOENT)
        );
        assert_eq!(
            end(&run(&["/bin/sh", "-c", "exit 127"])),
            Ended::Exited(127)
        );
    }

    #[test]
    fn a_signal_reaches_what_the_program_has_started() {
        let running = run(&["/bin/sh", "-c", "sleep 100 & wait"]);
        std::thread::sleep(Duration::from_millis(20));
        running.signal(Signal::SIGTERM);
        assert_eq!(end(&running), Ended::Signaled(libc::SIGTERM));
        let deadline = std::time::Duration::from_secs(5);
        let mut waited = Duration::ZERO;
        while killpg(running.pid, None).is_ok() && waited < deadline {
            std::thread::sleep(Duration::from_millis(10));
            waited += Duration::from_millis(10);
        }
        assert!(waited < deadline, "nobody of the group is left");
    }

    /// Signals 32 and up aren't looked at: the C library keeps the first two for itself.
    #[test]
    fn the_program_starts_with_clean_signals_and_streams() {
        let running = run(&[
            "/bin/sh",
            "-c",
            "test \"$(readlink /proc/self/fd/0)\" = /dev/null && \
             grep -q '^SigBlk:.0*$' /proc/self/status && grep -Eq '^SigIgn:.[0-9a-f]{8}[08]0{7}$' /proc/self/status && \
             test \"$(ps -o pgid= -p $$ | tr -d ' ')\" = $$ || exit 1",
        ]);
        assert_eq!(end(&running), Ended::Exited(0));
    }
}
