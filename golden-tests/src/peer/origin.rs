//! Origins: scripted servers behind the proxy, which write down what they received, exact to the byte.

use super::socket::{self, Received};
use crate::bytes::{render, unescape};
use crate::clock;
use crate::http;
use crate::scenario::{Act, Origin, Reply};
use socket2::Socket;
use std::io::Write;
use std::net::Shutdown;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A running origin.
pub struct Running {
    /// Its name in the scenario.
    pub name: String,
    script: Arc<Origin>,
    state: Arc<Mutex<State>>,
    /// Connections that fill a deaf origin's queue.
    fillers: Vec<Socket>,
}

#[derive(Default)]
struct State {
    listener: Option<Arc<Socket>>,
    connections: Vec<Seen>,
    requests: usize,
    released: usize,
    /// Counts `down` steps: a connection of an older generation is closed.
    generation: usize,
}

/// What one connection saw.
#[derive(Default)]
struct Seen {
    from: String,
    text: String,
    ended: bool,
    show_end: bool,
}

/// No act of an origin waits longer than the scenario itself may.
const PATIENCE: Duration = Duration::from_secs(30);

impl Running {
    /// Starts the origin, listening unless it is `closed` at first.
    ///
    /// # Errors
    /// Names the address that can't be bound.
    pub fn start(name: &str, script: &Origin) -> Result<Self, String> {
        let mut running = Self {
            name: name.to_owned(),
            script: Arc::new(script.clone()),
            state: Arc::new(Mutex::new(State::default())),
            fillers: Vec::new(),
        };
        if !script.closed {
            running.listen()?;
        }
        Ok(running)
    }

    /// Opens the listening socket.
    ///
    /// # Errors
    /// Names the address that can't be bound.
    pub fn listen(&mut self) -> Result<(), String> {
        let at = &self.script.listen;
        if self.script.deaf {
            let listener = socket::listen(at, 0)?;
            // A queue of length 0 holds one connection; from then on the kernel drops what comes.
            self.fillers.push(socket::connect(at, None)?);
            lock(&self.state).listener = Some(Arc::new(listener));
            return Ok(());
        }
        let listener = Arc::new(socket::listen(at, 128)?);
        let everyone = std::os::unix::fs::PermissionsExt::from_mode(0o666);
        if at.starts_with('/') {
            std::fs::set_permissions(at, everyone).map_err(|e| format!("{at}: {e}"))?;
        }
        lock(&self.state).listener = Some(Arc::clone(&listener));
        let (script, state, name) = (
            Arc::clone(&self.script),
            Arc::clone(&self.state),
            self.name.clone(),
        );
        std::thread::spawn(move || {
            while let Ok((connection, from)) = listener.accept() {
                let mut seen = lock(&state);
                if seen.listener.is_none() {
                    return;
                }
                seen.connections.push(Seen {
                    from: from
                        .as_socket()
                        .map_or("unix".to_owned(), |a| a.to_string()),
                    ..Seen::default()
                });
                let number = seen.connections.len() - 1;
                let generation = seen.generation;
                drop(seen);
                let serving = Serving {
                    name: name.clone(),
                    script: Arc::clone(&script),
                    state: Arc::clone(&state),
                    number,
                    generation,
                    socket: connection,
                    buffer: Vec::new(),
                };
                std::thread::spawn(move || serving.run());
            }
        });
        Ok(())
    }

    /// Refuses connections from now on and closes those accepted.
    pub fn down(&mut self) {
        self.fillers.clear();
        let mut state = lock(&self.state);
        state.generation += 1;
        if let Some(listener) = state.listener.take() {
            // Wakes the accepting thread, which sees that there is no listener any more.
            let _already_gone = listener.shutdown(Shutdown::Both);
        }
        drop(state);
        // The accepting thread holds the last reference; refused means refused when the step is done.
        let at = self.script.listen.clone();
        clock::poll_until(Duration::from_secs(2), || {
            socket::connect(&at, None).is_err()
        });
    }

    /// Lets one more of the held answers go.
    pub fn release(&self, count: usize) {
        lock(&self.state).released += count;
    }

    /// (requests, connections, closed connections) so far.
    #[must_use]
    pub fn counts(&self) -> (usize, usize, usize) {
        let state = lock(&self.state);
        let closed = state.connections.iter().filter(|c| c.ended).count();
        (state.requests, state.connections.len(), closed)
    }

    /// From now on the record shows which connections have ended.
    pub fn show_ends(&self) {
        for connection in &mut lock(&self.state).connections {
            connection.show_end = connection.ended;
        }
    }

    /// What it saw, connection by connection; empty if it isn't recorded.
    #[must_use]
    pub fn record(&self) -> String {
        if self.script.unrecorded {
            return String::new();
        }
        let mut out = String::new();
        for (number, seen) in lock(&self.state).connections.iter().enumerate() {
            out.push_str(&format!("connection {} from {}\n", number + 1, seen.from));
            out.push_str(&seen.text);
            if seen.show_end {
                out.push_str("-- closed\n");
            }
        }
        out
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One accepted connection.
struct Serving {
    name: String,
    script: Arc<Origin>,
    state: Arc<Mutex<State>>,
    number: usize,
    generation: usize,
    socket: Socket,
    buffer: Vec<u8>,
}

/// Why a connection ends before its script does.
struct Ended;

impl Serving {
    fn run(mut self) {
        let _nodelay_is_for_tcp = self.socket.set_tcp_nodelay(true);
        let outcome = if self.script.scripts.is_empty() {
            self.serve_http()
        } else {
            let scripts = Arc::clone(&self.script);
            let own = self.number.min(scripts.scripts.len() - 1);
            self.play(&scripts.scripts[own])
        };
        if outcome.is_err() {
            let rest = std::mem::take(&mut self.buffer);
            self.note_bytes(&rest);
        }
        self.seen(|seen| seen.ended = true);
    }

    fn serve_http(&mut self) -> Result<(), Ended> {
        if self.script.proxy_header {
            let length = self.fill_until(proxy_header_length)?;
            self.take(length);
        }
        let mut on_connection = 0;
        loop {
            let head_length = self.fill_until(http::head_length)?;
            let head: Vec<u8> = self.buffer[..head_length].to_vec();
            on_connection += 1;
            let nth = {
                let mut state = lock(&self.state);
                state.requests += 1;
                state.requests
            };
            let script = Arc::clone(&self.script);
            let reply = choose(&script.replies, &head, nth, on_connection);
            let early = reply.is_some_and(|r| r.early);
            self.take(head_length);
            if early {
                self.answer(reply)?;
                self.take_body(&head)?;
            } else {
                self.take_body(&head)?;
                self.answer(reply)?;
            }
            if let Some(then) = reply.and_then(|r| r.then.as_deref()) {
                return self.act(then);
            }
        }
    }

    fn take_body(&mut self, head: &[u8]) -> Result<(), Ended> {
        let framing = http::request_framing(head);
        let length = self.fill_until(|rest| http::body_length(framing, rest))?;
        self.take(length);
        Ok(())
    }

    fn answer(&mut self, reply: Option<&Reply>) -> Result<(), Ended> {
        let fallback = Reply::default();
        let reply = reply.unwrap_or(&fallback);
        if reply.hold {
            self.hold()?;
        }
        self.wait(reply.delay.as_deref())?;
        let text = reply.send.clone().unwrap_or_else(|| {
            let name = &self.name;
            format!(
                "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{name}",
                name.len()
            )
        });
        self.note("-- answered\n");
        self.send(&text)?;
        if let Some(more) = &reply.then_send {
            self.wait(reply.pause.as_deref())?;
            self.send(more)?;
        }
        Ok(())
    }

    fn play(&mut self, script: &[Act]) -> Result<(), Ended> {
        for act in script {
            self.wait(act.pause.as_deref())?;
            if let Some(text) = &act.send {
                self.send(text)?;
                self.note("-- sent\n");
            }
            if let Some(text) = &act.recv_until {
                let wanted = unescape(text).unwrap_or_default();
                let length = self.fill_until(|buffer| {
                    let found = buffer
                        .windows(wanted.len().max(1))
                        .position(|w| w == wanted);
                    found.map(|at| at + wanted.len())
                })?;
                self.take(length);
            }
            if let Some(what) = &act.recv {
                self.recv(what)?;
            }
            if let Some(what) = &act.act {
                self.act(what)?;
            }
        }
        Ok(())
    }

    fn recv(&mut self, what: &str) -> Result<(), Ended> {
        match what {
            "head" | "request" => {
                let length = self.fill_until(http::head_length)?;
                let head = self.buffer[..length].to_vec();
                self.take(length);
                lock(&self.state).requests += 1;
                if what == "request" {
                    self.take_body(&head)?;
                }
            }
            "close" => {
                let _ended = self.fill_until(|_| None);
                let all = std::mem::take(&mut self.buffer);
                self.note_bytes(&all);
                self.note("-- end of input\n");
            }
            other => {
                let count = other.trim_end_matches(" bytes").parse().unwrap_or(1);
                let length = self.fill_until(|b| (b.len() >= count).then_some(count))?;
                self.take(length);
            }
        }
        Ok(())
    }

    fn act(&mut self, what: &str) -> Result<(), Ended> {
        match what {
            "reset" => {
                let _already_gone = self.socket.set_linger(Some(Duration::ZERO));
                Err(Ended)
            }
            "half-close" => {
                let _already_gone = self.socket.shutdown(Shutdown::Write);
                Ok(())
            }
            "hold" => self.hold(),
            "hang" => {
                self.fill_until(|_| None)?;
                Ok(())
            }
            "echo" => loop {
                self.fill_until(|b| (!b.is_empty()).then_some(b.len()))?;
                let bytes = std::mem::take(&mut self.buffer);
                self.note_bytes(&bytes);
                let mut writer = &self.socket;
                writer.write_all(&bytes).map_err(|_| Ended)?;
            },
            _ => Err(Ended),
        }
    }

    fn hold(&mut self) -> Result<(), Ended> {
        let state = Arc::clone(&self.state);
        let released = clock::poll_until(PATIENCE, || {
            let mut state = lock(&state);
            let free = state.released > 0;
            state.released = state.released.saturating_sub(1);
            free
        });
        if released { Ok(()) } else { Err(Ended) }
    }

    fn wait(&self, text: Option<&str>) -> Result<(), Ended> {
        if let Some(text) = text {
            std::thread::sleep(clock::duration(text).map_err(|_| Ended)?);
        }
        Ok(())
    }

    fn send(&self, text: &str) -> Result<(), Ended> {
        let bytes = unescape(text).map_err(|_| Ended)?;
        let mut writer = &self.socket;
        writer.write_all(&bytes).map_err(|_| Ended)
    }

    /// Reads until `enough` finds what it looks for in the buffer.
    fn fill_until(&mut self, enough: impl Fn(&[u8]) -> Option<usize>) -> Result<usize, Ended> {
        let deadline = clock::now() + PATIENCE;
        loop {
            if let Some(length) = enough(&self.buffer) {
                return Ok(length);
            }
            if clock::now() >= deadline || lock(&self.state).generation != self.generation {
                return Err(Ended);
            }
            // In short turns, so that a `down` step is seen.
            let turn = deadline.min(clock::now() + Duration::from_millis(20));
            match socket::receive(&self.socket, &mut self.buffer, turn) {
                Received::Bytes | Received::Nothing => {}
                Received::End | Received::Reset => return Err(Ended),
            }
        }
    }

    fn take(&mut self, length: usize) {
        let bytes: Vec<u8> = self.buffer.drain(..length).collect();
        self.note_bytes(&bytes);
    }

    fn note_bytes(&self, bytes: &[u8]) {
        self.note(&render("> ", bytes));
    }

    fn note(&self, text: &str) {
        self.seen(|seen| seen.text.push_str(text));
    }

    fn seen(&self, change: impl FnOnce(&mut Seen)) {
        if let Some(seen) = lock(&self.state).connections.get_mut(self.number) {
            change(seen);
        }
    }
}

fn choose<'a>(
    replies: &'a [Reply],
    head: &[u8],
    nth: usize,
    on_connection: usize,
) -> Option<&'a Reply> {
    let line = head.split(|b| *b == b'\r').next().unwrap_or_default();
    let line = String::from_utf8_lossy(line).into_owned();
    let mut words = line.split(' ');
    let (method, target) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
    replies.iter().find(|reply| {
        reply.path.as_deref().is_none_or(|p| p == target)
            && reply.method.as_deref().is_none_or(|m| m == method)
            && reply.nth.is_none_or(|n| n == nth)
            && reply.nth_on_connection.is_none_or(|n| n == on_connection)
    })
}

/// The length of a PROXY header, version 1 or 2.
fn proxy_header_length(bytes: &[u8]) -> Option<usize> {
    if bytes.starts_with(b"PROXY ") {
        return bytes.iter().position(|b| *b == b'\n').map(|at| at + 1);
    }
    let length = usize::from(u16::from_be_bytes([*bytes.get(14)?, *bytes.get(15)?]));
    (bytes.len() >= 16 + length).then_some(16 + length)
}
