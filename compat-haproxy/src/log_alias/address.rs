//! Addresses and ports: `%bi %bp %ci %cp %fi %fp %si %sp` (manual 8.2.4). A unix socket shows `unix` and the listener's
//! number.

use std::net::SocketAddr;

use locum_runtime::{
    sample::{format::Field, view::View},
    vocab::AliasDef,
};

use super::alias;

pub(super) static BI: AliasDef = alias("bi", |view, field| ip(server_source(view), field));
pub(super) static BP: AliasDef = alias("bp", |view, field| port(server_source(view), field));
pub(super) static CI: AliasDef = alias("ci", |view, field| client_ip(view.session.source, field));
pub(super) static CP: AliasDef = alias("cp", |view, field| {
    client_port(view.session.source, view, field)
});
pub(super) static FI: AliasDef = alias("fi", |view, field| {
    client_ip(view.session.destination, field)
});
pub(super) static FP: AliasDef = alias("fp", |view, field| {
    client_port(view.session.destination, view, field)
});
pub(super) static SI: AliasDef = alias("si", |view, field| ip(server(view), field));
pub(super) static SP: AliasDef = alias("sp", |view, field| port(server(view), field));

fn server(view: &View<'_>) -> Option<SocketAddr> {
    view.stream?.server_address
}

/// Known only because [`crate::words::vocabulary`] names the words that call it.
fn server_source(view: &View<'_>) -> Option<SocketAddr> {
    view.stream?.server_source
}

fn ip(address: Option<SocketAddr>, field: &mut Field<'_>) {
    match address {
        Some(address) => field.ip(address.ip()),
        None => field.absent(),
    }
}

fn port(address: Option<SocketAddr>, field: &mut Field<'_>) {
    match address {
        Some(address) => field.number_or_hex(i64::from(address.port()), 4),
        None => field.absent(),
    }
}

fn client_ip(address: Option<SocketAddr>, field: &mut Field<'_>) {
    match address {
        Some(address) => field.ip(address.ip()),
        None => field.text(b"unix"),
    }
}

fn client_port(address: Option<SocketAddr>, view: &View<'_>, field: &mut Field<'_>) {
    let mine = view.session.listener;
    let listeners = view
        .frontend()
        .frontend
        .as_ref()
        .map(|frontend| &frontend.listeners);
    match address {
        Some(address) => field.number_or_hex(i64::from(address.port()), 4),
        None => {
            let at = listeners.and_then(|all| all.iter().position(|&id| id == mine));
            field.number_or_hex(at.map_or(0, |at| at as i64 + 1), 4);
        }
    }
}
