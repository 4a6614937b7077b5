//! How workers are reached from other threads.

use std::{
    net::SocketAddr,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
};

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::{Worker, wait::Order};
use crate::{
    live::gauge::Share,
    net::conn::Detached,
    plan::{ListenerId, ProxyId},
    vocab::Now,
};

/// What can be said to a worker.
pub enum Message {
    /// Serve this connection.
    Serve(Handed),
    /// Stop accepting; idle clients are let go.
    SoftStop,
    /// End everything now.
    HardStop,
    /// An order to all sessions.
    Order(Order),
    /// Give the ports back without ending a connection, or take them again.
    Listen(bool),
    /// Pause one frontend's sockets, or take them up again.
    ListenOne(ProxyId, bool),
    /// Close one frontend's sockets for good.
    StopOne(ProxyId),
    /// Events of a backend's servers, for the first worker to tell.
    Events(ProxyId, Vec<crate::server::Event>),
    /// Run this on the worker: a command that gathers.
    Run(Box<dyn FnOnce(&Worker) + Send>),
}

/// A connection between two workers.
pub struct Handed {
    /// The connection.
    pub socket: Detached,
    /// Whose it is; none on a unix socket.
    pub peer: Option<SocketAddr>,
    /// The socket that it came through.
    pub listener: ListenerId,
    /// When it was accepted.
    pub at: Now,
    /// Its units of the process's and the frontend's connections.
    pub shares: [Share; 2],
}

/// Ways to all workers, and how many connections each serves.
pub struct Mailboxes {
    boxes: Box<[UnboundedSender<Message>]>,
    loads: Box<[AtomicUsize]>,
}

impl Mailboxes {
    /// Mailboxes for so many workers, and their reading ends.
    pub fn new(workers: usize) -> (Self, Vec<UnboundedReceiver<Message>>) {
        let (boxes, readers): (Vec<_>, Vec<_>) = (0..workers).map(|_| unbounded_channel()).unzip();
        let loads = (0..workers).map(|_| AtomicUsize::new(0)).collect();
        (
            Self {
                boxes: boxes.into(),
                loads,
            },
            readers,
        )
    }

    /// How many workers there are.
    pub fn len(&self) -> usize {
        self.boxes.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.boxes.is_empty()
    }

    /// Says something to one worker; a worker that has ended hears nothing.
    pub fn say(&self, worker: usize, message: Message) {
        if let Some(mailbox) = self.boxes.get(worker) {
            let _ = mailbox.send(message);
        }
    }

    /// Says something to all workers.
    pub fn say_all(&self, mut message: impl FnMut() -> Message) {
        for worker in 0..self.boxes.len() {
            self.say(worker, message());
        }
    }

    /// Who serves a connection that `near` has accepted: `near`, unless another has clearly fewer. Handing over costs a
    /// message and a wake; with few connections each one counts, with many a difference of an eighth doesn't.
    pub fn server_of_next(&self, near: usize) -> usize {
        let load = |worker: usize| self.loads[worker].load(Relaxed);
        let least = (0..self.loads.len())
            .min_by_key(|&worker| (load(worker), worker != near))
            .unwrap_or(near);
        match load(near) > load(least) + load(least) / 8 {
            true => least,
            false => near,
        }
    }

    /// Counts a connection that goes to a worker.
    pub fn add_load(&self, worker: usize) {
        self.loads[worker].fetch_add(1, Relaxed);
    }

    /// Counts one that has ended.
    pub fn remove_load(&self, worker: usize) {
        self.loads[worker].fetch_sub(1, Relaxed);
    }

    /// Connections of all workers.
    pub fn total_load(&self) -> usize {
        self.loads.iter().map(|load| load.load(Relaxed)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_loads(loads: [usize; 2]) -> Mailboxes {
        let (mailboxes, _readers) = Mailboxes::new(2);
        for (worker, load) in loads.into_iter().enumerate() {
            (0..load).for_each(|_| mailboxes.add_load(worker));
        }
        mailboxes
    }

    #[test]
    fn whoever_accepts_serves_unless_another_has_clearly_fewer() {
        assert_eq!(with_loads([0, 0]).server_of_next(0), 0);
        assert_eq!(with_loads([0, 0]).server_of_next(1), 1);
        // A few connections are spread evenly.
        assert_eq!(with_loads([1, 0]).server_of_next(0), 1);
        assert_eq!(with_loads([2, 1]).server_of_next(0), 1);
        // Of many, an eighth more is not worth a message.
        assert_eq!(with_loads([36, 32]).server_of_next(0), 0);
        assert_eq!(with_loads([37, 32]).server_of_next(0), 1);
    }
}
