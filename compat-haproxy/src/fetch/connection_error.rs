//! What went wrong with a connection: `fc_err`, `fc_err_str`, `bc_err`, `bc_err_str` (manual 7.3.3: numbers and texts).
//!
//! ```text
//! error-log-format "%ci [%tr] %ft %[fc_err_str]"
//! ```

use locum_runtime::{
    sample::{
        value::{Fetched, Type, Value},
        view::View,
    },
    vocab::{FailedConnection, FetchDef},
};

use super::fetch;

pub(super) static FC_ERR: FetchDef = fetch("fc_err", Type::Int, |view, _, _| number(client(view)));

pub(super) static FC_ERR_STR: FetchDef =
    fetch("fc_err_str", Type::Str, |view, _, _| text(client(view)));

pub(super) static BC_ERR: FetchDef = fetch("bc_err", Type::Int, |view, _, _| number(server(view)));

pub(super) static BC_ERR_STR: FetchDef =
    fetch("bc_err_str", Type::Str, |view, _, _| text(server(view)));

/// A row of the manual's table.
type Row = (i64, &'static str);

const SUCCESS: Row = (0, "Success");

/// While its PROXY header is waited for there is nothing to tell.
fn client(view: &View<'_>) -> Option<Row> {
    let listener = &view.plan.listeners[view.session.listener.index()];
    match view.session.failed {
        None if listener.bind.accept_proxy && !view.session.received_proxy_header() => None,
        None => Some(SUCCESS),
        Some(failed) => Some(of(failed)),
    }
}

fn of(failed: FailedConnection) -> Row {
    match failed {
        FailedConnection::ProxyHeaderAborted => (
            11,
            "Connection closed while waiting for PROXY protocol header",
        ),
        FailedConnection::ProxyHeaderTimeout => {
            (13, "Timeout while waiting for PROXY protocol header")
        }
        FailedConnection::NoProxyHeader => (
            15,
            "Received something which does not look like a PROXY protocol header",
        ),
        FailedConnection::InvalidProxyHeader => (16, "Received an invalid PROXY protocol header"),
        FailedConnection::UnhandledProxyProtocol => (
            17,
            "Received an unhandled protocol in the PROXY protocol header",
        ),
    }
}

/// A connection that was never made, refused for instance, has nothing to tell (observed).
fn server(view: &View<'_>) -> Option<Row> {
    let stream = view.stream?;
    if stream.source_refused {
        return Some((8, "Can't bind to source address"));
    }
    stream.timers.connected.map(|_| SUCCESS)
}

fn number<'a>(row: Option<Row>) -> Fetched<'a> {
    row.map(|(number, _)| Value::Int(number)).into()
}

fn text<'a>(row: Option<Row>) -> Fetched<'a> {
    row.map(|(_, text)| Value::Str(text.as_bytes())).into()
}
