//! Batches of changes, which the kernel carries out as a whole or not at all, and the socket that they go through.

use std::{
    io,
    os::fd::{AsFd, AsRawFd},
};

use netlink_packet_core::{
    NLM_F_ACK, NLM_F_APPEND, NLM_F_CREATE, NLM_F_REQUEST, NLMSG_ERROR, NetlinkBuffer,
};
use netlink_sys::{SocketAddr, protocols::NETLINK_NETFILTER};
use nix::{
    errno::Errno,
    sys::socket::{MsgFlags, recv},
};

use super::attribute::Attributes;
use crate::{netlink::Family, socket_option::set_receive_buffer};

/// The subsystem of nf_tables (linux/netfilter/nfnetlink.h).
const SUBSYSTEM: u16 = 10;
const BATCH_BEGIN: u16 = 16;
const BATCH_END: u16 = 17;
const NEW_TABLE: u16 = 0;
const GET_TABLE: u16 = 1;
const DELETE_TABLE: u16 = 2;
const NEW_CHAIN: u16 = 3;
const NEW_RULE: u16 = 6;
const NEW_SET: u16 = 9;
const NEW_ELEMENTS: u16 = 12;
const DELETE_ELEMENTS: u16 = 14;
/// NFTA_TABLE_NAME, and the table's name in every other message.
pub(super) const TABLE_NAME: u16 = 1;
/// `struct nlmsghdr` and `struct nfgenmsg`.
const HEADER_BYTES: usize = 16;
const GENERIC_BYTES: usize = 4;
const RECEIVE_BUFFER: usize = 1 << 20;

/// Changes of a table.
#[derive(Debug)]
pub(super) struct Batch {
    family: Family,
    bytes: Vec<u8>,
    messages: u32,
    sets: u32,
}

impl Batch {
    pub(super) fn new(family: Family) -> Self {
        let mut batch = Self {
            family,
            bytes: Vec::new(),
            messages: 0,
            sets: 0,
        };
        batch.edge(BATCH_BEGIN);
        batch
    }

    pub(super) fn family(&self) -> Family {
        self.family
    }

    pub(super) fn is_empty(&self) -> bool {
        self.messages == 0
    }

    pub(super) fn table(&mut self, name: &str) {
        let attributes = Attributes::new().text(TABLE_NAME, name);
        self.push(NEW_TABLE, NLM_F_CREATE, &attributes);
    }

    pub(super) fn delete_table(&mut self, family: Family, name: &str) {
        let attributes = Attributes::new().text(TABLE_NAME, name);
        let own = std::mem::replace(&mut self.family, family);
        self.push(DELETE_TABLE, 0, &attributes);
        self.family = own;
    }

    pub(super) fn chain(&mut self, attributes: &Attributes) {
        self.push(NEW_CHAIN, NLM_F_CREATE, attributes);
    }

    pub(super) fn rule(&mut self, attributes: &Attributes) {
        self.push(NEW_RULE, NLM_F_CREATE | NLM_F_APPEND, attributes);
    }

    /// Numbers of sets tell them apart within a batch.
    pub(super) fn next_set(&mut self) -> u32 {
        self.sets += 1;
        self.sets
    }

    pub(super) fn set(&mut self, attributes: &Attributes) {
        self.push(NEW_SET, NLM_F_CREATE, attributes);
    }

    pub(super) fn elements(&mut self, attributes: &Attributes, add: bool) {
        if add {
            self.push(NEW_ELEMENTS, NLM_F_CREATE, attributes);
        } else {
            self.push(DELETE_ELEMENTS, 0, attributes);
        }
    }

    fn push(&mut self, kind: u16, flags: u16, attributes: &Attributes) {
        self.messages += 1;
        let family = number(self.family);
        let generic = [family, 0, 0, 0];
        let flags = flags | NLM_F_REQUEST | NLM_F_ACK;
        let kind = SUBSYSTEM << 8 | kind;
        append(&mut self.bytes, kind, flags, generic, attributes);
    }

    fn edge(&mut self, kind: u16) {
        let [high, low] = SUBSYSTEM.to_be_bytes();
        let nothing = Attributes::new();
        append(
            &mut self.bytes,
            kind,
            NLM_F_REQUEST,
            [0, 0, high, low],
            &nothing,
        );
    }
}

fn number(family: Family) -> u8 {
    match family {
        Family::V4 => libc::AF_INET as u8,
        Family::V6 => libc::AF_INET6 as u8,
    }
}

fn append(
    bytes: &mut Vec<u8>,
    kind: u16,
    flags: u16,
    generic: [u8; GENERIC_BYTES],
    attributes: &Attributes,
) {
    let start = bytes.len();
    let attributes = attributes.as_bytes();
    bytes.resize(start + HEADER_BYTES, 0);
    bytes.extend(generic);
    bytes.extend(attributes);
    let length = (bytes.len() - start) as u32;
    let mut header = NetlinkBuffer::new(&mut bytes[start..]);
    header.set_length(length);
    header.set_message_type(kind);
    header.set_flags(flags);
    // Answers come within the call that sends, so that none needs a number of its own.
    header.set_sequence_number(0);
    header.set_port_number(0);
}

/// The socket of nf_tables.
#[derive(Debug)]
pub(super) struct Socket {
    socket: netlink_sys::Socket,
    answers: Vec<u8>,
}

impl Socket {
    pub(super) fn open() -> io::Result<Self> {
        let mut socket = netlink_sys::Socket::new(NETLINK_NETFILTER)?;
        socket.bind_auto()?;
        socket.connect(&SocketAddr::new(0, 0))?;
        set_receive_buffer(socket.as_fd(), RECEIVE_BUFFER, true)?;
        Ok(Self {
            socket,
            answers: vec![0; 64 << 10],
        })
    }

    /// Carries a batch out; the first failed message's error is the batch's.
    pub(super) fn carry_out(&mut self, mut batch: Batch) -> io::Result<()> {
        batch.edge(BATCH_END);
        self.send(&batch.bytes)
    }

    pub(super) fn has_table(&mut self, family: Family, name: &str) -> io::Result<bool> {
        let attributes = Attributes::new().text(TABLE_NAME, name);
        let kind = SUBSYSTEM << 8 | GET_TABLE;
        let mut bytes = Vec::new();
        let flags = NLM_F_REQUEST | NLM_F_ACK;
        append(
            &mut bytes,
            kind,
            flags,
            [number(family), 0, 0, 0],
            &attributes,
        );
        match self.send(&bytes) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The kernel answers before the call returns.
    fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.socket.send(bytes, 0)?;
        let mut first = Ok(());
        loop {
            let descriptor = self.socket.as_raw_fd();
            match recv(descriptor, &mut self.answers, MsgFlags::MSG_DONTWAIT) {
                Err(Errno::EINTR) => {}
                Err(Errno::EAGAIN) => return first,
                Err(error) => return Err(error.into()),
                Ok(length) => {
                    for message in crate::netlink::messages(&self.answers[..length]) {
                        let code = message.payload().first_chunk().copied();
                        let code = code.map_or(0, i32::from_ne_bytes);
                        if message.message_type() == NLMSG_ERROR && code != 0 && first.is_ok() {
                            first = Err(io::Error::from_raw_os_error(-code));
                        }
                    }
                }
            }
        }
    }
}
