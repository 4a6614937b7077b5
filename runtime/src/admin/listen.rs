//! Command sockets: accepting their clients, and handing the listeners to a successor that asks.

use std::{
    os::{fd::AsRawFd, unix::net::UnixStream as StdUnixStream},
    rc::Rc,
    sync::Arc,
    time::Duration,
};

use locum_model::proxy::{Bind, StatsLevel};
use nix::sys::socket::{MsgFlags, recv};
use tokio::{
    io::Interest,
    net::{TcpListener, UnixListener, UnixStream},
    task::spawn_local,
};

use super::{Admin, serve};
use crate::{
    live::gauge::Gauge,
    net::listener::ListeningSocket,
    process::{
        console,
        handover::{self, Listener},
    },
};

/// A command socket: its line and what listens.
pub struct CommandSocket {
    /// Its options.
    pub bind: Bind,
    /// The socket.
    pub socket: ListeningSocket,
}

/// After an accept that failed for want of descriptors.
const BREATH: Duration = Duration::from_millis(100);

/// Serves a command socket on the current worker. `places` bounds the clients of all sockets, `shared` are the
/// listeners for a successor.
pub fn start(admin: Rc<Admin>, socket: CommandSocket, places: Gauge, shared: Arc<Vec<Listener>>) {
    spawn_local(accept(admin, socket, places, shared));
}

/// Serves the clients that the master hands over through its channel, until it has gone.
pub fn start_for_master(admin: Rc<Admin>, channel: StdUnixStream) {
    spawn_local(async move { drop(serve_handed(admin, channel).await) });
}

async fn serve_handed(admin: Rc<Admin>, channel: StdUnixStream) -> std::io::Result<()> {
    channel.set_nonblocking(true)?;
    // Tells when there is something; it is taken from the channel itself, with its descriptors.
    let news = UnixStream::from_std(channel.try_clone()?)?;
    loop {
        news.readable().await?;
        let (client, level) = match news.try_io(Interest::READABLE, || console::hand_over(&channel))
        {
            Ok(Some(handed)) => handed,
            Ok(None) => return Ok(()),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => continue,
            Err(error) => return Err(error),
        };
        client.set_nonblocking(true)?;
        let client = UnixStream::from_std(client)?;
        admin.live.commands.increment();
        let admin = admin.clone();
        spawn_local(async move { drop(serve(admin, level, None, client).await) });
    }
}

/// Accepts clients of one command socket, as many at once as `stats maxconn` allows.
async fn accept(
    admin: Rc<Admin>,
    socket: CommandSocket,
    places: Gauge,
    shared: Arc<Vec<Listener>>,
) {
    let level = socket.bind.level.unwrap_or(StatsLevel::Operator);
    let exposed = socket.bind.expose_listeners.then_some(shared);
    match socket.socket {
        ListeningSocket::Tcp(listener) => {
            let Ok(listener) = TcpListener::from_std(listener) else {
                return;
            };
            loop {
                let place = std::future::poll_fn(|cx| places.poll_take(cx)).await;
                let Ok((client, source)) = listener.accept().await else {
                    tokio::time::sleep(BREATH).await;
                    continue;
                };
                admin.live.commands.increment();
                let served = serve(admin.clone(), level, Some(source), client);
                spawn_local(async move {
                    let _place = place;
                    let _ = served.await;
                });
            }
        }
        ListeningSocket::Unix(listener) => {
            let Ok(listener) = UnixListener::from_std(listener) else {
                return;
            };
            loop {
                let place = std::future::poll_fn(|cx| places.poll_take(cx)).await;
                let Ok((client, _)) = listener.accept().await else {
                    tokio::time::sleep(BREATH).await;
                    continue;
                };
                admin.live.commands.increment();
                let (admin, exposed) = (admin.clone(), exposed.clone());
                spawn_local(async move {
                    let _place = place;
                    let Some(client) = hand_over(client, exposed).await else {
                        return;
                    };
                    let _ = serve(admin, level, None, client).await;
                });
            }
        }
    }
}

/// A successor that asks for the listeners gets them; anybody else is given back to be served.
async fn hand_over(client: UnixStream, exposed: Option<Arc<Vec<Listener>>>) -> Option<UnixStream> {
    let Some(listeners) = exposed else {
        return Some(client);
    };
    let asks = tokio::time::timeout(Duration::from_secs(1), asks_for_listeners(&client)).await;
    if !matches!(asks, Ok(Ok(true))) {
        return Some(client);
    }
    let client: StdUnixStream = client.into_std().ok()?;
    let bound = Some(Duration::from_secs(5));
    let _ = client
        .set_nonblocking(false)
        .and_then(|()| client.set_read_timeout(bound))
        .and_then(|()| client.set_write_timeout(bound))
        .and_then(|()| {
            std::io::Read::read_exact(&mut &client, &mut vec![0; handover::REQUEST.len()])
        })
        .and_then(|()| handover::offer(&client, &listeners));
    None
}

/// Looks at the first bytes without taking them.
async fn asks_for_listeners(client: &UnixStream) -> std::io::Result<bool> {
    loop {
        client.readable().await?;
        let mut bytes = [0; 16];
        let peeked = client.try_io(tokio::io::Interest::READABLE, || {
            Ok(recv(client.as_raw_fd(), &mut bytes, MsgFlags::MSG_PEEK)?)
        });
        match peeked {
            Ok(count) => return Ok(bytes[..count].starts_with(handover::REQUEST)),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
}
