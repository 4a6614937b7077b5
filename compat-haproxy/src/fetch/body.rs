//! Bodies of messages, as far as they have come: `req.body`, `req.body_len`, `req.body_size`, `req.body_param`, and the
//! same of `res` (manual 7.3.6). `option http-buffer-request` or `wait-for-body` make them come.
//!
//! ```text
//! http-request wait-for-body time 1s if METH_POST
//! http-request deny if { req.body_param(action) drop }
//! ```

use locum_runtime::{
    http::message::Head,
    sample::{
        value::{Fetched, Type, Value},
        view::{Buffered, View},
    },
    vocab::FetchDef,
};

use super::{fetch, url_param::named};

/// More of it may come: a test that fails waits for that, but its length is what is there (observed).
pub(super) static REQ_BODY: FetchDef = fetch("req.body", Type::Bin, |view, _, _| {
    so_far(view.request, view, request_body(view))
});

pub(super) static REQ_BODY_LEN: FetchDef = fetch("req.body_len", Type::Int, |view, _, _| {
    of(view.request, view, |_| length(request_body(view)))
});

pub(super) static REQ_BODY_SIZE: FetchDef = fetch("req.body_size", Type::Int, |view, _, _| {
    of(view.request, view, |head| size(head, request_body(view)))
});

pub(super) static RES_BODY: FetchDef = fetch("res.body", Type::Bin, |view, _, _| {
    so_far(view.response, view, response_body(view))
});

pub(super) static RES_BODY_LEN: FetchDef = fetch("res.body_len", Type::Int, |view, _, _| {
    of(view.response, view, |_| length(response_body(view)))
});

pub(super) static RES_BODY_SIZE: FetchDef = fetch("res.body_size", Type::Int, |view, _, _| {
    of(view.response, view, |head| size(head, response_body(view)))
});

/// A parameter of a body written like a query string.
pub(super) static REQ_BODY_PARAM: FetchDef = FetchDef {
    each: Some(|view, args, _, each| {
        if view.request.is_none() {
            return view.last_look;
        }
        let mut values = named(request_body(view).bytes, args.text(0), b'&');
        let _ = values.try_for_each(|value| each(Value::Bin(value)));
        true
    }),
    ..fetch("req.body_param", Type::Bin, |view, args, _| {
        super::request(view, |_| {
            named(request_body(view).bytes, args.text(0), b'&')
                .next()
                .map(Value::Bin)
        })
    })
};

fn so_far<'a>(head: Option<&'a Head>, view: &View<'a>, body: Buffered<'a>) -> Fetched<'a> {
    match of(head, view, |_| Value::Bin(body.bytes)) {
        Fetched::Value(value) if !body.complete && !view.last_look => Fetched::SoFar(value),
        other => other,
    }
}

fn response_body<'a>(view: &View<'a>) -> Buffered<'a> {
    view.response_body.unwrap_or_default()
}

/// Where the request is the beginning of a stream of bytes, only its head is looked for (observed).
fn request_body<'a>(view: &View<'a>) -> Buffered<'a> {
    match view.is_http() {
        true => view.request_body,
        false => Buffered::default(),
    }
}

fn of<'a>(
    head: Option<&'a Head>,
    view: &View<'a>,
    value: impl FnOnce(&'a Head) -> Value<'a>,
) -> Fetched<'a> {
    super::of(head, view, |head| Some(value(head)))
}

fn length<'a>(body: Buffered<'_>) -> Value<'a> {
    Value::Int(body.bytes.len() as i64)
}

/// What the message announces, if it does; else what is there.
fn size<'a>(head: &Head, body: Buffered<'_>) -> Value<'a> {
    let size = head.facts.content_length.unwrap_or(body.bytes.len() as u64);
    Value::Int(i64::try_from(size).unwrap_or(i64::MAX))
}
