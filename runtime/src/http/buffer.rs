//! A connection's input: one linear block of fixed capacity (`tune.bufsize`), filled at its end, consumed at its start.

use std::cell::RefCell;

/// The reference's default of `tune.bufsize`.
pub const DEFAULT_CAPACITY: usize = 16384;

/// Bytes received and not yet consumed.
#[derive(Debug)]
pub struct Buffer {
    data: Box<[u8]>,
    start: usize,
    end: usize,
}

impl Buffer {
    /// An empty buffer that holds at most `capacity` bytes.
    pub fn with_capacity(capacity: usize) -> Self {
        Self {
            data: vec![0; capacity].into_boxed_slice(),
            start: 0,
            end: 0,
        }
    }

    /// A buffer without room: stands where a pool's will be taken when bytes come.
    pub fn absent() -> Self {
        Self {
            data: Box::default(),
            start: 0,
            end: 0,
        }
    }

    /// Whether it has no room at all.
    #[inline]
    pub fn is_absent(&self) -> bool {
        self.data.is_empty()
    }

    /// What was received and not yet consumed.
    #[inline]
    pub fn readable(&self) -> &[u8] {
        &self.data[self.start..self.end]
    }

    /// The same, for edits in place.
    #[inline]
    pub fn readable_mut(&mut self) -> &mut [u8] {
        &mut self.data[self.start..self.end]
    }

    /// Room to receive into; report with [`filled`](Self::filled) what was used. Empty only when the buffer is full.
    ///
    /// Moves what is readable to the front when the tail has become short: positions relative to `readable()` stay true.
    #[inline]
    pub fn writable(&mut self) -> &mut [u8] {
        if self.start == self.end {
            self.start = 0;
            self.end = 0;
        } else if self.start > 0 && self.data.len() - self.end < self.data.len() / 4 {
            self.compact();
        }
        &mut self.data[self.end..]
    }

    /// `count` bytes were received into `writable()`; more than fits counts as what fits.
    #[inline]
    pub fn filled(&mut self, count: usize) {
        self.end = (self.end + count).min(self.data.len());
    }

    /// Consumes the first `count` readable bytes; more than there are counts as all.
    #[inline]
    pub fn advance(&mut self, count: usize) {
        self.start = (self.start + count).min(self.end);
        if self.start == self.end {
            self.start = 0;
            self.end = 0;
        }
    }

    /// Appends as much of `bytes` as fits and tells how much that was.
    pub fn append(&mut self, bytes: &[u8]) -> usize {
        if self.data.len() - self.end < bytes.len() {
            self.compact();
        }
        let count = bytes.len().min(self.data.len() - self.end);
        self.data[self.end..self.end + count].copy_from_slice(&bytes[..count]);
        self.end += count;
        count
    }

    /// Forgets everything.
    #[inline]
    pub fn clear(&mut self) {
        self.start = 0;
        self.end = 0;
    }

    /// Count of readable bytes.
    #[inline]
    pub fn len(&self) -> usize {
        self.end - self.start
    }

    /// Nothing is readable.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// Nothing more can be received before something is consumed.
    #[inline]
    pub fn is_full(&self) -> bool {
        self.len() == self.data.len() && !self.is_absent()
    }

    /// What was received last took all the room behind it: more is likely to wait.
    #[inline]
    pub fn is_filled(&self) -> bool {
        self.end == self.data.len() && !self.is_absent()
    }

    /// The most it can hold.
    #[inline]
    pub fn capacity(&self) -> usize {
        self.data.len()
    }

    fn compact(&mut self) {
        self.data.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
    }
}

/// A worker's idle buffers: connections take one when bytes come and give it back when they idle.
#[derive(Debug)]
pub struct BufferPool {
    capacity: usize,
    keep: usize,
    idle: RefCell<Vec<Buffer>>,
    /// Emptied blocks for what is about to leave.
    stages: RefCell<Vec<Vec<u8>>>,
}

/// A block for what is about to leave has this much room at first, which is enough for most heads.
const STAGE: usize = 1000;

impl BufferPool {
    /// A pool of buffers of `capacity` bytes that keeps at most `keep` idle ones.
    pub fn new(capacity: usize, keep: usize) -> Self {
        Self {
            capacity,
            keep,
            idle: RefCell::new(Vec::new()),
            stages: RefCell::new(Vec::new()),
        }
    }

    /// An empty buffer, recycled if one is idle.
    pub fn take(&self) -> Buffer {
        self.idle
            .borrow_mut()
            .pop()
            .unwrap_or_else(|| Buffer::with_capacity(self.capacity))
    }

    /// Takes a buffer back; what it holds is forgotten.
    pub fn give(&self, mut buffer: Buffer) {
        let mut idle = self.idle.borrow_mut();
        if idle.len() < self.keep && buffer.capacity() == self.capacity {
            buffer.clear();
            idle.push(buffer);
        }
    }

    /// An empty block for what is about to leave.
    pub fn take_stage(&self) -> Vec<u8> {
        let kept = self.stages.borrow_mut().pop();
        kept.unwrap_or_else(|| Vec::with_capacity(STAGE))
    }

    /// Takes such a block back. One that has grown far is let go: few heads need it.
    pub fn give_stage(&self, mut stage: Vec<u8>) {
        let mut stages = self.stages.borrow_mut();
        if stages.len() < self.keep && stage.capacity() <= 4 * STAGE {
            stage.clear();
            stages.push(stage);
        }
    }

    /// Bytes that each of its buffers holds.
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// Count of idle buffers.
    pub fn idle(&self) -> usize {
        self.idle.borrow().len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_tail_is_compacted_and_what_is_readable_stays() {
        let mut buffer = Buffer::with_capacity(8);
        assert_eq!(buffer.append(b"abcdefgh"), 8);
        assert!(buffer.is_full());
        assert!(buffer.writable().is_empty());
        buffer.advance(6);
        assert_eq!(buffer.writable().len(), 6);
        buffer.writable()[..2].copy_from_slice(b"ij");
        buffer.filled(2);
        assert_eq!(buffer.readable(), b"ghij");
    }

    #[test]
    fn more_than_fits_is_cut_and_more_than_there_is_empties() {
        let mut buffer = Buffer::with_capacity(4);
        assert_eq!(buffer.append(b"abcdef"), 4);
        buffer.filled(9);
        buffer.advance(99);
        assert!(buffer.is_empty());
        assert_eq!(buffer.writable().len(), 4);
    }

    #[test]
    fn a_pool_recycles_up_to_its_limit() {
        let pool = BufferPool::new(16, 1);
        let (mut one, two) = (pool.take(), pool.take());
        one.append(b"secret");
        pool.give(one);
        pool.give(two);
        assert_eq!(pool.idle(), 1);
        assert!(pool.take().is_empty());
        pool.give(Buffer::with_capacity(8));
        assert_eq!(pool.idle(), 0);
    }
}
