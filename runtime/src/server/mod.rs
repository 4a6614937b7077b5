//! Servers: their state, limits, queues and idle connections.

/// The servers of one backend.
pub struct Pool {}

impl Pool {
    /// All servers of a backend at their start.
    pub fn new(_backend: &crate::plan::Backend, _workers: usize, _now: crate::vocab::Now) -> Self {
        Self {}
    }
}
