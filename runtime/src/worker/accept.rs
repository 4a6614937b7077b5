//! Accepting: one task per listening socket on every worker. Who accepts a connection serves it, unless another worker
//! has clearly fewer.

use std::{
    future::poll_fn,
    net::SocketAddr,
    os::fd::OwnedFd,
    rc::Rc,
    sync::atomic::{AtomicU32, Ordering::Relaxed},
    time::Duration,
};

use locum_kernel::accept::{Acceptor, accept};

use super::{
    Worker,
    mailbox::{Handed, Message},
};
use crate::{
    clock,
    event::{Event, Resource},
    live::{ProxyLive, gauge::Share},
    net::{conn::Detached, listener::ListeningSocket},
    plan::ListenerId,
    stream::session::{Accepted, Session},
};

/// After an accept that failed for want of descriptors or memory: accepting again at once would spin, since the
/// connection still waits in the kernel's queue.
const BREATH: Duration = Duration::from_millis(100);

/// An accepted connection as a socket of this kind gives it, and whose it is.
fn accepted(
    tcp: bool,
    (connection, peer): (OwnedFd, socket2::SockAddr),
) -> (Detached, Option<SocketAddr>) {
    match tcp {
        true => (Detached::Tcp(connection.into()), peer.as_socket()),
        false => (Detached::Unix(connection.into()), None),
    }
}

/// Accepts until the task is aborted.
pub async fn run(worker: Rc<Worker>, id: ListenerId, socket: ListeningSocket) {
    let tcp = matches!(socket, ListeningSocket::Tcp(_));
    if tcp {
        // What is accepted has it from the socket: a connection doesn't have to be told. It works without, too.
        let _ = socket2::SockRef::from(&socket).set_tcp_nodelay(true);
    }
    let Ok(socket) = Acceptor::new(socket.into()) else {
        return;
    };
    let listener = &worker.plan.listeners[id.index()];
    let frontend = worker.live.proxy(listener.frontend);
    let planned = worker.plan.proxy(listener.frontend).frontend.as_ref();
    let rate_limit = planned.and_then(|frontend| frontend.rate_limit_sessions);
    loop {
        // Connections beyond a limit stay in the kernel's queue until one of ours ends.
        poll_fn(|cx| worker.live.connections.poll_room(cx)).await;
        poll_fn(|cx| frontend.clients.poll_room(cx)).await;
        hold_back(&worker, frontend, rate_limit).await;
        match socket.accept().await {
            Ok(connection) => {
                let (socket, peer) = accepted(tcp, connection);
                size_buffers(&worker, &socket);
                let connection = Connection {
                    socket,
                    peer,
                    listener: id,
                };
                // Another worker or socket may have taken the last unit meanwhile: then this connection waits for one,
                // in a task of its own, since this one ends with a soft stop.
                match (
                    worker.live.connections.try_take(),
                    frontend.clients.try_take(),
                ) {
                    (Some(process), Some(place)) => {
                        admit(&worker, connection, [process, place]);
                    }
                    taken => {
                        let worker = worker.clone();
                        tokio::task::spawn_local(wait_for_units(worker, connection, taken));
                    }
                }
            }
            Err(error) => {
                // Without a resource: the client went away while it waited.
                if let Some(resource) = Resource::lacking(&error) {
                    worker.emit(Event::Exhausted {
                        proxy: listener.frontend,
                        resource,
                        to_server: false,
                    });
                    tokio::time::sleep(BREATH).await;
                }
            }
        }
    }
}

/// A connection that nobody serves yet.
struct Connection {
    socket: Detached,
    peer: Option<SocketAddr>,
    listener: ListenerId,
}

/// Takes the units that a connection still lacks, the process's first, then admits it.
async fn wait_for_units(
    worker: Rc<Worker>,
    connection: Connection,
    (process, place): (Option<Share>, Option<Share>),
) {
    let listener = &worker.plan.listeners[connection.listener.index()];
    let frontend = worker.live.proxy(listener.frontend);
    let process = match process {
        Some(process) => process,
        None => poll_fn(|cx| worker.live.connections.poll_take(cx)).await,
    };
    let place = match place {
        Some(place) => place,
        None => poll_fn(|cx| frontend.clients.poll_take(cx)).await,
    };
    admit(&worker, connection, [process, place]);
}

/// Counts a connection and gives it to the worker that serves it.
fn admit(worker: &Rc<Worker>, connection: Connection, shares: [Share; 2]) {
    let listener = &worker.plan.listeners[connection.listener.index()];
    let frontend = worker.live.proxy(listener.frontend);
    let now = clock::both();
    frontend.connection_rate.count(now.instant);
    frontend.frontend.of(worker.index).connections.increment();
    worker.live.connection_rate.count(now.instant);
    worker.live.accepted.of(worker.index).increment();
    dispatch(
        worker,
        Handed {
            socket: connection.socket,
            peer: connection.peer,
            listener: connection.listener,
            at: now,
            shares,
        },
    );
}

/// Waits while more come each second than the frontend or the process takes (manual: "rate-limit sessions",
/// "maxconnrate", "maxsessrate").
async fn hold_back(worker: &Worker, frontend: &ProxyLive, rate_limit: Option<u32>) {
    /// Short enough that a limit of some hundreds a second is met evenly.
    const PAUSE: Duration = Duration::from_millis(2);
    let live = &worker.live;
    let own = AtomicU32::new(rate_limit.unwrap_or(0));
    let limits = [
        (&own, &frontend.session_rate),
        (&live.rate_limits.connections, &live.connection_rate),
        (&live.rate_limits.sessions, &live.session_rate),
    ];
    for (limit, rate) in limits {
        // A command may change it meanwhile.
        let exceeded = || match limit.load(Relaxed) {
            0 => false,
            limit => rate.per_second(clock::now()) >= limit,
        };
        while exceeded() {
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// `tune.sndbuf.client`, `tune.rcvbuf.client`. A socket that can't have the size keeps its own.
fn size_buffers(worker: &Worker, socket: &Detached) {
    let tune = &worker.plan.global.tune;
    if tune.sndbuf_client.is_none() && tune.rcvbuf_client.is_none() {
        return;
    }
    let socket = socket2::SockRef::from(socket);
    if let Some(size) = tune.sndbuf_client {
        let _ = socket.set_send_buffer_size(size as usize);
    }
    if let Some(size) = tune.rcvbuf_client {
        let _ = socket.set_recv_buffer_size(size as usize);
    }
}

fn dispatch(worker: &Rc<Worker>, handed: Handed) {
    let target = worker.mailboxes.server_of_next(worker.index);
    worker.mailboxes.add_load(target);
    if target == worker.index {
        spawn(worker, handed);
    } else {
        worker.mailboxes.say(target, Message::Serve(handed));
    }
}

/// Serves a connection on this worker.
pub fn spawn(worker: &Rc<Worker>, handed: Handed) {
    let Handed {
        socket,
        peer,
        listener,
        at,
        shares,
    } = handed;
    let accepted = Accepted {
        conn: socket.attach(),
        peer,
        listener,
        at,
        shares,
    };
    tokio::task::spawn_local(Session::new(worker.clone(), accepted).run());
}

/// Serves what waits in the kernel's queue of a socket that is about to be closed: closing it would reset them.
pub fn drain(worker: &Rc<Worker>, id: ListenerId, socket: &ListeningSocket) {
    let listener = &worker.plan.listeners[id.index()];
    let frontend = worker.live.proxy(listener.frontend);
    let tcp = matches!(socket, ListeningSocket::Tcp(_));
    while let Ok(connection) = accept(socket) {
        let (socket, peer) = accepted(tcp, connection);
        let now = clock::both();
        frontend.frontend.of(worker.index).connections.increment();
        worker.live.accepted.of(worker.index).increment();
        let shares = [worker.live.connections.take(), frontend.clients.take()];
        // The other workers take leave of theirs just now.
        worker.mailboxes.add_load(worker.index);
        spawn(
            worker,
            Handed {
                socket,
                peer,
                listener: id,
                at: now,
                shares,
            },
        );
    }
}
