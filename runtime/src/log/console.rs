//! Standard error while traffic is served: what its reader doesn't take is lost, for nobody waits for a reader.

use std::{
    io::{self, Write},
    os::fd::AsFd,
};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

/// What a pipe takes whole once it says that it takes anything (PIPE_BUF of Linux, pipe(7)).
const WHOLE: usize = 4096;

/// Writes a text, or as much of it as leaves without waiting. The open file keeps its mode: others may share it.
pub fn print(text: &[u8]) {
    let stderr = io::stderr();
    for part in text.chunks(WHOLE) {
        let mut ready = [PollFd::new(stderr.as_fd(), PollFlags::POLLOUT)];
        if poll(&mut ready, PollTimeout::ZERO) != Ok(1) || (&stderr).write_all(part).is_err() {
            return;
        }
    }
}
