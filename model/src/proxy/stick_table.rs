//! Stick tables: what a proxy remembers of its clients (manual 4.2 "stick-table").

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A `stick-table` line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StickTable {
    /// What its keys are.
    pub key: KeyType,
    /// Entries at most.
    pub size: u32,
    /// How long an entry stays that nothing touches; `None`: until its place is needed.
    pub expire: Option<Duration>,
    /// A full table takes no new entry instead of dropping the oldest.
    pub nopurge: bool,
    /// The section of peers that it is shared with.
    pub peers: Option<String>,
    /// Servers are told apart by their addresses instead of their names.
    pub server_key_is_address: bool,
    /// What is stored with an entry, each at most once.
    pub stores: Vec<StoredData>,
}

/// The type of a table's keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum KeyType {
    /// IPv4 addresses.
    Ip,
    /// IPv6 addresses.
    Ipv6,
    /// Numbers of 32 bits.
    Integer,
    /// Texts of at most so many bytes.
    String(u32),
    /// Blocks of exactly so many bytes.
    Binary(u32),
}

/// One kind of data that is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredData {
    /// Which.
    pub kind: DataType,
    /// How many of it: more than one for arrays only.
    pub count: u8,
    /// The period of a rate, in milliseconds; 0 for what is none.
    pub period_ms: u32,
}

/// The kinds of data, in the order in which they are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the manual's names")]
#[repr(u8)]
pub enum DataType {
    ServerId,
    Gpt0,
    Gpc0,
    Gpc0Rate,
    ConnCnt,
    ConnRate,
    ConnCur,
    SessCnt,
    SessRate,
    HttpReqCnt,
    HttpReqRate,
    HttpErrCnt,
    HttpErrRate,
    BytesInCnt,
    BytesInRate,
    BytesOutCnt,
    BytesOutRate,
    Gpc1,
    Gpc1Rate,
    ServerKey,
    HttpFailCnt,
    HttpFailRate,
    Gpt,
    Gpc,
    GpcRate,
}

impl DataType {
    /// All of them.
    pub const ALL: [DataType; 25] = [
        Self::ServerId,
        Self::Gpt0,
        Self::Gpc0,
        Self::Gpc0Rate,
        Self::ConnCnt,
        Self::ConnRate,
        Self::ConnCur,
        Self::SessCnt,
        Self::SessRate,
        Self::HttpReqCnt,
        Self::HttpReqRate,
        Self::HttpErrCnt,
        Self::HttpErrRate,
        Self::BytesInCnt,
        Self::BytesInRate,
        Self::BytesOutCnt,
        Self::BytesOutRate,
        Self::Gpc1,
        Self::Gpc1Rate,
        Self::ServerKey,
        Self::HttpFailCnt,
        Self::HttpFailRate,
        Self::Gpt,
        Self::Gpc,
        Self::GpcRate,
    ];

    /// Whether it is an event rate over a period.
    pub fn is_rate(self) -> bool {
        matches!(
            self,
            Self::Gpc0Rate
                | Self::ConnRate
                | Self::SessRate
                | Self::HttpReqRate
                | Self::HttpErrRate
                | Self::BytesInRate
                | Self::BytesOutRate
                | Self::Gpc1Rate
                | Self::HttpFailRate
                | Self::GpcRate
        )
    }

    /// Whether it counts in 64 bits; the others wrap at 32.
    pub fn is_wide(self) -> bool {
        matches!(self, Self::BytesInCnt | Self::BytesOutCnt)
    }
}
