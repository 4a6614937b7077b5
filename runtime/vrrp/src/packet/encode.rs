//! Making a packet, and changing the priority of one that is made.

use std::net::IpAddr;

use locum_model::vrrp::Version;

use super::{ADVERTISEMENT, AUTH_BYTES, HEADER_BYTES, PseudoHeader, checksum};

/// What a packet says.
#[derive(Debug, Clone, Copy)]
pub struct Content<'a> {
    /// Version.
    pub version: Version,
    /// Virtual router id.
    pub vrid: u8,
    /// Priority.
    pub priority: u8,
    /// Its addresses, all of the packet's family; at most 255 of them are told.
    pub addresses: &'a [IpAddr],
    /// Seconds in version 2, hundredths of a second in version 3 (12 bits).
    pub interval: u16,
    /// Version 2: the authentication.
    pub authentication: Authentication,
    /// Version 3: the addresses the checksum covers. Version 2 covers none over IPv4.
    pub pseudo: Option<PseudoHeader>,
}

/// Version 2's authentication as it stands in the packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Authentication {
    /// None: type 0, data zero.
    None,
    /// A password: type 1.
    Pass([u8; AUTH_BYTES]),
    /// By the authentication header before the packet: type 2, data zero.
    Ah,
}

impl Authentication {
    /// The type's number.
    pub fn number(&self) -> u8 {
        match self {
            Self::None => 0,
            Self::Pass(_) => 1,
            Self::Ah => 2,
        }
    }
}

/// Appends the packet to `out`.
///
/// The checksum covers the authentication data too (RFC 2338 §5.3.8: "the entire VRRP message").
pub fn encode(content: &Content<'_>, out: &mut Vec<u8>) {
    let start = out.len();
    let count = content.addresses.len().min(super::MAX_ADDRESSES);
    let number = match content.version {
        Version::V2 => 2,
        Version::V3 => 3,
    };
    out.extend([
        number << 4 | ADVERTISEMENT,
        content.vrid,
        content.priority,
        count as u8,
    ]);
    match content.version {
        Version::V2 => {
            out.extend([
                content.authentication.number(),
                content.interval.min(255) as u8,
            ]);
        }
        Version::V3 => out.extend(content.interval.min(0x0fff).to_be_bytes()),
    }
    out.extend([0, 0]);
    for address in &content.addresses[..count] {
        match address {
            IpAddr::V4(v4) => out.extend(v4.octets()),
            IpAddr::V6(v6) => out.extend(v6.octets()),
        }
    }
    if content.version == Version::V2 {
        out.extend(match content.authentication {
            Authentication::Pass(data) => data,
            Authentication::None | Authentication::Ah => [0; AUTH_BYTES],
        });
    }
    let sum = checksum(&out[start..], content.pseudo);
    out[start + 6..start + HEADER_BYTES].copy_from_slice(&sum.to_be_bytes());
}

/// Writes another priority into a packet and mends its checksum (RFC 1624).
pub fn set_priority(packet: &mut [u8], priority: u8) {
    if packet.len() < HEADER_BYTES || packet[2] == priority {
        return;
    }
    let word = |bytes: &[u8]| u16::from_be_bytes([bytes[2], bytes[3]]);
    let before = word(packet);
    packet[2] = priority;
    let after = word(packet);
    let sum = u16::from_be_bytes([packet[6], packet[7]]);
    let mut mended = u32::from(!sum) + u32::from(!before) + u32::from(after);
    while mended > 0xffff {
        mended = (mended & 0xffff) + (mended >> 16);
    }
    packet[6..HEADER_BYTES].copy_from_slice(&(!(mended as u16)).to_be_bytes());
}
