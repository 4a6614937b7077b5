//! Hears of processes that begin, change their program or name, and end: the kernel's process connector (netlink(7),
//! `NETLINK_CONNECTOR`).
//!
//! The kernel tells only sockets of the first network namespace, of processes in the first process namespace (before
//! Linux 6.6 also only with CAP_NET_ADMIN): open before entering another network namespace, as the reference does. The
//! socket may be passed on by fork; [`ProcessEvents::listen`] is for the process that receives.
//!
//! ```no_run
//! # fn main() -> std::io::Result<()> {
//! use locum_kernel::process_events::{ProcessEvent, ProcessEvents};
//! let mut processes = ProcessEvents::open()?;
//! processes.listen()?;                   // ConnectionRefused outside of the first network namespace
//! let mut events = Vec::new();
//! processes.receive(&mut events)?;       // WouldBlock when nothing waits
//! for event in events {
//!     match event {
//!         ProcessEvent::Confirmed => println!("now read /proc: what changes from here on is told"),
//!         ProcessEvent::Exec { process } => println!("{process} is another program"),
//!         ProcessEvent::Overrun => println!("read /proc again"),
//!         _ => {}
//!     }
//! }
//! # Ok(()) }
//! ```

use std::{
    io,
    os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd},
};

use netlink_packet_core::{NLMSG_DONE, NetlinkBuffer};
use netlink_sys::{Socket, SocketAddr, protocols::NETLINK_CONNECTOR};
use nix::{
    errno::Errno,
    sys::socket::{MsgFlags, recv},
};

use crate::{netlink::messages, socket_option::set_receive_buffer};

/// CN_IDX_PROC and CN_VAL_PROC: the connector's number and its only group.
const CONNECTOR: u32 = 1;
const LISTEN: u32 = 1;
/// `struct nlmsghdr`, `struct cn_msg`.
const NETLINK_HEADER_BYTES: usize = 16;
const CONNECTOR_HEADER_BYTES: usize = 20;
/// What, processor and time of an event, before its data.
const EVENT_HEADER_BYTES: usize = 16;
const NONE: u32 = 0;
const FORK: u32 = 1;
const EXEC: u32 = 2;
const NAME: u32 = 0x200;
const EXIT: u32 = 0x8000_0000;
const DATAGRAM_BYTES: usize = 4096;

/// What happened to a process. Threads other than the first are left out.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProcessEvent {
    /// The kernel listened to us: from here on everything is told.
    Confirmed,
    /// A process made another.
    Fork {
        /// The old one.
        parent: u32,
        /// The new one.
        child: u32,
    },
    /// A process runs another program now.
    Exec {
        /// Its number.
        process: u32,
    },
    /// A process gave itself another name.
    Name {
        /// Its number.
        process: u32,
        /// At most 15 bytes.
        name: Vec<u8>,
    },
    /// A process ended.
    Exit {
        /// Its number.
        process: u32,
    },
    /// Events were lost.
    Overrun,
}

/// The non-blocking socket of process events.
#[derive(Debug)]
pub struct ProcessEvents {
    socket: Socket,
    datagram: Vec<u8>,
}

impl ProcessEvents {
    /// Opens it in the network namespace of this thread. Nothing is told yet.
    ///
    /// # Errors
    /// `PermissionDenied` without CAP_NET_ADMIN on older kernels; the kernel has no connector.
    pub fn open() -> io::Result<Self> {
        let mut socket = Socket::new(NETLINK_CONNECTOR)?;
        socket.set_non_blocking(true)?;
        socket.bind(&SocketAddr::new(0, CONNECTOR))?;
        Ok(Self {
            socket,
            datagram: vec![0; DATAGRAM_BYTES],
        })
    }

    /// The receive buffer in bytes (`process_monitor_rcv_bufs`), with `force` beyond `net.core.rmem_max`.
    ///
    /// # Errors
    /// The kernel's.
    pub fn set_receive_buffer(&self, bytes: usize, force: bool) -> io::Result<()> {
        set_receive_buffer(self.socket.as_fd(), bytes, force)
    }

    /// Asks the kernel to tell; [`ProcessEvent::Confirmed`] answers, unless this is not the first process namespace.
    ///
    /// # Errors
    /// `ConnectionRefused` outside of the first network namespace; `PermissionDenied`.
    pub fn listen(&self) -> io::Result<()> {
        const LENGTH: usize = NETLINK_HEADER_BYTES + CONNECTOR_HEADER_BYTES + 4;
        let mut bytes = [0; LENGTH];
        let mut header = NetlinkBuffer::new(&mut bytes[..]);
        header.set_length(LENGTH as u32);
        header.set_message_type(NLMSG_DONE);
        header.set_flags(0);
        header.set_sequence_number(0);
        header.set_port_number(std::process::id());
        let message = &mut bytes[NETLINK_HEADER_BYTES..];
        message[0..4].copy_from_slice(&CONNECTOR.to_ne_bytes());
        message[4..8].copy_from_slice(&CONNECTOR.to_ne_bytes());
        message[16..18].copy_from_slice(&4u16.to_ne_bytes());
        message[20..24].copy_from_slice(&LISTEN.to_ne_bytes());
        self.socket
            .send_to(&bytes, &SocketAddr::new(0, 0), 0)
            .map(|_| ())
    }

    /// Takes one datagram and appends its events.
    ///
    /// # Errors
    /// `WouldBlock` when nothing waits.
    pub fn receive(&mut self, events: &mut Vec<ProcessEvent>) -> io::Result<()> {
        let descriptor = self.socket.as_raw_fd();
        let length = loop {
            match recv(descriptor, &mut self.datagram, MsgFlags::empty()) {
                Err(Errno::EINTR) => {}
                Err(Errno::ENOBUFS) => {
                    events.push(ProcessEvent::Overrun);
                    return Ok(());
                }
                result => break result?,
            }
        };
        for message in messages(&self.datagram[..length]) {
            events.extend(decode(message.payload()));
        }
        Ok(())
    }
}

/// The events of a connector's message that matter.
fn decode(payload: &[u8]) -> Option<ProcessEvent> {
    let number = |bytes: &[u8], place: usize| -> Option<u32> {
        let bytes = bytes.get(place * 4..)?;
        Some(u32::from_ne_bytes(*bytes.first_chunk()?))
    };
    if (number(payload, 0)?, number(payload, 1)?) != (CONNECTOR, CONNECTOR) {
        return None;
    }
    let event = payload.get(CONNECTOR_HEADER_BYTES..)?;
    let data = event.get(EVENT_HEADER_BYTES..)?;
    // Each begins with a thread and its process; a fork has two such pairs.
    let is_process = |place: usize| Some(number(data, place)? == number(data, place + 1)?);
    let process = number(data, 1)?;
    match number(event, 0)? {
        NONE => (process == 0).then_some(ProcessEvent::Confirmed),
        FORK => is_process(2)?.then_some(ProcessEvent::Fork {
            parent: process,
            child: number(data, 3)?,
        }),
        EXEC => Some(ProcessEvent::Exec { process }),
        NAME => {
            let name = data.get(8..24)?;
            let end = name.iter().position(|byte| *byte == 0);
            let name = name[..end.unwrap_or(name.len())].to_vec();
            is_process(0)?.then_some(ProcessEvent::Name { process, name })
        }
        EXIT => is_process(0)?.then_some(ProcessEvent::Exit { process }),
        _ => None,
    }
}

impl AsFd for ProcessEvents {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl AsRawFd for ProcessEvents {
    fn as_raw_fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::in_namespace::{inside, until};

    #[test]
    fn another_network_namespace_hears_nothing() {
        if !inside("process_events::tests::another_network_namespace_hears_nothing") {
            return;
        }
        // CAP_NET_ADMIN of a user namespace isn't enough to bind, and no other network namespace to listen.
        let refused = ProcessEvents::open().and_then(|processes| processes.listen());
        let kind = refused.expect_err("refused").kind();
        let expected = [
            io::ErrorKind::ConnectionRefused,
            io::ErrorKind::PermissionDenied,
        ];
        assert!(expected.contains(&kind), "{kind}");
    }

    #[test]
    fn a_process_is_heard_from_its_beginning_to_its_end() {
        let listening = ProcessEvents::open().and_then(|processes| {
            processes.set_receive_buffer(1 << 20, true)?;
            processes.listen()?;
            Ok(processes)
        });
        let mut processes = match listening {
            Ok(processes) => processes,
            Err(error) => {
                let _ = writeln!(io::stderr(), "!!! NOT RUN: process_events::tests: {error}");
                return;
            }
        };
        let mut events = Vec::new();
        let mut heard = |what: &dyn Fn(&ProcessEvent) -> bool| {
            until(|| {
                while processes.receive(&mut events).is_ok() {}
                events.iter().any(what)
            });
        };
        heard(&|event| *event == ProcessEvent::Confirmed);
        let mut child = std::process::Command::new("sh")
            .args(["-c", "printf locum >/proc/self/comm; exec true"])
            .spawn()
            .expect("sh runs");
        let id = child.id();
        child.wait().expect("it ends");
        heard(&|event| matches!(event, ProcessEvent::Fork { child, .. } if *child == id));
        heard(&|event| *event == ProcessEvent::Exec { process: id });
        heard(
            &|event| matches!(event, ProcessEvent::Name { process, name } if *process == id && name == b"locum"),
        );
        heard(&|event| *event == ProcessEvent::Exit { process: id });
    }

    #[test]
    fn no_bytes_make_it_panic() {
        let mut message = [0; 76];
        message[..4].copy_from_slice(&CONNECTOR.to_ne_bytes());
        message[4..8].copy_from_slice(&CONNECTOR.to_ne_bytes());
        for what in [NONE, FORK, EXEC, NAME, EXIT, 4] {
            message[20..24].copy_from_slice(&what.to_ne_bytes());
            for length in 0..message.len() {
                let _ = decode(&message[..length]);
            }
        }
    }
}
