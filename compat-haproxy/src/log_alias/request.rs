//! The request line and its parts: `%r %HM %HP %HPO %HQ %HU %HV`; the answer's status `%ST`; how it ended `%ts %tsc`
//! (manual 8.2.4, 8.5).

use locum_model::proxy::Mode;
use locum_runtime::{
    http::uri::Target,
    sample::{
        format::{Encoding, Field},
        view::View,
    },
    vocab::AliasDef,
};

use super::{alias, http_alias};
use crate::fetch::{CapturedLine, captured_line};

pub(super) static R: AliasDef = http_alias("r", |view, field| match view.stream {
    Some(stream) if !stream.request_line.is_empty() => {
        field.encoded(&stream.request_line, Encoding::Url)
    }
    _ => field.text(BAD_REQUEST),
});

pub(super) static HM: AliasDef = http_alias("HM", |view, field| {
    part(view, field, |line| line.uri.map(|_| line.method))
});

pub(super) static HP: AliasDef = http_alias("HP", |view, field| {
    part(view, field, |line| {
        let uri = line.uri?;
        let end = uri.iter().position(|&byte| byte == b'?');
        Some(&uri[..end.unwrap_or(uri.len())])
    });
});

pub(super) static HPO: AliasDef = http_alias("HPO", |view, field| {
    part(view, field, |line| Some(path(Target::of(line.uri?).path)));
});

pub(super) static HQ: AliasDef = http_alias("HQ", |view, field| {
    part(view, field, |line| {
        // A line without a target has no query either; the other parts tell that it is cut.
        let uri = line.uri.unwrap_or_default();
        let start = uri.iter().position(|&byte| byte == b'?');
        Some(&uri[start.unwrap_or(uri.len())..])
    });
});

pub(super) static HU: AliasDef = http_alias("HU", |view, field| part(view, field, |line| line.uri));

pub(super) static HV: AliasDef = http_alias("HV", |view, field| {
    part(view, field, |line| {
        line.uri.map(|_| line.version.unwrap_or(b"HTTP/0.9"))
    });
});

pub(super) static ST: AliasDef = alias("ST", |view, field| {
    let status = view.stream.and_then(|stream| stream.status);
    // Without a stream (a PROXY header that failed) there is no status to miss.
    let none = if view.stream.is_some() && view.frontend().mode == Mode::Http {
        -1
    } else {
        0
    };
    field.number(status.map_or(none, i64::from));
});

pub(super) static TS: AliasDef = alias("ts", |view, field| {
    if let Some(stream) = view.stream {
        let end = stream.termination;
        field.raw(&[end.cause, end.phase]);
    }
});

pub(super) static TSC: AliasDef = alias("tsc", |view, field| {
    if let Some(stream) = view.stream {
        let end = stream.termination;
        field.raw(&[
            end.cause,
            end.phase,
            end.request_cookie,
            end.response_cookie,
        ]);
    }
});

/// Neither `*` nor an authority is a path.
fn path(path: &[u8]) -> &[u8] {
    if path.starts_with(b"/") { path } else { b"" }
}

/// What stands where no request could be read.
const BAD_REQUEST: &[u8] = b"<BADREQ>";

fn part<'a>(
    view: &View<'a>,
    field: &mut Field<'_>,
    part: fn(CapturedLine<'a>) -> Option<&'a [u8]>,
) {
    match captured_line(view).and_then(part) {
        Some(part) => field.encoded(part, Encoding::Url),
        None => field.text(BAD_REQUEST),
    }
}
