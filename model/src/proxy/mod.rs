//! HAProxy's side of the model: proxies and what belongs to them.

mod backend;
mod frontend;
mod global;
mod server;
mod stick_table;

pub use backend::{
    Backend, Cookie, CookieMode, HttpReuse, RedispatchInterval, RetryOn, SourceAddress,
    SourceClient,
};
pub use frontend::{
    Bind, Frontend, Greeting, Process as BindProcess, SocketAccess, StatsLevel, TcpKeepalive,
};
pub use global::{ErrorPages, Global, GlobalVar, SslDefaults, StatsSocket, Tune, User, Userlist};
pub use server::{InitAddress, Observe, OnError, OnMarkedDown, OnMarkedUp, ProxyProtocol, Server};
pub use stick_table::{DataType, KeyType, StickTable, StoredData};

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};

use crate::{
    Located, Text,
    acl::Acl,
    address::Network,
    expr::{Expr, LogFormat},
    log::LogTarget,
    rule::{Reply, Rules},
};

/// A frontend, backend or listen section with its defaults applied.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Proxy {
    /// Name, where it was declared.
    pub name: Located<String>,
    /// What kind of section it is.
    pub kind: ProxyKind,
    /// Numeric identifier (`id`), given or assigned, unique.
    pub id: u32,
    /// Protocol.
    pub mode: Mode,
    /// `disabled`: not started.
    pub disabled: bool,
    /// `description`.
    pub description: Option<String>,
    /// All `timeout` lines.
    pub timeouts: Timeouts,
    /// All `option` lines that are mere switches.
    pub options: Options,
    /// Where log lines go; empty: nowhere.
    pub logs: Vec<LogTarget>,
    /// What a log line says; `None`: nothing is logged but state changes.
    pub log_format: Option<Located<LogFormat>>,
    /// `log-format-sd`: the structured data of lines in format rfc5424.
    pub structured_log_format: Option<Located<LogFormat>>,
    /// `error-log-format`: for connections that failed before a request.
    pub error_log_format: Option<Located<LogFormat>>,
    /// What is logged of each session or request as it begins, where no `log-format` says more.
    pub begin_log_format: Option<Located<LogFormat>>,
    /// `log-tag`.
    pub log_tag: Option<String>,
    /// Its table.
    pub stick_table: Option<Located<StickTable>>,
    /// Named access lists in order.
    pub acls: Vec<Acl>,
    /// All rule sets.
    pub rules: Rules,
    /// Replies by status: `errorfile`, `errorfiles`, `errorloc`, `http-error`.
    pub errors: BTreeMap<u16, Located<Reply>>,
    /// `option forwardfor`.
    pub forwardfor: Option<AddressHeader>,
    /// `option originalto`.
    pub originalto: Option<AddressHeader>,
    /// `option http-server-close`, `httpclose`, keep-alive.
    pub connection_mode: Option<ConnectionMode>,
    /// `option http-restrict-req-hdr-names`; `None`: the default holds.
    pub restrict_header_names: Option<RestrictHeaderNames>,
    /// The stats page (`stats …`).
    pub stats: Option<StatsPage>,
    /// `filter` lines in order.
    pub filters: Vec<Located<Filter>>,
    /// `unique-id-format`.
    pub unique_id_format: Option<Located<LogFormat>>,
    /// `unique-id-header`.
    pub unique_id_header: Option<Text>,
    /// What only a proxy with clients has.
    pub frontend: Option<Frontend>,
    /// What only a proxy with servers has.
    pub backend: Option<Backend>,
}

/// The section a proxy was declared by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ProxyKind {
    /// Clients only.
    Frontend,
    /// Servers only.
    Backend,
    /// Both.
    #[default]
    Listen,
}

/// The protocol of a proxy.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mode {
    /// Bytes.
    #[default]
    Tcp,
    /// HTTP.
    Http,
}

/// `timeout` lines; `None` is "never".
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Timeouts {
    /// The client is silent.
    pub client: Option<Duration>,
    /// The client is silent after it was shut down for writing.
    pub client_fin: Option<Duration>,
    /// The server is silent.
    pub server: Option<Duration>,
    /// The server is silent after it was shut down for writing.
    pub server_fin: Option<Duration>,
    /// A connection to a server is being made.
    pub connect: Option<Duration>,
    /// Waiting for a server's free slot; `None`: as `connect`.
    pub queue: Option<Duration>,
    /// The request's head; `None`: as `client`.
    pub http_request: Option<Duration>,
    /// Between two requests; `None`: as `http_request`.
    pub http_keep_alive: Option<Duration>,
    /// A tarpitted request; `None`: as `connect`.
    pub tarpit: Option<Duration>,
    /// An established tunnel, both ways.
    pub tunnel: Option<Duration>,
    /// A health check's answer.
    pub check: Option<Duration>,
}

/// The `option` lines that switch something on, one field each; `None`: not said, the built-in default holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Options {
    /// `abortonclose`
    pub abortonclose: bool,
    /// `accept-invalid-http-request`
    pub accept_invalid_http_request: bool,
    /// `accept-invalid-http-response`
    pub accept_invalid_http_response: bool,
    /// `allbackups`
    pub allbackups: bool,
    /// `checkcache`
    pub checkcache: bool,
    /// `clitcpka`
    pub clitcpka: bool,
    /// `contstats`
    pub contstats: bool,
    /// `disable-h2-upgrade`
    pub disable_h2_upgrade: bool,
    /// `dontlog-normal`
    pub dontlog_normal: bool,
    /// `dontlognull`
    pub dontlognull: bool,
    /// `http-buffer-request`
    pub http_buffer_request: bool,
    /// `http-ignore-probes`
    pub http_ignore_probes: bool,
    /// `http-no-delay`
    pub http_no_delay: bool,
    /// `http-pretend-keepalive`
    pub http_pretend_keepalive: bool,
    /// `http-use-proxy-header`
    pub http_use_proxy_header: bool,
    /// `idle-close-on-response`
    pub idle_close_on_response: bool,
    /// `independent-streams`
    pub independent_streams: bool,
    /// `log-health-checks`
    pub log_health_checks: bool,
    /// `log-separate-errors`
    pub log_separate_errors: bool,
    /// `logasap`
    pub logasap: bool,
    /// `nolinger`
    pub nolinger: bool,
    /// `persist`
    pub persist: bool,
    /// `prefer-last-server`
    pub prefer_last_server: bool,
    /// `socket-stats`
    pub socket_stats: bool,
    /// `splice-auto`
    pub splice_auto: bool,
    /// `splice-request`
    pub splice_request: bool,
    /// `splice-response`
    pub splice_response: bool,
    /// `srvtcpka`
    pub srvtcpka: bool,
    /// `tcp-smart-accept`
    pub tcp_smart_accept: bool,
    /// `tcp-smart-connect`
    pub tcp_smart_connect: bool,
    /// `transparent`
    pub transparent: bool,
    /// `h1-case-adjust-bogus-client`
    pub h1_case_adjust_bogus_client: bool,
    /// `h1-case-adjust-bogus-server`
    pub h1_case_adjust_bogus_server: bool,
}

/// How HTTP/1 connections live on after a response (manual 4: "Keep-Alive", "Server close", "Close").
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ConnectionMode {
    /// Both sides are kept.
    #[default]
    KeepAlive,
    /// The server side is closed.
    ServerClose,
    /// Both sides are closed.
    Close,
    /// The first request and its response are looked at; all bytes behind them pass.
    Tunnel,
}

/// What becomes of request headers whose names have other characters than letters, digits and dashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum RestrictHeaderNames {
    /// They pass.
    Preserve,
    /// The request is refused.
    Reject,
    /// They are removed.
    Delete,
}

/// `option forwardfor` and `option originalto`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AddressHeader {
    /// The header's name.
    pub name: Text,
    /// Addresses it isn't added for.
    pub except: Option<Network>,
    /// Only when it isn't there yet.
    pub if_none: bool,
}

/// The statistics page of a proxy (`stats …`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StatsPage {
    /// Paths that begin so get it.
    pub uri: Text,
    /// Realm of the authentication.
    pub realm: Text,
    /// Users and passwords; empty: everyone.
    pub auth: Vec<(String, String)>,
    /// Seconds between reloads.
    pub refresh: Option<Duration>,
    /// Don't show the version.
    pub hide_version: bool,
    /// `stats show-legends`.
    pub show_legends: bool,
    /// `stats show-modules`.
    pub show_modules: bool,
    /// `stats show-node`.
    pub show_node: Option<String>,
    /// `stats show-desc`.
    pub show_desc: Option<String>,
    /// `stats scope`: only these proxies.
    pub scope: Vec<String>,
    /// `stats http-request` rules.
    pub http_request: Vec<Located<crate::rule::Rule>>,
    /// `stats admin` conditions.
    pub admin: Vec<Located<crate::acl::Condition>>,
}

/// A `filter` line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Filter {
    /// The filter's name in the registry.
    pub name: String,
    /// Its words.
    pub args: Vec<String>,
}

/// A declared sample, for `declare capture`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Capture {
    /// Bytes kept at most.
    pub length: u32,
    /// The header's name, or none for `declare capture`.
    pub header: Option<Text>,
    /// What is taken, for captures by rule.
    pub expr: Option<Expr>,
}
