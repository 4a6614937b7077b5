//! The servers of a backend while the process runs: their state, their slots and queues, their idle connections.
//!
//! ```text
//!   stream ──admit──▶ Farm ──choose──▶ lb::Balancer
//!     ▲                │ full
//!     │ Slot           ▼
//!     └──────── Ticket in a server's or the backend's queue ◀── a Slot that is dropped, a server that comes up
//!
//!   check / command ──▶ Farm::{on_check, set_admin, …} ──▶ Events (a face words them)
//! ```
//!
//! One [`Farm`] per backend, shared by all workers behind an `Arc`.

pub mod admission;
pub mod demand;
pub mod descriptors;
pub mod event;
pub mod farm;
pub mod idle;
pub mod queue;
pub mod slowstart;
pub mod state;

pub use admission::{Admission, Arrival, Slot, Want};
pub use event::{Cause, Counts, Event};
pub use farm::{Farm, FarmRules};
pub use idle::{IdlePool, PoolKey, PoolKeyParts, PoolRules};
pub use queue::{Granted, Place, Priority, Ticket};
pub use state::{Admin, Operational, ServerState};

#[cfg(test)]
mod tests;
