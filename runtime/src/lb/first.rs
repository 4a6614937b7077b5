//! `balance first`: the server with the lowest identifier that has a free slot.

use crate::server::ServerState;

/// The servers by identifier.
#[derive(Debug, Default)]
pub struct First {
    order: Vec<u32>,
}

impl First {
    /// The servers that carry load have changed.
    pub fn on_change(&mut self, carriers: &[u32], servers: &[ServerState]) {
        self.order = carriers.to_vec();
        self.order
            .sort_by_key(|server| servers[*server as usize].rules.id);
    }

    /// The first that is free.
    pub fn choose(&self, free: impl Fn(u32) -> bool) -> Option<u32> {
        self.order.iter().copied().find(|server| free(*server))
    }
}
