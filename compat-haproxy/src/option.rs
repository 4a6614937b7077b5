//! Options of proxies: switches, one row each with its field, and those that take arguments (manual 4.2).

mod forwardfor;
mod health;
mod logs;
mod special;

pub(crate) use forwardfor::network;
pub use logs::{needs_http as log_format_needs_http, set as set_log_format, warn_in_backend};
pub use special::SPECIAL;

use locum_model::proxy::Options;

use crate::{
    keyword::State,
    load::{Lowered, ProxyLine},
};

/// On which side of a proxy an option works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Where clients are.
    Clients,
    /// Where servers are.
    Servers,
    /// On both.
    Both,
}

/// An option that is on or off.
pub struct Switch {
    /// The word.
    pub name: &'static str,
    /// Where it works.
    pub side: Side,
    /// It needs HTTP mode.
    pub http: bool,
    /// Whether we execute it.
    pub state: State,
    /// The reference has it no more.
    pub removed: bool,
    /// Its field.
    pub field: fn(&mut Options) -> &mut bool,
}

/// An option that takes arguments or sets something else than a switch.
pub struct Special {
    /// The word.
    pub name: &'static str,
    /// Whether `no option` exists for it.
    pub negatable: bool,
    /// Whether we execute it.
    pub state: State,
    /// Reads it; the flag says that it is taken back.
    pub lower: fn(&mut ProxyLine<'_, '_>, bool) -> Lowered,
}

const fn switch(
    name: &'static str,
    side: Side,
    http: bool,
    state: State,
    field: fn(&mut Options) -> &mut bool,
) -> Switch {
    Switch {
        name,
        side,
        http,
        state,
        removed: false,
        field,
    }
}

/// All switches, sorted.
#[rustfmt::skip]
pub static SWITCHES: &[Switch] = &[
    switch("abortonclose", Side::Servers, false, State::Executed, |options| &mut options.abortonclose),
    switch("accept-invalid-http-request", Side::Clients, true, State::Executed, |options| &mut options.accept_invalid_http_request),
    switch("accept-invalid-http-response", Side::Servers, true, State::Executed, |options| &mut options.accept_invalid_http_response),
    switch("allbackups", Side::Servers, false, State::Executed, |options| &mut options.allbackups),
    switch("checkcache", Side::Servers, true, State::Executed, |options| &mut options.checkcache),
    switch("clitcpka", Side::Clients, false, State::Executed, |options| &mut options.clitcpka),
    switch("contstats", Side::Clients, false, State::Tuning, |options| &mut options.contstats),
    switch("disable-h2-upgrade", Side::Clients, true, State::Executed, |options| &mut options.disable_h2_upgrade),
    switch("dontlog-normal", Side::Clients, false, State::Executed, |options| &mut options.dontlog_normal),
    switch("dontlognull", Side::Clients, false, State::Executed, |options| &mut options.dontlognull),
    switch("h1-case-adjust-bogus-client", Side::Clients, false, State::Executed, |options| &mut options.h1_case_adjust_bogus_client),
    switch("h1-case-adjust-bogus-server", Side::Servers, false, State::Executed, |options| &mut options.h1_case_adjust_bogus_server),
    switch("http-buffer-request", Side::Both, true, State::Executed, |options| &mut options.http_buffer_request),
    switch("http-ignore-probes", Side::Clients, true, State::Executed, |options| &mut options.http_ignore_probes),
    switch("http-no-delay", Side::Both, true, State::Executed, |options| &mut options.http_no_delay),
    switch("http-pretend-keepalive", Side::Servers, true, State::Executed, |options| &mut options.http_pretend_keepalive),
    switch("http-use-proxy-header", Side::Clients, true, State::Unexecuted, |options| &mut options.http_use_proxy_header),
    switch("idle-close-on-response", Side::Clients, true, State::Executed, |options| &mut options.idle_close_on_response),
    switch("independent-streams", Side::Both, false, State::Tuning, |options| &mut options.independent_streams),
    switch("log-health-checks", Side::Servers, false, State::Executed, |options| &mut options.log_health_checks),
    switch("log-separate-errors", Side::Clients, false, State::Executed, |options| &mut options.log_separate_errors),
    switch("logasap", Side::Clients, false, State::Executed, |options| &mut options.logasap),
    switch("nolinger", Side::Both, false, State::Executed, |options| &mut options.nolinger),
    switch("persist", Side::Servers, false, State::Executed, |options| &mut options.persist),
    switch("prefer-last-server", Side::Servers, true, State::Executed, |options| &mut options.prefer_last_server),
    switch("socket-stats", Side::Clients, false, State::Executed, |options| &mut options.socket_stats),
    switch("splice-auto", Side::Both, false, State::Executed, |options| &mut options.splice_auto),
    switch("splice-request", Side::Both, false, State::Executed, |options| &mut options.splice_request),
    switch("splice-response", Side::Both, false, State::Executed, |options| &mut options.splice_response),
    switch("srvtcpka", Side::Servers, false, State::Executed, |options| &mut options.srvtcpka),
    switch("tcp-smart-accept", Side::Clients, false, State::Executed, |options| &mut options.tcp_smart_accept),
    switch("tcp-smart-connect", Side::Servers, false, State::Executed, |options| &mut options.tcp_smart_connect),
    switch("transparent", Side::Servers, false, State::Executed, |options| &mut options.transparent),
];
