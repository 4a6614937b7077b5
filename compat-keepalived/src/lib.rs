//! Keepalived's face: its command line, its language, its messages, and the processes of its daemon.

pub mod args;
pub mod bfd;
pub mod block;
pub mod check;
pub mod draft;
pub mod dump;
mod face;
pub mod line;
pub mod load;
pub mod message;
pub mod row;
pub mod signal;
pub mod version;

pub use face::run;
