//! Hash functions of `hash-type`, and what of a request they are given.

use std::net::IpAddr;

use locum_model::pool::{HashFunction, HashType};

/// The hash of some bytes with a backend's `hash-type`; `None` for functions that can't be executed yet (wt6): a
/// plan must refuse them.
pub fn of_bytes(hash_type: HashType, bytes: &[u8]) -> Option<u32> {
    let hash = match hash_type.function {
        HashFunction::Sdbm => sdbm(bytes),
        HashFunction::Djb2 => djb2(bytes),
        HashFunction::Crc32 => crc32(bytes),
        HashFunction::Wt6 => return None,
    };
    Some(if hash_type.avalanche {
        avalanche(hash)
    } else {
        hash
    })
}

/// The hash of a client's address (`balance source`).
pub fn of_address(hash_type: HashType, address: IpAddr) -> u32 {
    let words: Vec<u32> = match address {
        IpAddr::V4(ip) => vec![ip.to_bits()],
        IpAddr::V6(ip) => ip
            .octets()
            .chunks_exact(4)
            .map(|w| u32::from_be_bytes([w[0], w[1], w[2], w[3]]))
            .collect(),
    };
    let folded = words.into_iter().fold(0, |h: u32, w| h ^ w);
    if hash_type.avalanche {
        avalanche(folded)
    } else {
        folded
    }
}

/// sdbm: h = c + (h << 6) + (h << 16) − h.
pub fn sdbm(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0u32, |h, c| {
        u32::from(*c)
            .wrapping_add(h << 6)
            .wrapping_add(h << 16)
            .wrapping_sub(h)
    })
}

/// djb2: h = h · 33 + c, from 5381.
pub fn djb2(bytes: &[u8]) -> u32 {
    bytes.iter().fold(5381u32, |h, c| {
        h.wrapping_mul(33).wrapping_add(u32::from(*c))
    })
}

/// CRC-32 as Ethernet and gzip use it.
pub fn crc32(bytes: &[u8]) -> u32 {
    !crc(bytes, !0, 0xedb8_8320)
}

/// CRC-32C (RFC 4960 appendix B) of `bytes`, continued from `crc`; neither end is inverted.
pub fn crc32c(bytes: &[u8], crc: u32) -> u32 {
    self::crc(bytes, crc, 0x82f6_3b78)
}

fn crc(bytes: &[u8], crc: u32, polynomial: u32) -> u32 {
    bytes.iter().fold(crc, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ (polynomial & (crc & 1).wrapping_neg())
        })
    })
}

/// Bob Jenkins' full-avalanche integer hash, times 0xC0000001 as the reference has it.
pub fn avalanche(a: u32) -> u32 {
    let a = a.wrapping_add(0x7ed5_5d16).wrapping_add(a << 12);
    let a = (a ^ 0xc761_c23c) ^ (a >> 19);
    let a = a.wrapping_add(0x1656_67b1).wrapping_add(a << 5);
    let a = a.wrapping_add(0xd3a2_646c) ^ (a << 9);
    let a = a.wrapping_add(0xfd70_46c5).wrapping_add(a << 3);
    let a = (a ^ 0xb55a_4f09) ^ (a >> 16);
    a.wrapping_mul(0xc000_0001)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_functions_are_the_published_ones() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert_eq!(!crc32c(b"123456789", !0), 0xe306_9283);
        assert_eq!(djb2(b""), 5381);
        assert_eq!(djb2(b"a"), 5381 * 33 + 97);
        assert_eq!(sdbm(b"ab"), 97u32.wrapping_mul(65599) + 98);
    }
}
