//! One client of the command socket.

use std::{
    io, net::SocketAddr, rc::Rc, sync::atomic::Ordering::Relaxed, time::Duration, time::Instant,
};

use locum_model::proxy::StatsLevel;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::{Admin, Events, Reply, SessionRow, line};
use crate::clock;

/// The longest line, and the longest payload.
const LINE_LIMIT: usize = 16384;

/// Serves a client until it leaves, is silent too long, or has its answers. Without interactive mode those are the
/// answers to the lines that came together. `source` is the client's address, if it has one.
pub async fn serve<S>(
    admin: Rc<Admin>,
    level: StatsLevel,
    source: Option<SocketAddr>,
    stream: S,
) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut session = Session {
        timeout: admin.timeout,
        number: admin.live.next_stream.fetch_add(1, Relaxed),
        since: clock::now(),
        source,
        admin,
        level,
        stream,
        input: Vec::new(),
        interactive: false,
        ended: false,
        ended_input: false,
        interrupted: false,
    };
    session.run().await
}

struct Session<S> {
    admin: Rc<Admin>,
    number: u64,
    since: Instant,
    source: Option<SocketAddr>,
    level: StatsLevel,
    stream: S,
    input: Vec<u8>,
    interactive: bool,
    timeout: Duration,
    ended: bool,
    /// No more input will come, or is waited for.
    ended_input: bool,
    /// The commands behind the one that was shown are dropped.
    interrupted: bool,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Session<S> {
    async fn run(&mut self) -> io::Result<()> {
        while !self.ended {
            let Some(line) = self.next_line().await? else {
                break;
            };
            self.answer_line(&line).await?;
            if self.ended_input || !self.interactive && !self.input.contains(&b'\n') {
                break;
            }
        }
        self.stream.shutdown().await
    }

    /// A complete line; what comes before the end of input without a newline isn't one.
    async fn next_line(&mut self) -> io::Result<Option<String>> {
        loop {
            if let Some(end) = memchr::memchr(b'\n', &self.input) {
                let line = String::from_utf8_lossy(&self.input[..end]).into_owned();
                self.input.drain(..=end);
                return Ok(Some(line));
            }
            if self.input.len() >= LINE_LIMIT {
                return Ok(None);
            }
            let mut chunk = [0; 4096];
            let read = tokio::time::timeout(self.timeout, self.stream.read(&mut chunk)).await;
            match read {
                Ok(Ok(0)) | Err(_) => return Ok(None),
                Ok(read) => self.input.extend_from_slice(&chunk[..read?]),
            }
        }
    }

    /// Commands are served by the first worker.
    fn count_sent(&self, count: usize) {
        self.admin.live.count_sent(0, count as u64, clock::now());
    }

    async fn answer_line(&mut self, line: &str) -> io::Result<()> {
        let (line, payload) = match line::payload_start(line) {
            None => (line, None),
            Some(start) => (start, Some(self.payload().await?)),
        };
        let commands = line::commands(line);
        for (place, words) in commands.iter().enumerate() {
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let more = place + 1 < commands.len();
            let mut answer = self.answer(&words, payload.as_deref(), more).await?;
            if self.ended {
                return Ok(());
            }
            answer.push('\n');
            if self.interactive {
                answer.push_str(self.admin.wording.prompt);
            }
            self.stream.write_all(answer.as_bytes()).await?;
            self.count_sent(answer.len());
            if std::mem::take(&mut self.interrupted) {
                break;
            }
        }
        Ok(())
    }

    /// Shows a ring's lines. Whoever waits for more is stopped by any input, which is thrown away, by the end of the
    /// input, and by `stats timeout` without a line.
    async fn events(&mut self, events: Events, more: bool) -> io::Result<()> {
        /// Bytes that are taken of the ring at once.
        const BATCH: usize = 16384;
        let Events {
            ring,
            mut position,
            waits,
        } = events;
        let mut text = Vec::new();
        loop {
            text.clear();
            position = ring.read(position, BATCH, |line| {
                text.extend_from_slice(line);
                text.push(b'\n');
            });
            self.stream.write_all(&text).await?;
            self.count_sent(text.len());
            if !text.is_empty() {
                continue;
            }
            if !waits {
                return Ok(());
            }
            let mut typed = [0; 512];
            let stopped = more || !self.input.is_empty() || {
                tokio::select! {
                    () = ring.wait_beyond(position) => false,
                    read = self.stream.read(&mut typed) => {
                        self.ended_input |= read? == 0;
                        true
                    }
                    () = tokio::time::sleep(self.timeout) => {
                        self.ended_input = true;
                        true
                    }
                }
            };
            if stopped {
                self.interrupted = true;
                self.input.clear();
                return Ok(());
            }
        }
    }

    /// Lines until an empty one.
    async fn payload(&mut self) -> io::Result<String> {
        let mut payload = String::new();
        while let Some(line) = self.next_line().await? {
            if line.trim_end_matches('\r').is_empty() || payload.len() > LINE_LIMIT {
                break;
            }
            payload.push_str(&line);
            payload.push('\n');
        }
        Ok(payload)
    }

    /// What a command answers; `more`: others wait behind it.
    async fn answer(
        &mut self,
        words: &[&str],
        payload: Option<&str>,
        more: bool,
    ) -> io::Result<String> {
        let admin = self.admin.clone();
        let reply = {
            let view = admin.view(self.level, payload, clock::both());
            match admin.find(words) {
                None => Reply::Text((admin.wording.unknown)(&view, words)),
                Some((command, _)) if command.level > self.level => {
                    Reply::line(admin.wording.denied)
                }
                Some((command, arguments)) => (command.run)(&view, arguments),
            }
        };
        match reply {
            Reply::Text(text) => {
                // The answer to a change is the sign that it is in force.
                admin.control.settled().await;
                return Ok(text);
            }
            Reply::Events(events) => self.events(events, more).await?,
            Reply::Sessions(word) => {
                let mut rows = admin.control.sessions().await;
                rows.push(self.row());
                return Ok(word(rows));
            }
            Reply::Kill(which, word) => return Ok(word(admin.control.kill(which).await)),
            Reply::Level(level) => self.level = self.level.min(level),
            Reply::Timeout(timeout) => self.timeout = timeout,
            Reply::TogglePrompt => self.interactive = !self.interactive,
            Reply::Quit => self.ended = true,
        }
        Ok(String::new())
    }

    /// This client itself.
    fn row(&self) -> SessionRow {
        SessionRow {
            number: self.number,
            source: self.source,
            frontend: None,
            backend: None,
            server: None,
            age: clock::now().saturating_duration_since(self.since),
            expires: Some(self.timeout),
            worker: 0,
        }
    }
}
