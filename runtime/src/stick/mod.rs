//! Stick tables: what is remembered of clients and counted of them (manual 4.2 "stick-table", "track-sc").
//!
//! ```text
//!   plan: Arg::Table(id) ──▶ live.tables[id]: Table ──▶ Entry (a lock of its own, never held over an await)
//!   session, stream: Tracking = up to three held entries, on which all events are counted
//! ```
//!
//! `rate` and `table` are pure: moments are arguments.

pub mod entry;
pub mod general;
pub mod key;
pub mod rate;
pub mod table;
pub mod tracking;

pub use entry::Entry;
pub use table::Table;
pub use tracking::{Tracked, Tracking};

/// How many entries a session or a stream tracks at most.
pub const COUNTERS: usize = 3;
