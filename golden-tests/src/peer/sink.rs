//! Log sinks: datagram sockets whose lines are kept in the order of their arrival.

use super::socket::address;
use socket2::{Domain, Socket, Type};
use std::io::Read;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

/// A sink and what it has received.
pub struct Sink {
    /// `log` for 127.0.0.1:514, `devlog` for /dev/log, else the scenario's name for it.
    pub name: String,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Sink {
    /// Binds `at` (`IP:PORT` or a path) and receives from now on.
    ///
    /// # Errors
    /// Names the address that can't be bound.
    pub fn open(name: &str, at: &str) -> Result<Self, String> {
        let wrong = |e: std::io::Error| format!("sink on {at}: {e}");
        let (domain, target) = address(at)?;
        let socket = Socket::new(domain, Type::DGRAM, None).map_err(wrong)?;
        socket.bind(&target).map_err(wrong)?;
        if domain == Domain::UNIX && at.parse::<SocketAddr>().is_err() {
            // A subject that has given up root still logs here.
            let everyone = std::os::unix::fs::PermissionsExt::from_mode(0o666);
            std::fs::set_permissions(at, everyone).map_err(wrong)?;
        }
        let lines = Arc::new(Mutex::new(Vec::new()));
        let shared = Arc::clone(&lines);
        std::thread::spawn(move || {
            let mut datagram = vec![0; 65536];
            let mut reader = &socket;
            while let Ok(length) = reader.read(&mut datagram) {
                let text = crate::bytes::render("", &datagram[..length]);
                shared
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(text);
            }
        });
        Ok(Self {
            name: name.to_owned(),
            lines,
        })
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
