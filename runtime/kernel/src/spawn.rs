//! fork(2) and execve(2) in one step, from a process with any number of threads.
//!
//! The standard library's `Command` clears the signal mask of the child; a worker must start with every signal
//! blocked until its handlers stand, so that an early SIGUSR2 can't kill it.

use std::{
    ffi::{CStr, CString, OsStr},
    io,
    os::{
        fd::{AsRawFd, BorrowedFd, RawFd},
        unix::ffi::OsStrExt,
    },
    ptr,
};

/// A program to start.
#[derive(Debug)]
pub struct Spawn<'a> {
    /// The file to execute; a name without a slash is not searched for.
    pub path: &'a OsStr,
    /// Its arguments, `argv[0]` included.
    pub arguments: &'a [&'a OsStr],
    /// Its whole environment.
    pub environment: &'a [(&'a OsStr, &'a OsStr)],
    /// Descriptors that the program gets, under the same numbers, although they are close-on-exec.
    pub keep: &'a [BorrowedFd<'a>],
}

/// Starts the program and returns its pid. The signal mask is inherited. A file that can't be executed is an error.
pub fn spawn(program: &Spawn<'_>) -> io::Result<i32> {
    let path = c_string(program.path)?;
    let arguments = program
        .arguments
        .iter()
        .map(|word| c_string(word))
        .collect::<io::Result<Vec<_>>>()?;
    let environment = program
        .environment
        .iter()
        .map(|(name, value)| {
            let mut pair = name.as_bytes().to_vec();
            pair.push(b'=');
            pair.extend_from_slice(value.as_bytes());
            CString::new(pair).map_err(io::Error::other)
        })
        .collect::<io::Result<Vec<_>>>()?;
    let arguments = pointers(&arguments);
    let environment = pointers(&environment);
    let keep: Vec<RawFd> = program.keep.iter().map(AsRawFd::as_raw_fd).collect();
    // Both ends close on exec: an end of file tells the parent that the exec worked.
    let (mut failure, report) = io::pipe()?;
    let report_fd = report.as_raw_fd();

    // SAFETY: between fork and execve the child calls only async-signal-safe functions (fcntl, execve, write, _exit)
    // on memory prepared above, so locks held by other threads of the parent at this moment don't matter.
    let pid = unsafe { libc::fork() };
    if pid < 0 {
        return Err(io::Error::last_os_error());
    }
    if pid == 0 {
        execute(&path, &arguments, &environment, &keep, report_fd);
    }
    drop(report);
    let mut errno = [0; 4];
    match io::Read::read_exact(&mut failure, &mut errno) {
        Err(_) => Ok(pid),
        Ok(()) => {
            let mut status = 0;
            // SAFETY: pid is our unreaped child, and status points to a local integer.
            unsafe { libc::waitpid(pid, &raw mut status, 0) };
            Err(io::Error::from_raw_os_error(i32::from_ne_bytes(errno)))
        }
    }
}

fn c_string(word: &OsStr) -> io::Result<CString> {
    CString::new(word.as_bytes()).map_err(io::Error::other)
}

fn pointers(words: &[CString]) -> Vec<*const libc::c_char> {
    let mut all: Vec<_> = words.iter().map(|word| word.as_ptr()).collect();
    all.push(ptr::null());
    all
}

/// The child's part: nothing here allocates, locks or panics.
fn execute(
    path: &CStr,
    arguments: &[*const libc::c_char],
    environment: &[*const libc::c_char],
    keep: &[RawFd],
    report: RawFd,
) -> ! {
    // SAFETY: the descriptors are open (borrowed by the caller), both arrays end with a null pointer and their
    // strings live in the caller's frame, and errno is read by the thread that set it.
    unsafe {
        for fd in keep {
            libc::fcntl(*fd, libc::F_SETFD, 0);
        }
        libc::execve(path.as_ptr(), arguments.as_ptr(), environment.as_ptr());
        let errno = (*libc::__errno_location()).to_ne_bytes();
        libc::write(report, errno.as_ptr().cast(), errno.len());
        libc::_exit(127)
    }
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;

    use super::*;

    fn wait(pid: i32) -> nix::sys::wait::WaitStatus {
        nix::sys::wait::waitpid(nix::unistd::Pid::from_raw(pid), None).expect("our child")
    }

    #[test]
    fn a_file_that_is_not_there_is_an_error_and_leaves_no_child() {
        let program = Spawn {
            path: OsStr::new("/nonexistent/program"),
            arguments: &[OsStr::new("program")],
            environment: &[],
            keep: &[],
        };
        let error = spawn(&program).expect_err("no such file");
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn only_the_descriptors_named_reach_the_program() {
        let (_a, kept) = io::pipe().expect("pipe");
        let (_b, other) = io::pipe().expect("pipe");
        let script = format!(
            "test -e /proc/self/fd/{} && test ! -e /proc/self/fd/{} && test \"$NAME\" = value",
            kept.as_raw_fd(),
            other.as_raw_fd()
        );
        let program = Spawn {
            path: OsStr::new("/bin/sh"),
            arguments: &[OsStr::new("sh"), OsStr::new("-c"), OsStr::new(&script)],
            environment: &[(OsStr::new("NAME"), OsStr::new("value"))],
            keep: &[kept.as_fd()],
        };
        let pid = spawn(&program).expect("sh starts");
        assert!(matches!(
            wait(pid),
            nix::sys::wait::WaitStatus::Exited(_, 0)
        ));
    }
}
