//! Start lines: `base`, `base32`, `baseq`, `method`, `path`, `pathq`, `query`, `req.ver`, `url`, `url32`;
//! `res.ver`, `status` (manual 7.3.6).
//!
//! ```text
//! use_backend static if { path_beg /static/ }
//! ```

use std::net::IpAddr;

use locum_runtime::{
    http::{
        message::Head,
        uri::{host_and_port, split_port},
    },
    lb::hash,
    sample::{
        value::{Arena, Fetched, Type, Value},
        view::View,
    },
    vocab::FetchDef,
};

use super::{fetch, request, response};

pub(super) static BASE: FetchDef = fetch("base", Type::Str, |view, _, arena| {
    request(view, |head| Some(Value::Str(base(head, path(head), arena))))
});

pub(super) static BASEQ: FetchDef = fetch("baseq", Type::Str, |view, _, arena| {
    request(view, |head| {
        Some(Value::Str(base(head, path_and_query(head), arena)))
    })
});

/// A hash of `base`: SDBM with avalanche.
pub(super) static BASE32: FetchDef = fetch("base32", Type::Int, |view, _, arena| {
    request(view, |head| Some(Value::Int(base32(head, arena).into())))
});

/// `base32` and the client's address behind it.
pub(super) static BASE32_SRC: FetchDef = fetch("base32+src", Type::Bin, |view, _, arena| {
    request(view, |head| with_source(base32(head, arena), view, arena))
});

/// A hash of the Host header and of the target from its path on.
pub(super) static URL32: FetchDef = fetch("url32", Type::Int, |view, _, arena| {
    request(view, |head| Some(Value::Int(url32(head, arena).into())))
});

/// `url32` and the client's address behind it.
pub(super) static URL32_SRC: FetchDef = fetch("url32+src", Type::Bin, |view, _, arena| {
    request(view, |head| with_source(url32(head, arena), view, arena))
});

fn base32(head: &Head, arena: &Arena) -> u32 {
    hash::avalanche(hash::sdbm(base(head, path(head), arena)))
}

fn url32(head: &Head, arena: &Arena) -> u32 {
    hash::avalanche(hash::sdbm(base(head, path_and_query(head), arena)))
}

fn with_source<'a>(hash: u32, view: &View<'_>, arena: &'a Arena) -> Option<Value<'a>> {
    let mut bytes = bumpalo::collections::Vec::with_capacity_in(20, arena);
    bytes.extend_from_slice(&hash.to_be_bytes());
    match view.session.source?.ip() {
        IpAddr::V4(ip) => bytes.extend_from_slice(&ip.octets()),
        IpAddr::V6(ip) => bytes.extend_from_slice(&ip.octets()),
    }
    Some(Value::Bin(bytes.into_bump_slice()))
}

pub(super) static METHOD: FetchDef = fetch("method", Type::Method, |view, _, _| {
    // Known until the log line: the request line is kept.
    match view.request {
        Some(head) if !head.method().is_empty() => Fetched::Value(Value::Method(head.method())),
        _ => super::stream::captured_line(view)
            .map(|line| Value::Method(line.method))
            .into(),
    }
});

pub(super) static PATH: FetchDef = fetch("path", Type::Str, |view, _, _| {
    request(view, |head| non_empty(path(head)))
});

pub(super) static PATHQ: FetchDef = fetch("pathq", Type::Str, |view, _, _| {
    request(view, |head| non_empty(path_and_query(head)))
});

pub(super) static QUERY: FetchDef = fetch("query", Type::Str, |view, _, _| {
    request(view, |head| head.query().map(Value::Str))
});

pub(super) static REQ_VER: FetchDef = fetch("req.ver", Type::Str, |view, _, _| {
    request(view, |head| version(head.version_text()))
});

pub(super) static RES_VER: FetchDef = fetch("res.ver", Type::Str, |view, _, _| {
    response(view, |head| version(head.version_text()))
});

pub(super) static STATUS: FetchDef = fetch("status", Type::Int, |view, _, _| {
    // The log doesn't see the head of a response that was made here (observed).
    if view.stream.is_some_and(|stream| stream.answered_here) {
        return Fetched::Absent;
    }
    response(view, |head| Some(Value::Int(i64::from(head.status()))))
});

pub(super) static URL: FetchDef = fetch("url", Type::Str, |view, _, _| {
    request(view, |head| Some(Value::Str(head.uri())))
});

pub(super) static URL_IP: FetchDef = fetch("url_ip", Type::Ip, |view, _, _| {
    request(view, |head| {
        let (host, _) = split_port(host_and_port(head.target().authority?));
        let ip: IpAddr = std::str::from_utf8(host).ok()?.parse().ok()?;
        Some(Value::Ip(ip))
    })
});

pub(super) static URL_PORT: FetchDef = fetch("url_port", Type::Int, |view, _, _| {
    request(view, |head| {
        let target = head.target();
        let (host, port) = split_port(host_and_port(target.authority?));
        // As the reference has it, only an address (not a name) in the target counts.
        let _: IpAddr = std::str::from_utf8(host).ok()?.parse().ok()?;
        let port = port.and_then(|port| std::str::from_utf8(port).ok()?.parse().ok());
        Some(Value::Int(port.unwrap_or(80)))
    })
});

/// The Host header and what of the target begins with its path.
fn base<'a>(head: &'a Head, path: &'a [u8], arena: &'a Arena) -> &'a [u8] {
    match head.first(b"host") {
        Some(host) if !host.is_empty() => {
            let mut base =
                bumpalo::collections::Vec::with_capacity_in(host.len() + path.len(), arena);
            base.extend_from_slice(host);
            base.extend_from_slice(path);
            base.into_bump_slice()
        }
        _ => path,
    }
}

/// The path; the star of `OPTIONS *` is none.
fn path(head: &Head) -> &[u8] {
    let path = head.path();
    if path == b"*" { b"" } else { path }
}

fn path_and_query(head: &Head) -> &[u8] {
    let whole = head.target().path_and_query();
    if whole == b"*" { b"" } else { whole }
}

fn non_empty(text: &[u8]) -> Option<Value<'_>> {
    (!text.is_empty()).then_some(Value::Str(text))
}

/// What follows the slash of `HTTP/1.1`.
fn version(text: &[u8]) -> Option<Value<'_>> {
    let at = text.iter().position(|&byte| byte == b'/')?;
    Some(Value::Str(&text[at + 1..]))
}

/// Whether what came is HTTP: the head was decoded, or was when there was one.
pub(super) static REQ_PROTO_HTTP: FetchDef = fetch("req.proto_http", Type::Bool, |view, _, _| {
    match is_http(view) {
        true => Fetched::Value(Value::Bool(true)),
        false if view.last_look || super::opens_otherwise(view) => Fetched::Absent,
        false => Fetched::NotYet,
    }
});

fn is_http(view: &View<'_>) -> bool {
    view.request.is_some()
        || view
            .stream
            .is_some_and(|stream| !stream.request_line.is_empty())
}
