//! Signals as events: every signal is blocked everywhere, and one thread takes them off with sigwait(3).
//!
//! No handler ever runs, so nothing can interrupt a system call or run between two instructions. What arrived while
//! signals were blocked (across an exec, during the start) isn't lost: it waits until the thread looks.

use std::{io, thread};

use locum_kernel::die;
use nix::sys::signal::{SigSet, SigmaskHow, Signal, pthread_sigmask};

/// What a signal asks a serving process to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Control {
    /// SIGUSR1: accept no more, let what runs end.
    SoftStop,
    /// SIGTERM: end at once; the process dies of that signal.
    HardStop,
    /// SIGINT: as the hard stop, but by SIGINT.
    Interrupt,
    /// SIGHUP: tell the state of everything (a master: reload).
    Dump,
    /// SIGQUIT: tell the use of memory.
    DumpMemory,
    /// SIGTTOU: a successor wants the ports.
    ReleasePorts,
    /// SIGTTIN: the successor gave up, listen again.
    ResumePorts,
    /// SIGUSR2: reload (a single process has nothing to do).
    Reload,
    /// SIGCHLD: a child changed its state.
    Child,
}

/// Signals that are ours; the others keep what the system does with them.
const TAKEN: [(Signal, Control); 9] = [
    (Signal::SIGUSR1, Control::SoftStop),
    (Signal::SIGTERM, Control::HardStop),
    (Signal::SIGINT, Control::Interrupt),
    (Signal::SIGHUP, Control::Dump),
    (Signal::SIGQUIT, Control::DumpMemory),
    (Signal::SIGTTOU, Control::ReleasePorts),
    (Signal::SIGTTIN, Control::ResumePorts),
    (Signal::SIGUSR2, Control::Reload),
    (Signal::SIGCHLD, Control::Child),
];

pub(super) fn taken() -> SigSet {
    TAKEN.iter().map(|(signal, _)| *signal).collect()
}

/// Blocks the signals that steer this process, and leaves SIGPIPE ignored. First thing in `main`: threads started
/// later inherit the mask, and so does a program that is executed.
pub fn block() -> io::Result<()> {
    pthread_sigmask(SigmaskHow::SIG_BLOCK, Some(&taken()), None)?;
    for (signal, _) in TAKEN {
        // A parent may have left one ignored (nohup, a shell's `&`): an ignored signal would never arrive.
        die::restore_default(signal)?;
    }
    die::ignore(Signal::SIGPIPE)?;
    Ok(())
}

/// Blocks these signals, which a queue of this process or of its children will take, and ignores SIGPIPE. First thing
/// in `main` of a program that steers its processes by [`super::signal_queue`].
pub fn block_all(numbers: &[i32]) -> io::Result<()> {
    locum_kernel::signal_queue::block(numbers)?;
    die::ignore(Signal::SIGPIPE)?;
    Ok(())
}

/// Unblocks them: for a program that is executed and isn't ours (an external check).
pub fn unblock() -> io::Result<()> {
    Ok(pthread_sigmask(
        SigmaskHow::SIG_UNBLOCK,
        Some(&taken()),
        None,
    )?)
}

/// Starts the thread that hands each signal to `on` as a [`Control`]. It lives as long as the process.
pub fn listen(on: impl Fn(Control) + Send + 'static) -> io::Result<()> {
    thread::Builder::new()
        .name("signals".into())
        .spawn(move || {
            loop {
                on(wait());
            }
        })?;
    Ok(())
}

/// The event of a signal's number.
pub(super) fn control_of(number: u32) -> Option<Control> {
    TAKEN
        .iter()
        .find(|(signal, _)| *signal as u32 == number)
        .map(|(_, control)| *control)
}

/// Waits for the next signal in this thread.
pub fn wait() -> Control {
    let set = taken();
    loop {
        let Ok(signal) = set.wait() else { continue };
        if let Some((_, control)) = TAKEN.iter().find(|(taken, _)| *taken == signal) {
            return *control;
        }
    }
}
