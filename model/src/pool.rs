//! Pools of members that share a load: a backend's servers, a virtual server's real servers.

use serde::{Deserialize, Serialize};

use crate::{Located, address::Address, check::Check, expr::Expr};

/// How a pool chooses a member.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub enum Balance {
    /// In turns, smoothly by weight, weights change at run time.
    #[default]
    RoundRobin,
    /// In turns from a table fixed at start.
    StaticRoundRobin,
    /// The fewest connections relative to the weight.
    LeastConnections,
    /// The first member with a free slot.
    First,
    /// A hash of the client's address.
    Source,
    /// A hash of the request's URI.
    Uri {
        /// Only this many bytes.
        len: Option<u32>,
        /// Only this many directories.
        depth: Option<u32>,
        /// The whole URI rather than the path.
        whole: bool,
        /// Only the path.
        path_only: bool,
    },
    /// A hash of a URL parameter.
    UrlParam {
        /// Its name.
        name: String,
        /// A POST request's body is looked through too.
        check_post: bool,
    },
    /// A hash of a header.
    Header {
        /// The header's name.
        name: String,
        /// Only the domain part.
        domain_only: bool,
    },
    /// The best of this many drawn at random.
    Random(u32),
    /// A hash of an RDP cookie.
    RdpCookie(String),
    /// A hash of an expression.
    Hash(Expr),
}

/// How a hash becomes a member (`hash-type`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HashType {
    /// Consistent (a ring) rather than map-based.
    pub consistent: bool,
    /// The function.
    pub function: HashFunction,
    /// `avalanche`: mix the result.
    pub avalanche: bool,
}

/// Hash functions of `hash-type`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum HashFunction {
    /// sdbm.
    #[default]
    Sdbm,
    /// djb2.
    Djb2,
    /// wt6.
    Wt6,
    /// CRC-32.
    Crc32,
}

/// A member of a pool.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Member {
    /// Its name in the pool.
    pub name: Located<String>,
    /// Where it is, resolved. A port of 0 means the client's destination port.
    pub address: Address,
    /// The name it was resolved from.
    pub hostname: Option<String>,
    /// A port offset against the client's destination port (`server a 1.2.3.4:+1000`).
    pub port_offset: Option<i32>,
    /// Share of the load, 0–256; 0 takes no new clients.
    pub weight: u32,
    /// Takes load only when no other member is usable.
    pub backup: bool,
    /// Its active check.
    pub check: Option<Check>,
}
