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
    frontend: fn(&FrontendRow<'_>) -> Value,
    listener: fn(&ListenerRow<'_>) -> Value,
    server: fn(&ServerRow<'_>) -> Value,
    backend: fn(&BackendRow<'_>) -> Value,
}

impl Column {
    const fn new(name: &'static str) -> Self {
        Self {
            name,
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
        Balance::UrlParam(_) => "url_param",
        Balance::Header { .. } => "hdr",
        Balance::Random(_) => "random",
        Balance::RdpCookie(_) => "rdp-cookie",
        Balance::Hash(_) => "hash",
    }
}

fn last_session(age: Option<u64>) -> Value {
    Signed(age.map_or(-1, |age| i64::try_from(age).unwrap_or(i64::MAX)))
}

const fn c(name: &'static str) -> Column {
    Column::new(name)
}

/// All columns.
pub static COLUMNS: &[Column] = &[
    c("pxname")
        .f(|r| text(&*r.proxy.name))
        .l(|r| text(&*r.proxy.name))
        .s(|r| text(&*r.proxy.name))
        .b(|r| text(&*r.proxy.name)),
    c("svname")
        .f(|_| text("FRONTEND"))
        .l(|r| {
            let name = r.listener.bind.name.clone();
            text(name.unwrap_or_else(|| format!("sock-{}", r.place)))
        })
        .s(|r| text(&*r.server.name))
        .b(|_| text("BACKEND")),
    c("qcur")
        .s(|r| Number(r.queue.now))
        .b(|r| Number(r.queue.now)),
    c("qmax")
        .s(|r| Number(r.queue.max))
        .b(|r| Number(r.queue.max)),
    c("scur")
        .f(|r| Number(r.sessions.now))
        .l(|r| Number(r.sessions.now))
        .s(|r| Number(r.sessions.now))
        .b(|r| Number(r.sessions.now)),
    c("smax")
        .f(|r| Number(r.sessions.max))
        .l(|r| Number(r.sessions.max))
        .s(|r| Number(r.sessions.max))
        .b(|r| Number(r.sessions.max)),
    c("slim")
        .f(|r| Number(r.sessions.limit.unwrap_or(0)))
        .l(|r| Number(r.sessions.limit.unwrap_or(0)))
        .s(|r| optional(r.sessions.limit))
        .b(|r| Number(r.sessions.limit.unwrap_or(0))),
    c("stot")
        .f(|r| Number(r.sum(|c| &c.sessions)))
        .l(|r| Number(r.sum(|c| &c.sessions)))
        .s(|r| Number(r.sum(|c| &c.sessions)))
        .b(|r| Number(r.sum(|c| &c.sessions))),
    c("bin")
        .f(|r| Number(r.sum(|c| &c.bytes_in)))
        .l(|r| Number(r.sum(|c| &c.bytes_in)))
        .s(|r| Number(r.sum(|c| &c.bytes_in)))
        .b(|r| Number(r.sum(|c| &c.bytes_in))),
    c("bout")
        .f(|r| Number(r.sum(|c| &c.bytes_out)))
        .l(|r| Number(r.sum(|c| &c.bytes_out)))
        .s(|r| Number(r.sum(|c| &c.bytes_out)))
        .b(|r| Number(r.sum(|c| &c.bytes_out))),
    c("dreq")
        .f(|r| Number(r.sum(|c| &c.denied_requests)))
        .l(|r| Number(r.sum(|c| &c.denied_requests)))
        .b(|r| Number(r.sum(|c| &c.denied_requests))),
    c("dresp")
        .f(|r| Number(r.sum(|c| &c.denied_responses)))
        .l(|r| Number(r.sum(|c| &c.denied_responses)))
        .s(|r| Number(r.sum(|c| &c.denied_responses)))
        .b(|r| Number(r.sum(|c| &c.denied_responses))),
    c("ereq")
        .f(|r| Number(r.sum(|c| &c.failed_requests)))
        .l(|r| Number(r.sum(|c| &c.failed_requests))),
    c("econ")
        .s(|r| Number(r.sum(|c| &c.failed_connections)))
        .b(|r| Number(r.sum(|c| &c.failed_connections))),
    c("eresp")
        .s(|r| Number(r.sum(|c| &c.failed_responses)))
        .b(|r| Number(r.sum(|c| &c.failed_responses))),
    c("wretr")
        .s(|r| Number(r.sum(|c| &c.retries)))
        .b(|r| Number(r.sum(|c| &c.retries))),
    c("wredis")
        .s(|r| Number(r.sum(|c| &c.redispatches)))
        .b(|r| Number(r.sum(|c| &c.redispatches))),
    c("status")
        .f(|r| text(frontend_status(r)))
        .l(|r| {
            text(match r.state {
                locum_runtime::live::FrontendState::Open => "OPEN",
                _ => "WAITING",
            })
        })
        .s(|r| text(server_status(r)))
        .b(|r| text(if r.is_up { "UP" } else { "DOWN" })),
    c("weight")
        .s(|r| Number(r.state.user_weight().into()))
        .b(|r| Number(r.weight.into())),
    c("act")
        .s(|r| Number(u64::from(!r.state.rules.backup)))
        .b(|r| Number(r.usable.0.into())),
    c("bck")
        .s(|r| Number(u64::from(r.state.rules.backup)))
        .b(|r| Number(r.usable.1.into())),
    c("chkfail").s(|r| checked(r, r.health.failed_checks)),
    c("chkdown")
        .s(|r| checked(r, r.health.times_down))
        .b(|r| Number(r.times_down)),
    c("lastchg")
        .s(|r| seconds(r.since_change))
        .b(|r| seconds(r.since_change)),
    c("downtime")
        .s(|r| checked(r, r.downtime.as_secs()))
        .b(|r| {
            if r.backend.servers.is_empty() {
                Empty
            } else {
                seconds(r.downtime)
            }
        }),
    c("qlimit").s(|r| optional(r.queue.limit)),
    c("pid")
        .f(|_| Number(1))
        .l(|_| Number(1))
        .s(|_| Number(1))
        .b(|_| Number(1)),
    c("iid")
        .f(|r| Number(r.proxy.number.into()))
        .l(|r| Number(r.proxy.number.into()))
        .s(|r| Number(r.proxy.number.into()))
        .b(|r| Number(r.proxy.number.into())),
    c("sid")
        .f(|_| Number(0))
        .l(|r| Number(r.listener.bind.id.into()))
        .s(|r| Number(r.state.rules.id.into()))
        .b(|_| Number(0)),
    c("throttle").s(|r| optional(r.state.throttle().map(u64::from))),
    c("lbtot")
        .s(|r| Number(r.sum(|c| &c.chosen)))
        .b(|r| Number(r.sum(|c| &c.chosen))),
    c("tracked").s(|r| {
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
    c("type")
        .f(|_| Number(0))
        .l(|_| Number(3))
        .s(|_| Number(2))
        .b(|_| Number(1)),
    c("rate")
        .f(|r| Number(r.session_rate.now))
        .s(|r| Number(r.rate.now))
        .b(|r| Number(r.rate.now)),
    c("rate_lim").f(|r| Number(r.frontend.rate_limit_sessions.unwrap_or(0).into())),
    c("rate_max")
        .f(|r| Number(r.session_rate.max))
        .s(|r| Number(r.rate.max))
        .b(|r| Number(r.rate.max)),
    c("check_status").s(|r| {
        let running = if r.health.running { "* " } else { "" };
        r.last_check().map_or(Empty, |check| {
            text(format!("{running}{}", check_word(check.status)))
        })
    }),
    c("check_code").s(|r| optional(r.last_check().and_then(|check| check.code).map(u64::from))),
    c("check_duration").s(|r| {
        let ended = r.last_check().filter(|_| r.health.last_at.is_some());
        optional(ended.map(|check| check.duration.as_millis() as u64))
    }),
    responses::<0>("hrsp_1xx"),
    responses::<1>("hrsp_2xx"),
    responses::<2>("hrsp_3xx"),
    responses::<3>("hrsp_4xx"),
    responses::<4>("hrsp_5xx"),
    responses::<5>("hrsp_other"),
    c("hanafail").s(|r| match r.server.settings.observe {
        Some(_) => Number(r.health.observed_failures),
        None => Empty,
    }),
    c("req_rate").f(|r| http(r.proxy.mode, r.request_rate.now)),
    c("req_rate_max").f(|r| http(r.proxy.mode, r.request_rate.max)),
    c("req_tot")
        .f(|r| http(r.proxy.mode, r.sum(|c| &c.requests)))
        .s(|r| http(r.proxy.mode, r.sum(|c| &c.requests)))
        .b(|r| http(r.proxy.mode, r.sum(|c| &c.requests))),
    c("cli_abrt")
        .s(|r| Number(r.sum(|c| &c.client_aborts)))
        .b(|r| Number(r.sum(|c| &c.client_aborts))),
    c("srv_abrt")
        .s(|r| Number(r.sum(|c| &c.server_aborts)))
        .b(|r| Number(r.sum(|c| &c.server_aborts))),
    c("comp_in").zero(),
    c("comp_out").zero(),
    c("comp_byp").zero(),
    c("comp_rsp").zero(),
    c("lastsess")
        .s(|r| last_session(r.last_session))
        .b(|r| last_session(r.last_session)),
    c("last_chk").s(|r| {
        r.last_check()
            .map_or(Empty, |check| text(check_details(check)))
    }),
    c("last_agt"),
    c("qtime")
        .s(|r| Number(r.times().0.queue))
        .b(|r| Number(r.times().0.queue)),
    c("ctime")
        .s(|r| Number(r.times().0.connect))
        .b(|r| Number(r.times().0.connect)),
    c("rtime")
        .s(|r| Number(r.times().0.response))
        .b(|r| Number(r.times().0.response)),
    c("ttime")
        .s(|r| Number(r.times().0.total))
        .b(|r| Number(r.times().0.total)),
    c("agent_status"),
    c("agent_code"),
    c("agent_duration"),
    c("check_desc").s(|r| {
        r.last_check()
            .map_or(Empty, |check| text(check_description(check.status)))
    }),
    c("agent_desc"),
    c("check_rise").s(|r| checked(r, r.health.rules().rise.into())),
    c("check_fall").s(|r| checked(r, r.health.rules().fall.into())),
    c("check_health").s(|r| checked(r, r.health.value().into())),
    c("agent_rise"),
    c("agent_fall"),
    c("agent_health"),
    c("addr")
        .l(|r| text(r.listener.bind.address.to_string()))
        .s(|r| text(r.address.to_string())),
    c("cookie").s(|r| match &r.server.settings.cookie {
        Some(cookie) => text(String::from_utf8_lossy(cookie)),
        None => Empty,
    }),
    c("mode")
        .f(|r| mode(r.proxy.mode))
        .l(|r| mode(r.proxy.mode))
        .s(|r| mode(r.proxy.mode))
        .b(|r| mode(r.proxy.mode)),
    c("algo").b(|r| text(algorithm(&r.backend.settings.balance))),
    c("conn_rate").f(|r| Number(r.connection_rate.now)),
    c("conn_rate_max").f(|r| Number(r.connection_rate.max)),
    c("conn_tot").f(|r| Number(r.sum(|c| &c.connections))),
    c("intercepted").f(|r| http(r.proxy.mode, r.sum(|c| &c.intercepted))),
    c("dcon")
        .f(|r| Number(r.sum(|c| &c.denied_connections)))
        .l(|r| Number(r.sum(|c| &c.denied_connections))),
    c("dses")
        .f(|r| Number(r.sum(|c| &c.denied_sessions)))
        .l(|r| Number(r.sum(|c| &c.denied_sessions))),
    c("wrew")
        .f(|r| Number(r.sum(|c| &c.failed_rewrites)))
        .l(|r| Number(r.sum(|c| &c.failed_rewrites)))
        .s(|r| Number(r.sum(|c| &c.failed_rewrites)))
        .b(|r| Number(r.sum(|c| &c.failed_rewrites))),
    c("connect")
        .s(|r| Number(r.sum(|c| &c.connects)))
        .b(|r| Number(r.sum(|c| &c.connects))),
    c("reuse")
        .s(|r| Number(r.sum(|c| &c.reuses)))
        .b(|r| Number(r.sum(|c| &c.reuses))),
    c("cache_lookups")
        .f(|r| http(r.proxy.mode, 0))
        .b(|r| http(r.proxy.mode, 0)),
    c("cache_hits")
        .f(|r| http(r.proxy.mode, 0))
        .b(|r| http(r.proxy.mode, 0)),
    c("srv_icur").s(|r| Number(r.idle.fresh + r.idle.safe)),
    c("src_ilim").s(|r| optional(r.server.settings.pool_max_conn.map(u64::from))),
    c("qtime_max")
        .s(|r| Number(r.times().1.queue))
        .b(|r| Number(r.times().1.queue)),
    c("ctime_max")
        .s(|r| Number(r.times().1.connect))
        .b(|r| Number(r.times().1.connect)),
    c("rtime_max")
        .s(|r| Number(r.times().1.response))
        .b(|r| Number(r.times().1.response)),
    c("ttime_max")
        .s(|r| Number(r.times().1.total))
        .b(|r| Number(r.times().1.total)),
    c("eint")
        .f(|r| Number(r.sum(|c| &c.internal_errors)))
        .l(|r| Number(r.sum(|c| &c.internal_errors)))
        .s(|r| Number(r.sum(|c| &c.internal_errors)))
        .b(|r| Number(r.sum(|c| &c.internal_errors))),
    c("idle_conn_cur").s(|r| Number(r.idle.fresh)),
    c("safe_conn_cur").s(|r| Number(r.idle.safe)),
    c("used_conn_cur").s(|r| Number(r.idle.used)),
    c("need_conn_est").s(|r| Number(r.idle.used)),
    c("uweight")
        .s(|r| Number(r.state.user_weight().into()))
        .b(|r| Number(r.weight.into())),
    c("agg_server_status").b(|_| Number(0)),
    c("agg_server_check_status").b(|_| Number(0)),
    c("agg_check_status").b(|_| Number(0)),
    c("-")
        .f(|_| text("-"))
        .l(|_| text("-"))
        .s(|_| text("-"))
        .b(|_| text("-")),
    everywhere("ssl_sess"),
    everywhere("ssl_reused_sess"),
    everywhere("ssl_failed_handshake"),
    c("h2_headers_rcvd").zero(),
    c("h2_data_rcvd").zero(),
    c("h2_settings_rcvd").zero(),
    c("h2_rst_stream_rcvd").zero(),
    c("h2_goaway_rcvd").zero(),
    c("h2_detected_conn_protocol_errors").zero(),
    c("h2_detected_strm_protocol_errors").zero(),
    c("h2_rst_stream_resp").zero(),
    c("h2_goaway_resp").zero(),
    c("h2_open_connections").zero(),
    c("h2_backend_open_streams").zero(),
    c("h2_total_connections").zero(),
    c("h2_backend_total_streams").zero(),
    c("h1_open_connections")
        .f(|r| of_http(r.proxy.mode, r.sessions.now))
        .b(|_| Number(0)),
    c("h1_open_streams").zero(),
    c("h1_total_connections")
        .f(|r| of_http(r.proxy.mode, r.sum(|c| &c.connections)))
        .b(|r| of_http(r.proxy.mode, r.sum(|c| &c.connects))),
    c("h1_total_streams")
        .f(|r| of_http(r.proxy.mode, r.sum(|c| &c.streams)))
        .b(|r| of_http(r.proxy.mode, r.sum(|c| &c.connects) + r.sum(|c| &c.reuses))),
    c("h1_bytes_in")
        .f(|r| Number(r.sum(|c| &c.wire_in)))
        .b(|r| Number(r.sum(|c| &c.wire_in))),
    c("h1_bytes_out")
        .f(|r| Number(r.sum(|c| &c.wire_out)))
        .b(|r| Number(r.sum(|c| &c.wire_out))),
    c("h1_spliced_bytes_in").zero(),
    c("h1_spliced_bytes_out").zero(),
];

/// Responses of one class of status.
const fn responses<const CLASS: usize>(name: &'static str) -> Column {
    Column::new(name)
        .f(|r| http(r.proxy.mode, r.sum(|c| &c.statuses.0[CLASS])))
        .s(|r| http(r.proxy.mode, r.sum(|c| &c.statuses.0[CLASS])))
        .b(|r| http(r.proxy.mode, r.sum(|c| &c.statuses.0[CLASS])))
}

const fn everywhere(name: &'static str) -> Column {
    Column::new(name).zero().l(|_| Number(0)).s(|_| Number(0))
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
