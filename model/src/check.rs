//! Health checks, of a proxy's server and of a virtual server's real server alike.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    Text,
    address::Address,
    expr::{LogFormat, Regex},
};

/// A member's active check.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// What is done.
    pub probe: Probe,
    /// Where to, if not to the member's own address.
    pub address: Option<Address>,
    /// Port to check, if not the member's.
    pub port: Option<u16>,
    /// Pause between checks of a member that is fully up.
    pub inter: Duration,
    /// Pause in transition; `None`: `inter`.
    pub fast_inter: Option<Duration>,
    /// Pause when down; `None`: `inter`.
    pub down_inter: Option<Duration>,
    /// Successes in a row that bring a member up.
    pub rise: u32,
    /// Failures in a row that take it down.
    pub fall: u32,
    /// Bound on the answer after the connection (`timeout check`); `None`: `inter`.
    pub timeout: Option<Duration>,
    /// Send a PROXY header first.
    pub send_proxy: bool,
}

/// What a check does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Probe {
    /// Connect and close.
    TcpConnect,
    /// A sequence of steps over HTTP (`option httpchk`, `http-check …`).
    Http(HttpProbe),
}

/// One HTTP exchange and what is expected of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HttpProbe {
    /// Method.
    pub method: Text,
    /// Target.
    pub uri: LogFormat,
    /// Version such as `HTTP/1.0`.
    pub version: Text,
    /// Headers in order.
    pub headers: Vec<(Text, LogFormat)>,
    /// Body.
    pub body: Text,
    /// What must hold; empty: any 2xx or 3xx.
    pub expect: Vec<HttpExpect>,
    /// A 404 means: up, but no new sessions (`http-check disable-on-404`).
    #[serde(default)]
    pub disable_on_404: bool,
}

/// A `http-check expect` line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HttpExpect {
    /// `!`.
    pub negated: bool,
    /// What is matched.
    pub matches: HttpExpectKind,
}

/// What a `http-check expect` line looks at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum HttpExpectKind {
    /// Inclusive ranges of status codes.
    Status(Vec<(u16, u16)>),
    /// The status code's digits.
    StatusRegex(Regex),
    /// The body contains.
    Body(Text),
    /// The body matches.
    BodyRegex(Regex),
}
