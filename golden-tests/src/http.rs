//! As much HTTP/1 as a scripted peer needs: where a head ends and how long the message behind it is.

/// How the end of a body is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// So many bytes (0 without a body).
    Length(usize),
    /// Chunks, then trailers.
    Chunked,
    /// Up to the end of the connection.
    UntilClose,
}

/// The length of the head, its empty line included; a bare LF ends lines too.
#[must_use]
pub fn head_length(bytes: &[u8]) -> Option<usize> {
    let mut line_start = 0;
    for (at, byte) in bytes.iter().enumerate() {
        if *byte != b'\n' {
            continue;
        }
        let line = &bytes[line_start..at];
        if at > 1 && (line.is_empty() || line == b"\r") {
            return Some(at + 1);
        }
        line_start = at + 1;
    }
    None
}

/// The framing of a request with this head.
#[must_use]
pub fn request_framing(head: &[u8]) -> Framing {
    framing(head, Framing::Length(0))
}

/// The framing of a response with this head to a request that was not HEAD.
#[must_use]
pub fn response_framing(head: &[u8]) -> Framing {
    let status: Vec<u8> = head
        .split(|b| *b == b' ')
        .nth(1)
        .unwrap_or_default()
        .to_vec();
    match status.as_slice() {
        [b'1', ..] | b"204" | b"304" => Framing::Length(0),
        _ => framing(head, Framing::UntilClose),
    }
}

fn framing(head: &[u8], otherwise: Framing) -> Framing {
    let text = String::from_utf8_lossy(head).to_ascii_lowercase();
    let mut found = otherwise;
    for line in text.lines().skip(1) {
        let Some((name, value)) = line.split_once(':') else {
            continue;
        };
        match name.trim() {
            "transfer-encoding" if value.contains("chunked") => return Framing::Chunked,
            "content-length" => {
                if let Ok(length) = value.trim().parse() {
                    found = Framing::Length(length);
                }
            }
            _ => {}
        }
    }
    found
}

/// The length of a chunked body with its trailers, or None while it isn't complete.
#[must_use]
pub fn chunked_length(body: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        let line_end = at + body.get(at..)?.iter().position(|b| *b == b'\n')?;
        let line = String::from_utf8_lossy(&body[at..line_end]).into_owned();
        let digits = line.split([';', '\r', ' ']).next().unwrap_or_default();
        let size = usize::from_str_radix(digits, 16).ok()?;
        at = line_end + 1;
        if size == 0 {
            break;
        }
        at = at.checked_add(size)?;
        let after = body.get(at..)?;
        at += if after.starts_with(b"\r\n") { 2 } else { 1 };
    }
    // Trailers: lines up to an empty one.
    loop {
        let line_end = at + body.get(at..)?.iter().position(|b| *b == b'\n')?;
        let empty = matches!(&body[at..line_end], b"" | b"\r");
        at = line_end + 1;
        if empty {
            return Some(at);
        }
    }
}

/// The length of the body at the start of `rest`: `None` while it isn't complete.
#[must_use]
pub fn body_length(framing: Framing, rest: &[u8]) -> Option<usize> {
    match framing {
        Framing::Length(length) => (rest.len() >= length).then_some(length),
        Framing::Chunked => chunked_length(rest),
        Framing::UntilClose => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_ends_after_its_empty_line() {
        assert_eq!(head_length(b"GET / HTTP/1.1\r\n\r\nrest"), Some(18));
        assert_eq!(head_length(b"GET / HTTP/1.1\n\nrest"), Some(16));
        assert_eq!(head_length(b"GET / HTTP/1.1\r\nHost: a\r\n"), None);
    }

    #[test]
    fn a_chunked_body_ends_after_its_trailers() {
        assert_eq!(chunked_length(b"2\r\nab\r\n0\r\n\r\n"), Some(12));
        assert_eq!(
            chunked_length(b"2;x\r\nab\r\n0\r\nT: 1\r\n\r\nGET"),
            Some(20)
        );
        assert_eq!(chunked_length(b"2\r\nab\r\n0\r\n"), None);
    }

    #[test]
    fn a_response_without_length_ends_with_its_connection() {
        assert_eq!(
            response_framing(b"HTTP/1.0 200 OK\r\n\r\n"),
            Framing::UntilClose
        );
        assert_eq!(
            response_framing(b"HTTP/1.1 304 NM\r\n\r\n"),
            Framing::Length(0)
        );
    }
}
