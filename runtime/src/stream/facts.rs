//! What is known about a session and a stream: what fetches read and log lines say.

use std::{
    cell::{Cell, RefCell},
    net::SocketAddr,
    os::fd::RawFd,
    time::Instant,
};

use locum_kernel::socket_option;
use locum_model::{Origin, proxy::Mode};

use crate::{
    http::Version,
    plan::{ListenerId, ProxyId, ServerId},
    sample::variables::{StreamVariables, Variables},
    server::Priority,
    stick::Tracking,
    vocab::{FailedConnection, Now},
};

/// Facts of a client's connection.
#[derive(Debug)]
pub struct SessionFacts {
    /// What the connection carries now: the frontend's mode, until bytes turn out to be requests (manual 4).
    pub mode: Mode,
    /// The frontend that accepted it.
    pub frontend: ProxyId,
    /// The socket that accepted it.
    pub listener: ListenerId,
    /// When it was accepted.
    pub accepted: Now,
    /// The client's address; a PROXY header or a rule may have replaced it. `None` on a unix socket.
    pub source: Option<SocketAddr>,
    /// The address the client connected to. `None` on a unix socket.
    pub destination: Option<SocketAddr>,
    /// Milliseconds until the handshakes (PROXY, TLS) were done.
    pub handshake_ms: i64,
    /// Requests so far on it.
    pub requests: u32,
    /// The number of its descriptor, for dumps of messages and for what the kernel knows of it.
    pub descriptor: RawFd,
    /// The worker that serves it, from 0.
    pub worker: u16,
    /// Why it failed before its first request.
    pub failed: Option<FailedConnection>,
    /// A rule said that a PROXY header comes.
    pub expects_proxy_header: bool,
    /// The connection's own ends, where a PROXY header or a rule replaced them, and what the header carried besides.
    pub proxy_header: Option<Box<ProxyFacts>>,
    /// Variables of the session; converters set them too, in the middle of an evaluation.
    pub variables: RefCell<Variables>,
    /// Entries of stick tables that the session tracks.
    pub tracking: Tracking,
}

impl SessionFacts {
    /// Notes the ends of the connection itself before a rule replaces them.
    pub fn keep_ends(&mut self) {
        let (peer, local) = (self.source, self.destination);
        self.proxy_header.get_or_insert_with(|| {
            Box::new(ProxyFacts {
                peer,
                local,
                ..ProxyFacts::default()
            })
        });
    }

    /// Marks packets to the client for the machine's routing. What isn't permitted is passed over (observed).
    pub fn set_mark(&self, mark: u32) {
        let _ = socket_option::set_mark_of(self.descriptor, mark);
    }

    /// The type of service of packets to the client, or their traffic class.
    pub fn set_tos(&self, tos: u32) {
        let is_v4 = |peer: SocketAddr| peer.ip().to_canonical().is_ipv4();
        let _ = match self.peer().map(is_v4) {
            Some(true) => socket_option::set_tos_of(self.descriptor, tos),
            Some(false) => socket_option::set_traffic_class_of(self.descriptor, tos),
            None => Ok(()),
        };
    }

    /// Whether a PROXY header came.
    pub fn received_proxy_header(&self) -> bool {
        self.proxy_header
            .as_ref()
            .is_some_and(|header| header.received)
    }

    /// The peer of the connection itself, whatever a PROXY header or a rule said.
    pub fn peer(&self) -> Option<SocketAddr> {
        let header = self.proxy_header.as_deref();
        header.map_or(self.source, |header| header.peer)
    }

    /// The address that the connection itself came to, whatever a PROXY header or a rule said.
    pub fn local(&self) -> Option<SocketAddr> {
        let header = self.proxy_header.as_deref();
        header.map_or(self.destination, |header| header.local)
    }
}

/// The ends of a connection whose addresses were replaced, and what a PROXY header carried besides.
#[derive(Debug, Clone, Default)]
pub struct ProxyFacts {
    /// A PROXY header came; else it was a rule.
    pub received: bool,
    /// The peer of the connection itself.
    pub peer: Option<SocketAddr>,
    /// Its own end here.
    pub local: Option<SocketAddr>,
    /// PP2_TYPE_AUTHORITY.
    pub authority: Option<Vec<u8>>,
    /// PP2_TYPE_UNIQUE_ID.
    pub unique_id: Option<Vec<u8>>,
}

/// Facts of one exchange.
#[derive(Debug)]
pub struct StreamFacts {
    /// Number of the stream in this process.
    pub number: u64,
    /// The backend, once chosen.
    pub backend: Option<ProxyId>,
    /// The server, once chosen; `None` with [`StreamFacts::service`] too.
    pub server: Option<ServerId>,
    /// The response came from a service in the process (the stats page).
    pub service: Option<&'static str>,
    /// Where the connection to the server goes.
    pub server_address: Option<SocketAddr>,
    /// Our end of the connection to the server, where something of the configuration tells it.
    pub server_source: Option<SocketAddr>,
    /// Whether the response was made here, and has passed its rules.
    pub answered_here: bool,
    /// Whether the server's machine refused the connection.
    pub server_refused: bool,
    /// The number of that connection's descriptor, for dumps of messages.
    pub server_descriptor: Option<RawFd>,
    /// The address that the connection to the server was to come from couldn't be bound.
    pub source_refused: bool,
    /// What the client's bytes begin with, where they are no messages already.
    pub opening: Opening,
    /// Where the last rule stands that ended its rule set.
    pub last_rule: Option<Origin>,
    /// Timers.
    pub timers: Timers,
    /// The four termination characters.
    pub termination: Termination,
    /// An interim response went to the client.
    pub interim: bool,
    /// Status sent to the client; `None` before and in TCP mode.
    pub status: Option<u16>,
    /// Bytes read from the client.
    pub bytes_in: u64,
    /// Bytes sent to the client.
    pub bytes_out: u64,
    /// Connection attempts that failed.
    pub retries: u32,
    /// The server was changed after a failure.
    pub redispatched: bool,
    /// A rule said that `retry-on` doesn't count for this request.
    pub keeps_to_its_answer: bool,
    /// A rule of the set that runs said that rewrites may fail.
    pub lenient_rewrites: bool,
    /// Timeouts that a rule chose: towards the server and of a tunnel, in milliseconds; 0: none.
    pub chosen_timeouts: [i32; 2],
    /// Its class in queues, and its offset against those of the same class.
    pub priority: Priority,
    /// Requests before it in the server's queue when it came.
    pub server_queue: u32,
    /// Requests before it in the backend's queue when it came.
    pub backend_queue: u32,
    /// The request line as it came, for the log: method, target, version. It is cut at `tune.http.logurilen`.
    pub request_line: Vec<u8>,
    /// The version that it came with.
    pub request_version: Version,
    /// Captured request headers, by declaration.
    pub request_captures: RefCell<Vec<Option<Vec<u8>>>>,
    /// Captured response headers, by declaration.
    pub response_captures: RefCell<Vec<Option<Vec<u8>>>>,
    /// Captured cookies of the request and the response (`capture cookie`).
    pub cookie_captures: (Option<Vec<u8>>, Option<Vec<u8>>),
    /// The unique identifier, once made.
    pub unique_id: Option<Vec<u8>>,
    /// Somebody asked for it, or the rules over the request are through: until then `%ID` says nothing (observed).
    pub unique_id_shown: Cell<bool>,
    /// Its line is written.
    pub logged: bool,
    /// Log level override; `Some(None)`: silent.
    pub log_level: Option<Option<u8>>,
    /// Connections at the moment of the log line: process, frontend, backend, server.
    pub connections: [u32; 4],
    /// Variables of the exchange.
    pub variables: RefCell<StreamVariables>,
    /// Entries of stick tables that the exchange tracks.
    pub tracking: Tracking,
    /// Host and path-less facts that redirects need: the request came with its own TLS.
    pub is_tls: bool,
    /// A rule over lines let the message pass: later ones that refuse don't count.
    pub lines_allowed: bool,
    /// A rule over lines chose the backend.
    pub line_backend: Option<ProxyId>,
    /// It began as bytes: what comes before a request's own rules is behind it.
    pub began_as_bytes: bool,
}

impl StreamFacts {
    /// At the first byte of a request, or of the session in TCP mode.
    pub fn new(number: u64, start: Now) -> Self {
        Self {
            number,
            backend: None,
            server: None,
            service: None,
            server_address: None,
            server_source: None,
            answered_here: false,
            server_refused: false,
            server_descriptor: None,
            source_refused: false,
            opening: Opening::default(),
            last_rule: None,
            timers: Timers::new(start),
            termination: Termination::default(),
            interim: false,
            status: None,
            bytes_in: 0,
            bytes_out: 0,
            retries: 0,
            redispatched: false,
            keeps_to_its_answer: false,
            lenient_rewrites: false,
            chosen_timeouts: [0; 2],
            priority: Priority::default(),
            server_queue: 0,
            backend_queue: 0,
            request_line: Vec::new(),
            request_version: Version::HTTP_11,
            request_captures: RefCell::default(),
            response_captures: RefCell::default(),
            cookie_captures: (None, None),
            unique_id: None,
            unique_id_shown: Cell::default(),
            logged: false,
            log_level: None,
            connections: [0; 4],
            variables: RefCell::default(),
            tracking: Tracking::default(),
            is_tls: false,
            lines_allowed: false,
            line_backend: None,
            began_as_bytes: false,
        }
    }
}

/// What a stream of bytes begins with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Opening {
    /// Too little has come to tell.
    #[default]
    Unknown,
    /// A request of HTTP, whose head has come.
    Request,
    /// Something else.
    Bytes,
}

/// Moments and intervals of a stream (manual 8.4). Intervals in milliseconds; -1: never reached.
#[derive(Debug, Clone, Copy)]
pub struct Timers {
    /// The moment the first byte of the request came (or the session, for the first one).
    pub start: Now,
    /// `Ti`: idle before the request.
    pub idle_ms: i64,
    /// `TR`: first byte to the end of the head.
    pub request_ms: i64,
    /// `Tw`: in queues.
    pub queue_ms: i64,
    /// `Tc`: connecting, from the start of the first attempt to the success of the last.
    pub connect_ms: i64,
    /// `Tr`: to the complete response head.
    pub response_ms: i64,
    /// When the request head was complete.
    pub request_done: Option<Instant>,
    /// When the connection to the server stood.
    pub connected: Option<Instant>,
    /// When the stream ended.
    pub end: Option<Instant>,
}

impl Timers {
    /// The request is there, and its time known, if its head has come.
    pub(super) fn receive_request(&mut self) {
        if let Some(done) = self.request_done {
            self.request_ms = super::connect::milliseconds(self.start.instant, done);
        }
    }

    /// Nothing reached yet.
    pub fn new(start: Now) -> Self {
        Self {
            start,
            idle_ms: 0,
            request_ms: -1,
            queue_ms: -1,
            connect_ms: -1,
            response_ms: -1,
            request_done: None,
            connected: None,
            end: None,
        }
    }
}

/// The termination state (manual 8.5): four characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Termination {
    /// What ended it: `-`, `C`, `S`, `P`, `L`, `R`, `I`, `D`, `U`, `K`, `c`, `s`.
    pub cause: u8,
    /// When: `-`, `R`, `Q`, `C`, `H`, `D`, `L`, `T`.
    pub phase: u8,
    /// The persistence cookie of the client: `-`, `N`, `I`, `D`, `V`, `E`, `O`, `U`.
    pub request_cookie: u8,
    /// What was done with the server's: `-`, `N`, `P`, `I`, `U`, `R`, `D`.
    pub response_cookie: u8,
}

impl Default for Termination {
    fn default() -> Self {
        Self {
            cause: b'-',
            phase: b'-',
            request_cookie: b'-',
            response_cookie: b'-',
        }
    }
}

impl Termination {
    /// Whether these are the cause and the phase.
    pub fn is(&self, flags: &[u8; 2]) -> bool {
        [self.cause, self.phase] == *flags
    }

    /// Notes who ended the exchange and when, unless that is known already.
    pub fn mark(&mut self, cause: u8, phase: u8) {
        if self.cause == b'-' {
            self.cause = cause;
            self.phase = phase;
        }
    }
}
