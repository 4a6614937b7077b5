//! How much of the process's descriptors is in use, so that idle server connections never crowd out traffic (manual:
//! "tune.pool-low-fd-ratio", "tune.pool-high-fd-ratio").

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use crate::live::gauge::Gauge;

/// Descriptors in use, and the two marks that the pools of idle connections heed.
#[derive(Debug)]
pub struct Descriptors {
    /// Listening sockets and what each worker needs for itself.
    fixed: usize,
    /// Clients of all kinds.
    clients: [Gauge; 2],
    /// Connections to servers, idle or not.
    servers: AtomicUsize,
    low: usize,
    high: usize,
}

/// The marks, as percentages of the descriptors that the process may have.
#[derive(Debug, Clone, Copy)]
pub struct Ratios {
    /// From here on no connection is kept.
    pub low: usize,
    /// Beyond it each new connection costs an idle one.
    pub high: usize,
}

impl Descriptors {
    /// Nothing but `fixed` in use of `all`.
    pub fn new(all: usize, ratios: Ratios, fixed: usize, clients: [Gauge; 2]) -> Self {
        Self {
            fixed,
            clients,
            servers: AtomicUsize::new(0),
            low: all * ratios.low / 100,
            high: all * ratios.high / 100,
        }
    }

    /// In use now.
    pub fn used(&self) -> usize {
        let clients: usize = self.clients.iter().map(|gauge| gauge.now() as usize).sum();
        self.fixed + clients + self.servers.load(Relaxed)
    }

    /// A connection to a server has been opened.
    pub fn opened(&self) {
        self.servers.fetch_add(1, Relaxed);
    }

    /// So many of them are closed.
    pub fn closed(&self, count: usize) {
        self.servers.fetch_sub(count, Relaxed);
    }

    /// Whether a connection may be kept idle.
    pub fn allow_idle(&self) -> bool {
        self.used() < self.low
    }

    /// Whether an idle connection has to make room for a new one.
    pub fn are_scarce(&self) -> bool {
        self.used() > self.high
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Recorded from the reference: 225 descriptors, two listeners, one thread. Of 100 requests that end one after the
    // other the last twenty leave their connection.
    #[test]
    fn idle_connections_stay_while_a_fifth_of_the_descriptors_is_not_in_use() {
        let clients = Gauge::new(None);
        let ratios = Ratios { low: 20, high: 25 };
        let all = Descriptors::new(225, ratios, 3, [clients.clone(), Gauge::new(None)]);
        let mut shares: Vec<_> = (0..21).map(|_| clients.take()).collect();
        (0..21).for_each(|_| all.opened());
        assert_eq!(
            (all.used(), all.allow_idle(), all.are_scarce()),
            (45, false, false)
        );
        shares.pop();
        assert!(all.allow_idle());
        (0..13).for_each(|_| all.opened());
        assert!(all.are_scarce());
        all.closed(1);
        assert!(!all.are_scarce());
    }
}
