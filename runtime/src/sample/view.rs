//! What a word can see: shared borrows of the session, the stream, the messages and the live state.

use locum_kernel::tcp_info::{self, TcpInfo};
use locum_model::proxy::Mode;

use crate::{
    http::message::Head,
    live::Live,
    plan::{Plan, Proxy, ProxyId},
    stick::Tracked,
    stream::facts::{SessionFacts, StreamFacts},
    vocab::Now,
};

/// The view of fetches, converters and log aliases. Cheap to copy; the only stream API that a compat crate sees,
/// together with [`crate::rules::ActionView`].
#[derive(Clone, Copy)]
pub struct View<'a> {
    /// The moment of the evaluation.
    pub now: Now,
    /// The configuration.
    pub plan: &'a Plan,
    /// Counters, servers, limits.
    pub live: &'a Live,
    /// The proxy whose rule or log line is evaluated.
    pub proxy: ProxyId,
    /// The client's connection.
    pub session: &'a SessionFacts,
    /// The exchange, once there is one.
    pub stream: Option<&'a StreamFacts>,
    /// The request's head, once it is complete.
    pub request: Option<&'a Head>,
    /// What has come of the request's body (of the byte stream in TCP mode).
    pub request_body: Buffered<'a>,
    /// The response's head, once it is complete.
    pub response: Option<&'a Head>,
    /// What has come of the response's body (of the byte stream in TCP mode); `None` where rules are not about one.
    pub response_body: Option<Buffered<'a>>,
    /// No more will come before this is decided: the inspection's time is over, the side closed, the buffer is full, or
    /// the rule set never waits. What isn't there now is then as good as absent.
    pub last_look: bool,
}

/// The buffered part of a body.
#[derive(Debug, Clone, Copy, Default)]
pub struct Buffered<'a> {
    /// Bytes that are there.
    pub bytes: &'a [u8],
    /// Whether no more will come: the body ended, the side closed, or the buffer is full.
    pub complete: bool,
}

impl<'a> Buffered<'a> {
    /// A body that is all there.
    pub fn whole(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            complete: true,
        }
    }
}

impl<'a> View<'a> {
    /// Whether the client's connection carries messages of HTTP rather than bytes.
    pub fn is_http(&self) -> bool {
        self.session.mode == Mode::Http
    }

    /// What the kernel knows about the client's connection; `None` if that isn't TCP.
    pub fn client_tcp_info(&self) -> Option<TcpInfo> {
        tcp_info::of(self.session.descriptor).ok()
    }

    /// The proxy whose rule or log line is evaluated.
    pub fn proxy(&self) -> &'a Proxy {
        &self.plan.proxies[self.proxy.index()]
    }

    /// The tracked entry of that number: the exchange's, else the session's.
    pub fn tracked(&self, number: usize) -> Option<&'a Tracked> {
        let own = self.stream.and_then(|stream| stream.tracking.at(number));
        own.or_else(|| self.session.tracking.at(number))
    }

    /// The proxy that accepted the client.
    pub fn frontend(&self) -> &'a Proxy {
        &self.plan.proxies[self.session.frontend.index()]
    }

    /// The proxy that the request went to, once chosen.
    pub fn backend(&self) -> Option<&'a Proxy> {
        self.stream?
            .backend
            .map(|id| &self.plan.proxies[id.index()])
    }
}
