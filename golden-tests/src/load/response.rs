//! Reads responses off a connection as they come in: status, length, whether the connection goes on.

/// The head of a response may not be longer than this.
const HEAD_LIMIT: usize = 16 * 1024;

/// A response being received. Bodies are counted, not kept.
#[derive(Debug, Default)]
pub struct Response {
    head: Vec<u8>,
    body: Option<Body>,
}

#[derive(Debug)]
struct Body {
    status: u16,
    left: u64,
    length: u64,
    closes: bool,
}

/// A response that is complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Received {
    /// Its status.
    pub status: u16,
    /// Bytes of its body.
    pub body: u64,
    /// It said `Connection: close`, or didn't say how long it is.
    pub closes: bool,
}

impl Response {
    /// Whether any byte of it has come.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        self.body.is_some() || !self.head.is_empty()
    }

    /// Takes bytes; tells when the response is complete.
    ///
    /// # Errors
    /// The head isn't one of HTTP/1, has no Content-Length, or more bytes follow than the response has.
    pub fn take(&mut self, bytes: &[u8]) -> Result<Option<Received>, &'static str> {
        let mut body_bytes = bytes;
        if self.body.is_none() {
            let before = self.head.len();
            self.head.extend_from_slice(bytes);
            let Some(end) = find(&self.head, b"\r\n\r\n", before.saturating_sub(3)) else {
                return if self.head.len() > HEAD_LIMIT {
                    Err("a head without an end")
                } else {
                    Ok(None)
                };
            };
            self.body = Some(parse(&self.head[..end + 2])?);
            body_bytes = &bytes[end + 4 - before..];
        }
        let Some(body) = &mut self.body else {
            return Ok(None);
        };
        let came = body_bytes.len() as u64;
        if came > body.left {
            return Err("bytes behind the response");
        }
        body.left -= came;
        if body.left > 0 {
            return Ok(None);
        }
        let received = Received {
            status: body.status,
            body: body.length,
            closes: body.closes,
        };
        self.head.clear();
        self.body = None;
        Ok(Some(received))
    }
}

fn parse(head: &[u8]) -> Result<Body, &'static str> {
    let status = head
        .get(9..12)
        .filter(|_| head.starts_with(b"HTTP/1."))
        .and_then(number)
        .and_then(|n| u16::try_from(n).ok())
        .ok_or("not a status line of HTTP/1")?;
    let (mut length, mut closes) = (None, false);
    for line in head.split(|b| *b == b'\n').skip(1) {
        let line = line.trim_ascii_end();
        if let Some(value) = value_of(line, b"content-length:") {
            length = number(value);
        } else if let Some(value) = value_of(line, b"connection:") {
            closes = value.eq_ignore_ascii_case(b"close");
        }
    }
    // Messages made by a proxy itself may end with the connection; they are failures here whatever they hold.
    let (length, closes) = length.map_or((0, true), |l| (l, closes));
    Ok(Body {
        status,
        left: length,
        length,
        closes,
    })
}

fn value_of<'a>(line: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let (start, rest) = line.split_at_checked(name.len())?;
    start
        .eq_ignore_ascii_case(name)
        .then(|| rest.trim_ascii_start())
}

fn number(digits: &[u8]) -> Option<u64> {
    str::from_utf8(digits).ok()?.parse().ok()
}

/// Where `what` begins in `bytes`, looked for from `from`.
#[must_use]
pub fn find(bytes: &[u8], what: &[u8], from: usize) -> Option<usize> {
    bytes
        .get(from..)?
        .windows(what.len())
        .position(|w| w == what)
        .map(|at| at + from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_response_in_pieces_is_the_same_as_in_one() {
        let text = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello";
        let whole = Received {
            status: 200,
            body: 5,
            closes: true,
        };
        for cut in 0..text.len() {
            let mut response = Response::default();
            let (first, rest) = text.split_at(cut);
            assert_eq!(response.take(first), Ok(None), "cut at {cut}");
            assert_eq!(response.has_begun(), cut > 0);
            assert_eq!(response.take(rest), Ok(Some(whole)), "cut at {cut}");
            assert!(!response.has_begun());
        }
    }

    #[test]
    fn what_is_no_response_is_an_error() {
        assert!(Response::default().take(b"SSH-2.0-x\r\n\r\n").is_err());
        assert!(
            Response::default()
                .take(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nab")
                .is_err()
        );
    }
}
