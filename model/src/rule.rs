//! Rules: an action, its arguments, and the condition it applies under.

use serde::{Deserialize, Serialize};

use crate::{
    Located, Text,
    acl::Condition,
    expr::{Arg, LogFormat},
};

/// One rule of a rule set. Its place is where it stands in the file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rule {
    /// The action's name in the registry of its rule set.
    pub action: String,
    /// Its arguments as the action's definition row asks for them.
    pub args: Vec<Arg>,
    /// When it applies; `None` is always.
    pub condition: Option<Condition>,
}

/// The rule sets of one proxy, each in order (manual 4.2).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Rules {
    /// `tcp-request connection`: as soon as a connection is accepted.
    pub tcp_request_connection: Vec<Located<Rule>>,
    /// `tcp-request session`: once the session exists (PROXY header, TLS handshake).
    pub tcp_request_session: Vec<Located<Rule>>,
    /// `tcp-request content`: on the first bytes.
    pub tcp_request_content: Vec<Located<Rule>>,
    /// `tcp-request inspect-delay`: how long content rules may wait for bytes.
    pub inspect_delay: Option<std::time::Duration>,
    /// `tcp-response inspect-delay`: the same for responses.
    pub response_inspect_delay: Option<std::time::Duration>,
    /// `tcp-response content`.
    pub tcp_response_content: Vec<Located<Rule>>,
    /// `block`, the old `http-request deny`: before `http_request` whatever the order of the lines.
    pub block: Vec<Located<Rule>>,
    /// `http-request`.
    pub http_request: Vec<Located<Rule>>,
    /// Old rules over a request's lines (`reqrep` and its kin), after `http_request`; those that append come last.
    pub request_lines: Vec<Located<Rule>>,
    /// `redirect` lines, evaluated after all of these (manual: "redirect").
    pub redirect: Vec<Located<Rule>>,
    /// `http-response`.
    pub http_response: Vec<Located<Rule>>,
    /// Old rules over a response's lines (`rsprep` and its kin), after `http_response`; those that append come last.
    pub response_lines: Vec<Located<Rule>>,
    /// `http-after-response`: also on replies made by the proxy.
    pub http_after_response: Vec<Located<Rule>>,
    /// `monitor fail`: conditions under which the monitor URI answers 503.
    pub monitor_fail: Vec<Located<Condition>>,
    /// `use_backend`: the first that applies decides.
    pub use_backend: Vec<Located<Switch>>,
    /// `use-server`.
    pub use_server: Vec<Located<Switch>>,
    /// `force-persist`, `ignore-persist`: true to force.
    pub persist: Vec<Located<(bool, Condition)>>,
}

/// A `use_backend` or `use-server` line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Switch {
    /// The name, possibly made of the traffic.
    pub target: LogFormat,
    /// When it applies.
    pub condition: Option<Condition>,
}

/// A reply the proxy makes itself (`return`, `deny`, `http-error` …; manual: "http-request return").
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Reply {
    /// Status; `None` leaves the caller's default.
    pub status: Option<u16>,
    /// `hdr` lines: name and value.
    pub headers: Vec<(Text, LogFormat)>,
    /// `content-type`.
    pub content_type: Option<Text>,
    /// What the body is.
    pub body: ReplyBody,
}

/// The payload of a [`Reply`].
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub enum ReplyBody {
    /// The proxy's error page for the status, whatever it is at run time (`default-errorfiles`).
    DefaultErrorPage,
    /// A named collection's page (`errorfiles NAME`).
    ErrorPages(String),
    /// A complete raw response, read from a file (`errorfile`).
    Raw(Text),
    /// Constant bytes (`string`, `file`).
    Bytes(Text),
    /// Made of the traffic (`lf-string`, `lf-file`).
    Format(LogFormat),
    /// Nothing.
    #[default]
    Empty,
}
