//! What stands around the subject: clients, origins, log sinks.

pub mod client;
pub mod origin;
pub mod sink;
pub mod socket;
