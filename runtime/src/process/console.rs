//! The master's command socket: clients talk to the master, and through it to any worker.
//!
//! ```text
//! client ──lines──▶ Client ──one command──▶ Supervision::command ─▶ Act::Say      answered here
//!                     ▲                                             Act::Forward  to a worker, over a socket pair
//!                     └──────── answer, then the prompt ◀────────── whose other end the worker was handed
//! ```
//! The master is one thread that polls: nothing here blocks. A client is driven as far as it goes whenever anything
//! happened; there are few of them.

use std::{
    collections::VecDeque,
    io::{self, Read, Write},
    net::Shutdown,
    os::{
        fd::{AsFd, BorrowedFd},
        unix::net::UnixStream,
    },
    time::Duration,
};

use locum_kernel::descriptors;
use locum_model::proxy::StatsLevel;
use nix::poll::PollFlags;
use socket2::Socket;

use crate::{admin, net::listener::ListeningSocket};

/// The longest line, and the longest payload.
const LINE_LIMIT: usize = 16384;
/// Clients at once; more wait in the kernel's queue.
const CLIENTS: usize = 10;

/// What a client has said about itself so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dialogue {
    /// What it may do.
    pub level: StatsLevel,
    /// The worker that commands go to; `None`: the master.
    pub target: Option<i32>,
    /// It wants to be prompted.
    pub interactive: bool,
    /// Marks whose meaning is the face's.
    pub marks: u8,
}

/// What a command leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// This answer; it may be empty.
    Say(String),
    /// The answer of a worker to these words.
    Forward {
        /// The worker's pid.
        pid: i32,
        /// The command, without its payload.
        command: String,
    },
    /// A reload, which ends all dialogues.
    Reload,
    /// The end of the dialogue, after this answer.
    Quit(String),
}

/// The processes, as a client may ask for them.
#[derive(Debug, Clone, Default)]
pub struct House {
    /// The master's pid.
    pub pid: i32,
    /// How often it reloaded, or tried to.
    pub reloads: u32,
    /// How many reloads failed since one worked.
    pub failed_reloads: u32,
    /// Since the master began.
    pub uptime: Duration,
    /// Its workers: the one that serves, then those that leave.
    pub workers: Vec<Resident>,
}

/// A worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resident {
    /// Its pid.
    pub pid: i32,
    /// The reloads that it has seen.
    pub reloads: u32,
    /// Since it was started.
    pub uptime: Duration,
    /// It was told to leave.
    pub leaving: bool,
}

/// What a client needs of the master.
pub(super) trait Surroundings {
    /// Judges a command.
    fn command(&mut self, dialogue: &mut Dialogue, command: &str) -> Act;
    /// The prompt.
    fn prompt(&self, dialogue: &Dialogue) -> String;
    /// A connection to a worker's commands.
    fn connect(&self, pid: i32, level: StatsLevel) -> io::Result<UnixStream>;
}

/// A listening socket and what its clients may do.
#[derive(Debug)]
pub struct Door {
    /// The socket.
    pub socket: ListeningSocket,
    /// Their level.
    pub level: StatsLevel,
}

/// The sockets and their clients.
#[derive(Debug, Default)]
pub(super) struct Console {
    doors: Vec<Door>,
    clients: Vec<Client>,
}

impl Console {
    pub(super) fn new(doors: Vec<Door>) -> io::Result<Self> {
        for door in &doors {
            match &door.socket {
                ListeningSocket::Tcp(socket) => socket.set_nonblocking(true)?,
                ListeningSocket::Unix(socket) => socket.set_nonblocking(true)?,
            }
        }
        Ok(Self {
            doors,
            clients: Vec::new(),
        })
    }

    /// What to poll for.
    pub(super) fn interests(&self) -> Vec<(BorrowedFd<'_>, PollFlags)> {
        let mut all: Vec<_> = self.clients.iter().filter_map(Client::interest).collect();
        if self.clients.len() < CLIENTS {
            all.extend(self.doors.iter().map(|door| {
                let fd = match &door.socket {
                    ListeningSocket::Tcp(socket) => socket.as_fd(),
                    ListeningSocket::Unix(socket) => socket.as_fd(),
                };
                (fd, PollFlags::POLLIN)
            }));
        }
        all
    }

    /// Takes new clients and drives all; true if one asked for a reload.
    pub(super) fn step(&mut self, surroundings: &mut impl Surroundings) -> bool {
        for door in &self.doors {
            while self.clients.len() < CLIENTS {
                let accepted: io::Result<Socket> = match &door.socket {
                    ListeningSocket::Tcp(socket) => {
                        socket.accept().map(|(client, _)| client.into())
                    }
                    ListeningSocket::Unix(socket) => {
                        socket.accept().map(|(client, _)| client.into())
                    }
                };
                let Ok(socket) = accepted else { break };
                if socket.set_nonblocking(true).is_ok() {
                    self.clients.push(Client::new(socket, door.level));
                }
            }
        }
        let mut reload = false;
        self.clients.retain_mut(|client| {
            // Somebody who leaves early takes nothing from the others.
            match client.drive(surroundings) {
                Ok(Driven::Waits) => true,
                Ok(Driven::Reload) => {
                    reload = true;
                    false
                }
                Ok(Driven::Ended) | Err(_) => false,
            }
        });
        reload
    }

    /// Ends all dialogues: a reload does.
    pub(super) fn dismiss(&mut self) {
        self.clients.clear();
    }
}

enum Driven {
    Waits,
    Reload,
    Ended,
}

#[derive(Debug)]
struct Client {
    socket: Socket,
    dialogue: Dialogue,
    input: Vec<u8>,
    input_ended: bool,
    output: Vec<u8>,
    /// Commands of the line being answered.
    commands: VecDeque<String>,
    /// The payload being read, for the last of them.
    payload: Option<String>,
    relay: Option<Relay>,
    ended: bool,
}

/// A worker that is being asked.
#[derive(Debug)]
struct Relay {
    worker: UnixStream,
    request: Vec<u8>,
}

impl Client {
    fn new(socket: Socket, level: StatsLevel) -> Self {
        Self {
            socket,
            dialogue: Dialogue {
                level,
                target: None,
                interactive: false,
                marks: 0,
            },
            input: Vec::new(),
            input_ended: false,
            output: Vec::new(),
            commands: VecDeque::new(),
            payload: None,
            relay: None,
            ended: false,
        }
    }

    fn interest(&self) -> Option<(BorrowedFd<'_>, PollFlags)> {
        if !self.output.is_empty() {
            return Some((self.socket.as_fd(), PollFlags::POLLOUT));
        }
        match &self.relay {
            Some(relay) if relay.request.is_empty() => {
                Some((relay.worker.as_fd(), PollFlags::POLLIN))
            }
            Some(relay) => Some((relay.worker.as_fd(), PollFlags::POLLOUT)),
            None => Some((self.socket.as_fd(), PollFlags::POLLIN)),
        }
    }

    fn drive(&mut self, surroundings: &mut impl Surroundings) -> io::Result<Driven> {
        loop {
            if !self.flush()? {
                return Ok(Driven::Waits);
            }
            if self.relay.is_some() {
                match self.hear_worker() {
                    Ok(false) => return Ok(Driven::Waits),
                    Ok(true) => continue,
                    // A worker that ended has said what it had to say.
                    Err(_) => {}
                }
                self.relay = None;
                self.prompt(surroundings);
                continue;
            }
            if self.ended {
                return Ok(Driven::Ended);
            }
            if self.payload.is_none()
                && let Some(command) = self.commands.pop_front()
            {
                if self.run(&command, surroundings)? {
                    return Ok(Driven::Reload);
                }
                continue;
            }
            if let Some(line) = self.next_line() {
                self.take_line(&line);
                continue;
            }
            if self.input_ended || self.input.len() >= LINE_LIMIT {
                return Ok(Driven::Ended);
            }
            let mut chunk = [0; 4096];
            match retry(|| (&self.socket).read(&mut chunk))? {
                None => return Ok(Driven::Waits),
                Some(0) => self.input_ended = true,
                Some(read) => self.input.extend_from_slice(&chunk[..read]),
            }
        }
    }

    /// False while the client doesn't take what was said.
    fn flush(&mut self) -> io::Result<bool> {
        while !self.output.is_empty() {
            match retry(|| (&self.socket).write(&self.output))? {
                None => return Ok(false),
                Some(written) => drop(self.output.drain(..written)),
            }
        }
        Ok(true)
    }

    /// Tells the worker and takes what it answers. True: go on; false: wait; an error: it has answered, or ended.
    fn hear_worker(&mut self) -> io::Result<bool> {
        let Some(relay) = &mut self.relay else {
            return Ok(true);
        };
        if !relay.request.is_empty() {
            let Some(written) = retry(|| (&relay.worker).write(&relay.request))? else {
                return Ok(false);
            };
            relay.request.drain(..written);
            if relay.request.is_empty() {
                relay.worker.shutdown(Shutdown::Write)?;
            }
            return Ok(true);
        }
        let mut chunk = [0; 16384];
        match retry(|| (&relay.worker).read(&mut chunk))? {
            None => Ok(false),
            Some(0) => Err(io::ErrorKind::UnexpectedEof.into()),
            Some(read) => {
                self.output.extend_from_slice(&chunk[..read]);
                Ok(true)
            }
        }
    }

    fn next_line(&mut self) -> Option<String> {
        let end = memchr::memchr(b'\n', &self.input)?;
        let line = String::from_utf8_lossy(&self.input[..end]).into_owned();
        self.input.drain(..=end);
        Some(line)
    }

    /// A line of commands, or of the payload of the last one, which ends with an empty line.
    fn take_line(&mut self, line: &str) {
        let Some(payload) = &mut self.payload else {
            self.commands.extend(admin::split(line));
            if admin::payload_start(line).is_some() {
                self.payload = Some(String::new());
            }
            return;
        };
        if !line.trim_end_matches('\r').is_empty() && payload.len() < LINE_LIMIT {
            payload.push_str(line);
            payload.push('\n');
            return;
        }
        if let (Some(payload), Some(last)) = (self.payload.take(), self.commands.back_mut()) {
            last.push('\n');
            last.push_str(&payload);
        }
    }

    /// Does what a command asks; true if that is a reload.
    fn run(&mut self, command: &str, surroundings: &mut impl Surroundings) -> io::Result<bool> {
        // Whom the payload goes to, if anybody, its first line tells.
        let (first, payload) = command.split_once('\n').unwrap_or((command, ""));
        match surroundings.command(&mut self.dialogue, first) {
            Act::Say(text) => {
                self.output.extend_from_slice(text.as_bytes());
                self.prompt(surroundings);
            }
            Act::Forward { pid, command } => {
                let worker = surroundings.connect(pid, self.dialogue.level)?;
                worker.set_nonblocking(true)?;
                let mut request = format!("{command}\n{payload}").into_bytes();
                if !payload.is_empty() {
                    request.push(b'\n');
                }
                self.relay = Some(Relay { worker, request });
            }
            Act::Reload => return Ok(true),
            Act::Quit(text) => {
                self.output.extend_from_slice(text.as_bytes());
                self.ended = true;
            }
        }
        Ok(false)
    }

    fn prompt(&mut self, surroundings: &impl Surroundings) {
        if self.dialogue.interactive {
            let prompt = surroundings.prompt(&self.dialogue);
            self.output.extend_from_slice(prompt.as_bytes());
        }
    }
}

/// `None` where the call would have to wait.
fn retry(mut call: impl FnMut() -> io::Result<usize>) -> io::Result<Option<usize>> {
    loop {
        match call() {
            Ok(count) => return Ok(Some(count)),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
            Err(error) => return Err(error),
        }
    }
}

/// Opens a connection to the commands of the worker at the other end of `channel`: one byte, the client's level, with
/// one end of a socket pair.
pub(super) fn open(channel: &UnixStream, level: StatsLevel) -> io::Result<UnixStream> {
    let (ours, theirs) = UnixStream::pair()?;
    let byte = match level {
        StatsLevel::User => b'u',
        StatsLevel::Operator => b'o',
        StatsLevel::Admin => b'a',
    };
    descriptors::send(channel, &[byte], &[theirs.as_fd()])?;
    Ok(ours)
}

/// A worker's side of [`open`]: a client and its level. The channel is non-blocking; `None` when the master has gone.
pub fn hand_over(channel: &UnixStream) -> io::Result<Option<(UnixStream, StatsLevel)>> {
    let mut byte = [0];
    let (length, mut descriptors) = descriptors::receive(channel, &mut byte)?;
    let (1, Some(client)) = (length, descriptors.pop()) else {
        return Ok(None);
    };
    let level = match byte {
        [b'a'] => StatsLevel::Admin,
        [b'o'] => StatsLevel::Operator,
        _ => StatsLevel::User,
    };
    Ok(Some((client.into(), level)))
}
