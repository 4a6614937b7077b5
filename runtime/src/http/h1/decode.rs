//! From received bytes to a [`Head`]: strict where the reference is, and where RFC 9112 asks for more.
//!
//! A small state keeps the place between calls, so that a head that comes byte by byte is scanned once. A wrong byte
//! is reported as soon as it is there, before the head is complete, as the reference does.

use super::super::buffer::Buffer;
use super::super::message::{Head, Span, StartLine, Version, trim};
use super::class::{LENIENT_NAME, LENIENT_TARGET, TARGET, TOKEN, VERSION, end_of};
use super::semantics;

pub use super::verdict::{DecodeError, ErrorKind, Limits};

/// The longest name of a field that the reference takes.
const MAX_NAME: usize = 255;

/// What came of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decoded {
    /// The head is there and its bytes are consumed.
    Complete,
    /// More bytes are needed; none were consumed.
    Partial,
    /// The message is refused; its bytes stay for a report.
    Error(DecodeError),
}

/// The place in a message that has not come whole yet.
#[derive(Clone, Debug, Default)]
pub struct DecodeState {
    phase: Phase,
    /// Next byte to look at.
    at: usize,
    /// Where the current part began.
    mark: usize,
    method: Span,
    text: Span,
    version_text: Span,
    version: Version,
    status: u16,
    name: Span,
    folded: bool,
    response: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    #[default]
    Start,
    BlankLine,
    BlankLf,
    Method,
    BeforeTarget,
    Target,
    BeforeVersion,
    Version,
    LineLf,
    ResponseVersion,
    BeforeStatus,
    Status,
    BeforeReason,
    Reason,
    FieldStart,
    Name,
    BeforeValue,
    Value,
    ValueLf,
    EndLf,
}

/// Decodes a request's head from the start of `buffer` into `head`.
///
/// `state` and `head` belong together until the answer is not `Partial`; empty lines before the request line are
/// skipped (RFC 9112 §2.2).
pub fn decode_request(
    buffer: &mut Buffer,
    state: &mut DecodeState,
    head: &mut Head,
    limits: &Limits,
) -> Decoded {
    if state.phase == Phase::Start {
        head.recycle();
        state.phase = Phase::BlankLine;
    }
    decode(buffer, state, head, limits, |state, head, received| {
        let DecodeState {
            method,
            text: uri,
            version_text,
            version,
            ..
        } = *state;
        if limits.keep_case {
            head.keep_case(received);
        }
        head.adopt(
            received,
            StartLine::Request {
                method,
                uri,
                version_text,
                version,
            },
        );
        if version_text == Span::default() {
            head.set_version(Version::HTTP_10);
        }
        unfold(state, head);
        check_weight(head, limits, received.len())?;
        semantics::request(head, limits)
    })
}

/// Decodes a response's head from the start of `buffer` into `head`; as [`decode_request`].
pub fn decode_response(
    buffer: &mut Buffer,
    state: &mut DecodeState,
    head: &mut Head,
    limits: &Limits,
) -> Decoded {
    if state.phase == Phase::Start {
        head.recycle();
        state.phase = Phase::BlankLine;
        state.response = true;
    }
    decode(buffer, state, head, limits, |state, head, received| {
        let DecodeState {
            text: reason,
            version_text,
            version,
            status,
            ..
        } = *state;
        if limits.keep_case {
            head.keep_case(received);
        }
        head.adopt(
            received,
            StartLine::Response {
                version_text,
                version,
                status,
                reason,
            },
        );
        unfold(state, head);
        check_weight(head, limits, received.len())?;
        semantics::response(head, limits)
    })
}

/// Decodes a trailer section, up to and with its empty line, as the fields of `head`.
pub fn decode_trailers(
    buffer: &mut Buffer,
    state: &mut DecodeState,
    head: &mut Head,
    limits: &Limits,
) -> Decoded {
    if state.phase == Phase::Start {
        head.recycle();
        state.phase = Phase::FieldStart;
    }
    decode(buffer, state, head, limits, |state, head, received| {
        head.adopt(received, StartLine::None);
        unfold(state, head);
        check_weight(head, limits, received.len())
    })
}

fn decode(
    buffer: &mut Buffer,
    state: &mut DecodeState,
    head: &mut Head,
    limits: &Limits,
    finish: impl FnOnce(&DecodeState, &mut Head, &[u8]) -> Result<(), DecodeError>,
) -> Decoded {
    let received = buffer.readable();
    let outcome = match state.scan(received, head, limits) {
        Ok(false) if buffer.is_full() => Err(DecodeError {
            kind: ErrorKind::TooLarge,
            position: received.len(),
        }),
        Ok(false) => return Decoded::Partial,
        Ok(true) => finish(state, head, &received[..state.at]),
        Err(error) => Err(error),
    };
    match outcome {
        Ok(()) => {
            buffer.advance(state.at);
            *state = DecodeState::default();
            Decoded::Complete
        }
        Err(error) => {
            *state = DecodeState::default();
            Decoded::Error(error)
        }
    }
}

fn check_weight(head: &Head, limits: &Limits, position: usize) -> Result<(), DecodeError> {
    if !head.fits(0, 0, limits.max_weight) {
        return Err(DecodeError {
            kind: ErrorKind::TooLarge,
            position,
        });
    }
    Ok(())
}

/// Obsolete line folding (RFC 9112 §5.2): each line end inside a value becomes spaces, as in the reference.
fn unfold(state: &DecodeState, head: &mut Head) {
    if !state.folded {
        return;
    }
    for index in 0..head.len() {
        for byte in head.value_mut(index) {
            if matches!(byte, b'\r' | b'\n') {
                *byte = b' ';
            }
        }
        let value = head.value(index);
        let from = value.len() - value.trim_ascii_start().len().min(value.len());
        let to = from + trim(&value[from..]).len();
        head.narrow_value(index, from, to);
    }
}

type Step = Result<bool, DecodeError>;

impl DecodeState {
    /// Goes on where it stopped: true at the end of the head, `at` behind it.
    fn scan(&mut self, b: &[u8], head: &mut Head, limits: &Limits) -> Step {
        loop {
            if self.at >= b.len() {
                return Ok(false);
            }
            let more = match self.phase {
                Phase::Start => return Ok(false),
                Phase::BlankLine => self.blank_line(b),
                Phase::BlankLf => self.expect_lf(b, Phase::BlankLine),
                Phase::Method => self.method(b),
                Phase::BeforeTarget => self.spaces(b, Phase::Target),
                Phase::Target => self.target(b, limits),
                Phase::BeforeVersion => self.spaces(b, Phase::Version),
                Phase::Version => self.request_version(b, limits),
                Phase::ResponseVersion => self.response_version(b, limits),
                Phase::BeforeStatus => self.spaces(b, Phase::Status),
                Phase::Status => self.status(b),
                Phase::BeforeReason => self.spaces(b, Phase::Reason),
                Phase::Reason => self.reason(b, limits),
                Phase::LineLf | Phase::ValueLf => self.expect_lf(b, Phase::FieldStart),
                Phase::FieldStart => {
                    self.whole_fields(b, head, limits);
                    self.field_start(b, head, limits)
                }
                Phase::Name => self.field_name(b, limits),
                Phase::BeforeValue => self.spaces(b, Phase::Value),
                Phase::Value => self.value(b, head, limits),
                Phase::EndLf => {
                    self.expect_lf(b, Phase::EndLf)?;
                    return Ok(true);
                }
            }?;
            if !more {
                return Ok(self.phase == Phase::EndLf);
            }
        }
    }

    fn to(&mut self, phase: Phase, at: usize) -> Step {
        self.phase = phase;
        self.at = at;
        self.mark = at;
        Ok(true)
    }

    fn wait(&mut self, at: usize) -> Step {
        self.at = at;
        Ok(false)
    }

    fn refuse(&self, kind: ErrorKind, position: usize) -> Step {
        Err(DecodeError { kind, position })
    }

    fn expect_lf(&mut self, b: &[u8], next: Phase) -> Step {
        if b[self.at] == b'\n' {
            self.to(next, self.at + 1)
        } else {
            self.refuse(ErrorKind::BareCr, self.at)
        }
    }

    fn spaces(&mut self, b: &[u8], next: Phase) -> Step {
        let end = b[self.at..]
            .iter()
            .position(|&byte| byte != b' ' && byte != b'\t');
        match end {
            Some(count) => self.to(next, self.at + count),
            None => self.wait(b.len()),
        }
    }

    fn blank_line(&mut self, b: &[u8]) -> Step {
        match b[self.at] {
            b'\r' => self.to(Phase::BlankLf, self.at + 1),
            b'\n' => self.to(Phase::BlankLine, self.at + 1),
            _ if self.response => self.to(Phase::ResponseVersion, self.at),
            _ => self.to(Phase::Method, self.at),
        }
    }

    fn method(&mut self, b: &[u8]) -> Step {
        let end = end_of(TOKEN, b, self.at);
        match b.get(end) {
            None => self.wait(end),
            Some(b' ' | b'\t') if end > self.mark => {
                self.method = Span::new(self.mark, end);
                self.to(Phase::BeforeTarget, end)
            }
            Some(_) => self.refuse(ErrorKind::BadMethod, end),
        }
    }

    fn target(&mut self, b: &[u8], limits: &Limits) -> Step {
        let end = end_of(
            if limits.accept_invalid {
                LENIENT_TARGET
            } else {
                TARGET
            },
            b,
            self.at,
        );
        match b.get(end) {
            None => self.wait(end),
            Some(b' ' | b'\t') if end > self.mark => {
                self.text = Span::new(self.mark, end);
                self.to(Phase::BeforeVersion, end)
            }
            // HTTP/0.9 ends with its first line.
            Some(&byte @ (b'\r' | b'\n'))
                if limits.accept_invalid && end > self.mark && self.method.of(b) == b"GET" =>
            {
                self.text = Span::new(self.mark, end);
                self.phase = Phase::EndLf;
                if byte == b'\r' {
                    self.to(Phase::EndLf, end + 1)
                } else {
                    self.wait(end + 1)
                }
            }
            Some(b'\r' | b'\n') => self.refuse(ErrorKind::NoVersion, end),
            Some(_) => self.refuse(ErrorKind::BadTarget, end),
        }
    }

    fn request_version(&mut self, b: &[u8], limits: &Limits) -> Step {
        let end = end_of(VERSION, b, self.at);
        let Some(&byte) = b.get(end) else {
            return self.wait(end);
        };
        self.take_version(b, end, false, limits)?;
        self.line_end(byte, end, limits, ErrorKind::BadVersion)
    }

    fn response_version(&mut self, b: &[u8], limits: &Limits) -> Step {
        let end = end_of(VERSION, b, self.at);
        let Some(&byte) = b.get(end) else {
            return self.wait(end);
        };
        self.take_version(b, end, true, limits)?;
        if !matches!(byte, b' ' | b'\t') {
            return self.refuse(ErrorKind::BadVersion, end);
        }
        self.to(Phase::BeforeStatus, end)
    }

    /// A response may name any protocol of four letters: the reference takes `RTSP/1.0 200 OK`, but not as a request.
    fn take_version(
        &mut self,
        b: &[u8],
        end: usize,
        any_protocol: bool,
        limits: &Limits,
    ) -> Result<(), DecodeError> {
        let version = match b[self.mark..end] {
            [
                a,
                b,
                c,
                d,
                b'/',
                major @ b'0'..=b'9',
                b'.',
                minor @ b'0'..=b'9',
            ] if [a, b, c, d] == *b"HTTP" || any_protocol || limits.accept_invalid => {
                Some(Version {
                    major: major - b'0',
                    minor: minor - b'0',
                })
            }
            // Whatever else stands there is forwarded as it is and handled as an old version.
            [_, ..] if limits.accept_invalid => Some(Version::HTTP_10),
            _ => None,
        };
        self.version = version.ok_or(DecodeError {
            kind: ErrorKind::BadVersion,
            position: end,
        })?;
        self.version_text = Span::new(self.mark, end);
        Ok(())
    }

    /// The end of a start line, of which `byte` at `end` is the first byte.
    fn line_end(&mut self, byte: u8, end: usize, limits: &Limits, otherwise: ErrorKind) -> Step {
        match byte {
            b'\r' => self.to(Phase::LineLf, end + 1),
            b'\n' if limits.accept_invalid => self.to(Phase::FieldStart, end + 1),
            b'\n' => self.refuse(ErrorKind::BareLf, end),
            _ => self.refuse(otherwise, end),
        }
    }

    fn status(&mut self, b: &[u8]) -> Step {
        let end = b[self.at..].iter().position(|byte| !byte.is_ascii_digit());
        let Some(end) = end.map(|count| self.at + count) else {
            return self.wait(b.len());
        };
        let [hundreds @ b'1'..=b'9', tens, ones] = b[self.mark..end] else {
            return self.refuse(ErrorKind::BadStatus, end);
        };
        self.status = [hundreds, tens, ones]
            .iter()
            .fold(0, |sum, digit| sum * 10 + u16::from(digit - b'0'));
        match b[end] {
            b' ' | b'\t' => self.to(Phase::BeforeReason, end),
            b'\r' | b'\n' => self.to(Phase::Reason, end),
            _ => self.refuse(ErrorKind::BadStatus, end),
        }
    }

    fn reason(&mut self, b: &[u8], limits: &Limits) -> Step {
        let Some(end) = memchr::memchr2(b'\r', b'\n', &b[self.at..]).map(|count| self.at + count)
        else {
            return self.wait(b.len());
        };
        self.text = Span::new(self.mark, end);
        self.line_end(b[end], end, limits, ErrorKind::BadStatus)
    }

    /// The fast lane: takes fields that are there as a whole and plain. Stops before any other, which the states
    /// then judge byte by byte.
    fn whole_fields(&mut self, b: &[u8], head: &mut Head, limits: &Limits) {
        while head.len() < limits.max_fields {
            let Some(rest) = b.get(self.at..) else { return };
            let colon = end_of(TOKEN, rest, 0);
            if colon == 0 || colon > MAX_NAME || rest.get(colon) != Some(&b':') {
                return;
            }
            let from = match rest[colon + 1..] {
                [b' ', next, ..] if next > b' ' => colon + 2,
                [next, ..] if next > b' ' => colon + 1,
                _ => return,
            };
            let Some(end) = memchr::memchr2(b'\r', b'\n', &rest[from..]) else {
                return;
            };
            let end = from + end;
            match rest[end..] {
                [b'\r', b'\n', next, ..] if next != b' ' && next != b'\t' => {}
                _ => return,
            }
            let value_end = from + trim(&rest[from..end]).len();
            head.push_raw(
                Span::new(self.at, self.at + colon),
                Span::new(self.at + from, self.at + value_end),
            );
            self.at += end + 2;
        }
    }

    fn field_start(&mut self, b: &[u8], head: &mut Head, limits: &Limits) -> Step {
        match b[self.at] {
            b'\r' => self.to(Phase::EndLf, self.at + 1),
            b'\n' if limits.accept_invalid => {
                self.phase = Phase::EndLf;
                self.wait(self.at + 1)
            }
            b'\n' => self.refuse(ErrorKind::BareLf, self.at),
            b' ' | b'\t' => match head.last_value_mut() {
                Some(_) => {
                    self.folded = true;
                    self.to(Phase::Value, self.at)
                }
                None => self.refuse(ErrorKind::BadName, self.at),
            },
            _ if head.len() >= limits.max_fields => self.refuse(ErrorKind::TooManyFields, self.at),
            _ => {
                self.name = Span::default();
                self.to(Phase::Name, self.at)
            }
        }
    }

    fn field_name(&mut self, b: &[u8], limits: &Limits) -> Step {
        let end = end_of(
            if limits.accept_invalid {
                LENIENT_NAME
            } else {
                TOKEN
            },
            b,
            self.at,
        );
        match b.get(end) {
            None => self.wait(end),
            Some(b':') if end - self.mark > MAX_NAME => self.refuse(ErrorKind::NameTooLong, end),
            Some(b':') if end > self.mark => {
                self.name = Span::new(self.mark, end);
                self.to(Phase::BeforeValue, end + 1)
            }
            Some(_) => self.refuse(ErrorKind::BadName, end),
        }
    }

    fn value(&mut self, b: &[u8], head: &mut Head, limits: &Limits) -> Step {
        let Some(end) = memchr::memchr2(b'\r', b'\n', &b[self.at..]).map(|count| self.at + count)
        else {
            return self.wait(b.len());
        };
        let value = Span::new(self.mark, self.mark + trim(&b[self.mark..end]).len());
        if self.name == Span::default() {
            // A continuation line: the value before it goes on to here.
            if let Some(last) = head.last_value_mut() {
                last.end = end as u32;
            }
        } else {
            head.push_raw(self.name, value);
            self.name = Span::default();
        }
        match b[end] {
            b'\r' => self.to(Phase::ValueLf, end + 1),
            _ if limits.accept_invalid => self.to(Phase::FieldStart, end + 1),
            _ => self.refuse(ErrorKind::BareLf, end),
        }
    }
}

#[cfg(test)]
#[path = "decode_tests.rs"]
mod tests;
