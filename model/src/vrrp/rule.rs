//! Policy rules that are added and removed (`virtual_rules`, `static_rules`); the words are those of `ip rule add`.

use serde::{Deserialize, Serialize};

use super::Family;
use crate::address::Network;

/// A rule line. Numbers that have names (tables, realms, tos, protocols) are resolved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// The family (`inet`, `inet6`, or what the addresses say).
    pub family: Family,
    /// `not`.
    pub invert: bool,
    /// `from`.
    pub from: Option<Network>,
    /// `to`.
    pub to: Option<Network>,
    /// `preference`, `priority`, `order`; assigned when the file gave none.
    pub priority: u32,
    /// `iif`, `dev`.
    pub iif: Option<String>,
    /// `oif`.
    pub oif: Option<String>,
    /// `fwmark MARK[/MASK]`.
    pub fwmark: Option<FirewallMark>,
    /// `tos`, `dsfield`.
    pub tos: Option<u8>,
    /// What happens to matching packets.
    pub action: RuleAction,
    /// `realms`: source in the upper 16 bits, destination in the lower.
    pub realms: Option<u32>,
    /// `suppress_prefixlength`.
    pub suppress_prefixlength: Option<u32>,
    /// `suppress_ifgroup`.
    pub suppress_ifgroup: Option<u32>,
    /// `tunnel-id`.
    pub tunnel_id: Option<u64>,
    /// `l3mdev`.
    pub l3mdev: bool,
    /// `uidrange`, inclusive.
    pub uid_range: Option<(u32, u32)>,
    /// `protocol`: who made the rule; `None`: keepalived's own number, 18.
    pub protocol: Option<u8>,
    /// `ipproto`.
    pub ip_protocol: Option<u8>,
    /// `sport`, inclusive.
    pub sport: Option<(u16, u16)>,
    /// `dport`, inclusive.
    pub dport: Option<(u16, u16)>,
    /// `no_track`.
    pub no_track: bool,
    /// `track_group` (static ones only).
    pub track_group: Option<String>,
}

/// `fwmark`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FirewallMark {
    /// The mark.
    pub mark: u32,
    /// The mask; `None`: all bits.
    pub mask: Option<u32>,
}

/// What a rule does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum RuleAction {
    /// `table`, `lookup`.
    Lookup(u32),
    /// `goto`: on with the rule of this preference.
    Goto(u32),
    /// `nop`.
    Nop,
    /// `blackhole`.
    Blackhole,
    /// `unreachable`.
    Unreachable,
    /// `prohibit`.
    Prohibit,
    /// No action but `l3mdev`, whose table the kernel finds.
    Unspecified,
}
