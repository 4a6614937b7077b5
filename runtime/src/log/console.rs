//! Standard error and output while traffic is served: what its reader doesn't take is lost, for nobody waits for a reader.

use std::{
    io::{self, Write},
    os::fd::AsFd,
};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

/// What a pipe takes whole once it says that it takes anything (PIPE_BUF of Linux, pipe(7)).
const WHOLE: usize = 4096;

/// Writes a text, or as much of it as leaves without waiting. The open file keeps its mode: others may share it.
pub fn print(text: &[u8]) {
    write(&io::stderr(), text, |part| io::stderr().write_all(part));
}

/// The same on standard output.
pub fn print_out(text: &[u8]) {
    let out = |part: &[u8]| {
        let mut stdout = io::stdout().lock();
        stdout.write_all(part).and_then(|()| stdout.flush())
    };
    write(&io::stdout(), text, out);
}

fn write(file: &impl AsFd, text: &[u8], mut leave: impl FnMut(&[u8]) -> io::Result<()>) {
    for part in text.chunks(WHOLE) {
        let mut ready = [PollFd::new(file.as_fd(), PollFlags::POLLOUT)];
        if poll(&mut ready, PollTimeout::ZERO) != Ok(1) || leave(part).is_err() {
            return;
        }
    }
}
