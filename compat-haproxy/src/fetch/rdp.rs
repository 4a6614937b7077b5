//! The cookie of an RDP client: `req.rdp_cookie`, `req.rdp_cookie_cnt` (manual 7.3.5).
//!
//! ```text
//! tcp-request inspect-delay 5s
//! tcp-request content accept if RDP_COOKIE
//! ```

use locum_runtime::{
    net::rdp::{Cookie, cookie},
    plan::args::Args,
    sample::{
        value::{Fetched, Type, Value},
        view::View,
    },
    vocab::FetchDef,
};

use super::fetch;

pub(super) static REQ_RDP_COOKIE: FetchDef = fetch("req.rdp_cookie", Type::Str, |view, args, _| {
    match found(view, args) {
        Cookie::Value(value) => Fetched::Value(Value::Str(value)),
        Cookie::Absent => Fetched::Absent,
        Cookie::NotYet => not_yet(view),
    }
});

pub(super) static REQ_RDP_COOKIE_CNT: FetchDef = fetch(
    "req.rdp_cookie_cnt",
    Type::Int,
    |view, args, _| match found(view, args) {
        Cookie::Value(_) => Fetched::Value(Value::Int(1)),
        Cookie::Absent => Fetched::Value(Value::Int(0)),
        Cookie::NotYet => not_yet(view),
    },
);

fn found<'a>(view: &View<'a>, args: &Args) -> Cookie<'a> {
    let name = args.text(0).filter(|name| !name.is_empty());
    cookie(view.request_body.bytes, name)
}

fn not_yet<'a>(view: &View<'_>) -> Fetched<'a> {
    match view.request_body.complete || view.last_look {
        true => Fetched::Absent,
        false => Fetched::NotYet,
    }
}
