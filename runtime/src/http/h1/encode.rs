//! From a [`Head`] to bytes, in one pass.

use super::super::message::{Head, Span, Version};

/// Appends a head with its empty line to `out`. A version beyond 1.1 is written as 1.1, an older one as it is.
pub fn encode_head(head: &Head, out: &mut Vec<u8>) {
    out.reserve(encoded_length(head));
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
    encode_fields(head, out);
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
