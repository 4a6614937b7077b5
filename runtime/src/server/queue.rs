//! The queues of a backend: one per server for clients that are bound to it, one for everybody else.
//!
//! A free slot goes to whoever waits longest among those who may use it (lower priority classes first). The lock is
//! held for the moving of an entry only; wakers are called after it is released.

use std::{
    collections::BTreeMap,
    pin::Pin,
    sync::{Arc, atomic::Ordering::SeqCst},
    task::{Context, Poll, Waker},
};

use slab::Slab;

use super::{admission::Slot, farm::Farm};

/// Rank in a queue: priority class, then moment of arrival shifted by priority offsets, then order of arrival.
/// Lower ranks go first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Priority {
    /// Priority class, −2047 to 2047.
    pub class: i16,
    /// Offset against requests of the same class, in milliseconds; in a queue the moment of arrival is added.
    pub offset_ms: i64,
}

/// Which queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Of the server at this index.
    Server(u32),
    /// Of the backend: any server will do.
    Backend,
}

/// How a wait ends.
#[derive(Debug)]
pub enum Granted {
    /// A slot on a server.
    Slot(Slot),
    /// The server is gone: choose again.
    Redistribute,
}

type Rank = (Priority, u64);

#[derive(Debug)]
enum Outcome {
    Slot(u32),
    Redistribute,
}

#[derive(Debug)]
struct Waiter {
    place: Place,
    rank: Rank,
    waker: Option<Waker>,
    outcome: Option<Outcome>,
    /// Departures from the queue when it joined, later the number that left before it.
    departures: u64,
}

#[derive(Debug, Default)]
struct Line {
    ranks: BTreeMap<Rank, usize>,
    departures: u64,
}

/// All queues of a backend.
#[derive(Debug, Default)]
pub(super) struct Queues {
    waiters: Slab<Waiter>,
    backend: Line,
    servers: Vec<Line>,
    arrivals: u64,
}

/// A place in a queue; dropping it leaves the queue (and gives back a slot that was granted meanwhile).
#[derive(Debug)]
pub struct Ticket {
    farm: Arc<Farm>,
    key: usize,
    place: Place,
    taken: bool,
    before: u64,
}

impl Queues {
    pub(super) fn new(servers: usize) -> Self {
        Self {
            servers: (0..servers).map(|_| Line::default()).collect(),
            ..Self::default()
        }
    }

    fn line(&mut self, place: Place) -> &mut Line {
        match place {
            Place::Backend => &mut self.backend,
            Place::Server(index) => &mut self.servers[index as usize],
        }
    }

    /// How many wait there.
    pub(super) fn len(&self, place: Place) -> usize {
        match place {
            Place::Backend => self.backend.ranks.len(),
            Place::Server(index) => self.servers[index as usize].ranks.len(),
        }
    }

    pub(super) fn join(&mut self, place: Place, priority: Priority) -> usize {
        self.arrivals += 1;
        let rank = (priority, self.arrivals);
        let line = self.line(place);
        let departures = line.departures;
        let key = self.waiters.insert(Waiter {
            place,
            rank,
            waker: None,
            outcome: None,
            departures,
        });
        self.line(place).ranks.insert(rank, key);
        key
    }

    /// Who gets a slot of `server` next: the first of its own queue or, if `shared`, of the backend's.
    pub(super) fn next_for(&self, server: u32, shared: bool) -> Option<(Place, usize)> {
        let own = self.servers[server as usize].ranks.first_key_value();
        let any = self.backend.ranks.first_key_value().filter(|_| shared);
        match (own, any) {
            (Some((own, _)), Some((any, key))) if any < own => Some((Place::Backend, *key)),
            (Some((_, key)), _) => Some((Place::Server(server), *key)),
            (None, Some((_, key))) => Some((Place::Backend, *key)),
            (None, None) => None,
        }
    }

    /// Ends a wait with a slot that was taken for it.
    pub(super) fn grant(&mut self, key: usize, server: u32) -> Option<Waker> {
        self.leave_line(key, true);
        let waiter = &mut self.waiters[key];
        waiter.outcome = Some(Outcome::Slot(server));
        waiter.waker.take()
    }

    /// Sends all that wait for a server to choose again.
    pub(super) fn scatter(&mut self, server: u32) -> Vec<Option<Waker>> {
        let keys: Vec<usize> = self.servers[server as usize]
            .ranks
            .values()
            .copied()
            .collect();
        keys.into_iter()
            .map(|key| {
                self.leave_line(key, false);
                let waiter = &mut self.waiters[key];
                waiter.outcome = Some(Outcome::Redistribute);
                waiter.waker.take()
            })
            .collect()
    }

    fn leave_line(&mut self, key: usize, served: bool) {
        let (place, rank) = (self.waiters[key].place, self.waiters[key].rank);
        let line = self.line(place);
        line.ranks.remove(&rank);
        let before = line.departures;
        line.departures += u64::from(served);
        let waiter = &mut self.waiters[key];
        waiter.departures = before - waiter.departures;
    }
}

impl Ticket {
    pub(super) fn new(farm: Arc<Farm>, key: usize, place: Place) -> Self {
        Self {
            farm,
            key,
            place,
            taken: false,
            before: 0,
        }
    }

    /// Which queue it waits in.
    pub fn place(&self) -> Place {
        self.place
    }

    /// Its number in the queue, counted from 1: how many left it since it joined, itself included; final once
    /// granted (the log's queue fields).
    pub fn number(&self) -> u64 {
        self.before() + 1
    }

    /// How many left the queue before it so far.
    pub fn before(&self) -> u64 {
        if self.taken {
            return self.before;
        }
        let mut queues = self.farm.queues.lock();
        let waiter = &queues.waiters[self.key];
        let joined = waiter.departures;
        if waiter.outcome.is_some() {
            joined
        } else {
            queues.line(self.place).departures - joined
        }
    }

    /// Ready when the wait is over. Polling again after that never becomes ready.
    pub fn poll_granted(&mut self, cx: &mut Context<'_>) -> Poll<Granted> {
        if self.taken {
            return Poll::Pending;
        }
        let mut queues = self.farm.queues.lock();
        let waiter = &mut queues.waiters[self.key];
        let Some(outcome) = waiter.outcome.take() else {
            match &mut waiter.waker {
                Some(waker) => waker.clone_from(cx.waker()),
                none => *none = Some(cx.waker().clone()),
            }
            return Poll::Pending;
        };
        self.before = waiter.departures;
        queues.waiters.remove(self.key);
        drop(queues);
        self.taken = true;
        Poll::Ready(match outcome {
            Outcome::Slot(server) => Granted::Slot(Slot::adopt(self.farm.clone(), server)),
            Outcome::Redistribute => Granted::Redistribute,
        })
    }
}

impl Future for Ticket {
    type Output = Granted;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Granted> {
        self.poll_granted(cx)
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if self.taken {
            return;
        }
        let mut queues = self.farm.queues.lock();
        let waiting = queues.waiters[self.key].outcome.is_none();
        if waiting {
            queues.leave_line(self.key, false);
            self.farm.note_departure(self.place);
        }
        let waiter = queues.waiters.remove(self.key);
        drop(queues);
        if let Some(Outcome::Slot(server)) = waiter.outcome {
            drop(Slot::adopt(self.farm.clone(), server));
        }
    }
}

impl Farm {
    /// Bookkeeping for one that leaves a queue. The queues' lock is held.
    pub(super) fn note_departure(&self, place: Place) {
        self.waiting.fetch_sub(1, SeqCst);
        match place {
            Place::Backend => self.queued.fetch_sub(1, SeqCst),
            Place::Server(index) => self.servers[index as usize].queued.fetch_sub(1, SeqCst),
        };
    }

    /// Bookkeeping for one that joins. The queues' lock is held.
    pub(super) fn note_arrival(&self, place: Place) {
        self.waiting.fetch_add(1, SeqCst);
        let (current, most) = match place {
            Place::Backend => (&self.queued, &self.queued_max),
            Place::Server(index) => {
                let server = &self.servers[index as usize];
                (&server.queued, &server.queued_max)
            }
        };
        let length = current.fetch_add(1, SeqCst) + 1;
        most.fetch_max(length, SeqCst);
    }
}
