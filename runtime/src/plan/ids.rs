//! Stable small numbers that stand for things of the plan.

/// A proxy, by its place in [`crate::plan::Plan::proxies`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ProxyId(pub u32);

/// A server, by its backend and its place there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ServerId {
    /// The backend.
    pub backend: ProxyId,
    /// The place in [`crate::plan::Backend::servers`].
    pub index: u32,
}

/// A listening socket, by its place in [`crate::plan::Plan::listeners`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ListenerId(pub u32);

/// A stick table, by its place in [`crate::plan::Plan::tables`] and [`crate::live::Live::tables`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TableId(pub u32);

impl TableId {
    /// As an index.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

impl ProxyId {
    /// As an index.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

impl ListenerId {
    /// As an index.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}
