//! Lines that wait for a target which doesn't take them now, in a process that has no thread for it.

use std::{collections::VecDeque, io, mem::size_of, thread};

use super::{PATIENCE, PAUSE, way::Way};

/// How much may wait for one target, lines and what holds them together: about thirty thousand ordinary lines, which
/// is what a thousand instances say when all of them become masters at once.
pub(super) const LIMIT: usize = 4 << 20;

/// A line on its way.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) line: Vec<u8>,
    /// It tells the loss of so many: not told if it is lost itself.
    pub(super) tells: u64,
}

impl Entry {
    /// What it takes of [`LIMIT`].
    pub(super) fn size(&self) -> usize {
        size_of::<Self>() + self.line.len()
    }

    /// How much must not be exceeded for it to be queued. A loss is told when the reader has caught up by half, so that
    /// the queue of a slow one doesn't fill with lines about losses.
    pub(super) fn limit(&self) -> usize {
        if self.tells > 0 { LIMIT / 2 } else { LIMIT }
    }

    /// How many lines are lost with it.
    pub(super) fn counts_for(&self) -> u64 {
        self.tells.max(1)
    }
}

/// Lines that wait, oldest first.
#[derive(Debug, Default)]
pub(super) struct Queue {
    lines: VecDeque<Entry>,
    size: usize,
}

impl Queue {
    pub(super) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Queues a line, or fails.
    pub(super) fn push(&mut self, entry: Entry) -> io::Result<()> {
        if self.size.saturating_add(entry.size()) > entry.limit() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        self.size += entry.size();
        self.lines.push_back(entry);
        Ok(())
    }

    /// Writes what the target takes now. Returns how many lines it refused for good.
    pub(super) fn drain(&mut self, way: &mut Way) -> u64 {
        let mut refused = 0_u64;
        while let Some(entry) = self.lines.front() {
            match way.attempt(&entry.line) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return refused,
                Err(_) => refused = refused.saturating_add(entry.counts_for()),
                Ok(()) => {}
            }
            self.size = self.size.saturating_sub(entry.size());
            self.lines.pop_front();
        }
        // Room for a burst isn't kept for the next one.
        self.lines = VecDeque::new();
        refused
    }

    /// Writes all of it, as far as that is possible within [`PATIENCE`].
    pub(super) fn finish(&mut self, way: &mut Way) {
        let mut left = PATIENCE;
        loop {
            self.drain(way);
            if self.is_empty() || left.is_zero() {
                return;
            }
            thread::sleep(PAUSE);
            left = left.saturating_sub(PAUSE);
        }
    }

    /// Takes all of it.
    pub(super) fn take(&mut self) -> impl Iterator<Item = Entry> + use<> {
        self.size = 0;
        std::mem::take(&mut self.lines).into_iter()
    }
}
