//! Live state: what traffic, commands and probes change while the plan stays as it is.
//!
//! Counters are shards per worker, summed when read; limits and rates are shared atomics. Locks are short and never
//! held over an await.

pub mod counters;
pub mod gauge;
pub mod rate;

use std::sync::Arc;

use crate::{
    plan::Plan,
    server::{Farm, FarmRules},
    vocab::Now,
};

use counters::{BackendCounters, FrontendCounters, Sharded};
use gauge::Gauge;
use rate::Rate;

/// All live state of the process.
pub struct Live {
    /// When the process began to serve.
    pub started: Now,
    /// Client connections of the whole process.
    pub connections: Gauge,
    /// Connections accepted per second.
    pub connection_rate: Rate,
    /// Sessions opened per second.
    pub session_rate: Rate,
    /// Requests since the start.
    pub requests: Sharded<counters::Counter>,
    /// Numbers of streams, handed out in turn.
    pub next_stream: std::sync::atomic::AtomicU64,
    /// Soft stop has begun.
    pub stopping: std::sync::atomic::AtomicBool,
    /// One entry per proxy of the plan.
    pub proxies: Box<[ProxyLive]>,
}

/// Live state of one proxy.
pub struct ProxyLive {
    /// Client connections (frontends): what `maxconn` bounds.
    pub clients: Gauge,
    /// Streams in this backend.
    pub streams: Gauge,
    /// Sessions per second, of the frontend.
    pub session_rate: Rate,
    /// Connections per second, of the frontend.
    pub connection_rate: Rate,
    /// Requests per second, of the frontend.
    pub request_rate: Rate,
    /// Sessions per second, of the backend.
    pub backend_rate: Rate,
    /// What the client side counts.
    pub frontend: Sharded<FrontendCounters>,
    /// What the server side counts.
    pub backend: Sharded<BackendCounters>,
    /// The backend's servers, queues and balancer.
    pub farm: Option<Arc<Farm>>,
}

impl Live {
    /// Fresh state for a plan.
    pub fn new(plan: &Plan, now: Now) -> Self {
        let shards = plan.threads;
        let proxies = plan
            .proxies
            .iter()
            .map(|proxy| ProxyLive {
                clients: Gauge::new(proxy.frontend.as_ref().map(|f| f.maxconn)),
                streams: Gauge::new(None),
                session_rate: Rate::new(now.instant),
                connection_rate: Rate::new(now.instant),
                request_rate: Rate::new(now.instant),
                backend_rate: Rate::new(now.instant),
                frontend: Sharded::new(shards),
                backend: Sharded::new(shards),
                farm: proxy.backend.as_ref().map(|backend| {
                    let rules = FarmRules {
                        all_backups: proxy.options.allbackups,
                        fullconn: backend.settings.fullconn.unwrap_or(0),
                        redispatch: backend.settings.redispatch.is_some(),
                    };
                    Arc::new(Farm::new(now.instant, &backend.settings, rules))
                }),
            })
            .collect();
        Self {
            started: now,
            connections: Gauge::new(Some(plan.maxconn)),
            connection_rate: Rate::new(now.instant),
            session_rate: Rate::new(now.instant),
            requests: Sharded::new(shards),
            next_stream: std::sync::atomic::AtomicU64::new(0),
            stopping: std::sync::atomic::AtomicBool::new(false),
            proxies,
        }
    }

    /// Live state of a proxy.
    pub fn proxy(&self, id: crate::plan::ProxyId) -> &ProxyLive {
        &self.proxies[id.index()]
    }
}
