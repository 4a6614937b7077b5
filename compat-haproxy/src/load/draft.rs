//! A proxy while its section is read: the model's proxy and what only the checks need.

use std::collections::{BTreeMap, HashMap};

use locum_model::{
    Located, Origin, Text,
    proxy::{Backend, Frontend, Proxy, ProxyKind, Server},
};

use crate::lowering::AclFacts;

/// A side of a proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Capability {
    /// It has clients.
    Frontend,
    /// It has servers.
    Backend,
}

impl Capability {
    /// As messages call it.
    pub fn word(self) -> &'static str {
        match self {
            Capability::Frontend => "frontend",
            Capability::Backend => "backend",
        }
    }
}

/// A proxy, or a `defaults` section, being read. Both sides are there until the end: what a section has no capability
/// for is read and then dropped, as the reference does.
#[derive(Debug, Clone)]
pub struct Draft {
    /// What the model gets.
    pub proxy: Proxy,
    /// `frontend`, `backend`, `listen` or `defaults`.
    pub section: &'static str,
    /// It is a `defaults` section.
    pub is_defaults: bool,
    /// It has clients.
    pub has_frontend: bool,
    /// It has servers.
    pub has_backend: bool,
    /// The client side.
    pub frontend: Frontend,
    /// The server side.
    pub backend: Backend,
    /// The expression of `balance hash`; lowered when the proxy is complete.
    pub balance_hash: Option<Text>,
    /// Servers with what their checks need.
    pub servers: Vec<ServerDraft>,
    /// Names of servers and the line of each.
    pub server_lines: HashMap<String, u32>,
    /// What `default-server` lines set.
    pub default_server: ServerDraft,
    /// Access lists declared so far.
    pub acls: HashMap<String, AclFacts>,
    /// `log-format` or the option that stands for one; lowered when the proxy is complete.
    pub log_format: Option<RawFormat>,
    /// `error-log-format`.
    pub error_log_format: Option<RawFormat>,
    /// `log-format-sd`.
    pub log_format_sd: Option<RawFormat>,
    /// `unique-id-format`.
    pub unique_id_format: Option<RawFormat>,
    /// `errorfiles NAME [codes]`, resolved when all sections are read.
    pub error_page_uses: Vec<(String, Vec<u16>, Origin)>,
    /// `log global` was said, there.
    pub log_global: Option<Origin>,
    /// The last rule sets met, for the warnings about order.
    pub seen: SeenRules,
    /// What is checked how.
    pub health: crate::keyword::http_check::HealthDraft,
    /// The id was given, not assigned.
    pub has_id: bool,
    /// Custom error replies are given by `http-error`, which excludes nothing; kept for messages.
    pub mode_said: bool,
    /// Options the section said, by name, with the place: for checks of their use.
    pub option_places: BTreeMap<&'static str, Origin>,
    /// The defaults section it came from.
    pub defaults: Option<usize>,
    /// `dynamic-cookie-key`.
    pub dynamic_cookie_key: Option<Text>,
    /// TLS sockets, to be checked.
    pub tls_binds: Vec<crate::bind_option::TlsBind>,
    /// Threads that sockets are restricted to, to be checked.
    pub bind_threads: Vec<crate::bind_option::ThreadBind>,
    /// A log format was not read to its end: nothing is said of it being ignored.
    pub format_unread: bool,
    /// `peers` sections that tables name.
    pub peers: Vec<String>,
    /// The log format comes from `defaults`.
    pub log_format_inherited: bool,
    /// `mode health`: clients only hear that we are there.
    pub mode_health: bool,
    /// `monitor-net`.
    pub monitor_net: Option<locum_model::address::Network>,
    /// Places of words that need HTTP mode or that late checks name.
    pub facts: Facts,
}

/// Which rule sets a proxy has so far: bit n for the n-th of [`RULE_ORDER`].
#[derive(Debug, Clone, Default)]
pub struct SeenRules(u16);

/// Rule sets in the order of evaluation, with the article that messages put before them.
const RULE_ORDER: [(&str, &str); 11] = [
    ("tcp-request connection", "a 'tcp-request connection'"),
    ("tcp-request session", "a 'tcp-request session'"),
    ("tcp-request content", "a 'tcp-request content'"),
    ("monitor fail", "a 'monitor fail'"),
    ("block", "a 'block'"),
    ("http-request", "an 'http-request'"),
    ("reqxxx", "a 'reqxxx'"),
    ("reqadd", "a 'reqadd'"),
    ("redirect", "a 'redirect'"),
    ("use_backend", "a 'use_backend'"),
    ("use-server", "a 'use-server'"),
];

/// What a `tcp-request content track-sc` rule depends on.
#[derive(Debug, Clone, Copy)]
pub struct ContentTrack {
    /// Its key is taken from the request.
    pub key_needs_request: bool,
    /// Its condition is.
    pub condition_needs_request: bool,
}

/// What late checks want to know.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// There is an `http-request` rule.
    pub http_request: bool,
    /// There is an `http-response` rule.
    pub http_response: bool,
    /// There is an `http-after-response` rule.
    pub http_after_response: bool,
    /// `tcp-request content track-sc` rules of a frontend.
    pub content_tracks: Vec<ContentTrack>,
    /// A `stats` word was said.
    pub stats: bool,
}

/// A log format as written.
#[derive(Debug, Clone)]
pub struct RawFormat {
    /// What it is.
    pub kind: FormatKind,
    /// The line.
    pub at: Origin,
}

/// Where a log format comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FormatKind {
    /// `option tcplog`
    Tcp,
    /// `option httplog`
    Http,
    /// `option httplog clf`
    HttpClf,
    /// `option httpslog`
    Https,
    /// `log-format`
    Custom(Text),
}

/// A server being read.
#[derive(Debug, Clone)]
pub struct ServerDraft {
    /// What the model gets.
    pub server: Located<Server>,
    /// `check` was said.
    pub check: bool,
    /// The check's settings.
    pub probe: crate::server_option::check::CheckDraft,
    /// The address had no port.
    pub port_missing: bool,
    /// Its name must be resolved.
    pub hostname: Option<String>,
    /// A word that has to be refused unless allowed.
    pub resolvers: Option<String>,
    /// The family the name is looked up in.
    pub family: crate::address::Family,
    /// `ssl` was said.
    pub tls: bool,
    /// `verify`
    pub tls_verify: Option<String>,
    /// `proxy-v2-options` so far.
    pub proxy_options: Vec<String>,
    /// `weight` was said.
    pub weight_said: bool,
    /// The id was given.
    pub has_id: bool,
}

impl Draft {
    /// A proxy of that kind with nothing said.
    pub fn new(section: &'static str, name: Located<String>) -> Self {
        let (kind, has_frontend, has_backend) = match section {
            "frontend" => (ProxyKind::Frontend, true, false),
            "backend" => (ProxyKind::Backend, false, true),
            _ => (ProxyKind::Listen, true, true),
        };
        Self {
            proxy: Proxy {
                name,
                kind,
                ..Proxy::default()
            },
            section,
            is_defaults: section == "defaults",
            has_frontend,
            has_backend,
            frontend: Frontend::default(),
            backend: Backend::default(),
            balance_hash: None,
            servers: Vec::new(),
            server_lines: HashMap::new(),
            default_server: ServerDraft::new(),
            acls: HashMap::new(),
            log_format: None,
            error_log_format: None,
            log_format_sd: None,
            unique_id_format: None,
            error_page_uses: Vec::new(),
            log_global: None,
            seen: SeenRules::default(),
            health: crate::keyword::http_check::HealthDraft::default(),
            has_id: false,
            mode_said: false,
            option_places: BTreeMap::new(),
            defaults: None,
            dynamic_cookie_key: None,
            tls_binds: Vec::new(),
            bind_threads: Vec::new(),
            format_unread: false,
            peers: Vec::new(),
            log_format_inherited: false,
            mode_health: false,
            monitor_net: None,
            facts: Facts::default(),
        }
    }

    /// A proxy that begins with what a `defaults` section said.
    pub fn from_defaults(defaults: &Draft, section: &'static str, name: Located<String>) -> Self {
        let empty = Draft::new(section, name);
        Self {
            section,
            is_defaults: section == "defaults",
            has_frontend: empty.has_frontend,
            has_backend: empty.has_backend,
            proxy: Proxy {
                name: empty.proxy.name,
                kind: empty.proxy.kind,
                id: 0,
                description: None,
                ..defaults.proxy.clone()
            },
            seen: SeenRules::default(),
            log_format_inherited: true,
            ..defaults.clone()
        }
    }

    /// Remembers that a rule set has a rule, and gives the first one that is evaluated later and has one already.
    pub fn seen_rule(&mut self, word: &str) -> Option<&'static str> {
        let at = RULE_ORDER.iter().position(|(known, _)| *known == word)?;
        let later = (at + 1..RULE_ORDER.len()).find(|later| self.seen.0 & (1 << later) != 0);
        self.seen.0 |= 1 << at;
        later.map(|later| RULE_ORDER[later].1)
    }

    /// Whether it has rules that only a client side can have.
    pub fn has_early_rules(&self) -> bool {
        let rules = &self.proxy.rules;
        !rules.tcp_request_connection.is_empty() || !rules.tcp_request_session.is_empty()
    }

    /// Whether there are rules of any set that `defaults` may have.
    pub fn has_inherited_rules(&self) -> bool {
        let rules = &self.proxy.rules;
        let others = [
            &rules.tcp_request_content,
            &rules.tcp_response_content,
            &rules.http_request,
            &rules.http_response,
            &rules.http_after_response,
        ];
        self.has_early_rules() || others.iter().any(|set| !set.is_empty())
    }

    /// Whether it has that side; `defaults` has both.
    pub fn can(&self, capability: Capability) -> bool {
        self.is_defaults
            || match capability {
                Capability::Frontend => self.has_frontend,
                Capability::Backend => self.has_backend,
            }
    }

    /// The word messages use for the proxy in late checks: `frontend`, `backend` or `proxy`.
    pub fn type_word(&self) -> &'static str {
        match (self.has_frontend, self.has_backend) {
            (true, false) => "frontend",
            (false, true) => "backend",
            _ => "proxy",
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.proxy.name.value
    }
}

/// `defaults` sections: the last one counts for what follows, named ones can be asked for.
#[derive(Debug, Default)]
pub struct DefaultsTable {
    /// All of them in order.
    pub sections: Vec<Draft>,
    /// The one that proxies without `from` begin with.
    pub current: Option<usize>,
    /// Named ones; a name given twice is remembered as ambiguous.
    pub names: HashMap<String, Vec<usize>>,
}
