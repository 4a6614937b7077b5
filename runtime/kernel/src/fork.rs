//! fork(2) without exec, for leaving the terminal.

use std::{io, num::NonZeroI32};

use crate::threads;

/// Who returns from [`fork`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fork {
    /// The process that called, with its child's pid.
    Parent {
        /// The child.
        child: NonZeroI32,
    },
    /// The new process.
    Child,
}

/// Splits the process in two. Fails when other threads exist: the child would lack them and inherit their locks.
pub fn fork() -> io::Result<Fork> {
    threads::require_single()?;
    // SAFETY: this thread is the only one (checked above; nobody else can start one meanwhile), hence no lock is
    // held by a thread that the child lacks, and the child may do whatever the parent may.
    let pid = unsafe { libc::fork() };
    match NonZeroI32::new(pid) {
        None => Ok(Fork::Child),
        Some(child) if child.get() > 0 => Ok(Fork::Parent { child }),
        Some(_) => Err(io::Error::last_os_error()),
    }
}
