//! Ring buffers (manual 3.9): log lines that are kept in memory, the newest ones, for `show events` and for servers
//! that get a copy.
//!
//! Writers never wait for readers: who reads too slowly misses what was overwritten.

use std::collections::VecDeque;

use locum_model::log::{LogLineFormat, RingSettings};
use parking_lot::Mutex;
use tokio::sync::Notify;

/// The name of the ring that is always there.
pub const BUILT_IN: &str = "buf0";

/// A ring and what it keeps.
#[derive(Debug)]
pub struct Ring {
    /// As configured.
    pub settings: RingSettings,
    kept: Mutex<Kept>,
    news: Notify,
}

/// Records in a row: their length in four bytes, then themselves. Positions count the bytes since the beginning.
#[derive(Debug, Default)]
struct Kept {
    bytes: VecDeque<u8>,
    /// The position of the oldest record.
    start: u64,
    /// What the records count for.
    weight: usize,
}

impl Ring {
    /// An empty ring.
    pub fn new(settings: RingSettings) -> Self {
        Self {
            settings,
            kept: Mutex::default(),
            news: Notify::new(),
        }
    }

    /// The ring of [`BUILT_IN`].
    pub fn built_in() -> Self {
        Self::new(RingSettings {
            name: BUILT_IN.to_owned(),
            description: "in-memory ring buffer".to_owned(),
            format: LogLineFormat::Timed,
            max_length: 1024,
            size: 1 << 20,
            ..RingSettings::default()
        })
    }

    /// Keeps a line; the oldest ones go if there is no room. `false`: it is larger than the ring.
    pub fn push(&self, line: &[u8]) -> bool {
        let (size, weight) = (self.settings.size as usize, weight(line.len()));
        let Ok(length) = u32::try_from(line.len()) else {
            return false;
        };
        if weight > size {
            return false;
        }
        let mut kept = self.kept.lock();
        while kept.weight + weight > size {
            kept.drop_oldest();
        }
        kept.weight += weight;
        kept.bytes.extend(&length.to_le_bytes());
        kept.bytes.extend(line);
        drop(kept);
        self.news.notify_waiters();
        true
    }

    /// Where the oldest line stands.
    pub fn start(&self) -> u64 {
        self.kept.lock().start
    }

    /// Where the next line will stand.
    pub fn end(&self) -> u64 {
        self.kept.lock().end()
    }

    /// Gives the lines from a position on, `most` bytes or one line at least; returns the position behind them. Lines
    /// that are no longer there are left out.
    pub fn read(&self, from: u64, most: usize, mut each: impl FnMut(&[u8])) -> u64 {
        let mut kept = self.kept.lock();
        let mut at = from.max(kept.start);
        let mut line = Vec::new();
        let mut given = 0;
        while at < kept.end() && given < most {
            let place = usize::try_from(at - kept.start).unwrap_or(usize::MAX);
            let length = kept.length_at(place);
            line.clear();
            line.extend(kept.bytes.range(place + HEAD..place + HEAD + length));
            each(&line);
            given += length;
            at += (HEAD + length) as u64;
        }
        at
    }

    /// Waits until there is a line at this position.
    pub async fn wait_beyond(&self, position: u64) {
        loop {
            let mut news = std::pin::pin!(self.news.notified());
            // From here on nothing is missed.
            news.as_mut().enable();
            if self.end() > position {
                return;
            }
            news.await;
        }
    }
}

/// Bytes before each record.
const HEAD: usize = 4;

impl Kept {
    fn end(&self) -> u64 {
        self.start + self.bytes.len() as u64
    }

    fn length_at(&mut self, place: usize) -> usize {
        let mut length = [0; HEAD];
        for (byte, kept) in length.iter_mut().zip(self.bytes.range(place..)) {
            *byte = *kept;
        }
        u32::from_le_bytes(length) as usize
    }

    fn drop_oldest(&mut self) {
        if self.bytes.is_empty() {
            self.weight = 0;
            return;
        }
        let length = self.length_at(0);
        self.bytes.drain(..HEAD + length);
        self.start += (HEAD + length) as u64;
        self.weight -= weight(length);
    }
}

/// What a line of this length takes of the ring's size: one byte more and its length as a peers protocol's integer
/// (observed: 1365 lines of 10 bytes fill 16 KiB, 67 of 240).
fn weight(length: usize) -> usize {
    let mut prefix = 1;
    let mut rest = length;
    if rest >= 240 {
        rest = (rest - 240) >> 4;
        prefix += 1;
        while rest >= 128 {
            rest = (rest - 128) >> 7;
            prefix += 1;
        }
    }
    1 + prefix + length
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring(size: u32) -> Ring {
        Ring::new(RingSettings {
            size,
            ..RingSettings::default()
        })
    }

    fn lines(ring: &Ring, from: u64) -> Vec<String> {
        let mut lines = Vec::new();
        ring.read(from, usize::MAX, |line| {
            lines.push(String::from_utf8_lossy(line).into_owned());
        });
        lines
    }

    #[test]
    fn the_newest_lines_stay() {
        let ring = ring(22);
        for line in ["one", "two", "three", "four"] {
            assert!(ring.push(line.as_bytes()));
        }
        assert_eq!(lines(&ring, 0), ["two", "three", "four"]);
        assert!(!ring.push(&[b'x'; 21]));
        assert!(ring.push(&[b'x'; 20]));
        assert_eq!(lines(&ring, 0), ["x".repeat(20)]);
    }

    // Counted with the reference: lines of one length until the ring of 16 KiB, or of 17000 bytes, turned.
    #[test]
    fn as_many_lines_fit_as_in_the_reference() {
        for (size, length, count) in [
            (16384, 10, 1365),
            (16384, 238, 68),
            (16384, 239, 67),
            (16384, 240, 67),
            (17000, 240, 69),
            (16384, 500, 32),
            (17000, 900, 18),
        ] {
            let ring = ring(size);
            for _ in 0..count + 7 {
                ring.push(&vec![b'a'; length]);
            }
            assert_eq!(lines(&ring, 0).len(), count, "{length}");
        }
    }

    #[test]
    fn a_reader_goes_on_where_it_was_and_misses_what_went() {
        let ring = ring(16);
        ring.push(b"aaaa");
        let behind = ring.read(0, 1, |line| assert_eq!(line, b"aaaa"));
        assert_eq!(behind, ring.end());
        for line in [b"bbbb", b"cccc", b"dddd"] {
            ring.push(line);
        }
        assert_eq!(lines(&ring, behind), ["cccc", "dddd"]);
        assert_eq!(lines(&ring, ring.end()), [""; 0]);
    }
}
