//! Backends and servers whose names only the traffic knows: `nbsrv`, `srv_queue` (manual 7.3.1).
//!
//! ```text
//! http-request deny unless { req.hdr(x-pool),nbsrv ge 1 }
//! ```

use locum_runtime::{
    sample::{
        value::{Type, Value},
        view::View,
    },
    vocab::ConverterDef,
};

use super::{bytes_of, converter};
use crate::fetch::load::usable_servers;

pub(super) static NBSRV: ConverterDef =
    converter("nbsrv", Type::Str, Type::Int, |value, view, _, _| {
        let backend = view.plan.proxy_named(text(value)?)?;
        let servers = usable_servers(view.live.proxy(backend))?;
        Some(Value::Int(servers))
    });

pub(super) static SRV_QUEUE: ConverterDef =
    converter("srv_queue", Type::Str, Type::Int, |value, view, _, _| {
        let (backend, server) = match text(value)?.split_once('/') {
            Some((backend, server)) => (view.plan.proxy_named(backend)?, server),
            None => (view.proxy, text(value)?),
        };
        queue(view, backend, server)
    });

fn queue<'a>(
    view: &View<'a>,
    backend: locum_runtime::plan::ProxyId,
    name: &str,
) -> Option<Value<'a>> {
    let servers = &view.plan.proxy(backend).backend.as_ref()?.servers;
    let at = servers.iter().position(|server| *server.name == *name)?;
    let server = view.live.proxy(backend).farm.as_ref()?.servers.get(at)?;
    Some(Value::Int(i64::from(server.queued())))
}

fn text(value: Value<'_>) -> Option<&str> {
    std::str::from_utf8(bytes_of(value)?).ok()
}
