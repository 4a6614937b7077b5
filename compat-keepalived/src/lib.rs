//! Keepalived's face: its command line, its language, its messages, and the processes of its daemon.

pub mod args;
pub mod bfd;
pub mod block;
pub mod check;
pub mod checker;
pub mod draft;
pub mod dump;
pub mod event;
mod face;
pub mod inside;
pub mod line;
pub mod load;
pub mod lvs;
pub mod message;
pub mod notify;
pub mod row;
pub mod signal;
pub mod trouble;
pub mod version;
pub mod vrrp_option;

pub use face::run;
