//! Leaving the terminal: the parent stays until the child serves or has failed, and ends with its result.

use std::{
    fs::{File, OpenOptions},
    io::{self, PipeReader, PipeWriter, Read, Write},
};

use locum_kernel::fork::{Fork, fork};
use nix::{
    sys::wait::{WaitStatus, waitpid},
    unistd::{Pid, dup2_stderr, dup2_stdin, dup2_stdout, setsid},
};

use super::Exit;

/// Who goes on after [`split`].
#[derive(Debug)]
pub enum Role {
    /// The process that was started; it waits.
    Parent(Waiting),
    /// The process that will serve.
    Child(Announcement),
}

/// The parent's end.
#[derive(Debug)]
pub struct Waiting {
    child: i32,
    news: PipeReader,
}

/// The child's end. Dropped unused, it tells the parent that the start failed.
#[derive(Debug)]
pub struct Announcement {
    news: PipeWriter,
    null: File,
}

/// Forks. The child has a session of its own; its standard streams stay until it serves, so that what goes wrong is
/// still seen.
pub fn split() -> io::Result<Role> {
    let (reader, writer) = io::pipe()?;
    // Opened now: it may be out of reach behind a chroot.
    let null = OpenOptions::new()
        .read(true)
        .write(true)
        .open("/dev/null")?;
    match fork()? {
        Fork::Parent { child } => Ok(Role::Parent(Waiting {
            child: child.get(),
            news: reader,
        })),
        Fork::Child => {
            drop(reader);
            setsid()?;
            Ok(Role::Child(Announcement { news: writer, null }))
        }
    }
}

impl Waiting {
    /// The child's pid.
    pub fn child(&self) -> i32 {
        self.child
    }

    /// Waits until the child serves, or returns how it ended.
    pub fn wait(mut self) -> Result<(), Exit> {
        match self.news.read_exact(&mut [0]) {
            Ok(()) => Ok(()),
            Err(_) => Err(match waitpid(Pid::from_raw(self.child), None) {
                Ok(WaitStatus::Exited(_, status)) if status != 0 => Exit::Status(status as u8),
                Ok(WaitStatus::Signaled(_, signal, _)) => Exit::Status(128 + signal as u8),
                _ => Exit::Status(1),
            }),
        }
    }
}

impl Announcement {
    /// The child serves: its standard streams go to /dev/null and the parent may end.
    pub fn serving(mut self) -> io::Result<()> {
        dup2_stdin(&self.null)?;
        dup2_stdout(&self.null)?;
        dup2_stderr(&self.null)?;
        self.news.write_all(&[1])
    }
}
