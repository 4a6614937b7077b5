//! BFD: whether a neighbour is alive, told within milliseconds (RFC 5880, RFC 5881: asynchronous mode, single hop).
//!
//! ```text
//! driver ── datagrams, timers ──▶ sessions ──▶ session (pure) ──▶ Effects ──▶ driver ──▶ packets
//!                                                                               └──▶ reports ──▶ VRRP and checker processes
//! ```
//!
//! One process runs all sessions. It tells the others by a socket pair each, which the parent makes before it forks.

pub mod driver;
pub mod event;
pub mod packet;
pub mod report;
pub mod session;
pub mod sessions;

#[cfg(test)]
mod simulation;
