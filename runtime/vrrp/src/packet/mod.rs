//! VRRP packets: what stands in them (RFC 3768 §5, RFC 5798 §5).
//!
//! ```text
//!  0                   1                   2                   3
//!  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//! +-------+-------+---------------+---------------+---------------+
//! |Version| Type  | Virtual Rtr ID|   Priority    |Count IP Addrs |
//! +-------+-------+---------------+---------------+---------------+
//! |  v2: Auth Type | Adver Int    |           Checksum            |
//! |  v3: Max Adver Int (12 bits)  |                               |
//! +-------------------------------+-------------------------------+
//! |                    addresses, 4 or 16 bytes each              |
//! +---------------------------------------------------------------+
//! |             v2: eight bytes of authentication data            |
//! +---------------------------------------------------------------+
//! ```
//!
//! Decoding borrows and never panics; whether a packet is sound is [`accept`](crate::accept)'s to say.

pub mod ah;
mod checksum;
mod encode;

use locum_model::vrrp::Family;

pub use checksum::{PseudoHeader, checksum};
pub use encode::{Authentication, Content, encode, set_priority};

/// The protocol's number in an IP header.
pub const PROTOCOL: u8 = 112;
/// Bytes before the addresses.
pub const HEADER_BYTES: usize = 8;
/// Bytes of version 2's authentication data, which stand there even when nothing is authenticated.
pub const AUTH_BYTES: usize = 8;
/// The only type there is.
pub const ADVERTISEMENT: u8 = 1;
/// Most addresses of a packet.
pub const MAX_ADDRESSES: usize = 255;

/// A packet's fields, as they stand in its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Advert<'a> {
    bytes: &'a [u8],
}

impl<'a> Advert<'a> {
    /// The packet in these bytes (those behind the IP header); `None`: too short for a header.
    pub fn decode(bytes: &'a [u8]) -> Option<Self> {
        (bytes.len() >= HEADER_BYTES).then_some(Self { bytes })
    }

    /// Version.
    pub fn version(&self) -> u8 {
        self.bytes[0] >> 4
    }

    /// Type.
    pub fn kind(&self) -> u8 {
        self.bytes[0] & 0x0f
    }

    /// Virtual router id.
    pub fn vrid(&self) -> u8 {
        self.bytes[1]
    }

    /// Priority.
    pub fn priority(&self) -> u8 {
        self.bytes[2]
    }

    /// How many addresses it says it has.
    pub fn count(&self) -> u8 {
        self.bytes[3]
    }

    /// Version 2: the authentication type.
    pub fn auth_type(&self) -> u8 {
        self.bytes[4]
    }

    /// Version 2: the interval in seconds.
    pub fn interval_seconds(&self) -> u8 {
        self.bytes[5]
    }

    /// Version 3: the interval in hundredths of a second. The reserved bits above are ignored.
    pub fn interval_hundredths(&self) -> u16 {
        u16::from_be_bytes([self.bytes[4], self.bytes[5]]) & 0x0fff
    }

    /// All bytes.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// How many bytes a packet of this version and count has.
    pub fn expected_bytes(&self, family: Family) -> usize {
        let auth = match (self.version(), family) {
            (2, Family::Inet) => AUTH_BYTES,
            _ => 0,
        };
        HEADER_BYTES + usize::from(self.count()) * address_bytes(family) + auth
    }

    /// The bytes of its addresses; shorter than `count` says where the packet is.
    pub fn addresses(&self, family: Family) -> &'a [u8] {
        let end = HEADER_BYTES + usize::from(self.count()) * address_bytes(family);
        &self.bytes[HEADER_BYTES..end.min(self.bytes.len())]
    }

    /// Version 2: the authentication data; empty where the packet ends before it.
    pub fn auth_data(&self, family: Family) -> &'a [u8] {
        let start = HEADER_BYTES + usize::from(self.count()) * address_bytes(family);
        self.bytes
            .get(start..start + AUTH_BYTES)
            .unwrap_or_default()
    }
}

/// Bytes of an address.
pub fn address_bytes(family: Family) -> usize {
    match family {
        Family::Inet => 4,
        Family::Inet6 => 16,
    }
}
