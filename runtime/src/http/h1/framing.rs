//! How a message's body ends, whether its connection lives on, and what a head becomes on its way to the other side.
//!
//! The `prepare_*` functions come last, after every rule: the reference appends its `connection` line behind all
//! other headers.

use super::super::message::{Field, Head, Version, trim};
use super::super::name::Name;
use super::body::BodyFraming;

/// What a received head says about its exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Framing {
    /// How the body ends.
    pub body: BodyFraming,
    /// The sender would keep its connection.
    pub keep_alive: bool,
    /// The sender asks for another protocol (request), or agrees to it (101).
    pub upgrade: bool,
    /// The sender waits for `100 Continue` before its body.
    pub expect_continue: bool,
}

/// Which connections a proxy keeps: `option http-keep-alive`, `http-server-close`, `httpclose`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ConnectionMode {
    /// Both sides.
    #[default]
    KeepAlive,
    /// The client's only.
    ServerClose,
    /// None.
    Close,
}

impl ConnectionMode {
    /// Whether a frontend of this mode lets clients stay; the backend's mode has no say in it.
    pub fn keeps_client(self) -> bool {
        self != Self::Close
    }

    /// Whether the server's connection is kept under a frontend of this mode and that backend's: both must keep it.
    pub fn keeps_server(self, backend: Self) -> bool {
        self == Self::KeepAlive && backend == Self::KeepAlive
    }
}

/// Framing of a request.
pub fn request_framing(head: &Head) -> Framing {
    let facts = head.facts;
    let body = match facts.content_length {
        _ if head.method() == b"CONNECT" => BodyFraming::Tunnel,
        _ if facts.chunked => BodyFraming::Chunked,
        Some(length) if length > 0 => BodyFraming::Length(length),
        _ => BodyFraming::Empty,
    };
    Framing {
        body,
        keep_alive: wants_keep_alive(head),
        // A request with a body can't change the protocol.
        upgrade: facts.upgrade && body == BodyFraming::Empty,
        expect_continue: facts.expect_continue
            && matches!(body, BodyFraming::Length(_) | BodyFraming::Chunked),
    }
}

/// Framing of a response to a request of `method`; `upgrade_asked` is the request's [`Framing::upgrade`].
///
/// None: a 101 that nobody asked for or that lacks `Connection: upgrade`, which is the server's fault (502, `PH`).
pub fn response_framing(head: &Head, method: &[u8], upgrade_asked: bool) -> Option<Framing> {
    let facts = head.facts;
    let status = head.status();
    let body = match status {
        101 if upgrade_asked && names_upgrade(head) => BodyFraming::Tunnel,
        101 => return None,
        100..=199 | 204 | 304 => BodyFraming::Empty,
        200..=299 if method == b"CONNECT" => BodyFraming::Tunnel,
        _ if method == b"HEAD" => BodyFraming::Empty,
        _ if facts.chunked => BodyFraming::Chunked,
        _ => match facts.content_length {
            Some(0) => BodyFraming::Empty,
            Some(length) => BodyFraming::Length(length),
            None => BodyFraming::UntilClose,
        },
    };
    let ends_with_close = matches!(body, BodyFraming::UntilClose | BodyFraming::Tunnel);
    Some(Framing {
        body,
        keep_alive: wants_keep_alive(head) && !ends_with_close,
        upgrade: status == 101,
        expect_continue: false,
    })
}

/// Whether a response is an interim one, with the final one behind it on the same exchange.
pub fn is_interim(status: u16) -> bool {
    matches!(status, 100..=199) && status != 101
}

fn wants_keep_alive(head: &Head) -> bool {
    let facts = head.facts;
    !facts.close && !facts.ambiguous && (facts.keep_alive || head.version() >= Version::HTTP_11)
}

fn names_upgrade(head: &Head) -> bool {
    let mut tokens = head
        .all_of(Name::Connection)
        .flat_map(|value| value.split(|&byte| byte == b','));
    tokens.any(|token| trim(token).eq_ignore_ascii_case(b"upgrade"))
}

/// Readies a request's head for the server: hop-by-hop matters of the client's side go, ours are added.
///
/// `keep_alive`: what is announced to the server (also under `option http-pretend-keepalive`).
pub fn prepare_request_for_server(head: &mut Head, framing: &Framing, keep_alive: bool) {
    strip_connection_tokens(head);
    if matches!(framing.body, BodyFraming::Length(_) | BodyFraming::Chunked) && head.facts.upgrade {
        head.remove_of(Name::Upgrade);
    }
    if framing.body == BodyFraming::Tunnel {
        head.remove_of(Name::ContentLength);
    }
    mark_connection(head, keep_alive, head.version());
}

/// The client's side of an exchange, for [`prepare_response_for_client`].
#[derive(Clone, Copy, Debug)]
pub struct ClientConnection {
    /// Version of its request.
    pub version: Version,
    /// Its connection would be kept: it asked so, and neither the mode nor a stop is against it.
    pub keep_alive: bool,
}

/// How a response leaves to its client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientFraming {
    /// Framing of the body to be sent.
    pub body: BodyFraming,
    /// The connection lives on behind it.
    pub keep_alive: bool,
}

/// Readies a response's head for the client; `framing` is the received response's.
///
/// A client or a response older than 1.1 gets a chunked body without chunks, ended by the close (RFC 9112 §6.1; the
/// reference sends it chunks all the same).
pub fn prepare_response_for_client(
    head: &mut Head,
    framing: &Framing,
    client: ClientConnection,
) -> ClientFraming {
    strip_connection_tokens(head);
    let status = head.status();
    if matches!(status, 100..=199 | 204) || framing.body == BodyFraming::Tunnel {
        head.remove_of(Name::ContentLength);
        head.remove_of(Name::TransferEncoding);
    }
    if is_interim(status) {
        return ClientFraming {
            body: BodyFraming::Empty,
            keep_alive: true,
        };
    }
    if framing.body == BodyFraming::Tunnel {
        return ClientFraming {
            body: BodyFraming::Tunnel,
            keep_alive: false,
        };
    }
    let mut body = framing.body;
    if client.version.min(head.version()) < Version::HTTP_11 && head.facts.chunked {
        head.remove_of(Name::TransferEncoding);
        if body == BodyFraming::Chunked {
            body = BodyFraming::UntilClose;
        }
    }
    let keep_alive = client.keep_alive && body != BodyFraming::UntilClose;
    mark_connection(head, keep_alive, client.version);
    ClientFraming { body, keep_alive }
}

/// Appends the `connection` line that tells the peer what its version doesn't imply. A head that names `upgrade`
/// gets none, as in the reference.
fn mark_connection(head: &mut Head, keep_alive: bool, peer: Version) {
    if head.has(Name::Connection) && names_upgrade(head) {
        return;
    }
    let old_head = head.version() < Version::HTTP_11;
    match keep_alive {
        true if old_head || peer < Version::HTTP_11 => head.add(b"connection", b"keep-alive"),
        false if !old_head => head.add(b"connection", b"close"),
        _ => {}
    }
}

/// Takes the words away that a connection's two ends say to each other: what rules see of a message has none of them.
pub fn hide_connection_tokens(head: &mut Head) {
    if head.facts.close || head.facts.keep_alive {
        strip_connection_tokens(head);
    }
}

/// Takes `close` and `keep-alive` out of the Connection fields, and fields that become empty away.
fn strip_connection_tokens(head: &mut Head) {
    let mut from = 0;
    while let Some(index) = head.position_of(Name::Connection, from) {
        let kept = strip_value(head.value_mut(index));
        if kept == 0 {
            head.remove_at(index);
        } else {
            head.narrow_value(index, 0, kept);
            from = index + 1;
        }
    }
}

/// What a received head counts in the books: 20, its start line's three parts, names and values of its fields without
/// separators, and 1; the connection tokens `close` and `keep-alive` are not part of it. The reference accounts so
/// whatever the bytes on the wire were.
pub fn head_weight(head: &Head) -> u64 {
    let start = match head.is_request() {
        true => head.method().len() + head.uri().len(),
        // A status always has three digits.
        false => 3 + head.reason().len(),
    } + head.version_text().len();
    (21 + start + fields_weight(head)) as u64
}

/// What trailers count: their names and values, and 1 for their end.
pub fn trailers_weight(trailers: Option<&Head>) -> u64 {
    trailers.map_or(1, |fields| 1 + fields_weight(fields) as u64)
}

fn fields_weight(head: &Head) -> usize {
    let weigh = |field: &Field| {
        let whole = field.name.len() + field.value.len();
        if field.id != Name::Connection {
            return whole;
        }
        let (name, value) = (head.slice(field.name), head.slice(field.value));
        let is_list = memchr::memchr(b',', value).is_some();
        if !(is_list || goes(value)) {
            return whole;
        }
        match if is_list {
            strip_value(&mut value.to_vec())
        } else {
            0
        } {
            0 => 0,
            kept => name.len() + kept,
        }
    };
    head.fields().iter().map(weigh).sum()
}

/// A connection token that each side says for itself.
fn goes(token: &[u8]) -> bool {
    token.eq_ignore_ascii_case(b"close") || token.eq_ignore_ascii_case(b"keep-alive")
}

/// Rewrites one value in place and tells its new length. What stands before the first token that goes keeps its
/// white space; what follows moves up without it.
fn strip_value(value: &mut [u8]) -> usize {
    let (mut read, mut write) = (0, 0);
    let mut moved = false;
    while read <= value.len() {
        let end = memchr::memchr(b',', &value[read..]).map_or(value.len(), |at| read + at);
        let token = trim(&value[read..end]);
        if goes(token) {
            moved = true;
        } else {
            let (start, stop) = if moved {
                let start = end - value[read..end].trim_ascii_start().len();
                (start, start + value[start..end].trim_ascii_end().len())
            } else {
                (read, end)
            };
            if write > 0 || (!moved && read > 0) {
                value[write] = b',';
                write += 1;
            }
            value.copy_within(start..stop, write);
            write += stop - start;
        }
        read = end + 1;
    }
    while write > 0 && matches!(value[write - 1], b',' | b' ' | b'\t') {
        write -= 1;
    }
    write
}

#[cfg(test)]
#[path = "framing_tests.rs"]
mod tests;
