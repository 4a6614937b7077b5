//! A head as the lines it came in: for rules that match and rewrite whole lines.
//!
//! A line is what stood on the wire without its end, with names in the case they came in
//! ([`Limits::keep_case`](crate::http::h1::decode::Limits)) and with the blanks around values. What is put back has to
//! be a line of a head again, so that nobody reads another message than we did.

use super::{Field, Head, Name, Span, Version, trim};
use crate::http::h1::class::{LENIENT_TARGET, TOKEN, end_of};

/// A text that can't stand where a line stood: no request line, no status line, no field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotALine;

impl Head {
    /// Writes the start line.
    pub fn start_line(&self, out: &mut Vec<u8>) {
        out.clear();
        if self.is_request() {
            out.extend_from_slice(self.method());
            out.push(b' ');
            out.extend_from_slice(self.uri());
            out.push(b' ');
            out.extend_from_slice(self.version_text());
        } else {
            out.extend_from_slice(self.version_text());
            out.push(b' ');
            out.extend_from_slice(itoa::Buffer::new().format(self.status()).as_bytes());
            out.push(b' ');
            out.extend_from_slice(self.reason());
        }
    }

    /// Writes the line of field `index`; nothing if there is none.
    pub fn field_line(&self, index: usize, out: &mut Vec<u8>) {
        out.clear();
        let Some(&Field { name, value, .. }) = self.fields.get(index) else {
            return;
        };
        let names = self.cased.as_deref().unwrap_or(&self.bytes);
        out.extend_from_slice(name.of(names));
        let between = Span {
            start: name.end,
            end: value.start,
        };
        let between = match name.end < value.start {
            true => between.of(&self.bytes),
            false => b"",
        };
        match between.split_first() {
            Some((b':', blanks)) if blanks.iter().all(|byte| matches!(byte, b' ' | b'\t')) => {
                out.extend_from_slice(between);
            }
            _ => out.extend_from_slice(b": "),
        }
        out.extend_from_slice(value.of(&self.bytes));
        let behind = self.bytes.get(value.end as usize..).unwrap_or_default();
        let blanks = behind
            .iter()
            .take_while(|byte| matches!(byte, b' ' | b'\t'));
        let count = blanks.count();
        // Blanks that end with the line, not those of a longer value which stood here before.
        if behind.get(count) == Some(&b'\r') {
            out.extend_from_slice(&behind[..count]);
        }
    }

    /// Puts another start line in. The version keeps its form `HTTP/1.x`; a response keeps having a body or none, and a
    /// request doesn't become a CONNECT: either would end the message elsewhere than its sender meant.
    ///
    /// # Errors
    /// The text is no such line; the head is unchanged.
    pub fn replace_start_line(&mut self, line: &[u8]) -> Result<(), NotALine> {
        if self.is_request() {
            self.replace_request_line(line)
        } else {
            self.replace_status_line(line)
        }
    }

    fn replace_request_line(&mut self, line: &[u8]) -> Result<(), NotALine> {
        let mut words = line.split(|&byte| byte == b' ').filter(|w| !w.is_empty());
        let (Some(method), Some(uri), Some(version), None) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            return Err(NotALine);
        };
        let version = version_of(version)?;
        let connects = |method: &[u8]| method == b"CONNECT";
        if end_of(TOKEN, method, 0) != method.len()
            || end_of(LENIENT_TARGET, uri, 0) != uri.len()
            || connects(method) != connects(self.method())
        {
            return Err(NotALine);
        }
        let (method, uri) = (method.to_vec(), uri.to_vec());
        self.set_method(&method);
        self.set_uri(&uri);
        self.set_version(version);
        Ok(())
    }

    fn replace_status_line(&mut self, line: &[u8]) -> Result<(), NotALine> {
        let (version, rest) = line.split_at_checked(8).ok_or(NotALine)?;
        let version = version_of(version)?;
        let rest = rest.strip_prefix(b" ").ok_or(NotALine)?.trim_ascii_start();
        let (digits, reason) = rest.split_at_checked(3).ok_or(NotALine)?;
        let status = std::str::from_utf8(digits)
            .ok()
            .filter(|digits| digits.bytes().all(|digit| digit.is_ascii_digit()))
            .and_then(|digits| digits.parse::<u16>().ok())
            .ok_or(NotALine)?;
        let reason = match reason.split_first() {
            None => reason,
            Some((b' ', reason)) if is_value(reason) => reason,
            _ => return Err(NotALine),
        };
        let bodiless = |status| matches!(status, 0..=199 | 204 | 304 | 1000..);
        if bodiless(status) != bodiless(self.status()) {
            return Err(NotALine);
        }
        let reason = reason.to_vec();
        self.set_status(status, &reason);
        self.set_version(version);
        Ok(())
    }

    /// Puts another line in place of field `index`.
    ///
    /// # Errors
    /// The text is no field; the head is unchanged.
    pub fn replace_field_line(&mut self, index: usize, line: &[u8]) -> Result<(), NotALine> {
        let (name, value) = field_of(line)?;
        self.remove_at(index);
        self.insert(index, name, value);
        Ok(())
    }

    /// Puts a line before field `index`, or last if there are fewer.
    ///
    /// # Errors
    /// The text is no field.
    pub fn insert_line(&mut self, index: usize, line: &[u8]) -> Result<(), NotALine> {
        let (name, value) = field_of(line)?;
        self.insert(index, name, value);
        Ok(())
    }

    /// The fields that say where the body ends, in order: to be put back if rules touched them.
    pub fn framing_fields(&self) -> Vec<(Vec<u8>, Vec<u8>)> {
        let is_framing =
            |field: &&Field| matches!(field.id, Name::ContentLength | Name::TransferEncoding);
        let pair = |field: &Field| {
            (
                self.slice(field.name).to_vec(),
                self.slice(field.value).to_vec(),
            )
        };
        self.fields.iter().filter(is_framing).map(pair).collect()
    }

    /// Makes them say what they said before: the body was measured by that.
    pub fn restore_framing(&mut self, before: &[(Vec<u8>, Vec<u8>)]) {
        if self.framing_fields() == before {
            return;
        }
        self.remove_of(Name::ContentLength);
        self.remove_of(Name::TransferEncoding);
        for (name, value) in before {
            self.add(name, value);
        }
    }
}

/// `HTTP/1.0` or `HTTP/1.1`: other versions are not what is spoken here.
fn version_of(text: &[u8]) -> Result<Version, NotALine> {
    match text {
        b"HTTP/1.1" => Ok(Version::HTTP_11),
        b"HTTP/1.0" => Ok(Version::HTTP_10),
        _ => Err(NotALine),
    }
}

/// The parts of `name: value`.
fn field_of(line: &[u8]) -> Result<(&[u8], &[u8]), NotALine> {
    let colon = memchr::memchr(b':', line).ok_or(NotALine)?;
    let (name, value) = (&line[..colon], trim(&line[colon + 1..]));
    let sound = !name.is_empty() && end_of(TOKEN, name, 0) == name.len() && is_value(value);
    if sound {
        Ok((name, value))
    } else {
        Err(NotALine)
    }
}

fn is_value(text: &[u8]) -> bool {
    memchr::memchr3(b'\r', b'\n', 0, text).is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn received(text: &[u8]) -> Head {
        use crate::http::{
            Buffer,
            h1::decode::{DecodeState, Decoded, Limits, decode_request, decode_response},
        };
        let mut buffer = Buffer::with_capacity(4096);
        assert_eq!(buffer.append(text), text.len());
        let limits = Limits {
            keep_case: true,
            ..Limits::default()
        };
        let (mut state, mut head) = (DecodeState::default(), Head::new());
        let decode = match text.starts_with(b"HTTP") {
            true => decode_response,
            false => decode_request,
        };
        assert_eq!(
            decode(&mut buffer, &mut state, &mut head, &limits),
            Decoded::Complete
        );
        head
    }

    fn lines(head: &Head) -> Vec<String> {
        let mut line = Vec::new();
        head.start_line(&mut line);
        let mut all = vec![String::from_utf8_lossy(&line).into_owned()];
        for index in 0..head.len() {
            head.field_line(index, &mut line);
            all.push(String::from_utf8_lossy(&line).into_owned());
        }
        all
    }

    #[test]
    fn lines_are_those_of_the_wire() {
        let mut head = received(
            b"GET /a HTTP/1.1\r\nHost:t\r\nX-Fold:  two  \r\nX-EMPTY:\r\nAccept: a\r\n b\r\n\r\n",
        );
        head.add(b"X-Added", b"by a rule");
        assert_eq!(
            lines(&head),
            [
                "GET /a HTTP/1.1",
                "Host:t",
                "X-Fold:  two  ",
                "X-EMPTY:",
                "Accept: a   b",
                "X-Added: by a rule"
            ]
        );
        assert_eq!(head.name(1), b"x-fold");
    }

    #[test]
    fn a_rewritten_line_has_to_be_one() {
        let mut head = received(b"GET /a HTTP/1.1\r\nHost: t\r\n\r\n");
        for bad in [
            &b"bar"[..],
            b"GET  HTTP/1.1",
            b"GET /a b HTTP/1.1",
            b"GET /\x01 HTTP/1.1",
            b"GET /a HTTP/2.0",
            b"CONNECT /a HTTP/1.1",
            b"G:T /a HTTP/1.1",
        ] {
            assert_eq!(head.replace_start_line(bad), Err(NotALine));
        }
        assert_eq!(head.replace_start_line(b"PUT  /b?c  HTTP/1.0"), Ok(()));
        assert_eq!(head.replace_field_line(0, b"bar"), Err(NotALine));
        assert_eq!(head.replace_field_line(0, b"Bad Name: x"), Err(NotALine));
        assert_eq!(head.replace_field_line(0, b"X-Other:<1>"), Ok(()));
        assert_eq!(lines(&head), ["PUT /b?c HTTP/1.0", "X-Other: <1>"]);
        assert_eq!(head.iter().next(), Some((&b"x-other"[..], &b"<1>"[..])));
    }

    #[test]
    fn a_status_is_rewritten_within_its_kind() {
        let mut head = received(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
        assert_eq!(head.replace_start_line(b"HTTP/1.1 410 Gone"), Ok(()));
        assert_eq!((head.status(), head.reason()), (410, &b"Gone"[..]));
        for bad in [
            &b"HTTP/1.1 204 No"[..],
            b"HTTP/1.1 100 Continue",
            b"HTTP/1.1 20",
            b"HTTP/1.1 2000 x",
            b"410 Gone",
        ] {
            assert_eq!(head.replace_start_line(bad), Err(NotALine));
        }
        assert_eq!(head.replace_start_line(b"HTTP/1.0 200"), Ok(()));
        assert_eq!(lines(&head)[0], "HTTP/1.0 200 ");
    }

    #[test]
    fn what_says_where_the_body_ends_comes_back() {
        let mut head = received(b"POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 3\r\nX: y\r\n\r\n");
        let before = head.framing_fields();
        assert_eq!(
            head.replace_field_line(1, b"Transfer-Encoding: chunked"),
            Ok(())
        );
        head.restore_framing(&before);
        assert_eq!(head.first(b"content-length"), Some(&b"3"[..]));
        assert_eq!(head.first(b"transfer-encoding"), None);
    }
}
