//! General purpose counters and tags: single ones and arrays, of which the words for single ones use the first elements.

use locum_model::proxy::DataType;

use super::{Entry, Table};

/// Which counter or tag is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum General {
    /// The first or second single one; that of an array where the table has one.
    Single(bool),
    /// An element of an array.
    Element(u32),
}

/// Counts, and tells the counter; where only its rate is stored, that; 0 where neither is (observed).
pub fn increment(table: &Table, entry: &Entry, which: General, now_ms: u64) -> u64 {
    let add = |kind, index| entry.add(&table.layout, kind, index, 1, now_ms);
    let (rate, count) = match which {
        General::Single(second) => {
            let (count, rate) = single(second);
            let index = u32::from(second);
            (
                add(rate, 0).or_else(|| add(DataType::GpcRate, index)),
                add(count, 0).or_else(|| add(DataType::Gpc, index)),
            )
        }
        General::Element(index) => (add(DataType::GpcRate, index), add(DataType::Gpc, index)),
    };
    entry.touch(now_ms);
    count.or(rate).unwrap_or(0)
}

/// Sets a counter to 0 and tells what it was. `None`: it isn't stored.
pub fn clear(table: &Table, entry: &Entry, which: General, now_ms: u64) -> Option<u64> {
    let set = |kind, index| entry.set(&table.layout, kind, index, 0, now_ms);
    let before = match which {
        General::Single(second) => {
            set(single(second).0, 0).or_else(|| set(DataType::Gpc, u32::from(second)))
        }
        General::Element(index) => set(DataType::Gpc, index),
    };
    entry.touch(now_ms);
    before
}

/// Sets a tag, where it is stored.
pub fn tag(table: &Table, entry: &Entry, which: General, value: u64, now_ms: u64) {
    let set = |kind, index| entry.set(&table.layout, kind, index, value, now_ms);
    let set = match which {
        General::Single(_) => set(DataType::Gpt0, 0).or_else(|| set(DataType::Gpt, 0)),
        General::Element(index) => set(DataType::Gpt, index),
    };
    if set.is_some() {
        entry.touch(now_ms);
    }
}

/// A value by the word of its single form, or of the array's element that stands for it.
pub fn read(table: &Table, entry: &Entry, kind: DataType, now_ms: u64) -> Option<u64> {
    let read = |kind, index| entry.read(&table.layout, kind, index, now_ms);
    read(kind, 0).or_else(|| match kind {
        DataType::Gpt0 => read(DataType::Gpt, 0),
        DataType::Gpc0 => read(DataType::Gpc, 0),
        DataType::Gpc1 => read(DataType::Gpc, 1),
        DataType::Gpc0Rate => read(DataType::GpcRate, 0),
        DataType::Gpc1Rate => read(DataType::GpcRate, 1),
        _ => None,
    })
}

fn single(second: bool) -> (DataType, DataType) {
    if second {
        (DataType::Gpc1, DataType::Gpc1Rate)
    } else {
        (DataType::Gpc0, DataType::Gpc0Rate)
    }
}
