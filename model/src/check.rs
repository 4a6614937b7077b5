//! Health checks, of a proxy's server and of a virtual server's real server alike.

use std::{net::IpAddr, time::Duration};

use serde::{Deserialize, Serialize};

use crate::{
    Located, Text,
    address::Address,
    expr::{LogFormat, Regex},
    lvs::Timing,
    script::Script,
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

/// A checker of a virtual server's real server, as it is written; what it leaves open its real server says, then the
/// virtual server (keepalived.conf(5), "healthcheckers").
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Checker {
    /// What is done.
    pub kind: Located<CheckerKind>,
    /// Over what.
    pub connection: Connection,
    /// The server is down until it has succeeded.
    pub alpha: Option<bool>,
    /// Failures are logged also while retries are left.
    pub log_all_failures: bool,
    /// When.
    pub timing: Timing,
}

/// Where a checker connects to and from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connection {
    /// Address, if not the real server's.
    pub ip: Option<IpAddr>,
    /// Port, if not the real server's.
    pub port: Option<u16>,
    /// Own address.
    pub bind_ip: Option<IpAddr>,
    /// Own port.
    pub bind_port: Option<u16>,
    /// Own interface.
    pub bind_interface: Option<String>,
    /// Mark of the packets.
    pub mark: Option<u32>,
}

/// What a checker does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum CheckerKind {
    /// TCP_CHECK: connects.
    Tcp,
    /// HTTP_GET, SSL_GET: looks at pages.
    Http(HttpChecker),
    /// SMTP_CHECK: says HELO.
    Smtp {
        /// What it calls itself.
        helo_name: Option<Text>,
        /// Where else it connects to (`host`), instead of the checker's own connection.
        hosts: Vec<Connection>,
    },
    /// MISC_CHECK: runs a program.
    Misc {
        /// The program.
        script: Option<Script>,
        /// Bound on it.
        timeout: Option<Duration>,
        /// Its exit status sets the weight.
        dynamic: bool,
    },
    /// DNS_CHECK: asks for a name.
    Dns {
        /// Type of the record.
        record: String,
        /// The name.
        name: Text,
    },
    /// PING_CHECK.
    Ping,
    /// UDP_CHECK: sends, and may want a reply.
    Udp {
        /// What is sent; empty: anything.
        payload: Vec<u8>,
        /// What must come back, each byte with the bits of it that count.
        reply: Option<Vec<(u8, u8)>>,
        /// Fewest bytes of a reply.
        shortest: u16,
        /// Most bytes of a reply.
        longest: u16,
    },
    /// FILE_CHECK: a number in a tracked file.
    File {
        /// The `track_file`.
        name: String,
        /// What its number is multiplied by; `None`: the file's own.
        weight: Option<i32>,
        /// The number's sense is turned round.
        reverse: bool,
    },
    /// BFD_CHECK: the state of a session.
    Bfd {
        /// The `bfd_instance`.
        name: String,
    },
}

/// HTTP_GET and SSL_GET.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpChecker {
    /// Over TLS.
    pub tls: bool,
    /// `http_protocol`.
    pub version: HttpVersion,
    /// The name of the host is told in the handshake.
    pub sni: bool,
    /// No pause between pages when coming up.
    pub fast_recovery: bool,
    /// Name of the host.
    pub virtualhost: Option<Text>,
    /// The pages, one after the other.
    pub urls: Vec<Url>,
}

/// `http_protocol`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum HttpVersion {
    /// HTTP/1.0.
    #[default]
    V1_0,
    /// HTTP/1.0 with `Connection: close`.
    V1_0Close,
    /// HTTP/1.1.
    V1_1,
}

/// A page that is looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Url {
    /// Its path.
    pub path: Text,
    /// MD5 of the body.
    pub digest: Option<[u8; 16]>,
    /// Ranges of status codes, both ends included; empty: 200 to 299.
    pub statuses: Vec<(u16, u16)>,
    /// Name of the host, if not the checker's.
    pub virtualhost: Option<Text>,
    /// What the body must match.
    pub pattern: Option<BodyPattern>,
}

/// `regex…` of a page.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BodyPattern {
    /// The expression.
    pub regex: Text,
    /// It must not match.
    pub negated: bool,
    /// Options of PCRE2 by name.
    pub options: Vec<String>,
    /// Where the match begins at the earliest and at the latest.
    pub offsets: (Option<u32>, Option<u32>),
}

impl Checker {
    /// Nothing said but what is done.
    pub fn new(kind: Located<CheckerKind>) -> Self {
        Self {
            kind,
            connection: Connection::default(),
            alpha: None,
            log_all_failures: false,
            timing: Timing::default(),
        }
    }

    /// The program of a MISC_CHECK.
    pub fn script_mut(&mut self) -> Option<&mut Option<Script>> {
        match &mut self.kind.value {
            CheckerKind::Misc { script, .. } => Some(script),
            _ => None,
        }
    }
}
