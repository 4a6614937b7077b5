//! Values of dynamic cookies (manual: "dynamic-cookie-key"), equal on every proxy that shares the key.

use std::net::{IpAddr, SocketAddr};

use twox_hash::XxHash64;

/// The value of a server that has none of its own: XXH64 with seed 0 over the key, the address' 4 or 16 bytes and the
/// port as four bytes, in network order; 16 hexadecimal digits. Only for servers that have an IP address.
pub fn value(key: &[u8], server: SocketAddr) -> String {
    let mut text = key.to_vec();
    match server.ip() {
        IpAddr::V4(ip) => text.extend_from_slice(&ip.octets()),
        IpAddr::V6(ip) => text.extend_from_slice(&ip.octets()),
    }
    text.extend_from_slice(&u32::from(server.port()).to_be_bytes());
    format!("{:016x}", XxHash64::oneshot(0, &text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_those_that_the_reference_shows() {
        for (key, server, expected) in [
            ("k1", "127.0.0.1:31880", "3e6bb0d5bcf6e0c6"),
            ("secret key", "127.0.0.1:31880", "b638a2f2e5d0a311"),
            ("k1", "[::1]:31880", "fda0005d261c361e"),
            ("k1", "10.1.2.3:8080", "e4d36475b042ada6"),
            ("k1", "[2001:db8::1]:443", "442b8f6b4f7acc3f"),
            ("k1", "[::ffff:1.2.3.4]:443", "9a8fe3ca333253ed"),
            ("k1", "0.0.0.0:31880", "2a931387132d56c0"),
        ] {
            assert_eq!(value(key.as_bytes(), server.parse().unwrap()), expected);
        }
    }
}
