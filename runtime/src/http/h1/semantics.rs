//! What the header fields of a decoded head say about framing, host and connection, and the tidying that the
//! reference does before any rule sees the head.

use super::super::message::{Head, Span, Version, elements, raw_elements};
use super::super::name::Name;
use super::super::uri::{self, Target};
use super::decode::{DecodeError, ErrorKind, Limits};

type Check = Result<(), DecodeError>;

/// Checks a request and notes its facts.
pub(super) fn request(head: &mut Head, limits: &Limits) -> Check {
    hosts(head)?;
    target(head, limits)?;
    framing(head, true)?;
    connection(head);
    web_socket_key(head)?;
    head.facts.expect_continue = head.version() >= Version::HTTP_11
        && head
            .all_of(Name::Expect)
            .any(|value| value.eq_ignore_ascii_case(b"100-continue"));
    let facts = head.facts;
    if facts.content_length.is_some_and(|length| length > 0)
        && head.version() < Version::HTTP_11
        && !limits.any_method_payload
        && matches!(head.method(), b"GET" | b"HEAD" | b"DELETE")
    {
        return Err(at_end_of(
            head,
            Name::ContentLength,
            ErrorKind::UnexpectedPayload,
        ));
    }
    Ok(())
}

/// Checks a response and notes its facts.
pub(super) fn response(head: &mut Head, _limits: &Limits) -> Check {
    framing(head, false)?;
    connection(head);
    let switches = head.status() == 101 && head.facts.upgrade && offers_web_socket(head);
    if switches && head.first(b"sec-websocket-accept").is_none() {
        return Err(at_end_of(head, Name::Upgrade, ErrorKind::BadWebSocketKey));
    }
    Ok(())
}

fn at_end_of(head: &Head, id: Name, kind: ErrorKind) -> DecodeError {
    let field = head.fields().iter().rev().find(|field| field.id == id);
    DecodeError {
        kind,
        position: field.map_or(0, |field| field.value.end as usize),
    }
}

/// Equal Host fields count as one (the first stays); different ones are refused.
fn hosts(head: &mut Head) -> Check {
    let Some(first) = head.position_of(Name::Host, 0) else {
        return Ok(());
    };
    while let Some(next) = head.position_of(Name::Host, first + 1) {
        if !head.value(next).eq_ignore_ascii_case(head.value(first)) {
            return Err(at_end_of(head, Name::Host, ErrorKind::BadHost));
        }
        head.remove_at(next);
    }
    Ok(())
}

/// Compares the target's authority with the Host field and takes default ports away (RFC 9112 §3.2).
fn target(head: &mut Head, limits: &Limits) -> Check {
    let connect = head.method() == b"CONNECT";
    if !connect && matches!(head.uri().first(), Some(b'/' | b'*')) {
        return Ok(());
    }
    let uri_at = head.uri_span();
    let target = Target::of(head.uri());
    let authority = uri::host_and_port(target.authority.unwrap_or_default());
    let (name, port) = uri::split_port(authority);
    let scheme = target.scheme;
    if connect && !limits.accept_invalid && (name.is_empty() || port.is_none_or(<[u8]>::is_empty)) {
        return Err(DecodeError {
            kind: ErrorKind::BadConnectTarget,
            position: uri_at.end as usize,
        });
    }
    if authority.is_empty() {
        return Ok(());
    }
    let default_port = port
        .is_some_and(|port| (connect || scheme.is_some()) && uri::is_default_port(scheme, port));
    let host_index = head.position_of(Name::Host, 0);
    let host = host_index.map(|index| head.value(index));
    let verdict = host.map_or(HostVerdict::Same, |host| {
        compare(host, authority, name, scheme, connect, default_port)
    });
    if matches!(verdict, HostVerdict::Other) && !limits.accept_invalid {
        return Err(at_end_of(head, Name::Host, ErrorKind::BadHost));
    }
    let name_length = name.len();
    if default_port && !connect {
        // The target loses its default port, and Host becomes what is left.
        let name = name.to_vec();
        let cut = port.map_or(0, |port| port.len() + 1);
        let start = target.before_path().len() - cut;
        let mut shorter = head.uri()[..start].to_vec();
        shorter.extend_from_slice(&head.uri()[start + cut..]);
        head.set_uri(&shorter);
        if let (Some(index), HostVerdict::Same | HostVerdict::SamePort) = (host_index, verdict) {
            head.replace_value(index, &name);
        }
    } else if let (true, Some(index), HostVerdict::SamePort) = (default_port, host_index, verdict) {
        head.narrow_value(index, 0, name_length);
    } else {
        head.narrow_uri(Span {
            start: uri_at.start,
            end: uri_at.end,
        });
    }
    Ok(())
}

#[derive(Clone, Copy, Debug)]
enum HostVerdict {
    Same,
    /// The same with its default port.
    SamePort,
    Other,
}

fn compare(
    host: &[u8],
    authority: &[u8],
    name: &[u8],
    scheme: Option<&[u8]>,
    connect: bool,
    default_port: bool,
) -> HostVerdict {
    if host.eq_ignore_ascii_case(authority) {
        return if default_port {
            HostVerdict::SamePort
        } else {
            HostVerdict::Same
        };
    }
    if default_port && host.eq_ignore_ascii_case(name) {
        return HostVerdict::Same;
    }
    if !connect && scheme.is_some() {
        let wanted = if default_port { name } else { authority };
        let (host_name, host_port) = uri::split_port(host);
        if host_port.is_some_and(|port| uri::is_default_port(scheme, port))
            && host_name.eq_ignore_ascii_case(wanted)
        {
            return HostVerdict::Same;
        }
    }
    HostVerdict::Other
}

/// Content-Length and Transfer-Encoding (RFC 9112 §6).
fn framing(head: &mut Head, request: bool) -> Check {
    let length = content_length(head)?;
    let encoded = transfer_encoding(head)?;
    let old = head.version() < Version::HTTP_11;
    if encoded && request && (old || head.method() == b"CONNECT") {
        // The reference forwards both (RFC 9112 §6.1 calls the first faulty; RFC 9110 §9.3.6 has no body for CONNECT).
        let kind = if old {
            ErrorKind::TransferEncodingInOldVersion
        } else {
            ErrorKind::BadTransferEncoding
        };
        return Err(at_end_of(head, Name::TransferEncoding, kind));
    }
    head.facts.ambiguous = encoded && old;
    head.facts.chunked = encoded;
    if encoded && length.is_some() {
        // Transfer-Encoding wins; the connection isn't used again, since another reader may have seen it otherwise.
        head.remove_of(Name::ContentLength);
        head.facts.ambiguous = true;
    } else {
        head.facts.content_length = length;
    }
    Ok(())
}

/// All values, and all elements of each, must be the same number; one field with one number stays.
fn content_length(head: &mut Head) -> Result<Option<u64>, DecodeError> {
    let Some(first) = head.position_of(Name::ContentLength, 0) else {
        return Ok(None);
    };
    let mut length = None;
    for index in first..head.len() {
        if head.fields()[index].id != Name::ContentLength {
            continue;
        }
        for element in raw_elements(head.value(index)) {
            let number =
                decimal(element).filter(|number| length.is_none_or(|length| length == *number));
            if number.is_none() {
                let position = head.fields()[index].value.end as usize;
                return Err(DecodeError {
                    kind: ErrorKind::BadContentLength,
                    position,
                });
            }
            length = number;
        }
    }
    while let Some(next) = head.position_of(Name::ContentLength, first + 1) {
        head.remove_at(next);
    }
    let value = head.value(first);
    if let Some(comma) = memchr::memrchr(b',', value) {
        let from = value.len() - value[comma + 1..].trim_ascii_start().len();
        head.narrow_value(first, from, value.len());
    }
    Ok(length)
}

/// Digits only, at most 2^63 − 1.
fn decimal(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0u64, |sum, digit| {
        let digit = digit.is_ascii_digit().then(|| u64::from(digit - b'0'))?;
        sum.checked_mul(10)?
            .checked_add(digit)
            .filter(|sum| *sum <= i64::MAX as u64)
    })
}

/// Whether the message is chunked: `chunked` must be there once, last, and alone.
fn transfer_encoding(head: &Head) -> Result<bool, DecodeError> {
    if !head.has(Name::TransferEncoding) {
        return Ok(false);
    }
    let (mut chunked, mut other) = (false, false);
    for value in head.all_of(Name::TransferEncoding) {
        let mut pieces = raw_elements(value).peekable();
        while let Some(encoding) = pieces.next() {
            if encoding.is_empty() && pieces.peek().is_none() {
                continue;
            }
            if chunked {
                return Err(at_end_of(
                    head,
                    Name::TransferEncoding,
                    ErrorKind::BadTransferEncoding,
                ));
            }
            chunked = encoding.eq_ignore_ascii_case(b"chunked");
            other |= !chunked;
        }
    }
    let kind = match (chunked, other) {
        (false, _) => ErrorKind::BadTransferEncoding,
        (true, true) => ErrorKind::UnsupportedTransferEncoding,

        (true, false) => return Ok(true),
    };
    Err(at_end_of(head, Name::TransferEncoding, kind))
}

/// The tokens of Connection that concern the proxy.
fn connection(head: &mut Head) {
    let mut facts = head.facts;
    for value in head.all_of(Name::Connection) {
        match value {
            b"keep-alive" => facts.keep_alive = true,
            b"close" => facts.close = true,
            _ => {
                for token in elements(value) {
                    facts.close |= token.eq_ignore_ascii_case(b"close");
                    facts.keep_alive |= token.eq_ignore_ascii_case(b"keep-alive");
                    facts.upgrade |= token.eq_ignore_ascii_case(b"upgrade");
                }
            }
        }
    }
    facts.upgrade &= head.has(Name::Upgrade);
    head.facts = facts;
}

/// A request for WebSocket needs a key of 24 characters (16 bytes in base64); the reference refuses it otherwise.
fn web_socket_key(head: &Head) -> Check {
    let needed = head.facts.upgrade && offers_web_socket(head);
    if needed
        && head
            .first(b"sec-websocket-key")
            .is_none_or(|key| key.len() != 24)
    {
        return Err(at_end_of(head, Name::Upgrade, ErrorKind::BadWebSocketKey));
    }
    Ok(())
}

fn offers_web_socket(head: &Head) -> bool {
    head.all_of(Name::Upgrade)
        .flat_map(elements)
        .any(|protocol| protocol.eq_ignore_ascii_case(b"websocket"))
}
