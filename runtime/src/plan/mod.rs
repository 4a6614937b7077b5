//! The plan: the model resolved against the vocabulary, immutable, behind one `Arc`.
//!
//! Names have become ids, expressions and formats are compiled, per-proxy tables are ready to be indexed. Nothing is
//! looked up by name while traffic flows.

pub mod args;
pub mod build;
pub mod compile;
mod ids;
pub mod userlist;

use std::{collections::HashMap, net::SocketAddr, sync::Arc, time::Duration};

use locum_model::{
    Origin,
    address::Address,
    expr::Var,
    proxy::{self as model, ConnectionMode, Mode, Options, ProxyKind, Timeouts},
};

pub use ids::{ListenerId, ProxyId, ServerId, TableId};

use crate::{
    http::NameCase,
    log::{ProxyLog, ring::Ring},
    process::limits::Limits,
    rules::{self, error_table::ErrorTable},
    sample::{expr::Expr, format::Format},
    vocab::Vocabulary,
};

/// Everything that traffic needs to know.
pub struct Plan {
    /// The words it was built with.
    pub vocabulary: Vocabulary,
    /// Buffer sizes and other numbers.
    pub tune: Tune,
    /// Proxies in the order of the configuration.
    pub proxies: Box<[Proxy]>,
    /// Proxies by name.
    pub proxy_names: HashMap<Box<str>, ProxyId>,
    /// Stick tables in the order of the configuration: the name, that of a proxy, and the settings.
    pub tables: Box<[(Arc<str>, model::StickTable)]>,
    /// Listening sockets of all frontends.
    pub listeners: Box<[Listener]>,
    /// Ring buffers in the order of the configuration, behind the one that is always there.
    pub rings: Box<[Arc<Ring>]>,
    /// The `global` section as written.
    pub global: model::Global,
    /// Lists of patterns, which commands and actions change though the plan stays.
    pub pattern_lists: Box<[Arc<crate::rules::pattern::Reference>]>,
    /// Process-wide variables that are set at the start, in order.
    pub variables: Box<[(Var, InitialValue)]>,
    /// Some rule or format tells our end of the connection to a server.
    pub tells_server_source: bool,
    /// How names of fields are written to peers that want it so.
    pub names: Arc<NameCase>,
    /// Some proxy has rules over whole lines: heads keep the case of their names.
    pub has_line_rules: bool,
    /// Where the process itself logs: the targets of `global`.
    pub log: ProxyLog,
    /// Process settings.
    pub process: locum_model::process::Process,
    /// Worker threads.
    pub threads: usize,
    /// Connections at once, over all frontends.
    pub maxconn: u32,
    /// What the process may open for them.
    pub limits: Limits,
}

/// Sizes and limits with their defaults applied (manual 3.2).
#[derive(Debug, Clone, Copy)]
pub struct Tune {
    /// Bytes of a buffer.
    pub bufsize: usize,
    /// Bytes of it that a message head must leave free.
    pub maxrewrite: usize,
    /// Header fields of a message at most.
    pub maxhdr: usize,
    /// Bytes of a request line in a log.
    pub logurilen: usize,
    /// Connections accepted in a row.
    pub maxaccept: usize,
    /// Memory of variables; `None`: nobody counts it.
    pub variables: Option<VariableLimits>,
}

/// `tune.vars.*-max-size`: bytes that variables may take, in each scope with those of the finer ones in it; 0: as many
/// as they like.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct VariableLimits {
    /// Of a request or a response.
    pub message: usize,
    /// Of a transaction.
    pub transaction: usize,
    /// Of a session.
    pub session: usize,
    /// Of the process: the lower one of `proc` and `global`.
    pub process: usize,
}

impl VariableLimits {
    fn of(tune: &model::Tune) -> Option<Self> {
        let of = |scope: &str| {
            let number = tune.numbers.get(&format!("tune.vars.{scope}-max-size"));
            number.map_or(0, |&bytes| usize::try_from(bytes).unwrap_or(0))
        };
        let lower = |one: usize, other: usize| match (one, other) {
            (0, limit) | (limit, 0) => limit,
            (one, other) => one.min(other),
        };
        let limits = Self {
            message: of("reqres"),
            transaction: of("txn"),
            session: of("sess"),
            process: lower(of("proc"), of("global")),
        };
        (limits != Self::default()).then_some(limits)
    }
}

impl Tune {
    /// Defaults where nothing was said.
    pub fn of(tune: &model::Tune) -> Self {
        let or = |value: Option<u32>, default: usize| value.map_or(default, |v| v as usize);
        Self {
            bufsize: or(tune.bufsize, 16384),
            maxrewrite: or(tune.maxrewrite, 1024),
            maxhdr: or(tune.http_maxhdr, 101),
            logurilen: or(tune.http_logurilen, 1023),
            maxaccept: tune
                .maxaccept
                .and_then(|n| usize::try_from(n).ok())
                .unwrap_or(64),
            variables: VariableLimits::of(tune),
        }
    }
}

/// A frontend, backend or listen.
pub struct Proxy {
    /// Its place.
    pub id: ProxyId,
    /// Its name.
    pub name: Arc<str>,
    /// The section's kind.
    pub kind: ProxyKind,
    /// Its number (`id`) for statistics.
    pub number: u32,
    /// Where it was declared.
    pub at: Origin,
    /// Protocol.
    pub mode: Mode,
    /// Timeouts.
    pub timeouts: Timeouts,
    /// Switches.
    pub options: Options,
    /// Connection mode; `None`: not said.
    pub connection_mode: Option<ConnectionMode>,
    /// `option http-restrict-req-hdr-names`; `None`: not said.
    pub restrict_header_names: Option<model::RestrictHeaderNames>,
    /// How long `tcp-request content` rules may wait for bytes.
    pub inspect_delay: Option<Duration>,
    /// The same of `tcp-response content` rules.
    pub response_inspect_delay: Option<Duration>,
    /// Rule sets.
    pub rules: rules::RuleTable,
    /// Where and how it logs.
    pub log: ProxyLog,
    /// Replies by status.
    pub errors: ErrorTable,
    /// `option forwardfor`.
    pub forwardfor: Option<model::AddressHeader>,
    /// `option originalto`.
    pub originalto: Option<model::AddressHeader>,
    /// `unique-id-format`.
    pub unique_id: Option<Format>,
    /// `unique-id-header`.
    pub unique_id_header: Option<Box<[u8]>>,
    /// The statistics page.
    pub stats: Option<model::StatsPage>,
    /// `stats http-request`: who may see it.
    pub stats_rules: Box<[rules::Rule]>,
    /// Filters in order: row and words.
    pub filters: DeclaredFilters,
    /// The client side.
    pub frontend: Option<Frontend>,
    /// The server side.
    pub backend: Option<Backend>,
}

/// Filters as they were declared: row and words.
pub type DeclaredFilters = Box<[(&'static crate::filter::FilterDef, Box<[String]>)]>;

/// The client side of a proxy.
pub struct Frontend {
    /// Its sockets.
    pub listeners: Box<[ListenerId]>,
    /// Connections at once.
    pub maxconn: u32,
    /// Sessions per second.
    pub rate_limit_sessions: Option<u32>,
    /// The kernel's keep-alive towards clients (`option clitcpka`).
    pub keepalive: Option<model::TcpKeepalive>,
    /// Where traffic goes when no rule decides.
    pub default_backend: Option<Target>,
    /// `use_backend` rules.
    pub use_backend: Box<[(Option<rules::Condition>, Target)]>,
    /// Clients that get a word and the end.
    pub greeting: Option<model::Greeting>,
    /// The URI that is answered by the proxy itself.
    pub monitor_uri: Option<Box<[u8]>>,
    /// When that answer is 503.
    pub monitor_fail: Box<[rules::Condition]>,
    /// `capture` declarations.
    pub request_captures: Box<[model::Capture]>,
    /// `capture` declarations for responses.
    pub response_captures: Box<[model::Capture]>,
    /// `capture cookie`.
    pub capture_cookie: Option<(Box<[u8]>, usize)>,
}

/// Where traffic is sent.
pub enum Target {
    /// A proxy known by name.
    Proxy(ProxyId),
    /// A name made of the traffic; an unknown one is as if the rule were not there.
    Dynamic(Format),
}

/// The server side of a proxy.
pub struct Backend {
    /// As written: balance, cookie, retries, reuse, source.
    pub settings: model::Backend,
    /// Servers in order.
    pub servers: Box<[Server]>,
    /// `dispatch`, `option transparent`: where traffic goes that no server is chosen for. It counts as none of them.
    pub nameless: Option<Box<Server>>,
    /// `use-server` rules.
    pub use_server: Box<[(Option<rules::Condition>, ServerTarget)]>,
    /// `force-persist` (true) and `ignore-persist`.
    pub persist: Box<[(bool, rules::Condition)]>,
    /// The key of `balance hash`.
    pub balance_key: Option<crate::sample::expr::Expr>,
    /// Failed connections are tried again so often.
    pub retries: u32,
}

/// Which server a `use-server` rule names.
pub enum ServerTarget {
    /// By its place.
    Index(u32),
    /// A name made of the traffic.
    Dynamic(Format),
}

/// A server.
pub struct Server {
    /// Its place.
    pub id: ServerId,
    /// Its name.
    pub name: Arc<str>,
    /// Its value in the persistence cookie, its own or the dynamic one.
    pub cookie_value: Option<Box<[u8]>>,
    /// As written.
    pub settings: model::Server,
    /// Where it was declared.
    pub at: Origin,
}

/// A listening socket.
pub struct Listener {
    /// Its place.
    pub id: ListenerId,
    /// Whose it is.
    pub frontend: ProxyId,
    /// As written.
    pub bind: model::Bind,
    /// Where it was declared.
    pub at: Origin,
}

impl Listener {
    /// The one address that its clients can have connected to.
    pub fn only_address(&self) -> Option<SocketAddr> {
        match &self.bind.address {
            Address::Ip { ip, port } if !ip.is_unspecified() && *port != 0 => {
                (!self.bind.transparent).then(|| SocketAddr::new(*ip, *port))
            }
            _ => None,
        }
    }
}

impl Plan {
    /// A proxy by id.
    pub fn proxy(&self, id: ProxyId) -> &Proxy {
        &self.proxies[id.index()]
    }

    /// A proxy by name.
    pub fn proxy_named(&self, name: &str) -> Option<ProxyId> {
        self.proxy_names.get(name).copied()
    }

    /// A server by id; ids are only made by the plan, so that it is there.
    pub fn server(&self, id: ServerId) -> Option<&Server> {
        self.proxy(id.backend)
            .backend
            .as_ref()?
            .servers
            .get(id.index as usize)
    }
}

/// The bound of a wait that has none: far enough, and it never overflows an `Instant`.
pub const FOREVER: Duration = Duration::from_secs(86400 * 365);

/// How a process-wide variable gets its value at the start.
#[derive(Debug)]
pub enum InitialValue {
    /// From an expression.
    Expr(Expr),
    /// From a log format.
    Format(Format),
}
