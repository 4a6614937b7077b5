//! What opens a TLS connection that passes through: `req.ssl_hello_type`, `_sni`, `_ver`, `_alpn`, `_ec_ext`, `_st_ext`;
//! `res.ssl_hello_type` (manual 7.3.5).
//!
//! ```text
//! tcp-request inspect-delay 5s
//! tcp-request content accept if { req.ssl_hello_type 1 }
//! use_backend a if { req.ssl_sni -i a.example }
//! ```

use locum_runtime::{
    net::client_hello::{ClientHello, Peek, client_hello, hello_type, version},
    sample::{
        value::{Fetched, Type, Value},
        view::{Buffered, View},
    },
    vocab::FetchDef,
};

use super::{
    fetch,
    payload::{of_request, of_response},
};

pub(super) static REQ_SSL_HELLO_TYPE: FetchDef =
    fetch("req.ssl_hello_type", Type::Int, |view, _, _| {
        peek(view, of_request(view), |bytes| {
            hello_type(bytes).and_then(|number| Some(Value::Int(number.into())))
        })
    });

pub(super) static RES_SSL_HELLO_TYPE: FetchDef =
    fetch("res.ssl_hello_type", Type::Int, |view, _, _| {
        peek(view, of_response(view), |bytes| {
            hello_type(bytes).and_then(|number| Some(Value::Int(number.into())))
        })
    });

pub(super) static REQ_SSL_VER: FetchDef = fetch("req.ssl_ver", Type::Int, |view, _, _| {
    peek(view, of_request(view), |bytes| {
        version(bytes).and_then(|version| Some(Value::Int(version.into())))
    })
});

pub(super) static REQ_SSL_SNI: FetchDef = fetch("req.ssl_sni", Type::Str, |view, _, _| {
    of_hello(view, |hello| hello.server_name().map(Value::Str))
});

pub(super) static REQ_SSL_ALPN: FetchDef = fetch("req.ssl_alpn", Type::Str, |view, _, _| {
    of_hello(view, |hello| hello.protocol().map(Value::Str))
});

pub(super) static REQ_SSL_EC_EXT: FetchDef = fetch("req.ssl_ec_ext", Type::Bool, |view, _, _| {
    of_hello(view, |hello| {
        hello.has_curves().then_some(Value::Bool(true))
    })
});

/// 0: no such extension; 1: one without a ticket; 2: one with.
pub(super) static REQ_SSL_ST_EXT: FetchDef = fetch("req.ssl_st_ext", Type::Int, |view, _, _| {
    of_hello(view, |hello| {
        Some(Value::Int(match hello.session_ticket() {
            None => 0,
            Some([]) => 1,
            Some(_) => 2,
        }))
    })
});

fn of_hello<'a>(
    view: &View<'a>,
    value: impl FnOnce(ClientHello<'a>) -> Option<Value<'a>>,
) -> Fetched<'a> {
    peek(view, of_request(view), |bytes| {
        client_hello(bytes).and_then(value)
    })
}

fn peek<'a>(
    view: &View<'a>,
    bytes: Option<Buffered<'a>>,
    look: impl FnOnce(&'a [u8]) -> Peek<Value<'a>>,
) -> Fetched<'a> {
    let Some(bytes) = bytes else {
        return Fetched::Absent;
    };
    match look(bytes.bytes) {
        Peek::Value(value) => Fetched::Value(value),
        Peek::NotYet if !bytes.complete && !view.last_look => Fetched::NotYet,
        Peek::Absent | Peek::NotYet => Fetched::Absent,
    }
}
