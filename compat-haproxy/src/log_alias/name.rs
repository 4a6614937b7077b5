//! Names: frontend `%f %ft`, backend `%b`, server `%s`, host `%H`, the exchange's identifier `%ID`; and the TLS aliases
//! `%sslc %sslv`, which are empty for what is not encrypted (manual 8.2.4).

use locum_runtime::{sample::view::View, stream::facts::StreamFacts, vocab::AliasDef};

use super::{alias, is_logging};
use crate::fetch::process::HOST_NAME;

pub(super) static F: AliasDef = alias("f", |view, field| {
    field.text(view.frontend().name.as_bytes())
});

pub(super) static FT: AliasDef = alias("ft", |view, field| {
    let name = view.frontend().name.as_bytes();
    let is_tls = view.stream.is_some_and(|stream| stream.is_tls);
    // A tilde marks a frontend that the client spoke TLS to.
    field.quoted(|field| {
        field.push(name, None);
        if is_tls {
            field.raw(b"~");
        }
    });
});

pub(super) static B: AliasDef = alias("b", |view, field| {
    let backend = view.backend().unwrap_or_else(|| view.frontend());
    field.text(backend.name.as_bytes());
});

pub(super) static S: AliasDef = alias("s", |view, field| field.text(server(view)));

pub(super) static H: AliasDef = alias("H", |_, field| field.text(&HOST_NAME));

pub(super) static ID: AliasDef = alias("ID", |view, field| {
    let shown = |stream: &&StreamFacts| stream.unique_id_shown.get() || is_logging(stream);
    let stream = view.stream.filter(shown);
    field.optional(stream.and_then(|stream| stream.unique_id.as_deref()));
});

pub(super) static SSLC: AliasDef = alias("sslc", |_, field| field.absent());
pub(super) static SSLV: AliasDef = alias("sslv", |_, field| field.absent());

fn server<'a>(view: &View<'a>) -> &'a [u8] {
    let stream = view.stream;
    if let Some(service) = stream.and_then(|stream| stream.service) {
        return service.as_bytes();
    }
    let server = stream
        .and_then(|stream| stream.server)
        .and_then(|id| view.plan.server(id));
    server.map_or(b"<NOSRV>", |server| server.name.as_bytes())
}
