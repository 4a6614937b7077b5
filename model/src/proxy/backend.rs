//! What only a proxy with servers has.

use std::{net::SocketAddr, time::Duration};

use serde::{Deserialize, Serialize};

use super::{Server, frontend::TcpKeepalive};
use crate::{
    Located, Text,
    address::Address,
    pool::{Balance, HashType},
};

/// The server side of a proxy.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Backend {
    /// How a server is chosen.
    pub balance: Balance,
    /// How a hash becomes a server.
    pub hash_type: HashType,
    /// The servers in order.
    pub servers: Vec<Located<Server>>,
    /// `cookie`.
    pub cookie: Option<Cookie>,
    /// `retries`; `None`: 3.
    pub retries: Option<u32>,
    /// `option redispatch`.
    pub redispatch: Option<RedispatchInterval>,
    /// `retry-on`: which failures are worth another attempt.
    pub retry_on: RetryOn,
    /// `http-reuse`.
    pub http_reuse: HttpReuse,
    /// `fullconn`: where servers' dynamic limits reach `maxconn`.
    pub fullconn: Option<u32>,
    /// `max-keep-alive-queue`.
    pub max_keep_alive_queue: Option<u32>,
    /// `dispatch`: the only, nameless server.
    pub dispatch: Option<Address>,
    /// `source`.
    pub source: Option<SourceAddress>,
    /// TCP keep-alive parameters `srvtcpka-cnt`, `-idle`, `-intvl`.
    pub tcp_keepalive: TcpKeepalive,
    /// `http-send-name-header`.
    pub send_name_header: Option<Text>,
    /// `hash-balance-factor`.
    pub hash_balance_factor: Option<u32>,
}

/// `option redispatch`: after how many failed attempts another server is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum RedispatchInterval {
    /// Only the last retry (`-1`, the default).
    LastRetry,
    /// Each n-th retry.
    Every(u32),
    /// Counted from the last: `-n`.
    Last(u32),
}

/// Cookie persistence (manual: "cookie").
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cookie {
    /// The cookie's name.
    pub name: Text,
    /// Who writes it.
    pub mode: CookieMode,
    /// Hide it from the server.
    pub indirect: bool,
    /// Tell caches not to keep the response.
    pub nocache: bool,
    /// Only insert on responses to POST.
    pub postonly: bool,
    /// Leave a cookie of the server alone.
    pub preserve: bool,
    /// `HttpOnly`.
    pub httponly: bool,
    /// `Secure`.
    pub secure: bool,
    /// `domain` attributes.
    pub domains: Vec<String>,
    /// Idle time.
    pub maxidle: Option<Duration>,
    /// Life time.
    pub maxlife: Option<Duration>,
    /// `dynamic`: values are hashes of the server's address and `dynamic-cookie-key`.
    pub dynamic: bool,
    /// `dynamic-cookie-key`.
    pub dynamic_key: Option<Text>,
    /// `attr` texts.
    pub attributes: Vec<Text>,
}

/// Who writes the persistence cookie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum CookieMode {
    /// The server does, we only look (no mode word).
    Passive,
    /// The server does, we replace its value.
    Rewrite,
    /// We do.
    Insert,
    /// The server does, we put a prefix before its value.
    Prefix,
}

/// Which idle connections a request may take (manual: "http-reuse").
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum HttpReuse {
    /// Its own session's only.
    Never,
    /// A first request only takes what has proved to live.
    #[default]
    Safe,
    /// Connections that were reused before.
    Aggressive,
    /// Any.
    Always,
}

/// Where connections to servers come from (`source`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SourceAddress {
    /// Local address; port 0 is any.
    pub address: SocketAddr,
    /// Local ports to choose from (server line only).
    pub ports: Option<(u16, u16)>,
    /// `usesrc`.
    pub client: Option<SourceClient>,
    /// `interface`.
    pub interface: Option<String>,
}

/// `usesrc`: pretend to be the client.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum SourceClient {
    /// Its address.
    ClientIp,
    /// Its address and port.
    Client,
    /// This address.
    Address(SocketAddr),
    /// The last address in a header: name and occurrence.
    Header(Text, i32),
}

/// Which failures of an exchange with a server are worth another attempt (`retry-on`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetryOn {
    /// There was no connection.
    pub connection: bool,
    /// The server closed without a byte.
    pub empty_response: bool,
    /// What came was no complete response.
    pub junk_response: bool,
    /// The server was too slow.
    pub response_timeout: bool,
    /// The server refused early data.
    pub early_data: bool,
    /// Statuses of responses.
    pub statuses: Vec<u16>,
}

impl Default for RetryOn {
    fn default() -> Self {
        Self {
            connection: true,
            ..Self::NEVER
        }
    }
}

impl RetryOn {
    /// No second attempt.
    pub const NEVER: Self = Self {
        connection: false,
        empty_response: false,
        junk_response: false,
        response_timeout: false,
        early_data: false,
        statuses: Vec::new(),
    };

    /// Whether something behind the connection is worth another attempt: the request must be kept then.
    pub fn keeps_request(&self) -> bool {
        self.empty_response
            || self.junk_response
            || self.response_timeout
            || self.early_data
            || !self.statuses.is_empty()
    }
}
