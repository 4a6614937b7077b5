//! A target that a thread writes to, so that nothing in the process waits for its reader or its disk.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
        mpsc::{Receiver, SyncSender, channel, sync_channel},
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
    lines: Option<SyncSender<Entry>>,
    /// Lines that the target refused.
    refused: Arc<AtomicU64>,
    /// Closes when all has been written.
    done: Receiver<()>,
}

impl Behind {
    pub(super) fn start(mut way: Way) -> io::Result<Self> {
        let (lines, queue) = sync_channel::<Entry>(QUEUE);
        let (working, done) = channel();
        let refused = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&refused);
        thread::Builder::new().name("log".into()).spawn(move || {
            for entry in queue {
                if way.send_waiting(&entry.line).is_err() {
                    counter.fetch_add(entry.tells.max(1), Relaxed);
                }
            }
            drop(working);
        })?;
        Ok(Self {
            lines: Some(lines),
            refused,
            done,
        })
    }

    /// Queues a line, or fails at once. `tells`: it tells the loss of so many.
    pub(super) fn send(&self, line: &[u8], tells: u64) -> io::Result<()> {
        let lines = self.lines.as_ref().ok_or(io::ErrorKind::BrokenPipe)?;
        let entry = Entry {
            line: line.to_vec(),
            tells,
        };
        lines
            .try_send(entry)
            .map_err(|_| io::ErrorKind::WouldBlock.into())
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
