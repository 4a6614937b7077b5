//! Log sinks: datagram sockets whose lines are kept in the order of their arrival.

use super::socket::address;
use crate::clock;
use socket2::{Domain, Socket, Type};
use std::io::{ErrorKind, Read};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// A sink and what it has received.
pub struct Sink {
    /// `log` for 127.0.0.1:514, `devlog` for /dev/log, else the scenario's name for it.
    pub name: String,
    at: String,
    /// What it is received by; none while it is down.
    socket: Option<Arc<Socket>>,
    /// The reading thread, whichever socket it has, stops when this goes on.
    stalled: Arc<AtomicBool>,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Sink {
    /// Binds `at` (`IP:PORT` or a path) and receives from now on.
    ///
    /// # Errors
    /// Names the address that can't be bound.
    pub fn open(name: &str, at: &str) -> Result<Self, String> {
        let mut sink = Self {
            name: name.to_owned(),
            at: at.to_owned(),
            socket: None,
            stalled: Arc::default(),
            lines: Arc::default(),
        };
        sink.listen()?;
        Ok(sink)
    }

    /// Binds the address (again) with a new socket, as a daemon does that restarts, and receives from now on.
    ///
    /// # Errors
    /// Names the address that can't be bound.
    pub fn listen(&mut self) -> Result<(), String> {
        self.down();
        let at = self.at.as_str();
        let wrong = |e: std::io::Error| format!("sink on {at}: {e}");
        let (domain, target) = address(at)?;
        let socket = Socket::new(domain, Type::DGRAM, None).map_err(wrong)?;
        socket.bind(&target).map_err(wrong)?;
        if domain == Domain::UNIX && at.parse::<SocketAddr>().is_err() {
            // A subject that has given up root still logs here.
            let everyone = std::os::unix::fs::PermissionsExt::from_mode(0o666);
            std::fs::set_permissions(at, everyone).map_err(wrong)?;
        }
        // In short turns, so that a reader that is to stop does.
        socket
            .set_read_timeout(Some(Duration::from_millis(20)))
            .map_err(wrong)?;
        let socket = Arc::new(socket);
        let stalled = Arc::new(AtomicBool::new(false));
        self.socket = Some(Arc::clone(&socket));
        self.stalled = Arc::clone(&stalled);
        let shared = Arc::clone(&self.lines);
        std::thread::spawn(move || {
            let mut datagram = vec![0; 65536];
            let mut reader = socket.as_ref();
            while !stalled.load(Ordering::SeqCst) {
                let length = match reader.read(&mut datagram) {
                    Ok(length) => length,
                    Err(e)
                        if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) =>
                    {
                        continue;
                    }
                    Err(_) => return,
                };
                let text = crate::bytes::render("", &datagram[..length]);
                shared
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(text);
            }
        });
        Ok(())
    }

    /// Reads no more; what comes waits in the queue of the socket until that is full.
    pub fn stall(&mut self) {
        self.stalled.store(true, Ordering::SeqCst);
        self.wait_for_the_reader();
    }

    /// Closes the socket, with what waits in it, and takes its path away.
    pub fn down(&mut self) {
        self.stall();
        if self.socket.take().is_some() && self.at.starts_with('/') {
            let _gone_already = std::fs::remove_file(&self.at);
        }
    }

    /// The reading thread holds the socket, too, until it has seen that it is to stop.
    fn wait_for_the_reader(&self) {
        if let Some(socket) = &self.socket {
            clock::poll_until(Duration::from_secs(1), || Arc::strong_count(socket) == 1);
        }
    }

    /// The lines so far.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        self.lines
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}
