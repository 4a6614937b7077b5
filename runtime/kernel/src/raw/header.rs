//! The IPv4 header that a sender writes itself.

use std::net::Ipv4Addr;

use super::Protocol;

/// The fields of an IPv4 header of 20 bytes that are ours; the kernel fills in the checksum (raw(7)).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ipv4Header {
    /// The sender, which need not be an address of this host.
    pub source: Ipv4Addr,
    /// The group, or the peer.
    pub destination: Ipv4Addr,
    /// What follows.
    pub protocol: Protocol,
    /// 255 for multicast (RFC 5798 §5.1.1.3).
    pub ttl: u8,
    /// A counter per instance that begins with 1; of 0 the kernel makes a number of its own.
    pub identification: u16,
    /// 0xc0: precedence "internetwork control".
    pub tos: u8,
}

impl Ipv4Header {
    /// The header's bytes for a payload of so many. Fragmentation stays allowed, as the reference has it.
    pub fn bytes(&self, payload: usize) -> [u8; 20] {
        let mut bytes = [0; 20];
        bytes[0] = 0x45;
        bytes[1] = self.tos;
        let length = u16::try_from(payload + bytes.len()).unwrap_or(u16::MAX);
        bytes[2..4].copy_from_slice(&length.to_be_bytes());
        bytes[4..6].copy_from_slice(&self.identification.to_be_bytes());
        bytes[8] = self.ttl;
        bytes[9] = self.protocol.number();
        bytes[12..16].copy_from_slice(&self.source.octets());
        bytes[16..20].copy_from_slice(&self.destination.octets());
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_is_the_reference_s_byte_for_byte() {
        let header = Ipv4Header {
            source: Ipv4Addr::new(192, 0, 2, 1),
            destination: Ipv4Addr::new(224, 0, 0, 18),
            protocol: Protocol::AuthenticationHeader,
            ttl: 255,
            identification: 3,
            tos: 0xc0,
        };
        // Recorded: the header of the third advert of an instance with auth_type AH and one address.
        let recorded =
            *b"\x45\xc0\x00\x40\x00\x03\x00\x00\xff\x33\x00\x00\xc0\x00\x02\x01\xe0\x00\x00\x12";
        assert_eq!(header.bytes(44), recorded);
    }
}
