//! The only unsafe code of the workspace: one operation a file, a safe API outward.
//!
//! What `nix` and `socket2` already offer safely isn't repeated here.

pub mod accept;
pub mod adopt;
pub mod descriptors;
pub mod die;
pub mod disconnect;
pub mod environment;
pub mod executed;
pub mod fork;
pub mod link_beat;
pub mod memory;
pub mod netlink;
pub mod nft;
pub mod process_events;
pub mod raw;
pub mod readable;
pub mod run_as;
pub mod scheduling;
pub mod send_many;
pub mod signal_queue;
pub mod socket_option;
pub mod spawn;
pub mod successors;
pub mod sysctl;
pub mod tcp_info;
pub mod threads;
pub mod virtual_macs;

#[cfg(test)]
mod in_namespace;
