//! Signals as something to read: sigprocmask(2) and signalfd(2), real-time signals included, which `nix` can't name.

use std::{
    io::{self, ErrorKind},
    mem::{self, MaybeUninit},
    os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd},
};

use crate::readable::Readable;

/// Signals that wait to be read. They are blocked in this thread and in those it starts.
#[derive(Debug)]
pub struct SignalQueue(OwnedFd);

/// One signal, taken off the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
    /// Its number.
    pub number: i32,
    /// The process that sent it; 0 for the kernel.
    pub sender: i32,
}

/// Blocks these signals in this thread and gives each its default action: one that a parent left ignored (nohup, a
/// shell's `&`) would never arrive.
///
/// # Errors
/// A number that is no signal, or one that can't be caught.
pub fn block(numbers: &[i32]) -> io::Result<()> {
    let set = set_of(numbers)?;
    // SAFETY: the set is initialised and outlives the call; the old mask isn't asked for.
    match unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, &raw const set, std::ptr::null_mut()) } {
        0 => {}
        error => return Err(io::Error::from_raw_os_error(error)),
    }
    for number in numbers {
        // SAFETY: SIG_DFL is no function that could run in a signal's handler.
        if unsafe { libc::signal(*number, libc::SIG_DFL) } == libc::SIG_ERR {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(())
}

impl SignalQueue {
    /// A queue of these signals, which are blocked if they weren't. What arrived while they were blocked is in it. After
    /// a fork each process opens its own: signals are those of the process that reads.
    ///
    /// # Errors
    /// As [`block`]; no descriptor left.
    pub fn open(numbers: &[i32]) -> io::Result<Self> {
        block(numbers)?;
        let set = set_of(numbers)?;
        // SAFETY: the set is initialised and outlives the call; -1 asks for a new descriptor.
        let fd =
            unsafe { libc::signalfd(-1, &raw const set, libc::SFD_CLOEXEC | libc::SFD_NONBLOCK) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the descriptor was made just now and nobody else has it.
        Ok(Self(unsafe { OwnedFd::from_raw_fd(fd) }))
    }

    /// The next signal; `None` when none waits.
    ///
    /// # Errors
    /// The descriptor can't be read.
    pub fn take(&self) -> io::Result<Option<Arrival>> {
        const SIZE: usize = mem::size_of::<libc::signalfd_siginfo>();
        let mut record = MaybeUninit::<libc::signalfd_siginfo>::uninit();
        loop {
            // SAFETY: the buffer has room for one record, the descriptor is open.
            let count = unsafe { libc::read(self.0.as_raw_fd(), record.as_mut_ptr().cast(), SIZE) };
            if count == SIZE as isize {
                // SAFETY: the kernel wrote a whole record.
                let record = unsafe { record.assume_init() };
                return Ok(Some(Arrival {
                    number: i32::try_from(record.ssi_signo).unwrap_or(0),
                    sender: i32::try_from(record.ssi_pid).unwrap_or(0),
                }));
            }
            let error = io::Error::last_os_error();
            match error.kind() {
                ErrorKind::Interrupted => {}
                ErrorKind::WouldBlock => return Ok(None),
                _ => return Err(error),
            }
        }
    }
}

impl SignalQueue {
    /// What tells an event loop that a signal came. Must be called within a runtime.
    pub fn watch(&self) -> io::Result<Readable> {
        Readable::new(self.0.try_clone()?)
    }
}

impl AsFd for SignalQueue {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// Sends a signal to a process.
///
/// # Errors
/// There is no such process, or no such signal, or it isn't allowed.
pub fn send(pid: i32, number: i32) -> io::Result<()> {
    // SAFETY: the call takes numbers only.
    match unsafe { libc::kill(pid, number) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// The number of the first real-time signal that programs may use, as the C library has it.
pub fn first_realtime() -> i32 {
    libc::SIGRTMIN()
}

/// The number of the last real-time signal.
pub fn last_realtime() -> i32 {
    libc::SIGRTMAX()
}

fn set_of(numbers: &[i32]) -> io::Result<libc::sigset_t> {
    let mut set = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: sigemptyset initialises the set that it is given.
    let mut set = unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        set.assume_init()
    };
    for number in numbers {
        // SAFETY: the set is initialised; a number that is no signal is refused by the call.
        if unsafe { libc::sigaddset(&raw mut set, *number) } != 0 {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(set)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_real_time_signal_is_read_with_its_sender() {
        // In a thread of its own: the mask is per thread, and the test's thread keeps its own.
        std::thread::spawn(|| {
            let number = first_realtime() + 5;
            let queue = SignalQueue::open(&[number]).expect("opened");
            assert_eq!(queue.take().expect("readable"), None);
            // SAFETY: the signal is blocked in this thread, to which it is sent.
            unsafe { libc::pthread_kill(libc::pthread_self(), number) };
            let arrival = queue.take().expect("readable").expect("one signal");
            assert_eq!(arrival.number, number);
            assert_eq!(arrival.sender, std::process::id() as i32);
            assert_eq!(queue.take().expect("readable"), None);
        })
        .join()
        .expect("the thread's assertions");
    }

    #[test]
    fn no_signal_no_queue() {
        assert!(SignalQueue::open(&[1000]).is_err());
    }
}
