//! Counters: one shard per worker thread, written by that thread alone, summed by whoever reads.
//!
//! Which event moves which counter, as the reference's `show stat` showed after each (F frontend, B backend, S server):
//!
//! | event | F | B | S |
//! |---|---|---|---|
//! | connection accepted | connections, sessions (the latter after the session's rules) | | |
//! | request begins | requests, streams at its first byte | | |
//! | nothing or half a request, then end or timeout (400, 408) | requests (also without a byte), failed_requests, status 4xx; `dontlognull` changes nothing; bytes_in and bytes_out stay | | |
//! | malformed request (400) | requests, failed_requests, status 4xx; bytes_in and bytes_out stay | | |
//! | deny by the frontend | requests, denied_requests, status, bytes | | |
//! | redirect, return, statistics page by the frontend | requests, intercepted, status, bytes | | |
//! | deny by the backend | requests, denied_requests, status, bytes | sessions, requests, denied_requests, status, bytes | |
//! | statistics page in a `listen` | requests, intercepted, status, bytes | bytes only | |
//! | backend chosen | | sessions, requests | |
//! | no server (503) | status, bytes | failed_connections, status, bytes | |
//! | server chosen by the balancer | | chosen | chosen |
//! | each attempt to connect | | connects | connects, sessions |
//! | idle connection taken | | reuses | reuses, sessions |
//! | attempt repeated | | retries | retries |
//! | redispatched | | redispatches | redispatches of the old server |
//! | last attempt failed (503) | status, bytes | failed_connections, status, bytes | failed_connections, bytes |
//! | response's head came | status | status | status, requests |
//! | no, late or wrong response (502, 504) | status, bytes | failed_responses, status, bytes | failed_responses, bytes |
//! | server cut the body | status, bytes | failed_responses, server_aborts, status, bytes | the same, requests |
//! | client left during the body | status, bytes | client_aborts, status, bytes | the same, requests |
//! | stream with a server ended | | times, last_session at its start | the same |

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// A number that only its own worker increases; others may read it at any time.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Takes one away; the shard's own worker must have added it.
    #[inline]
    pub fn decrement(&self) {
        self.add(u64::MAX);
    }

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
    /// Bytes from clients (bin), as [`Counted`] has them.
    pub bytes_in: Counter,
    /// Bytes to clients (bout), as [`Counted`] has them.
    pub bytes_out: Counter,
    /// Bytes read from client sockets in HTTP mode (h1_bytes_in).
    pub wire_in: Counter,
    /// Bytes written to client sockets in HTTP mode (h1_bytes_out).
    pub wire_out: Counter,
    /// HTTP exchanges whose first byte came (h1_total_streams).
    pub streams: Counter,
    /// Those of them that are under way (h1_open_streams).
    pub open_streams: Counter,
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
    /// Bytes from clients (bin), as [`Counted`] has them.
    pub bytes_in: Counter,
    /// Bytes to clients (bout), as [`Counted`] has them.
    pub bytes_out: Counter,
    /// Bytes read from server sockets in HTTP mode (h1_bytes_in).
    pub wire_in: Counter,
    /// Bytes written to server sockets in HTTP mode (h1_bytes_out).
    pub wire_out: Counter,
    /// HTTP requests of a backend; of a server: responses that came (req_tot).
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
    /// Attempts to connect (connect).
    pub connects: Counter,
    /// Idle connections taken (reuse).
    pub reuses: Counter,
    /// Rewrites that failed (wrew).
    pub failed_rewrites: Counter,
    /// Errors of our own (eint).
    pub internal_errors: Counter,
    /// Responses by class (hrsp_*).
    pub statuses: StatusCounters,
    /// Times of recent streams (qtime, ctime, rtime, ttime).
    pub times: Times,
    /// When the last session came, in seconds since 1970; 0: never (lastsess).
    pub last_session: Counter,
}

/// How many streams an average looks back on.
const AVERAGED: u64 = 1024;

/// Times of streams in milliseconds: averages that slide over about the last 1024 streams, and maxima; in the order
/// queue, connect, response, total.
#[derive(Debug, Default)]
pub struct Times {
    /// Sums from which each new value takes a 1024th part.
    sums: [Counter; 4],
    maxima: [Counter; 4],
    count: Counter,
}

/// The four times, in milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FourTimes {
    /// In queues.
    pub queue: u64,
    /// Connecting.
    pub connect: u64,
    /// Until the response's head.
    pub response: u64,
    /// All in all.
    pub total: u64,
}

impl Times {
    /// A stream that reached its server has ended.
    pub fn note(&self, times: FourTimes) {
        let values = [times.queue, times.connect, times.response, times.total];
        self.count.increment();
        for ((sum, max), value) in self.sums.iter().zip(&self.maxima).zip(values) {
            let before = sum.value();
            sum.set(before - before.div_ceil(AVERAGED).min(before) + value);
            max.set(max.value().max(value));
        }
    }

    /// Averages over all workers.
    pub fn average<'a>(shards: impl Iterator<Item = &'a Times>) -> FourTimes {
        let (mut sums, mut count) = ([0; 4], 0);
        for shard in shards {
            count += shard.count.value().min(AVERAGED);
            for (sum, part) in sums.iter_mut().zip(&shard.sums) {
                *sum += part.value();
            }
        }
        four(sums.map(|sum| sum.div_ceil(count.max(1))))
    }

    /// Maxima over all workers.
    pub fn maximum<'a>(shards: impl Iterator<Item = &'a Times>) -> FourTimes {
        let mut maxima = [0; 4];
        for shard in shards {
            for (max, part) in maxima.iter_mut().zip(&shard.maxima) {
                *max = part.value().max(*max);
            }
        }
        four(maxima)
    }

    /// Forgets the maxima, and the averages too.
    pub fn reset(&self, averages: bool) {
        self.maxima.iter().for_each(|max| max.set(0));
        if averages {
            self.sums.iter().for_each(|sum| sum.set(0));
            self.count.set(0);
        }
    }
}

fn four([queue, connect, response, total]: [u64; 4]) -> FourTimes {
    FourTimes {
        queue,
        connect,
        response,
        total,
    }
}

impl FrontendCounters {
    /// Sets all to zero (`clear counters all`); what a worker adds in the same instant may be lost.
    pub fn reset(&self) {
        for counter in [
            &self.connections,
            &self.sessions,
            &self.bytes_in,
            &self.bytes_out,
            &self.wire_in,
            &self.wire_out,
            &self.streams,
            &self.requests,
            &self.denied_requests,
            &self.denied_responses,
            &self.denied_connections,
            &self.denied_sessions,
            &self.failed_requests,
            &self.intercepted,
            &self.failed_rewrites,
            &self.internal_errors,
        ] {
            counter.set(0);
        }
        self.statuses.0.iter().for_each(|counter| counter.set(0));
    }
}

impl BackendCounters {
    /// Sets all to zero (`clear counters all`).
    pub fn reset(&self) {
        for counter in [
            &self.sessions,
            &self.chosen,
            &self.bytes_in,
            &self.bytes_out,
            &self.wire_in,
            &self.wire_out,
            &self.requests,
            &self.failed_connections,
            &self.failed_responses,
            &self.retries,
            &self.redispatches,
            &self.denied_requests,
            &self.denied_responses,
            &self.client_aborts,
            &self.server_aborts,
            &self.connects,
            &self.reuses,
            &self.failed_rewrites,
            &self.internal_errors,
            &self.last_session,
        ] {
            counter.set(0);
        }
        self.statuses.0.iter().for_each(|counter| counter.set(0));
        self.times.reset(true);
    }
}

/// What the reference counts as a message's bytes, in statistics and logs (`%B`, `%U`): not those of the wire but of
/// its own representation. A head is 20 bytes, the three parts of its start line, the names and values of its fields
/// without the separators and without `connection` fields, and one byte for its end; a body is its payload without the
/// framing of chunks. Seen on the reference in HTTP mode; in TCP mode bytes are bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counted(pub u64);

impl Counted {
    /// A message's head.
    pub fn head(head: &crate::http::message::Head) -> Self {
        let start = if head.is_request() {
            head.method().len() + head.uri().len() + head.version_text().len()
        } else {
            head.version_text().len() + 3 + head.reason().len()
        };
        let fields: usize = head
            .iter()
            .filter(|(name, _)| *name != b"connection")
            .map(|(name, value)| name.len() + value.len())
            .sum();
        Self((20 + start + fields + 1) as u64)
    }
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

    #[test]
    fn a_head_counts_as_the_reference_counts_it() {
        use crate::http::message::{Head, Version};
        let mut request = Head::request(b"GET", b"/ok", Version::HTTP_11);
        request.add(b"host", b"a");
        request.add(b"connection", b"close");
        assert_eq!(Counted::head(&request).0, 40);
        let mut response = Head::response(Version::HTTP_11, 404, b"Not Found");
        response.add(b"content-length", b"0");
        response.add(b"connection", b"close");
        assert_eq!(Counted::head(&response).0, 56);
    }

    #[test]
    fn times_average_over_workers_and_old_streams_fade() {
        let shards = [Times::default(), Times::default()];
        let total = |total| FourTimes {
            total,
            ..FourTimes::default()
        };
        shards[0].note(total(100));
        shards[1].note(total(300));
        assert_eq!(Times::average(shards.iter()).total, 200);
        assert_eq!(Times::maximum(shards.iter()).total, 300);
        for _ in 0..20_000 {
            shards[0].note(total(10));
            shards[1].note(total(10));
        }
        assert!((9..=11).contains(&Times::average(shards.iter()).total));
        shards.iter().for_each(|shard| shard.reset(false));
        assert_eq!(Times::maximum(shards.iter()).total, 0);
    }
}
