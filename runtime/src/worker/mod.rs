//! Worker threads: each a current-thread runtime with its connections, pools and timers.
//!
//! ```text
//!   listener ── accept::run on one worker ──┬── spawned here
//!                                           └── mailbox of the least loaded worker
//!   signals, commands ── mailbox of every worker ── Control of each session
//! ```

pub mod accept;
pub mod mailbox;
pub mod serve;
pub mod wait;

use std::{
    cell::{Cell, OnceCell, RefCell},
    future::poll_fn,
    hash::{BuildHasher as _, RandomState},
    rc::Rc,
    sync::{Arc, atomic::Ordering::Relaxed},
    task::{Context, Poll, Waker},
    time::SystemTime,
};

use crate::{
    check::start::Tell,
    clock,
    event::Event,
    http::{BufferPool, HeadPool},
    live::Live,
    log::{Logger, Sent, Target, Words},
    plan::{Plan, Proxy, ProxyId},
    sample::{format::Format, value::Arena, view::View},
    vocab::FailedConnection,
};
use mailbox::Mailboxes;
use wait::{Control, Order, StreamTag};

/// What one worker thread owns. Not `Send`: it lives and dies with its thread.
pub struct Worker {
    /// Its place among the workers.
    pub index: usize,
    /// The configuration.
    pub plan: Arc<Plan>,
    /// Live state of the process.
    pub live: Arc<Live>,
    /// Buffers of client connections.
    pub buffers: Rc<BufferPool>,
    /// Heads between two messages.
    pub heads: HeadPool,
    /// Ways to all workers.
    pub mailboxes: Arc<Mailboxes>,
    /// Buffers of server connections.
    pub server_buffers: Rc<BufferPool>,
    logger: RefCell<Logger>,
    flusher: Flusher,
    line: RefCell<Vec<u8>>,
    sessions: RefCell<slab::Slab<Rc<Control>>>,
    next_port: Cell<u16>,
    random: Cell<u64>,
    events: OnceCell<EventSink>,
    /// Takes events of servers, on the first worker.
    teller: RefCell<Option<Tell>>,
}

/// The task that lets log lines go.
#[derive(Default)]
struct Flusher {
    waker: RefCell<Option<Waker>>,
    woken: Cell<bool>,
}

impl Flusher {
    /// Has it run soon. `false`: there is no such task.
    fn wake(&self) -> bool {
        if !self.woken.replace(true) {
            match &*self.waker.borrow() {
                Some(waker) => waker.wake_by_ref(),
                None => {
                    self.woken.set(false);
                    return false;
                }
            }
        }
        true
    }

    /// It runs, and waits to be woken again.
    fn rest(&self, cx: &Context<'_>) {
        self.woken.set(false);
        let mut waker = self.waker.borrow_mut();
        if waker.is_none() {
            *waker = Some(cx.waker().clone());
        }
    }
}

/// Takes what operators are told of.
pub type EventSink = Rc<dyn Fn(&Worker, Event)>;

/// Idle buffers that a worker keeps.
const IDLE_BUFFERS: usize = 256;

impl Worker {
    /// A worker; `logger` has its own sockets.
    pub fn new(
        index: usize,
        plan: Arc<Plan>,
        live: Arc<Live>,
        mailboxes: Arc<Mailboxes>,
        logger: Logger,
    ) -> Self {
        let bufsize = plan.tune.bufsize;
        Self {
            index,
            plan,
            live,
            buffers: Rc::new(BufferPool::new(bufsize, IDLE_BUFFERS)),
            heads: HeadPool::default(),
            mailboxes,
            // A response of the usual 16 KiB comes in one read together with its head.
            server_buffers: Rc::new(BufferPool::new(bufsize * 2, IDLE_BUFFERS)),
            logger: RefCell::new(logger),
            flusher: Flusher::default(),
            line: RefCell::new(Vec::new()),
            sessions: RefCell::new(slab::Slab::new()),
            next_port: Cell::new(0),
            random: Cell::new(RandomState::new().hash_one(index)),
            events: OnceCell::new(),
            teller: RefCell::new(None),
        }
    }

    /// The number of a new stream.
    pub fn next_stream(&self) -> u64 {
        self.live.next_stream.fetch_add(1, Relaxed)
    }

    /// The next of a range of local ports.
    pub fn next_port(&self, low: u16, high: u16) -> u16 {
        let span = high.saturating_sub(low).saturating_add(1).max(1);
        let next = self.next_port.get();
        self.next_port.set(next.wrapping_add(1));
        low + next % span
    }

    /// A random number, good enough to spread load (splitmix64).
    pub fn next_random(&self) -> u64 {
        let state = self.random.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
        self.random.set(state);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A session begins: its frontend's counters, and its entry among this worker's sessions.
    pub fn count_session(&self, frontend: &Proxy) {
        let now = clock::now();
        let live = self.live.proxy(frontend.id);
        live.session_rate.count(now);
        live.frontend.of(self.index).sessions.increment();
        self.live.session_rate.count(now);
    }

    /// Writes a traffic line in one of the frontend's formats to its targets.
    pub fn log(&self, view: &View<'_>, format: &Format, level: Option<u8>, severe: bool) {
        let log = &view.proxy().log;
        if log.targets.is_empty() {
            return;
        }
        let mut line = self.line.borrow_mut();
        line.clear();
        let structured = self.write_structured(view, &mut line);
        format.write(view, &Arena::new(), &mut line);
        let level = level.unwrap_or(if severe { LEVEL_ERROR } else { LEVEL_INFO });
        self.send_line(view, level, &line, structured);
    }

    /// Writes the structured data of a line and tells how long they are. Most proxies have none.
    fn write_structured(&self, view: &View<'_>, line: &mut Vec<u8>) -> usize {
        if let Some(format) = &view.proxy().log.structured {
            format.write(view, &Arena::new(), line);
        }
        line.len()
    }

    /// Sends a line whose first bytes are structured data.
    fn send_line(&self, view: &View<'_>, level: u8, line: &[u8], structured: usize) {
        let log = &view.proxy().log;
        let (structured, message) = line.split_at(structured);
        let words = Words {
            tag: &log.tag,
            // Blanks around them are taken off (observed).
            structured: structured.trim_ascii(),
            message,
        };
        self.send(view.now.date, &log.targets, level, words);
    }

    /// Writes the line about a connection that failed before its first request.
    pub fn log_failed_connection(&self, view: &View<'_>, failure: FailedConnection, severe: bool) {
        let log = &view.proxy().log;
        if log.targets.is_empty() {
            return;
        }
        let mut line = self.line.borrow_mut();
        line.clear();
        let structured = self.write_structured(view, &mut line);
        match &log.error_format {
            Some(format) => format.write(view, &Arena::new(), &mut line),
            None => (self.plan.vocabulary.failed_connection)(view, failure, &mut line),
        }
        let level = if severe { LEVEL_ERROR } else { LEVEL_INFO };
        self.send_line(view, level, &line, structured);
    }

    /// Sends a line with those of this turn of the event loop; one that can't leave is counted, never waited for.
    pub fn send(&self, now: SystemTime, targets: &[Target], level: u8, words: Words<'_>) {
        let mut logger = self.logger.borrow_mut();
        let mut sent = logger.queue(now, targets, level, words);
        if logger.is_waiting() && !self.flusher.wake() {
            sent.add(logger.flush());
        }
        drop(logger);
        self.note_sent(sent);
    }

    fn note_sent(&self, sent: Sent) {
        if sent.dropped > 0 {
            self.live
                .dropped_logs
                .of(self.index)
                .add(u64::from(sent.dropped));
        }
        if let Some((logger, error)) = sent.failure
            && !self.live.log_failure_told.swap(true, Relaxed)
        {
            self.emit(Event::LogFailure { logger, error });
        }
    }

    /// Lets the log lines go that wait.
    pub fn flush_logs_now(&self) {
        let sent = self.logger.borrow_mut().flush();
        self.note_sent(sent);
    }

    /// Lets log lines go at the end of each turn of the event loop that made some: a task that is woken by a turn's
    /// first line runs when what was ready with it has run.
    pub async fn flush_logs(&self) {
        poll_fn(|cx| {
            self.flusher.rest(cx);
            self.flush_logs_now();
            Poll::Pending
        })
        .await
    }

    /// Where events go from now on: set once, on the first worker.
    pub fn tell_events_to(&self, sink: EventSink) {
        let _ = self.events.set(sink);
    }

    /// Tells operators of an event; the first worker does it for all.
    pub fn emit(&self, event: Event) {
        if let Some(sink) = self.events.get() {
            sink(self, event);
        } else if self.index != 0 {
            let tell = move |first: &Worker| first.emit(event);
            self.mailboxes.say(0, mailbox::Message::Run(Box::new(tell)));
        }
    }

    /// Prints what filters wrote; a standard error that nobody reads loses it.
    pub fn print(&self, text: &[u8]) {
        crate::log::console::print(text);
    }

    /// Events of servers go to `tell` from now on.
    pub fn tell_to(&self, tell: Tell) {
        *self.teller.borrow_mut() = Some(tell);
    }

    /// Has events of a backend's servers worded and logged, by the first worker.
    pub fn tell(&self, backend: ProxyId, events: Vec<crate::server::Event>) {
        if events.is_empty() {
            return;
        }
        if self.index != 0 {
            return self
                .mailboxes
                .say(0, mailbox::Message::Events(backend, events));
        }
        let tell = self.teller.borrow().clone();
        if let Some(tell) = tell {
            tell(backend, events);
        }
    }

    /// Enters a session; the key leaves it.
    pub fn enter(&self, control: Rc<Control>) -> usize {
        if self.live.stopping.load(Relaxed) {
            control.order(Order::Finish);
        }
        self.sessions.borrow_mut().insert(control)
    }

    /// A session is over.
    pub fn leave(&self, key: usize) {
        self.sessions.borrow_mut().try_remove(key);
    }

    /// Sessions of this worker.
    pub fn session_count(&self) -> usize {
        self.sessions.borrow().len()
    }

    /// The exchanges that run on this worker.
    pub fn tags(&self) -> Vec<StreamTag> {
        self.sessions
            .borrow()
            .iter()
            .filter_map(|(_, control)| control.tag.get())
            .collect()
    }

    /// Orders the exchanges that a test picks; tells how many.
    pub fn order_where(&self, order: Order, picks: impl Fn(&StreamTag) -> bool) -> usize {
        let sessions = self.sessions.borrow();
        let picked = sessions
            .iter()
            .filter(|(_, control)| control.tag.get().is_some_and(|tag| picks(&tag)));
        picked.map(|(_, control)| control.order(order)).count()
    }

    /// Orders all sessions of this worker.
    pub fn order_all(&self, order: Order) {
        for (_, control) in &*self.sessions.borrow() {
            control.order(order);
        }
    }
}

/// Severity "error" of syslog.
const LEVEL_ERROR: u8 = 3;
/// Severity "informational" of syslog.
const LEVEL_INFO: u8 = 6;
