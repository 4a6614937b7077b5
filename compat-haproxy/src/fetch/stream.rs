//! The exchange itself: what was captured of it, its identifier, whether it is the connection's first, which
//! rule ended it (manual 7.3.2 to 7.3.6).
//!
//! ```text
//! tcp-request inspect-delay 5s
//! tcp-request content accept if { req.len gt 0 }
//! tcp-request content reject if WAIT_END
//! ```

use std::cell::RefCell;

use locum_model::Origin;
use locum_runtime::{
    http::{message::Version, uri::Target},
    plan::args::Args,
    sample::{
        value::{Arena, Fetched, Type, Value},
        view::View,
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
        .and_then(|line| line.uri)
        .map(|uri| Target::of(uri).path_and_query())
        .filter(|path| path.starts_with(b"/"))
        .map(Value::Str)
        .into()
});

pub(super) static CAPTURE_REQ_VER: FetchDef = fetch("capture.req.ver", Type::Str, |view, _, _| {
    // The reference reduces it to one of these two.
    let version = captured_line(view).and(view.stream).map(|stream| {
        match stream.request_version < Version::HTTP_11 {
            true => &b"HTTP/1.0"[..],
            false => b"HTTP/1.1",
        }
    });
    version.map(Value::Str).into()
});

pub(super) static CAPTURE_RES_VER: FetchDef = fetch("capture.res.ver", Type::Str, |view, _, _| {
    // Of a server's response; those made here have none (observed).
    let answered = view
        .stream
        .is_some_and(|stream| stream.timers.response_ms >= 0);
    view.response
        .filter(|_| answered)
        .map(|head| match head.version() {
            version if version < Version::HTTP_11 => &b"HTTP/1.0"[..],
            _ => b"HTTP/1.1",
        })
        .map(Value::Str)
        .into()
});

pub(super) static HTTP_FIRST_REQ: FetchDef = fetch("http_first_req", Type::Bool, |view, _, _| {
    Fetched::Value(Value::Bool(view.session.requests <= 1))
});

pub(super) static UNIQUE_ID: FetchDef = fetch("unique-id", Type::Str, |view, _, _| {
    let id = view.stream.and_then(|stream| {
        stream.unique_id_shown.set(true);
        stream.unique_id.as_deref()
    });
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

/// The file of the rule that last ended its rule set.
pub(super) static PRIO_CLASS: FetchDef = fetch("prio_class", Type::Int, |view, _, _| {
    let class = view.stream.map(|stream| stream.priority.class);
    class.map(|class| Value::Int(class.into())).into()
});

pub(super) static PRIO_OFFSET: FetchDef = fetch("prio_offset", Type::Int, |view, _, _| {
    let offset = view.stream.map(|stream| stream.priority.offset_ms);
    offset.map(Value::Int).into()
});

pub(super) static LAST_RULE_FILE: FetchDef = fetch("last_rule_file", Type::Str, |view, _, _| {
    last_rule(view)
        .map(|at| Value::Str(at.file.as_bytes()))
        .into()
});

/// Its line.
pub(super) static LAST_RULE_LINE: FetchDef = fetch("last_rule_line", Type::Int, |view, _, _| {
    last_rule(view)
        .map(|at| Value::Int(i64::from(at.line)))
        .into()
});

fn last_rule<'a>(view: &View<'a>) -> Option<&'a Origin> {
    view.stream?.last_rule.as_ref()
}

/// The request line as it was captured for the log, taken apart. It may have been cut.
pub(crate) struct CapturedLine<'a> {
    pub(crate) method: &'a [u8],
    /// None, if the line ends within the method.
    pub(crate) uri: Option<&'a [u8]>,
    /// None, if it ends within the target.
    pub(crate) version: Option<&'a [u8]>,
}

/// `None`: no request was understood.
pub(crate) fn captured_line<'a>(view: &View<'a>) -> Option<CapturedLine<'a>> {
    let stream = view.stream?;
    // A line of its own stands where no request could be read.
    let line: &'a [u8] = &stream.request_line;
    let mut parts = line.splitn(3, |&byte| byte == b' ');
    let is_request = !line.is_empty() && !line.starts_with(b"<");
    let method = parts.next().filter(|_| is_request)?;
    Some(CapturedLine {
        method,
        uri: parts.next(),
        version: parts.next(),
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
