//! The records that words fill in.
//!
//! A compat crate owns the words of its language; each word is one row of one of these types, in a sorted list. The
//! runtime runs rows and never spells a word: it gets the lists as a [`Vocabulary`] and looks names up once, when it
//! builds the plan. Words see views of the state, never a task, a lock or a socket.

use std::{ops::ControlFlow, time::Instant};

use bitflags::bitflags;

use crate::{
    plan::args::Args,
    rules::{ActionView, Outcome, pattern::MatcherDef},
    sample::{
        format::Field,
        value::{Arena, Fetched, Type, Value},
        view::View,
    },
    stream::dump::Passing,
};

/// All words of one language, found by their names.
#[derive(Clone, Copy)]
pub struct Vocabulary {
    /// Sample fetches.
    pub fetch: fn(&str) -> Option<&'static FetchDef>,
    /// Converters.
    pub converter: fn(&str) -> Option<&'static ConverterDef>,
    /// Match methods.
    pub matcher: fn(&str) -> Option<&'static MatcherDef>,
    /// Actions; a name may stand for one action per rule set.
    pub action: fn(&str, RuleSets) -> Option<&'static ActionDef>,
    /// Log-format aliases.
    pub alias: fn(&str) -> Option<&'static AliasDef>,
    /// Whether a fetch or an alias of this name tells our end of the connection to a server: the kernel is asked for it
    /// only where one is used.
    pub tells_server_source: fn(&str) -> bool,
    /// Filters.
    pub filter: fn(&str) -> Option<&'static crate::filter::FilterDef>,
    /// The statistics page, for a request that is for it.
    pub stats_page:
        fn(&View<'_>, &locum_model::proxy::StatsPage) -> crate::rules::reply::LocalReply,
    /// The log line of a connection that failed before its first request.
    pub failed_connection: fn(&View<'_>, FailedConnection, &mut Vec<u8>),
    /// What is printed of each step of an exchange, where somebody asked for that.
    pub dump: Option<fn(&View<'_>, Passing, &mut Vec<u8>)>,
}

/// How a connection failed before its first request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailedConnection {
    /// It ended within its PROXY header.
    ProxyHeaderAborted,
    /// No whole PROXY header came in time.
    ProxyHeaderTimeout,
    /// It began with something else than a PROXY header.
    NoProxyHeader,
    /// Its PROXY header is of a protocol that isn't known.
    UnhandledProxyProtocol,
    /// Its PROXY header is wrong.
    InvalidProxyHeader,
}

bitflags! {
    /// What must exist for a fetch to have a value (manual 7.3: the layers).
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct Needs: u32 {
        /// The client's connection and addresses.
        const CLIENT = 1;
        /// The client's session: TLS, tracked counters.
        const SESSION = 1 << 1;
        /// Raw bytes of the request.
        const REQUEST_BYTES = 1 << 2;
        /// The head of an HTTP request.
        const REQUEST_HEAD = 1 << 3;
        /// The body of an HTTP request.
        const REQUEST_BODY = 1 << 4;
        /// The chosen backend.
        const BACKEND = 1 << 5;
        /// The connection to a server.
        const SERVER = 1 << 6;
        /// Raw bytes of the response.
        const RESPONSE_BYTES = 1 << 7;
        /// The head of an HTTP response.
        const RESPONSE_HEAD = 1 << 8;
        /// The body of an HTTP response.
        const RESPONSE_BODY = 1 << 9;
        /// Only once all is over: totals, final timers.
        const FINISHED = 1 << 10;
        /// What stays known until the log line, though the message is gone.
        const KEPT = 1 << 11;
    }
}

/// A sample fetch (manual 7.3).
#[derive(Debug)]
pub struct FetchDef {
    /// The word.
    pub name: &'static str,
    /// The type of what it gives.
    pub output: Type,
    /// A check of the arguments beyond their kinds; the error is the reference's wording.
    pub check: Option<CheckArgs>,
    /// The (last) value.
    pub run: FetchFn,
    /// All values one after the other, where there can be several (each `x-forwarded-for` line): an access list is
    /// true when any matches.
    pub each: Option<EachFn>,
}

/// Takes one value.
pub type FetchFn = for<'a> fn(&View<'a>, &'a Args, &'a Arena) -> Fetched<'a>;

/// Hands all values to the closure until it breaks. Returns false when bytes are missing to tell ([`Fetched::NotYet`]).
pub type EachFn = for<'a> fn(
    &View<'a>,
    &'a Args,
    &'a Arena,
    &mut dyn FnMut(Value<'a>) -> ControlFlow<()>,
) -> bool;

/// Checks a word's arguments when the configuration is read.
pub type CheckArgs = fn(&mut [locum_model::expr::Arg]) -> Result<(), String>;

/// A converter (manual 7.3.1): pure.
#[derive(Debug)]
pub struct ConverterDef {
    /// The word.
    pub name: &'static str,
    /// The type it takes; other values are cast to it.
    pub input: Type,
    /// The type it gives.
    pub output: Type,
    /// A check of the arguments beyond their kinds.
    pub check: Option<CheckArgs>,
    /// The conversion; `None` makes the sample absent.
    pub run: ConvertFn,
}

/// Converts one value. The view is there for converters that read variables; most ignore it.
pub type ConvertFn = for<'a> fn(Value<'a>, &View<'a>, &'a Args, &'a Arena) -> Option<Value<'a>>;

bitflags! {
    /// Rule sets an action is valid in (manual 4.2).
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct RuleSets: u16 {
        /// `tcp-request connection`
        const TCP_REQUEST_CONNECTION = 1;
        /// `tcp-request session`
        const TCP_REQUEST_SESSION = 1 << 1;
        /// `tcp-request content`
        const TCP_REQUEST_CONTENT = 1 << 2;
        /// `tcp-response content`
        const TCP_RESPONSE_CONTENT = 1 << 3;
        /// `http-request`
        const HTTP_REQUEST = 1 << 4;
        /// `http-response`
        const HTTP_RESPONSE = 1 << 5;
        /// `http-after-response`
        const HTTP_AFTER_RESPONSE = 1 << 6;
        /// Old rules over the lines of a request.
        const REQUEST_LINES = 1 << 7;
        /// Old rules over the lines of a response.
        const RESPONSE_LINES = 1 << 8;
    }
}

/// An action of a rule.
#[derive(Debug)]
pub struct ActionDef {
    /// The word.
    pub name: &'static str,
    /// Where it may stand.
    pub rule_sets: RuleSets,
    /// Whether nothing behind an unconditional one is reached (for warnings).
    pub is_final: bool,
    /// What it does.
    pub run: ActionFn,
}

/// Carries an action out. When it suspends, the engine waits and calls it again at the same rule.
pub type ActionFn = for<'a> fn(&mut ActionView<'a>, &'a Args) -> Outcome<'a>;

/// A log-format alias such as `%ci` (manual 8.2.4).
#[derive(Debug)]
pub struct AliasDef {
    /// The alias without the percent sign.
    pub name: &'static str,
    /// Only has a value in HTTP mode.
    pub http_only: bool,
    /// What of a transaction it needs; a format whose parts need little is logged earlier (`option logasap`).
    pub needs: Needs,
    /// Writes the value.
    pub run: fn(&View<'_>, &mut Field<'_>),
}

/// The moment of an evaluation, from the driver's clock.
#[derive(Debug, Clone, Copy)]
pub struct Now {
    /// For intervals.
    pub instant: Instant,
    /// For dates.
    pub date: std::time::SystemTime,
}

impl Now {
    /// Seconds since 1970.
    pub fn seconds(self) -> u64 {
        self.date
            .duration_since(std::time::UNIX_EPOCH)
            .map_or(0, |since| since.as_secs())
    }
}
