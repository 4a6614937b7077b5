//! A target that a thread writes to, so that nothing in the process waits for its reader or its disk.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
        mpsc::{Receiver, Sender, channel},
    },
    thread,
    time::Duration,
};

use super::way::Way;

/// How many lines may wait.
const QUEUE: usize = 4096;
/// How long the end of the process waits for them.
const PATIENCE: Duration = Duration::from_secs(1);

/// A line on its way.
struct Entry {
    line: Vec<u8>,
    /// It tells the loss of so many: not told if it is lost itself.
    tells: u64,
}

/// The queue of a thread that writes to a target.
#[derive(Debug)]
pub(super) struct Behind {
    /// `None`: closed, the process ends.
    lines: Option<Sender<Entry>>,
    /// How many lines wait. The channel takes as many as it gets: one with a limit has room for all of them from the
    /// beginning.
    waiting: Arc<AtomicUsize>,
    /// Lines that the target refused.
    refused: Arc<AtomicU64>,
    /// Closes when all has been written.
    done: Receiver<()>,
}

impl Behind {
    pub(super) fn start(mut way: Way) -> io::Result<Self> {
        let (lines, queue) = channel::<Entry>();
        let (working, done) = channel();
        let refused = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&refused);
        let waiting = Arc::new(AtomicUsize::new(0));
        let left = Arc::clone(&waiting);
        thread::Builder::new().name("log".into()).spawn(move || {
            for entry in queue {
                left.fetch_sub(1, Relaxed);
                if way.send_waiting(&entry.line).is_err() {
                    counter.fetch_add(entry.tells.max(1), Relaxed);
                }
            }
            drop(working);
        })?;
        Ok(Self {
            lines: Some(lines),
            waiting,
            refused,
            done,
        })
    }

    /// Queues a line, or fails at once. `tells`: it tells the loss of so many.
    pub(super) fn send(&self, line: &[u8], tells: u64) -> io::Result<()> {
        let lines = self.lines.as_ref().ok_or(io::ErrorKind::BrokenPipe)?;
        if self.waiting.load(Relaxed) >= QUEUE {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let entry = Entry {
            line: line.to_vec(),
            tells,
        };
        // Counted first: the thread may take it at once.
        self.waiting.fetch_add(1, Relaxed);
        lines
            .send(entry)
            .map_err(|_| io::ErrorKind::BrokenPipe.into())
    }

    /// How many lines the target has refused since this was asked last.
    pub(super) fn take_refused(&self) -> u64 {
        self.refused.swap(0, Relaxed)
    }
}

impl Drop for Behind {
    fn drop(&mut self) {
        self.lines = None;
        // Either answer is an end: all is written, or nobody reads and the process doesn't wait for it.
        let _ = self.done.recv_timeout(PATIENCE);
    }
}
