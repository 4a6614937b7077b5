//! Gratuitous ARP: tells a link that an IPv4 address lives at our MAC now (RFC 5227 §3, RFC 5798 §6.4.1).

use std::net::Ipv4Addr;

/// Bytes of the frame; the driver pads it to the link's minimum.
pub const FRAME_BYTES: usize = 42;

/// The reference's frame: a broadcast request of the address for itself, whose target MAC is all ones.
pub fn gratuitous(mac: [u8; 6], address: Ipv4Addr) -> [u8; FRAME_BYTES] {
    let mut frame = [0; FRAME_BYTES];
    let mut end = 0;
    let mut put = |bytes: &[u8]| {
        frame[end..end + bytes.len()].copy_from_slice(bytes);
        end += bytes.len();
    };
    put(&[0xff; 6]);
    put(&mac);
    put(&[0x08, 0x06]);
    // Ethernet and IPv4, addresses of 6 and 4 bytes, operation 1 (request).
    put(&[0, 1, 0x08, 0, 6, 4, 0, 1]);
    put(&mac);
    put(&address.octets());
    put(&[0xff; 6]);
    put(&address.octets());
    frame
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_frame_is_the_reference_s_byte_for_byte() {
        // Recorded from the reference on a virtual MAC device.
        let recorded = *b"\xff\xff\xff\xff\xff\xff\x00\x00\x5e\x00\x01\x35\x08\x06\x00\x01\
            \x08\x00\x06\x04\x00\x01\x00\x00\x5e\x00\x01\x35\xc0\x00\x02\x82\
            \xff\xff\xff\xff\xff\xff\xc0\x00\x02\x82";
        let mac = [0, 0, 0x5e, 0, 1, 0x35];
        assert_eq!(gratuitous(mac, Ipv4Addr::new(192, 0, 2, 130)), recorded);
    }
}
