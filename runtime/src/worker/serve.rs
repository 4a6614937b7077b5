//! Starting the workers, steering them, and waiting for their end.

use std::{
    io,
    rc::Rc,
    sync::{Arc, atomic::Ordering::Relaxed},
    thread::{self, JoinHandle},
    time::Duration,
};

use tokio::{
    runtime::{Builder, LocalOptions},
    sync::mpsc::UnboundedReceiver,
    task::{JoinHandle as Task, spawn_local},
};

use super::{
    Worker, accept,
    mailbox::{Mailboxes, Message},
    wait::{KillReason, Order},
};
use crate::{
    clock,
    live::Live,
    log::{Identity, Logger},
    net::listener::ListeningSocket,
    plan::{ListenerId, Plan, ProxyId},
};

/// Work that runs beside the traffic on the first worker: health checks, the command sockets. It ends with the
/// process.
pub type Background = Box<dyn FnOnce(Rc<Worker>) + Send>;

/// All worker threads.
pub struct Workers {
    threads: Vec<JoinHandle<()>>,
    /// Ways to them.
    pub mailboxes: Arc<Mailboxes>,
}

/// Starts one thread per worker. All of them accept from each socket; who has many more connections than another hands
/// over.
///
/// # Errors
/// No thread, or no descriptor for an event loop or a worker's part in a socket.
pub fn start(
    plan: &Arc<Plan>,
    live: &Arc<Live>,
    sockets: Vec<(ListenerId, ListeningSocket)>,
    identity: &Identity,
    background: Vec<Background>,
) -> io::Result<Workers> {
    let count = plan.threads.max(1);
    let (mailboxes, readers) = Mailboxes::new(count);
    let mailboxes = Arc::new(mailboxes);
    let shares = share_out(sockets, count)?;
    let mut background = Some(background);
    let mut threads = Vec::with_capacity(count);
    for (index, (reader, sockets)) in readers.into_iter().zip(shares).enumerate() {
        let logger = Logger::new(identity.clone());
        let (plan, live, mailboxes) = (plan.clone(), live.clone(), mailboxes.clone());
        let background = background.take().unwrap_or_default();
        // An event loop can't leave its thread: it is made there, and what hinders it is told from there.
        let (made, is_made) = std::sync::mpsc::sync_channel(1);
        let body = move || {
            clock::hold_by_turns();
            let runtime = Builder::new_current_thread()
                .enable_all()
                .on_thread_unpark(clock::next_turn)
                .build_local(LocalOptions::default());
            let (runtime, result) = match runtime {
                Ok(runtime) => (Some(runtime), Ok(())),
                Err(error) => (None, Err(error)),
            };
            // Whoever started this thread waits for the word.
            let _ = made.send(result);
            let Some(runtime) = runtime else { return };
            let worker = Rc::new(Worker::new(index, plan, live, mailboxes, logger));
            runtime.block_on(async {
                for work in background {
                    work(worker.clone());
                }
                run(worker, sockets, reader).await;
            });
        };
        let name = format!("worker-{index}");
        threads.push(thread::Builder::new().name(name).spawn(body)?);
        is_made
            .recv()
            .unwrap_or_else(|_| Err(io::ErrorKind::Other.into()))?;
    }
    Ok(Workers { threads, mailboxes })
}

/// Gives every worker a part in each listening socket. Sockets that share an address already (`shards`) are dealt out
/// instead: the kernel spreads connections over those.
fn share_out(
    sockets: Vec<(ListenerId, ListeningSocket)>,
    workers: usize,
) -> io::Result<Vec<Vec<(ListenerId, ListeningSocket)>>> {
    let mut shares: Vec<Vec<_>> = (0..workers).map(|_| Vec::new()).collect();
    let ids: Vec<_> = sockets.iter().map(|(id, _)| *id).collect();
    for (place, (id, socket)) in sockets.into_iter().enumerate() {
        let own = place % workers;
        if ids.iter().filter(|other| **other == id).count() == 1 {
            for (worker, share) in shares.iter_mut().enumerate() {
                if worker != own {
                    share.push((id, socket.try_clone()?));
                }
            }
        }
        shares[own].push((id, socket));
    }
    Ok(shares)
}

impl Workers {
    /// Waits until all workers have ended, but no longer than this.
    pub fn join_within(self, limit: Duration) {
        let until = clock::now() + limit;
        while self.threads.iter().any(|thread| !thread.is_finished()) && clock::now() < until {
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// Waits until all workers have ended.
    pub fn join(self) {
        for thread in self.threads {
            // A worker that panicked outside of a task has nothing left to wait for.
            let _ = thread.join();
        }
    }
}

async fn run(
    worker: Rc<Worker>,
    sockets: Vec<(ListenerId, ListeningSocket)>,
    mut mailbox: UnboundedReceiver<Message>,
) {
    let mut listeners = Listeners::open(&worker, sockets);
    spawn_local(upkeep(worker.clone()));
    spawn_local({
        let worker = worker.clone();
        async move { worker.flush_logs().await }
    });
    loop {
        match mailbox.recv().await {
            None | Some(Message::HardStop) => {
                // Whoever ends the process waits for that.
                return worker.flush_logs_now();
            }
            Some(Message::Serve(handed)) => accept::spawn(&worker, handed),
            Some(Message::SoftStop) => {
                worker.live.stopping.store(true, Relaxed);
                worker.order_all(Order::Finish);
                listeners.close(&worker).await;
            }
            Some(Message::Order(order)) => worker.order_all(order),
            Some(Message::Listen(again)) => listeners.listen(&worker, again),
            Some(Message::ListenOne(frontend, on)) => listeners.listen_one(&worker, frontend, on),
            Some(Message::StopOne(frontend)) => listeners.stop_one(&worker, frontend),
            Some(Message::Events(backend, events)) => worker.tell(backend, events),
            Some(Message::Run(work)) => work(&worker),
        }
    }
}

/// A worker's listening sockets and the tasks that accept from them.
struct Listeners {
    sockets: Vec<(ListenerId, ListeningSocket)>,
    tasks: Vec<(ListenerId, Task<()>)>,
}

impl Listeners {
    fn open(worker: &Rc<Worker>, sockets: Vec<(ListenerId, ListeningSocket)>) -> Self {
        let mut listeners = Self {
            sockets,
            tasks: Vec::new(),
        };
        listeners.accept(worker);
        listeners
    }

    fn accept(&mut self, worker: &Rc<Worker>) {
        for (id, socket) in &self.sockets {
            if let Ok(socket) = socket.try_clone() {
                let task = spawn_local(accept::run(worker.clone(), *id, socket));
                self.tasks.push((*id, task));
            }
        }
    }

    /// Soft stop: the ports are left to whoever shares them, what was begun for us is served, then they are given back.
    async fn close(&mut self, worker: &Rc<Worker>) {
        for (_, task) in self.tasks.drain(..) {
            task.abort();
        }
        let sockets = std::mem::take(&mut self.sockets);
        if !sockets.is_empty() {
            retire(worker, sockets).await;
        }
    }

    /// A successor asks for the ports, or gives them back.
    fn listen(&mut self, worker: &Rc<Worker>, again: bool) {
        if again {
            for (_, socket) in &self.sockets {
                // The port may be the successor's by now; then there is nothing to take again.
                let _ = listen_again(socket);
            }
            self.accept(worker);
        } else {
            for (_, task) in self.tasks.drain(..) {
                task.abort();
            }
            for (_, socket) in &self.sockets {
                if let ListeningSocket::Tcp(socket) = socket {
                    let _ = locum_kernel::disconnect::disconnect(socket);
                }
            }
        }
    }
}

impl Listeners {
    /// `disable frontend` and `enable frontend`: the sockets stay bound.
    fn listen_one(&mut self, worker: &Rc<Worker>, frontend: ProxyId, on: bool) {
        let of = |id: ListenerId| worker.plan.listeners[id.index()].frontend == frontend;
        for (_, task) in self.tasks.extract_if(.., |(id, _)| of(*id)) {
            task.abort();
        }
        for (id, socket) in self.sockets.iter().filter(|(id, _)| of(*id)) {
            if on {
                let _ = listen_again(socket);
                if let Ok(socket) = socket.try_clone() {
                    let task = spawn_local(accept::run(worker.clone(), *id, socket));
                    self.tasks.push((*id, task));
                }
            } else if let ListeningSocket::Tcp(socket) = socket {
                let _ = locum_kernel::disconnect::disconnect(socket);
            }
        }
    }

    /// `shutdown frontend`: the sockets are closed.
    fn stop_one(&mut self, worker: &Rc<Worker>, frontend: ProxyId) {
        let of = |id: ListenerId| worker.plan.listeners[id.index()].frontend == frontend;
        for (_, task) in self.tasks.extract_if(.., |(id, _)| of(*id)) {
            task.abort();
        }
        self.sockets.retain(|(id, _)| !of(*id));
    }
}

fn listen_again(socket: &ListeningSocket) -> io::Result<()> {
    match socket {
        ListeningSocket::Tcp(socket) => socket2::SockRef::from(socket).listen(BACKLOG),
        ListeningSocket::Unix(_) => Ok(()),
    }
}

/// The accept queue of a socket that listens again; the kernel cuts it to its own limit.
const BACKLOG: i32 = 4096;

/// How long handshakes have that were under way when a soft stop came: closing their socket would break them.
const LAST_HANDSHAKES: Duration = Duration::from_millis(50);

/// Takes leave of listening sockets: no new connection comes where a successor listens, those under way are served.
async fn retire(worker: &Rc<Worker>, sockets: Vec<(ListenerId, ListeningSocket)>) {
    /// A queue of the usual length doesn't fill meanwhile.
    const LOOK: Duration = Duration::from_millis(2);
    for (id, socket) in &sockets {
        let bind = &worker.plan.listeners[id.index()].bind;
        let ours = match bind.shards {
            0 => worker.plan.threads as u32,
            shards => shards,
        };
        if let ListeningSocket::Tcp(socket) = socket {
            // Without it some handshakes may break, as they do with the reference.
            let _ = locum_kernel::successors::leave_to_successors(socket, ours);
        }
    }
    let until = clock::now() + LAST_HANDSHAKES;
    while clock::now() < until {
        for (id, socket) in &sockets {
            accept::drain(worker, *id, socket);
        }
        tokio::time::sleep(LOOK).await;
    }
    for (id, socket) in sockets {
        accept::drain(worker, id, &socket);
        drop(socket);
    }
}

/// How often idle server connections are looked through, at most.
const UPKEEP_PERIOD: Duration = Duration::from_secs(1);

/// Closes idle server connections that the server has closed, and those that are not needed.
async fn upkeep(worker: Rc<Worker>) {
    let servers = || worker.live.proxies.iter().flat_map(|proxy| &proxy.servers);
    let delays = servers().map(|server| server.idle.rules().purge_delay);
    let shortest = delays.filter(|delay| !delay.is_zero()).min();
    let period = shortest
        .unwrap_or(UPKEEP_PERIOD)
        .clamp(Duration::from_millis(10), UPKEEP_PERIOD);
    let mut pause = period;
    loop {
        tokio::time::sleep(pause).await;
        let now = clock::now();
        pause = period;
        for server in servers() {
            let alive = |conn: &mut crate::net::conn::Conn| {
                conn.poll_readable(&mut std::task::Context::from_waker(std::task::Waker::noop()))
                    .is_pending()
            };
            drop(server.idle.reap_closed(worker.index, alive));
            if worker.index == 0 {
                for unneeded in server.idle.purge(now) {
                    unneeded.close_at_once();
                }
                let due = server.idle.due();
                let left = due.map_or(period, |due| due.saturating_duration_since(now));
                pause = pause.min(left);
            }
        }
    }
}

/// The order that ends all sessions of a process.
pub const SHUTDOWN: Order = Order::Kill(KillReason::Shutdown);
