//! The authentication header before a version 2 advert (RFC 2402, RFC 2403; RFC 2338 §5.3.6.3).
//!
//! The reference's way of it differs from the RFCs: of the IPv4 header only TOS and checksum count as zero (the TTL is
//! covered), the key is the password as it is, and the security parameters index is the sender's address.

use std::net::Ipv4Addr;

use hmac::{Hmac, KeyInit, Mac};
use md5::Md5;

use super::PROTOCOL;

/// The protocol's number in an IP header.
pub const AH_PROTOCOL: u8 = 51;
/// Bytes of the authentication header.
pub const AH_BYTES: usize = 24;
/// Bytes of an IPv4 header without options.
pub const IPV4_BYTES: usize = 20;
const ICV_START: usize = 12;

/// An authentication header's fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuthenticationHeader<'a> {
    bytes: &'a [u8; AH_BYTES],
}

impl<'a> AuthenticationHeader<'a> {
    /// The header at the front of these bytes and what follows it; `None`: too short.
    pub fn decode(bytes: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let (header, rest) = bytes.split_first_chunk()?;
        Some((Self { bytes: header }, rest))
    }

    /// Security parameters index.
    pub fn spi(&self) -> u32 {
        u32::from_be_bytes([self.bytes[4], self.bytes[5], self.bytes[6], self.bytes[7]])
    }

    /// Sequence number.
    pub fn sequence(&self) -> u32 {
        u32::from_be_bytes([self.bytes[8], self.bytes[9], self.bytes[10], self.bytes[11]])
    }

    /// Whether its value fits the key and everything it covers.
    pub fn verify(&self, key: &[u8], ipv4_header: &[u8], payload: &[u8]) -> bool {
        digest(key, ipv4_header, self.bytes, payload).is_some_and(|icv| {
            icv.iter()
                .zip(&self.bytes[ICV_START..])
                .fold(0, |a, (x, y)| a | (x ^ y))
                == 0
        })
    }
}

/// Puts the authentication header into a datagram: IPv4 header, room for [`AH_BYTES`], VRRP packet.
pub fn seal(datagram: &mut [u8], key: &[u8], source: Ipv4Addr, sequence: u32) {
    let Some((ipv4_header, rest)) = datagram.split_at_mut_checked(IPV4_BYTES) else {
        return;
    };
    let Some((header, payload)) = rest.split_first_chunk_mut::<AH_BYTES>() else {
        return;
    };
    *header = [0; AH_BYTES];
    header[0] = PROTOCOL;
    // In 32-bit words, less two (RFC 2402 §2.2).
    header[1] = (AH_BYTES / 4 - 2) as u8;
    header[4..8].copy_from_slice(&source.octets());
    header[8..ICV_START].copy_from_slice(&sequence.to_be_bytes());
    if let Some(icv) = digest(key, ipv4_header, header, payload) {
        header[ICV_START..].copy_from_slice(&icv);
    }
}

fn digest(
    key: &[u8],
    ipv4_header: &[u8],
    header: &[u8; AH_BYTES],
    payload: &[u8],
) -> Option<[u8; 12]> {
    let mut ipv4 = *ipv4_header.first_chunk::<IPV4_BYTES>()?;
    ipv4[1] = 0;
    ipv4[10..12].fill(0);
    let mut mac = Hmac::<Md5>::new_from_slice(key).ok()?;
    mac.update(&ipv4);
    mac.update(&header[..ICV_START]);
    mac.update(&[0; AH_BYTES - ICV_START]);
    mac.update(payload);
    mac.finalize().into_bytes().first_chunk().copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recorded() -> Vec<u8> {
        let hex = "45c0004000020000ff3318abc000020be000001270040000c000020b000000023c58c4dd62a50224ddc6e0e6\
                   213364010201b6c8c00002010000000000000000";
        (0..hex.len())
            .step_by(2)
            .map(|i| u8::from_str_radix(&hex[i..i + 2], 16).unwrap())
            .collect()
    }

    #[test]
    fn a_recorded_header_is_accepted_with_its_key_and_no_other() {
        let datagram = recorded();
        let (header, payload) = AuthenticationHeader::decode(&datagram[IPV4_BYTES..]).unwrap();
        assert_eq!((header.sequence(), header.spi()), (2, 0xc000_020b));
        assert!(header.verify(b"secret12", &datagram[..IPV4_BYTES], payload));
        assert!(!header.verify(b"secret13", &datagram[..IPV4_BYTES], payload));
    }

    #[test]
    fn sealing_gives_the_recorded_bytes() {
        let mut datagram = recorded();
        datagram[IPV4_BYTES..IPV4_BYTES + AH_BYTES].fill(7);
        seal(&mut datagram, b"secret12", Ipv4Addr::new(192, 0, 2, 11), 2);
        assert_eq!(datagram, recorded());
    }
}
