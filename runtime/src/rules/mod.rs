//! The rules engine: conditions, rule sets, and what actions may do.

pub mod acl;
pub mod engine;
pub mod error_table;
pub mod pattern;
pub mod reason;
pub mod reply;

use std::time::Instant;

use crate::{
    http::{
        h1::verdict::WEIGHT_OF_BUFFER,
        message::{Head, Version},
    },
    live::Live,
    plan::{Plan, ProxyId},
    sample::{
        expr::Expr,
        format::Format,
        value::Arena,
        view::{Buffered, View},
    },
    stick::tracking::events,
    stream::facts::{SessionFacts, StreamFacts},
    vocab::Now,
};

pub use acl::{Acl, Condition, Term, Truth};
use reply::LocalReply;

/// What an action may see and change.
pub struct ActionView<'a> {
    /// The moment of the evaluation.
    pub now: Now,
    /// The configuration.
    pub plan: &'a Plan,
    /// Counters, servers, limits.
    pub live: &'a Live,
    /// The proxy whose rule this is.
    pub proxy: ProxyId,
    /// The client's connection.
    pub session: &'a mut SessionFacts,
    /// The exchange.
    pub stream: &'a mut StreamFacts,
    /// The request's head, in HTTP rule sets.
    pub request: Option<&'a mut Head>,
    /// Conditions don't see the request.
    pub request_has_left: bool,
    /// What has come of the request's body.
    pub request_body: Buffered<'a>,
    /// The response's head, in response rule sets.
    pub response: Option<&'a mut Head>,
    /// What has come of the response's body, in response rule sets.
    pub response_body: Option<Buffered<'a>>,
    /// Scratch memory of this rule set's evaluation.
    pub arena: &'a Arena,
    /// Why the action runs again after it suspended.
    pub resumed: Option<Resumed>,
    /// As [`View::last_look`].
    pub last_look: bool,
    /// Fields for the client ahead of any response (RFC 8297).
    pub hints: Hints,
    /// Memory to write formats in, kept from one use to the next.
    pub scratch: Vec<u8>,
}

impl<'a> ActionView<'a> {
    /// The shared view of the same things, to evaluate expressions with.
    pub fn view(&self) -> View<'_> {
        View {
            now: self.now,
            plan: self.plan,
            live: self.live,
            proxy: self.proxy,
            session: self.session,
            stream: Some(self.stream),
            request: self.request.as_deref().filter(|_| !self.request_has_left),
            request_body: self.request_body,
            response: self.response.as_deref(),
            response_body: self.response_body,
            last_look: self.last_look,
        }
    }

    /// What a format says, in the arena, so that the messages can be changed meanwhile.
    pub fn write(&mut self, format: &Format) -> &'a [u8] {
        let mut out = std::mem::take(&mut self.scratch);
        out.clear();
        format.write(&self.view(), self.arena, &mut out);
        let text = self.arena.alloc_slice_copy(&out);
        self.scratch = out;
        text
    }

    /// What an expression says, as text in the arena.
    pub fn text(&self, expr: &Expr) -> Option<&'a [u8]> {
        let view = self.view();
        let value = expr.eval(&view, self.arena).value()?;
        Some(self.arena.alloc_slice_copy(value.to_text(self.arena)))
    }

    /// Counts an error of the client on the entries of stick tables that are tracked.
    pub fn count_error(&self) {
        for tracking in [&self.stream.tracking, &self.session.tracking] {
            tracking.count(events::ERROR, 1, self.now.instant);
        }
    }

    /// Whether the message's head may grow by `more` bytes and shrink by `less`: it must fit in a buffer (manual:
    /// "tune.bufsize").
    pub fn has_room(&mut self, more: usize, less: usize) -> bool {
        let limit = self.plan.tune.bufsize.saturating_sub(WEIGHT_OF_BUFFER);
        let head = self.message();
        head.is_none_or(|head| head.fits(more, less, limit))
    }

    /// A rewrite has no room. It is counted, and ends the exchange under `strict-mode`.
    pub fn no_room(&mut self) -> Outcome<'a> {
        let worker = usize::from(self.session.worker);
        let frontend = self.live.proxy(self.session.frontend);
        frontend.frontend.of(worker).failed_rewrites.increment();
        if let Some(backend) = self.stream.backend {
            let backend = self.live.proxy(backend);
            backend.backend.of(worker).failed_rewrites.increment();
        }
        if let Some(server) = self.stream.server {
            let servers = &self.live.proxy(server.backend).servers;
            if let Some(server) = servers.get(server.index as usize) {
                server.counters.of(worker).failed_rewrites.increment();
            }
        }
        if self.stream.lenient_rewrites {
            Outcome::Next
        } else {
            Outcome::Final(Verdict::NoRoom)
        }
    }

    /// The message that the rule set is about: the response where there is one.
    pub fn message(&mut self) -> Option<&mut Head> {
        match self.response.as_deref_mut() {
            Some(response) => Some(response),
            None => self.request.as_deref_mut(),
        }
    }
}

/// Interim responses that rules ask for: those of rules one behind the other go into one.
#[derive(Debug, Default)]
pub struct Hints {
    /// The responses' heads.
    pub heads: Vec<Head>,
    is_open: bool,
    added: bool,
}

impl Hints {
    /// Adds a field to the response that is being made.
    pub fn add(&mut self, name: &[u8], value: &[u8]) {
        self.added = true;
        if !std::mem::replace(&mut self.is_open, true) {
            self.heads
                .push(Head::response(Version::HTTP_11, 103, b"Early Hints"));
        }
        if let Some(head) = self.heads.last_mut() {
            head.add(name, value);
        }
    }

    /// A rule has run: one that added nothing ends the response.
    fn after_rule(&mut self) {
        self.is_open &= std::mem::take(&mut self.added);
    }
}

/// What an action led to.
pub enum Outcome<'a> {
    /// The next rule.
    Next,
    /// This rule set is decided.
    Final(Verdict<'a>),
    /// Wait, then run the same rule again with [`ActionView::resumed`] set.
    Suspend(Wait),
    /// What it looks at depends on bytes that have not come: as with a condition of which that is true, all rules look
    /// again when there are more, or when no more will come.
    NeedMore,
}

/// How a rule set ended.
pub enum Verdict<'a> {
    /// Nothing more of this rule set is evaluated; traffic goes on.
    Allow,
    /// Refuse with a reply: `Deny { status, reply }` is counted as a denial.
    Deny {
        /// Status when the reply names none.
        status: u16,
        /// What is sent; `None`: the error table's page.
        reply: Option<&'a reply::Reply>,
    },
    /// Hold the client until the tarpit timeout, then refuse.
    Tarpit {
        /// Status when the reply names none.
        status: u16,
        /// What is sent; `None`: the error table's page.
        reply: Option<&'a reply::Reply>,
    },
    /// Answer with a reply that counts as a success.
    Return(&'a reply::Reply),
    /// Answer with a complete head and body made here (redirects, authentication).
    Respond(Box<Respond>),
    /// The request is none that a rule can work on: 400.
    Malformed,
    /// What a rule rewrote has no room in a buffer: 500.
    NoRoom,
    /// Close without an answer.
    Reject,
    /// Take no more from the server; what it has sent is passed on.
    Close,
    /// The client's bytes are requests of HTTP; the rest of the rule set is not evaluated.
    Upgrade,
    /// Stop talking without telling the peer.
    SilentDrop,
}

/// A complete response made by an action.
#[derive(Debug)]
pub struct Respond {
    /// What is sent.
    pub reply: LocalReply,
    /// The client's connection ends with it (a redirect of a request with a body).
    pub close: bool,
}

/// What a suspended action waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    /// A moment.
    Until(Instant),
    /// More of the request's body than was there, or its end, until the moment.
    RequestBody(Instant),
    /// More of the response's body than was there, or its end, until the moment.
    ResponseBody(Instant),
}

/// Why a suspended action runs again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resumed {
    /// What it waited for is there.
    Ready,
    /// The moment came first.
    TimedOut,
}

/// A compiled rule.
#[derive(Debug)]
pub struct Rule {
    /// The action's row.
    pub def: &'static crate::vocab::ActionDef,
    /// Its arguments.
    pub args: crate::plan::args::Args,
    /// When it applies; `None` is always.
    pub condition: Option<Condition>,
    /// Where it stands.
    pub at: locum_model::Origin,
}

/// The rule sets of a proxy (manual 4.2), in the order of their evaluation. `block` lines stand before `http_request`'s.
#[derive(Debug, Default)]
#[allow(missing_docs, reason = "each field is the rule set of its name")]
pub struct RuleTable {
    pub tcp_request_connection: Box<[Rule]>,
    pub tcp_request_session: Box<[Rule]>,
    pub tcp_request_content: Box<[Rule]>,
    pub tcp_response_content: Box<[Rule]>,
    pub http_request: Box<[Rule]>,
    pub request_lines: Box<[Rule]>,
    pub redirect: Box<[Rule]>,
    pub http_response: Box<[Rule]>,
    pub response_lines: Box<[Rule]>,
    pub http_after_response: Box<[Rule]>,
}
