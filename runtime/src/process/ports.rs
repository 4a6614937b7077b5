//! Releasing the ports while keeping the sockets (SIGTTOU), and taking them again (SIGTTIN).
//!
//! Only TCP listeners can be released; a successor replaces a unix socket by renaming its own over it.

use std::{io, os::fd::AsFd};

use locum_kernel::disconnect::disconnect;
use nix::sys::socket::{Backlog, listen};

/// Stops listening; another process may bind the port now.
pub fn release(listener: impl AsFd) -> io::Result<()> {
    disconnect(listener)
}

/// Listens again. Fails when another process holds the port.
pub fn resume(listener: impl AsFd, backlog: i32) -> io::Result<()> {
    let backlog = Backlog::new(backlog).unwrap_or(Backlog::MAXCONN);
    Ok(listen(&listener, backlog)?)
}
