//! Work beside the traffic: health checks and the command sockets.

use std::{net::SocketAddr, rc::Rc, sync::Arc, time::Duration};

use locum_model::{
    Located,
    proxy::{StatsLevel, StatsSocket},
};
use locum_runtime::{
    admin::{self, Admin, Control, Kill, LocalFuture, SessionRow},
    clock,
    event::Event,
    net::listener::ListeningSocket,
    plan::{Plan, ProxyId},
    worker::{Worker, serve::Background},
};

use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::{OwnedSemaphorePermit, Semaphore},
    task::spawn_local,
};

use crate::{
    command::{COMMANDS, WORDING},
    event,
};

/// What runs on the first worker besides its traffic.
pub fn background(plan: &Arc<Plan>, command_sockets: Vec<ListeningSocket>) -> Vec<Background> {
    let levels: Vec<StatsLevel> = plan
        .global
        .stats_sockets
        .iter()
        .map(|socket: &Located<StatsSocket>| socket.value.bind.level)
        .map(Option::unwrap_or_default)
        .collect();
    let sockets: Vec<_> = command_sockets.into_iter().zip(levels).collect();
    if sockets.is_empty() {
        return Vec::new();
    }
    vec![Box::new(move |worker: Rc<Worker>| serve(worker, sockets))]
}

/// Accepts on all command sockets; ends with the worker.
fn serve(worker: Rc<Worker>, sockets: Vec<(ListeningSocket, StatsLevel)>) {
    let global = &worker.plan.global;
    let limit = global.stats_maxconn.unwrap_or(admin::DEFAULT_MAXCONN);
    let admin = Rc::new(Admin {
        plan: worker.plan.clone(),
        live: worker.live.clone(),
        commands: COMMANDS,
        wording: WORDING,
        timeout: global.stats_timeout.unwrap_or(admin::DEFAULT_TIMEOUT),
        control: Rc::new(Steering {
            worker: worker.clone(),
        }),
    });
    let places = Arc::new(Semaphore::new(limit as usize));
    for (socket, level) in sockets {
        spawn_local(accept(socket, level, admin.clone(), places.clone()));
    }
}

/// How long accepting rests when the process has no descriptors left: the call fails at once, and a loop would spin.
const REST: Duration = Duration::from_millis(100);

async fn accept(
    socket: ListeningSocket,
    level: StatsLevel,
    admin: Rc<Admin>,
    places: Arc<Semaphore>,
) {
    let listener = match socket {
        ListeningSocket::Tcp(socket) => {
            tokio::net::TcpListener::from_std(socket).map(Listener::Tcp)
        }
        ListeningSocket::Unix(socket) => {
            tokio::net::UnixListener::from_std(socket).map(Listener::Unix)
        }
    };
    let Ok(listener) = listener else {
        return;
    };
    loop {
        // Beyond the limit clients wait in the kernel's queue.
        let Ok(place) = places.clone().acquire_owned().await else {
            return;
        };
        match &listener {
            Listener::Tcp(listener) => match listener.accept().await {
                Ok((stream, from)) => converse(place, &admin, level, Some(from), stream),
                Err(_) => tokio::time::sleep(REST).await,
            },
            Listener::Unix(listener) => match listener.accept().await {
                Ok((stream, _)) => converse(place, &admin, level, None, stream),
                Err(_) => tokio::time::sleep(REST).await,
            },
        }
    }
}

enum Listener {
    Tcp(tokio::net::TcpListener),
    Unix(tokio::net::UnixListener),
}

/// Serves a client in a task of its own, which holds its place.
fn converse<S>(
    place: OwnedSemaphorePermit,
    admin: &Rc<Admin>,
    level: StatsLevel,
    from: Option<SocketAddr>,
    stream: S,
) where
    S: AsyncRead + AsyncWrite + Unpin + 'static,
{
    let admin = admin.clone();
    spawn_local(async move {
        // A client that went away has nobody to be told.
        let _ = admin::serve(admin, level, from, stream).await;
        drop(place);
    });
}

/// What commands do to the process, from the first worker.
struct Steering {
    worker: Rc<Worker>,
}

impl Control for Steering {
    fn emit(&self, event: Event) {
        tell(&self.worker, &event);
    }

    fn listen(&self, _frontend: ProxyId, _on: bool) {
        // Acceptors look at the frontend's state, which the command sets.
    }

    fn stop(&self, _frontend: ProxyId) {
        // As for `listen`.
    }

    fn sessions(&self) -> LocalFuture<'_, Vec<SessionRow>> {
        Box::pin(std::future::ready(Vec::new()))
    }

    fn kill(&self, _which: Kill) -> LocalFuture<'_, usize> {
        Box::pin(std::future::ready(0))
    }
}

/// Words an event and sends it to its proxy's log targets and to standard error.
pub fn tell(worker: &Worker, event: &Event) {
    let Some(message) = event::word(&worker.plan, event) else {
        return;
    };
    worker.print(message.console_line(std::process::id()).as_bytes());
    if let Some(proxy) = message.proxy {
        let log = &worker.plan.proxy(proxy).log;
        let date = clock::both().date;
        worker.send(
            date,
            &log.targets,
            message.level,
            &log.tag,
            message.text.as_bytes(),
        );
    }
}
