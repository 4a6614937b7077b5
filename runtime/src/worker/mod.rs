//! Worker threads: each a current-thread runtime with its connections, pools and timers.

pub mod wait;
