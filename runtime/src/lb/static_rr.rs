//! `balance static-rr`: in turns from a table in which each server stands as often as its weight says.

use crate::server::ServerState;

/// The table and the place in it.
#[derive(Debug, Default)]
pub struct StaticRr {
    table: Vec<u32>,
    next: usize,
}

impl StaticRr {
    /// The servers that carry load have changed. Weights count as configured: later changes have no effect.
    pub fn on_change(&mut self, carriers: &[u32], servers: &[ServerState]) {
        self.table = super::map::spread(carriers, servers);
    }

    /// The table.
    pub(super) fn table(&self) -> &[u32] {
        &self.table
    }

    /// The next in the table that is free.
    pub fn choose(&mut self, free: impl Fn(u32) -> bool) -> Option<u32> {
        let length = self.table.len();
        // The place outlives a shorter table: it goes back to the start only when it is needed.
        let start = if self.next < length { self.next } else { 0 };
        for step in 0..length {
            let place = (start + step) % length;
            let server = self.table[place];
            if free(server) {
                self.next = place + 1;
                return Some(server);
            }
        }
        None
    }
}
