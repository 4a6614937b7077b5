//! Names and numbers of the frontend, backend and server that a request goes through, and their timeouts
//! (manual 7.3.3).

use std::time::Duration;

use locum_runtime::{
    plan::{Proxy, Target},
    sample::{
        value::{Fetched, Type, Value},
        view::View,
    },
    vocab::FetchDef,
};

use super::fetch;

pub(super) static FE_NAME: FetchDef = fetch("fe_name", Type::Str, |view, _, _| {
    Fetched::Value(Value::Str(view.frontend().name.as_bytes()))
});

pub(super) static FE_DEFBE: FetchDef = fetch("fe_defbe", Type::Str, |view, _, _| {
    let frontend = view.frontend().frontend.as_ref();
    let target = frontend.and_then(|frontend| frontend.default_backend.as_ref());
    match target {
        Some(Target::Proxy(id)) => Fetched::Value(Value::Str(view.plan.proxy(*id).name.as_bytes())),
        _ => Fetched::Absent,
    }
});

pub(super) static FE_ID: FetchDef = fetch("fe_id", Type::Int, |view, _, _| {
    Fetched::Value(Value::Int(i64::from(view.frontend().number)))
});

pub(super) static BE_NAME: FetchDef = fetch("be_name", Type::Str, |view, _, _| {
    backend(view)
        .map(|proxy| Value::Str(proxy.name.as_bytes()))
        .into()
});

pub(super) static BE_ID: FetchDef = fetch("be_id", Type::Int, |view, _, _| {
    backend(view)
        .map(|proxy| Value::Int(i64::from(proxy.number)))
        .into()
});

pub(super) static SRV_NAME: FetchDef = fetch("srv_name", Type::Str, |view, _, _| {
    let server = view.stream.and_then(|stream| stream.server);
    let server = server.and_then(|id| view.plan.server(id));
    server
        .map(|server| Value::Str(server.name.as_bytes()))
        .into()
});

pub(super) static SRV_ID: FetchDef = fetch("srv_id", Type::Int, |view, _, _| {
    let id = view.stream.and_then(|stream| stream.server);
    let state = id.and_then(|id| {
        let farm = view.live.proxy(id.backend).farm.as_ref()?;
        farm.servers.get(id.index as usize)
    });
    state
        .map(|state| Value::Int(i64::from(state.rules.id)))
        .into()
});

pub(super) static FE_CLIENT_TIMEOUT: FetchDef =
    fetch("fe_client_timeout", Type::Int, |view, _, _| {
        milliseconds(view.frontend().timeouts.client)
    });

pub(super) static BE_SERVER_TIMEOUT: FetchDef =
    fetch("be_server_timeout", Type::Int, |view, _, _| {
        milliseconds(backend(view).and_then(|proxy| proxy.timeouts.server))
    });

pub(super) static BE_TUNNEL_TIMEOUT: FetchDef =
    fetch("be_tunnel_timeout", Type::Int, |view, _, _| {
        milliseconds(backend(view).and_then(|proxy| proxy.timeouts.tunnel))
    });

/// What counts for this request: a rule's choice; that of the configuration once the server's connection stands, and 0
/// before (observed).
pub(super) static CUR_SERVER_TIMEOUT: FetchDef =
    fetch("cur_server_timeout", Type::Int, |view, _, _| {
        current(view, 0, |proxy| proxy.timeouts.server)
    });

pub(super) static CUR_TUNNEL_TIMEOUT: FetchDef =
    fetch("cur_tunnel_timeout", Type::Int, |view, _, _| {
        current(view, 1, |proxy| proxy.timeouts.tunnel)
    });

fn current(
    view: &View<'_>,
    which: usize,
    configured: fn(&Proxy) -> Option<Duration>,
) -> Fetched<'static> {
    let Some(stream) = view.stream else {
        return Fetched::Absent;
    };
    let chosen = stream.chosen_timeouts[which];
    if chosen == 0 && stream.timers.connected.is_some() {
        let configured = backend(view).and_then(configured).unwrap_or_default();
        return milliseconds(Some(configured));
    }
    Fetched::Value(Value::Int(chosen.into()))
}

/// The backend, which is the frontend's own proxy until another one is chosen.
fn backend<'a>(view: &View<'a>) -> Option<&'a Proxy> {
    view.stream?;
    Some(view.backend().unwrap_or_else(|| view.frontend()))
}

fn milliseconds(timeout: Option<Duration>) -> Fetched<'static> {
    timeout
        .map(|timeout| Value::Int(i64::try_from(timeout.as_millis()).unwrap_or(i64::MAX)))
        .into()
}
