//! Sends and receives open descriptors over a unix socket (SCM_RIGHTS, unix(7)).

use std::{
    io::{self, IoSlice, IoSliceMut},
    os::{
        fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd},
        unix::net::UnixStream,
    },
};

use nix::sys::socket::{ControlMessage, ControlMessageOwned, MsgFlags, recvmsg, sendmsg};

/// The most descriptors that Linux passes in one message (SCM_MAX_FD).
pub const MAX_DESCRIPTORS: usize = 253;

/// Sends `bytes` (at least one) with `descriptors` in one message; returns how many bytes left.
pub fn send(
    socket: &UnixStream,
    bytes: &[u8],
    descriptors: &[BorrowedFd<'_>],
) -> io::Result<usize> {
    let raw: Vec<RawFd> = descriptors.iter().map(AsRawFd::as_raw_fd).collect();
    let rights = [ControlMessage::ScmRights(&raw)];
    let control = if raw.is_empty() { &[][..] } else { &rights[..] };
    // A peer that has gone is an error here, never a SIGPIPE.
    let sent = sendmsg::<()>(
        socket.as_raw_fd(),
        &[IoSlice::new(bytes)],
        control,
        MsgFlags::MSG_NOSIGNAL,
        None,
    )?;
    Ok(sent)
}

/// Receives one message: the number of bytes (0 at the end of the stream) and the descriptors that came with them.
pub fn receive(socket: &UnixStream, bytes: &mut [u8]) -> io::Result<(usize, Vec<OwnedFd>)> {
    let mut space = nix::cmsg_space!([RawFd; MAX_DESCRIPTORS]);
    let mut parts = [IoSliceMut::new(bytes)];
    let message = recvmsg::<()>(
        socket.as_raw_fd(),
        &mut parts,
        Some(&mut space),
        MsgFlags::MSG_CMSG_CLOEXEC,
    )?;
    let mut descriptors = Vec::new();
    for control in message.cmsgs()? {
        if let ControlMessageOwned::ScmRights(numbers) = control {
            // SAFETY: the kernel just installed these descriptors for this message; nobody else knows the numbers.
            descriptors.extend(numbers.iter().map(|n| unsafe { OwnedFd::from_raw_fd(*n) }));
        }
    }
    Ok((message.bytes, descriptors))
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Read, Write},
        os::fd::AsFd,
    };

    use super::*;

    #[test]
    fn a_pipe_sent_to_the_peer_still_carries_bytes() {
        let (here, there) = UnixStream::pair().expect("pair");
        let (reader, mut writer) = io::pipe().expect("pipe");
        assert_eq!(send(&here, b"x", &[reader.as_fd()]).expect("sent"), 1);
        drop(reader);
        let mut byte = [0; 8];
        let (length, mut descriptors) = receive(&there, &mut byte).expect("received");
        assert_eq!((length, descriptors.len()), (1, 1));
        writer.write_all(b"hello").expect("written");
        drop(writer);
        let mut file = std::fs::File::from(descriptors.remove(0));
        let mut text = String::new();
        file.read_to_string(&mut text).expect("read");
        assert_eq!(text, "hello");
    }

    #[test]
    fn a_peer_that_has_gone_is_an_error_or_the_end() {
        let (here, there) = UnixStream::pair().expect("pair");
        drop(there);
        assert!(send(&here, b"x", &[]).is_err());
        assert_eq!(receive(&here, &mut [0; 1]).expect("end").0, 0);
    }
}
