//! Counters: one shard per worker thread, written by that thread alone, summed by whoever reads.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// A number that only its own worker increases; others may read it at any time.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Adds; only to be called by the shard's own worker, so that no locked instruction is needed.
    #[inline]
    pub fn add(&self, n: u64) {
        self.0.store(self.0.load(Relaxed).wrapping_add(n), Relaxed);
    }

    /// Adds one.
    #[inline]
    pub fn increment(&self) {
        self.add(1);
    }

    /// The shard's value.
    pub fn value(&self) -> u64 {
        self.0.load(Relaxed)
    }

    /// Sets it: for maxima and for `clear counters`.
    pub fn set(&self, n: u64) {
        self.0.store(n, Relaxed);
    }
}

/// Shards on cache lines of their own.
#[derive(Debug)]
pub struct Sharded<T> {
    shards: Box<[Padded<T>]>,
}

#[derive(Debug, Default)]
#[repr(align(128))]
struct Padded<T>(T);

impl<T: Default> Sharded<T> {
    /// One shard per worker; at least one.
    pub fn new(workers: usize) -> Self {
        Self {
            shards: (0..workers.max(1)).map(|_| Padded::default()).collect(),
        }
    }
}

impl<T> Sharded<T> {
    /// The shard of a worker.
    #[inline]
    pub fn of(&self, worker: usize) -> &T {
        &self.shards[worker].0
    }

    /// All shards.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.shards.iter().map(|padded| &padded.0)
    }

    /// The sum of one counter over all shards.
    pub fn sum(&self, counter: impl Fn(&T) -> &Counter) -> u64 {
        self.iter().map(|shard| counter(shard).value()).sum()
    }
}

/// Responses by class of their status: 1xx to 5xx, then others.
#[derive(Debug, Default)]
pub struct StatusCounters(pub [Counter; 6]);

impl StatusCounters {
    /// Counts a response.
    pub fn count(&self, status: u16) {
        let class = match status {
            100..=599 => usize::from(status / 100) - 1,
            _ => 5,
        };
        self.0[class].increment();
    }
}

/// What the client side of a proxy counts (manual 9.1, column names in brackets).
#[derive(Debug, Default)]
pub struct FrontendCounters {
    /// Connections accepted (conn_tot).
    pub connections: Counter,
    /// Sessions opened (stot).
    pub sessions: Counter,
    /// Bytes from clients (bin).
    pub bytes_in: Counter,
    /// Bytes to clients (bout).
    pub bytes_out: Counter,
    /// Requests (req_tot).
    pub requests: Counter,
    /// Requests refused by rules (dreq).
    pub denied_requests: Counter,
    /// Responses refused by rules (dresp).
    pub denied_responses: Counter,
    /// Connections refused by rules (dcon).
    pub denied_connections: Counter,
    /// Sessions refused by rules (dses).
    pub denied_sessions: Counter,
    /// Requests that were wrong or never came (ereq).
    pub failed_requests: Counter,
    /// Requests answered by the proxy itself (intercepted).
    pub intercepted: Counter,
    /// Rewrites that failed (wrew).
    pub failed_rewrites: Counter,
    /// Errors of our own (eint).
    pub internal_errors: Counter,
    /// Responses by class (hrsp_*).
    pub statuses: StatusCounters,
}

/// What the server side of a proxy counts, for a backend or for one of its servers.
#[derive(Debug, Default)]
pub struct BackendCounters {
    /// Streams (stot).
    pub sessions: Counter,
    /// Times the balancer chose it (lbtot).
    pub chosen: Counter,
    /// Bytes from clients (bin).
    pub bytes_in: Counter,
    /// Bytes to clients (bout).
    pub bytes_out: Counter,
    /// HTTP requests (req_tot).
    pub requests: Counter,
    /// Connections that could not be made (econ).
    pub failed_connections: Counter,
    /// Responses that were wrong or never came (eresp).
    pub failed_responses: Counter,
    /// Attempts repeated (wretr).
    pub retries: Counter,
    /// Streams sent to another server (wredis).
    pub redispatches: Counter,
    /// Requests refused by rules (dreq).
    pub denied_requests: Counter,
    /// Responses refused by rules (dresp).
    pub denied_responses: Counter,
    /// Transfers cut by the client (cli_abrt).
    pub client_aborts: Counter,
    /// Transfers cut by the server (srv_abrt).
    pub server_aborts: Counter,
    /// Connections made (connect).
    pub connects: Counter,
    /// Idle connections taken (reuse).
    pub reuses: Counter,
    /// Rewrites that failed (wrew).
    pub failed_rewrites: Counter,
    /// Errors of our own (eint).
    pub internal_errors: Counter,
    /// Responses by class (hrsp_*).
    pub statuses: StatusCounters,
    /// Sums over streams in milliseconds, to average: queue, connect, response, total.
    pub times_ms: [Counter; 4],
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_add_up() {
        let counters: Sharded<FrontendCounters> = Sharded::new(3);
        counters.of(0).requests.add(2);
        counters.of(2).requests.increment();
        counters.of(1).statuses.count(204);
        assert_eq!(counters.sum(|shard| &shard.requests), 3);
        assert_eq!(counters.sum(|shard| &shard.statuses.0[1]), 1);
    }
}
