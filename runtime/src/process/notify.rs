//! Tells the service manager how the service is (sd_notify(3)): datagrams to the socket that NOTIFY_SOCKET names.

use std::{
    env,
    ffi::OsStr,
    io,
    os::{
        linux::net::SocketAddrExt,
        unix::{
            ffi::OsStrExt,
            net::{SocketAddr, UnixDatagram},
        },
    },
};

/// The service manager's socket.
#[derive(Debug, Clone)]
pub struct Notifier(SocketAddr);

impl Notifier {
    /// The socket that the environment names; `None` where nobody wants to know.
    pub fn from_environment() -> Option<Self> {
        Self::to(&env::var_os("NOTIFY_SOCKET")?).ok()
    }

    /// The socket of that path; a leading `@` means the abstract namespace.
    pub fn to(path: &OsStr) -> io::Result<Self> {
        match path.as_bytes().split_first() {
            Some((b'@', name)) => SocketAddr::from_abstract_name(name),
            _ => SocketAddr::from_pathname(path),
        }
        .map(Self)
    }

    /// The start or a reload begins.
    pub fn reloading(&self) {
        self.send("RELOADING=1");
    }

    /// The service serves.
    pub fn ready(&self, main_pid: i32) {
        self.send(&format!("READY=1\nMAINPID={main_pid}"));
    }

    /// The service ends.
    pub fn stopping(&self) {
        self.send("STOPPING=1");
    }

    /// A manager that doesn't listen is its own problem: never waits, never fails.
    fn send(&self, state: &str) {
        let Ok(socket) = UnixDatagram::unbound() else {
            return;
        };
        let _ = socket
            .set_nonblocking(true)
            .and_then(|()| socket.send_to_addr(state.as_bytes(), &self.0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_arrive_as_the_reference_words_them() {
        let directory = tempfile::tempdir().expect("directory");
        let path = directory.path().join("notify");
        let manager = UnixDatagram::bind(&path).expect("bound");
        let notifier = Notifier::to(path.as_os_str()).expect("a path");
        notifier.reloading();
        notifier.ready(42);
        notifier.stopping();
        let mut buffer = [0; 64];
        for expected in ["RELOADING=1", "READY=1\nMAINPID=42", "STOPPING=1"] {
            let length = manager.recv(&mut buffer).expect("a state");
            assert_eq!(&buffer[..length], expected.as_bytes());
        }
    }
}
