//! How a line leaves a journal.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write},
    os::{
        fd::AsFd,
        unix::fs::{FileTypeExt, OpenOptionsExt},
    },
    path::Path,
    sync::mpsc::{Receiver, SyncSender, channel, sync_channel},
    thread,
    time::Duration,
};

use socket2::{Domain, SockAddr, Socket, Type};

/// How many lines may wait for a disk.
const QUEUE: usize = 4096;
/// How long the end of the process waits for them.
const PATIENCE: Duration = Duration::from_secs(1);

/// A target, opened.
#[derive(Debug)]
pub(super) enum Way {
    /// Datagrams to a path.
    Datagram(Socket, SockAddr),
    /// A pipe or a terminal, through an open file of our own that doesn't block.
    Unblocked(File),
    /// A stream socket that others have, too (a service manager's): each send says that it doesn't wait.
    Stream(Socket),
    /// What can only be polled before it is written to: an open file that we may not open again.
    Polled,
    /// A regular file.
    Direct(File),
    /// A regular file behind a thread.
    Behind(Behind),
}

impl Way {
    pub(super) fn datagram(path: &Path) -> io::Result<Self> {
        let socket = Socket::new(Domain::UNIX, Type::DGRAM.nonblocking().cloexec(), None)?;
        Ok(Self::Datagram(socket, SockAddr::unix(path)?))
    }

    /// Standard error.
    pub(super) fn console() -> io::Result<Self> {
        let own = io::stderr().as_fd().try_clone_to_owned()?;
        let file = File::from(own);
        let kind = file.metadata()?.file_type();
        if kind.is_file() {
            return Ok(Self::Direct(file));
        }
        if kind.is_socket() {
            return Ok(Self::Stream(Socket::from(std::os::fd::OwnedFd::from(file))));
        }
        if kind.is_fifo() || kind.is_char_device() {
            let again = OpenOptions::new()
                .write(true)
                .custom_flags(nix::libc::O_NONBLOCK | nix::libc::O_NOCTTY)
                .open("/proc/self/fd/2");
            if let Ok(file) = again {
                return Ok(Self::Unblocked(file));
            }
        }
        Ok(Self::Polled)
    }

    /// Sends a line, or fails at once.
    pub(super) fn send(&mut self, line: &[u8]) -> io::Result<()> {
        const FLAGS: i32 = nix::libc::MSG_NOSIGNAL | nix::libc::MSG_DONTWAIT;
        match self {
            Self::Datagram(socket, to) => drop(socket.send_to_with_flags(line, to, FLAGS)?),
            Self::Stream(socket) => drop(socket.send_with_flags(line, FLAGS)?),
            Self::Unblocked(file) => drop(file.write(line)?),
            Self::Direct(file) => file.write_all(line)?,
            Self::Polled => super::super::console::print(line),
            Self::Behind(behind) => behind.send(line)?,
        }
        Ok(())
    }

    pub(super) fn write_behind(&mut self) -> io::Result<()> {
        if let Self::Direct(file) = self {
            *self = Self::Behind(Behind::start(file.try_clone()?)?);
        }
        Ok(())
    }
}

/// A thread that writes to a file.
#[derive(Debug)]
pub(super) struct Behind {
    /// `None`: closed, the process ends.
    lines: Option<SyncSender<Vec<u8>>>,
    /// Closes when all has been written.
    done: Receiver<()>,
}

impl Behind {
    fn start(mut file: File) -> io::Result<Self> {
        let (lines, queue) = sync_channel::<Vec<u8>>(QUEUE);
        let (working, done) = channel();
        thread::Builder::new().name("log".into()).spawn(move || {
            for line in queue {
                // A full disk loses lines; nobody could be told here.
                let _ = file.write_all(&line);
            }
            drop(working);
        })?;
        Ok(Self {
            lines: Some(lines),
            done,
        })
    }

    fn send(&self, line: &[u8]) -> io::Result<()> {
        let lines = self.lines.as_ref().ok_or(io::ErrorKind::BrokenPipe)?;
        lines
            .try_send(line.to_vec())
            .map_err(|_| io::ErrorKind::WouldBlock.into())
    }
}

impl Drop for Behind {
    fn drop(&mut self) {
        self.lines = None;
        // Either answer is an end: all is written, or the disk hangs and the process doesn't wait for it.
        let _ = self.done.recv_timeout(PATIENCE);
    }
}
