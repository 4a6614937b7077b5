//! Black-box tests: runs binaries, links none of our crates.
//!
//! The way of one scenario, in the order of the modules:
//!
//! ```text
//! scenario   reads scenario.toml and the files beside it
//! subject    builds ours, finds the reference
//! holder     re-executes the test binary inside its own namespaces (net, mount, pid, ipc; user when not root)
//! play       carries out the steps; peer/ are the client, the origins and the log sinks around the subject
//! cluster    the same for Keepalived: hosts on a wire, forged packets, what is said on the wire
//! normalise  replaces what may vary from run to run, and nothing else
//! record     writes expected/ (from the reference only) or reads it
//! compare    judges the difference, with known-differences.toml at hand
//! ```
//!
//! `load` is apart: the pieces of the benches.

pub mod bytes;
pub mod clock;
pub mod cluster;
pub mod compare;
pub mod holder;
pub mod http;
pub mod load;
pub mod normalise;
pub mod peer;
pub mod play;
pub mod process;
pub mod record;
pub mod samples;
pub mod scenario;
pub mod subject;
