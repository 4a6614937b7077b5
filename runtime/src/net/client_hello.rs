//! The first bytes of a TLS client, read without TLS: what kind of hello, which version, and the extensions that routing
//! goes by (RFC 8446 §4.1.2, RFC 6066 §3, RFC 7301 §3.1; manual 7.3.5: "req.ssl_sni").
//!
//! ```text
//! record: type 0x16, version (2), length (2) | handshake: type 1, length (3) | version (2), random (32),
//! session id (1+n), cipher suites (2+n), compression (1+n), extensions (2+n): type (2), length (2), data
//! ```
//!
//! Nothing is read outside of what the message's own lengths enclose.

/// What the bytes that have come tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peek<T> {
    /// This.
    Value(T),
    /// It isn't there, nor will it come.
    Absent,
    /// More bytes may bring it.
    NotYet,
}

impl<T> Peek<T> {
    /// What a value tells in turn.
    pub fn and_then<U>(self, next: impl FnOnce(T) -> Option<U>) -> Peek<U> {
        match self {
            Peek::Value(value) => next(value).map_or(Peek::Absent, Peek::Value),
            Peek::Absent => Peek::Absent,
            Peek::NotYet => Peek::NotYet,
        }
    }
}

const RECORD_HEADER: usize = 5;
const HANDSHAKE_HEADER: usize = 4;
/// Longest record that the reference takes for one.
const LONGEST_RECORD: usize = 16384 + 2048;
/// Shortest record in which it looks for extensions (observed).
const SHORTEST_HELLO: usize = 49;

/// Types of records (RFC 8446 §5.1), and the 0xff of very old implementations.
fn is_record_type(byte: u8) -> bool {
    matches!(byte, 0x14..=0x17 | 0xff)
}

/// The type of the handshake message that fills the first record: 1 for a client's hello, 2 for a server's.
pub fn hello_type(bytes: &[u8]) -> Peek<u8> {
    match bytes.first() {
        None => return Peek::NotYet,
        Some(&first) if !is_record_type(first) => return Peek::Absent,
        Some(_) => {}
    }
    let Some(header) = bytes.get(..RECORD_HEADER + HANDSHAKE_HEADER) else {
        return Peek::NotYet;
    };
    if header[1] < 3 || number(&header[3..5]) < HANDSHAKE_HEADER {
        return Peek::Absent;
    }
    match bytes.len() < header.len() + number(&header[6..9]) {
        true => Peek::NotYet,
        false => Peek::Value(header[5]),
    }
}

/// The version that a client's hello asks for: major × 65536 + minor, once its record is there. Hellos in the format of
/// SSL 2 say one too.
pub fn version(bytes: &[u8]) -> Peek<u32> {
    match bytes.first() {
        None => Peek::NotYet,
        Some(&first) if is_record_type(first) => record_version(bytes),
        Some(_) => old_version(bytes),
    }
}

fn record_version(bytes: &[u8]) -> Peek<u32> {
    let Some(header) = bytes.get(..RECORD_HEADER) else {
        return Peek::NotYet;
    };
    let length = number(&header[3..5]);
    if header[1] < 3 || !(HANDSHAKE_HEADER + 2..=LONGEST_RECORD).contains(&length) {
        return Peek::Absent;
    }
    match bytes.get(RECORD_HEADER..RECORD_HEADER + length) {
        Some(record) => Peek::Value(as_version(record[4], record[5])),
        None => Peek::NotYet,
    }
}

/// A client's hello of SSL 2, whose record header has two bytes, or three with padding.
fn old_version(bytes: &[u8]) -> Peek<u32> {
    let Some(&[first, second]) = bytes.first_chunk() else {
        return Peek::NotYet;
    };
    let (mask, header) = if first & 0x80 != 0 {
        (0x7f, 2)
    } else {
        (0x3f, 3)
    };
    let length = usize::from(first & mask) << 8 | usize::from(second);
    match bytes.get(header) {
        Some(1) => {}
        Some(_) => return Peek::Absent,
        None => return Peek::NotYet,
    }
    if length < 9 {
        return Peek::Absent;
    }
    let Some(hello) = bytes.get(header..header + length) else {
        return Peek::NotYet;
    };
    let [ciphers, session, challenge] = [3, 5, 7].map(|at| number(&hello[at..at + 2]));
    if !ciphers.is_multiple_of(3) || challenge < 16 || 9 + ciphers + session + challenge != length {
        return Peek::Absent;
    }
    Peek::Value(as_version(hello[1], hello[2]))
}

fn as_version(major: u8, minor: u8) -> u32 {
    u32::from(major) << 16 | u32::from(minor)
}

/// A client's hello that has come whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientHello<'a> {
    extensions: &'a [u8],
}

/// The hello that opens a connection, if it has extensions.
pub fn client_hello(bytes: &[u8]) -> Peek<ClientHello<'_>> {
    match bytes.first() {
        None => return Peek::NotYet,
        Some(0x16) => {}
        Some(_) => return Peek::Absent,
    }
    let Some(header) = bytes.get(..RECORD_HEADER) else {
        return Peek::NotYet;
    };
    if header[1] < 3 || number(&header[3..5]) < SHORTEST_HELLO {
        return Peek::Absent;
    }
    let behind = &bytes[RECORD_HEADER..];
    match behind.first() {
        Some(1) => {}
        Some(_) => return Peek::Absent,
        None => return Peek::NotYet,
    }
    let Some(header) = behind.get(..HANDSHAKE_HEADER) else {
        return Peek::NotYet;
    };
    let length = number(&header[1..]);
    let Some(hello) = behind.get(HANDSHAKE_HEADER..HANDSHAKE_HEADER + length) else {
        return Peek::NotYet;
    };
    let extensions = extensions(hello).filter(|extensions| !extensions.is_empty());
    extensions.map_or(Peek::Absent, |extensions| {
        Peek::Value(ClientHello { extensions })
    })
}

/// The extensions in the body of a hello. The version must be TLS's: SSL 3 has none.
fn extensions(hello: &[u8]) -> Option<&[u8]> {
    let version = hello.get(..2)?;
    if version[0] != 3 || version[1] < 1 {
        return None;
    }
    let rest = hello.get(2 + 32..)?;
    let (session, rest) = block(rest, 1)?;
    let (ciphers, rest) = block(rest, 2)?;
    let (compression, rest) = block(rest, 1)?;
    if session.len() > 32 || ciphers.len() < 2 || compression.is_empty() {
        return None;
    }
    block(rest, 2).map(|(extensions, _)| extensions)
}

impl<'a> ClientHello<'a> {
    /// The name of the server that is asked for (RFC 6066 §3); the first one.
    pub fn server_name(&self) -> Option<&'a [u8]> {
        let (names, _) = block(self.extension(0)?, 2)?;
        let (kind, rest) = names.split_first()?;
        let (name, _) = block(rest, 2)?;
        (*kind == 0).then_some(name)
    }

    /// The first protocol of ALPN (RFC 7301); the reference names no other.
    pub fn protocol(&self) -> Option<&'a [u8]> {
        let protocols = self.extension(16)?.get(2..)?;
        block(protocols, 1).map(|(protocol, _)| protocol)
    }

    /// Whether the client names its elliptic curves (RFC 8422 §5.1.1).
    pub fn has_curves(&self) -> bool {
        self.extension(10).is_some()
    }

    /// The session ticket (RFC 5077), which is empty where the client has none but takes one.
    pub fn session_ticket(&self) -> Option<&'a [u8]> {
        self.extension(35)
    }

    fn extension(&self, wanted: usize) -> Option<&'a [u8]> {
        let mut rest = self.extensions;
        loop {
            let kind = number(rest.get(..2)?);
            let (data, behind) = block(&rest[2..], 2)?;
            if kind == wanted {
                return Some(data);
            }
            rest = behind;
        }
    }
}

/// A block behind a length of so many bytes, and what follows it.
fn block(bytes: &[u8], width: usize) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_at_checked(width)?;
    rest.split_at_checked(number(length))
}

/// A number in network order, of at most three bytes.
fn number(bytes: &[u8]) -> usize {
    bytes
        .iter()
        .fold(0, |number, byte| number << 8 | usize::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn extension(kind: u16, data: &[u8]) -> Vec<u8> {
        let mut bytes = kind.to_be_bytes().to_vec();
        bytes.extend((data.len() as u16).to_be_bytes());
        bytes.extend(data);
        bytes
    }

    fn hello(version: [u8; 2], extensions: &[u8]) -> Vec<u8> {
        let mut body = version.to_vec();
        body.extend([b'R'; 32]);
        body.extend(b"\x04sess\0\x02\0\x2f\x01\0");
        body.extend((extensions.len() as u16).to_be_bytes());
        body.extend(extensions);
        let mut bytes = b"\x16\x03\x01".to_vec();
        bytes.extend((body.len() as u16 + 4).to_be_bytes());
        bytes.extend([1, 0]);
        bytes.extend((body.len() as u16).to_be_bytes());
        bytes.extend(body);
        bytes
    }

    fn full() -> Vec<u8> {
        let extensions = [
            extension(35, b"ticket"),
            extension(16, b"\0\x0c\x02h2\x08http/1.1"),
            extension(0, b"\0\x0c\0\0\x09a.example"),
            extension(10, b"\0\x02\0\x17"),
        ];
        hello([3, 3], &extensions.concat())
    }

    // Values recorded from the reference.
    #[test]
    fn a_hello_names_server_protocol_and_version() {
        let bytes = full();
        assert_eq!(hello_type(&bytes), Peek::Value(1));
        assert_eq!(version(&bytes), Peek::Value(0x30003));
        let Peek::Value(found) = client_hello(&bytes) else {
            panic!("no hello");
        };
        assert_eq!(found.server_name(), Some(&b"a.example"[..]));
        assert_eq!(found.protocol(), Some(&b"h2"[..]));
        assert_eq!(found.session_ticket(), Some(&b"ticket"[..]));
        assert!(found.has_curves());
    }

    #[test]
    fn a_hello_that_comes_in_pieces_is_waited_for() {
        let bytes = full();
        for length in 0..bytes.len() {
            let part = &bytes[..length];
            assert_eq!(hello_type(part), Peek::NotYet, "{length}");
            assert_eq!(version(part), Peek::NotYet, "{length}");
            assert_eq!(client_hello(part), Peek::NotYet, "{length}");
        }
    }

    #[test]
    fn lengths_that_point_outside_give_nothing() {
        let name = |data: &[u8]| {
            let bytes = hello([3, 3], &extension(0, data));
            client_hello(&bytes).and_then(|hello| hello.server_name().map(<[u8]>::to_vec))
        };
        assert_eq!(name(b"\0\x06\0\0\x03x.y"), Peek::Value(b"x.y".to_vec()));
        assert_eq!(name(b"\0\x10\0\0\x03x.y"), Peek::Absent);
        assert_eq!(name(b"\0\x06\0\0\x09x.y"), Peek::Absent);
        assert_eq!(name(b"\0\x06\x01\0\x03x.y"), Peek::Absent);
        assert_eq!(
            client_hello(&hello([3, 0], &extension(0, b""))),
            Peek::Absent
        );
        assert_eq!(client_hello(b"GET / HTTP/1.1\r\n"), Peek::Absent);
    }

    #[test]
    fn a_hello_in_the_format_of_ssl_2_has_a_version() {
        let mut bytes = b"\x80\x1c\x01\x03\x01\0\x03\0\0\0\x10".to_vec();
        bytes.extend([b'c'; 19]);
        assert_eq!(version(&bytes), Peek::Value(0x30001));
        assert_eq!(hello_type(&bytes), Peek::Absent);
        assert_eq!(version(&bytes[..12]), Peek::NotYet);
        bytes[6] = 4;
        assert_eq!(version(&bytes), Peek::Absent);
    }
}
