//! Counts: connections (`%ac %fc %bc %sc`), queues (`%sq %bq`), retries (`%rc`), bytes (`%B %U`), numbers of streams and
//! lines (`%rt %lc`), the process (`%pid`) (manual 8.2.4).

use std::sync::atomic::Ordering::Relaxed;

use locum_runtime::{
    sample::{format::Field, view::View},
    stream::facts::StreamFacts,
    vocab::AliasDef,
};

use super::{alias, is_logging};

pub(super) static AC: AliasDef = alias("ac", |view, field| connections(view, 0, field));
pub(super) static FC: AliasDef = alias("fc", |view, field| connections(view, 1, field));
pub(super) static BC: AliasDef = alias("bc", |view, field| connections(view, 2, field));
pub(super) static SC: AliasDef = alias("sc", |view, field| connections(view, 3, field));

pub(super) static SQ: AliasDef = alias("sq", |view, field| {
    number(view, field, |stream| i64::from(stream.server_queue));
});
pub(super) static BQ: AliasDef = alias("bq", |view, field| {
    number(view, field, |stream| i64::from(stream.backend_queue));
});

pub(super) static RC: AliasDef = alias("rc", |view, field| {
    // A plus: the last retry went to another server.
    if view.stream.is_some_and(|stream| stream.redispatched) {
        field.raw(b"+");
    }
    number(view, field, |stream| i64::from(stream.retries));
});

pub(super) static BYTES_OUT: AliasDef = alias("B", |view, field| {
    super::early(view, field);
    number(view, field, |stream| sum(stream, stream.bytes_out));
});
pub(super) static BYTES_IN: AliasDef = alias("U", |view, field| {
    number(view, field, |stream| sum(stream, stream.bytes_in));
});

pub(super) static RT: AliasDef = alias("rt", |view, field| {
    let number = view.stream.map_or(0, |stream| stream.number);
    field.number_or_hex(i64::try_from(number).unwrap_or(0), 4);
});
pub(super) static LC: AliasDef = alias("lc", |view, field| {
    let lines = view
        .live
        .proxy(view.session.frontend)
        .log_lines
        .load(Relaxed);
    field.number_or_hex(i64::from(lines), 4);
});
pub(super) static PID: AliasDef = alias("pid", |_, field| {
    field.number_or_hex(i64::from(std::process::id()), 4);
});

fn sum(stream: &StreamFacts, bytes: u64) -> i64 {
    match is_logging(stream) {
        true => i64::try_from(bytes).unwrap_or(i64::MAX),
        false => 0,
    }
}

/// Of the process, the frontend, the backend, the server.
fn connections(view: &View<'_>, at: usize, field: &mut Field<'_>) {
    number(view, field, |stream| {
        let live = view.live;
        i64::from(match at {
            _ if is_logging(stream) => stream.connections[at],
            0 => live.connections.now(),
            1 => live.proxy(view.session.frontend).clients.now(),
            2 => stream.backend.map_or(0, |id| live.proxy(id).streams()),
            _ => stream
                .server
                .map_or(0, |id| live.proxy(id.backend).served(id.index)),
        })
    });
}

fn number(view: &View<'_>, field: &mut Field<'_>, value: impl FnOnce(&StreamFacts) -> i64) {
    field.number(view.stream.map_or(0, value));
}
