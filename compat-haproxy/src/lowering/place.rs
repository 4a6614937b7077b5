//! Where an expression, rule or format stands: what it can refer to there, and what has to be looked at again once all
//! files were read.

use std::{collections::HashMap, time::Duration};

use locum_model::{
    Located, Origin,
    address::Address,
    log::{LogLineFormat, LogProtocol, RingServer, RingSettings},
};

use super::known::Kind;
use crate::section::ring::DEFAULT_SIZE;

/// A point of a message's way at which something is evaluated, in the order of the reference's keyword dump; a set of
/// them is a [`Points`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Point {
    /// `tcp-request connection` of a frontend.
    FrontendConnection,
    /// `tcp-request session`.
    FrontendSession,
    /// `tcp-request content` of a frontend.
    FrontendContent,
    /// `http-request` of a frontend.
    FrontendHttpRequest,
    /// The same with the body at hand.
    FrontendHttpRequestBody,
    /// `use_backend`.
    FrontendSwitch,
    /// `tcp-request content` of a backend.
    BackendContent,
    /// `http-request` of a backend.
    BackendHttpRequest,
    /// The same with the body at hand.
    BackendHttpRequestBody,
    /// `use-server`, `balance hash`, `stick match`.
    BackendServerChoice,
    /// `source … usesrc`, `sni` of a server.
    ServerConnection,
    /// `tcp-response content` of a backend.
    BackendResponseContent,
    /// `http-response` of a backend.
    BackendHttpResponse,
    /// The same with the body at hand.
    BackendHttpResponseBody,
    /// `stick store-response`.
    BackendStore,
    /// `tcp-response content` of a frontend.
    FrontendResponseContent,
    /// `http-response` of a frontend.
    FrontendHttpResponse,
    /// The same with the body at hand.
    FrontendHttpResponseBody,
    /// `log-format` and its kin.
    Log,
    /// `tcp-check` and `http-check`.
    Check,
    /// While the configuration is read (`set-var` in `global`).
    Configuration,
    /// A command of the command line interface.
    Command,
}

/// How messages and lists call the points, in their order.
pub(crate) const DESCRIPTIONS: [&str; 22] = [
    "frontend tcp-request connection rule",
    "frontend tcp-request session rule",
    "frontend tcp-request content rule",
    "frontend http-request header rule",
    "frontend http-request body rule",
    "frontend use-backend rule",
    "backend tcp-request content rule",
    "backend http-request header rule",
    "backend http-request body rule",
    "backend use-server, balance or stick-match rule",
    "server source selection",
    "backend tcp-response content rule",
    "backend http-response header rule",
    "backend http-response body rule",
    "backend stick-store rule",
    "frontend tcp-response content rule",
    "frontend http-response header rule",
    "frontend http-response body rule",
    "logs",
    "backend tcp-check rule",
    "configuration parser",
    "CLI parser",
];

impl Point {
    /// The rule set of TCP that it belongs to.
    pub fn tcp_rule_set(self) -> Option<&'static str> {
        Some(match self {
            Point::FrontendConnection => "tcp-request connection",
            Point::FrontendSession => "tcp-request session",
            Point::FrontendContent | Point::BackendContent => "tcp-request content",
            Point::FrontendResponseContent | Point::BackendResponseContent => {
                "tcp-response content"
            }
            _ => return None,
        })
    }

    /// How messages call it.
    pub fn description(self) -> &'static str {
        DESCRIPTIONS[self as usize]
    }
}

/// A set of [`Point`]s, bit n for the n-th.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Points(pub u32);

impl Points {
    /// All of them.
    pub const ALL: Points = Points((1 << 22) - 1);

    /// Just this one.
    pub const fn of(point: Point) -> Self {
        Points(1 << point as u8)
    }

    /// Both sets together.
    pub const fn or(self, other: Points) -> Self {
        Points(self.0 | other.0)
    }

    /// What is in both sets.
    pub const fn and(self, other: Points) -> Self {
        Points(self.0 & other.0)
    }

    /// Whether any point is in both.
    pub const fn intersects(self, other: Points) -> bool {
        self.0 & other.0 != 0
    }

    /// The first one.
    pub fn first(self) -> Option<Point> {
        ALL_POINTS
            .into_iter()
            .find(|point| self.intersects(Points::of(*point)))
    }
}

const ALL_POINTS: [Point; 22] = [
    Point::FrontendConnection,
    Point::FrontendSession,
    Point::FrontendContent,
    Point::FrontendHttpRequest,
    Point::FrontendHttpRequestBody,
    Point::FrontendSwitch,
    Point::BackendContent,
    Point::BackendHttpRequest,
    Point::BackendHttpRequestBody,
    Point::BackendServerChoice,
    Point::ServerConnection,
    Point::BackendResponseContent,
    Point::BackendHttpResponse,
    Point::BackendHttpResponseBody,
    Point::BackendStore,
    Point::FrontendResponseContent,
    Point::FrontendHttpResponse,
    Point::FrontendHttpResponseBody,
    Point::Log,
    Point::Check,
    Point::Configuration,
    Point::Command,
];

/// Where something stands and what may be referred to there. One is made per line.
pub struct Place<'a> {
    /// `frontend`, `backend`, `listen`, `defaults` or `global`: the section's word.
    pub section: &'static str,
    /// The name of the proxy; empty in `global` and unnamed `defaults`.
    pub proxy: &'a str,
    /// At which points the thing will be evaluated.
    pub points: Points,
    /// The line.
    pub at: Origin,
    /// What the reference calls the surroundings in late messages: `http-request expression`, `ACL keyword` …
    pub surroundings: &'static str,
    /// Access lists declared so far, with the points at which they have a value.
    pub acls: &'a HashMap<String, AclFacts>,
    /// What is remembered for later.
    pub notes: &'a mut Notes,
}

/// What is known of a named access list.
#[derive(Debug, Clone, Default)]
pub struct AclFacts {
    /// The fetch of each of its lines, and where it has a value.
    pub fetches: Vec<(String, Points)>,
    /// Whether one of them looks at bytes.
    pub is_raw: bool,
}

impl AclFacts {
    /// Points at which any of its lines has a value.
    pub fn points(&self) -> Points {
        let all = self.fetches.iter().map(|(_, points)| *points);
        all.fold(Points::default(), Points::or)
    }
}

impl Place<'_> {
    /// `frontend 'f'`, as messages name the proxy.
    pub fn proxy_shown(&self) -> String {
        shown_proxy(self.section, self.proxy)
    }
}

/// `frontend 'f'`, as messages name a proxy. One of both sides has no name of its kind (observed).
pub fn shown_proxy(section: &str, name: &str) -> String {
    let kind = match section {
        "listen" => "proxy",
        kind => kind,
    };
    format!("{kind} '{name}'")
}

/// What lowering found that isn't part of the model: warnings, references to resolve, words not executed.
#[derive(Debug, Default)]
pub struct Notes {
    /// Warnings, complete but for the `config : ` in front.
    pub warnings: Vec<String>,
    /// Names that must exist once all files were read.
    pub references: Vec<Reference>,
    /// Tests of `http_auth_group`, whose groups must be there once all files were read.
    pub group_tests: Vec<GroupTest>,
    /// Words that the reference has and we don't execute; each refuses the start unless it is allowed by name.
    pub unexecuted: Vec<(String, Origin)>,
    /// Tables that `track-sc` rules use; they must exist once all files were read.
    pub tracks: Vec<Track>,
    /// Where the key of the last `track-sc` rule has a value, for the warnings about its place.
    pub last_track_points: Option<Points>,
    /// `expose-experimental-directives` stands in `global`.
    pub allows_experimental: bool,
    /// Slots for captures that rules name by number.
    pub capture_slots: Vec<CaptureSlot>,
    /// `http-errors` sections that replies of rules name.
    pub reply_pages: Vec<ReplyPages>,
    /// Conditions that look at bytes: the proxy and the line. HTTP mode doesn't show them.
    pub raw_conditions: Vec<(String, Origin)>,
    /// Lists of patterns named so far.
    pub pattern_lists: super::list::PatternLists,
    /// Formats of rules.
    pub rule_formats: Vec<RuleFormat>,
    /// Rings that `log tcp@…` lines make for themselves.
    pub rings: Vec<RingSettings>,
}

impl Notes {
    /// Makes the ring of a `log` line that names a stream; gives its name.
    pub fn ring_of(&mut self, address: Address, at: &Origin) -> String {
        let name = format!("ring#{}", self.rings.len() + 1);
        self.rings.push(RingSettings {
            description: format!(
                "created from logserver declared into '{}' at line {}",
                at.file, at.line
            ),
            name: name.clone(),
            size: DEFAULT_SIZE,
            connect_timeout: Some(Duration::from_secs(1)),
            servers: vec![RingServer {
                name: Located::new(name.clone(), at.clone()),
                address,
                protocol: LogProtocol::Legacy,
            }],
            ..RingSettings::default()
        });
        name
    }

    /// Gives such a ring the form of its line.
    pub fn shape_ring(&mut self, name: &str, format: LogLineFormat, max_length: u32) {
        if let Some(ring) = self.rings.iter_mut().find(|ring| ring.name == name) {
            (ring.format, ring.max_length) = (format, max_length);
        }
    }
}

/// A format of a rule, for the warnings about it.
#[derive(Debug, Clone)]
pub struct RuleFormat {
    /// The proxy of the rule.
    pub proxy: String,
    /// Its line; the reference doesn't remember that of formats for a request's target.
    pub at: Option<Origin>,
    /// It says something of a message of HTTP.
    pub needs_http: bool,
}

/// A slot that a `capture … id` rule names.
#[derive(Debug, Clone)]
pub struct CaptureSlot {
    /// Its number.
    pub slot: i64,
    /// It is one for requests.
    pub is_request: bool,
    /// The proxy of the rule.
    pub proxy: String,
}

/// A table that a `track-sc` rule uses.
#[derive(Debug, Clone)]
pub struct Track {
    /// The table's name.
    pub table: String,
    /// The action as written: `track-sc0`.
    pub word: String,
    /// The type of the key's value.
    pub output: Kind,
    /// The proxy of the rule.
    pub proxy: String,
}

/// A name that is resolved after all files were read.
#[derive(Debug, Clone)]
pub struct Reference {
    /// What it must be.
    pub kind: ReferenceKind,
    /// Its name as written.
    pub name: String,
    /// Nothing was written: the proxy itself is meant.
    pub is_own: bool,
    /// Which argument of its word it is, from 1.
    pub argument: usize,
    /// The word.
    pub word: String,
    /// The fetch of its expression if the word is a converter.
    pub fetch: Option<String>,
    /// What the expression belongs to, as [`Place::surroundings`].
    pub surroundings: String,
    /// The proxy it stands in.
    pub proxy: String,
    /// The line.
    pub at: Origin,
}

/// A `http-errors` section that a reply of a rule names.
#[derive(Debug, Clone)]
pub struct ReplyPages {
    /// The proxy of the rule.
    pub proxy: String,
    /// The section.
    pub pages: String,
    /// The status the reply has.
    pub status: u16,
    /// The rule is one on responses.
    pub is_response: bool,
}

/// A test of a client's groups.
#[derive(Debug, Clone)]
pub struct GroupTest {
    /// The access list's name, empty where it is anonymous.
    pub acl: String,
    /// The user list.
    pub userlist: String,
    /// The proxy it stands in.
    pub proxy: String,
    /// Groups to test for, those of files first.
    pub groups: Vec<String>,
    /// No group stands where the reference looks for one: on the line, and matched one after the other.
    pub is_empty: bool,
}

/// What a [`Reference`] refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReferenceKind {
    /// A proxy with clients.
    Frontend,
    /// A proxy with servers.
    Backend,
    /// `[backend/]server`.
    Server,
    /// A user list.
    Userlist,
    /// A stick table.
    Table,
    /// A regular expression: it refers to nothing, and is looked at when the others are.
    Regex,
}
