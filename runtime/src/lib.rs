//! Model to running, on tokio: spells no configuration word and words no log line.

pub mod http;
