//! Admission: who may use a server now, who waits (manual 5.2: "maxconn", "minconn", "maxqueue"; "fullconn").
//!
//! Slots are counted by atomics and are exact across workers. The only race is a slot that is given back while
//! somebody is about to wait; both sides look again: the one that waits first announces itself, then tries all
//! servers; the one that gives back first lowers the count, then looks for somebody waiting (sequentially consistent,
//! so at least one sees the other).

use std::sync::{
    Arc,
    atomic::Ordering::{Relaxed, SeqCst},
};
use std::task::Waker;

use super::{
    farm::Farm,
    queue::{Place, Priority, Queues, Ticket},
};
use crate::lb::{Choice, Pick};

/// What a stream asks for.
#[derive(Debug, Clone, Copy)]
pub enum Want {
    /// Whatever server the algorithm chooses.
    Balanced(Choice),
    /// The server it is bound to.
    Server(u32),
    /// The same, even if it is down or in maintenance (`force-persist`).
    Forced(u32),
}

/// The answer.
#[derive(Debug)]
pub enum Admission {
    /// A slot.
    Slot(Slot),
    /// A place in a queue.
    Queued(Ticket),
    /// No server is usable (or the one that is wanted is not up).
    NoServer,
    /// The wanted server's queue is full (`maxqueue`): ask for a balanced one.
    QueueFull,
}

/// A request's right to use a server; given back on drop.
#[derive(Debug)]
pub struct Slot {
    farm: Arc<Farm>,
    server: u32,
}

/// A request's presence in a backend, which dynamic limits follow; ends on drop.
#[derive(Debug)]
pub struct Arrival {
    farm: Arc<Farm>,
}

impl Slot {
    /// The server's place in its backend.
    pub fn server(&self) -> u32 {
        self.server
    }

    /// The backend.
    pub fn farm(&self) -> &Arc<Farm> {
        &self.farm
    }

    /// A slot that was counted already.
    pub(super) fn adopt(farm: Arc<Farm>, server: u32) -> Self {
        Self { farm, server }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.farm.servers[self.server as usize]
            .served
            .fetch_sub(1, SeqCst);
        self.farm.balancer.released(self.server, &self.farm.servers);
        self.farm.offer(self.server);
    }
}

impl Drop for Arrival {
    fn drop(&mut self) {
        self.farm.load.fetch_sub(1, Relaxed);
    }
}

impl Farm {
    /// Counts a request in (`scur` of the backend); before [`Self::admit`], for dynamic limits follow it.
    pub fn arrive(self: &Arc<Self>) -> Arrival {
        let load = self.load.fetch_add(1, Relaxed) + 1;
        if load > self.load_max.load(Relaxed) {
            self.load_max.fetch_max(load, Relaxed);
        }
        Arrival { farm: self.clone() }
    }

    /// A slot, a place in a queue, or a refusal. Never waits.
    pub fn admit(self: &Arc<Self>, want: Want, priority: Priority) -> Admission {
        match want {
            Want::Server(server) | Want::Forced(server) => {
                self.admit_bound(server, matches!(want, Want::Forced(_)), priority)
            }
            Want::Balanced(choice) => self.admit_balanced(choice, priority),
        }
    }

    /// A slot of this server if one is free and nobody waits for it.
    pub fn try_take(self: &Arc<Self>, server: u32) -> Option<Slot> {
        (self.has_room(server) && self.take(server, 0)).then(|| Slot::adopt(self.clone(), server))
    }

    /// Whether a newcomer finds a free slot and no queue.
    pub fn has_room(&self, server: u32) -> bool {
        let state = &self.servers[server as usize];
        match self.limit(server) {
            None => true,
            Some(limit) => state.queued.load(SeqCst) == 0 && state.served.load(SeqCst) < limit,
        }
    }

    /// The server's limit at the present load: requests in the backend that don't wait.
    pub fn limit(&self, server: u32) -> Option<u32> {
        self.limit_for(server, 0)
    }

    /// The same when `joining` of those that wait are about to be served.
    fn limit_for(&self, server: u32, joining: u32) -> Option<u32> {
        let waiting = u32::try_from(self.waiting.load(SeqCst)).unwrap_or(u32::MAX);
        let load = self.load.load(Relaxed).saturating_sub(waiting) + joining;
        self.servers[server as usize].limit(load, self.rules.fullconn)
    }

    fn admit_bound(self: &Arc<Self>, server: u32, forced: bool, priority: Priority) -> Admission {
        let Some(state) = self.servers.get(server as usize) else {
            return Admission::NoServer;
        };
        if !forced && !state.takes_persistent() {
            return Admission::NoServer;
        }
        if let Some(slot) = self.try_take(server) {
            self.balancer.taken(server, &self.servers);
            return Admission::Slot(slot);
        }
        let full = state
            .rules
            .maxqueue
            .is_some_and(|most| state.queued.load(SeqCst) >= most);
        if full {
            return Admission::QueueFull;
        }
        Admission::Queued(self.wait(Place::Server(server), priority))
    }

    fn admit_balanced(self: &Arc<Self>, choice: Choice, priority: Priority) -> Admission {
        // Another worker may take the slot between choosing and taking; then the choice is made again. Each round
        // that fails means that somebody else got one, so a few are enough before waiting in the queue.
        for _ in 0..4 {
            match self
                .balancer
                .choose(&choice, &self.servers, |s| self.has_room(s))
            {
                Pick::Server(server) => {
                    if let Some(slot) = self.try_take(server) {
                        self.balancer.taken(server, &self.servers);
                        return Admission::Slot(slot);
                    }
                }
                Pick::QueueOf(server) => {
                    return Admission::Queued(self.wait(Place::Server(server), priority));
                }
                Pick::Full => break,
                Pick::None => return Admission::NoServer,
            }
        }
        Admission::Queued(self.wait(Place::Backend, priority))
    }

    fn wait(self: &Arc<Self>, place: Place, priority: Priority) -> Ticket {
        let mut wakers = Vec::new();
        let mut queues = self.queues.lock();
        let key = queues.join(place, priority);
        self.note_arrival(place);
        match place {
            Place::Server(server) => self.serve(&mut queues, server, &mut wakers),
            Place::Backend => {
                for server in 0..self.servers.len() as u32 {
                    self.serve(&mut queues, server, &mut wakers);
                }
            }
        }
        drop(queues);
        wake(wakers);
        Ticket::new(self.clone(), key, place)
    }

    /// Offers a server's free slots to those who wait: after a slot came back, a limit rose, a server came up.
    pub fn offer(&self, server: u32) {
        if self.waiting.load(SeqCst) == 0 {
            return;
        }
        let mut wakers = Vec::new();
        let mut queues = self.queues.lock();
        self.serve(&mut queues, server, &mut wakers);
        drop(queues);
        wake(wakers);
    }

    /// Sends all that wait for a server alone to choose again; returns how many.
    pub fn scatter(&self, server: u32) -> u32 {
        let mut queues = self.queues.lock();
        let wakers = queues.scatter(server);
        for _ in &wakers {
            self.note_departure(Place::Server(server));
        }
        drop(queues);
        let count = wakers.len() as u32;
        wake(wakers.into_iter().flatten().collect());
        count
    }

    fn serve(&self, queues: &mut Queues, server: u32, wakers: &mut Vec<Waker>) {
        // Those that stayed in the queue of a server that left are its own to the end.
        let shared = self.serves_backend_queue(server);
        while let Some((place, key)) = queues.next_for(server, shared) {
            if !self.take(server, 1) {
                return;
            }
            self.balancer.taken(server, &self.servers);
            self.note_departure(place);
            wakers.extend(queues.grant(key, server));
        }
    }

    /// Takes a slot within the limit, regardless of queues.
    fn take(&self, server: u32, joining: u32) -> bool {
        let state = &self.servers[server as usize];
        let served = match self.limit_for(server, joining) {
            None => state.served.fetch_add(1, SeqCst) + 1,
            Some(limit) => {
                let taken = state.served.fetch_update(SeqCst, SeqCst, |served| {
                    (served < limit).then_some(served + 1)
                });
                match taken {
                    Ok(before) => before + 1,
                    Err(_) => return false,
                }
            }
        };
        if served > state.served_max.load(Relaxed) {
            state.served_max.fetch_max(served, Relaxed);
        }
        true
    }
}

fn wake(wakers: Vec<Waker>) {
    for waker in wakers {
        waker.wake();
    }
}
