//! Where log lines go.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{Located, address::Address};

/// A `log` line (manual 3.1 and 4.2: "log").
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LogTarget {
    /// Where lines are sent.
    pub sink: LogSink,
    /// `len`: lines are cut at this many bytes (default 1024).
    pub max_length: u32,
    /// `format`; the target's default depends on the sink.
    pub format: LogLineFormat,
    /// `sample`: which lines of how many.
    pub sample: Option<LogSample>,
    /// Facility number (kern 0 … local7 23).
    pub facility: u8,
    /// Lines less severe than this are not sent (emerg 0 … debug 7).
    pub max_level: u8,
    /// Lines more severe than this are sent at this level.
    pub min_level: u8,
}

/// The transport of a log target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum LogSink {
    /// Datagrams to an address: UDP or a unix socket.
    Datagram(Address),
    /// Lines to an inherited descriptor, standard output included.
    Stream(i32),
    /// A ring buffer of this name.
    Ring(Located<String>),
}

/// A `ring` section (manual 3.9).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RingSettings {
    /// Its name.
    pub name: String,
    /// `description`; its name where nothing was said.
    pub description: String,
    /// `format`: of all lines, whatever their `log` line says.
    pub format: LogLineFormat,
    /// `maxlen`: lines are cut at this many bytes.
    pub max_length: u32,
    /// `size`: bytes that it holds.
    pub size: u32,
    /// `timeout connect` of its servers.
    pub connect_timeout: Option<Duration>,
    /// `timeout server`: how long a server may take no bytes.
    pub server_timeout: Option<Duration>,
    /// Who gets a copy of each line.
    pub servers: Vec<RingServer>,
}

/// A `server` of a ring.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RingServer {
    /// Its name.
    pub name: Located<String>,
    /// Where it listens.
    pub address: Address,
    /// `log-proto`
    pub protocol: LogProtocol,
}

/// How lines are told apart on a stream (manual 5.2 "log-proto").
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum LogProtocol {
    /// A newline ends each.
    #[default]
    Legacy,
    /// Their length stands before each.
    OctetCount,
}

/// What stands before the message (manual: "log", `format`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum LogLineFormat {
    /// RFC 3164 without the host name unless `log-send-hostname`: what datagrams have when no format is named.
    #[default]
    Unnamed,
    /// RFC 3164 without the host name, whatever `log-send-hostname` says.
    Local,
    /// RFC 3164.
    Rfc3164,
    /// RFC 5424.
    Rfc5424,
    /// `<PRI>` only.
    Priority,
    /// `<PRI>` only, levels from 0: for systemd; `short`.
    Short,
    /// ISO date, no priority.
    Timed,
    /// ISO date with the local zone.
    Iso,
    /// Nothing.
    Raw,
}

/// `sample 1,3-5:10`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LogSample {
    /// Ranges, from 1, inclusive.
    pub ranges: Vec<(u32, u32)>,
    /// Out of this many.
    pub size: u32,
}
