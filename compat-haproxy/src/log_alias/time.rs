//! Intervals in milliseconds: `%Th %Ti %TR %Tq %Tw %Tc %Tr %Td %Ta %Tt %Tu` (manual 8.4). −1: not reached.
//!
//! ```text
//!  accept              first byte   head          queue   server      response     end
//!    |<-- Th -->|<- Ti ->|<--- TR -->|<--- Tw --->|<- Tc ->|<-- Tr -->|<--- Td --->|
//!                        |<------------------------- Ta -------------------------->|
//!    |<---------------------------------- Tt ------------------------------------->|
//! ```

use std::time::Duration;

use locum_model::proxy::Mode;
use locum_runtime::{
    sample::{format::Field, view::View},
    stream::facts::Timers,
    vocab::AliasDef,
};

use super::{alias, early, http_alias, is_logging};

pub(super) static TH: AliasDef = alias("Th", |view, field| field.number(handshake(view)));
pub(super) static TI: AliasDef =
    http_alias("Ti", |view, field| of(view, field, |timers| timers.idle_ms));
pub(super) static TR_REQUEST: AliasDef = http_alias("TR", |view, field| {
    of(view, field, |timers| timers.request_ms)
});
pub(super) static TQ: AliasDef = http_alias("Tq", |view, field| {
    let before = before_request(view);
    of(view, field, |timers| match timers.request_ms {
        request if request >= 0 => before + request,
        _ => -1,
    });
});
pub(super) static TW: AliasDef = alias("Tw", |view, field| {
    of(view, field, |timers| timers.queue_ms)
});
pub(super) static TC: AliasDef = alias("Tc", |view, field| {
    of(view, field, |timers| timers.connect_ms)
});
pub(super) static TR_RESPONSE: AliasDef = http_alias("Tr", |view, field| {
    of(view, field, |timers| timers.response_ms)
});

pub(super) static TD: AliasDef = alias("Td", |view, field| {
    let (active, is_http) = (active(view), is_http(view));
    of(view, field, |timers| {
        let reached = if is_http {
            timers.response_ms
        } else {
            timers.connect_ms
        };
        let parts = [
            timers.request_ms,
            timers.queue_ms,
            timers.connect_ms,
            timers.response_ms,
        ];
        let parts: i64 = parts.iter().filter(|part| **part > 0).sum();
        if reached < 0 {
            -1
        } else {
            (active - parts).max(0)
        }
    });
});

pub(super) static TA: AliasDef = http_alias("Ta", |view, field| {
    early(view, field);
    field.number(active(view));
});

pub(super) static TT: AliasDef = alias("Tt", |view, field| {
    early(view, field);
    field.number(before_request(view) + active(view));
});

pub(super) static TU: AliasDef = alias("Tu", |view, field| {
    early(view, field);
    // As the client feels it: without the time it was idle. A session of TCP begins with its connection.
    let before = if is_http(view) { handshake(view) } else { 0 };
    field.number(before + active(view));
});

fn of(view: &View<'_>, field: &mut Field<'_>, value: impl FnOnce(&Timers) -> i64) {
    field.number(view.stream.map_or(-1, |stream| value(&stream.timers)));
}

fn is_http(view: &View<'_>) -> bool {
    view.frontend().mode == Mode::Http
}

/// The handshakes' time, which counts for the connection's first exchange.
fn handshake(view: &View<'_>) -> i64 {
    if view.session.requests <= 1 {
        view.session.handshake_ms.max(0)
    } else {
        0
    }
}

/// From the moment the wait began to the request's first byte.
pub(super) fn before_request(view: &View<'_>) -> i64 {
    if !is_http(view) {
        return 0;
    }
    handshake(view) + view.stream.map_or(0, |stream| stream.timers.idle_ms.max(0))
}

/// From the first byte to the end, or to now if the line is written before (`option logasap`).
fn active(view: &View<'_>) -> i64 {
    let Some(stream) = view.stream.filter(|stream| is_logging(stream)) else {
        return 0;
    };
    let end = stream.timers.end.unwrap_or(view.now.instant);
    let length: Duration = end.saturating_duration_since(stream.timers.start.instant);
    i64::try_from(length.as_millis()).unwrap_or(i64::MAX)
}
