//! From a [`Head`] to bytes, in one pass.

use super::super::{
    message::{Head, Span, Version},
    name_case::NameCase,
};

/// The same as [`encode_head`] with names as `names` has them.
pub fn encode_head_as(head: &Head, names: Option<&NameCase>, out: &mut Vec<u8>) {
    let Some(names) = names else {
        return encode_head(head, out);
    };
    encode_line(head, out);
    encode_fields_as(head, names, out);
}

/// The same as [`encode_fields`] with names as `names` has them.
pub fn encode_fields_as(head: &Head, names: &NameCase, out: &mut Vec<u8>) {
    for (name, value) in head.iter() {
        out.extend_from_slice(names.of(name));
        out.extend_from_slice(b": ");
        out.extend_from_slice(value);
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b"\r\n");
}

/// Appends a head with its empty line to `out`. A version beyond 1.1 is written as 1.1, an older one as it is.
pub fn encode_head(head: &Head, out: &mut Vec<u8>) {
    out.reserve(encoded_length(head));
    encode_line(head, out);
    encode_fields(head, out);
}

fn encode_line(head: &Head, out: &mut Vec<u8>) {
    let version = if head.version() >= Version::HTTP_11 {
        b"HTTP/1.1"
    } else {
        head.version_text()
    };
    if head.is_request() {
        out.extend_from_slice(head.method());
        out.push(b' ');
        out.extend_from_slice(head.uri());
        out.push(b' ');
        out.extend_from_slice(version);
    } else {
        out.extend_from_slice(version);
        out.push(b' ');
        out.extend_from_slice(itoa::Buffer::new().format(head.status()).as_bytes());
        out.push(b' ');
        out.extend_from_slice(head.reason());
    }
    out.extend_from_slice(b"\r\n");
}

/// Appends the fields of a head (or of a trailer section) and the empty line behind them.
pub fn encode_fields(head: &Head, out: &mut Vec<u8>) {
    let range = |start, end| head.slice(Span { start, end });
    // Lines that stand as they leave, one behind the other.
    let (mut start, mut end) = (0, 0);
    for field in head.fields() {
        let (name, value) = (field.name, field.value);
        if range(name.end, value.start) == b": " && range(value.end, value.end + 2) == b"\r\n" {
            if end != name.start {
                out.extend_from_slice(range(start, end));
                start = name.start;
            }
            end = value.end + 2;
            continue;
        }
        out.extend_from_slice(range(start, end));
        (start, end) = (0, 0);
        out.extend_from_slice(head.slice(name));
        out.extend_from_slice(b": ");
        out.extend_from_slice(head.slice(value));
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(range(start, end));
    out.extend_from_slice(b"\r\n");
}

/// Bytes that [`encode_head`] appends, at most.
pub fn encoded_length(head: &Head) -> usize {
    let line = head.method().len()
        + head.uri().len()
        + head.reason().len()
        + head.version_text().len().max(8)
        + 8;
    line + head
        .iter()
        .map(|(name, value)| name.len() + value.len() + 4)
        .sum::<usize>()
        + 2
}
