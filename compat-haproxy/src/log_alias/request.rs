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

pub(super) static HM: AliasDef =
    http_alias("HM", |view, field| part(view, field, |line| line.method));

pub(super) static HP: AliasDef = http_alias("HP", |view, field| {
    part(view, field, |line| {
        let end = line.uri.iter().position(|&byte| byte == b'?');
        &line.uri[..end.unwrap_or(line.uri.len())]
    });
});

pub(super) static HPO: AliasDef = http_alias("HPO", |view, field| {
    part(view, field, |line| Target::of(line.uri).path)
});

pub(super) static HQ: AliasDef = http_alias("HQ", |view, field| {
    part(view, field, |line| {
        let start = line.uri.iter().position(|&byte| byte == b'?');
        &line.uri[start.unwrap_or(line.uri.len())..]
    });
});

pub(super) static HU: AliasDef = http_alias("HU", |view, field| part(view, field, |line| line.uri));
pub(super) static HV: AliasDef =
    http_alias("HV", |view, field| part(view, field, |line| line.version));

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

/// What stands where no request could be read.
const BAD_REQUEST: &[u8] = b"<BADREQ>";

fn part<'a>(view: &View<'a>, field: &mut Field<'_>, part: fn(CapturedLine<'a>) -> &'a [u8]) {
    match captured_line(view) {
        Some(line) => field.encoded(part(line), Encoding::Url),
        None => field.text(BAD_REQUEST),
    }
}
