//! Model to running, on tokio: spells no configuration word and words no log line.

pub mod admin;
pub mod alert;
pub mod check;
pub mod clock;
pub mod event;
pub mod filter;
pub mod http;
pub mod lb;
pub mod live;
pub mod log;
pub mod net;
pub mod persistence;
pub mod plan;
pub mod process;
pub mod rules;
pub mod sample;
pub mod script;
pub mod server;
pub mod stats;
pub mod stick;
pub mod stream;
pub mod vocab;
pub mod worker;
