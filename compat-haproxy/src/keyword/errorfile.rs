//! `errorfile`, `errorfiles`, `errorloc`, `errorloc302`, `errorloc303`: what clients see instead of our errors (manual 4.2).
//!
//! ```text
//! errorfile 503 /etc/haproxy/errors/503.http
//! errorloc303 500 /sorry
//! ```

use locum_model::{
    Located, Text,
    rule::{Reply, ReplyBody},
};

use super::{ProxyKeyword, Sections};
use crate::load::{Fault, Lowered, ProxyLine, SectionLine, lenient_number};

/// Rows.
pub static ROWS: &[ProxyKeyword] = &[
    row("errorfile", "<code> <file>", errorfile),
    row("errorfiles", "<name> [<code> …]", errorfiles),
    row("errorloc", "<code> <url>", errorloc),
    row("errorloc302", "<code> <url>", errorloc),
    row("errorloc303", "<code> <url>", errorloc),
];

const fn row(
    name: &'static str,
    arguments: &'static str,
    lower: fn(&mut ProxyLine<'_, '_>) -> Lowered,
) -> ProxyKeyword {
    ProxyKeyword::executed(name, Sections::ALL, arguments, lower)
}

/// Statuses that can have a page of their own.
pub const STATUSES: &[u16] = &[
    200, 400, 401, 403, 404, 405, 407, 408, 410, 413, 421, 422, 425, 429, 500, 501, 502, 503, 504,
];

fn errorfile(line: &mut ProxyLine<'_, '_>) -> Lowered {
    if !line.line.has(1) || !line.line.has(2) {
        return Err("errorfile : expects <status_code> and <file> as arguments.\n".into());
    }
    let (status, reply) = read(&line.line, "errorfile")?;
    line.draft
        .proxy
        .errors
        .insert(status, Located::new(reply, line.line.at.clone()));
    Ok(())
}

/// Reads `WORD CODE FILE`.
///
/// # Errors
/// The reference's wording for a bad status, a file that can't be read, and one that is no HTTP response.
pub fn read(line: &SectionLine<'_, '_>, word: &str) -> Result<(u16, Reply), Fault> {
    let status = status(line, word)?;
    let written = line.text(2);
    let path = line.shared.resolve_path(&line.at, &written);
    let open = |_| Fault::from(format!("{word} : error opening file '{written}'."));
    let bytes = std::fs::read(&path).map_err(open)?;
    let body =
        message(&bytes, &written).map_err(|reason| Fault::from(format!("{word} : {reason}")))?;
    Ok((
        status,
        Reply {
            status: Some(status),
            body: ReplyBody::Raw(body),
            ..Reply::default()
        },
    ))
}

fn status(line: &SectionLine<'_, '_>, word: &str) -> Result<u16, Fault> {
    let text = line.text(1);
    let number = lenient_number(text.as_bytes());
    match u16::try_from(number) {
        Ok(status) if STATUSES.contains(&status) => Ok(status),
        _ => Err(format!("{word} : status code '{number}' not handled.").into()),
    }
}

/// Checks that a file is a complete response: a status line, headers, and a body that is as long as they say. An empty
/// file means that nothing is sent.
fn message(bytes: &[u8], path: &str) -> Result<Text, String> {
    if bytes.is_empty() {
        return Ok(Text::default());
    }
    let unable =
        |offset: usize| format!("'{path}': unable to parse headers (error offset: {offset})");
    let Some(head) = head_length(bytes) else {
        return Err(unable(0));
    };
    if !bytes.starts_with(b"HTTP/") {
        return Err(unable(0));
    }
    let text = String::from_utf8_lossy(&bytes[..head]);
    let mut length = None;
    for header in text.lines().skip(1) {
        let Some((name, value)) = header.split_once(':') else {
            continue;
        };
        if name.eq_ignore_ascii_case("content-length") {
            match value.trim().parse::<usize>() {
                Ok(number) => length = Some(number),
                Err(_) => return Err(unable(0)),
            }
        }
    }
    let body = bytes.len() - head;
    if let Some(length) = length
        && length != body
    {
        return Err(format!(
            "'{path}': payload size does not match the announced content-length ({body} != {length})"
        ));
    }
    Ok(Text::from(bytes))
}

/// Where the blank line ends.
fn head_length(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        let feed = memchr::memchr(b'\n', &bytes[at..])? + at;
        let line = &bytes[at..feed];
        at = feed + 1;
        if line.is_empty() || line == b"\r" {
            return Some(at);
        }
    }
}

fn errorfiles(line: &mut ProxyLine<'_, '_>) -> Lowered {
    if !line.line.has(1) {
        return Err("errorfiles : expects <name> as argument.".into());
    }
    let mut codes = Vec::new();
    let mut at = 2;
    while line.line.has(at) {
        let number = line.line.lenient_number(at);
        match u16::try_from(number) {
            Ok(status) if STATUSES.contains(&status) => codes.push(status),
            _ => return Err(format!("errorfiles : status code '{number}' not handled.").into()),
        }
        at += 1;
    }
    let name = line.line.text(1);
    line.draft
        .error_page_uses
        .push((name, codes, line.line.at.clone()));
    Ok(())
}

fn errorloc(line: &mut ProxyLine<'_, '_>) -> Lowered {
    let word = line.line.text(0);
    if !line.line.has(1) || !line.line.has(2) {
        return Err(format!("{word} : expects <status_code> and <url> as arguments.\n").into());
    }
    let status = status(&line.line, &word)?;
    let url = line.line.text(2);
    let redirect = if word == "errorloc303" {
        "303 See Other"
    } else {
        "302 Found"
    };
    let raw = format!(
        "HTTP/1.1 {redirect}\r\nCache-Control: no-cache\r\nContent-length: 0\r\nLocation: {url}\r\n\r\n"
    );
    let reply = Reply {
        status: Some(status),
        body: ReplyBody::Raw(Text::from(raw)),
        ..Reply::default()
    };
    line.draft
        .proxy
        .errors
        .insert(status, Located::new(reply, line.line.at.clone()));
    Ok(())
}
