//! Sessions and streams: a client's connection, and one exchange on it.
//!
//! ```text
//!   session ── accepted, PROXY header, connection rules
//!      │  per request (HTTP)                    │ once (TCP)
//!      ▼                                        ▼
//!   request::run ─ rules ─ switch ─ rules ─ server ─ connect ─ response ─ transfer ─ finish
//!                     │ a phase ends early: Halt ──────────────▲
//! ```
//!
//! Every wait goes through [`crate::worker::wait::Waiter`]. Each way to fail is a row of the table in [`failure`].

pub mod answer;
pub mod backend;
mod balance;
pub mod connect;
pub mod copy;
pub mod dump;
pub mod facts;
pub mod failure;
pub mod finish;
pub mod forward;
mod inspection;
mod opening;
pub mod persistence;
pub mod request;
pub mod response;
mod retry;
pub mod rules;
pub mod session;
pub mod side;
pub mod transfer;
pub mod upgrade;

use std::time::{Duration, Instant};

use locum_model::proxy::Mode;

use crate::{
    clock,
    filter::Filters,
    http::{
        Head,
        h1::framing::{ConnectionMode, Framing},
    },
    live::{Live, ProxyLive},
    persistence::CookieState,
    plan::{Plan, Proxy},
    rules::reply::LocalReply,
    sample::{
        value::Arena,
        view::{Buffered, View},
    },
    server::{Arrival, Slot},
    worker::{
        Worker,
        wait::{Interrupted, StreamTag, Waiter},
    },
};
use facts::{Opening, SessionFacts, StreamFacts};
use failure::Failure;
use side::{Incoming, Outgoing};

/// The client's side of a stream, whatever protocol it speaks.
pub trait ClientSide: Incoming + Outgoing {
    /// Waits until the client has gone; what it sends meanwhile is kept.
    fn poll_gone(&mut self, cx: &mut std::task::Context<'_>) -> std::task::Poll<()>;

    /// Takes more of the request's body into the buffer. Ready when it is whole or nothing more can come.
    ///
    /// # Errors
    /// What came is malformed: the status that refuses it.
    fn poll_more(&mut self, cx: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), u16>>;

    /// From here on bytes pass as they are, until either side closes.
    fn become_tunnel(&mut self);

    /// Nothing more will come.
    fn has_ended(&self) -> bool;

    /// Takes and sends nothing more, and doesn't tell the peer.
    fn vanish(&mut self);

    /// The connection broke, in both directions.
    fn is_broken(&self) -> bool;

    /// The tunnel that was asked for was refused: what comes next is another request.
    fn stay_message(&mut self);

    /// Stages an answer that no request belongs to, as it is.
    fn stage_raw(&mut self, bytes: &[u8]);

    /// Stages an interim response.
    fn stage_interim(&mut self, head: &Head);

    /// Bytes of the request's body that are there already, and whether they are all.
    fn buffered_body(&self) -> Buffered<'_>;

    /// The request's body has come whole.
    fn request_complete(&self) -> bool;

    /// What is left of the request's body is there.
    fn body_is_buffered(&self) -> bool;

    /// Bytes of the request's body that have come and were not passed on.
    fn pending_body(&self) -> u64;

    /// A copy of the request's body, to send it again; none if it has not come whole.
    fn copy_body(&self) -> Option<Box<[u8]>>;

    /// Puts a copied body back: it will be read again.
    fn restore_body(&mut self, body: &[u8]);

    /// Bytes received and sent on behalf of this stream so far.
    fn traffic(&self) -> (u64, u64);
}

/// What the phases of one exchange share.
pub struct Stream<'s, C> {
    /// The worker that runs it.
    pub worker: &'s Worker,
    /// The configuration.
    pub plan: &'s Plan,
    /// Counters, servers, limits.
    pub live: &'s Live,
    /// The proxy that accepted the client.
    pub frontend: &'s Proxy,
    /// The proxy that the request goes to; the frontend until it is chosen.
    pub backend: &'s Proxy,
    /// The client's connection.
    pub session: &'s mut SessionFacts,
    /// Timer and orders.
    pub waiter: &'s mut Waiter,
    /// The client's side.
    pub client: &'s mut C,
    /// What is known of this exchange.
    pub facts: StreamFacts,
    /// The request's head.
    pub request: Head,
    /// What it says about body and connection.
    pub request_framing: Framing,
    /// The response's head.
    pub response: Head,
    /// Server connections that the session keeps for itself.
    pub own: &'s mut Vec<connect::Own>,
    /// Filters of both proxies.
    pub filters: Filters,
    /// The place on the server; given back when the log line is written.
    pub(crate) slot: Option<Slot>,
    /// The client's connection can't be used for another request.
    pub must_close: bool,
    /// What is given back when the stream ends: its place in the backend.
    pub(crate) presence: Option<Arrival>,
    /// The server that the client is bound to.
    pub(crate) bound: Option<u32>,
    /// A server that just failed: another one is tried where there is one.
    pub(crate) avoid: Option<u32>,
    /// What became of the client while rules waited for its bytes: no server gets the exchange then.
    pub(crate) spoiled: Option<Failure>,
    /// It gets its server though that may be down.
    pub(crate) forced: bool,
    /// The balancer chose the server.
    pub(crate) balanced: bool,
    /// An interim response is staged and has to leave.
    pub(crate) hinted: bool,
    /// The persistence cookie's part in this exchange.
    pub(crate) cookie: Option<CookieState>,
}

/// How a phase ended the exchange before its normal end.
pub enum Halt {
    /// With a reply made here.
    Reply(Box<LocalReply>),
    /// With the page that takes the place of a response for which the after-response rules left no room.
    Unfit(Box<LocalReply>),
    /// With the error page of a row of the failure table.
    Failed(Failure),
    /// Without another byte; the termination flags are set.
    Closed,
    /// So quietly that nothing is logged.
    Silent,
}

/// The outcome of a phase.
pub type Phase<T = ()> = Result<T, Halt>;

impl<'s, C: ClientSide> Stream<'s, C> {
    /// The shared view for words, as the given proxy's rules see it.
    pub fn view(&self, proxy: &Proxy) -> View<'_> {
        View {
            now: clock::both(),
            plan: self.plan,
            live: self.live,
            proxy: proxy.id,
            session: self.session,
            stream: Some(&self.facts),
            request: self.shown_request().then_some(&self.request),
            request_body: self.client.buffered_body(),
            response: (!self.response.is_empty() || self.response.status() > 0)
                .then_some(&self.response),
            response_body: None,
            last_look: true,
        }
    }

    /// Bytes may begin with a request; in HTTP mode there always is one.
    fn shown_request(&self) -> bool {
        self.session.mode == Mode::Http || self.facts.opening == Opening::Request
    }

    /// Tells whoever asks where the exchange is now.
    fn show_place(&self) {
        let tag = &self.waiter.control.tag;
        if let Some(before) = tag.get() {
            tag.set(Some(StreamTag {
                backend: self.facts.backend,
                server: self.facts.server,
                ..before
            }));
        }
    }

    /// Live state of the frontend.
    pub fn frontend_live(&self) -> &'s ProxyLive {
        self.live.proxy(self.frontend.id)
    }

    /// Live state of the backend.
    pub fn backend_live(&self) -> &'s ProxyLive {
        self.live.proxy(self.backend.id)
    }

    /// Evaluates a format to bytes.
    pub fn render(&self, format: &crate::sample::format::Format, proxy: &Proxy) -> Vec<u8> {
        let arena = Arena::new();
        let mut out = Vec::new();
        format.write(&self.view(proxy), &arena, &mut out);
        out
    }

    /// Whether only the first request and response of a connection are looked at.
    pub fn passes_all(&self) -> bool {
        use locum_model::proxy::ConnectionMode::{KeepAlive, Tunnel};
        let modes = [self.frontend.connection_mode, self.backend.connection_mode];
        modes.contains(&Some(Tunnel))
            && modes
                .iter()
                .all(|mode| matches!(mode, None | Some(Tunnel | KeepAlive)))
    }

    /// How the frontend and the backend keep connections.
    pub fn connection_mode(&self, proxy: &Proxy) -> ConnectionMode {
        match proxy.connection_mode {
            Some(locum_model::proxy::ConnectionMode::ServerClose) => ConnectionMode::ServerClose,
            Some(locum_model::proxy::ConnectionMode::Close) => ConnectionMode::Close,
            _ => ConnectionMode::KeepAlive,
        }
    }
}

/// The moment a timeout ends; `None` never.
pub fn deadline(from: Instant, timeout: Option<Duration>) -> Option<Instant> {
    timeout.map(|timeout| from + timeout)
}

/// What an interrupted wait means to a stream that was busy.
pub fn interrupted(reason: Interrupted, on_deadline: Failure) -> Failure {
    match reason {
        Interrupted::Deadline => on_deadline,
        Interrupted::Killed => Failure::Killed,
    }
}

#[cfg(test)]
#[path = "multiplexed_tests.rs"]
mod tests;
