//! The exchange itself: what was captured of it, its identifier, whether it is the connection's first, raw bytes
//! (manual 7.3.4 to 7.3.6).
//!
//! ```text
//! tcp-request inspect-delay 5s
//! tcp-request content accept if { req.len gt 0 }
//! tcp-request content reject if WAIT_END
//! ```

use std::cell::RefCell;

use locum_runtime::{
    http::uri::Target,
    plan::args::Args,
    sample::{
        value::{Arena, Fetched, Type, Value},
        view::{Buffered, View},
    },
    vocab::FetchDef,
};

use super::fetch;

pub(super) static CAPTURE_REQ_HDR: FetchDef =
    fetch("capture.req.hdr", Type::Str, |view, args, arena| {
        let captures = view.stream.map(|stream| &stream.request_captures);
        capture(captures, args, arena)
    });

pub(super) static CAPTURE_RES_HDR: FetchDef =
    fetch("capture.res.hdr", Type::Str, |view, args, arena| {
        let captures = view.stream.map(|stream| &stream.response_captures);
        capture(captures, args, arena)
    });

pub(super) static CAPTURE_REQ_METHOD: FetchDef =
    fetch("capture.req.method", Type::Str, |view, _, _| {
        captured_line(view)
            .map(|line| Value::Str(line.method))
            .into()
    });

pub(super) static CAPTURE_REQ_URI: FetchDef = fetch("capture.req.uri", Type::Str, |view, _, _| {
    // From the path on, also of an absolute target (observed).
    captured_line(view)
        .map(|line| Value::Str(Target::of(line.uri).path_and_query()))
        .into()
});

pub(super) static CAPTURE_REQ_VER: FetchDef = fetch("capture.req.ver", Type::Str, |view, _, _| {
    // The reference reduces it to one of these two.
    let version = captured_line(view).map(|line| match line.version {
        b"HTTP/1.0" | b"" => &b"HTTP/1.0"[..],
        _ => b"HTTP/1.1",
    });
    version.map(Value::Str).into()
});

pub(super) static CAPTURE_RES_VER: FetchDef = fetch("capture.res.ver", Type::Str, |view, _, _| {
    view.response
        .map(|head| match head.version() {
            version if version < locum_runtime::http::message::Version::HTTP_11 => &b"HTTP/1.0"[..],
            _ => b"HTTP/1.1",
        })
        .map(Value::Str)
        .into()
});

pub(super) static HTTP_FIRST_REQ: FetchDef = fetch("http_first_req", Type::Bool, |view, _, _| {
    Fetched::Value(Value::Bool(view.session.requests <= 1))
});

pub(super) static UNIQUE_ID: FetchDef = fetch("unique-id", Type::Str, |view, _, _| {
    let id = view.stream.and_then(|stream| stream.unique_id.as_deref());
    id.map(Value::Str).into()
});

/// True once nothing more is waited for; until then it stops the rules (manual: "wait_end").
pub(super) static WAIT_END: FetchDef = fetch("wait_end", Type::Bool, |view, _, _| {
    if view.last_look {
        Fetched::Value(Value::Bool(true))
    } else {
        Fetched::NotYet
    }
});

pub(super) static REQ_LEN: FetchDef = fetch("req.len", Type::Int, |view, _, _| {
    length(view.request_body, view)
});

pub(super) static RES_LEN: FetchDef = fetch("res.len", Type::Int, |view, _, _| {
    length(view.response_body, view)
});

pub(super) static REQ_PAYLOAD: FetchDef = fetch("req.payload", Type::Bin, |view, args, _| {
    payload(view.request_body, view, args)
});

pub(super) static RES_PAYLOAD: FetchDef = fetch("res.payload", Type::Bin, |view, args, _| {
    payload(view.response_body, view, args)
});

pub(super) static REQ_BODY: FetchDef = fetch("req.body", Type::Bin, |view, _, _| {
    Fetched::Value(Value::Bin(view.request_body.bytes))
});

pub(super) static REQ_BODY_LEN: FetchDef = fetch("req.body_len", Type::Int, |view, _, _| {
    Fetched::Value(Value::Int(view.request_body.bytes.len() as i64))
});

pub(super) static REQ_BODY_SIZE: FetchDef = fetch("req.body_size", Type::Int, |view, _, _| {
    // What the message announces, if it does; else what is there.
    let announced = view.request.and_then(|head| head.facts.content_length);
    let there = view.request_body.bytes.len() as u64;
    Fetched::Value(Value::Int(
        i64::try_from(announced.unwrap_or(there)).unwrap_or(i64::MAX),
    ))
});

/// The request line as it was captured for the log.
pub(crate) struct CapturedLine<'a> {
    pub(crate) method: &'a [u8],
    pub(crate) uri: &'a [u8],
    pub(crate) version: &'a [u8],
}

pub(crate) fn captured_line<'a>(view: &View<'a>) -> Option<CapturedLine<'a>> {
    let stream = view.stream?;
    let line: &'a [u8] = &stream.request_line;
    let method = line
        .get(..stream.method_length as usize)
        .filter(|method| !method.is_empty())?;
    let rest = line.get(method.len() + 1..).unwrap_or_default();
    let end = rest.iter().position(|&byte| byte == b' ');
    let (uri, version) = match end {
        Some(end) => (&rest[..end], &rest[end + 1..]),
        None => (rest, &[][..]),
    };
    Some(CapturedLine {
        method,
        uri,
        version,
    })
}

fn capture<'a>(
    captures: Option<&'a RefCell<Vec<Option<Vec<u8>>>>>,
    args: &Args,
    arena: &'a Arena,
) -> Fetched<'a> {
    let at = args.int(0).and_then(|at| usize::try_from(at).ok());
    captures
        .zip(at)
        // A converter of the same expression may replace it.
        .and_then(|(captures, at)| {
            Some(arena.alloc_slice_copy(captures.borrow().get(at)?.as_deref()?))
        })
        .map(|text| Value::Str(text))
        .into()
}

fn length<'a>(body: Buffered<'a>, view: &View<'a>) -> Fetched<'a> {
    // More may come, but what is there has a length: only nothing at all is "not yet".
    if body.bytes.is_empty() && !body.complete && !view.last_look {
        return Fetched::NotYet;
    }
    Fetched::Value(Value::Int(body.bytes.len() as i64))
}

/// `payload(offset,length)`; a length of 0 is all that is there once no more comes.
fn payload<'a>(body: Buffered<'a>, view: &View<'a>, args: &Args) -> Fetched<'a> {
    let number = |at| args.int(at).and_then(|number| usize::try_from(number).ok());
    let (Some(offset), Some(length)) = (number(0), number(1)) else {
        return Fetched::Absent;
    };
    let ended = body.complete || view.last_look;
    let found = match length {
        0 if !ended => return Fetched::NotYet,
        0 => body.bytes.get(offset..).filter(|rest| !rest.is_empty()),
        length => body.bytes.get(offset..offset.saturating_add(length)),
    };
    match found {
        Some(bytes) => Fetched::Value(Value::Bin(bytes)),
        None if ended => Fetched::Absent,
        None => Fetched::NotYet,
    }
}
