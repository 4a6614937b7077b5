//! A probe that makes one HTTP exchange and looks at the answer (manual: "option httpchk", "http-check send", "http-check expect").
//!
//! Request bytes and verdicts are the core here; [`run`] is the thin driver that moves the bytes.

use std::io;

use locum_model::Text;
use memchr::memmem;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::timeout,
};

use super::{Target, announce, connect, io_failure};
use crate::{
    check::{CheckInfo, CheckResult, CheckStatus},
    clock,
    sample::regex::Regex,
};

/// Answers are looked at up to this many bytes (`tune.bufsize`).
const ANSWER_MAX: usize = 16384;

/// An exchange, ready to run.
#[derive(Debug)]
pub struct HttpExchange {
    /// The bytes of the request.
    pub request: Vec<u8>,
    /// What must hold, in order; empty: a status from 200 to 399.
    pub expect: Vec<Expectation>,
    /// A status of 404 means: up, but no new sessions (`http-check disable-on-404`).
    pub disable_on_404: bool,
}

/// One expectation.
#[derive(Debug)]
pub struct Expectation {
    /// It must not hold.
    pub negated: bool,
    /// What is looked at.
    pub of: Expected,
}

/// What an expectation looks at.
#[derive(Debug)]
pub enum Expected {
    /// The status is in one of these inclusive ranges.
    Status(Vec<(u16, u16)>),
    /// The status' digits match.
    StatusMatches(Regex),
    /// The body has these bytes.
    Body(Text),
    /// The body matches.
    BodyMatches(Regex),
}

/// The bytes of a check's request, as the reference sends them: names in lower case, `content-length` computed,
/// `connection: close` last unless the version is 1.0 or a Connection header is given, and the authority of an
/// absolute target replaced by the Host header.
pub fn request(
    method: &[u8],
    uri: &[u8],
    version: &[u8],
    headers: &[(Text, Vec<u8>)],
    body: &[u8],
) -> Vec<u8> {
    let is = |name: &[u8], wanted: &str| name.eq_ignore_ascii_case(wanted.as_bytes());
    let find = |wanted: &str| headers.iter().find(|(name, _)| is(name, wanted));
    let mut out = Vec::with_capacity(256 + body.len());
    out.extend_from_slice(method);
    out.push(b' ');
    out.extend_from_slice(&with_authority(
        uri,
        find("host").map(|(_, value)| value.as_slice()),
    ));
    out.push(b' ');
    out.extend_from_slice(version);
    out.extend_from_slice(b"\r\n");
    for (name, value) in headers {
        if is(name, "content-length") || is(name, "transfer-encoding") || is(name, "connection") {
            continue;
        }
        line(&mut out, &name.to_ascii_lowercase(), value);
    }
    if !body.is_empty() {
        line(
            &mut out,
            b"content-length",
            body.len().to_string().as_bytes(),
        );
    }
    match find("connection") {
        Some((_, value)) => line(&mut out, b"connection", value),
        None if version != b"HTTP/1.0" => line(&mut out, b"connection", b"close"),
        None => {}
    }
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(body);
    out
}

fn line(out: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    out.extend_from_slice(name);
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.extend_from_slice(b"\r\n");
}

fn with_authority(uri: &[u8], host: Option<&[u8]>) -> Vec<u8> {
    let start = memmem::find(uri, b"://").map(|at| at + 3);
    match (host, start) {
        (Some(host), Some(start)) if !uri.starts_with(b"/") => {
            let path = memchr::memchr3(b'/', b'?', b'#', &uri[start..]);
            let path = path.map_or(uri.len(), |at| start + at);
            [&uri[..start], host, &uri[path..]].concat()
        }
        _ => uri.to_vec(),
    }
}

/// Runs the probe.
pub async fn run(target: &Target, exchange: &HttpExchange) -> CheckResult {
    let started = clock::now();
    let elapsed = || clock::now().saturating_duration_since(started);
    let mut wire = match timeout(target.connect_timeout, connect(target)).await {
        Err(_) => return CheckResult::new(CheckStatus::L4Timeout, elapsed()),
        Ok(Err(error)) => return io_failure(&error, true, elapsed()),
        Ok(Ok(wire)) => wire,
    };
    let mut answer = Vec::with_capacity(1024);
    let conversation = async {
        announce(target, &mut wire).await?;
        wire.write_all(&exchange.request).await?;
        loop {
            let ended = wire.read_buf(&mut answer).await? == 0 || answer.len() >= ANSWER_MAX;
            if let Some(found) = judge(exchange, &answer, ended) {
                return Ok::<_, io::Error>(found);
            }
        }
    };
    let left = match target.exchange_timeout {
        Some(limit) => limit,
        None => target.connect_timeout.saturating_sub(elapsed()),
    };
    match timeout(left, conversation).await {
        Err(_) => CheckResult::new(CheckStatus::L7Timeout, elapsed()),
        Ok(Err(error)) => io_failure(&error, false, elapsed()),
        Ok(Ok(found)) => CheckResult {
            duration: elapsed(),
            ..found
        },
    }
}

/// The verdict on an answer so far; `None`: more bytes could change it. The duration is left at zero.
pub fn judge(exchange: &HttpExchange, answer: &[u8], ended: bool) -> Option<CheckResult> {
    let result = |status| CheckResult::new(status, Default::default());
    let head = match Head::parse(answer) {
        Ok(Some(head)) => head,
        Ok(None) if !ended => return None,
        Ok(None) | Err(NotHttp) => return Some(result(CheckStatus::L7Response)),
    };
    if exchange.disable_on_404 && head.status == 404 {
        return Some(result(CheckStatus::L7OkConditional).with_code(404));
    }
    if exchange.expect.is_empty() && !(200..400).contains(&head.status) {
        return Some(wrong_status(&head));
    }
    for expectation in &exchange.expect {
        let of_body = |found: bool, body: &Body| -> Option<Option<CheckResult>> {
            let failure = match (found, expectation.negated) {
                (true, false) => return Some(None),
                _ if !found && !body.complete && !ended => return None,
                (false, true) => return Some(None),
                (true, true) => CheckInfo::UnwantedBody,
                (false, false) if body.bytes.is_empty() => CheckInfo::NoBody,
                (false, false) => CheckInfo::UnexpectedBody,
            };
            Some(Some(result(CheckStatus::L7Response).with(failure)))
        };
        let failed = match &expectation.of {
            Expected::Status(ranges) => {
                let holds = ranges.iter().any(|(a, b)| (*a..=*b).contains(&head.status));
                (holds == expectation.negated).then(|| wrong_status(&head))
            }
            Expected::StatusMatches(regex) => {
                let holds = regex.is_match(head.status.to_string().as_bytes());
                (holds == expectation.negated).then(|| wrong_status(&head))
            }
            Expected::Body(text) => {
                let body = head.body(answer);
                of_body(memmem::find(&body.bytes, text).is_some(), &body)?
            }
            Expected::BodyMatches(regex) => {
                let body = head.body(answer);
                of_body(regex.is_match(&body.bytes), &body)?
            }
        };
        if failed.is_some() {
            return failed;
        }
    }
    Some(result(CheckStatus::L7Ok).with_code(head.status))
}

fn wrong_status(head: &Head<'_>) -> CheckResult {
    CheckResult::new(CheckStatus::L7Status, Default::default())
        .with_code(head.status)
        .with(CheckInfo::Reason(head.reason.to_vec()))
}

struct NotHttp;

struct Body {
    bytes: Vec<u8>,
    complete: bool,
}

struct Head<'a> {
    status: u16,
    reason: &'a [u8],
    end: usize,
    length: Option<usize>,
    chunked: bool,
}

impl<'a> Head<'a> {
    fn parse(answer: &'a [u8]) -> Result<Option<Self>, NotHttp> {
        let begin = b"HTTP/1.";
        let shared = begin.len().min(answer.len());
        if answer[..shared] != begin[..shared] {
            return Err(NotHttp);
        }
        let Some(end) = memmem::find(answer, b"\r\n\r\n").map(|at| at + 4) else {
            return Ok(None);
        };
        let mut lines = answer[..end - 4]
            .split(|byte| *byte == b'\n')
            .map(|line| line.strip_suffix(b"\r").unwrap_or(line));
        let first = lines.next().unwrap_or_default();
        // `HTTP/1.x NNN`, then a reason that may be missing.
        let digits = first.get(9..12).ok_or(NotHttp)?;
        if first[8] != b' ' || !digits.iter().all(u8::is_ascii_digit) || digits[0] == b'0' {
            return Err(NotHttp);
        }
        let status = digits.iter().fold(0, |n, d| n * 10 + u16::from(d - b'0'));
        let reason = match first.get(12) {
            None => &[],
            Some(b' ') => &first[13..],
            Some(_) => return Err(NotHttp),
        };
        let (mut length, mut chunked) = (None, false);
        for line in lines {
            let colon = memchr::memchr(b':', line)
                .filter(|at| *at > 0)
                .ok_or(NotHttp)?;
            let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
            if name.eq_ignore_ascii_case(b"content-length") {
                let value = std::str::from_utf8(value).map_err(|_| NotHttp)?;
                length = Some(value.parse().map_err(|_| NotHttp)?);
            } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
                chunked = value.to_ascii_lowercase().ends_with(b"chunked");
            }
        }
        Ok(Some(Self {
            status,
            reason,
            end,
            length: length.filter(|_| !chunked),
            chunked,
        }))
    }

    /// What has come of the body.
    fn body(&self, answer: &[u8]) -> Body {
        let raw = &answer[self.end..];
        if self.chunked {
            return dechunk(raw);
        }
        let wanted = self.length.unwrap_or(usize::MAX);
        Body {
            bytes: raw[..raw.len().min(wanted)].to_vec(),
            complete: raw.len() >= wanted,
        }
    }
}

fn dechunk(mut raw: &[u8]) -> Body {
    let mut body = Body {
        bytes: Vec::new(),
        complete: false,
    };
    while let Some(end) = memmem::find(raw, b"\r\n") {
        let digits = raw[..end].split(|b| *b == b';').next().unwrap_or_default();
        let size = std::str::from_utf8(digits.trim_ascii())
            .ok()
            .and_then(|digits| usize::from_str_radix(digits, 16).ok());
        let rest = &raw[end + 2..];
        match size {
            Some(0) | None => {
                body.complete = true;
                break;
            }
            Some(size) => {
                let size_here = size.min(rest.len());
                body.bytes.extend_from_slice(&rest[..size_here]);
                let Some(next) = rest.get(size..).and_then(|rest| rest.get(2..)) else {
                    break;
                };
                raw = next;
            }
        }
    }
    body
}
