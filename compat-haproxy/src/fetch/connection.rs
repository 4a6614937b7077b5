//! The client's connection: addresses, ports, listener, TLS (manual 7.3.3).
//!
//! ```text
//! acl internal src 10.0.0.0/8
//! ```

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use locum_model::proxy::Mode;
use locum_runtime::{
    sample::{
        value::{Fetched, Type, Value},
        view::View,
    },
    vocab::FetchDef,
};

use super::fetch;

pub(super) static SRC: FetchDef = fetch("src", Type::Ip, |view, _, _| ip(view.session.source));
pub(super) static SRC_PORT: FetchDef = fetch("src_port", Type::Int, |view, _, _| {
    port(view.session.source)
});
pub(super) static SRC_IS_LOCAL: FetchDef = fetch("src_is_local", Type::Bool, |view, _, _| {
    is_local(view.session.source)
});
pub(super) static DST: FetchDef = fetch("dst", Type::Ip, |view, _, _| ip(view.session.destination));
pub(super) static DST_PORT: FetchDef = fetch("dst_port", Type::Int, |view, _, _| {
    port(view.session.destination)
});
pub(super) static DST_IS_LOCAL: FetchDef = fetch("dst_is_local", Type::Bool, |view, _, _| {
    is_local(view.session.destination)
});
pub(super) static FC_SRC: FetchDef =
    fetch("fc_src", Type::Ip, |view, _, _| ip(view.session.peer()));
pub(super) static FC_SRC_PORT: FetchDef = fetch("fc_src_port", Type::Int, |view, _, _| {
    port(view.session.peer())
});

pub(super) static FC_SRC_IS_LOCAL: FetchDef = fetch("fc_src_is_local", Type::Bool, |view, _, _| {
    is_local(view.session.peer())
});
pub(super) static FC_DST: FetchDef =
    fetch("fc_dst", Type::Ip, |view, _, _| ip(view.session.local()));
pub(super) static FC_DST_PORT: FetchDef = fetch("fc_dst_port", Type::Int, |view, _, _| {
    port(view.session.local())
});
pub(super) static FC_DST_IS_LOCAL: FetchDef = fetch("fc_dst_is_local", Type::Bool, |view, _, _| {
    is_local(view.session.local())
});

/// Bytes have no version of HTTP.
pub(super) static FC_HTTP_MAJOR: FetchDef = fetch("fc_http_major", Type::Int, |view, _, _| {
    let is_http = view.frontend().mode == Mode::Http;
    is_http.then_some(Value::Int(1)).into()
});

pub(super) static BC_HTTP_MAJOR: FetchDef = fetch("bc_http_major", Type::Int, |view, _, _| {
    let is_http = view
        .backend()
        .is_some_and(|backend| backend.mode == Mode::Http);
    let stream = view
        .stream
        .filter(|stream| is_http && !stream.source_refused);
    stream
        .and_then(|stream| stream.server_address)
        .map(|_| Value::Int(1))
        .into()
});

pub(super) static FC_RCVD_PROXY: FetchDef = fetch("fc_rcvd_proxy", Type::Bool, |view, _, _| {
    Fetched::Value(Value::Bool(view.session.received_proxy_header()))
});

pub(super) static FC_PP_AUTHORITY: FetchDef = fetch("fc_pp_authority", Type::Str, |view, _, _| {
    let header = view.session.proxy_header.as_ref();
    header
        .and_then(|header| header.authority.as_deref())
        .map(Value::Str)
        .into()
});

pub(super) static FC_PP_UNIQUE_ID: FetchDef = fetch("fc_pp_unique_id", Type::Str, |view, _, _| {
    let header = view.session.proxy_header.as_ref();
    header
        .and_then(|header| header.unique_id.as_deref())
        .map(Value::Str)
        .into()
});

pub(super) static SSL_FC: FetchDef = fetch("ssl_fc", Type::Bool, |view, _, _| {
    Fetched::Value(Value::Bool(view.stream.is_some_and(|stream| stream.is_tls)))
});

pub(super) static SO_ID: FetchDef = fetch("so_id", Type::Int, |view, _, _| {
    // The listener's number, counted from 1 within its frontend.
    let mine = view.session.listener;
    let frontend = view.frontend().frontend.as_ref();
    let at = frontend.and_then(|frontend| frontend.listeners.iter().position(|&id| id == mine));
    at.map(|at| Value::Int(at as i64 + 1)).into()
});

/// The `name` of the listener's line.
pub(super) static SO_NAME: FetchDef = fetch("so_name", Type::Str, |view, _, _| {
    let listener = &view.plan.listeners[view.session.listener.index()];
    let name = listener.bind.name.as_deref();
    name.map(|name| Value::Str(name.as_bytes())).into()
});

fn ip(address: Option<SocketAddr>) -> Fetched<'static> {
    address.map(|address| Value::Ip(address.ip())).into()
}

fn port(address: Option<SocketAddr>) -> Fetched<'static> {
    address
        .map(|address| Value::Int(i64::from(address.port())))
        .into()
}

/// Whether an address is one of this machine's: loopback, or one that a socket can be bound to.
fn is_local(address: Option<SocketAddr>) -> Fetched<'static> {
    let Some(address) = address else {
        return Fetched::Absent;
    };
    let ip = address.ip();
    let local = ip.is_loopback() || std::net::UdpSocket::bind((ip, 0)).is_ok();
    Fetched::Value(Value::Bool(local))
}

/// The server's side of the connection.
pub(super) static BC_DST: FetchDef =
    fetch("bc_dst", Type::Ip, |view, _, _| ip(server_side(view).0));
pub(super) static BC_DST_PORT: FetchDef = fetch("bc_dst_port", Type::Int, |view, _, _| {
    port(server_side(view).0)
});
pub(super) static BC_SRC: FetchDef =
    fetch("bc_src", Type::Ip, |view, _, _| ip(server_side(view).1));
pub(super) static BC_SRC_PORT: FetchDef = fetch("bc_src_port", Type::Int, |view, _, _| {
    port(server_side(view).1)
});

/// Both ends; ours is known only because [`crate::words::vocabulary`] names the words that tell it.
fn server_side(view: &View<'_>) -> (Option<SocketAddr>, Option<SocketAddr>) {
    view.stream.map_or((None, None), |stream| {
        let source = match stream.server_refused {
            true => stream.server_source.map(refused),
            false => stream.server_source,
        };
        (stream.server_address, source)
    })
}

/// The local end of a connection that was refused: its address is gone then, its port isn't (observed).
fn refused(source: SocketAddr) -> SocketAddr {
    let ip: IpAddr = match source {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    SocketAddr::new(ip, source.port())
}
