//! Unsolicited neighbour advertisements: gratuitous ARP's sibling for IPv6 (RFC 4861 §4.4 and §7.2.6).

use std::net::Ipv6Addr;

/// Bytes of the frame: Ethernet, IPv6, the advertisement, and the option with our MAC.
pub const FRAME_BYTES: usize = 14 + 40 + 24 + 8;
const ALL_NODES: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1);
const ROUTER: u8 = 0x80;
const OVERRIDE: u8 = 0x20;

/// The reference's frame: from the address itself to all nodes, with the override flag, and the router flag when the
/// interface forwards (its `forwarding` sysctl, which the reference reads before each round of them).
pub fn unsolicited(mac: [u8; 6], address: Ipv6Addr, router: bool) -> [u8; FRAME_BYTES] {
    let mut frame = [0; FRAME_BYTES];
    let (ethernet, packet) = frame.split_at_mut(14);
    ethernet[..6].copy_from_slice(&[0x33, 0x33, 0, 0, 0, 1]);
    ethernet[6..12].copy_from_slice(&mac);
    ethernet[12..].copy_from_slice(&[0x86, 0xdd]);
    let (header, message) = packet.split_at_mut(40);
    header[0] = 0x60;
    header[5] = 32;
    header[6] = 58;
    header[7] = 255;
    header[8..24].copy_from_slice(&address.octets());
    header[24..40].copy_from_slice(&ALL_NODES.octets());
    message[0] = 136;
    message[4] = OVERRIDE | if router { ROUTER } else { 0 };
    message[8..24].copy_from_slice(&address.octets());
    message[24..26].copy_from_slice(&[2, 1]);
    message[26..32].copy_from_slice(&mac);
    let sum = checksum(header, message);
    message[2..4].copy_from_slice(&sum.to_be_bytes());
    frame
}

/// RFC 4443 §2.3: over the pseudo-header of addresses, length and next header, and the message.
fn checksum(header: &[u8], message: &[u8]) -> u16 {
    let words = header[8..40].chunks_exact(2).chain(message.chunks_exact(2));
    let mut sum: u32 = words
        .map(|word| u32::from(u16::from_be_bytes([word[0], word[1]])))
        .sum();
    sum += message.len() as u32 + 58;
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_frame_is_the_reference_s_byte_for_byte() {
        let recorded = *b"\x33\x33\x00\x00\x00\x01\xda\x89\xad\xf2\xfb\x53\x86\xdd\
            \x60\x00\x00\x00\x00\x20\x3a\xff\xfe\x80\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x52\
            \xff\x02\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\
            \x88\x00\xd5\x29\x20\x00\x00\x00\xfe\x80\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x52\
            \x02\x01\xda\x89\xad\xf2\xfb\x53";
        let mac = [0xda, 0x89, 0xad, 0xf2, 0xfb, 0x53];
        let address = "fe80::52".parse().expect("an address");
        assert_eq!(unsolicited(mac, address, false), recorded);
    }

    #[test]
    fn a_router_says_so_and_the_checksum_follows() {
        let address = "2001:db8::52".parse().expect("an address");
        let frame = unsolicited([2, 0, 0, 0, 0, 1], address, true);
        assert_eq!(frame[14 + 40 + 4], 0xa0);
        let mut whole = frame;
        whole[56..58].fill(0);
        let sum = checksum(&whole[14..54], &whole[54..]);
        assert_eq!(frame[56..58], sum.to_be_bytes());
    }
}
