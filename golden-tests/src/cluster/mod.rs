//! Scenarios of Keepalived: hosts on one wire, each a network namespace, and what they say to each other.
//!
//! ```text
//!            wire: a namespace with bridge br0; every port is watched (capture), every host is a port
//!   host a --- pa |                                                       | pt --- t0: forged packets enter here (forge)
//!   host b --- pb |  ...
//! ```
//!
//! scenario   what scenario.toml says
//! host       a thread that lives in the namespaces of its host, and does there what it is told
//! wire       builds bridge and ports, watches and sends frames
//! forge      fields -> bytes of a frame;  frame: bytes -> a line of text
//! runs       many frames -> the few lines that are compared
//! state      snapshots of addresses, routes, sysctls …
//! smtp       a mail server that writes down what it hears
//! log        lines of the log -> the text that is compared
//! play       carries out the steps

pub mod forge;
pub mod frame;
pub mod host;
pub mod log;
pub mod play;
pub mod runs;
pub mod scenario;
pub mod smtp;
pub mod state;
pub mod wire;
