//! The columns of `show stat`, in order (management.txt 9.1): one row each, from which come CSV, typed output and JSON.

use locum_model::{pool::Balance, proxy::Mode};
use locum_runtime::stats::{BackendRow, FrontendRow, ListenerRow, Row, ServerRow};

use super::{check_description, check_details, check_word, frontend_status, server_status};

/// What stands in a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Nothing: the column means nothing here.
    None,
    /// Text.
    Text(String),
    /// A number.
    Number(u64),
    /// A number that may be negative.
    Signed(i64),
}

use Value::{None as Empty, Number, Signed};

/// A column: its name, and its value for each kind of row.
pub struct Column {
    /// The name.
    pub name: &'static str,
    /// Origin, nature and scope as three letters, and the type (management.txt 9.2); empty: not a field.
    pub tag: &'static str,
    frontend: fn(&FrontendRow<'_>) -> Value,
    listener: fn(&ListenerRow<'_>) -> Value,
    server: fn(&ServerRow<'_>) -> Value,
    backend: fn(&BackendRow<'_>) -> Value,
}

impl Column {
    const fn new(name: &'static str, tag: &'static str) -> Self {
        Self {
            name,
            tag,
            frontend: |_| Empty,
            listener: |_| Empty,
            server: |_| Empty,
            backend: |_| Empty,
        }
    }

    const fn f(mut self, value: fn(&FrontendRow<'_>) -> Value) -> Self {
        self.frontend = value;
        self
    }

    const fn l(mut self, value: fn(&ListenerRow<'_>) -> Value) -> Self {
        self.listener = value;
        self
    }

    const fn s(mut self, value: fn(&ServerRow<'_>) -> Value) -> Self {
        self.server = value;
        self
    }

    const fn b(mut self, value: fn(&BackendRow<'_>) -> Value) -> Self {
        self.backend = value;
        self
    }

    /// Zero for frontends and backends: what we don't have.
    const fn zero(self) -> Self {
        self.f(|_| Number(0)).b(|_| Number(0))
    }

    /// The value in a row.
    pub fn value(&self, row: &Row<'_>) -> Value {
        match row {
            Row::Frontend(row) => (self.frontend)(row),
            Row::Listener(row) => (self.listener)(row),
            Row::Server(row) => (self.server)(row),
            Row::Backend(row) => (self.backend)(row),
        }
    }
}

fn text(text: impl Into<String>) -> Value {
    let text = text.into();
    if text.is_empty() {
        Empty
    } else {
        Value::Text(text)
    }
}

fn optional(number: Option<u64>) -> Value {
    number.map_or(Empty, Number)
}

fn seconds(time: std::time::Duration) -> Value {
    Number(time.as_secs())
}

fn mode(mode: Mode) -> Value {
    text(match mode {
        Mode::Tcp => "tcp",
        Mode::Http => "http",
    })
}

/// A value that only HTTP has.
fn http(mode: Mode, value: u64) -> Value {
    match mode {
        Mode::Http => Number(value),
        Mode::Tcp => Empty,
    }
}

/// The name of a balancing algorithm.
pub(crate) fn algorithm(balance: &Balance) -> &'static str {
    match balance {
        Balance::RoundRobin => "roundrobin",
        Balance::StaticRoundRobin => "static-rr",
        Balance::LeastConnections => "leastconn",
        Balance::First => "first",
        Balance::Source => "source",
        Balance::Uri { .. } => "uri",
        Balance::UrlParam { .. } => "url_param",
        Balance::Header { .. } => "hdr",
        Balance::Random(_) => "random",
        Balance::RdpCookie(_) => "rdp-cookie",
        Balance::Hash(_) => "hash",
    }
}

fn last_session(age: Option<u64>) -> Value {
    Signed(age.map_or(-1, |age| i64::try_from(age).unwrap_or(i64::MAX)))
}

const fn c(name: &'static str, tag: &'static str) -> Column {
    Column::new(name, tag)
}

/// All columns.
pub static COLUMNS: &[Column] = &[
    c("pxname", "KNS:str")
        .f(|r| text(&*r.proxy.name))
        .l(|r| text(&*r.proxy.name))
        .s(|r| text(&*r.proxy.name))
        .b(|r| text(&*r.proxy.name)),
    c("svname", "KNS:str")
        .f(|_| text("FRONTEND"))
        .l(|r| {
            let name = r.listener.bind.name.clone();
            text(name.unwrap_or_else(|| format!("sock-{}", r.place)))
        })
        .s(|r| text(&*r.server.name))
        .b(|_| text("BACKEND")),
    c("qcur", "MGP:u32")
        .s(|r| Number(r.queue.now))
        .b(|r| Number(r.queue.now)),
    c("qmax", "MMP:u32")
        .s(|r| Number(r.queue.max))
        .b(|r| Number(r.queue.max)),
    c("scur", "MGP:u32")
        .f(|r| Number(r.sessions.now))
        .l(|r| Number(r.sessions.now))
        .s(|r| Number(r.sessions.now))
        .b(|r| Number(r.sessions.now)),
    c("smax", "MMP:u32")
        .f(|r| Number(r.sessions.max))
        .l(|r| Number(r.sessions.max))
        .s(|r| Number(r.sessions.max))
        .b(|r| Number(r.sessions.max)),
    c("slim", "CLP:u32")
        .f(|r| Number(r.sessions.limit.unwrap_or(0)))
        .l(|r| Number(r.sessions.limit.unwrap_or(0)))
        .s(|r| optional(r.sessions.limit))
        .b(|r| Number(r.sessions.limit.unwrap_or(0))),
    c("stot", "MCP:u64")
        .f(|r| Number(r.sum(|c| &c.sessions)))
        .l(|r| Number(r.sum(|c| &c.sessions)))
        .s(|r| Number(r.sum(|c| &c.sessions)))
        .b(|r| Number(r.sum(|c| &c.sessions))),
    c("bin", "MCP:u64")
        .f(|r| Number(r.sum(|c| &c.bytes_in)))
        .l(|r| Number(r.sum(|c| &c.bytes_in)))
        .s(|r| Number(r.sum(|c| &c.bytes_in)))
        .b(|r| Number(r.sum(|c| &c.bytes_in))),
    c("bout", "MCP:u64")
        .f(|r| Number(r.sum(|c| &c.bytes_out)))
        .l(|r| Number(r.sum(|c| &c.bytes_out)))
        .s(|r| Number(r.sum(|c| &c.bytes_out)))
        .b(|r| Number(r.sum(|c| &c.bytes_out))),
    c("dreq", "MCP:u64")
        .f(|r| Number(r.sum(|c| &c.denied_requests)))
        .l(|r| Number(r.sum(|c| &c.denied_requests)))
        .b(|r| Number(r.sum(|c| &c.denied_requests))),
    c("dresp", "MCP:u64")
        .f(|r| Number(r.sum(|c| &c.denied_responses)))
        .l(|r| Number(r.sum(|c| &c.denied_responses)))
        .s(|r| Number(r.sum(|c| &c.denied_responses)))
        .b(|r| Number(r.sum(|c| &c.denied_responses))),
    c("ereq", "MCP:u64")
        .f(|r| Number(r.sum(|c| &c.failed_requests)))
        .l(|r| Number(r.sum(|c| &c.failed_requests))),
    c("econ", "MCP:u64")
        .s(|r| Number(r.sum(|c| &c.failed_connections)))
        .b(|r| Number(r.sum(|c| &c.failed_connections))),
    c("eresp", "MCP:u64")
        .s(|r| Number(r.sum(|c| &c.failed_responses)))
        .b(|r| Number(r.sum(|c| &c.failed_responses))),
    c("wretr", "MCP:u64")
        .s(|r| Number(r.sum(|c| &c.retries)))
        .b(|r| Number(r.sum(|c| &c.retries))),
    c("wredis", "MCP:u64")
        .s(|r| Number(r.sum(|c| &c.redispatches)))
        .b(|r| Number(r.sum(|c| &c.redispatches))),
    c("status", "SGP:str")
        .f(|r| text(frontend_status(r)))
        .l(|r| {
            text(match r.state {
                locum_runtime::live::FrontendState::Open => "OPEN",
                _ => "WAITING",
            })
        })
        .s(|r| text(server_status(r)))
        .b(|r| text(if r.is_up { "UP" } else { "DOWN" })),
    c("weight", "MaP:u32")
        .s(|r| Number(u64::from(r.state.displayed_weight())))
        .b(|r| Number(r.weight.into())),
    c("act", "SGP:u32")
        .s(|r| Number(u64::from(!r.state.rules.backup)))
        .b(|r| Number(r.usable.0.into())),
    c("bck", "SGP:u32")
        .s(|r| Number(u64::from(r.state.rules.backup)))
        .b(|r| Number(r.usable.1.into())),
    c("chkfail", "MCP:u64").s(|r| checked(r, r.health.failed_checks)),
    c("chkdown", "MCP:u64")
        .s(|r| checked(r, r.health.times_down))
        .b(|r| Number(r.times_down)),
    c("lastchg", "MAP:u32")
        .s(|r| seconds(r.since_change))
        .b(|r| seconds(r.since_change)),
    c("downtime", "MCP:u32")
        .s(|r| checked(r, r.downtime.as_secs()))
        .b(|r| {
            if r.backend.servers.is_empty() {
                Empty
            } else {
                seconds(r.downtime)
            }
        }),
    c("qlimit", "CGS:u32").s(|r| optional(r.queue.limit)),
    c("pid", "KGP:u32")
        .f(|_| Number(1))
        .l(|_| Number(1))
        .s(|_| Number(1))
        .b(|_| Number(1)),
    c("iid", "KGS:u32")
        .f(|r| Number(r.proxy.number.into()))
        .l(|r| Number(r.proxy.number.into()))
        .s(|r| Number(r.proxy.number.into()))
        .b(|r| Number(r.proxy.number.into())),
    c("sid", "KGS:u32")
        .f(|_| Number(0))
        .l(|r| Number(r.listener.bind.id.into()))
        .s(|r| Number(r.state.rules.id.into()))
        .b(|_| Number(0)),
    c("throttle", "MaP:u32").s(|r| optional(r.state.throttle().map(u64::from))),
    c("lbtot", "MCP:u64")
        .s(|r| Number(r.sum(|c| &c.chosen)))
        .b(|r| Number(r.sum(|c| &c.chosen))),
    c("tracked", "CNS:str").s(|r| {
        let tracked = r.server.settings.track.as_ref();
        tracked.map_or(Empty, |(backend, server)| {
            let backend = if backend.is_empty() {
                &*r.proxy.name
            } else {
                backend
            };
            text(format!("{backend}/{server}"))
        })
    }),
    c("type", "CGS:u32")
        .f(|_| Number(0))
        .l(|_| Number(3))
        .s(|_| Number(2))
        .b(|_| Number(1)),
    c("rate", "MRP:u32")
        .f(|r| Number(r.session_rate.now))
        .s(|r| Number(r.rate.now))
        .b(|r| Number(r.rate.now)),
    c("rate_lim", "CLP:u32").f(|r| Number(r.frontend.rate_limit_sessions.unwrap_or(0).into())),
    c("rate_max", "MMP:u32")
        .f(|r| Number(r.session_rate.max))
        .s(|r| Number(r.rate.max))
        .b(|r| Number(r.rate.max)),
    c("check_status", "MOP:str").s(|r| {
        let running = if r.health.running { "* " } else { "" };
        r.last_check().map_or(Empty, |check| {
            text(format!("{running}{}", check_word(check.status)))
        })
    }),
    c("check_code", "MOP:u32")
        .s(|r| optional(r.last_check().and_then(|check| check.code).map(u64::from))),
    c("check_duration", "MDP:u64").s(|r| {
        let ended = r.last_check().filter(|_| r.health.last_at.is_some());
        optional(ended.map(|check| check.duration.as_millis() as u64))
    }),
    responses::<0>("hrsp_1xx"),
    responses::<1>("hrsp_2xx"),
    responses::<2>("hrsp_3xx"),
    responses::<3>("hrsp_4xx"),
    responses::<4>("hrsp_5xx"),
    responses::<5>("hrsp_other"),
    c("hanafail", "MCP:u64").s(|r| match r.server.settings.observe {
        Some(_) => Number(r.health.observed_failures),
        None => Empty,
    }),
    c("req_rate", "MRP:u32").f(|r| Number(r.request_rate.now)),
    c("req_rate_max", "MMP:u32").f(|r| Number(r.request_rate.max)),
    c("req_tot", "MCP:u64")
        .f(|r| Number(r.sum(|c| &c.requests)))
        .s(|r| http(r.proxy.mode, r.sum(|c| &c.requests)))
        .b(|r| http(r.proxy.mode, r.sum(|c| &c.requests))),
    c("cli_abrt", "MCP:u64")
        .s(|r| Number(r.sum(|c| &c.client_aborts)))
        .b(|r| Number(r.sum(|c| &c.client_aborts))),
    c("srv_abrt", "MCP:u64")
        .s(|r| Number(r.sum(|c| &c.server_aborts)))
        .b(|r| Number(r.sum(|c| &c.server_aborts))),
    c("comp_in", "MCP:u64").zero(),
    c("comp_out", "MCP:u64").zero(),
    c("comp_byp", "MCP:u64").zero(),
    c("comp_rsp", "MCP:u64").zero(),
    c("lastsess", "MAP:s32")
        .s(|r| last_session(r.last_session))
        .b(|r| last_session(r.last_session)),
    c("last_chk", "MOP:str").s(|r| {
        r.last_check()
            .map_or(Empty, |check| text(check_details(check)))
    }),
    c("last_agt", "MOP:str"),
    c("qtime", "MaP:u32")
        .s(|r| Number(r.times().0.queue))
        .b(|r| Number(r.times().0.queue)),
    c("ctime", "MaP:u32")
        .s(|r| Number(r.times().0.connect))
        .b(|r| Number(r.times().0.connect)),
    c("rtime", "MaP:u32")
        .s(|r| Number(r.times().0.response))
        .b(|r| Number(r.times().0.response)),
    c("ttime", "MaP:u32")
        .s(|r| Number(r.times().0.total))
        .b(|r| Number(r.times().0.total)),
    c("agent_status", "MOP:str"),
    c("agent_code", "MOP:u32"),
    c("agent_duration", "MDP:u64"),
    c("check_desc", "MOP:str").s(|r| {
        r.last_check()
            .map_or(Empty, |check| text(check_description(check.status)))
    }),
    c("agent_desc", "MOP:str"),
    c("check_rise", "CGS:u32").s(|r| checked(r, r.health.rules().rise.into())),
    c("check_fall", "CGS:u32").s(|r| checked(r, r.health.rules().fall.into())),
    c("check_health", "CGS:u32").s(|r| checked(r, r.health.value().into())),
    c("agent_rise", "CGS:u32"),
    c("agent_fall", "CGS:u32"),
    c("agent_health", "CGS:u32"),
    c("addr", "CGS:str")
        .l(|r| text(r.listener.bind.address.to_string()))
        .s(|r| text(r.address.to_string())),
    c("cookie", "CNS:str")
        .s(|r| match &r.server.settings.cookie {
            Some(cookie) => text(String::from_utf8_lossy(cookie)),
            None => Empty,
        })
        .b(|r| match &r.backend.settings.cookie {
            Some(cookie) => text(String::from_utf8_lossy(&cookie.name)),
            None => Empty,
        }),
    c("mode", "CGS:str")
        .f(|r| mode(r.proxy.mode))
        .l(|r| mode(r.proxy.mode))
        .s(|r| mode(r.proxy.mode))
        .b(|r| mode(r.proxy.mode)),
    c("algo", "CGS:str").b(|r| text(algorithm(&r.backend.settings.balance))),
    c("conn_rate", "MRP:u32").f(|r| Number(r.connection_rate.now)),
    c("conn_rate_max", "MMP:u32").f(|r| Number(r.connection_rate.max)),
    c("conn_tot", "MCP:u64").f(|r| Number(r.sum(|c| &c.connections))),
    c("intercepted", "MCP:u64").f(|r| http(r.proxy.mode, r.sum(|c| &c.intercepted))),
    c("dcon", "MCP:u64")
        .f(|r| Number(r.sum(|c| &c.denied_connections)))
        .l(|r| Number(r.sum(|c| &c.denied_connections))),
    c("dses", "MCP:u64")
        .f(|r| Number(r.sum(|c| &c.denied_sessions)))
        .l(|r| Number(r.sum(|c| &c.denied_sessions))),
    c("wrew", "MCP:u64")
        .f(|r| Number(r.sum(|c| &c.failed_rewrites)))
        .l(|r| Number(r.sum(|c| &c.failed_rewrites)))
        .s(|r| Number(r.sum(|c| &c.failed_rewrites)))
        .b(|r| Number(r.sum(|c| &c.failed_rewrites))),
    c("connect", "MCP:u64")
        .s(|r| Number(r.sum(|c| &c.connects)))
        .b(|r| Number(r.sum(|c| &c.connects))),
    c("reuse", "MCP:u64")
        .s(|r| Number(r.sum(|c| &c.reuses)))
        .b(|r| Number(r.sum(|c| &c.reuses))),
    c("cache_lookups", "MCP:u64")
        .f(|r| http(r.proxy.mode, 0))
        .b(|r| http(r.proxy.mode, 0)),
    c("cache_hits", "MCP:u64")
        .f(|r| http(r.proxy.mode, 0))
        .b(|r| http(r.proxy.mode, 0)),
    c("srv_icur", "MGP:u32").s(|r| Number(r.idle.fresh + r.idle.safe)),
    c("src_ilim", "CLP:u32").s(|r| optional(r.server.settings.pool_max_conn.map(u64::from))),
    c("qtime_max", "MMP:u32")
        .s(|r| Number(r.times().1.queue))
        .b(|r| Number(r.times().1.queue)),
    c("ctime_max", "MMP:u32")
        .s(|r| Number(r.times().1.connect))
        .b(|r| Number(r.times().1.connect)),
    c("rtime_max", "MMP:u32")
        .s(|r| Number(r.times().1.response))
        .b(|r| Number(r.times().1.response)),
    c("ttime_max", "MMP:u32")
        .s(|r| Number(r.times().1.total))
        .b(|r| Number(r.times().1.total)),
    c("eint", "MCP:u64")
        .f(|r| Number(r.sum(|c| &c.internal_errors)))
        .l(|r| Number(r.sum(|c| &c.internal_errors)))
        .s(|r| Number(r.sum(|c| &c.internal_errors)))
        .b(|r| Number(r.sum(|c| &c.internal_errors))),
    c("idle_conn_cur", "MGP:u32").s(|r| Number(r.idle.fresh)),
    c("safe_conn_cur", "MGP:u32").s(|r| Number(r.idle.safe)),
    c("used_conn_cur", "MGP:u32").s(|r| Number(r.idle.used)),
    c("need_conn_est", "MGP:u32").s(|r| Number(r.idle.needed)),
    c("uweight", "MaP:u32")
        .s(|r| Number(u64::from(r.state.displayed_weight())))
        .b(|r| Number(r.weight.into())),
    c("agg_server_status", "MGP:u32").b(|_| Number(0)),
    c("agg_server_check_status", "MGP:u32").b(|_| Number(0)),
    c("agg_check_status", "MGP:u32").b(|_| Number(0)),
    c("-", "")
        .f(|_| text("-"))
        .l(|_| text("-"))
        .s(|_| text("-"))
        .b(|_| text("-")),
    everywhere("ssl_sess", "MCP:u64"),
    everywhere("ssl_reused_sess", "MCP:u64"),
    everywhere("ssl_failed_handshake", "MCP:u64"),
    c("h2_headers_rcvd", "MCP:u64").zero(),
    c("h2_data_rcvd", "MCP:u64").zero(),
    c("h2_settings_rcvd", "MCP:u64").zero(),
    c("h2_rst_stream_rcvd", "MCP:u64").zero(),
    c("h2_goaway_rcvd", "MCP:u64").zero(),
    c("h2_detected_conn_protocol_errors", "MCP:u64").zero(),
    c("h2_detected_strm_protocol_errors", "MCP:u64").zero(),
    c("h2_rst_stream_resp", "MCP:u64").zero(),
    c("h2_goaway_resp", "MCP:u64").zero(),
    c("h2_open_connections", "MGP:u64").zero(),
    c("h2_backend_open_streams", "MGP:u64").zero(),
    c("h2_total_connections", "MCP:u64").zero(),
    c("h2_backend_total_streams", "MCP:u64").zero(),
    c("h1_open_connections", "MGP:u64")
        .f(|r| of_http(r.proxy.mode, r.sessions.now))
        .b(|r| of_http(r.proxy.mode, r.open_connections)),
    c("h1_open_streams", "MGP:u64")
        .f(|r| of_http(r.proxy.mode, r.sum(|c| &c.open_streams)))
        .b(|r| of_http(r.proxy.mode, r.used_connections)),
    c("h1_total_connections", "MCP:u64")
        .f(|r| of_http(r.proxy.mode, r.sum(|c| &c.connections)))
        .b(|r| of_http(r.proxy.mode, r.sum(|c| &c.connects))),
    c("h1_total_streams", "MCP:u64")
        .f(|r| of_http(r.proxy.mode, r.sum(|c| &c.streams)))
        .b(|r| of_http(r.proxy.mode, r.sum(|c| &c.connects) + r.sum(|c| &c.reuses))),
    c("h1_bytes_in", "MCP:u64")
        .f(|r| Number(r.sum(|c| &c.wire_in)))
        .b(|r| Number(r.sum(|c| &c.wire_in))),
    c("h1_bytes_out", "MCP:u64")
        .f(|r| Number(r.sum(|c| &c.wire_out)))
        .b(|r| Number(r.sum(|c| &c.wire_out))),
    c("h1_spliced_bytes_in", "MCP:u64").zero(),
    c("h1_spliced_bytes_out", "MCP:u64").zero(),
];

/// Responses of one class of status.
const fn responses<const CLASS: usize>(name: &'static str) -> Column {
    Column::new(name, "MCP:u64")
        .f(|r| http(r.proxy.mode, r.sum(|c| &c.statuses.0[CLASS])))
        .s(|r| http(r.proxy.mode, r.sum(|c| &c.statuses.0[CLASS])))
        .b(|r| http(r.proxy.mode, r.sum(|c| &c.statuses.0[CLASS])))
}

const fn everywhere(name: &'static str, tag: &'static str) -> Column {
    Column::new(name, tag)
        .zero()
        .l(|_| Number(0))
        .s(|_| Number(0))
}

/// A number that TCP proxies have too, as zero.
fn of_http(mode: Mode, value: u64) -> Value {
    Number(if mode == Mode::Http { value } else { 0 })
}

/// A number that only checked servers have; a disabled one has its downtime too.
fn checked(row: &ServerRow<'_>, value: u64) -> Value {
    if row.state.rules.checked {
        Number(value)
    } else {
        Empty
    }
}

impl Column {
    /// The tag in a row: a few differ by its kind.
    pub fn tag_in(&self, row: &Row<'_>) -> &'static str {
        match (self.name, row) {
            ("act" | "bck", Row::Server(_)) => "SGP:u32",
            ("act" | "bck", _) => "MGP:u32",
            ("rate" | "rate_max", Row::Backend(_)) => "MGP:u32",
            _ => self.tag,
        }
    }
}

/// Which rows are asked for: `show stat <iid> <type> <sid>`.
#[derive(Debug, Clone, Copy)]
pub struct Selection {
    /// The proxy's number; `None`: all.
    pub proxy: Option<u32>,
    /// Kinds by bits: 1 frontends, 2 backends, 4 servers, 8 sockets.
    pub kinds: u32,
    /// The server's number; `None`: all.
    pub server: Option<u32>,
    /// Only servers that are up (`up`).
    pub only_up: bool,
    /// Without servers in maintenance (`no-maint`).
    pub no_maint: bool,
}

impl Selection {
    /// All rows.
    pub const ALL: Self = Self {
        proxy: None,
        kinds: 15,
        server: None,
        only_up: false,
        no_maint: false,
    };

    /// Whether a row is asked for.
    pub fn wants(&self, row: &Row<'_>) -> bool {
        let (number, kind) = match row {
            Row::Frontend(row) => (row.proxy.number, 1),
            Row::Backend(row) => (row.proxy.number, 2),
            Row::Server(row) => (row.proxy.number, 4),
            Row::Listener(row) => (row.proxy.number, 8),
        };
        if self.proxy.is_some_and(|wanted| wanted != number) || self.kinds & kind == 0 {
            return false;
        }
        match row {
            Row::Server(row) => {
                self.server.is_none_or(|id| id == row.state.rules.id)
                    && (row.state.is_up() || !self.only_up)
                    && (!row.state.admin().is_maint() || !self.no_maint)
            }
            _ => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The head line of HAProxy 2.6.12.
    const HEADER: &str = include_str!("header-2.6.12.csv");

    #[test]
    fn the_columns_are_those_of_the_reference_in_its_order() {
        let ours: Vec<_> = COLUMNS.iter().map(|column| column.name).collect();
        let theirs: Vec<_> = HEADER
            .trim_start_matches("# ")
            .trim_end()
            .trim_end_matches(',')
            .split(',')
            .collect();
        assert_eq!(ours, theirs);
    }
}
