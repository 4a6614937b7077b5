//! The Internet checksum over a packet, for version 3 with a pseudo header (RFC 1071, RFC 5798 §5.2.8).

use std::net::IpAddr;

use super::PROTOCOL;

/// What version 3 sums before the packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PseudoHeader {
    /// Who sends it.
    pub source: IpAddr,
    /// Whom it goes to.
    pub destination: IpAddr,
}

/// The checksum of a packet whose checksum field is zero; over one that has its checksum, 0.
pub fn checksum(packet: &[u8], pseudo: Option<PseudoHeader>) -> u16 {
    let mut sum = add(0, packet);
    if let Some(PseudoHeader {
        source,
        destination,
    }) = pseudo
    {
        for address in [source, destination] {
            sum = match address {
                IpAddr::V4(v4) => add(sum, &v4.octets()),
                IpAddr::V6(v6) => add(sum, &v6.octets()),
            };
        }
        sum += u64::from(PROTOCOL) + packet.len() as u64;
    }
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}

fn add(sum: u64, bytes: &[u8]) -> u64 {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let whole: u64 = pairs
        .iter()
        .map(|&pair| u64::from(u16::from_be_bytes(pair)))
        .sum();
    sum + whole + rest.first().map_or(0, |&last| u64::from(last) << 8)
}
