//! Asks the kernel to change or to tell something, and reads its answers.

use std::{
    collections::HashMap,
    io,
    os::fd::{AsFd, AsRawFd},
};

use netlink_packet_core::{
    NLM_F_ACK, NLM_F_APPEND, NLM_F_CREATE, NLM_F_DUMP, NLM_F_DUMP_INTR, NLM_F_EXCL, NLM_F_REQUEST,
    NLMSG_DONE, NLMSG_ERROR, NetlinkHeader, NetlinkMessage, NetlinkPayload,
};
use netlink_packet_route::RouteNetlinkMessage;
use netlink_sys::{Socket, SocketAddr, protocols::NETLINK_ROUTE};
use nix::sys::socket::{MsgFlags, recv};

use super::message::messages;
use crate::socket_option::set_receive_buffer;

/// The most requests of one datagram: their answers fit into the receive buffer.
const MOST: usize = 128;
const RECEIVE_BUFFER: usize = 1 << 20;
/// `struct nlmsghdr`.
const HEADER_BYTES: usize = 16;
/// How often a dump is begun again when the kernel says that it changed meanwhile.
const DUMPS: usize = 8;

/// Something to carry out.
#[derive(Debug, Clone)]
pub struct Request {
    message: RouteNetlinkMessage,
    flags: u16,
}

impl Request {
    /// Changes what is there, or makes what the kernel makes without being asked to create (addresses).
    pub(super) fn plain(message: RouteNetlinkMessage) -> Self {
        Self { message, flags: 0 }
    }

    /// Makes something, which may be there in another form.
    pub(super) fn create(message: RouteNetlinkMessage) -> Self {
        let flags = NLM_F_CREATE;
        Self { message, flags }
    }

    /// Makes something that isn't there.
    pub(super) fn create_new(message: RouteNetlinkMessage) -> Self {
        let flags = NLM_F_CREATE | NLM_F_EXCL;
        Self { message, flags }
    }

    /// Makes something behind others of its kind.
    pub(super) fn append(message: RouteNetlinkMessage) -> Self {
        let flags = NLM_F_CREATE | NLM_F_APPEND;
        Self { message, flags }
    }
}

/// The socket of requests.
#[derive(Debug)]
pub struct Netlink {
    socket: Socket,
    sequence: u32,
    out: Vec<u8>,
    datagram: Vec<u8>,
}

impl Netlink {
    /// Opens it in the network namespace of this thread.
    ///
    /// # Errors
    /// No descriptor left.
    pub fn open() -> io::Result<Self> {
        let mut socket = Socket::new(NETLINK_ROUTE)?;
        socket.bind_auto()?;
        socket.connect(&SocketAddr::new(0, 0))?;
        set_receive_buffer(socket.as_fd(), RECEIVE_BUFFER, true)?;
        Ok(Self {
            socket,
            sequence: 0,
            out: Vec::new(),
            datagram: Vec::new(),
        })
    }

    /// The receive buffer in bytes, with `force` beyond `net.core.rmem_max`.
    ///
    /// # Errors
    /// The kernel's.
    pub fn set_receive_buffer(&self, bytes: usize, force: bool) -> io::Result<()> {
        set_receive_buffer(self.socket.as_fd(), bytes, force)
    }

    /// Carries out requests in their order, many with one system call; gives an outcome for each. One that fails
    /// doesn't keep the others back.
    ///
    /// # Errors
    /// The socket itself failed; how far the requests came is unknown then.
    pub fn carry_out(&mut self, requests: &[Request]) -> io::Result<Vec<io::Result<()>>> {
        let mut outcomes = Vec::with_capacity(requests.len());
        for some in requests.chunks(MOST) {
            self.carry_out_some(some, &mut outcomes)?;
        }
        Ok(outcomes)
    }

    /// Carries out one.
    ///
    /// # Errors
    /// The kernel's: `AlreadyExists`, `AddrNotAvailable` for an address that isn't there, `ENODEV`, `PermissionDenied`.
    pub fn carry_out_one(&mut self, request: &Request) -> io::Result<()> {
        let outcomes = self.carry_out(std::slice::from_ref(request))?;
        outcomes.into_iter().next().unwrap_or(Ok(()))
    }

    fn carry_out_some(
        &mut self,
        requests: &[Request],
        outcomes: &mut Vec<io::Result<()>>,
    ) -> io::Result<()> {
        self.out.clear();
        let first = self.sequence.wrapping_add(1);
        for request in requests {
            self.write(request.message.clone(), request.flags | NLM_F_ACK);
        }
        self.send()?;
        let mut answers: HashMap<u32, i32> = HashMap::with_capacity(requests.len());
        while answers.len() < requests.len() {
            let length = self.receive()?;
            for message in messages(&self.datagram[..length]) {
                let place = message.sequence_number().wrapping_sub(first);
                if message.message_type() == NLMSG_ERROR && (place as usize) < requests.len() {
                    answers.insert(place, error_code(message.payload()));
                }
            }
        }
        outcomes.extend(
            (0..requests.len() as u32).map(|place| match answers.get(&place) {
                None | Some(0) => Ok(()),
                Some(code) => Err(io::Error::from_raw_os_error(-code)),
            }),
        );
        Ok(())
    }

    /// Asks for one and gives the answer's payload.
    pub(super) fn ask(&mut self, request: RouteNetlinkMessage) -> io::Result<&[u8]> {
        self.out.clear();
        self.write(request, 0);
        self.send()?;
        loop {
            let length = self.receive()?;
            let found = messages(&self.datagram[..length])
                .find(|message| message.sequence_number() == self.sequence)
                .map(|message| (message.message_type(), message.payload().len()));
            match found {
                None => {}
                Some((NLMSG_ERROR, _)) => {
                    let code = error_code(&self.datagram[HEADER_BYTES..]);
                    return Err(io::Error::from_raw_os_error(-code));
                }
                // An answer comes alone in its datagram.
                Some((_, payload)) => return Ok(&self.datagram[HEADER_BYTES..][..payload]),
            }
        }
    }

    /// Asks for all of a kind and gives every answer's type and payload, in their order.
    pub(super) fn dump(
        &mut self,
        request: &RouteNetlinkMessage,
        each: &mut dyn FnMut(u16, &[u8]),
        restart: &mut dyn FnMut(),
    ) -> io::Result<()> {
        for _ in 0..DUMPS {
            self.out.clear();
            self.write(request.clone(), NLM_F_DUMP);
            self.send()?;
            if self.read_dump(each)? {
                return Ok(());
            }
            restart();
        }
        Err(io::Error::from(io::ErrorKind::Interrupted))
    }

    /// Whether the dump is consistent.
    fn read_dump(&mut self, each: &mut dyn FnMut(u16, &[u8])) -> io::Result<bool> {
        let mut consistent = true;
        loop {
            let length = self.receive()?;
            for message in messages(&self.datagram[..length]) {
                if message.sequence_number() != self.sequence {
                    continue;
                }
                consistent &= message.flags() & NLM_F_DUMP_INTR == 0;
                match message.message_type() {
                    NLMSG_DONE => return Ok(consistent),
                    NLMSG_ERROR => {
                        let code = error_code(message.payload());
                        return Err(io::Error::from_raw_os_error(-code));
                    }
                    kind => each(kind, message.payload()),
                }
            }
        }
    }

    fn write(&mut self, message: RouteNetlinkMessage, flags: u16) {
        self.sequence = self.sequence.wrapping_add(1);
        let mut header = NetlinkHeader::default();
        header.flags = flags | NLM_F_REQUEST;
        header.sequence_number = self.sequence;
        let mut message = NetlinkMessage::new(header, NetlinkPayload::InnerMessage(message));
        message.finalize();
        let start = self.out.len().next_multiple_of(4);
        self.out.resize(start + message.buffer_len(), 0);
        message.serialize(&mut self.out[start..]);
    }

    fn send(&mut self) -> io::Result<()> {
        self.socket.send(&self.out, 0).map(|_| ())
    }

    /// Receives a datagram into the buffer, which grows with it.
    fn receive(&mut self) -> io::Result<usize> {
        let descriptor = self.socket.as_raw_fd();
        loop {
            let peek = MsgFlags::MSG_PEEK | MsgFlags::MSG_TRUNC;
            let length = match recv(descriptor, &mut [], peek) {
                Err(nix::errno::Errno::EINTR) => continue,
                result => result?,
            };
            if length > self.datagram.len() {
                self.datagram.resize(length, 0);
            }
            match recv(descriptor, &mut self.datagram, MsgFlags::empty()) {
                Err(nix::errno::Errno::EINTR) => continue,
                result => return Ok(result?),
            }
        }
    }
}

/// The code of an acknowledgement: 0, or a negative error number.
fn error_code(payload: &[u8]) -> i32 {
    payload
        .first_chunk()
        .map_or(-libc::EBADMSG, |bytes| i32::from_ne_bytes(*bytes))
}
