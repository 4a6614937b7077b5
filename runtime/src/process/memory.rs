//! What memory the process takes: its allocator, and what it can give back.

pub use locum_kernel::memory::{Allocator, give_back};
