//! Ends the process by a signal's default action, so that the parent sees the signal and no exit status.

use nix::sys::signal::{SigHandler, SigSet, Signal, raise, signal};

/// Dies of `number`. Should the signal not kill (it was one that is ignored by default), exits with 128 + its number.
pub fn die_by(number: Signal) -> ! {
    // SAFETY: SIG_DFL is no function that could run in a signal's handler.
    let restored = unsafe { signal(number, SigHandler::SigDfl) };
    let mut mask = SigSet::empty();
    mask.add(number);
    if restored.is_ok() && raise(number).is_ok() {
        // Raised first and unblocked then: it is delivered inside this call.
        let _ = mask.thread_unblock();
    }
    std::process::exit(128 + number as i32)
}

/// Gives a signal its default action, which may have been "ignore" when this process was started (`nohup`, a shell's
/// background job), so that waiting for it works.
pub fn restore_default(number: Signal) -> nix::Result<()> {
    // SAFETY: SIG_DFL is no function that could run in a signal's handler.
    unsafe { signal(number, SigHandler::SigDfl) }.map(drop)
}

/// Ignores a signal from now on: SIGPIPE, whose news arrives as EPIPE too.
pub fn ignore(number: Signal) -> nix::Result<()> {
    // SAFETY: SIG_IGN is no function that could run in a signal's handler.
    unsafe { signal(number, SigHandler::SigIgn) }.map(drop)
}
