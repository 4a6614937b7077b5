//! The line about a connection that failed before its first request (manual 8.2.5).
//!
//! ```text
//! 127.0.0.1:51234 [22/Nov/2026:15:22:32.529] f/2: Received an invalid PROXY protocol header
//! ```

use std::io::Write;

use locum_runtime::{sample::view::View, vocab::FailedConnection};

use super::date;

/// Writes the line.
pub fn write(view: &View<'_>, failure: FailedConnection, out: &mut Vec<u8>) {
    let listener = &view.plan.listeners[view.session.listener.index()];
    // Writing into memory can't fail.
    let _ = match view.session.source {
        Some(source) => write!(out, "{}:{} [", source.ip(), source.port()),
        None => write!(out, "unix:{} [", listener.bind.id),
    };
    date::write_accepted(view, out);
    let _ = write!(out, "] {}/", view.frontend().name);
    let _ = match &listener.bind.name {
        Some(name) => write!(out, "{name}"),
        None => write!(out, "{}", listener.bind.id),
    };
    let _ = write!(out, ": {}", text(failure));
}

fn text(failure: FailedConnection) -> &'static str {
    match failure {
        FailedConnection::ProxyHeaderAborted => {
            "Connection closed while waiting for PROXY protocol header"
        }
        FailedConnection::ProxyHeaderTimeout => "Timeout while waiting for PROXY protocol header",
        FailedConnection::NoProxyHeader => {
            "Received something which does not look like a PROXY protocol header"
        }
        FailedConnection::UnhandledProxyProtocol => {
            "Received an unhandled protocol in the PROXY protocol header"
        }
        FailedConnection::InvalidProxyHeader => "Received an invalid PROXY protocol header",
    }
}
