//! How busy frontends, backends and servers are: connections, queues, rates, servers up (manual 7.3.2).
//!
//! ```text
//! acl no_server nbsrv(app) lt 1
//! acl too_fast  fe_sess_rate ge 100
//! ```

use locum_runtime::{
    live::ProxyLive,
    plan::{ProxyId, args::Args},
    sample::{
        value::{Fetched, Type, Value},
        view::View,
    },
    server::ServerState,
    vocab::FetchDef,
};

use super::fetch;

pub(super) static AVG_QUEUE: FetchDef = fetch("avg_queue", Type::Int, |view, args, _| {
    let live = proxy(view, args);
    let Some(farm) = &live.farm else {
        return Fetched::Absent;
    };
    let (active, backup) = farm.usable();
    let servers = i64::from(if active > 0 { active } else { backup });
    let queued = waiting(live);
    // Rounded up; with no server each waiting request counts for one.
    number(if servers > 0 {
        (queued + servers - 1) / servers
    } else {
        queued
    })
});

pub(super) static BE_CONN: FetchDef = fetch("be_conn", Type::Int, |view, args, _| {
    number(streams(proxy(view, args)))
});

pub(super) static BE_CONN_FREE: FetchDef = fetch("be_conn_free", Type::Int, |view, args, _| {
    // Free slots of all servers that are up; −1 as soon as one has no limit.
    let Some(farm) = &proxy(view, args).farm else {
        return Fetched::Absent;
    };
    let usable = farm.servers.iter().filter(|server| server.is_usable());
    number(
        usable
            .map(free)
            .try_fold(0, |sum, free| Some(sum + free?))
            .unwrap_or(-1),
    )
});

pub(super) static BE_SESS_RATE: FetchDef = fetch("be_sess_rate", Type::Int, |view, args, _| {
    number(i64::from(
        proxy(view, args).backend_rate.per_second(view.now.instant),
    ))
});

pub(super) static CONNSLOTS: FetchDef = fetch("connslots", Type::Int, |view, args, _| {
    // Free slots and free places in queues; −1 as soon as a server has no limit of either.
    let Some(farm) = &proxy(view, args).farm else {
        return Fetched::Absent;
    };
    let slots = |server: &ServerState| {
        let places = server.rules.maxqueue.filter(|&limit| limit > 0)?;
        let places = i64::from(places) - i64::from(server.queued());
        Some(free(server)? + places)
    };
    let usable = farm.servers.iter().filter(|server| server.is_usable());
    number(
        usable
            .map(slots)
            .try_fold(0, |sum, slots| Some(sum + slots?))
            .unwrap_or(-1),
    )
});

pub(super) static DST_CONN: FetchDef = fetch("dst_conn", Type::Int, |view, _, _| {
    number(i64::from(
        view.live.proxy(view.session.frontend).clients.now(),
    ))
});

pub(super) static FE_CONN: FetchDef = fetch("fe_conn", Type::Int, |view, args, _| {
    number(i64::from(frontend(view, args).clients.now()))
});

pub(super) static FE_REQ_RATE: FetchDef = fetch("fe_req_rate", Type::Int, |view, args, _| {
    number(i64::from(
        frontend(view, args)
            .request_rate
            .per_second(view.now.instant),
    ))
});

pub(super) static FE_SESS_RATE: FetchDef = fetch("fe_sess_rate", Type::Int, |view, args, _| {
    number(i64::from(
        frontend(view, args)
            .session_rate
            .per_second(view.now.instant),
    ))
});

pub(super) static NBSRV: FetchDef = fetch("nbsrv", Type::Int, |view, args, _| {
    usable_servers(proxy(view, args)).map(Value::Int).into()
});

/// The servers that can be chosen now: backup servers count where no other is there. `None` of a mere frontend.
pub(crate) fn usable_servers(live: &ProxyLive) -> Option<i64> {
    let (active, backup) = live.farm.as_ref()?.usable();
    Some(i64::from(if active > 0 { active } else { backup }))
}

pub(super) static QUEUE: FetchDef = fetch("queue", Type::Int, |view, args, _| {
    number(waiting(proxy(view, args)))
});

pub(super) static SRV_CONN: FetchDef = fetch("srv_conn", Type::Int, |view, args, _| {
    of_server(view, args, |server| i64::from(server.served()))
});

pub(super) static SRV_CONN_FREE: FetchDef = fetch("srv_conn_free", Type::Int, |view, args, _| {
    of_server(view, args, |server| free(server).unwrap_or(-1))
});

pub(super) static SRV_IS_UP: FetchDef =
    fetch("srv_is_up", Type::Bool, |view, args, _| {
        match server(view, args) {
            Some(server) => Fetched::Value(Value::Bool(server.is_usable())),
            None => Fetched::Absent,
        }
    });

pub(super) static SRV_IWEIGHT: FetchDef = fetch("srv_iweight", Type::Int, |view, args, _| {
    of_server(view, args, |server| i64::from(server.rules.initial_weight))
});

pub(super) static SRV_QUEUE: FetchDef = fetch("srv_queue", Type::Int, |view, args, _| {
    of_server(view, args, |server| i64::from(server.queued()))
});

pub(super) static SRV_SESS_RATE: FetchDef = fetch("srv_sess_rate", Type::Int, |view, args, _| {
    let live = args.server(0).and_then(|id| {
        let servers = &view.live.proxy(id.backend).servers;
        servers.get(id.index as usize)
    });
    live.map(|server| Value::Int(server.rate.per_second(view.now.instant).into()))
        .into()
});

pub(super) static SRV_UWEIGHT: FetchDef = fetch("srv_uweight", Type::Int, |view, args, _| {
    of_server(view, args, |server| i64::from(server.user_weight()))
});

pub(super) static SRV_WEIGHT: FetchDef = fetch("srv_weight", Type::Int, |view, args, _| {
    of_server(view, args, |server| {
        i64::from(server.effective_weight().div_ceil(WEIGHT_SCALE))
    })
});

/// The balancers count in sixteenths of a weight.
const WEIGHT_SCALE: u32 = 16;

fn number<'a>(number: i64) -> Fetched<'a> {
    Fetched::Value(Value::Int(number))
}

/// The proxy of the argument; without one the proxy that the rule stands in.
fn proxy<'a>(view: &View<'a>, args: &Args) -> &'a ProxyLive {
    view.live.proxy(args.proxy(0).unwrap_or(view.proxy))
}

/// The frontend of the argument; without one the client's.
fn frontend<'a>(view: &View<'a>, args: &Args) -> &'a ProxyLive {
    let id: ProxyId = args.proxy(0).unwrap_or(view.session.frontend);
    view.live.proxy(id)
}

fn server<'a>(view: &View<'a>, args: &Args) -> Option<&'a ServerState> {
    let id = args.server(0)?;
    let farm = view.live.proxy(id.backend).farm.as_ref()?;
    farm.servers.get(id.index as usize)
}

fn of_server<'a>(
    view: &View<'a>,
    args: &Args,
    value: impl FnOnce(&ServerState) -> i64,
) -> Fetched<'a> {
    server(view, args)
        .map(|server| Value::Int(value(server)))
        .into()
}

/// Requests in a backend.
fn streams(live: &ProxyLive) -> i64 {
    live.farm
        .as_ref()
        .map_or(0, |farm| i64::from(farm.load().0))
}

/// Requests waiting in a backend's queue and in those of its servers.
fn waiting(live: &ProxyLive) -> i64 {
    live.farm.as_ref().map_or(0, |farm| {
        let servers: i64 = farm
            .servers
            .iter()
            .map(|server| i64::from(server.queued()))
            .sum();
        i64::from(farm.queued().0) + servers
    })
}

/// Free slots of a server; `None` without a limit.
fn free(server: &ServerState) -> Option<i64> {
    server
        .maxconn()
        .map(|limit| i64::from(limit) - i64::from(server.served()))
}
