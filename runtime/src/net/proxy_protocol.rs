//! The PROXY header that may open a connection (proxy-protocol.txt 2.1 and 2.2): read and written, without any IO.
//!
//! What the reference refuses is refused: families other than TCP over IPv4 and IPv6, `UNKNOWN` with anything behind
//! it, a checksum that doesn't fit. Numbers that don't fit (an octet of 256, port 65536), which it lets wrap around,
//! are refused as well.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use memchr::memchr2;

use crate::lb::hash::crc32c;

/// The first twelve bytes of a version 2 header.
pub const SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";

/// The longest line of version 1, with its end.
const LINE_LIMIT: usize = 107;

/// The longest value of a unique identifier.
const UNIQUE_ID_LIMIT: usize = 128;

/// The longest host name.
const AUTHORITY_LIMIT: usize = 255;

const TYPE_AUTHORITY: u8 = 0x02;
const TYPE_CRC32C: u8 = 0x03;
const TYPE_UNIQUE_ID: u8 = 0x05;

/// The two ends of the connection that a header speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Endpoints {
    /// Where it comes from.
    pub source: SocketAddr,
    /// Where it went to.
    pub destination: SocketAddr,
}

/// What a header says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Header {
    /// The original connection; `None`: the real connection's ends hold (`UNKNOWN`, LOCAL).
    pub endpoints: Option<Endpoints>,
    /// PP2_TYPE_AUTHORITY: the host name that the client asked for.
    pub authority: Option<Vec<u8>>,
    /// PP2_TYPE_UNIQUE_ID.
    pub unique_id: Option<Vec<u8>>,
}

/// What the bytes so far are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decoded {
    /// The beginning of a header.
    Partial,
    /// A header, and how many bytes it took.
    Header(Header, usize),
}

/// Why a connection's first bytes are no header to be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DecodeError {
    /// Neither version begins so.
    NotProxy,
    /// Version 1 with a protocol other than TCP4, TCP6, UNKNOWN.
    UnknownProtocol,
    /// A header, but a wrong one.
    Invalid,
    /// A header that is longer than the buffer.
    TooLong,
}

/// Reads a header at the beginning of `bytes`, of at most `limit` bytes (the buffer's size).
pub fn decode(bytes: &[u8], limit: usize) -> Result<Decoded, DecodeError> {
    match bytes.first() {
        None => Ok(Decoded::Partial),
        Some(b'P') => decode_v1(bytes),
        Some(_) => decode_v2(bytes, limit),
    }
}

fn decode_v1(bytes: &[u8]) -> Result<Decoded, DecodeError> {
    const START: &[u8] = b"PROXY ";
    let seen = bytes.len().min(START.len());
    if bytes[..seen] != START[..seen] {
        return Err(DecodeError::NotProxy);
    }
    let window = &bytes[..bytes.len().min(LINE_LIMIT)];
    let Some(end) = memchr2(b'\r', b'\n', window) else {
        return if bytes.len() >= LINE_LIMIT {
            let known = [&b"PROXY TCP4 "[..], b"PROXY TCP6 "];
            Err(if known.iter().any(|start| bytes.starts_with(start)) {
                DecodeError::Invalid
            } else {
                DecodeError::UnknownProtocol
            })
        } else {
            Ok(Decoded::Partial)
        };
    };
    match window.get(end..end + 2) {
        Some(b"\r\n") => {}
        None if bytes.len() < LINE_LIMIT && bytes[end] == b'\r' => return Ok(Decoded::Partial),
        _ => return Err(DecodeError::Invalid),
    }
    let endpoints = line(&bytes[START.len().min(end)..end])?;
    let header = Header {
        endpoints,
        ..Header::default()
    };
    Ok(Decoded::Header(header, end + 2))
}

/// The words after `PROXY `.
fn line(words: &[u8]) -> Result<Option<Endpoints>, DecodeError> {
    if words == b"UNKNOWN" {
        return Ok(None);
    }
    let mut words = words.split(|&byte| byte == b' ');
    let address: fn(&[u8]) -> Option<IpAddr> = match words.next() {
        Some(b"TCP4") => |word| v4(word).map(IpAddr::V4),
        Some(b"TCP6") => |word| text(word)?.parse().ok().map(IpAddr::V6),
        _ => return Err(DecodeError::UnknownProtocol),
    };
    let mut endpoints = || {
        let (source, destination) = (address(words.next()?)?, address(words.next()?)?);
        let (from, to) = (port(words.next()?)?, port(words.next()?)?);
        words.next().is_none().then(|| Endpoints {
            source: SocketAddr::new(source, from),
            destination: SocketAddr::new(destination, to),
        })
    };
    endpoints().map(Some).ok_or(DecodeError::Invalid)
}

fn text(word: &[u8]) -> Option<&str> {
    std::str::from_utf8(word).ok()
}

/// Four decimal numbers; leading zeros are let through as the reference does, and mean nothing.
fn v4(word: &[u8]) -> Option<Ipv4Addr> {
    let mut octets = [0u8; 4];
    let mut parts = word.split(|&byte| byte == b'.');
    for octet in &mut octets {
        *octet = u8::try_from(number(parts.next()?)?).ok()?;
    }
    parts.next().is_none().then(|| Ipv4Addr::from(octets))
}

fn port(word: &[u8]) -> Option<u16> {
    u16::try_from(number(word)?).ok()
}

fn number(word: &[u8]) -> Option<u32> {
    if word.is_empty() || !word.iter().all(u8::is_ascii_digit) {
        return None;
    }
    text(word)?.parse().ok()
}

fn decode_v2(bytes: &[u8], limit: usize) -> Result<Decoded, DecodeError> {
    let seen = bytes.len().min(SIGNATURE.len());
    if bytes[..seen] != SIGNATURE[..seen] {
        return Err(DecodeError::NotProxy);
    }
    if bytes.get(12).is_some_and(|byte| byte >> 4 != 2) {
        return Err(DecodeError::NotProxy);
    }
    let [command, family, high, low] = match bytes.get(12..16) {
        Some(&[command, family, high, low]) => [command, family, high, low],
        _ => return Ok(Decoded::Partial),
    };
    let length = 16 + usize::from(u16::from_be_bytes([high, low]));
    if length > limit {
        return Err(DecodeError::TooLong);
    }
    let Some(whole) = bytes.get(..length) else {
        return Ok(Decoded::Partial);
    };
    let header = match command & 0x0f {
        // LOCAL: the sender speaks for itself; whatever it adds is ignored.
        0 => Header::default(),
        1 => proxied(whole, family).ok_or(DecodeError::Invalid)?,
        _ => return Err(DecodeError::Invalid),
    };
    Ok(Decoded::Header(header, length))
}

/// A complete header with the PROXY command.
fn proxied(whole: &[u8], family: u8) -> Option<Header> {
    let body = whole.get(16..)?;
    let (endpoints, used) = match family {
        0x11 => (endpoints_v4(body)?, 12),
        0x21 => (endpoints_v6(body)?, 36),
        _ => return None,
    };
    let mut header = Header {
        endpoints: Some(endpoints),
        ..Header::default()
    };
    let mut at = 16 + used;
    while at < whole.len() {
        let &[kind, high, low] = whole.get(at..at + 3)? else {
            return None;
        };
        let length = usize::from(u16::from_be_bytes([high, low]));
        let value = whole.get(at + 3..at + 3 + length)?;
        match kind {
            TYPE_CRC32C => checksum_fits(whole, at + 3, value).then_some(())?,
            TYPE_AUTHORITY => header.authority = bounded(value, AUTHORITY_LIMIT)?,
            TYPE_UNIQUE_ID => header.unique_id = bounded(value, UNIQUE_ID_LIMIT)?,
            _ => {}
        }
        at += 3 + length;
    }
    Some(header)
}

fn bounded(value: &[u8], limit: usize) -> Option<Option<Vec<u8>>> {
    (value.len() <= limit).then(|| Some(value.to_vec()))
}

fn endpoints_v4(body: &[u8]) -> Option<Endpoints> {
    let &[a, b, c, d, e, f, g, h, i, j, k, l] = body.first_chunk::<12>()?;
    Some(Endpoints {
        source: SocketAddr::from(([a, b, c, d], u16::from_be_bytes([i, j]))),
        destination: SocketAddr::from(([e, f, g, h], u16::from_be_bytes([k, l]))),
    })
}

fn endpoints_v6(body: &[u8]) -> Option<Endpoints> {
    let source = Ipv6Addr::from(*body.first_chunk::<16>()?);
    let destination = Ipv6Addr::from(*body.get(16..)?.first_chunk::<16>()?);
    let &[a, b, c, d] = body.get(32..)?.first_chunk::<4>()?;
    Some(Endpoints {
        source: SocketAddr::from((source, u16::from_be_bytes([a, b]))),
        destination: SocketAddr::from((destination, u16::from_be_bytes([c, d]))),
    })
}

/// Whether the checksum at `at` is the one of the header with four zero bytes in its place.
fn checksum_fits(whole: &[u8], at: usize, value: &[u8]) -> bool {
    let Ok(value) = <[u8; 4]>::try_from(value) else {
        return false;
    };
    let crc = crc32c(&whole[..at], !0);
    let crc = crc32c(&[0; 4], crc);
    let crc = crc32c(&whole[at + 4..], crc);
    !crc == u32::from_be_bytes(value)
}

/// Ends of one family; a mixed pair, or a connection without IP addresses, can't be told.
fn same_family(endpoints: Option<Endpoints>) -> Option<Endpoints> {
    endpoints.filter(|ends| ends.source.is_ipv4() == ends.destination.is_ipv4())
}

/// Appends a header of version 1; `None` for a connection that has no IP addresses.
pub fn encode_v1(endpoints: Option<Endpoints>, out: &mut Vec<u8>) {
    let Some(ends) = same_family(endpoints) else {
        out.extend_from_slice(b"PROXY UNKNOWN\r\n");
        return;
    };
    let family = if ends.source.is_ipv4() {
        "TCP4"
    } else {
        "TCP6"
    };
    let line = format!(
        "PROXY {family} {} {} {} {}\r\n",
        ends.source.ip(),
        ends.destination.ip(),
        ends.source.port(),
        ends.destination.port()
    );
    out.extend_from_slice(line.as_bytes());
}

/// What goes into a header of version 2.
#[derive(Debug, Clone, Copy, Default)]
pub struct Outgoing<'a> {
    /// The client's connection; `None` for a health check, and for a connection without IP addresses: LOCAL.
    pub endpoints: Option<Endpoints>,
    /// `proxy-v2-options crc32c`.
    pub checksum: bool,
    /// `proxy-v2-options unique-id`.
    pub unique_id: Option<&'a [u8]>,
    /// `proxy-v2-options authority`.
    pub authority: Option<&'a [u8]>,
}

/// Appends a header of version 2.
pub fn encode_v2(outgoing: &Outgoing<'_>, out: &mut Vec<u8>) {
    let start = out.len();
    out.extend_from_slice(&SIGNATURE);
    let ends = same_family(outgoing.endpoints);
    match ends {
        None => out.extend_from_slice(&[0x20, 0x00, 0, 0]),
        Some(ends) if ends.source.is_ipv4() => out.extend_from_slice(&[0x21, 0x11, 0, 0]),
        Some(_) => out.extend_from_slice(&[0x21, 0x21, 0, 0]),
    }
    if let Some(ends) = ends {
        for ip in [ends.source.ip(), ends.destination.ip()] {
            match ip {
                IpAddr::V4(ip) => out.extend_from_slice(&ip.octets()),
                IpAddr::V6(ip) => out.extend_from_slice(&ip.octets()),
            }
        }
        out.extend_from_slice(&ends.source.port().to_be_bytes());
        out.extend_from_slice(&ends.destination.port().to_be_bytes());
    }
    // The checksum comes first, as the reference orders them.
    let checksum_at = outgoing.checksum.then(|| {
        vector(TYPE_CRC32C, &[0; 4], out);
        out.len() - 4
    });
    if let Some(name) = outgoing.authority {
        vector(
            TYPE_AUTHORITY,
            &name[..name.len().min(AUTHORITY_LIMIT)],
            out,
        );
    }
    if let Some(id) = outgoing.unique_id {
        vector(TYPE_UNIQUE_ID, &id[..id.len().min(UNIQUE_ID_LIMIT)], out);
    }
    let length = u16::try_from(out.len() - start - 16).unwrap_or(u16::MAX);
    out[start + 14..start + 16].copy_from_slice(&length.to_be_bytes());
    if let Some(at) = checksum_at {
        let crc = !crc32c(&out[start..], !0);
        out[at..at + 4].copy_from_slice(&crc.to_be_bytes());
    }
}

/// One type-length-value vector.
fn vector(kind: u8, value: &[u8], out: &mut Vec<u8>) {
    out.push(kind);
    out.extend_from_slice(&u16::try_from(value.len()).unwrap_or(0).to_be_bytes());
    out.extend_from_slice(value);
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: usize = 16384;

    fn header(bytes: &[u8]) -> Header {
        match decode(bytes, LIMIT).unwrap() {
            Decoded::Header(header, used) => {
                assert_eq!(used, bytes.len());
                header
            }
            Decoded::Partial => panic!("complete"),
        }
    }

    fn ends(source: &str, destination: &str) -> Option<Endpoints> {
        Some(Endpoints {
            source: source.parse().unwrap(),
            destination: destination.parse().unwrap(),
        })
    }

    fn v2(command: u8, family: u8, body: &[u8]) -> Vec<u8> {
        let mut bytes = SIGNATURE.to_vec();
        bytes.extend([command, family]);
        bytes.extend((body.len() as u16).to_be_bytes());
        bytes.extend(body);
        bytes
    }

    const V4: [u8; 12] = [1, 2, 3, 4, 5, 6, 7, 8, 4, 87, 8, 174];

    #[test]
    fn a_line_gives_the_addresses_and_unknown_gives_none() {
        assert_eq!(
            header(b"PROXY TCP4 1.2.3.4 5.6.7.8 11 22\r\n").endpoints,
            ends("1.2.3.4:11", "5.6.7.8:22")
        );
        assert_eq!(
            header(b"PROXY TCP6 2001:db8::1 ::1 11 22\r\n").endpoints,
            ends("[2001:db8::1]:11", "[::1]:22")
        );
        assert_eq!(header(b"PROXY UNKNOWN\r\n").endpoints, None);
        assert_eq!(
            header(b"PROXY TCP4 01.2.3.4 5.6.7.8 011 22\r\n").endpoints,
            ends("1.2.3.4:11", "5.6.7.8:22")
        );
    }

    #[test]
    fn lines_that_the_reference_refuses_are_refused_for_its_reason() {
        let reason = |line: &[u8]| decode(line, LIMIT).unwrap_err();
        for line in [
            &b"PROXY TCP4  1.2.3.4 5.6.7.8 11 22\r\n"[..],
            b"PROXY TCP4 1.2.3.4 5.6.7.8 11 22\nGET / HTTP/1.0\r\n",
            b"PROXY TCP4 1.2.3.4 5.6.7.8 11 22 \r\n",
            b"PROXY TCP4 1.2.3.4 5.6.7.8 11 22 x\r\n",
            b"PROXY TCP4 ::1 ::2 11 22\r\n",
            b"PROXY TCP6 1.2.3.4 5.6.7.8 11 22\r\n",
            b"PROXY TCP4 1.2.3.4 5.6.7.8 11\r\n",
            b"PROXY TCP4 1.2.3.4 5.6.7.8 -1 22\r\n",
        ] {
            assert_eq!(reason(line), DecodeError::Invalid);
        }
        for line in [
            &b"PROXY UNKNOWN foo bar\r\n"[..],
            b"PROXY UNKNOWNX\r\n",
            b"PROXY TCP5 1.2.3.4 5.6.7.8 11 22\r\n",
        ] {
            assert_eq!(reason(line), DecodeError::UnknownProtocol);
        }
        assert_eq!(reason(b"proxy TCP4"), DecodeError::NotProxy);
        assert_eq!(reason(b"GET / HTTP/1.1\r\n"), DecodeError::NotProxy);
        assert_eq!(
            reason(&[b"PROXY UNKNOWN".as_slice(), &[b'x'; 120]].concat()),
            DecodeError::UnknownProtocol
        );
    }

    #[test]
    fn numbers_that_do_not_fit_are_refused_though_the_reference_wraps_them() {
        for line in [
            &b"PROXY TCP4 1.2.3.4 5.6.7.8 65536 22\r\n"[..],
            b"PROXY TCP4 1.2.3.256 5.6.7.8 1 22\r\n",
            b"PROXY TCP4 1.2.3 5.6.7.8 1 22\r\n",
            b"PROXY TCP4 1.2.3.4 5.6.7.8 11 \r\n",
        ] {
            assert_eq!(decode(line, LIMIT), Err(DecodeError::Invalid));
        }
    }

    #[test]
    fn each_beginning_of_a_header_is_partial() {
        let mut whole = Vec::new();
        encode_v2(
            &Outgoing {
                endpoints: ends("1.2.3.4:11", "5.6.7.8:22"),
                checksum: true,
                unique_id: Some(b"id"),
                authority: Some(b"h"),
            },
            &mut whole,
        );
        let line = b"PROXY TCP4 1.2.3.4 5.6.7.8 11 22\r\n";
        for header in [&whole[..], line] {
            for end in 0..header.len() {
                assert_eq!(decode(&header[..end], LIMIT), Ok(Decoded::Partial), "{end}");
            }
        }
    }

    #[test]
    fn binary_headers_of_tcp_are_taken_and_local_ones_change_nothing() {
        assert_eq!(
            header(&v2(0x21, 0x11, &V4)).endpoints,
            ends("1.2.3.4:1111", "5.6.7.8:2222")
        );
        for (family, body) in [(0x00, &b""[..]), (0x11, b"ab"), (0x11, &V4)] {
            assert_eq!(header(&v2(0x20, family, body)), Header::default());
        }
    }

    #[test]
    fn other_families_commands_and_short_bodies_are_invalid() {
        for family in [0x00, 0x01, 0x10, 0x12, 0x13, 0x22, 0x31, 0x32, 0x41] {
            assert_eq!(
                decode(&v2(0x21, family, &[0; 216]), LIMIT),
                Err(DecodeError::Invalid)
            );
        }
        assert_eq!(
            decode(&v2(0x22, 0x11, &V4), LIMIT),
            Err(DecodeError::Invalid)
        );
        assert_eq!(
            decode(&v2(0x31, 0x11, &V4), LIMIT),
            Err(DecodeError::NotProxy)
        );
        assert_eq!(
            decode(&v2(0x21, 0x11, &V4[..8]), LIMIT),
            Err(DecodeError::Invalid)
        );
        assert_eq!(
            decode(&v2(0x21, 0x21, &V4), LIMIT),
            Err(DecodeError::Invalid)
        );
        assert_eq!(
            decode(&v2(0x21, 0x11, &[0; 20000]), LIMIT),
            Err(DecodeError::TooLong)
        );
    }

    #[test]
    fn vectors_are_kept_within_their_limits() {
        let with = |vectors: &[(u8, usize)]| {
            let mut body = V4.to_vec();
            for &(kind, length) in vectors {
                vector(kind, &vec![b'e'; length], &mut body);
            }
            decode(&v2(0x21, 0x11, &body), LIMIT)
        };
        let Ok(Decoded::Header(header, _)) = with(&[(2, 255), (5, 128), (4, 3), (0xe1, 9)]) else {
            panic!("valid")
        };
        assert_eq!(header.authority.map(|name| name.len()), Some(255));
        assert_eq!(header.unique_id.map(|id| id.len()), Some(128));
        assert_eq!(with(&[(2, 256)]), Err(DecodeError::Invalid));
        assert_eq!(with(&[(5, 129)]), Err(DecodeError::Invalid));
        assert_eq!(with(&[(3, 2)]), Err(DecodeError::Invalid));
        let cut = [&V4[..], &[2, 0, 0x50, b'a']].concat();
        assert_eq!(
            decode(&v2(0x21, 0x11, &cut), LIMIT),
            Err(DecodeError::Invalid)
        );
    }

    #[test]
    fn what_is_sent_is_what_the_reference_sends() {
        let mut out = Vec::new();
        encode_v1(ends("127.0.0.1:60204", "127.0.0.1:18780"), &mut out);
        assert_eq!(out, b"PROXY TCP4 127.0.0.1 127.0.0.1 60204 18780\r\n");
        out.clear();
        encode_v1(None, &mut out);
        assert_eq!(out, b"PROXY UNKNOWN\r\n");
        out.clear();
        encode_v2(
            &Outgoing {
                endpoints: ends("127.0.0.1:60214", "127.0.0.1:18780"),
                checksum: true,
                unique_id: Some(b"id-2"),
                authority: None,
            },
            &mut out,
        );
        assert_eq!(
            out,
            b"\r\n\r\n\x00\r\nQUIT\n!\x11\x00\x1a\x7f\x00\x00\x01\x7f\x00\x00\x01\xeb6I\\\x03\x00\x04\xe4a\xd7\xa8\x05\x00\x04id-2"
        );
        assert_eq!(header(&out).unique_id.as_deref(), Some(&b"id-2"[..]));
        let last = out.len() - 1;
        out[last] ^= 1;
        assert_eq!(decode(&out, LIMIT), Err(DecodeError::Invalid));
        out.clear();
        encode_v2(
            &Outgoing {
                unique_id: Some(b"id-9"),
                checksum: true,
                ..Outgoing::default()
            },
            &mut out,
        );
        assert_eq!(
            out,
            b"\r\n\r\n\x00\r\nQUIT\n \x00\x00\x0e\x03\x00\x04\xae \n)\x05\x00\x04id-9"
        );
    }
}
