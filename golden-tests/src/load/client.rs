//! The load client: many connections in one thread, each with one request at a time, until a number is reached or it is told to stop.

use crate::clock;
use crate::load::response::{Received, Response};
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use std::collections::{BTreeMap, VecDeque};
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Nothing has come for this long while requests are under way: the run has failed.
const PATIENCE: Duration = Duration::from_secs(20);

/// Whether a connection carries one request or many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// Requests follow each other on a connection.
    KeepAlive,
    /// Each request has its own connection and says `Connection: close`.
    NewConnection,
}

/// What to ask for.
#[derive(Debug, Clone)]
pub struct Order {
    /// The proxy.
    pub target: SocketAddr,
    /// `/small`, `/16k`, `/1m`.
    pub path: &'static str,
    /// Bytes that each body must have.
    pub body: u64,
    /// How connections are used.
    pub manner: Manner,
    /// How many at a time.
    pub connections: usize,
    /// Every second keep-alive connection rests this long between its requests.
    pub rest: Option<Duration>,
}

/// When to end.
#[derive(Debug, Clone, Copy)]
pub enum Until<'a> {
    /// After exactly so many requests.
    Requests(u64),
    /// When this becomes true.
    Told(&'a AtomicBool),
}

/// Why a request failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Failure {
    /// No connection.
    Connect,
    /// A new connection ended before any byte of a response.
    NewClosed,
    /// A connection that had served before ended before any byte of a response.
    ReusedClosed,
    /// A connection ended within a response.
    Cut,
    /// The status wasn't 200.
    Status(u16),
    /// The body had another length, or it was no HTTP.
    Wrong,
}

/// What came of a run.
#[derive(Debug, Default)]
pub struct Tally {
    /// Responses with status 200 and the right length.
    pub good: u64,
    /// Bytes of their bodies.
    pub body_bytes: u64,
    /// The others.
    pub failures: BTreeMap<Failure, u64>,
    /// Connections that the proxy closed while no request was under way: its right.
    pub closed_at_rest: u64,
    /// Nanoseconds from sending (connecting, for new connections) to the last byte.
    latencies: Vec<u64>,
    /// From the first request to the last response.
    pub elapsed: Duration,
}

impl Tally {
    /// Failed requests.
    #[must_use]
    pub fn failed(&self) -> u64 {
        self.failures.values().sum()
    }

    /// The latency that `share` of the requests stay under, in µs.
    pub fn latency_us(&mut self, share: f64) -> f64 {
        self.latencies.sort_unstable();
        let last = self.latencies.len().saturating_sub(1);
        let at = (last as f64 * share).round() as usize;
        self.latencies.get(at).map_or(0.0, |ns| *ns as f64 / 1000.0)
    }
}

/// What another thread may look at while a run goes on.
#[derive(Debug, Default)]
pub struct Progress {
    /// Requests that came to an end, well or not.
    pub done: AtomicU64,
    /// Requests that failed.
    pub failed: AtomicU64,
}

/// Sends requests and reads responses until `until`.
///
/// # Errors
/// There is no epoll instance, or nothing came for a long time.
pub fn run(order: &Order, until: Until<'_>, progress: &Progress) -> Result<Tally, String> {
    let mut run = Run {
        order,
        until,
        progress,
        requests: ["s1", "s2"].map(|server| request(order, server)),
        epoll: Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC).map_err(|e| format!("epoll: {e}"))?,
        lanes: (0..order.connections).map(|_| Lane::default()).collect(),
        resting: VecDeque::new(),
        under_way: 0,
        started: 0,
        tally: Tally::default(),
    };
    if let Until::Requests(count) = until {
        run.tally.latencies.reserve(count as usize);
    }
    let begin = clock::now();
    for lane in 0..order.connections {
        run.begin(lane);
    }
    run.serve()?;
    run.tally.elapsed = clock::now() - begin;
    Ok(run.tally)
}

/// Opens `count` connections that have had one good response each and keeps them open.
///
/// # Errors
/// A response isn't what it should be.
pub fn hold(order: &Order, count: usize) -> Result<Vec<TcpStream>, String> {
    (0..count)
        .map(|at| open_and_ask(order, at).map_err(|e| format!("idle connection {at}: {e}")))
        .collect()
}

fn open_and_ask(order: &Order, at: usize) -> Result<TcpStream, String> {
    let mut stream = TcpStream::connect(order.target).map_err(|e| e.to_string())?;
    stream
        .set_read_timeout(Some(PATIENCE))
        .map_err(|e| e.to_string())?;
    let server = if at.is_multiple_of(2) { "s1" } else { "s2" };
    stream
        .write_all(&request(order, server))
        .map_err(|e| e.to_string())?;
    let mut response = Response::default();
    let mut buffer = [0; 4096];
    loop {
        let count = stream.read(&mut buffer).map_err(|e| e.to_string())?;
        match response.take(&buffer[..count])? {
            Some(got) if got.status == 200 && got.body == order.body && !got.closes => {
                return Ok(stream);
            }
            Some(got) => return Err(format!("{got:?}")),
            None if count == 0 => return Err("closed".to_owned()),
            None => {}
        }
    }
}

fn request(order: &Order, server: &str) -> Vec<u8> {
    let connection = match order.manner {
        Manner::KeepAlive => "",
        Manner::NewConnection => "Connection: close\r\n",
    };
    format!(
        "GET {} HTTP/1.1\r\nHost: bench.example\r\nUser-Agent: bench/1\r\nAccept: */*\r\nCookie: SRV={server}\r\n{connection}\r\n",
        order.path
    )
    .into_bytes()
}

/// One connection at a time, and what happens on it.
#[derive(Default)]
struct Lane {
    stream: Option<TcpStream>,
    response: Response,
    state: State,
    /// The connection has served a request before.
    reused: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum State {
    /// At rest, or not connected.
    #[default]
    Idle,
    /// A request is under way since then.
    Asked(Instant),
    /// The response has come and the proxy is to close, first: then the ports that wait out their time aren't ours.
    Closing,
}

struct Run<'a> {
    order: &'a Order,
    until: Until<'a>,
    progress: &'a Progress,
    /// One per server, so that both get their share by cookie.
    requests: [Vec<u8>; 2],
    epoll: Epoll,
    lanes: Vec<Lane>,
    /// Lanes that rest, and until when; in order, as all rest equally long.
    resting: VecDeque<(Instant, usize)>,
    under_way: usize,
    started: u64,
    tally: Tally,
}

impl Run<'_> {
    fn serve(&mut self) -> Result<(), String> {
        let mut events = vec![EpollEvent::empty(); 256];
        let mut buffer = vec![0; 256 * 1024];
        let mut last_news = clock::now();
        while self.under_way > 0 || !self.resting.is_empty() {
            let timeout = if self.resting.is_empty() { 1000u16 } else { 1 };
            let count = match self.epoll.wait(&mut events, EpollTimeout::from(timeout)) {
                Ok(count) => count,
                Err(nix::errno::Errno::EINTR) => 0,
                Err(e) => return Err(format!("epoll: {e}")),
            };
            for event in &events[..count] {
                self.attend(event.data() as usize, &mut buffer);
            }
            let now = clock::now();
            if count > 0 {
                last_news = now;
            } else if now - last_news > PATIENCE {
                return Err(format!("{} requests without an answer", self.under_way));
            }
            while self.resting.front().is_some_and(|(at, _)| *at <= now) {
                if let Some((_, lane)) = self.resting.pop_front() {
                    self.begin(lane);
                }
            }
        }
        Ok(())
    }

    fn may_start(&self) -> bool {
        match self.until {
            Until::Requests(count) => self.started < count,
            Until::Told(stop) => !stop.load(Ordering::Relaxed),
        }
    }

    /// Sends the lane's next request, on a new connection where there is none.
    fn begin(&mut self, at: usize) {
        while self.may_start() {
            self.started += 1;
            match self.send(at) {
                Ok(()) => {
                    self.under_way += 1;
                    return;
                }
                Err(failure) => {
                    self.lanes[at] = Lane::default();
                    self.fail(failure);
                }
            }
        }
    }

    fn send(&mut self, at: usize) -> Result<(), Failure> {
        let lane = &mut self.lanes[at];
        lane.state = State::Asked(clock::now());
        lane.reused = lane.stream.is_some();
        if lane.stream.is_none() {
            // Blocking is no wait on loopback: the kernel answers for the listener.
            let stream = TcpStream::connect(self.order.target).map_err(|_| Failure::Connect)?;
            let ready = stream.set_nonblocking(true).and(stream.set_nodelay(true));
            ready.map_err(|_| Failure::Connect)?;
            self.epoll
                .add(&stream, EpollEvent::new(EpollFlags::EPOLLIN, at as u64))
                .map_err(|_| Failure::Connect)?;
            lane.stream = Some(stream);
        }
        let request = &self.requests[at % 2];
        match lane.stream.as_mut().map(|s| s.write(request)) {
            Some(Ok(count)) if count == request.len() => Ok(()),
            _ if lane.reused => Err(Failure::ReusedClosed),
            _ => Err(Failure::NewClosed),
        }
    }

    /// Reads what has come for a lane.
    fn attend(&mut self, at: usize, buffer: &mut [u8]) {
        loop {
            let lane = &mut self.lanes[at];
            let Some(stream) = &mut lane.stream else {
                return;
            };
            let count = match stream.read(buffer) {
                Ok(count) => count,
                Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {
                    return;
                }
                Err(_reset) => 0,
            };
            match (lane.state, count) {
                (_, 0) => return self.ended(at),
                (State::Asked(since), count) => match lane.response.take(&buffer[..count]) {
                    Ok(Some(received)) => {
                        self.finish(at, since, received);
                        if self.lanes[at].state != State::Closing {
                            return;
                        }
                        // The end may be there already: look at once.
                    }
                    Ok(None) if count < buffer.len() => return,
                    Ok(None) => {}
                    Err(_) => return self.give_up(at, Failure::Wrong),
                },
                (State::Closing, _) => return self.give_up(at, Failure::Wrong),
                // Nobody asked: the proxy says that it gives up waiting.
                (State::Idle, _) => return self.ended(at),
            }
        }
    }

    /// A lane's connection has ended.
    fn ended(&mut self, at: usize) {
        let lane = &mut self.lanes[at];
        match lane.state {
            State::Idle => {
                self.tally.closed_at_rest += 1;
                *lane = Lane::default();
            }
            State::Closing => {
                *lane = Lane::default();
                self.under_way -= 1;
                self.rest_or_begin(at);
            }
            State::Asked(_) => {
                let failure = match (lane.response.has_begun(), lane.reused) {
                    (true, _) => Failure::Cut,
                    (false, true) => Failure::ReusedClosed,
                    (false, false) => Failure::NewClosed,
                };
                self.give_up(at, failure);
            }
        }
    }

    fn give_up(&mut self, at: usize, failure: Failure) {
        self.lanes[at] = Lane::default();
        self.under_way -= 1;
        self.fail(failure);
        self.begin(at);
    }

    fn fail(&mut self, failure: Failure) {
        *self.tally.failures.entry(failure).or_default() += 1;
        self.progress.failed.fetch_add(1, Ordering::Relaxed);
        self.progress.done.fetch_add(1, Ordering::Relaxed);
    }

    /// A whole response.
    fn finish(&mut self, at: usize, since: Instant, received: Received) {
        if matches!(self.until, Until::Requests(_)) {
            let taken = (clock::now() - since).as_nanos();
            self.tally
                .latencies
                .push(u64::try_from(taken).unwrap_or(u64::MAX));
        }
        if received.status != 200 {
            self.fail(Failure::Status(received.status));
        } else if received.body != self.order.body {
            self.fail(Failure::Wrong);
        } else {
            self.tally.good += 1;
            self.tally.body_bytes += received.body;
            self.progress.done.fetch_add(1, Ordering::Relaxed);
        }
        if received.closes || self.order.manner == Manner::NewConnection {
            self.lanes[at].state = State::Closing;
            return;
        }
        self.lanes[at].state = State::Idle;
        self.under_way -= 1;
        self.rest_or_begin(at);
    }

    fn rest_or_begin(&mut self, at: usize) {
        match self.order.rest {
            Some(rest) if at % 2 == 1 && self.may_start() => {
                self.resting.push_back((clock::now() + rest, at));
            }
            _ => self.begin(at),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::origin::{Origin, SMALL};

    #[test]
    fn exactly_the_requests_asked_for_are_sent_and_counted() {
        let origin = Origin::start(1).unwrap();
        for (manner, connections) in [(Manner::KeepAlive, 7), (Manner::NewConnection, 3)] {
            let before = origin.requests();
            let order = Order {
                target: origin.addresses[0],
                path: "/small",
                body: SMALL,
                manner,
                connections,
                rest: Some(Duration::from_millis(1)),
            };
            let tally = run(&order, Until::Requests(100), &Progress::default()).unwrap();
            assert_eq!((tally.good, tally.failed()), (100, 0));
            assert_eq!(tally.body_bytes, 100 * SMALL);
            assert_eq!(origin.requests() - before, 100);
        }
    }

    #[test]
    fn a_refused_connection_is_a_failure() {
        let order = Order {
            target: SocketAddr::from(([127, 0, 0, 1], 1)),
            path: "/small",
            body: SMALL,
            manner: Manner::KeepAlive,
            connections: 2,
            rest: None,
        };
        let tally = run(&order, Until::Requests(5), &Progress::default()).unwrap();
        assert_eq!(tally.failures.get(&Failure::Connect), Some(&5));
    }
}
