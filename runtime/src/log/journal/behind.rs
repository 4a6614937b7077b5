//! A target that a thread writes to, so that nothing in the process waits for its reader or its disk.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
        mpsc::{Receiver, Sender, channel},
    },
    thread,
};

use super::{PATIENCE, queue::Entry, way::Way};

/// The queue of a thread that writes to a target.
#[derive(Debug)]
pub(super) struct Behind {
    /// `None`: closed, the process ends.
    lines: Option<Sender<Entry>>,
    counts: Arc<Counts>,
    /// Closes when all has been written.
    done: Receiver<()>,
}

/// What both sides know.
#[derive(Debug, Default)]
struct Counts {
    /// What waits, in bytes.
    waiting: AtomicUsize,
    /// Lines that the target refused.
    refused: AtomicU64,
}

impl Behind {
    /// Starts a thread that writes what is queued from now on. `first` has waited before.
    pub(super) fn start(mut way: Way, first: impl Iterator<Item = Entry>) -> io::Result<Self> {
        let (lines, queue) = channel::<Entry>();
        let (working, done) = channel();
        let counts = Arc::new(Counts::default());
        let shared = Arc::clone(&counts);
        thread::Builder::new().name("log".into()).spawn(move || {
            for entry in queue {
                let refused = way.send_waiting(&entry.line).is_err();
                if refused {
                    shared.refused.fetch_add(entry.counts_for(), Relaxed);
                }
                shared.waiting.fetch_sub(entry.size(), Relaxed);
            }
            drop(working);
        })?;
        let behind = Self {
            lines: Some(lines),
            counts,
            done,
        };
        for entry in first {
            behind.send(entry)?;
        }
        Ok(behind)
    }

    /// Queues a line, or fails at once.
    pub(super) fn send(&self, entry: Entry) -> io::Result<()> {
        let lines = self.lines.as_ref().ok_or(io::ErrorKind::BrokenPipe)?;
        let size = entry.size();
        // Nobody else adds to it: there is room after this question, too.
        if self.counts.waiting.load(Relaxed).saturating_add(size) > entry.limit() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        self.counts.waiting.fetch_add(size, Relaxed);
        lines
            .send(entry)
            .map_err(|_| io::ErrorKind::BrokenPipe.into())
    }

    /// How many lines the target has refused since this was asked last.
    pub(super) fn take_refused(&self) -> u64 {
        self.counts.refused.swap(0, Relaxed)
    }
}

impl Drop for Behind {
    fn drop(&mut self) {
        self.lines = None;
        // Either answer is an end: all is written, or nobody reads and the process doesn't wait for it.
        let _ = self.done.recv_timeout(PATIENCE);
    }
}
